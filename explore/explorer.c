/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explore/explorer.h"

#include <limits.h>
#include <string.h>

#include "base/bug.h"
#include "base/machine.h"
#include "explore/explorer_internal.h"

/* Branchings tried in full above the parts: enough for some hundred parts, few
 * enough that walking them costs little. */
#define PART_LEVELS   7
/* With so many preemptions the early ones come first, at the beginning those in
 * a quarter of a run. */
#define HORIZON_BOUND 2
#define HORIZON_PART  4

static struct explorer *explorer_of(struct policy *p)
{
	return (struct explorer *)(void *)p;
}

/* ---- nodes ---- */

unsigned step_cost(const struct explorer *x, const struct node *node,
                   unsigned agent)
{
	if (node->previous == NOBODY || node->previous == agent ||
	    node->previous == node->ending || (x->walkers >> agent & 1))
		return 0;
	return node->enabled >> node->previous & 1;
}

/* Those of @agents that may move at @node. */
static uint64_t within_bound(const struct explorer *x, const struct node *node,
                             uint64_t agents)
{
	uint64_t fit = 0;

	if (!x->options.bounded || (node->preemptions < x->bound &&
	                            (uint64_t)(node - x->nodes) < x->horizon))
		return agents;
	for_each_bit(agent, agents)
	{
		if (!step_cost(x, node, (unsigned)agent))
			fit |= BIT_ULL(agent);
	}
	return fit;
}

/* Go on with whoever moved last; hardware moves when nobody else can. */
static unsigned first_choice(const struct explorer *x, const struct node *node,
                             uint64_t agents)
{
	if (node->previous != NOBODY && (agents >> node->previous & 1))
		return node->previous;
	if (agents & ~x->walkers)
		agents &= ~x->walkers;
	return (unsigned)first_bit(agents);
}

static void inherit(struct explorer *x, struct node *node)
{
	struct node *parent = node - 1;
	bool walker = x->walkers >> parent->agent & 1;

	parent->goes_on = node->enabled >> parent->agent & 1;
	node->previous = walker ? parent->previous : parent->agent;
	node->preemptions =
		parent->preemptions + step_cost(x, parent, parent->agent);
	node->level = parent->level + parent->branches;
	sleep_inherit(x, node);
}

static struct node *push_node(struct explorer *x, uint64_t enabled)
{
	struct node *node;

	if (x->nr_nodes == x->node_room) {
		x->node_room = MAX(256U, x->node_room * 2);
		x->nodes = g_renew(struct node, x->nodes, x->node_room);
	}
	node = &x->nodes[x->nr_nodes];
	*node = (struct node){ .enabled = enabled,
		               .agent = NOBODY,
		               .previous = NOBODY,
		               .ending = NOBODY,
		               .goes_on = true,
		               .first_agent = NOBODY,
		               .block_base = x->block_steps->len,
		               .first_sleeper = x->sleepers->len,
		               .first_dozer = x->dozers->len,
		               .first_answer = x->answers->len };
	if (x->nr_nodes)
		inherit(x, node);
	x->nr_nodes++;
	return node;
}

static void pop_node(struct explorer *x)
{
	struct node *node = last_node(x);

	sleep_pop(x, node, x->nr_nodes > 1 ? node - 1 : NULL);
	g_array_set_size(x->answers, node->first_answer);
	x->nr_nodes--;
}

/* ---- parts ---- */

/* A part begins here: is it left to others? */
static bool is_foreign(struct explorer *x)
{
	const struct explorer_parts *parts = x->options.parts;

	return !parts->takes(parts->data, x->bound, x->nr_parts++);
}

static bool enters_part(const struct explorer *x, const struct node *node)
{
	return x->nr_nodes > 1 && x->part_level &&
	       node->level == x->part_level && node[-1].level < x->part_level;
}

/* A run that ends above the parts is a part of its own. */
static bool ends_above_parts(struct explorer *x)
{
	const struct node *node = last_node(x);

	return x->part_level && node->level < x->part_level;
}

/* ---- a run ---- */

static bool task_is_over(const struct agent *a)
{
	const struct task *t = a->arg;

	return (a->kind == AGENT_TASK || a->kind == AGENT_KTHREAD) && a->cpu &&
	       t && t->state == TASK_DEAD;
}

static void fail(struct explorer *x)
{
	if (!x->policy.error)
		g_set_error(&x->policy.error, POLICY_ERROR, POLICY_ERROR_REPLAY,
		            "exploration: event %u is not what it was when "
		            "the run was made before",
		            x->at);
}

static void give_up(struct explorer *x, struct machine *m)
{
	x->given_up = true;
	run_stop(m);
}

/*
 * Once every thread is done the run's end keeps hardware, RCU and idle tasks
 * from moving.  A run that goes on until none of them can shows all that a
 * shorter one does, so the last thread leaves its CPU after them.
 */
static unsigned who_ends(const struct machine *m)
{
	unsigned last = NOBODY;

	for_each_bit(id, m->sched.alive)
	{
		if (m->agents[id]->daemon)
			continue;
		if (last != NOBODY)
			return NOBODY;
		last = (unsigned)id;
	}
	return last != NOBODY && task_is_over(m->agents[last]) ? last : NOBODY;
}

/* Can a walker move, now or later? */
static bool is_restless(const struct explorer *x, const struct machine *m)
{
	uint64_t walkers = m->sched.walkers & m->sched.alive;

	if (walkers && (!x->options.limit_spontaneous ||
	                m->nr_spontaneous < x->options.max_spontaneous))
		return true;
	for_each_bit(id, walkers)
	{
		if (!is_spontaneous(m->agents[id]))
			return true;
	}
	return false;
}

/* Without the agent that ends the run, if others can move. */
static uint64_t hold_back(const struct explorer *x, const struct node *node,
                          uint64_t agents)
{
	uint64_t others;

	if (node->ending == NOBODY)
		return agents;
	others = node->enabled & ~BIT_ULL(node->ending);
	return within_bound(x, node, others) ? agents & others : agents;
}

/* A state never seen: who is to be tried first? */
static void discover(struct explorer *x, struct machine *m, uint64_t enabled)
{
	struct node *node;
	uint64_t awake, fit;

	sleep_blocked(x, m, enabled);
	node = push_node(x, enabled);
	node->ending = who_ends(m);
	node->restless = is_restless(x, m);
	awake = hold_back(x, node, enabled & ~node->sleep);
	fit = within_bound(x, node, awake);
	if (!fit) {
		x->bound_hit |= awake != 0;
		pop_node(x);
		x->stats.blocked++;
		give_up(x, m);
		return;
	}
	if (enters_part(x, node) && is_foreign(x)) {
		pop_node(x);
		x->foreign = true;
		give_up(x, m);
		return;
	}
	node->agent = first_choice(x, node, fit);
	node->backtrack = BIT_ULL(node->agent);
	if (node->level < x->part_level) {
		node->backtrack = fit;
		node->branches = fit & (fit - 1);
	}
	x->moving = node->agent;
}

/* Without the walkers that may not do more on their own. */
static uint64_t calm(struct explorer *x, const struct machine *m,
                     uint64_t enabled)
{
	uint64_t walkers = enabled & m->sched.walkers;

	if (!x->options.limit_spontaneous || !walkers ||
	    m->nr_spontaneous < x->options.max_spontaneous)
		return enabled;
	for_each_bit(id, walkers)
	{
		if (!is_spontaneous(m->agents[id]))
			continue;
		enabled &= ~BIT_ULL(id);
		x->stats.calmed = true;
	}
	return enabled;
}

static void note_wait(struct explorer *x, const struct machine *m,
                      const struct agent *a)
{
	x->watches[a->id] = footprint_watches(m, a);
	x->exclusive &= ~a->bit;
	x->gated &= ~a->bit;
	if (a->gate)
		x->gated |= a->bit;
	if (a->gate && a->gate->exclusive)
		x->exclusive |= a->bit;
}

/* Nobody needs to know while a run repeats. */
static void note_waits(struct explorer *x, const struct machine *m)
{
	for_each_bit(id, x->unnoted) note_wait(x, m, m->agents[id]);
	x->unnoted = 0;
}

static void note_walkers(struct explorer *x, const struct machine *m)
{
	if (x->walkers == m->sched.walkers)
		return;
	x->walkers = m->sched.walkers;
	x->walking_cpus = 0;
	for_each_bit(id, x->walkers)
	{
		if (m->agents[id]->cpu)
			x->walking_cpus |= BIT_ULL(m->agents[id]->cpu->id);
	}
}

/* The machine waits for somebody to move. */
static void arrive(struct explorer *x, struct machine *m, uint64_t enabled)
{
	if (x->at >= x->history.nr_events)
		note_waits(x, m);
	if (x->at == x->nr_nodes) {
		note_walkers(x, m);
		discover(x, m, calm(x, m, enabled));
		return;
	}
	x->moving = x->nodes[x->at].agent;
	if (!(enabled >> x->moving & 1)) {
		fail(x);
		x->moving = NOBODY;
	}
}

/* What an event that was never made before changed, and could have come after.
 */
static void finish_new_event(struct explorer *x, struct machine *m, bool last)
{
	struct hidden_state after;

	hidden_state_read(&after, m);
	footprint_effects(&x->fp, &x->before, &after);
	if (last)
		x->fp.changed |= x->before.ready & ~BIT_ULL(x->fp.agent);
	races_before(x, &x->fp);
	history_push(&x->history, &x->fp);
	note_wait(x, m, m->agents[x->fp.agent]);
	x->at++;
	races_find(x, m);
}

/* The event that was being made is over: everybody has announced again. */
static void finish_event(struct explorer *x, struct machine *m, bool last)
{
	if (!x->acting)
		return;
	x->acting = false;
	x->stats.steps++;
	if (x->at < x->history.nr_events)
		x->unnoted |= BIT_ULL(x->nodes[x->at++].agent);
	else
		finish_new_event(x, m, last);
}

/* Doing nothing needs no spontaneous step. */
static bool never_zero(enum choice_kind kind)
{
	return kind == CHOICE_SPECULATE || kind == CHOICE_EVICT;
}

static unsigned answer(struct explorer *x, const struct choice *c)
{
	unsigned i = x->nodes[x->at].first_answer + x->answered++;
	struct answer a = { (uint8_t)c->kind, (uint8_t)c->n,
		            never_zero(c->kind) };
	bool repeats = i < x->answers->len;

	if (repeats && x->at + 1 < x->nr_nodes)
		repeats = i < x->nodes[x->at + 1].first_answer;
	if (!repeats && x->at + 1 < x->nr_nodes) {
		fail(x);
		return 0;
	}
	if (!repeats)
		g_array_append_val(x->answers, a);
	/* Which entries are there? */
	if (c->kind == CHOICE_EVICT && c->asker->cpu)
		x->fp.tlb = (cpu_index_t)(c->asker->cpu->id + 1);
	a = g_array_index(x->answers, struct answer, i);
	if (a.kind != c->kind || a.n != c->n)
		fail(x);
	return a.pick;
}

/* Few are set, and libgcc's popcount is a call. */
static unsigned nr_bits(uint64_t mask)
{
	unsigned n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

static unsigned explorer_pick(struct policy *p, struct machine *m,
                              const struct choice *c)
{
	struct explorer *x = explorer_of(p);

	if (c->kind != CHOICE_AGENT)
		return answer(x, c);
	/* Somebody who moves for the first time is picked twice before its
	 * first step is made. */
	if (x->moving == NOBODY) {
		finish_event(x, m, false);
		arrive(x, m, c->agents);
	}
	if (x->moving == NOBODY)
		return 0;
	return nr_bits(c->agents & (BIT_ULL(x->moving) - 1));
}

/* A run can be long. */
static void look_at_clock(struct explorer *x, struct machine *m)
{
	const struct explorer_options *o = &x->options;

	if (!x->at || x->at % 4096 || !o->time_is_up || !o->time_is_up(o->data))
		return;
	x->late = true;
	give_up(x, m);
}

static void explorer_stepped(struct policy *p, struct machine *m,
                             const struct agent *a)
{
	struct explorer *x = explorer_of(p);

	if (x->moving != a->id) {
		fail(x);
		run_stop(m);
	}
	look_at_clock(x, m);
	x->moving = NOBODY;
	x->acting = true;
	x->answered = 0;
	if (x->at < x->history.nr_events)
		return;
	footprint_announced(&x->fp, a, x->watches[a->id]);
	hidden_state_read(&x->before, m);
}

static void explorer_begin(struct policy *p, struct machine *m)
{
	struct explorer *x = explorer_of(p);

	x->at = 0;
	x->moving = NOBODY;
	x->acting = x->given_up = x->foreign = x->ended = false;
	x->exclusive = x->gated = 0;
	memset(x->watches, 0, sizeof(x->watches));
	x->unnoted = 0;
	for (unsigned i = 0; i < m->nr_agents; i++)
		x->unnoted |= m->agents[i]->bit;
}

static void explorer_ended(struct policy *p, struct machine *m)
{
	struct explorer *x = explorer_of(p);

	x->ended = true;
	x->run_end = m->end;
	if (x->given_up || x->policy.error)
		return;
	finish_event(x, m, m->end == RUN_DONE || m->end == RUN_STOPPED);
	if (x->nr_nodes && ends_above_parts(x))
		x->foreign = is_foreign(x);
}

/* ---- the search ---- */

struct explorer *explorer_new(const struct explorer_options *options)
{
	struct explorer *x = g_new0(struct explorer, 1);

	x->policy.name = "explore";
	x->policy.attentive = true; /* what an agent waits for is gone later */
	x->policy.pick = explorer_pick;
	x->policy.begin = explorer_begin;
	x->policy.stepped = explorer_stepped;
	x->policy.ended = explorer_ended;
	x->options = *options;
	x->part_level = options->parts ? PART_LEVELS : 0;
	x->horizon = UINT64_MAX;
	x->sleepers = g_array_new(FALSE, FALSE, sizeof(struct sleeper));
	x->dozers = g_array_new(FALSE, FALSE, sizeof(struct dozer));
	x->block_steps = g_array_new(FALSE, FALSE, sizeof(struct footprint));
	x->answers = g_array_new(FALSE, FALSE, sizeof(struct answer));
	event_history_init(&x->history);
	return x;
}

void explorer_free(struct explorer *x)
{
	if (!x)
		return;
	g_clear_error(&x->policy.error);
	history_fini(&x->history);
	g_array_unref(x->sleepers);
	g_array_unref(x->dozers);
	g_array_unref(x->block_steps);
	g_array_unref(x->answers);
	g_free(x->nodes);
	g_free(x->clock);
	g_free(x);
}

/* The next answer within the last event. */
static bool next_answer(struct explorer *x, const struct node *node)
{
	while (x->answers->len > node->first_answer) {
		struct answer *a = &g_array_index(x->answers, struct answer,
		                                  x->answers->len - 1);

		if (++a->pick < a->n)
			return true;
		g_array_set_size(x->answers, x->answers->len - 1);
	}
	return false;
}

/* The next agent to try at the last node. */
static bool next_agent(struct explorer *x, struct node *node)
{
	uint64_t wanted = hold_back(x, node, node->backtrack & ~node->sleep);
	uint64_t left = within_bound(x, node, wanted);

	x->bound_hit |= left != wanted;
	if (!left)
		return false;
	node->agent = first_choice(x, node, left);
	return true;
}

/* Change the path's end to what is to be tried next. */
static bool advance(struct explorer *x)
{
	struct history *h = &x->history;

	for (; x->nr_nodes; pop_node(x)) {
		unsigned i = x->nr_nodes - 1;
		struct node *node = &x->nodes[i];

		if (h->nr_events > i)
			sleep_tried(x, node, i);
		history_truncate(h, i);
		if (next_answer(x, node))
			return true;
		node->sleep |= BIT_ULL(node->agent);
		if (next_agent(x, node))
			return true;
	}
	return false;
}

/*
 * Late preemptions are tried last: in a run's end things are put away, and with
 * the early ones only there are few runs.  They are made again within the next
 * horizon.
 */
static void set_horizon(struct explorer *x, uint64_t horizon)
{
	x->horizon = horizon < x->options.length ? horizon : UINT64_MAX;
	x->bound_hit = false;
}

static bool next_horizon(struct explorer *x)
{
	if (x->horizon == UINT64_MAX)
		return false;
	set_horizon(x, x->horizon * 2);
	return true;
}

/* Everything within the bound was seen. */
static bool next_bound(struct explorer *x)
{
	const struct explorer_parts *parts = x->options.parts;
	bool more = x->bound_hit;

	if (parts)
		more = parts->walked(parts->data, x->bound, x->nr_parts, more);
	if (!x->options.bounded || !more || x->bound == x->options.bound)
		return false;
	x->stats.bound = ++x->bound;
	x->nr_parts = 0;
	set_horizon(x, x->bound < HORIZON_BOUND
	                       ? UINT64_MAX
	                       : x->options.length / HORIZON_PART + 1);
	return true;
}

static enum explorer_end met_cap(const struct explorer *x)
{
	const struct explorer_options *o = &x->options;

	if (o->max_executions && x->stats.executions >= o->max_executions)
		return EXPLORER_CAP_EXECUTIONS;
	if (o->max_steps && x->stats.steps >= o->max_steps)
		return EXPLORER_CAP_STEPS;
	if (o->time_is_up && o->time_is_up(o->data))
		return EXPLORER_CAP_TIME;
	return EXPLORER_GOES_ON;
}

static void finish_search(struct explorer *x)
{
	x->stats.end = EXPLORER_EXHAUSTED;
	x->stats.exhausted = !x->stats.truncated;
	x->stats.complete =
		x->stats.exhausted && !x->bound_hit && !x->stats.calmed;
}

struct policy *explorer_next(struct explorer *x)
{
	if (x->stats.end != EXPLORER_GOES_ON)
		return NULL;
	if (x->started && !advance(x) && !next_horizon(x) && !next_bound(x)) {
		finish_search(x);
		return NULL;
	}
	x->started = true;
	x->stats.end = met_cap(x);
	return x->stats.end == EXPLORER_GOES_ON ? &x->policy : NULL;
}

bool explorer_counts(const struct explorer *x)
{
	return x->ended && !x->given_up && !x->foreign && !x->policy.error;
}

void explorer_done(struct explorer *x, bool hazard)
{
	if (x->policy.error) {
		x->stats.end = EXPLORER_FAILED;
		return;
	}
	if (x->late)
		x->stats.end = EXPLORER_CAP_TIME;
	if (!explorer_counts(x))
		return;
	x->stats.executions++;
	if (x->run_end == RUN_STEP_CAP)
		x->stats.truncated++;
	if (hazard && !x->options.go_on)
		x->stats.end = EXPLORER_HAZARD;
}

bool explorer_bound_hit(const struct explorer *x)
{
	return x->bound_hit && x->horizon == UINT64_MAX;
}

unsigned explorer_preemptions(const struct explorer *x)
{
	const struct node *node = &x->nodes[x->nr_nodes - 1];

	return x->nr_nodes ? node->preemptions + step_cost(x, node, node->agent)
	                   : 0;
}

const struct explorer_stats *explorer_stats(const struct explorer *x)
{
	return &x->stats;
}

const char *explorer_end_name(enum explorer_end end)
{
	static const char *const names[] = {
		[EXPLORER_GOES_ON] = "goes on",
		[EXPLORER_EXHAUSTED] = "exhausted",
		[EXPLORER_HAZARD] = "hazard found",
		[EXPLORER_CAP_EXECUTIONS] = "cap on executions",
		[EXPLORER_CAP_STEPS] = "cap on steps",
		[EXPLORER_CAP_TIME] = "cap on seconds",
		[EXPLORER_FAILED] = "not reproducible",
	};

	return names[end];
}
