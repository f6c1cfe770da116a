/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of mmu/: one walk of the page tables. */
#ifndef MMULATOR_MMU_MMU_INTERNAL_H
#define MMULATOR_MMU_MMU_INTERNAL_H

#include <string.h>

#include "mmu/mmu.h"

/* What an access needs, whoever makes it. */
struct mmu_need {
	bool write, fetch, user, ac;
	bool speculative; /* nobody asked: no right is missing, D stays */
};

enum walk_end {
	WALK_MAPPED,
	WALK_NOT_PRESENT,
	WALK_RESERVED,
	WALK_DENIED,
	WALK_OVERTAKEN /* by an invalidation on this CPU: as if it never was */
};

struct walk {
	struct mmu *mmu;
	vaddr_t va;
	struct mmu_need need;
	uint64_t flush_seq; /* of the MMU when it began */
	uint16_t pcid;
	uint16_t from_psc; /* level of the PSC entry it began with, or 0 */
	uint8_t level;     /* of the entry being looked at */
	uint8_t rights;    /* W U X so far */
	paddr_t table;     /* that holds it */
	uint64_t entry;    /* its value */
	/* What will be held; `table` is noted on the way. */
	struct tlb_entry leaf;
};

/** mmu_tlb_obj - identity of this CPU's translation caches. */
static inline objid_t mmu_tlb_obj(const struct mmu *mmu)
{
	return obj_make(OBJ_SPACE_TLB, mmu->cpu->id);
}

/** mmu_mem_load - phys_read(), quick for words. */
static inline uint64_t mmu_mem_load(struct physmem *mem, paddr_t pa,
                                    unsigned size)
{
	const uint8_t *p = phys_plain(mem, pa);
	uint64_t value;

	if (likely(p && size == sizeof(value))) {
		memcpy(&value, p, sizeof(value));
		return value;
	}
	return phys_read(mem, pa, size);
}

/** mmu_allowed - do effective rights @rights permit @need? SDM 3A 4.6.1. */
static inline bool mmu_allowed(const struct mmu *mmu,
                               const struct mmu_need *need, unsigned rights)
{
	if (need->user) {
		unsigned want = TLB_U | (need->write ? TLB_W : 0) |
		                (need->fetch ? TLB_X : 0);

		return (rights & want) == want;
	}
	if (need->fetch)
		return (rights & TLB_X) && !((rights & TLB_U) && mmu->cr4_smep);
	if ((rights & TLB_U) && mmu->cr4_smap && !need->ac)
		return false;
	return !need->write || (rights & TLB_W) || !mmu->cr0_wp;
}

/**
 * walk_tables - walk for w->va with w->need; steps.
 * Return: how it ended; WALK_MAPPED: w->entry and w->level are the leaf's, with
 * A and for a write D set. WALK_OVERTAKEN: only a speculative walk; an access
 * and what interrupts its CPU do not overlap.
 */
enum walk_end walk_tables(struct mmu *mmu, vaddr_t va,
                          const struct mmu_need *need, struct walk *w);

/** walk_fill - complete w->leaf and hold it. Return: the entry held; NULL if an
 * invalidation came between. */
struct tlb_entry *walk_fill(struct walk *w);

#endif
