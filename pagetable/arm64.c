/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pagetable/arm64.h"

#include "base/bug.h"
#include "pagetable/format.h"

/*
 * How Linux keeps dirty and writable (v6.12 arch/arm64/include/asm/pgtable.h):
 *
 *	dirty writable | AP2  DBM  SW_DIRTY
 *	  0      0     |  1    0      0
 *	  0      1     |  1    1      0
 *	  1      0     |  1    0      1
 *	  1      1     |  0    1      x
 */

/* Linux's _PAGE_DEFAULT: Normal memory, inner shareable. */
#define PAGE_DEFAULT                                            \
	(ARM64_VALID | ARM64_TYPE | ARM64_AF | ARM64_SH_INNER | \
	 (uint64_t)ARM64_MT_NORMAL << ARM64_ATTRINDX_SHIFT)
#define PAGE_READONLY_EXEC \
	(PAGE_DEFAULT | ARM64_AP1 | ARM64_AP2 | ARM64_NG | ARM64_PXN)
/* What pte_modify() takes from the new rights. */
#define MODIFY_TAKES                                                \
	(ARM64_AP1 | ARM64_PXN | ARM64_UXN | ARM64_AP2 | ARM64_NG | \
	 ARM64_VALID | ARM64_DBM | ARM64_GP | ARM64_ATTRINDX |      \
	 UINT64_C(7) << 60)
/* What ptep_set_access_flags() may change. */
#define ACCESS_FLAGS (ARM64_AP2 | ARM64_AF | ARM64_DBM | ARM64_SW_DIRTY)

static const struct entry_field arm64_fields[] = {
	{ "V", ARM64_VALID, 0 },
	{ "T", ARM64_TYPE, 1 },
	{ "Attr", ARM64_ATTRINDX, ARM64_ATTRINDX_SHIFT },
	{ "NS", ARM64_NS, 5 },
	{ "USER", ARM64_AP1, 6 },
	{ "RDONLY", ARM64_AP2, 7 },
	{ "SH", ARM64_SH, 8 },
	{ "AF", ARM64_AF, 10 },
	{ "nG", ARM64_NG, 11 },
	{ "GP", ARM64_GP, 50 },
	{ "DBM", ARM64_DBM, 51 },
	{ "CONT", ARM64_CONT, 52 },
	{ "PXN", ARM64_PXN, 53 },
	{ "UXN", ARM64_UXN, 54 },
	{ "DIRTY", ARM64_SW_DIRTY, 55 },
	{ "SPECIAL", ARM64_SW_SPECIAL, 56 },
	{ "PXNTable", ARM64_PXNTABLE, 59 },
	{ "UXNTable", ARM64_UXNTABLE, 60 },
	{ "APTable", ARM64_APTABLE0 | ARM64_APTABLE1, 61 },
	{ "NSTable", ARM64_NSTABLE, 63 },
	{ NULL, 0, 0 },
};

static bool hw_dirty(uint64_t e)
{
	return (e & (ARM64_DBM | ARM64_AP2)) == ARM64_DBM;
}

static bool arm64_test(uint64_t e, enum pt_attr attr)
{
	switch (attr) {
	case PT_ATTR_WRITE:
		return e & ARM64_DBM;
	case PT_ATTR_DIRTY:
		return (e & ARM64_SW_DIRTY) || hw_dirty(e);
	case PT_ATTR_YOUNG:
		return e & ARM64_AF;
	case PT_ATTR_USER:
		return e & ARM64_AP1;
	case PT_ATTR_EXEC:
		return !(e & ARM64_UXN);
	case PT_ATTR_GLOBAL:
		return (e & (ARM64_VALID | ARM64_NG)) == ARM64_VALID;
	case PT_ATTR_CONT:
		return e & ARM64_CONT;
	default:
		BUG();
	}
}

static bool arm64_table_test(uint64_t e, enum pt_attr attr)
{
	switch (attr) {
	case PT_ATTR_WRITE:
		return !(e & ARM64_APTABLE1);
	case PT_ATTR_USER:
		return !(e & ARM64_APTABLE0);
	case PT_ATTR_EXEC:
		return !(e & ARM64_UXNTABLE);
	case PT_ATTR_YOUNG:
		return true;
	case PT_ATTR_DIRTY:
	case PT_ATTR_GLOBAL:
	case PT_ATTR_CONT:
		return false;
	default:
		BUG();
	}
}

static uint64_t set_bits(uint64_t e, uint64_t bits, bool on)
{
	return on ? e | bits : e & ~bits;
}

static uint64_t mkwrite(uint64_t e)
{
	e |= ARM64_DBM;
	return (e & ARM64_SW_DIRTY) ? e & ~ARM64_AP2 : e;
}

static uint64_t wrprotect(uint64_t e)
{
	if (hw_dirty(e))
		e |= ARM64_SW_DIRTY;
	return (e & ~ARM64_DBM) | ARM64_AP2;
}

static uint64_t mkdirty(uint64_t e)
{
	e |= ARM64_SW_DIRTY;
	return (e & ARM64_DBM) ? e & ~ARM64_AP2 : e;
}

static uint64_t arm64_change(uint64_t e, enum pt_attr attr, bool on)
{
	switch (attr) {
	case PT_ATTR_WRITE:
		return on ? mkwrite(e) : wrprotect(e);
	case PT_ATTR_DIRTY:
		return on ? mkdirty(e) : (e & ~ARM64_SW_DIRTY) | ARM64_AP2;
	case PT_ATTR_YOUNG:
		return set_bits(e, ARM64_AF, on);
	case PT_ATTR_USER:
		return set_bits(e, ARM64_AP1, on);
	case PT_ATTR_EXEC:
		return set_bits(e, ARM64_UXN, !on);
	case PT_ATTR_GLOBAL:
		return set_bits(e, ARM64_NG, !on);
	case PT_ATTR_CONT:
		return set_bits(e, ARM64_CONT, on);
	default:
		BUG();
	}
}

static bool arm64_none(uint64_t e)
{
	return !e;
}

static bool arm64_hw_present(uint64_t e)
{
	return e & ARM64_VALID;
}

static bool arm64_present(uint64_t e, unsigned level)
{
	(void)level;
	return e & (ARM64_VALID | ARM64_PRESENT_INVALID);
}

static bool arm64_protnone(uint64_t e)
{
	const uint64_t mask =
		ARM64_VALID | ARM64_PRESENT_INVALID | ARM64_AP1 | ARM64_UXN;

	return (e & mask) == (ARM64_PRESENT_INVALID | ARM64_UXN);
}

static bool arm64_leaf(uint64_t e, unsigned level)
{
	if (level == PT_LEVEL_PTE)
		return true;
	return level <= PT_LEVEL_PUD && arm64_present(e, level) &&
	       !(e & ARM64_TYPE);
}

static bool arm64_bad_table(uint64_t e)
{
	return (e & (ARM64_VALID | ARM64_TYPE)) != (ARM64_VALID | ARM64_TYPE);
}

/* A valid bit where the manual has no such descriptor. */
static bool arm64_reserved(uint64_t e, unsigned level)
{
	bool block = !(e & ARM64_TYPE);

	return (e & ARM64_VALID) && block &&
	       (level == PT_LEVEL_PTE || level > PT_LEVEL_PUD);
}

static pfn_t arm64_pfn(uint64_t e, unsigned level)
{
	unsigned shift = PAGE_SHIFT;

	if (level > PT_LEVEL_PTE && arm64_leaf(e, level))
		shift = pt_level_shift(level);
	return (e & arm64_addr_mask(shift)) >> PAGE_SHIFT;
}

static uint64_t arm64_make_leaf(pfn_t pfn, uint64_t prot, unsigned level)
{
	uint64_t e = ((pfn << PAGE_SHIFT) & ARM64_ADDR_MASK) | prot;

	return level > PT_LEVEL_PTE ? e & ~ARM64_TYPE : e;
}

/* A user mm's: pmd_populate() and its like. */
static uint64_t arm64_make_table(pfn_t pfn)
{
	return ((pfn << PAGE_SHIFT) & ARM64_ADDR_MASK) | ARM64_VALID |
	       ARM64_TYPE | ARM64_PXNTABLE;
}

static uint64_t arm64_modify(uint64_t e, uint64_t prot)
{
	if (hw_dirty(e))
		e |= ARM64_SW_DIRTY;
	e = (e & ~MODIFY_TAKES) | (prot & MODIFY_TAKES);
	return (e & ARM64_SW_DIRTY) ? mkdirty(e) : e;
}

static uint64_t arm64_prot(uint64_t e)
{
	return e & ~ARM64_ADDR_MASK;
}

static uint64_t arm64_make_huge(uint64_t e)
{
	return e & ~ARM64_TYPE;
}

static uint64_t arm64_make_invalid(uint64_t e)
{
	return (e | ARM64_PRESENT_INVALID) & ~ARM64_VALID;
}

/*
 * AP2 the lower of both, the others the higher: what hardware sets meanwhile
 * stays. Linux v6.12 arch/arm64/mm/fault.c __ptep_set_access_flags().
 */
static uint64_t arm64_access_flags(uint64_t now, uint64_t entry)
{
	return ((now ^ ARM64_AP2) | ((entry & ACCESS_FLAGS) ^ ARM64_AP2)) ^
	       ARM64_AP2;
}

/* Linux v6.12 arch/arm64/mm/mmap.c protection_map[]. */
static uint64_t arm64_vm_prot(uint64_t vm_flags)
{
	const unsigned read = 1, write = 2, exec = 4, shared = 8;
	uint64_t prot = PAGE_READONLY_EXEC;

	if (!(vm_flags & (read | write | exec)))
		return (PAGE_DEFAULT & ~ARM64_VALID) | ARM64_PRESENT_INVALID |
		       ARM64_AP2 | ARM64_PXN | ARM64_UXN;
	if ((vm_flags & write) && (vm_flags & shared))
		prot |= ARM64_DBM;
	if (!(vm_flags & exec))
		prot |= ARM64_UXN;
	if (vm_flags & ARM64_VM_MTE)
		prot |= ARM64_MT_NORMAL_TAGGED << ARM64_ATTRINDX_SHIFT;
	return prot;
}

/* Linux's: the type in bits 6 - 10, the offset in 12 - 61. */
#define SWAP_TYPE_SHIFT   6
#define SWAP_OFFSET_SHIFT 12

static uint64_t arm64_make_swap(unsigned type, uint64_t offset)
{
	return (uint64_t)type << SWAP_TYPE_SHIFT | offset << SWAP_OFFSET_SHIFT;
}

static unsigned arm64_swap_type(uint64_t e)
{
	return (unsigned)(e >> SWAP_TYPE_SHIFT) & ((1 << SWP_TYPE_BITS) - 1);
}

static uint64_t arm64_swap_offset(uint64_t e)
{
	return e >> SWAP_OFFSET_SHIFT & (BIT_ULL(SWP_OFFSET_BITS) - 1);
}

const struct pt_format arm64_pt_format_4k = {
	.name = "arm64-4k",
	.levels = 4,
	.va_bits = 48,
	/* TASK_SIZE_64 */
	.task_size = BIT_ULL(48),
	/* Behind 2 GiB of modules. */
	.vmalloc_start = UINT64_C(0xffff800080000000),
	.kernel_prot = PAGE_DEFAULT | ARM64_PXN | ARM64_UXN | ARM64_DBM |
	               ARM64_SW_DIRTY,
	.fields = arm64_fields,
	.test = arm64_test,
	.table_test = arm64_table_test,
	.change = arm64_change,
	.none = arm64_none,
	.present = arm64_present,
	.hw_present = arm64_hw_present,
	.protnone = arm64_protnone,
	.leaf = arm64_leaf,
	.bad_table = arm64_bad_table,
	.reserved = arm64_reserved,
	.pfn = arm64_pfn,
	.make_leaf = arm64_make_leaf,
	.make_table = arm64_make_table,
	.modify = arm64_modify,
	.prot = arm64_prot,
	.make_huge = arm64_make_huge,
	.make_invalid = arm64_make_invalid,
	.access_flags = arm64_access_flags,
	.vm_prot = arm64_vm_prot,
	.make_swap = arm64_make_swap,
	.swap_type = arm64_swap_type,
	.swap_offset = arm64_swap_offset,
};
