/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ghost address space: what a program may believe about its memory.
 *
 * A small second model of what the memory system calls promise, fed by nothing
 * but system calls (numbers and arguments of x86_64), new address spaces and
 * retired accesses.  It knows which ranges are mapped with which rights, and
 * for every byte stored the values a load may return.
 *
 *  - While a call is under way both states it goes between are allowed.
 *  - After it returned, its promise holds: discarded anonymous memory reads as
 *    zero, unmapped ranges and truncated pages do not take accesses, a
 *    read-only range takes no store.
 *  - A byte stored while a discarding call was under way may be either.
 *  - After MADV_FREE a byte is what it was, or zero, until it is stored again.
 *  - Calls that change one range at the same time leave it unjudged.
 *
 * Broken promises are reported as postcondition, other wrong values as
 * lost-write, frames freed with what is still wanted in them as lost-dirty,
 * and private memory that others share as cow-leak.  Memory that did not come
 * from a system call it saw, and private mappings of files, are judged by what
 * was stored there only.
 *
 * Shared memory: a descriptor that memfd_create() did not return stands for
 * the same object in every process that maps it.
 */
#ifndef MMULATOR_ORACLE_GHOST_H
#define MMULATOR_ORACLE_GHOST_H

#include "base/event.h"

struct ghost;
struct oracle_set;

#define GHOST_EVENTS                                                         \
	((UINT64_C(1) << EV_ACCESS) | (UINT64_C(1) << EV_TAG) |              \
	 (UINT64_C(1) << EV_MM_NEW) | (UINT64_C(1) << EV_MM_FREE) |          \
	 (UINT64_C(1) << EV_SYSCALL_ENTER) |                                 \
	 (UINT64_C(1) << EV_SYSCALL_EXIT) | (UINT64_C(1) << EV_AGENT_DONE) | \
	 (UINT64_C(1) << EV_MM_EXIT) | (UINT64_C(1) << EV_PIN) |             \
	 (UINT64_C(1) << EV_FRAME_FREE) | (UINT64_C(1) << EV_KERNEL_EXIT))

/**
 * ghost_new - a ghost that has seen nothing.
 *
 * Return: never NULL; ghost_free().
 */
struct ghost *ghost_new(void);
/** ghost_free - it is not needed any more. */
void ghost_free(struct ghost *g);
/** ghost_reset - a new run starts: forget everything, keep the memory. */
void ghost_reset(struct ghost *g);
/**
 * ghost_event - one event.
 * @set: where hazards are reported
 * @ev: of a type in GHOST_EVENTS; others are ignored
 */
void ghost_event(struct ghost *g, struct oracle_set *set,
                 const struct event *ev);

#endif
