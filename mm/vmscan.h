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

/**
 * shrink_folio - try to reclaim the one @page.
 *
 * Consumes the caller's reference (the one of isolation).
 * Return: true if the page was freed.
 */
bool shrink_folio(struct kernel *k, struct page *page);

#endif
