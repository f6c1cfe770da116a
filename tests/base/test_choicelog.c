/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/choicelog.h"
#include "base/rng.h"
#include "tests/base/fixture.h"

START_TEST(any_log_survives_its_text_form)
{
	struct rng r = { .state = 3 };

	for (unsigned round = 0; round < 200; round++) {
		struct choice_log *a = choice_log_new(), *b;
		char *text;

		choice_log_set_header(a, "scenario", "x.scn");
		choice_log_add_header(a, "option", "k=v");
		choice_log_add_header(a, "option", "l=w");
		a->nr_steps = rng_next(&r) >> 20;
		a->trace_hash = rng_next(&r);
		for (uint64_t n = rng_below(&r, 100); n; n--) {
			unsigned of = 2 + (unsigned)rng_below(&r, 3);

			choice_log_add(a,
			               (enum choice_kind)rng_below(
					       &r, CHOICE_KIND_COUNT),
			               of, (unsigned)rng_below(&r, of));
		}
		text = choice_log_format(a);
		b = choice_log_parse(text, strlen(text), NULL);
		ck_assert_ptr_nonnull(b);
		ck_assert_uint_eq(b->nr_steps, a->nr_steps);
		ck_assert_uint_eq(b->trace_hash, a->trace_hash);
		ck_assert_uint_eq(b->nr_entries, a->nr_entries);
		for (unsigned i = 0; i < a->nr_entries; i++)
			ck_assert(!memcmp(&a->entries[i], &b->entries[i],
			                  sizeof(a->entries[i])));
		ck_assert_str_eq(choice_log_header(b, "option", 1), "l=w");
		ck_assert_ptr_null(choice_log_header(b, "option", 2));
		g_free(text);
		choice_log_free(a);
		choice_log_free(b);
	}
}
END_TEST

static const struct {
	const char *text, *message;
} bad[] = {
	{ "", "line 1: expected 'mmulator-choices 1'" },
	{ "mmulator-choices 2\nchoices\n",
	  "line 1: expected 'mmulator-choices 1'" },
	{ "mmulator-choices 1\n", "line 2: no 'choices' line" },
	{ "mmulator-choices 1\nsteps x\nchoices\n",
	  "line 2: bad number of steps" },
	{ "mmulator-choices 1\ntrace-hash 12\nchoices\n",
	  "line 2: bad trace hash" },
	{ "mmulator-choices 1\nodd\nchoices\n",
	  "line 2: expected 'key value'" },
	{ "mmulator-choices 1\nchoices\nq2/0\n",
	  "line 3: unknown kind of choice" },
	{ "mmulator-choices 1\nchoices\na1/0\n",
	  "line 3: expected alternatives 2..255 and '/'" },
	{ "mmulator-choices 1\nchoices\na2/2\n",
	  "line 3: answer out of range" },
	{ "mmulator-choices 1\nchoices\na2/1*0\n", "line 3: bad repeat count" },
	{ "mmulator-choices 1\nchoices\na2/1*999999999\n",
	  "line 3: bad repeat count" },
	{ "mmulator-choices 1\nchoices\na2/1x\n",
	  "line 3: junk behind a choice" },
	{ "mmulator-choices 1\nchoices x\n", "line 3: no 'choices' line" },
	{ "mmulator-choices 1\nchoices 3\na2/1*2\n",
	  "line 4: the log has 2 of its 3 choices" },
	{ "mmulator-choices 1\nchoices 3\na2/1*2 a2",
	  "line 3: expected alternatives 2..255 and '/'" },
};

START_TEST(a_bad_log_names_the_line)
{
	GError *error = NULL;

	ck_assert_ptr_null(
		choice_log_parse(bad[_i].text, strlen(bad[_i].text), &error));
	ck_assert_str_eq(error->message, bad[_i].message);
	g_clear_error(&error);
}
END_TEST

START_TEST(a_zero_byte_is_refused)
{
	ck_assert_ptr_null(choice_log_parse("mmul\0ator", 9, NULL));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/choicelog");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, any_log_survives_its_text_form);
	tcase_add_loop_test(tc, a_bad_log_names_the_line, 0,
	                    (int)G_N_ELEMENTS(bad));
	tcase_add_test(tc, a_zero_byte_is_refused);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
