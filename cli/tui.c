// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/tui.h"

#include "cli/cli.h"

int tui_run(struct console *c)
{
	(void)c;
	return cli_error("step: --tui does not exist yet");
}
