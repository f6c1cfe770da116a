// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/run.h"

#include <string.h>

#include "base/bug.h"
#include "emu/vcpu.h"
#include "emu/vcpu_ops.h"
#include "mm/check.h"
#include "mm/kernel.h"
#include "mm/kops.h"
#include "mm/mm.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "pagetable/format.h"
#include "scenario/conditions.h"
#include "scenario/guest.h"
#include "scenario/walkers.h"
#include "syscalls/process.h"

struct runner {
	const struct scenario *s;
	const struct ast_variant *v;
	struct run_config config;
	struct ast_machine description;
	struct mm_options options;
	struct cpu_profile *profile;
	struct machine *machine;
	struct emu *emu;
	struct oracle_set *oracles;
	struct policy *timed;
	struct guest guest;
	const struct ast_condition *conditions[RUN_CONDITIONS_MAX];
	unsigned nr_conditions;
	struct task **tasks;  /* by index of the thread */
	struct chore *chores; /* likewise, of kernel threads */
	struct thread_result *threads;
	void (*on_start)(void *data);
	void *on_start_data;
	struct policy *policy;          /* of the run; borrowed */
	uint64_t first_step;            /* steps before those of the threads */
	uint64_t start[NR_CPUS_MAX];    /* clocks then */
	uint64_t last_steps, last_hash; /* of the last run, for its log */
};

/* What a task of the initial part or of the end is to do. */
struct chore {
	struct runner *r;
	const struct setup_phase *phase;
	const struct ast_thread *thread;
	struct mm_struct *mm;
	long result;
};

/* ---- making a runner ---- */

const char *variant_name(const struct ast_variant *v)
{
	return v ? v->name : "default";
}

static bool set_option(struct runner *r, const char *setting, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(setting, "=", 2);

	if (g_strv_length(parts) != 2) {
		g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE,
		            "option '%s': expected KEY=VALUE", setting);
		return false;
	}
	g_strstrip(parts[0]);
	g_strstrip(parts[1]);
	return mm_option_set(&r->options, parts[0], parts[1], error);
}

static void apply_settings(struct mm_options *options,
                           const struct ast_setting *setting)
{
	for (; setting; setting = setting->next) {
		bool ok = mm_option_set(options, setting->key, setting->value,
		                        NULL);

		BUG_ON(!ok); /* the checker saw them */
	}
}

static bool apply_options(struct runner *r, GError **error)
{
	const char *const *more = r->config.options;

	mm_options_default(&r->options);
	apply_settings(&r->options, r->s->options);
	if (r->v)
		apply_settings(&r->options, r->v->options);
	for (; more && *more; more++) {
		if (!set_option(r, *more, error))
			return false;
	}
	/* The kernel uses what the CPU has. */
	r->options.pcid &= r->description.pcid;
	r->options.asid_bits =
		MIN(r->options.asid_bits, r->description.asid_bits);
	return true;
}

static bool apply_memory_model(struct runner *r, GError **error)
{
	const char *name = r->config.memory_model;

	if (!name || memory_model_parse(name, &r->description.memory_model[0]))
		return true;
	g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE,
	            "there is no memory model '%s', only sc and tso", name);
	return false;
}

static bool load_profile(struct runner *r, GError **error)
{
	GError *cause = NULL;

	r->profile =
		profile_find(r->description.profile[0], r->description.arch[0],
	                     r->config.profile_dirs, &cause);
	if (!cause)
		return true;
	g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE, "%s: %s",
	            r->s->source.file, cause->message);
	g_error_free(cause);
	return false;
}

static void collect_conditions(struct runner *r)
{
	const struct ast_condition *c;

	for (c = r->s->conditions; c; c = c->next)
		r->conditions[r->nr_conditions++] = c;
	for (c = r->v ? r->v->conditions : NULL; c; c = c->next)
		r->conditions[r->nr_conditions++] = c;
}

static void make_hardware(struct runner *r)
{
	const struct ast_machine *d = &r->description;
	const struct machine_config machine = {
		.arch = d->arch[0],
		.nr_cpus = d->nr_cpus,
		.memory_bytes = d->memory_bytes,
	};
	const struct oracle_options oracles = {
		.strict = d->strict,
		.bbm_level = (uint8_t)d->bbm_level,
	};
	struct emu_config hardware;

	emu_config_default(&hardware);
	if (r->config.engine)
		hardware.engine = r->config.engine;
	hardware.pcid = d->pcid;
	hardware.global = d->global;
	hardware.switches.tlbi_erratum = d->tlbi_erratum;
	hardware.switches.hw_af = d->hw_af;
	hardware.switches.hw_dbm = d->hw_dbm;
	hardware.switches.asid_bits = (uint8_t)d->asid_bits;
	if (d->erratum383)
		hardware.size_mix = SIZE_MIX_MACHINE_CHECK;
	r->machine = machine_new(&machine);
	if (d->levels == 5)
		r->machine->pt_format = &x86_pt_format_5level;
	r->machine->lock_labels = r->s->lock_labels;
	r->emu = emu_new(r->machine, r->profile, &hardware);
	r->oracles = oracle_set_new(&oracles);
	oracle_set_attach(r->oracles, r->machine);
}

struct runner *runner_new(const struct scenario *s, const struct ast_variant *v,
                          const struct run_config *config, GError **error)
{
	struct runner *r = g_new0(struct runner, 1);

	r->s = s;
	r->v = v;
	if (config)
		r->config = *config;
	if (!r->config.step_cap)
		r->config.step_cap = RUN_STEP_CAP_DEFAULT;
	r->description = effective_machine(s, v);
	if (!apply_memory_model(r, error) || !apply_options(r, error) ||
	    !load_profile(r, error)) {
		runner_free(r);
		return NULL;
	}
	collect_conditions(r);
	make_hardware(r);
	r->timed = policy_timed_new();
	r->tasks = g_new0(struct task *, s->nr_threads + 1);
	r->chores = g_new0(struct chore, s->nr_threads + 1);
	r->threads = g_new0(struct thread_result, s->nr_threads + 1);
	r->guest.machine = r->machine;
	r->guest.scenario = s;
	return r;
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	if (r->machine) {
		oracle_set_detach(r->oracles);
		emu_free(r->emu);
		machine_free(r->machine);
	}
	oracle_set_free(r->oracles);
	policy_free(r->timed);
	profile_free(r->profile);
	g_free(r->tasks);
	g_free(r->chores);
	g_free(r->threads);
	g_free(r);
}

const struct run_config *runner_config(const struct runner *r)
{
	return &r->config;
}

struct machine *runner_machine(struct runner *r)
{
	return r->machine;
}

void runner_on_start(struct runner *r, void (*fn)(void *data), void *data)
{
	r->on_start = fn;
	r->on_start_data = data;
}

const struct scenario *runner_scenario(const struct runner *r)
{
	return r->s;
}

const struct ast_variant *runner_variant(const struct runner *r)
{
	return r->v;
}

const struct ast_condition *const *runner_conditions(const struct runner *r,
                                                     unsigned *n)
{
	*n = r->nr_conditions;
	return r->conditions;
}

/* ---- what makes a run impossible ---- */

static const struct source_pos nowhere = { 0 };

static void fail_at(const struct runner *r, struct source_pos pos,
                    const char *message, GError **error)
{
	g_autoptr(GString) report = g_string_new(NULL);
	g_autofree char *of_variant = NULL;

	if (r->v)
		of_variant = g_strdup_printf("variant %s: %s",
		                             variant_name(r->v), message);
	source_report(report, &r->s->source, pos,
	              of_variant ? of_variant : message);
	g_string_truncate(report, report->len - 1);
	g_set_error_literal(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE,
	                    report->str);
}

void runner_policy_error(const struct runner *r, const struct policy *policy,
                         GError **error)
{
	const struct source_pos pos = { policy->error_line,
		                        policy->error_column };

	if (pos.line)
		fail_at(r, pos, policy->error->message, error);
	else
		g_propagate_error(error, g_error_copy(policy->error));
}

/* ---- the schedule ---- */

const struct ast_schedule *runner_schedule(const struct runner *r)
{
	enum arch_id arch = r->description.arch[0];
	const struct ast_variant *v = r->v;

	if (v && v->no_schedule)
		return NULL;
	if (v && v->arch_schedule[arch])
		return v->arch_schedule[arch];
	if (v && v->schedule)
		return v->schedule;
	if (r->s->arch_schedule[arch])
		return r->s->arch_schedule[arch];
	return r->s->schedule;
}

static bool is_lenient(const struct runner *r,
                       const struct ast_schedule *schedule)
{
	if (schedule->lenient == LENIENT_YES)
		return true;
	return schedule->shared && r->v && r->v->expect == EXPECT_CLEAN;
}

struct policy *runner_pinned_policy(const struct runner *r)
{
	const struct ast_schedule *pinned = runner_schedule(r);

	if (!pinned)
		return policy_timed_new();
	return policy_script_new(pinned->lines, pinned->nr_lines,
	                         is_lenient(r, pinned));
}

/* ---- the initial part ---- */

static void fail_setup(const struct runner *r, struct source_pos pos,
                       const char *what, long result, GError **error)
{
	g_autofree char *message = NULL;

	message = result < 0
	                  ? g_strdup_printf("the initial part fails: %s: %s",
	                                    what, g_strerror((int)-result))
	                  : g_strdup_printf("the initial part fails: %s", what);
	fail_at(r, pos, message, error);
}

/* Let what is there run to its end, alone. */
static bool run_alone(struct runner *r)
{
	r->machine->policy = r->timed;
	return machine_run(r->machine) == RUN_DONE;
}

static void fork_body(struct task *t)
{
	struct chore *chore = t->user_data;

	chore->mm = dup_mm(t, t->mm);
	exit_mm(t);
}

static struct task *new_chore(struct runner *r, unsigned cpu, const char *name,
                              void (*fn)(struct task *t), struct chore *chore)
{
	struct task *t = task_new(r->machine, &r->machine->cpus[cpu],
	                          AGENT_KTHREAD, name, fn);

	if (t)
		t->user_data = chore;
	return t;
}

static bool start_process(struct runner *r, const struct setup_phase *phase,
                          GError **error)
{
	const struct ast_process *p = phase->process;
	struct guest *g = &r->guest;
	struct chore chore = { .r = r, .phase = phase };
	bool ended = true;

	if (!p->parent) {
		chore.mm = mm_alloc(g->kernel, p->name);
	} else {
		struct task *t =
			new_chore(r, phase->cpu, "fork", fork_body, &chore);

		guest_give_mm(g, p->parent, t);
		ended = run_alone(r);
	}
	if (ended && guest_add_process(g, p, chore.mm))
		return true;
	fail_setup(r, p->pos, "no process", -ENOMEM, error);
	return false;
}

/* Where the statement of the initial part stands that became @op. */
static struct source_pos place_of(const struct runner *r, const struct op *op)
{
	const struct ast_setup *s = runner_scenario(r)->setup;

	for (; s; s = s->next) {
		if (s->stmt && s->stmt->pos.line == op->line &&
		    !strcmp(s->stmt->text, op->text))
			return s->stmt->pos;
	}
	return (struct source_pos){ op->line, 1 };
}

/* Which statement of the program did not succeed? */
static void fail_program(const struct runner *r,
                         const struct setup_phase *phase, const struct task *t,
                         GError **error)
{
	uint64_t failed = guest_thread_reg(t, SETUP_FAILED_REG);
	struct source_pos pos = phase->stmt->pos;
	const char *what = phase->stmt->text;

	if (failed && failed <= phase->program.nr_ops) {
		const struct op *op = &phase->program.ops[failed - 1];

		pos = place_of(r, op);
		what = op->text;
	}
	if (t->exit_signal)
		fail_setup(r, pos, "a signal ends it", 0, error);
	else
		fail_setup(r, pos, what, (long)guest_thread_reg(t, 0), error);
}

static bool run_program(struct runner *r, const struct setup_phase *phase,
                        GError **error)
{
	struct task *t = guest_thread_new(r->machine, phase->cpu, "setup",
	                                  &phase->program, process_thread_body);
	bool added = guest_add_thread(&r->guest, phase->process, t);

	BUG_ON(!added); /* it is the only one */
	if (!run_alone(r) || t->exit_signal ||
	    guest_thread_reg(t, SETUP_FAILED_REG)) {
		fail_program(r, phase, t, error);
		return false;
	}
	guest_keep_mte(&r->guest, phase->process, t);
	return true;
}

static long run_kop(struct runner *r, const struct ast_stmt *stmt)
{
	uint64_t args[KOP_ARGS_MAX] = { 0 };
	struct mm_struct *mm = NULL;

	for (unsigned i = 0; i < stmt->nr_args; i++)
		args[i] = stmt->args[i].number;
	if (stmt->kop_process)
		mm = r->guest.mms[stmt->kop_process->index];
	return kop_run(r->guest.kernel, stmt->kop, mm, args);
}

static void kop_body(struct task *t)
{
	struct chore *chore = t->user_data;

	chore->result = run_kop(chore->r, chore->phase->stmt);
}

static bool run_setup_kop(struct runner *r, const struct setup_phase *phase,
                          GError **error)
{
	struct chore chore = { .r = r, .phase = phase };

	new_chore(r, phase->cpu, "setup", kop_body, &chore);
	if (run_alone(r) && chore.result >= 0)
		return true;
	fail_setup(r, phase->stmt->pos, phase->stmt->text, chore.result, error);
	return false;
}

static bool run_phase(struct runner *r, const struct setup_phase *phase,
                      GError **error)
{
	switch (phase->kind) {
	case SETUP_PROCESS:
		return start_process(r, phase, error);
	case SETUP_KOP:
		return run_setup_kop(r, phase, error);
	case SETUP_PROGRAM:
	default:
		return run_program(r, phase, error);
	}
}

static bool boot(struct runner *r, GError **error)
{
	/* The first time, too: hardware has made agents as it was built. */
	machine_reset(r->machine);
	r->machine->caps = (struct run_caps){ 0 };
	oracle_set_reset(r->oracles);
	if (r->on_start)
		r->on_start(r->on_start_data);
	emu_reset(r->emu);
	if (guest_boot(&r->guest, &r->options))
		return true;
	fail_at(r, nowhere, "the machine has too little memory", error);
	return false;
}

/* ---- the threads ---- */

static void kthread_body(struct task *t)
{
	struct chore *chore = t->user_data;
	const struct ast_stmt *stmt = chore->thread->body;

	for (; stmt; stmt = stmt->next)
		run_kop(chore->r, stmt);
}

static void start_thread(struct runner *r, const struct ast_thread *thread)
{
	struct chore *chore = &r->chores[thread->index];
	struct task *t;

	if (thread->kthread) {
		*chore = (struct chore){ .r = r, .thread = thread };
		t = new_chore(r, thread->cpu, thread->name, kthread_body,
		              chore);
	} else {
		t = guest_thread_new(r->machine, thread->cpu, thread->name,
		                     &thread->program, process_thread_body);
		/* The checker counted them. */
		if (!guest_add_thread(&r->guest, thread->process, t))
			BUG();
	}
	r->tasks[thread->index] = t;
}

static void keep_threads(struct runner *r)
{
	const struct ast_thread *thread;

	for (thread = r->s->threads; thread; thread = thread->next) {
		const struct task *t = r->tasks[thread->index];
		struct thread_result *out = &r->threads[thread->index];

		out->signal = t->exit_signal;
		out->si_code = t->exit_si_code;
		out->fault_addr = t->fault_addr;
		out->exit_reason = t->exit_reason ? t->exit_reason : "";
		out->ended = t->state == TASK_DEAD;
		for (unsigned i = 0; i < NR_PROGRAM_REGS; i++)
			out->regs[i] =
				thread->kthread ? 0 : guest_thread_reg(t, i);
	}
}

static void start_store_buffers(struct runner *r)
{
	if (r->description.memory_model[0] == MEMORY_SC)
		return;
	if (!storebuf_start(r->machine, r->description.memory_model[0]))
		BUG(); /* agents_fit() */
}

/* Threads, walkers and store buffers are still to come. */
static bool agents_fit(const struct runner *r, GError **error)
{
	const struct ast_machine *d = &r->description;
	unsigned hardware = (d->memory_model[0] != MEMORY_SC) +
	                    (d->speculation || d->eviction);
	unsigned nr = r->machine->nr_agents + r->s->nr_threads +
	              hardware * d->nr_cpus + 1;
	g_autofree char *message = NULL;

	if (nr <= NR_AGENTS_MAX)
		return true;
	message = g_strdup_printf("%u agents (threads, interrupts, walkers, "
	                          "store buffers) are more than %d: use fewer "
	                          "CPUs",
	                          nr, NR_AGENTS_MAX);
	fail_at(r, nowhere, message, error);
	return false;
}

static uint64_t longest_clock(const struct machine *m, const uint64_t *start)
{
	uint64_t cycles = 0;

	for (unsigned i = 0; i < m->nr_cpus; i++)
		cycles = MAX(cycles, m->cpus[i].cycles - start[i]);
	return cycles;
}

static void start_threads(struct runner *r, struct policy *policy)
{
	struct machine *m = r->machine;
	const struct ast_thread *thread;

	r->first_step = m->sched.nr_steps;
	for (thread = r->s->threads; thread; thread = thread->next)
		start_thread(r, thread);
	scenario_start_walkers(r->s, &r->description, r->emu);
	start_store_buffers(r);
	for (unsigned i = 0; i < m->nr_cpus; i++)
		r->start[i] = m->cpus[i].cycles;
	choice_log_clear(m->log);
	m->policy = policy;
	m->caps.steps = r->first_step + r->config.step_cap;
	r->policy = policy;
	if (policy->begin)
		policy->begin(policy, m);
}

static void keep_result(struct runner *r, struct run_result *out)
{
	struct machine *m = r->machine;

	out->end = m->end;
	out->steps = m->sched.nr_steps - r->first_step;
	out->cycles = longest_clock(m, r->start);
	out->trace_hash = m->sched.hash;
	r->last_steps = out->steps;
	r->last_hash = out->trace_hash;
	out->nr_choices = m->log->nr_entries;
	keep_threads(r);
	m->caps = (struct run_caps){ 0 };
}

/* ---- the end ---- */

static void check_conditions_now(struct runner *r, struct run_result *out)
{
	const struct final_state state = {
		.machine = r->machine,
		.threads = r->threads,
		.mms = r->guest.mms,
	};

	for (unsigned i = 0; i < r->nr_conditions; i++) {
		if (condition_holds(r->conditions[i]->cond, &state))
			out->held |= UINT64_C(1) << i;
	}
}

static void scan(struct runner *r)
{
	g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);

	mm_check(r->guest.kernel, findings);
	for (unsigned i = 0; i < findings->len; i++) {
		const char *text = g_ptr_array_index(findings, i);
		bool leak = g_str_has_prefix(text, "leak: ");

		oracle_set_finding(r->oracles,
		                   leak ? ORACLE_LEAK : ORACLE_BAD_TABLE,
		                   leak ? text + strlen("leak: ") : text);
	}
}

static void end_body(struct task *t)
{
	struct chore *chore = t->user_data;

	guest_end(&chore->r->guest);
}

/* Every process ends, as they would; then nothing may be left. */
static void end_run(struct runner *r, struct run_result *out)
{
	struct chore chore = { .r = r };
	unsigned nr_log = r->machine->log->nr_entries;
	bool ended = out->end == RUN_DONE;

	if (ended) {
		check_conditions_now(r, out);
		new_chore(r, 0, "exit", end_body, &chore);
		ended = run_alone(r);
	}
	if (ended)
		scan(r);
	r->machine->log->nr_entries = nr_log;
	oracle_set_finish(r->oracles, ended);
	out->fired = oracle_set_fired(r->oracles);
	out->hazards = oracle_set_hazards(r->oracles, &out->nr_hazards);
	out->threads = r->threads;
}

bool runner_begin(struct runner *r, struct policy *policy, GError **error)
{
	const struct setup_phase *phase;

	if (!boot(r, error))
		return false;
	for (phase = r->s->phases; phase; phase = phase->next) {
		if (!run_phase(r, phase, error))
			return false;
	}
	if (!agents_fit(r, error))
		return false;
	start_threads(r, policy);
	return true;
}

enum run_end runner_go(struct runner *r)
{
	return machine_run(r->machine);
}

bool runner_end(struct runner *r, struct run_result *out, GError **error)
{
	struct policy *policy = r->policy;

	*out = (struct run_result){ 0 };
	if (policy->finish && r->machine->end == RUN_DONE)
		policy->finish(policy, r->machine);
	keep_result(r, out);
	if (policy->error) {
		runner_policy_error(r, policy, error);
		return false;
	}
	end_run(r, out);
	return true;
}

bool runner_run(struct runner *r, struct policy *policy, struct run_result *out,
                GError **error)
{
	*out = (struct run_result){ 0 };
	if (!runner_begin(r, policy, error))
		return false;
	runner_go(r);
	return runner_end(r, out, error);
}

uint64_t runner_first_step(const struct runner *r)
{
	return r->first_step;
}

const struct hazard *runner_hazards(const struct runner *r, unsigned *n)
{
	return oracle_set_hazards(r->oracles, n);
}

const struct choice_log *runner_log(struct runner *r)
{
	struct choice_log *log = r->machine->log;
	g_autofree char *digest = g_compute_checksum_for_string(
		G_CHECKSUM_SHA256, r->s->source.text, (gssize)r->s->source.len);

	g_ptr_array_set_size(log->headers, 0);
	log->nr_steps = r->last_steps;
	log->trace_hash = r->last_hash;
	choice_log_set_header(log, "version", MMULATOR_VERSION);
	choice_log_set_header(log, "scenario", r->s->source.file);
	choice_log_set_header(log, "title", r->s->title);
	choice_log_set_header(log, "sha256", digest);
	choice_log_set_header(log, "variant", variant_name(r->v));
	choice_log_set_header(log, "engine", r->emu->config.engine->name);
	choice_log_set_header(
		log, "memory-model",
		memory_model_name(r->description.memory_model[0]));
	if (r->config.step_cap != RUN_STEP_CAP_DEFAULT) {
		g_autofree char *cap = g_strdup_printf("%" G_GUINT64_FORMAT,
		                                       r->config.step_cap);

		choice_log_set_header(log, "step-cap", cap);
	}
	mm_options_record(&r->options, log);
	return log;
}
