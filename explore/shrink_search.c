/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is there a smaller run than the one that leaving things out came to?
 *
 * Runs without a preemption are made first, then those with one, and so on up
 * to those of the best run so far.  A run follows a plan and goes on without a
 * preemption; every other agent that could have moved behind the plan, and
 * every other answer, is a plan for later.
 *
 * Two beginnings that differ in the order of independent steps only, and with
 * the same agent to go on, are continued once: the second has no fewer
 * preemptions, and as many steps.
 */
#include "base/machine.h"
#include "explore/history.h"
#include "explore/shrink_internal.h"

struct searching {
	struct shrinking *x;
	GPtrArray **levels; /* of struct turn_plan, by preemptions */
	unsigned nr_levels;
	GHashTable *seen;         /* beginnings that were continued */
	unsigned max_spontaneous; /* as many as the best run has */

	/* the run */
	struct history history;
	struct hidden_state before;
	struct footprint fp;
	uint64_t watches[NR_AGENTS_MAX];
	uint64_t trace;   /* of the events, whatever order they came in */
	uint64_t answers; /* of the event that is being made */
	unsigned nr_spontaneous;
	bool begun;  /* somebody was asked */
	bool acting; /* an event is being made */
	bool known;  /* what may follow was looked at */
};

static void free_plan(gpointer data)
{
	if (data)
		turn_plan_clear(data);
	g_free(data);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* ---- plans for later ---- */

/* The run so far, then something else. Return: NULL if it cannot be better. */
static struct turn_plan *plan_later(struct searching *s, unsigned preemptions)
{
	const struct shrinking *x = s->x;
	GPtrArray *level;
	struct turn_plan *plan;

	if (preemptions >= s->nr_levels || preemptions > x->cost.preemptions)
		return NULL;
	level = s->levels[preemptions];
	/* What is behind so many would never be run. */
	if (x->task->max_steps &&
	    level->len >= x->task->max_steps / MAX(x->cost.steps, 1U))
		return NULL;
	plan = g_new(struct turn_plan, 1);
	turn_plan_init(plan);
	turn_plan_copy(plan, &x->t->made);
	g_ptr_array_add(level, plan);
	return plan;
}

/* Another agent moves; or it would cost as much as the best run does. */
static void branch(struct searching *s, const struct machine *m,
                   uint64_t agents, unsigned agent)
{
	const struct policy_turns *t = s->x->t;
	struct turn turn = { agent, 1 };
	struct turn_plan *plan;

	if (is_spontaneous(m->agents[agent]) &&
	    s->nr_spontaneous >= s->max_spontaneous)
		return;
	plan = plan_later(s, t->cost.preemptions +
	                             turns_preempts(t, m, agents, agent));
	if (plan)
		g_array_append_val(plan->turns, turn);
}

/* A run that is as expensive as the best already leads to nothing better. */
static bool is_hopeless(const struct searching *s)
{
	const struct shrink_cost *now = &s->x->t->cost, *best = &s->x->cost;

	return now->preemptions > best->preemptions ||
	       (now->preemptions == best->preemptions &&
	        now->steps + 1 >= best->steps);
}

/* ---- watching a run ---- */

static void note_wait(struct searching *s, const struct machine *m,
                      const struct agent *a)
{
	s->watches[a->id] = footprint_watches(m, a);
}

/* Everybody has announced again behind the event. */
static void finish_event(struct searching *s, const struct machine *m)
{
	const struct history *h = &s->history;
	struct hidden_state after;
	const uint32_t *clock;
	uint64_t hash = mix(0, s->fp.agent);

	if (!s->acting)
		return;
	s->acting = false;
	hidden_state_read(&after, m);
	footprint_effects(&s->fp, &s->before, &after);
	history_push(&s->history, &s->fp);
	note_wait(s, m, m->agents[s->fp.agent]);
	clock = history_clock(h, h->nr_events - 1);
	for (unsigned i = 0; i < h->width; i++)
		hash = clock[i] ? mix(mix(hash, i), clock[i]) : hash;
	s->trace += mix(hash, s->answers);
}

/* The first question: nothing before it was left open. */
static void begin_history(struct searching *s, const struct machine *m)
{
	s->begun = true;
	for (unsigned i = 0; i < m->nr_agents; i++)
		note_wait(s, m, m->agents[i]);
}

static bool is_new(struct searching *s)
{
	uint64_t *key = g_new(uint64_t, 1);

	*key = mix(s->trace, s->x->t->mover);
	return g_hash_table_add(s->seen, key);
}

static void watch_pick(void *data, struct machine *m, uint64_t agents,
                       unsigned agent)
{
	struct searching *s = data;

	if (!s->begun)
		begin_history(s, m);
	finish_event(s, m);
	if (!turns_past_plan(s->x->t))
		return;
	s->known = s->known || is_hopeless(s) || !is_new(s);
	for_each_bit(other, agents)
	{
		if (!s->known && other != agent)
			branch(s, m, agents, (unsigned)other);
	}
}

static void watch_step(void *data, struct machine *m, const struct agent *a)
{
	struct searching *s = data;

	if (!s->begun)
		return;
	finish_event(s, m);
	s->acting = true;
	s->answers = 0;
	s->nr_spontaneous += is_spontaneous(a);
	footprint_announced(&s->fp, a, s->watches[a->id]);
	hidden_state_read(&s->before, m);
}

/* Hardware that need not do anything. */
static bool is_idle(enum choice_kind kind)
{
	return kind == CHOICE_SPECULATE || kind == CHOICE_EVICT;
}

static void watch_answer(void *data, const struct choice *c, unsigned pick)
{
	struct searching *s = data;
	const struct policy_turns *t = s->x->t;

	if (s->acting)
		s->answers = mix(s->answers, pick + 1);
	else
		s->trace = mix(s->trace, pick + 1);
	if (c->kind == CHOICE_EVICT && c->asker->cpu)
		s->fp.tlb = (cpu_index_t)(c->asker->cpu->id + 1);
	if (s->known || t->made.answers->len < t->plan.answers->len)
		return;
	for (unsigned i = 0; i < c->n; i++) {
		struct answer other = { c->asker->id, (uint8_t)i };
		struct turn_plan *plan =
			i == pick ? NULL : plan_later(s, t->cost.preemptions);

		if (plan)
			g_array_append_val(plan->answers, other);
	}
	/* It need not have woken for that. */
	s->known |= is_idle(c->kind) && !pick;
}

/* ---- the search ---- */

/* @known: nothing is to be learned from the run but what it costs. */
static void run_plan(struct searching *s, const struct turn_plan *plan,
                     bool known)
{
	turn_plan_copy(&s->x->t->plan, plan);
	history_truncate(&s->history, 0);
	s->trace = 0;
	s->nr_spontaneous = 0;
	s->begun = s->acting = false;
	s->known = known;
	shrink_improves(s->x);
}

static void search_level(struct searching *s, GPtrArray *level)
{
	for (unsigned i = 0; i < level->len && shrink_goes_on(s->x); i++) {
		struct turn_plan *plan = g_steal_pointer(&level->pdata[i]);

		run_plan(s, plan, false);
		free_plan(plan);
	}
}

static void search_levels(struct searching *s)
{
	struct turn_plan *nothing = g_new(struct turn_plan, 1);

	turn_plan_init(nothing);
	g_ptr_array_add(s->levels[0], nothing);
	for (unsigned i = 0; i <= s->x->cost.preemptions; i++)
		search_level(s, s->levels[i]);
}

void shrink_search(struct shrinking *x)
{
	struct searching s = { .x = x, .nr_levels = x->cost.preemptions + 1 };
	const struct turns_watch watch = { watch_step, watch_pick, watch_answer,
		                           &s };

	event_history_init(&s.history);
	s.seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
	                               NULL);
	s.levels = g_new(GPtrArray *, s.nr_levels);
	for (unsigned i = 0; i < s.nr_levels; i++)
		s.levels[i] = g_ptr_array_new_with_free_func(free_plan);
	x->t->watch = &watch;
	run_plan(&s, &x->best, true);
	s.max_spontaneous = s.nr_spontaneous;
	search_levels(&s);
	x->cost.least = shrink_goes_on(x);
	x->t->watch = NULL;
	for (unsigned i = 0; i < s.nr_levels; i++)
		g_ptr_array_unref(s.levels[i]);
	g_free(s.levels);
	g_hash_table_unref(s.seen);
	history_fini(&s.history);
}
