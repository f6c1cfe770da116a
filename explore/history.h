/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events of one run and their happens-before relation.
 *
 * An event is a step that was made.  Event e happens before event f iff they
 * depend on each other (explore/footprint.h) and e came first, or a chain of
 * such pairs leads from e to f.  There is one exception: what a task did before
 * an interrupt of its CPU is ordered before that only if it excluded it, or by
 * an object.  The whole handler could have come first; that its beginning and
 * end keep the task from moving in between is ordered as usual.  Each event has
 * a vector clock: of every agent, how many of its events happen before it
 * (itself included).
 *
 * For each object the history keeps who accessed it, newest first, so that the
 * events a step depends on are found without looking at all of them.  Events
 * are only ever taken off the end.
 */
#ifndef MMULATOR_EXPLORE_HISTORY_H
#define MMULATOR_EXPLORE_HISTORY_H

#include "explore/footprint.h"

#define NO_EVENT UINT32_MAX

/* An entry of an object's list. */
struct access_node {
	uint32_t event;
	uint32_t older; /* of the same object, NO_EVENT: none */
	/* The newest older one that does not hold off the same agents. */
	uint32_t unlike;
	uint32_t slot;
	bool writes;
	bool whole; /* the ranges of the footprints do not matter */
};

struct object_slot {
	objid_t key; /* 0: unused */
	uint32_t newest;
};

struct history {
	unsigned width; /* of a clock: agents that fit */
	unsigned nr_events, room;
	struct footprint *footprints;
	uint32_t *clocks;             /* width for each event */
	uint32_t *own;                /* it is its agent's n-th, from 1 */
	uint32_t *previous;           /* event of the same agent */
	uint32_t *first_access;       /* nr_accesses before it */
	uint32_t last[NR_AGENTS_MAX]; /* event of each agent */

	struct access_node *accesses;
	unsigned nr_accesses, access_room;
	struct object_slot *slots;
	unsigned slot_mask, nr_used;
	uint32_t *wide; /* events that touch more than a few words */
	unsigned nr_wide, wide_room;
	uint64_t readers;   /* CPUs where a reading section ever began */
	uint64_t reporters; /* CPUs that ever reported a quiescent state */
};

/** event_history_init - no event yet; history_fini(). libedit has the shorter
 * name. */
void event_history_init(struct history *h);
/** history_fini - free what it holds. */
void history_fini(struct history *h);

/**
 * history_push - one more event; its clock is computed.
 * @fp: of the step, with its effects; copied
 */
void history_push(struct history *h, const struct footprint *fp);
/** history_truncate - keep @nr_events at most; the later ones are forgotten. */
void history_truncate(struct history *h, unsigned nr_events);

static inline const uint32_t *history_clock(const struct history *h,
                                            unsigned event)
{
	return &h->clocks[(size_t)event * h->width];
}

/** happens_before - does event @e happen before what has clock @clock? */
static inline bool happens_before(const struct history *h, unsigned e,
                                  const uint32_t *clock)
{
	return clock[h->footprints[e].agent] >= h->own[e];
}

/* Events that a step directly depends on: the newest of each agent. */
struct rivals {
	uint64_t agents; /* bits of those that have one */
	uint32_t events[NR_AGENTS_MAX];
};

/* Which of them, as bits. */
enum rivals_wanted {
	RIVALS_ALL = 0,
	/* Those that could come after the step instead: neither what let its
	 * agent move, nor a report that it waited for. */
	RIVALS_RACES = 1,
	/* The step is one at a gate: nor who signalled that. */
	RIVALS_PAST_SIGNALS = 2,
	/* What it waits for excludes everybody else as well, so that it cannot
	 * come between an acquisition and its release: the acquisitions are
	 * meant. */
	RIVALS_PAST_UNLOCKS = 4,
};

/* Walk the bits of a mask. */
/* NOLINTBEGIN(bugprone-macro-parentheses): @i is declared here. */
#define for_each_bit(i, mask)                          \
	for (uint64_t left_##i = (mask), i;            \
	     left_##i && (i = first_bit(left_##i), 1); \
	     left_##i &= left_##i - 1)
/* NOLINTEND(bugprone-macro-parentheses) */
static inline uint64_t first_bit(uint64_t mask)
{
	return (uint64_t)__builtin_ctzll(mask);
}

/**
 * history_rivals - the newest events of other agents that a step depends on.
 * @fp: of the step; its effects count as far as they are known
 * @which: which of them: bits of enum rivals_wanted
 * @out: one event of each agent that has one
 *
 * Events that happen before another rival may be left out.
 */
void history_rivals(const struct history *h, const struct footprint *fp,
                    unsigned which, struct rivals *out);

/**
 * history_clock_of - the clock of a step not made yet, without itself.
 * @agent: makes it
 * @rivals: what history_rivals() found, all of them
 * @clock: set; h->width counters, by agent
 */
void history_clock_of(const struct history *h, unsigned agent,
                      const struct rivals *rivals, uint32_t *clock);

#endif
