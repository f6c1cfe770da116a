/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/mmu_gather.h"

#include "base/bug.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

_Static_assert(sizeof(struct mmu_gather_batch) +
                               MAX_GATHER_BATCH * sizeof(encoded_page_t) ==
                       PAGE_SIZE,
               "a batch fills its page");
_Static_assert(sizeof(struct mmu_table_batch) == PAGE_SIZE,
               "a table batch fills its page");

/* ---- tlb_flush_pending ---- */

void inc_tlb_flush_pending(struct mm_struct *mm)
{
	ADD_ONCE_AT(mm->tlb_flush_pending.counter, 1, "inc_tlb_flush_pending",
	            0);
}

void dec_tlb_flush_pending(struct mm_struct *mm)
{
	ADD_ONCE_AT(mm->tlb_flush_pending.counter, -1, "dec_tlb_flush_pending",
	            0);
}

bool mm_tlb_flush_pending(struct mm_struct *mm)
{
	return READ_ONCE_AT(mm->tlb_flush_pending.counter,
	                    "mm_tlb_flush_pending", 0) > 0;
}

bool mm_tlb_flush_nested(struct mm_struct *mm)
{
	return READ_ONCE_AT(mm->tlb_flush_pending.counter,
	                    "mm_tlb_flush_nested", 0) > 1;
}

/* ---- range tracking (include/asm-generic/tlb.h) ---- */

static void tlb_reset_range(struct mmu_gather *tlb)
{
	if (tlb->fullmm) {
		tlb->start = tlb->end = ~UINT64_C(0);
	} else {
		tlb->start = ~UINT64_C(0);
		tlb->end = 0;
	}
	tlb->freed_tables = false;
	tlb->cleared_ptes = false;
	tlb->cleared_pmds = false;
	tlb->cleared_puds = false;
	tlb->cleared_p4ds = false;
	/*
	 * need_flush_all stays: it is not about a range, and nobody but
	 * tlb_gather_mmu() may take it back.
	 */
}

static void tlb_adjust_range(struct mmu_gather *tlb, vaddr_t addr,
                             uint64_t size)
{
	tlb->start = MIN(tlb->start, addr);
	tlb->end = MAX(tlb->end, addr + size);
}

/* For reports: the flush comes when the gather is full or finished. */
static void owe_flush(const struct mmu_gather *tlb, vaddr_t addr, uint64_t size)
{
	note_flush(tlb->mm, FLUSH_DEFERRED, addr, addr + size,
	           "left to the mmu_gather");
}

void tlb_flush_pte_range(struct mmu_gather *tlb, vaddr_t addr, uint64_t size)
{
	tlb_adjust_range(tlb, addr, size);
	owe_flush(tlb, addr, size);
	tlb->cleared_ptes = true;
}

void tlb_flush_pmd_range(struct mmu_gather *tlb, vaddr_t addr, uint64_t size)
{
	tlb_adjust_range(tlb, addr, size);
	owe_flush(tlb, addr, size);
	tlb->cleared_pmds = true;
}

unsigned tlb_get_unmap_shift(const struct mmu_gather *tlb)
{
	if (tlb->cleared_ptes)
		return PAGE_SHIFT;
	if (tlb->cleared_pmds)
		return PMD_SHIFT;
	if (tlb->cleared_puds)
		return PUD_SHIFT;
	if (tlb->cleared_p4ds)
		return P4D_SHIFT;
	return PAGE_SHIFT;
}

void tlb_flush_mmu_tlbonly(struct mmu_gather *tlb)
{
	/* Nothing was unhooked since the last flush: nothing can be stale. */
	if (!(tlb->freed_tables || tlb->cleared_ptes || tlb->cleared_pmds ||
	      tlb->cleared_puds || tlb->cleared_p4ds))
		return;

	mm_arch()->tlb->tlb_flush(tlb);
	tlb_reset_range(tlb);
}

/* ---- batches of pages (mm/mmu_gather.c) ---- */

static struct page *gather_frame(struct mm_struct *mm)
{
	return alloc_frames(mm->kernel->machine, 0, FRAME_GATHER, false);
}

static void gather_frame_free(const void *frame)
{
	struct machine *m = this_machine();
	pfn_t pfn = virt_to_phys(&m->mem, frame) >> PAGE_SHIFT;

	free_pages(pfn_to_page(&m->mem, pfn));
}

/* Option gather_batch: how many pages a batch takes. One slot always stays
 * free, as in Linux, where an entry may need two. */
static uint32_t batch_max(const struct mm_struct *mm, uint32_t linux_max)
{
	unsigned limit = mm_opt(mm)->gather_batch;

	return limit ? MIN(linux_max, limit + 1) : linux_max;
}

static encoded_page_t *batch_pages(struct mmu_gather *tlb,
                                   struct mmu_gather_batch *batch)
{
	if (batch == &tlb->local)
		return tlb->pages;
	return (encoded_page_t *)(void *)(batch + 1);
}

static bool tlb_next_batch(struct mmu_gather *tlb)
{
	struct mmu_gather_batch *batch;
	struct page *frame;

	/* Those who wait for tlb_flush_rmaps() must be in two batches. */
	if (tlb->delayed_rmap && tlb->active != &tlb->local)
		return false;

	if (tlb->active->next) {
		tlb->active = tlb->active->next;
		return true;
	}
	if (tlb->batch_count == MAX_GATHER_BATCH_COUNT)
		return false;

	/* GFP_NOWAIT: if there is none we flush early, that is all. */
	frame = gather_frame(tlb->mm);
	if (!frame)
		return false;

	tlb->batch_count++;
	batch = (void *)frame_bytes(&this_machine()->mem, frame);
	batch->next = NULL;
	batch->nr = 0;
	batch->max = batch_max(tlb->mm, MAX_GATHER_BATCH);

	tlb->active->next = batch;
	tlb->active = batch;
	return true;
}

bool tlb_queue_page(struct mmu_gather *tlb, struct page *page, bool delay_rmap)
{
	struct mmu_gather_batch *batch = tlb->active;
	encoded_page_t enc = (encoded_page_t)page;

	BUG_ON(!tlb->end);
	BUG_ON(batch->nr >= batch->max);

	if (delay_rmap) {
		enc |= ENCODED_PAGE_BIT_DELAY_RMAP;
		tlb->delayed_rmap = true;
	}
	batch_pages(tlb, batch)[batch->nr++] = enc;
	if (batch->nr >= batch->max - 1)
		return !tlb_next_batch(tlb);
	return false;
}

void tlb_remove_page(struct mmu_gather *tlb, struct page *page)
{
	if (tlb_queue_page(tlb, page, false))
		tlb_flush_mmu(tlb);
}

static struct page *encoded_page_ptr(encoded_page_t enc)
{
	return (struct page *)(enc &
	                       ~(encoded_page_t)ENCODED_PAGE_BIT_DELAY_RMAP);
}

static void tlb_flush_rmap_batch(struct mmu_gather *tlb,
                                 struct mmu_gather_batch *batch,
                                 struct vm_area_struct *vma)
{
	encoded_page_t *pages = batch_pages(tlb, batch);

	for (unsigned i = 0; i < batch->nr; i++) {
		if (!(pages[i] & ENCODED_PAGE_BIT_DELAY_RMAP))
			continue;
		pages[i] &= ~(encoded_page_t)ENCODED_PAGE_BIT_DELAY_RMAP;
		page_remove_rmap(encoded_page_ptr(pages[i]), vma, false);
	}
}

void tlb_flush_rmaps(struct mmu_gather *tlb, struct vm_area_struct *vma)
{
	if (!tlb->delayed_rmap)
		return;

	tlb_flush_rmap_batch(tlb, &tlb->local, vma);
	if (tlb->active != &tlb->local)
		tlb_flush_rmap_batch(tlb, tlb->active, vma);
	tlb->delayed_rmap = false;
}

static void tlb_batch_pages_flush(struct mmu_gather *tlb)
{
	struct mmu_gather_batch *batch;

	for (batch = &tlb->local; batch && batch->nr; batch = batch->next) {
		encoded_page_t *pages = batch_pages(tlb, batch);
		uint32_t nr = batch->nr;

		for (uint32_t i = 0; i < nr; i++)
			put_page(encoded_page_ptr(pages[i]));
		batch->nr = 0;
		cond_resched();
	}
	tlb->active = &tlb->local;
}

static void tlb_batch_list_free(struct mmu_gather *tlb)
{
	struct mmu_gather_batch *batch, *next;

	for (batch = tlb->local.next; batch; batch = next) {
		next = batch->next;
		gather_frame_free(batch);
	}
	tlb->local.next = NULL;
}

/* ---- tables ---- */

static void tlb_free_table_batch(struct mmu_table_batch *batch)
{
	for (uint64_t i = 0; i < batch->nr; i++)
		pagetable_free(batch->tables[i]);
	gather_frame_free(batch);
}

static void tlb_remove_table_rcu(struct rcu_head *head)
{
	tlb_free_table_batch(container_of(head, struct mmu_table_batch, rcu));
}

static void tlb_remove_table_smp_sync(void *info)
{
	(void)info; /* being delivered is all the interrupt is for */
}

/*
 * Not a grace period: it waits for walkers that have interrupts off, and for
 * no others.
 */
void tlb_remove_table_sync_one(void)
{
	struct machine *m = this_machine();
	cpumask_t all = m->nr_cpus == NR_CPUS_MAX ? ~UINT64_C(0)
	                                          : BIT_ULL(m->nr_cpus) - 1;

	smp_call_function_many(all & ~BIT_ULL(smp_processor_id()),
	                       tlb_remove_table_smp_sync, NULL, true);
}

/* Linux v6.14 mm/mmu_gather.c __tlb_remove_table_one() with PT_RECLAIM: the
 * table's own descriptor has room for the RCU head. */
static void tlb_remove_table_one(struct mm_struct *mm, struct page *table)
{
	enum table_free how = mm_opt(mm)->table_free;

	if (how == TABLE_FREE_RCU) {
		pagetable_free_rcu(table);
		return;
	}
	if (how != TABLE_FREE_IMMEDIATE)
		tlb_remove_table_sync_one();
	pagetable_free(table);
}

static void tlb_table_flush(struct mmu_gather *tlb)
{
	struct mmu_table_batch *batch = tlb->batch;

	if (!batch)
		return;

	tlb->batch = NULL;
	/* Walkers of the hardware first, then those of the software. */
	tlb_flush_mmu_tlbonly(tlb);
	if (mm_opt(tlb->mm)->table_free == TABLE_FREE_IMMEDIATE)
		tlb_free_table_batch(batch);
	else
		call_rcu(&batch->rcu, tlb_remove_table_rcu);
}

static bool tlb_table_batch_get(struct mmu_gather *tlb)
{
	const struct mm_options *opt = mm_opt(tlb->mm);
	struct page *frame;

	if (tlb->batch)
		return true;
	if (opt->table_batch_fail || opt->table_free == TABLE_FREE_IPI)
		return false;

	frame = gather_frame(tlb->mm);
	if (!frame)
		return false;
	tlb->batch = (void *)frame_bytes(&this_machine()->mem, frame);
	tlb->batch->nr = 0;
	return true;
}

void tlb_remove_table(struct mmu_gather *tlb, struct page *table)
{
	const struct mm_options *opt = mm_opt(tlb->mm);
	uint64_t max = opt->table_batch ? MIN(opt->table_batch, MAX_TABLE_BATCH)
	                                : MAX_TABLE_BATCH;

	if (opt->table_free == TABLE_FREE_NO_FLUSH) {
		note_flush(tlb->mm, FLUSH_SKIPPED, tlb->start, tlb->end,
		           "the table is freed before any "
		           "(table_free=no_flush)");
		pagetable_free(table);
		return;
	}
	if (!tlb_table_batch_get(tlb)) {
		tlb_flush_mmu_tlbonly(tlb);
		tlb_remove_table_one(tlb->mm, table);
		return;
	}

	tlb->batch->tables[tlb->batch->nr++] = table;
	if (tlb->batch->nr == max)
		tlb_table_flush(tlb);
}

/*
 * What all the *_free_tlb() do. The destructor ran here up to Linux v6.13,
 * when lockless walkers could still be about to take the table's lock; since
 * PT_RECLAIM it waits with the table (option ptlock_free_rcu).
 */
static void table_free_tlb(struct mmu_gather *tlb, struct page *table,
                           vaddr_t addr)
{
	tlb_adjust_range(tlb, addr, PAGE_SIZE);
	owe_flush(tlb, addr, PAGE_SIZE);
	tlb->freed_tables = true;
	if (!mm_opt(tlb->mm)->ptlock_free_rcu)
		pagetable_dtor(table);
	tlb_remove_table(tlb, table);
}

void pte_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr)
{
	tlb->cleared_pmds = true;
	table_free_tlb(tlb, table, addr);
}

void pmd_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr)
{
	tlb->cleared_puds = true;
	table_free_tlb(tlb, table, addr);
}

void pud_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr)
{
	tlb->cleared_p4ds = true;
	table_free_tlb(tlb, table, addr);
}

void p4d_free_tlb(struct mmu_gather *tlb, struct page *table, vaddr_t addr)
{
	table_free_tlb(tlb, table, addr);
}

/* ---- begin and end ---- */

void tlb_flush_mmu(struct mmu_gather *tlb)
{
	tlb_flush_mmu_tlbonly(tlb);
	tlb_table_flush(tlb);
	tlb_batch_pages_flush(tlb);
}

static void tlb_gather_init(struct mmu_gather *tlb, struct mm_struct *mm,
                            bool fullmm)
{
	*tlb = (struct mmu_gather){
		.mm = mm,
		.fullmm = fullmm,
		.active = &tlb->local,
	};
	tlb->local.max = batch_max(mm, MMU_GATHER_BUNDLE);
	tlb_reset_range(tlb);
	inc_tlb_flush_pending(mm);
}

void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm)
{
	tlb_gather_init(tlb, mm, false);
}

void tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm)
{
	tlb_gather_init(tlb, mm, true);
}

/* For reports: nothing found, and others' flushes are not asked for. */
static void note_nothing_to_flush(const struct mmu_gather *tlb)
{
	if (tlb->end || tlb->mm->tlb_flush_pending.counter < 2)
		return;
	note_flush(tlb->mm, FLUSH_SKIPPED, 0, TLB_FLUSH_ALL,
	           "this gather unhooked nothing, and does not ask who else "
	           "owes one (gather_nesting=off)");
}

void tlb_finish_mmu(struct mmu_gather *tlb)
{
	struct mm_struct *mm = tlb->mm;

	/*
	 * Somebody else has unhooked entries here and not flushed yet: what we
	 * saw as none may still be in TLBs, and what our range leaves out may
	 * be tables. So flush the lot, tables included.
	 */
	if (mm_opt(mm)->gather_nesting && mm_tlb_flush_nested(mm)) {
		tlb->fullmm = true;
		tlb_reset_range(tlb);
		tlb->freed_tables = true;
	} else if (event_wanted(mm->kernel->machine, EV_FLUSH)) {
		note_nothing_to_flush(tlb);
	}

	tlb_flush_mmu(tlb);
	tlb_batch_list_free(tlb);
	dec_tlb_flush_pending(mm);
}
