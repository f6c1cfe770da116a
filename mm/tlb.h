/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making CPUs forget translations: what the code above asm/tlbflush.h calls.
 * Who is told and how is the architecture's: mm/x86/tlb.c interrupts CPUs,
 * mm/arm64/tlbflush.c broadcasts TLBI.
 *
 * Linux v6.12 Documentation/core-api/cachetlb.rst.
 */
#ifndef MMULATOR_MM_TLB_H
#define MMULATOR_MM_TLB_H

#include "mm/arch.h"

#define TLB_FLUSH_ALL (~UINT64_C(0))

/* Linux's TLB_FLUSH_VMA(): for functions that look at vm_mm only. */
#define TLB_FLUSH_VMA(mm_) \
	((struct vm_area_struct){ .vm_mm = (mm_), .vm_flags = VM_NONE })

/** flush_tlb_all - every CPU, everything, globals included. Context: interrupts
 * on, as for all of these. Steps. */
static inline void flush_tlb_all(void)
{
	mm_arch()->tlb->flush_tlb_all();
}

/** flush_tlb_mm - flush all of @mm, and what is cached of its tables. */
static inline void flush_tlb_mm(struct mm_struct *mm)
{
	mm_arch()->tlb->flush_tlb_mm(mm);
}

/** flush_tlb_page - flush the page of @addr; what is cached of the tables above
 * it may stay. */
static inline void flush_tlb_page(struct vm_area_struct *vma, vaddr_t addr)
{
	mm_arch()->tlb->flush_tlb_page(vma, addr);
}

/** flush_tlb_range - flush [@start, @end) and what is cached of its tables. */
static inline void flush_tlb_range(struct vm_area_struct *vma, vaddr_t start,
                                   vaddr_t end)
{
	mm_arch()->tlb->flush_tlb_range(vma, start, end);
}

/** flush_pmd_tlb_range - flush the huge pages of [@start, @end); no tables. */
static inline void flush_pmd_tlb_range(struct vm_area_struct *vma,
                                       vaddr_t start, vaddr_t end)
{
	mm_arch()->tlb->flush_pmd_tlb_range(vma, start, end);
}

/**
 * flush_tlb_fix_spurious_fault - a write fault at @addr found its entry, @ptep,
 * as it should be: this CPU must not fault on it for ever.
 */
static inline void flush_tlb_fix_spurious_fault(struct vm_area_struct *vma,
                                                vaddr_t addr, pte_t *ptep)
{
	mm_arch()->tlb->flush_tlb_fix_spurious_fault(vma, addr, ptep);
}

/** pte_needs_flush - may a CPU hold something that a change from @old to @new
 * takes away? Return: it may. */
static inline bool pte_needs_flush(pte_t old, pte_t new)
{
	return mm_arch()->tlb->pte_needs_flush(old, new);
}

/** mm_cpumask_set - @cpu uses @mm from now on. A step. */
void mm_cpumask_set(struct mm_struct *mm, unsigned cpu);
/** mm_cpumask_clear - @cpu uses @mm no longer. A step. */
void mm_cpumask_clear(struct mm_struct *mm, unsigned cpu);
/** mm_cpumask - the CPUs that use @mm. A step. Return: a bit for each. */
cpumask_t mm_cpumask(struct mm_struct *mm);

/**
 * note_flush - say what was decided about a flush, for reports (EV_FLUSH).
 * @what: the decision
 * @start: first address of the flush
 * @end: first one after it
 * @why: a literal, or NULL
 *
 * Context: any; no step.
 */
void note_flush(const struct mm_struct *mm, enum flush_event what,
                vaddr_t start, vaddr_t end, const char *why);

#endif
