/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one huge PMD to a table of PTEs that map the same memory (Linux v6.12
 * mm/huge_memory.c __split_huge_pmd()).
 *
 *   PMD: huge ----------> invalid (kernel: huge, hardware: nothing)
 *                            | flush 2 MiB
 *                            v
 *                         table of 512 PTEs
 *
 * Without the middle state a CPU could hold the 2M translation and 4K ones side
 * by side: what it then uses is undefined, and a later flush of one 4K page
 * would not be known to reach the other (option thp_split=direct).
 */
#include "mm/huge_memory.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/*
 * Fill an entry of a table that is hooked in nowhere: nobody can notice, so it
 * is no step. Judges are told.
 */
static void table_set_pte(struct page *table, unsigned index, pte_t pte)
{
	struct machine *m = this_machine();
	paddr_t pa = page_phys(table) + index * sizeof(pte_t);

	emit(m, EV_PT_WRITE, .addr = pa, .a = pte_val(pte),
	     .b = phys_read(&m->mem, pa, 8), .c = PT_LEVEL_PTE);
	phys_write(&m->mem, pa, 8, pte_val(pte));
	trace_mix(current_agent, pte_val(pte));
}

static void split_hook_table(struct vm_area_struct *vma, pmd_t *pmd,
                             vaddr_t haddr, pgtable_t table)
{
	struct mm_struct *mm = vma->vm_mm;

	smp_wmb(); /* the PTEs before the table */
	pmd_populate(haddr, pmd, page_to_pfn(&mm->kernel->machine->mem, table));
	if (mm_opt(mm)->thp_split == THP_SPLIT_DIRECT)
		note_flush(mm, FLUSH_SKIPPED, haddr, haddr + HPAGE_PMD_SIZE,
		           "the table replaced the live PMD "
		           "(thp_split=direct)");
}

/* The huge zero page: 512 times the zero page. */
static void split_huge_zero_pmd(struct vm_area_struct *vma, pmd_t *pmd,
                                vaddr_t haddr)
{
	struct mm_struct *mm = vma->vm_mm;
	pgprot_t prot = vm_get_page_prot(vma->vm_flags);
	pte_t entry = pte_wrprotect(mk_pte(mm->kernel->zero_page, prot));
	pgtable_t table;

	if (mm_opt(mm)->thp_split == THP_SPLIT_INVALIDATE)
		(void)pmdp_huge_clear_flush(vma, haddr, pmd);

	table = pgtable_trans_huge_withdraw(mm, pmd);
	for (unsigned i = 0; i < HPAGE_PMD_NR; i++)
		table_set_pte(table, i, entry);
	split_hook_table(vma, pmd, haddr, table);
}

static pte_t split_pte(const struct vm_area_struct *vma,
                       const struct page *page, pmd_t old)
{
	pte_t entry = mk_pte(page, vm_get_page_prot(vma->vm_flags));

	entry = pmd_write(old) ? pte_mkwrite(entry) : pte_wrprotect(entry);
	entry = pmd_young(old) ? pte_mkyoung(entry) : pte_mkold(entry);
	return pmd_dirty(old) ? pte_mkdirty(entry) : entry;
}

/* One reference of the PMD becomes one for each PTE. */
static void split_counts(struct vm_area_struct *vma, struct page *page,
                         vaddr_t haddr)
{
	unsigned flags = PageAnonExclusive(page) ? RMAP_EXCLUSIVE : RMAP_NONE;

	page_ref_add(page, HPAGE_PMD_NR - 1);
	for (unsigned i = 0; i < HPAGE_PMD_NR; i++)
		page_add_anon_rmap(page + i, vma, haddr + i * PAGE_SIZE, flags);
}

/*
 * Linux v4.15 mm/pgtable-generic.c pmdp_invalidate(): load, change, store; and
 * the split goes by an even older look.
 */
static pmd_t invalidate_plain(struct vm_area_struct *vma, pmd_t *pmd,
                              vaddr_t haddr)
{
	pmd_t old = pmdp_get(haddr, pmd);

	set_pmd_at(haddr, pmd, pmd_mkinvalid(pmdp_get(haddr, pmd)));
	flush_pmd_tlb_range(vma, haddr, haddr + HPAGE_PMD_SIZE);
	return old;
}

/*
 * Take the huge PMD out of the hardware's hands. From then on it sets neither A
 * nor D there: what the exchange returned is final.
 */
static pmd_t split_invalidate(struct vm_area_struct *vma, pmd_t *pmd,
                              vaddr_t haddr)
{
	const struct mm_options *options = mm_opt(vma->vm_mm);
	pmd_t old;

	if (options->thp_split == THP_SPLIT_DIRECT)
		return pmdp_get(haddr, pmd);
	if (options->thp_split_dirty == THP_SPLIT_DIRTY_PLAIN)
		return invalidate_plain(vma, pmd, haddr);
	old = pmdp_invalidate(haddr, pmd);
	flush_pmd_tlb_range(vma, haddr, haddr + HPAGE_PMD_SIZE);
	return old;
}

static void split_huge_anon_pmd(struct vm_area_struct *vma, pmd_t *pmd,
                                vaddr_t haddr)
{
	struct mm_struct *mm = vma->vm_mm;
	pmd_t old = split_invalidate(vma, pmd, haddr);
	struct page *page = pmd_page(old);
	pgtable_t table;

	if (pmd_dirty(old))
		SetPageDirty(page);
	split_counts(vma, page, haddr);

	table = pgtable_trans_huge_withdraw(mm, pmd);
	for (unsigned i = 0; i < HPAGE_PMD_NR; i++)
		table_set_pte(table, i,
		              pte_in_run(mm, split_pte(vma, page + i, old)));

	page_remove_rmap(page, vma, true);
	split_hook_table(vma, pmd, haddr, table);
}

void split_huge_pmd(struct vm_area_struct *vma, pmd_t *pmd, vaddr_t addr)
{
	vaddr_t haddr = addr & HPAGE_PMD_MASK;
	spinlock_t *ptl = pmd_lock(vma->vm_mm, pmd);
	pmd_t val = pmdp_get(haddr, pmd);

	if (pmd_trans_huge(val)) {
		count_vm_event(vma->vm_mm->kernel, thp_split_pmd);
		if (vm_normal_page_pmd(vma, haddr, val))
			split_huge_anon_pmd(vma, pmd, haddr);
		else
			split_huge_zero_pmd(vma, pmd, haddr);
	}
	spin_unlock(ptl);
}

void split_huge_pmd_address(struct vm_area_struct *vma, vaddr_t addr)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);

	if (pmd)
		split_huge_pmd(vma, pmd, addr);
}

/* Linux v6.12 mm/huge_memory.c split_huge_pmd_if_needed(). */
static void split_huge_pmd_if_needed(struct vm_area_struct *vma, vaddr_t addr)
{
	if (!IS_ALIGNED(addr, HPAGE_PMD_SIZE) && thp_vma_suitable(vma, addr))
		split_huge_pmd_address(vma, addr);
}

void vma_adjust_trans_huge(struct vm_area_struct *vma, vaddr_t start,
                           vaddr_t end)
{
	split_huge_pmd_if_needed(vma, start);
	split_huge_pmd_if_needed(vma, end);
}
