/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bug.h"
#include "base/cacheline.h"
#include "base/machine.h"

#define LINE_SHIFT ARENA_LINE_SHIFT
#define LINE_SIZE  (UINT64_C(1) << LINE_SHIFT)
#define OBJECT_MAX (UINT64_C(1) << 20)
/* A freed object rests until this many of its size were freed after it. */
#define QUARANTINE 64
#define NR_SIZES   ARENA_NR_SIZES

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	BUG_ON(p == MAP_FAILED);
	return p;
}

struct arena *arena_new(size_t reserve_bytes)
{
	struct arena *a = g_new0(struct arena, 1);
	size_t lines = reserve_bytes >> LINE_SHIFT;

	a->reserve = reserve_bytes;
	a->base = reserve(reserve_bytes);
	a->object_of = reserve(lines * sizeof(*a->object_of));
	a->lines = reserve(lines * sizeof(*a->lines));
	return a;
}

void arena_free(struct arena *a)
{
	size_t lines = a->reserve >> LINE_SHIFT;

	munmap(a->base, a->reserve);
	munmap(a->object_of, lines * sizeof(*a->object_of));
	munmap(a->lines, lines * sizeof(*a->lines));
	g_free(a->objects);
	for (unsigned i = 0; i <= NR_SIZES; i++)
		g_free(a->freed[i].objects);
	g_free(a);
}

void arena_reset(struct arena *a)
{
	a->used = 0;
	a->nr_objects = 0;
	a->nr_frees = 0;
	a->nr_recent = 0;
	for (unsigned i = 0; i <= NR_SIZES; i++)
		a->freed[i].first = a->freed[i].nr = 0;
}

const void *arena_at(const struct arena *a, uint64_t offset)
{
	return offset < a->reserve ? a->base + offset : NULL;
}

/* Around a byte that was handed out. */
static struct arena_object *object_at(const struct arena *a, uint64_t off)
{
	return off < a->used ? &a->objects[a->object_of[off >> LINE_SHIFT]]
	                     : NULL;
}

/* ---- objects that were freed ---- */

static void rest(struct arena_freed *freed, uint32_t nr)
{
	if (freed->nr == freed->room) {
		freed->room = MAX(64U, freed->room * 2);
		freed->objects = g_renew(uint32_t, freed->objects, freed->room);
	}
	freed->objects[freed->nr++] = nr;
}

/* An object of this size that rested long enough, or NULL. */
static struct arena_object *reuse(struct arena *a, uint64_t lines)
{
	struct arena_freed *freed = &a->freed[MIN(lines, NR_SIZES)];
	struct arena_object *o;

	if (lines > NR_SIZES || freed->nr - freed->first <= QUARANTINE)
		return NULL;
	o = &a->objects[freed->objects[freed->first]];
	if (++freed->first == 4096) {
		freed->nr -= freed->first;
		memmove(freed->objects, freed->objects + freed->first,
		        freed->nr * sizeof(*freed->objects));
		freed->first = 0;
	}
	return o;
}

/* ---- allocation ---- */

/* A new object of @lines lines; NULL: the arena is full. */
static struct arena_object *place(struct arena *a, uint64_t lines)
{
	uint64_t first = a->used >> LINE_SHIFT;
	struct arena_object *o;

	if (a->used + (lines << LINE_SHIFT) > a->reserve)
		return NULL;
	if (a->nr_objects == a->room) {
		a->room = MAX(256U, a->room * 2);
		a->objects = g_renew(struct arena_object, a->objects, a->room);
	}
	for (uint64_t i = 0; i < lines; i++)
		a->object_of[first + i] = a->nr_objects;
	o = &a->objects[a->nr_objects++];
	o->offset = a->used;
	a->used += lines << LINE_SHIFT;
	return o;
}

void *kzalloc(struct machine *m, size_t size, const char *type)
{
	struct arena *a = m->arena;
	uint64_t lines = (MAX(size, 1) + LINE_SIZE - 1) >> LINE_SHIFT;
	struct arena_object *o;
	uint64_t off;

	BUG_ON(size > OBJECT_MAX);
	o = reuse(a, lines);
	if (!o)
		o = place(a, lines);
	if (!o)
		return NULL;
	off = o->offset;
	*o = (struct arena_object){ .type = type,
		                    .offset = off,
		                    .size_bytes = (uint32_t)size,
		                    .live = true,
		                    .alloc_step = m->sched.nr_steps };
	memset(a->base + off, 0, lines << LINE_SHIFT);
	memset(&a->lines[off >> LINE_SHIFT], 0, lines * sizeof(*a->lines));
	emit(m, EV_OBJ_ALLOC, .addr = off, .a = size, .text = type);
	return a->base + off;
}

char *kstrdup(struct machine *m, const char *s)
{
	size_t len = strlen(s) + 1;
	char *p = kzalloc(m, len, "string");

	BUG_ON(!p);
	return memcpy(p, s, len);
}

/* So that it can be seen what a step freed. */
static void note_free(struct arena *a, uint64_t step, struct arena_range range)
{
	struct arena_range *last = &a->recent[ARENA_RANGES_MAX - 1];
	uint32_t start = MIN(last->line, range.line);
	uint32_t end =
		MAX(last->line + last->nr_lines, range.line + range.nr_lines);

	if (a->recent_step != step)
		a->nr_recent = 0;
	a->recent_step = step;
	a->nr_frees++;
	if (a->nr_recent < ARENA_RANGES_MAX)
		a->recent[a->nr_recent++] = range;
	else
		*last = (struct arena_range){ start, end - start };
}

void kfree(struct machine *m, void *p)
{
	struct arena *a = m->arena;
	struct arena_object *o;
	uint64_t lines;

	if (!p)
		return;
	o = object_at(a, arena_offset(a, p));
	BUG_ON(!o);
	if (!o->live || o->offset != arena_offset(a, p)) {
		emit(m, EV_OBJ_BAD_FREE, .addr = arena_offset(a, p),
		     .text = o->type);
		return;
	}
	o->live = false;
	o->free_step = m->sched.nr_steps;
	o->free_agent = current_agent ? current_agent->id : 0;
	emit(m, EV_OBJ_FREE, .addr = o->offset, .a = o->size_bytes,
	     .text = o->type);
	lines = (MAX(o->size_bytes, 1U) + LINE_SIZE - 1) >> LINE_SHIFT;
	note_free(a, m->sched.nr_steps,
	          (struct arena_range){ (uint32_t)(o->offset >> LINE_SHIFT),
	                                (uint32_t)lines });
	if (lines <= NR_SIZES)
		rest(&a->freed[lines], (uint32_t)(o - a->objects));
}

bool arena_lookup(const struct arena *a, const void *p,
                  struct arena_object *out)
{
	const struct arena_object *o = object_at(a, arena_offset(a, p));

	if (o)
		*out = *o;
	return o != NULL;
}

struct cacheline *arena_check(struct machine *m, const void *p)
{
	uint64_t off = arena_offset(m->arena, p);
	const struct arena_object *o = object_at(m->arena, off);

	if (likely(o && o->live))
		return &m->arena->lines[off >> LINE_SHIFT];
	/* As after an oops, what follows would mean nothing: stop here. */
	emit(m, EV_OBJ_UAF, .addr = off, .text = o ? o->type : "?",
	     .a = o ? o->free_step : 0, .b = o ? o->free_agent : 0);
	run_stop(m);
	return &m->arena->lines[off >> LINE_SHIFT];
}

void arena_for_each_live(const struct arena *a,
                         void (*fn)(const struct arena_object *o, void *data),
                         void *data)
{
	for (unsigned i = 0; i < a->nr_objects; i++) {
		if (a->objects[i].live)
			fn(&a->objects[i], data);
	}
}
