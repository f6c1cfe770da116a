// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator replay FILE --choices LOG: a recorded run again, step for step.
 */
#include <string.h>

#include "cli/single.h"

struct replay {
	struct single single;
	const struct choice_log *log;
};

static int replay_variant(const struct scenario *s, const struct ast_variant *v,
                          void *data)
{
	struct replay *x = data;
	struct runner *r = make_runner(s, v, x->single.options);
	struct run_result run = { 0 };
	int status;

	if (!r)
		return CLI_USAGE;
	status = single_run(&x->single, r, policy_replay_new(x->log), &run);
	if (status < CLI_USAGE && x->log->trace_hash &&
	    (run.trace_hash != x->log->trace_hash ||
	     run.steps != x->log->nr_steps))
		status = cli_error("the run is not the recorded one: the "
		                   "choices fit but the trace differs");
	runner_free(r);
	return status;
}

static int replay(struct cli_options *o, const struct choice_log *log)
{
	g_autoptr(GPtrArray) scenarios = NULL;
	struct replay x = { .log = log };
	int status;

	take_headers(o, log);
	scenarios = load_scenarios(o->args);
	if (!scenarios)
		return CLI_USAGE;
	single_init(&x.single, o);
	status = for_each_chosen(scenarios, o, replay_variant, &x);
	return single_finish(&x.single, status);
}

int verb_replay(int argc, char **argv)
{
	struct cli_options o;
	struct choice_log *log = NULL;
	int status;

	if (!cli_parse(argc, argv, "replay FILE --choices LOG",
	               "Repeat a recorded run.", &o, &status))
		return status;
	status = CLI_USAGE;
	if (o.nr_args != 1 || !o.choices)
		cli_error("replay: expected one scenario and --choices LOG");
	else
		log = read_log(o.choices);
	if (log)
		status = replay(&o, log);
	choice_log_free(log);
	cli_options_clear(&o);
	return status;
}
