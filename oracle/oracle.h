/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judges.
 *
 * An oracle watches the event stream (base/event.h) and says when something
 * happened that a correct kernel on that hardware must not let happen.  It
 * shares no code with the mm it judges: what system calls promise is modelled
 * again, small, in oracle/ghost.h; page tables are read with the pure walker.
 *
 * An oracle_set is all oracles of one machine, run after run:
 *
 *	set = oracle_set_new(&options);
 *	oracle_set_attach(set, machine);
 *	for each run:
 *		oracle_set_reset(set);      with machine_reset()
 *		... set up, machine_run() ...
 *		oracle_set_finding(set, ORACLE_BAD_TABLE, line);   full scan
 *		oracle_set_finish(set, run_to_end);
 *		hazards = oracle_set_hazards(set, &n);
 *
 * What the set must be able to see from the start: EV_MM_NEW of every mm, and
 * every mapping made by a system call (EV_SYSCALL_ENTER and _EXIT with the
 * numbers and arguments of x86_64), set-up included.  Memory that came about
 * in another way is not judged by lost-write and postcondition.  Kernel copies
 * to user memory must be EV_ACCESS too.
 *
 * The same hazard (oracle, address, agents) is reported once per run.  Order is
 * that of the events, so it is the same in every replay.
 */
#ifndef MMULATOR_ORACLE_ORACLE_H
#define MMULATOR_ORACLE_ORACLE_H

#include "base/machine.h"

struct oracle_set;

enum oracle_id {
	ORACLE_STALE_USE,
	ORACLE_FRAME_UAF,
	ORACLE_TABLE_UAF,
	ORACLE_LOST_WRITE,
	ORACLE_LOST_DIRTY,
	ORACLE_COW_LEAK,
	ORACLE_POSTCONDITION,
	ORACLE_SIZE_MIX,
	ORACLE_SPLIT_VIEW,
	ORACLE_BAD_TABLE,
	ORACLE_LEAK,
	ORACLE_LOCK_RULE,
	ORACLE_RCU_UAF,
	ORACLE_DEADLOCK,
	ORACLE_TAG_CHECK,
	ORACLE_BBM,
	ORACLE_KERNEL_FAULT,
	ORACLE_COUNT
};

/* What `mmulator list` prints; indexed by enum oracle_id. */
struct oracle_info {
	const char *name;
	const char *help; /* one line */
};
extern const struct oracle_info oracle_infos[ORACLE_COUNT];

/**
 * oracle_by_name - an oracle's id.
 * @name: as `mmulator list` prints it
 *
 * Return: the id, ORACLE_COUNT if there is none of that name.
 */
enum oracle_id oracle_by_name(const char *name);

/* An event that belongs to the story of a hazard. */
enum hazard_role {
	HAZARD_FILLED,   /* the translation was cached */
	HAZARD_SET,      /* the entry in memory was written */
	HAZARD_REMOVED,  /* the entry in memory was changed */
	HAZARD_DECLARED, /* the kernel said it was done */
	HAZARD_FREED,    /* frame, table or object was given back */
	HAZARD_PINNED,   /* a reference was taken */
	HAZARD_STORED,   /* the value was written */
	HAZARD_USED,     /* the stale thing was used */
	HAZARD_ROLE_COUNT
};

struct hazard_link {
	enum hazard_role role;
	uint64_t step;
	int agent;    /* id, -1: nobody */
	int cpu;      /* -1: none */
	char who[32]; /* the agent's name, "" if nobody */
};

#define HAZARD_LINKS_MAX 6
struct hazard {
	enum oracle_id id;
	const char *oracle; /* its name */
	char *text;         /* one sentence, no full stop; the set's */
	uint64_t step;      /* when it was noticed */
	/* Virtual addresses it is about, [addr, end); 0, 0: none. */
	vaddr_t addr, end;
	unsigned nr_links; /* in order of steps */
	struct hazard_link links[HAZARD_LINKS_MAX];
	const char *creator; /* who made the stale thing; "" if nobody */
	const char *user;    /* who used it; "" if nobody */
};

struct oracle_options {
	uint32_t disabled; /* 1 << enum oracle_id */
	/* Report two CPUs using different frames for one address while the
	 * flush is still to come: Linux tolerates it (split-view). */
	bool strict;
	uint8_t bbm_level; /* arm64: FEAT_BBM, 0 .. 2 */
};

/**
 * oracle_set_new - the oracles.
 * @options: copied; NULL: all of them, not strict
 *
 * Return: never NULL; oracle_set_free().
 */
struct oracle_set *oracle_set_new(const struct oracle_options *options);
/**
 * oracle_set_free - they are not needed any more.
 *
 * Context: not attached.
 */
void oracle_set_free(struct oracle_set *set);

/** oracle_set_attach - watch @m from now on; one machine at a time. */
void oracle_set_attach(struct oracle_set *set, struct machine *m);
/** oracle_set_detach - watch it no longer. */
void oracle_set_detach(struct oracle_set *set);

/** oracle_set_reset - a new run starts: forget everything. */
void oracle_set_reset(struct oracle_set *set);

/**
 * oracle_set_finding - hand in one line of a full scan of the counters.
 * @id: ORACLE_BAD_TABLE or ORACLE_LEAK
 * @text: one sentence; copied
 */
void oracle_set_finding(struct oracle_set *set, enum oracle_id id,
                        const char *text);

/**
 * oracle_set_finish - the run is over: the checks that look at the end state.
 * @run_to_end: every process has exited and RCU is idle, so whatever is left
 *	belongs to nobody
 */
void oracle_set_finish(struct oracle_set *set, bool run_to_end);

/**
 * oracle_set_hazards - what was found in this run, in the order of the events.
 * @n: set to how many
 *
 * Return: the first of them; the set's, until its next run.
 */
const struct hazard *oracle_set_hazards(const struct oracle_set *set,
                                        unsigned *n);
/** oracle_set_fired - which oracles found something in this run. Return: 1 <<
 * enum oracle_id for each. */
uint32_t oracle_set_fired(const struct oracle_set *set);

#endif
