/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * madvise: Linux v6.12 mm/madvise.c.
 */
#ifndef MMULATOR_MM_MADVISE_H
#define MMULATOR_MM_MADVISE_H

#include "mm/mm_types.h"

/**
 * do_madvise - give advice about a range.
 * @start: first address
 * @len_in: bytes
 * @behavior: MADV_*
 *
 * Holes are skipped and make the result -ENOMEM once the rest is done; any
 * other error stops at the VMA that caused it.
 *
 * Context: takes mmap_lock, for reading where pages but not VMAs change.
 * Return: 0 or -errno.
 * Source: Linux v6.12 mm/madvise.c do_madvise()
 */
int do_madvise(struct mm_struct *mm, vaddr_t start, uint64_t len_in,
               int behavior);

#endif
