// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the checker refuses, with the place: numbers that cannot be meant.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mm/kops.h"
#include "scenario/parse.h"

/* Line 3 of the scenario is @line: refused there, at @column, with @message. */
static void assert_refused(const char *line, unsigned column,
                           const char *message)
{
	g_autofree char *text = g_strdup_printf(
		"scenario \"t\"\nprocess A { } lock L\n%s\n", line);
	g_autofree char *expected =
		g_strdup_printf("t.scn:3:%u: %s\n    %s\n    %*s^", column,
	                        message, line, (int)column - 1, "");
	g_autoptr(GError) error = NULL;

	ck_assert_msg(!scenario_parse("t.scn", text, strlen(text), &error),
	              "accepted: %s", line);
	ck_assert_str_eq(error->message, expected);
}

/* @op as the only statement of a kernel thread, argument @which being @bad and
 * the others good. */
static void assert_argument_refused(const struct kop *op, unsigned which,
                                    const char *bad, const char *message)
{
	g_autoptr(GString) line = g_string_new("kthread k on cpu 0 { ");
	unsigned column = 0;

	g_string_append_printf(line, "%s%s", op->name,
	                       op->needs_mm ? " A" : "");
	for (unsigned i = 0; i < KOP_ARGS_MAX && op->args[i]; i++) {
		const char *good = op->args[i] == KOP_ARG_LOCK ? "L" : "4K";

		if (i == which)
			column = (unsigned)line->len + 2;
		g_string_append_printf(line, " %s", i == which ? bad : good);
	}
	g_string_append(line, " }");
	assert_refused(line->str, column, message);
}

START_TEST(operations_refuse_arguments_that_cannot_be_meant)
{
	unsigned n, checked = 0;
	const struct kop *ops = kop_table(&n);

	for (unsigned i = 0; i < n * KOP_ARGS_MAX; i++) {
		const struct kop *op = &ops[i / KOP_ARGS_MAX];
		unsigned which = i % KOP_ARGS_MAX;

		checked++;
		if (op->args[which] == KOP_ARG_ADDR) {
			assert_argument_refused(
				op, which, "0x7ffffffff000",
				"the address lies outside of user space");
		} else if (op->args[which] == KOP_ARG_LEN) {
			assert_argument_refused(op, which, "0",
			                        "the length is 0");
			assert_argument_refused(
				op, which, "0xffffffffffffffff",
				"the range ends outside of user space");
		} else if (op->args[which] == KOP_ARG_LOCK) {
			assert_argument_refused(op, which, "L+1",
			                        "expected the name of a lock; "
			                        "declare it: lock L");
		} else {
			checked--;
		}
	}
	ck_assert_uint_gt(checked, 10);
}
END_TEST

START_TEST(ranges_may_end_where_user_space_does)
{
	static const char text[] =
		"scenario \"t\"\nprocess A { }\n"
		"kthread k on cpu 0 { zap A 0x7fffffffe000 4K }\n";
	g_autoptr(GError) error = NULL;
	struct scenario *s =
		scenario_parse("t.scn", text, strlen(text), &error);

	ck_assert_msg(s, "%s", error ? error->message : "");
	scenario_free(s);
}
END_TEST

/* A 17th, where it is declared. */
START_TEST(a_process_has_sixteen_threads_at_most)
{
	g_autoptr(GString) text = g_string_new("scenario \"t\"\n"
	                                       "process A { }\n");
	g_autoptr(GError) error = NULL;
	struct scenario *s;

	for (unsigned i = 0; i < 16; i++)
		g_string_append_printf(text, "thread t%u of A on cpu 0 { }\n",
		                       i);
	s = scenario_parse("t.scn", text->str, text->len, &error);
	ck_assert_ptr_nonnull(s);
	scenario_free(s);
	g_string_append(text, "thread more of A on cpu 0 { }\n");
	ck_assert(!scenario_parse("t.scn", text->str, text->len, &error));
	ck_assert_str_eq(error->message,
	                 "t.scn:19:8: a process has at most 16 threads\n"
	                 "    thread more of A on cpu 0 { }\n"
	                 "           ^");
}
END_TEST

START_TEST(mappings_lie_in_user_space)
{
	static const char *const places[] = {
		"0xfffffffffffff000 2M",
		"0x7fffffe00000 2M",
		"0x7ffffffff000 4K",
		"0x8000000000000000 4K",
		"0x1000 4K",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *line = g_strdup_printf(
			"process B { map heap %s rw }", places[i]);

		assert_refused(line, 17,
		               "'heap' lies outside of user space (0x10000 "
		               "up to 0x7ffffffff000)");
	}
}
END_TEST

struct refused {
	const char *line;
	unsigned column;
};

/* On a machine that is x86_64, or has a variant that is. */
START_TEST(tags_are_for_arm64_alone)
{
	static const struct refused cases[] = {
		{ "thread t of A on cpu 0 { stg 0x20000 5 }", 26 },
		{ "thread t of A on cpu 0 { r1 = ldg 0x20000 }", 26 },
		{ "thread t of A on cpu 0 { mte sync }", 26 },
		{ "thread t of A on cpu 0 { load 0x20000 tag 5 }", 31 },
		{ "thread t of A on cpu 0 { r1 = 0x20000 tag 5 }", 31 },
		{ "thread t of A on cpu 0 { mprotect 0x20000 4K r|mte }", 26 },
		{ "always ([0x20000].tag == 0)", 9 },
		{ "process A { mte sync } machine { arch arm64, x86_64 } "
		  "variant v { }",
		  13 },
	};

	assert_refused(cases[_i].line, cases[_i].column,
	               "memory tags are arm64's: machine { arch arm64 }");
}
END_TEST

START_TEST(tags_are_four_bits_of_sixteen_bytes_behind_pointers)
{
#define ARM64 "machine { arch arm64 } "
	assert_refused(ARM64 "thread t of A on cpu 0 { stg 0x20008 5 }", 53,
	               "a tag is that of 16 bytes: the address must be a "
	               "multiple of 16");
	assert_refused(ARM64 "thread t of A on cpu 0 { stg 0x20000 16 }", 61,
	               "a tag is a number from 0 to 15");
	assert_refused(ARM64 "always ([0x20000 tag 5] == 0)", 33,
	               "a tag is for the pointers of threads");
	assert_refused(ARM64 "kthread k on cpu 0 { walk A 0x20000 tag 5 }", 52,
	               "a tag is for the pointers of threads");
	assert_refused(ARM64 "thread t of A on cpu 0 { mte asymm }", 53,
	               "a CPU chooses asymm where a thread permits "
	               "sync|async: option mte_tcf_preferred = asymm");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario/check");
	TCase *tcase = tcase_create("numbers");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, operations_refuse_arguments_that_cannot_be_meant);
	tcase_add_test(tcase, ranges_may_end_where_user_space_does);
	tcase_add_test(tcase, a_process_has_sixteen_threads_at_most);
	tcase_add_test(tcase, mappings_lie_in_user_space);
	tcase_add_loop_test(tcase, tags_are_for_arm64_alone, 0, 8);
	tcase_add_test(tcase,
	               tags_are_four_bits_of_sixteen_bytes_behind_pointers);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
