/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TLB that is obviously right: a list of what is held, looked through from
 * one end to the other each time.  No tags, sets, signatures, hints, counters.
 *
 * It has the arrays of the real one, which say who sees an entry, but not their
 * room: what the real one pushes out it must be told (reftlb_dropped()).
 * The paging-structure caches do have room here: the entry used longest ago
 * goes.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_REFTLB_H
#define MMULATOR_TESTS_EVIDENCE_REFTLB_H

#include "tlb/tlb.h"

#define REFTLB_MAX 8192

struct ref_entry {
	unsigned array;
	uint64_t va, pfn, serial;
	unsigned shift, leaf_shift, leaf_level, pcid, rights;
};

struct ref_table { /* an entry of a paging-structure cache */
	uint64_t va, table;
	unsigned level, pcid, rights;
};

struct reftlb {
	const struct tlb_geometry *geometry;
	/* log2 of the granule, of the lower and the upper addresses: what a
	 * table spans. 12 after reftlb_init(). */
	unsigned granule[2];
	struct ref_entry held[REFTLB_MAX];
	unsigned nr;
	/* The one used longest ago first. */
	struct ref_table tables[TLB_LEVELS * TLB_PSC_MAX];
	unsigned nr_tables;
	/* How many entries went since the caller last cleared it. */
	unsigned nr_gone;
};

/* What a lookup gives. */
struct ref_match {
	struct ref_entry entry;
	unsigned level;
};

void reftlb_init(struct reftlb *t, const struct tlb_geometry *g);
unsigned reftlb_lookup(const struct reftlb *t, enum tlb_kind kind, uint64_t va,
                       unsigned pcid, struct ref_match m[TLB_MATCHES_MAX]);
/** reftlb_use - a match of the second level comes into the first. */
void reftlb_use(struct reftlb *t, enum tlb_kind kind,
                const struct ref_match *m);
/** reftlb_fill - @e but for its array; splinters it in place. */
void reftlb_fill(struct reftlb *t, enum tlb_kind kind, uint64_t va,
                 struct ref_entry *e);
/** reftlb_dropped - a copy @e is about to go out of @real. Return: for want of
 * room: here it goes as well. */
bool reftlb_dropped(struct reftlb *t, const struct tlb *real,
                    const struct tlb_entry *e, enum tlb_drop reason);
void reftlb_set_dirty(struct reftlb *t, uint64_t serial);
void reftlb_drop_serial(struct reftlb *t, uint64_t serial);
bool reftlb_holds(const struct reftlb *t, uint64_t serial);
void reftlb_invalidate_addr(struct reftlb *t, uint64_t va, unsigned pcid,
                            bool globals);
void reftlb_invalidate_context(struct reftlb *t, unsigned pcid);
void reftlb_invalidate_all(struct reftlb *t, bool globals);
void reftlb_invalidate_globals(struct reftlb *t);
/** reftlb_invalidate_scope - Arm ARM D8.14: what a TLBI is for. */
void reftlb_invalidate_scope(struct reftlb *t, const struct tlb_scope *s);

const struct ref_table *reftlb_table(struct reftlb *t, uint64_t va,
                                     unsigned pcid);
void reftlb_fill_table(struct reftlb *t, const struct ref_table *e);
void reftlb_tables_addr(struct reftlb *t, uint64_t va, unsigned pcid);
void reftlb_tables_context(struct reftlb *t, unsigned pcid);
void reftlb_tables_scope(struct reftlb *t, const struct tlb_scope *s);
void reftlb_tables_all(struct reftlb *t);

/**
 * reftlb_compare - does @t hold exactly what @real holds?
 * Return: NULL, or what differs.
 */
const char *reftlb_compare(const struct reftlb *t, const struct tlb *real);

#endif
