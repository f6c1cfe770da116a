/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a variant of a scenario and asking what happened.
 *
 *	struct lab_plan plan = { .policy = LAB_EXPLORE, .bounded = true,
 *	                         .bound = 1 };
 *	struct lab_trial *t = lab_try(s, "fixed", &plan, &error);
 *
 *	assert(t && t->ok && t->exhausted);
 *	assert(!lab_found(t, ORACLE_SIZE_MIX));
 *	lab_trial_free(t);
 *
 * A scenario comes from lab/builder.h, or from a file by scenario_load()
 * (scenario/parse.h).  A trial is values of its own; the same scenario and plan
 * give the same trial on every machine, but for a search that time_is_up()
 * ends.
 */
#ifndef MMULATOR_LAB_TRIAL_H
#define MMULATOR_LAB_TRIAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "oracle/oracle.h"
#include "scenario/run.h"

enum lab_policy {
	LAB_PINNED,  /* one run along the schedule; timed without one */
	LAB_TIMED,   /* one run, lowest clock first */
	LAB_RANDOM,  /* nr_runs random schedules from seed */
	LAB_PCT,     /* the same, likely ones (explore/pct.h) */
	LAB_EXPLORE, /* all that can make a difference (explore/explorer.h) */
};

/* Fields that are 0 or NULL have the default that stands behind them. */
struct lab_plan {
	enum lab_policy policy;
	const struct vcpu_ops *engine; /* direct; &vcpu_ops_unicorn */
	uint64_t seed;                 /* RANDOM, PCT */
	uint64_t nr_runs; /* RANDOM: 1; PCT, EXPLORE: 100,000 at most */
	unsigned depth;   /* PCT: 3 */
	bool bounded;     /* EXPLORE: at most `bound` preemptions */
	unsigned bound;
	const char *const *options;      /* of the mm, "key=value", to NULL */
	const char *const *profile_dirs; /* as installed; to NULL */
	uint64_t step_cap;               /* of a run: as run_config's */
	/* PCT, EXPLORE: end the search? NULL: it has no time limit. */
	bool (*time_is_up)(void *data);
	void *data;
};

struct lab_trial {
	bool ok;        /* as the variant expects */
	char *reason;   /* why not, one sentence; NULL if ok */
	uint32_t fired; /* in any run: 1 << enum oracle_id */
	uint64_t executions;
	bool exhausted;    /* EXPLORE: nothing is left, within the bound */
	bool confirmed;    /* a search's hazard was the same under Unicorn */
	const char *ended; /* a search: what ended it; else NULL */

	/* The run that decided: the first that is not as expected, else the
	 * first with a hazard, else the first. */
	char *report;    /* its columns and hazards, as `mmulator run` */
	char *choices;   /* its log, for `mmulator replay` */
	int preemptions; /* of a search's; -1: not counted */
	uint64_t steps, cycles, trace_hash;
	enum run_end end;

	char **threads;                /* names, nr_threads of them */
	struct thread_result *results; /* likewise */
	unsigned nr_threads;
};

/**
 * lab_try - run @variant of @s as @plan says.
 * @s: borrowed for the call
 * @variant: NULL: the only one
 * @plan: NULL: one run as pinned
 * @error: as runner_new() and runner_run(); SCENARIO_ERROR_RULE for the
 *	variant
 *
 * Context: must not be called from within a run.
 * Return: what happened, for lab_trial_free(); NULL and @error if there is no
 * such variant, an option is wrong, the initial part fails or the schedule
 * cannot be followed.
 */
struct lab_trial *lab_try(const struct scenario *s, const char *variant,
                          const struct lab_plan *plan, GError **error);
/**
 * lab_trial_free - the end of a trial and of all it points to.
 * @t: NULL: nothing happens
 */
void lab_trial_free(struct lab_trial *t);

/**
 * lab_found - did this judge object in any run?
 * @oracle: below ORACLE_COUNT
 *
 * Return: whether.
 */
bool lab_found(const struct lab_trial *t, enum oracle_id oracle);

/**
 * lab_register - what a register held at the end of the run that decided.
 * @thread: its name; those of a kernel thread are 0
 * @reg: 0 .. NR_PROGRAM_REGS - 1
 * @value: set if there is such a thread and register
 *
 * Return: false if there is no such thread or register.
 */
bool lab_register(const struct lab_trial *t, const char *thread, unsigned reg,
                  uint64_t *value) G_GNUC_WARN_UNUSED_RESULT;
/**
 * lab_signal - what ended a thread in the run that decided.
 * @thread: its name
 *
 * Return: the guest's number of the signal, 0: none, -1: no such thread.
 */
int lab_signal(const struct lab_trial *t, const char *thread);

#endif
