/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merging VMAs: Linux v6.12 mm/vma.c, from is_mergeable_vma() to copy_vma().
 * Pictures as there: '*' is the range that is added or whose flags change.
 */
#include "base/bug.h"
#include "mm/huge_memory.h"
#include "mm/mmap_lock.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/uapi.h"
#include "mm/vma.h"

static bool is_mergeable_vma(const struct vma_merge *vmg,
                             const struct vm_area_struct *vma)
{
	return vma->vm_flags == vmg->flags && vma->vm_file == vmg->file;
}

/*
 * May @vma, whose anon_vma is @b, be joined with pages of @a?  Yes if it is the
 * same one.  If only @vma has one: yes, unless a fork shared it, which would
 * make that bigger.  If only @a exists v6.12 refuses; @vma NULL stands for
 * neighbours of which either may lack one.
 */
static bool is_mergeable_anon_vma(const struct anon_vma *a,
                                  const struct anon_vma *b,
                                  const struct vm_area_struct *vma)
{
	if (!a || !b) {
		if (!vma || (b && !vma->anon_vma_forked))
			return true;
	}
	return a == b;
}

static bool can_vma_merge_before(const struct vma_merge *vmg)
{
	const struct vm_area_struct *next = vmg->next;

	return is_mergeable_vma(vmg, next) &&
	       is_mergeable_anon_vma(vmg->anon_vma, next->anon_vma, next) &&
	       next->vm_pgoff ==
	               vmg->pgoff + ((vmg->end - vmg->start) >> PAGE_SHIFT);
}

static bool can_vma_merge_after(const struct vma_merge *vmg)
{
	const struct vm_area_struct *prev = vmg->prev;

	return is_mergeable_vma(vmg, prev) &&
	       is_mergeable_anon_vma(vmg->anon_vma, prev->anon_vma, prev) &&
	       prev->vm_pgoff + vma_pages(prev) == vmg->pgoff;
}

static bool can_vma_merge_left(const struct vma_merge *vmg)
{
	return vmg->prev && vmg->prev->vm_end == vmg->start &&
	       can_vma_merge_after(vmg);
}

/* If the left side merges too, the two neighbours must also fit each other. */
static bool can_vma_merge_right(const struct vma_merge *vmg, bool merge_left)
{
	if (!vmg->next || vmg->end != vmg->next->vm_start ||
	    !can_vma_merge_before(vmg))
		return false;
	return !merge_left || is_mergeable_anon_vma(vmg->prev->anon_vma,
	                                            vmg->next->anon_vma, NULL);
}

/* @dst takes over pages of @src, so their anon_vma must know it. */
static int dup_anon_vma(struct vm_area_struct *dst, struct vm_area_struct *src,
                        struct vm_area_struct **dup)
{
	int err;

	if (!src->anon_vma || dst->anon_vma)
		return 0;
	dst->anon_vma = src->anon_vma;
	err = anon_vma_clone(dst, src);
	if (err)
		return err;
	dst->anon_vma_forked = src->anon_vma_forked;
	*dup = dst;
	return 0;
}

/* What a merge does, once it is decided. */
struct vma_commit {
	struct vm_area_struct *vma; /* becomes [start, end) at pgoff */
	vaddr_t start, end;
	uint64_t pgoff;
	struct vm_area_struct *adjust; /* its start moves by adj_start */
	int64_t adj_start;
	struct vm_area_struct *remove, *remove2;
};

/* Linux v6.12 mm/vma.c commit_merge() */
static int commit_merge(const struct vma_commit *c)
{
	struct vm_area_struct *vma = c->vma, *adjust = c->adjust;
	struct mm_struct *mm = vma->vm_mm;
	struct vma_prepare vp = { .vma = vma,
		                  .adj_next = adjust,
		                  .file = vma->vm_file,
		                  .anon_vma = vma->anon_vma,
		                  .remove = c->remove,
		                  .remove2 = c->remove2 };
	/* One of the two grows; the tree's store cuts the other. */
	bool adjust_grows = adjust && c->adj_start < 0;
	vaddr_t start = c->start, end = c->end;

	if (!vp.anon_vma && adjust)
		vp.anon_vma = adjust->anon_vma;
	if (adjust_grows) {
		start = adjust->vm_start + (uint64_t)c->adj_start;
		end = adjust->vm_end;
	}
	if (vma_tree_prepare(mm->kernel->machine, mm->mm_mt, &vp.store, start,
	                     end, adjust_grows ? adjust : vma))
		return -ENOMEM;

	vma_prepare(&vp);
	vma_adjust_trans_huge(vma, c->start, c->end);
	if (adjust)
		vma_adjust_trans_huge(adjust,
		                      adjust->vm_start + (uint64_t)c->adj_start,
		                      adjust->vm_end);
	vma->vm_start = c->start;
	vma->vm_end = c->end;
	vma->vm_pgoff = c->pgoff;
	if (adjust) {
		adjust->vm_start += (uint64_t)c->adj_start;
		adjust->vm_pgoff +=
			(uint64_t)(c->adj_start / (int64_t)PAGE_SIZE);
	}
	vma_complete(&vp);
	return 0;
}

static bool commit_or_undo(struct vma_merge *vmg, const struct vma_commit *c,
                           int err, struct vm_area_struct *anon_dup)
{
	if (!err && !commit_merge(c))
		return true;
	if (anon_dup)
		unlink_anon_vmas(anon_dup);
	vmg->nomem = true;
	return false;
}

/*
 *	 |<----->|
 * |-------*********-------|
 *   prev     vma     next
 *  extend   delete  delete
 */
static struct vm_area_struct *merge_both(struct vma_merge *vmg)
{
	struct vm_area_struct *prev = vmg->prev, *next = vmg->next;
	struct vm_area_struct *vma = vmg->vma, *dup = NULL;
	struct vma_commit c = { .vma = prev,
		                .start = prev->vm_start,
		                .end = next->vm_end,
		                .pgoff = prev->vm_pgoff,
		                .remove = vma,
		                .remove2 = next };
	int err = dup_anon_vma(prev, next->anon_vma ? next : vma, &dup);

	return commit_or_undo(vmg, &c, err, dup) ? prev : NULL;
}

/*
 *	 |<----->| or |<--------->|
 * |-------*************
 *   prev       vma
 *  extend shrink/delete
 */
static struct vm_area_struct *merge_left(struct vma_merge *vmg)
{
	struct vm_area_struct *prev = vmg->prev, *vma = vmg->vma, *dup = NULL;
	struct vma_commit c = { .vma = prev,
		                .start = prev->vm_start,
		                .end = vmg->end,
		                .pgoff = prev->vm_pgoff };
	int err;

	if (vmg->end == vma->vm_end) {
		c.remove = vma;
	} else {
		c.adjust = vma;
		c.adj_start = (int64_t)(vmg->end - vma->vm_start);
	}
	err = dup_anon_vma(prev, vma, &dup);
	return commit_or_undo(vmg, &c, err, dup) ? prev : NULL;
}

/*
 *     |<----->| or |<--------->|
 *     *************-------|
 *	  vma       next
 * shrink/delete extend
 */
static struct vm_area_struct *merge_right(struct vma_merge *vmg)
{
	struct vm_area_struct *next = vmg->next, *vma = vmg->vma, *dup = NULL;
	struct vma_commit c;
	int err;

	if (vmg->start == vma->vm_start) {
		c = (struct vma_commit){
			.vma = next,
			.start = vmg->start,
			.end = next->vm_end,
			.pgoff = next->vm_pgoff - vma_pages(vma),
			.remove = vma,
		};
	} else {
		c = (struct vma_commit){
			.vma = vma,
			.start = vma->vm_start,
			.end = vmg->start,
			.pgoff = vma->vm_pgoff,
			.adjust = next,
			.adj_start = -(int64_t)(vma->vm_end - vmg->start),
		};
	}
	err = dup_anon_vma(next, vma, &dup);
	return commit_or_undo(vmg, &c, err, dup) ? next : NULL;
}

/* Linux v6.12 mm/vma.c vma_merge_existing_range() */
struct vm_area_struct *vma_merge_existing_range(struct vma_merge *vmg)
{
	struct vm_area_struct *vma = vmg->vma;
	bool left_side = vmg->start == vma->vm_start;
	bool right_side = vmg->end == vma->vm_end;
	bool left, right = false;

	mmap_assert_write_locked(vmg->mm);
	BUG_ON(vmg->start < vma->vm_start || vmg->end > vma->vm_end);

	left = left_side && can_vma_merge_left(vmg);
	if (right_side) {
		vmg->next = vma_next(vma);
		right = can_vma_merge_right(vmg, left);
	}
	if (!left && !right)
		return NULL;
	vma_start_write(vma);
	if (left)
		vma_start_write(vmg->prev);
	if (right)
		vma_start_write(vmg->next);
	if (left && right)
		return merge_both(vmg);
	return left ? merge_left(vmg) : merge_right(vmg);
}

/* Linux v6.12 mm/vma.c vma_merge_new_range(), vma_expand() */
struct vm_area_struct *vma_merge_new_range(struct vma_merge *vmg)
{
	struct vm_area_struct *prev = vmg->prev, *next = vmg->next;
	struct vm_area_struct *dup = NULL;
	bool left = can_vma_merge_left(vmg);
	bool right = can_vma_merge_right(vmg, left);
	struct vma_commit c = { .start = vmg->start, .end = vmg->end };
	int err = 0;

	mmap_assert_write_locked(vmg->mm);
	if (!left && !right)
		return NULL;
	if (right) {
		c.end = next->vm_end;
		c.vma = next;
		c.pgoff = next->vm_pgoff -
		          ((vmg->end - vmg->start) >> PAGE_SHIFT);
	}
	if (left) {
		c.start = prev->vm_start;
		c.vma = prev;
		c.pgoff = prev->vm_pgoff;
	}
	vma_start_write(c.vma);
	if (left && right) {
		vma_start_write(next);
		c.remove = next;
		err = dup_anon_vma(prev, next, &dup);
	}
	return commit_or_undo(vmg, &c, err, dup) ? c.vma : NULL;
}

struct vm_area_struct *vma_merge_extend(struct vm_area_struct *vma,
                                        uint64_t delta)
{
	struct vma_merge vmg = {
		.mm = vma->vm_mm,
		.prev = vma,
		.next = vma_next(vma),
		.start = vma->vm_end,
		.end = vma->vm_end + delta,
		.flags = vma->vm_flags,
		.file = vma->vm_file,
		.pgoff = vma->vm_pgoff + vma_pages(vma),
		.anon_vma = vma->anon_vma,
	};

	return vma_merge_new_range(&vmg);
}

/* Linux v6.12 mm/vma.c vma_modify() */
struct vm_area_struct *vma_modify_flags(struct vm_area_struct *prev,
                                        struct vm_area_struct *vma,
                                        vaddr_t start, vaddr_t end,
                                        uint64_t flags)
{
	struct vma_merge vmg = {
		.mm = vma->vm_mm,
		.prev = prev,
		.vma = vma,
		.start = start,
		.end = end,
		.flags = flags,
		.file = vma->vm_file,
		.pgoff =
			vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT),
		.anon_vma = vma->anon_vma,
	};
	struct vm_area_struct *merged = vma_merge_existing_range(&vmg);

	if (merged || vmg.nomem)
		return merged;
	if (vma->vm_start < start && split_vma(vma, start, true))
		return NULL;
	if (vma->vm_end > end && split_vma(vma, end, false))
		return NULL;
	return vma;
}

static struct vm_area_struct *copy_vma_new(struct vm_area_struct *vma,
                                           vaddr_t addr, uint64_t len,
                                           uint64_t pgoff)
{
	struct vm_area_struct *new = vm_area_dup(vma);

	if (!new)
		return NULL;
	new->vm_start = addr;
	new->vm_end = addr + len;
	new->vm_pgoff = pgoff;
	if (anon_vma_clone(new, vma))
		goto out_free_vma;
	if (new->vm_file)
		get_file(new->vm_file);
	if (vma_link(vma->vm_mm, new))
		goto out_vma_link;
	return new;

out_vma_link:
	if (new->vm_file)
		fput(new->vm_file);
	unlink_anon_vmas(new);
out_free_vma:
	vm_area_free(new);
	return NULL;
}

/* Linux v6.12 mm/vma.c copy_vma() */
struct vm_area_struct *copy_vma(struct vm_area_struct **vmap, vaddr_t addr,
                                uint64_t len, uint64_t pgoff, bool keep_source,
                                bool *need_rmap_locks)
{
	struct vm_area_struct *vma = *vmap, *new;
	vaddr_t vma_start = vma->vm_start;
	struct vma_merge vmg = { .mm = vma->vm_mm,
		                 .start = addr,
		                 .end = addr + len,
		                 .flags = vma->vm_flags,
		                 .file = vma->vm_file,
		                 .pgoff = pgoff,
		                 .anon_vma = vma->anon_vma };

	vmg.next = find_vma_prev(vma->vm_mm, addr, &vmg.prev);
	BUG_ON(vmg.next && vmg.next->vm_start < addr + len);
	/* Not faulted in: its offset may follow its address, and then it can
	 * even merge with itself. */
	if (!vma->vm_file && !vma->anon_vma) {
		vmg.pgoff = addr >> PAGE_SHIFT;
		if (keep_source && vmg.prev == vma)
			vmg.prev = NULL;
		if (keep_source && vmg.next == vma)
			vmg.next = NULL;
	}

	*need_rmap_locks = false;
	new = vma_merge_new_range(&vmg);
	if (!new)
		return copy_vma_new(vma, addr, len, vmg.pgoff);

	if (vma_start >= new->vm_start && vma_start < new->vm_end)
		*vmap = vma = new;
	*need_rmap_locks = new->vm_pgoff <= vma->vm_pgoff;
	return new;
}

/* ---- sharing an anon_vma before it comes to a merge ---- */

/* Linux v6.12 mm/vma.c anon_vma_compatible(): all but the rights agree. */
static bool anon_vma_compatible(const struct vm_area_struct *a,
                                const struct vm_area_struct *b)
{
	return a->vm_end == b->vm_start && a->vm_file == b->vm_file &&
	       !((a->vm_flags ^ b->vm_flags) & ~VM_ACCESS_FLAGS) &&
	       b->vm_pgoff == a->vm_pgoff + vma_pages(a);
}

static struct anon_vma *reusable_anon_vma(struct vm_area_struct *old,
                                          const struct vm_area_struct *a,
                                          const struct vm_area_struct *b)
{
	struct anon_vma *anon_vma;

	if (!anon_vma_compatible(a, b))
		return NULL;
	/* Another thread may be setting it up right now. */
	anon_vma = READ_ONCE_AT(old->anon_vma, "read vma->anon_vma",
	                        old->vm_start);
	return anon_vma && !old->anon_vma_forked ? anon_vma : NULL;
}

/* Linux v6.12 mm/vma.c find_mergeable_anon_vma() */
struct anon_vma *find_mergeable_anon_vma(struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma_next(vma), *prev = vma_prev(vma);
	struct anon_vma *anon_vma = NULL;

	if (next)
		anon_vma = reusable_anon_vma(next, vma, next);
	if (!anon_vma && prev)
		anon_vma = reusable_anon_vma(prev, prev, vma);
	return anon_vma;
}
