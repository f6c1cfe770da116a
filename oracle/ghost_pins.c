/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cow-leak: private memory that is not private.
 *
 * A store to private memory must go to a frame that is no file's and not the
 * zero page, and that nobody else got a reference to for memory of his own. A
 * pin (FOLL_PIN) must stay the frame its address leads to, until the program
 * itself takes the memory away.
 *
 * References are known from EV_PIN.  A reference that was got while a call was
 * about to take the address away is judged by what it is used for only.
 */
#include <inttypes.h>
#include <limits.h>

#include "base/access.h"
#include "oracle/ghost_internal.h"
#include "oracle/set_internal.h"
#include "pagetable/pgtable.h"

#define BIT_OF(effect) (1U << (effect))
#define MAY_REMAP                                                          \
	(BIT_OF(EFFECT_UNMAP) | BIT_OF(EFFECT_MAP) | BIT_OF(EFFECT_MOVE) | \
	 BIT_OF(EFFECT_WIPE))
#define MAY_LEAVE                                                       \
	(MAY_REMAP | BIT_OF(EFFECT_DISCARD) | BIT_OF(EFFECT_LAZYFREE) | \
	 BIT_OF(EFFECT_TRUNCATE))

static struct ghost_pin *pin_at(const struct ghost *g, unsigned i)
{
	return &g_array_index(g->pins, struct ghost_pin, i);
}

static const struct page *frame_of(const struct oracle_set *set, pfn_t pfn)
{
	const struct physmem *mem = &set->machine->mem;

	return pfn_valid(mem, pfn) ? &mem->mem_map[pfn] : NULL;
}

/* ---- reports ---- */

/* Somebody wrote; where, and why it should not have been there. */
struct leak {
	struct ghost *g;
	struct oracle_set *set;
	const struct event *ev;
	unsigned mm;
	vaddr_t va;
	pfn_t pfn;
	bool write;
};

static struct hazard *begin(const struct leak *l, uint64_t what)
{
	uint64_t key = mix_key(mix_key(l->va & PAGE_MASK, l->mm), what);
	struct hazard *h = hazard_begin(l->set, ORACLE_COW_LEAK, l->ev, key);

	if (!h)
		return NULL;
	hazard_range(h, l->va, 8);
	hazard_link(l->set, h, HAZARD_USED, event_agent(l->ev), l->ev->step);
	return h;
}

/* Its story begins where the private copy was mapped and lost. */
static void link_entry(const struct leak *l, struct hazard *h)
{
	const struct ghost_mm *mm = ghost_mm_find(l->g, l->mm);
	struct pt_walk walk;
	bool removed = false;

	if (!mm)
		return;
	walk = pt_walk(l->set->machine, mm->root, l->va);
	for (uint64_t i = l->set->scene->writes.nr; i-- > 0;) {
		const struct scene_write *w = scene_write(l->set->scene, i);
		struct pt_entry old;

		if (!w)
			return;
		if (w->pa != walk.entry[walk.level].pa)
			continue;
		old = pt_decode(l->set->machine, w->level, w->old);
		if (removed) {
			hazard_link(l->set, h, HAZARD_SET, w->agent, w->step);
			return;
		}
		removed = old.present && old.pfn != l->pfn;
		if (removed)
			hazard_link(l->set, h, HAZARD_REMOVED, w->agent,
			            w->step);
	}
}

static void report_file(const struct leak *l, const char *whose, int creator,
                        uint64_t taken)
{
	struct hazard *h = begin(l, 1);
	int agent = event_agent(l->ev);

	if (!h)
		return;
	if (taken)
		hazard_link(l->set, h, HAZARD_PINNED, creator, taken);
	link_entry(l, h);
	hazard_who(l->set, h, creator, agent);
	hazard_text(l->set, h,
	            "%s wrote to 0x%" PRIx64
	            ", private memory, in frame %" PRIu64 ", which is %s",
	            agent_name(l->set, agent), l->va, l->pfn, whose);
}

static void report_other(const struct leak *l, const struct ghost_pin *pin)
{
	struct hazard *h = begin(l, mix_key(2, pin->mm));
	int agent = event_agent(l->ev);

	if (!h)
		return;
	hazard_link(l->set, h, HAZARD_PINNED, pin->agent, pin->step);
	hazard_who(l->set, h, pin->agent, agent);
	hazard_text(l->set, h,
	            "%s wrote to 0x%" PRIx64
	            ", private memory, in frame %" PRIu64
	            ", to which %s of another process has a reference",
	            agent_name(l->set, agent), l->va, l->pfn,
	            agent_name(l->set, pin->agent));
}

static void report_left(const struct leak *l, const struct ghost_pin *pin)
{
	struct hazard *h = begin(l, mix_key(3, pin->pfn));
	int agent = event_agent(l->ev);

	if (!h)
		return;
	hazard_link(l->set, h, HAZARD_PINNED, pin->agent, pin->step);
	hazard_who(l->set, h, pin->agent, agent);
	hazard_text(l->set, h,
	            "%s %s 0x%" PRIx64 " in frame %" PRIu64
	            ", but %s pinned frame %" PRIu64 " for it",
	            agent_name(l->set, agent),
	            l->write ? "stored to" : "loaded from", l->va, l->pfn,
	            agent_name(l->set, pin->agent), pin->pfn);
}

/* ---- rules ---- */

/* A store to private memory of @l->mm hit @l->pfn. */
static void judge_private_store(const struct leak *l)
{
	for (unsigned i = 0; i < l->g->pins->len; i++) {
		const struct ghost_pin *pin = pin_at(l->g, i);

		if (pin->pfn == l->pfn && pin->mm != l->mm && pin->private)
			report_other(l, pin);
	}
}

static const char *not_private(const struct oracle_set *set, pfn_t pfn)
{
	const struct page *frame = frame_of(set, pfn);

	if (!frame)
		return NULL;
	if (frame->kind == FRAME_FILE)
		return "a file's";
	return frame->kind == FRAME_ZERO ? "the zero page" : NULL;
}

void ghost_pins_access(struct ghost *g, struct oracle_set *set,
                       const struct event *ev, const struct ghost_mm *mm,
                       const struct ghost_vma *vma, unsigned effects)
{
	const struct access_record *rec = ev->data;
	struct leak l = { g,         set,     ev,
		          mm->id,    rec->va, rec->pa >> PAGE_SHIFT,
		          rec->write };
	const char *whose;

	if (vma->kind == GHOST_SHARED || (effects & MAY_REMAP))
		return;
	whose = rec->write ? not_private(set, l.pfn) : NULL;
	if (whose)
		report_file(&l, whose, -1, 0);
	if (!g->pins->len)
		return;
	if (rec->write)
		judge_private_store(&l);
	if (effects & MAY_LEAVE)
		return;
	for (unsigned i = 0; i < g->pins->len; i++) {
		const struct ghost_pin *pin = pin_at(g, i);

		if (pin->pinned && pin->aliases && pin->mm == mm->id &&
		    pin->page == (rec->va & PAGE_MASK) && pin->pfn != l.pfn)
			report_left(&l, pin);
	}
}

/* ---- references ---- */

static void pin_taken(struct ghost *g, const struct event *ev,
                      const struct pin_record *rec)
{
	struct ghost_pin pin = { .mm = rec->mm,
		                 .page = rec->va & PAGE_MASK,
		                 .pfn = rec->pa >> PAGE_SHIFT,
		                 .pinned = rec->pinned,
		                 .agent = event_agent(ev),
		                 .step = ev->step };
	const struct ghost_mm *mm = ghost_mm_find(g, rec->mm);
	const struct ghost_vma *vma = mm ? ghost_vma_find(mm, rec->va) : NULL;

	if (vma && !vma->unsure) {
		unsigned effects = ghost_effects(g, mm, rec->va);

		effects |= ghost_effects_on(g, vma->space,
		                            vma->offset + rec->va - vma->start);
		pin.private =
			vma->kind != GHOST_SHARED && !(effects & MAY_REMAP);
		pin.aliases = !(effects & MAY_LEAVE);
	}
	g_array_append_val(g->pins, pin);
}

/* The newest like it: references of one page are alike. */
static unsigned find_pin(const struct ghost *g, const struct pin_record *rec)
{
	unsigned i = g->pins->len;

	while (i-- > 0) {
		const struct ghost_pin *pin = pin_at(g, i);

		if (pin->mm == rec->mm && pin->page == (rec->va & PAGE_MASK) &&
		    pin->pfn == rec->pa >> PAGE_SHIFT &&
		    pin->pinned == rec->pinned)
			break;
	}
	return i;
}

static void pin_written(struct ghost *g, struct oracle_set *set,
                        const struct event *ev, const struct pin_record *rec)
{
	unsigned i = find_pin(g, rec);
	struct ghost_pin pin;
	const char *whose;
	struct leak l = { g,   set, ev, rec->mm, rec->va, rec->pa >> PAGE_SHIFT,
		          true };

	if (i == UINT_MAX)
		return;
	pin = *pin_at(g, i);
	if (!pin.private)
		goto out_store;
	whose = not_private(set, l.pfn);
	if (whose)
		report_file(&l, whose, pin.agent, pin.step);
	judge_private_store(&l);
out_store:
	if (pin.aliases)
		ghost_kernel_store(g, set, ev, rec);
}

void ghost_pin_event(struct ghost *g, struct oracle_set *set,
                     const struct event *ev)
{
	const struct pin_record *rec = ev->data;
	unsigned i;

	switch ((enum pin_event)rec->event) {
	case PIN_TAKEN:
		pin_taken(g, ev, rec);
		break;
	case PIN_DROPPED:
		i = find_pin(g, rec);
		if (i != UINT_MAX)
			g_array_remove_index(g->pins, i);
		break;
	case PIN_WRITTEN:
		pin_written(g, set, ev, rec);
		break;
	case PIN_READ:
	default:
		break;
	}
}

/* A call begins that may take addresses away from under their pins. */
void ghost_pins_call(struct ghost *g, const struct ghost_call *c)
{
	for (unsigned i = 0; i < g->pins->len; i++) {
		struct ghost_pin *pin = pin_at(g, i);

		bool mine = pin->mm == c->mm->id && pin->page < c->end &&
		            pin->page + PAGE_SIZE > c->start;

		if (c->effect == EFFECT_TRUNCATE ||
		    (mine && (MAY_LEAVE & BIT_OF(c->effect))))
			pin->aliases = false;
	}
}
