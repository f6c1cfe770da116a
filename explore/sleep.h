/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sleep sets, also within a bound; explore/sleep.c explains. */
#ifndef MMULATOR_EXPLORE_SLEEP_H
#define MMULATOR_EXPLORE_SLEEP_H

#include "explore/footprint.h"

struct explorer;
struct node;

/* Objects as bits of a hash; two steps without a common bit are independent. */
#define SIGNATURE_WORDS 16
#define SIGNATURE_BYTES 64 /* more are all there is */
struct signature {
	uint64_t all[SIGNATURE_WORDS], writes[SIGNATURE_WORDS];
};

/* An agent's step that was tried at a node; one for each of its answers. */
struct sleeper {
	unsigned agent;
	unsigned debt; /* preemptions it took */
	/* Who was to be tried at its node by what was seen below. */
	uint64_t rivals;
	bool goes_on; /* the agent can, after its step */
	bool block_known, is_signed;
	unsigned first_step, end_step; /* of its block: explorer.block_steps */
	struct footprint fp;
	bool meets_walkers;         /* the block; known once it is signed */
	struct signature signature; /* of the block, once it is needed */
};

/* How far what was searched reaches. */
enum doze_depth {
	DOZES_OPEN,  /* only walkers moved so far */
	DOZES_STEP,  /* its step alone must be independent */
	DOZES_BLOCK, /* all it does until it cannot go on must be */
};

/* A sleeper, at a node below its own. */
struct dozer {
	unsigned sleeper;
	enum doze_depth depth;
	bool block_met; /* by a walker */
};

/**
 * sleep_inherit - the parent's event was made: who sleeps on at its child?
 * @node: the child, whose parent is right before it; its `sleep` and dozers
 *	are set
 *
 * Context: the parent's event is the newest of the history.
 */
void sleep_inherit(struct explorer *x, struct node *node);
/**
 * sleep_blocked - a new node is about to be made: did the last one's agent end
 * its block?
 * @m: where the run happens
 * @enabled: bits of the agents that can move now
 *
 * If it did, but lives on, the step it waits with becomes the block's last.
 * Without a bound there are no blocks.
 */
void sleep_blocked(struct explorer *x, const struct machine *m,
                   uint64_t enabled);
/**
 * sleep_tried - everything after an event was searched: its agent may sleep.
 * @node: the last of the path, the state before the event
 * @event: its number in the history
 */
void sleep_tried(struct explorer *x, struct node *node, unsigned event);
/**
 * sleep_want - agents are to be tried at a node, within a bound.
 * @at: the node's number
 * @agents: who leads to a race's other order there; if one of them cannot move
 *	there everybody is to be tried
 *
 * In place of those that sleep there, others may have to be tried.
 */
void sleep_want(struct explorer *x, unsigned at, uint64_t agents);
/**
 * sleep_pop - a node leaves the path, and its sleepers and dozers with it.
 * @node: the last of the path
 * @parent: keeps the block that @node's first agent went on with; NULL: there
 *	is none
 */
void sleep_pop(struct explorer *x, struct node *node, struct node *parent);

#endif
