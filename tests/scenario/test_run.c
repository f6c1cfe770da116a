// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "scenario/killed.h"
#include "scenario/parse.h"
#include "scenario/verdict.h"

#define FLAGSHIP "scenarios/pt-reclaim/size-mix.scn"

static const char *const profile_dirs[] = { "profiles", NULL };

static struct scenario *load(const char *path)
{
	g_autoptr(GError) error = NULL;
	struct scenario *s = scenario_load(path, &error);

	ck_assert_msg(s, "%s", error ? error->message : "");
	return s;
}

static struct scenario *parse(const char *text)
{
	g_autofree char *whole = g_strconcat("scenario \"t\"\n", text, NULL);
	g_autoptr(GError) error = NULL;
	struct scenario *s =
		scenario_parse("t.scn", whole, strlen(whole), &error);

	ck_assert_msg(s, "%s", error ? error->message : "");
	return s;
}

static struct runner *make(const struct scenario *s, const char *variant,
                           const struct vcpu_ops *engine)
{
	const struct run_config config = { .engine = engine,
		                           .profile_dirs = profile_dirs };
	struct runner *r = runner_new(
		s, variant ? find_variant(s, variant) : NULL, &config, NULL);

	ck_assert(r);
	return r;
}

/* One run under @policy, which is freed. */
static struct run_result run_once(struct runner *r, struct policy *policy)
{
	g_autoptr(GError) error = NULL;
	struct run_result run;
	bool ok = runner_run(r, policy, &run, &error);

	ck_assert_msg(ok, "%s", error ? error->message : "");
	policy_free(policy);
	return run;
}

START_TEST(both_engines_leave_the_same_trace)
{
	struct scenario *s = load(FLAGSHIP);
	struct runner *a = make(s, "vulnerable", &vcpu_ops_direct);
	struct runner *b = make(s, "vulnerable", &vcpu_ops_unicorn);
	struct run_result first = run_once(a, policy_random_new(7));
	struct run_result second = run_once(b, policy_random_new(7));

	ck_assert_uint_eq(first.trace_hash, second.trace_hash);
	ck_assert_uint_eq(first.steps, second.steps);
	ck_assert_uint_eq(first.cycles, second.cycles);
	ck_assert_uint_eq(first.fired, second.fired);
	runner_free(a);
	runner_free(b);
	scenario_free(s);
}
END_TEST

START_TEST(a_machine_that_ran_before_runs_the_same)
{
	struct scenario *s = load(FLAGSHIP);
	struct runner *r = make(s, "vulnerable", &vcpu_ops_direct);
	struct run_result first = run_once(r, runner_pinned_policy(r));

	for (unsigned seed = 0; seed < 20; seed++)
		run_once(r, policy_random_new(seed));
	ck_assert_uint_eq(run_once(r, runner_pinned_policy(r)).trace_hash,
	                  first.trace_hash);
	runner_free(r);
	scenario_free(s);
}
END_TEST

START_TEST(a_recorded_run_replays)
{
	struct scenario *s = load(FLAGSHIP);
	struct runner *r = make(s, "vulnerable", &vcpu_ops_direct);
	struct run_result first = run_once(r, policy_random_new(_i));
	g_autofree char *text = choice_log_format(runner_log(r));
	struct choice_log *log = choice_log_parse(text, strlen(text), NULL);

	ck_assert(log);
	ck_assert_uint_eq(log->trace_hash, first.trace_hash);
	ck_assert_uint_eq(log->nr_entries, first.nr_choices);
	ck_assert_uint_eq(run_once(r, policy_replay_new(log)).trace_hash,
	                  first.trace_hash);
	choice_log_free(log);
	runner_free(r);
	scenario_free(s);
}
END_TEST

START_TEST(a_run_that_differs_from_its_log_says_so)
{
	struct scenario *s = load(FLAGSHIP);
	struct runner *r = make(s, "vulnerable", &vcpu_ops_direct);
	struct choice_log *log = choice_log_new();
	struct policy *replay = policy_replay_new(log);
	g_autoptr(GError) error = NULL;
	struct run_result run;

	ck_assert(!runner_run(r, replay, &run, &error));
	ck_assert(g_error_matches(error, POLICY_ERROR, POLICY_ERROR_REPLAY));
	policy_free(replay);
	choice_log_free(log);
	runner_free(r);
	scenario_free(s);
}
END_TEST

START_TEST(registers_and_signals_of_threads_are_kept)
{
	struct scenario *s = parse(
		"process A { map heap 0x40000000 4K rw }\n"
		"process B { map heap 0x40000000 4K rw }\n"
		"thread t of A on cpu 0 { r1 = 5; r2 = xadd heap 3; r2 = load heap }\n"
		"thread u of B on cpu 0 { store 0x1000000 1 }\n");
	struct runner *r = make(s, NULL, &vcpu_ops_direct);
	struct run_result run = run_once(r, policy_timed_new());

	ck_assert_int_eq(run.end, RUN_DONE);
	ck_assert_uint_eq(run.threads[0].regs[1], 5);
	ck_assert_uint_eq(run.threads[0].regs[2], 3);
	ck_assert_int_eq(run.threads[0].signal, 0);
	ck_assert_int_eq(run.threads[1].signal, 11);
	ck_assert_uint_eq(run.fired, 0);
	runner_free(r);
	scenario_free(s);
}
END_TEST

/* Whoever looks at how a thread ended has counted on that. */
START_TEST(a_death_that_a_condition_looks_at_is_expected)
{
	static const struct {
		const char *condition;
		bool unexpected;
	} cases[] = {
		{ "always (t:signal == SIGSEGV)", false },
		{ "always (t:si_code == SEGV_MAPERR)", false },
		{ "never (t:r1 == 1 /\\ t:si_addr == 0)", false },
		{ "always (t:r1 == 0)", true },
	};
	g_autofree char *text =
		g_strconcat("process A { }\n"
	                    "thread t of A on cpu 0 { store 0x1000000 1 }\n",
	                    cases[_i].condition, NULL);
	struct scenario *s = parse(text);
	struct runner *r = make(s, NULL, &vcpu_ops_direct);
	struct run_result run = run_once(r, policy_timed_new());
	GArray *killed = killed_threads(r, &run);

	ck_assert_uint_eq(killed->len, 1);
	ck_assert(g_array_index(killed, struct killed, 0).unexpected ==
	          cases[_i].unexpected);
	g_array_unref(killed);
	runner_free(r);
	scenario_free(s);
}
END_TEST

START_TEST(a_failing_system_call_of_the_initial_part_is_named)
{
	struct scenario *s = parse("process A {\n"
	                           "    map heap 0x40000000 4K rw\n"
	                           "    mprotect 0x50000000 4K r\n"
	                           "}\n");
	struct runner *r = make(s, NULL, &vcpu_ops_direct);
	struct policy *policy = policy_timed_new();
	g_autoptr(GError) error = NULL;
	struct run_result run;

	ck_assert(!runner_run(r, policy, &run, &error));
	ck_assert_str_eq(error->message,
	                 "t.scn:4:5: the initial part fails: mprotect "
	                 "0x50000000 4K r: Cannot allocate memory\n"
	                 "        mprotect 0x50000000 4K r\n"
	                 "        ^");
	policy_free(policy);
	runner_free(r);
	scenario_free(s);
}
END_TEST

/* u waits for its CPU, which idles, and then for nothing more: it ends. */
START_TEST(a_thread_that_has_not_run_yet_is_not_blocked)
{
	struct scenario *s =
		parse("machine { cpus 2 }\n"
	              "process A { map heap 0x40000000 4K rw }\n"
	              "thread t of A on cpu 0 { r1 = load heap }\n"
	              "thread u of A on cpu 1 { store heap 1; store heap 2 }\n"
	              "schedule { u until blocked }\n");
	struct runner *r = make(s, NULL, &vcpu_ops_direct);
	struct run_result timed = run_once(r, policy_timed_new());
	struct run_result pinned;
	uint64_t first = timed.threads[0].regs[1];

	ck_assert_uint_eq(first, 0);
	pinned = run_once(r, runner_pinned_policy(r));
	ck_assert_int_eq(pinned.end, RUN_DONE);
	ck_assert_uint_eq(pinned.threads[0].regs[1], 2);
	runner_free(r);
	scenario_free(s);
}
END_TEST

/* The error of a run of @variant along its schedule. */
static void assert_not_followed(const struct scenario *s, const char *variant,
                                const char *message)
{
	struct runner *r = make(s, variant, &vcpu_ops_direct);
	struct policy *policy = runner_pinned_policy(r);
	g_autoptr(GError) error = NULL;
	struct run_result run;

	ck_assert(!runner_run(r, policy, &run, &error));
	ck_assert(g_error_matches(error, SCENARIO_ERROR, SCENARIO_ERROR_RULE));
	ck_assert_str_eq(error->message, message);
	policy_free(policy);
	runner_free(r);
}

START_TEST(a_schedule_that_cannot_be_followed_is_shown)
{
	static const char text[] =
		"process A { map heap 0x40000000 4K rw }\n"
		"thread t of A on cpu 0 { load heap }\n"
		"schedule {\n"
		"    t after \"no such step\"\n"
		"}\n"
		"variant a { expect hazard size-mix }\n"
		"variant b {\n"
		"    expect hazard size-mix\n"
		"    schedule { t; \"irq/9\" until blocked }\n"
		"}\n";
	struct scenario *s = parse(text);

	assert_not_followed(s, "a",
	                    "t.scn:5:5: variant a: t ended before its step: "
	                    "no such step\n"
	                    "        t after \"no such step\"\n"
	                    "        ^");
	assert_not_followed(s, "b",
	                    "t.scn:10:19: variant b: irq/9 does not exist\n"
	                    "        schedule { t; \"irq/9\" until blocked }\n"
	                    "                      ^");
	scenario_free(s);
}
END_TEST

START_TEST(an_endless_loop_ends_at_the_step_cap)
{
	struct scenario *s = parse("process A { map heap 0x40000000 4K rw }\n"
	                           "thread t of A on cpu 0 { a: goto a }\n");
	const struct run_config config = { .engine = &vcpu_ops_direct,
		                           .profile_dirs = profile_dirs,
		                           .step_cap = 1000 };
	struct runner *r = runner_new(s, NULL, &config, NULL);
	struct verdict verdict;

	ck_assert(verify_variant(r, NULL, &verdict, NULL));
	ck_assert(!verdict.ok);
	ck_assert_str_eq(verdict.reason, "it does not end within 1000 steps");
	verdict_clear(&verdict);
	runner_free(r);
	scenario_free(s);
}
END_TEST

/* ---- verdicts ---- */

#define RACE                                                      \
	"machine { cpus 2 }\n"                                    \
	"process A { map heap 0x40000000 4K rw; store heap 1 }\n" \
	"thread t of A on cpu 0 { store heap 2 }\n"               \
	"thread u of A on cpu 1 { r1 = load heap }\n"             \
	"check random 50\n"

static bool holds(const char *conditions, char **reason)
{
	g_autofree char *text = g_strconcat(RACE, conditions, NULL);
	struct scenario *s = parse(text);
	struct runner *r = make(s, s->variants ? s->variants->name : NULL,
	                        &vcpu_ops_direct);
	struct verdict verdict;
	bool ok;

	ck_assert(verify_variant(r, NULL, &verdict, NULL));
	ok = verdict.ok;
	if (reason)
		*reason = g_strdup(verdict.reason);
	verdict_clear(&verdict);
	runner_free(r);
	scenario_free(s);
	return ok;
}

START_TEST(exists_needs_one_run_and_always_all)
{
	ck_assert(holds("exists (u:r1 == 1) exists (u:r1 == 2)", NULL));
	ck_assert(!holds("exists (u:r1 == 3)", NULL));
	ck_assert(!holds("always (u:r1 == 1)", NULL));
	ck_assert(!holds("always (u:r1 == 2)", NULL));
	ck_assert(holds("always (u:r1 == 1 \\/ u:r1 == 2)", NULL));
	ck_assert(holds("never (u:r1 == 3)", NULL));
	ck_assert(!holds("never (u:r1 == 1)", NULL));
}
END_TEST

START_TEST(a_hazard_that_never_comes_differs)
{
	g_autofree char *reason = NULL;

	ck_assert(!holds("variant v { expect hazard size-mix }", &reason));
	ck_assert_str_eq(reason, "no hazard size-mix in 51 runs");
}
END_TEST

START_TEST(an_unexpected_hazard_differs)
{
	struct scenario *s = load(FLAGSHIP);
	struct ast_variant *v = find_variant(s, "vulnerable");
	struct runner *r;
	struct verdict verdict;

	v->expect = EXPECT_CLEAN;
	v->hazards = NULL;
	r = make(s, "vulnerable", &vcpu_ops_direct);
	ck_assert(verify_variant(r, NULL, &verdict, NULL));
	ck_assert(!verdict.ok);
	ck_assert_str_eq(verdict.reason, "unexpected hazard size-mix");
	verdict_clear(&verdict);
	runner_free(r);
	scenario_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario/run");
	TCase *runs = tcase_create("runs");
	TCase *verdicts = tcase_create("verdicts");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(runs, both_engines_leave_the_same_trace);
	tcase_add_test(runs, a_machine_that_ran_before_runs_the_same);
	tcase_add_loop_test(runs, a_recorded_run_replays, 0, 20);
	tcase_add_test(runs, a_run_that_differs_from_its_log_says_so);
	tcase_add_test(runs, registers_and_signals_of_threads_are_kept);
	tcase_add_loop_test(runs, a_death_that_a_condition_looks_at_is_expected,
	                    0, 4);
	tcase_add_test(runs,
	               a_failing_system_call_of_the_initial_part_is_named);
	tcase_add_test(runs, a_thread_that_has_not_run_yet_is_not_blocked);
	tcase_add_test(runs, a_schedule_that_cannot_be_followed_is_shown);
	tcase_add_test(runs, an_endless_loop_ends_at_the_step_cap);
	suite_add_tcase(suite, runs);
	tcase_add_test(verdicts, exists_needs_one_run_and_always_all);
	tcase_add_test(verdicts, a_hazard_that_never_comes_differs);
	tcase_add_test(verdicts, an_unexpected_hazard_differs);
	suite_add_tcase(suite, verdicts);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
