// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator exec PROGRAM ARGS...: a static ELF program as the only guest,
 * watched by the oracles.
 *
 * The guest's output is the command's; what we have to say goes to stderr.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "scenario/verdict.h"
#include "syscalls/exec.h"
#include "viz/report.h"

struct exec_run {
	const struct cli_options *options;
	struct oracle_set *oracles;
	struct recorder *recorder;
	GString *report;
	GString *trace;
	uint32_t fired;
};

static void guest_write(void *data, int fd, const uint8_t *bytes, size_t n)
{
	FILE *file = fd == 2 ? stderr : stdout;

	(void)data;
	(void)fwrite(bytes, 1, n, file);
	(void)fflush(file);
}

static void attach(struct machine *m, void *data)
{
	struct exec_run *x = data;

	oracle_set_attach(x->oracles, m);
	recorder_attach(x->recorder, m);
	m->crash = crash_is_ours;
	crash_guest(x->options->args[0]);
}

static void detach(struct machine *m, void *data)
{
	struct exec_run *x = data;
	const struct hazard *hazards;
	unsigned n;

	oracle_set_finish(x->oracles, false);
	hazards = oracle_set_hazards(x->oracles, &n);
	x->fired = oracle_set_fired(x->oracles);
	if (n)
		viz_report(x->report, x->recorder, hazards, n, m);
	if (x->options->trace)
		viz_trace(x->trace, x->recorder, m);
	crash_is_ours(m);
	recorder_detach(x->recorder);
	oracle_set_detach(x->oracles);
}

static struct policy *choose_policy(const struct cli_options *o)
{
	struct policy *policy;

	if (!o->policy || strcmp(o->policy, "random") != 0)
		return policy_timed_new();
	policy = policy_random_new(o->has_seed ? o->seed : 1);
	policy_random_set_run(policy, o->run);
	return policy;
}

static void print_json(const struct exec_run *x,
                       const struct exec_result *result)
{
	g_autofree char *hazards = format_hazards(x->fired);

	fprintf(stderr,
	        "{\"outcome\":\"%s\",\"hazards\":\"%s\",\"exit_code\":%d,"
	        "\"signal\":%d,\"steps\":%" PRIu64 ",\"cycles\":%" PRIu64
	        ",\"instructions\":%" PRIu64 ",\"trace_hash\":\"%016" PRIx64
	        "\"}\n",
	        x->fired ? "hazard" : "clean", hazards, result->exit_code,
	        result->signal, result->steps, result->cycles, result->insns,
	        result->trace_hash);
}

static void print_result(const struct exec_run *x,
                         const struct exec_result *result)
{
	fputs(x->report->str, stderr);
	if (result->signal)
		fprintf(stderr,
		        "mmulator: ended by signal %d at 0x%" PRIx64 "\n",
		        result->signal, result->fault_addr);
	if (result->end == RUN_DEADLOCK)
		fputs("mmulator: nobody can move any more\n", stderr);
	if (x->options->format == FORMAT_JSON)
		print_json(x, result);
	else if (x->options->verbose)
		fprintf(stderr,
		        "%" PRIu64 " instructions, %" PRIu64 " steps, %" PRIu64
		        " cycles, trace hash %016" PRIx64 "\n",
		        result->insns, result->steps, result->cycles,
		        result->trace_hash);
}

static int judge(const struct exec_run *x, const struct exec_result *result)
{
	bool ok = result->exited && result->exit_code == 0 && !x->fired;

	if (x->options->trace &&
	    !write_file(x->options->trace, x->trace->str, x->trace->len))
		return CLI_USAGE;
	return ok ? CLI_OK : CLI_DIFFERS;
}

static int execute(struct exec_run *x, const char *image, size_t len)
{
	const struct cli_options *o = x->options;
	struct policy *policy = choose_policy(o);
	struct mm_options options;
	struct exec_config config = {
		.name = o->args[0],
		.image = (const uint8_t *)image,
		.image_len = len,
		.argv = (const char *const *)o->args,
		.host = { .write = guest_write },
		.options = &options,
		.policy = policy,
		.attach = attach,
		.detach = detach,
		.attach_data = x,
	};
	struct exec_result result;
	g_autoptr(GError) error = NULL;
	int status = CLI_USAGE;

	if (apply_settings(&options, o->options)) {
		if (exec_program(&config, &result, &error)) {
			cli_error("%s", error->message);
		} else {
			print_result(x, &result);
			status = judge(x, &result);
		}
	}
	policy_free(policy);
	return status;
}

static int read_and_execute(const struct cli_options *o)
{
	struct exec_run x = { .options = o };
	g_autoptr(GError) error = NULL;
	size_t len;
	g_autofree char *image = file_read(o->args[0], &len, &error);
	int status;

	if (!image)
		return cli_error("%s", error->message);
	x.oracles = oracle_set_new(NULL);
	x.recorder = recorder_new(o->trace);
	x.report = g_string_new(NULL);
	x.trace = g_string_new(NULL);
	status = execute(&x, image, len);
	g_string_free(x.report, TRUE);
	g_string_free(x.trace, TRUE);
	recorder_free(x.recorder);
	oracle_set_free(x.oracles);
	return status;
}

int verb_exec(int argc, char **argv)
{
	struct cli_options o;
	int status;

	if (!cli_parse(argc, argv, "exec PROGRAM ARGS...",
	               "Run a static ELF program.", &o, &status))
		return status;
	status = CLI_USAGE;
	if (!o.nr_args)
		cli_error("exec: expected a static ELF program");
	else
		status = read_and_execute(&o);
	cli_options_clear(&o);
	return status;
}
