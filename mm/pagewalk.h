/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a range of page tables down to the PMD entries: the nested loops
 * that mprotect, fork and others share (Linux v6.12 mm/pagewalk.c).
 *
 * Upper levels are read once for each table, each read a step; what lies under
 * an empty upper entry is skipped.
 */
#ifndef MMULATOR_MM_PAGEWALK_H
#define MMULATOR_MM_PAGEWALK_H

#include "mm/mm_types.h"

/**
 * walk_pmd_entries - visit the PMD entries of a range.
 * @addr: first address
 * @end: first address beyond
 * @fn: gets each entry of every PMD table, empty or not, with the part of
 *	the range it spans; not 0 ends the walk
 * @arg: handed on to @fn
 *
 * Context: mmap_lock held, in any mode.
 * Return: 0, or what @fn returned.
 */
int walk_pmd_entries(struct mm_struct *mm, vaddr_t addr, vaddr_t end,
                     int (*fn)(pmd_t *pmd, vaddr_t addr, vaddr_t next,
                               void *arg),
                     void *arg);

#endif
