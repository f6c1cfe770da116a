/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Getting at PTEs: pte_offset_map() and its locked and lockless forms, and the
 * locks of tables.  Linux v6.12 mm/pgtable-generic.c and include/linux/mm.h.
 *
 * A PTE table may be taken out of a live VMA under the feet of a holder of
 * mmap_lock for reading.  All forms therefore keep an RCU read section open
 * until pte_unmap(); pte_offset_map_lock() re-reads the PMD after locking
 * (option pmd_recheck); a caller of pte_offset_map_rw_nolock() must compare
 * the PMD itself after locking, before it changes anything.
 *
 * Lock order: mmap_lock > rmap locks > pmd lock > pte lock.
 */
#ifndef MMULATOR_MM_PGTABLE_MAP_H
#define MMULATOR_MM_PGTABLE_MAP_H

#include "mm/mm_types.h"

/** pmd_lockptr - lock of the PMD table @pmd lies in. */
spinlock_t *pmd_lockptr(struct mm_struct *mm, pmd_t *pmd);
/** pte_lockptr - lock of the PTE table the value @pmd points to. */
spinlock_t *pte_lockptr(struct mm_struct *mm, pmd_t pmd);
/** pmd_lock - lock it and return it. */
spinlock_t *pmd_lock(struct mm_struct *mm, pmd_t *pmd);
/** pmd_trans_huge_lock - locked if *@pmd is huge, else NULL and unlocked. */
spinlock_t *pmd_trans_huge_lock(pmd_t *pmd, struct vm_area_struct *vma);

/**
 * pte_offset_map - the PTE for @addr, or NULL if @pmd is none, huge or bad.
 *
 * Context: leaves an RCU read section open unless it returns NULL.
 */
pte_t *pte_offset_map(pmd_t *pmd, vaddr_t addr);
/** pte_offset_map_pmdval - likewise; stores the PMD it followed to @pmdvalp. */
pte_t *pte_offset_map_pmdval(pmd_t *pmd, vaddr_t addr, pmd_t *pmdvalp);
/** pte_offset_map_lock - mapped, locked, and still hooked in at @pmd. */
pte_t *pte_offset_map_lock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                           spinlock_t **ptlp);
/** pte_offset_map_ro_nolock - to look only; *@ptlp is its lock, not taken. */
pte_t *pte_offset_map_ro_nolock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                                spinlock_t **ptlp);
/** pte_offset_map_rw_nolock - the caller locks, then compares *@pmdvalp. */
pte_t *pte_offset_map_rw_nolock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                                pmd_t *pmdvalp, spinlock_t **ptlp);
/** pte_unmap - end of the RCU read section. */
void pte_unmap(pte_t *pte);
/** pte_unmap_unlock - likewise, after unlocking. */
void pte_unmap_unlock(pte_t *pte, spinlock_t *ptl);

/** pgd_offset - the root's entry for @addr. No step. */
pgd_t *pgd_offset(struct mm_struct *mm, vaddr_t addr);
/** mm_find_pmd - the PMD entry for @addr; NULL if no PMD table is there. Each
 * level is a step. Linux v6.12 mm/rmap.c mm_find_pmd(). */
pmd_t *mm_find_pmd(struct mm_struct *mm, vaddr_t addr);
/** mm_alloc_pmd - likewise, allocating tables; NULL without memory. */
pmd_t *mm_alloc_pmd(struct mm_struct *mm, vaddr_t addr);

/** ptep_clear_flush - clear, and flush if hardware could use it, under the PTL
 * (mm/pgtable-generic.c). Return: what was there. */
pte_t ptep_clear_flush(struct vm_area_struct *vma, vaddr_t addr, pte_t *ptep);
/** flush_pmd_tlb_range - flush huge entries. */
void flush_pmd_tlb_range(struct vm_area_struct *vma, vaddr_t start,
                         vaddr_t end);
/** pmdp_huge_clear_flush - likewise for a huge PMD. */
pmd_t pmdp_huge_clear_flush(struct vm_area_struct *vma, vaddr_t addr,
                            pmd_t *pmdp);
/** pmdp_collapse_flush - likewise for a table: its PTEs go from the TLBs. */
pmd_t pmdp_collapse_flush(struct vm_area_struct *vma, vaddr_t addr,
                          pmd_t *pmdp);

#endif
