/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk from level to level.  An architecture's own file says where it begins
 * and what an entry means; in a header so that it becomes one function there.
 */
#ifndef MMULATOR_MMU_WALK_INTERNAL_H
#define MMULATOR_MMU_WALK_INTERNAL_H

#include "mmu/mmu_internal.h"

static inline paddr_t walk_entry_pa(const struct walk *w)
{
	return w->table +
	       (w->index_va >> w->shift & (BIT_ULL(w->bits) - 1)) * 8;
}

/*
 * An invalidation lets nothing that was read from the tables before it be used
 * after it: not by a walk in progress either, which would go on in a table that
 * software may free as soon as it is done.
 */
static inline bool walk_overtaken(const struct walk *w)
{
	return w->flush_seq != w->mmu->flush_seq;
}

extern const char *const walk_read_labels[][TLB_LEVELS + 1];

/* Begin at the root, or where the paging-structure caches lead. */
static inline void walk_begin(struct walk *w, struct mmu *mmu, vaddr_t va,
                              const struct mmu_need *need,
                              const struct walk_root *root)
{
	const struct psc_entry *cached;

	mmu->nr_walks++;
	w->mmu = mmu;
	w->va = va;
	w->index_va = va & root->va_mask;
	w->need = *need;
	w->flush_seq = mmu->flush_seq;
	w->pcid = mmu->pcid;
	w->top = root->levels;
	w->bits = root->granule - 3;
	cached = psc_lookup(&mmu->tlb, va, mmu->pcid);
	if (cached) {
		w->from_psc = cached->level;
		w->level = (uint8_t)(cached->level - 1);
		w->rights = cached->rights;
		w->table = cached->table;
		memcpy(w->leaf.table, cached->walked, sizeof(w->leaf.table));
	} else {
		w->from_psc = 0;
		w->level = root->levels;
		w->rights = root->rights;
		w->table = root->table;
		memset(w->leaf.table, 0, sizeof(w->leaf.table));
	}
	w->shift = (uint8_t)(root->granule + w->bits * (w->level - 1));
}

/* Note which table is being read, and in which of its lives. */
static inline void walk_note_table(struct walk *w)
{
	const struct physmem *mem = &w->mmu->machine->mem;
	pfn_t pfn = w->table >> PAGE_SHIFT;

	w->leaf.table[w->level - 1] = (struct tlb_table){
		.pfn = (uint32_t)pfn,
		.generation = pfn_valid(mem, pfn)
		                      ? pfn_to_page(mem, pfn)->generation
		                      : 0,
	};
}

/* Read the entry; a step. Return: it was not overtaken. */
static inline bool walk_read(struct walk *w)
{
	struct machine *m = w->mmu->machine;
	paddr_t pa = walk_entry_pa(w);

	step(STEP_READ, phys_obj(pa), 8, walk_read_labels[w->top][w->level],
	     w->va);
	if (unlikely(walk_overtaken(w)))
		return false;
	charge(m->costs->l1d_hit + m->costs->walk_step);
	w->mmu->nr_walk_reads++;
	w->entry = mmu_mem_load(&m->mem, pa, 8);
	walk_note_table(w);
	trace_mix(current_agent, w->entry);
	emit(m, EV_WALK_READ, .addr = pa, .a = w->entry, .b = w->level,
	     .c = w->va);
	return true;
}

/** walk_descend - to the table at w->next; held by the PSC from now on. */
void walk_descend(struct walk *w);

/* An update of an entry by the walker. */
struct walk_update {
	uint64_t set, clear;
	uint64_t ours; /* bits that others of our kind may change meanwhile */
	bool dirty;
};
/**
 * walk_update - change the entry atomically, if it is still what the walk has
 * read and the walk was not overtaken; a step.
 * Return: it is; if not, w->entry is what is there now.
 */
bool walk_update(struct walk *w, const struct walk_update *u);

/*
 * Walk to the end. @look looks at w->entry, sets what must be set in it, leaves
 * w->rights and w->next, and w->span of a leaf.
 */
static inline __attribute__((always_inline)) enum walk_end
walk_to_the_end(struct walk *w,
                enum walk_end (*look)(struct walk *w, bool *leaf))
{
	bool leaf = false;

	/* Terminates: what is present at level 1 is a leaf. */
	for (;;) {
		enum walk_end end;

		if (unlikely(!walk_read(w)))
			return WALK_OVERTAKEN;
		end = look(w, &leaf);
		if (end != WALK_MAPPED || leaf)
			return end;
		walk_descend(w);
	}
}

#endif
