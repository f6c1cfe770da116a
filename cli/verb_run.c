// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator run FILE...: one run of every variant, reported.
 */
#include <string.h>

#include "cli/single.h"

static struct policy *chosen_policy(const struct runner *r,
                                    const struct cli_options *o)
{
	if (!o->policy || !strcmp(o->policy, "script"))
		return runner_pinned_policy(r);
	if (!strcmp(o->policy, "timed"))
		return policy_timed_new();
	return random_policy(o);
}

static int run_variant(const struct scenario *s, const struct ast_variant *v,
                       void *data)
{
	struct single *x = data;
	struct runner *r;
	struct run_result run;
	int status;

	if (x->nr_runs && x->options->choices_out)
		return cli_error("--choices-out takes one run; choose a "
		                 "variant with --variant");
	r = make_runner(s, v, x->options);
	if (!r)
		return CLI_USAGE;
	status = single_run(x, r, chosen_policy(r, x->options), &run);
	runner_free(r);
	return status;
}

int verb_run(int argc, char **argv)
{
	struct cli_options o;
	g_autoptr(GPtrArray) scenarios = NULL;
	struct single x;
	int status;

	if (!cli_parse(argc, argv, "run FILE...",
	               "One run of every variant: what happened, who saw it.",
	               &o, &status))
		return status;
	status = CLI_USAGE;
	if (!o.nr_args)
		cli_error("run: expected a scenario; see mmulator run --help");
	else
		scenarios = load_scenarios(o.args);
	if (scenarios) {
		single_init(&x, &o);
		status = for_each_chosen(scenarios, &o, run_variant, &x);
		status = single_finish(&x, status);
	}
	cli_options_clear(&o);
	return status;
}
