// SPDX-License-Identifier: GPL-2.0-or-later
#include "stepper/breakpoint.h"

#include <inttypes.h>
#include <string.h>

#include "oracle/oracle.h"
#include "pagetable/pgtable.h"
#include "tlb/tlb.h"

static void breakpoint_free(gpointer data)
{
	struct breakpoint *b = data;

	g_free(b->label);
	g_free(b);
}

void breakpoint_list_init(struct breakpoint_list *list)
{
	list->all = g_ptr_array_new_with_free_func(breakpoint_free);
	list->last_number = 0;
}

void breakpoint_list_clear(struct breakpoint_list *list)
{
	g_ptr_array_unref(list->all);
	list->all = NULL;
}

struct breakpoint *breakpoint_add(struct breakpoint_list *list,
                                  const struct breakpoint *b)
{
	struct breakpoint *copy = g_new(struct breakpoint, 1);

	*copy = *b;
	copy->label = g_strdup(b->label);
	copy->number = ++list->last_number;
	g_ptr_array_add(list->all, copy);
	return copy;
}

bool breakpoint_delete(struct breakpoint_list *list, unsigned number)
{
	for (guint i = 0; i < list->all->len; i++) {
		const struct breakpoint *b = list->all->pdata[i];

		if (b->number != number)
			continue;
		g_ptr_array_remove_index(list->all, i);
		return true;
	}
	return false;
}

bool breakpoint_before(const struct breakpoint *b, const struct agent *a)
{
	const struct step *st = &a->next;

	if (b->kind == BREAK_LABEL)
		return st->label && !strcmp(st->label, b->label) &&
		       (!b->has_addr || st->addr == b->addr);
	return b->kind == BREAK_ADDR && st->addr - b->addr < b->size;
}

/* Does the entry at @pa, in a table that knows where it hangs, translate the
 * address? */
static bool entry_translates(const struct breakpoint *b,
                             const struct machine *m, paddr_t pa)
{
	pfn_t pfn = pa >> PAGE_SHIFT;
	const struct page *table;
	unsigned shift;
	vaddr_t va;

	if (!pfn_valid(&m->mem, pfn))
		return false;
	table = &m->mem.mem_map[pfn];
	if (table->kind < FRAME_PT_PTE || table->kind > FRAME_PT_PGD)
		return false;
	if (b->mm_id && table->pt_owner != b->mm_id)
		return false;
	shift = pt_level_shift(table->kind - FRAME_PT_PTE + 1U);
	va = table->index + ((pa >> 3 & (PTRS_PER_PTE - 1)) << shift);
	return b->addr - va < BIT_ULL(shift);
}

bool breakpoint_after(const struct breakpoint *b, const struct machine *m,
                      const struct event *ev)
{
	const struct tlb_entry *e = ev->data;

	switch ((int)ev->type) {
	case EV_PT_WRITE:
	case EV_WALK_WRITE:
		return b->kind == BREAK_PTE && ev->a != ev->b &&
		       entry_translates(b, m, ev->addr);
	case EV_TLB_FILL:
		return b->kind == BREAK_FILL &&
		       b->addr - e->va < BIT_ULL(e->shift);
	case EV_FAULT:
		return b->kind == BREAK_FAULT;
	case EV_IPI:
		return b->kind == BREAK_IPI && ev->a < 2;
	default:
		return false;
	}
}

static void describe_oracles(GString *out, uint32_t oracles)
{
	if (oracles == (1U << ORACLE_COUNT) - 1) {
		g_string_append(out, "after any hazard");
		return;
	}
	g_string_append(out, "after hazard");
	for (int i = 0; i < ORACLE_COUNT; i++)
		if (oracles & (1U << i))
			g_string_append_printf(out, " %s",
			                       oracle_infos[i].name);
}

void breakpoint_describe(GString *out, const struct breakpoint *b)
{
	switch (b->kind) {
	case BREAK_LABEL:
		g_string_append_printf(out, "before step %s", b->label);
		if (b->has_addr)
			g_string_append_printf(out, " @ 0x%" PRIx64, b->addr);
		break;
	case BREAK_ADDR:
		g_string_append_printf(out, "before a step at 0x%" PRIx64,
		                       b->addr);
		if (b->size > 1)
			g_string_append_printf(out, " (%" PRIu64 " bytes)",
			                       b->size);
		break;
	case BREAK_PTE:
		g_string_append_printf(
			out, "after a change of the entries for 0x%" PRIx64,
			b->addr);
		break;
	case BREAK_FILL:
		g_string_append_printf(out, "after a TLB fill for 0x%" PRIx64,
		                       b->addr);
		break;
	case BREAK_ORACLE:
		describe_oracles(out, b->oracles);
		break;
	case BREAK_FAULT:
		g_string_append(out, "after a fault");
		break;
	case BREAK_IPI:
	default:
		g_string_append(out, "after an IPI was sent or taken");
	}
}
