/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/mmu_context.h"

#include "mm/mm.h"

/*
 * Linux v6.12 kernel/sched/core.c context_switch(). init_mm is never freed and
 * is not counted.
 *
 * DIVERGES: Linux drops the borrowed mm after the switch, in
 * finish_task_switch(); here it is dropped before it, by the same CPU and with
 * the new mm already loaded.
 */
void mm_context_switch(struct task *prev, struct task *next)
{
	struct kernel *k = machine_kernel(this_machine());
	struct mm_struct *active = prev->active_mm;

	if (!active)
		active = k->init_mm;

	if (!next->mm) {
		enter_lazy_tlb(active, next);
		next->active_mm = active;
		if (!prev->mm)
			prev->active_mm = NULL; /* its reference goes on */
		else if (active != k->init_mm)
			mmgrab(active);
		return;
	}

	next->active_mm = next->mm;
	switch_mm_irqs_off(active, next->mm, next);
	if (!prev->mm) {
		prev->active_mm = NULL;
		if (active != k->init_mm)
			mmdrop(active);
	}
	if (k->arch->thread->switch_to)
		k->arch->thread->switch_to(next);
}

const struct mm_struct *cpu_loaded_mm(const struct cpu *cpu, bool *lazy)
{
	return machine_kernel(cpu->machine)
	        ->arch->context->loaded_mm(cpu, lazy);
}

char *mm_context_text(const struct mm_struct *mm)
{
	return mm->kernel->arch->context->context_text(mm);
}
