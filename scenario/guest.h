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
	/* What the thread that made the others has asked for. */
	struct task_mte mte[SCENARIO_PROCESSES_MAX];
};

/**
 * guest_boot - kernel and files.
 * @g: machine and scenario are set; the machine was just reset
 * @options: of the kernel; copied
 *
 * Context: no agent runs. Makes no step.
 * Return: false if the machine's memory is too small.
 */
bool guest_boot(struct guest *g, const struct mm_options *options);

/**
 * guest_add_process - a process begins to exist, with every file open.
 * @process: which; its parent, if any, was added before
 * @mm: its address space; the first reference passes to @g. NULL, because
 *	making it failed, fails here as well
 *
 * Context: no agent runs. Makes no step.
 * Return: false: memory is out.
 */
bool guest_add_process(struct guest *g, const struct ast_process *process,
                       struct mm_struct *mm);
/**
 * guest_add_thread - a task becomes a thread of a process, with the tag checks
 * of the thread before.
 * @process: added before
 * @t: has not run yet; its body is process_thread_body()
 *
 * Context: no agent runs. Makes no step.
 * Return: false if the process has 16 threads that have not ended.
 */
bool guest_add_thread(struct guest *g, const struct ast_process *process,
                      struct task *t);
/**
 * guest_keep_mte - what @t has asked for goes for threads and children that
 * come later, as if it had made them.
 * @process: its own
 * @t: of the initial part; has ended
 *
 * Context: no agent runs. Makes no step.
 */
void guest_keep_mte(struct guest *g, const struct ast_process *process,
                    const struct task *t);
/**
 * guest_give_mm - a kernel thread uses the address space of a process.
 * @process: added before
 * @t: has not run yet; holds a reference (mm_users) from now on
 *
 * Context: no agent runs. Makes no step.
 */
void guest_give_mm(struct guest *g, const struct ast_process *process,
                   struct task *t);

/**
 * guest_end - give up every process and file, then wait for RCU.
 *
 * Context: on a task, no locks. Steps.
 */
void guest_end(struct guest *g);

#endif
