// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator explain LOG [FILE]: a recorded run again, for what it shows: each
 * hazard with the chain that led to it and its columns.
 */
#include "base/choicelog.h"
#include "cli/log.h"
#include "cli/single.h"

/* What to run: the scenario given, or the one that the log names. */
static bool take_scenario(struct cli_options *o, const struct choice_log *log)
{
	const char *named = choice_log_header(log, "scenario", 0);
	const char *file = o->nr_args > 1 ? o->args[1] : named;
	char **args;

	if (!file) {
		cli_error("%s: does not say of which scenario", o->choices);
		return false;
	}
	args = g_new0(char *, 2);
	args[0] = g_strdup(file);
	g_strfreev(o->args);
	o->args = args;
	o->nr_args = 1;
	return true;
}

static int explain(struct cli_options *o)
{
	struct choice_log *log;
	int status = CLI_USAGE;

	o->choices = g_strdup(o->args[0]);
	log = log_read(o->choices);
	if (log && take_scenario(o, log))
		status = single_replay(o, log, true);
	choice_log_free(log);
	return status;
}

int verb_explain(int argc, char **argv)
{
	struct cli_options o;
	int status;

	if (!cli_parse(argc, argv, "explain LOG [FILE]",
	               "Why it came to what a recorded run shows, step by "
	               "step. FILE: the scenario,\nif it is not where the log "
	               "says.",
	               &o, &status))
		return status;
	status = CLI_USAGE;
	if (o.nr_args < 1 || o.nr_args > 2)
		cli_error("explain: expected a log of --choices-out, and at "
		          "most one scenario");
	else
		status = explain(&o);
	cli_options_clear(&o);
	return status;
}
