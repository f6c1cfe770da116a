/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a session stops: before a step of some name or address, or after a
 * step in which something happened.
 */
#ifndef MMULATOR_STEPPER_BREAKPOINT_H
#define MMULATOR_STEPPER_BREAKPOINT_H

#include <glib.h>

#include "base/machine.h"

enum breakpoint_kind {
	BREAK_LABEL, /* before a step `label`, of `addr` if has_addr */
	BREAK_ADDR,  /* before a step whose address is in [addr, addr + size) */
	BREAK_PTE,   /* after an entry that translates `addr` was written */
	BREAK_FILL,  /* after a TLB was filled with a translation of `addr` */
	BREAK_ORACLE, /* after an oracle of `oracles` fired */
	BREAK_FAULT,  /* after an exception */
	BREAK_IPI,    /* after an interrupt was sent or taken */
};

struct breakpoint {
	enum breakpoint_kind kind;
	unsigned number; /* for people; 0: of an `until` */
	char *label;
	bool has_addr;
	uint64_t addr, size;
	unsigned mm_id;   /* BREAK_PTE: of this address space; 0: of any */
	uint32_t oracles; /* 1 << enum oracle_id */
};

struct breakpoint_list {
	GPtrArray *all; /* of struct breakpoint */
	unsigned last_number;
};

/** breakpoint_list_init - an empty list; breakpoint_list_clear(). */
void breakpoint_list_init(struct breakpoint_list *list);
/** breakpoint_list_clear - free it and the breakpoints in it. */
void breakpoint_list_clear(struct breakpoint_list *list);
/**
 * breakpoint_add - set a breakpoint.
 * @list: its last one from now on
 * @b: copied, the label too; its number does not matter
 *
 * Return: the copy, the list's, with a number that no other ever had there.
 */
struct breakpoint *breakpoint_add(struct breakpoint_list *list,
                                  const struct breakpoint *b);
/**
 * breakpoint_delete - take one out and free it.
 * @number: as breakpoint_add() gave it
 *
 * Return: false: there is none of that number.
 */
bool breakpoint_delete(struct breakpoint_list *list, unsigned number);

/**
 * breakpoint_before - does it stop before a step?
 * @b: any; only BREAK_LABEL and BREAK_ADDR can
 * @a: announced the step, which is its next
 *
 * Return: whether.
 */
bool breakpoint_before(const struct breakpoint *b, const struct agent *a);
/**
 * breakpoint_after - does it stop after the step an event belongs to?
 * @b: any
 * @m: where it happened
 * @ev: of one of BREAKPOINT_EVENTS; others stop nothing.  An entry that is
 *	written with the value it has does not, either
 *
 * Return: whether.
 */
bool breakpoint_after(const struct breakpoint *b, const struct machine *m,
                      const struct event *ev);
/** What breakpoint_after() has to be told of: bits of enum event_type. */
#define BREAKPOINT_EVENTS                                            \
	(UINT64_C(1) << EV_PT_WRITE | UINT64_C(1) << EV_WALK_WRITE | \
	 UINT64_C(1) << EV_TLB_FILL | UINT64_C(1) << EV_FAULT |      \
	 UINT64_C(1) << EV_IPI)
/** breakpoint_fired - does it stop when the oracles @fired have? */
static inline bool breakpoint_fired(const struct breakpoint *b, uint32_t fired)
{
	return b->kind == BREAK_ORACLE && (b->oracles & fired);
}

/**
 * breakpoint_describe - when it stops, in words.
 * @out: "before step pmd_clear @ 0x40000000" is appended, no newline
 * @b: any
 */
void breakpoint_describe(GString *out, const struct breakpoint *b);

#endif
