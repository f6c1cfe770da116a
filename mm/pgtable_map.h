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

/** pmd_lockptr - lock of the PMD table @pmd lies in. Return: it;
 * page_table_lock, and an EV_RULE, if the table was freed. */
spinlock_t *pmd_lockptr(struct mm_struct *mm, pmd_t *pmd);
/** pte_lockptr - lock of the PTE table the value @pmd points to. Return: it; as
 * pmd_lockptr() if the table was freed. */
spinlock_t *pte_lockptr(struct mm_struct *mm, pmd_t pmd);
/**
 * pmd_lock - take the lock of the table @pmd lies in.
 *
 * Return: the lock, held.
 */
spinlock_t *pmd_lock(struct mm_struct *mm, pmd_t *pmd);
/**
 * pmd_trans_huge_lock - lock a PMD if it is huge.
 * @pmd: the PMD
 * @vma: where it is
 *
 * Return: the lock, held; NULL, and nothing is, if it is not huge.
 */
spinlock_t *pmd_trans_huge_lock(pmd_t *pmd, struct vm_area_struct *vma);

/**
 * pte_offset_map - the PTE for an address.
 * @pmd: the entry of the table
 * @addr: the address
 *
 * Context: leaves an RCU read section open unless it returns NULL. Steps.
 * Return: it; NULL if @pmd is none, huge or bad.
 */
pte_t *pte_offset_map(pmd_t *pmd, vaddr_t addr);
/**
 * pte_offset_map_pmdval - likewise, telling which PMD it followed.
 * @pmd: the entry of the table
 * @addr: the address
 * @pmdvalp: set to the value it followed
 *
 * Return: as pte_offset_map().
 */
pte_t *pte_offset_map_pmdval(pmd_t *pmd, vaddr_t addr, pmd_t *pmdvalp);
/**
 * pte_offset_map_lock - the PTE for an address: mapped, locked, and still
 * hooked in.
 * @pmd: the entry of the table
 * @addr: the address
 * @ptlp: set to the lock
 *
 * Context: leaves an RCU read section open and the lock held unless it returns
 * NULL.
 * Return: as pte_offset_map().
 */
pte_t *pte_offset_map_lock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                           spinlock_t **ptlp);
/**
 * pte_offset_map_ro_nolock - the PTE for an address, to look only.
 * @pmd: the entry of the table
 * @addr: the address
 * @ptlp: set to its lock, which is not taken
 *
 * Return: as pte_offset_map().
 */
pte_t *pte_offset_map_ro_nolock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                                spinlock_t **ptlp);
/**
 * pte_offset_map_rw_nolock - the PTE for an address; the caller locks, then
 * compares the PMD, before it changes anything.
 * @pmd: the entry of the table
 * @addr: the address
 * @pmdvalp: set to the value it followed
 * @ptlp: set to its lock, which is not taken
 *
 * Return: as pte_offset_map().
 */
pte_t *pte_offset_map_rw_nolock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                                pmd_t *pmdvalp, spinlock_t **ptlp);
/** pte_unmap - end of the RCU read section; @pte is what opened it. */
void pte_unmap(pte_t *pte);
/** pte_unmap_unlock - let @ptl go, then pte_unmap() of @pte. */
void pte_unmap_unlock(pte_t *pte, spinlock_t *ptl);

/** pgd_offset - the root's entry for @addr. No step. Return: it. */
pgd_t *pgd_offset(struct mm_struct *mm, vaddr_t addr);
/**
 * mm_find_pmd - the PMD entry for @addr; each level is a step.
 *
 * Return: it; NULL if no PMD table is there.
 * Source: Linux v6.12 mm/rmap.c mm_find_pmd()
 */
pmd_t *mm_find_pmd(struct mm_struct *mm, vaddr_t addr);
/**
 * mm_alloc_pmd - the PMD entry for @addr, allocating tables. Steps.
 *
 * Context: mmap_lock held.
 * Return: it; NULL without memory.
 */
pmd_t *mm_alloc_pmd(struct mm_struct *mm, vaddr_t addr);

/**
 * ptep_clear_flush - clear an entry, and flush if hardware could use it.
 * @addr: the address
 * @ptep: its entry
 *
 * Context: the PTL.
 * Return: what was there.
 * Source: Linux v6.12 mm/pgtable-generic.c ptep_clear_flush()
 */
pte_t ptep_clear_flush(struct vm_area_struct *vma, vaddr_t addr, pte_t *ptep);
/**
 * pmdp_huge_clear_flush - clear a huge PMD and flush it.
 * @addr: the address
 * @pmdp: its entry
 *
 * Context: the PMD lock.
 * Return: what was there.
 */
pmd_t pmdp_huge_clear_flush(struct vm_area_struct *vma, vaddr_t addr,
                            pmd_t *pmdp);
/**
 * pmdp_collapse_flush - clear a PMD that leads to a table: its PTEs go from the
 * TLBs.
 * @addr: the address
 * @pmdp: its entry
 *
 * Context: the PMD lock.
 * Return: what was there.
 */
pmd_t pmdp_collapse_flush(struct vm_area_struct *vma, vaddr_t addr,
                          pmd_t *pmdp);

#endif
