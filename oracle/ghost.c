/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oracle/ghost.h"

#include <inttypes.h>
#include <string.h>

#include "base/access.h"
#include "oracle/ghost_internal.h"
#include "oracle/set_internal.h"

#define BIT_OF(effect) (1U << (effect))
/* Calls that may leave zero where something was. */
#define MAY_ZERO                                                               \
	(BIT_OF(EFFECT_DISCARD) | BIT_OF(EFFECT_LAZYFREE) |                    \
	 BIT_OF(EFFECT_TRUNCATE) | BIT_OF(EFFECT_UNMAP) | BIT_OF(EFFECT_MAP) | \
	 BIT_OF(EFFECT_MOVE) | BIT_OF(EFFECT_WIPE))
/* Calls that may change whether and how something is mapped. */
#define MAY_REMAP                                                          \
	(BIT_OF(EFFECT_UNMAP) | BIT_OF(EFFECT_MAP) | BIT_OF(EFFECT_MOVE) | \
	 BIT_OF(EFFECT_WIPE))

enum {
	RIGHT_READ = 1,
	RIGHT_WRITE = 2,
	RIGHT_EXEC = 4
};

/* One access and where it is in the ghost. */
struct visit {
	struct ghost *g;
	struct oracle_set *set;
	const struct event *ev;
	const struct access_record *rec;
	struct ghost_mm *mm;
	const struct ghost_vma *vma;
	uint64_t offset;  /* in the VMA's space */
	unsigned effects; /* of calls under way */
};

/* ---- life ---- */

struct ghost *ghost_new(void)
{
	struct ghost *g = g_new0(struct ghost, 1);

	ghost_mem_init(&g->mem);
	g->mms = g_ptr_array_new();
	g->promises = g_array_new(FALSE, TRUE, sizeof(struct ghost_promise));
	g->fds = g_array_new(FALSE, FALSE, sizeof(struct ghost_fd));
	g->pins = g_array_new(FALSE, FALSE, sizeof(struct ghost_pin));
	g->dirty = g_array_new(FALSE, FALSE, sizeof(struct ghost_dirty));
	g->suspects = g_array_new(FALSE, FALSE, sizeof(struct ghost_suspect));
	keymap_init(&g->dirty_of);
	ghost_reset(g);
	return g;
}

void ghost_free(struct ghost *g)
{
	ghost_mem_fini(&g->mem);
	for (unsigned i = 0; i < g->mms->len; i++) {
		struct ghost_mm *mm = g_ptr_array_index(g->mms, i);

		g_array_free(mm->vmas, TRUE);
		g_array_free(mm->tombs, TRUE);
		g_array_free(mm->fds, TRUE);
		g_free(mm);
	}
	g_ptr_array_free(g->mms, TRUE);
	g_array_free(g->promises, TRUE);
	g_array_free(g->fds, TRUE);
	g_array_free(g->pins, TRUE);
	g_array_free(g->dirty, TRUE);
	g_array_free(g->suspects, TRUE);
	keymap_fini(&g->dirty_of);
	g_free(g);
}

void ghost_reset(struct ghost *g)
{
	ghost_mem_reset(&g->mem);
	g->nr_mms = 0;
	g->last_mm = NULL;
	g_array_set_size(g->promises, 1);
	g_array_set_size(g->fds, 0);
	g->active = 0;
	g->nr_forking = 0;
	g_array_set_size(g->pins, 0);
	g_array_set_size(g->dirty, 0);
	g_array_set_size(g->suspects, 0);
	keymap_reset(&g->dirty_of);
}

/* ---- sentences ---- */

/* "madvise(DONTNEED)" for the calls people know by their argument. */
static const char *promise_name(struct oracle_set *set,
                                const struct ghost_promise *p)
{
	const char *what = NULL;
	g_autofree char *name = NULL;

	if (p->nr == 28)
		what = p->arg == 8   ? "FREE"
		       : p->arg == 9 ? "REMOVE"
		                     : "DONTNEED";
	else if (p->nr == 10)
		what = !p->arg                   ? "NONE"
		       : !(p->arg & RIGHT_WRITE) ? "READ"
		                                 : "WRITE";
	if (!what)
		return p->name ? p->name : "system call";
	name = g_strdup_printf("%s(%s)", p->name, what);
	return g_string_chunk_insert(set->strings, name);
}

static const char *did(const struct access_record *rec)
{
	if (rec->exec)
		return "fetched from";
	return !rec->write ? "loaded from"
	       : rec->read ? "updated"
	                   : "stored to";
}

static struct hazard *begin(const struct visit *v, enum oracle_id id,
                            uint64_t what)
{
	const struct access_record *rec = v->rec;
	uint64_t key = mix_key(mix_key(rec->va, rec->root), what);
	struct hazard *h = hazard_begin(v->set, id, v->ev, key);

	if (!h)
		return NULL;
	hazard_range(h, rec->va, rec->size);
	if (rec->entry)
		hazard_link_fill(v->set, h, rec->entry);
	hazard_link(v->set, h, HAZARD_USED, event_agent(v->ev), v->ev->step);
	return h;
}

/* An access retired that a call promised to be impossible. */
static void report_access(const struct visit *v, uint32_t promise)
{
	const struct ghost_promise *p = ghost_promise_at(v->g, promise);
	struct hazard *h = begin(v, ORACLE_POSTCONDITION, promise);

	if (!h)
		return;
	hazard_link(v->set, h, HAZARD_DECLARED, p->agent, p->step);
	hazard_who(v->set, h, p->agent, event_agent(v->ev));
	hazard_text(v->set, h, "%s %s 0x%" PRIx64 " after %s of %s returned",
	            agent_name(v->set, event_agent(v->ev)), did(v->rec),
	            v->rec->va, promise_name(v->set, p),
	            agent_name(v->set, p->agent));
}

static void report_old_data(const struct visit *v, const struct ghost_line *l,
                            uint64_t got)
{
	const struct ghost_promise *p = ghost_promise_at(v->g, l->promise);
	struct hazard *h = begin(v, ORACLE_POSTCONDITION, l->promise);

	if (!h)
		return;
	hazard_link(v->set, h, HAZARD_DECLARED, p->agent, p->step);
	hazard_who(v->set, h, p->agent, event_agent(v->ev));
	hazard_text(v->set, h,
	            "%s loaded 0x%" PRIx64 " from 0x%" PRIx64
	            ", the old data, after %s of %s returned",
	            agent_name(v->set, event_agent(v->ev)), got, v->rec->va,
	            promise_name(v->set, p), agent_name(v->set, p->agent));
}

/* Why the bytes must hold what they must: somebody stored it, or a call
 * discarded what was there. */
static const char *reason(const struct visit *v, const struct ghost_line *l)
{
	uint64_t mask = ghost_bytes(v->offset, v->rec->size);
	g_autofree char *text = NULL;

	if (l->promise && (l->gone & mask) == mask) {
		const struct ghost_promise *p =
			ghost_promise_at(v->g, l->promise);

		text = g_strdup_printf(" after %s of %s",
		                       promise_name(v->set, p),
		                       agent_name(v->set, p->agent));
	} else if (l->step) {
		text = g_strdup_printf(" stored by %s",
		                       agent_name(v->set, l->agent));
	} else {
		return "";
	}
	return g_string_chunk_insert(v->set->strings, text);
}

static void report_lost(const struct visit *v, const struct ghost_line *l,
                        uint64_t got, uint64_t expected)
{
	struct hazard *h = begin(v, ORACLE_LOST_WRITE, expected);

	if (!h)
		return;
	if (l->step)
		hazard_link(v->set, h, HAZARD_STORED, l->agent, l->step);
	hazard_who(v->set, h, l->agent, event_agent(v->ev));
	hazard_text(v->set, h,
	            "%s loaded 0x%" PRIx64 " from 0x%" PRIx64
	            ", which must hold 0x%" PRIx64 "%s",
	            agent_name(v->set, event_agent(v->ev)), got, v->rec->va,
	            expected, reason(v, l));
}

static void report_tag(const struct visit *v, const struct ghost_line *l,
                       uint64_t got, uint64_t expected)
{
	struct hazard *h = begin(v, ORACLE_TAG_CHECK, expected);

	if (!h)
		return;
	if (l->step)
		hazard_link(v->set, h, HAZARD_STORED, l->agent, l->step);
	hazard_who(v->set, h, l->agent, event_agent(v->ev));
	hazard_text(v->set, h,
	            "%s found tag 0x%" PRIx64 " at 0x%" PRIx64
	            ", which must have tag 0x%" PRIx64 "%s",
	            agent_name(v->set, event_agent(v->ev)), got, v->rec->va,
	            expected, reason(v, l));
}

/* ---- loads ---- */

static unsigned first_byte(const struct visit *v)
{
	return (unsigned)(v->offset % LINE_BYTES);
}

static uint64_t expected_value(const struct visit *v,
                               const struct ghost_line *l)
{
	uint64_t value = 0;

	memcpy(&value, l->val + first_byte(v), v->rec->size);
	return value;
}

/* Every wrong byte is what was discarded there. */
static bool is_old_data(const struct visit *v, const struct ghost_line *l,
                        uint64_t got)
{
	for (unsigned i = 0; i < v->rec->size; i++) {
		unsigned b = first_byte(v) + i;
		uint8_t byte = (uint8_t)(got >> (8 * i));

		if (byte == l->val[b])
			continue;
		if (!(l->gone >> b & 1) || byte != l->prev[b])
			return false;
	}
	return l->promise != 0;
}

static void report_load(const struct visit *v, const struct ghost_line *l,
                        uint64_t got)
{
	if (v->offset & GHOST_TAGS)
		report_tag(v, l, got, expected_value(v, l));
	else if (is_old_data(v, l, got))
		report_old_data(v, l, got);
	else
		report_lost(v, l, got, expected_value(v, l));
}

/* What was seen is what is there from now on. */
static void settle(const struct visit *v, uint32_t line, uint64_t got)
{
	struct ghost_line *l = ghost_line_at(&v->g->mem, line);
	uint64_t mask = ghost_bytes(v->offset, v->rec->size);

	ghost_alt_remove(&v->g->mem, line, mask);
	l->known |= mask;
	memcpy(l->val + first_byte(v), &got, v->rec->size);
}

/* After a report: one loss is not to be reported at every load, nor is what
 * should have been there wrong. */
static void also_allow(const struct visit *v, uint32_t line, uint64_t got)
{
	uint64_t mask = ghost_bytes(v->offset, v->rec->size);
	uint8_t val[LINE_BYTES] = { 0 };

	memcpy(val + first_byte(v), &got, v->rec->size);
	ghost_alt_add(&v->g->mem, line, mask, val, v->ev->step);
}

static bool value_allowed(const struct visit *v, const struct ghost_line *l,
                          uint64_t got)
{
	for (unsigned i = 0; i < v->rec->size; i++) {
		uint8_t byte = (uint8_t)(got >> (8 * i));

		if (byte == 0 && (v->effects & MAY_ZERO))
			continue;
		if (!ghost_may_be(&v->g->mem, l, first_byte(v) + i, byte))
			return false;
	}
	return true;
}

/* Other values are possible only as long as something is going on. */
static bool is_settled(const struct visit *v)
{
	uint32_t page = ghost_page_find(&v->g->mem, v->vma->space,
	                                ghost_page_index(v->offset));

	return !v->effects && !v->g->nr_forking &&
	       !(page && ghost_page_at(&v->g->mem, page)->lazyfree);
}

/* Is what nobody has stored 0?  Tags are, whatever an object's bytes are. */
static bool begins_as_zero(const struct visit *v)
{
	if (v->vma->kind == GHOST_WEAK)
		return false;
	return (v->offset & GHOST_TAGS) ||
	       ghost_space_at(&v->g->mem, v->vma->space)->zero;
}

static void judge_load(const struct visit *v, uint64_t got)
{
	uint32_t line = ghost_line_find(&v->g->mem, v->vma->space, v->offset);
	bool zero = begins_as_zero(v);
	const struct ghost_line *l;

	/* Most memory that is only read was never stored to. */
	if (!line && ((zero && !got) || v->vma->kind == GHOST_WEAK))
		return;
	if (!line)
		line = ghost_line_get(&v->g->mem, v->vma->space, v->offset,
		                      zero);
	l = ghost_line_at(&v->g->mem, line);
	if (value_allowed(v, l, got)) {
		if (v->vma->kind != GHOST_WEAK && is_settled(v))
			settle(v, line, got);
		return;
	}
	report_load(v, l, got);
	also_allow(v, line, got);
}

/* ---- stores ---- */

/*
 * While a discard is under way an address may have two frames: the new one of a
 * fault, and the old one for CPUs that are not flushed yet. So what was there
 * before a store may still be seen, and if it came during the call, even stay.
 */
static void keep_old_value(const struct visit *v, uint32_t line)
{
	const struct ghost_line *l = ghost_line_at(&v->g->mem, line);
	uint64_t mask = ghost_bytes(v->offset, v->rec->size) & l->known;
	uint8_t val[LINE_BYTES];

	memcpy(val, l->val, sizeof(val));
	ghost_alt_add(&v->g->mem, line, mask, val, l->step);
}

static void put_bytes(const struct visit *v, uint32_t line)
{
	struct ghost_line *l = ghost_line_at(&v->g->mem, line);
	uint64_t mask = ghost_bytes(v->offset, v->rec->size);

	if (v->effects & BIT_OF(EFFECT_DISCARD))
		keep_old_value(v, line);
	else
		ghost_alt_remove(&v->g->mem, line, mask);
	memcpy(l->val + first_byte(v), &v->rec->value, v->rec->size);
	l->known |= mask;
	l->gone &= ~mask;
	l->step = v->ev->step;
	l->agent = event_agent(v->ev);
}

/* A child whose fork is under way may have got this store in its copy. */
static void tell_children(const struct visit *v)
{
	uint64_t mask = ghost_bytes(v->offset, v->rec->size);

	for (unsigned i = 0; i < v->g->nr_mms; i++) {
		struct ghost_mm *mm = g_ptr_array_index(v->g->mms, i);
		uint8_t val[LINE_BYTES] = { 0 };
		uint32_t line;

		if (mm->forking_from != v->mm)
			continue;
		line = ghost_line_get(&v->g->mem, mm->space, v->offset,
		                      v->vma->kind == GHOST_ANON);
		memcpy(val + first_byte(v), &v->rec->value, v->rec->size);
		ghost_alt_add(&v->g->mem, line, mask, val, v->ev->step);
	}
}

static void note_store(const struct visit *v)
{
	uint32_t line = ghost_line_get(&v->g->mem, v->vma->space, v->offset,
	                               begins_as_zero(v));

	put_bytes(v, line);
	if (v->effects & MAY_ZERO) {
		ghost_alt_add(&v->g->mem, line,
		              ghost_bytes(v->offset, v->rec->size), NULL,
		              v->ev->step);
	} else {
		uint32_t page = ghost_page_find(&v->g->mem, v->vma->space,
		                                ghost_page_index(v->offset));
		ghost_page_at(&v->g->mem, page)->lazyfree = false;
	}
	if (v->g->nr_forking && v->vma->kind != GHOST_SHARED)
		tell_children(v);
}

/* ---- accesses ---- */

/* Reading is implied by every other right on x86. */
static bool right_missing(const struct access_record *rec, uint8_t prot)
{
	if (rec->write)
		return !(prot & RIGHT_WRITE);
	if (rec->exec)
		return !(prot & RIGHT_EXEC);
	return !prot;
}

/* Outside of every mapping: only what was unmapped is known to be wrong. */
static void judge_unmapped(const struct visit *v)
{
	const struct ghost_tomb *tomb;

	if ((v->effects & MAY_REMAP) || v->mm->grows)
		return;
	tomb = ghost_tomb_find(v->mm, v->rec->va);
	if (tomb)
		report_access(v, tomb->promise);
}

static bool beyond_end(const struct visit *v)
{
	const struct ghost_space *s = ghost_space_at(&v->g->mem, v->vma->space);

	return v->vma->kind == GHOST_SHARED && s->promise &&
	       v->offset >= ALIGN_UP(s->size, PAGE_SIZE);
}

static void judge_mapped(const struct visit *v)
{
	const struct access_record *rec = v->rec;
	unsigned busy = v->effects;

	if (beyond_end(v)) {
		if (!(busy & BIT_OF(EFFECT_TRUNCATE)))
			report_access(v,
			              ghost_space_at(&v->g->mem, v->vma->space)
			                      ->promise);
		return;
	}
	if (right_missing(rec, v->vma->prot) &&
	    !(busy & (MAY_REMAP | BIT_OF(EFFECT_PROTECT))))
		report_access(v, v->vma->promise);
	/* What a CPU stored itself is no news from memory. */
	if (rec->read && !rec->forwarded)
		judge_load(v, rec->write ? rec->old : rec->value);
	if (rec->write)
		note_store(v);
}

/* What is behind the first @skip bytes of an access. */
static struct access_record part_of(const struct access_record *rec,
                                    unsigned skip)
{
	struct access_record part = *rec;

	part.va += skip;
	part.pa += skip;
	part.size = (uint8_t)(part.size - skip);
	part.value >>= 8 * skip;
	part.old >>= 8 * skip;
	return part;
}

static void access_part(struct visit *v)
{
	v->vma = ghost_vma_find(v->mm, v->rec->va);
	if (v->g->active)
		v->effects = ghost_effects(v->g, v->mm, v->rec->va);
	if (!v->vma) {
		judge_unmapped(v);
		return;
	}
	if (v->vma->unsure)
		return;
	v->offset = v->vma->offset + (v->rec->va - v->vma->start);
	if (v->g->active)
		v->effects |= ghost_effects_on(v->g, v->vma->space, v->offset);
	if (v->effects & BIT_OF(EFFECT_WRITE))
		return;
	judge_mapped(v);
	ghost_pins_access(v->g, v->set, v->ev, v->mm, v->vma, v->effects);
	if (v->rec->write && v->vma->kind == GHOST_ANON)
		ghost_dirty_store(v->g, v->mm, v->rec->va,
		                  v->rec->pa >> PAGE_SHIFT);
}

void ghost_kernel_store(struct ghost *g, struct oracle_set *set,
                        const struct event *ev, const struct pin_record *rec)
{
	struct access_record store = { .va = rec->va,
		                       .pa = rec->pa,
		                       .size = rec->size,
		                       .write = true,
		                       .value = rec->value };
	struct visit v = { .g = g, .set = set, .ev = ev, .rec = &store };

	v.mm = ghost_mm_find(g, rec->mm);
	v.vma = v.mm ? ghost_vma_find(v.mm, rec->va) : NULL;
	if (!v.vma || v.vma->unsure)
		return;
	v.offset = v.vma->offset + (rec->va - v.vma->start);
	v.effects = ghost_effects(g, v.mm, rec->va) |
	            ghost_effects_on(g, v.vma->space, v.offset);
	if (v.effects & BIT_OF(EFFECT_WRITE))
		return;
	note_store(&v);
	if (v.vma->kind == GHOST_ANON)
		ghost_dirty_store(g, v.mm, rec->va, rec->pa >> PAGE_SHIFT);
}

/* An access across two lines is judged as two. */
static void access_split(struct visit *v, unsigned head_size)
{
	const struct access_record *whole = v->rec;
	struct access_record tail = part_of(whole, head_size);
	struct access_record head = *whole;
	uint64_t mask = (UINT64_C(1) << (8 * head_size)) - 1;

	head.size = (uint8_t)head_size;
	head.value &= mask;
	head.old &= mask;
	v->rec = &head;
	access_part(v);
	v->rec = &tail;
	access_part(v);
	v->rec = whole;
}

static void access_event(struct ghost *g, struct oracle_set *set,
                         const struct event *ev)
{
	struct visit v = { .g = g, .set = set, .ev = ev, .rec = ev->data };
	unsigned room = LINE_BYTES - (unsigned)(v.rec->va % LINE_BYTES);

	v.mm = ghost_mm_of_root(g, v.rec->root);
	if (!v.mm || !v.rec->size)
		return;
	if (v.rec->size > room)
		access_split(&v, room);
	else
		access_part(&v);
}

/* A tag that was stored, or that a load or check has seen: a byte like any. */
static void tag_event(struct ghost *g, struct oracle_set *set,
                      const struct event *ev)
{
	struct visit v = { .g = g, .set = set, .ev = ev, .rec = ev->data };

	v.mm = ghost_mm_of_root(g, v.rec->root);
	v.vma = v.mm ? ghost_vma_find(v.mm, v.rec->va) : NULL;
	if (!v.vma || v.vma->unsure)
		return;
	v.offset = v.vma->offset + (v.rec->va - v.vma->start);
	if (g->active)
		v.effects = ghost_effects(g, v.mm, v.rec->va) |
		            ghost_effects_on(g, v.vma->space, v.offset);
	v.offset = ghost_tag_offset(v.offset);
	if (v.rec->write)
		note_store(&v);
	else
		judge_load(&v, v.rec->value);
}

/* ---- events ---- */

static void mm_new_event(struct ghost *g, const struct event *ev)
{
	struct ghost_mm *parent =
		ev->c ? ghost_mm_find(g, (unsigned)ev->c) : NULL;
	struct ghost_mm *mm =
		ghost_mm_new(g, (unsigned)ev->a, ev->b, parent, ev->step);

	if (!parent || !ev->agent || !(g->active & ev->agent->bit))
		return;
	mm->forking_from = parent;
	mm->forking_agent = (int)ev->agent->id;
	g->nr_forking++;
}

void ghost_event(struct ghost *g, struct oracle_set *set,
                 const struct event *ev)
{
	struct ghost_mm *mm;

	switch ((int)ev->type) {
	case EV_ACCESS:
		access_event(g, set, ev);
		break;
	case EV_TAG:
		tag_event(g, set, ev);
		break;
	case EV_SYSCALL_ENTER:
		if (ev->agent)
			ghost_syscall_enter(g, ev);
		break;
	case EV_SYSCALL_EXIT:
		if (ev->agent && (g->active & ev->agent->bit))
			ghost_efault(g, set, ev);
		if (ev->agent)
			ghost_syscall_exit(g, ev);
		ghost_dirty_op_end(g, set, ev);
		break;
	case EV_KERNEL_EXIT:
		ghost_dirty_op_end(g, set, ev);
		break;
	case EV_FRAME_FREE:
		ghost_dirty_free(g, set, ev);
		break;
	case EV_PIN:
		ghost_pin_event(g, set, ev);
		break;
	case EV_MM_EXIT:
		mm = ghost_mm_find(g, (unsigned)ev->a);
		if (mm)
			mm->exiting = true;
		break;
	case EV_AGENT_DONE:
		if (ev->addr < NR_AGENTS_MAX)
			ghost_call_gone(g, (unsigned)ev->addr);
		break;
	case EV_MM_NEW:
		mm_new_event(g, ev);
		break;
	case EV_MM_FREE:
		mm = ghost_mm_find(g, (unsigned)ev->a);
		if (mm)
			mm->live = false;
		g->last_mm = NULL;
		break;
	default:
		break;
	}
}
