/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with one CPU and no kernel, driven by one task; what the programs
 * of this folder are told on the command line; random numbers.
 */
#ifndef MMULATOR_TESTS_EVIDENCE_STAGE_H
#define MMULATOR_TESTS_EVIDENCE_STAGE_H

#include "base/machine.h"
#include "mmu/mmu.h"

struct stage {
	struct machine *m;
	struct mmu mmu;
	struct cpu_profile profile;
};

/* Two levels, all sizes, few entries: quick to empty. */
extern const struct tlb_geometry stage_small_tlb;

void stage_init(struct stage *s, enum arch_id arch,
                const struct tlb_geometry *tlb, unsigned maxphyaddr,
                uint64_t memory_bytes);
void stage_fini(struct stage *s);
/** stage_run - @fn as the only task of the machine, to its end. */
void stage_run(struct stage *s, void (*fn)(void *arg), void *arg);
/** stage_frame - a frame, zeroed; its physical address. */
paddr_t stage_frame(struct stage *s, enum frame_kind kind);
/** stage_word - the 8 bytes at @pa, in a frame that was allocated. */
uint64_t *stage_word(struct stage *s, paddr_t pa);

/** stage_quick - a load or store of a user by the quick path. Return: it took
 * it; all but acc->pa is set. */
bool stage_quick(struct stage *s, struct mmu_access *acc);

/** stage_fail - the test has failed and has said why; also inside a task. */
__attribute__((noreturn)) void stage_fail(void);

struct stage_args;
/** stage_fail_at - likewise, in operation @nr of the campaign. */
__attribute__((noreturn)) void
stage_fail_at(uint64_t nr, const struct stage_args *args, const char *what);

/* ---- the command line: [--cases N] [--seed S] ---- */

struct stage_args {
	uint64_t cases, seed;
};
/** stage_args_parse - over the defaults in @args; exits with 2 on nonsense. */
void stage_args_parse(struct stage_args *args, int argc, char **argv);

/* Builds for debugging take a sample where others take everything. */
#ifdef MMULATOR_SAMPLED
#	define STAGE_SAMPLED true
#else
#	define STAGE_SAMPLED false
#endif

/* ---- random numbers: xorshift64*, from a seed ---- */

struct stage_random {
	uint64_t state;
};
void stage_seed(struct stage_random *r, uint64_t seed);
uint64_t stage_random(struct stage_random *r);
/** stage_below - 0 .. @n - 1. */
static inline unsigned stage_below(struct stage_random *r, unsigned n)
{
	return (unsigned)((stage_random(r) >> 32) * n >> 32);
}
/** stage_dense - 64 bits, each of them set seven times in eight. */
uint64_t stage_dense(struct stage_random *r);
/** stage_one_in - true once in @n times. */
static inline bool stage_one_in(struct stage_random *r, unsigned n)
{
	return !stage_below(r, n);
}

/* ---- all combinations ---- */

/** stage_left_out - true but once in args->cases times: a sample is enough. */
bool stage_left_out(const struct stage_args *args, struct stage_random *r);
/** stage_chosen - those of the @n @bits whose bit in @choice is set. */
uint64_t stage_chosen(const uint64_t *bits, unsigned n, unsigned choice);

#endif
