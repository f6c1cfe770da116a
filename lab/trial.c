// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/trial.h"

#include <string.h>

#include "emu/vcpu_ops.h"
#include "scenario/search.h"
#include "scenario/verdict.h"
#include "viz/report.h"

/* Runs of a search nobody put a limit to. */
#define SEARCH_RUNS 100000

struct experiment {
	struct runner *r;
	const struct lab_plan *plan;
	struct verdict verdict; /* of a search, or gathered here */
	uint64_t held;          /* conditions that held in some run */
};

/* ---- single runs ---- */

static struct choice_log *copy_log(const struct choice_log *log)
{
	g_autofree char *text = choice_log_format(log);

	return choice_log_parse(text, strlen(text), NULL);
}

static bool run_once(struct experiment *x, struct policy *policy, bool whole,
                     GError **error)
{
	struct verdict *v = &x->verdict;
	struct run_result run;
	bool first_hazard;

	if (!runner_run(x->r, policy, &run, error))
		return false;
	first_hazard = run.fired && !v->fired;
	v->executions++;
	v->fired |= run.fired;
	x->held |= run.held;
	v->reason = judge_run(x->r, &run, whole);
	if (v->reason || first_hazard || !v->log) {
		choice_log_free(v->log);
		v->log = copy_log(runner_log(x->r));
	}
	return true;
}

static bool run_randomly(struct experiment *x, GError **error)
{
	struct policy *policy = policy_random_new(x->plan->seed);
	struct verdict *v = &x->verdict;
	uint64_t n = MAX(x->plan->nr_runs, 1);
	bool possible = true;

	for (uint64_t i = 0; possible && i < n && !v->reason; i++) {
		policy_random_set_run(policy, i);
		possible = run_once(x, policy, false, error);
	}
	policy_free(policy);
	if (possible && !v->reason)
		v->reason =
			judge_all_runs(x->r, v->fired, x->held, v->executions);
	return possible;
}

static bool run_single(struct experiment *x, struct policy *policy,
                       GError **error)
{
	bool possible = run_once(x, policy, true, error);

	policy_free(policy);
	return possible;
}

/* ---- searches ---- */

static bool search(struct experiment *x, enum search_kind kind, GError **error)
{
	const struct lab_plan *plan = x->plan;
	const struct search_options options = {
		.kind = kind,
		.bounded = plan->bounded,
		.bound = plan->bound,
		.depth = plan->depth ? plan->depth : 3,
		.seed = plan->seed,
		.max_executions = plan->nr_runs ? plan->nr_runs : SEARCH_RUNS,
		.time_is_up = plan->time_is_up,
		.data = plan->data,
	};

	return search_variant(x->r, &options, &x->verdict, error);
}

static bool run_experiment(struct experiment *x, GError **error)
{
	x->verdict.preemptions = -1;
	switch (x->plan->policy) {
	case LAB_TIMED:
		return run_single(x, policy_timed_new(), error);
	case LAB_RANDOM:
		return run_randomly(x, error);
	case LAB_PCT:
		return search(x, SEARCH_PCT, error);
	case LAB_EXPLORE:
		return search(x, SEARCH_EXPLORE, error);
	case LAB_PINNED:
	default:
		return run_single(x, runner_pinned_policy(x->r), error);
	}
}

/* ---- the run that decided, again, to be looked at ---- */

static void take_threads(struct lab_trial *t, const struct scenario *s,
                         const struct run_result *run)
{
	const struct ast_thread *thread = s->threads;

	t->nr_threads = s->nr_threads;
	t->threads = g_new0(char *, s->nr_threads + 1);
	t->results = g_new0(struct thread_result, s->nr_threads + 1);
	for (unsigned i = 0; thread; thread = thread->next, i++) {
		t->threads[i] = g_strdup(thread->name);
		t->results[i] = run->threads[thread->index];
	}
}

static void take_run(struct lab_trial *t, struct runner *r,
                     const struct recorder *recorder,
                     const struct run_result *run)
{
	g_autoptr(GString) report = g_string_new(NULL);

	viz_report(report, recorder, run->hazards, run->nr_hazards,
	           runner_machine(r));
	t->report = g_strdup(report->str);
	t->steps = run->steps;
	t->cycles = run->cycles;
	t->trace_hash = run->trace_hash;
	t->end = run->end;
	take_threads(t, runner_scenario(r), run);
}

static void reset_recorder(void *data)
{
	recorder_reset(data);
}

static bool look_again(struct lab_trial *t, struct experiment *x,
                       GError **error)
{
	struct recorder *recorder = recorder_new(false);
	struct policy *replay = policy_replay_new(x->verdict.log);
	struct run_result run;
	bool possible;

	recorder_attach(recorder, runner_machine(x->r));
	runner_on_start(x->r, reset_recorder, recorder);
	possible = runner_run(x->r, replay, &run, error);
	if (possible) {
		take_run(t, x->r, recorder, &run);
		t->choices = choice_log_format(runner_log(x->r));
	}
	runner_on_start(x->r, NULL, NULL);
	recorder_detach(recorder);
	recorder_free(recorder);
	policy_free(replay);
	return possible;
}

/* ---- trials ---- */

static struct lab_trial *new_trial(struct experiment *x, GError **error)
{
	const struct verdict *v = &x->verdict;
	struct lab_trial *t = g_new0(struct lab_trial, 1);

	t->ok = !v->reason;
	t->reason = g_strdup(v->reason);
	t->fired = v->fired;
	t->executions = v->executions;
	t->exhausted = v->exhausted;
	t->confirmed = v->confirmed;
	t->ended = v->ended;
	t->preemptions = v->ended && v->fired ? v->preemptions : -1;
	if (!v->log || look_again(t, x, error))
		return t;
	lab_trial_free(t);
	return NULL;
}

static struct runner *make_runner(const struct scenario *s,
                                  const struct ast_variant *v,
                                  const struct lab_plan *plan, GError **error)
{
	static const char *const installed[] = {
		MMULATOR_DATADIR "/profiles",
		MMULATOR_SOURCE_DIR "/profiles",
		NULL,
	};
	const struct run_config config = {
		.engine = plan->engine ? plan->engine : &vcpu_ops_direct,
		.options = plan->options,
		.profile_dirs =
			plan->profile_dirs ? plan->profile_dirs : installed,
		.step_cap = plan->step_cap,
	};

	return runner_new(s, v, &config, error);
}

/* Return: false and @error if @name names none, or none alone. */
static bool choose_variant(const struct scenario *s, const char *name,
                           const struct ast_variant **out, GError **error)
{
	const char *file = s->source.file;

	*out = name ? find_variant(s, name) : s->variants;
	if (!name && s->nr_variants <= 1)
		return true;
	if (name && (*out || (!s->nr_variants && !strcmp(name, "default"))))
		return true;
	if (name)
		g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE,
		            "%s: there is no variant '%s'", file, name);
	else
		g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE,
		            "%s: which of its %u variants?", file,
		            s->nr_variants);
	return false;
}

struct lab_trial *lab_try(const struct scenario *s, const char *variant,
                          const struct lab_plan *plan, GError **error)
{
	static const struct lab_plan pinned = { .policy = LAB_PINNED };
	struct experiment x = { .plan = plan ? plan : &pinned };
	const struct ast_variant *v;
	struct lab_trial *t = NULL;

	if (!choose_variant(s, variant, &v, error))
		return NULL;
	x.r = make_runner(s, v, x.plan, error);
	if (!x.r)
		return NULL;
	if (run_experiment(&x, error))
		t = new_trial(&x, error);
	verdict_clear(&x.verdict);
	runner_free(x.r);
	return t;
}

void lab_trial_free(struct lab_trial *t)
{
	if (!t)
		return;
	g_free(t->reason);
	g_free(t->report);
	g_free(t->choices);
	g_strfreev(t->threads);
	g_free(t->results);
	g_free(t);
}

bool lab_found(const struct lab_trial *t, enum oracle_id oracle)
{
	return t->fired & (1U << oracle);
}

static const struct thread_result *find_result(const struct lab_trial *t,
                                               const char *thread)
{
	for (unsigned i = 0; i < t->nr_threads; i++) {
		if (strcmp(t->threads[i], thread) == 0)
			return &t->results[i];
	}
	return NULL;
}

bool lab_register(const struct lab_trial *t, const char *thread, unsigned reg,
                  uint64_t *value)
{
	const struct thread_result *result = find_result(t, thread);

	if (!result || reg >= NR_PROGRAM_REGS)
		return false;
	*value = result->regs[reg];
	return true;
}

int lab_signal(const struct lab_trial *t, const char *thread)
{
	const struct thread_result *result = find_result(t, thread);

	return result ? result->signal : -1;
}
