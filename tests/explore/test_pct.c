/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "explore/pct.h"
#include "tests/explore/programs.h"

static struct prog_run run;

static void setup(void)
{
	struct machine_config config = { .nr_cpus = 1,
		                         .memory_bytes = 1 << 20 };

	run.machine = machine_new(&config);
	/* Two unprotected increments of one word. */
	run.text = (struct program_text){
		.nr_agents = 2,
		.nr_ops = { 2, 2 },
		.ops = { { { PROG_READ, 0, 0 }, { PROG_WRITE, 0, 1 } },
		         { { PROG_READ, 0, 0 }, { PROG_WRITE, 0, 1 } } },
	};
}

static void teardown(void)
{
	machine_free(run.machine);
}

static uint64_t hash_of_run(struct policy *p)
{
	program_start(&run);
	run.machine->policy = p;
	p->begin(p, run.machine);
	ck_assert_int_eq(machine_run(run.machine), RUN_DONE);
	return run.machine->sched.hash;
}

START_TEST(a_run_is_reproduced_by_seed_and_number)
{
	struct policy *p = policy_pct_new(5, 3), *q = policy_pct_new(5, 3);
	uint64_t hashes[50];

	for (unsigned i = 0; i < 50; i++)
		hashes[i] = hash_of_run(p);
	for (unsigned i = 50; i--;) {
		policy_pct_set_run(q, i);
		ck_assert_uint_eq(hash_of_run(q), hashes[i]);
	}
	policy_free(p);
	policy_free(q);
}
END_TEST

static unsigned nr_lost(unsigned depth)
{
	struct policy *p = policy_pct_new(1, depth);
	unsigned lost = 0;

	policy_pct_set_steps(p, 6);
	for (unsigned i = 0; i < 600; i++) {
		char *state;

		hash_of_run(p);
		state = program_state(&run, RUN_DONE);
		lost += g_str_has_prefix(state, "done 1 ");
		g_free(state);
	}
	policy_free(p);
	return lost;
}

START_TEST(depth_1_never_preempts)
{
	ck_assert_uint_eq(nr_lost(1), 0);
}
END_TEST

/* One of two agents, one of six steps: at least every twelfth run. */
START_TEST(depth_2_meets_a_bug_of_depth_2_as_often_as_the_theorem_says)
{
	ck_assert_uint_ge(nr_lost(2), 600 / 12);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explore/pct");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_run_is_reproduced_by_seed_and_number);
	tcase_add_test(tc, depth_1_never_preempts);
	tcase_add_test(
		tc,
		depth_2_meets_a_bug_of_depth_2_as_often_as_the_theorem_says);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
