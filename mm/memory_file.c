/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults on shared memory and on private mappings of it (Linux v6.12
 * mm/memory.c do_fault()).
 *
 * DIVERGES: no fault-around: a fault maps one page.
 */
#include <errno.h>

#include "mm/filemap.h"
#include "mm/memory.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/shmem.h"

/*
 * vm_ops->fault(): vmf->page, locked and referenced. The PTE table is allocated
 * before, because allocating with the page locked could wait for ourselves.
 */
static vm_fault_t file_fault(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	int err;

	if (pmd_none(pmdp_get(vmf->address, vmf->pmd)) && !vmf->prealloc_pte) {
		vmf->prealloc_pte = pte_alloc_one(mm, vmf->address);
		if (!vmf->prealloc_pte)
			return VM_FAULT_OOM;
	}

	err = shmem_fault(vmf->vma, vmf->pgoff, &vmf->page);
	if (err == -ENOMEM)
		return VM_FAULT_OOM;
	return err ? VM_FAULT_SIGBUS : VM_FAULT_LOCKED;
}

/* Linux v6.12 mm/memory.c set_pte_range(). */
static void set_file_pte(struct vm_fault *vmf, struct page *page, bool cow)
{
	struct vm_area_struct *vma = vmf->vma;
	pte_t entry = mk_pte(page, vm_get_page_prot(vma->vm_flags));

	lockdep_assert_held(vmf->ptl, "a PTE is set under the PTL");
	entry = pte_mkyoung(entry);
	if (vmf->flags & FAULT_FLAG_WRITE)
		entry = maybe_mkwrite(pte_mkdirty(entry), vma);

	if (cow) {
		page_add_new_anon_rmap(page, vma, vmf->address);
		SetPageLRU(page);
	} else {
		page_add_file_rmap(page, vma, false);
	}
	set_pte_at(vma->vm_mm, vmf->address, vmf->pte, entry);
	add_mm_counter(vma->vm_mm, page, 1);
}

static int file_install_table(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;

	if (!pmd_none(pmdp_get(vmf->address, vmf->pmd)))
		return 0;
	if (!vmf->prealloc_pte)
		return pte_alloc(mm, vmf->pmd, vmf->address);
	pmd_install(mm, vmf->pmd, vmf->address, &vmf->prealloc_pte);
	return 0;
}

/*
 * Linux v6.12 mm/memory.c finish_fault(). Return: 0 if the entry took over the
 * page's reference; VM_FAULT_NOPAGE if somebody else was faster.
 */
static vm_fault_t finish_fault(struct vm_fault *vmf)
{
	bool cow = (vmf->flags & FAULT_FLAG_WRITE) &&
	           !(vmf->vma->vm_flags & VM_SHARED);
	vm_fault_t ret = VM_FAULT_NOPAGE;

	if (file_install_table(vmf))
		return VM_FAULT_OOM;

	vmf->pte = pte_offset_map_lock(vmf->vma->vm_mm, vmf->pmd, vmf->address,
	                               &vmf->ptl);
	if (!vmf->pte)
		return VM_FAULT_NOPAGE;
	if (!vmf_pte_changed(vmf)) {
		set_file_pte(vmf, cow ? vmf->cow_page : vmf->page, cow);
		ret = 0;
	}
	pte_unmap_unlock(vmf->pte, vmf->ptl);
	return ret;
}

static vm_fault_t do_read_fault(struct vm_fault *vmf)
{
	vm_fault_t ret = file_fault(vmf);

	if (ret & VM_FAULT_ERROR)
		return ret;
	ret = finish_fault(vmf);
	folio_unlock(vmf->page);
	if (ret)
		put_page(vmf->page);
	return ret;
}

static vm_fault_t do_cow_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	vm_fault_t ret;

	ret = vmf_anon_prepare(vmf);
	if (ret)
		return ret;
	vmf->cow_page = alloc_anon_page(vma->vm_mm->kernel->machine, 0, false);
	if (!vmf->cow_page)
		return VM_FAULT_OOM;

	ret = file_fault(vmf);
	if (!(ret & VM_FAULT_ERROR)) {
		copy_user_page(vmf->cow_page, vmf->page, vmf->address);
		ret = finish_fault(vmf);
		folio_unlock(vmf->page);
		put_page(vmf->page);
	}
	if (ret)
		put_page(vmf->cow_page);
	return ret;
}

static vm_fault_t do_shared_fault(struct vm_fault *vmf)
{
	vm_fault_t ret = file_fault(vmf);

	if (ret & VM_FAULT_ERROR)
		return ret;
	ret = finish_fault(vmf);
	if (!ret)
		SetPageDirty(vmf->page); /* fault_dirty_shared_page() */
	folio_unlock(vmf->page);
	if (ret)
		put_page(vmf->page);
	return ret;
}

vm_fault_t do_fault(struct vm_fault *vmf)
{
	vm_fault_t ret;

	if (!(vmf->flags & FAULT_FLAG_WRITE))
		ret = do_read_fault(vmf);
	else if (!(vmf->vma->vm_flags & VM_SHARED))
		ret = do_cow_fault(vmf);
	else
		ret = do_shared_fault(vmf);

	if (vmf->prealloc_pte) {
		pte_free(vmf->vma->vm_mm, vmf->prealloc_pte);
		vmf->prealloc_pte = NULL;
	}
	return ret;
}
