/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions behind syscalls/table.c. */
#ifndef MMULATOR_SYSCALLS_TABLE_INTERNAL_H
#define MMULATOR_SYSCALLS_TABLE_INTERNAL_H

#include "base/machine.h"

#define SYSCALL_DECLARE(name) \
	long sys_##name(struct task *t, const uint64_t args[6])

/* memory.c */
SYSCALL_DECLARE(mmap);
SYSCALL_DECLARE(mprotect);
SYSCALL_DECLARE(munmap);
SYSCALL_DECLARE(brk);
SYSCALL_DECLARE(mremap);
SYSCALL_DECLARE(madvise);
SYSCALL_DECLARE(memfd_create);
SYSCALL_DECLARE(ftruncate);

/* files.c */
SYSCALL_DECLARE(read);
SYSCALL_DECLARE(write);
SYSCALL_DECLARE(open);
SYSCALL_DECLARE(openat);
SYSCALL_DECLARE(close);
SYSCALL_DECLARE(lseek);
SYSCALL_DECLARE(pread64);
SYSCALL_DECLARE(writev);
SYSCALL_DECLARE(pwrite64);
SYSCALL_DECLARE(vmsplice);

/* tasks.c */
SYSCALL_DECLARE(sched_yield);
SYSCALL_DECLARE(getpid);
SYSCALL_DECLARE(gettid);
SYSCALL_DECLARE(getppid);
SYSCALL_DECLARE(getid);
SYSCALL_DECLARE(fork);
SYSCALL_DECLARE(clone);
SYSCALL_DECLARE(wait4);
SYSCALL_DECLARE(exit);
SYSCALL_DECLARE(exit_group);
SYSCALL_DECLARE(prctl);
SYSCALL_DECLARE(arch_prctl);
SYSCALL_DECLARE(clock_gettime);

#endif
