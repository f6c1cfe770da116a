// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks of a scenario: what is reported when one is kept, or waited for in a
 * circle, and what it is called.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "scenario/parse.h"
#include "scenario/run.h"

/* The last hazard of the only run of @text; NULL if there is none. g_free() */
static char *run_text(const char *text)
{
	static const char *const profile_dirs[] = { "profiles", NULL };
	const struct run_config config = { .engine = &vcpu_ops_direct,
		                           .profile_dirs = profile_dirs };
	g_autofree char *whole =
		g_strconcat("scenario \"t\"\nmachine { cpus 2 }\n", text, NULL);
	g_autoptr(GError) error = NULL;
	struct scenario *s =
		scenario_parse("t.scn", whole, strlen(whole), &error);
	struct policy *policy;
	struct run_result run;
	struct runner *r;
	char *found = NULL;

	ck_assert_msg(s, "%s", error ? error->message : "");
	r = runner_new(s, NULL, &config, &error);
	ck_assert_msg(r, "%s", error ? error->message : "");
	policy = runner_pinned_policy(r);
	ck_assert_msg(runner_run(r, policy, &run, &error), "%s",
	              error ? error->message : "");
	if (run.nr_hazards)
		found = g_strdup_printf("%s: %s",
		                        run.hazards[run.nr_hazards - 1].oracle,
		                        run.hazards[run.nr_hazards - 1].text);
	policy_free(policy);
	runner_free(r);
	scenario_free(s);
	return found;
}

static const struct {
	const char *body, *hazard; /* NULL: none */
} kept[] = {
	{ "irq_off", "lock-rule: CPU0 (k): ends with interrupts off" },
	{ "irq_off; irq_on", NULL },
	{ "rcu_read_lock", "lock-rule: CPU0 (k): ends in an RCU read section" },
	{ "rcu_read_lock; rcu_read_unlock", NULL },
	{ "lock L", "lock-rule: CPU0 (k): ends while it holds a lock "
	            "(lock L)" },
	{ "lock L; unlock L", NULL },
	{ "lock_irqsave L; unlock L",
	  "lock-rule: CPU0 (k): ends with interrupts off" },
	{ "lock_irqsave L; unlock_irqrestore L", NULL },
	{ "down_read L", "lock-rule: CPU0 (k): ends while it holds a lock "
	                 "(lock L)" },
	{ "down_read L; up_read L", NULL },
	{ "down_write third", "lock-rule: CPU0 (k): ends while it holds a lock "
	                      "(lock third)" },
	{ "down_write third; up_write third", NULL },
};

START_TEST(a_kernel_thread_gives_back_what_it_took)
{
	g_autofree char *text =
		g_strdup_printf("lock L lock second lock third\n"
	                        "kthread k on cpu 0 { %s }\n"
	                        "kthread other on cpu 1 { synchronize_rcu }\n",
	                        kept[_i].body);
	g_autofree char *found = run_text(text);

	if (kept[_i].hazard)
		ck_assert_pstr_eq(found, kept[_i].hazard);
	else
		ck_assert_ptr_null(found);
}
END_TEST

START_TEST(a_deadlock_names_the_locks_as_the_scenario_does)
{
	g_autofree char *found =
		run_text("lock a lock b lock left lock right\n"
	                 "kthread one on cpu 0 { lock left; lock right; "
	                 "unlock right; unlock left }\n"
	                 "kthread two on cpu 1 { lock right; lock left; "
	                 "unlock left; unlock right }\n"
	                 "schedule { one after \"lock left\"; two }\n");

	ck_assert_pstr_eq(found,
	                  "deadlock: CPU0 (one) waits in \"lock right\" for a "
	                  "lock held by CPU1 (two) waits in \"lock left\" for "
	                  "a lock held by CPU0 (one): a cycle");
}
END_TEST

/* Of the first two locks up to the last two. */
START_TEST(an_inversion_names_the_locks_as_the_scenario_does)
{
	static const char *const others[] = { "",   "a ", "b ", "c ",
		                              "d ", "e ", "f " };
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *found = NULL;

	for (int i = 1; i <= _i; i++)
		g_string_append_printf(text, "lock %s", others[i]);
	g_string_append(text, "lock left lock right\n"
	                      "kthread one on cpu 0 { lock left; lock right; "
	                      "unlock right; unlock left }\n"
	                      "kthread two on cpu 1 { lock right; lock left; "
	                      "unlock left; unlock right }\n"
	                      "schedule { one; two }\n");
	found = run_text(text->str);

	ck_assert_pstr_eq(found, "lock-rule: CPU1 (two): lock order inversion "
	                         "(lock right, then lock left)");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario/locks");
	TCase *tcase = tcase_create("locks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, a_kernel_thread_gives_back_what_it_took, 0,
	                    G_N_ELEMENTS(kept));
	tcase_add_test(tcase, a_deadlock_names_the_locks_as_the_scenario_does);
	tcase_add_loop_test(
		tcase, an_inversion_names_the_locks_as_the_scenario_does, 0, 7);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
