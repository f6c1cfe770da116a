/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and
 * Nagarakatte 2010): each agent has a random priority, the highest that can
 * move does, and at depth - 1 random steps whoever moves falls below everybody.
 * With n agents and k steps a run meets a bug that needs @depth orderings with
 * a probability of at least 1 / (n * k ^ (depth - 1)).
 */
#ifndef MMULATOR_EXPLORE_PCT_H
#define MMULATOR_EXPLORE_PCT_H

#include "base/policy.h"

#define PCT_DEPTH_MAX     16
#define PCT_STEPS_DEFAULT 1000

/**
 * policy_pct_new - random priorities, reproducible from a seed.
 * @seed: any number
 * @depth: orderings the bug may need, 1 .. PCT_DEPTH_MAX; BUG otherwise
 *
 * As with policy_random_new(), run k of one object differs from run k-1, and
 * policy_pct_set_run() jumps to a run.  What is chosen besides agents is
 * uniform.
 *
 * Return: never NULL; policy_free().
 */
struct policy *policy_pct_new(uint64_t seed, unsigned depth);
/**
 * policy_pct_set_run - the next run is a certain one of the seed.
 * @p: from policy_pct_new(); BUG otherwise
 * @run: its number, from 0
 */
void policy_pct_set_run(struct policy *p, uint64_t run);

/**
 * policy_pct_set_steps - how long a run is expected to be.
 * @p: from policy_pct_new(); BUG otherwise
 * @steps: 0 counts as 1; PCT_STEPS_DEFAULT until it is called.  The priorities
 *	change within so many steps, so they are part of what makes a run
 *	reproducible
 *
 * Context: before the run's begin().
 */
void policy_pct_set_steps(struct policy *p, uint64_t steps);

#endif
