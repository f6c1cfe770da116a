/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/vma.h"

#include "base/bug.h"
#include "mm/filemap.h"
#include "mm/huge_memory.h"
#include "mm/mmap_lock.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/uapi.h"

/* ---- looking up ---- */

struct vm_area_struct *find_vma(struct mm_struct *mm, vaddr_t addr)
{
	return vma_tree_find(mm->mm_mt, addr);
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, vaddr_t addr,
                                     struct vm_area_struct **prev)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	*prev = vma_tree_find_prev(mm->mm_mt, vma ? vma->vm_start : ~0ULL);
	return vma;
}

struct vm_area_struct *vma_lookup(struct mm_struct *mm, vaddr_t addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start <= addr ? vma : NULL;
}

vaddr_t read_vm_start(const struct vm_area_struct *vma)
{
	if (mm_opt(vma->vm_mm)->stack_expand == STACK_EXPAND_WRITE)
		return vma->vm_start;
	return READ_ONCE_AT(vma->vm_start, "read vma->vm_start", 0);
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm,
                                             vaddr_t start, vaddr_t end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

struct vm_area_struct *vma_next(const struct vm_area_struct *vma)
{
	return vma_tree_find(vma->vm_mm->mm_mt, vma->vm_end);
}

struct vm_area_struct *vma_prev(const struct vm_area_struct *vma)
{
	return vma_tree_find_prev(vma->vm_mm->mm_mt, vma->vm_start);
}

/* ---- life ---- */

struct vm_area_struct *vm_area_alloc(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	vma = kzalloc(mm->kernel->machine, sizeof(*vma), "vm_area_struct");
	if (!vma)
		return NULL;
	vma->vm_mm = mm;
	vma_lock_init(vma);
	return vma;
}

struct vm_area_struct *vm_area_dup(const struct vm_area_struct *orig)
{
	struct vm_area_struct *vma = vm_area_alloc(orig->vm_mm);

	if (!vma)
		return NULL;
	*vma = *orig;
	vma->anon_vma_next = NULL;
	vma->i_mmap_next = NULL;
	vma->unmap_next = NULL;
	vma_lock_init(vma);
	return vma;
}

void vm_area_free_now(struct vm_area_struct *vma)
{
	kfree(vma->vm_mm->kernel->machine, vma);
}

static void vm_area_free_rcu(struct rcu_head *head)
{
	vm_area_free_now(container_of(head, struct vm_area_struct, vm_rcu));
}

/* Linux v6.12 kernel/fork.c vm_area_free(), with CONFIG_PER_VMA_LOCK. */
void vm_area_free(struct vm_area_struct *vma)
{
	call_rcu(&vma->vm_rcu, vm_area_free_rcu);
}

void remove_vma(struct vm_area_struct *vma, bool unreachable)
{
	if (vma->vm_file)
		fput(vma->vm_file);
	if (unreachable)
		vm_area_free_now(vma);
	else
		vm_area_free(vma);
}

void vma_link_file(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma->vm_file;

	if (!mapping)
		return;
	i_mmap_lock_write(mapping);
	vma_interval_tree_insert(vma, mapping);
	i_mmap_unlock_write(mapping);
}

/* Linux v6.12 mm/vma.c vma_link() */
int vma_link(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vma_store store;

	mmap_assert_write_locked(mm);
	if (vma_tree_prepare(mm->kernel->machine, mm->mm_mt, &store,
	                     vma->vm_start, vma->vm_end, vma))
		return -ENOMEM;

	vma_start_write(vma); /* it is changed after it can be found */
	vma_tree_commit(&store, "vma_iter_store");
	vma_link_file(vma);
	mm->map_count++;
	return 0;
}

/* ---- changing borders ---- */

/*
 * Linux v6.12 mm/vma.c vma_prepare().  A list of VMAs takes the place of the
 * interval trees, so there is nothing to take out while borders move; the
 * locks keep walkers from seeing half of the change.
 */
void vma_prepare(struct vma_prepare *vp)
{
	if (vp->file) {
		i_mmap_lock_write(vp->file);
		if (vp->insert)
			vma_interval_tree_insert(vp->insert, vp->file);
	}
	if (vp->anon_vma)
		anon_vma_lock_write(vp->anon_vma);
}

static void vma_free_removed(struct vma_prepare *vp, struct vm_area_struct *vma)
{
	if (!vma)
		return;
	if (vp->file)
		fput(vp->file);
	/* anon_vma_merge(): vp->vma is in the same list. */
	unlink_anon_vmas(vma);
	vma->vm_mm->map_count--;
	vma_mark_detached(vma);
	vm_area_free(vma);
}

/*
 * Linux v6.12 mm/vma.c vma_complete().  There the tree is stored by the caller
 * (vma_iter_store, vma_iter_clear) or here (the VMA split off), each time
 * between the locks: here it is always in this place.
 */
void vma_complete(struct vma_prepare *vp)
{
	if (vp->file) {
		if (vp->remove)
			vma_interval_tree_remove(vp->remove, vp->file);
		if (vp->remove2)
			vma_interval_tree_remove(vp->remove2, vp->file);
	}
	vma_tree_commit(&vp->store, "vma_iter_store");
	if (vp->insert)
		vp->vma->vm_mm->map_count++;

	if (vp->anon_vma)
		anon_vma_unlock_write(vp->anon_vma);
	if (vp->file)
		i_mmap_unlock_write(vp->file);

	vma_free_removed(vp, vp->remove);
	vma_free_removed(vp, vp->remove2);
}

/* Build the tree in which [start, end) is @vma's, before locks are taken. */
static int vma_prealloc(struct vma_prepare *vp, struct mm_struct *mm,
                        vaddr_t start, vaddr_t end, struct vm_area_struct *vma)
{
	return vma_tree_prepare(mm->kernel->machine, mm->mm_mt, &vp->store,
	                        start, end, vma);
}

/* The half of @vma below (or from) @addr as a VMA of its own. */
static struct vm_area_struct *vma_dup_part(struct vm_area_struct *vma,
                                           vaddr_t addr, bool new_below)
{
	struct vm_area_struct *new = vm_area_dup(vma);

	if (!new)
		return NULL;
	if (new_below) {
		new->vm_end = addr;
	} else {
		new->vm_start = addr;
		new->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	}
	return new;
}

/* Linux v6.12 mm/vma.c __split_vma() */
int split_vma_nocount(struct vm_area_struct *vma, vaddr_t addr, bool new_below)
{
	struct vma_prepare vp = { .vma = vma,
		                  .file = vma->vm_file,
		                  .anon_vma = vma->anon_vma };
	struct vm_area_struct *new;
	uint64_t delta = addr - vma->vm_start;

	BUG_ON(addr <= vma->vm_start || addr >= vma->vm_end);
	new = vma_dup_part(vma, addr, new_below);
	if (!new)
		return -ENOMEM;
	if (vma_prealloc(&vp, vma->vm_mm, new->vm_start, new->vm_end, new))
		goto out_free_vma;
	if (anon_vma_clone(new, vma))
		goto out_free_store;
	if (new->vm_file)
		get_file(new->vm_file);

	vma_start_write(vma);
	vma_start_write(new);
	vp.insert = new;
	vma_prepare(&vp);
	/* A huge page must not straddle the new border. */
	vma_adjust_trans_huge(vma, vma->vm_start, addr);
	if (new_below) {
		vma->vm_start = addr;
		vma->vm_pgoff += delta >> PAGE_SHIFT;
	} else {
		vma->vm_end = addr;
	}
	vma_complete(&vp);
	return 0;

out_free_store:
	vma_tree_abort(&vp.store);
out_free_vma:
	vm_area_free(new);
	return -ENOMEM;
}

int split_vma(struct vm_area_struct *vma, vaddr_t addr, bool new_below)
{
	if (vma->vm_mm->map_count >= DEFAULT_MAX_MAP_COUNT)
		return -ENOMEM;
	return split_vma_nocount(vma, addr, new_below);
}

/* Linux v6.12 mm/vma.c vma_shrink() */
int vma_shrink(struct vm_area_struct *vma, vaddr_t start, vaddr_t end)
{
	struct vma_prepare vp = { .vma = vma,
		                  .file = vma->vm_file,
		                  .anon_vma = vma->anon_vma };
	bool low = start > vma->vm_start;

	BUG_ON(low && end != vma->vm_end);
	if (vma_prealloc(&vp, vma->vm_mm, low ? vma->vm_start : end,
	                 low ? start : vma->vm_end, NULL))
		return -ENOMEM;

	vma_start_write(vma);
	vma_prepare(&vp);
	vma_adjust_trans_huge(vma, start, end);
	vma->vm_pgoff += (start - vma->vm_start) >> PAGE_SHIFT;
	vma->vm_start = start;
	vma->vm_end = end;
	vma_complete(&vp);
	return 0;
}

/* ---- checking ---- */

void vma_check(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	vaddr_t last = 0;
	unsigned count = 0;
	uint64_t pages = 0;

	vma_tree_check(mm->mm_mt);
	for_each_vma(mm, vma) {
		BUG_ON(vma->vm_mm != mm);
		BUG_ON(vma->vm_start < last);
		BUG_ON(vma->vm_end <= vma->vm_start);
		BUG_ON((vma->vm_start | vma->vm_end) & ~PAGE_MASK);
		BUG_ON(!vma_tree_has(mm->mm_mt, vma->vm_start, vma->vm_end,
		                     vma));
		last = vma->vm_end;
		pages += vma_pages(vma);
		count++;
	}
	BUG_ON(count != mm->map_count);
	BUG_ON(count != mm->mm_mt->nr_nodes);
	BUG_ON(pages != mm->total_vm);
}
