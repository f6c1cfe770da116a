/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exploring all interleavings: stateless search by running again.
 *
 * Interleavings that differ only in the order of independent steps
 * (explore/footprint.h) are one trace.  Without a bound the search runs each
 * trace to its end exactly once: source-set dynamic partial-order reduction
 * with sleep sets (Flanagan and Godefroid 2005; Abdulla et al. 2014).  What
 * else the machine chooses is branched as well.
 *
 * With a bound it searches for runs with 0 preemptions, then 1, and so on, so
 * that the first hazard found has the fewest.  A preemption is a move of
 * another agent than the last while that one could go on; spontaneous steps of
 * hardware are none.  The reduction is then the one of Coons, Musuvathi and
 * McKinley (2013), with the sleep sets of explore/sleep.c: traces may be run
 * more than once.
 *
 * Use:
 *	while ((policy = explorer_next(x))) {
 *		... run under policy, begin() called, with the machine as at the
 *		start of every other run ...
 *		if (explorer_counts(x))
 *			... look at the outcome ...
 *		explorer_done(x, there_was_a_hazard);
 *	}
 */
#ifndef MMULATOR_EXPLORE_EXPLORER_H
#define MMULATOR_EXPLORE_EXPLORER_H

#include "base/policy.h"

struct explorer;

/*
 * A search in parts: the first branchings are tried in full, and what lies
 * below them is numbered from 0, for each bound anew.  Part k is the same runs
 * whoever else makes the others, and all parts together are each trace once.
 * Every search in parts walks the branchings above them.
 */
struct explorer_parts {
	/* Part @number comes next, and the one before is over.  Return: it is
	 * searched here. */
	bool (*takes)(void *data, unsigned bound, unsigned number);
	/* The last of @nr_parts is over.  @hit: a run seen here would need more
	 * preemptions.  Return: go on with the next bound. */
	bool (*walked)(void *data, unsigned bound, unsigned nr_parts, bool hit);
	void *data;
};

struct explorer_options {
	bool bounded;
	unsigned bound; /* most preemptions */
	/* Events of a usual run; 0: not known.  With two preemptions and more
	 * the early ones are then tried first. */
	uint64_t length;
	/* Caps; 0 and NULL: none. */
	uint64_t max_executions;
	uint64_t max_steps;
	/* Spontaneous steps of hardware in one run; what would need more is
	 * left out. */
	bool limit_spontaneous;
	uint64_t max_spontaneous;
	bool (*time_is_up)(void *data);
	void *data;
	const struct explorer_parts *parts; /* NULL: in one; borrowed */
	bool go_on;                         /* after a hazard */
};

enum explorer_end {
	EXPLORER_GOES_ON,
	EXPLORER_EXHAUSTED, /* nothing is left, within the bound if any */
	EXPLORER_HAZARD,
	EXPLORER_CAP_EXECUTIONS,
	EXPLORER_CAP_STEPS,
	EXPLORER_CAP_TIME,
	EXPLORER_FAILED, /* a run was not like the one before */
};

struct explorer_stats {
	enum explorer_end end;
	uint64_t executions; /* complete runs */
	uint64_t blocked;    /* given up: they led to traces already seen */
	uint64_t truncated;  /* runs that met the machine's cap on steps */
	uint64_t steps;      /* of all runs */
	unsigned bound;      /* the one searched last */
	bool calmed;         /* hardware could have done more than it may */
	/* EXPLORER_EXHAUSTED, and no run was cut off. With a bound: for that
	 * bound. */
	bool exhausted;
	/* No run would have needed more preemptions or spontaneous steps than
	 * it may have. */
	bool complete;
};

/**
 * explorer_new - a search that has not begun.
 * @options: copied; what it points to is borrowed
 *
 * Return: never NULL; explorer_free().
 */
struct explorer *explorer_new(const struct explorer_options *options);
/**
 * explorer_free - the search is not needed any more, nor its policy.
 * @x: NULL: nothing happens
 */
void explorer_free(struct explorer *x);

/**
 * explorer_next - the next run.
 *
 * Context: the run before, if any, was handed to explorer_done().
 * Return: its policy, the explorer's, the same object every time; NULL: the
 * search is over, explorer_stats() says why.
 */
struct policy *explorer_next(struct explorer *x);
/**
 * explorer_counts - was the last run a complete one of a part that was
 * taken?
 *
 * Return: false: its outcome means nothing.
 */
bool explorer_counts(const struct explorer *x);
/**
 * explorer_done - the last run was looked at.
 * @hazard: it showed one; of a run that does not count this is ignored
 */
void explorer_done(struct explorer *x, bool hazard);
/**
 * explorer_bound_hit - was anything left out for the bound?
 *
 * Return: a run of the present bound would have needed more preemptions.
 */
bool explorer_bound_hit(const struct explorer *x);
/**
 * explorer_preemptions - what the last run cost.
 *
 * Context: before explorer_next() changes the path.
 * Return: how many times an agent was preempted in it.
 */
unsigned explorer_preemptions(const struct explorer *x);

/** explorer_stats - figures so far. Return: the explorer's, always current. */
const struct explorer_stats *explorer_stats(const struct explorer *x);
/**
 * explorer_end_name - why a search ended, for reports.
 * @end: a value of the enum
 *
 * Return: a literal: "exhausted", "hazard found", "cap on executions", "cap on
 * steps", "cap on seconds", "not reproducible" or "goes on".
 */
const char *explorer_end_name(enum explorer_end end);

#endif
