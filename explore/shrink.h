/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a failing run smaller: the fewest preemptions, then the fewest steps.
 *
 * A run is a list of turns: an agent moves so many steps, then another.
 * Turns are left out, merged and shortened as long as the run still fails
 * (delta debugging, Zeller and Hildebrandt 2002).  That ends where no single
 * change helps, which need not be the least: all runs that could be smaller are
 * then made, fewest preemptions first, as far as the task allows.
 */
#ifndef MMULATOR_EXPLORE_SHRINK_H
#define MMULATOR_EXPLORE_SHRINK_H

#include "base/policy.h"

/* What a run costs. */
struct shrink_cost {
	unsigned preemptions;
	uint64_t steps;
	bool least; /* no run is smaller: all that could be were made */
};

struct shrink_task {
	/*
	 * Run under @policy (begin() is to be called). Return: it failed as the
	 * first one did. *@steps: steps before it failed, from where the
	 * policy began to be asked; 0: all it saw.
	 */
	bool (*fails)(void *data, struct policy *policy, uint64_t *steps);
	void *data;
	uint64_t max_steps; /* of all runs together; 0: no limit */
};

/**
 * shrink - a smaller run than @log's that fails.
 * @task: how to run and judge
 * @log: choices of a failing run; borrowed for the call
 * @cost: of the run found; may be NULL
 *
 * Return: a policy that makes that run (policy_free()), or NULL if @log's own
 * run does not fail again.
 */
struct policy *shrink(const struct shrink_task *task,
                      const struct choice_log *log, struct shrink_cost *cost);

#endif
