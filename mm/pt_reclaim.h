/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Freeing empty PTE tables of live VMAs (CONFIG_PT_RECLAIM), in the three
 * published forms, option pt_reclaim:
 *
 * rfc_v1: after the zap, scan every whole 2 MiB span; PMD lock, PTL, all
 *	none, clear the PMD.  RFC PATCH 0/7 "synchronously scan and reclaim
 *	empty user PTE pages", 1 July 2024.
 * merged: v6.14 mm/pt_reclaim.c with the fix of February 2025: directly at the
 *	end of zap_pte_range() if the PTL was never dropped, else with a scan.
 * merged_6_14_rc: before that fix: a dropped PTL goes unnoticed.
 */
#ifndef MMULATOR_MM_PT_RECLAIM_H
#define MMULATOR_MM_PT_RECLAIM_H

#include "mm/mmu_gather.h"
#include "mm/zap.h"

/**
 * pt_reclaim_wanted - may zap_pte_range() reclaim the table of a range?
 * @addr: first address
 * @end: first address beyond
 * @details: of the zap; NULL: no
 *
 * Return: it may.
 */
bool pt_reclaim_wanted(const struct mm_struct *mm, vaddr_t addr, vaddr_t end,
                       const struct zap_details *details);

/**
 * try_get_and_clear_pmd - unhook the table from inside its PTL.
 * @pmd: the entry
 * @addr: its address
 * @pmdval: what was there
 *
 * Context: PTL held. The order is PMD lock > PTL, hence a trylock (option
 * pml_lock=blocking: spin_lock, which can deadlock).
 * Return: false if the PMD lock was not to be had.
 * Source: Linux v6.14 mm/pt_reclaim.c try_get_and_clear_pmd()
 */
bool must_check try_get_and_clear_pmd(struct mm_struct *mm, pmd_t *pmd,
                                      vaddr_t addr, pmd_t *pmdval);
/**
 * free_pte - give an unhooked table to a gather.
 * @addr: an address it covered
 * @tlb: the gather
 * @pmdval: the PMD that led to it
 *
 * Source: Linux v6.14 mm/pt_reclaim.c free_pte()
 */
void free_pte(struct mm_struct *mm, vaddr_t addr, struct mmu_gather *tlb,
              pmd_t pmdval);
/**
 * try_to_free_pte - unhook and free a table if it is empty.
 * @pmd: the entry that leads to it
 * @addr: any address it covers
 * @tlb: where it goes
 *
 * Context: mmap_lock held; takes the PMD lock and the PTL.
 * Source: Linux v6.14 mm/pt_reclaim.c try_to_free_pte()
 */
void try_to_free_pte(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                     struct mmu_gather *tlb);

/**
 * pt_reclaim_rfc_v1 - reclaim the empty tables of the 2 MiB spans that lie
 * wholly in a range.
 * @vma: contains the range
 * @start: first address
 * @end: first address beyond
 * @details: of the zap; NULL: nothing happens
 *
 * Context: mmap_lock held.
 */
void pt_reclaim_rfc_v1(struct mmu_gather *tlb, struct vm_area_struct *vma,
                       vaddr_t start, vaddr_t end,
                       const struct zap_details *details);

enum install_kind {
	INSTALL_PTE_TABLE,
	INSTALL_HUGE_PAGE
};
/**
 * flush_before_install - the TLB flush in front of an entry that changes the
 * page size (option flush_before_install).
 * @addr: the entry's
 * @kind: what it is going to be
 *
 * Context: PMD lock held, right before the PMD is written.
 */
void flush_before_install(struct mm_struct *mm, vaddr_t addr,
                          enum install_kind kind);

#endif
