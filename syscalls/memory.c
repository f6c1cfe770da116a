/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls on memory: arguments to mm/sys.h. */
#include <errno.h>
#include <string.h>

#include "emu/uaccess.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "syscalls/process.h"
#include "syscalls/table_internal.h"

/* Linux v6.12 include/linux/memfd.h and mm/memfd.c. */
#define MFD_CLOEXEC       0x1U
#define MFD_ALLOW_SEALING 0x2U
#define MFD_NAME_MAX      249

/* Linux v6.12 arch/x86/kernel/sys_x86_64.c, mm/mmap.c ksys_mmap_pgoff() */
long sys_mmap(struct task *t, const uint64_t args[6])
{
	struct mmap_request req = {
		.addr = args[0],
		.len = args[1],
		.prot = args[2],
		.flags = args[3],
		.pgoff = args[5] >> PAGE_SHIFT,
	};
	const struct open_file *f;

	if (args[5] & ~PAGE_MASK)
		return -EINVAL;
	if (req.flags & MAP_ANONYMOUS)
		return do_sys_mmap(t, &req);
	f = process_file(task_process(t), args[4]);
	if (!f)
		return -EBADF;
	if (f->kind != FILE_SHMEM)
		return -ENODEV;
	req.file = f->shmem;
	return do_sys_mmap(t, &req);
}

long sys_mprotect(struct task *t, const uint64_t args[6])
{
	return do_sys_mprotect(t, args[0], args[1], args[2]);
}

long sys_munmap(struct task *t, const uint64_t args[6])
{
	return do_sys_munmap(t, args[0], args[1]);
}

long sys_brk(struct task *t, const uint64_t args[6])
{
	return do_sys_brk(t, args[0]);
}

long sys_mremap(struct task *t, const uint64_t args[6])
{
	return do_sys_mremap(t, args[0], args[1], args[2], args[3], args[4]);
}

long sys_madvise(struct task *t, const uint64_t args[6])
{
	return do_sys_madvise(t, args[0], args[1], (int)(uint32_t)args[2]);
}

/* Linux v6.12 mm/memfd.c */
long sys_memfd_create(struct task *t, const uint64_t args[6])
{
	struct machine *m = t->agent->machine;
	struct process *p = task_process(t);
	char name[MFD_NAME_MAX + 1];
	struct address_space *file;
	long err;
	int fd;

	if ((uint32_t)args[1] & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	err = strncpy_from_user(name, args[0], sizeof(name));
	if (err < 0)
		return err == -ENAMETOOLONG ? -EINVAL : err;
	fd = process_open(m, p, FILE_SHMEM);
	if (fd < 0)
		return fd;
	file = shmem_file_setup(machine_kernel(m), name, 0);
	if (!file) {
		(void)process_close(m, p, (uint64_t)fd);
		return -ENOMEM;
	}
	p->fd[fd]->shmem = file;
	return fd;
}

long sys_ftruncate(struct task *t, const uint64_t args[6])
{
	const struct open_file *f = process_file(task_process(t), args[0]);

	if (!f)
		return -EBADF;
	if (f->kind != FILE_SHMEM || (int64_t)args[1] < 0)
		return -EINVAL;
	return do_sys_ftruncate(t, f->shmem, args[1]);
}
