/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a step touches, and when two steps depend on each other.
 *
 * Two steps depend on each other iff swapping neighbours could make a
 * difference: their objects overlap and one changes its object; or they are of
 * one CPU, whose task and interrupt context exclude each other (what that
 * leaves of races is for explore/history.h to say); or one lets
 * the other move or keeps it from moving.  The last cannot be announced.  It is
 * found by looking at the machine before and after: who could move, which CPUs
 * were quiescent (what a grace period waits for), what the CPUs' run queues
 * held, whether a step of a page walk filled a TLB, and which objects were
 * freed.
 */
#ifndef MMULATOR_EXPLORE_FOOTPRINT_H
#define MMULATOR_EXPLORE_FOOTPRINT_H

#include "base/machine.h"

/* A CPU as an index that can be missing: 1 + number, 0 = none. */
typedef uint8_t cpu_index_t;

struct footprint {
	objid_t start, end; /* bytes of the object; equal: none */
	uint8_t kind;       /* enum step_kind */
	uint8_t commutes;   /* enum step_commutes */
	bool writes;
	bool opened;    /* a gate that was closed */
	bool masked;    /* before it its CPU took no interrupts */
	bool interrupt; /* it is one of an interrupt's handler */
	uint8_t agent;
	cpu_index_t lane; /* CPU it occupies */
	cpu_index_t tlb;  /* CPU whose TLB it uses besides its object */
	uint64_t watches; /* CPUs whose quiescence it waits for */
	bool snapshots;   /* call_rcu(): sees which CPUs are quiescent */
	uint32_t ends;    /* number of the callback whose grace period it ends,
	                   * 0: none */
	/* Known only after it was made. */
	bool excludes;      /* interrupts of its CPU, before or after it */
	uint64_t suspended; /* agents that had no CPU before it */
	uint64_t changed;   /* agents it let move or kept from moving */
	uint64_t freed;     /* of them, agents it let move */
	uint64_t quiet;     /* CPUs that became quiescent, or ceased to be */
	uint64_t begun;     /* of them, those where a reading section began */
	uint64_t ended;     /* or ended */
	uint64_t queues;    /* CPUs whose run queue it changed, not its own */
	/* CPUs that reported their quiescent state in it, and for which
	 * callbacks: numbers from @first_report to @last_report. */
	uint64_t reports;
	uint32_t first_report, last_report;
	uint32_t queued; /* number of the callback it queued */
	/* Objects it freed: a write to all of each. */
	unsigned nr_frees;
	struct arena_range frees[ARENA_RANGES_MAX];
};

/* What of a machine steps change besides their object. */
struct hidden_state {
	uint64_t ready; /* whom a CPU lets move goes by lanes */
	uint64_t suspended, nr_opened;
	uint64_t masked; /* CPUs that take no interrupts now */
	bool buffers;    /* stores reach memory later */
	unsigned nr_cpus;
	uint64_t quiet;
	uint32_t flips[NR_CPUS_MAX]; /* of the quiescence */
	uint32_t queue[NR_CPUS_MAX];
	uint64_t fills[NR_CPUS_MAX]; /* of the TLB */
	uint64_t reported[NR_CPUS_MAX], nr_queued;
	const struct arena *arena;
	uint64_t nr_frees;
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
 * @watches: what footprint_watches() said when @a announced it
 */
void footprint_announced(struct footprint *fp, const struct agent *a,
                         uint64_t watches);
/**
 * footprint_watches - whose quiescence does the step of an agent depend on?
 * @m: its machine
 * @a: alive
 *
 * Return: the bit of the CPU that an expedited grace period waits for.
 */
uint64_t footprint_watches(const struct machine *m, const struct agent *a);

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
 * footprints_commute - is it the same object, and no matter who comes first?
 * @a: announced
 * @b: announced
 *
 * Return: by what the steps said of themselves (enum step_commutes).
 */
bool footprints_commute(const struct footprint *a, const struct footprint *b);
/**
 * objects_conflict - do the objects of two steps overlap, and does one change
 * its object, or free it?
 * @a: announced
 * @b: announced
 *
 * Return: whether; the order does not matter.
 */
bool objects_conflict(const struct footprint *a, const struct footprint *b);
/**
 * footprints_meet - do two steps depend on each other, even if their agents do
 * not share a CPU?
 * @a: with the effects if it was made
 * @b: likewise
 *
 * Return: whether; the order does not matter.
 */
bool footprints_meet(const struct footprint *a, const struct footprint *b);
/**
 * footprints_conflict - do two steps depend on each other?
 * @a: with the effects if it was made
 * @b: likewise
 *
 * Return: whether; the order does not matter.  What nobody knows yet of a step
 * that was not made is left out.
 */
bool footprints_conflict(const struct footprint *a, const struct footprint *b);

/* The bytes of memory that a step freed. */
static inline objid_t freed_start(const struct arena_range *range)
{
	return obj_make(OBJ_SPACE_KERNEL,
	                (uint64_t)range->line << ARENA_LINE_SHIFT);
}
static inline objid_t freed_end(const struct arena_range *range)
{
	return freed_start(range) +
	       ((uint64_t)range->nr_lines << ARENA_LINE_SHIFT);
}

/* Objects that nobody announces. */
enum {
	HIDDEN_LANE = 0x80, /* | CPU: its tasks' steps, one after the other */
	HIDDEN_INTERRUPT,   /* | CPU: its interrupts' steps */
	HIDDEN_MASKED,      /* | CPU: its tasks' steps that exclude those */
	HIDDEN_QUIET,       /* | CPU: its quiescence */
	HIDDEN_BEGUN,       /* | CPU: that a reading section began there */
	HIDDEN_ENDED,       /* | CPU: that one ended there */
	HIDDEN_SNAPSHOT,    /* of who is quiescent: call_rcu() */
	HIDDEN_QUEUED,      /* | number of a callback */
	HIDDEN_REPORT,      /* | CPU and number of a callback */
	HIDDEN_ENABLED,     /* | agent and number of its step */
	HIDDEN_SPONTANEOUS, /* the budget of all walkers */
};
/* hidden_report - that @cpu reported its quiescent state for callback @nr. */
static inline uint64_t hidden_report(uint64_t cpu, uint64_t nr)
{
	return cpu << 40 | nr;
}
static inline objid_t hidden_obj(uint64_t space, uint64_t id)
{
	return (space << OBJ_SPACE_SHIFT) | id;
}

#endif
