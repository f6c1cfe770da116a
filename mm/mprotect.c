/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/mprotect.h"

#include "mm/gup.h"
#include "mm/huge_memory.h"
#include "mm/memory.h"
#include "mm/mman.h"
#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/pagewalk.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/rmap.h"
#include "mm/tlb.h"
#include "mm/uapi.h"
#include "mm/vma.h"

bool can_change_pte_writable(struct vm_area_struct *vma, vaddr_t addr,
                             pte_t pte)
{
	struct page *page;

	if (!(vma->vm_flags & VM_WRITE) || pte_protnone(pte))
		return false;
	if (vma->vm_flags & VM_SHARED)
		return pte_dirty(pte);
	/* Only what the write fault would map writable without a copy. */
	page = vm_normal_page(vma, addr, pte);
	return page && PageAnon(page) && PageAnonExclusive(page);
}

/* What change_protection() works with. */
struct change_prot {
	struct mmu_gather *tlb;
	struct vm_area_struct *vma;
	pgprot_t newprot;
	bool try_change_writable; /* MM_CP_TRY_CHANGE_WRITABLE */
	bool plain;               /* option pte_update */
};

static void change_pte(const struct change_prot *cp, vaddr_t addr, pte_t *ptep)
{
	pte_t old = cp->plain ? __ptep_modify_prot_start_plain(addr, ptep)
	                      : ptep_modify_prot_start(cp->vma, addr, ptep);
	pte_t new = pte_modify(old, cp->newprot);

	if (cp->try_change_writable && !pte_write(new) &&
	    can_change_pte_writable(cp->vma, addr, new))
		new = pte_mkwrite(new);
	ptep_modify_prot_commit(cp->vma, addr, ptep, new);
	if (pte_needs_flush(old, new))
		tlb_flush_pte_range(cp->tlb, addr, PAGE_SIZE);
}

/* Linux v6.12 mm/mprotect.c change_pte_range(). False: the table is gone. */
static bool change_pte_range(const struct change_prot *cp, pmd_t *pmd,
                             vaddr_t addr, vaddr_t end)
{
	spinlock_t *ptl;
	pte_t *start, *ptep;

	start = pte_offset_map_lock(cp->vma->vm_mm, pmd, addr, &ptl);
	if (!start)
		return false;
	flush_tlb_batched_pending(cp->vma->vm_mm);
	for (ptep = start; addr != end; ptep++, addr += PAGE_SIZE)
		if (pte_present(ptep_get(addr, ptep)))
			change_pte(cp, addr, ptep);
	pte_unmap_unlock(start, ptl);
	return true;
}

/* Linux v6.12 mm/mprotect.c change_pmd_range(), one entry. */
static int change_pmd_entry(pmd_t *pmd, vaddr_t addr, vaddr_t next, void *arg)
{
	const struct change_prot *cp = arg;

	for (;;) {
		pmd_t pmdval = pmdp_get_lockless(addr, pmd);

		if (pmd_none(pmdval))
			break;
		if (pmd_trans_huge(pmdval)) {
			if (next - addr != HPAGE_PMD_SIZE)
				split_huge_pmd(cp->vma, pmd, addr);
			else if (change_huge_pmd(cp->tlb, cp->vma, pmd, addr,
			                         cp->newprot))
				break;
		}
		if (change_pte_range(cp, pmd, addr, next))
			break;
	}
	cond_resched();
	return 0;
}

/* Linux v6.12 mm/mprotect.c change_protection_range() */
void change_protection(struct mmu_gather *tlb, struct vm_area_struct *vma,
                       vaddr_t start, vaddr_t end)
{
	struct change_prot cp = {
		.tlb = tlb,
		.vma = vma,
		.newprot = vm_get_page_prot(vma->vm_flags),
		/* vma_wants_manual_pte_write_upgrade(); shmem needs no notice
		 * of writes, its rights say it all. */
		.try_change_writable = (vma->vm_flags & VM_WRITE) &&
		                       !(vma->vm_flags & VM_SHARED),
		.plain = mm_opt(vma->vm_mm)->pte_update == PTE_UPDATE_PLAIN,
	};

	mmap_assert_write_locked(vma->vm_mm);
	tlb_start_vma(tlb, vma);
	(void)walk_pmd_entries(vma->vm_mm, start, end, change_pmd_entry, &cp);
	tlb_end_vma(tlb, vma);
}

/* Whether the pages count against overcommit from now on. */
static uint64_t mprotect_account(const struct vm_area_struct *vma,
                                 uint64_t newflags)
{
	uint64_t oldflags = vma->vm_flags;

	if (newflags & VM_WRITE) {
		if (!(oldflags &
		      (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)))
			newflags |= VM_ACCOUNT;
	} else if ((oldflags & VM_ACCOUNT) && vma_is_anonymous(vma) &&
	           !vma->anon_vma) {
		newflags &= ~VM_ACCOUNT;
	}
	return newflags;
}

/* Linux v6.12 mm/mprotect.c mprotect_fixup() */
static int mprotect_fixup(struct mmu_gather *tlb, struct vm_area_struct *vma,
                          struct vm_area_struct **pprev, vaddr_t start,
                          vaddr_t end, uint64_t newflags)
{
	uint64_t oldflags = vma->vm_flags;

	if (newflags == oldflags) {
		*pprev = vma;
		return 0;
	}
	newflags = mprotect_account(vma, newflags);
	vma = vma_modify_flags(*pprev, vma, start, end, newflags);
	if (!vma)
		return -ENOMEM;

	*pprev = vma;
	vma_start_write(vma);
	vma->vm_flags = newflags;
	change_protection(tlb, vma, start, end);
	/* Locked memory that becomes writable is copied now, not on access. */
	if ((oldflags & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED &&
	    (newflags & VM_WRITE))
		(void)populate_vma_page_range(vma, start, end, true);
	return 0;
}

/* The loop of do_mprotect_pkey() over VMAs, from @vma that contains @start. */
static int mprotect_range(struct mmu_gather *tlb, struct vm_area_struct *vma,
                          vaddr_t start, vaddr_t end, uint64_t prot)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma_prev(vma);

	if (start > vma->vm_start)
		prev = vma;
	while (start < end) {
		uint64_t newflags = prot;
		vaddr_t stop;
		int err;

		vma = find_vma(mm, start);
		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		newflags |= vma->vm_flags &
		            ~(VM_ACCESS_FLAGS | vm_flags_clear_mask());
		/* VM_MAY* lie four bits above VM_*. */
		if ((newflags & ~(newflags >> 4)) & VM_ACCESS_FLAGS)
			return -EACCES;
		if (!arch_validate_flags(newflags))
			return -EINVAL;
		stop = MIN(vma->vm_end, end);
		err = mprotect_fixup(tlb, vma, &prev, start, stop, newflags);
		if (err)
			return err;
		/* A merge may have reached beyond, and that part has had its
		 * rights already. */
		start = MAX(stop, prev->vm_end);
	}
	return 0;
}

/* PROT_GROWSDOWN: from the start of the stack.  Nothing grows upwards. */
static int grows_range(const struct vm_area_struct *vma, uint64_t grows,
                       vaddr_t end, vaddr_t *start)
{
	if (grows & PROT_GROWSUP)
		return vma->vm_start > *start ? -ENOMEM : -EINVAL;
	if (vma->vm_start >= end)
		return -ENOMEM;
	*start = vma->vm_start;
	return vma->vm_flags & VM_GROWSDOWN ? 0 : -EINVAL;
}

/* Linux v6.12 mm/mprotect.c do_mprotect_pkey() */
int do_mprotect(struct mm_struct *mm, vaddr_t start, uint64_t len,
                uint64_t prot)
{
	const uint64_t grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	struct vm_area_struct *vma;
	struct mmu_gather tlb;
	vaddr_t end;
	int err;

	prot &= ~(uint64_t)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (start & ~PAGE_MASK))
		return -EINVAL;
	if (!len)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	end = start + len;
	if (end <= start)
		return -ENOMEM;
	if (!arch_validate_prot(prot))
		return -EINVAL;
	prot = (prot & VM_ACCESS_FLAGS) | arch_calc_vm_prot_bits(prot);

	mmap_write_lock(mm);
	vma = find_vma_intersection(mm, start, end);
	err = -ENOMEM;
	if (!vma)
		goto out;
	if (grows) {
		err = grows_range(vma, grows, end, &start);
		if (err)
			goto out;
	} else if (vma->vm_start > start) {
		goto out;
	}

	tlb_gather_mmu(&tlb, mm);
	err = mprotect_range(&tlb, vma, start, end, prot);
	tlb_finish_mmu(&tlb);
out:
	mmap_write_unlock(mm);
	return err;
}
