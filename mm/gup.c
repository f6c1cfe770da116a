/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/gup.h"

#include "mm/huge_memory.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/pgtable_map.h"
#include "mm/uapi.h"
#include "mm/vma.h"

/* Bytes from @addr on that are mapped and, if asked, writable; 0 = fault. */
static uint64_t follow_page(struct vm_area_struct *vma, vaddr_t addr,
                            bool write)
{
	pmd_t *pmd = mm_find_pmd(vma->vm_mm, addr);
	spinlock_t *ptl;
	pte_t *ptep, pte;

	if (!pmd)
		return 0;
	ptl = pmd_trans_huge_lock(pmd, vma);
	if (ptl) {
		pmd_t entry = pmdp_get(addr, pmd);

		spin_unlock(ptl);
		if (!pmd_present(entry) || (write && !pmd_write(entry)))
			return 0;
		return HPAGE_PMD_SIZE - (addr & ~HPAGE_PMD_MASK);
	}
	ptep = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);
	if (!ptep)
		return 0;
	pte = ptep_get(addr, ptep);
	pte_unmap_unlock(ptep, ptl);
	if (!pte_present(pte) || (write && !pte_write(pte)))
		return 0;
	return PAGE_SIZE;
}

/* Linux v6.12 mm/gup.c faultin_page() */
static int faultin_page(struct vm_area_struct *vma, vaddr_t addr, bool write)
{
	vm_fault_t ret =
		handle_mm_fault(vma, addr, write ? FAULT_FLAG_WRITE : 0);

	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	if (ret & VM_FAULT_ERROR)
		return -EFAULT;
	return 0;
}

/* Linux v6.12 mm/gup.c check_vma_flags() */
static bool vma_permits_gup(const struct vm_area_struct *vma, bool write)
{
	return vma->vm_flags & (write ? VM_WRITE : VM_READ);
}

int populate_vma_page_range(struct vm_area_struct *vma, vaddr_t start,
                            vaddr_t end, bool write)
{
	mmap_assert_locked(vma->vm_mm);
	if (!vma_permits_gup(vma, write))
		return -EFAULT;
	while (start < end) {
		uint64_t done = follow_page(vma, start, write);

		if (!done) {
			int err = faultin_page(vma, start, write);

			if (err)
				return err;
			cond_resched();
			continue;
		}
		start += done;
	}
	return 0;
}

/* Linux v6.12 mm/gup.c faultin_page_range(), mm/madvise.c madvise_populate() */
int faultin_page_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                       bool write)
{
	while (start < end) {
		struct vm_area_struct *vma = vma_lookup(mm, start);
		vaddr_t stop;
		int err;

		if (!vma)
			return -ENOMEM;
		if (!vma_permits_gup(vma, write))
			return -EINVAL;
		stop = MIN(end, vma->vm_end);
		err = populate_vma_page_range(vma, start, stop, write);
		if (err)
			return err;
		start = stop;
	}
	return 0;
}

/*
 * Linux v6.12 mm/gup.c __mm_populate(): private writable memory is written to,
 * shared memory only read, so that no page becomes dirty for nothing.
 */
int mm_populate(struct mm_struct *mm, vaddr_t start, uint64_t len)
{
	vaddr_t end = start + len;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	for_each_vma_range(mm, vma, start, end)
	{
		bool write =
			(vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;

		/* Errors are not the caller's business: the pages come with
		 * the first access. */
		if (!(vma->vm_flags & VM_ACCESS_FLAGS))
			continue;
		if (populate_vma_page_range(vma, MAX(start, vma->vm_start),
		                            MIN(end, vma->vm_end),
		                            write) == -ENOMEM)
			break;
	}
	mmap_read_unlock(mm);
	return 0;
}
