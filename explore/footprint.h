/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a step touches, and when two steps depend on each other.
 *
 * Two steps depend on each other iff swapping neighbours could make a
 * difference: their objects overlap and one changes its object; or they are of
 * one CPU, whose task and interrupt context exclude each other; or one lets
 * the other move or keeps it from moving.  The last cannot be announced.  It is
 * found by looking at the machine before and after: who could move, which CPUs
 * were quiescent (what a grace period waits for), what the CPUs' run queues
 * held, and whether a step of a page walk filled a TLB.
 */
#ifndef MMULATOR_EXPLORE_FOOTPRINT_H
#define MMULATOR_EXPLORE_FOOTPRINT_H

#include "base/machine.h"

/* A CPU as an index that can be missing: 1 + number, 0 = none. */
typedef uint8_t cpu_index_t;

struct footprint {
	objid_t start, end; /* bytes of the object; equal: none */
	uint8_t kind;       /* enum step_kind */
	bool writes;
	uint8_t agent;
	cpu_index_t lane;  /* CPU it occupies */
	cpu_index_t waits; /* CPU it waited for to be quiescent */
	cpu_index_t tlb;   /* CPU whose TLB it uses besides its object */
	/* Known only after it was made. */
	uint64_t changed; /* agents it let move or kept from moving */
	uint64_t quiet;   /* CPUs that became quiescent, or no longer are */
	uint64_t queues;  /* CPUs whose run queue it changed, not its own */
};

/* What of a machine steps change besides their object. */
struct hidden_state {
	uint64_t enabled;
	uint64_t quiet;
	unsigned nr_cpus;
	uint32_t queue[NR_CPUS_MAX];
	uint64_t fills[NR_CPUS_MAX]; /* of the TLB */
};

/**
 * is_spontaneous - would a step take from the budget that all walkers share?
 * @a: waits to make the step
 *
 * Return: it would. That a walker comes into being takes nothing.
 */
bool is_spontaneous(const struct agent *a);

/**
 * footprint_announced - what is known of a step before it is made.
 * @fp: set; no effects
 * @a: waits to make the step
 * @waits: what footprint_waits() said when @a announced it
 */
void footprint_announced(struct footprint *fp, const struct agent *a,
                         cpu_index_t waits);
/**
 * footprint_waits - whose quiescence does an agent wait for?
 * @m: its machine
 * @a: alive
 *
 * Return: the CPU; 0: its gate, if it has one, is not such.
 */
cpu_index_t footprint_waits(const struct machine *m, const struct agent *a);

/**
 * hidden_state_read - what a step may change unannounced, as it is now.
 * @s: set
 * @m: between two steps
 */
void hidden_state_read(struct hidden_state *s, const struct machine *m);
/**
 * footprint_effects - complete a footprint by what the step changed.
 * @fp: as announced
 * @before: read before the step
 * @after: read after it, when everybody had announced the next one
 */
void footprint_effects(struct footprint *fp, const struct hidden_state *before,
                       const struct hidden_state *after);

/**
 * objects_conflict - do the objects of two steps overlap, and does one change
 * its object?
 * @a: announced
 * @b: announced
 *
 * Return: whether; the order does not matter.
 */
bool objects_conflict(const struct footprint *a, const struct footprint *b);
/**
 * footprints_conflict - do two steps depend on each other?
 * @a: with the effects if it was made
 * @b: likewise
 *
 * Return: whether; the order does not matter.  What nobody knows yet of a step
 * that was not made is left out.
 */
bool footprints_conflict(const struct footprint *a, const struct footprint *b);

/* Objects that nobody announces. */
enum {
	HIDDEN_LANE = 0x80, /* | CPU: what runs there, one after the other */
	HIDDEN_QUIET,       /* | CPU: its quiescence */
	HIDDEN_ENABLED,     /* | agent and number of its step */
	HIDDEN_SPONTANEOUS, /* the budget of all walkers */
};
static inline objid_t hidden_obj(uint64_t space, uint64_t id)
{
	return (space << OBJ_SPACE_SHIFT) | id;
}

#endif
