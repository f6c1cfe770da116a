/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a variant by searching its interleavings, schedules aside: all of
 * them (explore/explorer.h) or many likely ones (explore/pct.h).
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
	SEARCH_PCT
};

struct search_options {
	enum search_kind kind;
	bool bounded; /* explore */
	unsigned bound;
	/* explore: of hardware in one run; else SEARCH_SPONTANEOUS */
	bool has_spontaneous;
	uint64_t spontaneous;
	unsigned depth; /* pct */
	uint64_t seed;
	uint64_t max_executions; /* 0: none; pct needs one */
	unsigned shard, nr_shards;
	bool (*time_is_up)(void *data); /* NULL: no cap */
	void (*progress)(void *data, unsigned done, unsigned total);
	void *data;
};

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

#endif
