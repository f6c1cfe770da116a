/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the entries of each level span: 4 KiB granule, 512 entries of 8 bytes at
 * every level.  Linux's names; part of pagetable/pgtable.h.
 */
#ifndef MMULATOR_PAGETABLE_GEOMETRY_H
#define MMULATOR_PAGETABLE_GEOMETRY_H

#include "base/types.h"

enum pt_level {
	PT_LEVEL_NONE,
	PT_LEVEL_PTE,
	PT_LEVEL_PMD,
	PT_LEVEL_PUD,
	PT_LEVEL_P4D,
	PT_LEVEL_PGD,
	PT_LEVEL_COUNT
};

/** pt_level_shift - log2 of what one entry of @level spans. */
static inline unsigned pt_level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

#define PTRS_PER_PTE    512
#define PTRS_PER_PMD    512
#define PTRS_PER_PUD    512
#define PTRS_PER_PGD    512
#define PMD_SHIFT       21
#define PUD_SHIFT       30
#define P4D_SHIFT       39
#define PMD_SIZE        (UINT64_C(1) << PMD_SHIFT)
#define PMD_MASK        (~(PMD_SIZE - 1))
#define PUD_SIZE        (UINT64_C(1) << PUD_SHIFT)
#define PUD_MASK        (~(PUD_SIZE - 1))
#define P4D_SIZE        (UINT64_C(1) << P4D_SHIFT)
#define P4D_MASK        (~(P4D_SIZE - 1))
#define PGDIR_SHIFT     pgdir_shift()
#define PGDIR_SIZE      (UINT64_C(1) << PGDIR_SHIFT)
#define PGDIR_MASK      (~(PGDIR_SIZE - 1))
#define HPAGE_PMD_SHIFT PMD_SHIFT
#define HPAGE_PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)
#define HPAGE_PMD_NR    (1U << HPAGE_PMD_ORDER)
#define HPAGE_PMD_SIZE  PMD_SIZE
#define HPAGE_PMD_MASK  PMD_MASK
/* arm64: entries that one of the TLB may hold as one. */
#define CONT_PTES       16
#define CONT_PTE_SHIFT  (PAGE_SHIFT + 4)
#define CONT_PTE_SIZE   (UINT64_C(1) << CONT_PTE_SHIFT)
#define CONT_PTE_MASK   (~(CONT_PTE_SIZE - 1))

/** pgdir_shift - log2 of what an entry of the root spans. Return: 39 with 4
 * levels, 48 with 5. */
unsigned pgdir_shift(void);
/** pgtable_l5_enabled - is the p4d a level of its own? Return: it is, with 5
 * levels. */
bool pgtable_l5_enabled(void);
/**
 * task_size - where user space ends.
 *
 * Return: the first address above it: on x86 the lower half without its last
 * page; on arm64 all that TTBR0 spans.
 * Source: Linux v6.12 arch/x86/include/asm/page_64_types.h TASK_SIZE_MAX,
 * arch/arm64/include/asm/processor.h TASK_SIZE_64
 */
vaddr_t task_size(void);

static inline unsigned pte_index(vaddr_t addr)
{
	return (unsigned)(addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1);
}
static inline unsigned pmd_index(vaddr_t addr)
{
	return (unsigned)(addr >> PMD_SHIFT) & (PTRS_PER_PMD - 1);
}
static inline unsigned pud_index(vaddr_t addr)
{
	return (unsigned)(addr >> PUD_SHIFT) & (PTRS_PER_PUD - 1);
}
static inline unsigned p4d_index(vaddr_t addr)
{
	return (unsigned)(addr >> P4D_SHIFT) & 511;
}
static inline unsigned pgd_index(vaddr_t addr)
{
	return (unsigned)(addr >> PGDIR_SHIFT) & (PTRS_PER_PGD - 1);
}

/* The next boundary of a level, or end if that comes first. */
static inline vaddr_t pt_addr_end(vaddr_t addr, vaddr_t end, unsigned shift)
{
	vaddr_t next = ((addr >> shift) + 1) << shift;

	return next - 1 < end - 1 ? next : end;
}
static inline vaddr_t pmd_addr_end(vaddr_t addr, vaddr_t end)
{
	return pt_addr_end(addr, end, PMD_SHIFT);
}
static inline vaddr_t pud_addr_end(vaddr_t addr, vaddr_t end)
{
	return pt_addr_end(addr, end, PUD_SHIFT);
}
static inline vaddr_t p4d_addr_end(vaddr_t addr, vaddr_t end)
{
	return pt_addr_end(addr, end, P4D_SHIFT);
}
static inline vaddr_t pgd_addr_end(vaddr_t addr, vaddr_t end)
{
	return pt_addr_end(addr, end, PGDIR_SHIFT);
}

#endif
