/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/pgtable_map.h"

#include "base/rcu.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/ptep.h"
#include "mm/tlb.h"

/* ---- locks of tables (include/linux/mm.h) ---- */

/*
 * The lock of a table that was freed while somebody was on the way to it: there
 * is none. Say so, and let the run go on with a lock that at least exists.
 */
static spinlock_t *lock_of_table(struct mm_struct *mm, struct page *table)
{
	spinlock_t *ptl = ptlock_ptr(table);

	if (likely(ptl))
		return ptl;
	emit(this_machine(), EV_RULE,
	     .addr = page_to_pfn(&this_machine()->mem, table),
	     .text = "a page table was freed under somebody who walks it");
	return &mm->page_table_lock;
}

spinlock_t *pmd_lockptr(struct mm_struct *mm, pmd_t *pmd)
{
	return lock_of_table(mm, ptep_page(pmd));
}

spinlock_t *pte_lockptr(struct mm_struct *mm, pmd_t pmd)
{
	return lock_of_table(mm, pmd_pgtable_page(pmd));
}

spinlock_t *pmd_lock(struct mm_struct *mm, pmd_t *pmd)
{
	spinlock_t *ptl = pmd_lockptr(mm, pmd);

	spin_lock(ptl);
	return ptl;
}

/* The address an entry of a PMD table stands for. */
static vaddr_t pmd_address(const pmd_t *pmd)
{
	uintptr_t index = (uintptr_t)pmd / sizeof(*pmd) % PTRS_PER_PMD;

	return ptep_page(pmd)->index + index * PMD_SIZE;
}

/* Linux v6.12 mm/huge_memory.c __pmd_trans_huge_lock(). */
spinlock_t *pmd_trans_huge_lock(pmd_t *pmd, struct vm_area_struct *vma)
{
	spinlock_t *ptl = pmd_lock(vma->vm_mm, pmd);

	if (likely(pmd_trans_huge(pmdp_get(pmd_address(pmd), pmd))))
		return ptl;
	spin_unlock(ptl);
	return NULL;
}

/* ---- mapping a PTE (mm/pgtable-generic.c) ---- */

/* Linux v6.12 mm/pgtable-generic.c pmd_clear_bad(). */
static void pmd_clear_bad(pmd_t *pmd, vaddr_t addr)
{
	emit(this_machine(), EV_RULE, .addr = addr,
	     .text = "bad pmd: neither a table nor a huge page");
	pmd_clear(addr, pmd);
}

pte_t *pte_offset_map_pmdval(pmd_t *pmd, vaddr_t addr, pmd_t *pmdvalp)
{
	pmd_t pmdval;

	rcu_read_lock();
	pmdval = pmdp_get_lockless(addr, pmd);
	if (pmdvalp)
		*pmdvalp = pmdval;
	if (unlikely(pmd_none(pmdval)))
		goto nomap;
	if (unlikely(pmd_trans_huge(pmdval)))
		goto nomap;
	if (unlikely(pmd_bad(pmdval))) {
		pmd_clear_bad(pmd, addr);
		goto nomap;
	}
	return pte_offset_lockless(pmdval, addr);
nomap:
	rcu_read_unlock();
	return NULL;
}

pte_t *pte_offset_map(pmd_t *pmd, vaddr_t addr)
{
	return pte_offset_map_pmdval(pmd, addr, NULL);
}

/*
 * A table may be taken out, or replaced by a huge page, while its lock is held:
 * so look again once we hold it. Option pmd_recheck=off trusts the first look.
 */
pte_t *pte_offset_map_lock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                           spinlock_t **ptlp)
{
	for (;;) {
		spinlock_t *ptl;
		pmd_t pmdval;
		pte_t *pte = pte_offset_map_pmdval(pmd, addr, &pmdval);

		if (unlikely(!pte))
			return NULL;
		ptl = pte_lockptr(mm, pmdval);
		spin_lock(ptl);
		if (!mm_opt(mm)->pmd_recheck ||
		    likely(pmd_same(pmdval, pmdp_get_lockless(addr, pmd)))) {
			*ptlp = ptl;
			return pte;
		}
		pte_unmap_unlock(pte, ptl);
	}
}

pte_t *pte_offset_map_ro_nolock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                                spinlock_t **ptlp)
{
	pmd_t pmdval;

	return pte_offset_map_rw_nolock(mm, pmd, addr, &pmdval, ptlp);
}

pte_t *pte_offset_map_rw_nolock(struct mm_struct *mm, pmd_t *pmd, vaddr_t addr,
                                pmd_t *pmdvalp, spinlock_t **ptlp)
{
	pte_t *pte = pte_offset_map_pmdval(pmd, addr, pmdvalp);

	if (likely(pte))
		*ptlp = pte_lockptr(mm, *pmdvalp);
	return pte;
}

void pte_unmap(pte_t *pte)
{
	(void)pte;
	rcu_read_unlock();
}

void pte_unmap_unlock(pte_t *pte, spinlock_t *ptl)
{
	spin_unlock(ptl);
	pte_unmap(pte);
}

/* ---- walking down ---- */

pgd_t *pgd_offset(struct mm_struct *mm, vaddr_t addr)
{
	return pgd_offset_pgd(mm->pgd, addr);
}

pmd_t *mm_find_pmd(struct mm_struct *mm, vaddr_t addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	pgd_t pgdval = pgdp_get(addr, pgd);
	p4d_t *p4d, p4dval;
	pud_t *pud, pudval;

	if (pgd_none_or_bad(pgdval))
		return NULL;
	p4d = p4d_offset_lockless(pgd, pgdval, addr);
	p4dval = p4dp_get(addr, p4d);
	if (p4d_none_or_bad(p4dval))
		return NULL;
	pud = pud_offset_lockless(p4d, p4dval, addr);
	pudval = pudp_get(addr, pud);
	if (pud_none_or_bad(pudval))
		return NULL;
	return pmd_offset_lockless(pud, pudval, addr);
}

pmd_t *mm_alloc_pmd(struct mm_struct *mm, vaddr_t addr)
{
	p4d_t *p4d = p4d_alloc(mm, pgd_offset(mm, addr), addr);
	pud_t *pud = p4d ? pud_alloc(mm, p4d, addr) : NULL;

	return pud ? pmd_alloc(mm, pud, addr) : NULL;
}

/* ---- clear and flush (mm/pgtable-generic.c) ---- */

pte_t ptep_clear_flush(struct vm_area_struct *vma, vaddr_t addr, pte_t *ptep)
{
	pte_t pte = ptep_get_and_clear(vma->vm_mm, addr, ptep);

	if (pte_hw_present(pte))
		flush_tlb_page(vma, addr);
	return pte;
}

pmd_t pmdp_huge_clear_flush(struct vm_area_struct *vma, vaddr_t addr,
                            pmd_t *pmdp)
{
	pmd_t pmd = pmdp_huge_get_and_clear(addr, pmdp);

	flush_pmd_tlb_range(vma, addr, addr + HPAGE_PMD_SIZE);
	return pmd;
}

pmd_t pmdp_collapse_flush(struct vm_area_struct *vma, vaddr_t addr, pmd_t *pmdp)
{
	pmd_t pmd = pmdp_huge_get_and_clear(addr, pmdp);

	/* It is PTEs that are shot down, not a huge page. */
	flush_tlb_range(vma, addr, addr + HPAGE_PMD_SIZE);
	return pmd;
}
