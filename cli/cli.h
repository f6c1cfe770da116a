/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: one file per verb, and what they share.
 *
 * Verbs return the exit status and print to an output that is written whole or
 * not at all where it goes to a file.  Only this folder prints, reads the
 * environment and exits.
 */
#ifndef MMULATOR_CLI_CLI_H
#define MMULATOR_CLI_CLI_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mm/options.h"
#include "scenario/run.h"

enum cli_status {
	CLI_OK = 0,       /* all as expected */
	CLI_DIFFERS = 1,  /* something differed from its `expect` */
	CLI_USAGE = 2,    /* wrong use or wrong input */
	CLI_INTERNAL = 3, /* a bug of ours */
};

enum cli_format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_KTAP,
	FORMAT_JUNIT,
	FORMAT_SARIF
};

#define CLI_JOBS_MAX   256
#define CLI_SHARDS_MAX 65536
/* Steps of one run that --steps may allow. */
#define CLI_STEPS_MAX  UINT64_C(1000000000000)

/* The flags; cli/options.c has the table. */
struct cli_options {
	const char *verb;
	uint64_t given; /* bit i: the i-th flag of the table */
	char *variant;
	char **options; /* KEY=VALUE */
	char *policy;   /* NULL: as pinned */
	bool has_bound, has_spontaneous, has_seed, has_runs;
	unsigned bound;       /* explore: most preemptions */
	uint64_t spontaneous; /* explore: most steps of hardware on its own */
	unsigned depth;       /* pct */
	unsigned nr_runs;
	uint64_t executions; /* most of a search; 0: as the verb thinks */
	double seconds;      /* of the search of one variant; 0: no cap */
	uint64_t seed;
	uint64_t run;      /* number of the random run to make */
	uint64_t step_cap; /* of one run; 0: the default */
	char *engine_name;
	const struct vcpu_ops *engine; /* NULL: the verb's default */
	enum cli_format format;
	char *trace;
	char *memory_model; /* "sc", "tso"; NULL: the scenario's */
	char *choices_out;
	char *choices;  /* the log to replay */
	char *commands; /* step: a file of commands */
	char *output;
	unsigned nr_jobs;          /* host processes; 0: this one */
	unsigned shard, nr_shards; /* from 0; of 0: the whole search */
	bool quiet, verbose, help;
	bool tui;    /* step */
	char **args; /* what is left */
	unsigned nr_args;
};

/* cli/options.c */
/**
 * cli_parse - the flags of the verb @argv[0].
 * A flag that the verb, or the policy, cannot use is refused.
 * @usage: its arguments, for --help
 * @summary: what it does, likewise
 * @status: the exit status if parsing ends here
 *
 * Return: false if the verb must not run: --help (CLI_OK) or wrong use
 * (CLI_USAGE), both already said.
 */
bool cli_parse(int argc, char **argv, const char *usage, const char *summary,
               struct cli_options *o, int *status);
void cli_options_clear(struct cli_options *o);

/** apply_settings - the defaults with KEY=VALUE settings applied. Return:
 * false, said so, if one is wrong. */
bool apply_settings(struct mm_options *options, char **settings);

/** cli_error - "mmulator: ..." on stderr; several lines are kept.
 * Return: CLI_USAGE. */
int cli_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* cli/output.c */
struct output {
	const struct cli_options *options;
	GString *text; /* not yet written */
};
void output_init(struct output *out, const struct cli_options *o);
void output_clear(struct output *out);
void output_text(struct output *out, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/** output_flush - on stdout now; does nothing if there is an --output. */
void output_flush(struct output *out);
/** output_finish - write what is left. Return: false, said so, if impossible.
 */
bool output_finish(struct output *out);

/* cli/files.c */
/** outputs_possible - could every file that @o names be written now?
 * Return: false, said so, if not; nothing was written. */
bool outputs_possible(const struct cli_options *o);
/** write_file - whole or not at all. Return: false, said so, if impossible. */
bool write_file(const char *path, const char *text, size_t len);

/* One line of --format json. */
struct json_run {
	const char *scenario; /* path of the scenario or of the program */
	const char *variant;
	const char *expected;
	uint32_t fired;
	enum run_end end; /* how it ended, or how one of many did not */
	bool ok;
	const char *reason; /* or NULL */
	const struct run_result *run;
	const GArray *killed; /* of struct killed; NULL: no threads */
	const GArray *why;    /* of struct why_link; NULL: not recorded */
	unsigned executions;  /* 0: not an exploration */
	bool exhausted;
	int preemptions; /* -1: not counted */
	double seconds;
	const char *again; /* the command that repeats the run, or NULL */
	/* Adds what there is besides; or NULL. */
	void (*guest)(GString *line, const void *data);
	const void *guest_data;
};
/** outcome_name - "hazard", "clean", or "incomplete" if a run without hazards
 * did not end by itself. */
const char *outcome_name(uint32_t fired, enum run_end end);
void output_json_run(struct output *out, const struct json_run *j);

/* cli/load.c */
/** load_scenarios - every .scn below @paths, sorted within a folder; an error
 * was said if NULL. Elements are struct scenario. */
GPtrArray *load_scenarios(char **paths);
/** make_run_config - with the flags applied; valid as long as they are. */
struct run_config make_run_config(const struct cli_options *o);
/** no_variant - say that no scenario has @name. Return: CLI_USAGE. */
int no_variant(GPtrArray *scenarios, const char *name);
/** load_readable - the same, without those that cannot be read or parsed
 * (said so); *@all: there was none. */
GPtrArray *load_readable(char **paths, bool *all);
/** try_runner - with the flags applied; NULL and @error if that cannot be. */
struct runner *try_runner(const struct scenario *s, const struct ast_variant *v,
                          const struct cli_options *o, GError **error);
/** make_runner - likewise; NULL: an error was said. */
struct runner *make_runner(const struct scenario *s,
                           const struct ast_variant *v,
                           const struct cli_options *o);
/**
 * for_each_chosen - call @fn for each variant the flags choose.
 * An error in one does not keep it from the others.
 * Return: the largest of what @fn returned; CLI_USAGE if --variant names none.
 */
int for_each_chosen(GPtrArray *scenarios, const struct cli_options *o,
                    int (*fn)(const struct scenario *s,
                              const struct ast_variant *v, void *data),
                    void *data);

/* cli/crash.c */
/** crash_install - a bug of ours ends with status 3 and says how to reproduce
 * it. */
void crash_install(int argc, char **argv);
/** crash_guest - until the program ends, an abort that no BUG_ON() made is the
 * guest's: Unicorn aborts on encodings that no processor knows. */
void crash_guest(const char *name);
/** crash_is_ours - for machine.crash: a BUG_ON() is about to abort. */
void crash_is_ours(struct machine *m);
/** crash_command - what to name instead of the whole command line; NULL: the
 * command line again. */
void crash_command(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Verbs: cli/verb_*.c; argv[0] is the verb. */
int verb_run(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_merge(int argc, char **argv);
int verb_replay(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_step(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_exec(int argc, char **argv);

/** cli_main - the whole program. */
int cli_main(int argc, char **argv);

#endif
