/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bug.h"
#include "base/cacheline.h"
#include "base/machine.h"

#define LINE_SHIFT 6
#define LINE_SIZE  (UINT64_C(1) << LINE_SHIFT)
#define OBJECT_MAX (UINT64_C(1) << 20)
/* A freed object rests until this many of its size were freed after it. */
#define QUARANTINE 64
#define NR_SIZES   32 /* reuse is worth it for objects up to 32 lines */

struct arena {
	uint8_t *base;
	size_t reserve;
	uint64_t used;       /* bytes handed out so far */
	uint32_t *object_of; /* by line: number of its object + 1 */
	struct cacheline *lines;
	GArray *objects; /* of struct arena_object */
	/* Freed objects by size in lines, oldest first. */
	GArray *freed[NR_SIZES + 1]; /* of uint32_t object numbers */
	unsigned next_freed[NR_SIZES + 1];
};

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
	a->objects = g_array_new(FALSE, FALSE, sizeof(struct arena_object));
	for (unsigned i = 0; i <= NR_SIZES; i++)
		a->freed[i] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	return a;
}

void arena_free(struct arena *a)
{
	size_t lines = a->reserve >> LINE_SHIFT;

	munmap(a->base, a->reserve);
	munmap(a->object_of, lines * sizeof(*a->object_of));
	munmap(a->lines, lines * sizeof(*a->lines));
	g_array_unref(a->objects);
	for (unsigned i = 0; i <= NR_SIZES; i++)
		g_array_unref(a->freed[i]);
	g_free(a);
}

void arena_reset(struct arena *a)
{
	size_t lines = a->used >> LINE_SHIFT;

	memset(a->object_of, 0, lines * sizeof(*a->object_of));
	memset(a->lines, 0, lines * sizeof(*a->lines));
	a->used = 0;
	g_array_set_size(a->objects, 0);
	for (unsigned i = 0; i <= NR_SIZES; i++) {
		g_array_set_size(a->freed[i], 0);
		a->next_freed[i] = 0;
	}
}

bool arena_contains(const struct arena *a, const void *p)
{
	return (uintptr_t)p - (uintptr_t)a->base < a->reserve;
}

uint64_t arena_offset(const struct arena *a, const void *p)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)a->base;

	BUG_ON(off >= a->reserve);
	return off;
}

const void *arena_at(const struct arena *a, uint64_t offset)
{
	return offset < a->reserve ? a->base + offset : NULL;
}

struct cacheline *arena_line(struct arena *a, const void *p)
{
	return &a->lines[arena_offset(a, p) >> LINE_SHIFT];
}

static struct arena_object *object_at(const struct arena *a, uint64_t off)
{
	uint32_t nr = a->object_of[off >> LINE_SHIFT];

	return nr ? &g_array_index(a->objects, struct arena_object, nr - 1)
	          : NULL;
}

/* An object of this size that rested long enough, or UINT64_MAX. */
static uint64_t reuse(struct arena *a, uint64_t lines)
{
	GArray *freed = a->freed[MIN(lines, NR_SIZES)];
	unsigned *next = &a->next_freed[MIN(lines, NR_SIZES)];
	uint32_t nr;

	if (lines > NR_SIZES || freed->len - *next <= QUARANTINE)
		return UINT64_MAX;
	nr = g_array_index(freed, uint32_t, *next);
	if (++*next == 4096) {
		g_array_remove_range(freed, 0, *next);
		*next = 0;
	}
	return g_array_index(a->objects, struct arena_object, nr).offset;
}

/* Where the next object of @lines lines goes; UINT64_MAX = arena full. */
static uint64_t place(struct arena *a, uint64_t lines)
{
	uint64_t off = reuse(a, lines);

	if (off != UINT64_MAX)
		return off;
	if (a->used + (lines << LINE_SHIFT) > a->reserve)
		return UINT64_MAX;
	off = a->used;
	a->used += lines << LINE_SHIFT;
	return off;
}

void *kzalloc(struct machine *m, size_t size, const char *type)
{
	struct arena *a = m->arena;
	uint64_t lines = (MAX(size, 1) + LINE_SIZE - 1) >> LINE_SHIFT;
	struct arena_object o = { .type = type,
		                  .size_bytes = (uint32_t)size,
		                  .live = true,
		                  .alloc_step = m->sched.nr_steps };
	uint64_t off;

	BUG_ON(size > OBJECT_MAX);
	off = place(a, lines);
	if (off == UINT64_MAX)
		return NULL;
	o.offset = off;
	if (!a->object_of[off >> LINE_SHIFT]) {
		g_array_append_val(a->objects, o);
		for (uint64_t i = 0; i < lines; i++)
			a->object_of[(off >> LINE_SHIFT) + i] = a->objects->len;
	} else {
		*object_at(a, off) = o;
	}
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

void kfree(struct machine *m, void *p)
{
	struct arena *a = m->arena;
	struct arena_object *o;
	uint32_t nr;
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
	nr = (uint32_t)(o - &g_array_index(a->objects, struct arena_object, 0));
	lines = (MAX(o->size_bytes, 1U) + LINE_SIZE - 1) >> LINE_SHIFT;
	if (lines <= NR_SIZES)
		g_array_append_val(a->freed[lines], nr);
}

bool arena_lookup(const struct arena *a, const void *p,
                  struct arena_object *out)
{
	const struct arena_object *o = object_at(a, arena_offset(a, p));

	if (o)
		*out = *o;
	return o != NULL;
}

void arena_check(struct machine *m, const void *p)
{
	uint64_t off = arena_offset(m->arena, p);
	const struct arena_object *o = object_at(m->arena, off);

	if (likely(o && o->live))
		return;
	/* As after an oops, what follows would mean nothing: stop here. */
	emit(m, EV_OBJ_UAF, .addr = off, .text = o ? o->type : "?",
	     .a = o ? o->free_step : 0, .b = o ? o->free_agent : 0);
	run_stop(m);
}

void arena_for_each_live(const struct arena *a,
                         void (*fn)(const struct arena_object *o, void *data),
                         void *data)
{
	for (unsigned i = 0; i < a->objects->len; i++) {
		const struct arena_object *o =
			&g_array_index(a->objects, struct arena_object, i);

		if (o->live)
			fn(o, data);
	}
}
