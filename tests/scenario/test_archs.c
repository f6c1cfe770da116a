// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machines of several architectures: a variant for each, and which profile and
 * schedule it gets.  Expected values: docs/scenario-language.md.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/parse.h"

#define PROLOGUE "scenario \"x\"\n"
#define PEOPLE                                \
	"process A { map m 0x10000 4K rw }\n" \
	"thread t of A on cpu 0 { load m }\n"

static struct scenario *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct scenario *s =
		scenario_parse("x.scn", text, strlen(text), &error);

	ck_assert_msg(s, "%s", error ? error->message : "");
	return s;
}

static void refused(const char *text, const char *message)
{
	g_autoptr(GError) error = NULL;
	struct scenario *s =
		scenario_parse("x.scn", text, strlen(text), &error);

	ck_assert_ptr_null(s);
	ck_assert_msg(strstr(error->message, message), "%s", error->message);
}

static void is_variant(const struct scenario *s, const char *name,
                       enum arch_id arch, const char *profile)
{
	const struct ast_variant *v = find_variant(s, name);
	struct ast_machine m;

	ck_assert_msg(v, "no variant %s", name);
	m = effective_machine(s, v);
	ck_assert_uint_eq(m.nr_archs, 1);
	ck_assert_int_eq(m.arch[0], arch);
	ck_assert_str_eq(m.profile[0], profile);
}

START_TEST(each_variant_exists_for_each_architecture)
{
	struct scenario *s =
		parse(PROLOGUE "machine { arch x86_64, arm64 }\n" PEOPLE
	                       "variant a { expect clean }\n"
	                       "variant b { expect clean }\n");

	ck_assert_uint_eq(s->nr_variants, 4);
	is_variant(s, "a", ARCH_X86_64, "skylake-sp");
	is_variant(s, "a@arm64", ARCH_ARM64, "cortex-a76");
	is_variant(s, "b", ARCH_X86_64, "skylake-sp");
	is_variant(s, "b@arm64", ARCH_ARM64, "cortex-a76");
	scenario_free(s);
}
END_TEST

START_TEST(the_first_one_listed_keeps_the_name)
{
	struct scenario *s =
		parse(PROLOGUE "machine { arch arm64, x86_64 "
	                       "profile neoverse-n1, zen3 }\n" PEOPLE
	                       "variant a { expect clean }\n");

	is_variant(s, "a", ARCH_ARM64, "neoverse-n1");
	is_variant(s, "a@x86_64", ARCH_X86_64, "zen3");
	scenario_free(s);
}
END_TEST

static enum memory_model model_of(struct scenario *s, const char *name)
{
	return effective_machine(s, find_variant(s, name)).memory_model[0];
}

START_TEST(each_may_have_a_memory_model_of_its_own)
{
	struct scenario *s =
		parse(PROLOGUE "machine { arch x86_64, arm64 "
	                       "memory_model tso, weak }\n" PEOPLE
	                       "variant a { expect clean }\n"
	                       "variant b { machine { memory_model tso } }\n");

	ck_assert_int_eq(model_of(s, "a"), MEMORY_TSO);
	ck_assert_int_eq(model_of(s, "a@arm64"), MEMORY_WEAK);
	ck_assert_int_eq(model_of(s, "b"), MEMORY_TSO);
	ck_assert_int_eq(model_of(s, "b@arm64"), MEMORY_TSO);
	scenario_free(s);
}
END_TEST

START_TEST(a_variant_may_have_its_own)
{
	struct scenario *s =
		parse(PROLOGUE "machine { arch x86_64, arm64 }\n" PEOPLE
	                       "variant a { machine { arch arm64 } }\n"
	                       "variant b { machine { cpus 2 } }\n");

	ck_assert_uint_eq(s->nr_variants, 3);
	is_variant(s, "a", ARCH_ARM64, "cortex-a76");
	is_variant(s, "b@arm64", ARCH_ARM64, "cortex-a76");
	scenario_free(s);
}
END_TEST

START_TEST(what_no_machine_is_refused)
{
	refused(PROLOGUE "machine { arch x86_64, x86_64 }\n",
	        "x.scn:2:24: x86_64 twice");
	refused(PROLOGUE "machine { arch arm64 levels 5 }\n",
	        "arm64 has 4 levels of tables");
	refused(PROLOGUE "machine { levels 5 }\n" PEOPLE
	                 "variant a { machine { arch x86_64, arm64 } }\n",
	        "x.scn:5:9: arm64 has 4 levels of tables");
	refused(PROLOGUE "machine { arch x86_64, arm64 }\n" PEOPLE,
	        "a scenario needs a variant");
	refused(PROLOGUE "machine { profile a, b, c }\n",
	        "a profile for each architecture at most");
	refused(PROLOGUE "machine { memory_model sc, tso, weak }\n",
	        "a memory model for each architecture at most");
}
END_TEST

START_TEST(schedules_of_an_architecture_are_its_own)
{
	struct scenario *s =
		parse(PROLOGUE "machine { arch x86_64, arm64 }\n" PEOPLE
	                       "schedule { t }\n"
	                       "schedule arm64 { t; t }\n"
	                       "variant a { schedule { t; t; t }\n"
	                       "schedule x86_64 { t; t; t; t } }\n");
	const struct ast_variant *a = find_variant(s, "a");

	ck_assert_uint_eq(s->schedule->nr_lines, 1);
	ck_assert_uint_eq(s->arch_schedule[ARCH_ARM64]->nr_lines, 2);
	ck_assert_ptr_null(s->arch_schedule[ARCH_X86_64]);
	ck_assert_uint_eq(a->schedule->nr_lines, 3);
	ck_assert_uint_eq(a->arch_schedule[ARCH_X86_64]->nr_lines, 4);
	scenario_free(s);
	refused(PROLOGUE PEOPLE "schedule arm64 { t }\nschedule arm64 { t }\n",
	        "schedule");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario/archs");
	TCase *tcase = tcase_create("archs");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, each_variant_exists_for_each_architecture);
	tcase_add_test(tcase, the_first_one_listed_keeps_the_name);
	tcase_add_test(tcase, each_may_have_a_memory_model_of_its_own);
	tcase_add_test(tcase, a_variant_may_have_its_own);
	tcase_add_test(tcase, what_no_machine_is_refused);
	tcase_add_test(tcase, schedules_of_an_architecture_are_its_own);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
