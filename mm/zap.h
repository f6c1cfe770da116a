/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking mappings out: the zap half of Linux v6.12 mm/memory.c.
 *
 * Zapping leaves tables in place; tables go in free_pgtables() once the VMA
 * is unreachable, or one by one in mm/pt_reclaim.c.
 */
#ifndef MMULATOR_MM_ZAP_H
#define MMULATOR_MM_ZAP_H

#include "mm/mm_types.h"
#include "mm/mmu_gather.h"

/* What to zap (include/linux/mm.h struct zap_details). */
struct zap_details {
	struct page *single_page; /* only this page, or NULL */
	bool even_cows;           /* private copies of a file too */
	bool reclaim_pt;          /* free PTE tables that end up empty */
	bool skipped;             /* out: an entry had to stay */
};

/**
 * unmap_vmas - zap a range of one VMA.
 * @vma: the VMA
 * @start: first address
 * @end: first address beyond
 *
 * DIVERGES: takes one VMA; a caller with several calls it for each, in order.
 *
 * Context: mmap_lock held (read or write), or the mm is dead.
 */
void unmap_vmas(struct mmu_gather *tlb, struct vm_area_struct *vma,
                vaddr_t start, vaddr_t end);
/**
 * unmap_single_vma - zap a range of one VMA.
 * @vma: the VMA
 * @start: first address
 * @end: first address beyond
 * @details: what to zap; NULL: everything
 *
 * Context: as unmap_vmas().
 */
void unmap_single_vma(struct mmu_gather *tlb, struct vm_area_struct *vma,
                      vaddr_t start, vaddr_t end, struct zap_details *details);
/**
 * unmap_page_range - zap the entries of a range, which lies in one VMA.
 * @vma: the VMA
 * @addr: first address
 * @end: first address beyond
 * @details: what to zap; NULL: everything
 *
 * Context: as unmap_vmas().
 */
void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma,
                      vaddr_t addr, vaddr_t end, struct zap_details *details);

/**
 * zap_page_range_single - zap part of a live VMA with a gather of its own:
 * MADV_DONTNEED, truncation.
 * @start: first address
 * @size: bytes
 * @details: what to zap; NULL: everything
 *
 * Context: mmap_lock (any mode) or the rmap lock of the VMA held.
 */
void zap_page_range_single(struct vm_area_struct *vma, vaddr_t start,
                           uint64_t size, struct zap_details *details);

/**
 * unmap_mapping_range_vma - zap what one VMA maps of a truncated file range.
 * @start: first address
 * @end: first address beyond
 * @details: what to zap
 *
 * Context: i_mmap_rwsem held.
 */
void unmap_mapping_range_vma(struct vm_area_struct *vma, vaddr_t start,
                             vaddr_t end, struct zap_details *details);

/**
 * free_pgtables - unlink a VMA from rmap and free the tables only it used.
 * @vma: the VMA
 * @floor: lowest address the tables may be freed down to (end of the VMA
 *	before the unmapped run, or 0)
 * @ceiling: start of the next VMA that stays or follows, or TASK_SIZE / 0
 *
 * DIVERGES: takes one VMA; see unmap_vmas(). For a run of VMAs pass the run's
 * floor and, as @ceiling, the next VMA's start (of the run or after it).
 */
void free_pgtables(struct mmu_gather *tlb, struct vm_area_struct *vma,
                   vaddr_t floor, vaddr_t ceiling);
/**
 * free_pgd_range - free the tables of a range that lie wholly between two
 * limits.
 * @addr: first address
 * @end: first address beyond
 * @floor: lower limit
 * @ceiling: upper limit
 */
void free_pgd_range(struct mmu_gather *tlb, vaddr_t addr, vaddr_t end,
                    vaddr_t floor, vaddr_t ceiling);

#endif
