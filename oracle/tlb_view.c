/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oracle/tlb_view.h"

#include <glib.h>

#include "base/access.h"
#include "base/machine.h"
#include "oracle/keymap.h"

/*
 * Entries hang in lists, one per CPU and 1 GiB of addresses for what is larger
 * than 2 MiB, one per CPU and 2 MiB for the others.
 */
#define REGION(shift) ((shift) > 21 ? 30U : 21U)

struct tlb_view {
	GArray *entries;     /* struct view_entry; 0 is never used */
	struct keymap lists; /* region -> first entry */
	uint32_t free;       /* list of dead entries, by next */
	uint64_t nr_sizes[TLB_SIZE_COUNT]; /* live entries */
	GArray *uses;                      /* struct view_use */
	struct keymap last_use;
};

static struct view_entry *entry_at(const struct tlb_view *v, uint32_t i)
{
	return &g_array_index(v->entries, struct view_entry, i);
}

struct tlb_view *tlb_view_new(void)
{
	struct tlb_view *v = g_new0(struct tlb_view, 1);

	v->entries = g_array_new(FALSE, TRUE, sizeof(struct view_entry));
	v->uses = g_array_new(FALSE, FALSE, sizeof(struct view_use));
	keymap_init(&v->lists);
	keymap_init(&v->last_use);
	tlb_view_reset(v);
	return v;
}

void tlb_view_free(struct tlb_view *v)
{
	g_array_free(v->entries, TRUE);
	g_array_free(v->uses, TRUE);
	keymap_fini(&v->lists);
	keymap_fini(&v->last_use);
	g_free(v);
}

void tlb_view_reset(struct tlb_view *v)
{
	g_array_set_size(v->entries, 1);
	keymap_reset(&v->lists);
	g_array_set_size(v->uses, 0);
	keymap_reset(&v->last_use);
	v->free = 0;
	memset(v->nr_sizes, 0, sizeof(v->nr_sizes));
}

static uint64_t list_key(unsigned cpu, vaddr_t va, unsigned shift)
{
	unsigned region = REGION(shift);

	return (uint64_t)cpu << 56 | (uint64_t)(region == 30) << 55 |
	       va >> region;
}

static uint32_t list_head(const struct tlb_view *v, uint64_t key)
{
	uint32_t head = keymap_get(&v->lists, key);

	return head == KEYMAP_NONE ? 0 : head;
}

static void add(struct tlb_view *v, unsigned cpu, const struct tlb_entry *e)
{
	uint64_t key = list_key(cpu, e->va, e->shift);
	uint32_t i = v->free;

	if (i) {
		v->free = entry_at(v, i)->next;
	} else {
		i = v->entries->len;
		g_array_set_size(v->entries, i + 1);
	}
	*entry_at(v, i) = (struct view_entry){
		.va = e->va,
		.pfn = e->pfn,
		.serial = e->serial,
		.fill_step = e->fill_step,
		.pcid = e->pcid,
		.shift = e->shift,
		.rights = e->rights,
		.filled_by = e->filled_by,
		.next = list_head(v, key),
		.cpu = cpu,
		.live = true,
	};
	keymap_put(&v->lists, key, i);
	v->nr_sizes[tlb_shift_size(e->shift)]++;
}

static void drop(struct tlb_view *v, unsigned cpu, const struct tlb_entry *e)
{
	uint64_t key = list_key(cpu, e->va, e->shift);
	uint32_t prev = 0, i = list_head(v, key);

	while (i && (entry_at(v, i)->serial != e->serial ||
	             entry_at(v, i)->va != e->va)) {
		prev = i;
		i = entry_at(v, i)->next;
	}
	if (!i)
		return;
	if (prev)
		entry_at(v, prev)->next = entry_at(v, i)->next;
	else
		keymap_put(&v->lists, key, entry_at(v, i)->next);
	v->nr_sizes[tlb_shift_size(e->shift)]--;
	entry_at(v, i)->live = false;
	entry_at(v, i)->next = v->free;
	v->free = i;
}

void tlb_view_before(struct tlb_view *v, const struct event *ev)
{
	if (ev->type == EV_TLB_DROP && ev->agent && ev->agent->cpu)
		drop(v, ev->agent->cpu->id, ev->data);
}

void tlb_view_after(struct tlb_view *v, const struct event *ev)
{
	if (ev->type == EV_TLB_FILL && ev->agent && ev->agent->cpu)
		add(v, ev->agent->cpu->id, ev->data);
}

static bool overlaps(const struct view_entry *o, const struct tlb_entry *e)
{
	unsigned shift = MAX(o->shift, e->shift);

	return o->shift != e->shift && o->va >> shift == e->va >> shift &&
	       (o->pcid == e->pcid || (o->rights & TLB_G) ||
	        (e->rights & TLB_G));
}

static const struct view_entry *search(const struct tlb_view *v, uint64_t key,
                                       const struct tlb_entry *e)
{
	for (uint32_t i = list_head(v, key); i; i = entry_at(v, i)->next)
		if (overlaps(entry_at(v, i), e))
			return entry_at(v, i);
	return NULL;
}

/* Entries of up to 2 MiB under a larger page. */
static const struct view_entry *
search_region(const struct tlb_view *v, unsigned cpu, const struct tlb_entry *e)
{
	const struct view_entry *o = NULL;

	for (unsigned i = 0; i < 1U << (e->shift - 21) && !o; i++)
		o = search(v, list_key(cpu, e->va + ((uint64_t)i << 21), 21),
		           e);
	return o ? o : search(v, list_key(cpu, e->va, 30), e);
}

const struct view_entry *tlb_view_overlap(const struct tlb_view *v,
                                          unsigned cpu,
                                          const struct tlb_entry *e)
{
	const struct view_entry *o = NULL;
	unsigned nr_kinds = 0;

	for (unsigned i = 0; i < TLB_SIZE_COUNT; i++)
		nr_kinds += i == tlb_shift_size(e->shift) || v->nr_sizes[i];
	if (nr_kinds < 2)
		return NULL;
	if (REGION(e->shift) == 30)
		return search_region(v, cpu, e);
	o = search(v, list_key(cpu, e->va, 21), e);
	return o ? o : search(v, list_key(cpu, e->va, 30), e);
}

/* ---- uses ---- */

static uint64_t use_key(paddr_t root, uint64_t vpn, unsigned cpu)
{
	uint64_t key = (vpn << 6 | cpu) * UINT64_C(0x9e3779b97f4a7c15);

	return (key ^ root) * UINT64_C(0xbf58476d1ce4e5b9);
}

static struct view_use *find_use(const struct tlb_view *v, paddr_t root,
                                 uint64_t vpn, unsigned cpu)
{
	uint32_t i = keymap_get(&v->last_use, use_key(root, vpn, cpu));
	struct view_use *use;

	if (i == KEYMAP_NONE)
		return NULL;
	use = &g_array_index(v->uses, struct view_use, i);
	return use->root == root && use->vpn == vpn && use->cpu == cpu ? use
	                                                               : NULL;
}

void tlb_view_note_use(struct tlb_view *v, const struct access_record *rec,
                       int agent, uint64_t step)
{
	uint64_t vpn = rec->va >> PAGE_SHIFT;
	struct view_use *use = find_use(v, rec->root, vpn, rec->cpu);

	if (!use) {
		keymap_put(&v->last_use, use_key(rec->root, vpn, rec->cpu),
		           v->uses->len);
		g_array_set_size(v->uses, v->uses->len + 1);
		use = &g_array_index(v->uses, struct view_use,
		                     v->uses->len - 1);
	}
	*use = (struct view_use){
		.root = rec->root,
		.vpn = vpn,
		.pfn = rec->pa >> PAGE_SHIFT,
		.fill_step = rec->entry->fill_step,
		.use_step = step,
		.cpu = rec->cpu,
		.agent = agent,
		.filled_by = rec->entry->filled_by,
		.shift = rec->entry->shift,
	};
}

const struct view_use *tlb_view_last_use(const struct tlb_view *v, paddr_t root,
                                         vaddr_t va, unsigned cpu)
{
	return find_use(v, root, va >> PAGE_SHIFT, cpu);
}
