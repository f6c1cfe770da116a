/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judges' own picture of every CPU's TLB, drawn from EV_TLB_FILL and
 * EV_TLB_DROP.  An entry is known by its CPU and serial number.
 */
#ifndef MMULATOR_ORACLE_TLB_VIEW_H
#define MMULATOR_ORACLE_TLB_VIEW_H

#include "base/event.h"
#include "tlb/tlb.h"

/* One valid translation of a CPU. */
struct view_entry {
	vaddr_t va;
	pfn_t pfn;
	uint64_t serial;
	uint64_t fill_step;
	uint16_t pcid;
	uint8_t shift;
	uint8_t rights;
	uint8_t filled_by;
	uint32_t next; /* in its list; index */
	uint32_t cpu;
	bool live;
};

/* The last use a CPU made of a page. */
struct view_use {
	paddr_t root;
	uint64_t vpn;
	pfn_t pfn;
	uint64_t fill_step;
	uint64_t use_step;
	unsigned cpu;
	int agent;
	uint8_t filled_by;
	uint8_t shift;
};

struct access_record;
struct tlb_view;

#define TLB_VIEW_EVENTS \
	((UINT64_C(1) << EV_TLB_FILL) | (UINT64_C(1) << EV_TLB_DROP))

/**
 * tlb_view_new - a picture of empty TLBs.
 *
 * Return: never NULL; tlb_view_free().
 */
struct tlb_view *tlb_view_new(void);
/** tlb_view_free - it is not needed any more. */
void tlb_view_free(struct tlb_view *v);
/** tlb_view_reset - a new run starts: forget everything, keep the memory. */
void tlb_view_reset(struct tlb_view *v);
/**
 * tlb_view_before - @ev happened, and the oracles have not yet judged it: what
 * it fills is not in the view, what it drops is.
 */
void tlb_view_before(struct tlb_view *v, const struct event *ev);
/**
 * tlb_view_after - the oracles have judged @ev: what it fills is in the view
 * now.
 */
void tlb_view_after(struct tlb_view *v, const struct event *ev);

/**
 * tlb_view_overlap - a valid entry that overlaps another, of another size and
 * of the same PCID (or one of them is global).
 * @cpu: whose TLB
 * @e: the other
 *
 * Return: it, until the next event; NULL if there is none.
 */
const struct view_entry *tlb_view_overlap(const struct tlb_view *v,
                                          unsigned cpu,
                                          const struct tlb_entry *e);

/**
 * tlb_view_note_use - remember an access through a translation.
 * @rec: the access
 * @agent: who made it
 * @step: when
 */
void tlb_view_note_use(struct tlb_view *v, const struct access_record *rec,
                       int agent, uint64_t step);
/**
 * tlb_view_last_use - how a CPU last used an address.
 * @root: of the address space
 * @va: the address
 * @cpu: the CPU
 *
 * Return: it, until the next event; NULL if it never did.
 */
const struct view_use *tlb_view_last_use(const struct tlb_view *v, paddr_t root,
                                         vaddr_t va, unsigned cpu);

#endif
