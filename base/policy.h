/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies: who answers when the machine leaves something open.
 *
 * A policy is asked at every point with two or more alternatives.  It sees the
 * machine read-only, keeps its own state and must be deterministic.  Policies
 * of this header: timed, random, script, replay.  Others (pct, explore,
 * interactive) implement the same struct.
 */
#ifndef MMULATOR_BASE_POLICY_H
#define MMULATOR_BASE_POLICY_H

#include <glib.h>
#include <limits.h>

#include "base/choicelog.h"
#include "base/sched.h"

/* One open question. */
struct choice {
	enum choice_kind kind;
	unsigned n;
	/* CHOICE_AGENT: bits of the enabled agents; alternative i is the i-th
	 * lowest bit.  Otherwise 0. */
	uint64_t agents;
	/* Who is asking: the agent that moved last (CHOICE_AGENT; may be NULL
	 * or done) or that makes the choice. */
	struct agent *asker;
	objid_t object;
	const char *label;
};

/* An answer that is none: the run pauses (RUN_PAUSED) and asks again. */
#define POLICY_LATER UINT_MAX

struct policy {
	const char *name;
	/* Return the alternative, 0 .. c->n - 1, or POLICY_LATER.  Must be
	 * set. */
	unsigned (*pick)(struct policy *p, struct machine *m,
	                 const struct choice *c);
	/* A run starts: forget the previous one.  May be NULL. */
	void (*begin)(struct policy *p, struct machine *m);
	/* Called after every step, also when there was nothing to choose.
	 * `a->next` is the step that was just picked.  May be NULL; setting it
	 * costs speed. */
	void (*stepped)(struct policy *p, struct machine *m,
	                const struct agent *a);
	/* The run is over, m->end says why; nobody has touched the machine
	 * since. May be NULL. */
	void (*ended)(struct policy *p, struct machine *m);
	void (*free)(struct policy *p);
	/* Be asked which agent moves also if only one can (n == 1); such an
	 * answer is in no log. */
	bool attentive;
	/* The run is over (RUN_DONE): may set `error` if something it was to
	 * do never came.  May be NULL.  The caller of machine_run() calls it.
	 */
	void (*finish)(struct policy *p, struct machine *m);
	/* Set by a policy that cannot go on (a replay log that does not fit, a
	 * schedule whose label never comes): the run stops, this is why. */
	GError *error;
	/* Where in the scenario, if it is a schedule that `error` is about;
	 * else 0. */
	unsigned error_line, error_column;
};

enum policy_error {
	POLICY_ERROR_REPLAY, /* the log does not fit the run */
	POLICY_ERROR_SCRIPT, /* the schedule cannot be followed */
};
#define POLICY_ERROR policy_error_quark()
/** policy_error_quark - the domain of enum policy_error. Return: it. */
GQuark policy_error_quark(void);

/** policy_timed_new - lowest clock first, ties by agent number; choices 0.
 * Return: never NULL; policy_free(). */
struct policy *policy_timed_new(void);

/**
 * policy_random_new - uniform over the alternatives, reproducible from a seed.
 * @seed: any number
 *
 * Run number k of one policy object differs from run k-1; begin() of run k
 * seeds with (seed, k), and policy_random_set_run() jumps to a run.
 *
 * Return: never NULL; policy_free().
 */
struct policy *policy_random_new(uint64_t seed);
/** policy_random_set_run - the next run is the @run-th of the seed. */
void policy_random_set_run(struct policy *p, uint64_t run);

/*
 * One line of a schedule: let `agent` move ...
 */
enum script_until {
	SCRIPT_TO_END,  /* ... until it is done */
	SCRIPT_BEFORE,  /* ... until its next step is `label` */
	SCRIPT_AFTER,   /* ... until it has made step `label` */
	SCRIPT_STEPS,   /* ... `count` steps */
	SCRIPT_BLOCKED, /* ... until it waits for more than its CPU */
	SCRIPT_CHOOSE,  /* no move: the next choice of `choice` kind by `agent`
	                 * answers `count` */
};
struct script_line {
	const char *agent; /* name of an agent */
	enum script_until until;
	const char *label; /* BEFORE, AFTER, CHOOSE (choice label) */
	bool has_addr;     /* the label must come with `addr` */
	uint64_t addr;
	unsigned count;        /* n-th occurrence (1 = first); steps; answer */
	unsigned line, column; /* in the scenario file, for messages */
};

/**
 * policy_script_new - follow a schedule, then go on as timed does.
 * @lines: the schedule; strings are borrowed and must outlive the policy
 * @n: number of lines
 * @lenient: a line whose label never comes is left out
 *
 * While the named agent cannot move because it waits for an interrupt to be
 * acknowledged, a grace period or a lock holder, the interrupt contexts, RCU
 * and then every other agent may move, lowest number first, until it can. If
 * the named agent ends before its label comes, the policy fails with
 * POLICY_ERROR_SCRIPT and the place of the line, unless @lenient.
 *
 * Return: never NULL; policy_free().
 */
struct policy *policy_script_new(const struct script_line *lines, unsigned n,
                                 bool lenient);

/**
 * policy_replay_new - answer from a log.
 * @log: borrowed
 *
 * A log that does not fit the run fails with POLICY_ERROR_REPLAY.
 *
 * Return: never NULL; policy_free().
 */
struct policy *policy_replay_new(const struct choice_log *log);

/** policy_free - it is not needed any more; NULL is fine. */
void policy_free(struct policy *p);

#endif
