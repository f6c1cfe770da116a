/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an engine sees of memory: data windows and code windows. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bug.h"
#include "emu/unicorn_internal.h"
#include "emu/unicorn_pool_internal.h"
#include "mmu/quick.h"

uint8_t *scratch_new(void)
{
	int fd = memfd_create("mmulator-window", MFD_CLOEXEC);
	uint8_t *p = mmap(NULL, WINDOW_MAX, PROT_NONE,
	                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	BUG_ON(fd < 0 || p == MAP_FAILED || ftruncate(fd, WINDOW_MIN));
	for (uint64_t i = 0; i < WINDOW_MAX; i += WINDOW_MIN) {
		void *part = mmap(p + i, WINDOW_MIN, PROT_READ | PROT_WRITE,
		                  MAP_SHARED | MAP_FIXED, fd, 0);

		BUG_ON(part == MAP_FAILED);
	}
	close(fd);
	return p;
}

void scratch_free(uint8_t *scratch)
{
	if (scratch)
		munmap(scratch, WINDOW_MAX);
}

/* The window around @va, or NULL. */
static struct window *window_of(struct engine *e, uint64_t va)
{
	for (unsigned i = 0; i < e->nr_windows; i++)
		if (va - e->window[i].va < e->window[i].size)
			return &e->window[i];
	return NULL;
}

static bool is_free(const struct engine *e, uint64_t va, uint64_t size)
{
	for (unsigned i = 0; i < e->nr_windows; i++) {
		const struct window *w = &e->window[i];

		if (va <= w->va + (w->size - 1) && w->va <= va + (size - 1))
			return false;
	}
	return true;
}

/* A data window goes. */
static void unmap(struct engine *e, struct window *w)
{
	uc_mem_unmap(e->uc, w->va, w->size);
	*w = e->window[--e->nr_windows];
}

/* Remember where code windows are, so that loads elsewhere need not look. */
static void grow_code(struct engine *e, const struct window *w)
{
	uint64_t end = e->code_start + e->code_size;

	if (!e->code_size) {
		e->code_start = w->va;
		end = w->va + w->size;
	}
	e->code_start = MIN(e->code_start, w->va);
	e->code_size = MAX(end, w->va + w->size) - e->code_start;
}

/*
 * No data window is writable: the hook before a store has made it in memory,
 * and what Unicorn does at each store to a page that is takes longer than all
 * the rest.  It has to be told twice: a mapping alone makes only hooks believe
 * it.  Stores to a code window it makes, and drops what it translated from
 * there.
 */
static bool show_bytes(struct engine *e, uint64_t va, uint64_t size, bool code,
                       uint8_t *bytes)
{
	unsigned perms = UC_PROT_READ | (code ? UC_PROT_EXEC : 0);

	if (uc_mem_map_ptr(e->uc, va, size, perms, bytes))
		return false;
	if (!code)
		BUG_ON(uc_mem_protect(e->uc, va, size, perms));
	return true;
}

static struct window *map(struct engine *e, uint64_t va, uint64_t size,
                          bool code)
{
	struct window *w = &e->window[e->nr_windows];
	uint8_t *bytes = e->pool->scratch + (va & (WINDOW_MAX - 1));

	if (e->nr_windows == WINDOWS_MAX)
		return NULL;
	if (code)
		bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
		             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		             0);
	BUG_ON(bytes == MAP_FAILED);
	if (!show_bytes(e, va, size, code, bytes)) {
		if (code)
			munmap(bytes, size);
		return NULL;
	}
	*w = (struct window){ va, size, code ? bytes : NULL };
	e->nr_windows++;
	e->nr_code_windows += code;
	if (code)
		grow_code(e, w);
	return w;
}

/* How far from @va it is free, in the aligned block of @size around it. Return:
 * all of the block is. */
static bool free_around(const struct engine *e, uint64_t va, uint64_t size,
                        uint64_t *first, uint64_t *last)
{
	const uint64_t start = va & ~(size - 1), end = start + (size - 1);

	*first = start;
	*last = end;
	for (unsigned i = 0; i < e->nr_windows; i++) {
		uint64_t from = e->window[i].va;
		uint64_t to = from + (e->window[i].size - 1);

		if (to < va && to >= *first)
			*first = to + 1;
		if (from > va && from <= *last)
			*last = from - 1;
	}
	return *first == start && *last == end;
}

/*
 * As much as is free, so that there are few windows: with each that comes
 * Unicorn forgets what it knows of pages.  But less next to other windows: a
 * page of it that is executed some day takes the window away, and that takes
 * time by its size, up to 0.2 s.
 */
struct window *window_map_data(struct engine *e, uint64_t va)
{
	uint64_t size = WINDOW_MIN, unit = PAGE_SIZE, first, last;

	while (free_around(e, va, size, &first, &last) && size < WINDOW_MAX) {
		unit = size;
		size = MIN(size * WINDOW_STEP, WINDOW_MAX);
	}
	first = ALIGN_UP(first, unit);
	last = ((last + 1) & ~(unit - 1)) - 1;
	return map(e, first, last - first + 1, false);
}

struct window *window_map_code(struct engine *e, uint64_t va, uint64_t size)
{
	while (size > PAGE_SIZE && !is_free(e, va & ~(size - 1), size))
		size >>= 1;
	return map(e, va & ~(size - 1), size, true);
}

bool window_make_code(struct engine *e, uint64_t va)
{
	unsigned larger = e->nr_code_windows / CODE_WINDOWS_PER_SIZE;
	struct window *w = window_of(e, va);

	if (w && w->own)
		return true;
	if (w)
		unmap(e, w);
	return window_map_code(e, va,
	                       MIN(CODE_WINDOW_MIN << MIN(larger, 16),
	                           WINDOW_MIN)) != NULL;
}

void windows_grow_tlb(struct engine *e)
{
	const uint64_t nowhere = NOWHERE & PAGE_MASK;

	e->nr_grown++;
	if (show_bytes(e, nowhere, PAGE_SIZE, false, e->pool->scratch))
		uc_mem_unmap(e->uc, nowhere, PAGE_SIZE);
}

void windows_drop_data(struct engine *e)
{
	for (unsigned i = e->nr_windows; i-- > 0;)
		if (!e->window[i].own)
			unmap(e, &e->window[i]);
}

void windows_free(struct engine *e)
{
	for (unsigned i = 0; i < e->nr_windows; i++)
		if (e->window[i].own)
			munmap(e->window[i].own, e->window[i].size);
	e->nr_windows = 0;
}

/* A store into a window: its hook has made it. */
static bool on_write_prot(uc_engine *uc, uc_mem_type type, uint64_t va,
                          int size, int64_t value, void *data)
{
	(void)uc;
	(void)type;
	(void)va;
	(void)size;
	(void)value;
	(void)data;
	return true;
}

/* Data windows come where the guest goes. */
static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t va, int size,
                        int64_t value, void *data)
{
	(void)uc;
	(void)type;
	(void)size;
	(void)value;
	return window_map_data(data, va) != NULL;
}

void windows_add_hooks(struct engine *e)
{
	hook_add(e, UC_HOOK_MEM_WRITE_PROT, on_write_prot);
	hook_add(e, UC_HOOK_MEM_READ_UNMAPPED | UC_HOOK_MEM_WRITE_UNMAPPED,
	         on_unmapped);
}

uint8_t *window_bytes(struct engine *e, uint64_t va)
{
	struct window *w = NULL;

	if (va - e->code_start < e->code_size)
		w = window_of(e, va);
	if (w && w->own)
		return w->own + (va - w->va);
	return e->pool->scratch + (va & (WINDOW_MAX - 1));
}

/* What is executed has to be translated again when it changes. */
static void show_code(struct engine *e, uint64_t va, uint64_t value,
                      unsigned size)
{
	uint8_t *p = window_bytes(e, va);

	if (memcmp(p, &value, size) != 0) {
		memcpy(p, &value, size);
		elf_spoil(e, va);
	}
}

static void show(struct engine *e, uint64_t va, uint64_t value, unsigned size)
{
	if (likely(va - e->code_start >= e->code_size))
		quick_put(e->pool->scratch + (va & (WINDOW_MAX - 1)), size,
		          value);
	else
		show_code(e, va, value, size);
}

void window_show(struct engine *e, uint64_t va, uint64_t value, unsigned size)
{
	unsigned first = (unsigned)(PAGE_SIZE - (va & ~PAGE_MASK));

	if (likely(size <= first)) {
		show(e, va, value, size);
		return;
	}
	show(e, va, value, first);
	show(e, va + first, value >> (8 * first), size - first);
}
