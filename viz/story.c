/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choose the records that explain a hazard.
 *
 * A record is chosen by what it says about the hazard's addresses and by who
 * acted; calls and page faults come with what was chosen inside of them.  If
 * that is too much for an e-mail the least telling lines go first.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mtetags.h"
#include "pagetable/pgtable.h"
#include "viz/story_internal.h"

static void note_frame(struct story *r, pfn_t pfn)
{
	for (unsigned i = 0; i < r->nr_frames; i++)
		if (r->frames[i] == pfn)
			return;
	if (r->nr_frames < FRAMES_MAX)
		r->frames[r->nr_frames++] = pfn;
}

static bool known_frame(const struct story *r, pfn_t pfn, uint64_t order)
{
	for (unsigned i = 0; i < r->nr_frames; i++)
		if (r->frames[i] - pfn < BIT_ULL(order))
			return true;
	return false;
}

static bool in_range(const struct story *r, vaddr_t addr, uint64_t size)
{
	return addr < r->h->end && addr + size > r->h->addr;
}

static uint64_t span(const struct record *rec)
{
	return rec->level ? BIT_ULL(pt_level_shift(rec->level)) : 1;
}

static bool is_link(const struct story *r, const struct record *rec)
{
	for (unsigned i = 0; i < r->h->nr_links; i++)
		if (r->h->links[i].step == rec->step &&
		    r->h->links[i].agent == rec->agent)
			return true;
	return false;
}

/* Entries that lead to the range, and what they led to. */
static enum weight weigh_entry(struct story *r, const struct record *rec)
{
	struct pt_entry old, new;

	if (rec->level > PT_LEVEL_PUD || !in_range(r, rec->addr, span(rec)))
		return is_link(r, rec) ? CENTRAL : HIDDEN;
	old = pt_decode(r->m, rec->level, rec->b);
	new = pt_decode(r->m, rec->level, rec->a);
	if (old.present)
		note_frame(r, old.pfn);
	if (new.present)
		note_frame(r, new.pfn);
	return is_link(r, rec) ? CENTRAL : TELLING;
}

static enum weight weigh_access(const struct story *r, const struct record *rec)
{
	if (!in_range(r, rec->addr, rec->c ? rec->c : 1))
		return HIDDEN;
	return is_link(r, rec) ? CENTRAL : HELPFUL;
}

/* Checks that pass are as many as accesses. */
static enum weight weigh_tag(struct story *r, const struct record *rec)
{
	if (r->h->id != ORACLE_TAG_CHECK ||
	    !in_range(r, rec->addr & MTE_GRANULE_MASK, MTE_GRANULE_SIZE))
		return HIDDEN;
	note_frame(r, rec->b >> PAGE_SHIFT);
	return is_link(r, rec) ? CENTRAL : rec->write ? TELLING : HIDDEN;
}

static enum weight weigh_page_tags(struct story *r, const struct record *rec)
{
	if (r->h->id != ORACLE_TAG_CHECK ||
	    !(known_frame(r, rec->addr, 0) ||
	      (rec->a && known_frame(r, rec->a, 0))))
		return HIDDEN;
	note_frame(r, rec->addr);
	return TELLING;
}

/* Flushes and interrupts matter between the change and the use. */
static enum weight weigh_flush(const struct story *r, const struct record *rec)
{
	if (!r->nr_frames || r->h->id == ORACLE_LEAK)
		return HIDDEN;
	if (rec->type == EV_IPI)
		return rec->a < 2 ? HELPFUL : HIDDEN;
	if (rec->cpu >= 0 && !(r->cpus >> rec->cpu & 1))
		return HIDDEN;
	if (rec->addr && r->h->end &&
	    !in_range(r, rec->addr & PAGE_MASK, PAGE_SIZE))
		return HIDDEN;
	return TELLING;
}

static bool is_about_locks(const struct story *r)
{
	return r->h->id == ORACLE_DEADLOCK || r->h->id == ORACLE_LOCK_RULE;
}

static enum weight weigh_lock(const struct story *r, const struct record *rec)
{
	if (!is_about_locks(r) || rec->agent < 0 ||
	    !(r->agents >> rec->agent & 1))
		return HIDDEN;
	return HELPFUL;
}

/* A rule that was broken on the way to a deadlock belongs to its story. */
static enum weight weigh_rule(const struct story *r, const struct record *rec)
{
	if (rec->step == r->h->step)
		return CENTRAL;
	return r->h->id == ORACLE_DEADLOCK ? weigh_lock(r, rec) : HIDDEN;
}

/* Each use of a reference is told. */
static enum weight weigh_pin(struct story *r, const struct record *rec)
{
	if (!in_range(r, rec->addr & PAGE_MASK, PAGE_SIZE))
		return HIDDEN;
	note_frame(r, rec->b >> PAGE_SHIFT);
	return is_link(r, rec) ? CENTRAL : TELLING;
}

static enum weight weigh(struct story *r, const struct record *rec)
{
	switch ((int)rec->type) {
	case EV_PT_WRITE:
		return weigh_entry(r, rec);
	case EV_ACCESS:
		return weigh_access(r, rec);
	case EV_TAG:
		return weigh_tag(r, rec);
	case EV_PAGE_TAGS:
		return weigh_page_tags(r, rec);
	case EV_PIN:
		return weigh_pin(r, rec);
	case EV_TLB_FILL:
		if (!in_range(r, rec->addr, span(rec)))
			return HIDDEN;
		return is_link(r, rec) ? CENTRAL : HELPFUL;
	case EV_FAULT:
		return in_range(r, rec->addr, 1) ? TELLING : HIDDEN;
	case EV_TLB_FLUSH:
	case EV_IPI:
		return weigh_flush(r, rec);
	case EV_FRAME_FREE:
		return known_frame(r, rec->addr, rec->a) ? TELLING : HIDDEN;
	case EV_WALK_READ:
	case EV_WALK_WRITE:
		return is_link(r, rec) && r->h->id == ORACLE_TABLE_UAF ? CENTRAL
		                                                       : HIDDEN;
	case EV_LOCK:
		return weigh_lock(r, rec);
	case EV_RULE:
		return weigh_rule(r, rec);
	case EV_OBJ_UAF:
	case EV_OBJ_BAD_FREE:
	case EV_FRAME_BAD_FREE:
	case EV_FRAME_UAF:
		return rec->step == r->h->step ? CENTRAL : HIDDEN;
	default:
		return HIDDEN;
	}
}

static bool is_enter(const struct record *rec)
{
	return rec->type == EV_SYSCALL_ENTER || rec->type == EV_KERNEL_ENTER;
}

static bool is_exit(const struct record *rec)
{
	return rec->type == EV_SYSCALL_EXIT || rec->type == EV_KERNEL_EXIT;
}

/* Calls of the agents while the records are gone through. */
struct calls {
	size_t open[NR_AGENTS_MAX]; /* record of the entry */
	uint64_t inside, chosen;    /* agents, bits */
};

static void choose_exit(struct story *r, struct calls *c, size_t i)
{
	const struct record *rec = &r->records[i];
	uint64_t bit = BIT_ULL(rec->agent);
	bool wanted = (c->chosen & bit) && rec->step <= r->h->step;

	if (is_link(r, rec) && rec->step >= r->first_step) {
		r->weights[c->open[rec->agent]] = CENTRAL;
		wanted = true;
	}
	r->weights[i] = wanted ? TELLING : HIDDEN;
	c->inside &= ~bit;
}

static void choose_call(struct story *r, struct calls *c, size_t i)
{
	const struct record *rec = &r->records[i];
	uint64_t bit = rec->agent < 0 ? 0 : BIT_ULL(rec->agent);

	if (is_enter(rec) && bit) {
		c->open[rec->agent] = i;
		c->inside |= bit;
		c->chosen &= ~bit;
	} else if (is_exit(rec) && (c->inside & bit)) {
		choose_exit(r, c, i);
	} else if (r->weights[i] && (c->inside & bit & ~c->chosen)) {
		r->weights[c->open[rec->agent]] = CENTRAL;
		c->chosen |= bit;
	}
}

/* A call is shown if something inside of it is, if its return is part of the
 * story, or if it did not end. */
static void choose_calls(struct story *r)
{
	struct calls c = { .inside = 0 };
	uint64_t left;

	for (size_t i = 0; i < r->nr_records; i++)
		choose_call(r, &c, i);
	for (left = c.inside & r->agents & ~c.chosen; left; left &= left - 1)
		r->weights[c.open[__builtin_ctzll(left)]] = TELLING;
}

/* Is there a record of the same agent and lock behind @i? */
static bool released_later(const struct story *r, size_t i)
{
	const struct record *got = &r->records[i];

	for (size_t k = i + 1; k < r->nr_records; k++) {
		const struct record *rec = &r->records[k];

		if (rec->step > r->h->step)
			return false;
		if (rec->type == EV_LOCK && rec->agent == got->agent &&
		    rec->addr == got->addr)
			return true;
	}
	return false;
}

/* Of the locks only those matter that are held when it happens. */
static void choose_held_locks(struct story *r)
{
	if (!is_about_locks(r))
		return;
	for (size_t i = 0; i < r->nr_records; i++) {
		const struct record *rec = &r->records[i];

		if (rec->type == EV_LOCK && r->weights[i] &&
		    (rec->a == 1 || released_later(r, i)))
			r->weights[i] = HIDDEN;
	}
}

static void choose_records(struct story *r)
{
	r->first_step = r->h->nr_links ? r->h->links[0].step : 0;
	if (!r->h->end)
		r->first_step = 0;
	for (unsigned i = 0; i < r->h->nr_links; i++) {
		const struct hazard_link *l = &r->h->links[i];

		r->agents |= l->agent < 0 ? 0 : BIT_ULL(l->agent);
		r->cpus |= l->cpu < 0 ? 0 : BIT_ULL(l->cpu);
	}
	for (size_t i = 0; i < r->nr_records; i++) {
		const struct record *rec = &r->records[i];

		if (rec->step >= r->first_step && rec->step <= r->h->step)
			r->weights[i] = (uint8_t)weigh(r, rec);
	}
	choose_held_locks(r);
	choose_calls(r);
}

/* ---- lines ---- */

struct nesting {
	bool call[NR_AGENTS_MAX];
	bool fault[NR_AGENTS_MAX];
};

/* How deep inside of calls and faults a record is. */
static unsigned depth_of(struct nesting *n, const struct record *rec,
                         bool shown)
{
	unsigned depth;

	if (rec->agent < 0)
		return 0;
	if (is_enter(rec) || is_exit(rec) || rec->type == EV_ACCESS)
		n->fault[rec->agent] = false;
	if (is_enter(rec) || is_exit(rec)) {
		n->call[rec->agent] = is_enter(rec) && shown;
		return is_exit(rec) ? 1 : 0;
	}
	depth = n->call[rec->agent] + n->fault[rec->agent];
	if (rec->type == EV_FAULT)
		n->fault[rec->agent] = shown;
	return depth;
}

/* Do two lines say the same but for the address? */
static bool same_kind(const struct line *a, const struct record *rec,
                      const char *text)
{
	const char *x = strstr(a->text, "0x");

	/* Entries of a table filled in one go are one line, too. */
	if (strstr(text, "->") && a->rec->step != rec->step)
		return false;
	if (a->rec->type != rec->type || a->rec->agent != rec->agent ||
	    (rec->type != EV_PT_WRITE && rec->type != EV_TLB_FLUSH) || !x)
		return false;
	return strncmp(a->text, text, (size_t)(x - a->text)) == 0;
}

static void add_line(struct story *r, const struct record *rec,
                     enum weight weight, unsigned depth, char *text)
{
	struct line line = { rec, text, weight, depth, 1 };
	struct line *last = NULL;

	if (r->lines->len)
		last = &g_array_index(r->lines, struct line, r->lines->len - 1);
	if (last && same_kind(last, rec, text)) {
		last->count++;
		last->weight = MAX(last->weight, weight);
		g_free(text);
		return;
	}
	g_array_append_val(r->lines, line);
}

/* Through which translation the access went that made the hazard. */
static void add_hit(struct story *r, const struct record *rec, unsigned depth)
{
	static const char *const sizes[] = { "?", "4K", "2M", "1G" };

	if (rec->type != EV_ACCESS || !rec->hit || !is_link(r, rec) ||
	    rec->level > 3)
		return;
	add_line(r, rec, CENTRAL, depth + 1,
	         g_strdup_printf("tlb hit %s -> frame %" PRIu64,
	                         sizes[rec->level], rec->b >> PAGE_SHIFT));
}

static void make_lines(struct story *r)
{
	struct nesting nesting = { 0 };

	for (size_t i = 0; i < r->nr_records; i++) {
		const struct record *rec = &r->records[i];
		bool shown = r->weights[i] != HIDDEN;
		unsigned depth = depth_of(&nesting, rec, shown);
		GString *text;

		if (!shown)
			continue;
		text = g_string_new(NULL);
		describe_record(text, r->m, rec);
		add_line(r, rec, r->weights[i], depth,
		         g_string_free(text, FALSE));
		add_hit(r, rec, depth);
	}
}

/* Those who cannot move, at the end: what each of them is about to do. */
static void make_waits(struct story *r)
{
	if (r->h->id != ORACLE_DEADLOCK)
		return;
	for (unsigned i = 0; i < r->h->nr_links; i++) {
		const struct hazard_link *link = &r->h->links[i];
		const char *label;

		if (link->agent < 0)
			continue;
		label = r->m->agents[link->agent]->next.label;
		r->waits[i] = (struct record){ .step = link->step,
			                       .type = EV_DEADLOCK,
			                       .agent = (int8_t)link->agent,
			                       .cpu = (int8_t)link->cpu };
		add_line(r, &r->waits[i], CENTRAL, 1,
		         g_strdup_printf("waits: %s", label ? label : "?"));
	}
}

/* The first of the least telling lines. */
static unsigned least_telling(const struct story *r)
{
	unsigned least = 0;

	for (unsigned i = 1; i < r->lines->len; i++)
		if (g_array_index(r->lines, struct line, i).weight <
		    g_array_index(r->lines, struct line, least).weight)
			least = i;
	return least;
}

static void shorten(struct story *r)
{
	while (r->lines->len > REPORT_LINES_MAX) {
		unsigned i = least_telling(r);

		g_free(g_array_index(r->lines, struct line, i).text);
		g_array_remove_index(r->lines, i);
		r->nr_left_out++;
	}
}

void story_tell(struct story *r, const struct recorder *rec)
{
	r->records = recorder_records(rec, &r->nr_records);
	r->weights = g_new0(uint8_t, r->nr_records + 1);
	r->lines = g_array_new(FALSE, FALSE, sizeof(struct line));
	choose_records(r);
	make_lines(r);
	make_waits(r);
	shorten(r);
}

void story_clear(struct story *r)
{
	for (unsigned i = 0; i < r->lines->len; i++)
		g_free(g_array_index(r->lines, struct line, i).text);
	g_array_free(r->lines, TRUE);
	g_free(r->weights);
}
