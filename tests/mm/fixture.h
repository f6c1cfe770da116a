/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with the mm's kernel but no emulated CPUs: tasks are C functions
 * that call system calls and touch memory through the page tables, as hardware
 * without any TLB would.
 *
 * fixture_setup() and fixture_teardown() are for tcase_add_checked_fixture();
 * teardown drains RCU, then scans everything and fails on a wrong counter or a
 * lost frame.
 */
#ifndef MMULATOR_TESTS_MM_FIXTURE_H
#define MMULATOR_TESTS_MM_FIXTURE_H

#include <check.h>

#include "base/machine.h"
#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/sys.h"
#include "mm/uapi.h"

#define TEST_CPUS 4
#define MB        (UINT64_C(1) << 20)

struct mm_fixture {
	struct machine *m;
	struct kernel *k;
	/* May be changed before the first process is made. */
	struct mm_options options;
	struct policy *policy;
};
extern struct mm_fixture fix;

/** fixture_setup - TEST_CPUS CPUs, 4 GiB, the defaults but thp=never. */
void fixture_setup(void);
void fixture_teardown(void);

/** run_process - body runs as the only task of a new process "A" on CPU 0. */
void run_process(void (*body)(struct task *t));
/** spawn - a task of @mm on @cpu; it calls exit_mm() when @body returns. The
 * caller's reference to @mm becomes the task's. */
struct task *spawn(struct mm_struct *mm, unsigned cpu, const char *name,
                   void (*body)(struct task *t));
/** fixture_run_tasks - until all tasks are done; fails on a deadlock. */
void fixture_run_tasks(void);

/* ---- what a task does ---- */

/** mmap_anon - private anonymous memory at @addr (MAP_FIXED if not 0). */
vaddr_t mmap_anon(struct task *t, vaddr_t addr, uint64_t len, uint64_t prot);
/** sys_mmap - mmap(2) with all its arguments but the file. */
long sys_mmap(struct task *t, vaddr_t addr, uint64_t len, uint64_t prot,
              uint64_t flags);

/**
 * user_access - access one byte as the MMU does: walk, fault until it works,
 * set A and D. Return: false if the task got a signal (cleared again).
 */
bool user_access(struct task *t, vaddr_t addr, bool write);
/** load, store - user_access() and the 8 bytes there; BUG on a signal. */
uint64_t load(struct task *t, vaddr_t addr);
void store(struct task *t, vaddr_t addr, uint64_t value);
/** is_mapped - is there a present leaf? No fault. */
bool is_mapped(struct task *t, vaddr_t addr);

/** maps - "40000000-40002000 rw-p\n..." of all VMAs; valid until the next
 * call. */
const char *maps(struct mm_struct *mm);

/** fixture_suite - of one file; returns main()'s status. */
int fixture_suite(Suite *s);

#endif
