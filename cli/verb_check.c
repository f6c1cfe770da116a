// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator check PATH...: every variant against what it expects.
 */
#include <string.h>

#include "cli/pool.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/shards.h"
#include "cli/single.h"
#include "scenario/killed.h"

struct check {
	const struct cli_options *options;
	struct plan plan;
	struct report report;
	struct progress progress;
	unsigned item; /* number of the variant among those chosen */
};

static void show_progress(void *data, unsigned done, unsigned total)
{
	struct check *x = data;

	progress_runs(&x->progress, done, total);
}

/* ---- one variant ---- */

/* "exhausted, bound 2", "hazard found, seed 1, run 77", "random" */
static char *format_search(const struct plan *p, const struct verdict *v)
{
	GString *text = g_string_new(v->ended);

	if (!v->ended)
		g_string_append(text, v->executions > 1 ? "random"
		                      : p->verify.timed ? "timed"
		                                        : "pinned");
	else if (p->search.kind != SEARCH_EXPLORE)
		g_string_append_printf(text, ", seed %" G_GUINT64_FORMAT,
		                       v->seed);
	else if (p->search.bounded)
		g_string_append_printf(text, ", bound %u", v->bound);
	if (v->ended && p->search.kind != SEARCH_EXPLORE && v->run >= 0)
		g_string_append_printf(text, ", run %" G_GINT64_FORMAT, v->run);
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
	result->told = single.told;
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
		.search = format_search(&x->plan, v),
		.exhausted = v->exhausted,
		.confirmed = v->confirmed,
		.preemptions = v->ended && (v->fired || v->reason)
		                       ? v->preemptions
		                       : -1,
		.least = v->least,
		.given_up = v->given_up,
		.killed_text = format_killed(v),
		.again = plan_again(&x->plan, r, v),
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

/* What a variant took, in seconds. */
static double time_taken(const struct check *x, gint64 start)
{
	if (x->plan.shards)
		return shards_seconds(x->plan.shards, x->item);
	return (double)(g_get_monotonic_time() - start) / 1e6;
}

/* Return: the status; CLI_USAGE if it cannot run, which was said. */
static int judge_variant(struct check *x, struct runner *r)
{
	gint64 start = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;
	struct verdict verdict;
	int status;

	if (!plan_verdict(&x->plan, x->item, r, &verdict, &error)) {
		progress_wipe(&x->progress);
		return plan_failed(runner_scenario(r), runner_variant(r),
		                   error);
	}
	status = verdict.ok ? CLI_OK : CLI_DIFFERS;
	keep_choices(x, &verdict, &status);
	add_result(x, r, &verdict, time_taken(x, start));
	verdict_clear(&verdict);
	return status;
}

static int check_variant(struct check *x, const struct scenario *s,
                         const struct ast_variant *v)
{
	g_autofree char *command = plan_command(&x->plan, s, v);
	g_autoptr(GError) error = NULL;
	struct runner *r = plan_runner(&x->plan, s, v, &error);
	int status;

	if (!r) {
		status = cli_error("%s", error->message);
	} else {
		progress_next(&x->progress, s->source.file, variant_name(v));
		crash_command("%s", command);
		status = judge_variant(x, r);
	}
	runner_free(r);
	x->item++;
	return status;
}

/* ---- all of them ---- */

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

		if (is_chosen(x->options, s, v))
			status = check_variant(x, s, v);
		else
			report_result(&x->report, &left_out);
		worst = MAX(worst, status);
	} while (v && (v = v->next));
	return worst;
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

static bool one_chosen(const struct cli_options *o, const GPtrArray *scenarios)
{
	const struct scenario *s = scenarios->len ? scenarios->pdata[0] : NULL;

	return scenarios->len == 1 && (o->variant || s->nr_variants <= 1);
}

static bool fits(const struct cli_options *o, const GPtrArray *scenarios)
{
	if (o->choices_out && !one_chosen(o, scenarios))
		cli_error("%s: --choices-out takes one scenario and --variant",
		          o->verb);
	else if (o->policy && o->has_runs && !o->nr_runs)
		cli_error("check: --runs 0 leaves nothing to do for --policy "
		          "random");
	else
		return true;
	return false;
}

int check_report(GPtrArray *scenarios, const struct cli_options *o,
                 struct shards *shards)
{
	struct check x = { .options = o };
	g_autoptr(GArray) items = plan_items(scenarios, o);
	int status;

	plan_init(&x.plan, o, show_progress, &x);
	x.plan.shards = shards;
	if (!items || !fits(o, scenarios) || !plan_hire(&x.plan, items))
		return CLI_USAGE;
	progress_init(&x.progress, items->len, o->quiet);
	report_begin(&x.report, scenarios, o);
	status = check_all(scenarios, &x);
	pool_free(x.plan.pool);
	progress_clear(&x.progress);
	crash_command(NULL);
	if (status < CLI_USAGE && !report_end(&x.report))
		status = CLI_USAGE;
	report_clear(&x.report);
	return status;
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
	if (scenarios)
		status = o.nr_shards ? shard_check(scenarios, &o)
		                     : check_report(scenarios, &o, NULL);
	cli_options_clear(&o);
	return status;
}
