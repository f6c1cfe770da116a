/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/evidence/reftlb.h"

#include <string.h>

static uint64_t page_of(uint64_t va, unsigned shift)
{
	return va >> shift << shift;
}

static bool is_global(const struct ref_entry *e)
{
	return e->rights & TLB_G;
}

static bool serves(const struct tlb_geometry *g, unsigned array, unsigned level,
                   enum tlb_kind kind, unsigned shift)
{
	const struct tlb_array_geometry *a = &g->array[array];

	return a->level == level && (a->kinds & 1 << kind) &&
	       (a->sizes & 1 << tlb_shift_size(shift));
}

/* Return: the array, or the number of arrays. */
static unsigned array_for(const struct tlb_geometry *g, unsigned level,
                          enum tlb_kind kind, unsigned shift)
{
	unsigned i = 0;

	while (i < g->nr_arrays && !serves(g, i, level, kind, shift))
		i++;
	return i;
}

void reftlb_init(struct reftlb *t, const struct tlb_geometry *g)
{
	t->geometry = g;
	t->granule[0] = t->granule[1] = 12;
	t->nr = t->nr_tables = t->nr_gone = 0;
}

/* ---- removing ---- */

static void remove_at(struct reftlb *t, unsigned i)
{
	memmove(&t->held[i], &t->held[i + 1],
	        (t->nr - i - 1) * sizeof(t->held[0]));
	t->nr--;
	t->nr_gone++;
}

static void pushed_out(struct reftlb *t, unsigned array, uint64_t serial,
                       uint64_t va)
{
	for (unsigned i = t->nr; i-- > 0;) {
		const struct ref_entry *e = &t->held[i];

		if (e->array == array && e->serial == serial && e->va == va)
			remove_at(t, i);
	}
}

bool reftlb_dropped(struct reftlb *t, const struct tlb *real,
                    const struct tlb_entry *e, enum tlb_drop reason)
{
	if (reason != TLB_DROP_REPLACED)
		return false;
	for (unsigned i = 0; i < real->nr_arrays; i++) {
		const struct tlb_array *a = &real->arrays[i];

		if (e >= a->entries && e < a->entries + a->geo.entries)
			pushed_out(t, i, e->serial, e->va);
	}
	return true;
}

void reftlb_drop_serial(struct reftlb *t, uint64_t serial)
{
	for (unsigned i = t->nr; i-- > 0;) {
		if (t->held[i].serial == serial)
			remove_at(t, i);
	}
}

/* SDM 3A 4.10.4.1: what translates the address, whatever its size; and the
 * whole page, into how many pieces ever it is held. */
static bool translates(const struct ref_entry *e, uint64_t va)
{
	return page_of(e->va, e->leaf_shift) == page_of(va, e->leaf_shift);
}

void reftlb_invalidate_addr(struct reftlb *t, uint64_t va, unsigned pcid,
                            bool globals)
{
	for (unsigned i = t->nr; i-- > 0;) {
		const struct ref_entry *e = &t->held[i];

		if (translates(e, va) &&
		    (is_global(e) ? globals : e->pcid == pcid))
			remove_at(t, i);
	}
}

void reftlb_invalidate_context(struct reftlb *t, unsigned pcid)
{
	for (unsigned i = t->nr; i-- > 0;) {
		if (!is_global(&t->held[i]) && t->held[i].pcid == pcid)
			remove_at(t, i);
	}
}

void reftlb_invalidate_all(struct reftlb *t, bool globals)
{
	for (unsigned i = t->nr; i-- > 0;) {
		if (globals || !is_global(&t->held[i]))
			remove_at(t, i);
	}
}

void reftlb_invalidate_globals(struct reftlb *t)
{
	for (unsigned i = t->nr; i-- > 0;) {
		if (is_global(&t->held[i]))
			remove_at(t, i);
	}
}

/* Do [@a, @a + @a_size) and [@b, @b + @b_size) meet? */
static bool meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	uint64_t last_a = a + a_size - 1, last_b = b + b_size - 1;

	return a <= last_b && b <= last_a;
}

void reftlb_invalidate_scope(struct reftlb *t, const struct tlb_scope *s)
{
	for (unsigned i = t->nr; i-- > 0;) {
		const struct ref_entry *e = &t->held[i];

		if (s->level && s->level != e->leaf_level)
			continue;
		if (is_global(e) ? !s->globals
		                 : !s->every_pcid && s->pcid != e->pcid)
			continue;
		if (!s->size ||
		    meet(page_of(e->va, e->leaf_shift),
		         UINT64_C(1) << e->leaf_shift, s->va, s->size))
			remove_at(t, i);
	}
}

/* ---- adding ---- */

/* One entry for a page, size and address space in an array. */
static void add(struct reftlb *t, unsigned array, const struct ref_entry *e)
{
	for (unsigned i = t->nr; i-- > 0;) {
		const struct ref_entry *old = &t->held[i];

		if (old->array == array && old->shift == e->shift &&
		    old->va == e->va && is_global(old) == is_global(e) &&
		    (is_global(e) || old->pcid == e->pcid))
			remove_at(t, i);
	}
	t->held[t->nr] = *e;
	t->held[t->nr++].array = array;
}

void reftlb_fill(struct reftlb *t, enum tlb_kind kind, uint64_t va,
                 struct ref_entry *e)
{
	const struct tlb_geometry *g = t->geometry;
	unsigned none = g->nr_arrays, l1, l2;

	e->leaf_shift = e->shift;
	while (array_for(g, 1, kind, e->shift) == none &&
	       array_for(g, 2, kind, e->shift) == none)
		e->shift = tlb_size_shift(tlb_shift_size(e->shift) - 1);
	e->pfn += (page_of(va, e->shift) - e->va) >> 12;
	e->va = page_of(va, e->shift);
	l1 = array_for(g, 1, kind, e->shift);
	l2 = array_for(g, 2, kind, e->shift);
	if (l2 != none)
		add(t, l2, e);
	if (l1 != none)
		add(t, l1, e);
}

void reftlb_set_dirty(struct reftlb *t, uint64_t serial)
{
	for (unsigned i = 0; i < t->nr; i++) {
		if (t->held[i].serial == serial)
			t->held[i].rights |= TLB_D;
	}
}

bool reftlb_holds(const struct reftlb *t, uint64_t serial)
{
	for (unsigned i = 0; i < t->nr; i++) {
		if (t->held[i].serial == serial)
			return true;
	}
	return false;
}

/* ---- looking up ---- */

static bool same_translation(const struct ref_entry *a,
                             const struct ref_entry *b)
{
	return a->serial == b->serial ||
	       (a->shift == b->shift && a->pfn == b->pfn &&
	        !((a->rights ^ b->rights) & ~(TLB_D | TLB_G)));
}

static unsigned add_match(struct ref_match *m, unsigned n,
                          const struct ref_entry *e, unsigned level)
{
	for (unsigned i = 0; i < n; i++) {
		if (same_translation(&m[i].entry, e))
			return n;
	}
	m[n] = (struct ref_match){ .entry = *e, .level = level };
	return n + 1;
}

unsigned reftlb_lookup(const struct reftlb *t, enum tlb_kind kind, uint64_t va,
                       unsigned pcid, struct ref_match m[TLB_MATCHES_MAX])
{
	unsigned n = 0;

	/* The order in which matches are told: level, size, globals last. */
	for (unsigned order = 0; order < 4 * TLB_SIZE_COUNT; order++) {
		unsigned level = 1 + order / (2 * TLB_SIZE_COUNT);
		enum tlb_size size =
			(enum tlb_size)(order / 2 % TLB_SIZE_COUNT);
		unsigned shift = tlb_size_shift(size);

		for (unsigned i = 0; i < t->nr; i++) {
			const struct ref_entry *e = &t->held[i];

			if (e->shift == shift && is_global(e) == order % 2 &&
			    e->va == page_of(va, shift) &&
			    (is_global(e) || e->pcid == pcid) &&
			    serves(t->geometry, e->array, level, kind, shift))
				n = add_match(m, n, e, level);
		}
	}
	return n;
}

void reftlb_use(struct reftlb *t, enum tlb_kind kind, const struct ref_match *m)
{
	unsigned l1 = array_for(t->geometry, 1, kind, m->entry.shift);

	if (m->level != 1 && l1 != t->geometry->nr_arrays)
		add(t, l1, &m->entry);
}

/* ---- paging-structure caches ---- */

static unsigned table_shift(const struct reftlb *t, const struct ref_table *e)
{
	unsigned granule = t->granule[e->va >> 63];

	return granule + (granule - 3) * (e->level - 1);
}

static bool spans(const struct reftlb *t, const struct ref_table *e,
                  uint64_t va, unsigned pcid)
{
	unsigned shift = table_shift(t, e);

	return e->pcid == pcid && page_of(e->va, shift) == page_of(va, shift);
}

static void remove_table(struct reftlb *t, unsigned i)
{
	memmove(&t->tables[i], &t->tables[i + 1],
	        (t->nr_tables - i - 1) * sizeof(t->tables[0]));
	t->nr_tables--;
}

const struct ref_table *reftlb_table(struct reftlb *t, uint64_t va,
                                     unsigned pcid)
{
	unsigned best = t->nr_tables;
	struct ref_table e;

	for (unsigned i = 0; i < t->nr_tables; i++) {
		if (spans(t, &t->tables[i], va, pcid) &&
		    (best == t->nr_tables ||
		     t->tables[i].level < t->tables[best].level))
			best = i;
	}
	if (best == t->nr_tables)
		return NULL;
	e = t->tables[best];
	remove_table(t, best);
	t->tables[t->nr_tables++] = e;
	return &t->tables[t->nr_tables - 1];
}

void reftlb_fill_table(struct reftlb *t, const struct ref_table *e)
{
	unsigned nr = 0, oldest = 0;

	if (!t->geometry->psc[e->level])
		return;
	for (unsigned i = t->nr_tables; i-- > 0;) {
		if (t->tables[i].level == e->level &&
		    spans(t, &t->tables[i], e->va, e->pcid))
			remove_table(t, i);
	}
	for (unsigned i = t->nr_tables; i-- > 0;) {
		if (t->tables[i].level != e->level)
			continue;
		nr++;
		oldest = i;
	}
	if (nr == t->geometry->psc[e->level])
		remove_table(t, oldest);
	t->tables[t->nr_tables++] = *e;
}

void reftlb_tables_addr(struct reftlb *t, uint64_t va, unsigned pcid)
{
	for (unsigned i = t->nr_tables; i-- > 0;) {
		if (spans(t, &t->tables[i], va, pcid))
			remove_table(t, i);
	}
}

void reftlb_tables_context(struct reftlb *t, unsigned pcid)
{
	for (unsigned i = t->nr_tables; i-- > 0;) {
		if (t->tables[i].pcid == pcid)
			remove_table(t, i);
	}
}

void reftlb_tables_scope(struct reftlb *t, const struct tlb_scope *s)
{
	for (unsigned i = t->nr_tables; i-- > 0;) {
		const struct ref_table *e = &t->tables[i];
		unsigned shift = table_shift(t, e);

		if (!s->every_pcid && s->pcid != e->pcid)
			continue;
		if (!s->size || meet(page_of(e->va, shift),
		                     UINT64_C(1) << shift, s->va, s->size))
			remove_table(t, i);
	}
}

void reftlb_tables_all(struct reftlb *t)
{
	t->nr_tables = 0;
}

/* ---- comparing ---- */

struct comparison {
	const struct reftlb *ref;
	const struct tlb *real;
	unsigned nr;
	const char *wrong;
};

static void find_entry(const struct tlb_array *a, const struct tlb_entry *e,
                       void *data)
{
	struct comparison *c = data;
	unsigned array = (unsigned)(a - c->real->arrays);

	c->nr++;
	for (unsigned i = 0; i < c->ref->nr; i++) {
		const struct ref_entry *r = &c->ref->held[i];

		if (r->array == array && r->serial == e->serial &&
		    r->va == e->va && r->pfn == e->pfn &&
		    r->shift == e->shift && r->leaf_shift == e->leaf_shift &&
		    r->leaf_level == e->leaf_level && r->pcid == e->pcid &&
		    r->rights == e->rights)
			return;
	}
	c->wrong = "an entry is held that should not be";
}

static void find_table(const struct psc_entry *e, void *data)
{
	struct comparison *c = data;

	c->nr++;
	for (unsigned i = 0; i < c->ref->nr_tables; i++) {
		const struct ref_table *r = &c->ref->tables[i];

		if (r->level == e->level && spans(c->ref, r, e->va, e->pcid) &&
		    r->table == e->table && r->rights == e->rights)
			return;
	}
	c->wrong = "a table is held that should not be";
}

const char *reftlb_compare(const struct reftlb *t, const struct tlb *real)
{
	struct comparison c = { .ref = t, .real = real };

	tlb_for_each(real, find_entry, &c);
	if (!c.wrong && c.nr != t->nr)
		c.wrong = "an entry is missing";
	c.nr = 0;
	psc_for_each(real, find_table, &c);
	if (!c.wrong && c.nr != t->nr_tables)
		c.wrong = "a table is missing";
	return c.wrong ? c.wrong : tlb_check(real);
}
