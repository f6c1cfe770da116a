// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/stepper/stage.h"

#include <string.h>

#include "emu/vcpu_ops.h"

static const char *const profile_dirs[] = { "profiles", NULL };

static void open_session(struct stage *st, const struct ast_variant *v,
                         const struct vcpu_ops *engine,
                         const struct choice_log *log)
{
	const struct run_config config = { .engine = engine,
		                           .profile_dirs = profile_dirs };
	g_autoptr(GError) error = NULL;

	st->session = session_new(st->scenario, v, &config, log, &error);
	ck_assert_msg(st->session, "%s", error ? error->message : "");
	st->console = console_new(st->session);
	st->out = g_string_new(NULL);
}

void stage_continue(struct stage *st, const struct ast_variant *v)
{
	open_session(st, v, &vcpu_ops_direct, NULL);
}

void stage_open(struct stage *st, const char *path, const char *variant,
                const struct vcpu_ops *engine, const struct choice_log *log)
{
	g_autoptr(GError) error = NULL;

	st->scenario = scenario_load(path, &error);
	ck_assert_msg(st->scenario, "%s", error ? error->message : "");
	open_session(st, variant ? find_variant(st->scenario, variant) : NULL,
	             engine, log);
}

void stage_open_text(struct stage *st, const char *text)
{
	g_autofree char *whole = g_strconcat("scenario \"t\"\n", text, NULL);
	g_autoptr(GError) error = NULL;

	st->scenario = scenario_parse("t.scn", whole, strlen(whole), &error);
	ck_assert_msg(st->scenario, "%s", error ? error->message : "");
	open_session(st, NULL, &vcpu_ops_direct, NULL);
}

void stage_close(struct stage *st)
{
	console_free(st->console);
	session_free(st->session);
	scenario_free(st->scenario);
	g_string_free(st->out, TRUE);
}

void say(struct stage *st, const char *line)
{
	g_autoptr(GError) error = NULL;

	g_string_truncate(st->out, 0);
	ck_assert_msg(console_command(st->console, line, st->out, &error),
	              "%s: %s", line, error ? error->message : "");
	ck_assert(!st->out->len || st->out->str[st->out->len - 1] == '\n');
}

void refused(struct stage *st, const char *line, const char *reason)
{
	g_autoptr(GError) error = NULL;
	uint64_t at = session_at(st->session);
	uint64_t last = session_last(st->session);

	g_string_truncate(st->out, 0);
	ck_assert_msg(!console_command(st->console, line, st->out, &error),
	              "%s: not refused", line);
	ck_assert_str_eq(error->message, reason);
	ck_assert_str_eq(st->out->str, "");
	ck_assert_uint_eq(session_at(st->session), at);
	ck_assert_uint_eq(session_last(st->session), last);
}

struct choice_log *saved(struct stage *st)
{
	g_autoptr(GError) error = NULL;
	uint64_t steps;
	g_autofree char *text = session_save(st->session, &steps, &error);
	struct choice_log *log;

	ck_assert_msg(text, "%s", error ? error->message : "");
	log = choice_log_parse(text, strlen(text), NULL);
	ck_assert(log);
	ck_assert_uint_eq(log->nr_steps, steps);
	return log;
}

struct run_result replayed(const struct stage *st,
                           const struct vcpu_ops *engine,
                           const struct choice_log *log)
{
	struct run_config config = *runner_config(session_runner(st->session));
	struct policy *replay = policy_replay_new(log);
	g_autoptr(GError) error = NULL;
	struct run_result run;
	struct runner *r;

	config.engine = engine;
	r = runner_new(st->scenario,
	               runner_variant(session_runner(st->session)), &config,
	               NULL);
	ck_assert_msg(runner_run(r, replay, &run, &error), "%s",
	              error ? error->message : "");
	policy_free(replay);
	runner_free(r);
	return run;
}
