/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What system calls do to the ghost.  On entry a call says what it may do to
 * which range; on return it has done it.
 */
#include <string.h>

#include "oracle/ghost_internal.h"

/* arch/x86/entry/syscalls/syscall_64.tbl and include/uapi, the guest's. */
enum {
	NR_WRITE = 1,
	NR_MMAP = 9,
	NR_MPROTECT = 10,
	NR_MUNMAP = 11,
	NR_BRK = 12,
	NR_PWRITE64 = 18,
	NR_MREMAP = 25,
	NR_MADVISE = 28,
	NR_CLONE = 56,
	NR_FORK = 57,
	NR_VFORK = 58,
	NR_EXECVE = 59,
	NR_EXIT = 60,
	NR_FTRUNCATE = 77,
	NR_EXIT_GROUP = 231,
	NR_FALLOCATE = 285,
	NR_MEMFD_CREATE = 319,
	NR_EXECVEAT = 322,
	NR_PKEY_MPROTECT = 329,
	NR_CLONE3 = 435,
};
enum {
	G_MAP_SHARED = 0x01,
	G_MAP_TYPE = 0x0f,
	G_MAP_FIXED = 0x10,
	G_MAP_ANONYMOUS = 0x20,
	G_MAP_GROWSDOWN = 0x100,
	G_MREMAP_FIXED = 2,
	G_MREMAP_DONTUNMAP = 4,
	G_PROT_READ = 1,
	G_PROT_WRITE = 2,
	G_PROT_EXEC = 4,
	G_MADV_DONTNEED = 4,
	G_MADV_FREE = 8,
	G_MADV_REMOVE = 9,
	G_MADV_DONTFORK = 10,
	G_MADV_DOFORK = 11,
	G_MADV_WIPEONFORK = 18,
	G_MADV_KEEPONFORK = 19,
	G_MADV_DONTNEED_LOCKED = 24,
};

static bool failed(uint64_t result)
{
	return result >= (uint64_t)-4095;
}

static uint64_t page_end(uint64_t addr, uint64_t len)
{
	return ALIGN_UP(addr + len, PAGE_SIZE);
}

struct ghost_promise *ghost_promise_at(const struct ghost *g, uint32_t i)
{
	return &g_array_index(g->promises, struct ghost_promise, i);
}

static uint32_t promise_new(struct ghost *g, const struct ghost_call *c,
                            const struct event *ev)
{
	struct ghost_promise p = { .name = c->name,
		                   .nr = c->nr,
		                   .arg = c->args[2],
		                   .step = ev->step,
		                   .agent = (int)ev->agent->id };

	g_array_append_val(g->promises, p);
	return g->promises->len - 1;
}

/* ---- objects ---- */

static uint32_t find_fd(const GArray *fds, long fd)
{
	for (unsigned i = fds->len; i-- > 0;)
		if (g_array_index(fds, struct ghost_fd, i).fd == fd)
			return g_array_index(fds, struct ghost_fd, i).space;
	return 0;
}

static void bind_fd(GArray *fds, long fd, uint32_t space)
{
	struct ghost_fd binding = { fd, space };

	for (unsigned i = fds->len; i-- > 0;)
		if (g_array_index(fds, struct ghost_fd, i).fd == fd)
			g_array_remove_index_fast(fds, i);
	g_array_append_val(fds, binding);
}

static uint32_t object_of(struct ghost *g, const struct ghost_mm *mm, long fd)
{
	uint32_t space = find_fd(mm->fds, fd);

	if (!space)
		space = find_fd(g->fds, fd);
	if (!space) {
		space = ghost_space_new(&g->mem, false);
		bind_fd(g->fds, fd, space);
	}
	return space;
}

/* ---- entering ---- */

static void range_effect(struct ghost_call *c, enum ghost_effect effect,
                         uint64_t start, uint64_t end)
{
	c->effect = effect;
	c->start = start;
	c->end = end;
}

static void enter_madvise(struct ghost_call *c)
{
	enum ghost_effect effect = EFFECT_NONE;

	if (c->args[2] == G_MADV_DONTNEED ||
	    c->args[2] == G_MADV_DONTNEED_LOCKED || c->args[2] == G_MADV_REMOVE)
		effect = EFFECT_DISCARD;
	else if (c->args[2] == G_MADV_FREE)
		effect = EFFECT_LAZYFREE;
	range_effect(c, effect, c->args[0], page_end(c->args[0], c->args[1]));
}

static void enter_mmap(struct ghost_call *c)
{
	if (c->args[3] & G_MAP_FIXED)
		range_effect(c, EFFECT_MAP, c->args[0],
		             page_end(c->args[0], c->args[1]));
	else
		range_effect(c, EFFECT_MAP, 0, 0); /* where nothing is */
}

static void enter_mremap(struct ghost_call *c)
{
	range_effect(c, EFFECT_MOVE, c->args[0],
	             page_end(c->args[0], MAX(c->args[1], c->args[2])));
}

static void enter_truncate(struct ghost *g, struct ghost_call *c)
{
	uint64_t size;

	c->space = object_of(g, c->mm, (long)c->args[0]);
	size = ghost_space_at(&g->mem, c->space)->size;
	if (c->nr == NR_FALLOCATE)
		range_effect(c, EFFECT_TRUNCATE, 0, UINT64_MAX);
	else
		range_effect(c, EFFECT_TRUNCATE, MIN(size, c->args[1]),
		             UINT64_MAX);
}

static void forget_page(struct ghost_mem *mem, uint32_t page, void *data)
{
	(void)data;
	ghost_page_drop(mem, page);
}

/* What the call writes is not followed: the object is forgotten. */
static void forget_object(struct ghost *g, const struct ghost_call *c)
{
	ghost_page_for_each(&g->mem, c->space, 0, UINT64_MAX, forget_page,
	                    NULL);
	ghost_space_at(&g->mem, c->space)->zero = false;
}

static void enter_write(struct ghost *g, struct ghost_call *c)
{
	c->space = find_fd(c->mm->fds, (long)c->args[0]);
	if (!c->space)
		c->space = find_fd(g->fds, (long)c->args[0]);
	if (!c->space)
		return; /* nobody maps it */
	range_effect(c, EFFECT_WRITE, 0, UINT64_MAX);
	forget_object(g, c);
}

static void enter_effect(struct ghost *g, struct ghost_call *c)
{
	switch (c->nr) {
	case NR_MMAP:
		enter_mmap(c);
		break;
	case NR_MPROTECT:
	case NR_PKEY_MPROTECT:
		range_effect(c, EFFECT_PROTECT, c->args[0],
		             page_end(c->args[0], c->args[1]));
		break;
	case NR_MUNMAP:
		range_effect(c, EFFECT_UNMAP, c->args[0],
		             page_end(c->args[0], c->args[1]));
		break;
	case NR_BRK:
		if (c->mm->brk_start && c->args[0])
			range_effect(c, EFFECT_UNMAP,
			             MIN(c->args[0], c->mm->brk) & PAGE_MASK,
			             page_end(MAX(c->args[0], c->mm->brk), 0));
		break;
	case NR_MREMAP:
		enter_mremap(c);
		break;
	case NR_MADVISE:
		enter_madvise(c);
		break;
	case NR_WRITE:
	case NR_PWRITE64:
		enter_write(g, c);
		break;
	case NR_FTRUNCATE:
	case NR_FALLOCATE:
		enter_truncate(g, c);
		break;
	case NR_FORK:
	case NR_VFORK:
	case NR_CLONE:
	case NR_CLONE3:
		c->effect = EFFECT_FORK;
		break;
	case NR_EXECVE:
	case NR_EXECVEAT:
	case NR_EXIT:
	case NR_EXIT_GROUP:
		if (c->nr != NR_EXIT)
			range_effect(c, EFFECT_WIPE, 0, UINT64_MAX);
		break;
	default:
		break;
	}
}

void ghost_syscall_enter(struct ghost *g, const struct event *ev)
{
	struct ghost_call *c = &g->calls[ev->agent->id];
	struct ghost_mm *mm = ghost_mm_find(g, (unsigned)ev->b);

	if (!mm || !ev->data)
		return;
	memset(c, 0, sizeof(*c));
	c->mm = mm;
	c->nr = ev->a;
	c->name = ev->text ? ev->text : "system call";
	c->step = ev->step;
	memcpy(c->args, ev->data, sizeof(c->args));
	enter_effect(g, c);
	ghost_pins_call(g, c);
	g->active |= ev->agent->bit;
}

/* ---- what calls under way may do ---- */

/* Its range is one of an object, not of addresses. */
static bool on_object(const struct ghost_call *c)
{
	return c->effect == EFFECT_TRUNCATE || c->effect == EFFECT_WRITE;
}

/* May the call do something at @addr? Where a new mapping goes is known when it
 * returns: until then anywhere where nothing is. */
static bool may_touch(const struct ghost_call *c, vaddr_t addr, bool mapped)
{
	if (addr >= c->start && addr < c->end)
		return true;
	if (c->effect == EFFECT_MAP)
		return c->start == c->end && !mapped;
	if (c->effect != EFFECT_MOVE)
		return false;
	return !mapped || ((c->args[3] & G_MREMAP_FIXED) &&
	                   addr - c->args[4] < page_end(0, c->args[2]));
}

unsigned ghost_effects(const struct ghost *g, const struct ghost_mm *mm,
                       vaddr_t addr)
{
	bool mapped = ghost_vma_find(mm, addr) != NULL;
	unsigned effects = 0;

	for (uint64_t left = g->active; left; left &= left - 1) {
		const struct ghost_call *c = &g->calls[__builtin_ctzll(left)];

		if (c->mm == mm && !on_object(c) && may_touch(c, addr, mapped))
			effects |= 1U << c->effect;
	}
	return effects & ~(1U << EFFECT_NONE);
}

unsigned ghost_effects_on(const struct ghost *g, uint32_t space,
                          uint64_t offset)
{
	unsigned effects = 0;

	for (uint64_t left = g->active; left; left &= left - 1) {
		const struct ghost_call *c = &g->calls[__builtin_ctzll(left)];

		if (on_object(c) && c->space == space &&
		    offset >= (c->start & PAGE_MASK))
			effects |= 1U << c->effect;
	}
	return effects;
}

/* ---- returning ---- */

/* Other calls under way on the range cannot be ordered after this one. */
static void mark_conflicts(struct ghost *g, const struct ghost_mm *mm,
                           uint64_t start, uint64_t end)
{
	for (uint64_t left = g->active; left; left &= left - 1) {
		struct ghost_call *c = &g->calls[__builtin_ctzll(left)];

		if (c->mm == mm && !on_object(c) && c->start < end &&
		    c->end > start)
			c->conflict = true;
	}
}

/* Calls raced: what came about meanwhile in the range is not judged. */
static void doubt(struct ghost_mm *mm, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < mm->vmas->len; i++) {
		struct ghost_vma *v =
			&g_array_index(mm->vmas, struct ghost_vma, i);

		if (v->start < end && v->end > start)
			v->unsure = true;
	}
}

struct discard {
	uint64_t start, end; /* bytes of the space */
	uint64_t since;      /* entry of the call */
	uint32_t promise;
	bool maybe; /* it may have been done: zero or as before */
	bool lazy;
	bool last; /* no other discard of the range is under way */
};

/* Bytes of a line in [start, end). */
static uint64_t line_mask(uint64_t line_start, uint64_t start, uint64_t end)
{
	uint64_t mask = UINT64_MAX;

	if (start > line_start)
		mask = start - line_start >= LINE_BYTES
		               ? 0
		               : mask << (start - line_start);
	if (end < line_start + LINE_BYTES)
		mask &= end <= line_start ? 0
		                          : UINT64_MAX >> (LINE_BYTES -
		                                           (end - line_start));
	return mask;
}

/* Bytes stored while the discarding call was under way. */
static uint64_t stored_since(const struct ghost_mem *mem,
                             const struct ghost_line *l, uint64_t since)
{
	uint64_t mask = 0;
	const struct ghost_alt *a;

	for (uint32_t i = l->alts; i; i = a->next) {
		a = ghost_alt_at(mem, i);
		if (a->zero && a->step >= since)
			mask |= a->mask;
	}
	return l->step >= since ? mask : 0;
}

static void discard_line(struct ghost_mem *mem, uint32_t line, uint64_t mask,
                         const struct discard *d)
{
	struct ghost_line *l = ghost_line_at(mem, line);
	uint64_t stored;

	if (d->maybe || d->lazy) {
		ghost_alt_add(mem, line, mask, NULL, d->since);
		return;
	}
	stored = mask & stored_since(mem, l, d->since);
	if (d->last)
		ghost_alt_expire(mem, line, stored, d->since);
	mask &= ~stored;
	ghost_alt_remove(mem, line, mask);
	for (unsigned i = 0; i < LINE_BYTES; i++) {
		if (!(mask >> i & 1))
			continue;
		l->prev[i] = l->val[i];
		l->val[i] = 0;
	}
	l->gone |= mask & l->known;
	l->known |= mask;
	l->promise = d->promise;
}

/* Bytes of line @i of the page at @start; its tags only go with all of it. */
static uint64_t discarded(uint64_t start, unsigned i, const struct discard *d)
{
	if (i < LINES_PER_PAGE)
		return line_mask(start + (uint64_t)i * LINE_BYTES, d->start,
		                 d->end);
	return start >= d->start && start + PAGE_SIZE <= d->end ? UINT64_MAX
	                                                        : 0;
}

static void discard_page(struct ghost_mem *mem, uint32_t page, void *data)
{
	const struct discard *d = data;
	uint64_t start = ghost_page_at(mem, page)->index << PAGE_SHIFT;

	if (d->lazy)
		ghost_page_at(mem, page)->lazyfree = true;
	else if (!d->maybe)
		ghost_page_at(mem, page)->lazyfree = false;
	for (unsigned i = 0; i < GHOST_LINES; i++) {
		uint32_t line = ghost_page_at(mem, page)->lines[i];

		if (line)
			discard_line(mem, line, discarded(start, i, d), d);
	}
}

/* One VMA's part of a discarding madvise. */
static void discard_vma(struct ghost *g, const struct ghost_vma *v,
                        struct discard d, bool remove)
{
	d.start = MAX(d.start, v->start);
	d.end = MIN(d.end, v->end);
	if (d.start >= d.end)
		return;
	if (v->kind == GHOST_ANON && !remove)
		ghost_page_for_each(&g->mem, v->space, d.start, d.end,
		                    discard_page, &d);
	else if (v->kind == GHOST_WEAK)
		ghost_page_for_each(&g->mem, v->space, d.start, d.end,
		                    forget_page, NULL);
	else if (remove)
		ghost_page_for_each(
			&g->mem, v->space, v->offset + (d.start - v->start),
			v->offset + (d.end - v->start), forget_page, NULL);
}

static void set_fork_flag(struct ghost_mm *mm, const struct ghost_call *c)
{
	uint64_t end = page_end(c->args[0], c->args[1]);

	ghost_cut(mm, c->args[0]);
	ghost_cut(mm, end);
	for (unsigned i = 0; i < mm->vmas->len; i++) {
		struct ghost_vma *v =
			&g_array_index(mm->vmas, struct ghost_vma, i);

		if (v->start < c->args[0] || v->end > end)
			continue;
		if (c->args[2] == G_MADV_DONTFORK ||
		    c->args[2] == G_MADV_DOFORK)
			v->not_in_child = c->args[2] == G_MADV_DONTFORK;
		else
			v->wiped_in_child = c->args[2] == G_MADV_WIPEONFORK;
	}
}

static bool discards_under_way(const struct ghost *g,
                               const struct ghost_call *c)
{
	for (uint64_t left = g->active; left; left &= left - 1) {
		const struct ghost_call *o = &g->calls[__builtin_ctzll(left)];

		if (o->mm == c->mm && o->effect == EFFECT_DISCARD &&
		    o->start < c->end && o->end > c->start)
			return true;
	}
	return false;
}

static void exit_madvise(struct ghost *g, const struct ghost_call *c,
                         const struct event *ev)
{
	struct discard d = { .start = c->start,
		             .end = c->end,
		             .since = c->step,
		             .lazy = c->effect == EFFECT_LAZYFREE,
		             .last = !discards_under_way(g, c) };

	if (c->args[2] == G_MADV_DONTFORK || c->args[2] == G_MADV_DOFORK ||
	    c->args[2] == G_MADV_WIPEONFORK || c->args[2] == G_MADV_KEEPONFORK)
		set_fork_flag(c->mm, c);
	if (c->effect == EFFECT_NONE)
		return;
	d.maybe = c->conflict || failed(ev->c);
	d.promise = promise_new(g, c, ev);
	for (unsigned i = 0; i < c->mm->vmas->len; i++)
		discard_vma(g, &g_array_index(c->mm->vmas, struct ghost_vma, i),
		            d, c->args[2] == G_MADV_REMOVE);
}

static void exit_mmap(struct ghost *g, struct ghost_call *c,
                      const struct event *ev)
{
	bool anon = c->args[3] & G_MAP_ANONYMOUS;
	bool shared = (c->args[3] & G_MAP_TYPE) == G_MAP_SHARED ||
	              (c->args[3] & G_MAP_TYPE) == 3; /* _VALIDATE */
	struct ghost_vma v = { .start = ev->c,
		               .end = page_end(ev->c, c->args[1]),
		               .prot = (uint8_t)c->args[2] & 7,
		               .step = ev->step,
		               .unsure = c->conflict };

	if (failed(ev->c))
		return;
	mark_conflicts(g, c->mm, v.start, v.end);
	ghost_unmap(g, c->mm, v.start, v.end, 0);
	v.promise = promise_new(g, c, ev);
	v.space = c->mm->space;
	v.offset = v.start;
	v.kind = GHOST_ANON;
	if (shared) {
		v.kind = GHOST_SHARED;
		v.offset = anon ? 0 : c->args[5];
		v.space = anon ? ghost_space_new(&g->mem, true)
		               : object_of(g, c->mm, (long)c->args[4]);
	} else if (!anon) {
		v.kind = GHOST_WEAK;
	}
	c->mm->grows |= (c->args[3] & G_MAP_GROWSDOWN) != 0;
	ghost_map(c->mm, &v);
}

static void exit_munmap(struct ghost *g, struct ghost_call *c,
                        const struct event *ev)
{
	if (failed(ev->c) || c->start >= c->end)
		return;
	mark_conflicts(g, c->mm, c->start, c->end);
	if (c->conflict)
		doubt(c->mm, c->start, c->end);
	else
		ghost_unmap(g, c->mm, c->start, c->end, promise_new(g, c, ev));
}

static void exit_mprotect(struct ghost *g, struct ghost_call *c,
                          const struct event *ev)
{
	uint32_t promise = promise_new(g, c, ev);
	uint8_t prot = (uint8_t)c->args[2] & 7;

	mark_conflicts(g, c->mm, c->start, c->end);
	ghost_cut(c->mm, c->start);
	ghost_cut(c->mm, c->end);
	for (unsigned i = 0; i < c->mm->vmas->len; i++) {
		struct ghost_vma *v =
			&g_array_index(c->mm->vmas, struct ghost_vma, i);

		if (v->start < c->start || v->end > c->end)
			continue;
		/* An error may come after part of the work. */
		v->prot = c->conflict || failed(ev->c) ? v->prot | prot : prot;
		v->promise = promise;
	}
}

static void exit_brk(struct ghost *g, struct ghost_call *c,
                     const struct event *ev)
{
	struct ghost_mm *mm = c->mm;
	struct ghost_vma v = { .prot = G_PROT_READ | G_PROT_WRITE,
		               .kind = GHOST_ANON,
		               .space = mm->space,
		               .step = ev->step,
		               .unsure = c->conflict };

	if (failed(ev->c))
		return;
	if (!mm->brk_start) {
		mm->brk_start = mm->brk = ev->c;
		return;
	}
	v.start = v.offset = ALIGN_UP(mm->brk, PAGE_SIZE);
	v.end = ALIGN_UP(ev->c, PAGE_SIZE);
	mm->brk = ev->c;
	mark_conflicts(g, mm, MIN(v.start, v.end), MAX(v.start, v.end));
	if (v.end < v.start && !c->conflict) {
		ghost_unmap(g, mm, v.end, v.start, promise_new(g, c, ev));
	} else if (v.end > v.start) {
		ghost_unmap(g, mm, v.start, v.end, 0);
		v.promise = promise_new(g, c, ev);
		ghost_map(mm, &v);
	}
}

/* ---- mremap ---- */

struct move {
	uint32_t space;
	uint64_t by; /* pages */
};

static void move_page(struct ghost_mem *mem, uint32_t page, void *data)
{
	const struct move *mv = data;

	ghost_page_move(mem, page, mv->space,
	                ghost_page_at(mem, page)->index + mv->by);
}

/* The mapping of [old, old + len) goes to @to and is @new_len long there. */
static void move_mapping(struct ghost *g, struct ghost_call *c,
                         const struct event *ev, struct ghost_vma v)
{
	struct move mv = { c->mm->space, (ev->c - c->args[0]) >> PAGE_SHIFT };
	uint64_t old_len = page_end(0, c->args[1]);
	uint64_t new_len = page_end(0, c->args[2]);
	uint32_t promise = promise_new(g, c, ev);

	ghost_unmap(g, c->mm, ev->c, ev->c + new_len, 0);
	if (v.kind != GHOST_SHARED)
		ghost_page_for_each(&g->mem, c->mm->space, c->args[0],
		                    c->args[0] + MIN(old_len, new_len),
		                    move_page, &mv);
	if (!(c->args[3] & G_MREMAP_DONTUNMAP))
		ghost_unmap(g, c->mm, c->args[0], c->args[0] + old_len,
		            promise);
	v.start = ev->c;
	v.end = ev->c + new_len;
	if (v.kind != GHOST_SHARED)
		v.offset = v.start;
	v.step = ev->step;
	v.unsure |= c->conflict;
	ghost_map(c->mm, &v);
}

static void resize_mapping(struct ghost *g, struct ghost_call *c,
                           const struct event *ev, struct ghost_vma v)
{
	vaddr_t old_end = page_end(c->args[0], c->args[1]);
	vaddr_t new_end = page_end(c->args[0], c->args[2]);

	if (new_end < old_end) {
		ghost_unmap(g, c->mm, new_end, old_end, promise_new(g, c, ev));
		return;
	}
	if (new_end == old_end)
		return;
	ghost_unmap(g, c->mm, old_end, new_end, 0);
	v.offset += old_end - v.start;
	v.start = old_end;
	v.end = new_end;
	v.step = ev->step;
	v.unsure |= c->conflict;
	ghost_map(c->mm, &v);
}

static void exit_mremap(struct ghost *g, struct ghost_call *c,
                        const struct event *ev)
{
	struct ghost_vma *v = ghost_vma_find(c->mm, c->args[0]);

	if (failed(ev->c))
		return;
	mark_conflicts(g, c->mm, c->start, c->end);
	mark_conflicts(g, c->mm, ev->c, page_end(ev->c, c->args[2]));
	if (!v || !c->args[1]) { /* old_len 0: a second view; not modelled */
		ghost_unmap(g, c->mm, ev->c, page_end(ev->c, c->args[2]), 0);
		return;
	}
	if (c->conflict)
		doubt(c->mm, c->start, c->end);
	ghost_cut(c->mm, c->args[0]);
	ghost_cut(c->mm, page_end(c->args[0], c->args[1]));
	v = ghost_vma_find(c->mm, c->args[0]);
	if (ev->c == c->args[0])
		resize_mapping(g, c, ev, *v);
	else
		move_mapping(g, c, ev, *v);
}

static void exit_truncate(struct ghost *g, struct ghost_call *c,
                          const struct event *ev)
{
	struct ghost_space *s = ghost_space_at(&g->mem, c->space);
	struct discard d = { .start = c->args[1],
		             .end = UINT64_MAX,
		             .since = c->step,
		             .maybe = c->conflict };

	if (failed(ev->c))
		return;
	if (c->nr == NR_FALLOCATE) {
		ghost_page_for_each(&g->mem, c->space, 0, UINT64_MAX,
		                    forget_page, NULL);
		return;
	}
	d.promise = promise_new(g, c, ev);
	s->size = c->args[1];
	s->promise = d.promise;
	ghost_page_for_each(&g->mem, c->space, d.start, d.end, discard_page,
	                    &d);
}

static void exit_memfd(struct ghost *g, struct ghost_call *c,
                       const struct event *ev)
{
	uint32_t space;

	if (failed(ev->c))
		return;
	space = ghost_space_new(&g->mem, true);
	ghost_space_at(&g->mem, space)->size = 0;
	bind_fd(c->mm->fds, (long)ev->c, space);
}

static void end_fork(struct ghost *g, int agent)
{
	for (unsigned i = 0; i < g->nr_mms && g->nr_forking; i++) {
		struct ghost_mm *mm = g_ptr_array_index(g->mms, i);

		if (mm->forking_from && mm->forking_agent == agent) {
			mm->forking_from = NULL;
			g->nr_forking--;
		}
	}
}

void ghost_syscall_exit(struct ghost *g, const struct event *ev)
{
	struct ghost_call *c = &g->calls[ev->agent->id];

	if (!(g->active & ev->agent->bit))
		return;
	g->active &= ~ev->agent->bit;
	if (!c->mm->live)
		return;
	if (c->nr == NR_MMAP)
		exit_mmap(g, c, ev);
	else if (c->nr == NR_MPROTECT || c->nr == NR_PKEY_MPROTECT)
		exit_mprotect(g, c, ev);
	else if (c->nr == NR_MUNMAP)
		exit_munmap(g, c, ev);
	else if (c->nr == NR_BRK)
		exit_brk(g, c, ev);
	else if (c->nr == NR_MREMAP)
		exit_mremap(g, c, ev);
	else if (c->nr == NR_MADVISE)
		exit_madvise(g, c, ev);
	else if (c->effect == EFFECT_TRUNCATE)
		exit_truncate(g, c, ev);
	else if (c->effect == EFFECT_WRITE)
		forget_object(g, c);
	else if (c->nr == NR_MEMFD_CREATE)
		exit_memfd(g, c, ev);
	else if (c->effect == EFFECT_FORK)
		end_fork(g, (int)ev->agent->id);
	else if (c->effect == EFFECT_WIPE && !failed(ev->c))
		ghost_mm_clear(g, c->mm);
}

void ghost_call_gone(struct ghost *g, unsigned agent)
{
	struct ghost_call *c = &g->calls[agent];

	if (!(g->active >> agent & 1))
		return;
	g->active &= ~BIT_ULL(agent);
	if (c->effect == EFFECT_FORK)
		end_fork(g, (int)agent);
	else if (c->effect != EFFECT_NONE && c->mm->live && !on_object(c))
		doubt(c->mm, c->start, c->end);
}
