/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faulting user pages in from inside the kernel: the part of Linux v6.12
 * mm/gup.c behind MAP_POPULATE and MADV_POPULATE_*.
 */
#ifndef MMULATOR_MM_GUP_H
#define MMULATOR_MM_GUP_H

#include "mm/mm_types.h"

/**
 * populate_vma_page_range - make every page of [start, end) present.
 * @vma: contains the range
 * @write: writable as well
 *
 * Context: mmap_lock held for reading. Return: 0; -EFAULT, -ENOMEM.
 */
int populate_vma_page_range(struct vm_area_struct *vma, vaddr_t start,
                            vaddr_t end, bool write);

/**
 * faultin_page_range - likewise for a range of @mm (MADV_POPULATE_*).
 *
 * Context: mmap_lock held for reading. Return: 0; -ENOMEM for a hole or no
 * memory, -EINVAL if a VMA does not allow the access, -EFAULT for a page that
 * cannot be had.
 */
int faultin_page_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                       bool write);

#endif
