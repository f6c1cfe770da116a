/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joining the parts of a search (scenario/part.h), as they come, to what one
 * process that makes them in order would have found.
 *
 * The parts are counted in order up to the run that decides, to the cap on
 * executions, or until no part is left.  Runs behind that do not count, made or
 * not.  Only a cap on seconds leaves gaps: then what was run counts, and the
 * first run in order decides that would decide among them.
 */
#ifndef MMULATOR_SCENARIO_JOINT_H
#define MMULATOR_SCENARIO_JOINT_H

#include "scenario/part.h"
#include "scenario/search.h"

struct joint;

/**
 * joint_new - no part yet.
 * @r: what the search runs, for what is expected; borrowed
 * @options: of the search; borrowed
 *
 * Return: never NULL; joint_free().
 */
struct joint *joint_new(const struct runner *r,
                        const struct search_options *options);
/**
 * joint_free - it is not needed any more, nor the parts it was given.
 * @j: NULL: nothing happens
 */
void joint_free(struct joint *j);

/**
 * joint_add - one part more, in any order.
 * @p: becomes the joint's
 *
 * Return: false if it is there already (@p was freed).
 */
bool joint_add(struct joint *j, struct part *p);
/**
 * joint_walked - a bound has no more parts than so many.
 * @bound: of preemptions; random policies: 0
 * @nr_parts: how many it has
 * @hit: a run would have needed more preemptions than @bound
 */
void joint_walked(struct joint *j, unsigned bound, unsigned nr_parts, bool hit);

/** joint_sink - for search_parts(). Return: a sink that feeds @j, borrowed. */
struct search_sink joint_sink(struct joint *j);

/**
 * joint_over - is the verdict known?
 *
 * Return: whether; what is missing would change nothing then.
 */
bool joint_over(const struct joint *j);
/**
 * joint_finish - nothing more comes.
 * @out: the verdict, but for what search_conclude() does; verdict_clear()
 *
 * If it is not over, the search ended at the cap on seconds.
 */
void joint_finish(struct joint *j, struct verdict *out);

#endif
