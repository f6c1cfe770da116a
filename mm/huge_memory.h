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

/** thp_vma_allowable - may @vma have huge pages at all (options, VM_*)? Return:
 * it may. */
bool thp_vma_allowable(const struct vm_area_struct *vma);
/** thp_vma_suitable - does the huge page around @addr fit into @vma? Return: it
 * does. */
bool thp_vma_suitable(const struct vm_area_struct *vma, vaddr_t addr);

/**
 * do_huge_pmd_anonymous_page - a fault where there is no PMD.
 *
 * Context: mmap_lock held.
 * Return: 0; VM_FAULT_FALLBACK: go on with PTEs; other VM_FAULT_* bits.
 * Source: Linux v6.12 mm/huge_memory.c do_huge_pmd_anonymous_page()
 */
vm_fault_t do_huge_pmd_anonymous_page(struct vm_fault *vmf);
/**
 * do_huge_pmd_wp_page - a write to a write-protected huge PMD.
 *
 * Context: mmap_lock held.
 * Return: 0; VM_FAULT_FALLBACK: it was split, go on with PTEs.
 * Source: Linux v6.12 mm/huge_memory.c do_huge_pmd_wp_page()
 */
vm_fault_t do_huge_pmd_wp_page(struct vm_fault *vmf);
/** huge_pmd_set_accessed - spurious fault or missing A/D. */
void huge_pmd_set_accessed(struct vm_fault *vmf);

/**
 * zap_huge_pmd - zap a huge PMD whole.
 * @vma: where
 * @pmd: the entry for @addr
 * @addr: its first address
 *
 * Context: takes and drops the PMD lock.
 * Return: 1 done, 0 not huge (any more).
 */
int zap_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma, pmd_t *pmd,
                 vaddr_t addr);
/**
 * madvise_free_huge_pmd - MADV_FREE of a whole huge page.
 * @vma: where
 * @pmd: the entry for @addr
 * @addr: first address
 * @next: first address beyond
 *
 * Return: it was handled; else the caller goes on with PTEs (it may have been
 * split).
 */
bool madvise_free_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma,
                           pmd_t *pmd, vaddr_t addr, vaddr_t next);
/**
 * change_huge_pmd - mprotect of a huge PMD.
 * @vma: where
 * @pmd: the entry for @addr
 * @addr: its first address
 * @newprot: rights
 *
 * Return: 0 not huge, HPAGE_PMD_NR changed and to be flushed, 1 huge but
 * nothing to flush.
 */
int change_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma,
                    pmd_t *pmd, vaddr_t addr, pgprot_t newprot);
/**
 * move_huge_pmd - mremap of a whole huge page.
 * @old_addr: from
 * @new_addr: to
 * @old_pmd: entry of @old_addr
 * @new_pmd: entry of @new_addr
 *
 * Context: mmap_lock and rmap locks held for writing by the caller.
 * Return: moved (and the old range flushed).
 */
bool move_huge_pmd(struct vm_area_struct *vma, vaddr_t old_addr,
                   vaddr_t new_addr, pmd_t *old_pmd, pmd_t *new_pmd);
/**
 * copy_huge_pmd - fork of a huge PMD; the mms are those of the VMAs.
 * @dst_pmd: the child's entry
 * @src_pmd: the parent's
 * @addr: its first address
 * @dst_vma: the child's VMA
 * @src_vma: the parent's
 *
 * Return: 0, -ENOMEM, -EAGAIN (no longer huge: go on with PTEs).
 */
int copy_huge_pmd(pmd_t *dst_pmd, pmd_t *src_pmd, vaddr_t addr,
                  struct vm_area_struct *dst_vma,
                  struct vm_area_struct *src_vma);

/**
 * split_huge_pmd - turn a huge PMD into a table of PTEs; nothing if it is not
 * huge.
 * @pmd: the entry for @addr
 * @addr: any address it spans
 *
 * Context: takes the PMD lock.
 */
void split_huge_pmd(struct vm_area_struct *vma, pmd_t *pmd, vaddr_t addr);
/**
 * split_huge_pmd_address - split_huge_pmd() of the PMD for @addr, if there is
 * one.
 */
void split_huge_pmd_address(struct vm_area_struct *vma, vaddr_t addr);
/**
 * vma_adjust_trans_huge - split the huge pages that would straddle @start or
 * @end, new borders of the VMA.
 */
void vma_adjust_trans_huge(struct vm_area_struct *vma, vaddr_t start,
                           vaddr_t end);

/** mm_get_huge_zero_page - the huge zero page, allocated at first use. Return:
 * its head; NULL without memory. */
struct page *mm_get_huge_zero_page(struct kernel *k);

#endif
