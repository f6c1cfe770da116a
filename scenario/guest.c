// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/guest.h"

#include "base/bug.h"
#include "emu/vcpu_ops.h"
#include "mm/fault.h"
#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "mm/tlb.h"
#include "mm/uapi.h"
#include "scenario/names.h"

/* ---- system calls ---- */

static struct guest *machine_guest(const struct machine *m)
{
	return m->user_data;
}

static struct address_space *fd_file(const struct machine *m, uint64_t fd)
{
	if (fd < SCENARIO_FIRST_FD ||
	    fd >= SCENARIO_FIRST_FD + SCENARIO_FILES_MAX)
		return NULL;
	return machine_guest(m)->files[fd - SCENARIO_FIRST_FD];
}

static long sys_mmap(struct task *t, const uint64_t args[6])
{
	struct mmap_request req = {
		.addr = args[0],
		.len = args[1],
		.prot = args[2],
		.flags = args[3],
		.pgoff = args[5] >> PAGE_SHIFT,
	};

	if (args[5] & ~PAGE_MASK)
		return -EINVAL;
	if (!(req.flags & MAP_ANONYMOUS)) {
		req.file = fd_file(t->agent->machine, args[4]);
		if (!req.file)
			return -EBADF;
	}
	return do_sys_mmap(t, &req);
}

static long sys_ftruncate(struct task *t, const uint64_t args[6])
{
	struct address_space *file = fd_file(t->agent->machine, args[0]);

	return file ? do_sys_ftruncate(t, file, args[1]) : -EBADF;
}

static long dispatch(struct task *t, long nr, const uint64_t args[6])
{
	switch (nr) {
	case 9:
		return sys_mmap(t, args);
	case 10:
		return do_sys_mprotect(t, args[0], args[1], args[2]);
	case 11:
		return do_sys_munmap(t, args[0], args[1]);
	case 12:
		return do_sys_brk(t, args[0]);
	case 24:
		schedule();
		return 0;
	case 25:
		return do_sys_mremap(t, args[0], args[1], args[2], args[3],
				     args[4]);
	case 28:
		return do_sys_madvise(t, args[0], args[1], (int)args[2]);
	case 39:
		return (long)t->pid;
	case 60:
	case 231:
		guest_thread_end(t);
		return 0;
	case 77:
		return sys_ftruncate(t, args);
	default:
		return -ENOSYS;
	}
}

static const char *syscall_name(long nr)
{
	unsigned n;
	const struct syscall_desc *table = syscall_table(&n);

	for (unsigned i = 0; i < n; i++) {
		if (table[i].nr == (unsigned long)nr)
			return table[i].name;
	}
	return "syscall";
}

static long guest_syscall(struct task *t, long nr, const uint64_t args[6])
{
	struct machine *m = t->agent->machine;
	const char *name = syscall_name(nr);
	struct agent *a = t->agent;
	uint64_t mm_id = t->mm->id;
	long result;

	step(STEP_SYSCALL, OBJ_NONE, 0, name, args[0]);
	a->syscall_id = m->sched.nr_steps;
	a->syscall_name = name;
	emit(m, EV_SYSCALL_ENTER, .a = (uint64_t)nr, .b = mm_id, .data = args,
	     .text = name);
	result = dispatch(t, nr, args);
	step(STEP_SYSCALL, OBJ_NONE, 0, "return from system call", 0);
	emit(m, EV_SYSCALL_EXIT, .a = (uint64_t)nr, .b = mm_id, .data = args,
	     .text = name, .c = (uint64_t)result);
	a->syscall_id = 0;
	a->syscall_name = NULL;
	return result;
}

static const struct kernel_ops guest_kernel_ops = {
	.page_fault = do_user_addr_fault,
	.syscall = guest_syscall,
	.context_switch = mm_context_switch,
};

/* ---- life ---- */

bool guest_boot(struct guest *g, const struct mm_options *options)
{
	unsigned i = 0;

	g->machine->user_data = g;
	g->machine->kernel = &guest_kernel_ops;
	g->kernel = kernel_new(g->machine, options);
	if (!g->kernel)
		return false;
	for (i = 0; i < SCENARIO_PROCESSES_MAX; i++)
		g->mms[i] = NULL;
	for (i = 0; i < SCENARIO_FILES_MAX; i++)
		g->files[i] = NULL;
	i = 0;
	for (const struct ast_file *f = g->scenario->files; f; f = f->next) {
		g->files[i] =
			shmem_file_setup(g->kernel, f->name, f->size_bytes);
		if (!g->files[i++])
			return false;
	}
	return true;
}

void guest_give_mm(struct guest *g, const struct ast_process *process,
		   struct task *t)
{
	struct mm_struct *mm = g->mms[process->index];

	mm->mm_users.counter++; /* nobody runs: not a step */
	task_set_mm(t, mm);
}

void guest_thread_body(struct task *t)
{
	guest_thread_run(t);
	exit_mm(t);
}

void guest_end(struct guest *g)
{
	for (unsigned i = 0; i < SCENARIO_PROCESSES_MAX; i++) {
		if (g->mms[i])
			mmput(g->mms[i]);
		g->mms[i] = NULL;
	}
	for (unsigned i = 0; i < SCENARIO_FILES_MAX; i++) {
		if (g->files[i])
			fput(g->files[i]);
		g->files[i] = NULL;
	}
	rcu_barrier();
}
