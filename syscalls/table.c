/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "emu/vcpu_ops.h"
#include "mm/fault.h"
#include "mm/mm_types.h"
#include "mm/mmu_context.h"
#include "syscalls/abi.h"
#include "syscalls/process.h"
#include "syscalls/syscalls.h"
#include "syscalls/table_internal.h"

/* In the order of x86_64; numbers as in each one's asm/unistd_64.h. */
static const struct syscall_entry table[] = {
	{ "read", sys_read, { 0, 63 } },
	{ "write", sys_write, { 1, 64 } },
	{ "open", sys_open, { 2, NO_SYSCALL } },
	{ "close", sys_close, { 3, 57 } },
	{ "lseek", sys_lseek, { 8, 62 } },
	{ "mmap", sys_mmap, { 9, 222 } },
	{ "mprotect", sys_mprotect, { 10, 226 } },
	{ "munmap", sys_munmap, { 11, 215 } },
	{ "brk", sys_brk, { 12, 214 } },
	{ "pread64", sys_pread64, { 17, 67 } },
	{ "pwrite64", sys_pwrite64, { 18, 68 } },
	{ "writev", sys_writev, { 20, 66 } },
	{ "sched_yield", sys_sched_yield, { 24, 124 } },
	{ "mremap", sys_mremap, { 25, 216 } },
	{ "madvise", sys_madvise, { 28, 233 } },
	{ "getpid", sys_getpid, { 39, 172 } },
	{ "clone", sys_clone, { 56, 220 } },
	{ "fork", sys_fork, { 57, NO_SYSCALL } },
	{ "exit", sys_exit, { 60, 93 } },
	{ "wait4", sys_wait4, { 61, 260 } },
	{ "ftruncate", sys_ftruncate, { 77, 46 } },
	{ "getuid", sys_getid, { 102, 174 } },
	{ "getgid", sys_getid, { 104, 176 } },
	{ "geteuid", sys_getid, { 107, 175 } },
	{ "getegid", sys_getid, { 108, 177 } },
	{ "getppid", sys_getppid, { 110, 173 } },
	{ "prctl", sys_prctl, { 157, 167 } },
	{ "arch_prctl", sys_arch_prctl, { 158, NO_SYSCALL } },
	{ "gettid", sys_gettid, { 186, 178 } },
	{ "set_tid_address", sys_gettid, { 218, 96 } },
	{ "clock_gettime", sys_clock_gettime, { 228, 113 } },
	{ "exit_group", sys_exit_group, { 231, 94 } },
	{ "openat", sys_openat, { 257, 56 } },
	{ "vmsplice", sys_vmsplice, { 278, 75 } },
	{ "memfd_create", sys_memfd_create, { 319, 279 } },
};

const struct syscall_entry *syscall_table_get(unsigned *n)
{
	*n = ARRAY_SIZE(table);
	return table;
}

const struct syscall_abi *syscall_abi_get(enum arch_id arch)
{
	static const struct syscall_abi *const abis[ARCH_COUNT] = {
		[ARCH_X86_64] = &syscall_abi_x86,
		[ARCH_ARM64] = &syscall_abi_arm64,
	};

	BUG_ON(arch >= ARCH_COUNT);
	return abis[arch];
}

/* From here on new calls have one number everywhere. */
#define FIRST_COMMON 424

/* Linux v6.12 scripts/syscall.tbl */
static const char *const common_names[] = {
	"pidfd_send_signal",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"open_tree",
	"move_mount",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"pidfd_open",
	"clone3",
	"close_range",
	"openat2",
	"pidfd_getfd",
	"faccessat2",
	"process_madvise",
	"epoll_pwait2",
	"mount_setattr",
	"quotactl_fd",
	"landlock_create_ruleset",
	"landlock_add_rule",
	"landlock_restrict_self",
	"memfd_secret",
	"process_mrelease",
	"futex_waitv",
	"set_mempolicy_home_node",
	"cachestat",
	"fchmodat2",
	"map_shadow_stack",
	"futex_wake",
	"futex_wait",
	"futex_requeue",
	"statmount",
	"listmount",
	"lsm_get_self_attr",
	"lsm_set_self_attr",
	"lsm_list_modules",
	"mseal",
};

const char *syscall_name(enum arch_id arch, uint64_t nr)
{
	const struct syscall_abi *abi = syscall_abi_get(arch);

	if (nr < abi->nr_names)
		return abi->names[nr];
	if (nr - FIRST_COMMON < ARRAY_SIZE(common_names))
		return common_names[nr - FIRST_COMMON];
	return NULL;
}

const struct syscall_entry *syscall_lookup(enum arch_id arch, uint64_t nr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table) && nr != NO_SYSCALL; i++)
		if (table[i].nr[arch] == nr)
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

uint32_t syscall_number(enum arch_id arch, const char *name)
{
	const struct syscall_entry *entry = syscall_lookup_name(name);

	/* As a C library does where there is no fork. */
	if (entry && entry->nr[arch] == NO_SYSCALL && !strcmp(name, "fork"))
		entry = syscall_lookup_name("clone");
	return entry ? entry->nr[arch] : NO_SYSCALL;
}

/* The number observers know it by; UINT64_MAX: Linux has no such call. */
static uint64_t observed_number(enum arch_id arch, uint64_t nr)
{
	const struct syscall_abi *x86 = syscall_abi_get(ARCH_X86_64);
	const char *name = syscall_name(arch, nr);

	if (name && nr >= FIRST_COMMON)
		return nr;
	for (unsigned i = 0; name && i < x86->nr_names; i++)
		if (x86->names[i] && !strcmp(x86->names[i], name))
			return i;
	return UINT64_MAX;
}

long do_syscall_64(struct task *t, long nr, const uint64_t args[6])
{
	static const struct syscall_entry unknown = { "unknown system call",
		                                      NULL,
		                                      { 0 } };
	struct machine *m = t->agent->machine;
	const struct syscall_entry *entry =
		syscall_lookup(m->arch, (uint64_t)nr);
	unsigned mm_id = t->mm ? t->mm->id : 0;
	struct agent *a = t->agent;
	uint64_t observed;
	long result;

	if (!entry)
		entry = &unknown;
	observed = entry == &unknown ? observed_number(m->arch, (uint64_t)nr)
	                             : entry->nr[ARCH_X86_64];
	step(STEP_SYSCALL, OBJ_NONE, 0, entry->name, args[0]);
	a->syscall_id = m->sched.nr_steps;
	a->syscall_name = entry->name;
	emit(m, EV_SYSCALL_ENTER, .addr = (uint64_t)nr, .a = observed,
	     .b = mm_id, .data = args, .text = entry->name);
	result = entry->fn ? entry->fn(t, args) : -ENOSYS;
	step(STEP_SYSCALL, OBJ_NONE, 0, "return from system call", 0);
	lockdep_exit_check(LOCKDEP_SYS_EXIT);
	emit(m, EV_SYSCALL_EXIT, .addr = (uint64_t)nr, .a = observed,
	     .b = mm_id, .c = (uint64_t)result, .data = args,
	     .text = entry->name);
	a->syscall_id = 0;
	a->syscall_name = NULL;
	return result;
}

const struct kernel_ops syscall_kernel_ops = {
	.page_fault = do_user_addr_fault,
	.syscall = do_syscall_64,
	.context_switch = mm_context_switch,
};
