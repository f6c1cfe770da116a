/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tags: what an array compares, everything in one word. */
#ifndef MMULATOR_TLB_TLB_INTERNAL_H
#define MMULATOR_TLB_TLB_INTERNAL_H

#include "tlb/tlb.h"

/*
 * | page number | PCID or ASID | size | G | 1 |
 * |  47 or 43   |   12 or 16   |  3   | 1 | 1 |
 * The page number loses its topmost bits, which are copies of the sign: of
 * x86's 57 address bits none, of arm64's 48 and one none either.
 */
#define TAG_VALID      UINT64_C(1)
#define TAG_GLOBAL     UINT64_C(2)
#define TAG_SIZE_SHIFT 2
#define TAG_SIZE_MASK  7
#define TAG_PCID_SHIFT 5

/* The bits of PCIDs, where the page number is shifted by @page_shift. */
static inline uint64_t tag_pcid_mask(unsigned page_shift)
{
	return BIT_ULL(page_shift) - BIT_ULL(TAG_PCID_SHIFT);
}

static inline uint64_t make_tag(vaddr_t va, unsigned shift, uint16_t pcid,
                                unsigned page_shift)
{
	return (va >> shift) << page_shift | (uint64_t)pcid << TAG_PCID_SHIFT |
	       (uint64_t)tlb_shift_size(shift) << TAG_SIZE_SHIFT | TAG_VALID;
}

static inline unsigned tag_size_shift(uint64_t tag)
{
	return tlb_size_shift(
		(enum tlb_size)(tag >> TAG_SIZE_SHIFT & TAG_SIZE_MASK));
}

/* The address of the page, but for the topmost bits. */
static inline vaddr_t tag_va(uint64_t tag, unsigned page_shift)
{
	return tag >> page_shift << tag_size_shift(tag);
}

/* The tag of the global entry for the same page. */
static inline uint64_t global_tag(uint64_t tag, unsigned page_shift)
{
	return (tag & ~tag_pcid_mask(page_shift)) | TAG_GLOBAL;
}

#endif
