/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * khugepaged: Linux v6.12 mm/khugepaged.c, as far as a scenario starts it.
 */
#ifndef MMULATOR_MM_KHUGEPAGED_H
#define MMULATOR_MM_KHUGEPAGED_H

#include "mm/mm_types.h"

/**
 * khugepaged_collapse - replace the PTEs of the 2 MiB around @addr by one huge
 * page (hpage_collapse_scan_pmd() + collapse_huge_page()).
 *
 * Context: a kernel thread or system call; takes mmap_lock for writing.
 * Return: 0; -EINVAL no suitable VMA, -EAGAIN the range is not collapsible,
 * -ENOMEM.
 */
int khugepaged_collapse(struct mm_struct *mm, vaddr_t addr);

/**
 * khugepaged_retract - take the PTE table of a shared mapping around @addr
 * away, if it is empty (retract_page_tables()).
 *
 * Context: takes mmap_lock for reading and i_mmap_rwsem.
 * Return: 0 if it was freed; -EINVAL, -EAGAIN.
 */
int khugepaged_retract(struct mm_struct *mm, vaddr_t addr);

#endif
