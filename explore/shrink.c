/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explore/shrink.h"

#include "base/bug.h"
#include "base/machine.h"
#include "explore/shrink_internal.h"

static bool is_less(const struct shrink_cost *a, const struct shrink_cost *b)
{
	if (a->preemptions != b->preemptions)
		return a->preemptions < b->preemptions;
	return a->steps < b->steps;
}

bool shrink_goes_on(const struct shrinking *x)
{
	return !x->task->max_steps || x->steps < x->task->max_steps;
}

/* Does the policy's plan fail? What it made becomes *@made. */
static bool attempt(struct shrinking *x)
{
	uint64_t steps = 0;
	bool fails = x->task->fails(x->task->data, &x->t->base, &steps);

	x->steps += x->t->cost.steps;
	if (!fails)
		return false;
	if (steps)
		x->t->cost.steps = steps;
	return true;
}

bool shrink_improves(struct shrinking *x)
{
	if (!attempt(x) || !is_less(&x->t->cost, &x->cost))
		return false;
	x->cost = x->t->cost;
	turn_plan_copy(&x->best, &x->t->made);
	return true;
}

/* Without turns [from, from + n): is that better? */
static bool without(struct shrinking *x, unsigned from, unsigned n)
{
	turn_plan_copy(&x->t->plan, &x->best);
	g_array_remove_range(x->t->plan.turns, from, n);
	return shrink_improves(x);
}

/* Leave out runs of turns: long ones first, down to single ones. */
static bool drop_turns(struct shrinking *x)
{
	bool better = false;

	for (unsigned n = x->best.turns->len; n && shrink_goes_on(x); n /= 2) {
		unsigned i = 0;

		while (i + n <= x->best.turns->len && shrink_goes_on(x)) {
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

	for (unsigned i = 1; i < x->best.turns->len && shrink_goes_on(x); i++) {
		struct turn *turns, first;

		turn_plan_copy(&x->t->plan, &x->best);
		turns = turn_at(&x->t->plan, 0);
		first = turns[i - 1];
		turns[i - 1] = turns[i];
		turns[i] = first;
		better |= shrink_improves(x);
	}
	return better;
}

/* Let turn @i end earlier or its agent go on for as long as it can. */
static bool resize_turns(struct shrinking *x)
{
	bool better = false;

	for (unsigned i = 0; i < x->best.turns->len && shrink_goes_on(x); i++) {
		turn_plan_copy(&x->t->plan, &x->best);
		turn_at(&x->t->plan, i)->steps = UINT64_MAX;
		if (shrink_improves(x)) {
			better = true;
			continue;
		}
		turn_plan_copy(&x->t->plan, &x->best);
		turn_at(&x->t->plan, i)->steps /= 2;
		better |= shrink_improves(x);
	}
	return better;
}

/* Answer as if nothing unusual happened. */
static bool plain_answers(struct shrinking *x)
{
	bool better = false;

	for (unsigned i = 0; i < x->best.answers->len && shrink_goes_on(x);
	     i++) {
		struct answer *a;

		turn_plan_copy(&x->t->plan, &x->best);
		a = &g_array_index(x->t->plan.answers, struct answer, i);
		if (!a->pick)
			continue;
		a->pick = 0;
		better |= shrink_improves(x);
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
	turn_plan_copy(&x->best, &x->t->made);
	turn_plan_copy(&x->t->plan, &x->best);
	/* The same again by turns? */
	if (!attempt(x))
		return false;
	x->cost = x->t->cost;
	turn_plan_copy(&x->best, &x->t->made);
	return true;
}

struct policy *shrink(const struct shrink_task *task,
                      const struct choice_log *log, struct shrink_cost *cost)
{
	struct shrinking x = { .task = task, .t = turns_new() };
	struct policy *result = &x.t->base;
	bool again = true;

	turn_plan_init(&x.best);
	if (!record(&x, log)) {
		policy_free(result);
		result = NULL;
		again = false;
	}
	while (again && shrink_goes_on(&x)) {
		again = drop_turns(&x);
		again |= swap_turns(&x);
		again |= resize_turns(&x);
		again |= plain_answers(&x);
	}
	if (result) {
		shrink_search(&x);
		turn_plan_copy(&x.t->plan, &x.best);
	}
	if (result && cost)
		*cost = x.cost;
	turn_plan_clear(&x.best);
	return result;
}
