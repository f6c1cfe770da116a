/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every page walk does: SDM 3A 4.5, 4.10; Arm ARM (DDI 0487) D8.2. */
#include "mmu/walk_internal.h"

#include "base/bug.h"

/* By the level of the root. */
const char *const walk_read_labels[][TLB_LEVELS + 1] = {
	[3] = { NULL, "walk pte", "walk pmd", "walk pgd" },
	[4] = { NULL, "walk pte", "walk pmd", "walk pud", "walk pgd" },
	[5] = { NULL, "walk pte", "walk pmd", "walk pud", "walk p4d",
	        "walk pgd" },
};
static const char *const accessed_labels[][TLB_LEVELS + 1] = {
	[3] = { NULL, "walk set accessed pte", "walk set accessed pmd",
	        "walk set accessed pgd" },
	[4] = { NULL, "walk set accessed pte", "walk set accessed pmd",
	        "walk set accessed pud", "walk set accessed pgd" },
	[5] = { NULL, "walk set accessed pte", "walk set accessed pmd",
	        "walk set accessed pud", "walk set accessed p4d",
	        "walk set accessed pgd" },
};

bool walk_update(struct walk *w, const struct walk_update *u)
{
	struct mmu *mmu = w->mmu;
	struct machine *m = mmu->machine;
	paddr_t pa = walk_entry_pa(w);
	uint64_t now, new;

	step(STEP_RMW, phys_obj(pa), 8,
	     u->dirty ? "walk set dirty" : accessed_labels[w->top][w->level],
	     w->va);
	if (unlikely(walk_overtaken(w)))
		return false;
	charge(m->costs->atomic);
	now = phys_read(&m->mem, pa, 8);
	if (mmu->switches.ad_present_check && (now ^ w->entry) & ~u->ours) {
		w->entry = now;
		trace_mix(current_agent, now);
		return false;
	}
	new = (now | u->set) & ~u->clear;
	phys_write(&m->mem, pa, 8, new);
	trace_mix(current_agent, new);
	emit(m, EV_WALK_WRITE, .addr = pa, .a = new, .b = now, .c = w->va);
	w->entry = (w->entry | u->set) & ~u->clear;
	return true;
}

/*
 * No step lies between reading the entry, or setting A in it, and this: nothing
 * can have overtaken the walk since it last looked.
 */
void walk_descend(struct walk *w)
{
	struct psc_entry e = {
		.va = ALIGN_DOWN(w->va, BIT_ULL(w->shift)),
		.table = w->next,
		.pa = walk_entry_pa(w),
		.value = w->entry,
		.fill_step = agent_sched(current_agent)->nr_steps,
		.pcid = w->pcid,
		.level = w->level,
		.rights = w->rights,
		.filled_by = (uint8_t)current_agent->id,
	};

	BUG_ON(walk_overtaken(w));
	memcpy(e.walked, w->leaf.table, sizeof(e.walked));
	psc_fill(&w->mmu->tlb, &e);
	w->mmu->cpu->tlb_fills++;
	w->table = e.table;
	w->level--;
	w->shift -= w->bits;
}

static void complete_leaf(struct walk *w)
{
	const struct physmem *mem = &w->mmu->machine->mem;
	struct tlb_entry *e = &w->leaf;

	e->va = ALIGN_DOWN(w->va, BIT_ULL(w->span));
	e->pfn = w->next >> PAGE_SHIFT;
	e->shift = e->leaf_shift = w->span;
	e->leaf_level = w->level;
	e->rights = w->rights;
	e->filled_by = (uint8_t)current_agent->id;
	e->pcid = w->pcid;
	e->from_psc = w->from_psc;
	e->fill_step = agent_sched(current_agent)->nr_steps;
	e->leaf_pa = walk_entry_pa(w);
	e->serial = 0;
	e->frame_generation = 0;
	if (pfn_valid(mem, e->pfn))
		e->frame_generation = pfn_to_page(mem, e->pfn)->generation;
}

struct tlb_entry *walk_fill(struct walk *w)
{
	struct mmu *mmu = w->mmu;
	struct tlb_entry *e;

	BUG_ON(walk_overtaken(w)); /* as in walk_descend() */
	complete_leaf(w);
	mmu->cpu->tlb_fills++;
	e = tlb_fill(&mmu->tlb, w->need.fetch ? TLB_INSN : TLB_DATA, w->va,
	             &w->leaf);
	if (e)
		emit(mmu->machine, EV_TLB_FILL, .addr = e->va,
		     .c = mmu->cpu->id, .data = e);
	return e;
}
