/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shapes a TLB may have, and names. */
#include "tlb/tlb.h"

static bool is_power_of_two(unsigned n)
{
	return n && !(n & (n - 1));
}

static const char *check_array(const struct tlb_array_geometry *a)
{
	if (a->level != 1 && a->level != 2)
		return "level must be 1 or 2";
	if (!a->kinds || a->kinds >= 1 << TLB_KIND_COUNT)
		return "kinds must be data, insn or both";
	if (!a->sizes || a->sizes >= 1 << TLB_SIZE_COUNT)
		return "sizes must be some of 4k, 16k, 64k, 2m, 32m, 512m, 1g";
	if (!a->entries || a->entries > TLB_ENTRIES_MAX)
		return "entries must be 1 to 8192";
	if (!a->ways || a->ways > TLB_WAYS_MAX)
		return "ways must be 1 to 128";
	if (a->entries % a->ways || !is_power_of_two(a->entries / a->ways))
		return "entries / ways must be a power of two";
	if (a->replacement == TLB_TREE_PLRU && !is_power_of_two(a->ways))
		return "tree-plru needs a power of two of ways";
	return NULL;
}

static bool same_place(const struct tlb_array_geometry *a,
                       const struct tlb_array_geometry *b)
{
	return a->level == b->level && (a->kinds & b->kinds) &&
	       (a->sizes & b->sizes);
}

/* Somewhere for a 4K page of each kind in the first level: everything else
 * can be splintered down to that. */
static bool has_first_level(const struct tlb_geometry *g)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < g->nr_arrays; i++) {
		const struct tlb_array_geometry *a = &g->array[i];

		if (a->level == 1 && (a->sizes & 1 << TLB_4K))
			kinds |= a->kinds;
	}
	return kinds == (1 << TLB_KIND_COUNT) - 1;
}

const char *tlb_geometry_check(const struct tlb_geometry *g, unsigned *array)
{
	*array = g->nr_arrays;
	if (g->nr_arrays > TLB_ARRAYS_MAX)
		return "too many arrays";
	for (unsigned i = 0; i < g->nr_arrays; i++) {
		const char *wrong = check_array(&g->array[i]);

		for (unsigned j = 0; !wrong && j < i; j++) {
			if (same_place(&g->array[i], &g->array[j]))
				wrong = "another array of this level holds "
					"such entries";
		}
		if (wrong) {
			*array = i;
			return wrong;
		}
	}
	if (!has_first_level(g))
		return "no first level for 4k pages of data and instructions";
	for (unsigned level = 0; level <= TLB_LEVELS; level++) {
		if (g->psc[level] > TLB_PSC_MAX)
			return "a paging-structure cache has at most 128 "
			       "entries";
	}
	return NULL;
}

const char *tlb_drop_name(enum tlb_drop reason)
{
	static const char *const names[TLB_DROP_COUNT] = {
		[TLB_DROP_REPLACED] = "replaced",
		[TLB_DROP_REFILLED] = "refilled",
		[TLB_DROP_INVLPG] = "invlpg",
		[TLB_DROP_INVPCID] = "invpcid",
		[TLB_DROP_CR3] = "cr3",
		[TLB_DROP_ALL] = "all",
		[TLB_DROP_FAULT] = "fault",
		[TLB_DROP_DIRTY] = "dirty",
		[TLB_DROP_SPONTANEOUS] = "spontaneous",
		[TLB_DROP_TLBI] = "tlbi",
	};

	return reason < TLB_DROP_COUNT ? names[reason] : "?";
}

const char *tlb_size_name(unsigned shift)
{
	switch (shift) {
	case 12:
		return "4K";
	case 14:
		return "16K";
	case 16:
		return "64K";
	case 21:
		return "2M";
	case 25:
		return "32M";
	case 29:
		return "512M";
	case 30:
		return "1G";
	default:
		return "?";
	}
}
