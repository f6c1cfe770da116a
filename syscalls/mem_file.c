/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syscalls/mem_file.h"

#include <errno.h>

#include "emu/uaccess.h"
#include "mm/gup.h"
#include "mm/mm.h"
#include "syscalls/process.h"

/* Linux copies by the page. */
#define CHUNK 256

int mem_open(struct machine *m, struct process *p, struct mm_struct *mm)
{
	int fd = process_open(m, p, FILE_MEM);

	if (fd < 0)
		return fd;
	mmgrab(mm);
	p->fd[fd]->mm = mm;
	return fd;
}

/* One chunk. Return: bytes; -EIO, -EFAULT. */
static long mem_rw_chunk(struct mm_struct *mm, vaddr_t pos, vaddr_t user,
                         uint64_t n, unsigned flags)
{
	uint8_t bytes[CHUNK];
	uint64_t done;

	if ((flags & FOLL_WRITE) && copy_from_user(bytes, user, n))
		return -EFAULT;
	done = access_remote_vm(mm, pos, bytes, n, flags);
	if (!done)
		return -EIO;
	if (!(flags & FOLL_WRITE) && copy_to_user(user, bytes, done))
		return -EFAULT;
	return (long)done;
}

static long mem_rw(struct mm_struct *mm, vaddr_t pos, vaddr_t user, uint64_t n,
                   unsigned flags)
{
	uint64_t done = 0;
	long ret = 0;

	if (!mmget_not_zero(mm))
		return 0;
	while (done < n) {
		ret = mem_rw_chunk(mm, pos + done, user + done,
		                   MIN(n - done, CHUNK), flags | FOLL_FORCE);
		if (ret < 0)
			break;
		done += (uint64_t)ret;
	}
	mmput(mm);
	return done ? (long)done : ret;
}

long mem_read(struct mm_struct *mm, vaddr_t pos, vaddr_t to, uint64_t n)
{
	return mem_rw(mm, pos, to, n, 0);
}

long mem_write(struct mm_struct *mm, vaddr_t pos, vaddr_t from, uint64_t n)
{
	return mem_rw(mm, pos, from, n, FOLL_WRITE);
}
