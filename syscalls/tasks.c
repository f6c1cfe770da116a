/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls on tasks: fork, threads, waiting, ending.
 *
 * A task stays on its CPU; a new one goes to the CPU with the fewest tasks, so
 * that a machine with several CPUs has something to race.
 */
#include <errno.h>
#include <sched.h>
#include <sys/wait.h>

#include "emu/uaccess.h"
#include "emu/vcpu_ops.h"
#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/sys.h"
#include "syscalls/abi.h"
#include "syscalls/process.h"
#include "syscalls/table_internal.h"

/* Of <sched.h>: what is known but makes no difference here. */
#define CLONE_IGNORED                                             \
	(CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | \
	 CLONE_DETACHED)
#define ARCH_SET_FS 0x1002U
#define ARCH_GET_FS 0x1003U

long sys_sched_yield(struct task *t, const uint64_t args[6])
{
	(void)t;
	(void)args;
	schedule();
	return 0;
}

long sys_getpid(struct task *t, const uint64_t args[6])
{
	(void)args;
	return task_process(t)->pid;
}

long sys_getppid(struct task *t, const uint64_t args[6])
{
	const struct process *parent = task_process(t)->parent;

	(void)args;
	return parent ? (long)parent->pid : 0;
}

long sys_gettid(struct task *t, const uint64_t args[6])
{
	(void)args;
	return t->pid;
}

/* getuid() and its like: everybody is root. */
long sys_getid(struct task *t, const uint64_t args[6])
{
	(void)t;
	(void)args;
	return 0;
}

/* ---- new tasks ---- */

/* The CPU with the fewest tasks, lowest number first. */
static unsigned next_cpu(const struct machine *m)
{
	unsigned tasks[NR_CPUS_MAX] = { 0 }, best = 0;

	for (unsigned i = 0; i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		if (a->kind == AGENT_TASK && !a->done)
			tasks[a->cpu->id]++;
	}
	for (unsigned i = 1; i < m->nr_cpus; i++)
		if (tasks[i] < tasks[best])
			best = i;
	return best;
}

static long fork_process(struct task *t)
{
	struct machine *m = t->agent->machine;
	struct mm_struct *mm = dup_mm(t, t->mm);
	struct process *p;
	struct task *child;

	if (!mm)
		return -ENOMEM;
	p = process_fork(m, task_process(t));
	if (!p) {
		mmput(mm);
		return -ENOMEM;
	}
	child = guest_thread_fork(t, next_cpu(m), t->name, process_thread_body);
	if (!child || !process_add_thread(p, child)) {
		process_unfork(m, p);
		mmput(mm);
		return -EAGAIN;
	}
	task_set_mm(child, mm);
	return child->pid;
}

long sys_fork(struct task *t, const uint64_t args[6])
{
	(void)args;
	return fork_process(t);
}

/* A thread: same address space, own stack. args: flags stack ptid, then ctid
 * and tls in the order of the architecture. */
static long clone_thread(struct task *t, const uint64_t args[6])
{
	struct machine *m = t->agent->machine;
	struct process *p = task_process(t);
	struct task *child;

	if (task_guest(t)->code) /* a scenario's threads have no stack */
		return -ENOSYS;
	if (p->nr_threads == ARRAY_SIZE(p->threads))
		return -EAGAIN;
	/* No step from the child's creation to its being complete. */
	mmget(t->mm);
	child = guest_thread_fork(t, next_cpu(m), t->name, process_thread_body);
	if (!child || !process_add_thread(p, child)) {
		mmput(t->mm);
		return -EAGAIN;
	}
	task_set_mm(child, t->mm);
	if (args[1])
		guest_thread_set_sp(child, args[1]);
	if (args[0] & CLONE_SETTLS)
		guest_thread_set_tls(child,
		                     args[syscall_abi_get(m->arch)->clone_tls]);
	if ((args[0] & CLONE_PARENT_SETTID) &&
	    copy_to_user(args[2], &child->pid, 4))
		return -EFAULT;
	return child->pid;
}

long sys_clone(struct task *t, const uint64_t args[6])
{
	uint64_t known = CLONE_VM | CLONE_THREAD | CLONE_SETTLS |
	                 CLONE_PARENT_SETTID | CLONE_IGNORED | CSIGNAL;
	bool vm = args[0] & CLONE_VM, thread = args[0] & CLONE_THREAD;

	if ((args[0] & ~known) || vm != thread)
		return -EINVAL;
	return thread ? clone_thread(t, args) : fork_process(t);
}

/* ---- ends ---- */

long sys_exit(struct task *t, const uint64_t args[6])
{
	struct process *p = task_process(t);

	if (p->nr_threads == 1)
		p->exit_status = (int)(args[0] & 0xff) << 8;
	guest_thread_end(t);
	return 0;
}

long sys_exit_group(struct task *t, const uint64_t args[6])
{
	struct process *p = task_process(t);

	p->exit_status = (int)(args[0] & 0xff) << 8;
	for (unsigned i = 0; i < ARRAY_SIZE(p->threads); i++)
		if (p->threads[i])
			guest_thread_end(p->threads[i]);
	return 0;
}

/* The child to reap, unlinked; NULL: none yet. *@any: there is one at all. */
static struct process *reap(struct process *p, long pid, bool *any)
{
	*any = false;
	for (struct process **link = &p->children; *link;
	     link = &(*link)->sibling) {
		struct process *child = *link;

		if (pid != -1 && (unsigned long)pid != child->pid)
			continue;
		*any = true;
		if (!child->exited)
			continue;
		*link = child->sibling;
		return child;
	}
	return NULL;
}

long sys_wait4(struct task *t, const uint64_t args[6])
{
	struct machine *m = t->agent->machine;
	struct process *p = task_process(t), *child;
	struct step st = { .kind = STEP_WAIT,
		           .object = mem_obj(m, p),
		           .label = "wait for a child" };
	bool any;

	while (!(child = reap(p, (long)(int32_t)args[0], &any))) {
		if (!any)
			return -ECHILD;
		if (args[2] & WNOHANG)
			return 0;
		gate_set(m, &p->child_exited, 0, false);
		gate_sleep(&p->child_exited, 0, &st);
	}
	if (args[1] && copy_to_user(args[1], &child->exit_status, 4))
		return -EFAULT;
	return child->pid;
}

/* ---- the rest ---- */

long sys_prctl(struct task *t, const uint64_t args[6])
{
	return do_sys_prctl(t, args);
}

long sys_arch_prctl(struct task *t, const uint64_t args[6])
{
	const struct guest_thread *g = task_guest(t);
	uint64_t base;

	if (!g->ops->set_tls || g->code)
		return -ENOSYS;
	if (args[0] == ARCH_SET_FS) {
		guest_thread_set_tls(t, args[1]);
		return 0;
	}
	if (args[0] != ARCH_GET_FS)
		return -EINVAL;
	base = guest_thread_tls(t);
	return copy_to_user(args[1], &base, sizeof(base));
}

/* Every clock is the CPU's cycles. */
long sys_clock_gettime(struct task *t, const uint64_t args[6])
{
	uint64_t mhz = MAX(t->agent->machine->costs->mhz, 1);
	uint64_t ns =
		t->cpu->cycles / mhz * 1000 + t->cpu->cycles % mhz * 1000 / mhz;
	uint64_t timespec[2] = { ns / 1000000000, ns % 1000000000 };

	return copy_to_user(args[1], timespec, sizeof(timespec));
}
