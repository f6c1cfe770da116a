/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pagetable/x86.h"

#include "base/bug.h"
#include "pagetable/format.h"

/*
 * DIVERGES: no _PAGE_SAVED_DIRTY: a write-protected dirty entry keeps D where
 * hardware set it (Linux v6.12 moves it to bit 58 for shadow stacks).
 * DIVERGES: the frame number of a PROT_NONE entry is not inverted (L1TF).
 */

/* Linux's _PAGE_TABLE. */
#define TABLE_BITS (X86_P | X86_RW | X86_US | X86_A | X86_D)
/* What pte_modify() leaves alone: frame number, A, D, PWT, PCD and bits
 * 9 - 11, 58 of software (_PAGE_CHG_MASK). */
#define CHANGE_KEEPS                                                          \
	(X86_PFN_MASK | X86_A | X86_D | X86_PWT | X86_PCD | UINT64_C(0xe00) | \
	 BIT_ULL(58))
#define MAXPHYADDR_MAX 52

static const struct entry_field x86_fields[] = {
	{ "P", X86_P, 0 },
	{ "RW", X86_RW, 1 },
	{ "US", X86_US, 2 },
	{ "PWT", X86_PWT, 3 },
	{ "PCD", X86_PCD, 4 },
	{ "A", X86_A, 5 },
	{ "D", X86_D, 6 },
	{ "PS", X86_PS, 7 },
	{ "G", X86_G, 8 },
	{ "NX", X86_NX, 63 },
	{ "pkey", UINT64_C(0xf) << 59, 59 },
	{ NULL, 0, 0 },
};

static uint64_t attr_mask(enum pt_attr attr)
{
	switch (attr) {
	case PT_ATTR_WRITE:
		return X86_RW;
	case PT_ATTR_DIRTY:
		return X86_D;
	case PT_ATTR_YOUNG:
		return X86_A;
	case PT_ATTR_USER:
		return X86_US;
	case PT_ATTR_EXEC:
		return X86_NX;
	case PT_ATTR_GLOBAL:
		return X86_G;
	case PT_ATTR_CONT:
		return 0;
	default:
		BUG();
	}
}

/* The one attribute whose bit takes a right away. */
static bool x86_test(uint64_t e, enum pt_attr attr)
{
	return !!(e & attr_mask(attr)) != (attr == PT_ATTR_EXEC);
}

static uint64_t x86_change(uint64_t e, enum pt_attr attr, bool on)
{
	uint64_t mask = attr_mask(attr);

	return on != (attr == PT_ATTR_EXEC) ? e | mask : e & ~mask;
}

/* Linux ignores A and D in what is none: Knights Landing sets them late. */
static bool x86_none(uint64_t e)
{
	return !(e & ~(X86_A | X86_D));
}

static bool x86_hw_present(uint64_t e)
{
	return e & X86_P;
}

static bool x86_present(uint64_t e, unsigned level)
{
	uint64_t mask = X86_P;

	if (level == PT_LEVEL_PTE)
		mask |= X86_PROTNONE;
	else if (level <= PT_LEVEL_PUD)
		mask |= X86_PROTNONE | X86_PS;
	return e & mask;
}

static bool x86_protnone(uint64_t e)
{
	return (e & (X86_PROTNONE | X86_P)) == X86_PROTNONE;
}

static bool x86_leaf(uint64_t e, unsigned level)
{
	return x86_is_leaf(e, level);
}

static bool x86_bad_table(uint64_t e)
{
	return (e & ~X86_PFN_MASK & ~(X86_US | X86_A)) !=
	       (TABLE_BITS & ~(X86_US | X86_A));
}

static bool x86_format_reserved(uint64_t e, unsigned level)
{
	return (e & X86_P) &&
	       (e & x86_reserved(e, level, MAXPHYADDR_MAX, true));
}

static pfn_t x86_pfn(uint64_t e, unsigned level)
{
	unsigned shift = PAGE_SHIFT;

	if (level > PT_LEVEL_PTE && level <= PT_LEVEL_PUD && (e & X86_PS))
		shift = pt_level_shift(level);
	return (e & x86_pfn_mask(shift)) >> PAGE_SHIFT;
}

static uint64_t x86_make_leaf(pfn_t pfn, uint64_t prot, unsigned level)
{
	return ((pfn << PAGE_SHIFT) & X86_PFN_MASK) | prot |
	       (level > PT_LEVEL_PTE ? X86_PS : 0);
}

static uint64_t x86_make_table(pfn_t pfn)
{
	return ((pfn << PAGE_SHIFT) & X86_PFN_MASK) | TABLE_BITS;
}

static uint64_t x86_modify(uint64_t e, uint64_t prot)
{
	return (e & CHANGE_KEEPS) | (e & X86_PS) | (prot & ~CHANGE_KEEPS);
}

static uint64_t x86_prot(uint64_t e)
{
	return e & ~X86_PFN_MASK;
}

static uint64_t x86_make_huge(uint64_t e)
{
	return e | X86_PS;
}

static uint64_t x86_make_invalid(uint64_t e)
{
	return e & ~(X86_P | X86_PROTNONE);
}

/* Linux v6.12 arch/x86/mm/pgprot.c protection_map[]. */
static uint64_t x86_vm_prot(uint64_t vm_flags)
{
	const unsigned read = 1, write = 2, exec = 4, shared = 8;
	uint64_t prot = X86_P | X86_US | X86_A;

	if (!(vm_flags & (read | write | exec)))
		return X86_PROTNONE | X86_A;
	if ((vm_flags & write) && (vm_flags & shared))
		prot |= X86_RW;
	if (!(vm_flags & exec))
		prot |= X86_NX;
	return prot;
}

/*
 * DIVERGES: the layout is ours. Bit 0 and bit 8 are clear; the offset is in
 * bits 9 - 58, complemented so that an entry is never none; the type in 59
 * - 63.
 */
#define SWAP_OFFSET_SHIFT 9
#define SWAP_TYPE_SHIFT   59
#define SWAP_OFFSET_MASK  (BIT_ULL(SWP_OFFSET_BITS) - 1)

static uint64_t x86_make_swap(unsigned type, uint64_t offset)
{
	return (uint64_t)type << SWAP_TYPE_SHIFT | (~offset & SWAP_OFFSET_MASK)
	                                                   << SWAP_OFFSET_SHIFT;
}

static unsigned x86_swap_type(uint64_t e)
{
	return (unsigned)(e >> SWAP_TYPE_SHIFT);
}

static uint64_t x86_swap_offset(uint64_t e)
{
	return ~(e >> SWAP_OFFSET_SHIFT) & SWAP_OFFSET_MASK;
}

/* Linux v6.12 arch/x86/include/asm/pgtable_types.h __PAGE_KERNEL */
#define KERNEL_PROT (X86_P | X86_RW | X86_A | X86_D | X86_G | X86_NX)

#define X86_FORMAT(name_, levels_, va_bits_, vmalloc_start_)                   \
	{                                                                      \
		.name = (name_), .levels = (levels_), .va_bits = (va_bits_),   \
		.sign_extended = true,                                         \
		.task_size = BIT_ULL((va_bits_)-1) - PAGE_SIZE,                \
		.vmalloc_start = (vmalloc_start_), .kernel_prot = KERNEL_PROT, \
		.fields = x86_fields, .test = x86_test, .change = x86_change,  \
		.none = x86_none, .present = x86_present,                      \
		.hw_present = x86_hw_present, .protnone = x86_protnone,        \
		.leaf = x86_leaf, .bad_table = x86_bad_table,                  \
		.reserved = x86_format_reserved, .pfn = x86_pfn,               \
		.make_leaf = x86_make_leaf, .make_table = x86_make_table,      \
		.modify = x86_modify, .prot = x86_prot,                        \
		.make_huge = x86_make_huge, .make_invalid = x86_make_invalid,  \
		.vm_prot = x86_vm_prot, .make_swap = x86_make_swap,            \
		.swap_type = x86_swap_type, .swap_offset = x86_swap_offset,    \
	}

const struct pt_format x86_pt_format_4level =
	X86_FORMAT("x86-64", 4, 48, UINT64_C(0xffffc90000000000));
const struct pt_format x86_pt_format_5level =
	X86_FORMAT("x86-64-la57", 5, 57, UINT64_C(0xffa0000000000000));
