/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes of a scenario's run, their address spaces and files.
 *
 * Everything lives for one run; guest_boot() starts the next.
 */
#ifndef MMULATOR_SCENARIO_GUEST_H
#define MMULATOR_SCENARIO_GUEST_H

#include "base/machine.h"
#include "mm/mm_types.h"
#include "scenario/ast.h"
#include "scenario/parse.h"

struct process;

struct guest {
	struct machine *machine;
	struct kernel *kernel;
	const struct scenario *scenario;
	struct address_space *files[SCENARIO_FILES_MAX]; /* fd - first */
	struct process *processes[SCENARIO_PROCESSES_MAX];
	struct mm_struct *mms[SCENARIO_PROCESSES_MAX]; /* by index */
};

/**
 * guest_boot - kernel and files.
 * @g: machine and scenario are set; the machine was just reset
 *
 * Return: false if the machine's memory is too small.
 */
bool guest_boot(struct guest *g, const struct mm_options *options);

/** guest_add_process - @process begins to exist with the address space @mm,
 * its first reference included. Return: false: memory is out. */
bool guest_add_process(struct guest *g, const struct ast_process *process,
                       struct mm_struct *mm);
/** guest_add_thread - make @t, which has not run yet, a thread of @process; its
 * body is process_thread_body(). Return: false: too many. */
bool guest_add_thread(struct guest *g, const struct ast_process *process,
                      struct task *t);
/** guest_give_mm - make @t, which has not run yet, a kernel thread that
 * uses the address space of @process. */
void guest_give_mm(struct guest *g, const struct ast_process *process,
                   struct task *t);

/** guest_end - on a task: give up every process and file, wait for RCU. */
void guest_end(struct guest *g);

#endif
