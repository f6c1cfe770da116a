/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "oracle/ghost_internal.h"

#define AT(array, type, i) (&g_array_index(array, type, i))

void ghost_mem_init(struct ghost_mem *mem)
{
	mem->spaces = g_array_new(FALSE, TRUE, sizeof(struct ghost_space));
	mem->pages = g_array_new(FALSE, FALSE, sizeof(struct ghost_page));
	mem->lines = g_array_new(FALSE, FALSE, sizeof(struct ghost_line));
	mem->alts = g_array_new(FALSE, FALSE, sizeof(struct ghost_alt));
	keymap_init(&mem->index);
	ghost_mem_reset(mem);
}

void ghost_mem_fini(struct ghost_mem *mem)
{
	g_array_free(mem->spaces, TRUE);
	g_array_free(mem->pages, TRUE);
	g_array_free(mem->lines, TRUE);
	g_array_free(mem->alts, TRUE);
	keymap_fini(&mem->index);
}

void ghost_mem_reset(struct ghost_mem *mem)
{
	g_array_set_size(mem->spaces, 1);
	g_array_set_size(mem->pages, 1);
	g_array_set_size(mem->lines, 1);
	g_array_set_size(mem->alts, 1);
	mem->free_pages = mem->free_lines = mem->free_alts = 0;
	keymap_reset(&mem->index);
}

uint32_t ghost_space_new(struct ghost_mem *mem, bool zero)
{
	struct ghost_space s = { .size = UINT64_MAX, .zero = zero };

	g_array_append_val(mem->spaces, s);
	return mem->spaces->len - 1;
}

struct ghost_space *ghost_space_at(const struct ghost_mem *mem, uint32_t i)
{
	return AT(mem->spaces, struct ghost_space, i);
}

struct ghost_page *ghost_page_at(const struct ghost_mem *mem, uint32_t i)
{
	return AT(mem->pages, struct ghost_page, i);
}

struct ghost_line *ghost_line_at(const struct ghost_mem *mem, uint32_t i)
{
	return AT(mem->lines, struct ghost_line, i);
}

struct ghost_alt *ghost_alt_at(const struct ghost_mem *mem, uint32_t i)
{
	return AT(mem->alts, struct ghost_alt, i);
}

/* ---- pages ---- */

static uint64_t page_key(uint32_t space, uint64_t index)
{
	return (uint64_t)space << 45 | (index & (BIT_ULL(45) - 1));
}

uint32_t ghost_page_find(const struct ghost_mem *mem, uint32_t space,
                         uint64_t index)
{
	uint32_t i = keymap_get(&mem->index, page_key(space, index));

	return i == KEYMAP_NONE ? 0 : i;
}

static void page_link(struct ghost_mem *mem, uint32_t i, uint32_t space,
                      uint64_t index)
{
	struct ghost_space *s = ghost_space_at(mem, space);
	struct ghost_page *p = ghost_page_at(mem, i);

	p->space = space;
	p->index = index;
	p->prev = 0;
	p->next = s->first;
	if (s->first)
		ghost_page_at(mem, s->first)->prev = i;
	s->first = i;
	s->nr_pages++;
	keymap_put(&mem->index, page_key(space, index), i);
}

static void page_unlink(struct ghost_mem *mem, uint32_t i)
{
	struct ghost_page *p = ghost_page_at(mem, i);
	struct ghost_space *s = ghost_space_at(mem, p->space);

	if (p->prev)
		ghost_page_at(mem, p->prev)->next = p->next;
	else
		s->first = p->next;
	if (p->next)
		ghost_page_at(mem, p->next)->prev = p->prev;
	s->nr_pages--;
	keymap_put(&mem->index, page_key(p->space, p->index), KEYMAP_NONE);
}

static uint32_t page_new(struct ghost_mem *mem, uint32_t space, uint64_t index)
{
	uint32_t i = mem->free_pages;

	if (i) {
		mem->free_pages = ghost_page_at(mem, i)->next;
	} else {
		i = mem->pages->len;
		g_array_set_size(mem->pages, i + 1);
	}
	memset(ghost_page_at(mem, i), 0, sizeof(struct ghost_page));
	page_link(mem, i, space, index);
	return i;
}

void ghost_page_drop(struct ghost_mem *mem, uint32_t page)
{
	struct ghost_page *p = ghost_page_at(mem, page);

	page_unlink(mem, page);
	for (unsigned i = 0; i < GHOST_LINES; i++) {
		if (!p->lines[i])
			continue;
		ghost_alt_remove(mem, p->lines[i], UINT64_MAX);
		/* A line on the free list is linked through `alts`. */
		ghost_line_at(mem, p->lines[i])->alts = mem->free_lines;
		mem->free_lines = p->lines[i];
	}
	p->next = mem->free_pages;
	mem->free_pages = page;
}

void ghost_page_move(struct ghost_mem *mem, uint32_t page, uint32_t space,
                     uint64_t index)
{
	uint32_t there = ghost_page_find(mem, space, index);

	if (there == page)
		return;
	if (there)
		ghost_page_drop(mem, there);
	page_unlink(mem, page);
	page_link(mem, page, space, index);
}

void ghost_page_for_each(struct ghost_mem *mem, uint32_t space, uint64_t start,
                         uint64_t end,
                         void (*fn)(struct ghost_mem *mem, uint32_t page,
                                    void *data),
                         void *data)
{
	uint64_t first = start >> PAGE_SHIFT;
	uint64_t last = end ? (end - 1) >> PAGE_SHIFT : 0;
	uint32_t i, next;

	if (start >= end)
		return;
	if (last - first < ghost_space_at(mem, space)->nr_pages) {
		for (uint64_t index = first; index <= last; index++) {
			i = ghost_page_find(mem, space, index);
			if (i)
				fn(mem, i, data);
		}
		return;
	}
	for (i = ghost_space_at(mem, space)->first; i; i = next) {
		const struct ghost_page *p = ghost_page_at(mem, i);

		next = p->next;
		if (p->index >= first && p->index <= last)
			fn(mem, i, data);
	}
}

/* ---- lines ---- */

static uint32_t line_new(struct ghost_mem *mem)
{
	uint32_t i = mem->free_lines;

	if (i) {
		mem->free_lines = ghost_line_at(mem, i)->alts;
	} else {
		i = mem->lines->len;
		g_array_set_size(mem->lines, i + 1);
	}
	memset(ghost_line_at(mem, i), 0, sizeof(struct ghost_line));
	ghost_line_at(mem, i)->agent = -1;
	return i;
}

/* Of a page: the line with the byte @offset. */
static unsigned line_number(uint64_t offset)
{
	unsigned n = (unsigned)(offset % PAGE_SIZE / LINE_BYTES);

	return (offset & GHOST_TAGS) ? LINES_PER_PAGE + n : n;
}

uint32_t ghost_line_find(const struct ghost_mem *mem, uint32_t space,
                         uint64_t offset)
{
	uint32_t page = ghost_page_find(mem, space, ghost_page_index(offset));
	unsigned n = line_number(offset);

	return page ? ghost_page_at(mem, page)->lines[n] : 0;
}

uint32_t ghost_line_get(struct ghost_mem *mem, uint32_t space, uint64_t offset,
                        bool zero)
{
	uint32_t page = ghost_page_find(mem, space, ghost_page_index(offset));
	unsigned n = line_number(offset);
	uint32_t line;

	if (!page)
		page = page_new(mem, space, ghost_page_index(offset));
	line = ghost_page_at(mem, page)->lines[n];
	if (line)
		return line;
	line = line_new(mem);
	if (zero)
		ghost_line_at(mem, line)->known = UINT64_MAX;
	ghost_page_at(mem, page)->lines[n] = line;
	return line;
}

static void line_copy(struct ghost_mem *mem, uint32_t from, uint32_t to)
{
	struct ghost_line *dst;
	uint32_t alt;

	*ghost_line_at(mem, to) = *ghost_line_at(mem, from);
	dst = ghost_line_at(mem, to);
	alt = dst->alts;
	dst->alts = 0;
	for (; alt; alt = ghost_alt_at(mem, alt)->next) {
		struct ghost_alt a = *ghost_alt_at(mem, alt);

		ghost_alt_add(mem, to, a.mask, a.zero ? NULL : a.val, a.step);
	}
}

void ghost_page_copy(struct ghost_mem *mem, uint32_t page, uint32_t space,
                     uint64_t index)
{
	uint32_t there = ghost_page_find(mem, space, index);
	uint32_t copy;

	if (there)
		ghost_page_drop(mem, there);
	copy = page_new(mem, space, index);
	ghost_page_at(mem, copy)->lazyfree = ghost_page_at(mem, page)->lazyfree;
	for (unsigned i = 0; i < GHOST_LINES; i++) {
		uint32_t from = ghost_page_at(mem, page)->lines[i];
		uint32_t to;

		if (!from)
			continue;
		to = line_new(mem);
		line_copy(mem, from, to);
		ghost_page_at(mem, copy)->lines[i] = to;
	}
}

/* ---- other values ---- */

/* Bytes of @mask that @a allows to be those of @val; NULL: zero. */
static uint64_t alt_covers(const struct ghost_alt *a, uint64_t mask,
                           const uint8_t *val)
{
	uint64_t covered = 0;

	for (uint64_t left = mask & a->mask; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);

		if ((a->zero ? 0 : a->val[i]) == (val ? val[i] : 0))
			covered |= BIT_ULL(i);
	}
	return covered;
}

/* So that a loop of stores while a call is under way does not make the list
 * longer and longer. */
static bool alt_renew(struct ghost_mem *mem, uint32_t line, uint64_t mask,
                      const uint8_t *val, uint64_t step)
{
	struct ghost_alt *a;

	for (uint32_t i = ghost_line_at(mem, line)->alts; i; i = a->next) {
		a = ghost_alt_at(mem, i);
		if (a->zero != !val || a->mask != mask ||
		    alt_covers(a, mask, val) != mask)
			continue;
		a->step = MAX(a->step, step);
		return true;
	}
	return false;
}

void ghost_alt_add(struct ghost_mem *mem, uint32_t line, uint64_t mask,
                   const uint8_t *val, uint64_t step)
{
	uint32_t i = mem->free_alts;
	struct ghost_alt *a;

	if (!mask || alt_renew(mem, line, mask, val, step))
		return;
	if (i) {
		mem->free_alts = ghost_alt_at(mem, i)->next;
	} else {
		i = mem->alts->len;
		g_array_set_size(mem->alts, i + 1);
	}
	a = ghost_alt_at(mem, i);
	a->mask = mask;
	a->step = step;
	a->zero = !val;
	if (val)
		memcpy(a->val, val, LINE_BYTES);
	a->next = ghost_line_at(mem, line)->alts;
	ghost_line_at(mem, line)->alts = i;
}

static void alt_remove(struct ghost_mem *mem, uint32_t line, uint64_t mask,
                       uint64_t before, bool zeroes)
{
	uint32_t *link = &ghost_line_at(mem, line)->alts;

	while (*link) {
		uint32_t i = *link;
		struct ghost_alt *a = ghost_alt_at(mem, i);

		if (a->step < before && (zeroes || !a->zero))
			a->mask &= ~mask;
		if (a->mask) {
			link = &a->next;
			continue;
		}
		*link = a->next;
		a->next = mem->free_alts;
		mem->free_alts = i;
	}
}

void ghost_alt_remove(struct ghost_mem *mem, uint32_t line, uint64_t mask)
{
	alt_remove(mem, line, mask, UINT64_MAX, true);
}

void ghost_alt_expire(struct ghost_mem *mem, uint32_t line, uint64_t mask,
                      uint64_t since)
{
	alt_remove(mem, line, mask, since, false);
}

bool ghost_may_be(const struct ghost_mem *mem, const struct ghost_line *l,
                  unsigned i, uint8_t value)
{
	const struct ghost_alt *a;

	if (!(l->known >> i & 1) || l->val[i] == value)
		return true;
	for (uint32_t n = l->alts; n; n = a->next) {
		a = ghost_alt_at(mem, n);
		if ((a->mask >> i & 1) && (a->zero ? 0 : a->val[i]) == value)
			return true;
	}
	return false;
}
