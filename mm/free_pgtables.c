/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Freeing the tables of a VMA that is gone (Linux v6.12 mm/memory.c
 * free_pgtables() and below).
 *
 * No page-table locks: nobody can reach the range any more.  The VMA is out of
 * the tree, and is taken out of its reverse maps first.
 */
#include "mm/filemap.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/pgtable_map.h"
#include "mm/rmap.h"
#include "mm/zap.h"

/* The tables of a range may go as far as they serve nobody else. */
struct free_range {
	struct mmu_gather *tlb;
	vaddr_t floor;
	vaddr_t ceiling; /* 0: the top of the address space */
};

/*
 * May the table that spans 2^@shift bytes around @addr go? @addr and everything
 * else in [floor, ceiling) is unmapped.
 */
static bool table_may_go(const struct free_range *fr, vaddr_t addr,
                         unsigned shift)
{
	vaddr_t first = addr >> shift << shift;
	vaddr_t last = first + (UINT64_C(1) << shift) - 1;

	return first >= fr->floor && last <= fr->ceiling - 1;
}

static void free_pte_range(struct free_range *fr, pmd_t *pmd, pmd_t val,
                           vaddr_t addr)
{
	pmd_clear(addr, pmd);
	pte_free_tlb(fr->tlb, pmd_pgtable_page(val), addr);
	mm_dec_nr_ptes(fr->tlb->mm);
}

static void free_pmd_range(struct free_range *fr, pud_t *pud, pud_t pudval,
                           vaddr_t addr, vaddr_t end)
{
	pmd_t *table = pmd_offset_lockless(pud, pudval, addr & PUD_MASK);
	pmd_t *pmd = table + pmd_index(addr);
	vaddr_t start = addr;

	for (vaddr_t next; addr != end; pmd++, addr = next) {
		pmd_t val = pmdp_get(addr, pmd);

		next = pmd_addr_end(addr, end);
		if (!pmd_none_or_bad(val) && table_may_go(fr, addr, PMD_SHIFT))
			free_pte_range(fr, pmd, val, addr);
	}

	if (!table_may_go(fr, start, PUD_SHIFT))
		return;
	pud_clear(start, pud);
	pmd_free_tlb(fr->tlb, ptep_page(table), start);
	mm_dec_nr_pmds(fr->tlb->mm);
}

static void free_pud_range(struct free_range *fr, p4d_t *p4d, p4d_t p4dval,
                           vaddr_t addr, vaddr_t end)
{
	pud_t *table = pud_offset_lockless(p4d, p4dval, addr & P4D_MASK);
	pud_t *pud = table + pud_index(addr);
	vaddr_t start = addr;

	for (vaddr_t next; addr != end; pud++, addr = next) {
		pud_t val = pudp_get(addr, pud);

		next = pud_addr_end(addr, end);
		if (!pud_none_or_bad(val))
			free_pmd_range(fr, pud, val, addr, next);
	}

	if (!table_may_go(fr, start, P4D_SHIFT))
		return;
	p4d_clear(start, p4d);
	pud_free_tlb(fr->tlb, ptep_page(table), start);
	mm_dec_nr_puds(fr->tlb->mm);
}

static void free_p4d_range(struct free_range *fr, pgd_t *pgd, pgd_t pgdval,
                           vaddr_t addr, vaddr_t end)
{
	p4d_t *p4d = p4d_offset_lockless(pgd, pgdval, addr);
	p4d_t *first = p4d;
	vaddr_t start = addr;

	for (vaddr_t next; addr != end; p4d++, addr = next) {
		p4d_t val = p4dp_get(addr, p4d);

		next = p4d_addr_end(addr, end);
		if (!p4d_none_or_bad(val))
			free_pud_range(fr, p4d, val, addr, next);
	}

	/* Folded, the p4d is the root itself. */
	if (!pgtable_l5_enabled() || !table_may_go(fr, start, PGDIR_SHIFT))
		return;
	pgd_clear(start, pgd);
	p4d_free_tlb(fr->tlb, ptep_page(first), start);
}

void free_pgd_range(struct mmu_gather *tlb, vaddr_t addr, vaddr_t end,
                    vaddr_t floor, vaddr_t ceiling)
{
	struct free_range fr = { tlb, floor, ceiling };
	pgd_t *pgd = pgd_offset(tlb->mm, addr);

	for (vaddr_t next; addr != end; pgd++, addr = next) {
		pgd_t val = pgdp_get(addr, pgd);

		next = pgd_addr_end(addr, end);
		if (!pgd_none_or_bad(val))
			free_p4d_range(&fr, pgd, val, addr, next);
	}
}

/* Linux v6.12 mm/mmap.c unlink_file_vma(). */
static void unlink_file_vma(struct vm_area_struct *vma)
{
	struct address_space *file = vma->vm_file;

	if (!file)
		return;
	i_mmap_lock_write(file);
	vma_interval_tree_remove(vma, file);
	i_mmap_unlock_write(file);
}

void free_pgtables(struct mmu_gather *tlb, struct vm_area_struct *vma,
                   vaddr_t floor, vaddr_t ceiling)
{
	/* Truncation and rmap walkers must not come this way any more. */
	unlink_anon_vmas(vma);
	unlink_file_vma(vma);
	free_pgd_range(tlb, vma->vm_start, vma->vm_end, floor, ceiling);
}
