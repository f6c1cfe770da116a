/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flushing by broadcast: TLBI reaches every CPU, nobody is interrupted, and no
 * mask of CPUs is kept.
 *
 *	dsb ishst	the new entries are visible to walkers
 *	tlbi ...is	forget, everywhere
 *	dsb ish		everybody has, and no access through it is under way
 *
 * Linux v6.12 arch/arm64/include/asm/tlbflush.h, asm/tlb.h.
 */
#include "mm/arm64/arm64.h"
#include "mm/mm.h"
#include "mm/mmu_gather.h"
#include "mm/tlb.h"

/* What one range operation spans at most, in pages: NUM 31, SCALE 3. */
#define MAX_TLBI_RANGE_PAGES (UINT64_C(32) << 16)

static const struct mm_options *options(void)
{
	return machine_kernel(this_machine())->options;
}

/* ---- what the CPU is told ---- */

/* DSB ISHST waits for stores only: it completes no TLBI. */
void dsb_ishst(void)
{
	smp_mb();
}

void dsb_ish(void)
{
	struct machine *m = this_machine();

	if (m->hw && m->hw->dsb)
		m->hw->dsb(m, BARRIER_ISH);
}

void isb(void)
{
	struct machine *m = this_machine();

	if (m->hw && m->hw->isb)
		m->hw->isb(m);
}

static void tlbi(const struct tlbi *t)
{
	struct machine *m = this_machine();

	if (m->hw && m->hw->tlbi)
		m->hw->tlbi(m, t);
}

/*
 * __tlbi_sync_s1ish(). Some CPUs are done with the DSB before accesses through
 * what went are: errata that ARM64_WORKAROUND_REPEAT_TLBI doubles it for.
 */
static void tlbi_sync(void)
{
	const struct tlbi again = { .op = TLBI_VA,
		                    .last_level = true,
		                    .inner_shareable = true };

	dsb_ish();
	if (!options()->repeat_tlbi)
		return;
	tlbi(&again);
	dsb_ish();
}

void local_flush_tlb_all(void)
{
	const struct tlbi t = { .op = TLBI_ALL };
	struct machine *m = this_machine();

	smp_mb(); /* dsb nshst */
	tlbi(&t);
	if (m->hw && m->hw->dsb)
		m->hw->dsb(m, BARRIER_NSH);
	isb();
}

/* ---- flushing ---- */

/*
 * A TLBI does not wait for stores: a CPU that has performed it may walk what is
 * still in memory, and keep that.  csky had no such barrier before 3b756ccddb8a
 * (v5.12); option flush_barrier=off leaves it out here.
 */
static void publish_tables(const struct mm_struct *mm)
{
	if (mm_opt(mm)->flush_barrier)
		dsb_ishst();
}

static void arm64_flush_tlb_all(void)
{
	const struct tlbi t = { .op = TLBI_ALL, .inner_shareable = true };

	dsb_ishst();
	tlbi(&t);
	tlbi_sync();
	isb();
}

static void arm64_flush_tlb_mm(struct mm_struct *mm)
{
	struct tlbi t = { .op = TLBI_ASID, .inner_shareable = true };

	note_flush(mm, FLUSH_BEGUN, 0, TLB_FLUSH_ALL, NULL);
	publish_tables(mm);
	t.asid = mm_asid(mm);
	tlbi(&t);
	tlbi_sync();
}

static void arm64_flush_tlb_kernel_range(vaddr_t start, vaddr_t end)
{
	struct tlbi t = { .op = TLBI_VAA,
		          .last_level = true,
		          .inner_shareable = true };

	if (end - start > MAX_DVM_OPS * PAGE_SIZE) {
		arm64_flush_tlb_all();
		return;
	}
	dsb_ishst();
	for (t.va = start; t.va < end; t.va += PAGE_SIZE)
		tlbi(&t);
	tlbi_sync();
	isb();
}

/* __flush_tlb_kernel_pgtable() */
static void arm64_flush_tlb_kernel_pgtable(vaddr_t addr)
{
	const struct tlbi t = { .op = TLBI_VAA,
		                .inner_shareable = true,
		                .va = addr & PAGE_MASK };

	dsb_ishst();
	tlbi(&t);
	tlbi_sync();
	isb();
}

static void __flush_tlb_page_nosync(struct mm_struct *mm, vaddr_t addr)
{
	struct tlbi t = { .op = TLBI_VA,
		          .last_level = true,
		          .inner_shareable = true,
		          .va = addr & PAGE_MASK };

	note_flush(mm, FLUSH_BEGUN, t.va, t.va + PAGE_SIZE, NULL);
	publish_tables(mm);
	t.asid = mm_asid(mm);
	tlbi(&t);
}

static void arm64_flush_tlb_page(struct vm_area_struct *vma, vaddr_t addr)
{
	__flush_tlb_page_nosync(vma->vm_mm, addr);
	tlbi_sync();
}

/*
 * Linux v6.12 arch/arm64/include/asm/tlbflush.h: the TLBIs are under way at
 * once; only their end is waited for once for all.
 */
static bool arm64_tlbbatch_should_defer(struct mm_struct *mm)
{
	(void)mm;
	return true;
}

static void arm64_tlbbatch_add_pending(struct task_ubc *batch,
                                       struct mm_struct *mm, vaddr_t addr)
{
	(void)batch;
	__flush_tlb_page_nosync(mm, addr);
}

static void arm64_tlbbatch_flush(struct task_ubc *batch)
{
	(void)batch;
	tlbi_sync();
}

/*
 * __flush_tlb_range_op(): with FEAT_TLBIRANGE the largest power of 32 pages
 * first, times up to 32; what is left, an odd page, by itself.
 */
static void flush_range_op(struct tlbi *t, vaddr_t start, uint64_t pages,
                           uint64_t stride)
{
	int scale = 3;

	t->va = start;
	while (pages > 0) {
		uint64_t unit, num;

		if (!options()->tlb_range || pages == 1) {
			t->size = 0;
			tlbi(t);
			t->va += stride;
			pages -= stride >> PAGE_SHIFT;
			continue;
		}
		unit = UINT64_C(2) << 5 * scale;
		num = MIN(pages / unit, 32);
		if (num) {
			t->size = num * unit << PAGE_SHIFT;
			tlbi(t);
			t->va += t->size;
			pages -= num * unit;
		}
		scale--;
	}
}

/* Too many for one operation each: forget the whole ASID. */
static bool range_too_long(uint64_t bytes, uint64_t stride)
{
	if (!options()->tlb_range)
		return bytes >= MAX_DVM_OPS * stride;
	return bytes >> PAGE_SHIFT > MAX_TLBI_RANGE_PAGES;
}

void __flush_tlb_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                       uint64_t stride, bool last_level, unsigned tlb_level)
{
	struct tlbi t = { .op = TLBI_VA,
		          .last_level = last_level,
		          .inner_shareable = true,
		          .level = (uint8_t)tlb_level };

	start = ALIGN_DOWN(start, stride);
	end = ALIGN_UP(end, stride);
	if (range_too_long(end - start, stride)) {
		arm64_flush_tlb_mm(mm);
		return;
	}
	note_flush(mm, FLUSH_BEGUN, start, end, NULL);
	publish_tables(mm);
	t.asid = mm_asid(mm);
	flush_range_op(&t, start, (end - start) >> PAGE_SHIFT, stride);
	tlbi_sync();
}

/* Not only the last level: callers may have collapsed or moved tables. */
static void arm64_flush_tlb_range(struct vm_area_struct *vma, vaddr_t start,
                                  vaddr_t end)
{
	__flush_tlb_range(vma->vm_mm, start, end, PAGE_SIZE, false,
	                  TLBI_TTL_UNKNOWN);
}

static void arm64_flush_pmd_tlb_range(struct vm_area_struct *vma, vaddr_t start,
                                      vaddr_t end)
{
	__flush_tlb_range(vma->vm_mm, start, end, PMD_SIZE, false,
	                  PT_LEVEL_PMD);
}

/*
 * v6.12 arch/arm64/include/asm/pgtable.h: nothing. Flushes are broadcast: who
 * changed the entry has flushed it here, too.
 */
static void arm64_flush_tlb_fix_spurious_fault(struct vm_area_struct *vma,
                                               vaddr_t addr, pte_t *ptep)
{
	(void)vma;
	(void)addr;
	(void)ptep;
}

/* ---- what a gather unhooked (asm/tlb.h) ---- */

/* The level of what was cleared if it is one; a hint to the hardware. */
static unsigned tlb_get_level(const struct mmu_gather *tlb)
{
	unsigned cleared = (tlb->cleared_ptes ? 1U << PT_LEVEL_PTE : 0) |
	                   (tlb->cleared_pmds ? 1U << PT_LEVEL_PMD : 0) |
	                   (tlb->cleared_puds ? 1U << PT_LEVEL_PUD : 0) |
	                   (tlb->cleared_p4ds ? 1U << PT_LEVEL_P4D : 0);

	if (tlb->freed_tables || !cleared || (cleared & (cleared - 1)))
		return TLBI_TTL_UNKNOWN;
	/* TTL has no value for more than the third level from the leaves. */
	return cleared == 1U << PT_LEVEL_P4D ? TLBI_TTL_UNKNOWN
	                                     : (unsigned)__builtin_ctz(cleared);
}

static void arm64_tlb_flush(struct mmu_gather *tlb)
{
	bool last_level = !tlb->freed_tables;

	/*
	 * The ASID is not given to anybody without everything being flushed:
	 * only what is cached of freed tables matters.
	 */
	if (tlb->fullmm) {
		if (!last_level)
			arm64_flush_tlb_mm(tlb->mm);
		return;
	}
	__flush_tlb_range(tlb->mm, tlb->start, tlb->end,
	                  BIT_ULL(tlb_get_unmap_shift(tlb)), last_level,
	                  tlb_get_level(tlb));
}

/* include/asm-generic/tlb.h: every change is flushed. */
static bool arm64_pte_needs_flush(pte_t old, pte_t new)
{
	(void)old;
	(void)new;
	return true;
}

const struct tlbflush_ops arm64_tlbflush_ops = {
	.flush_tlb_all = arm64_flush_tlb_all,
	.flush_tlb_mm = arm64_flush_tlb_mm,
	.flush_tlb_kernel_range = arm64_flush_tlb_kernel_range,
	.flush_tlb_kernel_pgtable = arm64_flush_tlb_kernel_pgtable,
	.flush_tlb_page = arm64_flush_tlb_page,
	.flush_tlb_range = arm64_flush_tlb_range,
	.flush_pmd_tlb_range = arm64_flush_pmd_tlb_range,
	.flush_tlb_fix_spurious_fault = arm64_flush_tlb_fix_spurious_fault,
	.tlb_flush = arm64_tlb_flush,
	.arch_tlbbatch_should_defer = arm64_tlbbatch_should_defer,
	.arch_tlbbatch_add_pending = arm64_tlbbatch_add_pending,
	.arch_tlbbatch_flush = arm64_tlbbatch_flush,
	.pte_needs_flush = arm64_pte_needs_flush,
};
