/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures of a machine's state, in text.
 *
 * Each function appends lines to @out, the last ended by a newline, unless it
 * says otherwise.  None takes a step, asks a policy, counts a use of a TLB
 * entry or changes anything else: a run that was looked at is the run that was
 * not.
 *
 * Context: outside of a run (current_agent == NULL), the machine paused, ended
 * or not begun.
 */
#ifndef MMULATOR_VIZ_STATE_H
#define MMULATOR_VIZ_STATE_H

#include <glib.h>

#include "base/machine.h"
#include "mm/mm_types.h"

/* ---- words: no newline ---- */

/** viz_object - what a step is about: "pmd table 17 of A", "TLB of CPU0". */
void viz_object(GString *out, const struct machine *m, objid_t object);
/** viz_step_words - the name of a step: "walk pte 0x40003000". */
void viz_step_words(GString *out, const char *label, uint64_t addr);
/** viz_step_effect - what it does to its object: "reads 8 bytes of ...". */
void viz_step_effect(GString *out, const struct machine *m, enum step_kind kind,
                     objid_t object, uint32_t size);
/** viz_waits - why an agent that is not done cannot move: "waits for mmap_lock
 * of A: held by reclaim"; nothing if it can. */
void viz_waits(GString *out, const struct machine *m, const struct agent *a);

/** viz_choice - a question of the hardware and its answers; whole lines. */
void viz_choice(GString *out, const struct machine *m, const struct choice *c);

/* ---- translation (viz/state_mmu.c) ---- */

/** viz_tlb - the translations CPU @cpu holds, each with what has become of it
 * in memory since. */
void viz_tlb(GString *out, struct machine *m, unsigned cpu);
/** viz_tlb_brief - the same for a narrow column: "CPU0 4K 40003000->7 WU-D-".
 */
void viz_tlb_brief(GString *out, struct machine *m, unsigned cpu);
/** viz_psc - its paging-structure caches. */
void viz_psc(GString *out, struct machine *m, unsigned cpu);
/** viz_pt - the way a walk of @mm's tables for @addr takes, entry by entry. */
void viz_pt(GString *out, struct machine *m, const struct mm_struct *mm,
            vaddr_t addr);
/** viz_pt_brief - the same for a narrow column, without raw values. */
void viz_pt_brief(GString *out, struct machine *m, const struct mm_struct *mm,
                  vaddr_t addr);

/* ---- the mm (viz/state_mm.c) ---- */

/** viz_vma - the VMAs of @mm and its counters. */
void viz_vma(GString *out, struct mm_struct *mm);
/** viz_frame - a frame, who maps it and which TLBs lead to it. */
void viz_frame(GString *out, struct machine *m, pfn_t pfn);

/* ---- the kernel and the CPUs (viz/state_cpu.c) ---- */

/** viz_locks - every lock that is held or waited for. */
void viz_locks(GString *out, const struct machine *m);
/** viz_rcu - the grace period, and what each CPU keeps it from. */
void viz_rcu(GString *out, const struct machine *m);
/** viz_regs - registers of CPU @cpu and of the thread on it. */
void viz_regs(GString *out, const struct machine *m, unsigned cpu);
/** viz_disas - the code of the thread on CPU @cpu around where it is. */
void viz_disas(GString *out, const struct machine *m, unsigned cpu);

#endif
