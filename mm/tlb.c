/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What flushing has in common on every architecture. */
#include "mm/tlb.h"

void mm_cpumask_set(struct mm_struct *mm, unsigned cpu)
{
	SET_BIT_ONCE_AT(mm->cpu_bitmap, cpu, "cpumask_set_cpu", cpu);
}

void mm_cpumask_clear(struct mm_struct *mm, unsigned cpu)
{
	CLEAR_BIT_ONCE_AT(mm->cpu_bitmap, cpu, "cpumask_clear_cpu", cpu);
}

cpumask_t mm_cpumask(struct mm_struct *mm)
{
	return READ_ONCE_AT(mm->cpu_bitmap, "read mm_cpumask", 0);
}

void note_flush(const struct mm_struct *mm, enum flush_event what,
                vaddr_t start, vaddr_t end, const char *why)
{
	emit(mm->kernel->machine, EV_FLUSH, .a = what, .addr = start, .b = end,
	     .c = FLUSH_EVERY_CPU, .text = why, .data = &mm->id);
}
