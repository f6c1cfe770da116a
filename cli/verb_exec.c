// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator exec PROGRAM ARGS...: a static ELF program as the only guest,
 * watched by the oracles.
 *
 * The guest has the command's stdout and stderr.  What we have to say comes
 * when it has ended: to stderr, or to --output, which is the place for a
 * program that reads it.  A guest that does well gets no report unless -v or
 * --format asks for one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/choicelog.h"
#include "base/file.h"
#include "cli/json.h"
#include "cli/log.h"
#include "cli/single.h"
#include "mmu/profile.h"
#include "scenario/verdict.h"
#include "syscalls/elf.h"
#include "syscalls/exec.h"
#include "syscalls/siginfo.h"
#include "syscalls/syscalls.h"
#include "viz/report.h"

/* Steps of a guest nobody put a limit to. */
#define EXEC_STEPS UINT64_C(1000000000)

struct exec_run {
	const struct cli_options *options;
	struct cpu_profile *profile; /* NULL: the default one */
	struct mm_options mm_options;
	char *image;
	size_t image_len;
	char *sha256;
	struct choice_log *recorded; /* --choices, or NULL */
	struct oracle_set *oracles;
	struct recorder *recorder;
	struct observer observer;
	struct output out;
	GArray *missing; /* of uint64_t: system calls that are not there */
	enum arch_id arch;
	GString *trace;
	char *choices;
	uint32_t fired;
};

/* ---- around the run ---- */

static void guest_write(void *data, int fd, const uint8_t *bytes, size_t n)
{
	FILE *file = fd == 2 ? stderr : stdout;

	(void)data;
	(void)fwrite(bytes, 1, n, file);
	(void)fflush(file);
}

/* A system call returns. */
static void note_missing(struct observer *o, struct machine *m,
                         const struct event *ev)
{
	struct exec_run *x =
		(struct exec_run *)(void *)((char *)o -
	                                    offsetof(struct exec_run,
	                                             observer));

	x->arch = m->arch;
	if ((int64_t)ev->c != -ENOSYS)
		return;
	for (unsigned i = 0; i < x->missing->len; i++)
		if (g_array_index(x->missing, uint64_t, i) == ev->addr)
			return;
	g_array_append_val(x->missing, ev->addr);
}

static void attach(struct machine *m, void *data)
{
	struct exec_run *x = data;

	oracle_set_attach(x->oracles, m);
	recorder_attach(x->recorder, m);
	observe(m, &x->observer);
	m->crash = crash_is_ours;
	crash_guest(x->options->args[0]);
}

/* The choices, with what it takes to make the run again. */
static void set_number(struct choice_log *log, const char *key, uint64_t value)
{
	g_autofree char *text = g_strdup_printf("%" PRIu64, value);

	choice_log_set_header(log, key, text);
}

static char *format_choices(const struct exec_run *x, struct machine *m)
{
	const struct cli_options *o = x->options;
	struct choice_log *log = m->log;

	log->nr_steps = m->sched.nr_steps;
	log->trace_hash = m->sched.hash;
	choice_log_set_header(log, "version", MMULATOR_VERSION);
	choice_log_set_header(log, "program", o->args[0]);
	choice_log_set_header(log, "sha256", x->sha256);
	for (unsigned i = 1; i < o->nr_args; i++) {
		g_autofree char *argument = g_strescape(o->args[i], NULL);

		choice_log_add_header(log, "argument", argument);
	}
	if (o->nr_cpus)
		set_number(log, "cpus", o->nr_cpus);
	if (o->memory_bytes)
		set_number(log, "memory", o->memory_bytes);
	if (o->profile)
		choice_log_set_header(log, "profile", o->profile);
	if (o->step_cap)
		set_number(log, "step-cap", o->step_cap);
	mm_options_record(&x->mm_options, log);
	return choice_log_format(log);
}

static void detach(struct machine *m, void *data)
{
	struct exec_run *x = data;
	const struct cli_options *o = x->options;
	const struct hazard *hazards;
	unsigned n;

	oracle_set_finish(x->oracles, false);
	hazards = oracle_set_hazards(x->oracles, &n);
	x->fired = oracle_set_fired(x->oracles);
	if (n && o->format == FORMAT_TEXT)
		viz_report(x->out.text, x->recorder, hazards, n, m);
	if (o->trace)
		viz_trace(x->trace, x->recorder, m);
	if (o->choices_out)
		x->choices = format_choices(x, m);
	crash_is_ours(m);
	unobserve(m, &x->observer);
	recorder_detach(x->recorder);
	oracle_set_detach(x->oracles);
}

/* ---- what came of it ---- */

static char *signal_text(const struct exec_result *result)
{
	const char *code = si_code_name(result->signal, result->si_code);

	return g_strdup_printf("ended by SIG%s%s%s%s at 0x%" PRIx64,
	                       sigabbrev_np(result->signal), code ? " (" : "",
	                       code ? code : "", code ? ")" : "",
	                       result->fault_addr);
}

/* Why it is not as expected (to exit with 0, without a hazard), or NULL. */
static char *judge(const struct exec_run *x, const struct exec_result *result)
{
	g_autofree char *hazards = format_hazards(x->fired);

	if (*hazards)
		return g_strdup_printf("unexpected hazard %s", hazards);
	switch (result->end) {
	case RUN_STEP_CAP:
		return g_strdup_printf("it does not end within %" PRIu64
		                       " steps (--steps)",
		                       result->steps);
	case RUN_DEADLOCK:
		return g_strdup("nobody can move any more");
	case RUN_STOPPED:
		return g_strdup("it was stopped");
	case RUN_PAUSED:
	case RUN_DONE:
	default:
		break;
	}
	if (result->signal)
		return signal_text(result);
	if (result->exit_code)
		return g_strdup_printf("it exits with status %d",
		                       result->exit_code);
	return NULL;
}

static void print_missing(struct exec_run *x)
{
	for (unsigned i = 0; i < x->missing->len; i++) {
		uint64_t nr = g_array_index(x->missing, uint64_t, i);
		const char *name = syscall_name(x->arch, nr);

		output_text(&x->out, "%s%s (%" PRIu64 ")",
		            i ? ", " : "  system calls it misses here: ",
		            name ? name : "unknown", nr);
	}
	if (x->missing->len)
		output_text(&x->out, "\n");
}

static void print_text(struct exec_run *x, const struct exec_result *result,
                       const char *reason)
{
	const struct cli_options *o = x->options;

	if (!reason && (o->quiet || !o->verbose))
		return;
	output_text(&x->out, "mmulator: %s: %s\n", o->args[0],
	            reason ? reason : "as expected");
	print_missing(x);
	if (o->verbose)
		output_text(&x->out,
		            "  %" PRIu64 " instructions, %" PRIu64
		            " steps, %" PRIu64 " cycles\n"
		            "  %u choices, trace hash %016" PRIx64 "\n",
		            result->insns, result->steps, result->cycles,
		            result->nr_choices, result->trace_hash);
}

struct guest_keys {
	const struct exec_run *x;
	const struct exec_result *result;
};

static void add_guest_keys(GString *line, const void *data)
{
	const struct guest_keys *keys = data;
	const GArray *missing = keys->x->missing;

	json_int(line, "exit_code", (uint64_t)keys->result->exit_code);
	json_int(line, "signal", (uint64_t)keys->result->signal);
	if (keys->result->signal)
		json_string(line, "si_code",
		            si_code_name(keys->result->signal,
		                         keys->result->si_code));
	json_int(line, "instructions", keys->result->insns);
	json_open(line, "missing_syscalls", '[');
	for (unsigned i = 0; i < missing->len; i++) {
		const char *name = syscall_name(
			keys->x->arch, g_array_index(missing, uint64_t, i));

		json_string(line, NULL, name ? name : "unknown");
	}
	json_close(line, ']');
}

static void print_json(struct exec_run *x, const struct exec_result *result,
                       const char *reason)
{
	const struct run_result run = { .steps = result->steps,
		                        .cycles = result->cycles,
		                        .trace_hash = result->trace_hash,
		                        .nr_choices = result->nr_choices };
	const struct guest_keys keys = { x, result };
	const struct json_run j = {
		.scenario = x->options->args[0],
		.variant = variant_name(NULL),
		.expected = "clean",
		.fired = x->fired,
		.end = result->end,
		.ok = !reason,
		.reason = reason,
		.run = &run,
		.guest = add_guest_keys,
		.guest_data = &keys,
	};

	output_json_run(&x->out, &j);
}

static bool write_files(const struct exec_run *x)
{
	const struct cli_options *o = x->options;
	const GString *text = x->out.text;

	if (o->trace && !write_file(o->trace, x->trace->str, x->trace->len))
		return false;
	if (o->choices_out &&
	    !write_file(o->choices_out, x->choices, strlen(x->choices)))
		return false;
	if (o->output)
		return write_file(o->output, text->str, text->len);
	(void)fwrite(text->str, 1, text->len, stderr);
	return true;
}

static int report(struct exec_run *x, const struct exec_result *result)
{
	g_autofree char *reason = judge(x, result);

	if (x->recorded &&
	    !log_is_run(x->recorded, result->steps, result->trace_hash))
		return log_misfit(x->recorded, x->options, NULL,
		                  x->options->args[0], x->sha256);
	if (x->options->format == FORMAT_JSON)
		print_json(x, result, reason);
	else
		print_text(x, result, reason);
	if (!write_files(x))
		return CLI_USAGE;
	return reason ? CLI_DIFFERS : CLI_OK;
}

/* ---- the run ---- */

static struct policy *choose_policy(const struct exec_run *x)
{
	const struct cli_options *o = x->options;

	if (x->recorded)
		return policy_replay_new(x->recorded);
	if (!o->policy || !strcmp(o->policy, "timed"))
		return policy_timed_new();
	return random_policy(o);
}

/* Of the program's architecture. Return: false, said so, if it is none, or
 * there is no such profile. */
static bool find_profile(struct exec_run *x)
{
	const struct cli_options *o = x->options;
	g_autoptr(GError) error = NULL;
	struct elf_image image;

	if (!o->profile)
		return true;
	if (elf_parse((const uint8_t *)x->image, x->image_len, o->args[0],
	              &image, &error))
		x->profile = profile_find(o->profile, image.arch,
		                          cli_profile_dirs(), &error);
	if (error)
		cli_error("%s", error->message);
	return !error;
}

static int execute(struct exec_run *x)
{
	const struct cli_options *o = x->options;
	struct policy *policy = choose_policy(x);
	enum arch_id arch;
	const struct exec_config config = {
		.name = o->args[0],
		.arch = o->arch && arch_parse(o->arch, &arch) ? &arch : NULL,
		.image = (const uint8_t *)x->image,
		.image_len = x->image_len,
		.argv = (const char *const *)o->args,
		.host = { .write = guest_write },
		.nr_cpus = o->nr_cpus,
		.memory_bytes = o->memory_bytes,
		.profile = x->profile,
		.options = &x->mm_options,
		.policy = policy,
		.step_cap = o->step_cap ? o->step_cap : EXEC_STEPS,
		.attach = attach,
		.detach = detach,
		.attach_data = x,
	};
	struct exec_result result;
	g_autoptr(GError) error = NULL;
	int status;

	if (!exec_program(&config, &result, &error))
		status = report(x, &result);
	else if (x->recorded && error->code == EXEC_ERROR_POLICY &&
	         error->domain == EXEC_ERROR)
		status = log_misfit(x->recorded, o, policy->error->message,
		                    o->args[0], x->sha256);
	else
		status = cli_error("%s", error->message);
	policy_free(policy);
	return status;
}

static void exec_run_init(struct exec_run *x, const struct cli_options *o)
{
	x->options = o;
	x->sha256 = log_sha256(x->image, x->image_len);
	x->oracles = oracle_set_new(NULL);
	x->recorder = recorder_new(o->trace);
	x->observer = (struct observer){ .name = "missing system calls",
		                         .types = BIT_ULL(EV_SYSCALL_EXIT),
		                         .event = note_missing };
	output_init(&x->out, o);
	x->missing = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	x->trace = g_string_new(NULL);
}

static void exec_run_clear(struct exec_run *x)
{
	profile_free(x->profile);
	g_free(x->sha256);
	g_free(x->choices);
	g_string_free(x->trace, TRUE);
	g_array_free(x->missing, TRUE);
	output_clear(&x->out);
	recorder_free(x->recorder);
	oracle_set_free(x->oracles);
}

/* The log is of this program and these arguments. */
static bool belongs(const struct exec_run *x)
{
	const struct cli_options *o = x->options;
	const char *program = choice_log_header(x->recorded, "program", 0);

	if (!program) {
		cli_error("%s: is of a scenario: mmulator replay FILE "
		          "--choices %s",
		          o->choices, o->choices);
		return false;
	}
	for (unsigned i = 1;; i++) {
		const char *recorded =
			choice_log_header(x->recorded, "argument", i - 1);
		g_autofree char *given =
			i < o->nr_args ? g_strescape(o->args[i], NULL) : NULL;

		if (g_strcmp0(recorded, given) != 0) {
			cli_error("%s: argument %u was '%s', not '%s'",
			          o->choices, i, recorded ? recorded : "",
			          given ? given : "");
			return false;
		}
		if (!recorded)
			return true;
	}
}

static int read_and_execute(struct cli_options *o)
{
	g_autoptr(GError) error = NULL;
	struct exec_run x = { .options = o };
	int status = CLI_USAGE;

	x.image = file_read(o->args[0], &x.image_len, &error);
	if (!x.image)
		return cli_error("%s", error->message);
	if (o->choices)
		x.recorded = log_read(o->choices);
	if (!o->choices ||
	    (x.recorded && belongs(&x) && log_apply(x.recorded, o))) {
		exec_run_init(&x, o);
		if (apply_settings(&x.mm_options, o->options) &&
		    find_profile(&x))
			status = execute(&x);
		exec_run_clear(&x);
	}
	choice_log_free(x.recorded);
	g_free(x.image);
	return status;
}

int verb_exec(int argc, char **argv)
{
	struct cli_options o;
	int status;

	if (!cli_parse(argc, argv, "exec PROGRAM ARGS...",
	               "Run a static ELF program. Its exit status and signals "
	               "are reported, not passed on.",
	               &o, &status))
		return status;
	status = CLI_USAGE;
	if (!o.nr_args)
		cli_error("exec: expected a static ELF program");
	else if (o.choices && o.policy)
		cli_error("exec: --choices and --policy exclude each other");
	else
		status = read_and_execute(&o);
	cli_options_clear(&o);
	return status;
}
