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
/** lockdep_acquire - the current agent got @lock. */
void lockdep_acquire(const void *lock, enum lock_class class,
                     enum lock_mode mode);
/** lockdep_release - it let go; releasing what is not held is an EV_RULE. */
void lockdep_release(const void *lock, enum lock_class class);
/** lockdep_holds - does the current agent hold @lock (in any mode)? */
bool lockdep_holds(const void *lock);
/** lockdep_assert_held - EV_RULE "@rule" unless the current agent holds it. */
void lockdep_assert_held(const void *lock, const char *rule);
void lockdep_assert_held_write(const void *lock, const char *rule);
const char *lock_class_name(enum lock_class class);

#endif
