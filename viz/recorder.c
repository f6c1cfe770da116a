/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the numbers of a record mean:
 *
 *	access         addr va, a value, b pa, c size, d what was there before
 *	tag            addr va, a tag, b pa, c logical tag of the address
 *	tlb fill, drop addr va, a first frame, b shift, c reason of a drop
 *	entry written  addr va it translates (0: unknown), a new, b old, c pa,
 *	               d id of the mm (0: unknown)
 *	instruction    addr pc, a b its bytes, c how many
 *	flush          as the event, d the mm's id, 0: none
 *	syscall enter  a number, b c d the first three arguments
 *	others         as the event (base/event.h)
 */
#include <string.h>

#include "base/access.h"
#include "base/bug.h"
#include "pagetable/pgtable.h"
#include "tlb/tlb.h"
#include "viz/report.h"
#include "viz/viz_internal.h"

#define RECORDS_MAX (1U << 20)

#define BIT(type) (UINT64_C(1) << (type))

static void recorder_event(struct observer *o, struct machine *m,
                           const struct event *ev);

struct recorder *recorder_new(bool all_steps)
{
	struct recorder *r = g_new0(struct recorder, 1);

	r->records = g_array_new(FALSE, FALSE, sizeof(struct record));
	r->observer.name = "recorder";
	r->observer.event = recorder_event;
	r->observer.types = BIT(EV_TYPE_COUNT) - 1;
	if (!all_steps)
		r->observer.types &= ~(BIT(EV_STEP) | BIT(EV_CHOICE) |
		                       BIT(EV_INSN) | BIT(EV_OBJ_ALLOC));
	return r;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	recorder_detach(r);
	g_array_free(r->records, TRUE);
	g_free(r);
}

void recorder_attach(struct recorder *r, struct machine *m)
{
	BUG_ON(r->machine);
	r->machine = m;
	observe(m, &r->observer);
}

void recorder_detach(struct recorder *r)
{
	if (r->machine)
		unobserve(r->machine, &r->observer);
	r->machine = NULL;
}

void recorder_reset(struct recorder *r)
{
	g_array_set_size(r->records, 0);
	r->nr_forgotten = 0;
}

const struct record *recorder_records(const struct recorder *r, size_t *n)
{
	*n = r->records->len;
	return (const struct record *)(const void *)r->records->data;
}

static void fill_access(struct record *rec, const struct event *ev)
{
	const struct access_record *acc = ev->data;

	rec->addr = acc->va;
	rec->a = acc->value;
	rec->b = acc->pa;
	rec->c = acc->size;
	rec->d = acc->old;
	rec->write = acc->write;
	rec->read = acc->read;
	rec->exec = acc->exec;
	rec->hit = acc->tlb_hit;
	if (acc->entry)
		rec->level = acc->entry->leaf_level;
}

static void fill_tag(struct record *rec, const struct event *ev)
{
	const struct access_record *acc = ev->data;

	rec->addr = acc->va;
	rec->a = acc->value;
	rec->b = acc->pa;
	rec->c = ev->a;
	rec->write = acc->write;
}

static void fill_pin(struct record *rec, const struct event *ev)
{
	const struct pin_record *pin = ev->data;

	rec->a = pin->event;
	rec->b = pin->pa;
	rec->c = pin->size;
	rec->d = pin->value;
	rec->write = pin->pinned;
}

static void fill_tlb(struct record *rec, const struct event *ev)
{
	const struct tlb_entry *e = ev->data;

	rec->addr = e->va;
	rec->c = ev->a;
	rec->a = e->pfn;
	rec->b = e->shift;
	rec->level = e->leaf_level;
}

/* The first address an entry spans, if its table knows where it hangs. */
static void fill_entry(struct record *rec, const struct machine *m,
                       const struct event *ev)
{
	pfn_t pfn = ev->addr >> PAGE_SHIFT;
	unsigned level = (unsigned)ev->c;
	const struct page *table;

	rec->c = ev->addr;
	rec->addr = 0;
	rec->level = (uint8_t)level;
	if (!pfn_valid(&m->mem, pfn) || !level || level > PT_LEVEL_PGD)
		return;
	table = &m->mem.mem_map[pfn];
	if (table->kind < FRAME_PT_PTE || table->kind > FRAME_PT_PGD)
		return;
	rec->d = table->pt_owner;
	rec->addr =
		table->index + ((ev->addr >> 3 & 511) << pt_level_shift(level));
}

static void fill_syscall(struct record *rec, const struct event *ev)
{
	const uint64_t *args = ev->data;

	if (ev->type == EV_SYSCALL_ENTER && args) {
		rec->b = args[0];
		rec->c = args[1];
		rec->d = args[2];
	}
}

/* The bytes: they may be gone when the record is read. */
static void fill_insn(struct record *rec, const struct event *ev)
{
	uint64_t bytes[2] = { 0 };

	rec->c = MIN(ev->a, sizeof(bytes));
	memcpy(bytes, ev->data, rec->c);
	rec->a = bytes[0];
	rec->b = bytes[1];
}

static void recorder_event(struct observer *o, struct machine *m,
                           const struct event *ev)
{
	struct recorder *r = container_of(o, struct recorder, observer);
	struct record rec = { .step = ev->step,
		              .addr = ev->addr,
		              .a = ev->a,
		              .b = ev->b,
		              .c = ev->c,
		              .text = ev->text,
		              .type = (uint8_t)ev->type,
		              .agent = -1,
		              .cpu = -1 };

	if (ev->agent) {
		rec.agent = (int8_t)ev->agent->id;
		if (ev->agent->cpu)
			rec.cpu = (int8_t)ev->agent->cpu->id;
	}
	if (ev->type == EV_ACCESS)
		fill_access(&rec, ev);
	else if (ev->type == EV_TAG)
		fill_tag(&rec, ev);
	else if (ev->type == EV_PIN)
		fill_pin(&rec, ev);
	else if (ev->type == EV_TLB_FILL || ev->type == EV_TLB_DROP)
		fill_tlb(&rec, ev);
	else if (ev->type == EV_PT_WRITE)
		fill_entry(&rec, m, ev);
	else if (ev->type == EV_INSN)
		fill_insn(&rec, ev);
	else if (ev->type == EV_FLUSH && ev->data)
		rec.d = *(const unsigned *)ev->data;
	else if (ev->type == EV_SYSCALL_ENTER)
		fill_syscall(&rec, ev);
	if (r->records->len == RECORDS_MAX) {
		g_array_remove_range(r->records, 0, RECORDS_MAX / 2);
		r->nr_forgotten += RECORDS_MAX / 2;
	}
	g_array_append_val(r->records, rec);
}
