/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of one variant, shown: what run and replay have in common.
 */
#ifndef MMULATOR_CLI_SINGLE_H
#define MMULATOR_CLI_SINGLE_H

#include "cli/cli.h"

struct single {
	const struct cli_options *options;
	struct output out;
	GString *trace;   /* --trace: every run's */
	GString *choices; /* --choices-out: the only run's */
	unsigned nr_runs;
	bool keep;    /* print nothing, keep it in `out` and `told` */
	GArray *told; /* tell_hazards() of the run; NULL: there was none */
	bool explain; /* every hazard is told, not only the first */
	/* replay, explain: the run it has to be; else NULL */
	const struct choice_log *recorded;
};

/**
 * single_replay - the run of @log again, of the scenario that is @o's only
 * argument.
 * @o: takes what the log says
 * @explain: as in struct single
 *
 * Return: the status; CLI_USAGE with an error said if it is not that run.
 */
int single_replay(struct cli_options *o, const struct choice_log *log,
                  bool explain);

/**
 * random_policy - the one --policy random or pct asks for, at its --run.
 * @o: with a policy
 *
 * Return: never NULL; policy_free().
 */
struct policy *random_policy(const struct cli_options *o);

/**
 * single_init - no run yet; single_finish().
 * @o: borrowed
 */
void single_init(struct single *x, const struct cli_options *o);

/**
 * single_run - make one run and print the report.
 * @r: what to run
 * @policy: freed
 * @run: the outcome; set if there is no error
 *
 * Return: the status: CLI_OK, CLI_DIFFERS, or CLI_USAGE with an error said.
 */
int single_run(struct single *x, struct runner *r, struct policy *policy,
               struct run_result *run);

/**
 * single_finish - write the files and what is left, and free @x.
 * @status: the largest of the runs; at CLI_USAGE and above nothing is written
 *
 * Return: @status, or CLI_USAGE, said so, if something could not be written.
 */
int single_finish(struct single *x, int status);

#endif
