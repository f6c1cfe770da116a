// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/guest.h"

#include "base/bug.h"
#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/shmem.h"
#include "syscalls/process.h"
#include "syscalls/syscalls.h"

bool guest_boot(struct guest *g, const struct mm_options *options)
{
	unsigned i = 0;

	g->machine->user_data = g;
	g->machine->kernel = &syscall_kernel_ops;
	g->kernel = kernel_new(g->machine, options);
	if (!g->kernel)
		return false;
	for (i = 0; i < SCENARIO_PROCESSES_MAX; i++) {
		g->mms[i] = NULL;
		g->processes[i] = NULL;
	}
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

/* Every file of the scenario, with the descriptors the programs know. */
static bool open_files(struct guest *g, struct process *p)
{
	const struct ast_file *f = g->scenario->files;

	for (unsigned i = 0; f; f = f->next, i++) {
		int fd = process_open(g->machine, p, FILE_SHMEM);

		if (fd < 0)
			return false;
		BUG_ON((unsigned)fd != f->fd);
		g->files[i]->f_count.counter++; /* nobody runs: not a step */
		p->fd[fd]->shmem = g->files[i];
	}
	return true;
}

bool guest_add_process(struct guest *g, const struct ast_process *process,
                       struct mm_struct *mm)
{
	struct process *p;

	if (process->parent)
		p = process_fork(g->machine,
		                 g->processes[process->parent->index]);
	else
		p = process_new(g->machine, process->name, NULL);
	if (!p || !mm || (!process->parent && !open_files(g, p)))
		return false;
	p->nr_threads++; /* ours: it stays when a thread of it ends */
	g->processes[process->index] = p;
	g->mms[process->index] = mm;
	return true;
}

void guest_give_mm(struct guest *g, const struct ast_process *process,
                   struct task *t)
{
	struct mm_struct *mm = g->mms[process->index];

	mm->mm_users.counter++; /* nobody runs: not a step */
	task_set_mm(t, mm);
}

bool guest_add_thread(struct guest *g, const struct ast_process *process,
                      struct task *t)
{
	guest_give_mm(g, process, t);
	return process_add_thread(g->processes[process->index], t);
}

static void end_process(struct guest *g, unsigned i)
{
	for (unsigned fd = 0; fd < NR_FDS; fd++)
		(void)process_close(g->machine, g->processes[i], fd);
	mmput(g->mms[i]);
	g->mms[i] = NULL;
}

void guest_end(struct guest *g)
{
	for (unsigned i = 0; i < SCENARIO_PROCESSES_MAX; i++) {
		if (g->mms[i])
			end_process(g, i);
	}
	for (unsigned i = 0; i < SCENARIO_FILES_MAX; i++) {
		if (g->files[i])
			fput(g->files[i]);
		g->files[i] = NULL;
	}
	rcu_barrier();
}
