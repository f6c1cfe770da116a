// SPDX-License-Identifier: GPL-2.0-or-later
/* list: the catalogue, for people and for programs. */
#include <string.h>

#include "tests/cli/command.h"

START_TEST(what_can_be_read_is_listed)
{
	struct result result =
		run_command("list tests/scenarios/invalid " FLAGSHIP);

	ck_assert_int_eq(result.status, 2);
	ck_assert_ptr_nonnull(strstr(result.out, FLAGSHIP "\n"));
	ck_assert_ptr_nonnull(strstr(result.err, "unknown-option.scn:3:11: "));
	clear_result(&result);
}
END_TEST

START_TEST(every_value_of_an_option_is_described)
{
	struct result result = run_command("list --format json");
	g_auto(GStrv) lines = g_strsplit(result.out, "\n", -1);
	unsigned nr_options = 0;

	ck_assert_int_eq(result.status, 0);
	for (unsigned i = 0; lines[i] && *lines[i]; i++) {
		g_autoptr(JsonObject) line = parse_line(lines[i]);
		JsonArray *values;

		if (strcmp(json_object_get_string_member(line, "kind"),
		           "option") != 0)
			continue;
		nr_options++;
		values = json_object_get_array_member(line, "values");
		for (guint v = 0; v < json_array_get_length(values); v++)
			ck_assert(*json_object_get_string_member(
				json_array_get_object_element(values, v),
				"about"));
		if (!json_object_has_member(line, "max"))
			ck_assert_uint_ge(json_array_get_length(values), 2);
	}
	ck_assert_uint_gt(nr_options, 20);
	clear_result(&result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/list");
	TCase *tcase = tcase_create("list");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_can_be_read_is_listed);
	tcase_add_test(tcase, every_value_of_an_option_is_described);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
