// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a search does with the run that decided: it is made smaller, and Unicorn
 * has to show the same.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "scenario/parse.h"
#include "scenario/search.h"

#define RACE "scenarios/switch/clear-then-set.scn"

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static struct scenario *scenario;
static struct runner *runner;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static void setup(void)
{
	static const char *const profile_dirs[] = { "profiles", NULL };
	const struct run_config config = { .engine = &vcpu_ops_direct,
		                           .profile_dirs = profile_dirs };

	scenario = scenario_load(RACE, NULL);
	ck_assert(scenario);
	runner = runner_new(scenario, find_variant(scenario, "vulnerable"),
	                    &config, NULL);
	ck_assert(runner);
}

static void teardown(void)
{
	runner_free(runner);
	scenario_free(scenario);
}

static struct choice_log *copy_log(void)
{
	g_autofree char *text = choice_log_format(runner_log(runner));

	return choice_log_parse(text, strlen(text), NULL);
}

/* A search that came to the pinned run. */
static struct verdict pinned_verdict(void)
{
	struct policy *policy = runner_pinned_policy(runner);
	struct verdict out = { .run = -1, .executions = 1 };

	ck_assert(runner_run(runner, policy, &out.first, NULL));
	policy_free(policy);
	out.fired = out.first.fired;
	out.held = out.first.held;
	out.log = copy_log();
	return out;
}

START_TEST(unicorn_shows_the_smallest_run_as_well)
{
	struct verdict out = pinned_verdict();
	uint64_t hash = out.first.trace_hash;

	ck_assert(search_conclude(runner, &out, NULL));
	ck_assert(out.ok);
	ck_assert(out.confirmed);
	ck_assert(out.least);
	ck_assert_int_eq(out.preemptions, 1);
	ck_assert_uint_ne(out.first.trace_hash, hash);
	verdict_clear(&out);
}
END_TEST

START_TEST(other_hazards_under_unicorn_are_said)
{
	struct verdict out = pinned_verdict();

	out.first.fired ^= 1U << ORACLE_SIZE_MIX;
	ck_assert(search_conclude(runner, &out, NULL));
	ck_assert(!out.ok);
	ck_assert(!out.confirmed);
	ck_assert_str_eq(out.reason,
	                 "under Unicorn the same choices show other hazards");
	verdict_clear(&out);
}
END_TEST

/* That reason is not this run's: it stays as it is. */
START_TEST(other_steps_under_unicorn_are_noticed)
{
	struct verdict out = pinned_verdict();

	out.first.trace_hash ^= 1;
	out.reason = g_strdup("another");
	ck_assert(search_conclude(runner, &out, NULL));
	ck_assert(!out.confirmed);
	ck_assert_str_eq(out.reason, "another");
	verdict_clear(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenario/search");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, unicorn_shows_the_smallest_run_as_well);
	tcase_add_test(tc, other_hazards_under_unicorn_are_said);
	tcase_add_test(tc, other_steps_under_unicorn_are_noticed);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
