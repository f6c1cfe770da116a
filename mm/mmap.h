/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmap, munmap, brk and the end of an address space (Linux v6.12 mm/mmap.c,
 * mm/vma.c).  These perform: arguments were checked by mm/sys.c's callers or
 * are checked here with Linux's errno.
 */
#ifndef MMULATOR_MM_MMAP_H
#define MMULATOR_MM_MMAP_H

#include "mm/mm_types.h"

/* Arguments of mmap(2). */
struct mmap_request {
	vaddr_t addr; /* hint, or the place with MAP_FIXED */
	uint64_t len;
	uint64_t prot;              /* PROT_* */
	uint64_t flags;             /* MAP_* */
	struct address_space *file; /* NULL: anonymous */
	uint64_t pgoff;             /* offset in file, in pages */
	const char *name;           /* region name for reports, or NULL; must
	                             * outlive the run */
};

/**
 * do_mmap - create a mapping.
 * @req: arguments of mmap(2)
 * @populate: set to the number of bytes to populate once mmap_lock is
 *	dropped
 *
 * Context: mmap_lock held for writing.
 * Return: the address, or -errno.
 * Source: Linux v6.12 mm/mmap.c do_mmap()
 */
long do_mmap(struct mm_struct *mm, const struct mmap_request *req,
             uint64_t *populate);
/**
 * get_unmapped_area - a free place.
 * @addr: near it, if it is not 0
 * @len: bytes wanted
 * @flags: MAP_*
 *
 * Context: mmap_lock held.
 * Return: the address, or -errno.
 */
long get_unmapped_area(struct mm_struct *mm, vaddr_t addr, uint64_t len,
                       uint64_t flags);

/**
 * do_munmap - remove what lies in a range.
 * @start: first address
 * @len: bytes
 * @unlock: also release mmap_lock; page tables are then torn down with the
 *	lock downgraded to read
 *
 * Context: mmap_lock held for writing. On error, and without @unlock, it stays
 * so.
 * Return: 0 or -errno (-EINVAL, -ENOMEM).
 */
int do_munmap(struct mm_struct *mm, vaddr_t start, uint64_t len, bool unlock);

/**
 * do_brk_flags - map [@addr, @addr + @len) as heap.
 *
 * Context: mmap_lock for writing.
 * Return: 0 or -ENOMEM.
 */
int must_check do_brk_flags(struct mm_struct *mm, vaddr_t addr, uint64_t len);

/** exit_mmap - tear everything down; the last user is gone (mmput()). */
void exit_mmap(struct mm_struct *mm);

/** may_expand_vm - does the address-space limit allow @npages more? Return: it
 * does. */
bool may_expand_vm(const struct mm_struct *mm, uint64_t npages);
/** vm_stat_account - the size figures change by @npages. */
void vm_stat_account(struct mm_struct *mm, int64_t npages);

/**
 * mm_populate - fault pages in, as MAP_POPULATE does.
 * @start: first address
 * @len: bytes
 *
 * Context: takes mmap_lock for reading.
 * Return: 0 or -errno.
 * Source: Linux v6.12 mm/gup.c __mm_populate()
 */
int mm_populate(struct mm_struct *mm, vaddr_t start, uint64_t len);

#endif
