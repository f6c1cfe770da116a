/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An MMU and the list that says what it holds, through a campaign of random
 * operations: what diff_mmu and diff_mmu_arm64 have in common.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_TWIN_H
#define MMULATOR_TESTS_EVIDENCE_TWIN_H

#include "tests/evidence/reftlb.h"
#include "tests/evidence/stage.h"

struct twin {
	struct stage s;
	struct reftlb ref;
	struct stage_args args;
	struct stage_random rnd;
	uint64_t now, last; /* operations made; where this machine ends */
	uint64_t nr_accesses, nr_hits, nr_faults, nr_stale, nr_changes,
		nr_flushes;
};
/* The one of this program. */
extern struct twin tw;

/** twin_begin - the command line. */
void twin_begin(int argc, char **argv);
/**
 * twin_machine - part @i of @n of the campaign has a new machine, whose memory
 * is all allocated.
 * @g: of its TLBs
 */
void twin_machine(unsigned i, unsigned n, enum arch_id arch,
                  const struct tlb_geometry *g, unsigned maxphyaddr,
                  uint64_t memory_bytes);
/** twin_fail - they differ: @what. */
__attribute__((noreturn)) void twin_fail(const char *what);
/** twin_word - the 8 bytes at @pa; the `read` of the manuals' CPUs. */
uint64_t twin_word(void *data, uint64_t pa);
/** twin_evict - an entry of the TLB goes on its own. */
void twin_evict(void);
/** twin_compare - all that both hold. */
void twin_compare(void);
/** twin_print - what was done. @name: of the MMU */
void twin_print(const char *name);

#endif
