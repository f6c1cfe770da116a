// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator run FILE...: one run of every variant, reported.
 */
#include <string.h>

#include "cli/plan.h"
#include "cli/single.h"

/* NULL, said so: a run is impossible. */
static struct policy *chosen_policy(struct runner *r,
                                    const struct cli_options *o)
{
	g_autoptr(GError) error = NULL;
	struct policy *policy;
	struct plan plan;

	if (!o->policy || !strcmp(o->policy, "script"))
		return runner_pinned_policy(r);
	if (!strcmp(o->policy, "timed"))
		return policy_timed_new();
	/* As check makes its runs. */
	plan_init(&plan, o, NULL, NULL);
	policy = search_random_policy(r, &plan.search, &error);
	if (policy)
		search_set_run(policy, plan.search.kind, o->run);
	else
		(void)plan_failed(runner_scenario(r), runner_variant(r), error);
	return policy;
}

static int run_variant(const struct scenario *s, const struct ast_variant *v,
                       void *data)
{
	struct single *x = data;
	struct policy *policy;
	struct run_result run;
	struct runner *r;
	int status;

	if (x->nr_runs && x->options->choices_out)
		return cli_error("--choices-out takes one run; choose a "
		                 "variant with --variant");
	r = make_runner(s, v, x->options);
	if (!r)
		return CLI_USAGE;
	policy = chosen_policy(r, x->options);
	status = policy ? single_run(x, r, policy, &run) : CLI_USAGE;
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
