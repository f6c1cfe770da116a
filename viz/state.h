/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures of a machine's state, in text.
 *
 * Each function appends lines to @out, the last ended by a newline, unless it
 * says otherwise.  None takes a step, asks a policy, counts a use of a TLB
 * entry or changes anything else: a run that was looked at is the run that was
 * not.  Sizes are in bytes, a CPU's number is below m->nr_cpus.
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

/**
 * viz_object - what a step is about.
 * @out: "PMD table 17 of A", "TLB of CPU0"; "nothing shared" for OBJ_NONE
 * @m: the machine
 * @object: a step's
 */
void viz_object(GString *out, const struct machine *m, objid_t object);
/**
 * viz_step_words - what a step is called.
 * @out: "walk pte 0x40003000"
 * @label: the step's; NULL: "?"
 * @addr: the step's; 0 is not mentioned
 */
void viz_step_words(GString *out, const char *label, uint64_t addr);
/**
 * viz_step_effect - what a step does to its object.
 * @out: "reads 8 bytes of PMD table 17 of A"
 * @m: the machine
 * @kind: the step's
 * @object: the step's; OBJ_NONE is not mentioned
 * @size: the step's; 0: the whole object
 */
void viz_step_effect(GString *out, const struct machine *m, enum step_kind kind,
                     objid_t object, uint32_t size);
/**
 * viz_waits - why an agent cannot move.
 * @out: "waits at LABEL ADDR: held by reclaim", "interrupted: irq/0 has its
 *	CPU"; nothing if it can move or is done
 * @m: the machine
 * @a: one of its agents
 */
void viz_waits(GString *out, const struct machine *m, const struct agent *a);

/**
 * viz_choice - a question of the hardware and its answers.
 * @out: whole lines
 * @m: the machine that is paused at the question
 * @c: the question, not CHOICE_AGENT
 */
void viz_choice(GString *out, const struct machine *m, const struct choice *c);

/* ---- translation (viz/state_mmu.c) ---- */

/**
 * viz_tlb - the translations a CPU holds.
 * @out: a line for the CPU, then each by address with what has become of it in
 *	memory since: "FRAME FREED", "entry cleared"
 * @m: the machine
 * @cpu: the CPU
 */
void viz_tlb(GString *out, struct machine *m, unsigned cpu);
/**
 * viz_tlb_brief - the same for a narrow column.
 * @out: "CPU0 4K 40003000->7 WU-D-" and what has become of it
 * @m: the machine
 * @cpu: the CPU
 */
void viz_tlb_brief(GString *out, struct machine *m, unsigned cpu);
/**
 * viz_psc - a CPU's paging-structure caches (SDM 3A 4.10.3).
 * @out: a line for the CPU, then each entry with the table it leads to
 * @m: the machine
 * @cpu: the CPU
 */
void viz_psc(GString *out, struct machine *m, unsigned cpu);
/**
 * viz_pt - the way a walk takes in memory, entry by entry, from the root.
 * @out: raw values, bits and what they lead to; then the translation, or where
 *	there is none
 * @m: the machine
 * @mm: whose tables
 * @addr: what is translated
 */
void viz_pt(GString *out, struct machine *m, const struct mm_struct *mm,
            vaddr_t addr);
/**
 * viz_pt_brief - the same for a narrow column, without raw values.
 * @out: a line per level, then one for the translation
 * @m: the machine
 * @mm: whose tables
 * @addr: what is translated
 */
void viz_pt_brief(GString *out, struct machine *m, const struct mm_struct *mm,
                  vaddr_t addr);

/* ---- the mm (viz/state_mm.c) ---- */

/**
 * viz_vma - an address space: its counters, then a line per VMA.
 * @out: lines
 * @mm: the address space; without VMAs after its exit
 */
void viz_vma(GString *out, struct mm_struct *mm);
/**
 * viz_frame - a frame, what is in it, and which entries and TLBs lead to it.
 * @out: lines
 * @m: the machine
 * @pfn: one that pfn_valid() accepts
 */
void viz_frame(GString *out, struct machine *m, pfn_t pfn);

/* ---- the kernel and the CPUs (viz/state_cpu.c) ---- */

/**
 * viz_locks - every lock that is held, with who holds it and who waits for it.
 * @out: a line per lock, or "no lock is held"
 * @m: the machine
 */
void viz_locks(GString *out, const struct machine *m);
/**
 * viz_rcu - grace periods, callbacks, and which CPU keeps them waiting.
 * @out: a line for RCU, perhaps one for its next step, a line per CPU
 * @m: the machine
 */
void viz_rcu(GString *out, const struct machine *m);
/**
 * viz_regs - what a CPU does, its control registers and its thread's registers.
 * @out: lines
 * @m: the machine
 * @cpu: the CPU
 */
void viz_regs(GString *out, const struct machine *m, unsigned cpu);
/**
 * viz_disas - the code of a CPU's thread around where it is, which is marked
 * "=>".
 * @out: statements of the scenario with their line and machine code
 * @m: the machine
 * @cpu: the CPU
 */
void viz_disas(GString *out, const struct machine *m, unsigned cpu);

#endif
