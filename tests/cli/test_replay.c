// SPDX-License-Identifier: GPL-2.0-or-later
/* replay: the recorded run again, or one message that says why not. */
#include <string.h>

#include "tests/cli/command.h"

#define OTHER "scenarios/late-flush/madvise-nested.scn"

/* A log of the flagship in a file of its own. */
static char *record(const char *flags)
{
	g_autofree char *path = temporary("choices");
	struct result result =
		run_format("run %s --choices-out %s " FLAGSHIP, flags, path);

	ck_assert_int_eq(result.status, 0);
	clear_result(&result);
	return g_steal_pointer(&path);
}

/* The log with what @pattern matches in it replaced. */
static void alter(const char *path, const char *pattern, const char *by)
{
	g_autoptr(GRegex) regex =
		g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
	g_autofree char *text = NULL;
	g_autofree char *altered = NULL;

	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	altered = g_regex_replace_literal(regex, text, -1, 0, by, 0, NULL);
	ck_assert_str_ne(altered, text);
	ck_assert(g_file_set_contents(path, altered, -1, NULL));
}

/* The log is refused with "mmulator: LOG@message". */
static void assert_log_refused(const char *path, const char *flags,
                               const char *scenario, const char *message)
{
	g_autofree char *line = g_strdup_printf("replay %s --choices %s %s",
	                                        flags, path, scenario);
	g_autofree char *whole =
		g_strdup_printf("mmulator: %s%s\n", path, message);

	assert_refused(line, whole);
}

/* The same for a log of the vulnerable variant that was altered. */
static void assert_altered_refused(const char *pattern, const char *by,
                                   const char *message)
{
	g_autofree char *path = record("--variant vulnerable");

	alter(path, pattern, by);
	assert_log_refused(path, "", FLAGSHIP, message);
	g_unlink(path);
}

START_TEST(a_recorded_run_replays_with_the_same_output)
{
	g_autofree char *log = temporary("same");
	struct result first = run_format(
		"run --format json --policy random --seed 5 --variant "
		"vulnerable --choices-out %s " FLAGSHIP,
		log);
	struct result second =
		run_format("replay --format json --choices %s " FLAGSHIP, log);

	ck_assert_int_eq(second.status, first.status);
	ck_assert_str_eq(second.out, first.out);
	g_unlink(log);
	clear_result(&first);
	clear_result(&second);
}
END_TEST

START_TEST(a_capped_run_replays)
{
	g_autofree char *log = temporary("capped");
	struct result first = run_format(
		"run --format json --steps 300 --variant fixed --choices-out "
		"%s " FLAGSHIP,
		log);
	struct result second =
		run_format("replay --format json --choices %s " FLAGSHIP, log);

	ck_assert_int_eq(first.status, 1);
	ck_assert_int_eq(second.status, 1);
	ck_assert_str_eq(second.out, first.out);
	g_unlink(log);
	clear_result(&first);
	clear_result(&second);
}
END_TEST

START_TEST(flags_may_repeat_what_the_log_says)
{
	g_autofree char *path = record("--variant vulnerable --engine direct");
	g_autofree char *line = g_strdup_printf(
		"replay --engine unicorn --variant vulnerable --option "
		"pcid=on --choices %s " FLAGSHIP,
		path);

	assert_status(line, 0);
	g_unlink(path);
}
END_TEST

START_TEST(a_log_of_another_run_is_refused)
{
	g_autofree char *path = record("--variant vulnerable");

	assert_log_refused(path, "--variant fixed", FLAGSHIP,
	                   ": is of the variant 'vulnerable', not of 'fixed'");
	assert_log_refused(path, "--option thp=never", FLAGSHIP,
	                   ": was recorded with thp=always, not with "
	                   "thp=never");
	assert_log_refused(path, "", OTHER,
	                   ": is of another scenario: \"PT_RECLAIM situation "
	                   "1: 4K and 2M translations of one address\" "
	                   "(" FLAGSHIP ")");
	g_unlink(path);
}
END_TEST

START_TEST(what_the_log_names_must_be_there)
{
	assert_altered_refused("^variant .*$", "variant gone",
	                       ": is of the variant 'gone', which " FLAGSHIP
	                       " does not have");
	assert_altered_refused("^variant .*\n", "",
	                       ": does not say of which variant");
	assert_altered_refused("^engine .*$", "engine kvm",
	                       ": engine 'kvm' is unknown");
	assert_altered_refused("^option thp=.*$", "option thp=sometimes",
	                       ": option thp cannot be 'sometimes'; it is "
	                       "always | madvise | never");
	assert_altered_refused("^trace-hash .*\n", "",
	                       ": no steps and trace hash to compare the run "
	                       "with");
}
END_TEST

START_TEST(a_run_that_is_not_the_recorded_one_is_refused)
{
	static const char differs[] =
		": the run is not the recorded one: the choices fit but the "
		"trace differs";
	g_autofree char *path = NULL;

	assert_altered_refused("^steps .*$", "steps 17", differs);
	path = record("--variant vulnerable");
	alter(path, "^trace-hash .*$", "trace-hash 0123456789abcdef");
	assert_log_refused(path, "", FLAGSHIP, differs);
	/* Why may that be? */
	alter(path, "^version .*$", "version 0.0.1");
	assert_log_refused(path, "", FLAGSHIP,
	                   ": the run is not the recorded one: the choices "
	                   "fit but the trace differs; it was recorded by "
	                   "mmulator 0.0.1, this is " MMULATOR_VERSION);
	alter(path, "^sha256 .*$", "sha256 0");
	assert_log_refused(path, "", FLAGSHIP,
	                   ": the run is not the recorded one: the choices "
	                   "fit but the trace differs; " FLAGSHIP
	                   " is not what it was then");
	g_unlink(path);
}
END_TEST

START_TEST(a_broken_log_is_refused_with_its_line)
{
	g_autofree char *path = temporary("broken");

	ck_assert(g_file_set_contents(path, "rubbish\n", -1, NULL));
	assert_log_refused(path, "", FLAGSHIP,
	                   ": line 1: expected 'mmulator-choices 1'");
	ck_assert(g_file_set_contents(path,
	                              "mmulator-choices 1\n"
	                              "choices 3\n"
	                              "a2/1 a3/3\n",
	                              -1, NULL));
	assert_log_refused(path, "", FLAGSHIP, ": line 3: answer out of range");
	g_unlink(path);
}
END_TEST

/* However much of a log is lost, there is a message with a line. */
START_TEST(a_log_that_is_cut_off_is_refused)
{
	g_autofree char *path = record("--variant vulnerable");
	g_autofree char *text = NULL;
	gsize len;

	ck_assert(g_file_get_contents(path, &text, &len, NULL));
	for (gsize keep = 0; keep + 1 < len; keep += 1 + len / 20) {
		struct result result;

		ck_assert(g_file_set_contents(path, text, (gssize)keep, NULL));
		result = run_format("replay --choices %s " FLAGSHIP, path);
		ck_assert_int_eq(result.status, 2);
		ck_assert_str_eq(result.out, "");
		/* "choices" without a number is a log of unknown length. */
		ck_assert(strstr(result.err, ": line ") ||
		          strstr(result.err, ": the log ends after"));
		clear_result(&result);
	}
	g_unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/replay");
	TCase *tcase = tcase_create("replay");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_recorded_run_replays_with_the_same_output);
	tcase_add_test(tcase, a_capped_run_replays);
	tcase_add_test(tcase, flags_may_repeat_what_the_log_says);
	tcase_add_test(tcase, a_log_of_another_run_is_refused);
	tcase_add_test(tcase, what_the_log_names_must_be_there);
	tcase_add_test(tcase, a_run_that_is_not_the_recorded_one_is_refused);
	tcase_add_test(tcase, a_broken_log_is_refused_with_its_line);
	tcase_add_test(tcase, a_log_that_is_cut_off_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
