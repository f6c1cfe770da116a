/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of mm/arm64/ to each other, and its hooks to mm/arch.c.
 *
 * Reading order: tlbflush.c (who must forget what, by broadcast TLBI),
 * context.c (ASIDs), contpte.c (16 entries as one), pgtable.c (the accessors on
 * top of it), fault.c.
 */
#ifndef MMULATOR_MM_ARM64_ARM64_H
#define MMULATOR_MM_ARM64_ARM64_H

#include "base/spinlock.h"
#include "mm/arch.h"

extern const struct mmu_context_ops arm64_context_ops;
extern const struct tlbflush_ops arm64_tlbflush_ops;
extern const struct pgtable_ops arm64_pgtable_ops;
extern const struct mm_arch arm64_mm_arch;

/**
 * arm64_decode_fault - the decode_fault of arm64_mm_arch.
 * @f: the fault; f->code is ESR_EL1
 * @req: set to what it asks for; all but flags is 0 before
 *
 * Source: Linux v6.12 arch/arm64/mm/fault.c do_mem_abort(), do_page_fault()
 */
void arm64_decode_fault(const struct fault_info *f, struct fault_request *req);

/* ---- barriers (asm/barrier.h) ---- */

/** dsb_ishst - this CPU's stores are visible to everybody, walkers included. A
 * step if some are not yet. */
void dsb_ishst(void);
/** dsb_ish - likewise, and its TLBIs are complete on every CPU. A step. */
void dsb_ish(void);
/** isb - this CPU's context changes have taken effect. A step. */
void isb(void);

/* ---- contexts (asm/mmu_context.h, mm/context.c) ---- */

/* Of an ASID with its generation, mm->context.id. */
#define ASID_GENERATION_SHIFT 16
#define ASID_FIRST_VERSION    (UINT64_C(1) << ASID_GENERATION_SHIFT)

/* cpu->mm_data */
struct arm64_cpu {
	/* Of the ASID of its mm; 0 since a rollover. Others exchange it. */
	atomic64_t active_asid;
	uint64_t reserved_asid; /* cpu_asid_lock */
	/* This CPU's own. */
	struct mm_struct *loaded_mm;
	/* An ASID that was read before its time (option asid_read). */
	const struct mm_struct *early_mm;
	uint64_t early_id;
};

/* kernel->arch_data: the allocator */
struct asid_state {
	unsigned bits;
	atomic64_t generation;
	spinlock_t lock; /* cpu_asid_lock, for all below */
	cpumask_t flush_pending;
	uint32_t cur_idx;
	uint8_t *map; /* a bit for each ASID */
};

static inline struct arm64_cpu *arm64_cpu(const struct cpu *cpu)
{
	return cpu->mm_data;
}
static inline struct asid_state *asid_state(const struct kernel *k)
{
	return k->arch_data;
}

/** mm_asid - the ASID of @mm for a TLBI, Linux's ASID(). A step. Return: it,
 * without the generation. */
uint16_t mm_asid(struct mm_struct *mm);
/** mm_asid_early - the same load before the store that precedes it in the
 * program (option asid_read=unordered); else nothing. A step. */
void mm_asid_early(struct mm_struct *mm);

/* ---- flushing (asm/tlbflush.h) ---- */

#define TLBI_TTL_UNKNOWN 0
#define MAX_DVM_OPS      PTRS_PER_PTE

/** local_flush_tlb_all - this CPU, everything. Steps. */
void local_flush_tlb_all(void);
/**
 * __flush_tlb_range - flush [@start, @end) of an mm everywhere.
 * @stride: what one entry spans, in bytes
 * @last_level: what is cached of tables may stay
 * @tlb_level: level of the entries, enum pt_level; TLBI_TTL_UNKNOWN
 *
 * Context: any. Steps.
 * Source: Linux v6.12 arch/arm64/include/asm/tlbflush.h __flush_tlb_range()
 */
void __flush_tlb_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                       uint64_t stride, bool last_level, unsigned tlb_level);

/* ---- contiguous entries (mm/contpte.c); all with the PTL held but where said
 * ---- */

/** pte_valid_cont - is @pte one of 16? Return: it is. */
bool pte_valid_cont(pte_t pte);
/** contpte_peek - the entry at @ptep, of which only others' A and D can change:
 * no step. Return: it. */
pte_t contpte_peek(pte_t *ptep);
/** contpte_try_unfold - make entries of the 16 around @ptep, for @addr, if they
 * are one. Steps. */
void contpte_try_unfold(struct mm_struct *mm, vaddr_t addr, pte_t *ptep);
/** contpte_try_fold - make one of the 16 entries that end at @ptep, for @addr,
 * which just became @pte, if they may be. Steps. */
void contpte_try_fold(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                      pte_t pte);
/** contpte_try_unfold_partial - likewise of a block that the @nr entries from
 * @ptep, for @addr, on begin or end in. Steps. */
void contpte_try_unfold_partial(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                                unsigned nr);
/** contpte_batch_hint - the pte_batch_hint of arm64_pgtable_ops. Return: as
 * many as there are up to the end of the block that @pte, at @ptep, is of. */
unsigned contpte_batch_hint(const pte_t *ptep, pte_t pte);
/** contpte_get_and_clear_full_ptes - clear @nr entries from @ptep, for @addr,
 * on: whole blocks, or entries on their own. Steps. Return: the first, with A
 * and D of all (option contpte_get). */
pte_t contpte_get_and_clear_full_ptes(vaddr_t addr, pte_t *ptep, unsigned nr);
/** contpte_ptep_get - @orig, read at @ptep for @addr, with the A and D of its
 * 15 neighbours. Steps. Return: it. */
pte_t contpte_ptep_get(vaddr_t addr, pte_t *ptep, pte_t orig);
/** contpte_ptep_get_lockless - likewise without the PTL: @orig, read at @ptep
 * for @addr, is read again until all 16 agree. Steps. Return: it. */
pte_t contpte_ptep_get_lockless(vaddr_t addr, pte_t *ptep, pte_t orig);
/**
 * contpte_set_ptes - write entries that are not present yet.
 * @addr: of the first
 * @ptep: the first
 * @pte: what it becomes; the next gets the next frame
 * @nr: how many, from 2
 *
 * Steps.
 */
void contpte_set_ptes(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                      pte_t pte, unsigned nr);
/**
 * contpte_ptep_set_access_flags - ptep_set_access_flags() of one of 16.
 * @addr: of the entry
 * @ptep: where it is
 * @entry: what it is to be, without CONT
 * @dirty: the fault was a write
 *
 * Steps.
 *
 * Return: it was another.
 */
bool contpte_ptep_set_access_flags(struct vm_area_struct *vma, vaddr_t addr,
                                   pte_t *ptep, pte_t entry, bool dirty);

/** arm64_pt_stored - the pt_stored of an arm64 machine: DSB and ISB behind the
 * store of @e at @level if it makes kernel memory, or a table, valid. */
void arm64_pt_stored(struct machine *m, uint64_t e, unsigned level);

/** __ptep_set_access_flags_one - the entry at @ptep for @addr gets what @entry
 * allows more; flushes it if @dirty. Steps. Return: it was another. */
bool __ptep_set_access_flags_one(struct vm_area_struct *vma, vaddr_t addr,
                                 pte_t *ptep, pte_t entry, bool dirty);

#endif
