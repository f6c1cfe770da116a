/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mtetags.h"

#include <string.h>

#define UNKNOWN_PAIR (MTE_TAG_UNKNOWN << 4 | MTE_TAG_UNKNOWN)

static bool has_tags(const struct physmem *mem, pfn_t pfn)
{
	return mem->has_tags[pfn / 64] >> (pfn % 64) & 1;
}

static uint8_t *frame_tags(const struct physmem *mem, pfn_t pfn)
{
	return mem->tags + pfn * MTE_PAGE_TAG_STORAGE;
}

/* Frame @pfn's storage, brought into being. */
static uint8_t *make_tags(struct physmem *mem, pfn_t pfn)
{
	uint8_t *tags = frame_tags(mem, pfn);

	if (!has_tags(mem, pfn)) {
		memset(tags, UNKNOWN_PAIR, MTE_PAGE_TAG_STORAGE);
		mem->has_tags[pfn / 64] |= BIT_ULL(pfn % 64);
		mem->high_water = MAX(mem->high_water, pfn + 1);
	}
	return tags;
}

/* Which byte of a frame's tags, and which half of it. */
static unsigned tag_byte(paddr_t pa)
{
	return (unsigned)(pa & ~PAGE_MASK) / MTE_GRANULE_SIZE / 2;
}

static unsigned tag_shift(paddr_t pa)
{
	return pa & MTE_GRANULE_SIZE ? 4 : 0;
}

unsigned mte_tag_get(const struct physmem *mem, paddr_t pa)
{
	pfn_t pfn = pa >> PAGE_SHIFT;

	if (!pfn_valid(mem, pfn))
		return 0;
	if (!has_tags(mem, pfn))
		return MTE_TAG_UNKNOWN;
	return frame_tags(mem, pfn)[tag_byte(pa)] >> tag_shift(pa) & 15;
}

void mte_tag_set(struct physmem *mem, paddr_t pa, unsigned tag)
{
	pfn_t pfn = pa >> PAGE_SHIFT;
	uint8_t *pair;

	if (!pfn_valid(mem, pfn))
		return;
	pair = &make_tags(mem, pfn)[tag_byte(pa)];
	*pair = (uint8_t)((*pair & ~(15U << tag_shift(pa))) |
	                  (tag & 15) << tag_shift(pa));
}

void mte_tags_get(const struct physmem *mem, const struct page *page,
                  uint8_t *tags)
{
	pfn_t pfn = page_to_pfn(mem, page);

	if (has_tags(mem, pfn))
		memcpy(tags, frame_tags(mem, pfn), MTE_PAGE_TAG_STORAGE);
	else
		memset(tags, UNKNOWN_PAIR, MTE_PAGE_TAG_STORAGE);
}

void mte_tags_set(struct physmem *mem, const struct page *page,
                  const uint8_t *tags)
{
	uint8_t *to = make_tags(mem, page_to_pfn(mem, page));

	if (tags)
		memcpy(to, tags, MTE_PAGE_TAG_STORAGE);
	else
		memset(to, 0, MTE_PAGE_TAG_STORAGE);
}
