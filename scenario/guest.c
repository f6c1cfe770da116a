// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/guest.h"

#include "base/bug.h"
#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/shmem.h"
#include "syscalls/pipe.h"
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
		g->mte[i] = (struct task_mte){ 0 };
	}
	for (i = 0; i < SCENARIO_FILES_MAX; i++)
		g->files[i] = NULL;
	i = 0;
	for (const struct ast_file *f = g->scenario->files; f;
	     f = f->next, i++) {
		if (f->kind != AST_FILE_SHMEM)
			continue;
		g->files[i] =
			shmem_file_setup(g->kernel, f->name, f->size_bytes);
		if (!g->files[i])
			return false;
	}
	return true;
}

/* Nobody runs: references are taken without steps. */
static bool open_file(struct guest *g, struct open_file *f,
                      const struct ast_file *file, unsigned i,
                      struct mm_struct *mm)
{
	switch (file->kind) {
	case AST_FILE_FIFO:
		f->kind = FILE_FIFO;
		f->pipe = pipe_new(g->machine);
		return f->pipe;
	case AST_FILE_MEM:
		f->kind = FILE_MEM;
		mm->mm_count.counter++;
		f->mm = mm;
		return true;
	case AST_FILE_SHMEM:
	default:
		g->files[i]->f_count.counter++;
		f->shmem = g->files[i];
		return true;
	}
}

/* Every file of the scenario, with the descriptors the programs know. A child
 * has its parent's, but for /proc/self/mem, which it opens itself. */
static bool open_files(struct guest *g, struct process *p, struct mm_struct *mm)
{
	const struct ast_file *f = g->scenario->files;

	for (unsigned i = 0; f; f = f->next, i++) {
		int fd;

		if (p->parent && f->kind != AST_FILE_MEM)
			continue;
		if (p->parent) {
			p->fd[f->fd]->refs--;
			p->fd[f->fd] = NULL;
		}
		fd = process_open(g->machine, p, FILE_SHMEM);
		if (fd < 0)
			return false;
		BUG_ON((unsigned)fd != f->fd);
		if (!open_file(g, p->fd[fd], f, i, mm))
			return false;
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
	if (!p || !mm || !open_files(g, p, mm))
		return false;
	if (process->parent)
		g->mte[process->index] = g->mte[process->parent->index];
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
	t->mte = g->mte[process->index];
	return process_add_thread(g->processes[process->index], t);
}

void guest_keep_mte(struct guest *g, const struct ast_process *process,
                    const struct task *t)
{
	g->mte[process->index] = t->mte;
	g->mte[process->index].async_fault = false;
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
