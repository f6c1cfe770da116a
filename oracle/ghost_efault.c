/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * postcondition: a call says -EFAULT of memory that is there.
 *
 * Judged is vmsplice(), which takes a reference to the page and copies nothing:
 * a copy may also fail for want of memory.  The memory must be anonymous, with
 * the right to read, since before the call began, and nobody may be at it.
 */
#include <inttypes.h>

#include "oracle/ghost_internal.h"
#include "oracle/set_internal.h"
#include "pagetable/pgtable.h"

#define NR_VMSPLICE  278
#define RIGHT_READ   1
#define MINUS_EFAULT ((uint64_t)-14)
#define IOVEC_LEN_AT 8

/* What a program has at @va; 0 where nothing is mapped. */
static uint64_t peek(struct oracle_set *set, const struct ghost_mm *mm,
                     vaddr_t va)
{
	struct pt_walk walk = pt_walk(set->machine, mm->root, va);

	return walk.leaf ? phys_read(&set->machine->mem, walk.paddr, 8) : 0;
}

static bool there_all_along(const struct ghost *g, const struct ghost_call *c,
                            vaddr_t va)
{
	const struct ghost_vma *vma = ghost_vma_find(c->mm, va);

	if (!vma || vma->unsure || vma->kind != GHOST_ANON ||
	    !(vma->prot & RIGHT_READ) || vma->step > c->step)
		return false;
	if (vma->promise && ghost_promise_at(g, vma->promise)->step > c->step)
		return false;
	/* Who changes the rights may be taking them away. */
	return !ghost_effects(g, c->mm, va);
}

/* Who took the page's entry out last; NULL: nobody that is remembered. */
static const struct scene_write *
last_removal(struct oracle_set *set, const struct ghost_mm *mm, vaddr_t page)
{
	const struct physmem *mem = &set->machine->mem;

	for (uint64_t i = set->scene->writes.nr; i-- > 0;) {
		const struct scene_write *w = scene_write(set->scene, i);
		uint64_t index;

		if (!w)
			break;
		index = w->pa >> 3 & 511;
		if (w->level == PT_LEVEL_PTE && w->owner == mm->id &&
		    mem->mem_map[w->pa >> PAGE_SHIFT].index +
		                    index * PAGE_SIZE ==
		            page &&
		    pt_decode(set->machine, w->level, w->old).present &&
		    !pt_decode(set->machine, w->level, w->new).present)
			return w;
	}
	return NULL;
}

void ghost_efault(struct ghost *g, struct oracle_set *set,
                  const struct event *ev)
{
	const struct ghost_call *c = &g->calls[ev->agent->id];
	const struct scene_write *w;
	struct hazard *h;
	vaddr_t va;

	if (c->nr != NR_VMSPLICE || ev->c != MINUS_EFAULT || !c->mm->live ||
	    c->args[2] != 1 || c->args[1] & 7)
		return;
	va = peek(set, c->mm, c->args[1]);
	if (!peek(set, c->mm, c->args[1] + IOVEC_LEN_AT) ||
	    !there_all_along(g, c, va))
		return;
	h = hazard_begin(set, ORACLE_POSTCONDITION, ev, mix_key(va, c->mm->id));
	if (!h)
		return;
	hazard_range(h, va & PAGE_MASK, PAGE_SIZE);
	w = last_removal(set, c->mm, va & PAGE_MASK);
	if (w)
		hazard_link(set, h, HAZARD_REMOVED, w->agent, w->step);
	hazard_link(set, h, HAZARD_DECLARED, event_agent(ev), ev->step);
	hazard_who(set, h, w ? w->agent : -1, event_agent(ev));
	hazard_text(set, h,
	            "%s of %s says -EFAULT of 0x%" PRIx64
	            ", which was mapped all along",
	            c->name, agent_name(set, event_agent(ev)), va);
}
