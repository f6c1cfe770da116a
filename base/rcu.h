/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RCU with real grace periods.
 *
 * As in Linux since v4.20 there is one flavour: a reader is a CPU inside
 * rcu_read_lock(), with preemption disabled (a spinlock held) or with
 * interrupts off.  A grace period agent snapshots the callbacks queued so far,
 * waits until it has seen every CPU quiescent once, and runs them.
 * An expedited grace period (synchronize_rcu_expedited()) interrupts every CPU.
 */
#ifndef MMULATOR_BASE_RCU_H
#define MMULATOR_BASE_RCU_H

#include "base/sched.h"

struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

enum rcu_event {
	RCU_GP_START,
	RCU_CPU_QS,
	RCU_GP_END,
	RCU_QUEUED,     /* call_rcu(): addr = object of the rcu_head */
	RCU_CALLBACK,   /* likewise, it is called */
	RCU_READ_BEGIN, /* the outermost rcu_read_lock() */
	RCU_READ_END
};

struct rcu_state {
	struct rcu_head *queued, **queued_tail;
	struct agent *agent;
	struct gate work;      /* class 0 open: callbacks are queued */
	uint64_t gp_seq;       /* grace periods completed */
	uint64_t nr_callbacks; /* queued and not yet run */
	struct gate idle;      /* class 0 open: nothing queued or running */
};

/** rcu_init - the grace-period agent of @m, which waits for work. */
void rcu_init(struct machine *m);

/**
 * rcu_read_lock - begin a read section; nests. A step (STEP_LOCAL) at the
 * outermost level.
 */
void rcu_read_lock(void);
/** rcu_read_unlock - end it. A step (STEP_LOCAL) at the outermost level. */
void rcu_read_unlock(void);
/**
 * rcu_read_lock_held - is the current agent in a read section?
 *
 * Return: it is.
 */
bool rcu_read_lock_held(void);

/** call_rcu - run @func(@head) after a grace period. A step. */
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
/** synchronize_rcu - wait for a grace period; sleeps. Calling it from a read
 * section is an EV_RULE. */
void synchronize_rcu(void);
/**
 * synchronize_rcu_expedited - wait for a grace period that interrupts CPUs
 * instead of waiting for them.
 *
 * Context: interrupts on, no read section (EV_RULE). Steps.
 */
void synchronize_rcu_expedited(void);
/** rcu_barrier - wait until all callbacks queued so far have run; sleeps. */
void rcu_barrier(void);

#endif
