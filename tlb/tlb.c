/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tlb/tlb.h"

#include <glib.h>
#include <string.h>

#include "base/bug.h"
#include "tlb/replacement.h"
#include "tlb/tlb_internal.h"

/* ---- birth and death ---- */

static void init_array(struct tlb_array *a, const struct tlb_array_geometry *g)
{
	unsigned nr_sets = g->entries / g->ways;

	a->geo = *g;
	a->set_mask = nr_sets - 1;
	a->tags = g_new0(uint64_t, g->entries);
	a->entries = g_new0(struct tlb_entry, g->entries);
	a->stamps = g_new0(uint64_t, g->entries);
	a->tree = g_new0(uint64_t, 2 * (size_t)nr_sets);
	a->paths = g_new0(struct tlb_path, g->ways);
	for (unsigned way = 0; way < g->ways; way++) {
		if (g->replacement == TLB_TREE_PLRU)
			a->paths[way] = plru_path(way, g->ways);
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
		init_array(&t->arrays[i], &g->array[i]);
		route_array(t, i);
	}
	for (unsigned level = 2; level <= TLB_LEVELS; level++)
		t->psc[level].size = g->psc[level];
}

void tlb_fini(struct tlb *t)
{
	for (unsigned i = 0; i < t->nr_arrays; i++) {
		g_free(t->arrays[i].tags);
		g_free(t->arrays[i].entries);
		g_free(t->arrays[i].stamps);
		g_free(t->arrays[i].tree);
		g_free(t->arrays[i].paths);
	}
	memset(t, 0, sizeof(*t));
}

void tlb_reset(struct tlb *t)
{
	for (unsigned i = 0; i < t->nr_arrays; i++) {
		struct tlb_array *a = &t->arrays[i];

		/* Not the entries: an invalid tag hides them. */
		memset(a->tags, 0, a->geo.entries * sizeof(*a->tags));
		memset(a->stamps, 0, a->geo.entries * sizeof(*a->stamps));
		memset(a->tree, 0,
		       2 * ((size_t)a->set_mask + 1) * sizeof(*a->tree));
		a->nr_valid = a->nr_global = a->nr_splintered = 0;
		memset(a->nr_of_size, 0, sizeof(a->nr_of_size));
	}
	psc_invalidate_all(t);
	t->epoch++;
	t->clock = 0;
	t->last_serial = 0;
}

/* ---- one array ---- */

static unsigned set_of(const struct tlb_array *a, vaddr_t va, unsigned shift)
{
	return (unsigned)(va >> shift) & a->set_mask;
}

static unsigned set_base(const struct tlb_array *a, vaddr_t va, unsigned shift)
{
	return set_of(a, va, shift) * a->geo.ways;
}

/* Index of the entry with @tag in the set that begins at @base, or -1. */
static int find_tag(const struct tlb_array *a, unsigned base, uint64_t tag)
{
	const uint64_t *tags = a->tags + base;

	for (unsigned way = 0; way < a->geo.ways; way++) {
		if (tags[way] == tag)
			return (int)(base + way);
	}
	return -1;
}

static void touch(struct tlb *t, struct tlb_array *a, unsigned set,
                  unsigned way)
{
	a->stamps[set * a->geo.ways + way] = ++t->clock;
	if (a->geo.replacement == TLB_TREE_PLRU)
		plru_use(&a->tree[2 * (size_t)set], &a->paths[way]);
}

static unsigned lru_victim(const uint64_t *stamps, unsigned ways)
{
	uint64_t oldest = stamps[0];
	unsigned victim = 0;

	for (unsigned i = 1; i < ways; i++) {
		victim = stamps[i] < oldest ? i : victim;
		oldest = MIN(stamps[i], oldest);
	}
	return victim;
}

/*
 * Where an entry with @tag goes: the way that has the tag, a free way, lowest
 * first, or the victim's.
 */
static unsigned choose_way(const struct tlb_array *a, unsigned set,
                           uint64_t tag)
{
	const unsigned ways = a->geo.ways;
	const unsigned base = set * ways;
	int index = find_tag(a, base, tag);

	/* A free way's stamp is 0: it was used longest ago. */
	if (index < 0 && a->geo.replacement == TLB_LRU)
		return lru_victim(a->stamps + base, ways);
	if (index < 0)
		index = find_tag(a, base, 0);
	if (index >= 0)
		return (unsigned)index - base;
	return plru_victim(&a->tree[2 * (size_t)set], ways);
}

/* No hint may lead to, or past, an entry that came or went at @va. */
static void forget_hints(struct tlb *t, vaddr_t va, unsigned shift)
{
	unsigned slot = (va >> PAGE_SHIFT) & (TLB_HINTS - 1);

	if (shift != PAGE_SHIFT) {
		t->epoch++;
		return;
	}
	t->hints[TLB_DATA][slot].epoch = 0;
	t->hints[TLB_INSN][slot].epoch = 0;
}

static void count_tag(struct tlb_array *a, uint64_t tag, int by)
{
	a->nr_valid += (uint32_t)by;
	a->nr_of_size[tag >> TAG_SIZE_SHIFT & 3] += (uint32_t)by;
	if (unlikely(tag & TAG_GLOBAL))
		a->nr_global += (uint32_t)by;
}

static bool is_splintered(const struct tlb_entry *e)
{
	return e->leaf_shift != e->shift;
}

/* Looks at the entry itself only if it must: its cache line is cold. */
static void drop(struct tlb *t, struct tlb_array *a, unsigned index,
                 enum tlb_drop reason)
{
	struct tlb_entry *e = &a->entries[index];
	uint64_t tag = a->tags[index];

	if (t->dropped)
		t->dropped(t, e, reason);
	count_tag(a, tag, -1);
	if (unlikely(a->nr_splintered && is_splintered(e)))
		a->nr_splintered--;
	a->tags[index] = 0;
	a->stamps[index] = 0;
	if (a->geo.level == 1)
		forget_hints(t, tag_va(tag), tag_shift(tag));
}

/* Where an entry is. */
struct place {
	struct tlb_array *array;
	unsigned set, way;
};

static unsigned place_index(const struct place *p)
{
	return p->set * p->array->geo.ways + p->way;
}

static struct place insert(struct tlb *t, struct tlb_array *a,
                           const struct tlb_entry *e)
{
	uint64_t tag = make_tag(e->va, e->shift, e->pcid);
	struct place p = { .array = a, .set = set_of(a, e->va, e->shift) };
	unsigned index;

	if (e->rights & TLB_G)
		tag = global_tag(tag);
	p.way = choose_way(a, p.set, tag);
	index = place_index(&p);
	if (a->tags[index])
		drop(t, a, index,
		     a->tags[index] == tag ? TLB_DROP_REFILLED
		                           : TLB_DROP_REPLACED);
	a->tags[index] = tag;
	a->entries[index] = *e;
	count_tag(a, tag, 1);
	if (unlikely(is_splintered(e)))
		a->nr_splintered++;
	touch(t, a, p.set, p.way);
	return p;
}

/* ---- looking up ---- */

static bool same_translation(const struct tlb_entry *a,
                             const struct tlb_entry *b)
{
	const unsigned rights = TLB_W | TLB_U | TLB_X;

	return a->serial == b->serial ||
	       (a->shift == b->shift && a->pfn == b->pfn &&
	        !((a->rights ^ b->rights) & rights));
}

static unsigned add_match(struct tlb_match *m, unsigned n, const struct tlb *t,
                          unsigned array, int index)
{
	const struct tlb_array *a = &t->arrays[array];

	if (index < 0)
		return n;
	for (unsigned i = 0; i < n; i++) {
		if (same_translation(m[i].entry, &a->entries[index]))
			return n;
	}
	m[n] = (struct tlb_match){ .entry = &a->entries[index],
		                   .array = (uint8_t)array,
		                   .level = a->geo.level };
	return n + 1;
}

unsigned tlb_lookup(const struct tlb *t, enum tlb_kind kind, vaddr_t va,
                    uint16_t pcid, struct tlb_match *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2 * TLB_SIZE_COUNT; i++) {
		unsigned size = i % TLB_SIZE_COUNT;
		unsigned shift = tlb_size_shift((enum tlb_size)size);
		const int nr = i < TLB_SIZE_COUNT ? t->l1[kind][size]
		                                  : t->l2[kind][size];
		const struct tlb_array *a;
		uint64_t tag;
		unsigned base;

		if (nr < 0 || !t->arrays[nr].nr_of_size[size])
			continue;
		a = &t->arrays[nr];
		tag = make_tag(va, shift, pcid);
		base = set_base(a, va, shift);
		n = add_match(m, n, t, (unsigned)nr, find_tag(a, base, tag));
		if (a->nr_global)
			n = add_match(m, n, t, (unsigned)nr,
			              find_tag(a, base, global_tag(tag)));
	}
	return n;
}

static void remember(struct tlb *t, enum tlb_kind kind, vaddr_t va,
                     uint16_t pcid, const struct place *p)
{
	unsigned index = place_index(p);

	t->hints[kind][(va >> PAGE_SHIFT) & (TLB_HINTS - 1)] =
		(struct tlb_hint){
			.key = tlb_hint_key(va, pcid),
			.epoch = t->epoch,
			.entry = &p->array->entries[index],
			.stamp = &p->array->stamps[index],
			.tree = &p->array->tree[2 * (size_t)p->set],
			.path = &p->array->paths[p->way],
		};
}

struct tlb_entry *tlb_use(struct tlb *t, enum tlb_kind kind, vaddr_t va,
                          uint16_t pcid, const struct tlb_match *m, bool unique)
{
	struct place p = { .array = &t->arrays[m->array] };
	unsigned shift = m->entry->shift;
	int l1 = t->l1[kind][tlb_shift_size(shift)];

	p.set = set_of(p.array, va, shift);
	p.way = (unsigned)(m->entry - p.array->entries) -
	        p.set * p.array->geo.ways;
	touch(t, p.array, p.set, p.way);
	if (l1 < 0)
		return m->entry;
	if (m->level != 1)
		p = insert(t, &t->arrays[l1], m->entry);
	if (unique)
		remember(t, kind, va, pcid, &p);
	return &p.array->entries[place_index(&p)];
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
	return p.array ? &p.array->entries[place_index(&p)] : NULL;
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
		base = set_base(a, va, tlb_size_shift((enum tlb_size)size));
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

		drop(t, a, (unsigned)(e - a->entries), reason);
	}
}

/* ---- invalidating ---- */

static void drop_tag(struct tlb *t, struct tlb_array *a, unsigned base,
                     uint64_t tag, enum tlb_drop reason)
{
	int index = find_tag(a, base, tag);

	if (index >= 0)
		drop(t, a, (unsigned)index, reason);
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
			drop(t, a, i, reason);
	}
}

void tlb_invalidate_addr(struct tlb *t, vaddr_t va, uint16_t pcid, bool globals,
                         enum tlb_drop reason)
{
	for (unsigned i = 0; i < t->nr_arrays * TLB_SIZE_COUNT; i++) {
		struct tlb_array *a = &t->arrays[i / TLB_SIZE_COUNT];
		enum tlb_size size = (enum tlb_size)(i % TLB_SIZE_COUNT);
		unsigned shift = tlb_size_shift(size);
		uint64_t tag = make_tag(va, shift, pcid);
		unsigned base = set_base(a, va, shift);

		if (!a->nr_valid || !(a->geo.sizes >> size & 1))
			continue;
		drop_tag(t, a, base, tag, reason);
		if (globals && a->nr_global)
			drop_tag(t, a, base, global_tag(tag), reason);
		if (a->nr_splintered)
			drop_pieces(t, a, va, pcid, globals, reason);
	}
}

/* Drop every entry whose tag, masked, is @value. */
static void drop_masked(struct tlb *t, uint64_t mask, uint64_t value,
                        enum tlb_drop reason)
{
	for (unsigned nr = 0; nr < t->nr_arrays; nr++) {
		struct tlb_array *a = &t->arrays[nr];

		for (unsigned i = 0; a->nr_valid && i < a->geo.entries; i++) {
			if ((a->tags[i] & mask) == value)
				drop(t, a, i, reason);
		}
	}
}

void tlb_invalidate_context(struct tlb *t, uint16_t pcid, enum tlb_drop reason)
{
	drop_masked(t, TAG_VALID | TAG_GLOBAL | TAG_PCID_MASK,
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
