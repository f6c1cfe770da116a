/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pipes as far as vmsplice(2) needs them: a ring of references to user pages,
 * which live until their bytes have been read.
 *
 * DIVERGES: a FIFO opened for reading and writing, never blocking; what is in
 * it came by vmsplice(), write() is -EINVAL.
 *
 * Linux v6.12 fs/pipe.c, fs/splice.c.
 */
#ifndef MMULATOR_SYSCALLS_PIPE_H
#define MMULATOR_SYSCALLS_PIPE_H

#include "base/machine.h"

struct mm_struct;
struct pipe;

#define PIPE_BUFFERS 16

/** pipe_new - an empty pipe. Return: it; NULL: memory is out. */
struct pipe *pipe_new(struct machine *m);
/** pipe_free - drop the references in it; a step each. */
void pipe_free(struct pipe *pipe);

/**
 * pipe_vmsplice - append the pages of [@addr, @addr + @len), by reference.
 *
 * Linux v6.12 fs/splice.c vmsplice_to_pipe(): get_user_pages_fast() with
 * FOLL_GET, for reading. Context: a task of @mm, no locks.
 * Return: bytes appended; -EAGAIN full, -EFAULT, -ENOMEM.
 */
long pipe_vmsplice(struct pipe *pipe, struct mm_struct *mm, vaddr_t addr,
                   uint64_t len);
/**
 * pipe_read - the next bytes into user memory.
 * @to: the user's address
 * @n: bytes at most
 *
 * Context: on the caller's agent. Steps.
 * Return: bytes read; -EAGAIN empty, -EFAULT.
 * Source: Linux v6.12 fs/pipe.c pipe_read()
 */
long pipe_read(struct pipe *pipe, vaddr_t to, uint64_t n);

#endif
