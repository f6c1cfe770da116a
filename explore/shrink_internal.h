/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the two halves of shrinking: changing turns and searching. */
#ifndef MMULATOR_EXPLORE_SHRINK_INTERNAL_H
#define MMULATOR_EXPLORE_SHRINK_INTERNAL_H

#include "explore/turns.h"

struct shrinking {
	const struct shrink_task *task;
	struct policy_turns *t;
	struct turn_plan best;
	struct shrink_cost cost; /* of the best */
	uint64_t steps;          /* of all runs */
};

/** shrink_goes_on - may one more run be made? Return: whether. */
bool shrink_goes_on(const struct shrinking *x);
/**
 * shrink_improves - run the policy's plan; keep it if it is better than the
 * best.
 * @x: the run's steps are taken from what is left
 *
 * Return: whether.
 */
bool shrink_improves(struct shrinking *x);
/**
 * shrink_search - look for a better run than the best among all there are,
 * until none is left or no more may be made.
 * @x: has a best run
 */
void shrink_search(struct shrinking *x);

#endif
