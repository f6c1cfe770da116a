/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions for tests. */
#ifndef MMULATOR_TESTS_STEPPER_STAGE_H
#define MMULATOR_TESTS_STEPPER_STAGE_H

#include <check.h>

#include "scenario/parse.h"
#include "stepper/console.h"

#define FLAGSHIP "scenarios/pt-reclaim/size-mix.scn"

struct vcpu_ops;

struct stage {
	struct scenario *scenario;
	struct session *session;
	struct console *console;
	GString *out; /* of the last command */
};

/** stage_open - a session of a file; @engine and @log may be NULL. */
void stage_open(struct stage *st, const char *path, const char *variant,
                const struct vcpu_ops *engine, const struct choice_log *log);
/** stage_continue - a session of st->scenario, by the direct engine. */
void stage_continue(struct stage *st, const struct ast_variant *v);
/** stage_open_text - of a scenario in a string, by the direct engine. */
void stage_open_text(struct stage *st, const char *text);
void stage_close(struct stage *st);

/** say - carry out a command, which must be right; st->out is what it says. */
void say(struct stage *st, const char *line);
/** refused - carry out one that must be wrong, for this reason. */
void refused(struct stage *st, const char *line, const char *reason);
/** saved - the log `save` would write. */
struct choice_log *saved(struct stage *st);
/** replayed - trace hash of a run of @log in a runner of its own. */
struct run_result replayed(const struct stage *st,
                           const struct vcpu_ops *engine,
                           const struct choice_log *log);

#endif
