/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lost-dirty: a frame was given back as if it were clean.
 *
 * When a frame goes that a program stored to, the bytes must be somewhere else
 * or not be wanted any more.  They are lost if a load must not return zero
 * there (the ghost knows) and nothing is mapped: the next access would bring a
 * page of zeros.  Copies may be under way (collapse), so this is asked again,
 * and reported, when the operation that freed the frame is over.
 */
#include <inttypes.h>
#include <string.h>

#include "base/access.h"
#include "oracle/ghost_internal.h"
#include "oracle/set_internal.h"
#include "pagetable/pgtable.h"

void ghost_dirty_store(struct ghost *g, const struct ghost_mm *mm, vaddr_t va,
                       pfn_t pfn)
{
	struct ghost_dirty new = { mm->id, va & PAGE_MASK };
	uint32_t i = keymap_get(&g->dirty_of, pfn);

	if (i == KEYMAP_NONE) {
		keymap_put(&g->dirty_of, pfn, g->dirty->len);
		g_array_append_val(g->dirty, new);
		return;
	}
	g_array_index(g->dirty, struct ghost_dirty, i) = new;
}

/* A line of which some byte must not read as zero; NULL: none. */
static const struct ghost_line *wanted_line(struct ghost *g, uint32_t page)
{
	for (unsigned n = 0; n < LINES_PER_PAGE; n++) {
		uint32_t i = ghost_page_at(&g->mem, page)->lines[n];
		const struct ghost_line *l = ghost_line_at(&g->mem, i);

		if (!i || !l->step)
			continue;
		for (unsigned b = 0; b < LINE_BYTES; b++)
			if (!ghost_may_be(&g->mem, l, b, 0))
				return l;
	}
	return NULL;
}

/* What must be at @va of @mm and is not; NULL: nothing is wrong. */
static const struct ghost_line *lost_line(struct ghost *g,
                                          struct oracle_set *set,
                                          const struct ghost_mm *mm, vaddr_t va)
{
	const struct ghost_vma *vma;
	struct pt_walk walk;
	uint32_t page;

	if (!mm || mm->exiting)
		return NULL;
	vma = ghost_vma_find(mm, va);
	if (!vma || vma->unsure || vma->kind != GHOST_ANON ||
	    ghost_effects(g, mm, va))
		return NULL;
	page = ghost_page_find(&g->mem, vma->space,
	                       (vma->offset + va - vma->start) >> PAGE_SHIFT);
	if (!page)
		return NULL;
	walk = pt_walk(set->machine, mm->root, va);
	if (walk.leaf || walk.entry[walk.level].value)
		return NULL;
	return wanted_line(g, page);
}

/* Did @agent, in the operation it is in, take frame @pfn out of the tables of
 * mm @id? */
static bool unmapped_from(struct oracle_set *set, unsigned agent, unsigned id,
                          pfn_t pfn)
{
	const struct scene *scene = set->scene;
	uint64_t op = scene->current_op[agent];
	const struct scene_op *under_way = scene_op(scene, op);

	for (uint64_t i = scene->writes.nr; under_way && i-- > 0;) {
		const struct scene_write *w = scene_write(scene, i);
		struct pt_entry old, new;

		if (!w || w->step < under_way->enter_step)
			break;
		if (w->op != op || w->owner != id || w->level > PT_LEVEL_PMD)
			continue;
		old = pt_decode(set->machine, w->level, w->old);
		new = pt_decode(set->machine, w->level, w->new);
		if (old.present && old.leaf && !new.present &&
		    (pfn - old.pfn) >>
		                    (pt_level_shift(w->level) - PAGE_SHIFT) ==
		            0)
			return true;
	}
	return false;
}

/*
 * The frame went away under a process that had it by fork, at the same address:
 * whoever stored to it may have let go of it long ago.
 */
static void suspect_relatives(struct ghost *g, struct oracle_set *set,
                              const struct ghost_suspect *s)
{
	for (unsigned i = 0; i < g->nr_mms && g->nr_mms > 1; i++) {
		const struct ghost_mm *mm = g->mms->pdata[i];
		struct ghost_suspect relative = *s;

		relative.dirty.mm = mm->id;
		if (mm->live && mm->id != s->dirty.mm &&
		    lost_line(g, set, mm, s->dirty.page) &&
		    unmapped_from(set, (unsigned)s->agent, mm->id, s->pfn))
			g_array_append_val(g->suspects, relative);
	}
}

void ghost_dirty_free(struct ghost *g, struct oracle_set *set,
                      const struct event *ev)
{
	for (uint64_t n = 0; n < BIT_ULL(ev->a); n++) {
		uint32_t i = keymap_get(&g->dirty_of, ev->addr + n);
		struct ghost_suspect s;

		if (i == KEYMAP_NONE)
			continue;
		keymap_put(&g->dirty_of, ev->addr + n, KEYMAP_NONE);
		if (!ev->agent)
			continue;
		s.dirty = g_array_index(g->dirty, struct ghost_dirty, i);
		s.agent = (int)ev->agent->id;
		s.step = ev->step;
		s.pfn = ev->addr + n;
		if (lost_line(g, set, ghost_mm_find(g, s.dirty.mm),
		              s.dirty.page))
			g_array_append_val(g->suspects, s);
		suspect_relatives(g, set, &s);
	}
}

static void report(struct ghost *g, struct oracle_set *set,
                   const struct event *ev, const struct ghost_suspect *s)
{
	const struct ghost_line *l =
		lost_line(g, set, ghost_mm_find(g, s->dirty.mm), s->dirty.page);
	struct hazard *h;

	if (!l)
		return;
	h = hazard_begin(set, ORACLE_LOST_DIRTY, ev,
	                 mix_key(s->dirty.page, s->dirty.mm));
	if (!h)
		return;
	hazard_range(h, s->dirty.page, PAGE_SIZE);
	hazard_link(set, h, HAZARD_STORED, l->agent, l->step);
	hazard_link(set, h, HAZARD_FREED, s->agent, s->step);
	hazard_who(set, h, s->agent, l->agent);
	hazard_text(set, h,
	            "%s freed frame %" PRIu64 " of 0x%" PRIx64
	            " as clean: what %s stored there is gone",
	            agent_name(set, s->agent), s->pfn, s->dirty.page,
	            agent_name(set, l->agent));
}

void ghost_dirty_op_end(struct ghost *g, struct oracle_set *set,
                        const struct event *ev)
{
	/* An operation that takes memory away on purpose, without a call. */
	bool meant = ev->type == EV_KERNEL_EXIT && ev->text &&
	             !strcmp(ev->text, "zap");

	for (unsigned i = g->suspects->len; i-- > 0;) {
		struct ghost_suspect s =
			g_array_index(g->suspects, struct ghost_suspect, i);

		if (!ev->agent || s.agent != (int)ev->agent->id)
			continue;
		g_array_remove_index(g->suspects, i);
		if (!meant)
			report(g, set, ev, &s);
	}
}
