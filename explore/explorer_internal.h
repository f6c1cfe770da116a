/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search tree's current path.
 *
 * Node i is the state before event i: who could move there, who is to be tried,
 * whom trying again would only lead to traces already seen.  The history holds
 * the events; while a run repeats the path's beginning, it has more of them
 * than the run has made.
 */
#ifndef MMULATOR_EXPLORE_EXPLORER_INTERNAL_H
#define MMULATOR_EXPLORE_EXPLORER_INTERNAL_H

#include "explore/explorer.h"
#include "explore/history.h"
#include "explore/sleep.h"

#define NOBODY UINT_MAX

struct node {
	uint64_t enabled;
	uint64_t backtrack; /* to be tried, or were */
	uint64_t sleep;     /* were, here or at an equivalent state */
	uint64_t wanted;    /* by what was seen below @agent's event */
	unsigned agent;     /* being tried; or NOBODY */
	unsigned previous;  /* moved last, not counting walkers; or NOBODY */
	unsigned ending;    /* all it has to do is to end the run; or NOBODY */
	unsigned preemptions; /* so far */
	unsigned level;       /* branchings so far, for parts */
	bool branches;
	bool restless; /* walkers may still move */
	bool goes_on;  /* @agent can, after its step */
	unsigned first_sleeper, first_dozer, first_answer;
	/* What its first agent does until it cannot go on, and its child's. */
	unsigned first_agent, block_base, block_first, block_end;
	bool goes_with_child;
	unsigned child_base;
};

/* An answer to choose(), within an event. */
struct answer {
	uint8_t kind, n, pick;
};

struct explorer {
	struct policy policy; /* must be first */
	struct explorer_options options;
	struct explorer_stats stats;
	struct history history;

	struct node *nodes;
	unsigned nr_nodes, node_room;
	GArray *sleepers;    /* of struct sleeper, by node */
	GArray *dozers;      /* of struct dozer, by node */
	GArray *block_steps; /* of struct footprint */
	GArray *answers;     /* of struct answer, by node */

	/* the run */
	unsigned at;       /* events it made */
	unsigned moving;   /* picked, has not made its step; or NOBODY */
	bool acting;       /* event @at is being made */
	unsigned answered; /* of event @at */
	struct footprint fp;
	struct hidden_state before;
	/* What the last to move waits with, if it cannot move. */
	struct footprint wait;
	bool waits;
	uint64_t watches[NR_AGENTS_MAX];
	uint64_t gated;     /* agents whose step is one at a gate */
	uint64_t exclusive; /* agents that wait for a lock nobody shares */
	uint64_t unnoted;   /* agents of whom both are still to be found out */
	uint64_t walkers, walking_cpus; /* agents, and the CPUs they are of */
	bool given_up, foreign, ended;
	bool late; /* time was up before the run's end */
	enum run_end run_end;

	unsigned part_level; /* above it every branch is tried; 0: no parts */
	unsigned nr_parts;   /* begun, within the bound */
	unsigned bound;
	uint64_t horizon; /* nobody is preempted from that event on */
	bool bound_hit;
	bool started;
	uint32_t *clock; /* scratch */
	unsigned clock_width;
};

static inline struct node *last_node(struct explorer *x)
{
	return &x->nodes[x->nr_nodes - 1];
}

/** step_cost - preemptions if @agent moves at @node. */
unsigned step_cost(const struct explorer *x, const struct node *node,
                   unsigned agent);

/* explore/races.c */
/** races_find - the newest event was pushed: what should have come before what?
 * Adds to the nodes' backtrack sets. */
void races_find(struct explorer *x, const struct machine *m);
/** races_before - event @fp is about to be pushed; only its effects count. */
void races_before(struct explorer *x, const struct footprint *fp);

#endif
