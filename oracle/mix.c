/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * size-mix and split-view: translations that contradict each other.
 */
#include <inttypes.h>

#include "base/access.h"
#include "oracle/set_internal.h"
#include "oracle/tlb_view.h"

/* ---- size-mix ---- */

/* The frame @e gives for @va. */
static pfn_t frame_at(vaddr_t e_va, pfn_t e_pfn, vaddr_t va)
{
	return e_pfn + ((va - e_va) >> PAGE_SHIFT);
}

static const char *difference(const struct view_entry *old,
                              const struct tlb_entry *new)
{
	vaddr_t va = MAX(old->va, new->va);
	const uint8_t rights = TLB_W | TLB_U | TLB_X;

	if (frame_at(old->va, old->pfn, va) != frame_at(new->va, new->pfn, va))
		return "of different frames";
	if ((old->rights ^ new->rights) & rights)
		return "with different rights";
	return "of the same frame";
}

static void judge_fill(struct oracle_set *set, const struct event *ev)
{
	const struct tlb_entry *e = ev->data;
	unsigned cpu = ev->agent->cpu->id;
	const struct view_entry *old = tlb_view_overlap(set->tlbs, cpu, e);
	struct hazard *h;
	unsigned shift;

	if (!old)
		return;
	shift = MAX(old->shift, e->shift);
	h = hazard_begin(set, ORACLE_SIZE_MIX, ev,
	                 mix_key(mix_key(e->va >> shift, e->pcid), cpu));
	if (!h)
		return;
	hazard_range(h, ALIGN_DOWN(e->va, BIT_ULL(shift)), BIT_ULL(shift));
	hazard_link(set, h, HAZARD_FILLED, old->filled_by, old->fill_step);
	hazard_link(set, h, HAZARD_FILLED, event_agent(ev), ev->step);
	hazard_who(set, h, old->filled_by, event_agent(ev));
	hazard_text(set, h,
	            "CPU%u holds a %s and a %s translation %s for 0x%" PRIx64
	            " at once",
	            cpu, tlb_size_name(old->shift), tlb_size_name(e->shift),
	            difference(old, e), MAX(old->va, e->va));
}

/* The processor noticed it itself (AMD erratum 383). */
static void judge_note(struct oracle_set *set, const struct event *ev)
{
	struct hazard *h;

	if (!ev->text || !g_str_has_prefix(ev->text, "machine check"))
		return;
	h = hazard_begin(set, ORACLE_SIZE_MIX, ev, mix_key(ev->addr, EV_NOTE));
	if (!h)
		return;
	hazard_range(h, ev->addr & PAGE_MASK, PAGE_SIZE);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, -1, event_agent(ev));
	hazard_text(set, h,
	            "%s took a machine check: translations of two sizes match "
	            "0x%" PRIx64,
	            agent_name(set, event_agent(ev)), ev->addr);
}

void size_mix_event(struct oracle_set *set, enum oracle_id id,
                    const struct event *ev)
{
	(void)id;
	if (ev->type == EV_NOTE)
		judge_note(set, ev);
	else if (ev->agent && ev->agent->cpu)
		judge_fill(set, ev);
}

/* ---- split-view ---- */

static void report_split(struct oracle_set *set, const struct event *ev,
                         const struct view_use *other)
{
	const struct access_record *rec = ev->data;
	struct hazard *h =
		hazard_begin(set, ORACLE_SPLIT_VIEW, ev,
	                     mix_key(rec->va >> PAGE_SHIFT, rec->root));

	if (!h)
		return;
	hazard_range(h, rec->va & PAGE_MASK, PAGE_SIZE);
	hazard_link(set, h, HAZARD_FILLED, other->filled_by, other->fill_step);
	hazard_link(set, h, HAZARD_FILLED, rec->entry->filled_by,
	            rec->entry->fill_step);
	hazard_link(set, h, HAZARD_USED, other->agent, other->use_step);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, other->agent, event_agent(ev));
	hazard_text(set, h,
	            "%s uses frame %" PRIu64 " for 0x%" PRIx64
	            " while CPU%u uses frame %" PRIu64,
	            agent_name(set, event_agent(ev)), rec->pa >> PAGE_SHIFT,
	            rec->va & PAGE_MASK, other->cpu, other->pfn);
}

void split_view_event(struct oracle_set *set, enum oracle_id id,
                      const struct event *ev)
{
	const struct access_record *rec = ev->data;
	uint64_t newer;

	(void)id;
	if (!rec->entry)
		return;
	for (unsigned cpu = 0; cpu < set->machine->nr_cpus; cpu++) {
		const struct view_use *other =
			tlb_view_last_use(set->tlbs, rec->root, rec->va, cpu);
		if (!other || cpu == rec->cpu ||
		    other->pfn == rec->pa >> PAGE_SHIFT ||
		    other->shift != rec->entry->shift)
			continue;
		newer = MAX(other->fill_step, rec->entry->fill_step);
		if (other->use_step > newer && ev->step > newer)
			report_split(set, ev, other);
	}
	tlb_view_note_use(set->tlbs, rec, event_agent(ev), ev->step);
}
