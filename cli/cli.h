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
	char *arch;       /* NULL: any */
	char **options;   /* KEY=VALUE */
	unsigned nr_cpus; /* exec; 0: the default, as in the next two */
	uint64_t memory_bytes;
	char *profile;
	char *policy; /* NULL: as pinned */
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

/** cli_profile_dirs - where profiles are. Return: NULL-terminated, for ever. */
const char *const *cli_profile_dirs(void);

/* cli/options.c */
/**
 * cli_parse - the flags of a verb.
 * A flag that the verb, or the policy, cannot use is refused.
 * @argc: of @argv
 * @argv: the verb, its flags and arguments
 * @usage: its arguments, for --help
 * @summary: what it does, likewise
 * @o: set; cli_options_clear() if the verb runs
 * @status: the exit status if parsing ends here
 *
 * Return: false if the verb must not run: --help (CLI_OK) or wrong use
 * (CLI_USAGE), both already said.
 */
bool cli_parse(int argc, char **argv, const char *usage, const char *summary,
               struct cli_options *o, int *status);
/** cli_options_clear - free what it holds; twice is fine. */
void cli_options_clear(struct cli_options *o);

/**
 * apply_settings - the defaults with settings applied.
 * @options: set
 * @settings: KEY=VALUE, NULL-terminated; NULL: none
 *
 * Return: false, said so, if one is wrong.
 */
bool apply_settings(struct mm_options *options, char **settings);

/**
 * cli_error - "mmulator: ..." on stderr.
 * @format: of printf(), without "mmulator: " and newline; several lines are
 *	kept
 *
 * Return: CLI_USAGE.
 */
int cli_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* cli/output.c */
struct output {
	const struct cli_options *options;
	GString *text; /* not yet written */
};
/**
 * output_init - nothing to write yet; output_clear().
 * @o: --output says where it goes; borrowed
 */
void output_init(struct output *out, const struct cli_options *o);
/** output_clear - forget what was not written. */
void output_clear(struct output *out);
/**
 * output_text - append, to be written later.
 * @format: of printf()
 */
void output_text(struct output *out, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/** output_flush - on stdout now; does nothing if there is an --output. */
void output_flush(struct output *out);
/**
 * output_finish - write what is left, all of it if there is an --output.
 *
 * Return: false, said so, if impossible.
 */
bool output_finish(struct output *out);

/* cli/files.c */
/** outputs_possible - could every file that @o names be written now?
 * Return: false, said so, if not; nothing was written. */
bool outputs_possible(const struct cli_options *o);
/**
 * write_file - write a file whole or not at all; a device or a pipe gets the
 * bytes as they are.
 * @path: through symbolic links; a file that is there keeps its mode
 * @text: any bytes
 * @len: how many
 *
 * Return: false, said so, if impossible.
 */
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
	const GArray *told;   /* of struct told; NULL: not recorded */
	unsigned executions;  /* 0: not an exploration */
	bool exhausted;
	int preemptions; /* -1: not counted */
	bool least;      /* there is no smaller run that shows it */
	bool confirmed;  /* Unicorn showed the same */
	double seconds;
	const char *again; /* the command that repeats the run, or NULL */
	/* Adds what there is besides; or NULL. */
	void (*guest)(GString *line, const void *data);
	const void *guest_data;
};
/**
 * outcome_name - what came of a run, in one word.
 * @fired: hazards, 1 << enum oracle_id
 * @end: how it ended
 *
 * Return: "hazard", "clean", or "incomplete" if a run without hazards did not
 * end by itself.
 */
const char *outcome_name(uint32_t fired, enum run_end end);
/**
 * output_json_run - one line of --format json.
 * @j: what it says
 */
void output_json_run(struct output *out, const struct json_run *j);

/* cli/load.c */
/**
 * load_scenarios - every scenario of some files and folders, those of one
 * folder together.
 * @paths: files, and folders of which every .scn is taken, sorted by name;
 *	NULL-terminated; NULL: none
 *
 * Return: of struct scenario, g_ptr_array_unref(); NULL, said so, if one of
 * them cannot be read or is wrong, or a folder has none.
 */
GPtrArray *load_scenarios(char **paths);
/**
 * make_run_config - with the flags applied.
 * @o: must outlive the result, which points into it
 *
 * Return: for runner_new().
 */
struct run_config make_run_config(const struct cli_options *o);
/**
 * no_run - say why a run is impossible: one message for all verbs.
 * @s: what was to run
 * @v: its variant, or NULL
 * @error: of runner_new() or runner_run(); with a place it names both itself
 *
 * Return: CLI_USAGE.
 */
int no_run(const struct scenario *s, const struct ast_variant *v,
           const GError *error);
/**
 * is_chosen - do --variant and --arch choose a variant?
 * @o: with both, a name stands for that of the architecture, too
 * @s: its scenario
 * @v: the variant; NULL: of a scenario that has none
 *
 * Return: they do, or are not given.
 */
bool is_chosen(const struct cli_options *o, const struct scenario *s,
               const struct ast_variant *v);
/**
 * no_variant - say that --variant and --arch choose nothing.
 * @scenarios: of struct scenario, for a suggestion
 * @o: what was asked for
 *
 * Return: CLI_USAGE.
 */
int no_variant(GPtrArray *scenarios, const struct cli_options *o);
/**
 * load_readable - as load_scenarios(), without those that cannot be read or
 * parsed (said so).
 * @paths: as there
 * @all: set to whether nothing was left out
 *
 * Return: as there; NULL, said so, if a folder cannot be read or has none.
 */
GPtrArray *load_readable(char **paths, bool *all);
/**
 * try_runner - a runner with the flags applied.
 * @s: borrowed
 * @v: one of its variants, or NULL
 * @o: borrowed
 * @error: as runner_new()
 *
 * Return: runner_free(); NULL and @error if that cannot be.
 */
struct runner *try_runner(const struct scenario *s, const struct ast_variant *v,
                          const struct cli_options *o, GError **error);
/**
 * make_runner - as try_runner(), for who has nothing to add to the error.
 * @s: as there
 * @v: as there
 * @o: as there
 *
 * Return: runner_free(); NULL, said so, if that cannot be.
 */
struct runner *make_runner(const struct scenario *s,
                           const struct ast_variant *v,
                           const struct cli_options *o);
/**
 * for_each_chosen - do something for each variant the flags choose, in order.
 * An error in one does not keep it from the others.
 * @scenarios: of struct scenario
 * @o: --variant chooses; without it every variant is
 * @fn: returns a status; its variant is NULL if the scenario has none
 * @data: handed to @fn
 *
 * Return: the largest of what @fn returned; CLI_USAGE, said so, if --variant
 * names none.
 */
int for_each_chosen(GPtrArray *scenarios, const struct cli_options *o,
                    int (*fn)(const struct scenario *s,
                              const struct ast_variant *v, void *data),
                    void *data);

/* cli/crash.c */
/**
 * crash_install - a bug of ours, whatever signal it raises, ends with
 * CLI_INTERNAL and says how to reproduce it.
 * @argc: of @argv
 * @argv: the command line, with the program's name; copied
 */
void crash_install(int argc, char **argv);
/**
 * crash_guest - until the program ends, an abort that no BUG_ON() made is the
 * guest's and ends with CLI_USAGE: Unicorn aborts on encodings that no
 * processor knows.
 * @name: of the guest; borrowed
 */
void crash_guest(const char *name);
/**
 * crash_is_ours - for machine.crash: a BUG_ON() is about to abort, so the guest
 * is not to blame.
 */
void crash_is_ours(struct machine *m);
/**
 * crash_command - what to name instead of the whole command line.
 * @format: of printf(); NULL: the command line again
 */
void crash_command(const char *format, ...) G_GNUC_PRINTF(1, 2);
/**
 * crash_unlink - a file that must not stay if we crash.
 * @path: borrowed; NULL: there is none (any more)
 */
void crash_unlink(const char *path);
/**
 * crash_screen - a crash gives the terminal back as it is now.
 * @leave: what the terminal is told to leave the full screen, borrowed; NULL:
 *	it was left
 */
void crash_screen(const char *leave);

/* Verbs: cli/verb_*.c. */
/**
 * family: verb_run, verb_check, verb_merge, verb_replay, verb_explain,
 * verb_step, verb_list, verb_exec - carry out the verb of that name.
 * @argc: of @argv
 * @argv: the verb, then what followed it; `--help` describes it
 *
 * Return: the exit status, enum cli_status; the reason was said.
 */
int verb_run(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_merge(int argc, char **argv);
int verb_replay(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_step(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_exec(int argc, char **argv);

/**
 * cli_main - the whole program.
 * @argc: as of main()
 * @argv: as of main()
 *
 * Return: the exit status, enum cli_status.
 */
int cli_main(int argc, char **argv);

#endif
