/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation tags of arm64's Memory Tagging Extension (Arm ARM D10): 4 bits for
 * each granule of 16 bytes of physical memory, two to a byte, 128 bytes to a
 * frame.  Storage is made when a tag is first set.
 *
 * A frame keeps its tags when it is freed and allocated again, as in hardware:
 * who maps it with tags has to set them.  Tags nobody has set are
 * MTE_TAG_UNKNOWN.
 *
 * None of these is a step: an access to a granule's tag is the caller's step on
 * the granule itself, so that it is ordered with the granule's data.
 */
#ifndef MMULATOR_BASE_MTETAGS_H
#define MMULATOR_BASE_MTETAGS_H

#include "base/physmem.h"

#define MTE_GRANULE_SIZE      16
#define MTE_GRANULE_MASK      (~((uint64_t)MTE_GRANULE_SIZE - 1))
#define MTE_GRANULES_PER_PAGE (PAGE_SIZE / MTE_GRANULE_SIZE)
#define MTE_PAGE_TAG_STORAGE  (MTE_GRANULES_PER_PAGE / 2) /* bytes */
/* Logical tags, in bits 59:56 of an address. */
#define MTE_TAG_SHIFT         56
#define MTE_TAG_UNKNOWN       0xa

/** mte_ptr_tag - the logical tag of an address. Return: 0 .. 15. */
static inline unsigned mte_ptr_tag(uint64_t va)
{
	return (unsigned)(va >> MTE_TAG_SHIFT) & 15;
}

/** mte_set_ptr_tag - @va with the logical tag @tag. Return: the address. */
static inline uint64_t mte_set_ptr_tag(uint64_t va, unsigned tag)
{
	return (va & ~(UINT64_C(15) << MTE_TAG_SHIFT)) |
	       (uint64_t)(tag & 15) << MTE_TAG_SHIFT;
}

/**
 * mte_tag_get - the allocation tag of a granule.
 * @pa: any address in it; beyond memory tags read as 0
 *
 * Return: 0 .. 15.
 */
unsigned mte_tag_get(const struct physmem *mem, paddr_t pa);

/**
 * mte_tag_set - set the allocation tag of a granule.
 * @pa: any address in it; beyond memory nothing is set
 * @tag: 0 .. 15
 */
void mte_tag_set(struct physmem *mem, paddr_t pa, unsigned tag);

/**
 * mte_tags_get - the tags of a frame, packed as STGM and Linux's
 * mte_save_tags() have them: the lower granule of two in the low bits of a
 * byte.
 * @page: the frame
 * @tags: gets MTE_PAGE_TAG_STORAGE bytes
 */
void mte_tags_get(const struct physmem *mem, const struct page *page,
                  uint8_t *tags);

/**
 * mte_tags_set - set the tags of a whole frame.
 * @page: the frame
 * @tags: MTE_PAGE_TAG_STORAGE bytes, as of mte_tags_get(); NULL: all 0
 */
void mte_tags_set(struct physmem *mem, const struct page *page,
                  const uint8_t *tags);

#endif
