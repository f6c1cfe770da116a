/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table-uaf and bad-table: walks of tables that are gone, and entries that
 * lead to the wrong kind of frame.
 */
#include <inttypes.h>

#include "oracle/scene.h"
#include "oracle/set_internal.h"
#include "pagetable/format.h"
#include "pagetable/pgtable.h"
#include "tlb/tlb.h"

static const struct page *frame_of(const struct oracle_set *set, paddr_t pa)
{
	const struct physmem *mem = &set->machine->mem;

	if (!pfn_valid(mem, pa >> PAGE_SHIFT))
		return NULL;
	return &mem->mem_map[pa >> PAGE_SHIFT];
}

/* The top level may be called 4 or 5. */
static bool is_table(const struct page *page, unsigned level)
{
	unsigned kind = page->kind;

	if (kind < FRAME_PT_PTE || kind > FRAME_PT_PGD)
		return false;
	if (level >= PT_LEVEL_P4D || level == PT_LEVEL_NONE)
		return kind >= FRAME_PT_P4D;
	return kind == FRAME_PT_PTE + level - 1;
}

/* ---- table-uaf ---- */

/* The newest time the kernel unhooked the table at @pfn, of @level or, if that
 * is 0, of any; NULL: it did not. */
static const struct scene_write *find_unhook(struct oracle_set *set, pfn_t pfn,
                                             unsigned level)
{
	for (uint64_t i = set->scene->writes.nr; i-- > 0;) {
		const struct scene_write *w = scene_write(set->scene, i);
		struct pt_entry old, new;

		if (!w)
			return NULL;
		if (level ? w->level != level + 1 : w->level < PT_LEVEL_PMD)
			continue;
		old = pt_decode(set->machine, w->level, w->old);
		new = pt_decode(set->machine, w->level, w->new);
		if (old.present && !old.leaf && old.pfn == pfn &&
		    !(new.present && !new.leaf &&new.pfn == pfn))
			return w;
	}
	return NULL;
}

static void report_uaf(struct oracle_set *set, const struct event *ev,
                       const struct page *page, vaddr_t va, const char *how)
{
	pfn_t pfn = ev->addr >> PAGE_SHIFT;
	const struct scene_free *f = scene_freed(set->scene, pfn);
	const struct scene_write *unhook;
	int freer = f ? f->agent : -1;
	uint64_t key = mix_key(mix_key(pfn, page->generation),
	                       (uint64_t)event_agent(ev));
	struct hazard *h = hazard_begin(set, ORACLE_TABLE_UAF, ev, key);

	if (!h)
		return;
	unhook = find_unhook(set, pfn, 0);
	if (va)
		hazard_range(h, va & PAGE_MASK, PAGE_SIZE);
	if (unhook)
		hazard_link(set, h, HAZARD_REMOVED, unhook->agent,
		            unhook->step);
	if (f)
		hazard_link(set, h, HAZARD_FREED, freer, f->step);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, freer, event_agent(ev));
	hazard_text(set, h, "%s %s frame %" PRIu64 " as a page table%s%s%s%s",
	            agent_name(set, event_agent(ev)), how, pfn,
	            f ? " after " : ", which is no table but ",
	            f ? agent_name(set, freer) : frame_kind_name(page->kind),
	            f ? " had freed it" : "",
	            f && page->kind != FRAME_FREE ? " and it was reused" : "");
}

/*
 * The frame is a table of that level again, but not the one this walk was led
 * to: freed and reused since it was unhooked, and the tables the CPU has
 * loaded do not lead here.
 */
static bool reused_table(struct oracle_set *set, const struct event *ev,
                         const struct page *page)
{
	unsigned level = (unsigned)ev->b;
	const struct scene_write *unhook;
	struct pt_walk walk;

	if (!page->generation || !ev->agent || !ev->agent->cpu ||
	    level >= PT_LEVEL_P4D)
		return false;
	walk = pt_walk(set->machine, set->scene->cpu_root[ev->agent->cpu->id],
	               ev->c);
	if (walk.level <= level && walk.entry[level].pa == ev->addr)
		return false;
	unhook = find_unhook(set, ev->addr >> PAGE_SHIFT, level);
	return unhook && page->free_step >= unhook->step &&
	       page->alloc_step >= page->free_step;
}

static void judge_walk(struct oracle_set *set, const struct event *ev)
{
	const struct page *page = frame_of(set, ev->addr);

	if (!page)
		return;
	if (!is_table(page, (unsigned)ev->b) || reused_table(set, ev, page))
		report_uaf(set, ev, page, ev->c, "walked");
}

static void judge_fill(struct oracle_set *set, const struct event *ev)
{
	const struct tlb_entry *e = ev->data;

	for (unsigned i = 0; i < TLB_LEVELS; i++) {
		paddr_t pa = (paddr_t)e->table[i].pfn << PAGE_SHIFT;
		const struct page *page = pa ? frame_of(set, pa) : NULL;
		struct event at = *ev;

		if (!page || page->generation == e->table[i].generation)
			continue;
		at.addr = pa;
		report_uaf(set, &at, page, e->va,
		           "cached a translation found in");
		return;
	}
}

void table_uaf_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev)
{
	const struct page *page;

	(void)id;
	switch ((int)ev->type) {
	case EV_WALK_READ:
		judge_walk(set, ev);
		break;
	case EV_WALK_WRITE:
		page = frame_of(set, ev->addr);
		if (page && !is_table(page, page->kind - FRAME_PT_PTE + 1))
			report_uaf(set, ev, page, ev->c,
			           "set accessed or dirty bits in");
		break;
	case EV_PT_WRITE:
		page = frame_of(set, ev->addr);
		if (page && !is_table(page, (unsigned)ev->c))
			report_uaf(set, ev, page, 0, "wrote to");
		break;
	case EV_FRAME_UAF:
		page = frame_of(set, ev->addr);
		if (page)
			report_uaf(set, ev, page, ev->b, "accessed");
		break;
	case EV_TLB_FILL:
		judge_fill(set, ev);
		break;
	default:
		break;
	}
}

/* ---- bad-table ---- */

static void report_entry(struct oracle_set *set, const struct event *ev,
                         pfn_t target, const char *what)
{
	const struct page *page = frame_of(set, target << PAGE_SHIFT);
	struct hazard *h = hazard_begin(set, ORACLE_BAD_TABLE, ev,
	                                mix_key(ev->addr, target));
	const struct scene_free *f;

	if (!h)
		return;
	f = scene_freed(set->scene, target);
	if (f)
		hazard_link(set, h, HAZARD_FREED, f->agent, f->step);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, f ? f->agent : -1, event_agent(ev));
	hazard_text(set, h,
	            "%s wrote a %s entry that leads to %s %" PRIu64 " (%s)",
	            agent_name(set, event_agent(ev)),
	            pt_level_name((unsigned)ev->c), what, target,
	            page ? frame_kind_name(page->kind) : "beyond memory");
}

static void judge_entry(struct oracle_set *set, const struct event *ev)
{
	unsigned level = (unsigned)ev->c;
	struct pt_entry e = pt_decode(set->machine, level, ev->a);
	const struct page *page;

	if (!e.present)
		return;
	page = frame_of(set, e.pfn << PAGE_SHIFT);
	if (e.leaf) {
		if (!page || page->kind == FRAME_FREE)
			report_entry(set, ev, e.pfn, "free frame");
		return;
	}
	if (!page || !is_table(page, level - 1))
		report_entry(set, ev, e.pfn, "a table in frame");
}

/* The newest write of the entry at @pa, of those before step @before; NULL:
 * nobody knows. */
static const struct scene_write *find_writer(const struct oracle_set *set,
                                             paddr_t pa, uint64_t before)
{
	for (uint64_t i = set->scene->writes.nr; i-- > 0;) {
		const struct scene_write *w = scene_write(set->scene, i);

		if (!w || (w->pa == pa && w->step < before))
			return w;
	}
	return NULL;
}

static void report_full(struct oracle_set *set, const struct event *ev,
                        const struct pt_entry *e, unsigned index)
{
	const struct page *page = frame_of(set, ev->addr << PAGE_SHIFT);
	unsigned shift = pt_level_shift(e->level);
	const struct scene_write *unhook = find_unhook(set, ev->addr, e->level);
	struct hazard *h = hazard_begin(set, ORACLE_BAD_TABLE, ev, ev->addr);
	paddr_t pa = (ev->addr << PAGE_SHIFT) + index * 8UL;
	const struct scene_write *writer = find_writer(set, pa, UINT64_MAX);
	const struct scene_write *emptied =
		writer ? find_writer(set, pa, writer->step) : NULL;
	int culprit = unhook ? unhook->agent : event_agent(ev);

	if (!h)
		return;
	if (page->index)
		hazard_range(h, page->index + ((uint64_t)index << shift),
		             BIT_ULL(shift));
	if (unhook)
		hazard_link(set, h, HAZARD_REMOVED, culprit, unhook->step);
	if (emptied && !emptied->new)
		hazard_link(set, h, HAZARD_REMOVED, emptied->agent,
		            emptied->step);
	if (writer)
		hazard_link(set, h, HAZARD_SET, writer->agent, writer->step);
	hazard_link(set, h, HAZARD_FREED, event_agent(ev), ev->step);
	hazard_who(set, h, culprit, -1);
	hazard_text(set, h,
	            "the %s table in frame %" PRIu64 ", unhooked by %s, was "
	            "freed while its entry %u maps frame %" PRIu64,
	            pt_level_name(e->level), ev->addr, agent_name(set, culprit),
	            index, e->pfn);
}

/* A table must be empty when it is given back. */
static void judge_free(struct oracle_set *set, const struct event *ev)
{
	const struct page *page = frame_of(set, ev->addr << PAGE_SHIFT);
	unsigned level = (unsigned)(ev->b - FRAME_PT_PTE + 1);
	const struct physmem *mem = &set->machine->mem;
	const uint64_t *entries;

	if (ev->b < FRAME_PT_PTE || ev->b >= FRAME_PT_P4D || !page ||
	    page->content != CONTENT_BYTES)
		return;
	entries = phys_to_virt(mem, ev->addr << PAGE_SHIFT);
	for (unsigned i = pt_next_used(mem, ev->addr, 0); i < PTRS_PER_PTE;
	     i = pt_next_used(mem, ev->addr, i + 1)) {
		struct pt_entry e = pt_decode(set->machine, level, entries[i]);

		if (e.present) {
			report_full(set, ev, &e, i);
			return;
		}
	}
}

/* The addresses an entry translates, if its table knows where it hangs. */
static void range_of_entry(struct oracle_set *set, struct hazard *h,
                           const struct scene_write *w)
{
	const struct page *table = frame_of(set, w->pa);
	unsigned shift = pt_level_shift(w->level);

	if (table && is_table(table, w->level))
		hazard_range(h, table->index + ((w->pa >> 3 & 511) << shift),
		             BIT_ULL(shift));
}

static void judge_bad_free(struct oracle_set *set, const struct event *ev)
{
	const struct scene_free *f = scene_freed(set->scene, ev->addr);
	const struct scene_write *unhook = find_unhook(set, ev->addr, 0);
	struct hazard *h = hazard_begin(set, ORACLE_BAD_TABLE, ev,
	                                mix_key(ev->addr, EV_FRAME_BAD_FREE));

	if (!h)
		return;
	if (unhook) {
		range_of_entry(set, h, unhook);
		hazard_link(set, h, HAZARD_REMOVED, unhook->agent,
		            unhook->step);
	}
	if (f)
		hazard_link(set, h, HAZARD_FREED, f->agent, f->step);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, f ? f->agent : -1, event_agent(ev));
	hazard_text(set, h, "%s freed frame %" PRIu64 " a second time",
	            agent_name(set, event_agent(ev)), ev->addr);
}

void bad_table_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev)
{
	(void)id;
	if (ev->type == EV_PT_WRITE)
		judge_entry(set, ev);
	else if (ev->type == EV_FRAME_FREE)
		judge_free(set, ev);
	else
		judge_bad_free(set, ev);
}
