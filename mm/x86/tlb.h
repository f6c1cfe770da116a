/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86 flush protocol: who must be told, and what a CPU that was told does.
 *
 * Each mm has a generation (tlb_gen) that every flush request increments.
 * Each CPU keeps, for each of six ASIDs, which mm (ctx_id) its entries belong
 * to and up to which generation they are flushed.  A CPU that is not
 * interrupted (lazy, or running another mm) finds out from the generation when
 * it switches to the mm.
 *
 * Invariant: an ASID's entries are those of the mm with its ctx_id, and every
 * flush up to its tlb_gen has been done.
 *
 * Only loaded_mm and is_lazy are read by other CPUs; writing them is a step.
 * The rest is the CPU's own and is changed with interrupts off, without steps.
 *
 * Linux v6.12 arch/x86/mm/tlb.c, arch/x86/include/asm/tlbflush.h.
 */
#ifndef MMULATOR_MM_X86_TLB_H
#define MMULATOR_MM_X86_TLB_H

#include "mm/tlb.h"

#define TLB_GENERATION_INVALID        0
#define TLB_NR_DYN_ASIDS              6
/* More pages than that: flush everything. Linux: tunable, 33. */
#define TLB_SINGLE_PAGE_FLUSH_CEILING 33

/* What the requester of a flush tells the other CPUs. */
struct flush_tlb_info {
	struct mm_struct *mm; /* NULL: every mm */
	vaddr_t start, end;   /* end == TLB_FLUSH_ALL: everything */
	uint64_t new_tlb_gen;
	unsigned initiating_cpu;
	uint8_t stride_shift;
	bool freed_tables;
};

struct tlb_context {
	uint64_t ctx_id; /* 0: nobody's */
	uint64_t tlb_gen;
};

/* cpu->mm_data: cpu_tlbstate, cpu_tlbstate_shared and flush_tlb_info. */
struct tlb_state {
	/* Written by this CPU, read by all. */
	struct mm_struct *loaded_mm; /* or LOADED_MM_SWITCHING */
	bool is_lazy;

	/* This CPU's own. */
	uint16_t loaded_mm_asid;
	uint16_t next_asid;
	struct tlb_context ctxs[TLB_NR_DYN_ASIDS];
	struct flush_tlb_info flush_info;
	unsigned flush_info_idx; /* 1 while flush_info is in use */
};

/* loaded_mm while CR3 is about to change. */
#define LOADED_MM_SWITCHING ((struct mm_struct *)(uintptr_t)1)

/** cpu_tlbstate - of @cpu. */
static inline struct tlb_state *cpu_tlbstate(const struct cpu *cpu)
{
	return cpu->mm_data;
}

/** kern_pcid - what CR3 holds for an ASID: PCID 0 is nobody's. */
static inline unsigned kern_pcid(unsigned asid)
{
	return asid + 1;
}

/**
 * flush_tlb_mm_range - make every CPU forget translations of an mm.
 * @start: first address
 * @end: first address beyond; TLB_FLUSH_ALL is everything
 * @stride_shift: log2 of the distance of two entries in the range
 * @freed_tables: page tables go too: tell lazy CPUs as well
 *
 * Context: interrupts on (it waits for other CPUs). Steps.
 * Source: Linux v6.12 arch/x86/mm/tlb.c flush_tlb_mm_range()
 */
void flush_tlb_mm_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                        unsigned stride_shift, bool freed_tables);

/**
 * flush_tlb_func - what a CPU does about a request. Exported for tests.
 * @info: a struct flush_tlb_info
 *
 * Context: interrupts off.
 */
void flush_tlb_func(void *info);

/** flush_tlb_local - this CPU, the loaded PCID. A step. */
void flush_tlb_local(void);

/** inc_mm_tlb_gen - the next generation of @mm. A step. Return: it. */
uint64_t inc_mm_tlb_gen(struct mm_struct *mm);

#endif
