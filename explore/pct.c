/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explore/pct.h"

#include <stdlib.h>

#include "base/bug.h"
#include "base/machine.h"
#include "base/rng.h"

struct policy_pct {
	struct policy base;
	uint64_t seed, run, steps;
	unsigned depth;

	/* the run */
	struct rng rng;
	uint64_t priority[NR_AGENTS_MAX]; /* 0: not given yet */
	uint64_t lowest; /* priorities of those who fell count down from here */
	uint64_t changes[PCT_DEPTH_MAX]; /* steps, in order */
	unsigned nr_changes, next_change;
	uint64_t first_step;
	uint64_t moved_since; /* step since when the same agent moves */
	unsigned mover;
};

/* Priorities given at random are above those of agents that fell. */
#define PRIORITY_RANDOM (UINT64_C(1) << 63)
#define PRIORITY_FALLEN (UINT64_C(1) << 62)

static struct policy_pct *pct_of(struct policy *p)
{
	return (struct policy_pct *)(void *)p;
}

static uint64_t priority_of(struct policy_pct *pct, unsigned agent)
{
	uint64_t *priority = &pct->priority[agent];

	if (!*priority)
		*priority = PRIORITY_RANDOM | rng_next(&pct->rng);
	return *priority;
}

static void lower(struct policy_pct *pct, unsigned agent)
{
	pct->priority[agent] = pct->lowest--;
}

/*
 * Change points that were passed since the last question; and whoever has
 * moved for two whole runs' time waits for somebody it keeps from moving.
 */
static void lower_mover(struct policy_pct *pct, const struct agent *mover,
                        uint64_t now)
{
	bool change = false;

	while (pct->next_change < pct->nr_changes &&
	       pct->changes[pct->next_change] <= now) {
		pct->next_change++;
		change = true;
	}
	if (!mover)
		return;
	if (mover->id != pct->mover) {
		pct->mover = mover->id;
		pct->moved_since = now;
	}
	if (!change && now - pct->moved_since < 2 * pct->steps)
		return;
	lower(pct, mover->id);
	pct->moved_since = now;
}

static unsigned pct_pick(struct policy *p, struct machine *m,
                         const struct choice *c)
{
	struct policy_pct *pct = pct_of(p);
	uint64_t best = 0;
	unsigned pick = 0, i = 0;

	if (c->kind != CHOICE_AGENT)
		return (unsigned)rng_below(&pct->rng, c->n);
	lower_mover(pct, c->asker, m->sched.nr_steps - pct->first_step);
	for (uint64_t left = c->agents; left; left &= left - 1, i++) {
		unsigned agent = (unsigned)__builtin_ctzll(left);
		uint64_t priority = priority_of(pct, agent);

		if (priority > best) {
			best = priority;
			pick = i;
		}
	}
	return pick;
}

static int compare_steps(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void pct_begin(struct policy *p, struct machine *m)
{
	struct policy_pct *pct = pct_of(p);
	struct rng mixer = { .state = pct->seed };

	pct->rng.state =
		rng_next(&mixer) + pct->run++ * UINT64_C(0x2545f4914f6cdd1d);
	for (unsigned i = 0; i < NR_AGENTS_MAX; i++)
		pct->priority[i] = 0;
	pct->lowest = PRIORITY_FALLEN;
	pct->nr_changes = pct->depth - 1;
	pct->next_change = 0;
	for (unsigned i = 0; i < pct->nr_changes; i++)
		pct->changes[i] = 1 + rng_below(&pct->rng, pct->steps);
	qsort(pct->changes, pct->nr_changes, sizeof(pct->changes[0]),
	      compare_steps);
	pct->first_step = m->sched.nr_steps;
	pct->mover = NR_AGENTS_MAX;
}

struct policy *policy_pct_new(uint64_t seed, unsigned depth)
{
	struct policy_pct *pct = g_new0(struct policy_pct, 1);

	BUG_ON(!depth || depth > PCT_DEPTH_MAX);
	pct->base.name = "pct";
	pct->base.pick = pct_pick;
	pct->base.begin = pct_begin;
	pct->seed = seed;
	pct->depth = depth;
	pct->steps = PCT_STEPS_DEFAULT;
	return &pct->base;
}

void policy_pct_set_run(struct policy *p, uint64_t run)
{
	BUG_ON(p->pick != pct_pick);
	pct_of(p)->run = run;
}

void policy_pct_set_steps(struct policy *p, uint64_t steps)
{
	BUG_ON(p->pick != pct_pick);
	pct_of(p)->steps = MAX(steps, UINT64_C(1));
}
