/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of x86-64 page tables, SDM 3A tables 4-15 to 4-20.  For the hardware
 * walker and this module; the kernel uses pagetable/pgtable.h.
 */
#ifndef MMULATOR_PAGETABLE_X86_H
#define MMULATOR_PAGETABLE_X86_H

#include "base/types.h"

#define X86_P         BIT_ULL(0)
#define X86_RW        BIT_ULL(1)
#define X86_US        BIT_ULL(2)
#define X86_PWT       BIT_ULL(3)
#define X86_PCD       BIT_ULL(4)
#define X86_A         BIT_ULL(5)
#define X86_D         BIT_ULL(6)
#define X86_PS        BIT_ULL(7) /* leaf above the PTE level */
#define X86_PAT       BIT_ULL(7) /* in a PTE */
#define X86_G         BIT_ULL(8) /* in a leaf */
#define X86_PROTNONE  BIT_ULL(8) /* Linux, in a leaf that is not present */
#define X86_PAT_LARGE BIT_ULL(12)
#define X86_NX        BIT_ULL(63)
/* Bits 51:12. */
#define X86_PFN_MASK  UINT64_C(0x000ffffffffff000)

/** x86_pfn_mask - address bits of an entry; @leaf_shift 12, 21, 30. */
static inline uint64_t x86_pfn_mask(unsigned leaf_shift)
{
	return X86_PFN_MASK & ~(BIT_ULL(leaf_shift) - 1);
}

/** x86_is_leaf - does a present entry map memory? */
static inline bool x86_is_leaf(uint64_t e, unsigned level)
{
	return level == 1 || (level <= 3 && (e & X86_PS));
}

/**
 * x86_reserved - bits that must be zero in a present entry of @level.
 * @maxphyaddr: address bits of the CPU
 * @nxe: EFER.NXE
 */
static inline uint64_t x86_reserved(uint64_t e, unsigned level,
                                    unsigned maxphyaddr, bool nxe)
{
	uint64_t mask = X86_PFN_MASK & ~(BIT_ULL(maxphyaddr) - 1);

	if (!nxe)
		mask |= X86_NX;
	if (level >= 4)
		return mask | X86_PS;
	if (level > 1 && (e & X86_PS))
		/* Address bits below the page, but for PAT. */
		mask |= (BIT_ULL(12 + 9 * (level - 1)) - 1) &
		        ~(BIT_ULL(13) - 1);
	return mask;
}

/** x86_canonical - are the bits above the highest one all like it? */
static inline bool x86_canonical(uint64_t va, bool la57)
{
	unsigned unused = la57 ? 64 - 57 : 64 - 48;

	return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

#endif
