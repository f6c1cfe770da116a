/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full scan, second half: what the page tables do not show. VMAs, files,
 * the counts in each frame, and objects nobody owns.
 */
#include <inttypes.h>
#include <string.h>

#include "mm/check_internal.h"
#include "mm/filemap.h"
#include "mm/gup.h"
#include "mm/page.h"
#include "mm/rmap.h"
#include "mm/vma_tree.h"

/* ---- VMAs ---- */

void check_vmas(struct mm_checker *c, struct mm_struct *mm)
{
	const char *name = mm->name ? mm->name : "?";
	const struct vm_area_struct *vma;
	uint64_t pages = 0;
	vaddr_t end = 0;
	unsigned nr = 0;

	if (!mm->mm_mt)
		return;
	for (vma = vma_tree_find(mm->mm_mt, 0); vma;
	     vma = vma_tree_find(mm->mm_mt, vma->vm_end)) {
		uint64_t offset = arena_offset(c->machine->arena, vma);

		g_hash_table_add(c->vmas, GSIZE_TO_POINTER(offset));
		nr++;
		pages += (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
		if (vma->vm_start < end || vma->vm_end <= vma->vm_start ||
		    vma->vm_mm != mm) {
			check_found(c, "%s: bad VMA %#" PRIx64 "-%#" PRIx64,
			            name, vma->vm_start, vma->vm_end);
			break;
		}
		end = vma->vm_end;
	}
	if (nr != mm->map_count)
		check_found(c, "%s: map_count is %u, there are %u VMAs", name,
		            mm->map_count, nr);
	if (pages != mm->total_vm)
		check_found(c,
		            "%s: total_vm is %" PRIu64
		            " pages, the VMAs have %" PRIu64,
		            name, mm->total_vm, pages);
}

/* ---- files ---- */

static void check_file(struct mm_checker *c, struct address_space *file)
{
	uint64_t index = 0, nr = 0;
	struct page *page;

	while ((page = xa_find(&file->i_pages, &index, UINT64_MAX))) {
		pfn_t pfn = page_to_pfn(&c->machine->mem, page);
		struct frame_use *use = check_frame(c, pfn);

		nr++;
		if (use)
			use->cached++;
		if (!use || page->kind != FRAME_FILE || page->mapping != file ||
		    page->index != index)
			check_found(c,
			            "file %s: page %" PRIu64
			            " is frame %#" PRIx64
			            ", which is %s or another file's",
			            file->name, index, pfn,
			            frame_kind_name(page->kind));
		if (index << PAGE_SHIFT >= file->i_size)
			check_found(c,
			            "file %s: page %" PRIu64
			            " lies beyond its size %" PRIu64,
			            file->name, index, file->i_size);
		index++;
	}
	if (nr != file->nrpages)
		check_found(c,
		            "file %s: nrpages is %" PRIu64
		            ", the cache has %" PRIu64,
		            file->name, file->nrpages, nr);
}

void check_files(struct mm_checker *c)
{
	struct address_space *file;

	for (file = c->kernel->files; file; file = file->next)
		check_file(c, file);
}

/* ---- get_user_pages ---- */

/* A huge page counts references on its head. */
static pfn_t head_of(const struct mm_checker *c, pfn_t pfn)
{
	while (pfn && pfn_to_page(&c->machine->mem, pfn)->flags & 1U << PG_tail)
		pfn--;
	return pfn;
}

/* Somebody keeps a page, at the end or in a quiet moment: too long. */
static void check_gup_page(struct mm_checker *c, const struct gup_page *g)
{
	pfn_t pfn = head_of(c, page_to_pfn(&c->machine->mem, g->page));
	const struct page *head = pfn_to_page(&c->machine->mem, pfn);
	struct frame_use *use = check_frame(c, pfn);
	bool pin = g->flags & FOLL_PIN;

	check_found(c,
	            "leak: frame %#" PRIx64 " is still %s for %#" PRIx64
	            " of mm %u",
	            pfn, pin ? "pinned" : "referenced", g->addr, g->mm);
	if (!use)
		return;
	use->gups += pin && !head->order ? GUP_PIN_COUNTING_BIAS : 1;
	use->pins += pin;
}

/* ---- frames ---- */

/* Callbacks of RCU still have to run, or one is half way through: tables and
 * VMAs may be waiting for theirs. */
static bool rcu_pending(const struct mm_checker *c)
{
	return c->machine->rcu.nr_callbacks > 0;
}

/* @page: an order-0 page or a head; @pfn its frame. */
static void check_user_page(struct mm_checker *c, const struct page *page,
                            pfn_t pfn)
{
	unsigned i, nr = (page->flags & 1U << PG_head) ? 1U << page->order : 1;
	uint64_t refs = c->frames[pfn].pmds + c->frames[pfn].cached +
	                c->frames[pfn].gups;
	uint64_t pmds = nr > 1 ? page[1].index : 0;

	for (i = 0; i < nr && pfn + i < c->nr_frames; i++) {
		const struct frame_use *use = &c->frames[pfn + i];

		refs += use->ptes;
		if (page[i].mapcount != (int32_t)use->ptes)
			check_found(c,
			            "frame %#" PRIx64
			            ": mapcount is %d, %u PTEs map it",
			            pfn + i, page[i].mapcount, use->ptes);
	}
	if (page->kind == FRAME_ANON && pmds != c->frames[pfn].pmds)
		check_found(c,
		            "frame %#" PRIx64
		            ": mapped by %u PMDs, counted %" PRIu64,
		            pfn, c->frames[pfn].pmds, pmds);
	if (nr > 2 && page[2].index != c->frames[pfn].pins)
		check_found(c,
		            "frame %#" PRIx64 ": %" PRIu64
		            " pins are counted, %u were found",
		            pfn, page[2].index, c->frames[pfn].pins);
	if (page->refcount == (int64_t)refs)
		return;
	if (!refs)
		check_found(c,
		            "leak: %s frame %#" PRIx64
		            " has %d references but no owner",
		            frame_kind_name(page->kind), pfn, page->refcount);
	else
		check_found(c,
		            "frame %#" PRIx64 ": refcount is %d, %" PRIu64
		            " references were found",
		            pfn, page->refcount, refs);
}

static bool is_table(const struct page *page)
{
	return page->kind >= FRAME_PT_PTE && page->kind <= FRAME_PT_PGD;
}

static void check_table_frame(struct mm_checker *c, const struct page *page,
                              pfn_t pfn)
{
	const struct frame_use *use = &c->frames[pfn];

	if (use->tables > 1)
		check_found(c,
		            "table %#" PRIx64
		            " is hooked in or deposited %u times",
		            pfn, use->tables);
	if (!use->tables && !rcu_pending(c) &&
	    pfn != c->kernel->init_mm->pgd >> PAGE_SHIFT)
		check_found(c,
		            "leak: %s %#" PRIx64
		            " of mm %u is hooked in nowhere",
		            frame_kind_name(page->kind), pfn, page->pt_owner);
}

void check_frames(struct mm_checker *c)
{
	pfn_t pfn;

	for (pfn = 0; pfn < c->nr_frames; pfn++) {
		const struct page *page = pfn_to_page(&c->machine->mem, pfn);

		if (page->flags & 1U << PG_tail)
			continue;
		if (is_table(page))
			check_table_frame(c, page, pfn);
		else if (page->kind == FRAME_ANON || page->kind == FRAME_FILE)
			check_user_page(c, page, pfn);
		else if (page->kind == FRAME_GATHER && !rcu_pending(c))
			check_found(c,
			            "leak: frame %#" PRIx64
			            " of an mmu_gather that is over",
			            pfn);
	}
}

/* ---- objects ---- */

static void *object_at(const struct mm_checker *c, uint64_t offset)
{
	const struct arena *a = c->machine->arena;
	uint8_t *k = (uint8_t *)c->kernel;

	return k - arena_offset(a, c->kernel) + offset;
}

/* Most objects differ in the first letters already. */
static bool is_a(const struct arena_object *o, const char *type)
{
	return o->type[0] == type[0] && !strcmp(o->type, type);
}

static void gup_object(const struct arena_object *o, void *data)
{
	struct mm_checker *c = data;
	const struct gup_page *g = object_at(c, o->offset);

	if (is_a(o, "gup_page") && g->page)
		check_gup_page(c, g);
}

void check_gup_pages(struct mm_checker *c)
{
	arena_for_each_live(c->machine->arena, gup_object, c);
}

static void check_anon_vma(struct mm_checker *c,
                           const struct anon_vma *anon_vma, uint64_t offset)
{
	const struct vm_area_struct *vma;
	int32_t refs = 0;

	if (!anon_vma->refcount.counter)
		return; /* on its way through RCU */
	for (vma = anon_vma->head; vma; vma = vma->anon_vma_next) {
		uint64_t at = arena_offset(c->machine->arena, vma);

		refs++;
		if (vma->anon_vma != anon_vma ||
		    !g_hash_table_contains(c->vmas, GSIZE_TO_POINTER(at))) {
			check_found(c,
			            "anon_vma %#" PRIx64
			            " lists a VMA that is gone",
			            offset);
			return;
		}
	}
	if (!refs)
		check_found(c, "leak: anon_vma %#" PRIx64 " has no VMA",
		            offset);
	else if (refs != anon_vma->refcount.counter)
		check_found(c,
		            "anon_vma %#" PRIx64
		            ": refcount is %d, it has %d VMAs",
		            offset, anon_vma->refcount.counter, refs);
}

static bool mm_is_listed(const struct mm_checker *c, const struct mm_struct *mm)
{
	const struct mm_struct *it = c->kernel->mms;

	while (it && it != mm)
		it = it->next;
	return it || mm == c->kernel->init_mm;
}

static void check_object(const struct arena_object *o, void *data)
{
	struct mm_checker *c = data;
	const void *p = object_at(c, o->offset);

	if (is_a(o, "anon_vma"))
		check_anon_vma(c, p, o->offset);
	else if (is_a(o, "mm_struct") && !mm_is_listed(c, p))
		check_found(c, "leak: mm_struct %#" PRIx64, o->offset);
	else if (is_a(o, "vm_area_struct") && !rcu_pending(c) &&
	         !g_hash_table_contains(c->vmas, GSIZE_TO_POINTER(o->offset)))
		check_found(c, "leak: VMA %#" PRIx64 " is in no address space",
		            o->offset);
}

/* CPUs that run lazily on @mm: each holds an mm_count. */
static int nr_lazy_cpus(const struct mm_checker *c, const struct mm_struct *mm)
{
	int nr = 0;
	unsigned i;

	for (i = 0; i < c->machine->nr_cpus; i++) {
		const struct task *t = c->machine->cpus[i].curr;

		nr += t && !t->mm && t->active_mm == mm;
	}
	return nr;
}

void check_objects(struct mm_checker *c)
{
	const struct mm_struct *mm;

	for (mm = c->kernel->mms; mm; mm = mm->next) {
		int owners = (mm->mm_users.counter > 0) + nr_lazy_cpus(c, mm);

		if (mm->mm_users.counter <= 0 && mm->map_count)
			check_found(c, "leak: mm %s has VMAs but no users",
			            mm->name);
		if (!owners)
			check_found(c,
			            "leak: mm %s has mm_count %d but no owner",
			            mm->name, mm->mm_count.counter);
	}
	arena_for_each_live(c->machine->arena, check_object, c);
}
