/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a variant do what its scenario expects?
 *
 *  - `expect clean`: the pinned run (schedule, else lowest clock first) and all
 *    random runs end by themselves without a hazard.
 *  - `expect hazard A, B allow C`: with a schedule the pinned run shows A and B
 *    and nothing but A, B, C.  Without one, random runs go on until both were
 *    seen, and no run shows anything else.
 *  - `always` and `never` are held against every run that ended, `exists`
 * against all of them together.
 */
#ifndef MMULATOR_SCENARIO_VERDICT_H
#define MMULATOR_SCENARIO_VERDICT_H

#include "scenario/run.h"

struct verify_options {
	bool pinned_only; /* no random runs */
	bool timed;       /* one run, lowest clock first, schedule or not */
	bool has_random;  /* instead of the scenario's `check` */
	unsigned nr_random;
	bool has_seed;
	uint64_t seed;
	/* After every run; may be NULL. */
	void (*progress)(void *data, unsigned done, unsigned total);
	void *data;
};

struct verdict {
	bool ok;
	char *reason;        /* why not, one sentence; NULL if ok */
	uint32_t fired;      /* in any run, 1 << enum oracle_id */
	unsigned executions; /* runs made */
	enum run_end end;    /* of the first run that did not end by itself */
	struct run_result first; /* the pinned run; pointers are not valid */
	/* The run that decided: the first that differs, else the first with a
	 * hazard (of a search: with the most of those that are expected), else
	 * the pinned one. */
	struct choice_log *log;
	/* Number of the random run that decided, -1: the pinned one. */
	int64_t run;
	uint64_t seed; /* of the random runs */

	/* Threads that a signal ended in the first run in which one did, of
	 * struct killed (scenario/killed.h); and the number of such runs. */
	GArray *killed;
	unsigned killed_runs;

	/* of a search (scenario/search.h) */
	uint64_t held;        /* conditions that held in some run */
	const char *ended;    /* what ended it; NULL: it was none */
	bool exhausted;       /* nothing is left, within the bound if any */
	bool confirmed;       /* Unicorn showed the same */
	bool calmed;          /* hardware could have done more on its own ... */
	uint64_t spontaneous; /* ... than so many steps in a run */
	unsigned bound;       /* most preemptions, as far as it came */
	int preemptions;      /* of the run that decided; -1: not counted */
	bool least;           /* none with fewer, nor sooner with as many */
	uint64_t given_up;    /* runs that would have shown nothing new */
};

/**
 * verify_variant - run it and judge.
 * @options: NULL: as the scenario says
 * @out: the verdict; verdict_clear()
 * @error: as runner_run()
 *
 * Return: false and @error if a run is impossible; nothing to clear then.
 */
bool verify_variant(struct runner *r, const struct verify_options *options,
                    struct verdict *out, GError **error);
/** verdict_clear - free what it holds; twice is fine. */
void verdict_clear(struct verdict *v);

/**
 * note_killed - remember in a verdict which threads of a run were killed.
 * @out: the verdict so far
 * @r: where it ran
 * @run: one more run
 */
void note_killed(struct verdict *out, const struct runner *r,
                 const struct run_result *run);

/**
 * judge_run - one run alone against what is expected.
 * @r: where it ran
 * @run: its outcome
 * @whole: it is the only one: `exists` and every hazard must show in it
 *
 * Return: NULL if it fits, else why not (g_free()).
 */
char *judge_run(const struct runner *r, const struct run_result *run,
                bool whole);

/**
 * judge_all_runs - what only all runs together can tell: does every expected
 * hazard and every `exists` show in one of them?
 * @r: where they ran
 * @fired: hazards of any of them, 1 << enum oracle_id
 * @held: conditions that held in some of them, bits as in struct run_result
 * @executions: how many there were, for the sentence
 *
 * Return: NULL if so, else what is missing (g_free()).
 */
char *judge_all_runs(const struct runner *r, uint32_t fired, uint64_t held,
                     unsigned executions);

/**
 * run_end_name - how a run ended, for reports.
 * @end: a value of the enum
 *
 * Return: "done", "deadlock", "step cap", "stopped" or "paused".
 */
const char *run_end_name(enum run_end end);
/**
 * expected_hazards - what `expect hazard` names.
 * @v: NULL: nothing is expected
 *
 * Return: 1 << enum oracle_id of each.
 */
uint32_t expected_hazards(const struct ast_variant *v);
/**
 * allowed_hazards - what may show: everything expected and what `allow` names.
 * @v: NULL: nothing may
 *
 * Return: 1 << enum oracle_id of each.
 */
uint32_t allowed_hazards(const struct ast_variant *v);
/**
 * format_hazards - names of oracles, in the order of enum oracle_id.
 * @fired: 1 << enum oracle_id of each
 *
 * Return: "stale-use, size-mix"; "" for none; g_free().
 */
char *format_hazards(uint32_t fired);
/**
 * format_expected - what a variant expects, for reports.
 * @v: NULL: clean
 *
 * Return: "clean" or "hazard size-mix"; g_free().
 */
char *format_expected(const struct ast_variant *v);

#endif
