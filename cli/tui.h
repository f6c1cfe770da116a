/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stepper on a full screen. */
#ifndef MMULATOR_CLI_TUI_H
#define MMULATOR_CLI_TUI_H

#include "stepper/console.h"

/**
 * tui_run - until the user leaves.
 * @c: commands for @s
 *
 * Return: exit status (enum cli_status).
 */
int tui_run(struct console *c, struct session *s);

#endif
