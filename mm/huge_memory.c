/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/huge_memory.h"

#include <errno.h>

#include "mm/filemap.h"
#include "mm/mman.h"
#include "mm/pgtable_map.h"
#include "mm/pt_reclaim.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/* ---- who may have them (include/linux/huge_mm.h) ---- */

bool thp_vma_allowable(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_NOHUGEPAGE)
		return false;

	switch (mm_opt(vma->vm_mm)->thp) {
	case THP_ALWAYS:
		return true;
	case THP_MADVISE:
		return vma->vm_flags & VM_HUGEPAGE;
	case THP_NEVER:
	default:
		return false;
	}
}

bool thp_vma_suitable(const struct vm_area_struct *vma, vaddr_t addr)
{
	vaddr_t haddr = addr & HPAGE_PMD_MASK;

	return haddr >= vma->vm_start && haddr + HPAGE_PMD_SIZE <= vma->vm_end;
}

/*
 * DIVERGES: the huge zero page, once there, stays; Linux counts its users and
 * lets a shrinker free it.
 */
struct page *mm_get_huge_zero_page(struct kernel *k)
{
	struct page *page;

	if (k->huge_zero_page)
		return k->huge_zero_page;
	page = alloc_frames(k->machine, HPAGE_PMD_ORDER, FRAME_ZERO, true);
	if (!page)
		return NULL;
	k->huge_zero_page = page;
	count_vm_event(k, thp_zero_page_alloc);
	return page;
}

/* ---- faults ---- */

static pmd_t mk_huge_pmd(const struct page *page,
                         const struct vm_area_struct *vma)
{
	return pmd_mkhuge(mk_pmd(page, vm_get_page_prot(vma->vm_flags)));
}

/*
 * Put a first huge entry into an empty PMD, with the table for its split.
 * Context: PMD lock held, the PMD is none.
 */
static void install_huge_pmd(struct vm_fault *vmf, pmd_t entry,
                             pgtable_t pgtable)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	vaddr_t haddr = vmf->address & HPAGE_PMD_MASK;

	lockdep_assert_held(pmd_lockptr(mm, vmf->pmd),
	                    "a huge PMD is set under the PMD lock");
	pgtable_trans_huge_deposit(mm, vmf->pmd, pgtable);
	flush_before_install(mm, haddr, INSTALL_HUGE_PAGE);
	arch_sync_huge_page(entry);
	set_pmd_at(haddr, vmf->pmd, entry);
	mm_inc_nr_ptes(mm);
}

/* Reading memory nobody wrote. */
static vm_fault_t do_huge_zero_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mm_struct *mm = vma->vm_mm;
	pgtable_t pgtable = pte_alloc_one(mm, vmf->address);
	struct page *zero;
	spinlock_t *ptl;

	if (!pgtable)
		return VM_FAULT_OOM;
	zero = mm_get_huge_zero_page(mm->kernel);
	if (!zero) {
		pte_free(mm, pgtable);
		count_vm_event(mm->kernel, thp_fault_fallback);
		return VM_FAULT_FALLBACK;
	}

	ptl = pmd_lock(mm, vmf->pmd);
	if (pmd_none(pmdp_get(vmf->address, vmf->pmd))) {
		install_huge_pmd(vmf, pmd_wrprotect(mk_huge_pmd(zero, vma)),
		                 pgtable);
		pgtable = NULL;
	}
	spin_unlock(ptl);
	if (pgtable)
		pte_free(mm, pgtable);
	return 0;
}

/* Linux v6.12 mm/huge_memory.c __do_huge_pmd_anonymous_page(). */
static vm_fault_t do_huge_anon_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mm_struct *mm = vma->vm_mm;
	pgtable_t pgtable;
	struct page *page;
	spinlock_t *ptl;
	pmd_t entry;

	page = alloc_anon_page(mm->kernel->machine, HPAGE_PMD_ORDER, true);
	if (!page) {
		count_vm_event(mm->kernel, thp_fault_fallback);
		return VM_FAULT_FALLBACK;
	}
	pgtable = pte_alloc_one(mm, vmf->address);
	if (!pgtable) {
		put_page(page);
		return VM_FAULT_OOM;
	}

	ptl = pmd_lock(mm, vmf->pmd);
	if (!pmd_none(pmdp_get(vmf->address, vmf->pmd))) {
		spin_unlock(ptl);
		pte_free(mm, pgtable);
		put_page(page);
		return 0;
	}
	entry = maybe_pmd_mkwrite(pmd_mkdirty(mk_huge_pmd(page, vma)), vma);
	page_add_new_anon_rmap(page, vma, vmf->address & HPAGE_PMD_MASK);
	SetPageLRU(page);
	install_huge_pmd(vmf, entry, pgtable);
	add_mm_anon(mm, HPAGE_PMD_NR);
	spin_unlock(ptl);

	count_vm_event(mm->kernel, thp_fault_alloc);
	return 0;
}

vm_fault_t do_huge_pmd_anonymous_page(struct vm_fault *vmf)
{
	vm_fault_t ret;

	if (!thp_vma_suitable(vmf->vma, vmf->address))
		return VM_FAULT_FALLBACK;
	ret = vmf_anon_prepare(vmf);
	if (ret)
		return ret;
	if (!(vmf->flags & FAULT_FLAG_WRITE))
		return do_huge_zero_page(vmf);
	return do_huge_anon_page(vmf);
}

static void set_pmd_young_dirty(struct vm_fault *vmf, pmd_t entry, bool write)
{
	entry = pmd_mkyoung(entry);
	if (write)
		entry = pmd_mkdirty(entry);
	(void)pmdp_set_access_flags(vmf->vma, vmf->address & HPAGE_PMD_MASK,
	                            vmf->pmd, entry, write);
}

void huge_pmd_set_accessed(struct vm_fault *vmf)
{
	spinlock_t *ptl = pmd_lock(vmf->vma->vm_mm, vmf->pmd);

	if (pmd_same(pmdp_get(vmf->address, vmf->pmd), vmf->orig_pmd))
		set_pmd_young_dirty(vmf, vmf->orig_pmd,
		                    vmf->flags & FAULT_FLAG_WRITE);
	spin_unlock(ptl);
}

/* Is the huge page ours alone? PMD lock held. */
static bool wp_can_reuse_huge_page(struct page *page,
                                   struct vm_area_struct *vma)
{
	bool alone;

	if (PageAnonExclusive(page))
		return true;
	if (!folio_trylock(page))
		return false;
	alone = page_ref_count(page) == 1;
	if (alone)
		page_move_anon_rmap(page, vma);
	folio_unlock(page);
	return alone;
}

/* PMD lock held. Linux said VM_FAULT_WRITE up to v5.19. */
static vm_fault_t reuse_huge_page(struct vm_fault *vmf)
{
	if (vmf->flags & FAULT_FLAG_UNSHARE)
		return 0;
	set_pmd_young_dirty(vmf, maybe_pmd_mkwrite(vmf->orig_pmd, vmf->vma),
	                    true);
	return VM_FAULT_WRITE;
}

/* Linux v6.12 mm/huge_memory.c do_huge_pmd_wp_page(): reuse, or split and let
 * the PTE fault copy one small page. */
vm_fault_t do_huge_pmd_wp_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page =
		vm_normal_page_pmd(vma, vmf->address, vmf->orig_pmd);
	spinlock_t *ptl = NULL;

	if (page) {
		ptl = pmd_lock(vma->vm_mm, vmf->pmd);
		if (!pmd_same(pmdp_get(vmf->address, vmf->pmd),
		              vmf->orig_pmd)) {
			spin_unlock(ptl);
			return 0;
		}
		if (wp_can_reuse_huge_page(page, vma)) {
			vm_fault_t ret = reuse_huge_page(vmf);

			spin_unlock(ptl);
			return ret;
		}
		spin_unlock(ptl);
	}

	split_huge_pmd(vma, vmf->pmd, vmf->address);
	return VM_FAULT_FALLBACK;
}

/* ---- zap ---- */

static void zap_deposited_table(struct mm_struct *mm, pmd_t *pmd)
{
	pte_free(mm, pgtable_trans_huge_withdraw(mm, pmd));
	mm_dec_nr_ptes(mm);
}

int zap_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma, pmd_t *pmd,
                 vaddr_t addr)
{
	spinlock_t *ptl = pmd_trans_huge_lock(pmd, vma);
	struct page *page;
	pmd_t orig;

	if (!ptl)
		return 0;

	orig = pmdp_huge_get_and_clear(addr, pmd);
	tlb_remove_pmd_tlb_entry(tlb, addr);
	page = vm_normal_page_pmd(vma, addr, orig);
	if (page) {
		page_remove_rmap(page, vma, true);
		add_mm_anon(vma->vm_mm, -(int64_t)HPAGE_PMD_NR);
	}
	/*
	 * Nobody ever walked the deposited table: it needs neither the flush
	 * nor a grace period.
	 */
	zap_deposited_table(vma->vm_mm, pmd);
	spin_unlock(ptl);

	if (page)
		tlb_remove_page(tlb, page);
	return 1;
}

/* ---- MADV_FREE, mprotect, mremap, fork ---- */

/*
 * Take a huge PMD away to change it. Option pmd_update=clear leaves none, as
 * change_huge_pmd() and madvise_free_huge_pmd() did until ced108037c2a and
 * 58ceeb6bec86 (v4.12): zap_pmd_range() looks without the lock.
 */
static pmd_t take_huge_pmd(struct vm_area_struct *vma, vaddr_t addr, pmd_t *pmd,
                           bool flush)
{
	pmd_t old;

	if (mm_opt(vma->vm_mm)->pmd_update == PMD_UPDATE_CLEAR)
		return pmdp_huge_get_and_clear(addr, pmd);
	old = pmdp_invalidate(addr, pmd);
	if (flush)
		flush_pmd_tlb_range(vma, addr, addr + HPAGE_PMD_SIZE);
	return old;
}

/* Linux v6.12 mm/huge_memory.c madvise_free_huge_pmd(), PMD lock held. */
static bool madvise_free_huge_locked(struct mmu_gather *tlb,
                                     struct vm_area_struct *vma, pmd_t *pmd,
                                     vaddr_t addr)
{
	pmd_t orig = pmdp_get(addr, pmd);
	struct page *page = vm_normal_page_pmd(vma, addr, orig);

	/* The zero page, or somebody else's too: let it be. */
	if (!page || folio_mapcount(page) != 1)
		return true;
	if (!folio_trylock(page))
		return true;
	ClearPageDirty(page);
	folio_unlock(page);

	if (pmd_young(orig) || pmd_dirty(orig)) {
		orig = take_huge_pmd(vma, addr, pmd, true);
		set_pmd_at(addr, pmd, pmd_mkclean(pmd_mkold(orig)));
		tlb_remove_pmd_tlb_entry(tlb, addr);
	}
	ClearPageSwapBacked(page); /* folio_mark_lazyfree() */
	return true;
}

bool madvise_free_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma,
                           pmd_t *pmd, vaddr_t addr, vaddr_t next)
{
	spinlock_t *ptl;
	bool handled;

	if (next - addr != HPAGE_PMD_SIZE) {
		split_huge_pmd(vma, pmd, addr);
		return false;
	}
	ptl = pmd_trans_huge_lock(pmd, vma);
	if (!ptl)
		return false;
	handled = madvise_free_huge_locked(tlb, vma, pmd, addr);
	spin_unlock(ptl);
	return handled;
}

/*
 * Never none in between, or a MADV_DONTNEED that looks at that moment goes by
 * without zapping.
 */
int change_huge_pmd(struct mmu_gather *tlb, struct vm_area_struct *vma,
                    pmd_t *pmd, vaddr_t addr, pgprot_t newprot)
{
	spinlock_t *ptl = pmd_trans_huge_lock(pmd, vma);
	pmd_t old, entry;

	if (!ptl)
		return 0;
	old = take_huge_pmd(vma, addr, pmd, false);
	entry = pmd_modify(old, newprot);
	arch_sync_huge_page(entry);
	set_pmd_at(addr, pmd, entry);
	tlb_flush_pmd_range(tlb, addr, HPAGE_PMD_SIZE);
	spin_unlock(ptl);
	return HPAGE_PMD_NR;
}

bool move_huge_pmd(struct vm_area_struct *vma, vaddr_t old_addr,
                   vaddr_t new_addr, pmd_t *old_pmd, pmd_t *new_pmd)
{
	struct mm_struct *mm = vma->vm_mm;
	bool flush_locked = mm_opt(mm)->mremap_flush == MREMAP_FLUSH_LOCKED;
	spinlock_t *old_ptl, *new_ptl;

	if (!pmd_none(pmdp_get(new_addr, new_pmd)))
		return false;
	old_ptl = pmd_trans_huge_lock(old_pmd, vma);
	if (!old_ptl)
		return false;
	new_ptl = pmd_lockptr(mm, new_pmd);
	if (new_ptl != old_ptl)
		spin_lock_nested(new_ptl);

	set_pmd_at(new_addr, new_pmd,
	           pmdp_huge_get_and_clear(old_addr, old_pmd));
	if (new_ptl != old_ptl)
		pgtable_trans_huge_deposit(
			mm, new_pmd, pgtable_trans_huge_withdraw(mm, old_pmd));
	/* Whoever zaps at the new address flushes the new address only. */
	if (flush_locked)
		flush_pmd_tlb_range(vma, old_addr, old_addr + HPAGE_PMD_SIZE);

	if (new_ptl != old_ptl)
		spin_unlock(new_ptl);
	spin_unlock(old_ptl);
	if (!flush_locked)
		flush_pmd_tlb_range(vma, old_addr, old_addr + HPAGE_PMD_SIZE);
	return true;
}

/* One fork's worth of the two PMDs; see copy_huge_pmd(). */
struct huge_copy {
	struct mm_struct *dst_mm;
	pmd_t *dst_pmd, *src_pmd;
	struct vm_area_struct *src_vma;
	vaddr_t addr;
};

/* Both PMD locks held. Return: 0, -EAGAIN not huge, -EBUSY cannot be shared. */
static int copy_huge_pmd_locked(const struct huge_copy *hc, pgtable_t pgtable)
{
	pmd_t pmd = pmdp_get(hc->addr, hc->src_pmd);
	struct page *page;

	if (!pmd_trans_huge(pmd))
		return -EAGAIN;

	page = vm_normal_page_pmd(hc->src_vma, hc->addr, pmd);
	if (page) {
		get_page(page);
		if (page_try_dup_anon_rmap(page, true, hc->src_vma)) {
			put_page(page);
			return -EBUSY;
		}
		add_mm_anon(hc->dst_mm, HPAGE_PMD_NR);
		pmdp_set_wrprotect(hc->addr, hc->src_pmd);
	}
	mm_inc_nr_ptes(hc->dst_mm);
	pgtable_trans_huge_deposit(hc->dst_mm, hc->dst_pmd, pgtable);
	set_pmd_at(hc->addr, hc->dst_pmd, pmd_mkold(pmd_wrprotect(pmd)));
	return 0;
}

int copy_huge_pmd(pmd_t *dst_pmd, pmd_t *src_pmd, vaddr_t addr,
                  struct vm_area_struct *dst_vma,
                  struct vm_area_struct *src_vma)
{
	struct mm_struct *dst_mm = dst_vma->vm_mm;
	struct huge_copy hc = { dst_mm, dst_pmd, src_pmd, src_vma, addr };
	pgtable_t pgtable = pte_alloc_one(dst_mm, addr);
	spinlock_t *dst_ptl, *src_ptl;
	int ret;

	if (!pgtable)
		return -ENOMEM;

	dst_ptl = pmd_lock(dst_mm, dst_pmd);
	src_ptl = pmd_lockptr(src_vma->vm_mm, src_pmd);
	spin_lock_nested(src_ptl);
	ret = copy_huge_pmd_locked(&hc, pgtable);
	spin_unlock(src_ptl);
	spin_unlock(dst_ptl);

	if (ret)
		pte_free(dst_mm, pgtable);
	if (ret == -EBUSY) {
		split_huge_pmd(src_vma, src_pmd, addr);
		ret = -EAGAIN;
	}
	return ret;
}
