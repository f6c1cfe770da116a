/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/sys.h"

#include "base/bug.h"
#include "mm/expand_stack.h"
#include "mm/gup.h"
#include "mm/madvise.h"
#include "mm/mm.h"
#include "mm/mman.h"
#include "mm/mmap_lock.h"
#include "mm/mmu_context.h"
#include "mm/mprotect.h"
#include "mm/mremap.h"
#include "mm/shmem.h"
#include "mm/uapi.h"
#include "mm/vma.h"

/* Linux v6.12 mm/util.c vm_mmap_pgoff() */
long do_sys_mmap(struct task *t, const struct mmap_request *req)
{
	struct mm_struct *mm = t->mm;
	uint64_t populate;
	long ret;

	/* No huge page sizes are configured: hstate_sizelog() finds none. */
	if (req->flags & MAP_HUGETLB)
		return -EINVAL;
	mmap_write_lock(mm);
	ret = do_mmap(mm, req, &populate);
	/* Linux v3.8 mm/mmap.c mmap_region(): make_pages_present() */
	if (populate && mm_opt(mm)->populate == POPULATE_LOCKED) {
		populate_range(mm, (vaddr_t)ret, (vaddr_t)ret + populate);
		populate = 0;
	}
	mmap_write_unlock(mm);
	if (populate)
		(void)mm_populate(mm, (vaddr_t)ret, populate);
	return ret;
}

/* Linux v6.12 mm/mmap.c __vm_munmap() */
long do_sys_munmap(struct task *t, vaddr_t addr, uint64_t len)
{
	struct mm_struct *mm = t->mm;
	int err;

	addr = untagged_addr(addr);
	mmap_write_lock(mm);
	err = do_munmap(mm, addr, len, true);
	if (err)
		mmap_write_unlock(mm);
	return err;
}

long do_sys_mprotect(struct task *t, vaddr_t addr, uint64_t len, uint64_t prot)
{
	return do_mprotect(t->mm, untagged_addr(addr), len, prot);
}

long do_sys_mremap(struct task *t, vaddr_t addr, uint64_t old_len,
                   uint64_t new_len, uint64_t flags, vaddr_t new_addr)
{
	/* Not @new_addr: Linux v5.6 dcde237319e6. */
	const struct mremap_request req = { .addr = untagged_addr(addr),
		                            .old_len = old_len,
		                            .new_len = new_len,
		                            .flags = flags,
		                            .new_addr = new_addr };

	return do_mremap(t->mm, &req);
}

/* Give back what lies between the new and the old break. Drops mmap_lock. */
static long brk_shrink(struct mm_struct *mm, vaddr_t brk, vaddr_t newbrk,
                       vaddr_t oldbrk)
{
	vaddr_t origbrk = mm->brk;

	if (!find_vma_intersection(mm, newbrk, oldbrk))
		goto out;
	/* Before the munmap: it drops the lock that protects mm->brk. */
	mm->brk = brk;
	if (!do_munmap(mm, newbrk, oldbrk - newbrk, true))
		return (long)brk;
	mm->brk = origbrk;
out:
	mmap_write_unlock(mm);
	return (long)origbrk;
}

/* May the heap grow to @newbrk? A page must stay free above it. */
static bool brk_may_grow(struct mm_struct *mm, vaddr_t oldbrk, vaddr_t newbrk)
{
	struct vm_area_struct *next;

	if (newbrk < oldbrk || IS_ERR_VALUE(get_unmapped_area(
				       mm, oldbrk, newbrk - oldbrk, MAP_FIXED)))
		return false;
	next = find_vma(mm, oldbrk);
	return !next || newbrk + PAGE_SIZE <= vm_start_gap(next);
}

/* Linux v6.12 mm/mmap.c brk() */
long do_sys_brk(struct task *t, vaddr_t brk)
{
	struct mm_struct *mm = t->mm;
	vaddr_t newbrk, oldbrk;
	bool populate = false;

	mmap_write_lock(mm);
	newbrk = ALIGN_UP(brk, PAGE_SIZE);
	oldbrk = ALIGN_UP(mm->brk, PAGE_SIZE);
	if (brk < mm->start_brk)
		goto out;
	if (oldbrk != newbrk) {
		if (brk <= mm->brk)
			return brk_shrink(mm, brk, newbrk, oldbrk);
		if (!brk_may_grow(mm, oldbrk, newbrk) ||
		    do_brk_flags(mm, oldbrk, newbrk - oldbrk))
			goto out;
		populate = mm->def_flags & VM_LOCKED;
	}
	mm->brk = brk;
	mmap_write_unlock(mm);
	if (populate)
		(void)mm_populate(mm, oldbrk, newbrk - oldbrk);
	return (long)brk;

out:
	brk = mm->brk;
	mmap_write_unlock(mm);
	return (long)brk;
}

long do_sys_madvise(struct task *t, vaddr_t addr, uint64_t len, int behavior)
{
	return do_madvise(t->mm, untagged_addr(addr), len, behavior);
}

/* Linux v6.12 kernel/sys.c prctl() */
long do_sys_prctl(struct task *t, const uint64_t args[5])
{
	const struct thread_ops *ops = mm_arch()->thread;

	if (args[2] || args[3] || args[4])
		return -EINVAL;
	switch ((int)args[0]) {
	case PR_SET_TAGGED_ADDR_CTRL:
		if (!ops->set_tagged_addr_ctrl)
			return -EINVAL;
		return ops->set_tagged_addr_ctrl(t, args[1]);
	case PR_GET_TAGGED_ADDR_CTRL:
		if (!ops->get_tagged_addr_ctrl || args[1])
			return -EINVAL;
		return ops->get_tagged_addr_ctrl(t);
	default:
		return -EINVAL;
	}
}

long do_sys_ftruncate(struct task *t, struct address_space *file,
                      uint64_t length_bytes)
{
	(void)t;
	if (length_bytes > INT64_MAX)
		return -EINVAL;
	return shmem_setattr_size(file, length_bytes);
}

/* Linux v6.12 kernel/exit.c exit_mm() */
void exit_mm(struct task *t)
{
	struct mm_struct *mm = t->mm;

	if (!mm)
		return;
	mmap_read_lock(mm);
	mmgrab(mm); /* as its lazy user */
	BUG_ON(t->active_mm != mm);
	local_irq_disable();
	t->mm = NULL;
	enter_lazy_tlb(mm, t);
	local_irq_enable();
	mmap_read_unlock(mm);
	mmput(mm);
}
