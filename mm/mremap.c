/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/mremap.h"

#include "base/bug.h"
#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/rmap.h"
#include "mm/uapi.h"
#include "mm/vma.h"

/* A call in progress; lengths are whole pages. */
struct mremap {
	struct mm_struct *mm;
	vaddr_t addr;
	uint64_t old_len, new_len;
	uint64_t flags;
	vaddr_t new_addr;
	bool locked; /* fault the new part in afterwards (VM_LOCKED) */
};

/* Linux v6.12 mm/mremap.c vma_to_resize(). NULL: *@err says why. */
static struct vm_area_struct *vma_to_resize(const struct mremap *mr, long *err)
{
	struct vm_area_struct *vma = vma_lookup(mr->mm, mr->addr);
	uint64_t pgoff;

	*err = -EFAULT;
	if (!vma)
		return NULL;
	/* Old length 0 duplicates a mapping: only shared ones can. */
	*err = -EINVAL;
	if (!mr->old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return NULL;
	*err = -EFAULT;
	if (mr->old_len > vma->vm_end - mr->addr)
		return NULL;
	if (mr->new_len == mr->old_len)
		return vma;

	*err = -EINVAL;
	pgoff = ((mr->addr - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff;
	if (pgoff + (mr->new_len >> PAGE_SHIFT) < pgoff)
		return NULL;
	*err = -EFAULT;
	if (vma->vm_flags & VM_DONTEXPAND)
		return NULL;
	*err = -ENOMEM;
	if (mr->new_len > mr->old_len &&
	    !may_expand_vm(mr->mm, (mr->new_len - mr->old_len) >> PAGE_SHIFT))
		return NULL;
	return vma;
}

/*
 * MREMAP_DONTUNMAP: the old VMA stays, without pages. If it moved whole, it is
 * as if it had never been touched.
 */
static void vma_emptied(const struct mremap *mr, struct vm_area_struct *vma)
{
	vma->vm_flags &= ~VM_LOCKED;
	if (vma->vm_start != mr->addr || vma->vm_end != mr->addr + mr->old_len)
		return;
	unlink_anon_vmas(vma);
	vma->anon_vma_forked = false;
	if (!vma->vm_file)
		vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
}

/* Linux v6.12 mm/mremap.c move_vma() */
static long move_vma(struct mremap *mr, struct vm_area_struct *vma)
{
	struct mm_struct *mm = mr->mm;
	bool keep = mr->flags & MREMAP_DONTUNMAP;
	struct table_move move = { .old_addr = mr->addr,
		                   .new_addr = mr->new_addr,
		                   .len = mr->old_len };
	uint64_t locked = vma->vm_flags & VM_LOCKED, moved;

	/* The munmap below may split one VMA in three. */
	if (mm->map_count >= DEFAULT_MAX_MAP_COUNT - 3)
		return -ENOMEM;
	vma_start_write(vma);
	move.new_vma = copy_vma(
		&vma, mr->new_addr, mr->new_len,
		vma->vm_pgoff + ((mr->addr - vma->vm_start) >> PAGE_SHIFT),
		keep, &move.need_rmap_locks);
	if (!move.new_vma)
		return -ENOMEM;
	move.vma = vma;
	moved = move_page_tables(&move);
	vm_stat_account(mm, (int64_t)(mr->new_len >> PAGE_SHIFT));
	if (moved < mr->old_len) {
		/* Move back, which cannot fail as the tables are there. */
		move = (struct table_move){ .vma = move.new_vma,
			                    .old_addr = mr->new_addr,
			                    .new_vma = vma,
			                    .new_addr = mr->addr,
			                    .len = moved,
			                    .need_rmap_locks = true };
		(void)move_page_tables(&move);
		(void)do_munmap(mm, mr->new_addr, mr->new_len, false);
		return -ENOMEM;
	}
	if (keep) {
		vma_emptied(mr, vma);
		return (long)mr->new_addr;
	}
	/* Without memory to split, the old part stays, empty. */
	if (mr->old_len)
		(void)do_munmap(mm, mr->addr, mr->old_len, false);
	mr->locked = locked;
	return (long)mr->new_addr;
}

static uint64_t mremap_map_flags(const struct vm_area_struct *vma)
{
	/* A file of its own alignment wishes none of ours has. */
	return vma->vm_file                    ? 0
	       : (vma->vm_flags & VM_MAYSHARE) ? MAP_SHARED
	                                       : 0;
}

/* Linux v6.12 mm/mremap.c mremap_to(): MREMAP_FIXED and MREMAP_DONTUNMAP */
static long mremap_to(struct mremap *mr)
{
	struct vm_area_struct *vma;
	long ret;

	if ((mr->new_addr & ~PAGE_MASK) || mr->new_len > task_size() ||
	    mr->new_addr > task_size() - mr->new_len)
		return -EINVAL;
	if (mr->addr + mr->old_len > mr->new_addr &&
	    mr->new_addr + mr->new_len > mr->addr)
		return -EINVAL;
	if (mr->mm->map_count + 2 >= DEFAULT_MAX_MAP_COUNT - 3)
		return -ENOMEM;

	if (mr->flags & MREMAP_FIXED) {
		ret = do_munmap(mr->mm, mr->new_addr, mr->new_len, false);
		if (ret)
			return ret;
	}
	if (mr->old_len > mr->new_len) {
		ret = do_munmap(mr->mm, mr->addr + mr->new_len,
		                mr->old_len - mr->new_len, false);
		if (ret)
			return ret;
		mr->old_len = mr->new_len;
	}
	vma = vma_to_resize(mr, &ret);
	if (!vma)
		return ret;
	if ((mr->flags & MREMAP_DONTUNMAP) &&
	    !may_expand_vm(mr->mm, mr->old_len >> PAGE_SHIFT))
		return -ENOMEM;
	ret = get_unmapped_area(
		mr->mm, mr->new_addr, mr->new_len,
		mremap_map_flags(vma) |
			(mr->flags & MREMAP_FIXED ? MAP_FIXED : 0));
	if (IS_ERR_VALUE(ret))
		return ret;
	mr->new_addr = (vaddr_t)ret;
	return move_vma(mr, vma);
}

/* Linux v6.12 mm/mremap.c vma_expandable() */
static bool vma_expandable(struct vm_area_struct *vma, uint64_t delta)
{
	vaddr_t end = vma->vm_end + delta;

	return end >= vma->vm_end &&
	       !find_vma_intersection(vma->vm_mm, vma->vm_end, end) &&
	       !IS_ERR_VALUE(get_unmapped_area(vma->vm_mm, vma->vm_start,
	                                       end - vma->vm_start, MAP_FIXED));
}

/* In place if what follows is free, else somewhere else. */
static long mremap_grow(struct mremap *mr)
{
	uint64_t delta = mr->new_len - mr->old_len;
	struct vm_area_struct *vma;
	long ret;

	vma = vma_to_resize(mr, &ret);
	if (!vma)
		return ret;
	if (mr->old_len == vma->vm_end - mr->addr &&
	    vma_expandable(vma, delta)) {
		vma = vma_merge_extend(vma, delta);
		if (!vma)
			return -ENOMEM;
		vm_stat_account(mr->mm, (int64_t)(delta >> PAGE_SHIFT));
		mr->locked = vma->vm_flags & VM_LOCKED;
		mr->new_addr = mr->addr;
		return (long)mr->addr;
	}
	if (!(mr->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	ret = get_unmapped_area(mr->mm, 0, mr->new_len, mremap_map_flags(vma));
	if (IS_ERR_VALUE(ret))
		return ret;
	mr->new_addr = (vaddr_t)ret;
	return move_vma(mr, vma);
}

static bool mremap_valid(const struct mremap_request *req)
{
	const uint64_t flags = req->flags;

	if (flags &
	    ~(uint64_t)(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return false;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    !(flags & MREMAP_MAYMOVE))
		return false;
	/* DONTUNMAP cannot resize. */
	if ((flags & MREMAP_DONTUNMAP) && req->old_len != req->new_len)
		return false;
	return !(req->addr & ~PAGE_MASK) &&
	       ALIGN_UP(req->new_len, PAGE_SIZE) != 0;
}

/* Shrinking only unmaps. Releases mmap_lock if it succeeds. */
static long mremap_shrink(const struct mremap *mr, bool *unlocked)
{
	int err = do_munmap(mr->mm, mr->addr + mr->new_len,
	                    mr->old_len - mr->new_len, true);

	*unlocked = !err;
	return err ? err : (long)mr->addr;
}

/* Linux v6.12 mm/mremap.c mremap() */
long do_mremap(struct mm_struct *mm, const struct mremap_request *req)
{
	struct mremap mr = { .mm = mm,
		             .addr = req->addr,
		             .old_len = ALIGN_UP(req->old_len, PAGE_SIZE),
		             .new_len = ALIGN_UP(req->new_len, PAGE_SIZE),
		             .flags = req->flags,
		             .new_addr = req->new_addr };
	uint64_t old_len = mr.old_len;
	bool unlocked = false;
	long ret;

	if (!mremap_valid(req))
		return -EINVAL;
	mmap_write_lock(mm);
	if (!vma_lookup(mm, mr.addr))
		ret = -EFAULT;
	else if (mr.flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		ret = mremap_to(&mr);
	else if (mr.old_len == mr.new_len)
		ret = (long)mr.addr;
	else if (mr.old_len > mr.new_len)
		ret = mremap_shrink(&mr, &unlocked);
	else
		ret = mremap_grow(&mr);
	if (unlocked)
		return ret;
	mmap_write_unlock(mm);
	if (mr.locked && mr.new_len > old_len)
		(void)mm_populate(mm, mr.new_addr + old_len,
		                  mr.new_len - old_len);
	return ret;
}
