/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/zap.h"

#include "mm/filemap.h"
#include "mm/huge_memory.h"
#include "mm/memory.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/pgtable_map.h"
#include "mm/pt_reclaim.h"
#include "mm/ptep.h"
#include "mm/rmap.h"

/* One pass over a PTE table, from taking its lock to dropping it. */
struct zap_pass {
	struct mmu_gather *tlb;
	struct vm_area_struct *vma;
	struct zap_details *details;
	int64_t rss_anon, rss_shmem; /* change of the counters */
	bool force_flush;            /* flush before the lock is dropped */
	bool force_break;            /* the batches are full */
	bool any_skipped;            /* an entry stays */
};

static bool should_zap_page(const struct zap_details *details,
                            const struct page *page)
{
	if (!details)
		return true;
	if (details->single_page && details->single_page != page)
		return false;
	return details->even_cows || !PageAnon(page);
}

static pte_t zap_get_and_clear(struct mm_struct *mm, vaddr_t addr, pte_t *pte)
{
	if (mm_opt(mm)->pte_update == PTE_UPDATE_PLAIN)
		return __ptep_get_and_clear_plain(addr, pte);
	return ptep_get_and_clear(mm, addr, pte);
}

/* Linux v6.12 mm/memory.c zap_present_folio_ptes(). */
static void zap_present_page(struct zap_pass *zap, struct page *page,
                             vaddr_t addr, pte_t *pte)
{
	pte_t ptent = zap_get_and_clear(zap->vma->vm_mm, addr, pte);
	bool delay_rmap = false;

	if (PageAnon(page)) {
		zap->rss_anon--;
	} else {
		if (pte_dirty(ptent)) {
			SetPageDirty(page);
			/*
			 * Somebody may still write through a stale entry; as
			 * long as the page counts as mapped, and the flush
			 * comes before the lock goes, page_mkclean() and
			 * reclaim wait for that write.
			 */
			delay_rmap = true;
			zap->force_flush = true;
		}
		if (pte_young(ptent))
			SetPageReferenced(page);
		zap->rss_shmem--;
	}

	tlb_remove_tlb_entry(zap->tlb, addr);
	if (!delay_rmap)
		page_remove_rmap(page, zap->vma, false);
	if (tlb_queue_page(zap->tlb, page, delay_rmap)) {
		zap->force_flush = true;
		zap->force_break = true;
	}
}

/* Linux v6.12 mm/memory.c zap_present_ptes(). */
static void zap_present_pte(struct zap_pass *zap, vaddr_t addr, pte_t *pte,
                            pte_t ptent)
{
	struct page *page = vm_normal_page(zap->vma, addr, ptent);

	if (!page) { /* the zero page: no rmap, no RSS, nothing to free */
		(void)zap_get_and_clear(zap->vma->vm_mm, addr, pte);
		tlb_remove_tlb_entry(zap->tlb, addr);
		return;
	}
	if (!should_zap_page(zap->details, page)) {
		zap->any_skipped = true;
		return;
	}
	zap_present_page(zap, page, addr, pte);
}

static void add_mm_rss_vec(struct mm_struct *mm, const struct zap_pass *zap)
{
	if (zap->rss_anon)
		(void)RMW_ONCE_AT(mm->rss_anon.counter, old + zap->rss_anon,
		                  "add_mm_counter", 0);
	if (zap->rss_shmem)
		(void)RMW_ONCE_AT(mm->rss_shmem.counter, old + zap->rss_shmem,
		                  "add_mm_counter", 0);
}

/*
 * Option zap_resched stands for a timer tick in the middle of a table.
 *
 * DIVERGES: a pass that has not done anything yet goes on, so that two of them
 * cannot yield to each other for ever; in Linux ticks are far enough apart.
 */
static bool zap_need_resched(const struct zap_pass *zap, vaddr_t pass_start,
                             vaddr_t addr)
{
	if (addr == pass_start)
		return false;
	if (mm_opt(zap->vma->vm_mm)->zap_resched &&
	    pte_index(addr) == PTRS_PER_PTE / 2)
		return true;
	return need_resched();
}

/*
 * Zap from @addr until @end or until the pass has to stop. Return: where it
 * stopped; the entry there is untouched.
 */
static vaddr_t zap_pass_ptes(struct zap_pass *zap, pte_t *pte, vaddr_t addr,
                             vaddr_t end)
{
	vaddr_t pass_start = addr;

	for (; addr != end; pte++, addr += PAGE_SIZE) {
		pte_t ptent;

		if (zap_need_resched(zap, pass_start, addr))
			return addr;
		ptent = ptep_get(addr, pte);
		if (pte_none(ptent))
			continue;
		if (!pte_present(ptent)) { /* a marker: nothing behind it */
			pte_clear(zap->vma->vm_mm, addr, pte);
			continue;
		}
		zap_present_pte(zap, addr, pte, ptent);
		if (zap->force_break)
			return addr + PAGE_SIZE;
	}
	return addr;
}

/* What the passes over one table know about freeing it. */
struct zap_table {
	pmd_t *pmd;
	vaddr_t start;
	bool can_reclaim; /* nothing is known to be left */
	bool direct;      /* nobody else can have filled an entry */
	bool unhooked;    /* pmdval was taken out */
	pmd_t pmdval;
};

/*
 * One pass of zap_pte_range(). Return: where it stopped; false in *@mapped: no
 * table there (any more).
 */
static vaddr_t zap_one_pass(struct mmu_gather *tlb, struct vm_area_struct *vma,
                            struct zap_table *table, vaddr_t addr, vaddr_t end,
                            struct zap_details *details)
{
	struct zap_pass zap = { .tlb = tlb, .vma = vma, .details = details };
	struct mm_struct *mm = vma->vm_mm;
	vaddr_t next;
	spinlock_t *ptl;
	pte_t *pte = pte_offset_map_lock(mm, table->pmd, addr, &ptl);

	if (!pte)
		return 0;

	flush_tlb_batched_pending(mm);
	next = zap_pass_ptes(&zap, pte, addr, end);
	if (zap.any_skipped) {
		table->can_reclaim = false;
		details->skipped = true;
	}
	/*
	 * The lock is about to be dropped half way: others may fill again what
	 * was zapped. That this was forgotten is the bug of 6.14-rc.
	 */
	if ((next != end || zap.force_break) &&
	    mm_opt(mm)->pt_reclaim != PT_RECLAIM_MERGED_6_14_RC)
		table->direct = false;

	if (table->can_reclaim && table->direct && next == end)
		table->unhooked = try_get_and_clear_pmd(
			mm, table->pmd, table->start, &table->pmdval);

	add_mm_rss_vec(mm, &zap);
	/* The flush that must not wait comes before the lock goes. */
	if (zap.force_flush) {
		tlb_flush_mmu_tlbonly(tlb);
		tlb_flush_rmaps(tlb, vma);
	}
	pte_unmap_unlock(pte, ptl);
	if (zap.force_flush)
		tlb_flush_mmu(tlb);
	return next;
}

/*
 * Linux v6.12 mm/memory.c zap_pte_range(), with the reclaim of v6.14.
 * Return: where it stopped; @addr if there was no table.
 */
static vaddr_t zap_pte_range(struct mmu_gather *tlb, struct vm_area_struct *vma,
                             pmd_t *pmd, vaddr_t addr, vaddr_t end,
                             struct zap_details *details)
{
	struct mm_struct *mm = vma->vm_mm;
	struct zap_table table = {
		.pmd = pmd,
		.start = addr,
		.can_reclaim = pt_reclaim_wanted(mm, addr, end, details),
		.direct = true,
	};

	for (;;) {
		vaddr_t next =
			zap_one_pass(tlb, vma, &table, addr, end, details);

		if (!next)
			return addr;
		addr = next;
		if (addr == end)
			break;
		cond_resched();
	}

	if (table.unhooked)
		free_pte(mm, table.start, tlb, table.pmdval);
	else if (table.can_reclaim)
		try_to_free_pte(mm, pmd, table.start, tlb);
	return addr;
}

/* A huge page is zapped whole, or split first. Return: it was zapped. */
static bool zap_pmd_huge(struct mmu_gather *tlb, struct vm_area_struct *vma,
                         pmd_t *pmd, vaddr_t addr, vaddr_t next)
{
	if (!pmd_trans_huge(pmdp_get(addr, pmd)))
		return false;
	if (next - addr != HPAGE_PMD_SIZE) {
		split_huge_pmd(vma, pmd, addr);
		return false;
	}
	return zap_huge_pmd(tlb, vma, pmd, addr);
}

static void zap_pmd_range(struct mmu_gather *tlb, struct vm_area_struct *vma,
                          pud_t *pud, vaddr_t addr, vaddr_t end,
                          struct zap_details *details)
{
	pmd_t *pmd = pmd_offset(pud, addr);

	while (addr != end) {
		vaddr_t next = pmd_addr_end(addr, end);

		if (zap_pmd_huge(tlb, vma, pmd, addr, next) ||
		    pmd_none(pmdp_get(addr, pmd)))
			addr = next;
		else
			addr = zap_pte_range(tlb, vma, pmd, addr, next,
			                     details);
		/* Not through with this one: it changed under us, again. */
		if (addr == next)
			pmd++;
		cond_resched();
	}
}

static void zap_pud_range(struct mmu_gather *tlb, struct vm_area_struct *vma,
                          p4d_t *p4d, vaddr_t addr, vaddr_t end,
                          struct zap_details *details)
{
	pud_t *pud = pud_offset(p4d, addr);

	for (vaddr_t next; addr != end; pud++, addr = next) {
		pud_t val = pudp_get(addr, pud);

		next = pud_addr_end(addr, end);
		if (!pud_none_or_bad(val))
			zap_pmd_range(tlb, vma, pud, addr, next, details);
	}
}

static void zap_p4d_range(struct mmu_gather *tlb, struct vm_area_struct *vma,
                          pgd_t *pgd, vaddr_t addr, vaddr_t end,
                          struct zap_details *details)
{
	p4d_t *p4d = p4d_offset(pgd, addr);

	for (vaddr_t next; addr != end; p4d++, addr = next) {
		p4d_t val = p4dp_get(addr, p4d);

		next = p4d_addr_end(addr, end);
		if (!p4d_none_or_bad(val))
			zap_pud_range(tlb, vma, p4d, addr, next, details);
	}
}

void unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma,
                      vaddr_t addr, vaddr_t end, struct zap_details *details)
{
	pgd_t *pgd = pgd_offset(vma->vm_mm, addr);

	for (vaddr_t next; addr != end; pgd++, addr = next) {
		pgd_t val = pgdp_get(addr, pgd);

		next = pgd_addr_end(addr, end);
		if (!pgd_none_or_bad(val))
			zap_p4d_range(tlb, vma, pgd, addr, next, details);
	}
}

void unmap_single_vma(struct mmu_gather *tlb, struct vm_area_struct *vma,
                      vaddr_t start, vaddr_t end, struct zap_details *details)
{
	start = MAX(start, vma->vm_start);
	end = MIN(end, vma->vm_end);
	if (start < end)
		unmap_page_range(tlb, vma, start, end, details);
}

void unmap_vmas(struct mmu_gather *tlb, struct vm_area_struct *vma,
                vaddr_t start, vaddr_t end)
{
	unmap_single_vma(tlb, vma, start, end, NULL);
}

void zap_page_range_single(struct vm_area_struct *vma, vaddr_t start,
                           uint64_t size, struct zap_details *details)
{
	struct mmu_gather tlb;
	vaddr_t end = start + size;

	tlb_gather_mmu(&tlb, vma->vm_mm);
	unmap_single_vma(&tlb, vma, start, end, details);
	pt_reclaim_rfc_v1(&tlb, vma, MAX(start, vma->vm_start),
	                  MIN(end, vma->vm_end), details);
	tlb_finish_mmu(&tlb);
}

/* Linux v6.12 mm/memory.c unmap_mapping_range_vma(). */
void unmap_mapping_range_vma(struct vm_area_struct *vma, vaddr_t start,
                             vaddr_t end, struct zap_details *details)
{
	lockdep_assert_held(&vma->vm_file->i_mmap_rwsem,
	                    "unmap_mapping_range_vma() needs i_mmap_rwsem");
	zap_page_range_single(vma, start, end - start, details);
}
