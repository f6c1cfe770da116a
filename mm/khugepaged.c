/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/khugepaged.h"

#include <errno.h>

#include "base/rcu.h"
#include "mm/filemap.h"
#include "mm/huge_memory.h"
#include "mm/mman.h"
#include "mm/mmap_lock.h"
#include "mm/mmu_gather.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* What one collapse works on. */
struct collapse {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	vaddr_t haddr;
	struct page *huge;
	pmd_t *pmd;
	pmd_t pmdval; /* the table that is taken out */
	pte_t *pte;   /* its first entry */
	spinlock_t *ptl;
};

/*
 * Linux v6.12 mm/khugepaged.c hugepage_vma_revalidate(). mmap_lock held: the
 * VMA may be another than before the lock was dropped.
 */
static struct vm_area_struct *collapse_vma(struct mm_struct *mm, vaddr_t haddr)
{
	struct vm_area_struct *vma = vma_lookup(mm, haddr);

	if (!vma || !vma_is_anonymous(vma) || !vma->anon_vma)
		return NULL;
	if (!thp_vma_allowable(vma) || !thp_vma_suitable(vma, haddr))
		return NULL;
	return vma;
}

/* Linux v6.12 mm/khugepaged.c find_pmd_or_thp_or_none(): a table, or NULL. */
static pmd_t *find_pte_table(struct mm_struct *mm, vaddr_t haddr)
{
	pmd_t *pmd = mm_find_pmd(mm, haddr);
	pmd_t val;

	if (!pmd)
		return NULL;
	val = pmdp_get_lockless(haddr, pmd);
	if (pmd_none(val) || pmd_trans_huge(val) || pmd_bad(val))
		return NULL;
	return pmd;
}

/* Nobody but the entry may refer to the page. Folio lock held. */
static bool collapse_page_ok(struct page *page)
{
	return PageAnon(page) && !PageCompound(page) &&
	       page_ref_count(page) == folio_mapcount(page) &&
	       folio_mapcount(page) == 1;
}

static struct page *collapse_page(const struct collapse *c, unsigned i,
                                  pte_t pte)
{
	return vm_normal_page(c->vma, c->haddr + i * PAGE_SIZE, pte);
}

/* Nobody must have a use for the page that ends only with its folio lock. */
static bool collapse_page_isolate(struct page *page)
{
	bool ok;

	if (!folio_trylock(page))
		return false;
	ok = collapse_page_ok(page);
	folio_unlock(page);
	return ok;
}

/*
 * Linux v6.12 mm/khugepaged.c __collapse_huge_page_isolate(): look at every
 * page of the table. PTL held. Return: 0, -EAGAIN.
 *
 * DIVERGES: shared pages and pages with other references are never collapsed
 * (Linux: up to max_ptes_shared), holes always are (max_ptes_none 511).
 * DIVERGES: the folio locks are not kept until the copy is done; with the table
 * out of reach and mmap_lock held nobody can come to the pages.
 */
static int collapse_isolate(struct collapse *c)
{
	bool writable = false;

	for (unsigned i = 0; i < HPAGE_PMD_NR; i++) {
		pte_t pte = ptep_get(c->haddr + i * PAGE_SIZE, c->pte + i);
		struct page *page;

		if (pte_none(pte))
			continue;
		if (!pte_present(pte))
			return -EAGAIN;
		page = collapse_page(c, i, pte);
		if (!page)
			continue; /* the zero page */
		if (!collapse_page_isolate(page))
			return -EAGAIN;
		writable |= pte_write(pte);
	}
	return writable ? 0 : -EAGAIN;
}

/* Linux v6.12 mm/khugepaged.c __collapse_huge_page_copy(), first half. */
static void collapse_copy(struct collapse *c)
{
	struct machine *m = c->mm->kernel->machine;

	for (unsigned i = 0; i < HPAGE_PMD_NR; i++) {
		vaddr_t addr = c->haddr + i * PAGE_SIZE;
		pte_t pte = ptep_get(addr, c->pte + i);
		struct page *page =
			pte_none(pte) ? NULL : collapse_page(c, i, pte);

		if (page)
			copy_user_page(c->huge + i, page, addr);
		else
			phys_clear_page(&m->mem, c->huge + i);
	}
}

/* ... and second: the small pages go, one by one, under the PTL. */
static void collapse_copy_succeeded(struct collapse *c)
{
	for (unsigned i = 0; i < HPAGE_PMD_NR; i++) {
		vaddr_t addr = c->haddr + i * PAGE_SIZE;
		pte_t pte = ptep_get(addr, c->pte + i);
		struct page *page =
			pte_none(pte) ? NULL : collapse_page(c, i, pte);

		if (!page) {
			add_mm_anon(c->mm, 1);
			if (pte_none(pte))
				continue;
		}
		spin_lock(c->ptl);
		pte_clear(c->vma->vm_mm, addr, c->pte + i);
		if (page)
			page_remove_rmap(page, c->vma, false);
		spin_unlock(c->ptl);
		if (page)
			put_page(page);
	}
}

/*
 * Take the table out and lock what it maps.
 *
 * After the flush no CPU has a translation from it and none can get one;
 * tlb_remove_table_sync_one() waits for GUP-fast, which looks with interrupts
 * off and no lock. Return: 0 with the table mapped, -EAGAIN.
 */
static int collapse_unhook(struct collapse *c)
{
	enum collapse_gup kept = mm_opt(c->mm)->collapse_gup;
	spinlock_t *pmd_ptl = pmd_lock(c->mm, c->pmd);
	int err;

	c->pmdval = pmdp_collapse_flush(c->vma, c->haddr, c->pmd);
	spin_unlock(pmd_ptl);
	if (kept == COLLAPSE_GUP_BOTH || kept == COLLAPSE_GUP_IPI)
		tlb_remove_table_sync_one();

	rcu_read_lock();
	c->pte = pte_offset_lockless(c->pmdval, c->haddr);
	c->ptl = pte_lockptr(c->mm, c->pmdval);
	spin_lock(c->ptl);
	err = collapse_isolate(c);
	spin_unlock(c->ptl);
	if (!err)
		return 0;

	pte_unmap(c->pte);
	spin_lock(pmd_ptl);
	pmd_populate(c->haddr, c->pmd, pmd_pgtable(c->pmdval));
	spin_unlock(pmd_ptl);
	return err;
}

static void collapse_install(struct collapse *c)
{
	pgprot_t prot = vm_get_page_prot(c->vma->vm_flags);
	pmd_t entry = pmd_mkhuge(mk_pmd(c->huge, prot));
	spinlock_t *pmd_ptl = pmd_lock(c->mm, c->pmd);

	lockdep_assert_held_write(&c->mm->mmap_lock,
	                          "collapse needs mmap_lock for writing");
	page_add_new_anon_rmap(c->huge, c->vma, c->haddr);
	SetPageLRU(c->huge);
	pgtable_trans_huge_deposit(c->mm, c->pmd, pmd_pgtable_page(c->pmdval));
	arch_sync_huge_page(entry);
	set_pmd_at(c->haddr, c->pmd,
	           maybe_pmd_mkwrite(pmd_mkdirty(entry), c->vma));
	spin_unlock(pmd_ptl);
}

/* Linux v6.12 mm/khugepaged.c collapse_huge_page(), mmap_lock held for
 * writing. Return: 0 if c->huge was used. */
static int collapse_locked(struct collapse *c)
{
	struct anon_vma *anon_vma;
	int err;

	c->vma = collapse_vma(c->mm, c->haddr);
	if (!c->vma)
		return -EINVAL;
	c->pmd = find_pte_table(c->mm, c->haddr);
	if (!c->pmd)
		return -EAGAIN;

	vma_start_write(c->vma);
	/* rmap walkers must not see the PMD while it is none. */
	anon_vma = c->vma->anon_vma;
	anon_vma_lock_write(anon_vma);
	err = collapse_unhook(c);
	anon_vma_unlock_write(anon_vma);
	if (err)
		return err;

	collapse_copy(c);
	collapse_copy_succeeded(c);
	pte_unmap(c->pte);
	collapse_install(c);
	count_vm_event(c->mm->kernel, thp_collapse_alloc);
	return 0;
}

int khugepaged_collapse(struct mm_struct *mm, vaddr_t addr)
{
	struct collapse c = { .mm = mm, .haddr = addr & HPAGE_PMD_MASK };
	int err;

	c.huge = alloc_anon_page(mm->kernel->machine, HPAGE_PMD_ORDER, false);
	if (!c.huge)
		return -ENOMEM;

	mmap_write_lock(mm);
	err = collapse_locked(&c);
	mmap_write_unlock(mm);

	if (err)
		put_page(c.huge);
	return err;
}

/* ---- retract_page_tables() ---- */

static bool retract_vma_ok(const struct vm_area_struct *vma, vaddr_t haddr)
{
	/* Private copies may be mapped by the table. */
	return vma && vma->vm_file && !vma->anon_vma &&
	       thp_vma_suitable(vma, haddr);
}

static bool retract_table_empty(pmd_t pmdval, vaddr_t haddr)
{
	for (unsigned i = 0; i < PTRS_PER_PTE; i++) {
		vaddr_t addr = haddr + i * PAGE_SIZE;

		if (!pte_none(
			    ptep_get(addr, pte_offset_lockless(pmdval, addr))))
			return false;
	}
	return true;
}

/*
 * Linux v6.12 mm/khugepaged.c retract_page_tables(), i_mmap_rwsem held. @seen:
 * the PMD as it was before its lock; reclaim of empty tables may have taken it
 * out since (option retract_recheck).
 *
 * DIVERGES: huge shmem pages are not modelled, so only an empty table goes.
 */
static int retract_table(struct vm_area_struct *vma, pmd_t *pmd, pmd_t seen,
                         vaddr_t haddr)
{
	struct mm_struct *mm = vma->vm_mm;
	spinlock_t *pml = pmd_lock(mm, pmd);
	spinlock_t *ptl;
	int ret = -EAGAIN;

	lockdep_assert_held(&vma->vm_file->i_mmap_rwsem,
	                    "retract_page_tables() needs i_mmap_rwsem");
	if (mm_opt(mm)->retract_recheck &&
	    !pmd_same(pmdp_get(haddr, pmd), seen)) {
		spin_unlock(pml);
		return ret;
	}

	ptl = pte_lockptr(mm, seen);
	if (ptl != pml)
		spin_lock_nested(ptl);
	if (!vma->anon_vma && retract_table_empty(seen, haddr)) {
		(void)pmdp_collapse_flush(vma, haddr, pmd);
		ret = 0;
	}
	if (ptl != pml)
		spin_unlock(ptl);
	spin_unlock(pml);

	if (!ret) {
		mm_dec_nr_ptes(mm);
		pte_free_defer(mm, pmd_pgtable_page(seen));
	}
	return ret;
}

static int retract_locked(struct mm_struct *mm, vaddr_t haddr)
{
	struct vm_area_struct *vma = vma_lookup(mm, haddr);
	struct address_space *file;
	pmd_t *pmd, seen;
	int ret = -EAGAIN;

	if (!retract_vma_ok(vma, haddr))
		return -EINVAL;
	file = vma->vm_file;

	i_mmap_lock_read(file);
	/* The table must outlive the look at it: it is freed by RCU. */
	rcu_read_lock();
	pmd = mm_find_pmd(mm, haddr);
	seen = pmd ? pmdp_get_lockless(haddr, pmd) : __pmd(0);
	if (pmd && !pmd_none_or_bad(seen))
		ret = retract_table(vma, pmd, seen, haddr);
	rcu_read_unlock();
	i_mmap_unlock_read(file);
	return ret;
}

int khugepaged_retract(struct mm_struct *mm, vaddr_t addr)
{
	int ret;

	mmap_read_lock(mm);
	ret = retract_locked(mm, addr & HPAGE_PMD_MASK);
	mmap_read_unlock(mm);
	return ret;
}
