/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls on files: output to the host, texts of /proc.
 *
 * DIVERGES: a /proc file's text is made at the first read and stays the same
 * until its position is 0 again.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "emu/uaccess.h"
#include "mm/proc.h"
#include "mm/shmem.h"
#include "syscalls/mem_file.h"
#include "syscalls/pipe.h"
#include "syscalls/process.h"
#include "syscalls/table_internal.h"

#define CHUNK          256
#define PATH_MAX_BYTES 128
#define AT_FDCWD       (-100)

/* ---- reading ---- */

/* The text of a /proc file now, in the arena. */
static int make_text(struct task *t, struct open_file *f)
{
	struct machine *m = t->agent->machine;
	GString *s = g_string_new(NULL);
	int err = -ENOMEM;

	kfree(m, f->text);
	f->text_len = 0;
	f->text = NULL;
	if (!proc_read(t, f->path, s)) {
		err = -ENOENT;
	} else if (s->len < (1 << 20)) {
		f->text = kzalloc(m, s->len + 1, "proc text");
		if (f->text) {
			memcpy(f->text, s->str, s->len);
			f->text_len = s->len;
			err = 0;
		}
	}
	g_string_free(s, TRUE);
	return err;
}

/* From position @pos into user memory. */
static long read_text(struct task *t, struct open_file *f, uint64_t pos,
                      vaddr_t to, uint64_t n)
{
	if (!pos || !f->text) {
		int err = make_text(t, f);

		if (err)
			return err;
	}
	if (pos >= f->text_len)
		return 0;
	n = MIN(n, f->text_len - pos);
	if (copy_to_user(to, f->text + pos, n))
		return -EFAULT;
	return (long)n;
}

/* Linux v6.12 mm/shmem.c shmem_file_read_iter() */
static long read_shmem(struct open_file *f, uint64_t pos, vaddr_t to,
                       uint64_t n)
{
	uint8_t bytes[CHUNK];
	uint64_t done = 0, part;

	do {
		part = shmem_file_read(f->shmem, pos + done, bytes,
		                       MIN(n - done, sizeof(bytes)));
		if (copy_to_user(to + done, bytes, part))
			return done ? (long)done : -EFAULT;
		done += part;
	} while (part && done < n);
	return (long)done;
}

static long read_at(struct task *t, struct open_file *f, uint64_t pos,
                    vaddr_t to, uint64_t n)
{
	if ((int64_t)pos < 0 || (int64_t)n < 0)
		return -EINVAL;
	switch (f->kind) {
	case FILE_TEXT:
		return read_text(t, f, pos, to, n);
	case FILE_SHMEM:
		return read_shmem(f, pos, to, n);
	case FILE_MEM:
		return mem_read(f->mm, pos, to, n);
	case FILE_FIFO:
	case FILE_EMPTY:
	case FILE_HOST_OUT:
	default:
		return -ESPIPE;
	}
}

long sys_read(struct task *t, const uint64_t args[6])
{
	struct open_file *f = process_file(task_process(t), args[0]);
	long n;

	if (!f)
		return -EBADF;
	if (f->kind == FILE_EMPTY)
		return 0;
	if (f->kind == FILE_FIFO)
		return pipe_read(f->pipe, args[1], args[2]);
	n = read_at(t, f, f->pos, args[1], args[2]);
	if (n > 0)
		f->pos += (uint64_t)n;
	return n == -ESPIPE ? -EINVAL : n;
}

long sys_pread64(struct task *t, const uint64_t args[6])
{
	struct open_file *f = process_file(task_process(t), args[0]);

	return f ? read_at(t, f, args[3], args[1], args[2]) : -EBADF;
}

long sys_lseek(struct task *t, const uint64_t args[6])
{
	struct open_file *f = process_file(task_process(t), args[0]);
	uint64_t pos = args[1];

	if (!f)
		return -EBADF;
	if (f->kind != FILE_TEXT && f->kind != FILE_SHMEM &&
	    f->kind != FILE_MEM)
		return -ESPIPE;
	if (args[2] == 1) /* SEEK_CUR */
		pos += f->pos;
	else if (args[2])
		return -EINVAL;
	if ((int64_t)pos < 0)
		return -EINVAL;
	f->pos = pos;
	return (long)pos;
}

/* ---- writing ---- */

static long write_out(struct task *t, const struct open_file *f, vaddr_t from,
                      uint64_t n)
{
	const struct syscall_host *host = task_process(t)->host;
	uint8_t bytes[CHUNK];
	uint64_t done = 0;

	if ((int64_t)n < 0)
		return -EINVAL;
	while (done < n) {
		size_t part = MIN(n - done, sizeof(bytes));

		if (copy_from_user(bytes, from + done, part))
			return done ? (long)done : -EFAULT;
		if (host && host->write)
			host->write(host->data, f->host_fd, bytes, part);
		done += part;
	}
	return (long)n;
}

static long write_at(const struct open_file *f, uint64_t pos, vaddr_t from,
                     uint64_t n)
{
	if ((int64_t)pos < 0 || (int64_t)n < 0)
		return -EINVAL;
	if (f->kind == FILE_SHMEM)
		return generic_perform_write(f->shmem, pos, from, n);
	if (f->kind == FILE_MEM)
		return mem_write(f->mm, pos, from, n);
	return -ESPIPE;
}

long sys_write(struct task *t, const uint64_t args[6])
{
	struct open_file *f = process_file(task_process(t), args[0]);
	long n;

	if (!f || f->kind == FILE_TEXT)
		return -EBADF;
	if (f->kind == FILE_HOST_OUT)
		return write_out(t, f, args[1], args[2]);
	n = write_at(f, f->pos, args[1], args[2]);
	if (n > 0)
		f->pos += (uint64_t)n;
	return n == -ESPIPE ? -EINVAL : n;
}

long sys_pwrite64(struct task *t, const uint64_t args[6])
{
	const struct open_file *f = process_file(task_process(t), args[0]);

	if (!f || f->kind == FILE_TEXT)
		return -EBADF;
	return write_at(f, args[3], args[1], args[2]);
}

/* Linux v6.12 fs/splice.c vmsplice(2), with struct iovec { base, len }. */
long sys_vmsplice(struct task *t, const uint64_t args[6])
{
	const struct open_file *f = process_file(task_process(t), args[0]);
	long total = 0;

	if (!f || f->kind != FILE_FIFO)
		return -EBADF;
	if (args[2] > 1024) /* UIO_MAXIOV */
		return -EINVAL;
	for (uint64_t i = 0; i < args[2]; i++) {
		uint64_t iov[2];
		long n;

		if (copy_from_user(iov, args[1] + i * sizeof(iov), sizeof(iov)))
			return total ? total : -EFAULT;
		if (!iov[1])
			continue;
		n = pipe_vmsplice(f->pipe, t->mm, iov[0], iov[1]);
		if (n < 0)
			return total ? total : n;
		total += n;
		if ((uint64_t)n < iov[1])
			break;
	}
	return total;
}

long sys_writev(struct task *t, const uint64_t args[6])
{
	const struct open_file *f = process_file(task_process(t), args[0]);
	long total = 0;

	if (!f || f->kind != FILE_HOST_OUT)
		return f ? -EINVAL : -EBADF;
	if (args[2] > 1024) /* UIO_MAXIOV */
		return -EINVAL;
	for (uint64_t i = 0; i < args[2]; i++) {
		uint64_t iov[2];
		long n;

		if (copy_from_user(iov, args[1] + i * sizeof(iov), sizeof(iov)))
			return total ? total : -EFAULT;
		n = write_out(t, f, iov[0], iov[1]);
		if (n < 0)
			return total ? total : n;
		total += n;
	}
	return total;
}

/* ---- opening ---- */

static bool proc_exists(const struct task *t, const char *path)
{
	GString *s = g_string_new(NULL);
	bool exists = proc_read(t, path, s);

	g_string_free(s, TRUE);
	return exists;
}

/* /proc is all there is. */
static long open_path(struct task *t, vaddr_t name, uint64_t flags)
{
	struct machine *m = t->agent->machine;
	struct process *p = task_process(t);
	char path[PATH_MAX_BYTES];
	long err = strncpy_from_user(path, name, sizeof(path));
	int fd;

	if (err < 0)
		return err;
	if (!strcmp(path, "/proc/self/mem"))
		return mem_open(m, p, t->mm);
	if (!proc_exists(t, path))
		return -ENOENT;
	if (flags & 3) /* O_WRONLY, O_RDWR */
		return -EACCES;
	fd = process_open(m, p, FILE_TEXT);
	if (fd >= 0)
		p->fd[fd]->path = kstrdup(m, path);
	return fd;
}

long sys_open(struct task *t, const uint64_t args[6])
{
	return open_path(t, args[0], args[1]);
}

long sys_openat(struct task *t, const uint64_t args[6])
{
	if ((int)(uint32_t)args[0] != AT_FDCWD &&
	    !process_file(task_process(t), args[0]))
		return -EBADF;
	return open_path(t, args[1], args[2]);
}

long sys_close(struct task *t, const uint64_t args[6])
{
	return process_close(t->agent->machine, task_process(t), args[0]);
}
