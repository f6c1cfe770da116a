/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the command as scripts do. Golden files are refreshed by
 * UPDATE_GOLDEN=1.
 */
#ifndef MMULATOR_TESTS_CLI_COMMAND_H
#define MMULATOR_TESTS_CLI_COMMAND_H

#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#define FLAGSHIP "scenarios/pt-reclaim/size-mix.scn"

struct result {
	int status;
	char *out;
	char *err;
};

/** command_path - the mmulator beside this test; g_free(). */
char *command_path(void);

/** run_command - mmulator with these arguments, quoted as for a shell. */
struct result run_command(const char *arguments);
/** run_format - the same, the arguments made as printf() does. */
struct result run_format(const char *format, ...) G_GNUC_PRINTF(1, 2);
/** run_shell - a line of the shell in which $M is the command. */
struct result run_shell(const char *line);
void clear_result(struct result *result);

/** assert_status - it ends with this status. */
void assert_status(const char *arguments, int status);
/** assert_refused - wrong use: status 2, nothing on stdout, this on stderr. */
void assert_refused(const char *arguments, const char *message);
/** assert_golden - @text is what tests/cli/golden/@name says. */
void assert_golden(const char *name, const char *text);

/** temporary - a path of this process in the folder for such; g_free(). */
char *temporary(const char *name);

/** parse_line - one line of --format json; json_object_unref(). */
JsonObject *parse_line(const char *line);
void assert_member(JsonObject *object, const char *key);

/** run_suite - for main(): run and free. */
int run_suite(Suite *suite);

#endif
