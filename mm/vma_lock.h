/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-VMA locks: page faults without mmap_lock (option vma_lock).
 *
 * A fault takes its VMA's lock for reading. Who changes a VMA, or the page
 * tables under it in a way faults must not see, holds mmap_lock for writing and
 * marks the VMA: vm_lock_seq = mm_lock_seq. Nobody takes the lock of a marked
 * VMA for reading; all marks end at once when mm_lock_seq moves on, as
 * mmap_lock is released or downgraded. The lock itself is only held to wait for
 * readers.
 *
 * With the option off none of this takes a step.
 *
 * Linux v6.12 include/linux/mm.h, mm/memory.c lock_vma_under_rcu().
 */
#ifndef MMULATOR_MM_VMA_LOCK_H
#define MMULATOR_MM_VMA_LOCK_H

#include "mm/mm_types.h"

/** vma_locks_on - does @mm's kernel have per-VMA locks? No step. */
static inline bool vma_locks_on(const struct mm_struct *mm)
{
	return mm_opt(mm)->vma_lock != VMA_LOCK_OFF;
}

/** vma_lock_init - of a VMA nobody else knows. No step. */
void vma_lock_init(struct vm_area_struct *vma);

/**
 * lock_vma_under_rcu - the VMA of @addr, locked for reading.
 *
 * Finds it without a lock, locks it, and looks again whether it is still in the
 * tree and still contains @addr.
 * Context: none needed; leaves no RCU section. Steps, never sleeps.
 * Return: the VMA, to be released with vma_end_read(); NULL: there is none, it
 * is being changed, or it has just been: take mmap_lock.
 */
struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm, vaddr_t addr);
/** vma_end_read - release it; it may be freed from then on. Steps. */
void vma_end_read(struct vm_area_struct *vma);

/**
 * vma_start_write - keep faults out of @vma until mmap_lock is released.
 *
 * Waits for those that are in it. Nothing if it is marked already.
 * Context: mmap_lock held for writing. Steps, sleeps.
 */
void vma_start_write(struct vm_area_struct *vma);
/** vma_mark_detached - @vma has left the tree. Context: marked. No step: who
 * could look is kept out. */
void vma_mark_detached(struct vm_area_struct *vma);
/** vma_end_write_all - every mark of @mm ends. A step. Context: mmap_lock held
 * for writing. */
void vma_end_write_all(struct mm_struct *mm);
/** vma_assert_locked - EV_RULE unless the caller has the VMA's lock. */
void vma_assert_locked(const struct vm_area_struct *vma);

#endif
