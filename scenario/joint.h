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

/** joint_new - for a search of what @r runs; both are borrowed. */
struct joint *joint_new(const struct runner *r,
                        const struct search_options *options);
void joint_free(struct joint *j);

/** joint_add - a part; becomes the joint's. Return: false if it is there
 * already (it was freed). */
bool joint_add(struct joint *j, struct part *p);
/** joint_walked - there are no more than @nr_parts of @bound. */
void joint_walked(struct joint *j, unsigned bound, unsigned nr_parts, bool hit);

/** joint_sink - one that feeds @j. */
struct search_sink joint_sink(struct joint *j);

/** joint_over - what it is missing would change nothing. */
bool joint_over(const struct joint *j);
/**
 * joint_finish - nothing more comes.
 * @out: the verdict, but for what search_conclude() does
 *
 * If it is not over, the search ended at the cap on seconds.
 */
void joint_finish(struct joint *j, struct verdict *out);

#endif
