// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "lab/trial.h"
#include "scenario/parse.h"
#include "tests/lab/flagship.h"

static struct scenario *s;

static void setup(void)
{
	s = finish_scenario(build_flagship());
}

static void teardown(void)
{
	scenario_free(s);
}

static struct lab_trial *try(const char *variant, struct lab_plan plan)
{
	g_autoptr(GError) error = NULL;
	struct lab_trial *t = lab_try(s, variant, &plan, &error);

	ck_assert_msg(t, "%s", error ? error->message : "");
	return t;
}

START_TEST(the_pinned_run_finds_it_and_the_fix_does_not)
{
	struct lab_plan pinned = { .policy = LAB_PINNED };
	struct lab_trial *t = try("vulnerable", pinned);
	uint64_t value;

	ck_assert_msg(t->ok, "%s", t->reason);
	ck_assert(lab_found(t, ORACLE_SIZE_MIX));
	ck_assert(!lab_found(t, ORACLE_FRAME_UAF));
	ck_assert_ptr_nonnull(strstr(t->report, "hazard size-mix: CPU0"));
	ck_assert_ptr_nonnull(strstr(t->report, "CPU1 (reclaim)"));
	ck_assert(lab_register(t, "stale", 2, &value));
	ck_assert_uint_eq(value, 0x11); /* of the page that was discarded */
	ck_assert(!lab_register(t, "nobody", 2, &value));
	ck_assert(!lab_register(t, "stale", 7, &value));
	ck_assert_int_eq(lab_signal(t, "stale"), 0);
	ck_assert_int_eq(lab_signal(t, "nobody"), -1);
	lab_trial_free(t);

	t = try("fixed", pinned);
	ck_assert_msg(t->ok, "%s", t->reason);
	ck_assert_uint_eq(t->fired, 0);
	lab_trial_free(t);
}
END_TEST

START_TEST(without_the_schedule_the_clock_does_not_find_it)
{
	struct lab_trial *t =
		try("vulnerable", (struct lab_plan){ .policy = LAB_TIMED });

	ck_assert(!t->ok);
	ck_assert_str_eq(t->reason, "no hazard size-mix");
	ck_assert_uint_eq(t->executions, 1);
	lab_trial_free(t);
}
END_TEST

START_TEST(a_search_finds_it_within_one_preemption)
{
	struct lab_trial *t =
		try("vulnerable", (struct lab_plan){ .policy = LAB_EXPLORE,
	                                             .bounded = true,
	                                             .bound = 1 });

	ck_assert_msg(t->ok, "%s", t->reason);
	ck_assert_str_eq(t->ended, "hazard found");
	ck_assert(lab_found(t, ORACLE_SIZE_MIX));
	ck_assert(t->confirmed);
	ck_assert_int_ge(t->preemptions, 0);
	ck_assert_int_le(t->preemptions, 1);
	ck_assert_ptr_nonnull(strstr(t->report, "hazard size-mix"));
	lab_trial_free(t);
}
END_TEST

START_TEST(a_search_without_the_fix_fails_where_none_is_expected)
{
	static const char *const unfixed[] = { "flush_before_install=off",
		                               NULL };
	struct lab_trial *t =
		try("fixed", (struct lab_plan){ .policy = LAB_EXPLORE,
	                                        .bounded = true,
	                                        .bound = 1,
	                                        .options = unfixed });

	ck_assert(!t->ok);
	ck_assert_str_eq(t->reason, "unexpected hazard size-mix");
	lab_trial_free(t);
}
END_TEST

START_TEST(a_capped_search_is_not_exhausted)
{
	struct lab_trial *t =
		try("fixed",
	            (struct lab_plan){ .policy = LAB_EXPLORE, .nr_runs = 50 });

	ck_assert_msg(t->ok, "%s", t->reason);
	ck_assert_uint_eq(t->executions, 50);
	ck_assert(!t->exhausted);
	ck_assert_str_eq(t->ended, "cap on executions");
	lab_trial_free(t);
}
END_TEST

static bool at_once(void *data)
{
	unsigned *asked = data;

	return ++*asked > 3;
}

START_TEST(a_search_ends_when_it_is_told_to)
{
	unsigned asked = 0;
	struct lab_trial *t =
		try("fixed", (struct lab_plan){ .policy = LAB_EXPLORE,
	                                        .time_is_up = at_once,
	                                        .data = &asked });

	ck_assert_str_eq(t->ended, "cap on seconds");
	/* Runs that are given up ask as well. */
	ck_assert_uint_le(t->executions, 3);
	lab_trial_free(t);
}
END_TEST

START_TEST(random_runs_are_those_of_the_seed)
{
	struct lab_plan plan = { .policy = LAB_RANDOM,
		                 .seed = 7,
		                 .nr_runs = 20 };
	struct lab_trial *first = try("fixed", plan);
	struct lab_trial *second = try("fixed", plan);
	struct lab_trial *other;

	plan.seed = 8;
	other = try("fixed", plan);
	ck_assert_uint_eq(first->executions, 20);
	ck_assert_msg(first->ok, "%s", first->reason);
	ck_assert_uint_eq(first->trace_hash, second->trace_hash);
	ck_assert_str_eq(first->choices, second->choices);
	ck_assert_uint_ne(first->trace_hash, other->trace_hash);
	lab_trial_free(first);
	lab_trial_free(second);
	lab_trial_free(other);
}
END_TEST

START_TEST(both_engines_make_the_same_trial)
{
	struct lab_trial *direct = try("vulnerable", (struct lab_plan){ 0 });
	struct lab_trial *unicorn = try(
		"vulnerable", (struct lab_plan){ .engine = &vcpu_ops_unicorn });

	ck_assert_uint_eq(direct->trace_hash, unicorn->trace_hash);
	ck_assert_str_eq(direct->report, unicorn->report);
	lab_trial_free(direct);
	lab_trial_free(unicorn);
}
END_TEST

START_TEST(the_choices_are_those_of_the_run)
{
	struct lab_trial *t = try("vulnerable", (struct lab_plan){ 0 });
	struct choice_log *log =
		choice_log_parse(t->choices, strlen(t->choices), NULL);

	ck_assert(log);
	ck_assert_uint_eq(log->trace_hash, t->trace_hash);
	ck_assert_uint_eq(log->nr_steps, t->steps);
	choice_log_free(log);
	lab_trial_free(t);
}
END_TEST

/* Between the loads of one the other stores: that takes a preemption. */
static struct scenario *build_two_loads(const char *hazard)
{
	struct lab_builder *b = lab_builder_new("two loads");
	struct lab_process *p;
	struct lab_thread *t;
	struct lab_variant *v;

	lab_machine(b, &(struct lab_machine){ .nr_cpus = 2,
	                                      .memory_bytes = 64 << 20 });
	p = lab_process(b, "A");
	lab_map(p, &(struct lab_map){ .name = "heap",
	                              .addr = 0x40000000,
	                              .size_bytes = 4096 });
	lab_before(p, "store heap 1 on cpu 0");
	lab_before(p, "store heap 1 on cpu 1");
	t = lab_thread(p, "loads", 0);
	lab_load(t, 1, 8, lab_at("heap", 0));
	lab_load(t, 2, 8, lab_at("heap", 0));
	lab_store(lab_thread(p, "stores", 1), 8, lab_at("heap", 0), 2);
	v = lab_variant(b, "only");
	if (hazard)
		lab_expect_hazard(v, hazard);
	else
		lab_variant_condition(
			v, "never (loads:r1 == 1 /\\ loads:r2 == 2)");
	return finish_scenario(b);
}

static void assert_bound(const struct scenario *two_loads, unsigned bound,
                         bool ok)
{
	const struct lab_plan plan = { .policy = LAB_EXPLORE,
		                       .bounded = true,
		                       .bound = bound };
	struct lab_trial *t = lab_try(two_loads, NULL, &plan, NULL);

	ck_assert(t);
	ck_assert_int_eq(t->ok, ok);
	ck_assert_int_eq(t->exhausted, ok);
	lab_trial_free(t);
}

START_TEST(a_bound_is_held)
{
	struct scenario *two_loads = build_two_loads(NULL);

	assert_bound(two_loads, 0, true);
	assert_bound(two_loads, 1, false);
	scenario_free(two_loads);
}
END_TEST

START_TEST(random_runs_are_judged_together)
{
	struct scenario *two_loads = build_two_loads("leak");
	const struct lab_plan plan = { .policy = LAB_RANDOM, .nr_runs = 2 };
	struct lab_trial *t = lab_try(two_loads, "only", &plan, NULL);

	ck_assert(t);
	ck_assert(!t->ok);
	ck_assert_str_eq(t->reason, "no hazard leak in 2 runs");
	lab_trial_free(t);
	scenario_free(two_loads);
}
END_TEST

static void assert_impossible(const char *variant, const struct lab_plan *plan,
                              const char *message)
{
	g_autoptr(GError) error = NULL;

	ck_assert(!lab_try(s, variant, plan, &error));
	ck_assert_str_eq(error->message, message);
}

START_TEST(what_is_impossible_is_an_error)
{
	static const char *const wrong[] = { "thp=sometimes", NULL };
	const struct lab_plan plan = { .options = wrong };

	assert_impossible("fixt", NULL,
	                  "size mix, in C: there is no variant 'fixt'");
	assert_impossible(NULL, NULL,
	                  "size mix, in C: which of its 2 variants?");
	assert_impossible("fixed", &plan,
	                  "option thp cannot be 'sometimes'; it is always | "
	                  "madvise | never");
}
END_TEST

START_TEST(a_schedule_that_cannot_be_followed_is_shown)
{
	static const char text[] = "scenario \"s\"\n"
				   "process A { map heap 0x40000000 4K rw }\n"
				   "thread t of A on cpu 0 { load heap }\n"
				   "variant racy { expect hazard size-mix\n"
				   "    schedule { t after \"no such\" }\n"
				   "}\n";
	g_autoptr(GError) error = NULL;
	struct scenario *broken =
		scenario_parse("s.scn", text, strlen(text), &error);

	ck_assert(broken);
	ck_assert_ptr_null(lab_try(broken, "racy", NULL, &error));
	ck_assert_str_eq(error->message,
	                 "s.scn:5:16: variant racy: t ended before its step: "
	                 "no such\n"
	                 "        schedule { t after \"no such\" }\n"
	                 "                   ^");
	scenario_free(broken);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lab/trial");
	TCase *tcase = tcase_create("trial");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_pinned_run_finds_it_and_the_fix_does_not);
	tcase_add_test(tcase, a_schedule_that_cannot_be_followed_is_shown);
	tcase_add_test(tcase, without_the_schedule_the_clock_does_not_find_it);
	tcase_add_test(tcase, a_search_finds_it_within_one_preemption);
	tcase_add_test(tcase,
	               a_search_without_the_fix_fails_where_none_is_expected);
	tcase_add_test(tcase, a_capped_search_is_not_exhausted);
	tcase_add_test(tcase, a_search_ends_when_it_is_told_to);
	tcase_add_test(tcase, random_runs_are_those_of_the_seed);
	tcase_add_test(tcase, a_bound_is_held);
	tcase_add_test(tcase, random_runs_are_judged_together);
	tcase_add_test(tcase, both_engines_make_the_same_trial);
	tcase_add_test(tcase, the_choices_are_those_of_the_run);
	tcase_add_test(tcase, what_is_impossible_is_an_error);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
