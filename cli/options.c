// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The flags: one table says what there is, which verbs take it and under which
 * policies it means something.
 */
#include <math.h>
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

#define MIB        (UINT64_C(1) << 20)
#define MEMORY_MIN (4 * MIB)
#define MEMORY_MAX (UINT64_C(1) << 40)

struct flag {
	const char *name;
	char letter;
	const char *arg;      /* what its value is called; NULL: it has none */
	const char *verbs;    /* that take it */
	const char *policies; /* under which it means something; NULL: all */
	const char *help;
	/* Store the value (NULL if the flag has none). */
	bool (*set)(struct cli_options *o, const struct flag *f,
	            const char *value, GError **error);
	size_t offset; /* of what set_string() and set_bool() store */
};

/* A word some verbs know: "run check". */
struct word {
	const char *name;
	const char *verbs;
};

static bool has_word(const char *words, const char *word)
{
	g_auto(GStrv) list = g_strsplit(words, " ", -1);

	return g_strv_contains((const char *const *)list, word);
}

/* "run check replay" -> "run, check or replay" */
static char *join_words(const char *words)
{
	g_auto(GStrv) list = g_strsplit(words, " ", -1);
	GString *text = g_string_new(list[0]);

	for (unsigned i = 1; list[i]; i++)
		g_string_append_printf(text, "%s%s",
		                       list[i + 1] ? ", " : " or ", list[i]);
	return g_string_free(text, FALSE);
}

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool fail(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error, g_error_new_valist(G_OPTION_ERROR,
	                                            G_OPTION_ERROR_BAD_VALUE,
	                                            format, args));
	va_end(args);
	return false;
}

/* ---- values ---- */

static bool set_string(struct cli_options *o, const struct flag *f,
                       const char *value, GError **error)
{
	char **field = (char **)(void *)((char *)o + f->offset);

	(void)error;
	g_free(*field);
	*field = g_strdup(value);
	return true;
}

static bool set_bool(struct cli_options *o, const struct flag *f,
                     const char *value, GError **error)
{
	(void)value;
	(void)error;
	*(bool *)((char *)o + f->offset) = true;
	return true;
}

static bool set_option(struct cli_options *o, const struct flag *f,
                       const char *value, GError **error)
{
	unsigned n = o->options ? g_strv_length(o->options) : 0;

	(void)f;
	(void)error;
	o->options = g_renew(char *, o->options, n + 2);
	o->options[n] = g_strdup(value);
	o->options[n + 1] = NULL;
	return true;
}

static bool number(const struct flag *f, const char *value, uint64_t min,
                   uint64_t max, uint64_t *out, GError **error)
{
	if (g_ascii_string_to_unsigned(value, 10, min, max, out, NULL))
		return true;
	return fail(error,
	            "--%s '%s': expected a whole number from %" G_GUINT64_FORMAT
	            " to %" G_GUINT64_FORMAT,
	            f->name, value, min, max);
}

static bool small_number(const struct flag *f, const char *value, unsigned min,
                         unsigned max, unsigned *out, GError **error)
{
	uint64_t wide;

	if (!number(f, value, min, max, &wide, error))
		return false;
	*out = (unsigned)wide;
	return true;
}

static bool set_seed(struct cli_options *o, const struct flag *f,
                     const char *value, GError **error)
{
	o->has_seed = true;
	return number(f, value, 0, UINT64_MAX, &o->seed, error);
}

static bool set_run(struct cli_options *o, const struct flag *f,
                    const char *value, GError **error)
{
	return number(f, value, 0, UINT32_MAX, &o->run, error);
}

static bool set_runs(struct cli_options *o, const struct flag *f,
                     const char *value, GError **error)
{
	o->has_runs = true;
	return small_number(f, value, 0, 1000000000, &o->nr_runs, error);
}

static bool set_bound(struct cli_options *o, const struct flag *f,
                      const char *value, GError **error)
{
	o->has_bound = true;
	return small_number(f, value, 0, 1000, &o->bound, error);
}

static bool set_spontaneous(struct cli_options *o, const struct flag *f,
                            const char *value, GError **error)
{
	o->has_spontaneous = true;
	return number(f, value, 0, 1000, &o->spontaneous, error);
}

static bool set_depth(struct cli_options *o, const struct flag *f,
                      const char *value, GError **error)
{
	return small_number(f, value, 1, PCT_DEPTH_MAX, &o->depth, error);
}

static bool set_executions(struct cli_options *o, const struct flag *f,
                           const char *value, GError **error)
{
	return number(f, value, 1, UINT32_MAX, &o->executions, error);
}

static bool set_jobs(struct cli_options *o, const struct flag *f,
                     const char *value, GError **error)
{
	return small_number(f, value, 1, CLI_JOBS_MAX, &o->nr_jobs, error);
}

/* "2/4": the second of four. */
static bool set_shard(struct cli_options *o, const struct flag *f,
                      const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, "/", -1);
	uint64_t i, n;

	if (g_strv_length(parts) == 2 &&
	    g_ascii_string_to_unsigned(parts[1], 10, 1, CLI_SHARDS_MAX, &n,
	                               NULL) &&
	    g_ascii_string_to_unsigned(parts[0], 10, 1, n, &i, NULL)) {
		o->shard = (unsigned)i - 1;
		o->nr_shards = (unsigned)n;
		return true;
	}
	return fail(error,
	            "--%s '%s': expected I/N, from 1/N to N/N, N at most %u",
	            f->name, value, CLI_SHARDS_MAX);
}

static bool set_cpus(struct cli_options *o, const struct flag *f,
                     const char *value, GError **error)
{
	return small_number(f, value, 1, NR_CPUS_MAX, &o->nr_cpus, error);
}

/* "256M", "4G". */
static bool set_memory(struct cli_options *o, const struct flag *f,
                       const char *value, GError **error)
{
	size_t len = strlen(value);
	unsigned shift = g_str_has_suffix(value, "G")   ? 30
	                 : g_str_has_suffix(value, "M") ? 20
	                                                : 0;
	g_autofree char *digits = g_strndup(value, len - (len > 0));
	uint64_t n;

	if (shift &&
	    g_ascii_string_to_unsigned(digits, 10, 1, MEMORY_MAX >> shift, &n,
	                               NULL) &&
	    n << shift >= MEMORY_MIN && IS_ALIGNED(n << shift, 2 * MIB)) {
		o->memory_bytes = n << shift;
		return true;
	}
	return fail(error, "--%s '%s': expected 4M to 1024G, a multiple of 2M",
	            f->name, value);
}

static bool set_steps(struct cli_options *o, const struct flag *f,
                      const char *value, GError **error)
{
	return number(f, value, 1, CLI_STEPS_MAX, &o->step_cap, error);
}

static bool set_seconds(struct cli_options *o, const struct flag *f,
                        const char *value, GError **error)
{
	char *end;

	o->seconds = g_ascii_strtod(value, &end);
	if (end != value && !*end && isfinite(o->seconds) && o->seconds > 0)
		return true;
	return fail(error, "--%s '%s': expected a number of seconds above 0",
	            f->name, value);
}

/* ---- values that are one of several words ---- */

static bool complain_word(const struct flag *f, const char *value,
                          const struct cli_options *o, const struct word *words,
                          GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GString) hint = g_string_new(NULL);

	for (; words->name; words++) {
		if (has_word(words->verbs, o->verb))
			g_ptr_array_add(names,
			                (gpointer)(uintptr_t)words->name);
	}
	g_ptr_array_add(names, NULL);
	append_suggestion(hint, value, (const char *const *)names->pdata);
	return fail(error, "--%s '%s' is unknown%s", f->name, value, hint->str);
}

/* Return: its number in @words; -1: unknown, or of other verbs. */
static int find_word(const struct cli_options *o, const struct flag *f,
                     const char *value, const struct word *words,
                     GError **error)
{
	g_autofree char *verbs = NULL;

	for (int i = 0; words[i].name; i++) {
		if (strcmp(words[i].name, value) != 0)
			continue;
		if (has_word(words[i].verbs, o->verb))
			return i;
		verbs = join_words(words[i].verbs);
		fail(error, "%s: --%s %s belongs to mmulator %s", o->verb,
		     f->name, value, verbs);
		return -1;
	}
	complain_word(f, value, o, words, error);
	return -1;
}

static bool set_policy(struct cli_options *o, const struct flag *f,
                       const char *value, GError **error)
{
	static const struct word words[] = {
		{ "timed", "run check exec" },
		{ "random", "run check exec" },
		{ "script", "run check" },
		{ "pct", "run check exec" },
		{ "explore", "check" },
		{ "replay", "replay" },
		{ NULL, NULL },
	};

	return find_word(o, f, value, words, error) >= 0 &&
	       set_string(o, f, value, error);
}

static bool set_format(struct cli_options *o, const struct flag *f,
                       const char *value, GError **error)
{
	/* In the order of enum cli_format. */
	static const struct word words[] = {
		[FORMAT_TEXT] = { "text",
		                  "run check merge replay explain exec list" },
		[FORMAT_JSON] = { "json",
		                  "run check merge replay explain exec list" },
		[FORMAT_KTAP] = { "ktap", "check merge" },
		[FORMAT_JUNIT] = { "junit", "check merge" },
		[FORMAT_SARIF] = { "sarif", "check merge" },
		{ NULL, NULL },
	};
	int format = find_word(o, f, value, words, error);

	if (format < 0)
		return false;
	o->format = (enum cli_format)format;
	return true;
}

static bool set_engine(struct cli_options *o, const struct flag *f,
                       const char *value, GError **error)
{
	static const struct word words[] = {
		{ "unicorn", "run check replay step exec" },
		{ "direct", "run check replay step" },
		{ NULL, NULL },
	};

	if (find_word(o, f, value, words, error) < 0)
		return false;
	o->engine = find_engine(value);
	return set_string(o, f, value, error);
}

static bool set_memory_model(struct cli_options *o, const struct flag *f,
                             const char *value, GError **error)
{
	static const struct word words[] = {
		{ "sc", "run check replay step" },
		{ "tso", "run check replay step" },
		{ NULL, NULL },
	};

	return find_word(o, f, value, words, error) >= 0 &&
	       set_string(o, f, value, error);
}

static bool set_arch(struct cli_options *o, const struct flag *f,
                     const char *value, GError **error)
{
	static const struct word words[] = {
		{ "x86_64", "exec run check replay step" },
		{ "arm64", "exec run check replay step" },
		{ NULL, NULL },
	};

	return find_word(o, f, value, words, error) >= 0 &&
	       set_string(o, f, value, error);
}

/* ---- the table ---- */

#define TEXT(field)   set_string, offsetof(struct cli_options, field)
#define SWITCH(field) set_bool, offsetof(struct cli_options, field)

static const struct flag flags[] = {
	{ "variant", 0, "NAME", "run check replay step", NULL,
	  "only this variant", TEXT(variant) },
	{ "option", 0, "KEY=VALUE", "run check replay step exec", NULL,
	  "set an option of the mm, over the scenario's", set_option, 0 },
	{ "cpus", 0, "N", "exec", NULL, "of the machine (1)", set_cpus, 0 },
	{ "memory", 0, "SIZE", "exec", NULL, "of the machine, as 256M (1G)",
	  set_memory, 0 },
	{ "profile", 0, "NAME", "exec", NULL,
	  "its CPUs, see list (skylake-sp, cortex-a76)", TEXT(profile) },
	{ "policy", 0, "P", "run check exec", NULL,
	  "who moves next: timed, random, script, pct or (check) explore",
	  set_policy, offsetof(struct cli_options, policy) },
	{ "seed", 0, "N", "run check exec", "random pct",
	  "of random choices (1)", set_seed, 0 },
	{ "run", 0, "N", "run exec", "random pct",
	  "number of the random run, from 0", set_run, 0 },
	{ "runs", 0, "N", "check", "random", "how many random runs", set_runs,
	  0 },
	{ "depth", 0, "N", "run check exec", "pct", "orderings a bug needs (3)",
	  set_depth, 0 },
	{ "bound", 0, "N", "check", "explore",
	  "most preemptions, tried from 0 upwards", set_bound, 0 },
	{ "spontaneous", 0, "N", "check", "explore",
	  "most speculative walks and evictions in a run (1)", set_spontaneous,
	  0 },
	{ "executions", 0, "N", "check", "explore pct random",
	  "most runs of a search", set_executions, 0 },
	{ "seconds", 0, "S", "check", "explore pct random",
	  "most time for the search of one variant", set_seconds, 0 },
	{ "jobs", 'j', "N", "check", NULL,
	  "as many processes share the work (1)", set_jobs, 0 },
	{ "shard", 0, "I/N", "check", "explore pct random",
	  "only part I of N of the search, as a report for mmulator merge",
	  set_shard, 0 },
	{ "steps", 0, "N", "run check step exec", NULL,
	  "most steps of one run; it then did not end", set_steps, 0 },
	{ "engine", 0, "E", "run check replay step exec", NULL,
	  "unicorn (default) or direct", set_engine,
	  offsetof(struct cli_options, engine_name) },
	{ "memory-model", 0, "M", "run check replay step", NULL,
	  "sc, or tso: store buffers", set_memory_model,
	  offsetof(struct cli_options, memory_model) },
	{ "arch", 0, "A", "exec run check replay step", NULL,
	  "only variants of this architecture; what the guest has to be for",
	  set_arch, offsetof(struct cli_options, arch) },
	{ "format", 0, "F", "run check merge replay explain exec list", NULL,
	  "text (default), json or (check) ktap, junit, sarif", set_format, 0 },
	{ "choices", 0, "LOG", "replay step exec", NULL,
	  "the recorded run to repeat", TEXT(choices) },
	{ "choices-out", 0, "FILE", "run check merge replay exec", NULL,
	  "record the run's choices", TEXT(choices_out) },
	{ "trace", 0, "FILE", "run replay exec", NULL,
	  "write every step of the run", TEXT(trace) },
	{ "output", 0, "FILE", "run check merge replay explain exec list", NULL,
	  "write there instead of to the terminal", TEXT(output) },
	{ "quiet", 'q', NULL, "run check merge replay exec", NULL,
	  "only what differs", SWITCH(quiet) },
	{ "verbose", 'v', NULL, "run check merge replay exec", NULL,
	  "counters as well", SWITCH(verbose) },
	{ "commands", 'x', "FILE", "step", NULL, "take the commands from there",
	  TEXT(commands) },
	{ "tui", 0, NULL, "step", NULL, "a full screen", SWITCH(tui) },
	{ "help", 'h', NULL, "run check merge replay explain step exec list",
	  NULL, "show this", SWITCH(help) },
};

#define NR_FLAGS G_N_ELEMENTS(flags)
_Static_assert(NR_FLAGS <= 64, "cli_options.given");

/* @name as GOption has it: "--seed" or "-q". */
static const struct flag *find_flag(const char *name)
{
	for (size_t i = 0; i < NR_FLAGS; i++) {
		if (name[1] == '-' ? !strcmp(flags[i].name, name + 2)
		                   : flags[i].letter == name[1])
			return &flags[i];
	}
	return NULL;
}

/* GOptionArgFunc of every flag. */
static gboolean on_flag(const char *name, const char *value, gpointer data,
                        GError **error)
{
	struct cli_options *o = data;
	const struct flag *f = find_flag(name);
	g_autofree char *verbs = NULL;

	if (!f)
		return fail(error, "%s: unknown option %s", o->verb, name);
	if (!has_word(f->verbs, o->verb)) {
		verbs = join_words(f->verbs);
		return fail(error, "%s: --%s belongs to mmulator %s", o->verb,
		            f->name, verbs);
	}
	o->given |= UINT64_C(1) << (f - flags);
	return f->set(o, f, value, error);
}

static void add_flags(GOptionGroup *group, const char *verb)
{
	GOptionEntry entries[NR_FLAGS + 2] = { 0 };
	size_t n = 0;

	for (; n < NR_FLAGS; n++) {
		const struct flag *f = &flags[n];

		entries[n] = (GOptionEntry){
			.long_name = f->name,
			.short_name = f->letter,
			.flags = f->arg ? 0 : G_OPTION_FLAG_NO_ARG,
			.arg = G_OPTION_ARG_CALLBACK,
			.arg_data = (gpointer)(uintptr_t)on_flag,
			.description = f->help,
			.arg_description = f->arg,
		};
		if (!has_word(f->verbs, verb))
			entries[n].flags |= G_OPTION_FLAG_HIDDEN;
	}
	g_option_group_add_entries(group, entries);
}

static GOptionContext *make_context(const char *usage, const char *summary,
                                    struct cli_options *o)
{
	GOptionContext *context = g_option_context_new(usage);
	GOptionGroup *group = g_option_group_new("", "", "", o, NULL);
	const GOptionEntry rest[] = {
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
		  &o->args, NULL, NULL },
		{ NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
	};

	add_flags(group, o->verb);
	g_option_group_add_entries(group, rest);
	g_option_context_set_main_group(context, group);
	g_option_context_set_summary(context, summary);
	g_option_context_set_help_enabled(context, FALSE);
	/* A guest's own flags are not ours. */
	g_option_context_set_strict_posix(context, !strcmp(o->verb, "exec"));
	return context;
}

/* ---- what fits together ---- */

/* What decides when nobody says so. */
static const char *default_policy(const char *verb)
{
	return strcmp(verb, "check") ? "timed" : "random";
}

static bool policies_fit(const struct cli_options *o)
{
	const char *policy = o->policy ? o->policy : default_policy(o->verb);

	for (size_t i = 0; i < NR_FLAGS; i++) {
		const struct flag *f = &flags[i];
		g_autofree char *names = NULL;

		if (!(o->given >> i & 1) || !f->policies)
			continue;
		/* What limits a search wants a search. */
		if (has_word(f->policies, policy) &&
		    (o->policy || !has_word(f->policies, "explore")))
			continue;
		names = join_words(f->policies);
		cli_error("%s: --%s needs --policy %s", o->verb, f->name,
		          names);
		return false;
	}
	return true;
}

static bool files_differ(const struct cli_options *o)
{
	const char *const files[] = { o->output, o->trace, o->choices_out };

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		for (size_t k = i + 1; k < G_N_ELEMENTS(files); k++) {
			if (!files[i] || g_strcmp0(files[i], files[k]) != 0)
				continue;
			cli_error("%s: two outputs go to '%s'", o->verb,
			          files[i]);
			return false;
		}
	}
	return true;
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

/* ---- parsing ---- */

/* GOption names the flag at the end of its message. */
static void unknown_flag(const struct cli_options *o, const char *message)
{
	const char *name = strrchr(message, ' ');
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) hint = g_string_new(NULL);

	for (size_t i = 0; i < NR_FLAGS; i++) {
		if (has_word(flags[i].verbs, o->verb))
			g_ptr_array_add(names,
			                g_strconcat("--", flags[i].name, NULL));
	}
	g_ptr_array_add(names, NULL);
	name = name ? name + 1 : message;
	append_suggestion(hint, name, (const char *const *)names->pdata);
	cli_error("%s: unknown option '%s'%s", o->verb, name, hint->str);
}

static bool parse(GOptionContext *context, int argc, char **argv,
                  struct cli_options *o)
{
	g_autoptr(GError) error = NULL;
	struct mm_options scratch;

	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		if (g_error_matches(error, G_OPTION_ERROR,
		                    G_OPTION_ERROR_UNKNOWN_OPTION))
			unknown_flag(o, error->message);
		else
			cli_error("%s", error->message);
		return false;
	}
	o->nr_args = o->args ? g_strv_length(o->args) : 0;
	return o->help ||
	       (policies_fit(o) && files_differ(o) &&
	        apply_settings(&scratch, o->options) && outputs_possible(o));
}

/* GOption's own first lines have the verb in the wrong place. */
static void print_help(GOptionContext *context, const char *usage)
{
	g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
	const char *rest = strstr(help, "\n\n");
	const char *args = strchr(usage, ' ');

	printf("Usage:\n  mmulator %.*s [OPTION...]%s%s",
	       (int)strcspn(usage, " "), usage, args ? args : "",
	       rest ? rest : "\n");
}

bool cli_parse(int argc, char **argv, const char *usage, const char *summary,
               struct cli_options *o, int *status)
{
	GOptionContext *context;

	*o = (struct cli_options){ .verb = argv[0], .depth = 3 };
	context = make_context(usage, summary, o);
	*status = parse(context, argc, argv, o) ? CLI_OK : CLI_USAGE;
	if (*status == CLI_OK && o->help)
		print_help(context, usage);
	g_option_context_free(context);
	if (*status == CLI_OK && !o->help)
		return true;
	cli_options_clear(o);
	return false;
}

void cli_options_clear(struct cli_options *o)
{
	g_free(o->variant);
	g_free(o->arch);
	g_strfreev(o->options);
	g_free(o->profile);
	g_free(o->policy);
	g_free(o->engine_name);
	g_free(o->trace);
	g_free(o->memory_model);
	g_free(o->choices_out);
	g_free(o->choices);
	g_free(o->commands);
	g_free(o->output);
	g_strfreev(o->args);
	memset(o, 0, sizeof(*o));
}
