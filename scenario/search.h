/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a variant by searching its interleavings, schedules aside: all of
 * them (explore/explorer.h), many likely ones (explore/pct.h) or many at
 * random.
 *
 * The search ends when everything expected was seen, when something that is not
 * expected was, when nothing is left, or at a cap.  A run that shows a hazard
 * with the direct engine is repeated under Unicorn and has to show the same.
 */
#ifndef MMULATOR_SCENARIO_SEARCH_H
#define MMULATOR_SCENARIO_SEARCH_H

#include "scenario/verdict.h"

/* What hardware does on its own in a run that is explored. */
#define SEARCH_SPONTANEOUS 1

enum search_kind {
	SEARCH_EXPLORE,
	SEARCH_PCT,
	SEARCH_RANDOM
};

/* Runs of pct and random that are one part (scenario/part.h). */
#define SEARCH_CHUNK 64

struct search_options {
	enum search_kind kind;
	bool bounded; /* explore */
	unsigned bound;
	/* explore: of hardware in one run; else SEARCH_SPONTANEOUS */
	bool has_spontaneous;
	uint64_t spontaneous;
	unsigned depth;          /* pct */
	uint64_t seed;           /* pct, random */
	uint64_t max_executions; /* 0: none */
	/* Only the parts whose number leaves @shard when divided by @nr_shards;
	 * 0: all. */
	unsigned shard, nr_shards;
	bool (*time_is_up)(void *data); /* NULL: no cap */
	void (*progress)(void *data, unsigned done, unsigned total);
	void *data;
};

/**
 * search_spontaneous - what hardware may do on its own in a run.
 * @o: of an exploration
 *
 * Return: steps, at most.
 */
uint64_t search_spontaneous(const struct search_options *o);

struct part;

/* Who gets the parts. */
struct search_sink {
	/* Part @number of @bound is next; NULL: all are searched. Return: it is
	 * searched here. */
	bool (*takes)(void *data, unsigned bound, unsigned number);
	/* One is over; it becomes the sink's. Return: the search goes on. */
	bool (*part)(void *data, struct part *p);
	/* All of @bound was walked. Return: the search goes on with the next
	 * bound, if there is one. */
	bool (*walked)(void *data, unsigned bound, unsigned nr_parts, bool hit);
	/* What earlier parts showed; NULL: not known. */
	const struct verdict *known;
	void *data;
};

/**
 * search_parts - search, part by part.
 * @options: what to search, and how far
 * @sink: gets the parts
 * @error: as runner_run()
 *
 * Ends when nothing is left or the sink says so, at a cap, behind a run that is
 * not as expected, or when everything expected was seen.
 *
 * Return: false and @error if a run is impossible.
 */
bool search_parts(struct runner *r, const struct search_options *options,
                  const struct search_sink *sink, GError **error);

/**
 * search_conclude - what is left to do with a search's verdict: the run that
 * decided is made smaller (explore/shrink.h) and repeated under
 * Unicorn; what only all runs together can tell is judged.
 * @r: a runner of what was searched
 * @out: of joint_finish(); `ok` and `reason` are final afterwards
 * @error: as runner_new() of the runner under Unicorn
 *
 * Return: false and @error (and @out cleared) if there can be no such runner.
 */
bool search_conclude(struct runner *r, struct verdict *out, GError **error);

/**
 * search_variant - as verify_variant(), by a search.
 * @options: what to search, and how far
 * @out: verdict_clear(); its `first` is the run that decided, not the pinned
 *	one
 * @error: as runner_run(), or as runner_new() of the runner that repeats a
 *	hazard under Unicorn
 *
 * Return: false and @error if a run is impossible; nothing to clear then.
 */
bool search_variant(struct runner *r, const struct search_options *options,
                    struct verdict *out, GError **error);

/**
 * search_random_policy - the policy that makes the runs of a pct or random
 * search; its run number is still to be set (search_set_run()).
 * @r: makes a run, to know how long one is, for pct
 * @options: kind, seed and depth of the search
 * @error: as runner_run()
 *
 * Return: policy_free(); NULL and @error if a run is impossible.
 */
struct policy *search_random_policy(struct runner *r,
                                    const struct search_options *options,
                                    GError **error);
/**
 * search_set_run - the next run is a certain one of the search.
 * @policy: of search_random_policy()
 * @kind: as there: SEARCH_PCT or SEARCH_RANDOM
 * @run: its number, from 0
 */
void search_set_run(struct policy *policy, enum search_kind kind, uint64_t run);

#endif
