/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the system calls of the architectures differ. */
#ifndef MMULATOR_SYSCALLS_ABI_H
#define MMULATOR_SYSCALLS_ABI_H

#include <stdint.h>

#include "base/arch.h"

struct syscall_abi {
	/* By number, up to those that are the same everywhere; NULL: there is
	 * none. */
	const char *const *names;
	unsigned nr_names;
	/* Which argument of clone(2) is the TLS; the child's TID is the other
	 * one of 3 and 4. Linux v6.12 kernel/fork.c clone() */
	unsigned clone_tls;
	uint64_t hwcap;      /* AT_HWCAP; 0: it is not passed */
	uint64_t hwcap2_mte; /* in AT_HWCAP2, with the option mte */
};

extern const struct syscall_abi syscall_abi_x86;
extern const struct syscall_abi syscall_abi_arm64;

/**
 * syscall_abi_get - the system calls of an architecture.
 * @arch: below ARCH_COUNT
 *
 * Return: it, for ever.
 */
const struct syscall_abi *syscall_abi_get(enum arch_id arch);

#endif
