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
	int si_code;
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
 * @error: SCENARIO_ERROR_RULE, PROFILE_ERROR or MM_OPTION_ERROR
 *
 * Return: NULL and @error if the profile, the memory model or an option of
 * @config is impossible; runner_free().
 */
struct runner *runner_new(const struct scenario *s, const struct ast_variant *v,
                          const struct run_config *config, GError **error);
/**
 * runner_free - the end of a runner, its machine and its last result.
 * @r: NULL: nothing happens
 */
void runner_free(struct runner *r);

/** runner_config - what it was made with. Return: it, step_cap filled in. */
const struct run_config *runner_config(const struct runner *r);
/**
 * runner_machine - where the runs happen, for observers.
 *
 * Return: the runner's; an observer sees the initial part and the end too.
 */
struct machine *runner_machine(struct runner *r);
/**
 * runner_on_start - be called at the start of every run.
 * @fn: called after the machine and the oracles were reset, before the kernel
 *	boots; NULL: nobody is called any more
 * @data: its argument
 */
void runner_on_start(struct runner *r, void (*fn)(void *data), void *data);

/**
 * runner_run - one run.
 * @policy: answers the choices of the threads' part; its begin() is called
 * @out: result
 * @error: SCENARIO_ERROR_RULE, with the place and the variant, or POLICY_ERROR
 *
 * Return: false and @error if the initial part fails, if there are more agents
 * than NR_AGENTS_MAX, if the schedule cannot be followed, or if another policy
 * gives up (POLICY_ERROR).
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

/**
 * runner_begin - power on, the initial part, the threads.
 * @policy: borrowed until the next run begins
 * @error: SCENARIO_ERROR_RULE
 *
 * Return: false and @error if the initial part fails or there are more agents
 * than NR_AGENTS_MAX; another run may begin then, nothing else.
 */
bool runner_begin(struct runner *r, struct policy *policy, GError **error);
/**
 * runner_go - let the threads run, or run on after a pause.
 *
 * Context: runner_begin() succeeded.
 * Return: why they stopped; RUN_PAUSED: call again.
 */
enum run_end runner_go(struct runner *r);
/**
 * runner_policy_error - what runner_end() says of a policy that gave up.
 * @policy: its error is set
 * @error: set: SCENARIO_ERROR_RULE with the place and the variant if a schedule
 *   could not be followed, else the policy's own
 */
void runner_policy_error(const struct runner *r, const struct policy *policy,
                         GError **error);
/**
 * runner_end - conditions, end of the processes, final scan.
 * @out: result
 * @error: as runner_policy_error()
 *
 * Context: runner_go() returned anything but RUN_PAUSED.
 * Return: false and @error if the policy gave up.
 */
bool runner_end(struct runner *r, struct run_result *out, GError **error);
/**
 * runner_first_step - where the threads' part begins.
 *
 * Return: machine->sched.nr_steps at that moment of the last run.
 */
uint64_t runner_first_step(const struct runner *r);
/**
 * runner_hazards - what was found so far in this run.
 * @n: set to how many
 *
 * Return: the first of them; valid until the next run.
 */
const struct hazard *runner_hazards(const struct runner *r, unsigned *n);

/**
 * runner_log - the choices of the last run.
 *
 * Context: the run was ended; of an abandoned one the headers are not true.
 * Return: with headers that name the version, scenario, variant, engine,
 * memory model and options; valid until the next run.
 */
const struct choice_log *runner_log(struct runner *r);

/**
 * runner_conditions - those of the scenario, then the variant's.
 * @n: set to how many, at most RUN_CONDITIONS_MAX
 *
 * Return: the runner's.
 */
const struct ast_condition *const *runner_conditions(const struct runner *r,
                                                     unsigned *n);

/** runner_scenario - what it runs. Return: as given to runner_new(). */
const struct scenario *runner_scenario(const struct runner *r);
/** runner_variant - the variant it runs. Return: NULL: none. */
const struct ast_variant *runner_variant(const struct runner *r);
/** variant_name - what reports call @v. Return: "default" for NULL. */
const char *variant_name(const struct ast_variant *v);

/**
 * runner_schedule - the schedule that applies: the variant's own, else the
 * scenario's.
 *
 * Return: NULL if there is none or the variant says `policy timed`.
 */
const struct ast_schedule *runner_schedule(const struct runner *r);
/**
 * runner_pinned_policy - a policy that follows runner_schedule(), leniently if
 * it says so or is the scenario's and the variant expects clean.
 *
 * Return: timed without a schedule; never NULL; policy_free() before the
 * scenario ends.
 */
struct policy *runner_pinned_policy(const struct runner *r);

#endif
