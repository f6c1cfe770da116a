/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/options.h"

#include <string.h>

#include "tests/mm/fixture.h"

static struct mm_options defaults(void)
{
	struct mm_options o;

	mm_options_default(&o);
	return o;
}

START_TEST(the_defaults_are_those_of_linux_6_12)
{
	struct mm_options o = defaults();

	ck_assert_int_eq(o.table_free, TABLE_FREE_SEMI_RCU);
	ck_assert_int_eq(o.pt_reclaim, PT_RECLAIM_OFF);
	ck_assert_int_eq(o.mremap_flush, MREMAP_FLUSH_LOCKED);
	ck_assert(o.gather_nesting);
	ck_assert(o.pmd_recheck);
	ck_assert(!o.table_batch_fail);
}
END_TEST

START_TEST(every_value_of_every_option_can_be_set_and_read_back)
{
	unsigned n;
	const struct mm_option_desc *d = mm_option_table(&n);
	struct mm_options o = defaults();

	for (unsigned i = 0; i < n; i++) {
		for (const struct mm_option_value *v = d[i].values;
		     v && v->name; v++) {
			g_autofree char *got = NULL;

			ck_assert(mm_option_set(&o, d[i].name, v->name, NULL));
			got = mm_option_get(&o, d[i].name);
			ck_assert_str_eq(got, v->name);
		}
	}
}
END_TEST

START_TEST(every_option_and_value_has_a_line_of_help)
{
	unsigned n;
	const struct mm_option_desc *d = mm_option_table(&n);

	for (unsigned i = 0; i < n; i++) {
		ck_assert(d[i].help && *d[i].help);
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(d[i].name, d[j].name);
		ck_assert_ptr_null(strchr(d[i].help, '\n'));
		for (const struct mm_option_value *v = d[i].values;
		     v && v->name; v++)
			ck_assert(v->help && *v->help);
	}
}
END_TEST

START_TEST(switches_are_on_or_off_and_numbers_are_bounded)
{
	struct mm_options o = defaults();

	ck_assert(mm_option_set(&o, "pmd_recheck", "off", NULL));
	ck_assert(!o.pmd_recheck);
	ck_assert(mm_option_set(&o, "pmd_recheck", "on", NULL));
	ck_assert(o.pmd_recheck);
	ck_assert(!mm_option_set(&o, "pmd_recheck", "yes", NULL));
	ck_assert(mm_option_set(&o, "gather_batch", "510", NULL));
	ck_assert_uint_eq(o.gather_batch, 510);
	ck_assert(!mm_option_set(&o, "gather_batch", "511", NULL));
	ck_assert(!mm_option_set(&o, "gather_batch", "-1", NULL));
	ck_assert(!mm_option_set(&o, "gather_batch", "2x", NULL));
	ck_assert_uint_eq(o.gather_batch, 510);
}
END_TEST

START_TEST(an_error_names_what_would_have_been_allowed)
{
	struct mm_options o = defaults();
	g_autoptr(GError) error = NULL;

	ck_assert(!mm_option_set(&o, "pt_reclaim", "maybe", &error));
	ck_assert(g_error_matches(error, MM_OPTION_ERROR, 0));
	ck_assert_str_eq(error->message,
	                 "option pt_reclaim cannot be 'maybe'; it is "
	                 "off | rfc_v1 | merged | merged_6_14_rc");
	g_clear_error(&error);
	ck_assert(!mm_option_set(&o, "speed", "high", &error));
	ck_assert_ptr_nonnull(strstr(error->message, "no option 'speed'"));
	ck_assert_ptr_nonnull(strstr(error->message, "table_free"));
	ck_assert_ptr_null(mm_option_get(&o, "speed"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/options");
	TCase *tc = tcase_create("options");

	tcase_add_test(tc, the_defaults_are_those_of_linux_6_12);
	tcase_add_test(tc,
	               every_value_of_every_option_can_be_set_and_read_back);
	tcase_add_test(tc, every_option_and_value_has_a_line_of_help);
	tcase_add_test(tc, switches_are_on_or_off_and_numbers_are_bounded);
	tcase_add_test(tc, an_error_names_what_would_have_been_allowed);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
