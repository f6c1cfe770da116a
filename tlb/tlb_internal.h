/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tags: what an array compares, everything in one word. */
#ifndef MMULATOR_TLB_TLB_INTERNAL_H
#define MMULATOR_TLB_TLB_INTERNAL_H

#include "tlb/tlb.h"

/*
 *  63        16 15    4 3  2  1   0
 * | page number | PCID | size | G | 1 |
 * The page number loses its topmost bits, which are copies of the sign.
 */
#define TAG_VALID      UINT64_C(1)
#define TAG_GLOBAL     UINT64_C(2)
#define TAG_SIZE_SHIFT 2
#define TAG_PCID_SHIFT 4
#define TAG_PCID_MASK  (UINT64_C(0xfff) << TAG_PCID_SHIFT)
#define TAG_PAGE_SHIFT 16

static inline uint64_t make_tag(vaddr_t va, unsigned shift, uint16_t pcid)
{
	return (va >> shift) << TAG_PAGE_SHIFT |
	       (uint64_t)pcid << TAG_PCID_SHIFT |
	       (uint64_t)tlb_shift_size(shift) << TAG_SIZE_SHIFT | TAG_VALID;
}

static inline unsigned tag_shift(uint64_t tag)
{
	return tlb_size_shift((enum tlb_size)(tag >> TAG_SIZE_SHIFT & 3));
}

/* The address of the page, but for the topmost bits. */
static inline vaddr_t tag_va(uint64_t tag)
{
	return tag >> TAG_PAGE_SHIFT << tag_shift(tag);
}

/* The tag of the global entry for the same page. */
static inline uint64_t global_tag(uint64_t tag)
{
	return (tag & ~TAG_PCID_MASK) | TAG_GLOBAL;
}

#endif
