/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes as the system calls see them: open files, children, how they ended.
 * A task of a process has it in task->user_data.
 *
 * Everything lives in the arena.  The tables of files are the kernel's own
 * business and not modelled: reading and changing them is no step.
 */
#ifndef MMULATOR_SYSCALLS_PROCESS_H
#define MMULATOR_SYSCALLS_PROCESS_H

#include "base/machine.h"

struct address_space;
struct mm_struct;
struct pipe;

#define NR_FDS 64

/* Where a guest's output goes: the world outside of the machine. */
struct syscall_host {
	/* write(2) to 1 or 2; must not step. NULL: swallowed. */
	void (*write)(void *data, int fd, const uint8_t *bytes, size_t n);
	void *data;
};

enum file_kind {
	FILE_HOST_OUT, /* 1 and 2 */
	FILE_EMPTY,    /* 0: reads as end of file */
	FILE_SHMEM,    /* memfd_create() */
	FILE_TEXT,     /* of /proc: text made at the first read */
	FILE_MEM,      /* /proc/PID/mem */
	FILE_FIFO      /* both ends of a pipe */
};

struct open_file {
	unsigned refs; /* descriptors that name it */
	enum file_kind kind;
	int host_fd;
	struct address_space *shmem; /* a reference */
	struct mm_struct *mm;        /* FILE_MEM: mmgrab() */
	struct pipe *pipe;           /* FILE_FIFO: its own */
	char *path;
	char *text;
	size_t text_len;
	uint64_t pos;
};

/* Threads of a process at a time. */
#define PROCESS_THREADS_MAX 16

struct process {
	struct process *parent;
	struct process *children, *sibling; /* newest first */
	const struct syscall_host *host;
	const char *name;
	unsigned pid;
	unsigned nr_threads;
	bool exited;
	int exit_status;          /* as wait4() gives it */
	struct gate child_exited; /* class 0: a child may be reaped */
	struct open_file *fd[NR_FDS];
	struct task *threads[PROCESS_THREADS_MAX]; /* those not ended yet */
};

/**
 * process_new - a process without threads, with descriptors 0, 1 and 2.
 * @name: copied
 * @host: borrowed, for the run
 *
 * Return: it; NULL if memory is out.
 */
struct process *process_new(struct machine *m, const char *name,
                            const struct syscall_host *host);
/** process_fork - a child of @parent with the same files. Return: it; NULL:
 * memory is out. */
struct process *process_fork(struct machine *m, struct process *parent);
/** process_unfork - take process_fork() of @p back, at once. */
void process_unfork(struct machine *m, struct process *p);
/** process_add_thread - @t is a thread of @p; the first gives it its pid.
 * Return: false: too many. */
bool must_check process_add_thread(struct process *p, struct task *t);

/**
 * process_thread_body - what a thread's task runs: the program, then the end
 * of the thread, and with the last one that of the process.
 */
void process_thread_body(struct task *t);

static inline struct process *task_process(const struct task *t)
{
	return t->user_data;
}

/* ---- descriptors ---- */

/**
 * process_file - what a descriptor names.
 * @fd: any number
 *
 * Return: the open file, or NULL.
 */
struct open_file *process_file(const struct process *p, uint64_t fd);
/**
 * process_open - the lowest free descriptor for a new open file.
 * @p: whose
 * @kind: of file
 *
 * Return: the descriptor, -EMFILE, -ENOMEM.
 */
int process_open(struct machine *m, struct process *p, enum file_kind kind);
/**
 * process_close - close a descriptor; steps if it was a shmem file.
 * @p: whose
 * @fd: any number
 *
 * Return: 0 or -EBADF.
 */
int process_close(struct machine *m, struct process *p, uint64_t fd);

#endif
