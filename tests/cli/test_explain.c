// SPDX-License-Identifier: GPL-2.0-or-later
/* explain: why it came to what a recorded run shows. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "tests/cli/command.h"

#define RACE   "scenarios/switch/clear-then-set.scn"
#define OTHER  "scenarios/late-flush/madvise-nested.scn"
#define RECORD "run --engine direct --variant %s --choices-out %s " RACE

static char *record(const char *variant)
{
	g_autofree char *path = temporary("explain");
	struct result result = run_format(RECORD, variant, path);

	ck_assert_int_eq(result.status, 0);
	clear_result(&result);
	return g_steal_pointer(&path);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

START_TEST(each_hazard_is_told_with_its_chain_and_columns)
{
	g_autofree char *log = record("vulnerable");
	struct result ran =
		run_format("run --engine direct --variant vulnerable " RACE);
	struct result result = run_format("explain %s", log);

	ck_assert_int_eq(result.status, 0);
	/* The CPU left the mask: 9f1181d59de3. */
	ck_assert_uint_eq(count(result.out, "not in mm_cpumask"),
	                  count(result.out, "\nhazard "));
	ck_assert_uint_eq(count(result.out, "CPU1 (setup, one, two)"),
	                  count(result.out, "\nhazard "));
	ck_assert_uint_eq(count(ran.out, "\nhazard "),
	                  count(result.out, "\nhazard "));
	g_unlink(log);
	clear_result(&result);
	clear_result(&ran);
}
END_TEST

static JsonArray *told_in(JsonParser *parser, const char *text)
{
	ck_assert(json_parser_load_from_data(parser, text, -1, NULL));
	return json_object_get_array_member(
		json_node_get_object(json_parser_get_root(parser)), "told");
}

START_TEST(json_has_the_chain_of_each_hazard)
{
	g_autofree char *log = record("vulnerable");
	struct result text = run_format("explain %s", log);
	struct result result = run_format("explain --format json %s", log);
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonArray *told = told_in(parser, result.out), *why;
	JsonObject *last;

	ck_assert_uint_gt(json_array_get_length(told), 1);
	ck_assert_uint_eq(json_array_get_length(told),
	                  count(text.out, "\nhazard "));
	for (unsigned i = 0; i < json_array_get_length(told); i++) {
		last = json_array_get_object_element(told, i);
		why = json_object_get_array_member(last, "why");
		ck_assert_uint_gt(json_array_get_length(why), 3);
	}
	why = json_object_get_array_member(
		json_array_get_object_element(told, 0), "why");
	ck_assert_uint_eq(json_array_get_length(why), 7);
	last = json_array_get_object_element(why, 6);
	ck_assert_str_eq(json_object_get_string_member(last, "kind"), "used");
	ck_assert_str_eq(json_object_get_string_member(last, "agent"), "two");
	ck_assert_int_eq(json_object_get_int_member(last, "cpu"), 1);
	g_unlink(log);
	clear_result(&text);
	clear_result(&result);
}
END_TEST

START_TEST(where_nothing_is_wrong_there_is_nothing_to_explain)
{
	g_autofree char *log = record("fixed");
	struct result result = run_format("explain %s " RACE, log);

	ck_assert_int_eq(result.status, 0);
	ck_assert_ptr_nonnull(strstr(result.out, "\nno hazard\n"));
	g_unlink(log);
	clear_result(&result);
}
END_TEST

START_TEST(a_log_that_does_not_fit_is_refused)
{
	g_autofree char *log = record("vulnerable");
	g_autofree char *other = g_strdup_printf("explain %s " OTHER, log);
	g_autofree char *message = g_strdup_printf(
		"mmulator: %s: is of another scenario: \"A CPU leaves the mask "
		"between two threads of one process\" (" RACE ")\n",
		log);

	assert_refused(other, message);
	assert_refused("explain", "mmulator: explain: expected a log of "
	                          "--choices-out, and at most one "
	                          "scenario\n");
	assert_refused("explain README.md",
	               "mmulator: README.md: line 1: expected "
	               "'mmulator-choices 1'\n");
	g_unlink(log);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/explain");
	TCase *tcase = tcase_create("explain");

	tcase_add_test(tcase, each_hazard_is_told_with_its_chain_and_columns);
	tcase_add_test(tcase, json_has_the_chain_of_each_hazard);
	tcase_add_test(tcase,
	               where_nothing_is_wrong_there_is_nothing_to_explain);
	tcase_add_test(tcase, a_log_that_does_not_fit_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
