// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/search.h"

#include <string.h>

#include "emu/vcpu_ops.h"
#include "explore/explorer.h"
#include "explore/pct.h"
#include "explore/shrink.h"
#include "scenario/joint.h"
#include "scenario/part.h"

struct search {
	struct runner *r;
	const struct search_options *options;
	const struct search_sink *sink;
	uint32_t wanted;
	struct explorer *explorer;
	struct part *part;        /* being searched; NULL: none */
	uint64_t given_up_before; /* it began */
	uint64_t executions;
	bool over;
};

/* ---- parts ---- */

static void close_part(struct search *x, bool cut)
{
	struct part *p = g_steal_pointer(&x->part);

	if (!p)
		return;
	p->cut = cut;
	if (x->explorer) {
		p->given_up = explorer_stats(x->explorer)->blocked -
		              x->given_up_before;
		p->hit = explorer_bound_hit(x->explorer);
		p->calmed = explorer_stats(x->explorer)->calmed;
	}
	if (!x->sink->part(x->sink->data, p))
		x->over = true;
}

static bool next_part(void *data, unsigned bound, unsigned number)
{
	struct search *x = data;
	const struct search_options *o = x->options;
	const struct search_sink *sink = x->sink;

	close_part(x, false);
	if (x->over || (o->nr_shards && number % o->nr_shards != o->shard))
		return false;
	if (sink->takes && !sink->takes(sink->data, bound, number))
		return false;
	x->part = part_new(bound, number);
	if (x->explorer)
		x->given_up_before = explorer_stats(x->explorer)->blocked;
	return true;
}

static bool walked_all(void *data, unsigned bound, unsigned nr_parts, bool hit)
{
	struct search *x = data;

	close_part(x, false);
	return x->sink->walked(x->sink->data, bound, nr_parts, hit) && !x->over;
}

/* Everything that was to be seen was, here or elsewhere. */
static bool all_found(const struct search *x)
{
	const struct verdict *known = x->sink->known;
	uint32_t fired = x->part->fired | (known ? known->fired : 0);
	uint64_t held = x->part->held | (known ? known->held : 0);
	g_autofree char *missing = NULL;

	if (!x->wanted || (x->wanted & ~fired))
		return false;
	missing = judge_all_runs(x->r, fired, held, 0);
	return !missing;
}

/* The run was one of those that count. Returns whether the search is over. */
static bool note_run(struct search *x, const struct run_result *run,
                     int preemptions)
{
	const struct search_options *o = x->options;
	char *reason = judge_run(x->r, run, false);

	part_note(x->part, x->r, run, reason, preemptions);
	x->executions++;
	if (o->progress)
		o->progress(o->data, (unsigned)x->executions,
		            (unsigned)o->max_executions);
	return reason || all_found(x);
}

static bool is_time_up(void *data)
{
	const struct search *x = data;

	return x->over || (x->options->time_is_up &&
	                   x->options->time_is_up(x->options->data));
}

/* How long is a run? */
static bool measure(struct runner *r, uint64_t *steps, GError **error)
{
	struct policy *timed = policy_timed_new();
	struct run_result run;
	bool possible = runner_run(r, timed, &run, error);

	*steps = possible ? run.steps : 0;
	policy_free(timed);
	return possible;
}

/* ---- explore ---- */

uint64_t search_spontaneous(const struct search_options *o)
{
	return o->has_spontaneous ? o->spontaneous : SEARCH_SPONTANEOUS;
}

static bool explore(struct search *x, GError **error)
{
	const struct search_options *o = x->options;
	const struct explorer_parts parts = { next_part, walked_all, x };
	struct explorer_options options = {
		.bounded = o->bounded,
		.bound = o->bound,
		.limit_spontaneous = true,
		.max_spontaneous = search_spontaneous(o),
		/* Whether the cap is met shows the next run. */
		.max_executions = o->max_executions ? o->max_executions + 1 : 0,
		.time_is_up = is_time_up,
		.data = x,
		.parts = &parts,
	};
	struct explorer *e;
	bool possible = true;
	struct policy *policy;
	struct run_result run;

	if (o->bounded && !measure(x->r, &options.length, error))
		return false;
	e = explorer_new(&options);
	x->explorer = e;
	while (possible && (policy = explorer_next(e))) {
		bool over = false;

		possible = runner_run(x->r, policy, &run, error);
		if (possible && explorer_counts(e))
			over = note_run(x, &run, (int)explorer_preemptions(e));
		explorer_done(e, over);
	}
	close_part(x, true);
	x->explorer = NULL;
	explorer_free(e);
	return possible;
}

/* ---- pct, random ---- */

struct policy *search_random_policy(struct runner *r,
                                    const struct search_options *options,
                                    GError **error)
{
	struct policy *policy;
	uint64_t steps;

	if (options->kind == SEARCH_RANDOM)
		return policy_random_new(options->seed);
	if (!measure(r, &steps, error))
		return NULL;
	policy = policy_pct_new(options->seed, options->depth);
	policy_pct_set_steps(policy, steps);
	return policy;
}

void search_set_run(struct policy *policy, enum search_kind kind, uint64_t run)
{
	if (kind == SEARCH_PCT)
		policy_pct_set_run(policy, run);
	else
		policy_random_set_run(policy, run);
}

/* The runs of one part. */
static bool probe_part(struct search *x, struct policy *policy, uint64_t first,
                       uint64_t end, GError **error)
{
	struct run_result run;

	for (uint64_t i = first; i < end; i++) {
		if (is_time_up(x)) {
			x->over = true;
			break;
		}
		search_set_run(policy, x->options->kind, i);
		if (!runner_run(x->r, policy, &run, error))
			return false;
		if (note_run(x, &run, -1)) {
			x->over = true;
			break;
		}
	}
	close_part(x, x->over);
	return true;
}

static bool probe(struct search *x, GError **error)
{
	uint64_t max = x->options->max_executions;
	uint64_t end = max ? max : UINT32_MAX;
	unsigned n = (unsigned)((end + SEARCH_CHUNK - 1) / SEARCH_CHUNK);
	struct policy *policy = search_random_policy(x->r, x->options, error);
	bool possible = policy;

	for (unsigned i = 0; i < n && possible && !x->over; i++) {
		uint64_t first = (uint64_t)i * SEARCH_CHUNK;

		if (next_part(x, 0, i))
			possible = probe_part(x, policy, first,
			                      MIN(end, first + SEARCH_CHUNK),
			                      error);
	}
	if (possible && !x->over)
		walked_all(x, 0, n, false);
	if (policy)
		policy_free(policy);
	part_free(g_steal_pointer(&x->part));
	return possible;
}

bool search_parts(struct runner *r, const struct search_options *options,
                  const struct search_sink *sink, GError **error)
{
	struct search x = { .r = r,
		            .options = options,
		            .sink = sink,
		            .wanted = expected_hazards(runner_variant(r)) };

	return options->kind == SEARCH_EXPLORE ? explore(&x, error)
	                                       : probe(&x, error);
}

/* ---- the smallest run that shows it ---- */

/* Of all runs that are made for it: well below a second. */
#define SHRINK_STEPS 3000000

static struct choice_log *copy_log(const struct choice_log *log)
{
	g_autofree char *text = choice_log_format(log);

	return choice_log_parse(text, strlen(text), NULL);
}

struct failing {
	struct runner *r;
	uint32_t fired;
	const char *reason; /* why it is not as expected, or NULL */
	struct run_result run;
};

/* Is there a run to show to somebody?  One that met the cap is none. */
static bool has_counterexample(const struct verdict *v)
{
	return v->log &&
	       (v->first.fired || (v->reason && v->first.end == RUN_DONE));
}

static bool fails_again(void *data, struct policy *policy, uint64_t *steps)
{
	struct failing *f = data;
	g_autoptr(GError) error = NULL;

	*steps = 0;
	if (!runner_run(f->r, policy, &f->run, &error) ||
	    f->run.fired != f->fired)
		return false;
	if (f->reason) {
		g_autofree char *reason = judge_run(f->r, &f->run, false);

		if (g_strcmp0(reason, f->reason) != 0)
			return false;
	}
	if (f->run.nr_hazards)
		*steps = f->run.hazards[0].step - runner_first_step(f->r);
	return true;
}

/* The fewest preemptions, then the fewest steps up to the hazard. */
static void make_small(struct runner *r, struct verdict *out)
{
	struct failing failing = { .r = r,
		                   .fired = out->first.fired,
		                   .reason = out->reason };
	const struct shrink_task task = { .fails = fails_again,
		                          .data = &failing,
		                          .max_steps = SHRINK_STEPS };
	struct shrink_cost cost;
	struct policy *small;
	uint64_t steps;

	if (!has_counterexample(out))
		return;
	small = shrink(&task, out->log, &cost);
	if (!small)
		return;
	if (fails_again(&failing, small, &steps)) {
		choice_log_free(out->log);
		out->log = copy_log(runner_log(r));
		out->first = failing.run;
		out->preemptions = (int)cost.preemptions;
		out->least = cost.least;
	}
	policy_free(small);
}

/* ---- the other engine ---- */

static void differ(struct verdict *out, const char *what)
{
	if (!out->reason)
		out->reason = g_strdup_printf(
			"under Unicorn the same choices %s", what);
}

/* What the direct engine showed, Unicorn has to show as well. */
static bool confirm(const struct runner *r, struct verdict *out, GError **error)
{
	struct run_config config = *runner_config(r);
	struct policy *replay;
	struct runner *other;
	struct run_result run;
	GError *misfit = NULL;

	if (config.engine != &vcpu_ops_direct || !has_counterexample(out))
		return true;
	config.engine = &vcpu_ops_unicorn;
	other = runner_new(runner_scenario(r), runner_variant(r), &config,
	                   error);
	if (!other)
		return false;
	replay = policy_replay_new(out->log);
	if (!runner_run(other, replay, &run, &misfit))
		differ(out, misfit->message);
	else if (run.fired != out->first.fired)
		differ(out, "show other hazards");
	else if (run.trace_hash != out->first.trace_hash)
		differ(out, "make other steps");
	else
		out->confirmed = true;
	g_clear_error(&misfit);
	policy_free(replay);
	runner_free(other);
	return true;
}

bool search_conclude(struct runner *r, struct verdict *out, GError **error)
{
	make_small(r, out);
	if (!confirm(r, out, error)) {
		verdict_clear(out);
		return false;
	}
	if (!out->reason)
		out->reason = judge_all_runs(r, out->fired, out->held,
		                             out->executions);
	out->ok = !out->reason;
	return true;
}

/* ---- in this process ---- */

bool search_variant(struct runner *r, const struct search_options *options,
                    struct verdict *out, GError **error)
{
	struct joint *j = joint_new(r, options);
	const struct search_sink sink = joint_sink(j);
	bool possible = search_parts(r, options, &sink, error);

	if (possible)
		joint_finish(j, out);
	joint_free(j);
	return possible && search_conclude(r, out, error);
}
