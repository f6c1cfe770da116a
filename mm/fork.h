/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying an address space: Linux v6.12 kernel/fork.c dup_mmap() and
 * mm/memory.c copy_page_range().
 *
 * Private pages are shared read-only by both sides; the parent's entries are
 * write-protected one by one and its TLBs flushed once at the end, with both
 * mmap_locks held for writing.
 */
#ifndef MMULATOR_MM_FORK_H
#define MMULATOR_MM_FORK_H

#include "mm/mm_types.h"

/** dup_mmap - fill the new @mm with what @oldmm has. Return: 0, -ENOMEM: @mm
 * is then incomplete but can be ended with mmput(). */
int must_check dup_mmap(struct mm_struct *mm, struct mm_struct *oldmm);

/**
 * copy_page_range - copy the entries of one VMA.
 * @dst_vma: the child's, with no entries
 * @src_vma: the parent's
 *
 * Context: both mmap_locks held for writing. Steps.
 * Return: 0, -ENOMEM.
 * Source: Linux v6.12 mm/memory.c copy_page_range()
 */
int must_check copy_page_range(struct vm_area_struct *dst_vma,
                               struct vm_area_struct *src_vma);

#endif
