// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The examples of the documents: the correct ones are accepted and do what they
 * say, the wrong ones give the message that stands below them.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "examples.h"
#include "scenario/parse.h"
#include "scenario/verdict.h"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static GPtrArray *examples;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

START_TEST(correct_examples_are_accepted)
{
	const struct example *example = g_ptr_array_index(examples, _i);
	g_autoptr(GError) error = NULL;
	struct scenario *s;

	if (example->message)
		return;
	s = scenario_parse("example.scn", example->text, strlen(example->text),
	                   &error);
	ck_assert_msg(s, "%s:%u: %s", example->document, example->line,
	              error ? error->message : "");
	scenario_free(s);
}
END_TEST

START_TEST(wrong_examples_give_their_message)
{
	const struct example *example = g_ptr_array_index(examples, _i);
	g_autoptr(GError) error = NULL;
	struct scenario *s;

	if (!example->message)
		return;
	s = scenario_parse("example.scn", example->text, strlen(example->text),
	                   &error);
	ck_assert_msg(!s, "%s:%u is accepted", example->document,
	              example->line);
	ck_assert_str_eq(error->message, example->message);
}
END_TEST

/* What `mmulator check` does, with the quick engine. */
static void check_variant(const struct scenario *s, const struct ast_variant *v,
                          const struct example *example)
{
	static const char *const dirs[] = { "profiles", NULL };
	const struct run_config config = { .engine = &vcpu_ops_direct,
		                           .profile_dirs = dirs };
	g_autoptr(GError) error = NULL;
	struct runner *r = runner_new(s, v, &config, &error);
	struct verdict verdict;

	ck_assert_msg(r, "%s:%u: %s", example->document, example->line,
	              error ? error->message : "");
	ck_assert_msg(verify_variant(r, NULL, &verdict, &error), "%s:%u: %s",
	              example->document, example->line,
	              error ? error->message : "");
	ck_assert_msg(verdict.ok, "%s:%u: %s: %s", example->document,
	              example->line, variant_name(v), verdict.reason);
	verdict_clear(&verdict);
	runner_free(r);
}

START_TEST(correct_examples_do_what_they_say)
{
	const struct example *example = g_ptr_array_index(examples, _i);
	const struct ast_variant *v;
	struct scenario *s;

	if (example->message)
		return;
	s = scenario_parse("example.scn", example->text, strlen(example->text),
	                   NULL);
	ck_assert(s);
	v = s->variants;
	do {
		check_variant(s, v, example);
	} while (v && (v = v->next));
	scenario_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario/language");
	TCase *tcase = tcase_create("examples");
	SRunner *runner;
	int failed;

	examples = examples_read();
	tcase_add_loop_test(tcase, correct_examples_are_accepted, 0,
	                    (int)examples->len);
	tcase_add_loop_test(tcase, correct_examples_do_what_they_say, 0,
	                    (int)examples->len);
	tcase_add_loop_test(tcase, wrong_examples_give_their_message, 0,
	                    (int)examples->len);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	g_ptr_array_unref(examples);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
