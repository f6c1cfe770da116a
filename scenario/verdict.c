// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/verdict.h"

#include <string.h>

#include "scenario/killed.h"

/* ---- words ---- */

static uint32_t hazard_bits(const struct ast_hazard *hazard)
{
	uint32_t bits = 0;

	for (; hazard; hazard = hazard->next)
		bits |= 1U << oracle_by_name(hazard->name);
	return bits;
}

uint32_t expected_hazards(const struct ast_variant *v)
{
	return v ? hazard_bits(v->hazards) : 0;
}

uint32_t allowed_hazards(const struct ast_variant *v)
{
	return v ? hazard_bits(v->hazards) | hazard_bits(v->allowed) : 0;
}

char *format_hazards(uint32_t fired)
{
	GString *names = g_string_new(NULL);

	for (int i = 0; i < ORACLE_COUNT; i++) {
		if (fired & (1U << i))
			g_string_append_printf(names, "%s%s",
			                       names->len ? ", " : "",
			                       oracle_infos[i].name);
	}
	return g_string_free(names, FALSE);
}

char *format_expected(const struct ast_variant *v)
{
	g_autofree char *names = format_hazards(expected_hazards(v));

	return *names ? g_strconcat("hazard ", names, NULL) : g_strdup("clean");
}

const char *run_end_name(enum run_end end)
{
	static const char *const names[] = { "done", "deadlock", "step cap",
		                             "stopped", "paused" };

	return names[end];
}

/* ---- one run ---- */

static char *judge_end(const struct run_result *run, uint32_t allowed)
{
	switch (run->end) {
	case RUN_STEP_CAP:
		return g_strdup_printf(
			"it does not end within %" G_GUINT64_FORMAT " steps",
			run->steps);
	case RUN_DEADLOCK:
		if (allowed & (1U << ORACLE_DEADLOCK))
			return NULL;
		return g_strdup("nobody can move any more");
	case RUN_STOPPED:
		/* The kernel could not go on; a hazard says why. */
		return run->fired ? NULL : g_strdup("it was stopped");
	case RUN_DONE:
	case RUN_PAUSED:
	default:
		return NULL;
	}
}

static char *judge_hazards(const struct run_result *run, uint32_t wanted,
                           uint32_t allowed, bool whole)
{
	g_autofree char *surplus = format_hazards(run->fired & ~allowed);
	g_autofree char *missing = format_hazards(wanted & ~run->fired);

	if (*surplus)
		return g_strdup_printf("unexpected hazard %s", surplus);
	if (whole && *missing)
		return g_strdup_printf("no hazard %s", missing);
	return NULL;
}

static const char *quantifier_name(enum ast_quantifier quantifier)
{
	static const char *const names[] = { "exists", "never", "always" };

	return names[quantifier];
}

static char *judge_conditions(const struct runner *r,
                              const struct run_result *run, bool whole)
{
	unsigned n;
	const struct ast_condition *const *all = runner_conditions(r, &n);

	if (run->end != RUN_DONE)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		bool held = (run->held >> i) & 1;
		bool wrong = all[i]->quantifier == QUANT_NEVER ? held : !held;

		if (all[i]->quantifier == QUANT_EXISTS && !whole)
			wrong = false;
		if (wrong)
			return g_strdup_printf(
				"line %u does not hold: %s %s",
				all[i]->pos.line,
				quantifier_name(all[i]->quantifier),
				all[i]->text);
	}
	return NULL;
}

char *judge_run(const struct runner *r, const struct run_result *run,
                bool whole)
{
	const struct ast_variant *v = runner_variant(r);
	uint32_t allowed = allowed_hazards(v);
	char *reason = judge_hazards(run, expected_hazards(v), allowed, whole);

	if (!reason)
		reason = judge_end(run, allowed);
	if (!reason)
		reason = judge_conditions(r, run, whole);
	return reason;
}

char *judge_all_runs(const struct runner *r, uint32_t fired, uint64_t held,
                     unsigned executions)
{
	uint32_t wanted = expected_hazards(runner_variant(r));
	g_autofree char *missing = format_hazards(wanted & ~fired);
	unsigned n;
	const struct ast_condition *const *c = runner_conditions(r, &n);

	if (*missing)
		return g_strdup_printf("no hazard %s in %u run%s", missing,
		                       executions, executions == 1 ? "" : "s");
	for (unsigned i = 0; i < n; i++) {
		if (c[i]->quantifier == QUANT_EXISTS && !((held >> i) & 1))
			return g_strdup_printf(
				"line %u: no run in %u: exists %s",
				c[i]->pos.line, executions, c[i]->text);
	}
	return NULL;
}

/* ---- all runs ---- */

void note_killed(struct verdict *out, const struct runner *r,
                 const struct run_result *run)
{
	g_autoptr(GArray) killed = killed_threads(r, run);

	if (!killed->len)
		return;
	out->killed_runs++;
	if (!out->killed)
		out->killed = g_steal_pointer(&killed);
}

struct verification {
	struct runner *r;
	const struct verify_options *options;
	struct verdict *out;
	uint64_t held; /* conditions that held in some run */
	unsigned nr_random;
	bool until_found; /* random runs end when all hazards were seen */
};

static struct choice_log *copy_log(const struct choice_log *log)
{
	g_autofree char *text = choice_log_format(log);

	return choice_log_parse(text, strlen(text), NULL);
}

static void keep_run(struct verification *x, int64_t number)
{
	choice_log_free(x->out->log);
	x->out->log = copy_log(runner_log(x->r));
	x->out->run = number;
}

static bool wants_random(const struct verification *x)
{
	const struct ast_variant *v = runner_variant(x->r);

	if (x->options && (x->options->pinned_only || x->options->timed))
		return false;
	if (x->options && x->options->has_random)
		return true;
	return !(v && v->expect == EXPECT_HAZARD && runner_schedule(x->r));
}

/* Is there anybody to race with? What only the hardware and RCU leave open is
 * looked at as often as the scenario itself asks. */
static bool is_alone(const struct runner *r)
{
	const struct ast_machine m =
		effective_machine(runner_scenario(r), runner_variant(r));

	return runner_scenario(r)->nr_threads <= 1 && !m.speculation &&
	       !m.eviction;
}

static void plan(struct verification *x)
{
	const struct ast_variant *v = runner_variant(x->r);
	const struct ast_search *search = &runner_scenario(x->r)->search;

	if (v && v->search.set)
		search = &v->search;
	x->nr_random = search->nr_runs;
	x->out->seed = search->set ? search->seed : 1;
	if (x->options && x->options->has_random && !is_alone(x->r))
		x->nr_random = x->options->nr_random;
	if (x->options && x->options->has_seed)
		x->out->seed = x->options->seed;
	if (!wants_random(x))
		x->nr_random = 0;
	x->until_found = v && v->expect == EXPECT_HAZARD;
}

static bool all_found(const struct verification *x)
{
	uint32_t wanted = expected_hazards(runner_variant(x->r));

	return x->until_found && !(wanted & ~x->out->fired);
}

/* One more run. Returns false if it was impossible. */
static bool next_run(struct verification *x, struct policy *policy,
                     int64_t number, GError **error)
{
	struct verdict *out = x->out;
	struct run_result run;
	bool first_hazard;

	if (!runner_run(x->r, policy, &run, error))
		return false;
	first_hazard = run.fired && !out->fired;
	if (out->executions++ == 0)
		out->first = run;
	out->fired |= run.fired;
	x->held |= run.held;
	note_killed(out, x->r, &run);
	if (out->end == RUN_DONE)
		out->end = run.end;
	out->reason = judge_run(x->r, &run, false);
	if (out->reason || first_hazard || !out->log)
		keep_run(x, number);
	if (x->options && x->options->progress)
		x->options->progress(x->options->data, out->executions,
		                     x->nr_random + 1);
	return true;
}

static bool random_runs(struct verification *x, GError **error)
{
	struct policy *policy = policy_random_new(x->out->seed);
	bool possible = true;

	for (unsigned i = 0; i < x->nr_random && possible; i++) {
		if (x->out->reason || all_found(x))
			break;
		policy_random_set_run(policy, i);
		possible = next_run(x, policy, i, error);
	}
	policy_free(policy);
	return possible;
}

bool verify_variant(struct runner *r, const struct verify_options *options,
                    struct verdict *out, GError **error)
{
	struct verification x = { .r = r, .options = options, .out = out };
	struct policy *first = options && options->timed
	                               ? policy_timed_new()
	                               : runner_pinned_policy(r);
	bool possible;

	*out = (struct verdict){ .run = -1 };
	plan(&x);
	possible = next_run(&x, first, -1, error);
	policy_free(first);
	if (possible)
		possible = random_runs(&x, error);
	if (!possible) {
		verdict_clear(out);
		return false;
	}
	if (!out->reason)
		out->reason =
			judge_all_runs(r, out->fired, x.held, out->executions);
	out->ok = !out->reason;
	return true;
}

void verdict_clear(struct verdict *v)
{
	g_clear_pointer(&v->reason, g_free);
	g_clear_pointer(&v->log, choice_log_free);
	g_clear_pointer(&v->killed, g_array_unref);
}
