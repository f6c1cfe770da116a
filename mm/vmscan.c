/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/vmscan.h"

#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/mm.h"
#include "mm/mmap_lock.h"
#include "mm/page.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/vma.h"

/*
 * The last reference is ours, from isolation: nobody can take another one.
 * Linux v6.12 mm/vmscan.c shrink_folio_list().
 */
static bool free_lazyfree(struct kernel *k, struct page *page)
{
	if (page_mapped(page) || !page_ref_freeze(page, 1))
		return false;
	count_vm_events(k, pglazyfreed, compound_nr(page));
	count_vm_events(k, pgfree, compound_nr(page));
	return true;
}

bool shrink_folio(struct kernel *k, struct page *page)
{
	bool freed = false;

	if (!folio_trylock(page))
		goto out_put;

	if (PageAnon(page) && !PageSwapBacked(page)) {
		try_to_unmap(page, 0);
		freed = !PageSwapBacked(page) && free_lazyfree(k, page);
	}
	folio_unlock(page);
	if (freed) {
		free_frames(k->machine, page);
		return true;
	}
out_put:
	put_page(page);
	return false;
}

/*
 * The page mapped at @addr, with a reference (isolated from the LRU), if it is
 * lazyfree. Linux v6.12 mm/madvise.c madvise_cold_or_pageout_pte_range().
 *
 * DIVERGES: huge pages mapped by a PMD, and pages that several processes map,
 * are left alone.
 */
static struct page *isolate_lazyfree(struct vm_area_struct *vma, vaddr_t addr)
{
	struct mm_struct *mm = vma->vm_mm;
	pmd_t *pmd = mm_find_pmd(mm, addr);
	struct page *page, *head = NULL;
	spinlock_t *ptl;
	pte_t *ptep, pte;

	if (!pmd)
		return NULL;
	ptep = pte_offset_map_lock(mm, pmd, addr, &ptl);
	if (!ptep)
		return NULL;

	pte = ptep_get(addr, ptep);
	page = pte_present(pte) ? vm_normal_page(vma, addr, pte) : NULL;
	if (page)
		head = compound_head(page);
	/* Each frame is mapped once: by PTEs of this process. */
	if (head && PageAnon(head) && !PageSwapBacked(head) &&
	    page->mapcount == 1 &&
	    folio_mapcount(head) == (int)compound_nr(head))
		get_page(head);
	else
		head = NULL;
	pte_unmap_unlock(ptep, ptl);
	return head;
}

long reclaim_range(struct mm_struct *mm, vaddr_t addr, uint64_t len)
{
	vaddr_t end = addr + len;
	long freed = 0;

	for (addr = ALIGN_DOWN(addr, PAGE_SIZE); addr < end;
	     addr += PAGE_SIZE) {
		struct vm_area_struct *vma;
		struct page *page = NULL;
		unsigned nr;

		mmap_read_lock(mm);
		vma = find_vma_intersection(mm, addr, end);
		if (vma)
			addr = MAX(addr, vma->vm_start);
		if (vma && !(vma->vm_flags & VM_LOCKED))
			page = isolate_lazyfree(vma, addr);
		mmap_read_unlock(mm);
		if (!vma)
			break;
		nr = page ? compound_nr(page) : 0;
		if (page && shrink_folio(mm->kernel, page))
			freed += nr;
	}
	return freed;
}
