/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared memory files: what memfd_create() and shared anonymous mappings are
 * made of.  Their pages live in the page cache (mm/filemap.h) and nowhere
 * else; there is no swap.
 *
 * Linux v6.12 mm/shmem.c.
 */
#ifndef MMULATOR_MM_SHMEM_H
#define MMULATOR_MM_SHMEM_H

#include "mm/filemap.h"

/**
 * shmem_file_setup - a new file, on kernel->files, with one reference.
 * @name: for reports; copied
 * @size: bytes
 *
 * Not a step: nobody knows it yet.
 * Return: the file, or NULL if the arena is exhausted.
 */
struct address_space *shmem_file_setup(struct kernel *k, const char *name,
                                       uint64_t size);
/** get_file - one more reference to the file. A step. */
void get_file(struct address_space *file);
/**
 * fput - drop a reference; the last one truncates and frees the file. A step.
 */
void fput(struct address_space *file);
/**
 * shmem_find_file - a file by its name. No step.
 * @name: as shmem_file_setup() got it
 *
 * Return: it; NULL if there is none.
 */
struct address_space *shmem_find_file(const struct kernel *k, const char *name);

/**
 * shmem_get_folio - the page at @index, allocated (zeroed) if absent.
 * @pagep: result: locked, with a reference for the caller
 *
 * Return: 0; -EINVAL beyond i_size; -ENOMEM.
 */
int shmem_get_folio(struct address_space *file, uint64_t index,
                    struct page **pagep);

/**
 * shmem_fault - the vm_ops->fault of a shmem VMA.
 * @pgoff: page offset in the file
 * @pagep: result: locked, with a reference
 *
 * Linux v6.12 mm/shmem.c shmem_fault().
 * Return: 0 (VM_FAULT_LOCKED); -EINVAL (VM_FAULT_SIGBUS); -ENOMEM
 * (VM_FAULT_OOM).
 */
int shmem_fault(struct vm_area_struct *vma, uint64_t pgoff,
                struct page **pagep);

/**
 * shmem_setattr_size - ftruncate(): set the size, give up pages beyond it.
 * @newsize: bytes
 *
 * i_size_write, unmap_mapping_range from the new end, truncate_inode_pages,
 * unmap_mapping_range again.
 *
 * Return: 0.
 * Source: Linux v6.12 mm/shmem.c shmem_setattr()
 */
int shmem_setattr_size(struct address_space *file, uint64_t newsize);

/**
 * generic_perform_write - write(): user memory into the file's pages.
 * @pos: in the file, bytes
 * @from: user address in the current mm
 *
 * DIVERGES: a file does not grow by it.
 *
 * Context: a task, no locks; machine_ops.copy_from_user. Linux v6.12
 * mm/filemap.c. Return: bytes written, @count unless something ended it; else
 * -EFAULT, -EFBIG (beyond the end), -ENOMEM.
 */
long generic_perform_write(struct address_space *file, uint64_t pos,
                           vaddr_t from, uint64_t count);
/**
 * shmem_file_read - read(): the file's bytes; holes are zero.
 * @pos: from here on
 * @to: at least @count bytes
 * @count: bytes
 *
 * Takes no lock: a page is read as it is at that moment.
 *
 * Return: bytes read, 0 at the end.
 * Source: Linux v6.12 mm/shmem.c shmem_file_read_iter()
 */
uint64_t shmem_file_read(struct address_space *file, uint64_t pos, void *to,
                         uint64_t count);

#endif
