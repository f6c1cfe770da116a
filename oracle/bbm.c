/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bbm: a live arm64 entry got another output address, size, memory type or nG
 * without break-before-make: invalid, a TLBI that every CPU has performed, and
 * only then valid again.  Arm ARM (DDI 0487) D8.16.1; what FEAT_BBM relaxes,
 * D8.16.2.
 *
 * Between an unmap and its deferred flush Linux lets a page fault map another
 * frame or table; like two CPUs that see different frames (split-view) this is
 * reported on strict machines only.
 *
 * An entry is live if a CPU has loaded the tables it is in.  That the DSB is
 * over is taken from what it waits for: no CPU is left that has not performed
 * the TLBI.
 */
#include "oracle/bbm.h"

#include <inttypes.h>
#include <string.h>

#include "oracle/keymap.h"
#include "oracle/set_internal.h"
#include "pagetable/arm64.h"
#include "pagetable/pgtable.h"

/* D8.3.1.2: of a block, FEAT_BBM level 1. */
#define BLOCK_NT   BIT_ULL(16)
/* Entries that hardware may hold as one are reported as one. */
#define CONTIGUOUS (16 * PAGE_SIZE)
/* Older ones are forgotten. */
#define BROKEN_MAX 4096

/* Was valid and may be cached. */
struct broken {
	paddr_t pa;
	uint64_t old;
	uint64_t step;
	int agent;
	unsigned mm;
	uint8_t level;
	vaddr_t va;
	uint64_t span;
	uint64_t cpus; /* that have yet to forget it */
};

/* Whose tables were loaded where, and as what. */
struct user {
	unsigned mm;
	uint64_t cpus;
	uint16_t asid;
};

struct bbm {
	GArray *broken;   /* struct broken */
	struct keymap at; /* physical address -> index */
	GArray *users;    /* struct user */
};

struct bbm *bbm_new(void)
{
	struct bbm *b = g_new0(struct bbm, 1);

	b->broken = g_array_new(FALSE, FALSE, sizeof(struct broken));
	b->users = g_array_new(FALSE, FALSE, sizeof(struct user));
	keymap_init(&b->at);
	return b;
}

void bbm_free(struct bbm *b)
{
	g_array_free(b->broken, TRUE);
	g_array_free(b->users, TRUE);
	keymap_fini(&b->at);
	g_free(b);
}

void bbm_reset(struct bbm *b)
{
	g_array_set_size(b->broken, 0);
	g_array_set_size(b->users, 0);
	keymap_reset(&b->at);
}

/* ---- who uses what ---- */

static struct user *find_user(struct bbm *b, unsigned mm)
{
	for (unsigned i = 0; i < b->users->len; i++) {
		struct user *u = &g_array_index(b->users, struct user, i);

		if (u->mm == mm)
			return u;
	}
	return NULL;
}

static void note_root(struct oracle_set *set, const struct event *ev)
{
	unsigned mm = scene_mm_of_root(set->scene, ev->a);
	struct user *u = find_user(set->bbm, mm);

	if (!mm || !ev->agent || !ev->agent->cpu)
		return;
	if (!u) {
		const struct user new = { .mm = mm };

		g_array_append_val(set->bbm->users, new);
		u = find_user(set->bbm, mm);
	}
	u->cpus |= BIT_ULL(ev->agent->cpu->id);
	u->asid = (uint16_t)ev->b;
}

/* ---- entries on their way out ---- */

static struct broken *broken_at(const struct bbm *b, paddr_t pa)
{
	uint32_t i = keymap_get(&b->at, pa);

	return i == KEYMAP_NONE ? NULL
	                        : &g_array_index(b->broken, struct broken, i);
}

static void forget(struct bbm *b, unsigned i)
{
	const GArray *all = b->broken;
	const unsigned last = all->len - 1;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): @i is in it */
	const paddr_t pa = g_array_index(all, struct broken, last).pa;

	keymap_put(&b->at, g_array_index(all, struct broken, i).pa,
	           KEYMAP_NONE);
	g_array_remove_index_fast(b->broken, i);
	if (i < last)
		keymap_put(&b->at, pa, i);
}

static bool is_table(uint64_t e, unsigned level)
{
	return level > PT_LEVEL_PTE && (e & ARM64_TYPE);
}

/* What an entry of @ev's place spans; false if its table does not know. */
static bool place(const struct oracle_set *set, const struct event *ev,
                  struct broken *e)
{
	const struct physmem *mem = &set->machine->mem;
	pfn_t pfn = ev->addr >> PAGE_SHIFT;
	const struct page *table;

	if (!pfn_valid(mem, pfn) || ev->c < PT_LEVEL_PTE ||
	    ev->c > PT_LEVEL_PGD)
		return false;
	table = &mem->mem_map[pfn];
	e->level = (uint8_t)ev->c;
	e->span = BIT_ULL(pt_level_shift(e->level));
	e->va = table->index + (ev->addr >> 3 & 511) * e->span;
	e->mm = table->pt_owner;
	return e->mm;
}

static void note_removal(struct oracle_set *set, const struct event *ev)
{
	struct bbm *b = set->bbm;
	struct broken e = { .pa = ev->addr,
		            .old = ev->b,
		            .step = ev->step,
		            .agent = event_agent(ev) };
	const struct user *u;

	if (broken_at(b, e.pa) || !place(set, ev, &e))
		return;
	u = find_user(b, e.mm);
	e.cpus = u ? u->cpus : 0;
	if (!e.cpus)
		return;
	if (b->broken->len == BROKEN_MAX)
		forget(b, 0);
	keymap_put(&b->at, e.pa, b->broken->len);
	g_array_append_val(b->broken, e);
}

static bool overlaps(const struct broken *e, const struct tlbi *t)
{
	vaddr_t start = t->va & PAGE_MASK;

	return start < e->va + e->span &&
	       e->va < start + MAX(t->size, PAGE_SIZE);
}

/*
 * Has a CPU forgotten what was cached of @e? A table, by the TLBI of any
 * address a walk of which leads through it (D8.14.5); of what was in it, each
 * valid entry was removed on its own.
 */
static bool covers(struct bbm *b, const struct broken *e, const struct tlbi *t)
{
	const struct user *u = find_user(b, e->mm);

	if (t->op == TLBI_ALL)
		return true;
	if (t->op != TLBI_VAA && (!u || u->asid != t->asid))
		return false;
	if (t->op == TLBI_ASID)
		return true;
	return overlaps(e, t) && !(t->last_level && is_table(e->old, e->level));
}

static void note_tlbi(struct bbm *b, const struct event *ev)
{
	const struct tlbi *t = ev->data;
	unsigned cpu = (unsigned)ev->c;

	for (unsigned i = b->broken->len; t && i-- > 0;) {
		struct broken *e = &g_array_index(b->broken, struct broken, i);

		if ((e->cpus >> cpu & 1) && covers(b, e, t))
			e->cpus &= ~BIT_ULL(cpu);
		if (!e->cpus)
			forget(b, i);
	}
}

/* The tables in them are gone, and with them who knew them. */
static void note_free(struct bbm *b, const struct event *ev)
{
	for (unsigned i = b->broken->len; i-- > 0;) {
		paddr_t pa = g_array_index(b->broken, struct broken, i).pa;

		if ((pa >> PAGE_SHIFT) - ev->addr < BIT_ULL(ev->a))
			forget(b, i);
	}
}

/* ---- what must not be done at once ---- */

static bool same_content(struct machine *m, pfn_t x, pfn_t y, unsigned level)
{
	uint64_t nr = BIT_ULL(pt_level_shift(level)) / sizeof(uint64_t);

	if (!pfn_valid(&m->mem, x) || !pfn_valid(&m->mem, y))
		return false;
	for (uint64_t i = 0; i < nr; i++) {
		paddr_t off = i * sizeof(uint64_t);

		if (phys_read(&m->mem, (x << PAGE_SHIFT) + off, 8) !=
		    phys_read(&m->mem, (y << PAGE_SHIFT) + off, 8))
			return false;
	}
	return true;
}

static bool may_write(uint64_t e)
{
	return !(e & ARM64_AP2) || (e & ARM64_DBM);
}

/* D8.16.2: is a change of size allowed at once? */
static bool size_may_change(const struct oracle_set *set, uint64_t old,
                            uint64_t new)
{
	switch (set->options.bbm_level) {
	case 0:
		return false;
	case 1:
		return ((old & ARM64_TYPE) || (old & BLOCK_NT)) &&
		       ((new &ARM64_TYPE) || (new &BLOCK_NT));
	default:
		return true;
	}
}

/* Tagged or not, Normal memory is of one type. */
static uint64_t memory_type(uint64_t e)
{
	uint64_t attr = e >> ARM64_ATTRINDX_SHIFT & 7;

	if (attr == ARM64_MT_NORMAL_TAGGED)
		attr = ARM64_MT_NORMAL;
	return (e & ARM64_SH) | attr;
}

static const char *leaf_difference(struct oracle_set *set, uint64_t old,
                                   uint64_t new, unsigned level, bool frames)
{
	const uint64_t address = arm64_addr_mask(pt_level_shift(level));

	if (((old ^ new) & address) && frames &&
	    (may_write(old) || may_write(new) ||
	     !same_content(set->machine, (old & address) >> PAGE_SHIFT,
	                   (new &address) >> PAGE_SHIFT, level)))
		return "output address";
	if (memory_type(old) != memory_type(new))
		return "memory type";
	if (((old ^ new) & ARM64_CONT) && !set->options.bbm_level)
		return "contiguous bit";
	if ((old & ~new) & ARM64_NG)
		return "nG bit";
	return NULL;
}

/* What changes that needs break-before-make; NULL: nothing. @frames: also where
 * it leads. */
static const char *difference(struct oracle_set *set, uint64_t old,
                              uint64_t new, unsigned level, bool frames)
{
	if (is_table(old, level) != is_table(new, level))
		return size_may_change(set, old, new) ? NULL : "size";
	if (!is_table(old, level))
		return leaf_difference(set, old, new, level, frames);
	return frames && ((old ^ new) & ARM64_ADDR_MASK) ? "table" : NULL;
}

static void report(struct oracle_set *set, const struct event *ev,
                   const struct broken *e, const char *what)
{
	struct hazard *h =
		hazard_begin(set, ORACLE_BBM, ev,
	                     mix_key(ALIGN_DOWN(e->va, CONTIGUOUS), e->mm));

	if (!h)
		return;
	hazard_range(h, e->va, e->span);
	if (e->step)
		hazard_link(set, h, HAZARD_REMOVED, e->agent, e->step);
	hazard_link(set, h, HAZARD_SET, event_agent(ev), ev->step);
	hazard_who(set, h, e->step ? e->agent : event_agent(ev),
	           event_agent(ev));
	hazard_text(set, h,
	            "%s changed the %s of the live %s entry for 0x%" PRIx64
	            " without break-before-make",
	            agent_name(set, event_agent(ev)), what,
	            pt_level_name(e->level), e->va);
}

/* An entry becomes valid. */
static void judge(struct oracle_set *set, const struct event *ev)
{
	struct bbm *b = set->bbm;
	const struct broken *known = broken_at(b, ev->addr);
	struct broken e = { .old = ev->b };
	const struct user *u;
	const char *what;

	if (known)
		e = *known;
	else if (!(ev->b & ARM64_VALID) || !place(set, ev, &e))
		return;
	u = find_user(b, e.mm);
	if (!known && !(u && u->cpus))
		return;
	what = difference(set, e.old, ev->a, e.level,
	                  !known || set->options.strict);
	if (what)
		report(set, ev, &e, what);
	if (known)
		forget(b, keymap_get(&b->at, ev->addr));
}

void bbm_event(struct oracle_set *set, enum oracle_id id,
               const struct event *ev)
{
	(void)id;
	if (set->machine->arch != ARCH_ARM64)
		return;
	switch ((int)ev->type) {
	case EV_CR3:
		note_root(set, ev);
		break;
	case EV_TLB_FLUSH:
		note_tlbi(set->bbm, ev);
		break;
	case EV_FRAME_FREE:
		note_free(set->bbm, ev);
		break;
	default:
		if (ev->a & ARM64_VALID)
			judge(set, ev);
		else if (ev->b & ARM64_VALID)
			note_removal(set, ev);
	}
}
