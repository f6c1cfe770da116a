// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator replay FILE --choices LOG: a recorded run again, step for step.
 */
#include <string.h>

#include "cli/log.h"
#include "cli/single.h"

static int replay_variant(const struct scenario *s, const struct ast_variant *v,
                          void *data)
{
	struct single *x = data;
	struct runner *r = make_runner(s, v, x->options);
	struct run_result run = { 0 };
	int status;

	if (!r)
		return CLI_USAGE;
	status = single_run(x, r, policy_replay_new(x->recorded), &run);
	runner_free(r);
	return status;
}

int single_replay(struct cli_options *o, const struct choice_log *log,
                  bool explain)
{
	g_autoptr(GPtrArray) scenarios = NULL;
	struct single x;
	int status;

	if (!log_apply(log, o))
		return CLI_USAGE;
	scenarios = load_scenarios(o->args);
	if (!scenarios || !log_belongs(log, scenarios->pdata[0], o))
		return CLI_USAGE;
	single_init(&x, o);
	x.recorded = log;
	x.explain = explain;
	status = for_each_chosen(scenarios, o, replay_variant, &x);
	return single_finish(&x, status);
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
		log = log_read(o.choices);
	if (log)
		status = single_replay(&o, log, false);
	choice_log_free(log);
	cli_options_clear(&o);
	return status;
}
