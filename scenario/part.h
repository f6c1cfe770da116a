/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of a search: what came of some of its runs.
 *
 * A search (scenario/search.h) is parts in an order that is always the same:
 * the parts of the explorer, bound by bound, or so many runs of a random policy
 * each.  A part's outcome depends on nothing but the search, so processes and
 * machines share the parts out, and whoever has them all knows what one process
 * would have found.  Of a part only those runs are kept that can matter to the
 * whole: they show something for the first time within it.
 */
#ifndef MMULATOR_SCENARIO_PART_H
#define MMULATOR_SCENARIO_PART_H

#include <json-glib/json-glib.h>

#include "scenario/run.h"

struct part_run {
	uint64_t index;         /* among the part's runs, from 0 */
	int preemptions;        /* -1: not counted */
	char *reason;           /* why it is not as expected, NULL: it is */
	struct run_result run;  /* its pointers are not valid */
	struct choice_log *log; /* NULL: nobody will ask for it */
};

/* Runs [first, end). */
struct part_range {
	uint64_t first, end;
};

struct part {
	unsigned bound;  /* of preemptions; random policies: 0 */
	unsigned number; /* in order, within the bound */
	uint64_t executions;
	uint64_t given_up; /* runs that would have shown nothing new */
	bool hit;    /* a run would have needed more preemptions than bound */
	bool calmed; /* hardware could have done more on its own */
	bool cut;    /* it did not come to its end */
	GPtrArray *runs; /* of struct part_run, in order */
	uint32_t fired;  /* of all its runs */
	bool stopped;    /* one did not end by itself */
	/* Runs in which a signal ended a thread, and which threads in the first
	 * of them, of struct killed; NULL: in none. */
	GArray *killed_runs; /* of struct part_range */
	GArray *killed;
	uint64_t held;
};

/**
 * part_new - a part without runs.
 * @bound: of preemptions; random policies: 0
 * @number: in order, within the bound, from 0
 *
 * Return: never NULL; part_free().
 */
struct part *part_new(unsigned bound, unsigned number);
/**
 * part_free - the end of a part and its runs.
 * @p: NULL: nothing happens
 */
void part_free(struct part *p);

/**
 * part_note - one more run of it was made.
 * @r: where; it has made no other run since, for runner_log()
 * @run: its outcome
 * @reason: why it is not as expected, NULL: it is; becomes the part's
 * @preemptions: it needed; -1: not counted
 */
void part_note(struct part *p, struct runner *r, const struct run_result *run,
               char *reason, int preemptions);

/* scenario/part_json.c */
/** part_to_json - for a report. Return: one object; json_node_unref(). */
JsonNode *part_to_json(const struct part *p);
/**
 * part_from_json - what part_to_json() wrote, or somebody else.
 * @node: any JSON
 * @s: what the search was of
 * @error: SCENARIO_ERROR_READ
 *
 * Return: a part, for part_free(); NULL and @error if it is no part of a search
 * of @s.
 */
struct part *part_from_json(JsonNode *node, const struct scenario *s,
                            GError **error);

#endif
