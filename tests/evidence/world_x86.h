/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random page tables of x86-64 and random accesses, for walkers that are
 * compared with ours; our answer and the manual's.
 *
 * A world is a set of tables whose entries are mostly right and sometimes not:
 * absent, without a right, with reserved bits, large where that is not allowed,
 * leading to a table of the wrong level or to themselves.  Some hundred
 * accesses are made in each, some with the TLBs as the last one left them.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_WORLD_X86_H
#define MMULATOR_TESTS_EVIDENCE_WORLD_X86_H

#include "tests/evidence/access_x86.h"
#include "tests/evidence/sdm.h"
#include "tests/evidence/stage.h"

struct world {
	struct stage s;
	struct stage_args args;
	struct stage_random rnd;
	struct sdm_cpu cpu;
	/* 8 bytes of memory get a value here; there, too, please. */
	void (*put)(uint64_t pa, uint64_t value);
	uint64_t nr_made; /* accesses */
};
/* The one of this program. */
extern struct world world;

/**
 * world_init - a machine whose memory is all allocated.
 * @maxphyaddr: reserved are physical address bits from here on
 */
void world_init(unsigned maxphyaddr, void (*put)(uint64_t pa, uint64_t value));
void world_fini(void);

/* What is made of an access; it may become another. */
typedef void world_fn(struct world_access *a);
/**
 * world_run - worlds, and @n accesses in them.
 * @la57: with five levels
 *
 * Context: in a task (stage_run()).
 */
void world_run(bool la57, uint64_t n, world_fn *fn);

/* One access, as the manual tells it: one or two pages. */
struct world_manual {
	bool crosses;
	struct sdm_result page[2];
};
/**
 * world_prepare - @a as it will be made; marks where it goes.
 *
 * Tables are not executed. Return: what the manual says to it.
 */
struct world_manual world_prepare(struct world_access *a);
/** world_last - the page whose translation ended it. */
const struct sdm_result *world_last(const struct world_manual *m);
/** world_ours - @a on our walker. */
struct world_result world_ours(const struct world_access *a);
/** world_same_as_manual - do they agree? */
bool world_same_as_manual(const struct world_result *us,
                          const struct world_manual *m);

/** world_read - the 8 bytes at @pa of our memory. */
uint64_t world_read(uint64_t pa);
/** world_write - give them a value, here and there. */
void world_write(uint64_t pa, uint64_t value);

/** world_entries - how many entries the tables have, all in all. */
unsigned world_entries(void);
/** world_entry_pa - where one is. @i: below world_entries() */
uint64_t world_entry_pa(unsigned i);

/* ---- telling ---- */

/** world_count - for the report. */
void world_count(const struct world_access *a, const struct world_manual *m,
                 const struct world_result *r);
/** world_report - one line. @name: of the other walker */
void world_report(const char *name);
/**
 * world_complain - they differ: what each says.
 * @what: differs
 * @name: of the other walker
 */
void world_complain(const char *what, const struct world_access *a,
                    const struct world_manual *m, const struct world_result *us,
                    const char *name, const struct world_result *them);

#endif
