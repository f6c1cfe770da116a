/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explore/turns.h"

#include <string.h>

#include "base/machine.h"

static struct policy_turns *turns_of(struct policy *p)
{
	return (struct policy_turns *)(void *)p;
}

void turn_plan_init(struct turn_plan *plan)
{
	plan->turns = g_array_new(FALSE, FALSE, sizeof(struct turn));
	plan->answers = g_array_new(FALSE, FALSE, sizeof(struct answer));
}

void turn_plan_clear(struct turn_plan *plan)
{
	g_array_unref(plan->turns);
	g_array_unref(plan->answers);
}

void turn_plan_copy(struct turn_plan *to, const struct turn_plan *from)
{
	g_array_set_size(to->turns, 0);
	g_array_set_size(to->answers, 0);
	g_array_append_vals(to->turns, from->turns->data, from->turns->len);
	g_array_append_vals(to->answers, from->answers->data,
	                    from->answers->len);
}

/* ---- the policy ---- */

struct turn *turn_at(const struct turn_plan *plan, unsigned i)
{
	return &g_array_index(plan->turns, struct turn, i);
}

/* The turn that goes on, of those that can. */
static unsigned whose_turn(struct policy_turns *t, struct machine *m,
                           uint64_t agents)
{
	uint64_t tasks = agents & ~m->sched.walkers;

	for (; t->turn < t->plan.turns->len; t->turn++) {
		const struct turn *turn = turn_at(&t->plan, t->turn);

		if (t->steps_of_turn < turn->steps &&
		    (agents >> turn->agent & 1))
			return turn->agent;
		t->steps_of_turn = 0;
	}
	if (t->mover != NOBODY && (tasks >> t->mover & 1))
		return t->mover;
	return (unsigned)__builtin_ctzll(tasks ? tasks : agents);
}

static unsigned logged(struct policy_turns *t, const struct choice *c)
{
	const struct choice_entry *e;

	if (t->next_choice == t->log->nr_entries)
		return 0;
	e = &t->log->entries[t->next_choice++];
	return e->kind == c->kind && e->n == c->n ? e->pick : 0;
}

static unsigned answer(struct policy_turns *t, const struct choice *c)
{
	unsigned number = t->asked[c->asker->id]++;
	struct answer made = { c->asker->id, 0 };

	if (t->log)
		made.pick = (uint8_t)logged(t, c);
	for (unsigned i = 0; !t->log && i < t->plan.answers->len; i++) {
		const struct answer *a =
			&g_array_index(t->plan.answers, struct answer, i);

		if (a->agent == made.agent && !number--) {
			made.pick = a->pick;
			break;
		}
	}
	if (made.pick >= c->n)
		made.pick = 0;
	if (t->watch)
		t->watch->answers(t->watch->data, c, made.pick);
	g_array_append_val(t->made.answers, made);
	return made.pick;
}

static unsigned nth_bit(uint64_t mask, unsigned i)
{
	while (i--)
		mask &= mask - 1;
	return (unsigned)__builtin_ctzll(mask);
}

bool turns_past_plan(const struct policy_turns *t)
{
	return t->turn == t->plan.turns->len;
}

bool turns_preempts(const struct policy_turns *t, const struct machine *m,
                    uint64_t agents, unsigned agent)
{
	return t->mover != NOBODY && agent != t->mover &&
	       (agents >> t->mover & 1) && !(m->sched.walkers >> agent & 1);
}

static unsigned who_moves(struct policy_turns *t, struct machine *m,
                          const struct choice *c)
{
	if (t->log)
		return nth_bit(c->agents, logged(t, c));
	/* Who begins is picked twice before its first step. */
	return t->moving != NOBODY ? t->moving : whose_turn(t, m, c->agents);
}

static unsigned turns_pick(struct policy *p, struct machine *m,
                           const struct choice *c)
{
	struct policy_turns *t = turns_of(p);
	unsigned agent;

	if (c->kind != CHOICE_AGENT)
		return answer(t, c);
	agent = who_moves(t, m, c);
	if (t->moving == NOBODY) {
		if (t->watch)
			t->watch->picks(t->watch->data, m, c->agents, agent);
		t->cost.preemptions += turns_preempts(t, m, c->agents, agent);
	}
	t->moving = agent;
	return (unsigned)__builtin_popcountll(c->agents & (BIT_ULL(agent) - 1));
}

/* A turn may be over without anybody having been asked. */
static void count_turn(struct policy_turns *t, unsigned agent)
{
	const struct turn_plan *plan = &t->plan;

	while (t->turn < plan->turns->len &&
	       t->steps_of_turn >= turn_at(plan, t->turn)->steps) {
		t->turn++;
		t->steps_of_turn = 0;
	}
	if (t->turn < plan->turns->len &&
	    turn_at(plan, t->turn)->agent == agent)
		t->steps_of_turn++;
}

static void turns_stepped(struct policy *p, struct machine *m,
                          const struct agent *a)
{
	struct policy_turns *t = turns_of(p);
	unsigned n = t->made.turns->len;
	struct turn turn = { a->id, 1 };

	if (t->watch)
		t->watch->stepped(t->watch->data, m, a);
	t->moving = NOBODY;
	t->cost.steps++;
	count_turn(t, a->id);
	if (n && turn_at(&t->made, n - 1)->agent == a->id)
		turn_at(&t->made, n - 1)->steps++;
	else
		g_array_append_val(t->made.turns, turn);
	if (!(m->sched.walkers & a->bit))
		t->mover = a->id;
}

static void turns_begin(struct policy *p, struct machine *m)
{
	struct policy_turns *t = turns_of(p);

	(void)m;
	g_array_set_size(t->made.turns, 0);
	g_array_set_size(t->made.answers, 0);
	memset(t->asked, 0, sizeof(t->asked));
	t->next_choice = t->turn = 0;
	t->steps_of_turn = 0;
	t->mover = t->moving = NOBODY;
	t->cost = (struct shrink_cost){ 0 };
}

static void turns_free(struct policy *p)
{
	turn_plan_clear(&turns_of(p)->plan);
	turn_plan_clear(&turns_of(p)->made);
	g_free(p);
}

struct policy_turns *turns_new(void)
{
	struct policy_turns *t = g_new0(struct policy_turns, 1);

	t->base.name = "turns";
	t->base.pick = turns_pick;
	t->base.stepped = turns_stepped;
	t->base.begin = turns_begin;
	t->base.free = turns_free;
	turn_plan_init(&t->plan);
	turn_plan_init(&t->made);
	return t;
}
