// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/plan.h"

#include <string.h>

#include "cli/pool.h"
#include "cli/shards.h"
#include "emu/vcpu_ops.h"
#include "scenario/joint.h"

/* Runs of a search nobody put a limit to. */
#define SEARCH_EXECUTIONS 100000
/* Steps of one run of a search: it remembers them all. */
#define SEARCH_STEPS      1000000

static bool time_is_up(void *data)
{
	const struct plan *p = data;

	return p->deadline && g_get_monotonic_time() > p->deadline;
}

static void report_progress(void *data, unsigned done, unsigned total)
{
	const struct plan *p = data;

	if (p->progress)
		p->progress(p->data, done, total);
}

static bool find_kind(const char *policy, enum search_kind *kind)
{
	static const char *const names[] = {
		[SEARCH_EXPLORE] = "explore",
		[SEARCH_PCT] = "pct",
		[SEARCH_RANDOM] = "random",
	};

	for (size_t i = 0; policy && i < G_N_ELEMENTS(names); i++) {
		*kind = (enum search_kind)i;
		if (!strcmp(policy, names[i]))
			return true;
	}
	return false;
}

static uint64_t most_executions(const struct cli_options *o)
{
	if (o->executions)
		return o->executions;
	if (o->has_runs)
		return o->nr_runs;
	return o->seconds > 0 ? 0 : SEARCH_EXECUTIONS;
}

void plan_init(struct plan *p, const struct cli_options *o,
               void (*progress)(void *data, unsigned done, unsigned total),
               void *data)
{
	*p = (struct plan){ .options = o, .progress = progress, .data = data };
	p->search = (struct search_options){
		.bounded = o->has_bound,
		.bound = o->bound,
		.has_spontaneous = o->has_spontaneous,
		.spontaneous = o->spontaneous,
		.depth = o->depth,
		.seed = o->has_seed ? o->seed : 1,
		.max_executions = most_executions(o),
		.shard = o->shard,
		.nr_shards = o->nr_shards,
		.time_is_up = time_is_up,
		.progress = report_progress,
		.data = p,
	};
	p->is_search = find_kind(o->policy, &p->search.kind);
	p->verify = (struct verify_options){
		.pinned_only = o->policy,
		.timed = o->policy && !strcmp(o->policy, "timed"),
		.has_random = o->has_runs,
		.nr_random = o->nr_runs,
		.has_seed = o->has_seed,
		.seed = o->seed,
		.progress = report_progress,
		.data = p,
	};
}

struct runner *plan_runner(const struct plan *p, const struct scenario *s,
                           const struct ast_variant *v, GError **error)
{
	struct cli_options options = *p->options;

	/* A search is many runs; what it finds Unicorn has to show as well. */
	if (p->is_search && !options.engine)
		options.engine = &vcpu_ops_direct;
	if (p->is_search && !options.step_cap)
		options.step_cap = SEARCH_STEPS;
	return try_runner(s, v, &options, error);
}

void plan_start(struct plan *p, gint64 start)
{
	double seconds = p->options->seconds;

	p->deadline = seconds > 0 ? start + (gint64)(seconds * 1e6) : 0;
}

static int add_item(const struct scenario *s, const struct ast_variant *v,
                    void *data)
{
	const struct pool_item item = { s, v };
	GArray *items = data;

	g_array_append_val(items, item);
	return CLI_OK;
}

GArray *plan_items(GPtrArray *scenarios, const struct cli_options *o)
{
	GArray *items = g_array_new(FALSE, FALSE, sizeof(struct pool_item));

	if (for_each_chosen(scenarios, o, add_item, items) == CLI_OK)
		return items;
	g_array_unref(items);
	return NULL;
}

bool plan_hire(struct plan *p, const GArray *items)
{
	if (p->options->nr_jobs > 1)
		p->pool = pool_new(p->options->nr_jobs, items, p);
	return p->options->nr_jobs <= 1 || p->pool;
}

/* ---- a verdict ---- */

bool plan_parts(struct plan *p, unsigned item, struct runner *r,
                const struct search_sink *sink, GError **error)
{
	if (p->shards)
		return shards_parts(p->shards, item, runner_scenario(r), sink,
		                    error);
	if (p->pool)
		return pool_parts(p->pool, item, sink, error);
	plan_start(p, g_get_monotonic_time());
	return search_parts(r, &p->search, sink, error);
}

static bool search(struct plan *p, unsigned item, struct runner *r,
                   struct verdict *out, GError **error)
{
	struct joint *j = joint_new(r, &p->search);
	const struct search_sink sink = joint_sink(j);
	bool possible = plan_parts(p, item, r, &sink, error);

	if (possible && p->shards && !joint_over(j))
		possible = shards_may_have_gaps(p->shards, item, error);
	if (possible)
		joint_finish(j, out);
	joint_free(j);
	return possible && search_conclude(r, out, error);
}

bool plan_verdict(struct plan *p, unsigned item, struct runner *r,
                  struct verdict *out, GError **error)
{
	if (p->is_search)
		return search(p, item, r, out, error);
	if (p->pool)
		return pool_verdict(p->pool, item, out, error);
	return verify_variant(r, &p->verify, out, error);
}

int plan_failed(const struct scenario *s, const struct ast_variant *v,
                const GError *error)
{
	/* Said when it happened. */
	if (g_error_matches(error, POOL_ERROR, POOL_ERROR_CRASHED))
		return CLI_INTERNAL;
	return no_run(s, v, error);
}

/* ---- commands ---- */

static void append_common(GString *text, const struct cli_options *o)
{
	if (o->engine_name)
		g_string_append_printf(text, " --engine %s", o->engine_name);
	if (o->memory_model)
		g_string_append_printf(text, " --memory-model %s",
		                       o->memory_model);
	if (o->step_cap)
		g_string_append_printf(text, " --steps %" G_GUINT64_FORMAT,
		                       o->step_cap);
	for (char **option = o->options; option && *option; option++)
		g_string_append_printf(text, " --option %s", *option);
}

char *plan_command(const struct plan *p, const struct scenario *s,
                   const struct ast_variant *v)
{
	const struct cli_options *o = p->options;
	GString *text = g_string_new(NULL);

	g_string_printf(text, "mmulator check %s --variant %s", s->source.file,
	                variant_name(v));
	append_common(text, o);
	if (o->policy)
		g_string_append_printf(text, " --policy %s", o->policy);
	if (o->has_bound)
		g_string_append_printf(text, " --bound %u", o->bound);
	if (o->has_spontaneous)
		g_string_append_printf(text,
		                       " --spontaneous %" G_GUINT64_FORMAT,
		                       o->spontaneous);
	if (p->is_search && p->search.kind == SEARCH_PCT)
		g_string_append_printf(text, " --depth %u", o->depth);
	if (o->has_seed)
		g_string_append_printf(text, " --seed %" G_GUINT64_FORMAT,
		                       o->seed);
	if (o->executions)
		g_string_append_printf(text, " --executions %" G_GUINT64_FORMAT,
		                       o->executions);
	if (o->has_runs)
		g_string_append_printf(text, " --runs %u", o->nr_runs);
	return g_string_free(text, FALSE);
}

char *plan_again(const struct plan *p, const struct runner *r,
                 const struct verdict *v)
{
	bool pct = p->is_search && p->search.kind == SEARCH_PCT;
	bool timed = !p->is_search && p->verify.timed;
	GString *text;

	if (!timed &&
	    (v->run < 0 || (p->is_search && p->search.kind == SEARCH_EXPLORE)))
		return NULL;
	text = g_string_new(NULL);
	g_string_printf(text, "mmulator run %s --variant %s",
	                runner_scenario(r)->source.file,
	                variant_name(runner_variant(r)));
	append_common(text, p->options);
	if (timed) {
		g_string_append(text, " --policy timed");
		return g_string_free(text, FALSE);
	}
	g_string_append_printf(text, " --policy %s", pct ? "pct" : "random");
	if (pct)
		g_string_append_printf(text, " --depth %u", p->options->depth);
	g_string_append_printf(
		text, " --seed %" G_GUINT64_FORMAT " --run %" G_GINT64_FORMAT,
		v->seed, v->run);
	return g_string_free(text, FALSE);
}
