/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paging-structure caches: fully associative, LRU, one per level. */
#include <string.h>

#include "base/bug.h"
#include "tlb/tlb.h"
#include "tlb/tlb_internal.h"

/* | number of what the entry spans | PCID | 1 | */
#define PSC_PAGE_SHIFT 21
#define PSC_PCID_MASK  tag_pcid_mask(PSC_PAGE_SHIFT)

/* log2 of what entries for addresses like @va span, by level. */
static const uint8_t *psc_shifts(const struct tlb *t, vaddr_t va)
{
	return t->psc_shift[va >> 63];
}

static uint64_t psc_tag(vaddr_t va, unsigned shift, uint16_t pcid)
{
	return (va >> shift) << PSC_PAGE_SHIFT |
	       (uint64_t)pcid << TAG_PCID_SHIFT | TAG_VALID;
}

static uint8_t *psc_slot(struct psc *p, uint64_t tag)
{
	uint64_t hash = tag >> PSC_PAGE_SHIFT ^ tag >> TAG_PCID_SHIFT;

	return &p->slot[hash % sizeof(p->slot)];
}

/* Index of @tag or -1. The slot is where it was last seen. */
static int psc_find(struct psc *p, uint64_t tag)
{
	uint8_t *slot = psc_slot(p, tag);

	if (likely(p->tags[*slot] == tag))
		return *slot;
	for (unsigned i = 0; i < p->size; i++) {
		if (p->tags[i] == tag) {
			*slot = (uint8_t)i;
			return (int)i;
		}
	}
	return -1;
}

const struct psc_entry *psc_lookup(struct tlb *t, vaddr_t va, uint16_t pcid)
{
	const uint8_t *shift = psc_shifts(t, va);

	for (unsigned level = 2; level <= TLB_LEVELS; level++) {
		struct psc *p = &t->psc[level];
		int i;

		if (!p->nr_valid)
			continue;
		i = psc_find(p, psc_tag(va, shift[level], pcid));
		if (i < 0)
			continue;
		p->stamps[i] = ++t->clock;
		return &p->entries[i];
	}
	return NULL;
}

static unsigned psc_victim(const struct psc *p)
{
	unsigned victim = 0;

	for (unsigned i = 0; i < p->size; i++) {
		if (!p->tags[i])
			return i;
		if (p->stamps[i] < p->stamps[victim])
			victim = i;
	}
	return victim;
}

void psc_fill(struct tlb *t, const struct psc_entry *e)
{
	struct psc *p = &t->psc[e->level];
	uint64_t tag = psc_tag(e->va, psc_shifts(t, e->va)[e->level], e->pcid);
	unsigned index;
	int same;

	BUG_ON(e->level < 2 || e->level > TLB_LEVELS);
	if (!p->size)
		return;
	same = psc_find(p, tag);
	index = same >= 0 ? (unsigned)same : psc_victim(p);
	if (!p->tags[index])
		p->nr_valid++;
	p->tags[index] = tag;
	p->entries[index] = *e;
	p->stamps[index] = ++t->clock;
	*psc_slot(p, tag) = (uint8_t)index;
}

static void psc_drop(struct psc *p, unsigned index)
{
	p->tags[index] = 0;
	p->nr_valid--;
}

void psc_invalidate_addr(struct tlb *t, vaddr_t va, uint16_t pcid)
{
	const uint8_t *shift = psc_shifts(t, va);

	for (unsigned level = 2; level <= TLB_LEVELS; level++) {
		struct psc *p = &t->psc[level];
		int i = -1;

		if (p->nr_valid)
			i = psc_find(p, psc_tag(va, shift[level], pcid));

		if (i >= 0)
			psc_drop(p, (unsigned)i);
	}
}

void psc_invalidate_context(struct tlb *t, uint16_t pcid)
{
	const uint64_t mask = TAG_VALID | PSC_PCID_MASK;
	const uint64_t value = TAG_VALID | (uint64_t)pcid << TAG_PCID_SHIFT;

	for (unsigned level = 2; level <= TLB_LEVELS; level++) {
		struct psc *p = &t->psc[level];

		for (unsigned i = 0; p->nr_valid && i < p->size; i++) {
			if ((p->tags[i] & mask) == value)
				psc_drop(p, i);
		}
	}
}

static bool psc_in_scope(const struct tlb *t, const struct tlb_scope *s,
                         const struct psc_entry *e)
{
	uint64_t span = BIT_ULL(psc_shifts(t, e->va)[e->level]);

	if (!s->every_pcid && s->pcid != e->pcid)
		return false;
	return !s->size || s->va - e->va < span || e->va - s->va < s->size;
}

void psc_invalidate_scope(struct tlb *t, const struct tlb_scope *s)
{
	for (unsigned level = 2; level <= TLB_LEVELS; level++) {
		struct psc *p = &t->psc[level];

		for (unsigned i = 0; p->nr_valid && i < p->size; i++) {
			if (p->tags[i] && psc_in_scope(t, s, &p->entries[i]))
				psc_drop(p, i);
		}
	}
}

void psc_invalidate_all(struct tlb *t)
{
	for (unsigned level = 2; level <= TLB_LEVELS; level++) {
		struct psc *p = &t->psc[level];

		if (p->nr_valid)
			memset(p->tags, 0, sizeof(p->tags));
		p->nr_valid = 0;
	}
}
