/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walkers of page tables for scenarios: each does what some part of Linux does
 * to a table that is being taken away.
 */
#include <errno.h>
#include <string.h>

#include "mm/gup.h"
#include "mm/kops_internal.h"
#include "mm/memory.h"
#include "mm/mmap_lock.h"
#include "mm/page.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/vma.h"

/*
 * A page-table walk as in Linux v6.12 mm/pagewalk.c walk_pte_range() or
 * khugepaged's scan: RCU keeps the PTE table from being freed, interrupts stay
 * on, the lock is taken late.
 */
static long walk_pte(struct mm_struct *mm, vaddr_t addr)
{
	pmd_t *pmd = mm_find_pmd(mm, addr);
	spinlock_t *ptl;
	pte_t *ptep, pte;

	if (!pmd)
		return -ENOENT;
	ptep = pte_offset_map_ro_nolock(mm, pmd, addr, &ptl);
	if (!ptep)
		return -ENOENT;

	(void)ptep_get_lockless(addr, ptep);
	spin_lock(ptl);
	pte = ptep_get(addr, ptep);
	pte_unmap_unlock(ptep, ptl);
	return pte_present(pte);
}

long kop_walk(struct kernel *k, struct mm_struct *mm,
              const uint64_t args[KOP_ARGS_MAX])
{
	vaddr_t addr = ALIGN_DOWN(args[0], PAGE_SIZE);
	long ret;

	(void)k;
	mmap_read_lock(mm);
	ret = walk_pte(mm, addr);
	mmap_read_unlock(mm);
	return ret;
}

long kop_gup_fast(struct kernel *k, struct mm_struct *mm,
                  const uint64_t args[KOP_ARGS_MAX])
{
	struct page *page =
		gup_fast(mm, ALIGN_DOWN(args[0], PAGE_SIZE), FOLL_GET);

	(void)k;
	if (!page)
		return 0;
	put_page(page);
	return 1;
}

/* A page nobody knows yet, with @value at the offset of @addr. */
static struct page *new_page_with(struct mm_struct *mm, vaddr_t addr,
                                  uint64_t value)
{
	struct machine *m = mm->kernel->machine;
	struct page *page = alloc_anon_page(m, 0, true);
	uint64_t offset = ALIGN_DOWN(addr & ~PAGE_MASK, sizeof(value));

	if (page)
		memcpy(frame_bytes(&m->mem, page) + offset, &value,
		       sizeof(value));
	return page;
}

/*
 * Linux v6.12 mm/userfaultfd.c move_pages_pte(), the destination's side: the
 * table is found without its lock, an empty entry is expected, so only the PMD
 * can tell whether the table is still hooked in.
 */
static long install_at(struct vm_area_struct *vma, pmd_t *pmd, vaddr_t addr,
                       struct page *page)
{
	struct mm_struct *mm = vma->vm_mm;
	pgprot_t prot = vm_get_page_prot(vma->vm_flags);
	long ret = -EEXIST;
	spinlock_t *ptl;
	pmd_t pmdval;
	pte_t *ptep;

	ptep = pte_offset_map_rw_nolock(mm, pmd, addr, &pmdval, &ptl);
	if (!ptep)
		return -EAGAIN;
	if (!pte_none(ptep_get(addr, ptep))) {
		pte_unmap(ptep);
		return -EEXIST;
	}

	spin_lock(ptl);
	if (mm_opt(mm)->pmd_recheck &&
	    !pmd_same(pmdval, pmdp_get_lockless(addr, pmd))) {
		ret = -EAGAIN;
	} else if (pte_none(ptep_get(addr, ptep))) {
		add_mm_anon(mm, 1);
		page_add_new_anon_rmap(page, vma, addr);
		set_pte_at(mm, addr, ptep,
		           maybe_mkwrite(pte_mkdirty(mk_pte(page, prot)), vma));
		ret = 0;
	}
	pte_unmap_unlock(ptep, ptl);
	return ret;
}

static long move_dst_locked(struct mm_struct *mm, vaddr_t addr,
                            struct page *page)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	long ret;

	if (!vma || !vma_is_anonymous(vma))
		return -EFAULT;
	if (anon_vma_prepare(vma))
		return -ENOMEM;

	do {
		pmd_t *pmd = mm_alloc_pmd(mm, addr);

		if (!pmd || pte_alloc(mm, pmd, addr))
			return -ENOMEM;
		if (pmd_trans_huge(pmdp_get_lockless(addr, pmd)))
			return -EEXIST;
		ret = install_at(vma, pmd, addr, page);
	} while (ret == -EAGAIN);
	return ret;
}

long kop_move_dst(struct kernel *k, struct mm_struct *mm,
                  const uint64_t args[KOP_ARGS_MAX])
{
	struct page *page = new_page_with(mm, args[0], args[1]);
	long ret;

	(void)k;
	if (!page)
		return -ENOMEM;
	mmap_read_lock(mm);
	ret = move_dst_locked(mm, ALIGN_DOWN(args[0], PAGE_SIZE), page);
	mmap_read_unlock(mm);
	if (ret)
		put_page(page);
	return ret;
}
