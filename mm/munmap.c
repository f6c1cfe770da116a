/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/munmap.h"

#include "base/bug.h"
#include "mm/expand_stack.h"
#include "mm/filemap.h"
#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/mmu_gather.h"
#include "mm/uapi.h"
#include "mm/vma.h"
#include "mm/zap.h"

/* Split off what lies below @start or above @end of the range's VMAs. */
static int vms_split_first(const struct vma_munmap *vms,
                           struct vm_area_struct *vma)
{
	if (vms->start <= vma->vm_start)
		return 0;
	/* The hole in the middle of one VMA makes two of it. */
	if (vms->end < vma->vm_end &&
	    vms->mm->map_count >= DEFAULT_MAX_MAP_COUNT)
		return -ENOMEM;
	return split_vma_nocount(vma, vms->start, true);
}

/* Linux v6.12 mm/vma.c vms_gather_munmap_vmas() */
int vms_gather_munmap_vmas(struct vma_munmap *vms)
{
	struct vm_area_struct *vma, **tail = &vms->vma;
	int err;

	mmap_assert_write_locked(vms->mm);
	vma = find_vma_intersection(vms->mm, vms->start, vms->end);
	if (!vma) {
		vms->next = find_vma_prev(vms->mm, vms->start, &vms->prev);
		return 0;
	}
	err = vms_split_first(vms, vma);
	if (err)
		return err;

	for_each_vma_range(vms->mm, vma, vms->start, vms->end)
	{
		if (vma->vm_end > vms->end) {
			err = split_vma_nocount(vma, vms->end, false);
			if (err)
				return err;
		}
		vma_start_write(vma);
		vma_mark_detached(vma);
		if (!vms->vma_count)
			vms->prev = vma_prev(vma);
		vms->next = vma_next(vma);
		vms->vma_count++;
		vms->nr_pages += vma_pages(vma);
		vma->unmap_next = NULL;
		*tail = vma;
		tail = &vma->unmap_next;
	}
	vms->unmap_start = vms->prev ? vms->prev->vm_end : 0;
	vms->unmap_end = vms->next ? vms->next->vm_start : 0;
	vms->clear_ptes = true;
	return 0;
}

/* Linux v6.12 mm/vma.c vms_clear_ptes(); free_pgtables()'s loop is here. */
static void vms_clear_ptes(struct vma_munmap *vms)
{
	struct vm_area_struct *vma;
	struct mmu_gather tlb;

	if (!vms->clear_ptes)
		return;
	tlb_gather_mmu(&tlb, vms->mm);
	for (vma = vms->vma; vma; vma = vma->unmap_next)
		unmap_vmas(&tlb, vma, vma->vm_start, vma->vm_end);
	for (vma = vms->vma; vma; vma = vma->unmap_next)
		free_pgtables(&tlb, vma, vms->unmap_start,
		              vma->unmap_next ? vma->unmap_next->vm_start
		                              : vms->unmap_end);
	tlb_finish_mmu(&tlb);
	vms->clear_ptes = false;
}

void vms_clean_up_area(struct vma_munmap *vms)
{
	if (vms->nr_pages)
		vms_clear_ptes(vms);
}

/*
 * Linux v6.12 mm/vma.c vms_complete_munmap_vmas().  Once the lock is
 * downgraded, page faults elsewhere in the mm run beside the teardown; nobody
 * can find the VMAs of the run any more.  What a fault may do is to grow a
 * stack over the hole; if it does so under mmap_lock for reading, the run's
 * limits for free_pgtables() no longer hold: then the lock must not be
 * downgraded.
 */
void vms_complete_munmap_vmas(struct vma_munmap *vms)
{
	struct mm_struct *mm = vms->mm;
	struct vm_area_struct *vma, *next;
	bool downgrade = vms->unlock && !stack_is_next(mm, vms->next);

	mm->map_count -= vms->vma_count;
	if (downgrade)
		mmap_write_downgrade(mm);
	if (vms->nr_pages) {
		vms_clear_ptes(vms);
		vm_stat_account(mm, -(int64_t)vms->nr_pages);
	}
	for (vma = vms->vma; vma; vma = next) {
		next = vma->unmap_next;
		remove_vma(vma, false);
	}
	if (downgrade)
		mmap_read_unlock(mm);
	else if (vms->unlock)
		mmap_write_unlock(mm);
}

/*
 * Linux v6.12 mm/vma.c vms_abort_munmap_vmas(): if pages and rmap are gone
 * already, the VMAs cannot be brought back, a hole stays.
 *
 * DIVERGES: Linux allocates for that hole without failing; here, without
 * memory, the VMAs stay, emptied.
 */
void vms_abort_munmap_vmas(struct vma_munmap *vms)
{
	struct mm_struct *mm = vms->mm;
	struct vma_store store;

	if (!vms->nr_pages || vms->clear_ptes)
		return;
	if (!vma_tree_prepare(mm->kernel->machine, mm->mm_mt, &store,
	                      vms->start, vms->end, NULL)) {
		vma_tree_commit(&store, "vma_iter_clear");
		vms_complete_munmap_vmas(vms);
		return;
	}
	for (struct vm_area_struct *vma = vms->vma; vma;
	     vma = vma->unmap_next) {
		vma->detached = false;
		vma_link_file(vma);
	}
}

/* Linux v6.12 mm/vma.c do_vmi_align_munmap() */
static int do_align_munmap(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                           bool unlock)
{
	struct vma_munmap vms = {
		.mm = mm, .start = start, .end = end, .unlock = unlock
	};
	struct vma_store store;
	int err = vms_gather_munmap_vmas(&vms);

	if (err)
		return err;
	if (vma_tree_prepare(mm->kernel->machine, mm->mm_mt, &store, start, end,
	                     NULL))
		return -ENOMEM;

	/* Point of no return. */
	vma_tree_commit(&store, "vma_iter_clear");
	vms_complete_munmap_vmas(&vms);
	return 0;
}

/* Linux v6.12 mm/vma.c do_vmi_munmap() */
int do_munmap(struct mm_struct *mm, vaddr_t start, uint64_t len, bool unlock)
{
	vaddr_t end;

	if ((start & ~PAGE_MASK) || start > task_size() ||
	    len > task_size() - start)
		return -EINVAL;
	end = start + ALIGN_UP(len, PAGE_SIZE);
	if (end == start)
		return -EINVAL;

	if (!find_vma_intersection(mm, start, end)) {
		if (unlock)
			mmap_write_unlock(mm);
		return 0;
	}
	return do_align_munmap(mm, start, end, unlock);
}

/* Everything of a dead mm goes, in one gather. */
static void exit_mmap_vmas(struct mm_struct *mm)
{
	struct vm_area_struct *first = find_vma(mm, 0), *vma, *next;
	struct mmu_gather tlb;
	unsigned count = 0;

	tlb_gather_mmu_fullmm(&tlb, mm);
	for_each_vma(mm, vma)
		unmap_vmas(&tlb, vma, vma->vm_start, vma->vm_end);
	mmap_read_unlock(mm);

	mmap_write_lock(mm);
	mm->mm_mt->in_rcu = false;
	for (vma = first; vma; vma = next) {
		next = vma_next(vma);
		vma_start_write(vma);
		free_pgtables(&tlb, vma, 0, next ? next->vm_start : 0);
	}
	tlb_finish_mmu(&tlb);

	for (vma = first; vma; vma = next) {
		next = vma_next(vma);
		remove_vma(vma, true);
		count++;
		cond_resched();
	}
	BUG_ON(count != mm->map_count);
}

/* Linux v6.12 mm/mmap.c exit_mmap() */
void exit_mmap(struct mm_struct *mm)
{
	mmap_read_lock(mm);
	if (find_vma(mm, 0)) {
		exit_mmap_vmas(mm);
	} else {
		mmap_read_unlock(mm);
		mmap_write_lock(mm);
	}
	vma_tree_clear(mm->kernel->machine, mm->mm_mt);
	mm->map_count = 0;
	mm->total_vm = 0;
	mmap_write_unlock(mm);
}
