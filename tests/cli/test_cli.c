// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command as scripts use it: exit statuses, what goes where, the keys of
 * --format json. Messages are golden files, refreshed by UPDATE_GOLDEN=1.
 */
#include <string.h>

#include "tests/cli/command.h"

START_TEST(statuses_are_those_of_the_contract)
{
	assert_status("--help", 0);
	assert_status("--version", 0);
	assert_status("run --help", 0);
	assert_status("run " FLAGSHIP, 0);
	assert_status("check --engine direct --runs 20 " FLAGSHIP, 0);
	assert_status("run --variant vulnerable --option "
	              "flush_before_install=both --policy timed " FLAGSHIP,
	              1);
	assert_status("", 2);
	assert_status("list", 0);
	assert_status("list " FLAGSHIP, 0);
}
END_TEST

START_TEST(the_report_of_the_flagship_reads_so)
{
	struct result result =
		run_command("run --variant vulnerable " FLAGSHIP);

	assert_golden("size-mix-vulnerable.txt", result.out);
	ck_assert_str_eq(result.err, "");
	clear_result(&result);
}
END_TEST

/* What the clock says is another number every time. */
static char *without_seconds(const char *table)
{
	g_autoptr(GRegex) seconds =
		g_regex_new("[0-9]+\\.[0-9][0-9]\\b", 0, 0, NULL);

	return g_regex_replace_literal(seconds, table, -1, 0, "0.00", 0, NULL);
}

START_TEST(the_table_of_check_reads_so)
{
	struct result result =
		run_command("check --engine direct --runs 10 " FLAGSHIP);
	g_autofree char *table = without_seconds(result.out);

	assert_golden("check-size-mix.txt", table);
	clear_result(&result);
}
END_TEST

START_TEST(the_table_of_a_search_reads_so)
{
	struct result result = run_command(
		"check --policy explore --bound 1 --executions 30 " FLAGSHIP);
	g_autofree char *table = without_seconds(result.out);

	assert_golden("check-explore-size-mix.txt", table);
	clear_result(&result);
}
END_TEST

START_TEST(json_has_one_object_a_line_with_the_keys)
{
	static const char *const keys[] = {
		"scenario", "variant", "outcome", "hazards", "expected",
		"ok",       "steps",   "cycles",  "choices", "trace_hash",
	};
	struct result result = run_command("run --format json " FLAGSHIP);
	g_auto(GStrv) lines = g_strsplit(result.out, "\n", -1);
	unsigned i = 0;

	for (; lines[i] && *lines[i]; i++) {
		g_autoptr(JsonParser) parser = json_parser_new();
		JsonObject *object;

		ck_assert(
			json_parser_load_from_data(parser, lines[i], -1, NULL));
		object = json_node_get_object(json_parser_get_root(parser));
		for (size_t k = 0; k < G_N_ELEMENTS(keys); k++)
			assert_member(object, keys[k]);
	}
	ck_assert_uint_eq(i, 6); /* its variants */
	clear_result(&result);
}
END_TEST

/* A thread that runs out of memory, and one that may not write; the scenario
 * counts on the second only. */
static char *killing_scenario(void)
{
	char *path = temporary("mmulator-test-killed.scn");

	ck_assert(g_file_set_contents(
		path,
		"scenario \"k\"\n"
		"machine { cpus 2  memory 4M }\n"
		"options { thp = never }\n"
		"process A { map heap 0x40000000 8M rw }\n"
		"process B { map text 0x40000000 4K r }\n"
		"thread hungry of A on cpu 0 { touch heap 8M }\n"
		"thread writer of B on cpu 1 { store text+8 1 }\n"
		"always (writer:signal == SIGSEGV)\n",
		-1, NULL));
	return path;
}

static JsonObject *killed_in(const char *text, unsigned i, const char *thread)
{
	JsonObject *line = parse_line(text);
	JsonArray *killed = json_object_get_array_member(line, "killed");
	JsonObject *k;

	ck_assert_str_eq(json_object_get_string_member(line, "outcome"),
	                 "clean");
	ck_assert_uint_eq(json_array_get_length(killed), 2);
	k = json_object_ref(json_array_get_object_element(killed, i));
	ck_assert_str_eq(json_object_get_string_member(k, "thread"), thread);
	json_object_unref(line);
	return k;
}

static void assert_killed_json(const char *text)
{
	JsonObject *hungry = killed_in(text, 0, "hungry");
	JsonObject *writer = killed_in(text, 1, "writer");

	ck_assert_str_eq(json_object_get_string_member(hungry, "signal"),
	                 "SIGKILL");
	ck_assert_str_eq(json_object_get_string_member(hungry, "why"),
	                 "out of memory");
	ck_assert(json_object_get_boolean_member(hungry, "unexpected"));
	ck_assert_str_eq(json_object_get_string_member(writer, "signal"),
	                 "SIGSEGV");
	ck_assert_str_eq(json_object_get_string_member(writer, "addr"),
	                 "0x40000008");
	ck_assert(!json_object_get_boolean_member(writer, "unexpected"));
	json_object_unref(hungry);
	json_object_unref(writer);
}

START_TEST(a_thread_that_is_killed_is_named_by_every_report)
{
	g_autofree char *path = killing_scenario();
	struct result run = run_format("run %s", path);
	struct result check = run_format("check %s", path);
	struct result run_json = run_format("run --format json %s", path);
	struct result check_json = run_format("check --format json %s", path);

	ck_assert_ptr_nonnull(
		strstr(run.out, "CPU0 (hungry) was killed by SIGKILL at 0x4"));
	ck_assert_ptr_nonnull(strstr(run.out, ": out of memory\n"));
	ck_assert_ptr_nonnull(strstr(
		run.out, "CPU1 (writer) was killed by SIGSEGV at 0x40000008"));
	ck_assert_ptr_nonnull(
		strstr(check.out,
	               "in 1 run: CPU0 (hungry) was killed by SIGKILL at 0x4"));
	ck_assert_ptr_null(strstr(check.out, "writer"));
	assert_killed_json(run_json.out);
	assert_killed_json(check_json.out);
	clear_result(&run);
	clear_result(&check);
	clear_result(&run_json);
	clear_result(&check_json);
	g_unlink(path);
}
END_TEST

START_TEST(a_run_in_which_nobody_is_killed_says_nothing_of_it)
{
	struct result text = run_command("run --variant fixed " FLAGSHIP);
	struct result json =
		run_command("run --variant fixed --format json " FLAGSHIP);

	ck_assert_ptr_null(strstr(text.out, "killed"));
	ck_assert_ptr_nonnull(strstr(json.out, "\"killed\":[]"));
	clear_result(&text);
	clear_result(&json);
}
END_TEST

/* All verbs say the same of a schedule whose step never comes. */
START_TEST(a_schedule_that_cannot_be_followed_is_shown)
{
	g_autofree char *path = temporary("schedule.scn");
	g_autofree char *message = g_strdup_printf(
		"%s:5:16: variant racy: t ended before its step: no such\n"
		"        schedule { t after \"no such\" }\n"
		"                   ^\n",
		path);
	g_autofree char *on_stderr = g_strconcat("mmulator: ", message, NULL);
	g_autofree char *run = g_strconcat("run ", path, NULL);
	g_autofree char *check = g_strconcat("check ", path, NULL);
	g_autofree char *step = g_strdup_printf(
		"echo run script | $M step --variant racy %s", path);
	struct result result;

	ck_assert(
		g_file_set_contents(path,
	                            "scenario \"s\"\n"
	                            "process A { map heap 0x40000000 4K rw }\n"
	                            "thread t of A on cpu 0 { load heap }\n"
	                            "variant racy { expect hazard size-mix\n"
	                            "    schedule { t after \"no such\" }\n"
	                            "}\n",
	                            -1, NULL));
	assert_refused(run, on_stderr);
	assert_refused(check, on_stderr);
	result = run_shell(step);
	ck_assert_msg(strstr(result.out, message), "%s", result.out);
	clear_result(&result);
	g_unlink(path);
}
END_TEST

static gint64 count_runs(const char *path)
{
	struct result result = run_format(
		"check --engine direct --runs 7 --format json %s", path);
	JsonObject *line = parse_line(result.out);
	gint64 n = json_object_get_int_member(line, "executions");

	ck_assert_int_eq(result.status, 0);
	json_object_unref(line);
	clear_result(&result);
	return n;
}

/* Nobody races with a thread that is alone, unless hardware does. */
START_TEST(random_runs_take_somebody_to_race_with)
{
	static const char head[] = "scenario \"a\"\n"
				   "process A { map heap 0x40000000 4K rw }\n"
				   "thread t of A on cpu 0 { load heap }\n";
	g_autofree char *path = temporary("alone.scn");
	g_autofree char *two = g_strconcat(
		head, "thread u of A on cpu 0 { load heap }\n", NULL);
	g_autofree char *walked =
		g_strconcat(head, "machine { cpus 1  speculation 1 }\n", NULL);

	ck_assert(g_file_set_contents(path, head, -1, NULL));
	ck_assert_int_eq(count_runs(path), 1);
	ck_assert(g_file_set_contents(path, two, -1, NULL));
	ck_assert_int_eq(count_runs(path), 8);
	ck_assert(g_file_set_contents(path, walked, -1, NULL));
	ck_assert_int_eq(count_runs(path), 8);
	g_unlink(path);
}
END_TEST

/* A search says how long it took, to the microsecond. */
START_TEST(seconds_have_six_decimals)
{
	struct result result =
		run_command("check --policy explore --executions 3 --format "
	                    "json --variant vulnerable " FLAGSHIP);

	ck_assert_msg(g_regex_match_simple("\"seconds\":[0-9]+\\.[0-9]{6}[,}]",
	                                   result.out, 0, 0),
	              "%s", result.out);
	clear_result(&result);
}
END_TEST

/* The policy that was asked for, not the schedule. */
START_TEST(check_runs_the_timed_policy)
{
	struct result run = run_command("run --policy timed --format json "
	                                "--variant vulnerable " FLAGSHIP);
	struct result check = run_command("check --policy timed --format json "
	                                  "--variant vulnerable " FLAGSHIP);
	JsonObject *a = parse_line(run.out), *b = parse_line(check.out);

	ck_assert_int_eq(run.status, 1);
	ck_assert_int_eq(check.status, 1);
	ck_assert_str_eq(json_object_get_string_member(a, "trace_hash"),
	                 json_object_get_string_member(b, "trace_hash"));
	ck_assert_str_eq(json_object_get_string_member(b, "outcome"), "clean");
	json_object_unref(a);
	json_object_unref(b);
	clear_result(&run);
	clear_result(&check);
}
END_TEST

START_TEST(quiet_prints_only_what_differs)
{
	struct result result =
		run_command("check -q --engine direct --runs 5 " FLAGSHIP);

	ck_assert_int_eq(result.status, 0);
	ck_assert_str_eq(result.out, "");
	ck_assert_str_eq(result.err, "");
	clear_result(&result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/cli");
	TCase *tcase = tcase_create("command");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, statuses_are_those_of_the_contract);
	tcase_add_test(tcase, the_report_of_the_flagship_reads_so);
	tcase_add_test(tcase, the_table_of_check_reads_so);
	tcase_add_test(tcase, the_table_of_a_search_reads_so);
	tcase_add_test(tcase, json_has_one_object_a_line_with_the_keys);
	tcase_add_test(tcase, a_thread_that_is_killed_is_named_by_every_report);
	tcase_add_test(tcase,
	               a_run_in_which_nobody_is_killed_says_nothing_of_it);
	tcase_add_test(tcase, a_schedule_that_cannot_be_followed_is_shown);
	tcase_add_test(tcase, random_runs_take_somebody_to_race_with);
	tcase_add_test(tcase, seconds_have_six_decimals);
	tcase_add_test(tcase, check_runs_the_timed_policy);
	tcase_add_test(tcase, quiet_prints_only_what_differs);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
