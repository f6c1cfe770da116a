/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small generated programs: 2 - 4 agents that read and write shared words, take
 * locks and choose.  What they can do is found a second time here, by trying
 * every answer to every question, with a dependency relation that is written
 * down separately.
 */
#ifndef MMULATOR_TESTS_EXPLORE_PROGRAMS_H
#define MMULATOR_TESTS_EXPLORE_PROGRAMS_H

#include <check.h>
#include <glib.h>

#include "base/machine.h"
#include "base/once.h"
#include "base/rng.h"
#include "base/spinlock.h"
#include "tests/explore/naive.h"

#define PROGRAM_AGENTS_MAX 4
#define PROGRAM_OPS_MAX    6
#define PROGRAM_WORDS      3
#define PROGRAM_LOCKS      2

enum prog_op_kind {
	PROG_READ,  /* register = word */
	PROG_WRITE, /* word = value + register */
	PROG_ADD,   /* word += value, atomically */
	PROG_COUNT, /* the same, and additions commute */
	PROG_LOCK,
	PROG_TRYLOCK, /* register = got it */
	PROG_UNLOCK,  /* if it is held by this agent */
	PROG_DOWN_READ,
	PROG_DOWN_WRITE,
	PROG_UP,     /* likewise, of the rwsem */
	PROG_CHOOSE, /* atomically: word ^= 1 << choice among value */
	PROG_SKIP,   /* skip the next if the register is odd */
	PROG_ASSERT, /* a hazard if register == value; no step */
	PROG_OP_COUNT
};

struct prog_op {
	enum prog_op_kind kind;
	unsigned object; /* number of word or lock */
	unsigned value;
};

struct program_text {
	unsigned nr_agents;
	unsigned nr_ops[PROGRAM_AGENTS_MAX];
	struct prog_op ops[PROGRAM_AGENTS_MAX][PROGRAM_OPS_MAX];
};

/* Of one run. */
struct prog_event {
	unsigned agent;
	enum prog_op_kind kind;
	unsigned object;
	unsigned choice;
};
#define PROG_EVENTS_MAX (PROGRAM_AGENTS_MAX * PROGRAM_OPS_MAX)

struct prog_run {
	struct program_text text;
	struct machine *machine;
	struct prog_shared *shared;
	struct prog_event events[PROG_EVENTS_MAX];
	unsigned nr_events;
	bool hazard;
	uint64_t first_step;  /* steps before any of its agents moved */
	uint64_t hazard_step; /* of the first, counted from there */
};

/* Everything a program can do. */
struct prog_outcomes {
	GHashTable *states; /* text of each final state -> number of runs */
	GHashTable *traces; /* signature of each trace -> number of runs */
	unsigned executions;
};

void program_generate(struct program_text *text, struct rng *rng);
char *program_print(const struct program_text *text);

/** program_start - @run->machine as after power-on, with the agents ready. */
void program_start(struct prog_run *run);
/** program_note - the run is over: add what it came to. */
void program_note(struct prog_run *run, enum run_end end,
                  struct prog_outcomes *out);
/** program_state - the final state as text. */
char *program_state(const struct prog_run *run, enum run_end end);

void prog_outcomes_init(struct prog_outcomes *o);
void prog_outcomes_clear(struct prog_outcomes *o);
/** prog_outcomes_same - have both the same keys? */
bool prog_same_keys(GHashTable *a, GHashTable *b);
bool prog_has_keys(GHashTable *all, GHashTable *part);

/**
 * program_enumerate - every run there is.
 * @bound: only those with at most that many preemptions; UINT_MAX: all
 * @limit: give up beyond this many runs
 *
 * Return: false if given up.
 */
bool program_enumerate(struct prog_run *run, unsigned bound, unsigned limit,
                       struct prog_outcomes *out);

#endif
