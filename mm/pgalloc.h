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
 * family: p4d_alloc, pud_alloc, pmd_alloc - the entry for an address one level
 * below, allocating and installing the table if there is none.
 * @pgd: the entry above (p4d, pud)
 * @addr: the address
 *
 * Context: mmap_lock held; takes page_table_lock.
 * Return: the entry, NULL without memory.
 */
p4d_t *p4d_alloc(struct mm_struct *mm, pgd_t *pgd, vaddr_t addr);
pud_t *pud_alloc(struct mm_struct *mm, p4d_t *p4d, vaddr_t addr);
pmd_t *pmd_alloc(struct mm_struct *mm, pud_t *pud, vaddr_t addr);

/** pte_alloc - make sure that @pmd, the entry for @addr, has a table. Return: 0
 * or -ENOMEM. */
int pte_alloc(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr);
/**
 * pte_alloc_new - give @pmd, the entry for @addr, which had no table, a new
 * one; if somebody was faster, that one stays.
 *
 * Return: 0 or -ENOMEM.
 */
int pte_alloc_new(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr);
/**
 * pte_alloc_map_lock - pte_alloc() and pte_offset_map_lock().
 * @pmd: the entry for @addr
 * @addr: the address
 * @ptlp: set to the lock
 *
 * Return: the PTE; NULL without memory, or if the table went again.
 */
pte_t *pte_alloc_map_lock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                          spinlock_t **ptlp);

/** pte_alloc_one - a constructed PTE table for @addr, hooked in nowhere.
 * Return: it; NULL without memory. */
pgtable_t pte_alloc_one(struct mm_struct *mm, vaddr_t addr);
/** pte_free - destroy and free @pte, a table nobody else ever saw. */
void pte_free(struct mm_struct *mm, pgtable_t pte);
/**
 * pte_free_defer - free @pte after a grace period.
 *
 * Source: Linux v6.12 mm/pgtable-generic.c pte_free_defer()
 */
void pte_free_defer(struct mm_struct *mm, pgtable_t pte);

/**
 * pmd_install - hook a table in unless somebody was faster.
 * @pmd: the entry for @addr
 * @addr: the address
 * @pte: *@pte is the table; it becomes NULL if it was used
 *
 * Context: takes the PMD lock.
 * Source: Linux v6.12 mm/memory.c pmd_install()
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

/**
 * family: mm_inc_nr_ptes, mm_dec_nr_ptes, mm_inc_nr_pmds, mm_dec_nr_pmds,
 * mm_inc_nr_puds, mm_dec_nr_puds - one table more or less in pgtables_bytes.
 * Each a step.
 */
void mm_inc_nr_ptes(struct mm_struct *mm);
void mm_dec_nr_ptes(struct mm_struct *mm);
void mm_inc_nr_pmds(struct mm_struct *mm);
void mm_dec_nr_pmds(struct mm_struct *mm);
void mm_inc_nr_puds(struct mm_struct *mm);
void mm_dec_nr_puds(struct mm_struct *mm);

/**
 * pgtable_trans_huge_deposit - keep a spare PTE table for splitting the huge
 * page at a PMD (FIFO per PMD table).
 * @pmdp: the PMD
 * @pgtable: the table
 *
 * Context: PMD lock held.
 */
void pgtable_trans_huge_deposit(struct mm_struct *mm, pmd_t *pmdp,
                                pgtable_t pgtable);
/**
 * pgtable_trans_huge_withdraw - take the spare PTE table of the huge page at
 * @pmdp.
 *
 * Context: PMD lock held.
 * Return: the table.
 */
pgtable_t pgtable_trans_huge_withdraw(struct mm_struct *mm, pmd_t *pmdp);

/**
 * ptep_page - the table an entry lies in, of any level.
 * @entryp: the entry, in the direct map
 *
 * Return: its struct page.
 */
struct page *ptep_page(const void *entryp);
/** pmd_pgtable_page - the PTE table @pmd points to. Return: its struct page. */
struct page *pmd_pgtable_page(pmd_t pmd);
/** ptlock_ptr - split lock of a PTE or PMD table. Return: it; NULL if it is
 * gone. */
spinlock_t *ptlock_ptr(struct page *table);

#endif
