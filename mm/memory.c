/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/memory.h"

#include "mm/huge_memory.h"
#include "mm/mmap_lock.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/* ---- small things the files of memory.h share ---- */

struct page *vm_normal_page(struct vm_area_struct *vma, vaddr_t addr, pte_t pte)
{
	struct page *page = pte_page(pte);

	(void)vma;
	(void)addr;
	/* Entries of the huge zero page's split all map the zero page. */
	return is_zero_page(page) ? NULL : page;
}

struct page *vm_normal_page_pmd(struct vm_area_struct *vma, vaddr_t addr,
                                pmd_t pmd)
{
	struct page *page = pmd_page(pmd);

	(void)vma;
	(void)addr;
	return is_huge_zero_page(page) ? NULL : page;
}

void add_mm_anon(struct mm_struct *mm, int64_t nr)
{
	ADD_ONCE_AT(mm->rss_anon.counter, nr, "add_mm_counter", 0);
}

void add_mm_counter(struct mm_struct *mm, const struct page *page, int64_t nr)
{
	if (PageAnon(page)) {
		add_mm_anon(mm, nr);
		return;
	}
	ADD_ONCE_AT(mm->rss_shmem.counter, nr, "add_mm_counter", 0);
}

pte_t maybe_mkwrite(pte_t pte, const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_WRITE ? pte_mkwrite(pte) : pte;
}

pmd_t maybe_pmd_mkwrite(pmd_t pmd, const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_WRITE ? pmd_mkwrite(pmd) : pmd;
}

/* Under the PTL: is the entry still what the fault was decided on? */
bool vmf_pte_changed(struct vm_fault *vmf)
{
	pte_t pte = ptep_get(vmf->address, vmf->pte);

	if (vmf->flags & FAULT_FLAG_ORIG_PTE_VALID)
		return !pte_same(pte, vmf->orig_pte);
	return !pte_none(pte);
}

/*
 * Linux v6.12 mm/memory.c vmf_anon_prepare(): neighbours, whose anon_vma could
 * be shared, are not locked by the VMA's lock. Return: VM_FAULT_RETRY with that
 * released.
 */
vm_fault_t vmf_anon_prepare(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mm_struct *mm = vma->vm_mm;
	int err;

	if (!(vmf->flags & FAULT_FLAG_VMA_LOCK))
		return anon_vma_prepare(vma) ? VM_FAULT_OOM : 0;
	if (READ_ONCE_AT(vma->anon_vma, "read vma->anon_vma", vma->vm_start))
		return 0;
	if (!mmap_read_trylock(mm)) {
		vma_end_read(vma);
		return VM_FAULT_RETRY;
	}
	err = anon_vma_prepare(vma);
	mmap_read_unlock(mm);
	return err ? VM_FAULT_OOM : 0;
}

/* ---- anonymous memory ---- */

/*
 * Map @entry unless somebody else changed the entry or took the table.
 * Return: with the PTL held and vmf->pte mapped; false with neither.
 */
static bool anon_lock_unchanged(struct vm_fault *vmf)
{
	vmf->pte = pte_offset_map_lock(vmf->vma->vm_mm, vmf->pmd, vmf->address,
	                               &vmf->ptl);
	if (!vmf->pte)
		return false;
	if (!vmf_pte_changed(vmf))
		return true;
	pte_unmap_unlock(vmf->pte, vmf->ptl);
	return false;
}

/* A read of memory nobody wrote: the zero page, never writable. */
static vm_fault_t do_anonymous_zero_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	pte_t entry = mk_pte(vma->vm_mm->kernel->zero_page,
	                     vm_get_page_prot(vma->vm_flags));

	if (!anon_lock_unchanged(vmf))
		return 0;
	set_pte_at(vmf->vma->vm_mm, vmf->address, vmf->pte,
	           pte_wrprotect(entry));
	pte_unmap_unlock(vmf->pte, vmf->ptl);
	return 0;
}

/* Linux v6.12 mm/memory.c do_anonymous_page(). */
static vm_fault_t do_anonymous_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mm_struct *mm = vma->vm_mm;
	struct page *page;
	vm_fault_t ret;
	pte_t entry;

	if (vma->vm_flags & VM_SHARED)
		return VM_FAULT_SIGBUS;
	/*
	 * The table may be gone again before it is locked: then there is
	 * nothing to do but to fault again.
	 */
	if (pte_alloc(mm, vmf->pmd, vmf->address))
		return VM_FAULT_OOM;
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return do_anonymous_zero_page(vmf);

	ret = vmf_anon_prepare(vmf);
	if (ret)
		return ret;
	page = vma_alloc_zeroed_page(vma);
	if (!page)
		return VM_FAULT_OOM;

	entry = mk_pte(page, vm_get_page_prot(vma->vm_flags));
	entry = pte_mkyoung(entry);
	if (vma->vm_flags & VM_WRITE)
		entry = pte_mkwrite(pte_mkdirty(entry));

	if (!anon_lock_unchanged(vmf)) {
		put_page(page);
		return 0;
	}
	add_mm_anon(mm, 1);
	page_add_new_anon_rmap(page, vma, vmf->address);
	SetPageLRU(page);
	set_pte_at(vmf->vma->vm_mm, vmf->address, vmf->pte, entry);
	pte_unmap_unlock(vmf->pte, vmf->ptl);
	return 0;
}

/* ---- dispatch ---- */

/*
 * Look without the lock. Only ever used to decide; who acts on it takes the
 * lock and compares. Return: there is an entry (mapped, vmf->orig_pte).
 */
static bool vmf_map_nolock(struct vm_fault *vmf, bool *retry)
{
	pmd_t pmdval;

	*retry = false;
	vmf->pte = NULL;
	vmf->flags &= ~FAULT_FLAG_ORIG_PTE_VALID;
	if (pmd_none(pmdp_get(vmf->address, vmf->pmd)))
		return false; /* do_pte_missing() allocates */

	vmf->pte = pte_offset_map_rw_nolock(vmf->vma->vm_mm, vmf->pmd,
	                                    vmf->address, &pmdval, &vmf->ptl);
	if (!vmf->pte) {
		*retry = true; /* it became huge, or went */
		return false;
	}
	vmf->orig_pte = ptep_get_lockless(vmf->address, vmf->pte);
	vmf->flags |= FAULT_FLAG_ORIG_PTE_VALID;
	if (!pte_none(vmf->orig_pte))
		return true;
	pte_unmap(vmf->pte);
	vmf->pte = NULL;
	return false;
}

/* The entry allows what was tried: mark it used. */
static void pte_fix_access(struct vm_fault *vmf)
{
	pte_t entry = pte_mkyoung(vmf->orig_pte);
	bool write = vmf->flags & FAULT_FLAG_WRITE;

	if (write)
		entry = pte_mkdirty(entry);
	if (!ptep_set_access_flags(vmf->vma, vmf->address, vmf->pte, entry,
	                           write) &&
	    write)
		flush_tlb_fix_spurious_fault(vmf->vma, vmf->address, vmf->pte);
}

/*
 * Linux v6.12 mm/memory.c handle_pte_fault().
 *
 * pte_same() against an entry that is there tells that the table is, too: a
 * table is only taken out empty. do_pte_missing() has to ask again.
 */
static vm_fault_t handle_pte_fault(struct vm_fault *vmf)
{
	bool retry;

	if (!vmf_map_nolock(vmf, &retry)) {
		if (retry)
			return 0;
		return vma_is_anonymous(vmf->vma) ? do_anonymous_page(vmf)
		                                  : do_fault(vmf);
	}
	if (!pte_present(vmf->orig_pte)) {
		pte_unmap(vmf->pte);
		return VM_FAULT_SIGBUS; /* a marker: poison */
	}

	spin_lock(vmf->ptl);
	if (pte_same(ptep_get(vmf->address, vmf->pte), vmf->orig_pte)) {
		if ((vmf->flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) &&
		    !pte_write(vmf->orig_pte))
			return do_wp_page(vmf);
		pte_fix_access(vmf);
	}
	pte_unmap_unlock(vmf->pte, vmf->ptl);
	return 0;
}

/*
 * What __handle_mm_fault() does about huge PMDs. Return: VM_FAULT_FALLBACK to
 * go on with PTEs.
 */
static vm_fault_t handle_pmd_fault(struct vm_fault *vmf)
{
	vmf->orig_pmd = pmdp_get_lockless(vmf->address, vmf->pmd);

	if (pmd_none(vmf->orig_pmd)) {
		if (!thp_vma_allowable(vmf->vma) || !vma_is_anonymous(vmf->vma))
			return VM_FAULT_FALLBACK;
		return do_huge_pmd_anonymous_page(vmf);
	}
	if (!pmd_trans_huge(vmf->orig_pmd))
		return VM_FAULT_FALLBACK;

	if ((vmf->flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) &&
	    !pmd_write(vmf->orig_pmd))
		return do_huge_pmd_wp_page(vmf);
	huge_pmd_set_accessed(vmf);
	return 0;
}

/* Linux v6.12 mm/memory.c __handle_mm_fault(). */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, vaddr_t address,
                           unsigned flags)
{
	struct vm_fault vmf = {
		.vma = vma,
		.address = address & PAGE_MASK,
		.real_address = address,
		.flags = flags,
		.pgoff = linear_page_index(vma, address),
	};
	vm_fault_t ret;

	if (flags & FAULT_FLAG_VMA_LOCK)
		vma_assert_locked(vma);
	else
		lockdep_assert_held(&vma->vm_mm->mmap_lock,
		                    "handle_mm_fault() needs mmap_lock");
	vmf.pmd = mm_alloc_pmd(vma->vm_mm, vmf.address);
	if (!vmf.pmd)
		return VM_FAULT_OOM;

	ret = handle_pmd_fault(&vmf);
	if (!(ret & VM_FAULT_FALLBACK))
		return ret;
	return handle_pte_fault(&vmf);
}
