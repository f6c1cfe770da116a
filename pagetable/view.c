/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables as people and judges see them: no steps. */
#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "pagetable/format.h"
#include "pagetable/pgtable.h"

unsigned pt_levels(const struct machine *m)
{
	return pt_format_of(m)->levels;
}

const char *pt_level_name(unsigned level)
{
	static const char *const names[PT_LEVEL_COUNT] = {
		"none", "pte", "pmd", "pud", "p4d", "pgd",
	};

	return level < PT_LEVEL_COUNT ? names[level] : "?";
}

struct pt_entry pt_decode(const struct machine *m, unsigned level,
                          uint64_t value)
{
	const struct pt_format *f = pt_format_of(m);
	const bool leaf = f->leaf(value, level);
	bool (*test)(uint64_t e, enum pt_attr attr) =
		leaf || !f->table_test ? f->test : f->table_test;

	return (struct pt_entry){
		.value = value,
		.level = (uint8_t)level,
		.none = f->none(value),
		.present = f->hw_present(value),
		.leaf = leaf,
		.write = test(value, PT_ATTR_WRITE),
		.user = test(value, PT_ATTR_USER),
		.exec = test(value, PT_ATTR_EXEC),
		.dirty = test(value, PT_ATTR_DIRTY),
		.young = test(value, PT_ATTR_YOUNG),
		.global = test(value, PT_ATTR_GLOBAL),
		.reserved = f->reserved(value, level),
		.pfn = f->pfn(value, level),
	};
}

static unsigned level_index(vaddr_t addr, unsigned level)
{
	return (unsigned)(addr >> pt_level_shift(level)) & (PTRS_PER_PTE - 1);
}

static struct pt_entry entry_at(struct machine *m, pfn_t table, unsigned level,
                                unsigned index)
{
	paddr_t pa = (table << PAGE_SHIFT) + index * sizeof(uint64_t);
	uint64_t value = 0;
	struct pt_entry e;

	if (pfn_valid(&m->mem, table))
		value = phys_read(&m->mem, pa, sizeof(value));
	e = pt_decode(m, level, value);
	e.pa = pa;
	return e;
}

struct pt_walk pt_walk(struct machine *m, paddr_t root, vaddr_t addr)
{
	struct pt_walk w = {
		.addr = addr, .write = true, .user = true, .exec = true
	};
	pfn_t table = root >> PAGE_SHIFT;

	w.root_level = (uint8_t)pt_levels(m);
	/* Terminates: what is present at level 1 is a leaf. */
	for (unsigned level = w.root_level; level; level--) {
		struct pt_entry *e = &w.entry[level];

		*e = entry_at(m, table, level, level_index(addr, level));
		w.level = (uint8_t)level;
		w.write &= e->write;
		w.user &= e->user;
		w.exec &= e->exec;
		w.leaf = e->present && e->leaf;
		if (!e->present || e->leaf)
			break;
		table = e->pfn;
	}
	if (w.leaf)
		w.paddr = (w.entry[w.level].pfn << PAGE_SHIFT) +
		          (addr & (BIT_ULL(pt_level_shift(w.level)) - 1));
	return w;
}

/* ---- all entries, by a loop over one stack of tables ---- */

struct table_cursor {
	pfn_t table;
	vaddr_t base;   /* first address the table spans */
	unsigned index; /* of the next entry */
};

static uint64_t any_of_8(const uint64_t *e)
{
	typedef uint64_t pair __attribute__((vector_size(16)));
	pair p[4];

	memcpy(p, e, sizeof(p));
	p[0] |= p[1] | p[2] | p[3];
	return p[0][0] | p[0][1];
}

unsigned pt_next_used(const struct physmem *mem, pfn_t table, unsigned index)
{
	const uint64_t *e;

	if (!pfn_valid(mem, table) ||
	    pfn_to_page(mem, table)->content == CONTENT_ZERO)
		return PTRS_PER_PTE;
	if (!frame_has_bytes(mem, table))
		return index;
	e = phys_to_virt(mem, table << PAGE_SHIFT);
	while (index < PTRS_PER_PTE && !e[index])
		index += index % 8 == 0 && !any_of_8(e + index) ? 8 : 1;
	return index;
}

/* What @addr of a table's own numbers is called outside. */
static vaddr_t full_address(const struct pt_format *f, vaddr_t addr)
{
	const unsigned bits = f->va_bits;

	if (!f->sign_extended)
		return addr;
	return (vaddr_t)((int64_t)(addr << (64 - bits)) >> (64 - bits));
}

void pt_for_each_entry(struct machine *m, paddr_t root, vaddr_t start,
                       vaddr_t end,
                       bool (*fn)(const struct pt_entry *e, vaddr_t addr,
                                  void *data),
                       void *data)
{
	const struct pt_format *format = pt_format_of(m);
	const vaddr_t va_mask = BIT_ULL(format->va_bits) - 1;
	struct table_cursor at[PT_LEVEL_COUNT] = { { 0 } };
	unsigned level = pt_levels(m);

	if (start >= end)
		return;
	start &= va_mask;
	end = ((end - 1) & va_mask) + 1;
	at[level].table = root >> PAGE_SHIFT;
	while (level <= pt_levels(m)) {
		struct table_cursor *c = &at[level];
		uint64_t span = BIT_ULL(pt_level_shift(level));
		struct pt_entry e;
		vaddr_t addr;

		c->index = pt_next_used(&m->mem, c->table, c->index);
		addr = c->base + c->index * span;
		if (c->index == PTRS_PER_PTE || addr >= end) {
			level++;
			continue;
		}
		if (addr + span <= start) {
			c->index += (unsigned)MIN((start - addr) / span,
			                          PTRS_PER_PTE - c->index);
			continue;
		}
		e = entry_at(m, c->table, level, c->index++);
		if (!fn(&e, full_address(format, addr), data))
			continue;
		if (e.present && !e.leaf && pfn_valid(&m->mem, e.pfn))
			at[--level] = (struct table_cursor){ .table = e.pfn,
				                             .base = addr };
	}
}

/* ---- text ---- */

char *pt_entry_format(const struct machine *m, unsigned level, uint64_t value,
                      char *buf, size_t size)
{
	const struct entry_field *f = pt_format_of(m)->fields;
	struct pt_entry e = pt_decode(m, level, value);
	size_t used;

	BUG_ON(!size);
	if (!value) {
		snprintf(buf, size, "none");
		return buf;
	}
	used = (size_t)snprintf(buf, size, "pfn 0x%llx",
	                        (unsigned long long)e.pfn);
	for (; f->name && used < size; f++) {
		if (value & f->mask)
			used += (size_t)snprintf(buf + used, size - used, " %s",
			                         f->name);
	}
	return buf;
}
