/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions, looked at when the threads have ended.
 */
#ifndef MMULATOR_SCENARIO_CONDITIONS_H
#define MMULATOR_SCENARIO_CONDITIONS_H

#include "scenario/ast.h"

struct kernel;
struct machine;
struct mm_struct;
struct thread_result;

/* What a condition can see; arrays by index of thread and process. */
struct final_state {
	struct machine *machine;
	const struct thread_result *threads;
	struct mm_struct *const *mms;
};

/**
 * condition_holds - is a condition true at the end of a run?
 * @cond: checked, without its quantifier
 * @state: what it is asked of; memory that is not mapped reads as 0
 *
 * Context: no agent runs. Makes no step.
 * Return: whether it holds.
 */
bool condition_holds(const struct ast_cond *cond,
                     const struct final_state *state);

#endif
