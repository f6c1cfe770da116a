/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries as values: Linux's names on the machine's format. */
#include "pagetable/format.h"
#include "pagetable/pgtable.h"

static const struct pt_format *fmt(void)
{
	return pt_format_of(current_agent ? current_agent->machine : NULL);
}

unsigned pgdir_shift(void)
{
	return pt_level_shift(fmt()->levels);
}

bool pgtable_l5_enabled(void)
{
	return fmt()->levels == 5;
}

vaddr_t task_size(void)
{
	return fmt()->task_size;
}

/* ---- pte ---- */

bool pte_none(pte_t pte)
{
	return fmt()->none(pte_val(pte));
}

bool pte_present(pte_t pte)
{
	return fmt()->present(pte_val(pte), PT_LEVEL_PTE);
}

bool pte_hw_present(pte_t pte)
{
	return fmt()->hw_present(pte_val(pte));
}

bool pte_protnone(pte_t pte)
{
	return fmt()->protnone(pte_val(pte));
}

bool pte_write(pte_t pte)
{
	return fmt()->test(pte_val(pte), PT_ATTR_WRITE);
}

bool pte_dirty(pte_t pte)
{
	return fmt()->test(pte_val(pte), PT_ATTR_DIRTY);
}

bool pte_young(pte_t pte)
{
	return fmt()->test(pte_val(pte), PT_ATTR_YOUNG);
}

bool pte_user(pte_t pte)
{
	return fmt()->test(pte_val(pte), PT_ATTR_USER);
}

bool pte_exec(pte_t pte)
{
	return fmt()->test(pte_val(pte), PT_ATTR_EXEC);
}

bool pte_same(pte_t a, pte_t b)
{
	return pte_val(a) == pte_val(b);
}

pfn_t pte_pfn(pte_t pte)
{
	return fmt()->pfn(pte_val(pte), PT_LEVEL_PTE);
}

struct page *pte_page(pte_t pte)
{
	return pfn_to_page(&this_machine()->mem, pte_pfn(pte));
}

pte_t pfn_pte(pfn_t pfn, pgprot_t prot)
{
	return __pte(fmt()->make_leaf(pfn, pgprot_val(prot), PT_LEVEL_PTE));
}

pte_t mk_pte(const struct page *page, pgprot_t prot)
{
	return pfn_pte(page_to_pfn(&this_machine()->mem, page), prot);
}

static pte_t pte_change(pte_t pte, enum pt_attr attr, bool on)
{
	return __pte(fmt()->change(pte_val(pte), attr, on));
}

pte_t pte_mkwrite(pte_t pte)
{
	return pte_change(pte, PT_ATTR_WRITE, true);
}

pte_t __pte_wrprotect(pte_t pte)
{
	return pte_change(pte, PT_ATTR_WRITE, false);
}

pte_t pte_mkdirty(pte_t pte)
{
	return pte_change(pte, PT_ATTR_DIRTY, true);
}

pte_t pte_mkclean(pte_t pte)
{
	return pte_change(pte, PT_ATTR_DIRTY, false);
}

pte_t pte_mkyoung(pte_t pte)
{
	return pte_change(pte, PT_ATTR_YOUNG, true);
}

pte_t pte_mkold(pte_t pte)
{
	return pte_change(pte, PT_ATTR_YOUNG, false);
}

bool pte_cont(pte_t pte)
{
	return fmt()->test(pte_val(pte), PT_ATTR_CONT);
}

pte_t pte_mkcont(pte_t pte)
{
	return pte_change(pte, PT_ATTR_CONT, true);
}

pte_t pte_mknoncont(pte_t pte)
{
	return pte_change(pte, PT_ATTR_CONT, false);
}

pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte(fmt()->modify(pte_val(pte), pgprot_val(prot)));
}

pgprot_t pte_pgprot(pte_t pte)
{
	return __pgprot(fmt()->prot(pte_val(pte)));
}

pgprot_t vm_get_page_prot(uint64_t vm_flags)
{
	return __pgprot(fmt()->vm_prot(vm_flags));
}

/* ---- pmd ---- */

bool pmd_none(pmd_t pmd)
{
	return fmt()->none(pmd_val(pmd));
}

bool pmd_present(pmd_t pmd)
{
	return fmt()->present(pmd_val(pmd), PT_LEVEL_PMD);
}

bool pmd_hw_present(pmd_t pmd)
{
	return fmt()->hw_present(pmd_val(pmd));
}

bool pmd_leaf(pmd_t pmd)
{
	return fmt()->leaf(pmd_val(pmd), PT_LEVEL_PMD);
}

bool pmd_trans_huge(pmd_t pmd)
{
	return pmd_leaf(pmd);
}

bool pmd_bad(pmd_t pmd)
{
	return fmt()->bad_table(pmd_val(pmd));
}

bool pmd_write(pmd_t pmd)
{
	return fmt()->test(pmd_val(pmd), PT_ATTR_WRITE);
}

bool pmd_dirty(pmd_t pmd)
{
	return fmt()->test(pmd_val(pmd), PT_ATTR_DIRTY);
}

bool pmd_young(pmd_t pmd)
{
	return fmt()->test(pmd_val(pmd), PT_ATTR_YOUNG);
}

bool pmd_same(pmd_t a, pmd_t b)
{
	return pmd_val(a) == pmd_val(b);
}

pfn_t pmd_pfn(pmd_t pmd)
{
	return fmt()->pfn(pmd_val(pmd), PT_LEVEL_PMD);
}

struct page *pmd_page(pmd_t pmd)
{
	return pfn_to_page(&this_machine()->mem, pmd_pfn(pmd));
}

pfn_t pmd_pgtable(pmd_t pmd)
{
	return pmd_pfn(pmd);
}

pmd_t pfn_pmd(pfn_t pfn, pgprot_t prot)
{
	return __pmd(fmt()->make_leaf(pfn, pgprot_val(prot), PT_LEVEL_PMD));
}

pmd_t mk_pmd(const struct page *page, pgprot_t prot)
{
	return pfn_pmd(page_to_pfn(&this_machine()->mem, page), prot);
}

pmd_t mk_pmd_table(pfn_t pte_table)
{
	return __pmd(fmt()->make_table(pte_table));
}

pmd_t pmd_mkhuge(pmd_t pmd)
{
	return __pmd(fmt()->make_huge(pmd_val(pmd)));
}

static pmd_t pmd_change(pmd_t pmd, enum pt_attr attr, bool on)
{
	return __pmd(fmt()->change(pmd_val(pmd), attr, on));
}

pmd_t pmd_mkwrite(pmd_t pmd)
{
	return pmd_change(pmd, PT_ATTR_WRITE, true);
}

pmd_t __pmd_wrprotect(pmd_t pmd)
{
	return pmd_change(pmd, PT_ATTR_WRITE, false);
}

pmd_t pmd_mkdirty(pmd_t pmd)
{
	return pmd_change(pmd, PT_ATTR_DIRTY, true);
}

pmd_t pmd_mkclean(pmd_t pmd)
{
	return pmd_change(pmd, PT_ATTR_DIRTY, false);
}

pmd_t pmd_mkyoung(pmd_t pmd)
{
	return pmd_change(pmd, PT_ATTR_YOUNG, true);
}

pmd_t pmd_mkold(pmd_t pmd)
{
	return pmd_change(pmd, PT_ATTR_YOUNG, false);
}

pmd_t pmd_modify(pmd_t pmd, pgprot_t prot)
{
	return __pmd(fmt()->modify(pmd_val(pmd), pgprot_val(prot)));
}

pmd_t pmd_mkinvalid(pmd_t pmd)
{
	return __pmd(fmt()->make_invalid(pmd_val(pmd)));
}

pgprot_t pmd_pgprot(pmd_t pmd)
{
	return __pgprot(fmt()->prot(pmd_val(pmd)));
}

/* ---- pud, p4d, pgd ---- */

bool pud_none(pud_t pud)
{
	return fmt()->none(pud_val(pud));
}

bool pud_present(pud_t pud)
{
	return fmt()->present(pud_val(pud), PT_LEVEL_PUD);
}

bool pud_leaf(pud_t pud)
{
	return fmt()->leaf(pud_val(pud), PT_LEVEL_PUD);
}

bool pud_bad(pud_t pud)
{
	return fmt()->bad_table(pud_val(pud));
}

pfn_t pud_pfn(pud_t pud)
{
	return fmt()->pfn(pud_val(pud), PT_LEVEL_PUD);
}

pfn_t pud_pgtable(pud_t pud)
{
	return pud_pfn(pud);
}

pud_t pfn_pud(pfn_t pfn, pgprot_t prot)
{
	return __pud(fmt()->make_leaf(pfn, pgprot_val(prot), PT_LEVEL_PUD));
}

bool p4d_none(p4d_t p4d)
{
	return fmt()->none(p4d_val(p4d));
}

bool p4d_present(p4d_t p4d)
{
	return fmt()->present(p4d_val(p4d), PT_LEVEL_P4D);
}

bool p4d_bad(p4d_t p4d)
{
	return fmt()->bad_table(p4d_val(p4d));
}

pfn_t p4d_pgtable(p4d_t p4d)
{
	return fmt()->pfn(p4d_val(p4d), PT_LEVEL_P4D);
}

bool pgd_none(pgd_t pgd)
{
	return pgtable_l5_enabled() && fmt()->none(pgd_val(pgd));
}

bool pgd_present(pgd_t pgd)
{
	return !pgtable_l5_enabled() ||
	       fmt()->present(pgd_val(pgd), PT_LEVEL_PGD);
}

bool pgd_bad(pgd_t pgd)
{
	return pgtable_l5_enabled() && fmt()->bad_table(pgd_val(pgd));
}

pfn_t pgd_pgtable(pgd_t pgd)
{
	return fmt()->pfn(pgd_val(pgd), PT_LEVEL_PGD);
}

/* ---- swap ---- */

#define SWP_TYPE_SHIFT SWP_OFFSET_BITS

swp_entry_t swp_entry(unsigned type, uint64_t offset)
{
	return (swp_entry_t){ (uint64_t)(type & (BIT_ULL(SWP_TYPE_BITS) - 1))
		                      << SWP_TYPE_SHIFT |
		              (offset & (BIT_ULL(SWP_OFFSET_BITS) - 1)) };
}

unsigned swp_type(swp_entry_t entry)
{
	return (unsigned)(entry.val >> SWP_TYPE_SHIFT);
}

uint64_t swp_offset(swp_entry_t entry)
{
	return entry.val & (BIT_ULL(SWP_OFFSET_BITS) - 1);
}

pte_t swp_entry_to_pte(swp_entry_t entry)
{
	return __pte(fmt()->make_swap(swp_type(entry), swp_offset(entry)));
}

swp_entry_t pte_to_swp_entry(pte_t pte)
{
	return swp_entry(fmt()->swap_type(pte_val(pte)),
	                 fmt()->swap_offset(pte_val(pte)));
}
