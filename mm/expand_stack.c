/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/expand_stack.h"

#include <errno.h>

#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/rmap.h"
#include "mm/uapi.h"
#include "mm/vma.h"

static bool grows_under_write_lock(const struct mm_struct *mm)
{
	return mm_opt(mm)->stack_expand == STACK_EXPAND_WRITE;
}

/* The checks of expand_downwards() that come before any lock. */
static int may_grow_to(struct vm_area_struct *vma, vaddr_t addr)
{
	const struct vm_area_struct *prev = vma_prev(vma);

	if (!(vma->vm_flags & VM_GROWSDOWN))
		return -EFAULT;
	if (addr < MMAP_MIN_ADDR)
		return -EPERM;
	/* Another stack, or what nobody can touch, may come closer. */
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) &&
	    (prev->vm_flags & VM_ACCESS_FLAGS) &&
	    addr - prev->vm_end < STACK_GUARD_GAP)
		return -ENOMEM;
	return 0;
}

/* Linux v6.12 mm/mmap.c acct_stack_growth() */
static bool acct_stack_growth(const struct vm_area_struct *vma, uint64_t size,
                              uint64_t grow)
{
	return may_expand_vm(vma->vm_mm, grow) && size <= STACK_LIMIT;
}

/*
 * Move the start of @vma to @addr.  With mmap_lock for reading, page_table_lock
 * is what keeps apart stacks that do not share an anon_vma; the tree is built
 * below it, since it must not change before it is published.
 */
static int move_start_down(struct vm_area_struct *vma, vaddr_t addr)
{
	struct mm_struct *mm = vma->vm_mm;
	uint64_t grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	struct vma_store store;
	int err = -ENOMEM;

	if (grow > vma->vm_pgoff ||
	    !acct_stack_growth(vma, vma->vm_end - addr, grow))
		return err;

	spin_lock(&mm->page_table_lock);
	if (vma_tree_prepare(mm->kernel->machine, mm->mm_mt, &store, addr,
	                     vma->vm_end, vma))
		goto out_unlock;
	vm_stat_account(mm, (int64_t)grow);
	WRITE_ONCE_AT(vma->vm_start, addr, "write vma->vm_start", addr);
	smp_mb(); /* DIVERGES: read without READ_ONCE() under locks */
	vma->vm_pgoff -= grow;
	vma_tree_commit(&store, "vma_iter_store");
	err = 0;
out_unlock:
	spin_unlock(&mm->page_table_lock);
	return err;
}

/* Linux v6.12 mm/mmap.c expand_downwards() */
static int expand_downwards(struct vm_area_struct *vma, vaddr_t addr)
{
	int err;

	addr &= PAGE_MASK;
	err = may_grow_to(vma, addr);
	if (err)
		return err;
	/* The anon_vma is the lock against a second expansion. */
	err = anon_vma_prepare(vma);
	if (err)
		return err;
	if (grows_under_write_lock(vma->vm_mm))
		vma_start_write(vma);
	anon_vma_lock_write(vma->anon_vma);
	/* Somebody else may have been faster. */
	if (addr < vma->vm_start)
		err = move_start_down(vma, addr);
	anon_vma_unlock_write(vma->anon_vma);
	return err;
}

/*
 * Up to 6.4: Linux v5.8 arch/x86/mm/fault.c do_user_addr_fault().  Which VMA
 * comes next does not change while others grow; where it starts does.
 */
static struct vm_area_struct *find_extend_vma_read(struct mm_struct *mm,
                                                   vaddr_t addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (!vma)
		return NULL;
	if (READ_ONCE_AT(vma->vm_start, "read vma->vm_start", addr) <= addr)
		return vma;
	return expand_downwards(vma, addr) ? NULL : vma;
}

/* mmap_lock is dropped meanwhile (Linux's mmap_upgrade_trylock() never
 * succeeds), so everything is looked at again. */
static struct vm_area_struct *find_extend_vma_write(struct mm_struct *mm,
                                                    vaddr_t addr)
{
	struct vm_area_struct *vma;

	mmap_read_unlock(mm);
	mmap_write_lock(mm);
	vma = find_vma(mm, addr);
	if (!vma || (vma->vm_start > addr && expand_downwards(vma, addr))) {
		mmap_write_unlock(mm);
		return NULL;
	}
	mmap_write_downgrade(mm);
	return vma;
}

/* Linux v6.12 mm/memory.c lock_mm_and_find_vma() */
struct vm_area_struct *lock_mm_and_find_vma(struct mm_struct *mm, vaddr_t addr)
{
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	if (grows_under_write_lock(mm)) {
		vma = find_vma(mm, addr);
		if (vma && vma->vm_start <= addr)
			return vma;
		if (vma && (vma->vm_flags & VM_GROWSDOWN))
			return find_extend_vma_write(mm, addr);
		vma = NULL;
	} else {
		vma = find_extend_vma_read(mm, addr);
	}
	if (!vma)
		mmap_read_unlock(mm);
	return vma;
}

bool stack_is_next(const struct mm_struct *mm,
                   const struct vm_area_struct *next)
{
	return mm_opt(mm)->stack_expand == STACK_EXPAND_READ && next &&
	       (next->vm_flags & VM_GROWSDOWN);
}
