/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of an mm_struct, after Linux v6.12 kernel/fork.c.
 *
 * Two counts: mm_users counts who may use the address space (tasks, mmget());
 * when it drops to zero the mappings go (exit_mmap()).  mm_count keeps the
 * structure and the top table: all mm_users together count as one, and each
 * CPU that runs lazily on the mm, or has it loaded, counts for itself.
 *
 * Not here: VMAs (mm/vma.h), faults (mm/memory.h).
 */
#ifndef MMULATOR_MM_MM_H
#define MMULATOR_MM_MM_H

#include "mm/mm_types.h"

/**
 * mm_alloc - a new, empty address space.
 * @k: the kernel
 * @name: the process's name, for reports; copied
 *
 * Emits EV_MM_NEW. Not a step: nobody else knows it yet.
 * Return: the mm with mm_users == mm_count == 1; NULL if memory is out.
 */
struct mm_struct *mm_alloc(struct kernel *k, const char *name);

/** mm_alloc_child - mm_alloc() for a child of @parent, which EV_MM_NEW names.
 * Return: as mm_alloc(). */
struct mm_struct *mm_alloc_child(struct mm_struct *parent);

/** mmgrab - hold the structure. A step. */
void mmgrab(struct mm_struct *mm);
/**
 * mmdrop - let the structure go; the last holder frees it with its top table
 * (EV_MM_FREE). A step.
 */
void mmdrop(struct mm_struct *mm);

/** mmget - hold the mappings; the caller knows that somebody does. A step. */
void mmget(struct mm_struct *mm);
/** mmget_not_zero - hold the mappings unless they are going. A step. Return:
 * false if they are. */
bool must_check mmget_not_zero(struct mm_struct *mm);
/**
 * mmput - let the mappings go; the last one runs exit_mmap(). A step.
 *
 * Context: may sleep; no spinlock held.
 */
void mmput(struct mm_struct *mm);

/**
 * find_mm - the live mm of an id. Not a step.
 * @id: of EV_MM_NEW
 *
 * Return: it, NULL if there is none.
 */
struct mm_struct *find_mm(const struct kernel *k, unsigned id);

/**
 * for_each_mm - visit every live mm but init_mm, oldest first.
 *
 * For reports, checks and daemons; the list changes in mm_alloc() and the last
 * mmdrop().
 */
#define for_each_mm(k, mm) for ((mm) = (k)->mms; (mm); (mm) = (mm)->next)

/** get_mm_rss - resident pages; for reports, not a step. Return: how many. */
uint64_t get_mm_rss(const struct mm_struct *mm);

#endif
