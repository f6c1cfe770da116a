/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transparent huge pages mapped by PMDs: Linux v6.12 mm/huge_memory.c.
 *
 * Rules: a huge PMD changes under the PMD lock; a huge page mapped in anon
 * memory (the huge zero page too) has one PTE table deposited in its PMD
 * table, for the split.  Huge to small goes through a PMD that the hardware
 * sees as not present and a flush (option thp_split=direct leaves both out).
 *
 * DIVERGES: huge shmem pages are not modelled: only anon memory has THPs.
 */
#ifndef MMULATOR_MM_HUGE_MEMORY_H
#define MMULATOR_MM_HUGE_MEMORY_H

#include "mm/memory.h"
#include "mm/mmu_gather.h"

/** thp_vma_allowable - may the VMA have THPs at all (options, VM_*)? */
bool thp_vma_allowable(const struct vm_area_struct *vma);
/** thp_vma_suitable - does the huge page around @addr fit into the VMA? */
bool thp_vma_suitable(const struct vm_area_struct *vma, vaddr_t addr);

vm_fault_t do_huge_pmd_anonymous_page(struct vm_fault *vmf);
vm_fault_t do_huge_pmd_wp_page(struct vm_fault *vmf);
/** huge_pmd_set_accessed - spurious fault or missing A/D. */
void huge_pmd_set_accessed(struct vm_fault *vmf);

/** zap_huge_pmd - zap a huge PMD whole. Return: 1 done, 0 not huge (any
 * more). Takes and drops the PMD lock. */
int zap_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma, pmd_t *pmd,
                 vaddr_t addr);
/** madvise_free_huge_pmd - MADV_FREE of a whole huge page. Return: it was
 * handled; else the caller goes on with PTEs (it may have been split). */
bool madvise_free_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma,
                           pmd_t *pmd, vaddr_t addr, vaddr_t next);
/** change_huge_pmd - mprotect. Return: 0 not huge, HPAGE_PMD_NR changed and
 * to be flushed, 1 huge but nothing to flush. */
int change_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma,
                    pmd_t *pmd, vaddr_t addr, pgprot_t newprot);
/**
 * move_huge_pmd - mremap of a whole huge page.
 *
 * Context: mmap_lock and rmap locks held for writing by the caller.
 * Return: moved (and the old range flushed).
 */
bool move_huge_pmd(struct vm_area_struct *vma, vaddr_t old_addr,
                   vaddr_t new_addr, pmd_t *old_pmd, pmd_t *new_pmd);
/** copy_huge_pmd - fork. The mms are those of the VMAs. Return: 0, -ENOMEM,
 * -EAGAIN (no longer huge: go on with PTEs). */
int copy_huge_pmd(pmd_t *dst_pmd, pmd_t *src_pmd, vaddr_t addr,
                  struct vm_area_struct *dst_vma,
                  struct vm_area_struct *src_vma);

/** split_huge_pmd - turn a huge PMD into a table of PTEs; nothing if it is
 * not huge. Takes the PMD lock. */
void split_huge_pmd(struct vm_area_struct *vma, pmd_t *pmd, vaddr_t addr);
/** split_huge_pmd_address - likewise, finding the PMD. */
void split_huge_pmd_address(struct vm_area_struct *vma, vaddr_t addr);
/** vma_adjust_trans_huge - split what would straddle a new VMA border. */
void vma_adjust_trans_huge(struct vm_area_struct *vma, vaddr_t start,
                           vaddr_t end);

/** mm_get_huge_zero_page - allocated at first use; NULL without memory. */
struct page *mm_get_huge_zero_page(struct kernel *k);

#endif
