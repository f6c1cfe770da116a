/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gives a page its allocation tags, and when: Linux v6.12
 * arch/arm64/include/asm/mte.h, kernel/mte.c, mm/copypage.c, mm/fault.c.
 *
 * A page that is mapped with PROT_MTE for the first time has its tags set to 0,
 * once, by whoever takes PG_mte_lock; PG_mte_tagged says that they are good,
 * and stays until the page is freed.
 *
 *	Locked:   PG_mte_lock && !PG_mte_tagged
 *	Unlocked: !PG_mte_lock || PG_mte_tagged
 */
#ifndef MMULATOR_MM_ARM64_MTE_H
#define MMULATOR_MM_ARM64_MTE_H

#include "mm/arch.h"
#include "mm/page.h"
#include "pagetable/arm64.h"

#define VM_MTE         ARM64_VM_MTE   /* VM_HIGH_ARCH_4: PROT_MTE */
#define VM_MTE_ALLOWED VM_HIGH_ARCH_5 /* the memory behind it can hold tags */

extern const struct mman_ops arm64_mman_ops;
extern const struct page_ops arm64_page_ops;
extern const struct thread_ops arm64_thread_ops;

/** pte_tagged - is memory mapped by @pte Tagged Normal? Return: it is. */
bool pte_tagged(pte_t pte);

/** page_mte_tagged - are the tags of @page good? A step. Return: they are. */
bool page_mte_tagged(struct page *page);

/**
 * try_page_mte_tagging - become the one who initialises the tags of a page.
 * @page: the page
 *
 * If somebody else does, waits until PG_mte_tagged is set. Steps.
 *
 * Return: the caller must set the tags, and then call set_page_mte_tagged();
 * false: they are good.
 */
bool must_check try_page_mte_tagging(struct page *page);

/** set_page_mte_tagged - the tags of @page are good from now on. A step.
 * Context: after try_page_mte_tagging() said so. */
void set_page_mte_tagged(struct page *page);

/**
 * mte_sync_tags - before an entry that gives access to tags is written: the
 * pages it maps have good ones.
 * @pte: the first entry
 * @nr: entries, of consecutive pages
 *
 * Option mte_sync. Steps.
 */
void mte_sync_tags(pte_t pte, unsigned nr);

/** mte_cpu_setup - the zero page of @k has tags of 0. Outside of a run. */
void mte_cpu_setup(struct kernel *k);

/**
 * mte_synced_late - what option mte_sync=pte_first does after the entry was
 * written instead; else nothing.
 * @pte: as for mte_sync_tags()
 * @nr: as there
 */
void mte_synced_late(pte_t pte, unsigned nr);

#endif
