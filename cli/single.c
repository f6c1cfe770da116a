// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/single.h"

#include <string.h>

#include "cli/log.h"
#include "cli/told.h"
#include "explore/pct.h"
#include "mm/mm_types.h"
#include "scenario/killed.h"
#include "scenario/verdict.h"

void single_init(struct single *x, const struct cli_options *o)
{
	*x = (struct single){ .options = o };
	output_init(&x->out, o);
	if (o->trace)
		x->trace = g_string_new(NULL);
	if (o->choices_out)
		x->choices = g_string_new(NULL);
}

static void reset_recorder(void *data)
{
	recorder_reset(data);
}

static void print_counters(struct output *out, const struct run_result *run,
                           const struct machine *m)
{
	g_autoptr(GString) text = g_string_new(NULL);

#define ITEM(name)                                                           \
	if (m->vmstat->name)                                                 \
		g_string_append_printf(text, "  %s %" G_GUINT64_FORMAT "\n", \
		                       #name, m->vmstat->name);
	VMSTAT_ITEMS(ITEM)
#undef ITEM
	output_text(out,
	            "  %u choices, trace hash %016" G_GINT64_MODIFIER "x\n%s",
	            run->nr_choices, run->trace_hash, text->str);
}

static void G_GNUC_PRINTF(3, 4)
	append_wrapped(GString *out, unsigned indent, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	wrap_text(out, text, REPORT_WIDTH, indent);
	g_string_append_c(out, '\n');
}

static void append_killed(GString *report, const struct runner *r,
                          const struct run_result *run)
{
	g_autoptr(GArray) killed = killed_threads(r, run);

	for (unsigned i = 0; i < killed->len; i++) {
		g_autofree char *sentence = killed_sentence(
			&g_array_index(killed, struct killed, i));

		append_wrapped(report, 2, "%s", sentence);
	}
}

static void print_report(struct single *x, struct runner *r,
                         const struct recorder *recorder,
                         const struct run_result *run, const char *reason)
{
	const struct ast_variant *v = runner_variant(r);
	g_autofree char *expected = format_expected(v);
	g_autoptr(GString) report = g_string_new(NULL);
	struct output *out = &x->out;

	if (x->options->quiet && !reason)
		return;
	append_wrapped(report, 2, "%s: %s, expects %s",
	               runner_scenario(r)->source.file, variant_name(v),
	               expected);
	if (x->explain && run->nr_hazards)
		viz_explain(report, recorder, run->hazards, run->nr_hazards,
		            runner_machine(r));
	else if (run->nr_hazards || run->end == RUN_DONE)
		viz_report(report, recorder, run->hazards, run->nr_hazards,
		           runner_machine(r));
	else
		append_wrapped(report, 2, "no hazard up to its end: %s",
		               run_end_name(run->end));
	append_killed(report, r, run);
	append_wrapped(report, 4,
	               "  %" G_GUINT64_FORMAT " steps, %" G_GUINT64_FORMAT
	               " cycles: %s%s",
	               run->steps, run->cycles,
	               reason ? "DIFFERS: " : "as expected",
	               reason ? reason : "");
	output_text(out, "%s%s", x->nr_runs ? "\n" : "", report->str);
	if (x->options->verbose)
		print_counters(out, run, runner_machine(r));
}

static void print_json(struct single *x, struct runner *r,
                       const struct recorder *recorder,
                       const struct run_result *run, const char *reason)
{
	g_autoptr(GArray) told = tell_hazards(
		recorder, run->hazards, run->nr_hazards, runner_machine(r));
	const struct ast_variant *v = runner_variant(r);
	g_autofree char *expected = format_expected(v);
	g_autoptr(GArray) killed = killed_threads(r, run);
	const struct json_run j = {
		.scenario = runner_scenario(r)->source.file,
		.variant = variant_name(v),
		.expected = expected,
		.fired = run->fired,
		.end = run->end,
		.ok = !reason,
		.reason = reason,
		.run = run,
		.killed = killed,
		.told = told,
	};

	output_json_run(&x->out, &j);
}

static void keep_files(struct single *x, struct runner *r,
                       const struct recorder *recorder)
{
	if (x->trace) {
		g_string_append_printf(x->trace, "# %s: %s\n",
		                       runner_scenario(r)->source.file,
		                       variant_name(runner_variant(r)));
		viz_trace(x->trace, recorder, runner_machine(r));
	}
	if (x->choices) {
		g_autofree char *text = choice_log_format(runner_log(r));

		g_string_assign(x->choices, text);
	}
}

static void print_run(struct single *x, struct runner *r,
                      const struct recorder *recorder,
                      const struct run_result *run, const char *reason)
{
	if (x->options->format == FORMAT_JSON)
		print_json(x, r, recorder, run, reason);
	else
		print_report(x, r, recorder, run, reason);
	keep_files(x, r, recorder);
	if (x->keep)
		x->told = tell_hazards(recorder, run->hazards, run->nr_hazards,
		                       runner_machine(r));
	x->nr_runs++;
	/* What comes with files is shown when they are there. */
	if (!x->keep && !x->trace && !x->choices)
		output_flush(&x->out);
}

struct policy *random_policy(const struct cli_options *o)
{
	uint64_t seed = o->has_seed ? o->seed : 1;
	struct policy *policy;

	if (!strcmp(o->policy, "pct")) {
		policy = policy_pct_new(seed, o->depth);
		policy_pct_set_run(policy, o->run);
		return policy;
	}
	policy = policy_random_new(seed);
	policy_random_set_run(policy, o->run);
	return policy;
}

/* Nothing came of the run, or not what was recorded. */
static int complain(const struct single *x, const struct runner *r,
                    const GError *error)
{
	const struct source *source = &runner_scenario(r)->source;
	g_autofree char *sha256 = log_sha256(source->text, source->len);

	if (x->recorded && (!error || error->domain == POLICY_ERROR))
		return log_misfit(x->recorded, x->options,
		                  error ? error->message : NULL, source->file,
		                  sha256);
	return no_run(runner_scenario(r), runner_variant(r), error);
}

int single_run(struct single *x, struct runner *r, struct policy *policy,
               struct run_result *run)
{
	struct recorder *recorder = recorder_new(x->trace);
	g_autoptr(GError) error = NULL;
	g_autofree char *reason = NULL;
	bool good;
	int status;

	recorder_attach(recorder, runner_machine(r));
	runner_on_start(r, reset_recorder, recorder);
	good = runner_run(r, policy, run, &error) &&
	       (!x->recorded ||
	        log_is_run(x->recorded, run->steps, run->trace_hash));
	if (good) {
		reason = judge_run(r, run, true);
		print_run(x, r, recorder, run, reason);
		status = reason ? CLI_DIFFERS : CLI_OK;
	} else {
		status = complain(x, r, error);
	}
	runner_on_start(r, NULL, NULL);
	recorder_detach(recorder);
	recorder_free(recorder);
	policy_free(policy);
	return status;
}

static bool write_text(const char *path, GString *text)
{
	return !text || write_file(path, text->str, text->len);
}

int single_finish(struct single *x, int status)
{
	bool written = true;

	if (status < CLI_USAGE)
		written = write_text(x->options->trace, x->trace) &&
		          write_text(x->options->choices_out, x->choices) &&
		          output_finish(&x->out);
	output_clear(&x->out);
	if (x->trace)
		g_string_free(x->trace, TRUE);
	if (x->choices)
		g_string_free(x->choices, TRUE);
	return written ? status : CLI_USAGE;
}
