/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Booting the kernel of a machine: struct kernel, init_mm, the zero page, the
 * per-CPU state of mm, and the ways hardware enters it.
 *
 * All of it lives in the machine's arena and frames: machine_reset() forgets
 * it, and the next run boots again with kernel_new().
 */
#ifndef MMULATOR_MM_KERNEL_H
#define MMULATOR_MM_KERNEL_H

#include "mm/mm_types.h"

/**
 * kernel_new - boot.
 * @m: the machine, fresh from machine_new() or machine_reset()
 * @options: borrowed, must not change while the run lasts
 *
 * Sets machine->kernel_data and machine->vmstat, and machine->kernel to
 * &mm_kernel_ops unless a layer above has put its own table there (one with
 * system calls; its page_fault is do_user_addr_fault() of mm/fault.h and its
 * context_switch mm_context_switch() of mm/mmu_context.h, as here).
 *
 * Context: on the host's stack, before any task exists.
 * Return: the kernel; NULL if the machine's memory is too small to boot.
 */
struct kernel *kernel_new(struct machine *m, const struct mm_options *options);

/** kernel_reset - machine_reset() and kernel_new() with the same options.
 * Return: as kernel_new(). */
struct kernel *kernel_reset(struct kernel *k);

/** page_fault and context_switch of the mm; syscall is NULL. */
extern const struct kernel_ops mm_kernel_ops;

/**
 * task_set_mm - give a new task its address space.
 * @t: a task that has not run yet
 * @mm: its mm; the caller's reference (mm_users) goes to the task
 */
void task_set_mm(struct task *t, struct mm_struct *mm);

#endif
