// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "emu/vcpu_ops.h"
#include "explore/pct.h"
#include "scenario/source.h"

int cli_error(const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	fprintf(stderr, "mmulator: %s\n", message);
	return CLI_USAGE;
}

/* Flags as GOption delivers them. */
struct raw_options {
	char *seed, *runs, *run, *format, *bound, *depth, *executions;
	char **rest;
	gboolean quiet, verbose;
};

static int complain_choice(const char *flag, const char *value,
                           const char *const *names)
{
	g_autoptr(GString) hint = g_string_new(NULL);

	append_suggestion(hint, value, names);
	return cli_error("%s '%s' is unknown%s", flag, value, hint->str);
}

static bool parse_number(const char *flag, const char *text, uint64_t max,
                         uint64_t *out)
{
	g_autoptr(GError) error = NULL;

	if (g_ascii_string_to_unsigned(text, 10, 0, max, out, &error))
		return true;
	cli_error("%s: %s", flag, error->message);
	return false;
}

static bool parse_numbers(const struct raw_options *raw, struct cli_options *o)
{
	uint64_t runs = 0;

	o->has_seed = raw->seed;
	o->has_runs = raw->runs;
	if (raw->seed &&
	    !parse_number("--seed", raw->seed, UINT64_MAX, &o->seed))
		return false;
	if (raw->run && !parse_number("--run", raw->run, UINT32_MAX, &o->run))
		return false;
	if (raw->runs && !parse_number("--runs", raw->runs, 1000000000, &runs))
		return false;
	o->nr_runs = (unsigned)runs;
	return true;
}

static bool parse_search(const struct raw_options *raw, struct cli_options *o)
{
	uint64_t bound = 0, depth = 3;

	o->has_bound = raw->bound;
	if (raw->bound && !parse_number("--bound", raw->bound, 1000, &bound))
		return false;
	if (raw->depth &&
	    !parse_number("--depth", raw->depth, PCT_DEPTH_MAX, &depth))
		return false;
	if (raw->executions && !parse_number("--executions", raw->executions,
	                                     UINT32_MAX, &o->executions))
		return false;
	if (!depth) {
		cli_error("--depth: at least 1");
		return false;
	}
	o->bound = (unsigned)bound;
	o->depth = (unsigned)depth;
	return true;
}

static bool parse_engine(struct cli_options *o)
{
	static const char *const names[] = { "unicorn", "direct", NULL };

	if (!o->engine_name)
		return true;
	o->engine = find_engine(o->engine_name);
	if (!o->engine)
		complain_choice("--engine", o->engine_name, names);
	return o->engine;
}

static bool parse_policy(struct cli_options *o)
{
	static const char *const names[] = { "timed",  "random", "script",
		                             "replay", "pct",    "explore",
		                             NULL };

	if (!o->policy || g_strv_contains(names, o->policy))
		return true;
	complain_choice("--policy", o->policy, names);
	return false;
}

static bool parse_format(const char *format, struct cli_options *o)
{
	static const char *const names[] = { "text", "json", NULL };

	if (!format || strcmp(format, "text") == 0)
		return true;
	o->format = FORMAT_JSON;
	if (strcmp(format, "json") == 0)
		return true;
	complain_choice("--format", format, names);
	return false;
}

bool apply_settings(struct mm_options *options, char **settings)
{
	g_autoptr(GError) error = NULL;

	mm_options_default(options);
	for (; settings && *settings; settings++) {
		g_auto(GStrv) parts = g_strsplit(*settings, "=", 2);

		if (g_strv_length(parts) != 2) {
			cli_error("--option '%s': expected KEY=VALUE",
			          *settings);
			return false;
		}
		if (!mm_option_set(options, parts[0], parts[1], &error)) {
			cli_error("%s", error->message);
			return false;
		}
	}
	return true;
}

static bool check_options(const struct raw_options *raw, struct cli_options *o)
{
	static const char *const arches[] = { "x86_64", NULL };
	struct mm_options scratch;

	if (o->arch && strcmp(o->arch, "x86_64") != 0) {
		complain_choice("--arch", o->arch, arches);
		return false;
	}
	o->quiet = raw->quiet;
	o->verbose = raw->verbose;
	o->args = raw->rest;
	o->nr_args = raw->rest ? g_strv_length(raw->rest) : 0;
	return parse_numbers(raw, o) && parse_search(raw, o) &&
	       parse_engine(o) && parse_policy(o) &&
	       parse_format(raw->format, o) &&
	       apply_settings(&scratch, o->options);
}

static void print_help(GOptionContext *context)
{
	g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);

	fputs(help, stdout);
}

/* GOption would exit by itself. */
static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return false;
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	}
	return false;
}

static void add_entries(GOptionContext *context, struct cli_options *o,
                        struct raw_options *raw)
{
	const GOptionEntry entries[] = {
		{ "variant", 0, 0, G_OPTION_ARG_STRING, &o->variant,
		  "only this variant", "NAME" },
		{ "option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->options,
		  "set an option of the mm, over the scenario's", "KEY=VALUE" },
		{ "policy", 0, 0, G_OPTION_ARG_STRING, &o->policy,
		  "who moves next: timed, random, script, replay, pct or "
		  "explore",
		  "P" },
		{ "bound", 0, 0, G_OPTION_ARG_STRING, &raw->bound,
		  "explore: most preemptions, tried from 0 upwards", "N" },
		{ "depth", 0, 0, G_OPTION_ARG_STRING, &raw->depth,
		  "pct: orderings a bug needs (3)", "N" },
		{ "executions", 0, 0, G_OPTION_ARG_STRING, &raw->executions,
		  "most runs of a search", "N" },
		{ "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &o->seconds,
		  "most time for a search", "S" },
		{ "seed", 0, 0, G_OPTION_ARG_STRING, &raw->seed,
		  "of random choices", "N" },
		{ "run", 0, 0, G_OPTION_ARG_STRING, &raw->run,
		  "number of the random run, from 0", "N" },
		{ "runs", 0, 0, G_OPTION_ARG_STRING, &raw->runs,
		  "how many random runs", "N" },
		{ "engine", 0, 0, G_OPTION_ARG_STRING, &o->engine_name,
		  "unicorn (default) or direct", "E" },
		{ "arch", 0, 0, G_OPTION_ARG_STRING, &o->arch,
		  "of the guest: x86_64", "A" },
		{ "format", 0, 0, G_OPTION_ARG_STRING, &raw->format,
		  "text (default) or json", "F" },
		{ "choices", 0, 0, G_OPTION_ARG_FILENAME, &o->choices,
		  "the recorded run to replay", "LOG" },
		{ "choices-out", 0, 0, G_OPTION_ARG_FILENAME, &o->choices_out,
		  "record the run's choices", "FILE" },
		{ "trace", 0, 0, G_OPTION_ARG_FILENAME, &o->trace,
		  "write every step of the run", "FILE" },
		{ "output", 0, 0, G_OPTION_ARG_FILENAME, &o->output,
		  "write there instead of to the terminal", "FILE" },
		{ "quiet", 'q', 0, G_OPTION_ARG_NONE, &raw->quiet,
		  "only what differs", NULL },
		{ "verbose", 'v', 0, G_OPTION_ARG_NONE, &raw->verbose,
		  "counters as well", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
		  &raw->rest, NULL, NULL },
		{ NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
	};

	g_option_context_add_main_entries(context, entries, NULL);
}

bool cli_parse(int argc, char **argv, const char *usage, const char *summary,
               struct cli_options *o, int *status)
{
	struct raw_options raw = { 0 };
	g_autoptr(GError) error = NULL;
	GOptionContext *context = g_option_context_new(usage);
	bool ok;

	memset(o, 0, sizeof(*o));
	add_entries(context, o, &raw);
	g_option_context_set_summary(context, summary);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, !strcmp(argv[0], "exec"));
	*status = CLI_OK;
	if (wants_help(argc, argv)) {
		print_help(context);
		ok = false;
	} else {
		ok = g_option_context_parse(context, &argc, &argv, &error);
		if (!ok)
			*status = cli_error("%s", error->message);
	}
	g_option_context_free(context);
	if (ok && !check_options(&raw, o)) {
		*status = CLI_USAGE;
		ok = false;
	}
	o->args = raw.rest;
	g_free(raw.seed);
	g_free(raw.run);
	g_free(raw.runs);
	g_free(raw.format);
	g_free(raw.bound);
	g_free(raw.depth);
	g_free(raw.executions);
	if (!ok)
		cli_options_clear(o);
	return ok;
}

void cli_options_clear(struct cli_options *o)
{
	g_free(o->variant);
	g_strfreev(o->options);
	g_free(o->policy);
	g_free(o->engine_name);
	g_free(o->trace);
	g_free(o->choices_out);
	g_free(o->choices);
	g_free(o->output);
	g_free(o->arch);
	g_strfreev(o->args);
	memset(o, 0, sizeof(*o));
}
