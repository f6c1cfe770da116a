// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator check PATH...: every variant against what it expects.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/single.h"
#include "emu/vcpu_ops.h"
#include "scenario/search.h"

struct row {
	const char *scenario;
	const char *variant;
	char *expected;
	char *found;
	unsigned executions;
	char *search; /* how a search ended; NULL: it was none */
	bool ok;
};

struct check {
	const struct cli_options *options;
	struct output out;
	GArray *rows;  /* of struct row */
	bool progress; /* stderr is a terminal */
	gint64 shown;  /* when progress was last shown */
	const char *now_scenario, *now_variant;
	gint64 deadline; /* of a search, 0: none */
};

/* Runs of a search nobody put a limit to. */
#define SEARCH_EXECUTIONS 100000

/* ---- progress ---- */

static void clear_progress(const struct check *x)
{
	if (x->progress)
		fputs("\r\033[K", stderr);
}

static void show_progress(void *data, unsigned done, unsigned total)
{
	struct check *x = data;
	gint64 now = g_get_monotonic_time();

	if (!x->progress || now - x->shown < 100000)
		return;
	x->shown = now;
	fprintf(stderr, "\r\033[K%s: %s: %u/%u", x->now_scenario,
	        x->now_variant, done, total);
	(void)fflush(stderr);
}

/* ---- one variant ---- */

static void clear_row(gpointer data)
{
	struct row *row = data;

	g_free(row->expected);
	g_free(row->found);
	g_free(row->search);
}

/* "exhausted, bound 2; 1 preemption" */
static char *format_search(const struct cli_options *o, const struct verdict *v)
{
	GString *text;

	if (!v->ended)
		return NULL;
	text = g_string_new(v->ended);
	if (o->has_bound)
		g_string_append_printf(text, ", bound %u", v->bound);
	if (v->fired && v->preemptions >= 0)
		g_string_append_printf(text, ", %d preemption%s",
		                       v->preemptions,
		                       v->preemptions == 1 ? "" : "s");
	if (v->confirmed)
		g_string_append(text, ", also under Unicorn");
	return g_string_free(text, FALSE);
}

static void add_row(struct check *x, const struct runner *r,
                    const struct verdict *v)
{
	struct row row = {
		.scenario = runner_scenario(r)->source.file,
		.variant = variant_name(runner_variant(r)),
		.expected = format_expected(runner_variant(r)),
		.found = v->fired ? format_hazards(v->fired)
		                  : g_strdup(outcome_name(0, v->end)),
		.executions = v->executions,
		.search = format_search(x->options, v),
		.ok = v->ok,
	};

	g_array_append_val(x->rows, row);
}

static void print_json(struct check *x, const struct runner *r,
                       const struct verdict *v, double seconds)
{
	g_autofree char *expected = format_expected(runner_variant(r));
	const struct json_run j = {
		.scenario = runner_scenario(r)->source.file,
		.variant = variant_name(runner_variant(r)),
		.expected = expected,
		.fired = v->fired,
		.end = v->end,
		.ok = v->ok,
		.reason = v->reason,
		.run = &v->first,
		.executions = v->executions,
		.exhausted = v->exhausted,
		.preemptions = v->ended && v->fired ? v->preemptions : -1,
		.seconds = seconds,
	};

	output_json_run(&x->out, &j);
	output_flush(&x->out);
}

/* What is not as expected: the run that shows it, and how to see it again. */
static void print_failure(struct check *x, struct runner *r,
                          const struct verdict *v)
{
	struct cli_options quiet = *x->options;
	struct single single;
	struct run_result run;

	clear_progress(x);
	quiet.trace = NULL;
	quiet.choices_out = NULL;
	quiet.quiet = false;
	output_text(&x->out, "%s: %s: %s\n", runner_scenario(r)->source.file,
	            variant_name(runner_variant(r)), v->reason);
	if (v->run >= 0 && !v->ended)
		output_text(&x->out,
		            "  again: mmulator run %s --variant %s --policy "
		            "random --seed %" G_GUINT64_FORMAT
		            " --run %" G_GINT64_FORMAT "\n",
		            runner_scenario(r)->source.file,
		            variant_name(runner_variant(r)), v->seed, v->run);
	single_init(&single, &quiet);
	(void)single_run(&single, r, policy_replay_new(v->log), &run);
	output_text(&x->out, "%s\n", single.out.text->str);
	output_clear(&single.out);
	output_flush(&x->out);
}

static void keep_choices(const struct check *x, const struct verdict *v,
                         int *status)
{
	g_autofree char *text = NULL;

	if (!x->options->choices_out)
		return;
	text = choice_log_format(v->log);
	if (!write_file(x->options->choices_out, text, strlen(text)))
		*status = CLI_USAGE;
}

static int report(struct check *x, struct runner *r, struct verdict *v,
                  double seconds)
{
	int status = v->ok ? CLI_OK : CLI_DIFFERS;

	add_row(x, r, v);
	keep_choices(x, v, &status);
	if (x->options->format == FORMAT_JSON)
		print_json(x, r, v, seconds);
	else if (!v->ok)
		print_failure(x, r, v);
	return status;
}

static void name_command(const struct scenario *s, const struct ast_variant *v,
                         const struct cli_options *o)
{
	crash_command("mmulator check %s --variant %s%s%s", s->source.file,
	              variant_name(v), o->engine_name ? " --engine " : "",
	              o->engine_name ? o->engine_name : "");
}

static bool time_is_up(void *data)
{
	const struct check *x = data;

	return x->deadline && g_get_monotonic_time() > x->deadline;
}

static bool is_search(const struct cli_options *o)
{
	return o->policy &&
	       (!strcmp(o->policy, "explore") || !strcmp(o->policy, "pct"));
}

static bool search(struct check *x, struct runner *r, struct verdict *out,
                   GError **error)
{
	const struct cli_options *o = x->options;
	struct search_options options = {
		.kind = strcmp(o->policy, "pct") ? SEARCH_EXPLORE : SEARCH_PCT,
		.bounded = o->has_bound,
		.bound = o->bound,
		.depth = o->depth,
		.seed = o->has_seed ? o->seed : 1,
		.max_executions =
			o->executions ? o->executions : SEARCH_EXECUTIONS,
		.time_is_up = time_is_up,
		.progress = show_progress,
		.data = x,
	};

	x->deadline = 0;
	if (o->seconds > 0)
		x->deadline =
			g_get_monotonic_time() + (gint64)(o->seconds * 1e6);
	return search_variant(r, &options, out, error);
}

static bool verify(struct check *x, struct runner *r, struct verdict *out,
                   GError **error)
{
	const struct cli_options *o = x->options;
	struct verify_options options = {
		.pinned_only = o->policy && strcmp(o->policy, "random") != 0,
		.has_random = o->has_runs,
		.nr_random = o->nr_runs,
		.has_seed = o->has_seed,
		.seed = o->seed,
		.progress = show_progress,
		.data = x,
	};

	if (is_search(o))
		return search(x, r, out, error);
	return verify_variant(r, &options, out, error);
}

static int check_variant(const struct scenario *s, const struct ast_variant *v,
                         void *data)
{
	struct check *x = data;
	struct cli_options options = *x->options;
	const struct cli_options *o = &options;
	struct runner *r;
	gint64 start = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;
	struct verdict verdict;
	int status;

	/* A search is many runs; what it finds Unicorn has to show as well. */
	if (is_search(o) && !options.engine)
		options.engine = &vcpu_ops_direct;
	r = make_runner(s, v, o);
	if (!r)
		return CLI_USAGE;
	x->now_scenario = s->source.file;
	x->now_variant = variant_name(v);
	name_command(s, v, o);
	if (verify(x, r, &verdict, &error)) {
		double seconds = (double)(g_get_monotonic_time() - start) / 1e6;

		status = report(x, r, &verdict, seconds);
		verdict_clear(&verdict);
	} else {
		clear_progress(x);
		status = cli_error("%s: %s: %s", s->source.file,
		                   variant_name(v), error->message);
	}
	runner_free(r);
	return status;
}

/* ---- the table ---- */

static int widest(const struct check *x, const char *title,
                  const char *(*cell)(const struct row *row))
{
	size_t width = strlen(title);

	for (unsigned i = 0; i < x->rows->len; i++)
		width = MAX(width, strlen(cell(&g_array_index(x->rows,
		                                              struct row, i))));
	return (int)width;
}

static const char *cell_scenario(const struct row *row)
{
	return row->scenario;
}

static const char *cell_variant(const struct row *row)
{
	return row->variant;
}

static const char *cell_expected(const struct row *row)
{
	return row->expected;
}

static const char *cell_found(const struct row *row)
{
	return row->found;
}

static void print_table(struct check *x)
{
	int w1 = widest(x, "scenario", cell_scenario);
	int w2 = widest(x, "variant", cell_variant);
	int w3 = widest(x, "expected", cell_expected);
	int w4 = widest(x, "found", cell_found);
	unsigned nr_wrong = 0;

	output_text(&x->out, "%-*s  %-*s  %-*s  %-*s  %6s\n", w1, "scenario",
	            w2, "variant", w3, "expected", w4, "found", "runs");
	for (unsigned i = 0; i < x->rows->len; i++) {
		const struct row *row = &g_array_index(x->rows, struct row, i);

		output_text(&x->out, "%-*s  %-*s  %-*s  %-*s  %6u  %s\n", w1,
		            row->scenario, w2, row->variant, w3, row->expected,
		            w4, row->found, row->executions,
		            row->ok ? "ok" : "DIFFERS");
		if (row->search)
			output_text(&x->out, "%*s  %s\n", w1, "", row->search);
		nr_wrong += !row->ok;
	}
	if (nr_wrong)
		output_text(&x->out, "%u of %u differ\n", nr_wrong,
		            x->rows->len);
}

static int check_all(GPtrArray *scenarios, const struct cli_options *o)
{
	struct check x = {
		.options = o,
		.rows = g_array_new(FALSE, FALSE, sizeof(struct row)),
		.progress = !o->quiet && isatty(STDERR_FILENO),
	};
	int status;

	g_array_set_clear_func(x.rows, clear_row);
	output_init(&x.out, o);
	status = for_each_chosen(scenarios, o, check_variant, &x);
	clear_progress(&x);
	crash_command(NULL);
	if (status < CLI_USAGE) {
		if (o->format == FORMAT_TEXT && !o->quiet)
			print_table(&x);
		if (!output_finish(&x.out))
			status = CLI_USAGE;
	}
	output_clear(&x.out);
	g_array_unref(x.rows);
	return status;
}

static bool fits(const struct cli_options *o, const GPtrArray *scenarios)
{
	const struct scenario *s = scenarios->len ? scenarios->pdata[0] : NULL;
	bool one = o->variant || (s && s->nr_variants <= 1);

	if (!o->choices_out || (scenarios->len == 1 && one))
		return true;
	cli_error("check: --choices-out takes one scenario and --variant");
	return false;
}

int verb_check(int argc, char **argv)
{
	struct cli_options o;
	g_autoptr(GPtrArray) scenarios = NULL;
	int status;

	if (!cli_parse(argc, argv, "check PATH...",
	               "Every variant of every scenario against its `expect`.",
	               &o, &status))
		return status;
	status = CLI_USAGE;
	if (!o.nr_args)
		cli_error("check: expected scenarios or folders");
	else
		scenarios = load_scenarios(o.args);
	if (scenarios && fits(&o, scenarios))
		status = check_all(scenarios, &o);
	cli_options_clear(&o);
	return status;
}
