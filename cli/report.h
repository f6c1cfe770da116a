/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What check says, in each of its formats.
 *
 * A format is a row of functions that are told what happens, in this order:
 *
 *	begin
 *	  begin_suite                     a folder
 *	    begin_scenario                a file
 *	      result, result, ...         its variants
 *	    end_scenario
 *	  end_suite
 *	end
 *
 * Results stay until the end, so a format may write as it goes (text, json,
 * ktap) or at the end (junit, sarif).  A result is plain values: it says
 * nothing about how they came about.
 */
#ifndef MMULATOR_CLI_REPORT_H
#define MMULATOR_CLI_REPORT_H

#include "cli/cli.h"
#include "scenario/verdict.h"

/* One variant, judged or left out. */
struct check_result {
	const struct scenario *scenario;
	const struct ast_variant *v; /* NULL: the scenario has none */
	bool skipped;                /* --variant chose others */

	bool ok;
	char *reason;     /* why not, one sentence; NULL if ok */
	char *expected;   /* "hazard size-mix" */
	char *found;      /* "clean", names of hazards, "incomplete" */
	uint32_t fired;   /* 1 << enum oracle_id */
	enum run_end end; /* how one of the runs did not end, else RUN_DONE */
	unsigned executions;
	double seconds;
	struct run_result
		run; /* the one that decided; pointers are not valid */

	/* How the runs were chosen: "pinned", "exhausted, bound 2". */
	char *search;
	bool exhausted;
	bool confirmed;    /* Unicorn showed the same */
	int preemptions;   /* of the run that decided; -1: not counted */
	bool least;        /* there is no smaller run that shows it */
	uint64_t given_up; /* runs that would have shown nothing new */

	/* Threads that a signal ended, of struct killed; and a sentence about
	 * those of which the scenario does not look at the signal, or NULL. */
	GArray *killed;
	char *killed_text;

	/* If it differs: */
	char *columns; /* the run that decided, as mmulator run shows it */
	GArray *told;  /* its hazards, struct told; NULL: there is no run */
	char *again;   /* the command that repeats that run, or NULL */
};

/* A suite, a scenario, or all: what is below it. */
struct report_group {
	const char *name;
	unsigned number;   /* among its like, from 1 */
	unsigned nr_below; /* suites, scenarios or variants */
	unsigned nr_results, nr_wrong, nr_skipped;
	double seconds;
};

struct report {
	const struct cli_options *options;
	const struct report_format *format;
	struct output out;
	GArray *results; /* struct check_result */
	struct report_group all, suite, scenario;
};

struct report_format {
	const char *name; /* --format */
	void (*begin)(struct report *x);
	void (*begin_suite)(struct report *x);
	void (*begin_scenario)(struct report *x);
	void (*result)(struct report *x, const struct check_result *r);
	void (*end_scenario)(struct report *x);
	void (*end_suite)(struct report *x);
	void (*end)(struct report *x);
};

extern const struct report_format report_text; /* cli/report_text.c */
extern const struct report_format report_json;
extern const struct report_format report_ktap;  /* cli/report_ktap.c */
extern const struct report_format report_junit; /* cli/report_junit.c */
extern const struct report_format report_sarif; /* cli/report_sarif.c */

/**
 * report_begin - a report in the format that the flags name.
 * @x: set; report_clear()
 * @scenarios: of struct scenario; they outlive the report
 * @o: borrowed
 *
 * Every scenario is then report_begin_scenario(), its variants in order
 * report_result(), report_end_scenario().
 */
void report_begin(struct report *x, const GPtrArray *scenarios,
                  const struct cli_options *o);
/**
 * report_begin_scenario - a scenario is next, and its suite if it is the first
 * of one.
 * @scenarios: as report_begin()
 * @i: which of them, from 0
 */
void report_begin_scenario(struct report *x, const GPtrArray *scenarios,
                           unsigned i);
/**
 * report_result - one more variant of the scenario.
 * @r: what it points to becomes the report's
 */
void report_result(struct report *x, struct check_result *r);
/**
 * report_end_scenario - its variants are all there, and its suite is over if it
 * was the last of one.
 * @scenarios: as report_begin()
 * @i: which of them, from 0
 */
void report_end_scenario(struct report *x, const GPtrArray *scenarios,
                         unsigned i);
/** report_end - nothing follows. Return: false, said so, if the report could
 * not be written. */
bool report_end(struct report *x);
/** report_clear - free it and its results. */
void report_clear(struct report *x);

/**
 * report_count - a result belongs to a group.
 * @g: its figures grow
 * @r: the result
 */
void report_count(struct report_group *g, const struct check_result *r);
/**
 * report_at - one of the results so far.
 * @i: from 0, below x->results->len
 *
 * Return: the report's, until the next report_result().
 */
const struct check_result *report_at(const struct report *x, unsigned i);
/** result_file - of which scenario. Return: the path the user named. */
const char *result_file(const struct check_result *r);
/**
 * result_summary - a result in one line.
 * @r: not a skipped one
 *
 * Return: "expects clean, found clean: 1001 executions (random), 0.93 s";
 * g_free().
 */
char *result_summary(const struct check_result *r);
/** check_result_clear - free what it points to. */
void check_result_clear(struct check_result *r);

#endif
