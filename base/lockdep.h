/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lock-order checking, as Linux's lockdep: locks belong to classes, "B taken
 * while holding A" is remembered as A -> B, and an order that closes a cycle is
 * reported (EV_RULE) the first time it is seen, whether or not this run
 * deadlocks.  trylock adds no order.  The remembered orders live as long as the
 * run.
 */
#ifndef MMULATOR_BASE_LOCKDEP_H
#define MMULATOR_BASE_LOCKDEP_H

#include "base/lock_class.h"
#include "base/types.h"

enum lock_event {
	LOCK_ACQUIRED,
	LOCK_RELEASED,
	LOCK_DOWNGRADED
};

struct lockdep {
	/* after[a] has bit b: b was taken while a was held. */
	uint32_t after[LOCK_CLASS_COUNT];
	uint32_t reported[LOCK_CLASS_COUNT];
};

/**
 * lockdep_order - the current agent is about to wait for a lock of @class:
 * remember and check the order, whether or not it ever gets it.
 * @nested: a second lock of the same class is meant (spin_lock_nested)
 */
void lockdep_order(enum lock_class class, bool nested);
/**
 * lockdep_acquire - the current agent got a lock.
 * @lock: its address
 * @class: what kind of lock it is
 * @mode: alone or with others
 * @name: what reports call it, for as long as the machine lives
 *
 * An agent that holds LOCKDEP_HELD_MAX locks breaks a rule (EV_RULE), and the
 * lock is not remembered.
 */
void lockdep_acquire(const void *lock, enum lock_class class,
                     enum lock_mode mode, const char *name);
/**
 * lockdep_release - the current agent let a lock go.
 * @lock: its address
 * @class: what kind of lock it is
 *
 * Releasing what is not held is an EV_RULE.
 */
void lockdep_release(const void *lock, enum lock_class class);
/** lockdep_holds - does the current agent hold @lock, in any mode? Return: it
 * does. */
bool lockdep_holds(const void *lock);
/**
 * lockdep_assert_held - EV_RULE unless the current agent holds a lock, in any
 * mode.
 * @lock: its address
 * @rule: text of the event, a literal
 */
void lockdep_assert_held(const void *lock, const char *rule);
/**
 * lockdep_assert_held_write - EV_RULE unless the current agent alone holds a
 * lock.
 * @lock: its address
 * @rule: text of the event, a literal
 */
void lockdep_assert_held_write(const void *lock, const char *rule);
/**
 * lock_class_name - what locks of a kind are called.
 * @class: below LOCK_CLASS_COUNT
 *
 * Return: a literal; "?" for what is none.
 */
const char *lock_class_name(enum lock_class class);

/* When nothing may be held. */
enum lockdep_exit {
	LOCKDEP_SYS_EXIT,  /* a system call or a fault is over */
	LOCKDEP_TASK_EXIT, /* the task is */
};

/**
 * lockdep_exit_check - an EV_RULE for each thing that the current task should
 * have given back by now: a lock, an RCU read section, interrupts, preemption.
 * @when: what ends here
 *
 * All but the locks is given back, as Linux does it for a task that ends, so
 * that others are not stuck for a mistake that has been reported.
 *
 * Context: a task on its CPU; part of its last step.
 * Source: Linux v6.12 kernel/exit.c do_exit() and make_task_dead(), kernel/
 * locking/lockdep.c debug_check_no_locks_held() and lockdep_sys_exit().
 */
void lockdep_exit_check(enum lockdep_exit when);

#endif
