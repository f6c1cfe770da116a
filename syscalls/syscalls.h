/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux system calls (asm/unistd_64.h): from numbers and registers to
 * functions of the kernel, and from their results to -errno.
 *
 * What an architecture passes another way is in syscalls/abi.h.  Observers see
 * a call under its number on x86_64, on every architecture.
 *
 * Adding one is a line in syscalls/table.c and a function that decodes and
 * validates.  What performs lives in mm (mm/sys.h) or in this folder.
 */
#ifndef MMULATOR_SYSCALLS_SYSCALLS_H
#define MMULATOR_SYSCALLS_SYSCALLS_H

#include "base/machine.h"

typedef long (*syscall_fn)(struct task *t, const uint64_t args[6]);

/* The number of a call that an architecture does not have. */
#define NO_SYSCALL UINT32_MAX

struct syscall_entry {
	const char *name;
	syscall_fn fn;
	uint32_t nr[ARCH_COUNT];
};

/**
 * syscall_table_get - all system calls, by number.
 * @n: set to how many
 *
 * Return: the first, for ever.
 */
const struct syscall_entry *syscall_table_get(unsigned *n);
/**
 * syscall_lookup - a system call by its number.
 * @arch: of the machine
 * @nr: as the guest passes it
 *
 * Return: it, or NULL.
 */
const struct syscall_entry *syscall_lookup(enum arch_id arch, uint64_t nr);
/**
 * syscall_lookup_name - a system call by its name.
 * @name: "madvise"
 *
 * Return: it, or NULL.
 */
const struct syscall_entry *syscall_lookup_name(const char *name);

/**
 * syscall_number - what a C library puts into the register for a call.
 * @arch: of the machine
 * @name: "madvise"; "fork" is clone(SIGCHLD) where there is no fork
 *
 * Return: its number; NO_SYSCALL: there is none.
 */
uint32_t syscall_number(enum arch_id arch, const char *name);

/**
 * syscall_name - what Linux calls a system call, whether it is there or not.
 * @arch: of the machine
 * @nr: as the guest passes it
 *
 * Return: "madvise"; NULL: no such system call.
 */
const char *syscall_name(enum arch_id arch, uint64_t nr);

/**
 * do_syscall_64 - the kernel_ops.syscall of a machine with processes.
 * @nr: as the guest passes it
 * @args: likewise
 *
 * Entry and exit are a step each, labelled with the call's name and "return
 * from system call", and EV_SYSCALL_ENTER and EV_SYSCALL_EXIT.
 *
 * Context: on @t's agent, in kernel mode.
 * Return: what the call returns; -ENOSYS for a number that is not in the table.
 */
long do_syscall_64(struct task *t, long nr, const uint64_t args[6]);

/** syscall_kernel_ops - of a machine whose tasks belong to processes. */
extern const struct kernel_ops syscall_kernel_ops;

#endif
