/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up the records that a chain is made of. */
#include <inttypes.h>
#include <string.h>

#include "base/lockdep.h"
#include "base/mtetags.h"
#include "base/rcu.h"
#include "pagetable/pgtable.h"
#include "viz/why_internal.h"

#define BIT(type) (UINT64_C(1) << (type))

/* ---- the records that the judges mean ---- */

static const uint64_t role_types[HAZARD_ROLE_COUNT] = {
	[HAZARD_FILLED] = BIT(EV_TLB_FILL),
	[HAZARD_SET] = BIT(EV_PT_WRITE),
	[HAZARD_REMOVED] = BIT(EV_PT_WRITE),
	[HAZARD_DECLARED] = BIT(EV_SYSCALL_EXIT) | BIT(EV_KERNEL_EXIT),
	[HAZARD_FREED] = BIT(EV_FRAME_FREE) | BIT(EV_OBJ_FREE),
	[HAZARD_PINNED] = BIT(EV_PIN),
	[HAZARD_STORED] = BIT(EV_ACCESS) | BIT(EV_PIN) | BIT(EV_TAG),
	[HAZARD_USED] = BIT(EV_ACCESS) | BIT(EV_WALK_READ) |
	                BIT(EV_WALK_WRITE) | BIT(EV_TLB_FILL) |
	                BIT(EV_FRAME_UAF) | BIT(EV_OBJ_UAF) |
	                BIT(EV_OBJ_BAD_FREE) | BIT(EV_FRAME_BAD_FREE) |
	                BIT(EV_PT_WRITE) | BIT(EV_RULE) | BIT(EV_NOTE) |
	                BIT(EV_PIN) | BIT(EV_TAG) | BIT(EV_FAULT),
};

/* The first record of @step or later. */
static size_t first_of(const struct why *w, uint64_t step)
{
	size_t low = 0, high = w->nr_records;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->records[middle].step < step)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t why_end_of(const struct why *w, uint64_t step)
{
	return first_of(w, step + 1);
}

static uint64_t bytes_of(const struct record *rec)
{
	if (rec->type == EV_ACCESS)
		return MAX(rec->c, 1);
	if (rec->type == EV_TAG)
		return 1;
	return rec->level ? BIT_ULL(pt_level_shift(rec->level)) : 1;
}

static bool overlaps(const struct record *rec, vaddr_t va, uint64_t size)
{
	return rec->addr < va + size && rec->addr + bytes_of(rec) > va;
}

/* Of records of one step: is it about what the hazard is about? */
static bool fits(const struct why *w, const struct record *rec)
{
	if (rec->type == EV_TLB_FILL || rec->type == EV_ACCESS)
		return !w->h->end ||
		       overlaps(rec, w->h->addr, w->h->end - w->h->addr);
	if (rec->type == EV_FRAME_FREE && w->has_frame)
		return w->frame - rec->addr < BIT_ULL(rec->a);
	if (rec->type == EV_OBJ_FREE)
		return g_strcmp0(rec->text, w->object) == 0;
	return true;
}

size_t why_link_record(const struct why *w, const struct hazard_link *link)
{
	uint64_t types = role_types[link->role];

	for (size_t i = first_of(w, link->step);
	     i < w->nr_records && w->records[i].step == link->step; i++)
		if (w->records[i].agent == link->agent &&
		    (types >> w->records[i].type & 1) &&
		    fits(w, &w->records[i]))
			return i;
	return NO_RECORD;
}

size_t why_role_record(const struct why *w, enum hazard_role role)
{
	for (unsigned i = 0; i < w->h->nr_links; i++)
		if (w->h->links[i].role == role)
			return why_link_record(w, &w->h->links[i]);
	return NO_RECORD;
}

/* ---- what happened to a page ---- */

/* Nobody knows whose it is, or it is the span's. */
static bool of_mm(const struct record *rec, const struct why_span *span)
{
	return !rec->d || !span->mm || rec->d == span->mm;
}

/* The address space that the CPU of record @i had loaded. */
uint64_t why_mm_of(const struct why *w, size_t i)
{
	const struct record *at = &w->records[i], *cr3 = NULL;

	while (i-- > 0) {
		const struct record *rec = &w->records[i];

		if (!cr3 && rec->type == EV_CR3 && rec->cpu == at->cpu)
			cr3 = rec;
		if (cr3 && rec->type == EV_MM_NEW && rec->b == cr3->a)
			return rec->a;
	}
	return 0;
}

/* From a present entry to none or to something else. */
static bool removes(const struct why *w, const struct record *rec)
{
	return pt_decode(w->m, rec->level, rec->b).present;
}

static void add_dirtied(struct why *w, size_t i, const struct why_span *span)
{
	const struct record *rec = &w->records[i];
	struct pt_entry old = pt_decode(w->m, PT_LEVEL_PTE, rec->b);
	struct pt_entry new = pt_decode(w->m, PT_LEVEL_PTE, rec->a);

	if (rec->c - span->va < span->size && new.dirty && !old.dirty)
		why_add(w, i, WHY_DIRTIED, NULL);
}

/* Does it take tables in or out? */
static bool is_for_table(const struct why *w, const struct record *rec)
{
	return !pt_decode(w->m, rec->level, rec->a).leaf &&
	       !pt_decode(w->m, rec->level, rec->b).leaf;
}

size_t why_add_changes(struct why *w, const struct why_span *span)
{
	size_t first = NO_RECORD;

	for (size_t i = span->from; i < span->to; i++) {
		const struct record *rec = &w->records[i];

		if (rec->type == EV_WALK_WRITE)
			add_dirtied(w, i, span);
		if (rec->type != EV_PT_WRITE || rec->level > PT_LEVEL_PUD ||
		    !overlaps(rec, span->va, span->size) || !of_mm(rec, span) ||
		    (span->leaves && is_for_table(w, rec)))
			continue;
		if (first == NO_RECORD && removes(w, rec))
			first = i;
		why_add(w, i, WHY_CHANGED, NULL);
	}
	return first;
}

/* A decision about the page that concerns the CPUs? */
static bool is_decision(const struct record *rec, const struct why_span *span)
{
	if (rec->type != EV_FLUSH || rec->addr >= span->va + span->size ||
	    rec->b <= span->va || !of_mm(rec, span))
		return false;
	return rec->c == FLUSH_EVERY_CPU || (span->cpus >> rec->c & 1);
}

/* The same agent said the same before. */
static bool said_before(const struct why *w, const struct record *rec)
{
	for (unsigned i = 0; i < w->links->len; i++) {
		const struct why_link *l =
			&g_array_index(w->links, struct why_link, i);
		const struct record *other =
			l->order < w->nr_records ? &w->records[l->order] : rec;

		if (other->type == EV_FLUSH && other->agent == rec->agent &&
		    other->text == rec->text && other->c == rec->c &&
		    other != rec)
			return true;
	}
	return false;
}

/* Was its flush owed by @agent? */
static bool owes(const struct why *w, int agent)
{
	for (unsigned i = 0; i < w->links->len; i++) {
		const struct why_link *l =
			&g_array_index(w->links, struct why_link, i);

		if (l->kind == WHY_OWED && l->agent == agent)
			return true;
	}
	return false;
}

/* When the owed flush began, if it did; the CPU was not left out. */
static void add_begun(struct why *w, const struct why_span *span)
{
	for (size_t i = span->from; i < w->nr_records; i++) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_FLUSH || rec->a != FLUSH_BEGUN ||
		    !is_decision(rec, span) || !owes(w, rec->agent))
			continue;
		why_add(w, i, WHY_FLUSHED, i >= span->to ? ", too late" : NULL);
		return;
	}
}

bool why_add_flushes(struct why *w, const struct why_span *span)
{
	unsigned before = w->links->len;
	bool skipped = false;

	for (size_t i = span->from; i < span->to; i++) {
		const struct record *rec = &w->records[i];

		if (!is_decision(rec, span) || rec->a == FLUSH_BEGUN ||
		    said_before(w, rec))
			continue;
		skipped |= rec->a == FLUSH_SKIPPED && rec->c != FLUSH_EVERY_CPU;
		why_add(w, i, rec->a == FLUSH_DEFERRED ? WHY_OWED : WHY_SKIPPED,
		        NULL);
	}
	if (!skipped)
		add_begun(w, span);
	return w->links->len > before;
}

/* ---- what happened to a frame ---- */

static size_t find_frame_event(const struct why *w, enum event_type type,
                               pfn_t pfn, size_t from)
{
	for (size_t i = from; i < w->end; i++) {
		const struct record *rec = &w->records[i];

		if (rec->type == type && pfn - rec->addr < BIT_ULL(rec->a))
			return i;
	}
	return NO_RECORD;
}

/* Who asked for the callback in which @i happened. */
static void add_queued(struct why *w, size_t i)
{
	const struct record *callback = NULL;

	while (i-- > 0) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_RCU)
			continue;
		if (!callback && rec->a == RCU_CALLBACK)
			callback = rec;
		if (!callback || rec->a != RCU_QUEUED ||
		    rec->addr != callback->addr)
			continue;
		why_add(w, i, WHY_QUEUED, ", to free it");
		return;
	}
}

/* The grace period after which @i happened: the newest that ended. */
static void add_grace(struct why *w, size_t i)
{
	g_autofree char *more = NULL;
	size_t end = NO_RECORD;

	while (i-- > 0) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_RCU)
			continue;
		if (rec->a == RCU_GP_END && end == NO_RECORD)
			end = i;
		if (rec->a != RCU_GP_START || end == NO_RECORD ||
		    rec->addr != w->records[end].addr)
			continue;
		more = g_strdup_printf(", begun at step %" PRIu64, rec->step);
		break;
	}
	if (end != NO_RECORD)
		why_add(w, end, WHY_GRACE, more);
}

static bool is_rcu(const struct why *w, const struct record *rec)
{
	return rec->agent >= 0 && (unsigned)rec->agent < w->m->nr_agents &&
	       w->m->agents[rec->agent]->kind == AGENT_RCU;
}

void why_add_callback(struct why *w, size_t i)
{
	if (!is_rcu(w, &w->records[i]))
		return;
	add_queued(w, i);
	add_grace(w, i);
}

void why_add_freed(struct why *w, size_t i)
{
	const struct record *rec = &w->records[i];
	bool table = rec->type == EV_FRAME_FREE && rec->b >= FRAME_PT_PTE &&
	             rec->b <= FRAME_PT_PGD;
	bool waits = table || rec->type == EV_OBJ_FREE;

	why_add_callback(w, i);
	why_add(w, i, WHY_FREED,
	        waits && !is_rcu(w, rec) ? ", without a grace period" : NULL);
}

/* Entries of other addresses that led to the frame: who may free it. */
static void add_mappings(struct why *w, pfn_t pfn, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct record *rec = &w->records[i];
		struct pt_entry old, new;

		if (rec->type != EV_PT_WRITE || rec->level > PT_LEVEL_PUD)
			continue;
		old = pt_decode(w->m, rec->level, rec->b);
		new = pt_decode(w->m, rec->level, rec->a);
		if ((old.present && old.leaf && old.pfn == pfn) ||
		    (new.present &&new.leaf &&new.pfn == pfn))
			why_add(w, i, WHY_CHANGED, NULL);
	}
}

void why_add_fate(struct why *w, pfn_t pfn, size_t from)
{
	size_t freed = find_frame_event(w, EV_FRAME_FREE, pfn, from);
	size_t reused;

	if (freed == NO_RECORD)
		return;
	add_mappings(w, pfn, from, freed);
	why_add_freed(w, freed);
	reused = find_frame_event(w, EV_FRAME_ALLOC, pfn, freed);
	if (reused != NO_RECORD)
		why_add(w, reused, WHY_REUSED, NULL);
}

/* ---- who reads, who holds ---- */

void why_add_irqs_off(struct why *w, int cpu, size_t until)
{
	for (size_t i = until; cpu >= 0 && i-- > 0;) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_IRQ || rec->cpu != cpu)
			continue;
		if (!rec->a)
			why_add(w, i, WHY_READER, NULL);
		return;
	}
}

/* The newest beginning or end of a read section of the agent of @i. */
static size_t newest_section(const struct why *w, size_t i)
{
	const struct record *at = &w->records[i];

	while (i-- > 0) {
		const struct record *rec = &w->records[i];

		if (rec->type == EV_RCU && rec->agent == at->agent &&
		    (rec->a == RCU_READ_BEGIN || rec->a == RCU_READ_END))
			return i;
	}
	return NO_RECORD;
}

void why_add_reader(struct why *w, size_t i)
{
	size_t section = newest_section(w, i);

	if (section != NO_RECORD && w->records[section].a == RCU_READ_BEGIN)
		why_add(w, section, WHY_READER, NULL);
	else
		why_add_irqs_off(w, w->records[i].cpu, i);
}

static bool released_before(const struct why *w, size_t i, size_t until)
{
	const struct record *got = &w->records[i];

	for (size_t k = i + 1; k < until; k++) {
		const struct record *rec = &w->records[k];

		if (rec->type == EV_LOCK && rec->a == LOCK_RELEASED &&
		    rec->agent == got->agent && rec->addr == got->addr)
			return true;
	}
	return false;
}

void why_add_held(struct why *w, int agent, size_t until, const char *class)
{
	for (size_t i = 0; i < until; i++) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_LOCK || rec->a != LOCK_ACQUIRED ||
		    (agent >= 0 && rec->agent != agent) ||
		    (class && g_strcmp0(rec->text, class) != 0) ||
		    released_before(w, i, until))
			continue;
		why_add(w, i, WHY_HELD, " and holds it");
	}
}

/* ---- tags ---- */

/* Since when the frame of record @i is what it is. */
static size_t allocated(const struct why *w, size_t i, pfn_t pfn)
{
	while (i > 0) {
		const struct record *rec = &w->records[--i];

		if (rec->type == EV_FRAME_ALLOC &&
		    pfn - rec->addr < BIT_ULL(rec->a))
			return i;
	}
	return 0;
}

size_t why_add_tags(struct why *w, size_t i)
{
	const struct record *at = &w->records[i];
	pfn_t pfn = at->b >> PAGE_SHIFT;
	size_t from = allocated(w, i, pfn), k = i;

	for (size_t n = from; n < w->nr_records; n++)
		if (w->records[n].type == EV_PAGE_TAGS &&
		    w->records[n].addr == pfn)
			why_add(w, n, WHY_STORED, NULL);
	while (k-- > 0) {
		const struct record *rec = &w->records[k];

		if (rec->type != EV_TAG || !rec->write ||
		    (rec->b ^ at->b) & MTE_GRANULE_MASK)
			continue;
		why_add(w, k, WHY_STORED, NULL);
		if (k < from)
			why_add_fate(w, pfn, k);
		break;
	}
	return from;
}
