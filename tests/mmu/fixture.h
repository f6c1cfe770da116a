/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with two MMUs on one hand-made page table, and no kernel. */
#ifndef MMULATOR_TESTS_MMU_FIXTURE_H
#define MMULATOR_TESTS_MMU_FIXTURE_H

#include <check.h>

#include "base/machine.h"
#include "mmu/mmu.h"
#include "mmu/speculate.h"
#include "pagetable/pgtable.h"
#include "pagetable/x86.h"

#define RIGHTS_RW (X86_P | X86_RW | X86_US)
#define VA        UINT64_C(0x40000000)

struct bench {
	struct machine *m;
	struct mmu mmu[2];
	paddr_t root;
	struct observer observer;
	unsigned nr_fills, nr_drops, nr_walk_reads, nr_walk_writes;
	unsigned nr_accesses, nr_flushes, nr_faults;
	enum tlb_drop last_drop;
	struct access_record last_access; /* its entry points here: */
	struct tlb_entry last_entry;
};
extern struct bench b;

void bench_setup_arch(enum arch_id arch, const struct pt_format *format);
void bench_setup(void);
void bench_setup_5level(void);
void bench_teardown(void);

/* A frame with @kind, zeroed; its physical address. */
paddr_t new_frame(enum frame_kind kind);
/* Map @va to @pa with a leaf of @level and the raw bits @bits. Tables on the
 * way are made with all rights, A clear. Returns where the leaf is. */
paddr_t map(vaddr_t va, paddr_t pa, unsigned level, uint64_t bits);
/* map() of a new anonymous frame by a 4K leaf; *pa is the frame if not NULL. */
paddr_t map_new(vaddr_t va, uint64_t bits, paddr_t *pa);
uint64_t entry_at(paddr_t pa);
void set_entry(paddr_t pa, uint64_t value);
/* Where the entry of @level for @va is. */
paddr_t entry_of(vaddr_t va, unsigned level);

/* Run @fn as a task on CPU 0 to its end. */
void run(void (*fn)(void *arg));
/* Run @fn0 on CPU 0 and @fn1 on CPU 1: first CPU 0 up to its @nth step called
 * @label, then CPU 1 to its end, then CPU 0 to its end. */
void run_around(void (*fn0)(void *arg), const char *label,
                void (*fn1)(void *arg));

/* Accesses of user code on CPU 0; the outcome is in last_fault / acc. */
extern struct fault_info last_fault;
extern struct mmu_access last_acc;
bool load(vaddr_t va, uint64_t *value);
bool store(vaddr_t va, uint64_t value);
bool access_op(enum mmu_op op, vaddr_t va, unsigned size, uint64_t value);
/* What is cached for @va on CPU 0, of any kind of page. */
unsigned nr_cached(vaddr_t va);

int run_suite(Suite *s);

#endif
