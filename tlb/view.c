/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at the TLB without changing it. */
#include "tlb/tlb.h"
#include "tlb/tlb_internal.h"

void tlb_for_each(const struct tlb *t,
                  void (*fn)(const struct tlb_array *a,
                             const struct tlb_entry *e, void *data),
                  void *data)
{
	for (unsigned nr = 0; nr < t->nr_arrays; nr++) {
		const struct tlb_array *a = &t->arrays[nr];

		for (unsigned i = 0; a->nr_valid && i < a->geo.entries; i++) {
			if (a->tags[i])
				fn(a, &a->entries[i], data);
		}
	}
}

void psc_for_each(const struct tlb *t,
                  void (*fn)(const struct psc_entry *e, void *data), void *data)
{
	for (unsigned level = TLB_LEVELS; level >= 2; level--) {
		const struct psc *p = &t->psc[level];

		for (unsigned i = 0; i < p->size; i++) {
			if (p->tags[i])
				fn(&p->entries[i], data);
		}
	}
}

const struct tlb_entry *tlb_nth(const struct tlb *t, unsigned n)
{
	for (unsigned nr = 0; nr < t->nr_arrays; nr++) {
		const struct tlb_array *a = &t->arrays[nr];

		if (n >= a->nr_valid) {
			n -= a->nr_valid;
			continue;
		}
		for (unsigned i = 0; i < a->geo.entries; i++) {
			if (a->tags[i] && !n--)
				return &a->entries[i];
		}
	}
	return NULL;
}

unsigned tlb_nr_valid(const struct tlb *t)
{
	unsigned n = 0;

	for (unsigned nr = 0; nr < t->nr_arrays; nr++)
		n += t->arrays[nr].nr_valid;
	return n;
}

/* ---- invariants ---- */

static bool tag_twice(const struct tlb_array *a, unsigned index)
{
	unsigned base = index - index % a->geo.ways;

	for (unsigned i = base; i < index; i++) {
		if (a->tags[i] == a->tags[index])
			return true;
	}
	return false;
}

static const char *check_entry(const struct tlb_array *a, unsigned index)
{
	const struct tlb_entry *e = &a->entries[index];
	uint64_t tag = make_tag(e->va, e->shift, e->pcid, a->page_shift);
	unsigned set = (unsigned)(e->va >> e->shift) & a->set_mask;

	if (e->rights & TLB_G)
		tag = global_tag(tag, a->page_shift);
	if (a->tags[index] != tag)
		return "a tag and its entry disagree";
	if (set != index / a->geo.ways)
		return "an entry is in the wrong set";
	if (!(a->geo.sizes >> tlb_shift_size(e->shift) & 1))
		return "an entry is in an array of other sizes";
	if (tag_twice(a, index))
		return "a translation is twice in one array";
	return NULL;
}

static const char *check_array(const struct tlb_array *a)
{
	unsigned valid = 0, global = 0, splintered = 0;

	for (unsigned i = 0; i < a->geo.entries; i++) {
		const char *wrong;

		if (!a->tags[i])
			continue;
		wrong = check_entry(a, i);
		if (wrong)
			return wrong;
		valid++;
		global += !!(a->entries[i].rights & TLB_G);
		splintered += a->entries[i].leaf_shift != a->entries[i].shift;
	}
	if (valid != a->nr_valid || global != a->nr_global ||
	    splintered != a->nr_splintered)
		return "a count is wrong";
	return NULL;
}

static const char *check_hint(const struct tlb *t, enum tlb_kind kind,
                              const struct tlb_hint *h)
{
	struct tlb_match m[TLB_MATCHES_MAX];
	/* The key's page number, its topmost bits as they were. */
	vaddr_t va = (vaddr_t)((int64_t)h->key >> 16) << PAGE_SHIFT;

	if (h->epoch != t->epoch)
		return NULL;
	if (tlb_lookup(t, kind, va, (uint16_t)h->key, m) != 1)
		return "a hint is not the only match";
	if (m[0].entry != h->entry || m[0].level != 1)
		return "a hint leads astray";
	return NULL;
}

const char *tlb_check(const struct tlb *t)
{
	const char *wrong = NULL;

	for (unsigned nr = 0; !wrong && nr < t->nr_arrays; nr++)
		wrong = check_array(&t->arrays[nr]);
	for (unsigned i = 0; !wrong && i < 2 * TLB_HINTS; i++) {
		enum tlb_kind kind = (enum tlb_kind)(i / TLB_HINTS);

		wrong = check_hint(t, kind, &t->hints[kind][i % TLB_HINTS]);
	}
	return wrong;
}
