/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/vma_lock.h"

#include "base/rcu.h"
#include "mm/vma.h"
#include "mm/vma_tree.h"

void vma_lock_init(struct vm_area_struct *vma)
{
	init_rwsem(&vma->vm_lock, LOCK_VMA);
	vma->vm_lock_seq = UINT32_MAX;
	vma->detached = false;
}

static bool is_marked(struct vm_area_struct *vma)
{
	uint32_t seq = READ_ONCE_AT(vma->vm_lock_seq, "read vm_lock_seq",
	                            vma->vm_start);

	return seq == READ_ONCE_AT(vma->vm_mm->mm_lock_seq, "read mm_lock_seq",
	                           vma->vm_mm->id);
}

/*
 * Linux v6.12 include/linux/mm.h vma_start_read(). The first look only saves
 * the lock; the second, with the lock held, decides: a writer that comes later
 * waits for it.
 */
static bool vma_start_read(struct vm_area_struct *vma)
{
	if (is_marked(vma))
		return false;
	if (!down_read_trylock_label(&vma->vm_lock, "vma_start_read"))
		return false;
	if (!is_marked(vma))
		return true;
	up_read_label(&vma->vm_lock, "vma_end_read");
	return false;
}

struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm, vaddr_t addr)
{
	struct machine *m = mm->kernel->machine;
	struct vm_area_struct *vma;

	rcu_read_lock();
	for (;;) {
		vma = vma_tree_walk_rcu(m, mm->mm_mt, addr);
		if (!vma || !vma_start_read(vma))
			goto inval;
		if (!vma->detached)
			break;
		/* Another one took its place. */
		up_read_label(&vma->vm_lock, "vma_end_read");
	}
	/* Its borders may have moved before it was locked. */
	if (addr >= vma->vm_start && addr < vma->vm_end) {
		rcu_read_unlock();
		return vma;
	}
	up_read_label(&vma->vm_lock, "vma_end_read");
inval:
	rcu_read_unlock();
	return NULL;
}

void vma_end_read(struct vm_area_struct *vma)
{
	rcu_read_lock(); /* it lives until the release is complete */
	up_read_label(&vma->vm_lock, "vma_end_read");
	rcu_read_unlock();
}

void vma_start_write(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;

	if (!vma_locks_on(mm))
		return;
	lockdep_assert_held_write(&mm->mmap_lock,
	                          "vma_start_write() needs mmap_lock");
	/* Both change under mmap_lock only. */
	if (vma->vm_lock_seq == mm->mm_lock_seq)
		return;
	down_write_label(&vma->vm_lock, "vma_start_write");
	WRITE_ONCE_AT(vma->vm_lock_seq, mm->mm_lock_seq, "write vm_lock_seq",
	              vma->vm_start);
	up_write_label(&vma->vm_lock, "vma_start_write done");
}

void vma_mark_detached(struct vm_area_struct *vma)
{
	vma->detached = true;
}

void vma_end_write_all(struct mm_struct *mm)
{
	if (vma_locks_on(mm))
		WRITE_ONCE_AT(mm->mm_lock_seq, mm->mm_lock_seq + 1,
		              "vma_end_write_all", mm->id);
}

void vma_assert_locked(const struct vm_area_struct *vma)
{
	lockdep_assert_held(&vma->vm_lock, "the VMA's lock must be held");
}
