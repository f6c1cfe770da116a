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

void kaccess(enum step_kind kind, const volatile void *p, uint32_t size,
             const char *label, uint64_t addr)
{
	struct agent *a = current_agent;
	struct machine *m = a->machine;
	const void *obj = (const void *)(uintptr_t)p;
	const struct cost_table *costs = m->costs;

	step(kind, mem_obj(m, obj), size, label, addr);
	charge(kind == STEP_RMW ? costs->atomic : costs->kernel_op);
	if (!arena_contains(m->arena, obj)) {
		frame_check(m, obj, &a->next);
		return;
	}
	arena_check(m, obj);
	if (a->cpu)
		charge(cacheline_access(arena_line(m->arena, obj), a->cpu,
		                        kind != STEP_READ));
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
