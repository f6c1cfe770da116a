/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tlb/tlb.h"

#include <glib.h>
#include <string.h>

#include "base/bug.h"
#include "tlb/array_internal.h"

/* ---- birth and death ---- */

/* What a way is found and replaced by, when it holds nothing. */
static void free_ways(struct tlb_array *a)
{
	const unsigned ways = a->geo.ways;

	for (unsigned i = 0; i < a->geo.entries; i++)
		a->stamps[i] = tlb_stamp(0, i % ways);
	for (unsigned i = 0; i < (a->set_mask + 1) * a->sig_stride; i++)
		a->sigs[i] = i % a->sig_stride < ways ? SIG_FREE : SIG_NONE;
}

static void init_array(struct tlb_array *a, const struct tlb_array_geometry *g,
                       unsigned asid_bits)
{
	unsigned nr_sets = g->entries / g->ways;

	a->geo = *g;
	a->page_shift =
		(uint8_t)(TAG_PCID_SHIFT + (asid_bits ? asid_bits : 12));
	a->set_mask = nr_sets - 1;
	a->tags = g_new0(uint64_t, g->entries);
	a->entries = g_new0(struct tlb_entry, g->entries);
	a->stamps = g_new0(uint64_t, g->entries);
	a->sig_stride = ALIGN_UP(g->ways, SIG_GROUP);
	a->sigs = g_new0(uint8_t, (size_t)nr_sets * a->sig_stride);
	a->tree = g_new0(uint64_t, 2 * (size_t)nr_sets);
	a->paths = g_new0(struct tlb_path, g->ways);
	for (unsigned way = 0; way < g->ways; way++) {
		if (g->replacement == TLB_TREE_PLRU)
			a->paths[way] = plru_path(way, g->ways);
	}
	free_ways(a);
}

/* In the order in which a lookup names its matches. */
static void list_probes(struct tlb *t, enum tlb_kind kind)
{
	for (unsigned i = 0; i < 2 * TLB_SIZE_COUNT; i++) {
		unsigned size = i % TLB_SIZE_COUNT;
		int nr = i < TLB_SIZE_COUNT ? t->l1[kind][size]
		                            : t->l2[kind][size];

		if (nr < 0)
			continue;
		t->probes[kind][t->nr_probes[kind]++] = (struct tlb_probe){
			.array = &t->arrays[nr],
			.size = (uint8_t)size,
			.shift = (uint8_t)tlb_size_shift((enum tlb_size)size),
		};
	}
}

static void route_array(struct tlb *t, unsigned nr)
{
	const struct tlb_array_geometry *g = &t->arrays[nr].geo;

	for (unsigned kind = 0; kind < TLB_KIND_COUNT; kind++) {
		for (unsigned size = 0; size < TLB_SIZE_COUNT; size++) {
			if (!(g->kinds >> kind & 1) || !(g->sizes >> size & 1))
				continue;
			if (g->level == 1)
				t->l1[kind][size] = (int)nr;
			else
				t->l2[kind][size] = (int)nr;
		}
	}
}

void tlb_init(struct tlb *t, const struct tlb_geometry *g)
{
	unsigned wrong;

	BUG_ON(tlb_geometry_check(g, &wrong));
	memset(t, 0, sizeof(*t));
	memset(t->l1, -1, sizeof(t->l1));
	memset(t->l2, -1, sizeof(t->l2));
	t->epoch = 1;
	t->nr_arrays = g->nr_arrays;
	for (unsigned i = 0; i < g->nr_arrays; i++) {
		init_array(&t->arrays[i], &g->array[i], g->asid_bits);
		route_array(t, i);
	}
	list_probes(t, TLB_DATA);
	list_probes(t, TLB_INSN);
	for (unsigned level = 2; level <= TLB_LEVELS; level++)
		t->psc[level].size = g->psc[level];
	tlb_set_granule(t, 0, 12);
	tlb_set_granule(t, 1, 12);
}

void tlb_set_granule(struct tlb *t, unsigned half, unsigned shift)
{
	for (unsigned level = 1; level <= TLB_LEVELS; level++)
		t->psc_shift[half][level] =
			(uint8_t)(shift + (shift - 3) * (level - 1));
}

void tlb_fini(struct tlb *t)
{
	for (unsigned i = 0; i < t->nr_arrays; i++) {
		g_free(t->arrays[i].tags);
		g_free(t->arrays[i].entries);
		g_free(t->arrays[i].stamps);
		g_free(t->arrays[i].sigs);
		g_free(t->arrays[i].tree);
		g_free(t->arrays[i].paths);
	}
	memset(t, 0, sizeof(*t));
}

static void reset_array(struct tlb_array *a)
{
	for (unsigned i = 0; a->nr_valid && i < a->geo.entries; i++) {
		if (!a->tags[i])
			continue;
		place_uncount(place_of(a, i));
		place_clear(place_of(a, i));
	}
	memset(a->tree, 0, 2 * ((size_t)a->set_mask + 1) * sizeof(*a->tree));
}

void tlb_reset(struct tlb *t)
{
	for (unsigned i = 0; i < t->nr_arrays; i++)
		reset_array(&t->arrays[i]);
	psc_invalidate_all(t);
	t->epoch++;
	t->clock = 0;
	t->last_serial = 0;
}

/* ---- coming and going ---- */

/* No hint may lead to, or past, an entry that came or went at @va. */
static void forget_hints(struct tlb *t, vaddr_t va, unsigned shift)
{
	unsigned slot = tlb_hint_slot(va);

	if (shift != PAGE_SHIFT) {
		t->epoch++;
		return;
	}
	t->hints[TLB_DATA][slot].epoch = 0;
	t->hints[TLB_INSN][slot].epoch = 0;
}

/* What is at @p goes; its way is still marked. */
static void leave(struct tlb *t, struct place p, enum tlb_drop reason)
{
	uint64_t tag = p.array->tags[place_index(p)];

	if (t->dropped)
		t->dropped(t, place_entry(p), reason);
	place_uncount(p);
	if (p.array->geo.level == 1)
		forget_hints(t, tag_va(tag, p.array->page_shift),
		             tag_size_shift(tag));
}

static void drop(struct tlb *t, struct place p, enum tlb_drop reason)
{
	leave(t, p, reason);
	place_clear(p);
}

static void drop_index(struct tlb *t, struct tlb_array *a, unsigned index,
                       enum tlb_drop reason)
{
	drop(t, place_of(a, index), reason);
}

static struct place insert(struct tlb *t, struct tlb_array *a,
                           const struct tlb_entry *e)
{
	struct place p = { .array = a, .set = array_set(a, e->va, e->shift) };
	uint64_t tag = make_tag(e->va, e->shift, e->pcid, a->page_shift), old;

	if (e->rights & TLB_G)
		tag = global_tag(tag, a->page_shift);
	p.way = array_choose_way(a, p.set, tag);
	old = a->tags[place_index(p)];
	if (old)
		leave(t, p, old == tag ? TLB_DROP_REFILLED : TLB_DROP_REPLACED);
	place_put(p, tag, e);
	place_touch(p, ++t->clock);
	return p;
}

/* ---- looking up ---- */

static bool same_translation(const struct tlb_entry *a,
                             const struct tlb_entry *b)
{
	const unsigned rights = TLB_W | TLB_U | TLB_X | TLB_P | TLB_T;

	return a->serial == b->serial ||
	       (a->shift == b->shift && a->pfn == b->pfn &&
	        !((a->rights ^ b->rights) & rights));
}

static unsigned add_match(struct tlb_match *m, unsigned n, const struct tlb *t,
                          const struct tlb_array *a, struct tlb_entry *e)
{
	for (unsigned i = 0; i < n; i++) {
		if (same_translation(m[i].entry, e))
			return n;
	}
	m[n] = (struct tlb_match){ .entry = e,
		                   .array = (uint8_t)(a - t->arrays),
		                   .level = a->geo.level };
	return n + 1;
}

unsigned tlb_lookup(const struct tlb *t, enum tlb_kind kind, vaddr_t va,
                    uint16_t pcid, struct tlb_match *m)
{
	const struct tlb_probe *end = t->probes[kind] + t->nr_probes[kind];
	unsigned n = 0;

	for (const struct tlb_probe *p = t->probes[kind]; p < end; p++) {
		const struct tlb_array *a = p->array;
		uint64_t tag = make_tag(va, p->shift, pcid, a->page_shift);
		unsigned set = array_set(a, va, p->shift);
		struct tlb_entry *ways = a->entries + (size_t)set * a->geo.ways;
		int way;

		if (!a->nr_of_size[p->size])
			continue;
		way = array_find(a, set, tag);
		if (way >= 0)
			n = add_match(m, n, t, a, ways + way);
		way = a->nr_global ? array_find(a, set,
		                                global_tag(tag, a->page_shift))
		                   : -1;
		if (way >= 0)
			n = add_match(m, n, t, a, ways + way);
	}
	return n;
}

static void remember(struct tlb *t, enum tlb_kind kind, vaddr_t va,
                     uint16_t pcid, struct place p)
{
	unsigned index = place_index(p);

	t->hints[kind][tlb_hint_slot(va)] = (struct tlb_hint){
		.key = tlb_hint_key(va, pcid),
		.epoch = t->epoch,
		.entry = &p.array->entries[index],
		.stamp = &p.array->stamps[index],
		.tree = &p.array->tree[2 * (size_t)p.set],
		.path = &p.array->paths[p.way],
		.way = p.way,
	};
}

struct tlb_entry *tlb_use(struct tlb *t, enum tlb_kind kind, vaddr_t va,
                          uint16_t pcid, const struct tlb_match *m, bool unique)
{
	struct place p = { .array = &t->arrays[m->array] };
	unsigned shift = m->entry->shift;
	int l1 = t->l1[kind][tlb_shift_size(shift)];

	p.set = array_set(p.array, va, shift);
	p.way = (unsigned)(m->entry - p.array->entries) -
	        p.set * p.array->geo.ways;
	place_touch(p, ++t->clock);
	if (l1 < 0)
		return m->entry;
	if (m->level != 1)
		p = insert(t, &t->arrays[l1], m->entry);
	if (unique)
		remember(t, kind, va, pcid, p);
	return place_entry(p);
}

/* ---- filling ---- */

/* A page of a size no array takes becomes its part around @va. */
static void splinter(const struct tlb *t, enum tlb_kind kind, vaddr_t va,
                     struct tlb_entry *e)
{
	enum tlb_size size = tlb_shift_size(e->shift);

	while (size > TLB_4K && t->l1[kind][size] < 0 && t->l2[kind][size] < 0)
		size--;
	e->shift = (uint8_t)tlb_size_shift(size);
	e->pfn += (ALIGN_DOWN(va, BIT_ULL(e->shift)) - e->va) >> PAGE_SHIFT;
	e->va = ALIGN_DOWN(va, BIT_ULL(e->shift));
}

struct tlb_entry *tlb_fill(struct tlb *t, enum tlb_kind kind, vaddr_t va,
                           struct tlb_entry *e)
{
	enum tlb_size size;
	struct place p = { 0 };

	BUG_ON(va < e->va || va - e->va >= BIT_ULL(e->shift));
	e->leaf_shift = e->shift;
	e->serial = ++t->last_serial;
	splinter(t, kind, va, e);
	size = tlb_shift_size(e->shift);
	/* It is new: nothing may take it to be absent. */
	forget_hints(t, e->va, e->shift);
	if (t->l2[kind][size] >= 0)
		p = insert(t, &t->arrays[t->l2[kind][size]], e);
	if (t->l1[kind][size] >= 0)
		p = insert(t, &t->arrays[t->l1[kind][size]], e);
	return p.array ? place_entry(p) : NULL;
}

/* ---- copies of one translation ---- */

/* The next copy of @serial for @va after position (*array, *way), or NULL. */
static struct tlb_entry *next_copy(const struct tlb *t, uint64_t serial,
                                   vaddr_t va, unsigned *pos)
{
	for (; *pos < t->nr_arrays * TLB_SIZE_COUNT; ++*pos) {
		const struct tlb_array *a = &t->arrays[*pos / TLB_SIZE_COUNT];
		unsigned size = *pos % TLB_SIZE_COUNT;
		unsigned base;

		if (!a->nr_valid || !(a->geo.sizes >> size & 1))
			continue;
		base = array_set(a, va, tlb_size_shift((enum tlb_size)size)) *
		       a->geo.ways;
		for (unsigned i = base; i < base + a->geo.ways; i++) {
			if (a->tags[i] && a->entries[i].serial == serial) {
				++*pos;
				return &a->entries[i];
			}
		}
	}
	return NULL;
}

void tlb_set_dirty(struct tlb *t, uint64_t serial, vaddr_t va)
{
	struct tlb_entry *e;
	unsigned pos = 0;

	while ((e = next_copy(t, serial, va, &pos)))
		e->rights |= TLB_D;
}

bool tlb_holds(const struct tlb *t, uint64_t serial, vaddr_t va,
               const struct tlb_entry *but)
{
	const struct tlb_entry *e;
	unsigned pos = 0;

	while ((e = next_copy(t, serial, va, &pos))) {
		if (e != but)
			return true;
	}
	return false;
}

void tlb_drop_serial(struct tlb *t, uint64_t serial, vaddr_t va,
                     enum tlb_drop reason)
{
	struct tlb_entry *e;
	unsigned pos = 0;

	while ((e = next_copy(t, serial, va, &pos))) {
		struct tlb_array *a = &t->arrays[(pos - 1) / TLB_SIZE_COUNT];

		drop_index(t, a, (unsigned)(e - a->entries), reason);
	}
}

/* ---- invalidating ---- */

static void drop_tag(struct tlb *t, struct tlb_array *a, unsigned set,
                     uint64_t tag, enum tlb_drop reason)
{
	int way = array_find(a, set, tag);
	struct place p = { .array = a, .set = set, .way = (unsigned)way };

	if (way >= 0)
		drop(t, p, reason);
}

/* The other pieces of splintered pages: they can be in any set. */
static void drop_pieces(struct tlb *t, struct tlb_array *a, vaddr_t va,
                        uint16_t pcid, bool globals, enum tlb_drop reason)
{
	for (unsigned i = 0; a->nr_splintered && i < a->geo.entries; i++) {
		const struct tlb_entry *e = &a->entries[i];

		if (!a->tags[i] || e->leaf_shift == e->shift ||
		    (e->va ^ va) >> e->leaf_shift)
			continue;
		if (e->rights & TLB_G ? globals : e->pcid == pcid)
			drop_index(t, a, i, reason);
	}
}

void tlb_invalidate_addr(struct tlb *t, vaddr_t va, uint16_t pcid, bool globals,
                         enum tlb_drop reason)
{
	for (unsigned i = 0; i < t->nr_arrays; i++) {
		struct tlb_array *a = &t->arrays[i];

		for (unsigned size = 0; a->nr_valid && size < TLB_SIZE_COUNT;
		     size++) {
			unsigned shift = tlb_size_shift((enum tlb_size)size);
			uint64_t tag = make_tag(va, shift, pcid, a->page_shift);
			unsigned set = array_set(a, va, shift);

			if (!a->nr_of_size[size])
				continue;
			drop_tag(t, a, set, tag, reason);
			if (globals && a->nr_global)
				drop_tag(t, a, set,
				         global_tag(tag, a->page_shift),
				         reason);
			if (a->nr_splintered)
				drop_pieces(t, a, va, pcid, globals, reason);
		}
	}
}

/* The bits of a PCID in the tags of @t. */
static uint64_t pcid_mask(const struct tlb *t)
{
	return tag_pcid_mask(t->arrays[0].page_shift);
}

/* Drop every entry whose tag, masked, is @value. */
static void drop_masked(struct tlb *t, uint64_t mask, uint64_t value,
                        enum tlb_drop reason)
{
	for (unsigned nr = 0; nr < t->nr_arrays; nr++) {
		struct tlb_array *a = &t->arrays[nr];

		for (unsigned i = 0; a->nr_valid && i < a->geo.entries; i++) {
			if ((a->tags[i] & mask) == value)
				drop_index(t, a, i, reason);
		}
	}
}

void tlb_invalidate_context(struct tlb *t, uint16_t pcid, enum tlb_drop reason)
{
	drop_masked(t, TAG_VALID | TAG_GLOBAL | pcid_mask(t),
	            TAG_VALID | (uint64_t)pcid << TAG_PCID_SHIFT, reason);
}

void tlb_invalidate_all(struct tlb *t, bool globals, enum tlb_drop reason)
{
	drop_masked(t, TAG_VALID | (globals ? 0 : TAG_GLOBAL), TAG_VALID,
	            reason);
}

void tlb_invalidate_globals(struct tlb *t, enum tlb_drop reason)
{
	drop_masked(t, TAG_VALID | TAG_GLOBAL, TAG_VALID | TAG_GLOBAL, reason);
}

bool tlb_scope_takes(const struct tlb_scope *s, const struct tlb_entry *e)
{
	vaddr_t first = ALIGN_DOWN(e->va, BIT_ULL(e->leaf_shift));
	uint64_t span = BIT_ULL(e->leaf_shift);

	if (s->level && s->level != e->leaf_level)
		return false;
	if ((e->rights & TLB_G) ? !s->globals
	                        : !s->every_pcid && s->pcid != e->pcid)
		return false;
	/* Differences, as both may end where addresses do. */
	return !s->size || s->va - first < span || first - s->va < s->size;
}

static void drop_scope(struct tlb *t, struct tlb_array *a, unsigned from,
                       unsigned to, const struct tlb_scope *s)
{
	for (unsigned i = from; i < to; i++) {
		if (a->tags[i] && tlb_scope_takes(s, &a->entries[i]))
			drop_index(t, a, i, TLB_DROP_TLBI);
	}
}

/* One page: what translates it is in one set for each size. */
static void drop_scope_page(struct tlb *t, struct tlb_array *a,
                            const struct tlb_scope *s)
{
	for (unsigned size = 0; size < TLB_SIZE_COUNT; size++) {
		unsigned from;

		if (!a->nr_of_size[size])
			continue;
		from = array_set(a, s->va,
		                 tlb_size_shift((enum tlb_size)size)) *
		       a->geo.ways;
		drop_scope(t, a, from, from + a->geo.ways, s);
	}
}

void tlb_invalidate_scope(struct tlb *t, const struct tlb_scope *s)
{
	const vaddr_t last = s->va + s->size - 1;
	const bool page = s->size && s->va >> PAGE_SHIFT == last >> PAGE_SHIFT;

	for (unsigned nr = 0; nr < t->nr_arrays; nr++) {
		struct tlb_array *a = &t->arrays[nr];

		if (!a->nr_valid)
			continue;
		if (page && !a->nr_splintered)
			drop_scope_page(t, a, s);
		else
			drop_scope(t, a, 0, a->geo.entries, s);
	}
}
