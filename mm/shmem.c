/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/shmem.h"

#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "mm/page.h"

/* Linux v6.12 include/linux/fs.h i_size_read(), i_size_write() */
static uint64_t i_size_read(struct address_space *file)
{
	return READ_ONCE_AT(file->i_size, "i_size_read", 0);
}

static void i_size_write(struct address_space *file, uint64_t size)
{
	WRITE_ONCE_AT(file->i_size, size, "i_size_write", 0);
	smp_mb(); /* DIVERGES: read without READ_ONCE() under the inode's lock
	           */
}

struct address_space *shmem_file_setup(struct kernel *k, const char *name,
                                       uint64_t size)
{
	struct address_space **p = &k->files;
	struct address_space *file =
		kzalloc(k->machine, sizeof(*file), "address_space");

	if (!file)
		return NULL;

	file->kernel = k;
	file->name = kstrdup(k->machine, name);
	file->f_count.counter = 1;
	file->i_size = size;
	file->id = 1;
	xa_init(&file->i_pages, k->machine);
	init_rwsem(&file->i_mmap_rwsem, LOCK_I_MMAP);

	while (*p) {
		file->id = (*p)->id + 1;
		p = &(*p)->next;
	}
	*p = file;
	return file;
}

struct address_space *shmem_find_file(const struct kernel *k, const char *name)
{
	struct address_space *file;

	for (file = k->files; file; file = file->next) {
		if (!strcmp(file->name, name))
			return file;
	}
	return NULL;
}

void get_file(struct address_space *file)
{
	(void)RMW_ONCE_AT(file->f_count.counter, old + 1, "get_file", 0);
}

/* Linux v6.12 mm/shmem.c shmem_evict_inode() */
static void shmem_evict(struct address_space *file)
{
	struct kernel *k = file->kernel;
	struct address_space **p = &k->files;

	truncate_inode_pages_range(file, 0);
	BUG_ON(file->nrpages);

	while (*p != file)
		p = &(*p)->next;
	*p = file->next;
	xa_destroy(&file->i_pages);
	kfree(k->machine, file);
}

void fput(struct address_space *file)
{
	if (RMW_ONCE_AT(file->f_count.counter, old - 1, "fput", 0) == 1)
		shmem_evict(file);
}

static bool beyond_end(struct address_space *file, uint64_t index)
{
	uint64_t size = i_size_read(file);

	return index >= (size >> PAGE_SHIFT) + !IS_ALIGNED(size, PAGE_SIZE);
}

/* A new zeroed page, locked: nobody knows it, so nobody has to be waited for.
 * Linux v6.12 mm/shmem.c shmem_alloc_and_add_folio(). */
static struct page *shmem_alloc_folio(struct kernel *k)
{
	struct page *page = alloc_frames(k->machine, 0, FRAME_FILE, true);

	if (!page)
		return NULL;
	charge(k->machine->costs->clear_page);
	count_vm_event(k, pgalloc);
	SetPageSwapBacked(page);
	SetPageUptodate(page);
	folio_lock(page);
	return page;
}

/* Linux v6.12 mm/shmem.c shmem_get_folio_gfp() */
int shmem_get_folio(struct address_space *file, uint64_t index,
                    struct page **pagep)
{
	bool alloced = false;
	struct page *page;

	for (;;) {
		int err;

		if (beyond_end(file, index))
			return -EINVAL;
		page = filemap_lock_folio(file, index);
		if (page)
			break;

		page = shmem_alloc_folio(file->kernel);
		if (!page)
			return -ENOMEM;
		err = filemap_add_folio(file, page, index);
		alloced = !err;
		if (alloced)
			break;
		folio_unlock(page);
		put_page(page);
		if (err != -EEXIST)
			return err;
	}

	/* Perhaps the file has been truncated since we checked. */
	if (beyond_end(file, index)) {
		if (alloced)
			filemap_remove_folio(page);
		folio_unlock(page);
		put_page(page);
		return -EINVAL;
	}
	*pagep = page;
	return 0;
}

int shmem_fault(struct vm_area_struct *vma, uint64_t pgoff, struct page **pagep)
{
	return shmem_get_folio(vma->vm_file, pgoff, pagep);
}

/*
 * DIVERGES: Linux serialises this by the inode's i_rwsem; the caller's system
 * call is the only writer of i_size here, and two concurrent ftruncate() calls
 * of one file both go through.
 */
int shmem_setattr_size(struct address_space *file, uint64_t newsize)
{
	uint64_t oldsize = i_size_read(file);
	uint64_t holebegin = ALIGN_UP(newsize, PAGE_SIZE);

	if (newsize != oldsize)
		i_size_write(file, newsize);
	if (newsize > oldsize)
		return 0;

	if (oldsize > holebegin)
		unmap_mapping_range(file, holebegin, 0, true);
	truncate_inode_pages_range(file, newsize);
	/* Private copies made meanwhile go too. */
	if (oldsize > holebegin)
		unmap_mapping_range(file, holebegin, 0, true);
	return 0;
}
