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

/* Return: nobody has the page any more, it is to be freed. */
static bool shrink_one(struct kernel *k, struct page *page)
{
	bool freed = false;

	if (!folio_trylock(page))
		goto out_put;

	if (PageAnon(page) && !PageSwapBacked(page)) {
		try_to_unmap(page, TTU_BATCH_FLUSH);
		freed = !PageSwapBacked(page) && free_lazyfree(k, page);
	}
	folio_unlock(page);
	if (freed)
		return true;
out_put:
	put_page(page);
	return false;
}

unsigned shrink_folio_list(struct kernel *k, struct page **pages, unsigned nr)
{
	unsigned nr_free = 0, freed = 0;

	for (unsigned i = 0; i < nr; i++) {
		if (shrink_one(k, pages[i]))
			pages[nr_free++] = pages[i];
	}
	/* No frame goes while a CPU may reach it. */
	try_to_unmap_flush();
	for (unsigned i = 0; i < nr_free; i++) {
		freed += compound_nr(pages[i]);
		free_frames(k->machine, pages[i]);
	}
	return freed;
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

	flush_tlb_batched_pending(mm);
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

/* The next page to try at or after *@addr, which moves behind it. Return: NULL:
 * there is none there; then *@addr is @end if there is no VMA either. */
static struct page *next_page(struct mm_struct *mm, vaddr_t *addr, vaddr_t end)
{
	struct vm_area_struct *vma;
	struct page *page = NULL;

	mmap_read_lock(mm);
	vma = find_vma_intersection(mm, *addr, end);
	if (vma)
		*addr = MAX(*addr, vma->vm_start);
	if (vma && !(vma->vm_flags & VM_LOCKED))
		page = isolate_lazyfree(vma, *addr);
	mmap_read_unlock(mm);
	*addr = vma ? *addr + PAGE_SIZE : end;
	return page;
}

/* Linux v6.12 mm/vmscan.c reclaim_pages(), a batch at a time. */
long reclaim_range(struct mm_struct *mm, vaddr_t addr, uint64_t len)
{
	unsigned batch = mm_opt(mm)->batched_unmap == BATCHED_UNMAP_OFF
	                         ? 1
	                         : SWAP_CLUSTER_MAX;
	struct page *pages[SWAP_CLUSTER_MAX];
	vaddr_t end = addr + len;
	long freed = 0;

	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	while (addr < end) {
		unsigned nr = 0;

		while (addr < end && nr < batch) {
			pages[nr] = next_page(mm, &addr, end);
			nr += pages[nr] != NULL;
		}
		freed += shrink_folio_list(mm->kernel, pages, nr);
	}
	return freed;
}
