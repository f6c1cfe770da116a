/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mremap: Linux v6.12 mm/mremap.c.  mremap.c decides what to do with VMAs,
 * move_tables.c moves the entries.
 *
 * A moved entry is stale in the TLBs under its old address.  Whoever finds the
 * page through its new entry (truncate, reclaim) flushes only the new address
 * before it frees the page; so the old one must be flushed before the lock of
 * either table is dropped (option mremap_flush, CVE-2018-18281).
 */
#ifndef MMULATOR_MM_MREMAP_H
#define MMULATOR_MM_MREMAP_H

#include "mm/mm_types.h"

/* Arguments of mremap(2). */
struct mremap_request {
	vaddr_t addr;
	uint64_t old_len, new_len;
	uint64_t flags; /* MREMAP_* */
	vaddr_t new_addr;
};

/**
 * do_mremap - mremap(2).
 * @req: its arguments
 *
 * Context: takes mmap_lock for writing.
 * Return: the new address, or -errno.
 */
long do_mremap(struct mm_struct *mm, const struct mremap_request *req);

/* A move of page tables: @len bytes from old_addr in vma to new_addr. */
struct table_move {
	struct vm_area_struct *vma;
	vaddr_t old_addr;
	struct vm_area_struct *new_vma;
	vaddr_t new_addr;
	uint64_t len;
	bool need_rmap_locks;
};

/**
 * move_page_tables - move entries, whole tables where they fit.
 *
 * Context: mmap_lock held for writing; nothing is mapped at the destination.
 * Return: bytes moved; less than @move->len if memory for tables ran out.
 */
uint64_t move_page_tables(const struct table_move *move);

#endif
