/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asm/pgtable.h: entries of an mm are what is in memory. */
#include "mm/x86/x86.h"

#include "mm/vmalloc.h"

/* Linux v6.12 include/linux/pgtable.h set_ptes() */
static void x86_set_ptes(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                         pte_t pte, unsigned nr)
{
	(void)mm;
	for (;;) {
		__set_pte_at(addr, ptep, pte);
		if (--nr == 0)
			break;
		ptep++;
		addr += PAGE_SIZE;
		pte = pfn_pte(pte_pfn(pte) + 1, pte_pgprot(pte));
	}
}

static pte_t x86_pte_in_run(const struct mm_struct *mm, pte_t pte)
{
	(void)mm;
	return pte;
}

static void x86_pte_clear(struct mm_struct *mm, vaddr_t addr, pte_t *ptep)
{
	(void)mm;
	__pte_clear(addr, ptep);
}

static pte_t x86_ptep_get_and_clear(struct mm_struct *mm, vaddr_t addr,
                                    pte_t *ptep)
{
	(void)mm;
	return __ptep_get_and_clear(addr, ptep);
}

/* Linux v6.12 include/linux/pgtable.h get_and_clear_full_ptes() */
static pte_t x86_get_and_clear_full_ptes(struct mm_struct *mm, vaddr_t addr,
                                         pte_t *ptep, unsigned nr)
{
	pte_t pte = __ptep_get_and_clear(addr, ptep);

	(void)mm;
	for (unsigned i = 1; i < nr; i++) {
		pte_t other =
			__ptep_get_and_clear(addr + i * PAGE_SIZE, ptep + i);

		if (pte_dirty(other))
			pte = pte_mkdirty(pte);
		if (pte_young(other))
			pte = pte_mkyoung(pte);
	}
	return pte;
}

static unsigned x86_pte_batch_hint(const pte_t *ptep, pte_t pte)
{
	(void)ptep;
	(void)pte;
	return 1;
}

static void x86_ptep_set_wrprotect(struct mm_struct *mm, vaddr_t addr,
                                   pte_t *ptep)
{
	(void)mm;
	__ptep_set_wrprotect(addr, ptep);
}

static pte_t x86_ptep_modify_prot_start(struct vm_area_struct *vma,
                                        vaddr_t addr, pte_t *ptep)
{
	(void)vma;
	return __ptep_modify_prot_start(addr, ptep);
}

static void x86_ptep_modify_prot_commit(struct vm_area_struct *vma,
                                        vaddr_t addr, pte_t *ptep, pte_t pte)
{
	(void)vma;
	__ptep_modify_prot_commit(addr, ptep, pte);
}

/* Linux v6.12 arch/x86/mm/pgtable.c ptep_set_access_flags(): no flush, who
 * finds less in its TLB faults once more. */
static bool x86_ptep_set_access_flags(struct vm_area_struct *vma, vaddr_t addr,
                                      pte_t *ptep, pte_t entry, bool dirty)
{
	(void)vma;
	return __ptep_set_access_flags(addr, ptep, entry, dirty);
}

static bool x86_pmdp_set_access_flags(struct vm_area_struct *vma, vaddr_t addr,
                                      pmd_t *pmdp, pmd_t entry, bool dirty)
{
	(void)vma;
	return __pmdp_set_access_flags(addr, pmdp, entry, dirty);
}

/*
 * The root's entry for kernel address @addr. With 4 levels a p4d is folded into
 * the pgd: both are one word.
 */
static uint64_t *root_entry(const struct mm_struct *mm, vaddr_t addr)
{
	return (uint64_t *)(void *)pgd_offset_pgd(mm->pgd, addr);
}

/*
 * Linux v6.12 arch/x86/mm/pgtable.c pgd_ctor(): a copy of the kernel's half of
 * swapper_pg_dir. Nobody knows the root yet.
 */
static void x86_pgd_ctor(struct mm_struct *mm)
{
	const struct kernel *k = mm->kernel;

	if (k->init_mm && k->vmalloc) {
		vaddr_t addr = vmalloc_area(k->machine, 0);

		*root_entry(mm, addr) = *root_entry(k->init_mm, addr);
	}
}

/*
 * Linux v6.12 arch/x86/mm/init_64.c sync_global_pgds().
 *
 * DIVERGES: what vmalloc uses is there from its first use; since v5.9
 * (6eb82f994026, preallocate_vmalloc_pages()) it is from boot.
 */
static void x86_sync_global_pgds(struct kernel *k, vaddr_t addr)
{
	uint64_t e = *root_entry(k->init_mm, addr);

	for (struct mm_struct *mm = k->mms; mm; mm = mm->next) {
		pgd_t *pgd = pgd_offset_pgd(mm->pgd, addr);

		if (*root_entry(mm, addr) == e)
			continue;
		if (pgtable_l5_enabled())
			set_pgd(addr, pgd, __pgd(e));
		else
			set_p4d(addr, p4d_offset(pgd, addr), __p4d(e));
	}
}

const struct pgtable_ops x86_pgtable_ops = {
	.pgd_ctor = x86_pgd_ctor,
	.sync_global_pgds = x86_sync_global_pgds,
	.ptep_get = __ptep_get,
	.ptep_get_lockless = __ptep_get_lockless,
	.set_ptes = x86_set_ptes,
	.pte_wrprotect = __pte_wrprotect,
	.pte_in_run = x86_pte_in_run,
	.pte_clear = x86_pte_clear,
	.ptep_get_and_clear = x86_ptep_get_and_clear,
	.get_and_clear_full_ptes = x86_get_and_clear_full_ptes,
	.pte_batch_hint = x86_pte_batch_hint,
	.ptep_set_wrprotect = x86_ptep_set_wrprotect,
	.ptep_modify_prot_start = x86_ptep_modify_prot_start,
	.ptep_modify_prot_commit = x86_ptep_modify_prot_commit,
	.ptep_set_access_flags = x86_ptep_set_access_flags,
	.pmdp_set_access_flags = x86_pmdp_set_access_flags,
};
