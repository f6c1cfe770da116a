/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base's own part of interrupts and cross calls; what others use is in
 * base/cpu.h.
 */
#ifndef MMULATOR_BASE_SMP_H
#define MMULATOR_BASE_SMP_H

#include "base/cpu.h"

/** irq_init - create the interrupt agent of @cpu. */
void irq_init(struct cpu *cpu);
/** tasks_init - create the idle task of @cpu. */
void tasks_init(struct cpu *cpu);

/**
 * flush_smp_call_function_queue - run what others queued for @cpu, oldest
 * first (Linux v6.12 kernel/smp.c __flush_smp_call_function_queue()).
 * Context: the CPU's interrupt agent, interrupts off.
 */
void flush_smp_call_function_queue(struct cpu *cpu);

#endif
