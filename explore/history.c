/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explore/history.h"

#include <glib.h>
#include <string.h>

#include "base/bug.h"

/* Accesses of more bytes than this are looked up one by one. */
#define NARROW_BYTES  64
#define GRANULE_SHIFT 3
#define KEYS_MAX      (NARROW_BYTES / 8 + 2)
#define WIDTH_STEP    16
#define SLOTS_MIN     1024

void event_history_init(struct history *h)
{
	*h = (struct history){ .width = WIDTH_STEP };
	h->slot_mask = SLOTS_MIN - 1;
	h->slots = g_new0(struct object_slot, SLOTS_MIN);
	for (unsigned i = 0; i < NR_AGENTS_MAX; i++)
		h->last[i] = NO_EVENT;
}

void history_fini(struct history *h)
{
	g_free(h->footprints);
	g_free(h->clocks);
	g_free(h->own);
	g_free(h->previous);
	g_free(h->first_access);
	g_free(h->accesses);
	g_free(h->slots);
	g_free(h->wide);
}

/* ---- objects by key ---- */

static bool is_wide(const struct footprint *fp)
{
	return fp->end - fp->start > NARROW_BYTES;
}

/* Memory goes by words, everything else by its identity. */
static unsigned object_keys(const struct footprint *fp, objid_t *keys)
{
	uint64_t space = fp->start >> OBJ_SPACE_SHIFT;
	objid_t last = (fp->end - 1) >> GRANULE_SHIFT;
	unsigned n = 0;

	if (fp->start == fp->end || is_wide(fp))
		return 0;
	if (space != OBJ_SPACE_PHYS && space != OBJ_SPACE_KERNEL) {
		keys[0] = fp->start;
		return 1;
	}
	for (objid_t key = fp->start >> GRANULE_SHIFT; key <= last; key++)
		keys[n++] = key;
	return n;
}

static unsigned hash_key(objid_t key)
{
	return (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40);
}

/* Where @key is or would be. */
static unsigned find_slot(const struct history *h, objid_t key)
{
	unsigned i = hash_key(key) & h->slot_mask;

	while (h->slots[i].key && h->slots[i].key != key)
		i = (i + 1) & h->slot_mask;
	return i;
}

static uint32_t newest_access(const struct history *h, objid_t key)
{
	const struct object_slot *slot = &h->slots[find_slot(h, key)];

	return slot->key ? slot->newest : NO_EVENT;
}

/* Objects of the past are forgotten, the others are put in a larger table. */
static void rehash(struct history *h)
{
	struct object_slot *old = h->slots;
	unsigned nr_old = h->slot_mask + 1, *moved = g_new(unsigned, nr_old);
	unsigned live = 0;

	for (unsigned i = 0; i < nr_old; i++)
		live += old[i].key && old[i].newest != NO_EVENT;
	while (live * 4 > h->slot_mask)
		h->slot_mask = h->slot_mask * 2 + 1;
	h->slots = g_new0(struct object_slot, h->slot_mask + 1);
	h->nr_used = live;
	for (unsigned i = 0; i < nr_old; i++) {
		if (!old[i].key || old[i].newest == NO_EVENT)
			continue;
		moved[i] = find_slot(h, old[i].key);
		h->slots[moved[i]] = old[i];
	}
	for (unsigned i = 0; i < h->nr_accesses; i++)
		h->accesses[i].slot = moved[h->accesses[i].slot];
	g_free(moved);
	g_free(old);
}

static bool are_alike(const struct footprint *a, const struct footprint *b)
{
	return a->lane == b->lane && a->suspended == b->suspended &&
	       a->masked == b->masked && !a->opened && !b->opened;
}

/* While a task moves, thousands of steps hold off the others of its CPU. */
static uint32_t find_unlike(const struct history *h, uint32_t event,
                            uint32_t older)
{
	const struct access_node *node;

	if (older == NO_EVENT)
		return NO_EVENT;
	node = &h->accesses[older];
	if (are_alike(&h->footprints[event], &h->footprints[node->event]))
		return node->unlike;
	return older;
}

static void add_access_of(struct history *h, uint32_t event, objid_t key,
                          bool writes, bool whole)
{
	struct access_node *node;
	unsigned i;

	if (h->nr_used * 2 > h->slot_mask)
		rehash(h);
	i = find_slot(h, key);
	if (!h->slots[i].key) {
		h->slots[i] = (struct object_slot){ key, NO_EVENT };
		h->nr_used++;
	}
	if (h->nr_accesses == h->access_room) {
		h->access_room = MAX(256U, h->access_room * 2);
		h->accesses = g_renew(struct access_node, h->accesses,
		                      h->access_room);
	}
	node = &h->accesses[h->nr_accesses];
	node->event = event;
	node->older = h->slots[i].newest;
	node->unlike = find_unlike(h, event, node->older);
	node->slot = i;
	node->writes = writes;
	node->whole = whole;
	h->slots[i].newest = h->nr_accesses++;
}

static void add_access(struct history *h, objid_t key, bool writes, bool whole)
{
	add_access_of(h, h->nr_events, key, writes, whole);
}

/* ---- what a step depends on ---- */

struct search {
	const struct history *h;
	const struct footprint *fp;
	unsigned which;
	bool may_commute; /* what is looked up now */
	struct rivals *out;
};

/* Of its CPU: nor could it move right before @other for want of the CPU, or of
 * interrupts; the rival is older. */
static bool is_held_off(const struct search *s, const struct footprint *other)
{
	return s->which != RIVALS_ALL && other->lane &&
	       other->lane == s->fp->lane &&
	       ((other->suspended >> s->fp->agent & 1) ||
	        (s->fp->kind == STEP_IRQ && other->masked));
}

/*
 * Does the step need @event to have come first?  What opened the gate it waits
 * at could only come later if something else opened it, which then depends on
 * @event, or if it were not closed, which is a race with who closed it.
 */
static bool is_needed(const struct search *s, uint32_t event)
{
	const struct history *h = s->h;
	const struct footprint *other = &h->footprints[event];
	uint32_t last = h->last[s->fp->agent];

	if (s->which == RIVALS_ALL)
		return false;
	if ((s->which & RIVALS_PAST_UNLOCKS) && other->kind == STEP_UNLOCK)
		return true;
	return (other->freed >> s->fp->agent & 1) &&
	       (last == NO_EVENT || event > last);
}

static void add_rival(struct search *s, uint32_t event)
{
	unsigned agent = s->h->footprints[event].agent;
	struct rivals *out = s->out;

	if (agent == s->fp->agent)
		return;
	if ((out->agents >> agent & 1) && out->events[agent] >= event)
		return;
	out->agents |= BIT_ULL(agent);
	out->events[agent] = event;
}

static bool covers(const struct footprint *all, const struct footprint *part)
{
	return all->start <= part->start && part->end <= all->end;
}

static bool commutes(const struct search *s, const struct footprint *other)
{
	return other->commutes && s->may_commute;
}

/* Does what @s looks for depend on this access of one of its objects? */
static bool concerns(const struct search *s, const struct access_node *node,
                     bool writes, bool whole)
{
	const struct footprint *other = &s->h->footprints[node->event];

	if (commutes(s, other) && footprints_commute(other, s->fp))
		return false;
	if (!whole && !node->whole && !objects_conflict(other, s->fp))
		return false;
	return writes || node->writes;
}

/* Is what came before @node ordered before it, and so no rival? Those that
 * commute among themselves are all looked at. */
static bool hides_older(const struct search *s, const struct access_node *node,
                        bool whole)
{
	const struct footprint *other = &s->h->footprints[node->event];

	return node->writes && !commutes(s, other) &&
	       (whole || node->whole || covers(other, s->fp));
}

/* Reads since the last write of an object, and that write. */
static void search_object(struct search *s, objid_t key, bool writes,
                          bool whole)
{
	const struct history *h = s->h;
	uint32_t i, next;

	for (i = newest_access(h, key); i != NO_EVENT; i = next) {
		const struct access_node *node = &h->accesses[i];
		const struct footprint *other = &h->footprints[node->event];
		bool held_off = is_held_off(s, other);

		next = held_off ? node->unlike : node->older;
		if (!concerns(s, node, writes, whole))
			continue;
		/* Before that the gate was closed. */
		if ((s->which & RIVALS_PAST_SIGNALS) && other->opened &&
		    other->kind == STEP_SIGNAL)
			break;
		if (held_off || is_needed(s, node->event))
			continue;
		add_rival(s, node->event);
		if (hides_older(s, node, whole))
			break;
	}
}

static void search_wide(struct search *s)
{
	const struct history *h = s->h;

	if (s->fp->start == s->fp->end)
		return;
	for (unsigned i = h->nr_wide; i--;) {
		const struct footprint *other = &h->footprints[h->wide[i]];

		if (objects_conflict(other, s->fp))
			add_rival(s, h->wide[i]);
	}
}

/* Something of the size of a frame: look at everything. */
static void search_all(struct search *s)
{
	const struct history *h = s->h;

	for (unsigned i = h->nr_events; i--;) {
		if (objects_conflict(&h->footprints[i], s->fp))
			add_rival(s, i);
	}
}

/* Who touched what the step freed. */
static void search_freed(struct search *s)
{
	const struct footprint *fp = s->fp;

	for (unsigned i = 0; i < fp->nr_frees; i++) {
		objid_t key = freed_start(&fp->frees[i]) >> GRANULE_SHIFT;
		objid_t end = freed_end(&fp->frees[i]) >> GRANULE_SHIFT;

		for (; key < end; key++)
			search_object(s, key, true, true);
	}
}

static objid_t enabled_key(const struct history *h, unsigned agent)
{
	uint32_t last = h->last[agent];
	uint32_t next = last == NO_EVENT ? 1 : h->own[last] + 1;

	return hidden_obj(HIDDEN_ENABLED, (uint64_t)agent << 40 | next);
}

/* call_rcu() and the beginning of a reading section depend on each other. */
static void search_sections(struct search *s)
{
	uint64_t cpus = s->fp->snapshots ? s->h->readers : 0;

	for_each_bit(cpu, cpus)
		search_object(s, hidden_obj(HIDDEN_BEGUN, cpu), false, true);
	if (s->fp->begun)
		search_object(s, hidden_obj(HIDDEN_SNAPSHOT, 0), false, true);
}

/*
 * A grace period ends after the reading sections that began before call_rcu().
 * Whether such a section ended before call_rcu() or after it makes no
 * difference: the two do not depend on each other, and the end of the grace
 * period comes after both.
 */
static void search_reports(struct search *s)
{
	uint64_t cpus = s->h->reporters;
	uint32_t nr = s->fp->ends;

	search_object(s, hidden_obj(HIDDEN_QUEUED, nr), false, true);
	for_each_bit(cpu, cpus)
	{
		uint64_t report = hidden_report(cpu, nr);

		search_object(s, hidden_obj(HIDDEN_REPORT, report), false,
		              true);
	}
}

static void search_lane(struct search *s)
{
	uint64_t cpu = s->fp->lane;

	if (s->fp->interrupt) {
		search_object(s, hidden_obj(HIDDEN_MASKED, cpu), true, true);
		return;
	}
	search_object(s, hidden_obj(HIDDEN_LANE, cpu), true, true);
	search_object(s, hidden_obj(HIDDEN_INTERRUPT, cpu), true, true);
}

/* Gates, run queues, what the CPU did before. */
static void search_hidden(struct search *s)
{
	const struct footprint *fp = s->fp;

	search_object(s, enabled_key(s->h, fp->agent), false, true);
	if (fp->lane)
		search_lane(s);
	for_each_bit(watched, fp->watches) search_object(
		s, hidden_obj(HIDDEN_QUIET, watched), false, true);
	search_sections(s);
	search_freed(s);
	if (fp->ends && s->which == RIVALS_ALL)
		search_reports(s);
	if (fp->tlb)
		search_object(s, obj_make(OBJ_SPACE_TLB, fp->tlb - 1U), true,
		              true);
	for_each_bit(cpu, fp->quiet)
		search_object(s, hidden_obj(HIDDEN_QUIET, cpu), true, true);
	for_each_bit(cpu, fp->queues)
		search_object(s, obj_make(OBJ_SPACE_CPU, cpu), true, true);
}

void history_rivals(const struct history *h, const struct footprint *fp,
                    unsigned which, struct rivals *out)
{
	struct search s = { h, fp, which, true, out };
	objid_t keys[KEYS_MAX];
	unsigned n = object_keys(fp, keys);

	out->agents = 0;
	if (is_wide(fp)) {
		search_all(&s);
	} else {
		for (unsigned i = 0; i < n; i++)
			search_object(&s, keys[i], fp->writes, false);
		if (h->nr_wide)
			search_wide(&s);
	}
	s.which &= RIVALS_RACES;
	/* Both may close one gate. */
	for_each_bit(agent, fp->changed)
		search_object(&s, enabled_key(h, (unsigned)agent), true, true);
	s.may_commute = false;
	search_hidden(&s);
}

/* ---- clocks ---- */

/* As many at a time as compilers turn into vectors. */
static void join_clock(uint32_t *restrict clock, const uint32_t *restrict other,
                       unsigned width)
{
	for (unsigned end = 0; end < width; end += WIDTH_STEP) {
		for (unsigned i = 0; i < WIDTH_STEP; i++)
			clock[i] = MAX(clock[i], other[i]);
		clock += WIDTH_STEP;
		other += WIDTH_STEP;
	}
}

void history_clock_of(const struct history *h, unsigned agent,
                      const struct rivals *rivals, uint32_t *clock)
{
	uint32_t last = h->last[agent];

	if (last == NO_EVENT)
		memset(clock, 0, h->width * sizeof(*clock));
	else
		memcpy(clock, history_clock(h, last),
		       h->width * sizeof(*clock));
	for_each_bit(rival, rivals->agents) join_clock(
		clock, history_clock(h, rivals->events[rival]), h->width);
}

/* ---- events ---- */

/* Clocks get wider when an agent does not fit. */
static void widen(struct history *h, unsigned agent)
{
	unsigned width = (agent / WIDTH_STEP + 1) * WIDTH_STEP;
	uint32_t *clocks = g_new0(uint32_t, (size_t)h->room * width);

	for (unsigned i = 0; i < h->nr_events; i++)
		memcpy(&clocks[(size_t)i * width], history_clock(h, i),
		       h->width * sizeof(*clocks));
	g_free(h->clocks);
	h->clocks = clocks;
	h->width = width;
}

static void grow(struct history *h)
{
	h->room = MAX(256U, h->room * 2);
	h->footprints = g_renew(struct footprint, h->footprints, h->room);
	h->clocks = g_renew(uint32_t, h->clocks, (size_t)h->room * h->width);
	h->own = g_renew(uint32_t, h->own, h->room);
	h->previous = g_renew(uint32_t, h->previous, h->room);
	h->first_access = g_renew(uint32_t, h->first_access, h->room);
}

static void add_wide(struct history *h)
{
	if (h->nr_wide == h->wide_room) {
		h->wide_room = MAX(64U, h->wide_room * 2);
		h->wide = g_renew(uint32_t, h->wide, h->wide_room);
	}
	h->wide[h->nr_wide++] = h->nr_events;
}

/* Of a CPU that was quiescent in call_rcu() the last section's end is meant. */
static uint32_t reporter(const struct history *h, const struct footprint *fp,
                         uint64_t cpu)
{
	uint32_t i = newest_access(h, hidden_obj(HIDDEN_ENDED, cpu));

	if (!fp->snapshots)
		return h->nr_events;
	return i == NO_EVENT ? NO_EVENT : h->accesses[i].event;
}

static void add_reports(struct history *h, const struct footprint *fp)
{
	h->reporters |= fp->reports;
	for_each_bit(cpu, fp->reports)
	{
		uint32_t event = reporter(h, fp, cpu);
		uint64_t nr = event == NO_EVENT ? UINT64_MAX : fp->first_report;

		for (; nr <= fp->last_report; nr++)
			add_access_of(h, event,
			              hidden_obj(HIDDEN_REPORT,
			                         hidden_report(cpu, nr)),
			              true, true);
	}
}

static void add_sections(struct history *h, const struct footprint *fp)
{
	h->readers |= fp->begun;
	for_each_bit(cpu, fp->quiet)
		add_access(h, hidden_obj(HIDDEN_QUIET, cpu), true, true);
	for_each_bit(first, fp->begun)
		add_access(h, hidden_obj(HIDDEN_BEGUN, first), true, true);
	for_each_bit(last, fp->ended)
		add_access(h, hidden_obj(HIDDEN_ENDED, last), true, true);
	if (!fp->snapshots)
		return;
	add_access(h, hidden_obj(HIDDEN_SNAPSHOT, 0), true, true);
	add_access(h, hidden_obj(HIDDEN_QUEUED, fp->queued), true, true);
}

static void add_freed(struct history *h, const struct footprint *fp)
{
	for (unsigned i = 0; i < fp->nr_frees; i++) {
		objid_t key = freed_start(&fp->frees[i]) >> GRANULE_SHIFT;
		objid_t end = freed_end(&fp->frees[i]) >> GRANULE_SHIFT;

		for (; key < end; key++)
			add_access(h, key, true, true);
	}
}

static void add_lane(struct history *h, const struct footprint *fp)
{
	if (fp->interrupt) {
		add_access(h, hidden_obj(HIDDEN_INTERRUPT, fp->lane), true,
		           true);
		return;
	}
	add_access(h, hidden_obj(HIDDEN_LANE, fp->lane), true, true);
	if (fp->excludes)
		add_access(h, hidden_obj(HIDDEN_MASKED, fp->lane), true, true);
}

static void add_accesses(struct history *h, const struct footprint *fp)
{
	objid_t keys[KEYS_MAX];
	unsigned n = object_keys(fp, keys);

	for (unsigned i = 0; i < n; i++)
		add_access(h, keys[i], fp->writes, false);
	if (is_wide(fp))
		add_wide(h);
	if (fp->lane)
		add_lane(h, fp);
	for_each_bit(watched, fp->watches)
		add_access(h, hidden_obj(HIDDEN_QUIET, watched), false, true);
	if (fp->reports)
		add_reports(h, fp);
	if (fp->tlb)
		add_access(h, obj_make(OBJ_SPACE_TLB, fp->tlb - 1U), true,
		           true);
	add_sections(h, fp);
	add_freed(h, fp);
	for_each_bit(cpu, fp->queues)
		add_access(h, obj_make(OBJ_SPACE_CPU, cpu), true, true);
	for_each_bit(agent, fp->changed)
		add_access(h, enabled_key(h, (unsigned)agent), true, true);
}

void history_push(struct history *h, const struct footprint *fp)
{
	unsigned i = h->nr_events;
	uint32_t last = h->last[fp->agent];
	struct rivals rivals;

	if (fp->agent >= h->width)
		widen(h, fp->agent);
	if (i == h->room)
		grow(h);
	h->footprints[i] = *fp;
	h->own[i] = last == NO_EVENT ? 1 : h->own[last] + 1;
	h->previous[i] = last;
	h->first_access[i] = h->nr_accesses;
	history_rivals(h, fp, RIVALS_ALL, &rivals);
	history_clock_of(h, fp->agent, &rivals,
	                 &h->clocks[(size_t)i * h->width]);
	h->clocks[(size_t)i * h->width + fp->agent] = h->own[i];
	add_accesses(h, fp);
	h->last[fp->agent] = i;
	h->nr_events++;
}

static void pop(struct history *h)
{
	unsigned i = --h->nr_events;

	while (h->nr_accesses > h->first_access[i]) {
		const struct access_node *node = &h->accesses[--h->nr_accesses];

		h->slots[node->slot].newest = node->older;
	}
	if (h->nr_wide && h->wide[h->nr_wide - 1] == i)
		h->nr_wide--;
	h->last[h->footprints[i].agent] = h->previous[i];
}

void history_truncate(struct history *h, unsigned nr_events)
{
	while (h->nr_events > nr_events)
		pop(h);
}
