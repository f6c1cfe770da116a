/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tree-PLRU: the nodes of a binary tree over the ways of a set, numbered as in
 * a heap from 1, bit n of the two words of the set.  A node points (1 = right)
 * to the half that was used less recently.
 */
#ifndef MMULATOR_TLB_REPLACEMENT_H
#define MMULATOR_TLB_REPLACEMENT_H

#include "tlb/tlb.h"

/** plru_path - @ways is a power of two up to 128. */
static inline struct tlb_path plru_path(unsigned way, unsigned ways)
{
	struct tlb_path p = { { 0 }, { 0 } };

	/* Upwards from the leaf; a left child's parent comes to point right. */
	for (unsigned node = ways + way; node > 1; node >>= 1) {
		unsigned parent = node >> 1;

		p.mask[parent >> 6] |= BIT_ULL(parent & 63);
		if (!(node & 1))
			p.bits[parent >> 6] |= BIT_ULL(parent & 63);
	}
	return p;
}

static inline void plru_use(uint64_t *tree, const struct tlb_path *p)
{
	tree[0] = (tree[0] & ~p->mask[0]) | p->bits[0];
	tree[1] = (tree[1] & ~p->mask[1]) | p->bits[1];
}

static inline unsigned plru_victim(const uint64_t *tree, unsigned ways)
{
	unsigned node = 1;

	while (node < ways)
		node = node << 1 |
		       (unsigned)(tree[node >> 6] >> (node & 63) & 1);
	return node - ways;
}

#endif
