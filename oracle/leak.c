/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leak: what is left when every process is gone.
 */
#include <inttypes.h>

#include "oracle/scene.h"
#include "oracle/set_internal.h"

/* Does an address space that still exists own the table? Those of init_mm, id
 * 0, stay. */
static bool has_owner(const struct scene *s, const struct page *page)
{
	if (!page->pt_owner)
		return true;
	for (unsigned i = 0; i < s->mms->len; i++) {
		const struct scene_mm *mm =
			&g_array_index(s->mms, struct scene_mm, i);
		if (mm->live && mm->id == page->pt_owner)
			return true;
	}
	return false;
}

static bool any_mm(const struct scene *s)
{
	for (unsigned i = 0; i < s->mms->len; i++)
		if (g_array_index(s->mms, struct scene_mm, i).live)
			return true;
	return false;
}

static bool is_lost(const struct oracle_set *set, const struct page *page)
{
	if (page->flags & (1U << PG_tail))
		return false;
	if (page->kind >= FRAME_PT_PTE && page->kind <= FRAME_PT_PGD)
		return !has_owner(set->scene, page);
	return page->kind == FRAME_ANON && !any_mm(set->scene);
}

void leak_finish(struct oracle_set *set, bool run_to_end)
{
	const struct physmem *mem = &set->machine->mem;

	if (!run_to_end || !set->scene->mms->len)
		return;
	for (pfn_t pfn = 0; pfn < mem->high_water; pfn++) {
		const struct page *page = &mem->mem_map[pfn];
		struct hazard *h;

		if (page->kind == FRAME_FREE || !is_lost(set, page))
			continue;
		h = hazard_begin(set, ORACLE_LEAK, NULL, pfn);
		if (h)
			hazard_text(set, h,
			            "frame %" PRIu64 " (%s, allocated at step "
			            "%" PRIu64 ") is left and nobody owns it",
			            pfn, frame_kind_name(page->kind),
			            page->alloc_step);
	}
}
