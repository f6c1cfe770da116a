/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syscalls/pipe.h"

#include <errno.h>

#include "base/spinlock.h"
#include "emu/uaccess.h"
#include "mm/gup.h"

struct pipe_buffer {
	struct gup_page *page; /* an arena object, counted by the full scan */
	unsigned offset, len;
};

struct pipe {
	struct machine *machine;
	struct rw_semaphore mutex;
	unsigned first, nr;
	struct pipe_buffer ring[PIPE_BUFFERS];
};

struct pipe *pipe_new(struct machine *m)
{
	struct pipe *pipe = kzalloc(m, sizeof(*pipe), "pipe");

	if (!pipe)
		return NULL;
	pipe->machine = m;
	init_rwsem(&pipe->mutex, LOCK_CLASS_NONE);
	return pipe;
}

static struct pipe_buffer *buffer(struct pipe *pipe, unsigned i)
{
	return &pipe->ring[(pipe->first + i) % PIPE_BUFFERS];
}

/* The first buffer has been read. */
static void release_first(struct pipe *pipe)
{
	struct pipe_buffer *b = buffer(pipe, 0);

	put_user_page(b->page);
	kfree(pipe->machine, b->page);
	pipe->first++;
	pipe->nr--;
}

void pipe_free(struct pipe *pipe)
{
	while (pipe->nr)
		release_first(pipe);
	kfree(pipe->machine, pipe);
}

/* One page's part of a vmsplice. Return: 0, -errno. */
static int append(struct pipe *pipe, struct mm_struct *mm, vaddr_t addr,
                  unsigned len)
{
	struct pipe_buffer *b;
	struct gup_page *page;
	int ret;

	if (pipe->nr == PIPE_BUFFERS)
		return -EAGAIN;
	page = kzalloc(pipe->machine, sizeof(*page), "gup_page");
	if (!page)
		return -ENOMEM;
	ret = get_user_page_fast(mm, addr, FOLL_GET, page);
	if (ret < 0) {
		kfree(pipe->machine, page);
		return ret;
	}
	b = buffer(pipe, pipe->nr++);
	b->page = page;
	b->offset = (unsigned)(addr & ~PAGE_MASK);
	b->len = len;
	return 0;
}

long pipe_vmsplice(struct pipe *pipe, struct mm_struct *mm, vaddr_t addr,
                   uint64_t len)
{
	uint64_t done = 0;
	int err = 0;

	down_write_label(&pipe->mutex, "pipe_lock");
	while (done < len && !err) {
		uint64_t room = PAGE_SIZE - ((addr + done) & ~PAGE_MASK);
		unsigned n = (unsigned)MIN(room, len - done);

		err = append(pipe, mm, addr + done, n);
		if (!err)
			done += n;
	}
	up_write_label(&pipe->mutex, "pipe_unlock");
	return done ? (long)done : err;
}

/* Up to @n bytes of the first buffer. Return: how many; -EFAULT. */
static long read_first(struct pipe *pipe, vaddr_t to, uint64_t n)
{
	struct pipe_buffer *b = buffer(pipe, 0);
	uint8_t bytes[256];
	unsigned part = (unsigned)MIN(MIN(n, b->len), sizeof(bytes));

	gup_page_read(b->page, b->offset, bytes, part);
	if (copy_to_user(to, bytes, part))
		return -EFAULT;
	b->offset += part;
	b->len -= part;
	if (!b->len)
		release_first(pipe);
	return part;
}

long pipe_read(struct pipe *pipe, vaddr_t to, uint64_t n)
{
	uint64_t done = 0;
	long ret = -EAGAIN;

	down_write_label(&pipe->mutex, "pipe_lock");
	while (done < n && pipe->nr) {
		ret = read_first(pipe, to + done, n - done);
		if (ret < 0)
			break;
		done += (uint64_t)ret;
	}
	up_write_label(&pipe->mutex, "pipe_unlock");
	return done || !n ? (long)done : ret;
}
