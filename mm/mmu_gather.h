/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmu_gather: unhook, invalidate, free - in this order, for pages and for page
 * tables.  Linux v6.12 include/asm-generic/tlb.h and mm/mmu_gather.c.
 *
 * Usage: tlb_gather_mmu(); unhook entries, handing over what they pointed to
 * with tlb_remove_page() and *_free_tlb(); tlb_finish_mmu().  The struct lives
 * on the caller's stack; batches are real frames.
 *
 * tlb_flush_pending counts the gathers (and others who defer a flush) that are
 * under way in an mm: a caller that finds nothing to flush must not conclude
 * that nothing is stale (option gather_nesting).
 */
#ifndef MMULATOR_MM_MMU_GATHER_H
#define MMULATOR_MM_MMU_GATHER_H

#include "base/rcu.h"
#include "mm/mm_types.h"

/* (PAGE_SIZE - header) / 8, as on a 64-bit Linux. */
#define MMU_GATHER_BUNDLE      8
#define MAX_GATHER_BATCH       510
#define MAX_GATHER_BATCH_COUNT (10000 / MAX_GATHER_BATCH) /* 19 */
#define MAX_TABLE_BATCH        509

/* A page pointer, bit 0: its rmap is removed after the flush. */
typedef uintptr_t encoded_page_t;
#define ENCODED_PAGE_BIT_DELAY_RMAP 1u

/* Header of a batch; its array of encoded pages follows. */
struct mmu_gather_batch {
	struct mmu_gather_batch *next;
	uint32_t nr;
	uint32_t max;
};

struct mmu_table_batch {
	struct rcu_head rcu;
	uint64_t nr;
	struct page *tables[MAX_TABLE_BATCH];
};

struct mmu_gather {
	struct mm_struct *mm;
	struct mmu_table_batch *batch; /* in a FRAME_GATHER frame, or NULL */
	vaddr_t start, end; /* what must be flushed; end 0 = nothing */
	bool fullmm;
	bool need_flush_all;
	bool freed_tables;
	bool delayed_rmap;
	bool cleared_ptes, cleared_pmds, cleared_puds, cleared_p4ds;
	unsigned batch_count;
	struct mmu_gather_batch *active;
	struct mmu_gather_batch local; /* the first; its array is pages[] */
	encoded_page_t pages[MMU_GATHER_BUNDLE];
};

/**
 * tlb_gather_mmu - begin to gather what goes from @mm; tlb_flush_pending + 1. A
 * step.
 */
void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm);
/**
 * tlb_gather_mmu_fullmm - likewise; all of @mm goes, nobody runs in it any
 * more.
 */
void tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm);
/** tlb_finish_mmu - flush, free, tlb_flush_pending - 1. */
void tlb_finish_mmu(struct mmu_gather *tlb);

/** tlb_flush_mmu_tlbonly - flush what was unhooked so far; free nothing. */
void tlb_flush_mmu_tlbonly(struct mmu_gather *tlb);
/** tlb_flush_mmu - flush, then free tables, then pages. */
void tlb_flush_mmu(struct mmu_gather *tlb);

/**
 * tlb_queue_page - queue a page.
 * @page: unhooked, with the mapping's reference
 * @delay_rmap: its rmap is removed after the flush
 *
 * Return: the batches are full; the caller must get to tlb_flush_mmu() before
 * the next one.
 */
bool must_check tlb_queue_page(struct mmu_gather *tlb, struct page *page,
                               bool delay_rmap);
/** tlb_remove_page - queue @page, flushing if there is no room. */
void tlb_remove_page(struct mmu_gather *tlb, struct page *page);
/**
 * tlb_remove_table - queue @table, an unhooked one (the *_free_tlb() below).
 */
void tlb_remove_table(struct mmu_gather *tlb, struct page *table);
/** tlb_remove_table_sync_one - IPI to all CPUs and wait: every IRQs-off walker
 * that was under way is done. */
void tlb_remove_table_sync_one(void);
/**
 * tlb_flush_rmaps - remove the rmaps of pages of @vma that waited for the
 * flush.
 */
void tlb_flush_rmaps(struct mmu_gather *tlb, struct vm_area_struct *vma);

/** tlb_start_vma, tlb_end_vma - around the entries of one VMA. As with
 * CONFIG_MMU_GATHER_MERGE_VMAS (x86) the range may go on over several VMAs. */
static inline void tlb_start_vma(struct mmu_gather *tlb,
                                 const struct vm_area_struct *vma)
{
	(void)tlb;
	(void)vma;
}
static inline void tlb_end_vma(struct mmu_gather *tlb,
                               const struct vm_area_struct *vma)
{
	(void)tlb;
	(void)vma;
}

/**
 * tlb_flush_pte_range - PTEs of [@addr, @addr + @size) were cleared or changed.
 */
void tlb_flush_pte_range(struct mmu_gather *tlb, vaddr_t addr, uint64_t size);
/**
 * tlb_flush_pmd_range - PMDs of [@addr, @addr + @size) were cleared or changed.
 */
void tlb_flush_pmd_range(struct mmu_gather *tlb, vaddr_t addr, uint64_t size);
#define tlb_remove_tlb_entry(tlb, addr) \
	tlb_flush_pte_range(tlb, addr, PAGE_SIZE)
#define tlb_remove_pmd_tlb_entry(tlb, addr) \
	tlb_flush_pmd_range(tlb, addr, PMD_SIZE)
/** tlb_get_unmap_shift - the smallest size that was cleared. Return: log2 of
 * it. */
unsigned tlb_get_unmap_shift(const struct mmu_gather *tlb);

/**
 * family: pte_free_tlb, pmd_free_tlb, pud_free_tlb, p4d_free_tlb - an unhooked
 * table goes, with the range it covered.
 * @table: the table
 * @addr: an address in the range
 */
void pte_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr);
void pmd_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr);
void pud_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr);
void p4d_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr);

/**
 * inc_tlb_flush_pending - somebody is going to defer a flush of @mm. A step.
 */
void inc_tlb_flush_pending(struct mm_struct *mm);
/** dec_tlb_flush_pending - and has flushed. A step. */
void dec_tlb_flush_pending(struct mm_struct *mm);
/** mm_tlb_flush_pending - does anybody defer a flush of @mm? A step. Return:
 * somebody does. */
bool mm_tlb_flush_pending(struct mm_struct *mm);
/** mm_tlb_flush_nested - does anybody but the caller defer a flush of @mm? A
 * step. Return: somebody does. */
bool mm_tlb_flush_nested(struct mm_struct *mm);

#endif
