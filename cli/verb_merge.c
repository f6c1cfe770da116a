// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator merge REPORT...: what check would say had it not been split.
 */
#include "cli/shards.h"

int verb_merge(int argc, char **argv)
{
	struct cli_options o;
	g_autoptr(GPtrArray) scenarios = NULL;
	struct shards *shards = NULL;
	int status;

	if (!cli_parse(argc, argv, "merge REPORT...",
	               "Join the reports that check --shard wrote: the report "
	               "of the whole search.",
	               &o, &status))
		return status;
	status = CLI_USAGE;
	if (!o.nr_args)
		cli_error("merge: expected the reports of all shards");
	else
		shards = shards_load(&o);
	if (shards)
		scenarios = load_scenarios(o.args);
	if (scenarios && shards_match(shards, scenarios, &o))
		status = check_report(scenarios, &o, shards);
	shards_free(shards);
	cli_options_clear(&o);
	return status;
}
