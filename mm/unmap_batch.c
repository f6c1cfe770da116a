// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reclaim flushes once for many pages: Linux v6.12 mm/rmap.c,
 * CONFIG_ARCH_WANT_BATCHED_UNMAP_TLB_FLUSH.
 *
 * A page's entry is gone as soon as its PTL is dropped, and CPUs may hold it
 * until try_to_unmap_flush().  Whoever comes to such an entry meanwhile under
 * the PTL, finds nothing, and would flush nothing, asks
 * flush_tlb_batched_pending() first.
 */
#include "mm/arch.h"
#include "mm/mm.h"
#include "mm/rmap.h"
#include "mm/tlb.h"

/* mm->tlb_flush_batched: flushes pending, and of these flushed. */
#define TLB_FLUSH_BATCH_FLUSHED_SHIFT 16
#define TLB_FLUSH_BATCH_PENDING_MASK \
	((1 << (TLB_FLUSH_BATCH_FLUSHED_SHIFT - 1)) - 1)
#define TLB_FLUSH_BATCH_PENDING_LARGE (TLB_FLUSH_BATCH_PENDING_MASK / 2)

static struct task_ubc *tlb_ubc(void)
{
	return &current_task()->tlb_ubc;
}

void try_to_unmap_flush(void)
{
	struct task_ubc *ubc = tlb_ubc();

	if (!ubc->flush_required)
		return;
	mm_arch()->tlb->arch_tlbbatch_flush(ubc);
	ubc->flush_required = false;
}

bool should_defer_flush(struct mm_struct *mm, unsigned ttu_flags)
{
	return (ttu_flags & TTU_BATCH_FLUSH) &&
	       mm_opt(mm)->batched_unmap != BATCHED_UNMAP_OFF &&
	       mm_arch()->tlb->arch_tlbbatch_should_defer(mm);
}

/* One more is pending. Before it catches up with `flushed' by overflow both
 * begin anew, with 1 and 0. */
static void count_pending(struct mm_struct *mm)
{
	int32_t batch = atomic_read(&mm->tlb_flush_batched);

	while ((batch & TLB_FLUSH_BATCH_PENDING_MASK) >
	       TLB_FLUSH_BATCH_PENDING_LARGE) {
		int32_t seen = atomic_cmpxchg(&mm->tlb_flush_batched, batch, 1);

		if (seen == batch)
			return;
		batch = seen;
	}
	atomic_inc(&mm->tlb_flush_batched);
}

void set_tlb_ubc_flush_pending(struct mm_struct *mm, pte_t pteval, vaddr_t addr)
{
	struct task_ubc *ubc = tlb_ubc();

	if (!pte_present(pteval))
		return;
	note_flush(mm, FLUSH_DEFERRED, addr, addr + PAGE_SIZE,
	           "left to the end of the batch (try_to_unmap_flush)");
	mm_arch()->tlb->arch_tlbbatch_add_pending(ubc, mm, addr);
	ubc->flush_required = true;
	if (mm_opt(mm)->batched_unmap == BATCHED_UNMAP_CHECKED)
		count_pending(mm);
}

void flush_tlb_batched_pending(struct mm_struct *mm)
{
	int32_t batch, pending, flushed;

	/* Linux before 4.13: nobody counts. */
	if (mm_opt(mm)->batched_unmap != BATCHED_UNMAP_CHECKED)
		return;
	batch = atomic_read(&mm->tlb_flush_batched);
	pending = batch & TLB_FLUSH_BATCH_PENDING_MASK;
	flushed = batch >> TLB_FLUSH_BATCH_FLUSHED_SHIFT;
	if (pending == flushed)
		return;
	flush_tlb_mm(mm);
	/* If another one became pending meanwhile it stays so. */
	(void)atomic_cmpxchg(&mm->tlb_flush_batched, batch,
	                     pending |
	                             pending << TLB_FLUSH_BATCH_FLUSHED_SHIFT);
}
