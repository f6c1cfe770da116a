// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmulator exec PROGRAM ARGS...: a static ELF program as the only guest.
 */
#include "cli/cli.h"

int verb_exec(int argc, char **argv)
{
	struct cli_options o;
	int status;

	if (!cli_parse(argc, argv, "exec PROGRAM ARGS...",
		       "Run a static ELF program.", &o, &status))
		return status;
	status = cli_error("exec: not available");
	cli_options_clear(&o);
	return status;
}
