/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reverse mapping: from a page to the entries that map it.
 *
 * An anonymous page's `mapping` is its anon_vma, a shmem page's is its
 * address_space; both list VMAs, and page->index says where in each VMA the
 * page would be.  The lists say where to look; only an entry found under the
 * page-table lock says that the page is mapped.
 *
 * Counts: page->mapcount is the number of PTEs that map this frame.  The
 * number of PMDs that map a huge page is kept beside it, in its second frame
 * (compound_mapcount_pmd()), as Linux keeps _entire_mapcount.
 *
 * Lock order: mmap_lock, folio lock, i_mmap_rwsem, anon_vma->rwsem, page-table
 * locks (the comment at the top of Linux mm/rmap.c).
 *
 * DIVERGES: one anon_vma serves a VMA and all its copies by split and fork, as
 * in Linux before 2.6.34; there are no anon_vma_chains and hence no tree of
 * anon_vmas.  A walk visits more VMAs than Linux would, and finds the same
 * entries.
 *
 * Linux v6.12 mm/rmap.c, include/linux/rmap.h.
 */
#ifndef MMULATOR_MM_RMAP_H
#define MMULATOR_MM_RMAP_H

#include "mm/mm_types.h"

struct anon_vma {
	struct rw_semaphore rwsem; /* write: change the list; read: walk it */
	/* One per VMA in the list, and one per lockless user. The object is
	 * freed by RCU when it drops to zero. */
	atomic_t refcount;
	struct vm_area_struct *head; /* linked by anon_vma_next */
	struct rcu_head rcu;
	struct kernel *kernel;
};

/* ---- life of anon_vmas ---- */

/**
 * anon_vma_prepare - give @vma an anon_vma if it has none.
 *
 * Context: mmap_lock held for reading at least. Steps.
 * Return: 0, -ENOMEM.
 */
int anon_vma_prepare(struct vm_area_struct *vma);
/**
 * anon_vma_clone - a copy joins the anon_vma of what it was split from.
 * @dst: the copy
 * @src: the other
 *
 * Context: mmap_lock for writing. Steps.
 * Return: 0.
 * Source: Linux v6.12 mm/rmap.c anon_vma_clone()
 */
int anon_vma_clone(struct vm_area_struct *dst, struct vm_area_struct *src);
/**
 * anon_vma_fork - a child's VMA joins the anon_vma of the parent's.
 * @vma: the child's
 * @pvma: the parent's
 *
 * Context: both mmap_locks for writing. Steps.
 * Return: 0.
 */
int anon_vma_fork(struct vm_area_struct *vma, struct vm_area_struct *pvma);
/** unlink_anon_vmas - @vma leaves its anon_vma, which may go. */
void unlink_anon_vmas(struct vm_area_struct *vma);

/**
 * family: anon_vma_lock_write, anon_vma_unlock_write, anon_vma_lock_read,
 * anon_vma_unlock_read - the rwsem of an anon_vma.
 * @anon_vma: the caller has a reference
 *
 * Each a step called as the function.
 *
 * Context: no spinlock held.
 */
void anon_vma_lock_write(struct anon_vma *anon_vma);
void anon_vma_unlock_write(struct anon_vma *anon_vma);
void anon_vma_lock_read(struct anon_vma *anon_vma);
void anon_vma_unlock_read(struct anon_vma *anon_vma);
/**
 * page_get_anon_vma - the anon_vma of an anonymous page, found by RCU.
 *
 * Context: no lock needed. Steps.
 * Return: it, with a reference; NULL if @page is not mapped or no longer
 * anonymous.
 */
struct anon_vma *page_get_anon_vma(struct page *page);
/**
 * put_anon_vma - drop a reference; the last one frees it after a grace period.
 * A step.
 */
void put_anon_vma(struct anon_vma *anon_vma);

/* ---- counting ---- */

/* page_add_anon_rmap() flags. */
#define RMAP_NONE      0u
#define RMAP_EXCLUSIVE 1u /* the page becomes PageAnonExclusive */
#define RMAP_COMPOUND  2u /* mapped by a PMD */

/**
 * page_add_new_anon_rmap - a fresh anonymous page (huge if it is a head) gets
 * its first mapping, exclusive.
 * @vma: where
 * @addr: at which address
 *
 * Nobody knows the page yet: not a step.
 */
void page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma,
                            vaddr_t addr);
/**
 * page_add_anon_rmap - one more mapping of an anonymous page. A step.
 * @vma: where
 * @addr: at which address
 * @flags: RMAP_*
 *
 * Context: under the page-table lock.
 */
void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma,
                        vaddr_t addr, unsigned flags);
/**
 * page_move_anon_rmap - @vma owns @page alone; it becomes exclusive. A step.
 */
void page_move_anon_rmap(struct page *page, struct vm_area_struct *vma);
/**
 * page_add_file_rmap - one more mapping of a page of a file. A step.
 * @vma: where
 * @compound: by a PMD
 *
 * Context: under the page-table lock.
 */
void page_add_file_rmap(struct page *page, struct vm_area_struct *vma,
                        bool compound);
/**
 * page_dup_file_rmap - fork copies an entry of a page of a file; @compound: a
 * PMD. A step.
 */
void page_dup_file_rmap(struct page *page, bool compound);
/**
 * page_try_dup_anon_rmap - fork shares an anonymous page.
 * @compound: by a PMD
 * @src_vma: the parent's
 *
 * Clears PageAnonExclusive: the caller write-protects the parent's entry.
 *
 * Context: both page-table locks. A step.
 * Return: 0; -EBUSY if the page may be pinned and must be copied.
 */
int page_try_dup_anon_rmap(struct page *page, bool compound,
                           struct vm_area_struct *src_vma);
/**
 * page_remove_rmap - an entry that mapped a page is gone. A step.
 * @vma: where it was
 * @compound: it was a PMD
 *
 * Context: under the page-table lock, or after the delayed flush.
 */
void page_remove_rmap(struct page *page, struct vm_area_struct *vma,
                      bool compound);

/** page_mapcount - number of PTEs that map the frame. A step. Return: it. */
int page_mapcount(const struct page *page);
/** page_compound_mapcount_ptr - number of PMDs mapping the huge page @head. */
static inline uint64_t *page_compound_mapcount_ptr(struct page *head)
{
	/* As Linux's _entire_mapcount it lives in the second frame. */
	return &head[1].index;
}
/**
 * folio_mapcount - how often any part of a huge page, or the page, is mapped.
 * No step.
 * @head: its head
 *
 * Return: by PTEs and PMDs together.
 */
int folio_mapcount(const struct page *head);
/** page_mapped - is the page, of a huge page any part of it, mapped? No step.
 * Return: it is. */
bool page_mapped(const struct page *page);

/* ---- walking ---- */

/**
 * vma_address - where a page would be in a VMA.
 * @vma: the VMA
 * @addr: set to the address
 *
 * Return: false: nowhere.
 */
bool vma_address(const struct page *page, const struct vm_area_struct *vma,
                 vaddr_t *addr);

struct rmap_walk_control {
	void *arg;
	/* Return false: stop. */
	bool (*rmap_one)(struct page *page, struct vm_area_struct *vma,
	                 vaddr_t addr, void *arg);
	/* Tested after each VMA; may be NULL. */
	bool (*done)(struct page *page);
};

/**
 * rmap_walk - call rmap_one() for each VMA that may map a page.
 * @rwc: what to call
 *
 * Context: folio lock held; takes i_mmap_rwsem or the anon_vma's for reading.
 */
void rmap_walk(struct page *page, struct rmap_walk_control *rwc);

/* Position of a walk over the entries of one VMA that map a page. */
struct page_vma_mapped_walk {
	struct page *page;
	struct vm_area_struct *vma;
	vaddr_t address;
	pmd_t *pmd;
	pte_t *pte;      /* mapped and locked, or NULL: a huge PMD, locked */
	spinlock_t *ptl; /* held while on an entry */
};

/**
 * page_vma_mapped_walk - go to the next entry that maps the page.
 *
 * Return: true, with ptl held; false, with nothing held, when there is none.
 * A page has at most one entry in a VMA, the second call ends the walk.
 */
bool page_vma_mapped_walk(struct page_vma_mapped_walk *pvmw);
/** page_vma_mapped_walk_done - leave a walk early. */
void page_vma_mapped_walk_done(struct page_vma_mapped_walk *pvmw);

/* try_to_unmap() flags. */
#define TTU_SPLIT_HUGE_PMD 0x4u
#define TTU_SYNC           0x10u
#define TTU_BATCH_FLUSH    0x40u

/**
 * try_to_unmap - take a page out of every page table.
 * @flags: TTU_*
 *
 * Clean lazyfree pages and shmem pages only; others are left mapped (there is
 * no swap). With TTU_BATCH_FLUSH the caller ends with try_to_unmap_flush().
 *
 * Context: folio lock held. Steps.
 */
void try_to_unmap(struct page *page, unsigned flags);

/* ---- the deferred flush: mm/unmap_batch.c ---- */

/**
 * should_defer_flush - may the flush of a page unmapped from @mm wait?
 * @ttu_flags: of try_to_unmap()
 *
 * Context: PTL held. May take a step.
 * Return: it may: set_tlb_ubc_flush_pending() instead.
 */
bool should_defer_flush(struct mm_struct *mm, unsigned ttu_flags);
/**
 * set_tlb_ubc_flush_pending - the current task owes a flush.
 * @pteval: the entry that was cleared
 * @addr: whose it was
 *
 * Context: the PTL of that entry held since it was cleared. Steps.
 */
void set_tlb_ubc_flush_pending(struct mm_struct *mm, pte_t pteval,
                               vaddr_t addr);
/**
 * try_to_unmap_flush - flush what the current task owes.
 *
 * Context: interrupts on, before the pages are freed. Steps if there is any.
 */
void try_to_unmap_flush(void);
/**
 * flush_tlb_batched_pending - what reclaim has unmapped from @mm and not yet
 * flushed must not be used from now on.
 *
 * Context: the PTL of the entries that are about to be looked at. A step, and
 * those of a flush if one is owed; none with the option batched_unmap=off.
 */
void flush_tlb_batched_pending(struct mm_struct *mm);

#endif
