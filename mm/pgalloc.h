/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables as objects: allocation, constructor and destructor, the locks
 * that belong to them, hooking a new one in.
 *
 * A table is one frame of kind FRAME_PT_*; its struct page is Linux's ptdesc:
 * pt_owner is the mm's id, index the first virtual address it covers (as of
 * its allocation), private the split lock of PTE and PMD tables, mm_list the
 * list of deposited tables, later the RCU head it is freed with.
 *
 * Invariant: page->pt_owner's pgtables_bytes counts exactly the tables that
 * are installed or deposited (docs/ARCHITECTURE.md, "accounting").
 */
#ifndef MMULATOR_MM_PGALLOC_H
#define MMULATOR_MM_PGALLOC_H

#include "mm/mm_types.h"

typedef struct page *pgtable_t;

/** pgd_alloc - give @mm a root. Return: 0 or -ENOMEM. */
int pgd_alloc(struct mm_struct *mm);
/** pgd_free - free the root; the tables below must be gone. */
void pgd_free(struct mm_struct *mm);

/**
 * p4d_alloc, pud_alloc, pmd_alloc - the entry for @addr one level below @dir,
 * allocating and installing the table if there is none.
 *
 * Context: mmap_lock held; takes page_table_lock.
 * Return: the entry, NULL without memory.
 */
p4d_t *p4d_alloc(struct mm_struct *mm, pgd_t *pgd, vaddr_t addr);
pud_t *pud_alloc(struct mm_struct *mm, p4d_t *p4d, vaddr_t addr);
pmd_t *pmd_alloc(struct mm_struct *mm, pud_t *pud, vaddr_t addr);

/** pte_alloc - make sure @pmd has a table. Return: 0 or -ENOMEM. */
int pte_alloc(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr);
int pte_alloc_new(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr);
/** pte_alloc_map_lock - pte_alloc() and pte_offset_map_lock(). */
pte_t *pte_alloc_map_lock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                          spinlock_t **ptlp);

/** pte_alloc_one - a constructed PTE table, hooked in nowhere. */
pgtable_t pte_alloc_one(struct mm_struct *mm, vaddr_t addr);
/** pte_free - destroy and free a table nobody else ever saw. */
void pte_free(struct mm_struct *mm, pgtable_t pte);
/** pte_free_defer - free after a grace period (mm/pgtable-generic.c). */
void pte_free_defer(struct mm_struct *mm, pgtable_t pte);

/**
 * pmd_install - hook *@pte in at @pmd unless somebody was faster.
 *
 * Linux v6.12 mm/memory.c pmd_install(). *@pte becomes NULL if it was used.
 * Context: takes the PMD lock.
 */
void pmd_install(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                 pgtable_t *pte);

/** pagetable_dtor - the split lock goes; once per table, later calls do
 * nothing. */
void pagetable_dtor(struct page *table);
/** pagetable_free - the end of a table whose readers are gone: destructor if
 * it has not run, then the frame. A step, "free_table". Freeing what is no
 * table (any more) is an EV_FRAME_BAD_FREE event. */
void pagetable_free(struct page *table);
/** pagetable_free_rcu - likewise after a grace period. A step. */
void pagetable_free_rcu(struct page *table);

/** mm_inc_nr_ptes ... - pgtables_bytes. Each a step. */
void mm_inc_nr_ptes(struct mm_struct *mm);
void mm_dec_nr_ptes(struct mm_struct *mm);
void mm_inc_nr_pmds(struct mm_struct *mm);
void mm_dec_nr_pmds(struct mm_struct *mm);
void mm_inc_nr_puds(struct mm_struct *mm);
void mm_dec_nr_puds(struct mm_struct *mm);

/**
 * pgtable_trans_huge_deposit, pgtable_trans_huge_withdraw - the spare PTE
 * table kept for splitting the huge page at @pmdp (FIFO per PMD table).
 *
 * Context: PMD lock held.
 */
void pgtable_trans_huge_deposit(struct mm_struct *mm, pmd_t *pmdp,
                                pgtable_t pgtable);
pgtable_t pgtable_trans_huge_withdraw(struct mm_struct *mm, pmd_t *pmdp);

/** ptep_page - the table an entry lies in (any level). */
struct page *ptep_page(const void *entryp);
/** pmd_pgtable_page - the PTE table @pmd points to. */
struct page *pmd_pgtable_page(pmd_t pmd);
/** ptlock_ptr - split lock of a PTE or PMD table; NULL if it is gone. */
spinlock_t *ptlock_ptr(struct page *table);

#endif
