/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run as turns: an agent moves so many steps, then another.
 *
 * The policy follows a plan - whose turn, for how many steps, and what each
 * agent answers to choose() - and notes the turns of the run it made.  After
 * the plan's last turn whoever moved goes on, so a run without turns has no
 * preemption.
 */
#ifndef MMULATOR_EXPLORE_TURNS_H
#define MMULATOR_EXPLORE_TURNS_H

#include "base/policy.h"
#include "explore/shrink.h"

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

struct turn_plan {
	GArray *turns;   /* of struct turn */
	GArray *answers; /* of struct answer */
};

/** turn_plan_init - an empty plan; turn_plan_clear(). */
void turn_plan_init(struct turn_plan *plan);
/** turn_plan_clear - free what it holds. */
void turn_plan_clear(struct turn_plan *plan);
/**
 * turn_plan_copy - make a plan like another.
 * @to: initialised; what it held is forgotten
 * @from: stays as it is
 */
void turn_plan_copy(struct turn_plan *to, const struct turn_plan *from);
/** turn_at - the turn @i of a plan that has it. Return: the plan's. */
struct turn *turn_at(const struct turn_plan *plan, unsigned i);

struct policy_turns;

/* Who looks on while a run is made. */
struct turns_watch {
	/* A step was picked. */
	void (*stepped)(void *data, struct machine *m, const struct agent *a);
	/* @agent is about to be picked of @agents; nothing of the run has it
	 * yet. */
	void (*picks)(void *data, struct machine *m, uint64_t agents,
	              unsigned agent);
	/* @c is about to be answered by @pick, likewise. */
	void (*answers)(void *data, const struct choice *c, unsigned pick);
	void *data;
};

struct policy_turns {
	struct policy base;
	struct turn_plan plan;
	const struct choice_log *log;    /* recording: answers come from here */
	const struct turns_watch *watch; /* NULL: nobody */

	/* the run */
	struct turn_plan made;
	unsigned next_choice;
	unsigned turn;
	uint64_t steps_of_turn;
	unsigned mover, moving;
	unsigned asked[NR_AGENTS_MAX];
	struct shrink_cost cost;
};

/** turns_new - a policy with an empty plan. Return: policy_free() its base. */
struct policy_turns *turns_new(void);
/**
 * turns_preempts - would it be a preemption if an agent moved now?
 * @t: its run waits for somebody to move
 * @m: the machine
 * @agents: bits of those that can
 * @agent: one of them
 *
 * Return: another could go on, and it is not hardware that moves.
 */
bool turns_preempts(const struct policy_turns *t, const struct machine *m,
                    uint64_t agents, unsigned agent);
/** turns_past_plan - is the plan behind the run? Return: whether. */
bool turns_past_plan(const struct policy_turns *t);

#endif
