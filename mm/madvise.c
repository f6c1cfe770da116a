/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/madvise.h"

#include "mm/gup.h"
#include "mm/huge_memory.h"
#include "mm/khugepaged.h"
#include "mm/memory.h"
#include "mm/mmap_lock.h"
#include "mm/pagewalk.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/uapi.h"
#include "mm/vma.h"
#include "mm/zap.h"

/* ---- DONTNEED and FREE: mmap_lock for reading ---- */

static bool dontneed_free_valid_vma(const struct vm_area_struct *vma,
                                    int behavior)
{
	return behavior == MADV_DONTNEED_LOCKED || !(vma->vm_flags & VM_LOCKED);
}

/* Linux v6.12 mm/madvise.c madvise_dontneed_single_vma(); reclaim_pt as in
 * v6.14, where option pt_reclaim decides what it means. */
static void madvise_dontneed_single_vma(struct vm_area_struct *vma,
                                        vaddr_t start, vaddr_t end)
{
	struct zap_details details = { .even_cows = true, .reclaim_pt = true };

	zap_page_range_single(vma, start, end - start, &details);
}

struct madvise_free {
	struct mmu_gather *tlb;
	struct vm_area_struct *vma;
};

/* One present page becomes lazily free; the PTL is held. */
static void madvise_free_pte(const struct madvise_free *mf, vaddr_t addr,
                             pte_t *ptep, pte_t pte)
{
	struct page *page = vm_normal_page(mf->vma, addr, pte);

	/* Parts of a huge page stay until it is unmapped whole. */
	if (!page || !PageAnon(page) || PageCompound(page))
		return;
	if (pte_young(pte) || pte_dirty(pte)) {
		/* clear_young_dirty_ptes(): D may be set until the clear. */
		pte = ptep_get_and_clear(mf->vma->vm_mm, addr, ptep);
		pte = pte_mkold(pte_mkclean(pte));
		set_pte_at(mf->vma->vm_mm, addr, ptep, pte);
		tlb_remove_tlb_entry(mf->tlb, addr);
	}
	/* folio_mark_lazyfree() */
	ClearPageDirty(page);
	ClearPageReferenced(page);
	ClearPageSwapBacked(page);
}

/* Linux v6.12 mm/madvise.c madvise_free_pte_range() */
static int madvise_free_pte_range(pmd_t *pmd, vaddr_t addr, vaddr_t end,
                                  void *arg)
{
	const struct madvise_free *mf = arg;
	pmd_t pmdval = pmdp_get_lockless(addr, pmd);
	spinlock_t *ptl;
	pte_t *start, *ptep;

	if (pmd_none(pmdval))
		return 0;
	if (pmd_trans_huge(pmdval) &&
	    madvise_free_huge_pmd(mf->tlb, mf->vma, pmd, addr, end))
		return 0;

	start = pte_offset_map_lock(mf->vma->vm_mm, pmd, addr, &ptl);
	if (!start)
		return 0;
	flush_tlb_batched_pending(mf->vma->vm_mm);
	for (ptep = start; addr != end; ptep++, addr += PAGE_SIZE) {
		pte_t pte = ptep_get(addr, ptep);

		if (pte_present(pte))
			madvise_free_pte(mf, addr, ptep, pte);
	}
	pte_unmap_unlock(start, ptl);
	cond_resched();
	return 0;
}

/* Linux v6.12 mm/madvise.c madvise_free_single_vma() */
static int madvise_free_single_vma(struct vm_area_struct *vma, vaddr_t start,
                                   vaddr_t end)
{
	struct mmu_gather tlb;
	struct madvise_free mf = { &tlb, vma };

	if (!vma_is_anonymous(vma))
		return -EINVAL;
	tlb_gather_mmu(&tlb, vma->vm_mm);
	tlb_start_vma(&tlb, vma);
	(void)walk_pmd_entries(vma->vm_mm, start, end, madvise_free_pte_range,
	                       &mf);
	tlb_end_vma(&tlb, vma);
	tlb_finish_mmu(&tlb);
	return 0;
}

static int madvise_dontneed_free(struct vm_area_struct *vma, vaddr_t start,
                                 vaddr_t end, int behavior)
{
	if (!dontneed_free_valid_vma(vma, behavior))
		return -EINVAL;
	if (behavior == MADV_FREE)
		return madvise_free_single_vma(vma, start, end);
	madvise_dontneed_single_vma(vma, start, end);
	return 0;
}

/* ---- advice that is a flag of the VMA: mmap_lock for writing ---- */

static int madvise_new_flags(const struct vm_area_struct *vma, int behavior,
                             uint64_t *flags)
{
	switch (behavior) {
	case MADV_NORMAL:
		*flags &= ~(VM_RAND_READ | VM_SEQ_READ);
		return 0;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~VM_RAND_READ) | VM_SEQ_READ;
		return 0;
	case MADV_RANDOM:
		*flags = (*flags & ~VM_SEQ_READ) | VM_RAND_READ;
		return 0;
	case MADV_DONTFORK:
		*flags |= VM_DONTCOPY;
		return 0;
	case MADV_DOFORK:
		*flags &= ~VM_DONTCOPY;
		return 0;
	case MADV_WIPEONFORK:
		if (vma->vm_file)
			return -EINVAL;
		*flags |= VM_WIPEONFORK;
		return 0;
	case MADV_KEEPONFORK:
		*flags &= ~VM_WIPEONFORK;
		return 0;
	case MADV_DONTDUMP:
		*flags |= VM_DONTDUMP;
		return 0;
	case MADV_DODUMP:
		*flags &= ~VM_DONTDUMP;
		return 0;
	case MADV_HUGEPAGE:
		*flags = (*flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		return 0;
	case MADV_NOHUGEPAGE:
		*flags = (*flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Linux v6.12 mm/madvise.c madvise_update_vma() */
static int madvise_update_vma(struct vm_area_struct *vma,
                              struct vm_area_struct **prev, vaddr_t start,
                              vaddr_t end, uint64_t new_flags)
{
	if (new_flags == vma->vm_flags) {
		*prev = vma;
		return 0;
	}
	vma = vma_modify_flags(*prev, vma, start, end, new_flags);
	if (!vma)
		return -EAGAIN; /* -ENOMEM means a hole here */
	*prev = vma;
	vma_start_write(vma);
	vma->vm_flags = new_flags;
	return 0;
}

/* ---- the walk over VMAs ---- */

/* Linux v6.12 mm/madvise.c madvise_vma_behavior() */
static int madvise_vma_behavior(struct vm_area_struct *vma,
                                struct vm_area_struct **prev, vaddr_t start,
                                vaddr_t end, int behavior)
{
	uint64_t new_flags = vma->vm_flags;
	int err;

	switch (behavior) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		*prev = vma;
		return madvise_dontneed_free(vma, start, end, behavior);
	case MADV_WILLNEED: /* there is no swap to read ahead from */
	case MADV_COLD:     /* nor LRU order to change */
		*prev = vma;
		return 0;
	default:
		err = madvise_new_flags(vma, behavior, &new_flags);
		if (err)
			return err;
		return madvise_update_vma(vma, prev, start, end, new_flags);
	}
}

/* Linux v6.12 mm/madvise.c madvise_walk_vmas() */
static int madvise_walk_vmas(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                             int behavior)
{
	struct vm_area_struct *vma, *prev;
	int unmapped_error = 0;

	vma = find_vma_prev(mm, start, &prev);
	if (vma && start > read_vm_start(vma))
		prev = vma;
	for (;;) {
		vaddr_t vm_start, stop;
		int err;

		if (!vma)
			return -ENOMEM;
		vm_start = read_vm_start(vma);
		if (start < vm_start) {
			unmapped_error = -ENOMEM;
			start = vm_start;
			if (start >= end)
				return unmapped_error;
		}
		stop = MIN(vma->vm_end, end);
		err = madvise_vma_behavior(vma, &prev, start, stop, behavior);
		if (err)
			return err;
		/* prev is the VMA of the part just done; vma may be gone. */
		start = MAX(stop, prev->vm_end);
		if (start >= end)
			return unmapped_error;
		vma = find_vma(mm, prev->vm_end);
	}
}

static bool madvise_behavior_valid(int behavior)
{
	switch (behavior) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_COLD:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_DONTNEED_LOCKED:
		return true;
	default:
		return false;
	}
}

/* Linux v6.12 mm/madvise.c madvise_need_mmap_write() */
static bool madvise_need_mmap_write(int behavior)
{
	switch (behavior) {
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_COLD:
	case MADV_FREE:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return false;
	default:
		return true;
	}
}

/*
 * Linux v6.12 mm/madvise.c do_madvise()
 *
 * DIVERGES: MADV_REMOVE, MADV_PAGEOUT, MADV_MERGEABLE, MADV_COLLAPSE and the
 * memory-failure advices are -EINVAL, as in a kernel built without them.
 */
int do_madvise(struct mm_struct *mm, vaddr_t start, uint64_t len_in,
               int behavior)
{
	uint64_t len = ALIGN_UP(len_in, PAGE_SIZE);
	vaddr_t end = start + len;
	bool write;
	int err;

	if (!madvise_behavior_valid(behavior) || (start & ~PAGE_MASK))
		return -EINVAL;
	/* Rounded up from a small negative number to zero, or wrapped. */
	if ((len_in && !len) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;

	write = madvise_need_mmap_write(behavior);
	if (write)
		mmap_write_lock(mm);
	else
		mmap_read_lock(mm);
	if (behavior == MADV_POPULATE_READ || behavior == MADV_POPULATE_WRITE)
		err = faultin_page_range(mm, start, end,
		                         behavior == MADV_POPULATE_WRITE);
	else
		err = madvise_walk_vmas(mm, start, end, behavior);
	if (write)
		mmap_write_unlock(mm);
	else
		mmap_read_unlock(mm);
	return err;
}
