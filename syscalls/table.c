/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "mm/fault.h"
#include "mm/mm_types.h"
#include "mm/mmu_context.h"
#include "syscalls/process.h"
#include "syscalls/syscalls.h"
#include "syscalls/table_internal.h"

/* By number, as in asm/unistd_64.h. */
static const struct syscall_entry table[] = {
	{ 0, "read", sys_read },
	{ 1, "write", sys_write },
	{ 2, "open", sys_open },
	{ 3, "close", sys_close },
	{ 8, "lseek", sys_lseek },
	{ 9, "mmap", sys_mmap },
	{ 10, "mprotect", sys_mprotect },
	{ 11, "munmap", sys_munmap },
	{ 12, "brk", sys_brk },
	{ 17, "pread64", sys_pread64 },
	{ 18, "pwrite64", sys_pwrite64 },
	{ 20, "writev", sys_writev },
	{ 24, "sched_yield", sys_sched_yield },
	{ 25, "mremap", sys_mremap },
	{ 28, "madvise", sys_madvise },
	{ 39, "getpid", sys_getpid },
	{ 56, "clone", sys_clone },
	{ 57, "fork", sys_fork },
	{ 60, "exit", sys_exit },
	{ 61, "wait4", sys_wait4 },
	{ 77, "ftruncate", sys_ftruncate },
	{ 102, "getuid", sys_getid },
	{ 104, "getgid", sys_getid },
	{ 107, "geteuid", sys_getid },
	{ 108, "getegid", sys_getid },
	{ 110, "getppid", sys_getppid },
	{ 158, "arch_prctl", sys_arch_prctl },
	{ 186, "gettid", sys_gettid },
	{ 218, "set_tid_address", sys_gettid },
	{ 228, "clock_gettime", sys_clock_gettime },
	{ 231, "exit_group", sys_exit_group },
	{ 257, "openat", sys_openat },
	{ 278, "vmsplice", sys_vmsplice },
	{ 319, "memfd_create", sys_memfd_create },
};

const struct syscall_entry *syscall_table_get(unsigned *n)
{
	*n = ARRAY_SIZE(table);
	return table;
}

const struct syscall_entry *syscall_lookup(uint64_t nr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].nr == nr)
			return &table[i];
	return NULL;
}

const struct syscall_entry *syscall_lookup_name(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

long do_syscall_64(struct task *t, long nr, const uint64_t args[6])
{
	static const struct syscall_entry unknown = { 0, "unknown system call",
		                                      NULL };
	struct machine *m = t->agent->machine;
	const struct syscall_entry *entry = syscall_lookup((uint64_t)nr);
	unsigned mm_id = t->mm ? t->mm->id : 0;
	struct agent *a = t->agent;
	long result;

	if (!entry)
		entry = &unknown;
	step(STEP_SYSCALL, OBJ_NONE, 0, entry->name, args[0]);
	a->syscall_id = m->sched.nr_steps;
	a->syscall_name = entry->name;
	emit(m, EV_SYSCALL_ENTER, .a = (uint64_t)nr, .b = mm_id, .data = args,
	     .text = entry->name);
	result = entry->fn ? entry->fn(t, args) : -ENOSYS;
	step(STEP_SYSCALL, OBJ_NONE, 0, "return from system call", 0);
	lockdep_exit_check(LOCKDEP_SYS_EXIT);
	emit(m, EV_SYSCALL_EXIT, .a = (uint64_t)nr, .b = mm_id,
	     .c = (uint64_t)result, .data = args, .text = entry->name);
	a->syscall_id = 0;
	a->syscall_name = NULL;
	return result;
}

const struct kernel_ops syscall_kernel_ops = {
	.page_fault = do_user_addr_fault,
	.syscall = do_syscall_64,
	.context_switch = mm_context_switch,
};
