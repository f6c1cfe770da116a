/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel operations by name: what a scenario's kernel thread can be told to do
 * (`collapse A heap`, `reclaim A heap 2M`, `flush_tlb_all`, `lock L`).
 *
 * Each runs on the agent of the calling task, between EV_KERNEL_ENTER and
 * EV_KERNEL_EXIT with its name.
 */
#ifndef MMULATOR_MM_KOPS_H
#define MMULATOR_MM_KOPS_H

#include "mm/mm_types.h"

#define KOP_ARGS_MAX 6

enum kop_arg_kind {
	KOP_ARG_NONE,
	KOP_ARG_ADDR,   /* an address in the mm */
	KOP_ARG_LEN,    /* a number of bytes */
	KOP_ARG_NUM,    /* any number */
	KOP_ARG_AREA,   /* of kernel memory, 0 .. VMALLOC_AREAS - 1 */
	KOP_ARG_PAGES,  /* as many as an area has at most, 1 .. 512 */
	KOP_ARG_OFFSET, /* in an area, a multiple of 8 */
	KOP_ARG_SLOT,   /* of a pinned page, 0 .. KOP_NR_PINS - 1 */
	KOP_ARG_LOCK,   /* number of a test lock, 0 .. KOP_NR_LOCKS - 1; the
	                 * scenario language gives them names */
};

/* Locks a scenario may declare; each number is a spinlock (`lock`, `unlock`)
 * and an rwsem (`down_read` ...). 0 and 1 have classes of their own, of which
 * lockdep watches the order. */
#define KOP_NR_LOCKS 8

/* Pages a scenario may keep pinned at a time. */
#define KOP_NR_PINS 8

struct kop {
	const char *name;
	const char *help; /* one line */
	bool needs_mm;
	enum kop_arg_kind args[KOP_ARGS_MAX]; /* up to KOP_ARG_NONE */
	const char *arg_names[KOP_ARGS_MAX];
	long (*run)(struct kernel *k, struct mm_struct *mm,
	            const uint64_t args[KOP_ARGS_MAX]);
};

/**
 * kop_find - the operation of a name.
 * @name: as a scenario writes it, "collapse"
 *
 * Return: a row of the table, for ever; NULL if there is none of that name.
 */
const struct kop *kop_find(const char *name);
/**
 * kop_table - all operations, in the order `mmulator list` shows them.
 * @n: set to their number
 *
 * Return: the first of them, for ever.
 */
const struct kop *kop_table(unsigned *n);
/**
 * kop_args_error - why an operation cannot be done with these arguments.
 * @op: the operation
 * @args: as many as op->args has kinds; the rest is not looked at
 * @user_end: first address above user space
 * @which: set to the index of the argument that is wrong, if one is
 *
 * An address lies in user space, and so does a range, which is not empty; a
 * lock has a number below KOP_NR_LOCKS. What lies at the address is not
 * looked at: that is the operation's business.
 *
 * Return: a phrase for the user, "the length is 0"; NULL if nothing is wrong.
 */
const char *kop_args_error(const struct kop *op,
                           const uint64_t args[KOP_ARGS_MAX], vaddr_t user_end,
                           unsigned *which);
/**
 * kop_run - run @op with the events around it.
 * @k: the kernel
 * @op: a row of the table
 * @mm: the process it works on, alive now; NULL if !op->needs_mm
 * @args: its arguments; see kop_args_error()
 *
 * Its first step, labelled with the operation's name, takes a reference to
 * @mm's mappings if they are still there.
 * Context: a task's agent; no locks but those earlier operations took.
 * Return: the operation's result, 0 or more; -errno; -ESRCH if the process
 * ended first; -EINVAL, without a step, if kop_args_error() finds one.
 */
long kop_run(struct kernel *k, const struct kop *op, struct mm_struct *mm,
             const uint64_t args[KOP_ARGS_MAX]);

#endif
