/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hardware does on its own: walks page tables for addresses nobody has
 * asked for yet, and forgets entries.
 *
 * The walker is an agent per CPU.  Each time it is picked it asks what to do
 * (CHOICE_SPECULATE: nothing, walk one of its candidates, or forget) and counts
 * against the machine's caps.spontaneous; when the cap is reached it waits for
 * ever.  It has a clock of its own, and the timed policy never picks it.
 */
#ifndef MMULATOR_MMU_SPECULATE_H
#define MMULATOR_MMU_SPECULATE_H

#include "mmu/mmu.h"

/**
 * mmu_speculate - walk for @va in the background and fill the data TLB.
 *
 * Sets A where the walk passes, never D, never faults; fills nothing if the
 * walk ends nowhere, if an entry of the same size is held for @va already or if
 * this CPU invalidated something in the meantime. Steps as a load's walk.
 * Return: it filled.
 */
bool mmu_speculate(struct mmu *mmu, vaddr_t va);

/** mmu_evict - drop the @n-th entry held (tlb_nth()), all copies. One step.
 * Return: false if there is none. */
bool mmu_evict(struct mmu *mmu, unsigned n);

#define MMU_WALKER_CANDIDATES 32

/**
 * mmu_walker_start - create the walker agent of this CPU.
 * @evict: it may forget entries as well
 *
 * Context: after machine_new() or machine_reset(), each run anew.
 * Return: 0 or -ENOSPC (no agent left).
 */
int mmu_walker_start(struct mmu *mmu, bool evict);
/** mmu_walker_add - @va is one more address the walker may walk for. Return: 0
 * or -ENOSPC. */
int mmu_walker_add(struct mmu *mmu, vaddr_t va);

#endif
