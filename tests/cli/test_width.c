// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `mmulator run` prints about a scenario fits into an e-mail: 72 columns,
 * and 36 more for every CPU after the second.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define WIDTH     72
#define WIDTH_CPU 36

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static GPtrArray *scenarios;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static char *printed(const char *file)
{
	g_autofree char *name = NULL;
	int fd = g_file_open_tmp("width-XXXXXX", &name, NULL);
	const char *const args[] = { "run", "--engine", "direct", "--output",
		                     name,  file,       NULL };
	/* The verb takes its flags out of it. */
	g_autofree char **argv = g_memdup2(args, sizeof(args));
	char *text = NULL;

	ck_assert_int_ge(fd, 0);
	ck_assert(g_close(fd, NULL));
	ck_assert_int_eq(verb_run(G_N_ELEMENTS(args) - 1, argv), CLI_OK);
	ck_assert(g_file_get_contents(name, &text, NULL, NULL));
	g_unlink(name);
	return text;
}

/* The titles of columns: "CPU0 (setup, stale)        CPU1 (reclaim)". */
static size_t nr_cpus(const char *line)
{
	size_t n = 0;

	if (!g_str_has_prefix(line, "CPU"))
		return 0;
	for (; (line = strstr(line, "CPU")); line++)
		n++;
	return n;
}

START_TEST(every_report_fits_into_an_email)
{
	const struct scenario *s = g_ptr_array_index(scenarios, _i);
	g_autofree char *text = printed(s->source.file);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	size_t limit = WIDTH, cpus;

	for (unsigned i = 0; lines[i]; i++) {
		if (g_str_has_prefix(lines[i], s->source.file) || !*lines[i]) {
			limit = WIDTH; /* another run, or the columns' end */
		} else if ((cpus = nr_cpus(lines[i])) > 0) {
			limit = MAX(WIDTH, cpus * WIDTH_CPU);
		}
		ck_assert_msg(strlen(lines[i]) <= limit, "%s", lines[i]);
	}
}
END_TEST

int main(void)
{
	char *paths[] = { (char *)(uintptr_t) "scenarios", NULL };
	Suite *suite = suite_create("cli/width");
	TCase *tcase = tcase_create("catalogue");
	SRunner *runner;
	int failed;

	scenarios = load_scenarios(paths);
	if (!scenarios)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase, every_report_fits_into_an_email, 0,
	                    (int)scenarios->len);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	g_ptr_array_unref(scenarios);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
