/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explore/shrink.h"

#include <limits.h>
#include <string.h>

#include "base/bug.h"
#include "base/machine.h"

#define NOBODY UINT_MAX

/* An agent moves, until it made so many steps or cannot go on. */
struct turn {
	unsigned agent;
	uint64_t steps;
};

/* The answers of each agent to choose(), in order. */
struct answer {
	unsigned agent;
	uint8_t pick;
};

struct plan {
	GArray *turns;   /* of struct turn */
	GArray *answers; /* of struct answer */
};

struct policy_turns {
	struct policy base;
	struct plan plan;
	const struct choice_log *log; /* recording: answers come from here */

	/* the run */
	struct plan made;
	unsigned next_choice;
	unsigned turn;
	uint64_t steps_of_turn;
	unsigned mover, moving;
	unsigned asked[NR_AGENTS_MAX];
	struct shrink_cost cost;
};

static struct policy_turns *turns_of(struct policy *p)
{
	return (struct policy_turns *)(void *)p;
}

static void plan_init(struct plan *plan)
{
	plan->turns = g_array_new(FALSE, FALSE, sizeof(struct turn));
	plan->answers = g_array_new(FALSE, FALSE, sizeof(struct answer));
}

static void plan_clear(struct plan *plan)
{
	g_array_unref(plan->turns);
	g_array_unref(plan->answers);
}

static void plan_copy(struct plan *to, const struct plan *from)
{
	g_array_set_size(to->turns, 0);
	g_array_set_size(to->answers, 0);
	g_array_append_vals(to->turns, from->turns->data, from->turns->len);
	g_array_append_vals(to->answers, from->answers->data,
	                    from->answers->len);
}

/* ---- the policy ---- */

static struct turn *turn_at(const struct plan *plan, unsigned i)
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
	g_array_append_val(t->made.answers, made);
	return made.pick;
}

static unsigned nth_bit(uint64_t mask, unsigned i)
{
	while (i--)
		mask &= mask - 1;
	return (unsigned)__builtin_ctzll(mask);
}

static unsigned turns_pick(struct policy *p, struct machine *m,
                           const struct choice *c)
{
	struct policy_turns *t = turns_of(p);
	unsigned agent;

	if (c->kind != CHOICE_AGENT)
		return answer(t, c);
	if (t->log)
		agent = nth_bit(c->agents, logged(t, c));
	else if (t->moving != NOBODY)
		agent = t->moving; /* begins: picked twice */
	else
		agent = whose_turn(t, m, c->agents);
	if (t->moving == NOBODY && t->mover != NOBODY && agent != t->mover &&
	    (c->agents >> t->mover & 1) && !(m->sched.walkers >> agent & 1))
		t->cost.preemptions++;
	t->moving = agent;
	return (unsigned)__builtin_popcountll(c->agents & (BIT_ULL(agent) - 1));
}

static void turns_stepped(struct policy *p, struct machine *m,
                          const struct agent *a)
{
	struct policy_turns *t = turns_of(p);
	unsigned n = t->made.turns->len;
	struct turn turn = { a->id, 1 };

	t->moving = NOBODY;
	t->cost.steps++;
	if (t->turn < t->plan.turns->len &&
	    turn_at(&t->plan, t->turn)->agent == a->id)
		t->steps_of_turn++;
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
	plan_clear(&turns_of(p)->plan);
	plan_clear(&turns_of(p)->made);
	g_free(p);
}

static struct policy_turns *turns_new(void)
{
	struct policy_turns *t = g_new0(struct policy_turns, 1);

	t->base.name = "turns";
	t->base.pick = turns_pick;
	t->base.stepped = turns_stepped;
	t->base.begin = turns_begin;
	t->base.free = turns_free;
	plan_init(&t->plan);
	plan_init(&t->made);
	return t;
}

/* ---- shrinking ---- */

struct shrinking {
	const struct shrink_task *task;
	struct policy_turns *t;
	struct plan best;
	struct shrink_cost cost;
	unsigned runs;
};

static bool is_less(const struct shrink_cost *a, const struct shrink_cost *b)
{
	if (a->preemptions != b->preemptions)
		return a->preemptions < b->preemptions;
	return a->steps < b->steps;
}

static bool runs_left(const struct shrinking *x)
{
	return !x->task->max_runs || x->runs < x->task->max_runs;
}

/* Does the policy's plan fail? What it made becomes *@made. */
static bool attempt(struct shrinking *x)
{
	uint64_t steps = 0;

	x->runs++;
	if (!x->task->fails(x->task->data, &x->t->base, &steps))
		return false;
	if (steps)
		x->t->cost.steps = steps;
	return true;
}

/* Keep the run just made if it is better than the best. */
static bool improves(struct shrinking *x)
{
	if (!attempt(x) || !is_less(&x->t->cost, &x->cost))
		return false;
	x->cost = x->t->cost;
	plan_copy(&x->best, &x->t->made);
	return true;
}

/* Without turns [from, from + n): is that better? */
static bool without(struct shrinking *x, unsigned from, unsigned n)
{
	plan_copy(&x->t->plan, &x->best);
	g_array_remove_range(x->t->plan.turns, from, n);
	return improves(x);
}

/* Leave out runs of turns: long ones first, down to single ones. */
static bool drop_turns(struct shrinking *x)
{
	bool better = false;

	for (unsigned n = x->best.turns->len; n && runs_left(x); n /= 2) {
		unsigned i = 0;

		while (i + n <= x->best.turns->len && runs_left(x)) {
			if (without(x, i, n))
				better = true;
			else
				i += n;
		}
	}
	return better;
}

/* Give turn @i to its agent earlier: in front of the turn before. */
static bool swap_turns(struct shrinking *x)
{
	bool better = false;

	for (unsigned i = 1; i < x->best.turns->len && runs_left(x); i++) {
		struct turn *turns, first;

		plan_copy(&x->t->plan, &x->best);
		turns = turn_at(&x->t->plan, 0);
		first = turns[i - 1];
		turns[i - 1] = turns[i];
		turns[i] = first;
		better |= improves(x);
	}
	return better;
}

/* Let turn @i end earlier or its agent go on for as long as it can. */
static bool resize_turns(struct shrinking *x)
{
	bool better = false;

	for (unsigned i = 0; i < x->best.turns->len && runs_left(x); i++) {
		plan_copy(&x->t->plan, &x->best);
		turn_at(&x->t->plan, i)->steps = UINT64_MAX;
		if (improves(x)) {
			better = true;
			continue;
		}
		plan_copy(&x->t->plan, &x->best);
		turn_at(&x->t->plan, i)->steps /= 2;
		better |= improves(x);
	}
	return better;
}

/* Answer as if nothing unusual happened. */
static bool plain_answers(struct shrinking *x)
{
	bool better = false;

	for (unsigned i = 0; i < x->best.answers->len && runs_left(x); i++) {
		struct answer *a;

		plan_copy(&x->t->plan, &x->best);
		a = &g_array_index(x->t->plan.answers, struct answer, i);
		if (!a->pick)
			continue;
		a->pick = 0;
		better |= improves(x);
	}
	return better;
}

/* The recorded run, as turns. */
static bool record(struct shrinking *x, const struct choice_log *log)
{
	bool fails;

	x->t->log = log;
	fails = attempt(x);
	x->t->log = NULL;
	if (!fails)
		return false;
	plan_copy(&x->best, &x->t->made);
	plan_copy(&x->t->plan, &x->best);
	/* The same again by turns? */
	if (!attempt(x))
		return false;
	x->cost = x->t->cost;
	plan_copy(&x->best, &x->t->made);
	return true;
}

struct policy *shrink(const struct shrink_task *task,
                      const struct choice_log *log, struct shrink_cost *cost)
{
	struct shrinking x = { .task = task, .t = turns_new() };
	struct policy *result = &x.t->base;
	bool again = true;

	plan_init(&x.best);
	if (!record(&x, log)) {
		policy_free(result);
		result = NULL;
		again = false;
	}
	while (again && runs_left(&x)) {
		again = drop_turns(&x);
		again |= swap_turns(&x);
		again |= resize_turns(&x);
		again |= plain_answers(&x);
	}
	if (result)
		plan_copy(&x.t->plan, &x.best);
	if (result && cost)
		*cost = x.cost;
	plan_clear(&x.best);
	return result;
}
