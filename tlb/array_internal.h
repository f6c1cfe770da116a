/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One array of a TLB: sets of ways, found by tag, replaced by tree-PLRU or LRU.
 * In a header because a miss is as fast as this is.
 */
#ifndef MMULATOR_TLB_ARRAY_INTERNAL_H
#define MMULATOR_TLB_ARRAY_INTERNAL_H

#include "tlb/replacement.h"
#include "tlb/signature_internal.h"
#include "tlb/tlb_internal.h"

/** struct place - a way of a set, where an entry may be. */
struct place {
	struct tlb_array *array;
	unsigned set, way;
};

static inline unsigned place_index(struct place p)
{
	return p.set * p.array->geo.ways + p.way;
}

static inline struct tlb_entry *place_entry(struct place p)
{
	return &p.array->entries[place_index(p)];
}

static inline struct place place_of(struct tlb_array *a, unsigned index)
{
	return (struct place){ .array = a,
		               .set = index / a->geo.ways,
		               .way = index % a->geo.ways };
}

static inline unsigned array_set(const struct tlb_array *a, vaddr_t va,
                                 unsigned shift)
{
	return (unsigned)(va >> shift) & a->set_mask;
}

/** array_find - the way of @set with @tag, or -1. */
static inline int array_find(const struct tlb_array *a, unsigned set,
                             uint64_t tag)
{
	const uint64_t *tags = a->tags + (size_t)set * a->geo.ways;
	const uint8_t *sigs = a->sigs + (size_t)set * a->sig_stride;
	const unsigned sig = sig_of(tag);

	for (unsigned base = 0; base < a->sig_stride; base += SIG_GROUP) {
		unsigned equal = sig_equal(sigs + base, sig);

		for (; equal; equal &= equal - 1) {
			unsigned way = base + (unsigned)__builtin_ctz(equal);

			if (likely(tags[way] == tag))
				return (int)way;
		}
	}
	return -1;
}

/** array_find_free - the lowest free way of @set, or -1. */
static inline int array_find_free(const struct tlb_array *a, unsigned set)
{
	const uint8_t *sigs = a->sigs + (size_t)set * a->sig_stride;

	if (a->nr_valid == a->geo.entries)
		return -1;
	for (unsigned base = 0; base < a->sig_stride; base += SIG_GROUP) {
		unsigned equal = sig_equal(sigs + base, SIG_FREE);

		if (equal)
			return (int)base + __builtin_ctz(equal);
	}
	return -1;
}

static inline unsigned lru_victim(const uint64_t *stamps, unsigned ways)
{
	uint64_t even = stamps[0], odd = stamps[ways - 1];

	for (unsigned i = 1; i + 1 < ways; i += 2) {
		odd = MIN(odd, stamps[i]);
		even = MIN(even, stamps[i + 1]);
	}
	return (unsigned)(MIN(even, odd) % TLB_CLOCK);
}

/**
 * array_choose_way - where an entry with @tag goes: the way that has the tag,
 * a free way, lowest first, or the victim's.
 */
static inline unsigned array_choose_way(const struct tlb_array *a, unsigned set,
                                        uint64_t tag)
{
	const unsigned ways = a->geo.ways;
	int way = array_find(a, set, tag);

	if (way < 0 && a->geo.replacement == TLB_LRU)
		return lru_victim(a->stamps + (size_t)set * ways, ways);
	if (way < 0)
		way = array_find_free(a, set);
	if (way >= 0)
		return (unsigned)way;
	return plru_victim(&a->tree[2 * (size_t)set], ways);
}

/** place_touch - count a use at time @clock. */
static inline void place_touch(struct place p, uint64_t clock)
{
	struct tlb_array *a = p.array;

	a->stamps[place_index(p)] = tlb_stamp(clock, p.way);
	if (a->geo.replacement == TLB_TREE_PLRU)
		plru_use(&a->tree[2 * (size_t)p.set], &a->paths[p.way]);
}

static inline void array_count(struct tlb_array *a, uint64_t tag, int by)
{
	a->nr_valid += (uint32_t)by;
	a->nr_of_size[tag >> TAG_SIZE_SHIFT & TAG_SIZE_MASK] += (uint32_t)by;
	if (unlikely(tag & TAG_GLOBAL))
		a->nr_global += (uint32_t)by;
}

static inline bool is_splintered(const struct tlb_entry *e)
{
	return e->leaf_shift != e->shift;
}

/** place_put - hold @e, under @tag; what was there has been uncounted. */
static inline void place_put(struct place p, uint64_t tag,
                             const struct tlb_entry *e)
{
	struct tlb_array *a = p.array;
	unsigned index = place_index(p);

	a->tags[index] = tag;
	a->entries[index] = *e;
	a->sigs[p.set * a->sig_stride + p.way] = (uint8_t)sig_of(tag);
	array_count(a, tag, 1);
	a->nr_splintered += is_splintered(e);
}

/** place_uncount - what is at @p is no longer held. Looks at the entry itself
 * only if it must: its cache line is cold. */
static inline void place_uncount(struct place p)
{
	struct tlb_array *a = p.array;
	unsigned index = place_index(p);

	array_count(a, a->tags[index], -1);
	if (unlikely(a->nr_splintered))
		a->nr_splintered -= is_splintered(&a->entries[index]);
}

/** place_clear - mark a way as free. The entry stays: nothing leads to it. */
static inline void place_clear(struct place p)
{
	struct tlb_array *a = p.array;
	unsigned index = place_index(p);

	a->tags[index] = 0;
	a->stamps[index] = tlb_stamp(0, p.way);
	a->sigs[p.set * a->sig_stride + p.way] = SIG_FREE;
}

#endif
