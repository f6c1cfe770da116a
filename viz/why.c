/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "viz/why.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/lockdep.h"
#include "pagetable/pgtable.h"
#include "viz/why_internal.h"

/* ---- links ---- */

const char *why_kind_name(enum why_kind kind)
{
	static const char *const names[WHY_KIND_COUNT] = {
		[WHY_FILLED] = "filled",   [WHY_STORED] = "stored",
		[WHY_DIRTIED] = "dirtied", [WHY_CHANGED] = "changed",
		[WHY_OWED] = "owed",       [WHY_SKIPPED] = "skipped",
		[WHY_FLUSHED] = "flushed", [WHY_DECLARED] = "declared",
		[WHY_READER] = "reader",   [WHY_IPI] = "ipi",
		[WHY_PINNED] = "pinned",   [WHY_QUEUED] = "queued",
		[WHY_GRACE] = "grace",     [WHY_FREED] = "freed",
		[WHY_REUSED] = "reused",   [WHY_HELD] = "held",
		[WHY_WAITS] = "waits",     [WHY_USED] = "used",
	};

	return kind < WHY_KIND_COUNT ? names[kind] : "?";
}

/* What the columns leave out of an entry: "-> frame 512 (was table 6)". */
static void append_frames(GString *out, const struct machine *m,
                          const struct record *rec)
{
	struct pt_entry old = pt_decode(m, rec->level, rec->b);
	struct pt_entry new = pt_decode(m, rec->level, rec->a);

	if (new.present && !strstr(out->str, "->"))
		g_string_append_printf(out, " -> frame %" PRIu64, new.pfn);
	if (old.none && new.none)
		g_string_append(out, " (was none already)");
	if (!old.present)
		return;
	if (!new.present || old.leaf != new.leaf || old.pfn != new.pfn)
		g_string_append_printf(out, " (was %s %" PRIu64 "%s)",
		                       old.leaf ? "frame" : "table", old.pfn,
		                       old.leaf && !old.dirty ? ", clean" : "");
	else if (old.dirty && !new.dirty)
		g_string_append(out, ", D is lost");
}

/* As in the columns, which have less room. */
static void append_what(GString *out, const struct machine *m,
                        const struct record *rec)
{
	static const char *const sizes[] = { "?", "4K", "2M", "1G" };

	if (rec->type == EV_TLB_FILL) {
		g_string_append_printf(
			out, "tlb fill %s 0x%" PRIx64 " -> frame %" PRIu64,
			rec->level < 4 ? sizes[rec->level] : "?", rec->addr,
			rec->a);
		return;
	}
	describe_record(out, m, rec);
	if (rec->type == EV_PT_WRITE)
		append_frames(out, m, rec);
	if (rec->type == EV_ACCESS && rec->hit && rec->level < 4)
		g_string_append_printf(out, ", tlb hit %s -> frame %" PRIu64,
		                       sizes[rec->level], rec->b >> PAGE_SHIFT);
}

static char *name_of(const struct machine *m, int agent)
{
	if (agent < 0 || (unsigned)agent >= m->nr_agents)
		return g_strdup("set-up");
	return g_strdup(m->agents[agent]->name);
}

/* An empty link in front of number @at. */
static struct why_link *insert_link(struct why *w, unsigned at)
{
	const struct why_link empty = { .agent = -1, .cpu = -1 };

	g_array_insert_val(w->links, at, empty);
	return &g_array_index(w->links, struct why_link, at);
}

/* Where a link for record @i belongs; -1: it has one. */
static int place_of(const struct why *w, size_t i)
{
	int at = (int)w->links->len;

	for (; at > 0; at--) {
		size_t order =
			g_array_index(w->links, struct why_link, at - 1).order;

		if (order == i)
			return -1;
		if (order < i)
			break;
	}
	return at;
}

void why_add(struct why *w, size_t i, enum why_kind kind, const char *more)
{
	const struct record *rec = &w->records[i];
	int at = place_of(w, i);
	struct why_link *link;
	GString *what;

	if (at < 0)
		return;
	what = g_string_new(NULL);
	append_what(what, w->m, rec);
	if (more)
		g_string_append(what, more);
	link = insert_link(w, (unsigned)at);
	*link = (struct why_link){ .kind = kind,
		                   .step = rec->step,
		                   .agent = rec->agent,
		                   .cpu = rec->cpu,
		                   .order = i,
		                   .who = name_of(w->m, rec->agent),
		                   .what = g_string_free(what, FALSE) };
}

/* What the judges name. */
static void add_links(struct why *w)
{
	static const enum why_kind kinds[HAZARD_ROLE_COUNT] = {
		[HAZARD_FILLED] = WHY_FILLED,     [HAZARD_SET] = WHY_CHANGED,
		[HAZARD_REMOVED] = WHY_CHANGED,   [HAZARD_FREED] = WHY_FREED,
		[HAZARD_DECLARED] = WHY_DECLARED, [HAZARD_STORED] = WHY_STORED,
		[HAZARD_PINNED] = WHY_PINNED,     [HAZARD_USED] = WHY_USED,
	};

	for (unsigned i = 0; i < w->h->nr_links; i++) {
		const struct hazard_link *link = &w->h->links[i];
		size_t at = why_link_record(w, link);

		if (at == NO_RECORD)
			continue;
		if (link->role == HAZARD_FREED)
			why_add_freed(w, at);
		else
			why_add(w, at, kinds[link->role], NULL);
	}
}

/* ---- stale translations ---- */

/* The fill that the access @i of a CPU went through. */
static size_t fill_for(const struct why *w, size_t i)
{
	const struct record *access = &w->records[i];

	while (i-- > 0) {
		const struct record *rec = &w->records[i];

		if (rec->type == EV_TLB_FILL && rec->cpu == access->cpu &&
		    access->addr - rec->addr <
		            BIT_ULL(pt_level_shift(rec->level)))
			return i;
	}
	return NO_RECORD;
}

/* The page where the translations disagree: that of the access, or of the
 * smaller of two. */
static vaddr_t focus_of(const struct why *w)
{
	size_t used = why_role_record(w, HAZARD_USED);
	vaddr_t va = w->h->addr;

	if (used != NO_RECORD && w->records[used].type == EV_ACCESS)
		return w->records[used].addr & PAGE_MASK;
	for (unsigned i = 0; i < w->h->nr_links; i++) {
		size_t at = why_link_record(w, &w->h->links[i]);

		if (w->h->links[i].role == HAZARD_FILLED && at != NO_RECORD)
			va = MAX(va, w->records[at].addr);
	}
	return va & PAGE_MASK;
}

/* D was set on the way to the fill: that walk is part of the story. */
static void add_walk_dirtied(struct why *w, size_t fill)
{
	const struct record *filled = &w->records[fill];

	for (size_t i = fill; i-- > 0;) {
		const struct record *rec = &w->records[i];

		if (rec->agent != filled->agent)
			continue;
		if (rec->type == EV_TLB_FILL || rec->type == EV_ACCESS)
			return;
		if (rec->type == EV_WALK_WRITE &&
		    pt_decode(w->m, PT_LEVEL_PTE, rec->a).dirty)
			why_add(w, i, WHY_DIRTIED, NULL);
	}
}

/* Where the call began in which the CPU of @i was; @i if in none. */
static size_t call_of(const struct why *w, size_t i)
{
	for (size_t k = i; k-- > 0;) {
		const struct record *rec = &w->records[k];

		if (rec->cpu != w->records[i].cpu)
			continue;
		if (rec->type == EV_SYSCALL_ENTER ||
		    rec->type == EV_KERNEL_ENTER)
			return k;
		if (rec->type == EV_SYSCALL_EXIT || rec->type == EV_KERNEL_EXIT)
			return i;
	}
	return i;
}

/* The life of the page's translation of record @fill, until the hazard. */
static void add_translation(struct why *w, vaddr_t va, size_t fill,
                            uint64_t cpus)
{
	const struct record *rec = &w->records[fill];
	struct why_span span = { .from = fill,
		                 .to = w->end,
		                 .va = va,
		                 .size = PAGE_SIZE,
		                 .cpus = cpus,
		                 .mm = why_mm_of(w, fill) };
	size_t removed = why_add_changes(w, &span);

	why_add_fate(w, rec->a + ((va - rec->addr) >> PAGE_SHIFT), fill);
	if (removed == NO_RECORD)
		return;
	span.from = removed;
	if (why_add_flushes(w, &span))
		return;
	/* Or before it: the entry was still in a store buffer then. */
	span.from = call_of(w, removed);
	why_add_flushes(w, &span);
}

static uint64_t cpu_bit(const struct record *rec)
{
	return rec->cpu < 0 ? 0 : BIT_ULL(rec->cpu);
}

static void explain_translation(struct why *w)
{
	size_t stored = why_role_record(w, HAZARD_STORED);
	size_t fill = why_role_record(w, HAZARD_FILLED);
	uint64_t cpus = 0;

	add_links(w);
	if (stored != NO_RECORD) {
		size_t earlier = fill_for(w, stored);

		cpus |= cpu_bit(&w->records[stored]);
		if (earlier != NO_RECORD)
			fill = MIN(fill, earlier);
		if (earlier != NO_RECORD)
			add_walk_dirtied(w, earlier);
	}
	if (fill == NO_RECORD)
		return;
	why_add(w, fill, WHY_FILLED, NULL);
	cpus |= cpu_bit(&w->records[fill]);
	add_translation(w, focus_of(w), fill, cpus);
}

/* A tag that is not there: the page's translations, and who set its tags. */
static void explain_tags(struct why *w)
{
	size_t used = why_role_record(w, HAZARD_USED);
	size_t stored = why_role_record(w, HAZARD_STORED);
	struct why_span span = { .to = w->end,
		                 .va = w->h->addr & PAGE_MASK,
		                 .size = PAGE_SIZE,
		                 .leaves = true };

	explain_translation(w);
	if (used == NO_RECORD)
		return;
	span.from = why_add_tags(w, used);
	span.mm = why_mm_of(w, used);
	why_add_changes(w, &span);
	if (stored != NO_RECORD)
		why_add_tags(w, stored);
}

/* Memory that should not be shared: what became of the page in every address
 * space that maps it, since the first thing the judge names. */
static void explain_sharing(struct why *w)
{
	struct why_span span = { .from = NO_RECORD,
		                 .to = w->end,
		                 .va = w->h->addr & PAGE_MASK,
		                 .size = PAGE_SIZE };

	add_links(w);
	for (unsigned i = 0; i < w->h->nr_links; i++)
		span.from = MIN(span.from, why_link_record(w, &w->h->links[i]));
	if (span.from != NO_RECORD)
		why_add_changes(w, &span);
}

/* ---- tables ---- */

static bool leads_to_table(const struct why *w, unsigned level, uint64_t value,
                           pfn_t table)
{
	struct pt_entry e = pt_decode(w->m, level, value);

	return e.present && !e.leaf && e.pfn == table;
}

/* The newest write before the hazard that took @table out. */
static size_t find_unhook(const struct why *w, pfn_t table)
{
	for (size_t i = w->end; i-- > 0;) {
		const struct record *rec = &w->records[i];

		if (rec->type == EV_PT_WRITE && rec->level > PT_LEVEL_PTE &&
		    leads_to_table(w, rec->level, rec->b, table) &&
		    !leads_to_table(w, rec->level, rec->a, table))
			return i;
	}
	return NO_RECORD;
}

/* The walk from which the CPU of @used knows @table. */
static void add_walk(struct why *w, size_t used, pfn_t table, size_t before)
{
	g_autofree char *more = g_strdup_printf(
		" -> table %" PRIu64 ", kept in a paging-structure cache",
		table);

	for (size_t i = before; i-- > 0;) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_WALK_READ ||
		    rec->cpu != w->records[used].cpu ||
		    !leads_to_table(w, (unsigned)rec->b, rec->a, table))
			continue;
		why_add(w, i, WHY_FILLED, more);
		return;
	}
}

static bool is_hardware(const struct record *rec)
{
	return rec->type == EV_WALK_READ || rec->type == EV_WALK_WRITE ||
	       rec->type == EV_TLB_FILL;
}

/* Interrupts that the reader's CPU took meanwhile. */
static void add_ipis(struct why *w, size_t from, size_t used)
{
	for (size_t i = from; i < used; i++)
		if (w->records[i].type == EV_IPI && w->records[i].a == 1 &&
		    w->records[i].cpu == w->records[used].cpu)
			why_add(w, i, WHY_IPI, ": waits for no reader");
}

static void explain_table(struct why *w)
{
	size_t used = why_role_record(w, HAZARD_USED);
	size_t unhook = w->has_frame ? find_unhook(w, w->frame) : NO_RECORD;
	struct why_span span = { .to = w->end };

	add_links(w);
	if (used == NO_RECORD || unhook == NO_RECORD)
		return;
	why_add(w, unhook, WHY_CHANGED, NULL);
	if (is_hardware(&w->records[used])) {
		add_walk(w, used, w->frame, unhook);
	} else {
		why_add_reader(w, used);
		add_ipis(w, unhook, used);
	}
	span.mm = w->records[unhook].d;
	span.from = unhook;
	span.va = w->records[unhook].addr;
	span.size = BIT_ULL(pt_level_shift(w->records[unhook].level));
	span.cpus = cpu_bit(&w->records[used]);
	if (is_hardware(&w->records[used]))
		why_add_flushes(w, &span);
	why_add_fate(w, w->frame, unhook);
}

/* Everybody who wrote the entry that @unhook cleared, once it was clear, and
 * who asked for the second release. */
static void add_bad_free(struct why *w, size_t used, size_t unhook)
{
	why_add_callback(w, used);
	for (size_t i = unhook + 1; i < w->end; i++)
		if (w->records[i].type == EV_PT_WRITE &&
		    w->records[i].c == w->records[unhook].c)
			why_add(w, i, WHY_CHANGED, NULL);
}

static void explain_bad_table(struct why *w)
{
	size_t used = why_role_record(w, HAZARD_USED);
	size_t set = why_role_record(w, HAZARD_SET);
	size_t unhook = w->has_frame ? find_unhook(w, w->frame) : NO_RECORD;

	add_links(w);
	if (unhook == NO_RECORD)
		return;
	why_add(w, unhook, WHY_CHANGED, NULL);
	if (used != NO_RECORD && w->records[used].type == EV_FRAME_BAD_FREE)
		add_bad_free(w, used, unhook);
	if (set != NO_RECORD)
		why_add_reader(w, set);
	why_add_fate(w, w->frame, unhook);
}

/* break-before-make: who held what was changed, and what was not flushed. */
static void explain_live_change(struct why *w)
{
	size_t set = why_role_record(w, HAZARD_SET), i = set;

	add_links(w);
	while (set != NO_RECORD && i-- > 0) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_TLB_FILL || rec->addr >= w->h->end ||
		    rec->addr + BIT_ULL(pt_level_shift(rec->level)) <=
		            w->h->addr)
			continue;
		why_add(w, i, WHY_FILLED, NULL);
		return;
	}
}

/* The entry: how it came to be what the walk found, and what it became. */
static void explain_kernel_fault(struct why *w)
{
	size_t used = why_role_record(w, HAZARD_USED), before = NO_RECORD;

	add_links(w);
	for (size_t i = 0; used != NO_RECORD && i < w->nr_records; i++) {
		const struct record *rec = &w->records[i];

		if (rec->type != EV_PT_WRITE ||
		    w->h->addr - rec->addr >=
		            BIT_ULL(pt_level_shift(rec->level)))
			continue;
		if (i < used) {
			before = i;
			continue;
		}
		why_add(w, i, WHY_CHANGED, NULL);
		if (rec->level == PT_LEVEL_PTE)
			break;
	}
	if (before != NO_RECORD)
		why_add(w, before, WHY_CHANGED, NULL);
}

static void explain_object(struct why *w)
{
	size_t used = why_role_record(w, HAZARD_USED);
	size_t freed = why_role_record(w, HAZARD_FREED);

	add_links(w);
	if (used == NO_RECORD)
		return;
	why_add_reader(w, used);
	if (freed != NO_RECORD)
		add_ipis(w, freed, used);
}

/* ---- locks ---- */

/* What @a cannot pass: it spins there, or sleeps. */
static const struct gate *gate_of(const struct agent *a)
{
	const struct task *t = a->arg;

	if (a->gate)
		return a->gate;
	if (!a->cpu || !arena_contains(a->machine->arena, t) || t->agent != a)
		return NULL;
	return t->sleeping_on;
}

/* The lock with that gate, with which every lock begins, as somebody holds
 * it: "pte lock of CPU0 (reclaim)"; NULL: it is none. */
static char *lock_at(const struct machine *m, const struct gate *gate)
{
	for (unsigned i = 0; gate && i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		for (unsigned k = 0; k < a->nr_held; k++) {
			g_autofree char *who = NULL;

			if (a->held[k].lock != (const void *)gate)
				continue;
			who = agent_label(m, (int)i);
			return g_strdup_printf(
				"%s of %s", lock_class_name(a->held[k].class),
				who);
		}
	}
	return NULL;
}

static void add_wait(struct why *w, const struct hazard_link *l)
{
	const struct agent *a = w->m->agents[l->agent];
	g_autofree char *lock = lock_at(w->m, gate_of(a));
	const char *label = lock ? lock : a->next.label;
	struct why_link *link = insert_link(w, w->links->len);

	link->kind = WHY_WAITS;
	link->step = l->step;
	link->agent = l->agent;
	link->cpu = l->cpu;
	link->order = w->nr_records;
	link->who = name_of(w->m, l->agent);
	link->what = g_strdup_printf("waits: %s", label ? label : "?");
}

static void explain_deadlock(struct why *w)
{
	for (unsigned i = 0; i < w->h->nr_links; i++) {
		const struct hazard_link *l = &w->h->links[i];

		if (l->agent < 0)
			continue;
		why_add_held(w, l->agent, w->end, NULL);
		why_add_irqs_off(w, l->cpu, w->end);
	}
	for (unsigned i = 0; i < w->h->nr_links; i++)
		if (w->h->links[i].agent >= 0)
			add_wait(w, &w->h->links[i]);
}

/* Who has taken the two classes in the other order: still holds the second, or
 * took the first while holding it. */
static void add_other_order(struct why *w, size_t rule)
{
	const struct record *rec = &w->records[rule];
	const char *first, *second;

	if (g_strcmp0(rec->text, "lock order inversion") != 0)
		return;
	first = lock_class_name((enum lock_class)rec->a);
	second = lock_class_name((enum lock_class)rec->b);
	for (size_t i = 0; i < rule; i++) {
		const struct record *got = &w->records[i];
		unsigned before = w->links->len;

		if (got->type != EV_LOCK || got->a != LOCK_ACQUIRED ||
		    g_strcmp0(got->text, first) != 0)
			continue;
		why_add_held(w, got->agent, i, second);
		if (w->links->len == before)
			continue;
		why_add(w, i, WHY_HELD, " in the other order");
		return;
	}
	why_add_held(w, -1, rule, second);
}

static void explain_rule(struct why *w)
{
	size_t rule = why_role_record(w, HAZARD_USED);

	add_links(w);
	if (rule == NO_RECORD)
		return;
	why_add_held(w, w->records[rule].agent, rule, NULL);
	add_other_order(w, rule);
}

/* ---- all of them ---- */

static void (*const explain[ORACLE_COUNT])(struct why *w) = {
	[ORACLE_STALE_USE] = explain_translation,
	[ORACLE_FRAME_UAF] = explain_translation,
	[ORACLE_TABLE_UAF] = explain_table,
	[ORACLE_LOST_DIRTY] = explain_translation,
	[ORACLE_COW_LEAK] = explain_sharing,
	[ORACLE_LOST_WRITE] = explain_translation,
	[ORACLE_POSTCONDITION] = explain_translation,
	[ORACLE_SIZE_MIX] = explain_translation,
	[ORACLE_SPLIT_VIEW] = explain_translation,
	[ORACLE_BAD_TABLE] = explain_bad_table,
	[ORACLE_LOCK_RULE] = explain_rule,
	[ORACLE_RCU_UAF] = explain_object,
	[ORACLE_DEADLOCK] = explain_deadlock,
	[ORACLE_TAG_CHECK] = explain_tags,
	[ORACLE_BBM] = explain_live_change,
	[ORACLE_KERNEL_FAULT] = explain_kernel_fault,
};

/* Of what the judge says was removed: the table, if there is one. */
static size_t unhook_record(const struct why *w)
{
	for (unsigned i = 0; i < w->h->nr_links; i++) {
		size_t at = why_link_record(w, &w->h->links[i]);

		if (w->h->links[i].role == HAZARD_REMOVED && at != NO_RECORD &&
		    w->records[at].level > PT_LEVEL_PTE)
			return at;
	}
	return NO_RECORD;
}

/* The frame a hazard of tables is about. */
static void find_frame(struct why *w)
{
	size_t used = why_role_record(w, HAZARD_USED);
	size_t removed = unhook_record(w);
	const struct record *rec = used == NO_RECORD ? NULL : &w->records[used];

	if (rec && (rec->type == EV_WALK_READ || rec->type == EV_WALK_WRITE ||
	            rec->type == EV_FRAME_UAF))
		w->frame = rec->addr >> PAGE_SHIFT;
	else if (rec && rec->type == EV_FRAME_BAD_FREE)
		w->frame = rec->addr;
	else if (rec && rec->type == EV_PT_WRITE &&
	         w->h->id == ORACLE_TABLE_UAF)
		w->frame = rec->c >> PAGE_SHIFT;
	else if (rec && rec->type == EV_ACCESS)
		w->frame = rec->b >> PAGE_SHIFT;
	else if (removed != NO_RECORD)
		w->frame = pt_decode(w->m, w->records[removed].level,
		                     w->records[removed].b)
		                   .pfn;
	w->has_frame = w->frame != 0;
	if (rec && rec->type == EV_OBJ_UAF)
		w->object = rec->text;
}

static void clear_link(gpointer data)
{
	struct why_link *link = data;

	g_free(link->who);
	g_free(link->what);
}

GArray *viz_why(const struct recorder *r, const struct hazard *h,
                const struct machine *m)
{
	struct why w = { .m = m, .h = h };

	w.records = recorder_records(r, &w.nr_records);
	w.end = why_end_of(&w, h->step);
	w.links = g_array_new(FALSE, FALSE, sizeof(struct why_link));
	g_array_set_clear_func(w.links, clear_link);
	find_frame(&w);
	if (explain[h->id])
		explain[h->id](&w);
	return w.links;
}

/* As agent_label(), but the machine may be gone. */
static char *label_of(const struct why_link *link)
{
	if (link->cpu < 0)
		return g_strdup(link->who);
	return g_strdup_printf("CPU%d (%s)", link->cpu, link->who);
}

void viz_why_text(GString *out, const GArray *links)
{
	int who_width = 0, step_width = 0;

	for (unsigned i = 0; i < links->len; i++) {
		const struct why_link *l =
			&g_array_index(links, struct why_link, i);
		g_autofree char *who = label_of(l);

		who_width = MAX(who_width, (int)strlen(who));
		step_width =
			MAX(step_width, snprintf(NULL, 0, "%" PRIu64, l->step));
	}
	for (unsigned i = 0; i < links->len; i++) {
		const struct why_link *l =
			&g_array_index(links, struct why_link, i);
		g_autofree char *who = label_of(l);

		g_string_append_printf(out, "  %*" PRIu64 "  %-*s  ",
		                       step_width, l->step, who_width, who);
		wrap_text(out, l->what, REPORT_WIDTH,
		          (unsigned)(step_width + who_width) + 8);
		g_string_append_c(out, '\n');
	}
}
