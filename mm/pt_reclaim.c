/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/pt_reclaim.h"

#include "mm/pgalloc.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/tlb.h"

/*
 * Whole tables only. The subtraction matters: a version that rounded @addr up
 * and compared with @end took [0x1000, 0x2000) for a whole table.
 */
static bool whole_table(vaddr_t addr, vaddr_t end)
{
	return end - addr >= PMD_SIZE;
}

bool pt_reclaim_wanted(const struct mm_struct *mm, vaddr_t addr, vaddr_t end,
                       const struct zap_details *details)
{
	enum pt_reclaim how = mm_opt(mm)->pt_reclaim;

	if (how != PT_RECLAIM_MERGED && how != PT_RECLAIM_MERGED_6_14_RC)
		return false;
	return details && details->reclaim_pt && whole_table(addr, end);
}

/* Linux v6.14 mm/pt_reclaim.c try_get_and_clear_pmd(). */
bool try_get_and_clear_pmd(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                           pmd_t *pmdval)
{
	spinlock_t *pml = pmd_lockptr(mm, pmd);

	/*
	 * CPU0 (here)          CPU1 (khugepaged, slow path)
	 *   spin_lock(PTL)       spin_lock(PML)
	 *   spin_lock(PML)       spin_lock(PTL)
	 */
	if (mm_opt(mm)->pml_lock == PML_BLOCKING)
		spin_lock(pml);
	else if (!spin_trylock(pml))
		return false;

	*pmdval = pmdp_get_lockless(addr, pmd);
	pmd_clear(addr, pmd);
	spin_unlock(pml);
	return true;
}

/* Linux v6.14 mm/pt_reclaim.c free_pte(). */
void free_pte(struct mm_struct *mm, vaddr_t addr, struct mmu_gather *tlb,
              pmd_t pmdval)
{
	pte_free_tlb(tlb, pmd_pgtable_page(pmdval), addr);
	mm_dec_nr_ptes(mm);
	count_vm_event(mm->kernel, pt_reclaimed);
}

static bool pte_table_empty(pte_t *start_pte, vaddr_t addr)
{
	addr &= PMD_MASK;
	for (unsigned i = 0; i < PTRS_PER_PTE; i++) {
		if (!pte_none(ptep_get(addr + i * PAGE_SIZE, start_pte + i)))
			return false;
	}
	return true;
}

/*
 * Under PMD lock and PTL: nobody can fill an entry, nobody can come or go.
 * Linux v6.14 mm/pt_reclaim.c try_to_free_pte(), which RFC v1 does too.
 */
void try_to_free_pte(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                     struct mmu_gather *tlb)
{
	spinlock_t *pml = pmd_lock(mm, pmd);
	spinlock_t *ptl;
	pmd_t pmdval;
	pte_t *start_pte;
	bool empty;

	start_pte = pte_offset_map_rw_nolock(mm, pmd, addr & PMD_MASK, &pmdval,
	                                     &ptl);
	if (!start_pte) {
		spin_unlock(pml);
		return;
	}
	if (ptl != pml)
		spin_lock_nested(ptl);

	empty = pte_table_empty(start_pte, addr);
	if (empty) {
		pte_unmap(start_pte);
		pmd_clear(addr & PMD_MASK, pmd);
	}

	if (ptl != pml)
		spin_unlock(ptl);
	spin_unlock(pml);
	if (!empty) {
		pte_unmap(start_pte);
		return;
	}
	free_pte(mm, addr & PMD_MASK, tlb, pmdval);
}

/*
 * The first series left out what it could not tell to be empty for good: VMAs
 * that want huge pages and private writable file mappings, whose copies
 * MADV_DONTNEED keeps.
 */
static bool rfc_v1_vma(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_HUGEPAGE)
		return false;
	return !vma->vm_file ||
	       (vma->vm_flags & (VM_SHARED | VM_WRITE)) != VM_WRITE;
}

void pt_reclaim_rfc_v1(struct mmu_gather *tlb, struct vm_area_struct *vma,
                       vaddr_t start, vaddr_t end,
                       const struct zap_details *details)
{
	struct mm_struct *mm = vma->vm_mm;
	vaddr_t addr = ALIGN_UP(start, PMD_SIZE);

	if (mm_opt(mm)->pt_reclaim != PT_RECLAIM_RFC_V1)
		return;
	if (!details || !details->reclaim_pt || !rfc_v1_vma(vma))
		return;

	/* Not addr + PMD_SIZE <= end: the sum may wrap. */
	for (; addr < end && whole_table(addr, end); addr += PMD_SIZE) {
		pmd_t *pmd = mm_find_pmd(mm, addr);

		if (pmd)
			try_to_free_pte(mm, pmd, addr, tlb);
		cond_resched();
	}
}

static bool install_flushes(struct mm_struct *mm, enum install_kind kind)
{
	switch (mm_opt(mm)->flush_before_install) {
	case FBI_OFF:
		return false;
	case FBI_PTE:
		return kind == INSTALL_PTE_TABLE;
	case FBI_HUGE:
		return kind == INSTALL_HUGE_PAGE;
	case FBI_IF_PENDING:
		return mm_tlb_flush_pending(mm);
	case FBI_BOTH:
	default:
		return true;
	}
}

/*
 * Between a zap that dropped its locks and its flush, CPUs may still cache
 * translations of another size, or of another frame, for the addresses that
 * get an entry here. RFC v1: arch_flush_tlb_before_set_{huge,pte}_page();
 * if_pending: the RFC of 15 August 2024.
 *
 * freed_tables: what a CPU caches of the intermediate levels goes too, and lazy
 * CPUs are told.
 */
void flush_before_install(struct mm_struct *mm, vaddr_t addr,
                          enum install_kind kind)
{
	vaddr_t start = addr & PMD_MASK;

	if (!install_flushes(mm, kind)) {
		/* For reports. */
		if (mm->tlb_flush_pending.counter > 0)
			note_flush(mm, FLUSH_SKIPPED, start, start + PMD_SIZE,
			           "another size is installed while one is "
			           "pending (flush_before_install)");
		return;
	}

	count_vm_event(mm->kernel, flush_before_install);
	flush_tlb_range(&TLB_FLUSH_VMA(mm), start, start + PMD_SIZE);
}
