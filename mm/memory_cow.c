/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes to write-protected entries (Linux v6.12 mm/memory.c do_wp_page()).
 *
 * Whether a page is this mm's alone is known from PageAnonExclusive; if it is
 * clear, the only reference being ours proves it too.
 */
#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/* Make the entry writable as it is. PTL held; drops it. */
static void wp_page_reuse(struct vm_fault *vmf)
{
	pte_t entry = pte_mkyoung(vmf->orig_pte);

	entry = maybe_mkwrite(pte_mkdirty(entry), vmf->vma);
	(void)ptep_set_access_flags(vmf->vma, vmf->address, vmf->pte, entry,
	                            true);
	pte_unmap_unlock(vmf->pte, vmf->ptl);
}

/*
 * Linux v5.7 mm/swapfile.c reuse_swap_page(): references that are no mappings
 * do not count.
 */
static bool reuse_swap_page(struct page *page, struct vm_area_struct *vma)
{
	if (PageCompound(page) || !folio_trylock(page))
		return false;
	if (page_mapcount(page) != 1) {
		folio_unlock(page);
		return false;
	}
	page_move_anon_rmap(page, vma);
	folio_unlock(page);
	return true;
}

/*
 * Linux v6.12 mm/memory.c wp_can_reuse_anon_folio(). The folio lock keeps
 * others from taking new references by way of rmap; trylock because the PTL is
 * held.
 */
static bool wp_can_reuse_anon_page(struct page *page,
                                   struct vm_area_struct *vma)
{
	if (mm_opt(vma->vm_mm)->cow_reuse == COW_REUSE_MAPCOUNT)
		return reuse_swap_page(page, vma);
	/* DIVERGES: pages of a PTE-mapped huge page are always copied. */
	if (PageCompound(page))
		return false;
	if (page_ref_count(page) != 1)
		return false;
	if (!folio_trylock(page))
		return false;
	if (page_ref_count(page) != 1) {
		folio_unlock(page);
		return false;
	}
	page_move_anon_rmap(page, vma);
	folio_unlock(page);
	return true;
}

/* Linux v6.12 mm/memory.c do_wp_page(): is @page this mm's alone? */
static bool wp_exclusive(const struct vm_fault *vmf, struct page *page)
{
	struct vm_area_struct *vma = vmf->vma;

	if (!PageAnon(page))
		return false;
	if (mm_opt(vma->vm_mm)->cow_reuse == COW_REUSE_EXCLUSIVE &&
	    PageAnonExclusive(page))
		return true;
	return wp_can_reuse_anon_page(page, vma);
}

/* The copy takes the old page's place; the PTL is held. */
static void wp_install_copy(struct vm_fault *vmf, struct page *old,
                            struct page *copy)
{
	struct vm_area_struct *vma = vmf->vma;
	pte_t entry = mk_pte(copy, vm_get_page_prot(vma->vm_flags));

	lockdep_assert_held(vmf->ptl, "a PTE is replaced under the PTL");
	if (!old) {
		add_mm_anon(vma->vm_mm, 1);
	} else if (!PageAnon(old)) {
		add_mm_counter(vma->vm_mm, old, -1);
		add_mm_anon(vma->vm_mm, 1);
	}
	entry = pte_mkyoung(entry);
	if (vmf->flags & FAULT_FLAG_UNSHARE)
		entry = pte_wrprotect(entry);
	else
		entry = maybe_mkwrite(pte_mkdirty(entry), vma);

	/*
	 * Clear and flush before the new page appears: no CPU may read the old
	 * page once another can write the new one.
	 */
	(void)ptep_clear_flush(vma, vmf->address, vmf->pte);
	page_add_new_anon_rmap(copy, vma, vmf->address);
	SetPageLRU(copy);
	set_pte_at(vma->vm_mm, vmf->address, vmf->pte, entry);
	/*
	 * Only now may the old page look unmapped: whoever reuses it because
	 * of that must find no entry that leads to it.
	 */
	if (old)
		page_remove_rmap(old, vma, false);
}

/* Linux v6.12 mm/memory.c wp_page_copy(). @old: referenced, NULL: the zero
 * page. No lock held. */
static vm_fault_t wp_page_copy(struct vm_fault *vmf, struct page *old)
{
	struct vm_area_struct *vma = vmf->vma;
	struct machine *m = vma->vm_mm->kernel->machine;
	struct page *copy = NULL;
	vm_fault_t ret = vmf_anon_prepare(vmf);
	bool copied = false;

	if (!ret) {
		copy = old ? alloc_anon_page(m, 0, false)
		           : vma_alloc_zeroed_page(vma);
		ret = copy ? 0 : VM_FAULT_OOM;
	}
	if (ret) {
		if (old)
			put_page(old);
		return ret;
	}
	if (old)
		copy_user_page(copy, old, vmf->address);

	vmf->pte = pte_offset_map_lock(vma->vm_mm, vmf->pmd, vmf->address,
	                               &vmf->ptl);
	if (vmf->pte) {
		copied = pte_same(ptep_get(vmf->address, vmf->pte),
		                  vmf->orig_pte);
		if (copied)
			wp_install_copy(vmf, old, copy);
		pte_unmap_unlock(vmf->pte, vmf->ptl);
	}

	if (!copied)
		put_page(copy);
	else if (old)
		put_page(old); /* the reference of the mapping */
	if (old)
		put_page(old); /* ours */
	return copied && !(vmf->flags & FAULT_FLAG_UNSHARE) ? VM_FAULT_WRITE
	                                                    : 0;
}

/* Linux v6.12 mm/memory.c wp_page_shared(), as far as shmem needs it. */
static vm_fault_t wp_page_shared(struct vm_fault *vmf, struct page *page)
{
	if (page)
		SetPageDirty(page);
	wp_page_reuse(vmf);
	return 0;
}

/* Context: vmf->pte mapped and locked, the same as orig_pte; both end here. */
vm_fault_t do_wp_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page = vm_normal_page(vma, vmf->address, vmf->orig_pte);

	lockdep_assert_held(vmf->ptl, "do_wp_page() needs the PTL");
	if (vma->vm_flags & VM_SHARED)
		return wp_page_shared(vmf, page);

	if (page && wp_exclusive(vmf, page)) {
		if (!(vmf->flags & FAULT_FLAG_UNSHARE)) {
			wp_page_reuse(vmf);
			return VM_FAULT_WRITE;
		}
		pte_unmap_unlock(vmf->pte, vmf->ptl);
		return 0;
	}

	if (page)
		get_page(page);
	pte_unmap_unlock(vmf->pte, vmf->ptl);
	return wp_page_copy(vmf, page);
}
