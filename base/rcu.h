/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RCU with real grace periods.
 *
 * As in Linux since v4.20 there is one flavour: a reader is a CPU inside
 * rcu_read_lock(), with preemption disabled (a spinlock held) or with
 * interrupts off.  Callbacks are numbered from 1.  A CPU reports its quiescent
 * state as soon as it has one after call_rcu(), call_rcu() itself does so for
 * CPUs that are quiescent.  Once every CPU has reported, the callback's grace
 * period may end at any time: the RCU agent ends it and runs the callback, one
 * after the other.  So a grace period is one step, whenever the CPUs were
 * quiescent, and nothing but call_rcu() depends on when it begins.
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
	struct gate ready;     /* class 0 open: a grace period can end */
	uint64_t nr_queued;    /* callbacks so far: the newest one's number */
	uint64_t gp_seq;       /* grace periods ended, each for a callback */
	uint64_t nr_callbacks; /* queued and not yet run */
	uint64_t reported[NR_CPUS_MAX]; /* number of a callback, by CPU */
};

/* What the steps of RCU touch. */
static inline objid_t rcu_queue_obj(void)
{
	return obj_make(OBJ_SPACE_RCU, 0);
}
/** rcu_callback_obj - the grace period of callback @nr, which ends. */
static inline objid_t rcu_callback_obj(uint64_t nr)
{
	return obj_make(OBJ_SPACE_RCU, nr);
}

/** rcu_init - the grace-period agent of @m, which waits for work. */
void rcu_init(struct machine *m);

/**
 * rcu_report_quiescent - @cpu is quiescent now, for all callbacks so far.
 *
 * Not a step: it is part of the one that made the CPU quiescent.
 */
void rcu_report_quiescent(struct cpu *cpu);

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
/**
 * rcu_barrier - wait until all callbacks queued so far have run; sleeps.
 *
 * As in Linux a callback queued behind them tells.
 */
void rcu_barrier(void);

#endif
