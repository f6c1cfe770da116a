// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/cli/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOLDEN "tests/cli/golden/"

/* Beside this test in the build: ../cli/mmulator. */
char *command_path(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self);

	return g_build_filename(folder, "..", "cli", "mmulator", NULL);
}

static struct result spawn(char **argv)
{
	struct result result = { 0 };
	int wait_status;

	ck_assert(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
	                       NULL, &result.out, &result.err, &wait_status,
	                       NULL));
	ck_assert_msg(WIFEXITED(wait_status), "%s", result.err);
	result.status = WEXITSTATUS(wait_status);
	return result;
}

struct result run_command(const char *arguments)
{
	g_autofree char *path = command_path();
	g_autofree char *line = g_strdup_printf("'%s' %s", path, arguments);
	g_auto(GStrv) argv = NULL;

	ck_assert(g_shell_parse_argv(line, NULL, &argv, NULL));
	return spawn(argv);
}

struct result run_format(const char *format, ...)
{
	g_autofree char *arguments = NULL;
	va_list args;

	va_start(args, format);
	arguments = g_strdup_vprintf(format, args);
	va_end(args);
	return run_command(arguments);
}

struct result run_shell(const char *line)
{
	g_autofree char *path = command_path();
	g_autofree char *script = g_strdup_printf("M='%s'; %s", path, line);
	char shell[] = "sh", flag[] = "-c";
	char *argv[] = { shell, flag, script, NULL };

	return spawn(argv);
}

void clear_result(struct result *result)
{
	g_free(result->out);
	g_free(result->err);
}

void assert_status(const char *arguments, int status)
{
	struct result result = run_command(arguments);

	ck_assert_msg(result.status == status, "%s: %d, expected %d\n%s%s",
	              arguments, result.status, status, result.out, result.err);
	clear_result(&result);
}

void assert_refused(const char *arguments, const char *message)
{
	struct result result = run_command(arguments);

	ck_assert_int_eq(result.status, 2);
	ck_assert_str_eq(result.out, "");
	ck_assert_str_eq(result.err, message);
	clear_result(&result);
}

void assert_golden(const char *name, const char *text)
{
	g_autofree char *path = g_strconcat(GOLDEN, name, NULL);
	g_autofree char *expected = NULL;

	if (g_getenv("UPDATE_GOLDEN"))
		ck_assert(g_file_set_contents(path, text, -1, NULL));
	ck_assert_msg(g_file_get_contents(path, &expected, NULL, NULL),
	              "no %s: run with UPDATE_GOLDEN=1", path);
	ck_assert_str_eq(text, expected);
}

char *temporary(const char *name)
{
	return g_strdup_printf("%s/mmulator-test-%d-%s", g_get_tmp_dir(),
	                       (int)getpid(), name);
}

JsonObject *parse_line(const char *line)
{
	g_autoptr(JsonParser) parser = json_parser_new();

	ck_assert_msg(json_parser_load_from_data(parser, line, -1, NULL), "%s",
	              line);
	return json_object_ref(
		json_node_get_object(json_parser_get_root(parser)));
}

void assert_member(JsonObject *object, const char *key)
{
	ck_assert_msg(json_object_has_member(object, key), "no %s", key);
}

int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
