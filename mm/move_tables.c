/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bug.h"
#include "mm/filemap.h"
#include "mm/huge_memory.h"
#include "mm/mmap_lock.h"
#include "mm/mremap.h"
#include "mm/pgalloc.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* A move in progress. */
struct mover {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	vaddr_t old_addr, old_end, new_addr;
	bool need_rmap_locks;
	bool flush_after; /* option mremap_flush */
	bool need_flush;  /* flush_after: something is stale */
};

static void take_rmap_locks(struct vm_area_struct *vma)
{
	if (vma->vm_file)
		i_mmap_lock_write(vma->vm_file);
	if (vma->anon_vma)
		anon_vma_lock_write(vma->anon_vma);
}

static void drop_rmap_locks(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		anon_vma_unlock_write(vma->anon_vma);
	if (vma->vm_file)
		i_mmap_unlock_write(vma->vm_file);
}

/* What move_ptes() found out about what it moved. */
struct moved_ptes {
	bool present;
	bool dirty;
};

static struct moved_ptes move_entries(struct mm_struct *mm, pte_t *old,
                                      pte_t *new, vaddr_t old_addr,
                                      vaddr_t new_addr, uint64_t extent)
{
	struct moved_ptes moved = { false, false };
	vaddr_t end = old_addr + extent;

	for (; old_addr < end; old++, new ++) {
		if (!pte_none(ptep_get(old_addr, old))) {
			pte_t pte = ptep_get_and_clear(mm, old_addr, old);

			moved.present |= pte_present(pte);
			moved.dirty |= pte_present(pte) && pte_dirty(pte);
			set_pte_at(mm, new_addr, new, pte);
		}
		old_addr += PAGE_SIZE;
		new_addr += PAGE_SIZE;
	}
	return moved;
}

/* At the end, with no lock held. */
static void flush_later(struct mover *mv, uint64_t extent)
{
	mv->need_flush = true;
	note_flush(mv->mm, FLUSH_DEFERRED, mv->old_addr, mv->old_addr + extent,
	           "left to the end of mremap (mremap_flush=after)");
}

/*
 * Before eb66ae030829 (v4.19): the destination's lock goes first, and only
 * dirty entries are flushed while the source's is held.
 */
static void move_ptes_flush_after(struct mover *mv, struct moved_ptes moved,
                                  spinlock_t *new_ptl,
                                  const spinlock_t *old_ptl, uint64_t extent)
{
	if (new_ptl != old_ptl)
		spin_unlock(new_ptl);
	if (moved.dirty)
		flush_tlb_range(mv->vma, mv->old_addr, mv->old_addr + extent);
	else if (moved.present)
		flush_later(mv, extent);
}

/* With both tables mapped and locked. */
static void move_ptes_locked(struct mover *mv, pte_t *old, pte_t *new,
                             spinlock_t *old_ptl, spinlock_t *new_ptl,
                             uint64_t extent)
{
	struct moved_ptes moved = move_entries(
		mv->vma->vm_mm, old, new, mv->old_addr, mv->new_addr, extent);

	if (mv->flush_after) {
		move_ptes_flush_after(mv, moved, new_ptl, old_ptl, extent);
		return;
	}
	if (moved.present)
		flush_tlb_range(mv->vma, mv->old_addr, mv->old_addr + extent);
	if (new_ptl != old_ptl)
		spin_unlock(new_ptl);
}

/* Linux v6.12 mm/mremap.c move_ptes(). False: a table is gone, look again. */
static bool move_ptes(struct mover *mv, pmd_t *old_pmd, pmd_t *new_pmd,
                      uint64_t extent)
{
	spinlock_t *old_ptl, *new_ptl;
	pte_t *old, *new;
	bool done = false;

	if (mv->need_rmap_locks)
		take_rmap_locks(mv->vma);
	old = pte_offset_map_lock(mv->mm, old_pmd, mv->old_addr, &old_ptl);
	if (!old)
		goto out;
	/* mmap_lock for writing keeps anybody from locking them the other way
	 * round, and empty tables from being reclaimed. */
	new = pte_offset_map_ro_nolock(mv->mm, new_pmd, mv->new_addr, &new_ptl);
	if (!new) {
		pte_unmap_unlock(old, old_ptl);
		goto out;
	}
	if (new_ptl != old_ptl)
		spin_lock_nested(new_ptl);
	flush_tlb_batched_pending(mv->mm);
	move_ptes_locked(mv, old, new, old_ptl, new_ptl, extent);
	pte_unmap(new);
	pte_unmap_unlock(old, old_ptl);
	done = true;
out:
	if (mv->need_rmap_locks)
		drop_rmap_locks(mv->vma);
	return done;
}

/* A whole table of PTEs changes its place in the tree. */
static bool move_pmd_locked(struct mover *mv, pmd_t *old_pmd, pmd_t *new_pmd)
{
	pmd_t pmd = pmdp_get(mv->old_addr, old_pmd);

	/* Racing with collapse? */
	if (!pmd_present(pmd) || pmd_leaf(pmd))
		return false;
	pmd_clear(mv->old_addr, old_pmd);
	pmd_populate(mv->new_addr, new_pmd, pmd_pgtable(pmd));
	pmd_pgtable_page(pmd)->index = mv->new_addr & PMD_MASK;
	if (mv->flush_after)
		flush_later(mv, PMD_SIZE);
	else
		flush_tlb_range(mv->vma, mv->old_addr, mv->old_addr + PMD_SIZE);
	return true;
}

/* Linux v6.12 mm/mremap.c move_normal_pmd() */
static bool move_normal_pmd(struct mover *mv, pmd_t *old_pmd, pmd_t *new_pmd)
{
	spinlock_t *old_ptl, *new_ptl;
	bool moved;

	if (!pmd_none(pmdp_get(mv->new_addr, new_pmd)))
		return false;
	take_rmap_locks(mv->vma);
	old_ptl = pmd_lock(mv->mm, old_pmd);
	new_ptl = pmd_lockptr(mv->mm, new_pmd);
	if (new_ptl != old_ptl)
		spin_lock_nested(new_ptl);
	moved = move_pmd_locked(mv, old_pmd, new_pmd);
	if (new_ptl != old_ptl)
		spin_unlock(new_ptl);
	spin_unlock(old_ptl);
	drop_rmap_locks(mv->vma);
	return moved;
}

/* Linux v6.12 mm/mremap.c move_normal_pud(): a table of PMDs likewise. */
static bool move_normal_pud(struct mover *mv, pud_t *old_pud, pud_t *new_pud)
{
	bool moved = false;
	pud_t pud;

	if (!pud_none(pudp_get(mv->new_addr, new_pud)))
		return false;
	take_rmap_locks(mv->vma);
	/* pud_lock(): not split, one lock for both. */
	spin_lock(&mv->mm->page_table_lock);
	pud = pudp_get(mv->old_addr, old_pud);
	if (pud_present(pud) && !pud_leaf(pud)) {
		pud_clear(mv->old_addr, old_pud);
		pud_populate(mv->new_addr, new_pud, pud_pgtable(pud));
		pfn_to_page(&mv->mm->kernel->machine->mem, pud_pgtable(pud))
			->index = mv->new_addr & PUD_MASK;
		if (mv->flush_after)
			flush_later(mv, PUD_SIZE);
		else
			flush_tlb_range(mv->vma, mv->old_addr,
			                mv->old_addr + PUD_SIZE);
		moved = true;
	}
	spin_unlock(&mv->mm->page_table_lock);
	drop_rmap_locks(mv->vma);
	return moved;
}

static bool move_huge(struct mover *mv, pmd_t *old_pmd, pmd_t *new_pmd)
{
	bool moved;

	if (mv->need_rmap_locks)
		take_rmap_locks(mv->vma);
	moved = move_huge_pmd(mv->vma, mv->old_addr, mv->new_addr, old_pmd,
	                      new_pmd);
	if (mv->need_rmap_locks)
		drop_rmap_locks(mv->vma);
	return moved;
}

/* Linux v6.12 mm/mremap.c get_extent(): up to the next border of either. */
static uint64_t get_extent(const struct mover *mv, uint64_t size)
{
	uint64_t extent = size - (mv->old_addr & (size - 1));

	extent = MIN(extent, mv->old_end - mv->old_addr);
	return MIN(extent, size - (mv->new_addr & (size - 1)));
}

static pud_t *get_old_pud(struct mm_struct *mm, vaddr_t addr)
{
	pgd_t *pgdp = pgd_offset(mm, addr);
	pgd_t pgd = pgdp_get(addr, pgdp);
	p4d_t *p4dp, p4d;

	if (pgd_none_or_bad(pgd))
		return NULL;
	p4dp = p4d_offset_lockless(pgdp, pgd, addr);
	p4d = p4dp_get(addr, p4dp);
	if (p4d_none_or_bad(p4d))
		return NULL;
	return pud_offset_lockless(p4dp, p4d, addr);
}

static pud_t *alloc_new_pud(struct mm_struct *mm, vaddr_t addr)
{
	p4d_t *p4dp = p4d_alloc(mm, pgd_offset(mm, addr), addr);

	return p4dp ? pud_alloc(mm, p4dp, addr) : NULL;
}

/* The entries below one PMD of the source. False: out of memory. */
static bool move_pmd_entry(struct mover *mv, pmd_t *old_pmd, pmd_t *new_pmd,
                           uint64_t extent)
{
	for (;;) {
		pmd_t pmd = pmdp_get(mv->old_addr, old_pmd);

		if (pmd_trans_huge(pmd)) {
			if (extent == HPAGE_PMD_SIZE &&
			    move_huge(mv, old_pmd, new_pmd))
				return true;
			split_huge_pmd(mv->vma, old_pmd, mv->old_addr);
		} else if (extent == PMD_SIZE && !pmd_none(pmd)) {
			if (move_normal_pmd(mv, old_pmd, new_pmd))
				return true;
		}
		if (pmd_none(pmdp_get(mv->old_addr, old_pmd)))
			return true;
		if (pte_alloc(mv->mm, new_pmd, mv->new_addr))
			return false;
		if (move_ptes(mv, old_pmd, new_pmd, extent))
			return true;
	}
}

/* One round of the loop: how far it got, 0 = out of memory. */
static uint64_t move_extent(struct mover *mv)
{
	uint64_t extent = get_extent(mv, PUD_SIZE);
	pud_t *old_pud, *new_pud, pud;
	pmd_t *new_pmd;

	old_pud = get_old_pud(mv->mm, mv->old_addr);
	if (!old_pud)
		return extent;
	new_pud = alloc_new_pud(mv->mm, mv->new_addr);
	if (!new_pud)
		return 0;
	if (extent == PUD_SIZE && move_normal_pud(mv, old_pud, new_pud))
		return extent;

	extent = get_extent(mv, PMD_SIZE);
	pud = pudp_get(mv->old_addr, old_pud);
	if (pud_none_or_bad(pud))
		return extent;
	new_pmd = pmd_alloc(mv->mm, new_pud, mv->new_addr);
	if (!new_pmd)
		return 0;
	if (!move_pmd_entry(mv, pmd_offset_lockless(old_pud, pud, mv->old_addr),
	                    new_pmd, extent))
		return 0;
	return extent;
}

/* Linux v6.12 mm/mremap.c can_align_down() */
static bool can_align_down(const struct vm_area_struct *vma, vaddr_t addr)
{
	return vma->vm_start == addr &&
	       !find_vma_intersection(vma->vm_mm, addr & PMD_MASK, addr);
}

/* Linux v6.12 mm/mremap.c try_realign_addr(): if nothing is mapped below both
 * in the same 2 MiB, start at its border and move the whole table. */
static void try_realign(struct mover *mv, const struct table_move *move)
{
	vaddr_t low = mv->old_addr & ~PMD_MASK;

	if (!low || low != (mv->new_addr & ~PMD_MASK) ||
	    move->len < PMD_SIZE - low ||
	    !can_align_down(move->vma, mv->old_addr) ||
	    !can_align_down(move->new_vma, mv->new_addr))
		return;
	mv->old_addr -= low;
	mv->new_addr -= low;
}

uint64_t move_page_tables(const struct table_move *move)
{
	struct mm_struct *mm = move->vma->vm_mm;
	vaddr_t old_start = move->old_addr;
	struct mover mv = {
		.mm = mm,
		.vma = move->vma,
		.old_addr = old_start,
		.old_end = old_start + move->len,
		.new_addr = move->new_addr,
		.need_rmap_locks = move->need_rmap_locks,
		.flush_after = mm_opt(mm)->mremap_flush == MREMAP_FLUSH_AFTER,
	};

	mmap_assert_write_locked(mm);
	if (!move->len)
		return 0;
	try_realign(&mv, move);
	while (mv.old_addr < mv.old_end) {
		uint64_t extent;

		cond_resched();
		extent = move_extent(&mv);
		if (!extent)
			break;
		mv.old_addr += extent;
		mv.new_addr += extent;
	}
	if (mv.need_flush)
		flush_tlb_range(move->vma, old_start, mv.old_end);
	/* Realigned, and stopped before the first byte that counts. */
	if (mv.old_addr < old_start)
		return 0;
	return mv.old_addr - old_start;
}
