/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syscalls/process.h"

#include <errno.h>

#include "emu/vcpu_ops.h"
#include "mm/mm.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "syscalls/pipe.h"

/* ---- descriptors ---- */

struct open_file *process_file(const struct process *p, uint64_t fd)
{
	return fd < NR_FDS ? p->fd[fd] : NULL;
}

int process_open(struct machine *m, struct process *p, enum file_kind kind)
{
	for (int fd = 0; fd < NR_FDS; fd++) {
		struct open_file *f;

		if (p->fd[fd])
			continue;
		f = kzalloc(m, sizeof(*f), "file");
		if (!f)
			return -ENOMEM;
		f->refs = 1;
		f->kind = kind;
		p->fd[fd] = f;
		return fd;
	}
	return -EMFILE;
}

int process_close(struct machine *m, struct process *p, uint64_t fd)
{
	struct open_file *f = process_file(p, fd);

	if (!f)
		return -EBADF;
	p->fd[fd] = NULL;
	if (--f->refs)
		return 0;
	if (f->shmem)
		fput(f->shmem);
	if (f->mm)
		mmdrop(f->mm);
	if (f->pipe)
		pipe_free(f->pipe);
	kfree(m, f->path);
	kfree(m, f->text);
	kfree(m, f);
	return 0;
}

/* ---- processes ---- */

struct process *process_new(struct machine *m, const char *name,
                            const struct syscall_host *host)
{
	struct process *p = kzalloc(m, sizeof(*p), "process");

	if (!p)
		return NULL;
	p->name = kstrdup(m, name);
	p->host = host;
	for (int fd = 0; fd < 3; fd++) {
		enum file_kind kind = fd ? FILE_HOST_OUT : FILE_EMPTY;

		if (process_open(m, p, kind) != fd)
			return NULL;
		p->fd[fd]->host_fd = fd;
	}
	return p;
}

struct process *process_fork(struct machine *m, struct process *parent)
{
	struct process *p = kzalloc(m, sizeof(*p), "process");

	if (!p)
		return NULL;
	p->name = parent->name;
	p->host = parent->host;
	p->parent = parent;
	for (int fd = 0; fd < NR_FDS; fd++) {
		p->fd[fd] = parent->fd[fd];
		if (p->fd[fd])
			p->fd[fd]->refs++;
	}
	p->sibling = parent->children;
	parent->children = p;
	return p;
}

void process_unfork(struct machine *m, struct process *p)
{
	p->parent->children = p->sibling;
	for (unsigned fd = 0; fd < NR_FDS; fd++)
		(void)process_close(m, p, fd);
	kfree(m, p);
}

bool process_add_thread(struct process *p, struct task *t)
{
	for (unsigned i = 0; i < ARRAY_SIZE(p->threads); i++) {
		if (p->threads[i])
			continue;
		p->threads[i] = t;
		p->nr_threads++;
		if (!p->pid)
			p->pid = t->pid;
		t->user_data = p;
		return true;
	}
	return false;
}

/* The last thread is gone. */
static void process_exit(struct machine *m, struct process *p)
{
	struct process *parent = p->parent;

	for (unsigned fd = 0; fd < NR_FDS; fd++)
		(void)process_close(m, p, fd);
	step(STEP_SIGNAL, mem_obj(m, p), 0, "process exits", p->pid);
	p->exited = true;
	if (parent)
		gate_set(m, &parent->child_exited, 0, true);
}

/* A signal ends the whole process. */
static void end_by_signal(struct process *p, const struct task *t)
{
	p->exit_status = t->exit_signal & 0x7f;
	for (unsigned i = 0; i < ARRAY_SIZE(p->threads); i++)
		if (p->threads[i])
			guest_thread_end(p->threads[i]);
}

void process_thread_body(struct task *t)
{
	struct process *p = task_process(t);

	guest_thread_run(t);
	if (t->exit_signal)
		end_by_signal(p, t);
	for (unsigned i = 0; i < ARRAY_SIZE(p->threads); i++)
		if (p->threads[i] == t)
			p->threads[i] = NULL;
	exit_mm(t);
	if (!--p->nr_threads)
		process_exit(t->agent->machine, p);
}
