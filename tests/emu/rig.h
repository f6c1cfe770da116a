/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with hardware and the smallest kernel there is: one address space,
 * pages that appear when touched, a few system calls.
 */
#ifndef MMULATOR_TESTS_EMU_RIG_H
#define MMULATOR_TESTS_EMU_RIG_H

#include <check.h>

#include "base/machine.h"
#include "emu/vcpu.h"
#include "emu/vcpu_ops.h"

#define DATA       UINT64_C(0x10000000)
#define DATA_PAGES 8
/* Another region, too far away for a displacement. */
#define FAR        UINT64_C(0x00007e0000000000)

enum rig_syscall {
	RIG_ADD = 1, /* a0 + a1 */
	RIG_EXIT,    /* end of the thread */
	RIG_SHOOT,   /* unmap the page at a0, flush it everywhere */
	RIG_YIELD,   /* schedule() */
	RIG_TIMER,   /* a timer interrupt for CPU a0 */
};

#define RIG_THREADS_MAX 4

struct rig {
	struct machine *m;
	struct emu *emu;
	paddr_t root;
	struct task *thread[RIG_THREADS_MAX];
	unsigned nr_threads;
	unsigned nr_faults, nr_syscalls, nr_irqs;
};
extern struct rig rig;

/** rig_setup - @nr_cpus CPUs; rig_teardown frees everything. */
void rig_setup(enum arch_id arch, unsigned nr_cpus);
void rig_teardown(void);
/** rig_reset - another run, executed by @engine. */
void rig_reset(const struct vcpu_ops *engine);
/** rig_thread - a thread on @cpu that executes @p. */
struct task *rig_thread(unsigned cpu, const struct program *p);
/** rig_run - to the end, under the random policy with @seed (0: timed). */
enum run_end rig_run(uint64_t seed);
/** rig_load, rig_store - memory behind @va now; maps it. */
uint64_t rig_load(vaddr_t va, unsigned size);
void rig_store(vaddr_t va, unsigned size, uint64_t value);

/* Operations, for array initialisers. */
#define IMM(x)                       \
	{                            \
		.imm = (uint64_t)(x) \
	}
#define REG(n)                             \
	{                                  \
		.is_reg = true, .reg = (n) \
	}
/* A system call's number, on all architectures. */
#define NR(n)        \
	{            \
		n, n \
	}
#define PROGRAM(array)                                      \
	{                                                   \
		.ops = (array), .nr_ops = ARRAY_SIZE(array) \
	}

#endif
