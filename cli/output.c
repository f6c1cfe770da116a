// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/told.h"
#include "scenario/killed.h"
#include "scenario/verdict.h"
#include "syscalls/siginfo.h"
#include "viz/why.h"

void output_init(struct output *out, const struct cli_options *o)
{
	out->options = o;
	out->text = g_string_new(NULL);
}

void output_clear(struct output *out)
{
	g_string_free(out->text, TRUE);
	out->text = NULL;
}

void output_text(struct output *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_string_append_vprintf(out->text, format, args);
	va_end(args);
}

void output_flush(struct output *out)
{
	if (out->options->output)
		return;
	(void)fwrite(out->text->str, 1, out->text->len, stdout);
	(void)fflush(stdout);
	g_string_truncate(out->text, 0);
}

bool output_finish(struct output *out)
{
	if (out->options->output)
		return write_file(out->options->output, out->text->str,
		                  out->text->len);
	output_flush(out);
	if (!ferror(stdout))
		return true;
	cli_error("cannot write to the standard output");
	return false;
}

/* ---- JSON ---- */

const char *outcome_name(uint32_t fired, enum run_end end)
{
	if (fired)
		return "hazard";
	return end == RUN_DONE ? "clean" : "incomplete";
}

static void add_hazards(GString *line, uint32_t fired)
{
	json_open(line, "hazards", '[');
	for (int i = 0; i < ORACLE_COUNT; i++) {
		if (fired & (1U << i))
			json_string(line, NULL, oracle_infos[i].name);
	}
	json_close(line, ']');
}

static void add_killed(GString *line, const GArray *killed)
{
	json_open(line, "killed", '[');
	for (unsigned i = 0; i < killed->len; i++) {
		const struct killed *k =
			&g_array_index(killed, struct killed, i);
		g_autofree char *addr =
			g_strdup_printf("0x%" G_GINT64_MODIFIER "x", k->addr);

		json_open(line, NULL, '{');
		json_string(line, "thread", k->thread->name);
		json_string(line, "signal", killed_signal_name(k->signal));
		json_string(line, "si_code",
		            si_code_name(k->signal, k->si_code));
		json_string(line, "addr", addr);
		json_string(line, "why", k->why);
		json_bool(line, "unexpected", k->unexpected);
		json_close(line, '}');
	}
	json_close(line, ']');
}

/* What led to a hazard, see viz/why.h. */
static void add_why(GString *line, const GArray *links)
{
	json_open(line, "why", '[');
	for (unsigned i = 0; i < links->len; i++) {
		const struct why_link *l =
			&g_array_index(links, struct why_link, i);

		json_open(line, NULL, '{');
		json_int(line, "step", l->step);
		if (l->cpu < 0)
			json_string(line, "cpu", NULL);
		else
			json_int(line, "cpu", (uint64_t)l->cpu);
		json_string(line, "agent", l->who);
		json_string(line, "kind", why_kind_name(l->kind));
		json_string(line, "what", l->what);
		json_close(line, '}');
	}
	json_close(line, ']');
}

/* Every hazard of the run, the one that a report is about first. */
static void add_told(GString *line, const GArray *told)
{
	json_open(line, "told", '[');
	for (unsigned i = 0; i < told->len; i++) {
		const struct told *t = &g_array_index(told, struct told, i);

		json_open(line, NULL, '{');
		json_string(line, "hazard", oracle_infos[t->id].name);
		json_int(line, "step", t->step);
		json_string(line, "text", t->text);
		add_why(line, t->why);
		json_close(line, '}');
	}
	json_close(line, ']');
}

static void add_exploration(GString *line, const struct json_run *j)
{
	json_int(line, "executions", j->executions);
	json_bool(line, "exhausted", j->exhausted);
	if (j->preemptions >= 0) {
		json_int(line, "preemptions", (uint64_t)j->preemptions);
		json_bool(line, "least", j->least);
		json_bool(line, "confirmed", j->confirmed);
	}
	json_seconds(line, "seconds", j->seconds);
	if (j->again)
		json_string(line, "again", j->again);
}

void output_json_run(struct output *out, const struct json_run *j)
{
	GString *line = out->text;

	json_open(line, NULL, '{');
	json_string(line, "scenario", j->scenario);
	json_string(line, "variant", j->variant);
	json_string(line, "outcome", outcome_name(j->fired, j->end));
	add_hazards(line, j->fired);
	json_string(line, "expected", j->expected);
	json_bool(line, "ok", j->ok);
	if (j->reason)
		json_string(line, "reason", j->reason);
	json_string(line, "end", run_end_name(j->end));
	if (j->killed)
		add_killed(line, j->killed);
	json_int(line, "steps", j->run->steps);
	json_int(line, "cycles", j->run->cycles);
	json_int(line, "choices", j->run->nr_choices);
	json_hash(line, "trace_hash", j->run->trace_hash);
	if (j->told)
		add_told(line, j->told);
	if (j->executions)
		add_exploration(line, j);
	if (j->guest)
		j->guest(line, j->guest_data);
	json_close(line, '}');
	g_string_append_c(line, '\n');
}
