/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a page and a VMA to the entry: Linux v6.12 mm/page_vma_mapped.c, with
 * the PMD comparison after locking that 6.13 added.
 */
#include "mm/page.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"

static bool not_found(struct page_vma_mapped_walk *pvmw)
{
	page_vma_mapped_walk_done(pvmw);
	return false;
}

void page_vma_mapped_walk_done(struct page_vma_mapped_walk *pvmw)
{
	if (pvmw->ptl)
		spin_unlock(pvmw->ptl);
	if (pvmw->pte)
		pte_unmap(pvmw->pte);
	pvmw->ptl = NULL;
	pvmw->pte = NULL;
}

/* A huge PMD maps the page if the page is its head. */
static bool walk_huge_pmd(struct page_vma_mapped_walk *pvmw, bool *was_split)
{
	struct mm_struct *mm = pvmw->vma->vm_mm;
	pmd_t pmd;

	pvmw->ptl = pmd_lock(mm, pvmw->pmd);
	pmd = pmdp_get(pvmw->address, pvmw->pmd);
	if (pmd_present(pmd) && pmd_trans_huge(pmd)) {
		if (pmd_page(pmd) == pvmw->page)
			return true;
		return not_found(pvmw);
	}
	/* Split or zapped meanwhile. */
	spin_unlock(pvmw->ptl);
	pvmw->ptl = NULL;
	*was_split = true;
	return false;
}

enum map_result {
	MAP_MISSING,
	MAP_FOUND,
	MAP_RETRY
};

/* Linux v6.13 mm/page_vma_mapped.c map_pte(), check_pte() */
static enum map_result map_pte(struct page_vma_mapped_walk *pvmw)
{
	struct mm_struct *mm = pvmw->vma->vm_mm;
	spinlock_t *ptl;
	pmd_t pmdval;
	pte_t pte;

	pvmw->pte = pte_offset_map_rw_nolock(mm, pvmw->pmd, pvmw->address,
	                                     &pmdval, &ptl);
	if (!pvmw->pte)
		return MAP_MISSING;
	if (!pte_present(ptep_get(pvmw->address, pvmw->pte))) {
		page_vma_mapped_walk_done(pvmw);
		return MAP_MISSING;
	}

	pvmw->ptl = ptl;
	spin_lock(ptl);
	if (!pmd_same(pmdval, pmdp_get_lockless(pvmw->address, pvmw->pmd))) {
		page_vma_mapped_walk_done(pvmw);
		return MAP_RETRY;
	}
	pte = ptep_get(pvmw->address, pvmw->pte);
	if (pte_present(pte) && pte_page(pte) == pvmw->page)
		return MAP_FOUND;
	page_vma_mapped_walk_done(pvmw);
	return MAP_MISSING;
}

bool page_vma_mapped_walk(struct page_vma_mapped_walk *pvmw)
{
	enum map_result res = MAP_RETRY;

	/* The only possible entry was handled by the previous call. */
	if (pvmw->pmd)
		return not_found(pvmw);

	pvmw->pmd = mm_find_pmd(pvmw->vma->vm_mm, pvmw->address);
	if (!pvmw->pmd)
		return false;

	while (res == MAP_RETRY) {
		bool was_split = false;
		pmd_t pmd = pmdp_get_lockless(pvmw->address, pvmw->pmd);

		if (!pmd_present(pmd))
			return false;
		if (!pmd_trans_huge(pmd))
			res = map_pte(pvmw);
		else if (walk_huge_pmd(pvmw, &was_split))
			return true;
		else if (!was_split)
			return false;
	}
	return res == MAP_FOUND;
}
