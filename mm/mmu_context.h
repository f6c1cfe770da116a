/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which address space a CPU uses: Linux v6.12 kernel/sched/core.c and
 * asm/mmu_context.h.
 */
#ifndef MMULATOR_MM_MMU_CONTEXT_H
#define MMULATOR_MM_MMU_CONTEXT_H

#include "mm/arch.h"

/**
 * switch_mm_irqs_off - make @next the address space of this CPU.
 * @prev: the one it had, as far as the scheduler knows; may be NULL
 * @tsk: the task that will use it; may be NULL
 *
 * A step for each thing others can see.
 *
 * Context: interrupts off.
 */
static inline void switch_mm_irqs_off(struct mm_struct *prev,
                                      struct mm_struct *next, struct task *tsk)
{
	mm_arch()->context->switch_mm(prev, next, tsk);
}

/**
 * enter_lazy_tlb - a kernel thread or idle comes; the mm stays loaded.
 * @mm: the mm
 * @tsk: who comes
 *
 * Context: interrupts off.
 */
static inline void enter_lazy_tlb(struct mm_struct *mm, struct task *tsk)
{
	mm_arch()->context->enter_lazy_tlb(mm, tsk);
}

/**
 * mm_context_switch - the context_switch member of struct kernel_ops.
 * @prev: the task that goes
 * @next: the task that comes
 *
 * Kernel threads borrow the previous task's mm (and a reference to it).
 *
 * Context: interrupts off, on @prev's agent.
 * Source: Linux v6.12 kernel/sched/core.c context_switch()
 */
void mm_context_switch(struct task *prev, struct task *next);

/**
 * cpu_loaded_mm - which mm a CPU has loaded, for people; no step.
 * @cpu: the CPU, of a machine with a kernel
 * @lazy: set to whether it has it for a kernel thread or idle
 *
 * Return: the mm; NULL between two.
 */
const struct mm_struct *cpu_loaded_mm(const struct cpu *cpu, bool *lazy);

/** mm_context_text - what the architecture keeps of @mm, for people: "tlb_gen
 * 3". Return: text, g_free(). */
char *mm_context_text(const struct mm_struct *mm);

#endif
