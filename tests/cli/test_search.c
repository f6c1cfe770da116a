// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check --policy explore as scripts see it: what was found and under which
 * engine, what ended the search, the keys of --format json.
 */
#include <string.h>

#include "tests/cli/command.h"

#define LAZY         "scenarios/pt-reclaim/lazy-cpu.scn"
#define STACK        "scenarios/table-lifetime/munmap-stack.scn"
#define WALK         "scenarios/pt-reclaim/gup-fast-vs-ipi.scn"
#define PAGES        "scenarios/deadlock/write-populate.scn"
#define SEARCH(args) "check --policy explore " args

/* Does the output of a search have all of these? */
static void assert_says(const char *command, int status,
                        const char *const *parts)
{
	struct result result = run_command(command);

	ck_assert_msg(result.status == status, "%s: status %d", command,
	              result.status);
	for (; *parts; parts++)
		ck_assert_msg(strstr(result.out, *parts), "%s: no '%s' in\n%s",
		              command, *parts, result.out);
	clear_result(&result);
}

START_TEST(a_hazard_is_found_with_the_fewest_preemptions)
{
	const char *const parts[] = { "\"hazards\":[\"table-uaf\"]",
		                      "\"preemptions\":1",
		                      "\"least\":true",
		                      "\"confirmed\":true",
		                      "\"exhausted\":false",
		                      "\"executions\":",
		                      "\"seconds\":",
		                      NULL };

	assert_says(
		SEARCH("--bound 2 --format json --variant vulnerable " WALK), 0,
		parts);
}
END_TEST

/* Without a preemption only the lock rule, which is allowed, is broken. */
START_TEST(the_run_that_decides_shows_what_is_expected)
{
	const char *const parts[] = {
		"\"hazards\":[\"lock-rule\",\"deadlock\"]", "\"preemptions\":1",
		"\"choices\":", NULL
	};
	g_autofree char *log = temporary("decides");
	g_autofree char *search = g_strdup_printf(
		SEARCH("--bound 1 --format json --variant vulnerable "
	               "--choices-out %s " PAGES),
		log);
	struct result again;

	assert_says(search, 0, parts);
	again = run_format("replay --choices %s " PAGES, log);
	ck_assert_int_eq(again.status, 0);
	ck_assert_ptr_nonnull(strstr(again.out, "\nhazard deadlock: "));
	clear_result(&again);
	g_unlink(log);
}
END_TEST

START_TEST(a_fixed_variant_is_exhausted)
{
	const char *const parts[] = { "\"exhausted\":true", NULL };
	const char *const table[] = { "exhausted, bound 1", NULL };

	assert_says(SEARCH("--bound 1 --format json --variant rcu " WALK), 0,
	            parts);
	assert_says(SEARCH("--bound 1 --variant rcu " WALK), 0, table);
}
END_TEST

START_TEST(a_stack_beside_munmap_is_found_without_its_schedule)
{
	const char *const found[] = { "hazard found, bound 1", NULL };
	const char *const none[] = { "exhausted, bound 1", NULL };

	assert_says(SEARCH("--bound 1 --variant vulnerable " STACK), 0, found);
	assert_says(SEARCH("--bound 1 --variant fixed " STACK), 0, none);
	assert_says(SEARCH("--bound 1 --variant v6_5 " STACK), 0, none);
}
END_TEST

START_TEST(the_cap_that_ended_a_search_is_named)
{
	const char *const executions[] = { "cap on executions, bound 0", NULL };
	const char *const seconds[] = { "cap on seconds", NULL };
	const char *const steps[] = { "does not end within 50 steps",
		                      "cap on steps, bound 0", NULL };
	const char *const calm[] = { "exhausted, bound 0, spontaneous 0",
		                     NULL };

	assert_says(SEARCH("--bound 2 --executions 1 --variant rcu " WALK), 0,
	            executions);
	assert_says(SEARCH("--seconds 0.01 --variant fixed " FLAGSHIP), 0,
	            seconds);
	assert_says(SEARCH("--bound 1 --steps 50 --variant rcu " WALK), 1,
	            steps);
	assert_says(SEARCH("--bound 0 --spontaneous 0 --variant fixed " LAZY),
	            0, calm);
}
END_TEST

START_TEST(the_table_says_what_unicorn_showed)
{
	const char *const same[] = { ", the same under Unicorn", NULL };

	assert_says(SEARCH("-v --bound 1 --variant vulnerable " WALK), 0, same);
}
END_TEST

/* The flagship without its fix. */
START_TEST(what_nobody_expects_is_made_smaller_as_well)
{
	const char *const parts[] = { "unexpected hazard size-mix",
		                      "\"preemptions\":0", "\"least\":true",
		                      "\"confirmed\":true", NULL };

	assert_says(
		"check --policy pct --executions 1000 --format json "
		"--option flush_before_install=off --variant fixed " FLAGSHIP,
		1, parts);
}
END_TEST

START_TEST(without_speculation_a_lazy_cpu_does_no_harm)
{
	const char *const none[] = { "no hazard table-uaf", NULL };
	const char *const one[] = { "hazard found", NULL };

	assert_says(
		SEARCH("--bound 0 --spontaneous 0 --variant vulnerable " LAZY),
		1, none);
	assert_says(
		SEARCH("--bound 0 --spontaneous 1 --variant vulnerable " LAZY),
		0, one);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/search");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_hazard_is_found_with_the_fewest_preemptions);
	tcase_add_test(tc, the_run_that_decides_shows_what_is_expected);
	tcase_add_test(tc, a_fixed_variant_is_exhausted);
	tcase_add_test(tc, a_stack_beside_munmap_is_found_without_its_schedule);
	tcase_add_test(tc, the_cap_that_ended_a_search_is_named);
	tcase_add_test(tc, the_table_says_what_unicorn_showed);
	tcase_add_test(tc, what_nobody_expects_is_made_smaller_as_well);
	tcase_add_test(tc, without_speculation_a_lazy_cpu_does_no_harm);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
