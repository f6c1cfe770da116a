/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every oracle needs to know about the run so far: which operation of the
 * kernel each agent is in, which page-table entries were written by whom, who
 * freed which frame, which address spaces exist.
 *
 * An operation is a system call, a kernel operation a scenario started, or
 * else what lies between two things a thread does in user space (a page
 * fault).  When it is over, the kernel has declared done whatever it owed for
 * the entries it changed: that is the moment from which a stale translation
 * must not be used.
 *
 * The logs keep the newest SCENE_LOG_MAX records; older operations count as
 * over.
 */
#ifndef MMULATOR_ORACLE_SCENE_H
#define MMULATOR_ORACLE_SCENE_H

#include <glib.h>

#include "base/machine.h"

#define SCENE_LOG_MAX 65536 /* power of two */

enum scene_op_kind {
	SCENE_OP_SYSCALL,
	SCENE_OP_KERNEL,
	SCENE_OP_IMPLIED
};

struct scene_op {
	const char *name;
	uint64_t enter_step;
	uint64_t exit_step;
	int agent;
	enum scene_op_kind kind;
	bool over;
};

/* An entry changed by the kernel. */
struct scene_write {
	paddr_t pa;
	uint64_t old, new;
	uint64_t step;
	uint64_t op; /* number of the operation */
	int agent;
	uint32_t owner; /* id of the mm the table belonged to, 0 = unknown */
	uint8_t level;
};

struct scene_free {
	pfn_t pfn;
	uint64_t step;
	unsigned order;
	int agent;
};

struct scene_mm {
	unsigned id;
	paddr_t root;
	unsigned parent;
	bool live;
};

/* A growing array that becomes a ring at SCENE_LOG_MAX. */
struct scene_log {
	GArray *records;
	uint64_t nr; /* ever appended in this run; record i is at i % MAX */
};

struct scene {
	struct scene_log ops;    /* struct scene_op; number 0 is never used */
	struct scene_log writes; /* struct scene_write */
	struct scene_log frees;  /* struct scene_free */
	GArray *mms;             /* struct scene_mm, newest last */
	uint64_t current_op[NR_AGENTS_MAX]; /* 0: in user space */
	paddr_t cpu_root[NR_CPUS_MAX];
};

/* Events the scene wants to see. */
#define EV_BIT(type) (UINT64_C(1) << (type))
#define SCENE_EVENTS                                                           \
	(EV_BIT(EV_AGENT_DONE) | EV_BIT(EV_FRAME_FREE) | EV_BIT(EV_PT_WRITE) | \
	 EV_BIT(EV_MM_NEW) | EV_BIT(EV_MM_FREE) | EV_BIT(EV_CR3) |             \
	 EV_BIT(EV_SYSCALL_ENTER) | EV_BIT(EV_SYSCALL_EXIT) |                  \
	 EV_BIT(EV_KERNEL_ENTER) | EV_BIT(EV_KERNEL_EXIT) | EV_BIT(EV_ACCESS))

/** scene_new - a scene in which nothing has happened. Return: never NULL;
 * scene_free(). */
struct scene *scene_new(void);
/** scene_free - it is not needed any more. */
void scene_free(struct scene *s);
/** scene_reset - a new run starts: forget everything, keep the memory. */
void scene_reset(struct scene *s);
/**
 * scene_event - one event.
 * @m: the machine it happened in
 * @ev: of a type in SCENE_EVENTS; others are ignored
 */
void scene_event(struct scene *s, struct machine *m, const struct event *ev);

/**
 * scene_op_over - has an operation ended?
 * @op: its number
 *
 * Return: it has, or it is forgotten.
 */
bool scene_op_over(const struct scene *s, uint64_t op);
/**
 * scene_op - an operation.
 * @op: its number
 *
 * Return: it, until the next event; NULL if it is forgotten.
 */
const struct scene_op *scene_op(const struct scene *s, uint64_t op);
/**
 * scene_op_name - what an operation is called.
 * @op: its number
 *
 * Return: "madvise", "page fault"; never NULL.
 */
const char *scene_op_name(const struct scene *s, uint64_t op);
/**
 * scene_write - an entry that was written.
 * @i: number of the record
 *
 * Return: it, until the next event; NULL if it is forgotten.
 */
const struct scene_write *scene_write(const struct scene *s, uint64_t i);
/**
 * scene_freed - the newest release of a frame.
 * @pfn: the frame
 *
 * Return: it, until the next event; NULL if there was none, or it is forgotten.
 */
const struct scene_free *scene_freed(const struct scene *s, pfn_t pfn);
/**
 * scene_mm_of_root - whose tables hang off a root.
 * @root: physical address
 *
 * Return: id of the live mm, 0 if there is none.
 */
unsigned scene_mm_of_root(const struct scene *s, paddr_t root);

#endif
