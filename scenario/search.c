// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/search.h"

#include <string.h>

#include "emu/vcpu_ops.h"
#include "explore/explorer.h"
#include "explore/pct.h"
#include "explore/shrink.h"

struct search {
	struct runner *r;
	const struct search_options *options;
	struct verdict *out;
	uint64_t held; /* conditions that held in some run */
	uint32_t wanted;
};

static struct choice_log *copy_log(const struct choice_log *log)
{
	g_autofree char *text = choice_log_format(log);

	return choice_log_parse(text, strlen(text), NULL);
}

/* Everything that was to be seen was. */
static bool all_found(const struct search *x)
{
	g_autofree char *missing = NULL;

	if (!x->wanted || (x->wanted & ~x->out->fired))
		return false;
	missing = judge_all_runs(x->r, x->out->fired, x->held,
	                         x->out->executions);
	return !missing;
}

/* The run was one of those that count. Returns whether the search is over. */
static bool note_run(struct search *x, const struct run_result *run)
{
	struct verdict *out = x->out;
	bool first_hazard = run->fired && !out->fired;

	out->executions++;
	out->fired |= run->fired;
	x->held |= run->held;
	note_killed(out, x->r, run);
	if (out->end == RUN_DONE)
		out->end = run->end;
	out->reason = judge_run(x->r, run, false);
	if (out->reason || first_hazard || !out->log) {
		choice_log_free(out->log);
		out->log = copy_log(runner_log(x->r));
		out->first = *run;
		out->run = (int64_t)out->executions - 1;
	}
	if (x->options->progress)
		x->options->progress(x->options->data, out->executions,
		                     (unsigned)x->options->max_executions);
	return out->reason || all_found(x);
}

/* ---- explore ---- */

static bool explore(struct search *x, GError **error)
{
	const struct search_options *o = x->options;
	const struct explorer_options options = {
		.bounded = o->bounded,
		.bound = o->bound,
		.limit_spontaneous = true,
		.max_spontaneous = o->has_spontaneous ? o->spontaneous
		                                      : SEARCH_SPONTANEOUS,
		.max_executions = o->max_executions,
		.time_is_up = o->time_is_up,
		.data = o->data,
		.shard = o->shard,
		.nr_shards = o->nr_shards,
	};
	struct explorer *e = explorer_new(&options);
	const struct explorer_stats *stats = explorer_stats(e);
	struct verdict *out = x->out;
	bool possible = true;
	struct policy *policy;
	struct run_result run;

	while (possible && (policy = explorer_next(e))) {
		bool over = false;
		unsigned logged = out->executions;

		possible = runner_run(x->r, policy, &run, error);
		if (possible && explorer_counts(e))
			over = note_run(x, &run);
		if (out->run == (int64_t)logged)
			out->preemptions = (int)explorer_preemptions(e);
		explorer_done(e, over);
	}
	out->exhausted = stats->exhausted;
	out->bound = stats->bound;
	out->ended = explorer_end_name(stats->end);
	out->given_up = stats->blocked;
	out->calmed = stats->calmed;
	out->spontaneous = options.max_spontaneous;
	explorer_free(e);
	return possible;
}

/* ---- pct ---- */

static bool probe(struct search *x, struct policy *policy, GError **error)
{
	const struct search_options *o = x->options;
	struct run_result run;

	x->out->ended = "cap on executions";
	for (uint64_t i = 0; i < o->max_executions; i++) {
		if (o->time_is_up && o->time_is_up(o->data)) {
			x->out->ended = "cap on seconds";
			break;
		}
		policy_pct_set_run(policy, i);
		if (!runner_run(x->r, policy, &run, error))
			return false;
		if (note_run(x, &run)) {
			x->out->ended = "hazard found";
			break;
		}
	}
	return true;
}

static bool pct(struct search *x, GError **error)
{
	struct policy *timed = policy_timed_new();
	struct policy *policy =
		policy_pct_new(x->options->seed, x->options->depth);
	struct run_result run;
	bool possible = runner_run(x->r, timed, &run, error);

	/* How long is a run? */
	if (possible) {
		policy_pct_set_steps(policy, run.steps);
		possible = probe(x, policy, error);
	}
	policy_free(policy);
	policy_free(timed);
	return possible;
}

/* ---- the smallest run that shows it ---- */

#define SHRINK_RUNS 300

struct failing {
	struct runner *r;
	uint32_t fired;
	struct run_result run;
};

static bool fails_again(void *data, struct policy *policy, uint64_t *steps)
{
	struct failing *f = data;
	g_autoptr(GError) error = NULL;

	*steps = 0;
	return runner_run(f->r, policy, &f->run, &error) &&
	       f->run.fired == f->fired;
}

/* A search that did not look for the fewest preemptions first. */
static void make_small(struct search *x)
{
	struct verdict *out = x->out;
	struct failing failing = { .r = x->r, .fired = out->first.fired };
	const struct shrink_task task = { .fails = fails_again,
		                          .data = &failing,
		                          .max_runs = SHRINK_RUNS };
	struct shrink_cost cost;
	struct policy *small;
	uint64_t steps;

	if (!out->first.fired || x->options->bounded)
		return;
	small = shrink(&task, out->log, &cost);
	if (!small)
		return;
	if (fails_again(&failing, small, &steps)) {
		choice_log_free(out->log);
		out->log = copy_log(runner_log(x->r));
		out->first = failing.run;
		out->preemptions = (int)cost.preemptions;
	}
	policy_free(small);
}

/* ---- the other engine ---- */

static void differ(struct search *x, const char *what)
{
	if (!x->out->reason)
		x->out->reason = g_strdup_printf(
			"under Unicorn the same choices %s", what);
}

/* What the direct engine showed, Unicorn has to show as well. */
static bool confirm(struct search *x, GError **error)
{
	struct run_config config = *runner_config(x->r);
	struct verdict *out = x->out;
	struct policy *replay;
	struct runner *other;
	struct run_result run;
	GError *misfit = NULL;

	if (config.engine != &vcpu_ops_direct || !out->first.fired)
		return true;
	config.engine = &vcpu_ops_unicorn;
	other = runner_new(runner_scenario(x->r), runner_variant(x->r), &config,
	                   error);
	if (!other)
		return false;
	replay = policy_replay_new(out->log);
	if (!runner_run(other, replay, &run, &misfit))
		differ(x, misfit->message);
	else if (run.fired != out->first.fired)
		differ(x, "show other hazards");
	else if (run.trace_hash != out->first.trace_hash)
		differ(x, "make other steps");
	else
		out->confirmed = true;
	g_clear_error(&misfit);
	policy_free(replay);
	runner_free(other);
	return true;
}

bool search_variant(struct runner *r, const struct search_options *options,
                    struct verdict *out, GError **error)
{
	struct search x = { .r = r,
		            .options = options,
		            .out = out,
		            .wanted = expected_hazards(runner_variant(r)) };
	bool possible;

	*out = (struct verdict){ .run = -1,
		                 .preemptions = -1,
		                 .seed = options->seed };
	possible = options->kind == SEARCH_PCT ? pct(&x, error)
	                                       : explore(&x, error);
	if (possible && out->log && !out->reason)
		make_small(&x);
	if (possible && out->log)
		possible = confirm(&x, error);
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
