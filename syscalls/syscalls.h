/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux system calls of x86_64 (asm/unistd_64.h): from numbers and
 * registers to functions of the kernel, and from their results to -errno.
 *
 * Adding one is a line in syscalls/table.c and a function that decodes and
 * validates.  What performs lives in mm (mm/sys.h) or in this folder.
 */
#ifndef MMULATOR_SYSCALLS_SYSCALLS_H
#define MMULATOR_SYSCALLS_SYSCALLS_H

#include "base/machine.h"

typedef long (*syscall_fn)(struct task *t, const uint64_t args[6]);

struct syscall_entry {
	unsigned nr;
	const char *name;
	syscall_fn fn;
};

/** syscall_table_get - all of them, by number. */
const struct syscall_entry *syscall_table_get(unsigned *n);
/** syscall_lookup - by number, or NULL. */
const struct syscall_entry *syscall_lookup(uint64_t nr);
/** syscall_lookup_name - by name, or NULL. */
const struct syscall_entry *syscall_lookup_name(const char *name);

/** syscall_name - what Linux calls it, whether it is there or not; NULL: no
 * such system call. */
const char *syscall_name(uint64_t nr);

/**
 * do_syscall_64 - the kernel_ops.syscall of a machine with processes.
 *
 * Entry and exit are a step each, labelled with the call's name and "return
 * from system call", and EV_SYSCALL_ENTER and EV_SYSCALL_EXIT.
 * Return: -ENOSYS for a number that is not in the table.
 */
long do_syscall_64(struct task *t, long nr, const uint64_t args[6]);

/** syscall_kernel_ops - of a machine whose tasks belong to processes. */
extern const struct kernel_ops syscall_kernel_ops;

#endif
