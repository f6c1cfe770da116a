/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a scenario.
 *
 * A runner is a machine with a kernel, hardware and oracles for one variant.
 * It is made once and runs any number of times; each run begins with the
 * machine as after power-on, brings about the initial part, lets the threads
 * run under a policy, ends the processes and scans what is left.
 *
 * Only the choices of the threads' part are open: the initial part and the end
 * take the lowest clock first, always the same way, and are in no log.
 */
#ifndef MMULATOR_SCENARIO_RUN_H
#define MMULATOR_SCENARIO_RUN_H

#include <glib.h>

#include "base/machine.h"
#include "emu/program.h"
#include "oracle/oracle.h"
#include "scenario/ast.h"

struct runner;
struct vcpu_ops;

struct run_config {
	const struct vcpu_ops *engine; /* NULL: Unicorn */
	/* Options of the mm that override the variant's: "key=value". */
	const char *const *options; /* NULL-terminated, or NULL */
	/* Folders with profiles, tried in order; NULL-terminated, or NULL. */
	const char *const *profile_dirs;
	const char *memory_model; /* "sc", "tso"; NULL: the scenario's */
	uint64_t step_cap; /* steps of one run; 0: RUN_STEP_CAP_DEFAULT */
};
#define RUN_STEP_CAP_DEFAULT UINT64_C(100000000)

struct thread_result {
	uint64_t regs[NR_PROGRAM_REGS];
	int signal; /* that ended it, 0: none; then also: */
	vaddr_t fault_addr;
	const char *exit_reason; /* a literal */
	bool ended;
};

/* Conditions of a scenario and a variant together. */
#define RUN_CONDITIONS_MAX 64

struct run_result {
	enum run_end end;
	uint32_t fired;               /* 1 << enum oracle_id */
	const struct hazard *hazards; /* the runner's, until its next run */
	unsigned nr_hazards;
	uint64_t steps;  /* of the threads' part, as all below */
	uint64_t cycles; /* of the CPU that took longest */
	uint64_t trace_hash;
	unsigned nr_choices;
	/* Bit i: the i-th of runner_conditions() held at the end. Only if the
	 * run ended by itself (RUN_DONE). */
	uint64_t held;
	const struct thread_result *threads; /* by ast_thread.index */
};

/**
 * runner_new - a machine for one variant.
 * @s: checked; borrowed
 * @v: one of its variants; NULL: the scenario as it is, if it has none
 * @config: copied (what it points to is borrowed); NULL: defaults
 *
 * Return: NULL and @error (SCENARIO_ERROR_RULE) if the profile, an option of
 * @config or the machine's size is impossible.
 */
struct runner *runner_new(const struct scenario *s, const struct ast_variant *v,
                          const struct run_config *config, GError **error);
void runner_free(struct runner *r);

/** runner_config - what it was made with. */
const struct run_config *runner_config(const struct runner *r);
/** runner_machine - for observers; they see the whole run. */
struct machine *runner_machine(struct runner *r);
/** runner_on_start - call @fn(@data) at the start of every run, after the
 * machine was reset. */
void runner_on_start(struct runner *r, void (*fn)(void *data), void *data);

/**
 * runner_run - one run.
 * @policy: answers the choices of the threads' part; its begin() is called
 * @out: result
 *
 * Return: false and @error if the initial part fails (SCENARIO_ERROR_RULE, with
 * the place) or the policy gives up (POLICY_ERROR).
 */
bool runner_run(struct runner *r, struct policy *policy, struct run_result *out,
                GError **error);

/*
 * The same in parts, for who wants to look on the way:
 *
 *	runner_begin(r, policy, &error)		nobody has moved
 *	while (runner_go(r) == RUN_PAUSED)
 *		...				the policy said POLICY_LATER
 *	runner_end(r, &out, &error)		processes end, the final scan
 *
 * A run may be abandoned at any point: by beginning another.
 */

/** runner_begin - power on, the initial part, the threads. @policy: borrowed
 * until the next. Return: as runner_run(). */
bool runner_begin(struct runner *r, struct policy *policy, GError **error);
/** runner_go - let the threads run (machine_run()), on after a pause. */
enum run_end runner_go(struct runner *r);
/** runner_end - after anything but RUN_PAUSED. Return: as runner_run(). */
bool runner_end(struct runner *r, struct run_result *out, GError **error);
/** runner_first_step - machine->sched.nr_steps when the threads began. */
uint64_t runner_first_step(const struct runner *r);
/** runner_hazards - found so far in this run; valid as run_result's. */
const struct hazard *runner_hazards(const struct runner *r, unsigned *n);

/** runner_log - choices of the last run, with headers that name the scenario,
 * the variant, the engine and the options; valid until the next run. */
const struct choice_log *runner_log(struct runner *r);

/** runner_conditions - those of the scenario, then the variant's. */
const struct ast_condition *const *runner_conditions(const struct runner *r,
                                                     unsigned *n);

/** runner_scenario, runner_variant - what it runs; the variant may be NULL. */
const struct scenario *runner_scenario(const struct runner *r);
const struct ast_variant *runner_variant(const struct runner *r);
/** variant_name - its name, "default" for NULL. */
const char *variant_name(const struct ast_variant *v);

/** runner_schedule - the schedule that applies, or NULL. */
const struct ast_schedule *runner_schedule(const struct runner *r);
/** runner_pinned_policy - a policy that follows the schedule; timed without
 * one. */
struct policy *runner_pinned_policy(const struct runner *r);

#endif
