/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMAs: looking them up, splitting and merging them (Linux v6.12 mm/vma.c).
 *
 * Invariants, with mmap_lock not held for writing by anyone:
 *  - VMAs do not overlap, are page aligned and not empty;
 *  - the tree's ranges are those of the VMAs;
 *  - two neighbours that could be one VMA may stay two, as in Linux (madvise
 *    and mremap do not always merge), but never the other way round.
 *
 * Fields of a VMA change only under mmap_lock for writing together with the
 * locks of the reverse maps it is in (struct vma_prepare), so walkers that hold
 * any one of them see it whole. Where stacks grow under mmap_lock for reading
 * (option stack_expand), vm_start and vm_pgoff of a VM_GROWSDOWN VMA change
 * under its anon_vma's lock and page_table_lock.
 *
 * Locks: mmap_lock > i_mmap_rwsem > anon_vma. See docs/LOCKING.md.
 */
#ifndef MMULATOR_MM_VMA_H
#define MMULATOR_MM_VMA_H

#include "mm/mm_types.h"
#include "mm/vma_tree.h"

static inline uint64_t vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}
/** is_cow_mapping - private and could become writable. */
static inline bool is_cow_mapping(uint64_t flags)
{
	return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

/* ---- looking up: mmap_lock held (read is enough); not steps ---- */

/** find_vma - the first VMA that ends above @addr. Return: it, or NULL. */
struct vm_area_struct *find_vma(struct mm_struct *mm, vaddr_t addr);
/** find_vma_prev - find_vma() of @addr; *@prev is the VMA before it, or NULL.
 * Return: as find_vma(). */
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, vaddr_t addr,
                                     struct vm_area_struct **prev);
/** vma_lookup - the VMA @addr lies in. Return: it, or NULL. */
struct vm_area_struct *vma_lookup(struct mm_struct *mm, vaddr_t addr);

/**
 * read_vm_start - where a VMA starts, for who reads that it does not move.
 * @vma: of an mm whose mmap_lock is held, for reading or writing
 *
 * Since Linux 6.5 a stack grows with mmap_lock for writing, so it protects
 * vma->vm_start.  Up to 6.4 (option stack_expand) one grows with the lock for
 * reading: then this is a step.
 *
 * Return: vma->vm_start.
 */
vaddr_t read_vm_start(const struct vm_area_struct *vma);
/** find_vma_intersection - the first VMA that overlaps [@start, @end). Return:
 * it, or NULL. */
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm,
                                             vaddr_t start, vaddr_t end);
/** vma_next - the next VMA by address. Return: it, or NULL. */
struct vm_area_struct *vma_next(const struct vm_area_struct *vma);
/** vma_prev - the VMA before by address. Return: it, or NULL. */
struct vm_area_struct *vma_prev(const struct vm_area_struct *vma);

/** for_each_vma - visit the VMAs of @mm in order of address. The body may
 * change or free the current VMA only as its last act. */
#define for_each_vma(mm, vma) \
	for ((vma) = find_vma(mm, 0); (vma); (vma) = vma_next(vma))
/** for_each_vma_range - those that overlap [start, end). */
#define for_each_vma_range(mm, vma, start, end)             \
	for ((vma) = find_vma_intersection(mm, start, end); \
	     (vma) && (vma)->vm_start < (end); (vma) = vma_next(vma))

/* ---- changing: mmap_lock held for writing ---- */

/*
 * A change of a VMA's borders, and what must be locked for it (Linux's struct
 * vma_prepare).  Zero what does not take part.
 */
struct vma_prepare {
	struct vm_area_struct *vma;      /* changes */
	struct vm_area_struct *adj_next; /* its neighbour changes too */
	struct address_space *file;
	struct anon_vma *anon_vma;
	struct vm_area_struct *insert; /* split off vma: enters the tree */
	struct vm_area_struct *remove; /* swallowed by vma: go */
	struct vm_area_struct *remove2;
	struct vma_store store; /* the tree as it will be */
};

/** vma_prepare - take the rmap locks of everything in @vp. */
void vma_prepare(struct vma_prepare *vp);
/** vma_complete - publish @vp->store, drop the locks, free what was removed. */
void vma_complete(struct vma_prepare *vp);

/** vm_area_alloc - a VMA of @mm with nothing set. Return: it; NULL if memory is
 * out. */
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm);
/** vm_area_dup - a copy that is in no tree and no reverse map. Return: it; NULL
 * if memory is out. */
struct vm_area_struct *vm_area_dup(const struct vm_area_struct *orig);
/** vm_area_free - @vma goes after a grace period. */
void vm_area_free(struct vm_area_struct *vma);
/**
 * vm_area_free_now - @vma goes at once: no lockless reader can know it (Linux's
 * __vm_area_free()).
 */
void vm_area_free_now(struct vm_area_struct *vma);
/** remove_vma - drop its file and free it. @unreachable: at once. */
void remove_vma(struct vm_area_struct *vma, bool unreachable);

/** vma_link_file - put a file VMA where truncation finds it. */
void vma_link_file(struct vm_area_struct *vma);
/**
 * vma_link - insert a complete VMA.
 * @vma: the VMA
 *
 * Context: mmap_lock for writing.
 * Return: 0 or -ENOMEM.
 */
int must_check vma_link(struct mm_struct *mm, struct vm_area_struct *vma);

/**
 * split_vma - make @addr a boundary.
 * @vma: strictly contains @addr
 * @new_below: the new VMA is the part below @addr; @vma stays the other
 *
 * Return: 0, -ENOMEM (no memory, or too many VMAs).
 */
int must_check split_vma(struct vm_area_struct *vma, vaddr_t addr,
                         bool new_below);
/**
 * split_vma_nocount - split_vma() without looking at max_map_count (Linux's
 * __split_vma()).
 * @addr: the new boundary
 * @new_below: the new VMA is the part below it
 *
 * Return: 0 or -ENOMEM.
 */
int must_check split_vma_nocount(struct vm_area_struct *vma, vaddr_t addr,
                                 bool new_below);

/*
 * A merge that is being considered: the range [start, end) with its
 * properties, and its neighbours (Linux's struct vma_merge_struct).
 */
struct vma_merge {
	struct mm_struct *mm;
	struct vm_area_struct *prev; /* below start, or NULL */
	struct vm_area_struct *next; /* at or above end, or NULL */
	struct vm_area_struct *vma;  /* the VMA that is modified; new: NULL */
	vaddr_t start, end;
	uint64_t flags;
	struct address_space *file;
	uint64_t pgoff;
	struct anon_vma *anon_vma;
	bool nomem; /* the merge would have been possible but memory is out */
};

/**
 * vma_merge_new_range - extend a neighbour over a range that has no VMA, or
 * close the gap between two.
 *
 * Return: the VMA that now covers the range, or NULL: nothing was changed.
 */
struct vm_area_struct *vma_merge_new_range(struct vma_merge *vmg);
/**
 * vma_merge_existing_range - give the range of @vmg->vma (all of it, its first
 * or its last part) to a neighbour with the same properties.
 *
 * Return: the VMA that now covers the range, or NULL: nothing was changed.
 */
struct vm_area_struct *vma_merge_existing_range(struct vma_merge *vmg);
/** vma_merge_extend - grow @vma by @delta bytes, merging with what follows.
 * Return: the VMA that now covers the range, or NULL: nothing was changed. */
struct vm_area_struct *vma_merge_extend(struct vm_area_struct *vma,
                                        uint64_t delta);

/**
 * vma_modify_flags - make a range of a VMA a VMA with other flags: merge with a
 * neighbour that has them, else split.
 * @prev: VMA below @start, or NULL
 * @vma: contains the range
 * @start: first address
 * @end: first address beyond
 * @flags: VM_*
 *
 * Sets no flags itself.
 *
 * Return: the VMA of the range, or NULL for -ENOMEM.
 */
struct vm_area_struct *vma_modify_flags(struct vm_area_struct *prev,
                                        struct vm_area_struct *vma,
                                        vaddr_t start, vaddr_t end,
                                        uint64_t flags);

/** vma_shrink - cut @vma to [@start, @end), within it. Return: 0 or -ENOMEM. */
int must_check vma_shrink(struct vm_area_struct *vma, vaddr_t start,
                          vaddr_t end);

/**
 * copy_vma - the VMA that mremap moves pages to: merged or new.
 * @vmap: *@vmap is the source; it follows if it was merged itself
 * @addr: where the new one begins
 * @len: its bytes
 * @pgoff: its offset in the object, in pages
 * @keep_source: the source stays (MREMAP_DONTUNMAP): no merge with itself
 * @need_rmap_locks: set if rmap order does not guarantee that a walker sees
 *	each page at its old or its new place
 *
 * Context: mmap_lock for writing.
 * Return: it; NULL without memory.
 */
struct vm_area_struct *copy_vma(struct vm_area_struct **vmap, vaddr_t addr,
                                uint64_t len, uint64_t pgoff, bool keep_source,
                                bool *need_rmap_locks);

/**
 * find_mergeable_anon_vma - the anon_vma of a neighbour that @vma may share, so
 * that the two can merge later.
 *
 * Context: mmap_lock held for reading is enough.
 * Return: it, or NULL.
 */
struct anon_vma *find_mergeable_anon_vma(struct vm_area_struct *vma);

/** vma_check - BUG_ON any broken invariant of @mm's VMAs and tree. */
void vma_check(struct mm_struct *mm);

#endif
