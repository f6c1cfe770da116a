// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator check PATH...: every variant against what it expects.
 */
#include <string.h>

#include "cli/progress.h"
#include "cli/report.h"
#include "cli/single.h"
#include "emu/vcpu_ops.h"
#include "scenario/killed.h"
#include "scenario/search.h"

struct check {
	const struct cli_options *options;
	struct report report;
	struct progress progress;
	gint64 deadline; /* of a search, 0: none */
};

/* Runs of a search nobody put a limit to. */
#define SEARCH_EXECUTIONS 100000
/* Steps of one run of a search: it remembers them all. */
#define SEARCH_STEPS      1000000

static void show_progress(void *data, unsigned done, unsigned total)
{
	struct check *x = data;

	progress_runs(&x->progress, done, total);
}

/* ---- one variant ---- */

/* "exhausted, bound 2", "cap on seconds", "random" */
static char *format_search(const struct cli_options *o, const struct verdict *v)
{
	GString *text;

	if (!v->ended)
		return g_strdup(v->executions > 1 ? "random" : "pinned");
	text = g_string_new(v->ended);
	if (o->has_bound)
		g_string_append_printf(text, ", bound %u", v->bound);
	if (v->calmed)
		g_string_append_printf(text, ", spontaneous %" G_GUINT64_FORMAT,
		                       v->spontaneous);
	return g_string_free(text, FALSE);
}

/* What is not as expected: the run that shows it, and how to see it again. */
static void add_failure(const struct check *x, struct runner *r,
                        const struct verdict *v, struct check_result *result)
{
	struct cli_options quiet = *x->options;
	struct single single;
	struct run_result run;

	if (v->run >= 0 && !v->ended)
		result->again = g_strdup_printf(
			"mmulator run %s --variant %s --policy random --seed "
			"%" G_GUINT64_FORMAT " --run %" G_GINT64_FORMAT,
			runner_scenario(r)->source.file,
			variant_name(runner_variant(r)), v->seed, v->run);
	quiet.format = FORMAT_TEXT;
	quiet.trace = NULL;
	quiet.choices_out = NULL;
	quiet.output = NULL;
	quiet.quiet = false;
	single_init(&single, &quiet);
	single.keep = true;
	if (v->log)
		(void)single_run(&single, r, policy_replay_new(v->log), &run);
	result->columns = g_strdup(single.out.text->str);
	result->flow = single.flow;
	output_clear(&single.out);
}

/* "in 3 runs: CPU0 (t) was killed by SIGKILL at 0x40000000: out of memory" */
static char *format_killed(const struct verdict *v)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; v->killed && i < v->killed->len; i++) {
		const struct killed *k =
			&g_array_index(v->killed, struct killed, i);
		g_autofree char *sentence = NULL;

		if (!k->unexpected)
			continue;
		sentence = killed_sentence(k);
		g_string_append_printf(text, "; %s", sentence);
	}
	if (!text->len)
		return NULL;
	return g_strdup_printf("in %u run%s: %s", v->killed_runs,
	                       v->killed_runs == 1 ? "" : "s", text->str + 2);
}

static GArray *take_killed(struct verdict *v)
{
	if (v->killed)
		return g_steal_pointer(&v->killed);
	return g_array_new(FALSE, FALSE, sizeof(struct killed));
}

static void add_result(struct check *x, struct runner *r, struct verdict *v,
                       double seconds)
{
	const struct ast_variant *variant = runner_variant(r);
	struct check_result result = {
		.scenario = runner_scenario(r),
		.v = variant,
		.ok = v->ok,
		.reason = g_strdup(v->reason),
		.expected = format_expected(variant),
		.found = v->fired ? format_hazards(v->fired)
		                  : g_strdup(outcome_name(0, v->end)),
		.fired = v->fired,
		.end = v->end,
		.executions = v->executions,
		.seconds = seconds,
		.run = v->first,
		.search = format_search(x->options, v),
		.exhausted = v->exhausted,
		.confirmed = v->confirmed,
		.preemptions = v->ended && v->fired ? v->preemptions : -1,
		.given_up = v->given_up,
		.killed_text = format_killed(v),
	};

	result.killed = take_killed(v);
	if (!v->ok)
		add_failure(x, r, v, &result);
	progress_wipe(&x->progress);
	report_result(&x->report, &result);
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
		.has_spontaneous = o->has_spontaneous,
		.spontaneous = o->spontaneous,
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

/* Return: the status; CLI_USAGE if it cannot run, which was said. */
static int check_variant(struct check *x, const struct scenario *s,
                         const struct ast_variant *v)
{
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
	if (is_search(o) && !options.step_cap)
		options.step_cap = SEARCH_STEPS;
	r = make_runner(s, v, o);
	if (!r)
		return CLI_USAGE;
	progress_next(&x->progress, s->source.file, variant_name(v));
	name_command(s, v, o);
	if (verify(x, r, &verdict, &error)) {
		double seconds = (double)(g_get_monotonic_time() - start) / 1e6;

		status = verdict.ok ? CLI_OK : CLI_DIFFERS;
		keep_choices(x, &verdict, &status);
		add_result(x, r, &verdict, seconds);
		verdict_clear(&verdict);
	} else {
		progress_wipe(&x->progress);
		status = cli_error("%s: %s: %s", s->source.file,
		                   variant_name(v), error->message);
	}
	runner_free(r);
	return status;
}

/* ---- all of them ---- */

static bool is_chosen(const struct cli_options *o, const struct ast_variant *v)
{
	return !o->variant || strcmp(o->variant, variant_name(v)) == 0;
}

static int check_scenario(struct check *x, const struct scenario *s)
{
	const struct ast_variant *v = s->variants;
	int worst = CLI_OK;

	do {
		struct check_result left_out = {
			.scenario = s,
			.v = v,
			.skipped = true,
			.preemptions = -1,
		};
		int status = CLI_OK;

		if (is_chosen(x->options, v))
			status = check_variant(x, s, v);
		else
			report_result(&x->report, &left_out);
		worst = MAX(worst, status);
	} while (v && (v = v->next));
	return worst;
}

static int count_variant(const struct scenario *s, const struct ast_variant *v,
                         void *data)
{
	unsigned *n = data;

	(void)s;
	(void)v;
	++*n;
	return CLI_OK;
}

static int check_all(const GPtrArray *scenarios, struct check *x)
{
	int worst = CLI_OK;

	for (unsigned i = 0; i < scenarios->len; i++) {
		int status;

		report_begin_scenario(&x->report, scenarios, i);
		status = check_scenario(x, scenarios->pdata[i]);
		worst = MAX(worst, status);
		report_end_scenario(&x->report, scenarios, i);
	}
	return worst;
}

static int check(GPtrArray *scenarios, const struct cli_options *o)
{
	struct check x = { .options = o };
	unsigned n = 0;
	int status = for_each_chosen(scenarios, o, count_variant, &n);

	if (status != CLI_OK)
		return status;
	progress_init(&x.progress, n, o->quiet);
	report_begin(&x.report, scenarios, o);
	status = check_all(scenarios, &x);
	progress_clear(&x.progress);
	crash_command(NULL);
	if (status < CLI_USAGE && !report_end(&x.report))
		status = CLI_USAGE;
	report_clear(&x.report);
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
		status = check(scenarios, &o);
	cli_options_clear(&o);
	return status;
}
