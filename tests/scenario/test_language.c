// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The examples of docs/scenario-language.md: the correct ones are accepted, the
 * wrong ones give the message that stands below them.
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
	ck_assert_msg(s, "line %u: %s", example->line,
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
	ck_assert_msg(!s, "line %u is accepted", example->line);
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

	ck_assert_msg(r, "line %u: %s", example->line,
	              error ? error->message : "");
	ck_assert_msg(verify_variant(r, NULL, &verdict, &error), "line %u: %s",
	              example->line, error ? error->message : "");
	ck_assert_msg(verdict.ok, "line %u: %s: %s", example->line,
	              variant_name(v), verdict.reason);
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

/* Every keyword of the language occurs in a correct example. */
START_TEST(every_keyword_has_an_example)
{
	static const char *const words[] = {
		"scenario",   "source",   "about",       "machine",
		"options",    "file",     "lock",        "process",
		"fork",       "thread",   "kthread",     "variant",
		"option",     "expect",   "clean",       "schedule",
		"policy",     "timed",    "check",       "random",
		"seed",       "exists",   "never",       "always",
		"map",        "private",  "shared",      "anon",
		"offset",     "thp",      "load",        "store",
		"xchg",       "xadd",     "cmpxchg",     "fence",
		"pause",      "touch",    "loop",        "while",
		"if",         "else",     "goto",        "exit",
		"yield",      "arch",     "cpus",        "profile",
		"memory",     "levels",   "pcid",        "global",
		"strict",     "eviction", "speculation", "signal",
		"erratum383", "mmap",     "munmap",      "mprotect",
		"mremap",     "madvise",  "ftruncate",
	};

	for (size_t w = 0; w < G_N_ELEMENTS(words); w++) {
		g_autofree char *pattern =
			g_strdup_printf("\\b%s\\b", words[w]);
		bool found = false;

		for (guint i = 0; i < examples->len && !found; i++) {
			struct example *e = g_ptr_array_index(examples, i);

			found = !e->message &&
			        g_regex_match_simple(pattern, e->text, 0, 0);
		}
		ck_assert_msg(found, "no example of '%s'", words[w]);
	}
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
	tcase_add_test(tcase, every_keyword_has_an_example);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	g_ptr_array_unref(examples);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
