/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oracle/ghost_internal.h"

static struct ghost_vma *vma_at(const struct ghost_mm *mm, unsigned i)
{
	return &g_array_index(mm->vmas, struct ghost_vma, i);
}

/* Index of the first VMA that ends above @addr. */
static unsigned vma_after(const struct ghost_mm *mm, vaddr_t addr)
{
	unsigned low = 0, high = mm->vmas->len;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (vma_at(mm, mid)->end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

struct ghost_vma *ghost_vma_find(const struct ghost_mm *mm, vaddr_t addr)
{
	unsigned i = vma_after(mm, addr);

	if (i == mm->vmas->len || vma_at(mm, i)->start > addr)
		return NULL;
	return vma_at(mm, i);
}

const struct ghost_tomb *ghost_tomb_find(const struct ghost_mm *mm,
                                         vaddr_t addr)
{
	for (unsigned i = mm->tombs->len; i-- > 0;) {
		const struct ghost_tomb *t =
			&g_array_index(mm->tombs, struct ghost_tomb, i);

		if (addr >= t->start && addr < t->end)
			return t;
	}
	return NULL;
}

void ghost_cut(struct ghost_mm *mm, vaddr_t addr)
{
	unsigned i = vma_after(mm, addr);
	struct ghost_vma upper;

	if (i == mm->vmas->len || vma_at(mm, i)->start >= addr)
		return;
	upper = *vma_at(mm, i);
	upper.offset += addr - upper.start;
	upper.start = addr;
	vma_at(mm, i)->end = addr;
	g_array_insert_val(mm->vmas, i + 1, upper);
}

static void drop_page(struct ghost_mem *mem, uint32_t page, void *data)
{
	(void)data;
	ghost_page_drop(mem, page);
}

/* No tomb may say something about a range that is mapped. */
static void clear_tombs(struct ghost_mm *mm, vaddr_t start, vaddr_t end)
{
	for (unsigned i = mm->tombs->len; i-- > 0;) {
		struct ghost_tomb *t =
			&g_array_index(mm->tombs, struct ghost_tomb, i);
		struct ghost_tomb rest = *t;

		if (t->end <= start || t->start >= end)
			continue;
		rest.start = end;
		if (t->start < start)
			t->end = start;
		else
			g_array_remove_index_fast(mm->tombs, i);
		if (rest.start < rest.end)
			g_array_append_val(mm->tombs, rest);
	}
}

void ghost_unmap(struct ghost *g, struct ghost_mm *mm, vaddr_t start,
                 vaddr_t end, uint32_t promise)
{
	struct ghost_tomb tomb = { start, end, promise };
	unsigned first, last;

	ghost_cut(mm, start);
	ghost_cut(mm, end);
	first = last = vma_after(mm, start);
	while (last < mm->vmas->len && vma_at(mm, last)->start < end)
		last++;
	if (last > first)
		g_array_remove_range(mm->vmas, first, last - first);
	ghost_page_for_each(&g->mem, mm->space, start, end, drop_page, NULL);
	clear_tombs(mm, start, end);
	if (promise && last > first)
		g_array_append_val(mm->tombs, tomb);
}

void ghost_map(struct ghost_mm *mm, const struct ghost_vma *vma)
{
	clear_tombs(mm, vma->start, vma->end);
	g_array_insert_vals(mm->vmas, vma_after(mm, vma->start), vma, 1);
}

/* ---- address spaces ---- */

struct ghost_mm *ghost_mm_find(struct ghost *g, unsigned id)
{
	if (g->last_mm && g->last_mm->id == id && g->last_mm->live)
		return g->last_mm;
	for (unsigned i = g->nr_mms; i-- > 0;) {
		struct ghost_mm *mm = g_ptr_array_index(g->mms, i);

		if (mm->id == id && mm->live)
			return mm;
	}
	return NULL;
}

struct ghost_mm *ghost_mm_of_root(struct ghost *g, paddr_t root)
{
	if (g->last_mm && g->last_mm->root == root && g->last_mm->live)
		return g->last_mm;
	for (unsigned i = g->nr_mms; i-- > 0;) {
		struct ghost_mm *mm = g_ptr_array_index(g->mms, i);

		if (mm->root == root && mm->live) {
			g->last_mm = mm;
			return mm;
		}
	}
	return NULL;
}

static struct ghost_mm *mm_alloc(struct ghost *g)
{
	struct ghost_mm *mm;

	if (g->nr_mms == g->mms->len) {
		mm = g_new0(struct ghost_mm, 1);
		mm->vmas = g_array_new(FALSE, FALSE, sizeof(struct ghost_vma));
		mm->tombs =
			g_array_new(FALSE, FALSE, sizeof(struct ghost_tomb));
		mm->fds = g_array_new(FALSE, FALSE, sizeof(struct ghost_fd));
		g_ptr_array_add(g->mms, mm);
	}
	mm = g_ptr_array_index(g->mms, g->nr_mms++);
	g_array_set_size(mm->vmas, 0);
	g_array_set_size(mm->tombs, 0);
	g_array_set_size(mm->fds, 0);
	return mm;
}

struct copy {
	uint32_t space;
};

static void copy_page(struct ghost_mem *mem, uint32_t page, void *data)
{
	const struct copy *copy = data;

	ghost_page_copy(mem, page, copy->space,
	                ghost_page_at(mem, page)->index);
}

/* What the child gets of one VMA. */
static void inherit(struct ghost *g, struct ghost_mm *mm,
                    const struct ghost_mm *parent, struct ghost_vma vma)
{
	struct copy copy = { mm->space };

	if (vma.not_in_child)
		return;
	if (vma.kind == GHOST_SHARED) {
		g_array_append_val(mm->vmas, vma);
		return;
	}
	vma.space = mm->space;
	/* Who knows whether a racing call came before the copy. */
	for (uint64_t left = g->active; left; left &= left - 1) {
		const struct ghost_call *c = &g->calls[__builtin_ctzll(left)];

		if (c->mm == parent && c->effect != EFFECT_NONE &&
		    c->effect != EFFECT_FORK && c->effect != EFFECT_TRUNCATE &&
		    c->effect != EFFECT_WRITE && c->start < vma.end &&
		    c->end > vma.start)
			vma.unsure = true;
	}
	g_array_append_val(mm->vmas, vma);
	if (!vma.wiped_in_child)
		ghost_page_for_each(&g->mem, parent->space, vma.start, vma.end,
		                    copy_page, &copy);
}

struct ghost_mm *ghost_mm_new(struct ghost *g, unsigned id, paddr_t root,
                              struct ghost_mm *parent, uint64_t step)
{
	struct ghost_mm *mm = mm_alloc(g);

	mm->id = id;
	mm->root = root;
	mm->space = ghost_space_new(&g->mem, true);
	mm->live = true;
	mm->exiting = false;
	mm->grows = parent && parent->grows;
	mm->brk_start = parent ? parent->brk_start : 0;
	mm->brk = parent ? parent->brk : 0;
	mm->forking_from = NULL;
	mm->forking_agent = -1;
	mm->step = step;
	g->last_mm = NULL;
	if (!parent)
		return mm;
	g_array_append_vals(mm->fds, parent->fds->data, parent->fds->len);
	for (unsigned i = 0; i < parent->vmas->len; i++)
		inherit(g, mm, parent, *vma_at(parent, i));
	return mm;
}

void ghost_mm_clear(struct ghost *g, struct ghost_mm *mm)
{
	g_array_set_size(mm->vmas, 0);
	g_array_set_size(mm->tombs, 0);
	ghost_page_for_each(&g->mem, mm->space, 0, UINT64_MAX, drop_page, NULL);
	mm->grows = false;
	mm->brk_start = mm->brk = 0;
}
