/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a chain: why.c has the kinds of hazards and the text, why_find.c
 * looks records up.
 */
#ifndef MMULATOR_VIZ_WHY_INTERNAL_H
#define MMULATOR_VIZ_WHY_INTERNAL_H

#include "viz/viz_internal.h"
#include "viz/why.h"

#define NO_RECORD SIZE_MAX

struct why {
	const struct machine *m;
	const struct hazard *h;
	const struct record *records;
	size_t nr_records;
	size_t end;  /* the first record after the hazard's step */
	pfn_t frame; /* it is about, if */
	bool has_frame;
	const char *object; /* type of the object it is about; NULL: none */
	GArray *links;      /* struct why_link */
};

/** why_link_record - the record a link of the hazard means; NO_RECORD if it
 * is not there. */
size_t why_link_record(const struct why *w, const struct hazard_link *link);
/** why_role_record - that of the first link with @role. */
size_t why_role_record(const struct why *w, enum hazard_role role);

/** why_add - a link for record @i, described as in the columns. @more is
 * appended to it, NULL: nothing. A record has one link at most. */
void why_add(struct why *w, size_t i, enum why_kind kind, const char *more);

/* What happened to the page at @va between two records. */
struct why_span {
	size_t from, to;
	vaddr_t va;
	uint64_t size;
	uint64_t cpus; /* whose translations it is about, bits */
	uint64_t mm;   /* id, 0: any */
	bool leaves;   /* of entries only those that map the page */
};
/** why_mm_of - id of the mm that the CPU of record @i had loaded; 0: unknown.
 */
uint64_t why_mm_of(const struct why *w, size_t i);
/** why_add_changes - entries on the way to the page that were written, with D
 * set by hardware. Return: the first, NO_RECORD if there is none. */
size_t why_add_changes(struct why *w, const struct why_span *span);
/** why_add_flushes - flushes of the page that were owed or left out, and when
 * the owed one began if the CPUs were not left out. Return: was there any? */
bool why_add_flushes(struct why *w, const struct why_span *span);
/** why_end_of - the first record after @step. */
size_t why_end_of(const struct why *w, uint64_t step);
/** why_add_callback - if RCU made @i happen: who asked, after which grace
 * period. */
void why_add_callback(struct why *w, size_t i);
/** why_add_freed - record @i gave something back: after which grace period. */
void why_add_freed(struct why *w, size_t i);
/** why_add_fate - that the frame was freed, and what it became. */
void why_add_fate(struct why *w, pfn_t pfn, size_t from);
/** why_add_reader - since when the agent of record @i reads: its read section,
 * or interrupts off. */
void why_add_reader(struct why *w, size_t i);
/** why_add_irqs_off - when @cpu turned interrupts off, if they are when record
 * @until comes; @cpu may be -1. */
void why_add_irqs_off(struct why *w, int cpu, size_t until);
/** why_add_tags - how the granule of the tag in record @i got the tags it had:
 * by whom the last one was stored, when the kernel set those of its frame.
 * Return: the record since when the frame is what it is. */
size_t why_add_tags(struct why *w, size_t i);
/** why_add_held - locks that were held when record @until came.
 * @agent: by whom; -1: anybody
 * @class: of this class; NULL: any */
void why_add_held(struct why *w, int agent, size_t until, const char *class);

#endif
