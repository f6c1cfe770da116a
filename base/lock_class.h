/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kinds of lock there are, and what an agent holds.  The order between the
 * classes is in docs/LOCKING.md and enforced by base/lockdep.h.
 */
#ifndef MMULATOR_BASE_LOCK_CLASS_H
#define MMULATOR_BASE_LOCK_CLASS_H

enum lock_mode {
	LOCK_EXCLUSIVE,
	LOCK_SHARED
};

enum lock_class {
	LOCK_CLASS_NONE,
	LOCK_MMAP,       /* mm->mmap_lock */
	LOCK_VMA,        /* vma->vm_lock */
	LOCK_I_MMAP,     /* mapping->i_mmap_rwsem */
	LOCK_ANON_VMA,   /* anon_vma->rwsem */
	LOCK_PAGE_TABLE, /* mm->page_table_lock */
	LOCK_PMD,        /* split lock of a PMD table */
	LOCK_PTE,        /* split lock of a PTE table */
	LOCK_FOLIO,      /* folio_lock() */
	LOCK_LRU,        /* lruvec and the like */
	LOCK_ASID,       /* arm64: cpu_asid_lock */
	LOCK_TEST_A,     /* scenarios and tests, A to H */
	LOCK_TEST_B,
	LOCK_TEST_H = LOCK_TEST_A + 7,
	LOCK_CLASS_COUNT
};

/* What the steps on a lock of a scenario are called. */
struct lock_labels {
	const char *lock; /* "lock L": reports call it so, too */
	const char *trylock, *unlock;
	const char *down_read, *up_read, *down_write, *up_write;
};

#define LOCKDEP_HELD_MAX 48 /* MAX_LOCK_DEPTH of include/linux/sched.h */
struct lockdep_held {
	const void *lock;
	const char *name;
	enum lock_class class;
	enum lock_mode mode;
};

#endif
