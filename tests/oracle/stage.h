/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stage for the judges: a machine whose events the test speaks itself.
 *
 * There are page tables in simulated memory, one agent per CPU, and nobody
 * who moves: each helper is one step of the agent it names.
 */
#ifndef MMULATOR_TESTS_ORACLE_STAGE_H
#define MMULATOR_TESTS_ORACLE_STAGE_H

#include <check.h>

#include "base/access.h"
#include "base/machine.h"
#include "oracle/oracle.h"
#include "tlb/tlb.h"

#define HEAP UINT64_C(0x40000000)

/* Bits of x86 entries, SDM 3A tables 4-19 and 4-20. */
#define E_P  0x01
#define E_W  0x02
#define E_U  0x04
#define E_A  0x20
#define E_D  0x40
#define E_PS 0x80
#define E_RW (E_P | E_W | E_U | E_A | E_D)
#define E_RO (E_P | E_U | E_A)

#define NR_MMAP         9
#define NR_MPROTECT     10
#define NR_MUNMAP       11
#define NR_MREMAP       25
#define NR_MADVISE      28
#define NR_FORK         57
#define NR_FTRUNCATE    77
#define NR_MEMFD_CREATE 319
#define DONTNEED        4
#define LAZYFREE        8

struct stage {
	struct machine *m;
	struct oracle_set *set;
	struct agent *agent[3]; /* agent i is on CPU i */
	paddr_t root;
	uint64_t serial;
};

/** stage_new - 3 CPUs, one mm (id 1); @strict as in oracle_options. */
struct stage *stage_new(bool strict);
void stage_free(struct stage *s);

/** act - the next step is agent @who's. */
void act(struct stage *s, unsigned who);

/** frame - an order-0 frame; frame_huge: 2 MiB. */
pfn_t frame(struct stage *s, enum frame_kind kind);
pfn_t frame_huge(struct stage *s);
void release(struct stage *s, unsigned who, pfn_t pfn);

/** entry_of - physical address of the entry of @level for @va, tables made as
 * needed. */
paddr_t entry_of(struct stage *s, vaddr_t va, unsigned level);
/** set_entry - agent @who writes it (EV_PT_WRITE). */
void set_entry(struct stage *s, unsigned who, vaddr_t va, unsigned level,
               uint64_t value);
static inline uint64_t entry(pfn_t pfn, uint64_t bits)
{
	return pfn << PAGE_SHIFT | bits;
}

/** fill - agent @who's CPU caches what the tables say for @va. */
struct tlb_entry fill(struct stage *s, unsigned who, vaddr_t va);
void drop(struct stage *s, unsigned who, const struct tlb_entry *e);

/** load, store - 8 bytes at @va retire through @e. */
void load(struct stage *s, unsigned who, const struct tlb_entry *e, vaddr_t va,
          uint64_t value);
void store(struct stage *s, unsigned who, const struct tlb_entry *e, vaddr_t va,
           uint64_t value);
/** peek, poke - likewise through no translation at all: only the ghost sees
 * them. The address space is that of @root. */
void peek(struct stage *s, unsigned who, paddr_t root, vaddr_t va,
          uint64_t value);
void poke(struct stage *s, unsigned who, paddr_t root, vaddr_t va,
          uint64_t value);

/* System calls of mm @mm; missing arguments are 0. */
void enter(struct stage *s, unsigned who, unsigned mm, unsigned nr,
           const uint64_t args[6]);
void leave(struct stage *s, unsigned who, unsigned mm, unsigned nr,
           uint64_t result);
#define ENTER(s, who, nr, ...) \
	enter(s, who, 1, nr, (const uint64_t[6]){ __VA_ARGS__ })
#define LEAVE(s, who, nr, result) leave(s, who, 1, nr, (uint64_t)(result))
#define CALL(s, who, nr, result, ...)           \
	do {                                    \
		ENTER(s, who, nr, __VA_ARGS__); \
		LEAVE(s, who, nr, result);      \
	} while (0)

/** map_heap - mmap of 2 MiB at HEAP, private and anonymous. */
void map_heap(struct stage *s, uint64_t prot);

/** fired - how often @id was reported. */
unsigned fired(const struct stage *s, enum oracle_id id);
/** the_hazard - the only report there is, which must be @id's. */
const struct hazard *the_hazard(const struct stage *s, enum oracle_id id);
void expect_quiet(const struct stage *s);

int run_suite(Suite *suite);

#endif
