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
 * policy_pct_new - reproducible from @seed, 1 <= @depth <= PCT_DEPTH_MAX.
 *
 * As with policy_random_new(), run k of one object differs from run k-1, and
 * policy_pct_set_run() jumps to a run.
 */
struct policy *policy_pct_new(uint64_t seed, unsigned depth);
void policy_pct_set_run(struct policy *p, uint64_t run);

/** policy_pct_set_steps - how long a run is expected to be; before begin().
 * Part of what makes a run reproducible. */
void policy_pct_set_steps(struct policy *p, uint64_t steps);

#endif
