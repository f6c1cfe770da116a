/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reclaim, of the one kind of page that needs no swap: anonymous pages given
 * up by MADV_FREE (lazyfree: anonymous, PG_swapbacked clear) that nobody wrote
 * since.
 *
 * Linux v6.12 mm/vmscan.c shrink_folio_list(), mm/rmap.c try_to_unmap_one(),
 * mm/madvise.c madvise_cold_or_pageout_pte_range() (process_madvise's
 * MADV_PAGEOUT chooses pages by address, as reclaim_range() does).
 */
#ifndef MMULATOR_MM_VMSCAN_H
#define MMULATOR_MM_VMSCAN_H

#include "mm/mm_types.h"

/**
 * reclaim_range - reclaim what can be of @mm's [@addr, @addr + @len).
 *
 * Context: no locks held; takes mmap_lock for reading to find the pages, and
 * no lock of @mm to unmap them. Steps.
 * Return: pages freed.
 */
long reclaim_range(struct mm_struct *mm, vaddr_t addr, uint64_t len);

/* Pages that share a flush. */
#define SWAP_CLUSTER_MAX 32

/**
 * shrink_folio_list - try to reclaim pages.
 * @pages: @nr heads of folios, in any order after it
 * @nr: how many
 *
 * Consumes the caller's references (those of isolation). Flushes once, if the
 * option batched_unmap says so. Steps.
 *
 * Return: small pages freed.
 */
unsigned shrink_folio_list(struct kernel *k, struct page **pages, unsigned nr);

#endif
