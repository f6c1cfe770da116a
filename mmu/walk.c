/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page walker: SDM 3A 4.5 and 4.8 - 4.10. */
#include "mmu/mmu_internal.h"

#include <string.h>

#include "base/bug.h"
#include "pagetable/x86.h"

static const char *const read_labels[][TLB_LEVELS + 1] = {
	{ NULL, "walk pte", "walk pmd", "walk pud", "walk pgd", NULL },
	{ NULL, "walk pte", "walk pmd", "walk pud", "walk p4d", "walk pgd" },
};
static const char *const accessed_labels[][TLB_LEVELS + 1] = {
	{ NULL, "walk set accessed pte", "walk set accessed pmd",
	  "walk set accessed pud", "walk set accessed pgd", NULL },
	{ NULL, "walk set accessed pte", "walk set accessed pmd",
	  "walk set accessed pud", "walk set accessed p4d",
	  "walk set accessed pgd" },
};

static unsigned level_shift(unsigned level)
{
	return 12 + 9 * (level - 1);
}

static paddr_t entry_pa(const struct walk *w)
{
	return w->table + (w->va >> level_shift(w->level) & 511) * 8;
}

static void walk_begin(struct walk *w, struct mmu *mmu)
{
	const struct psc_entry *cached;

	w->mmu = mmu;
	w->flush_seq = mmu->flush_seq;
	w->pcid = mmu->pcid;
	cached = psc_lookup(&mmu->tlb, w->va, mmu->pcid);
	if (cached) {
		w->from_psc = cached->level;
		w->level = (uint8_t)(cached->level - 1);
		w->rights = cached->rights;
		w->table = cached->table;
		for (unsigned i = 0; i < TLB_LEVELS; i++)
			w->leaf.table[i] = cached->walked[i];
		return;
	}
	w->from_psc = 0;
	w->level = mmu->cr4_la57 ? 5 : 4;
	w->rights = TLB_W | TLB_U | TLB_X;
	w->table = mmu->root;
	memset(w->leaf.table, 0, sizeof(w->leaf.table));
}

/* Note which table is being read, and in which of its lives. */
static void note_table(struct walk *w)
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

/*
 * INVLPG, INVPCID and MOV CR3 let nothing that was read from the tables before
 * them be used after them: not by a walk in progress either, which would go on
 * in a table that software may free as soon as they are done.
 */
static bool overtaken(const struct walk *w)
{
	return w->flush_seq != w->mmu->flush_seq;
}

/* Return: it was not overtaken. */
static bool walk_read(struct walk *w)
{
	struct machine *m = w->mmu->machine;
	paddr_t pa = entry_pa(w);

	step(STEP_READ, phys_obj(pa), 8,
	     read_labels[w->mmu->cr4_la57][w->level], w->va);
	if (unlikely(overtaken(w)))
		return false;
	charge(m->costs->l1d_hit + m->costs->walk_step);
	w->mmu->nr_walk_reads++;
	w->entry = mmu_mem_load(&m->mem, pa, 8);
	note_table(w);
	trace_mix(current_agent, w->entry);
	emit(m, EV_WALK_READ, .addr = pa, .a = w->entry, .b = w->level,
	     .c = w->va);
	return true;
}

/* What most walks do not need is out of line: they are short. */

/*
 * Set @bits (A, D) atomically, if the entry is still what the walk has read and
 * the walk was not overtaken.
 * Return: it is; if not, w->entry is what is there now.
 */
static __attribute__((noinline)) bool walk_update(struct walk *w, uint64_t bits)
{
	struct mmu *mmu = w->mmu;
	struct machine *m = mmu->machine;
	paddr_t pa = entry_pa(w);
	uint64_t now;

	step(STEP_RMW, phys_obj(pa), 8,
	     (bits & X86_D) ? "walk set dirty"
	                    : accessed_labels[mmu->cr4_la57][w->level],
	     w->va);
	if (unlikely(overtaken(w)))
		return false;
	charge(m->costs->atomic);
	now = phys_read(&m->mem, pa, 8);
	if (mmu->switches.ad_present_check &&
	    (now ^ w->entry) & ~(X86_A | X86_D)) {
		w->entry = now;
		trace_mix(current_agent, now);
		return false;
	}
	phys_write(&m->mem, pa, 8, now | bits);
	trace_mix(current_agent, now | bits);
	emit(m, EV_WALK_WRITE, .addr = pa, .a = now | bits, .b = now,
	     .c = w->va);
	w->entry |= bits;
	return true;
}

static uint8_t entry_rights(uint64_t e)
{
	return (uint8_t)(((e & X86_RW) ? TLB_W : 0) |
	                 ((e & X86_US) ? TLB_U : 0) |
	                 ((e & X86_NX) ? 0 : TLB_X));
}

/* Look at w->entry, set what must be set in it. */
static enum walk_end look(struct walk *w, bool *leaf)
{
	const struct mmu *mmu = w->mmu;
	const uint8_t above = w->rights;

	/* Once more for each time somebody else changed the entry. */
	for (;;) {
		uint64_t bits = X86_A;

		if (!(w->entry & X86_P))
			return WALK_NOT_PRESENT;
		if (w->entry & x86_reserved(w->entry, w->level, mmu->maxphyaddr,
		                            mmu->efer_nxe))
			return WALK_RESERVED;
		w->rights = above & entry_rights(w->entry);
		*leaf = x86_is_leaf(w->entry, w->level);
		if (*leaf && !w->need.speculative) {
			if (!mmu_allowed(mmu, &w->need, w->rights))
				return WALK_DENIED;
			bits |= w->need.write ? X86_D : 0;
		}
		bits &= ~w->entry;
		if (likely(!bits) || walk_update(w, bits))
			return WALK_MAPPED;
		if (unlikely(overtaken(w)))
			return WALK_OVERTAKEN;
	}
}

/*
 * The table the entry leads to; held by the PSC from now on. No step lies
 * between reading the entry, or setting A in it, and this: nothing can have
 * overtaken the walk since it last looked.
 */
static __attribute__((noinline)) void descend(struct walk *w)
{
	struct psc_entry e = {
		.va = ALIGN_DOWN(w->va, BIT_ULL(level_shift(w->level))),
		.table = w->entry & X86_PFN_MASK,
		.pa = entry_pa(w),
		.value = w->entry,
		.fill_step = agent_sched(current_agent)->nr_steps,
		.pcid = w->pcid,
		.level = w->level,
		.rights = w->rights,
		.filled_by = (uint8_t)current_agent->id,
	};

	BUG_ON(overtaken(w));
	memcpy(e.walked, w->leaf.table, sizeof(e.walked));
	psc_fill(&w->mmu->tlb, &e);
	w->mmu->cpu->tlb_fills++;
	w->table = e.table;
	w->level--;
}

enum walk_end walk_tables(struct mmu *mmu, vaddr_t va,
                          const struct mmu_need *need, struct walk *w)
{
	bool leaf = false;

	mmu->nr_walks++;
	w->va = va;
	w->need = *need;
	walk_begin(w, mmu);
	/* Terminates: what is present at level 1 is a leaf. */
	for (;;) {
		enum walk_end end;

		if (unlikely(!walk_read(w)))
			return WALK_OVERTAKEN;
		end = look(w, &leaf);
		if (end != WALK_MAPPED || leaf)
			return end;
		descend(w);
	}
}

static void complete_leaf(struct walk *w)
{
	const struct physmem *mem = &w->mmu->machine->mem;
	struct tlb_entry *e = &w->leaf;
	unsigned shift = level_shift(w->level);

	e->va = ALIGN_DOWN(w->va, BIT_ULL(shift));
	e->pfn = (w->entry & x86_pfn_mask(shift)) >> PAGE_SHIFT;
	e->shift = e->leaf_shift = (uint8_t)shift;
	e->rights = w->rights;
	if (w->entry & X86_D)
		e->rights |= TLB_D;
	if ((w->entry & X86_G) && w->mmu->cr4_pge)
		e->rights |= TLB_G;
	e->filled_by = (uint8_t)current_agent->id;
	e->pcid = w->pcid;
	e->from_psc = w->from_psc;
	e->fill_step = agent_sched(current_agent)->nr_steps;
	e->leaf_pa = entry_pa(w);
	e->serial = 0;
	e->frame_generation = 0;
	if (pfn_valid(mem, e->pfn))
		e->frame_generation = pfn_to_page(mem, e->pfn)->generation;
}

struct tlb_entry *walk_fill(struct walk *w)
{
	struct mmu *mmu = w->mmu;
	struct tlb_entry *e;

	BUG_ON(overtaken(w)); /* as in descend() */
	complete_leaf(w);
	mmu->cpu->tlb_fills++;
	e = tlb_fill(&mmu->tlb, w->need.fetch ? TLB_INSN : TLB_DATA, w->va,
	             &w->leaf);
	if (e)
		emit(mmu->machine, EV_TLB_FILL, .addr = e->va,
		     .c = mmu->cpu->id, .data = e);
	return e;
}
