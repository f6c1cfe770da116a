/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One process with threads that are C functions, no vCPUs: what the tests of
 * faults and page tables run in.  User accesses go straight to what the page
 * tables say (no TLB), faulting as often as needed.
 */
#ifndef MMULATOR_TESTS_MM_WORLD_H
#define MMULATOR_TESTS_MM_WORLD_H

#include <check.h>

#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/sys.h"
#include "mm/uapi.h"

#define HEAP     UINT64_C(0x40000000)
#define MIB2     UINT64_C(0x200000)
#define PAGES(n) ((uint64_t)(n)*PAGE_SIZE)

struct world {
	struct observer base;
	struct machine *m;
	struct kernel *k;
	struct mm_struct *mm;
	struct mm_options options; /* change before world_boot() */

	/* What happened since world_boot(). */
	unsigned rules;    /* EV_RULE */
	char rule[96];     /* the last one */
	unsigned bad_free; /* frames or objects freed twice */
	unsigned uaf;      /* freed objects used */
	unsigned allocs[FRAME_KIND_COUNT];
	unsigned frees[FRAME_KIND_COUNT];
	unsigned flushes; /* of any CPU's TLB: INVLPG, CR3, ... */
	/* Flushes since the last PMD was cleared; as it was when the last PTE
	 * table was freed. */
	unsigned flushes_since_unhook, flushes_before_table_free;
};

/** world_new - a machine of two CPUs and 2 GiB, Linux's options, no THP. */
struct world *world_new(void);
/** world_boot - (again) an empty machine with the process. */
void world_boot(struct world *w);
void world_free(struct world *w);

/** world_thread - a thread of the process; runs in world_run(). */
struct task *world_thread(struct world *w, unsigned cpu, const char *name,
                          void (*fn)(struct task *t));
/** world_run - to the end, on a random schedule. */
enum run_end world_run(struct world *w, uint64_t seed);
/** world_run_script - likewise, on a pinned schedule. */
enum run_end world_run_script(struct world *w, const struct script_line *lines,
                              unsigned n);
/** world_do - boot, run one thread alone, and expect a clean end. */
void world_do(struct world *w, void (*fn)(struct task *t));
/** world_drain - let RCU callbacks run. */
void world_drain(struct world *w);
/** world_check - drain; no rule broken, nothing freed twice, the full scan
 * agrees. */
void world_check(struct world *w);

/** world_findings - what the full scan complains about, how many. */
unsigned world_findings(struct world *w);

/** world_of - from a thread. */
struct world *world_of(const struct task *t);

/* In threads. */
void map_heap(struct task *t, uint64_t len);
void madvise_ok(struct task *t, vaddr_t addr, uint64_t len, int behavior);
/** touch - write fault on one byte per page. */
void touch(struct task *t, vaddr_t addr, unsigned nr_pages);
/** user_store, user_load - as the CPU would, faulting; a fault that kills ends
 * the test. */
void user_store(struct mm_struct *mm, vaddr_t addr, uint64_t value);
uint64_t user_load(struct mm_struct *mm, vaddr_t addr);
/** table_kb - VmPTE: page tables of the process in kB. */
long table_kb(const struct mm_struct *mm);

int world_suite(Suite *s);

#endif
