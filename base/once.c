/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/once.h"

#include "base/cacheline.h"

/* Page tables are read and written through the direct map. */
static void frame_check(struct machine *m, const void *obj,
                        const struct step *st)
{
	uint64_t pa = (uintptr_t)obj - (uintptr_t)m->mem.direct_map;

	if (pa < m->mem.size_bytes &&
	    m->mem.mem_map[pa >> PAGE_SHIFT].kind == FRAME_FREE)
		emit(m, EV_FRAME_UAF, .addr = pa, .a = st->kind, .b = st->addr,
		     .text = st->label);
}

void kaccess_commuting(enum step_kind kind, unsigned commutes,
                       const volatile void *p, uint32_t size, const char *label,
                       uint64_t addr)
{
	struct agent *a = current_agent;
	struct machine *m = a->machine;
	const void *obj = (const void *)(uintptr_t)p;
	const struct cost_table *costs = m->costs;
	struct cacheline *line;

	if (kind == STEP_RMW)
		smp_mb(); /* locked instructions wait for older stores */
	step_commuting(kind, commutes, mem_obj(m, obj), size, label, addr);
	charge(kind == STEP_RMW ? costs->atomic : costs->kernel_op);
	if (!arena_contains(m->arena, obj)) {
		frame_check(m, obj, &a->next);
		return;
	}
	line = arena_check(m, obj);
	if (a->cpu)
		charge(cacheline_access(line, a->cpu, kind != STEP_READ));
}

/* ---- by way of the store buffer ---- */

/* Is the object still what was stored to? Whoever frees memory makes sure that
 * memory has his stores first, by a locked instruction that is not modelled. */
static bool still_there(struct machine *m, const void *p)
{
	struct arena_object o;

	return !arena_contains(m->arena, p) ||
	       (arena_lookup(m->arena, p, &o) && o.live);
}

static void drain_scalar(struct machine *m, const struct pending_store *st)
{
	if (still_there(m, st->p))
		memcpy(st->p, &st->value, st->size);
}

static void kstore_any(volatile void *p, const void *val, uint32_t size,
                       const struct step *named, bool release)
{
	struct machine *m = this_machine();
	void *obj = (void *)(uintptr_t)p;
	struct pending_store st = { .object = mem_obj(m, obj),
		                    .size = size,
		                    .addr = named->addr,
		                    .p = obj,
		                    .release = release,
		                    .drain = drain_scalar };

	memcpy(&st.value, val, size);
	storebuf_put(storebuf_of_current(), &st, named->label);
	charge(m->costs->kernel_op);
	if (arena_contains(m->arena, obj))
		arena_check(m, obj);
}

void kstore(volatile void *p, const void *val, uint32_t size, const char *label,
            uint64_t addr)
{
	const struct step named = { .addr = addr, .label = label };

	kstore_any(p, val, size, &named, false);
}

void kstore_release(volatile void *p, const void *val, uint32_t size,
                    const char *label)
{
	const struct step named = { .label = label };

	kstore_any(p, val, size, &named, true);
}

void smp_mb_slow(struct store_buffer *sb)
{
	if (sb->nr)
		storebuf_drain(sb);
}

uint64_t trace_pointer(uint64_t bits)
{
	struct machine *m = current_agent->machine;
	const struct physmem *mem = &m->mem;
	uint64_t map_off = bits - (uintptr_t)mem->mem_map;
	const void *p = (const void *)(uintptr_t)bits;

	if (bits - (uintptr_t)mem->direct_map < mem->size_bytes ||
	    arena_contains(m->arena, p))
		return mem_obj(m, p);
	if (map_off < mem->nr_frames * sizeof(struct page))
		return map_off;
	/* NULL and the like; functions have no identity. */
	return bits < PAGE_SIZE ? bits : 1;
}
