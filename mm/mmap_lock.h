/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mm->mmap_lock by Linux's names (include/linux/mmap_lock.h).  Each is a step
 * with the function's name as its label, so schedules can name it.
 */
#ifndef MMULATOR_MM_MMAP_LOCK_H
#define MMULATOR_MM_MMAP_LOCK_H

#include "mm/vma_lock.h"

static inline void mmap_init_lock(struct mm_struct *mm)
{
	init_rwsem(&mm->mmap_lock, LOCK_MMAP);
}
static inline void mmap_write_lock(struct mm_struct *mm)
{
	down_write_label(&mm->mmap_lock, "mmap_write_lock");
}
static inline bool must_check mmap_write_trylock(struct mm_struct *mm)
{
	return down_write_trylock_label(&mm->mmap_lock, "mmap_write_trylock");
}
static inline void mmap_write_unlock(struct mm_struct *mm)
{
	vma_end_write_all(mm);
	up_write_label(&mm->mmap_lock, "mmap_write_unlock");
}
static inline void mmap_write_downgrade(struct mm_struct *mm)
{
	vma_end_write_all(mm);
	downgrade_write_label(&mm->mmap_lock, "mmap_write_downgrade");
}
static inline void mmap_read_lock(struct mm_struct *mm)
{
	down_read_label(&mm->mmap_lock, "mmap_read_lock");
}
static inline bool must_check mmap_read_trylock(struct mm_struct *mm)
{
	return down_read_trylock_label(&mm->mmap_lock, "mmap_read_trylock");
}
static inline void mmap_read_unlock(struct mm_struct *mm)
{
	up_read_label(&mm->mmap_lock, "mmap_read_unlock");
}

/** mmap_assert_locked - EV_RULE unless the caller holds it in any mode. */
static inline void mmap_assert_locked(const struct mm_struct *mm)
{
	lockdep_assert_held(&mm->mmap_lock, "mmap_lock must be held");
}
static inline void mmap_assert_write_locked(const struct mm_struct *mm)
{
	lockdep_assert_held_write(&mm->mmap_lock,
	                          "mmap_lock must be held for writing");
}

#endif
