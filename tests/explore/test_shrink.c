/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/explorer.h"
#include "explore/shrink.h"
#include "tests/explore/programs.h"

static struct prog_run run;

static void setup(void)
{
	struct machine_config config = { .nr_cpus = 1,
		                         .memory_bytes = 1 << 20 };

	run.machine = machine_new(&config);
}

static void teardown(void)
{
	machine_free(run.machine);
}

static void run_under(struct policy *p)
{
	program_start(&run);
	run.machine->policy = p;
	if (p->begin)
		p->begin(p, run.machine);
	machine_run(run.machine);
}

static bool fails(void *data, struct policy *p, uint64_t *steps)
{
	(void)data;
	*steps = 0; /* all of them count */
	run_under(p);
	return run.hazard;
}

/* The same, and what comes behind the failure does not count. */
static bool fails_at(void *data, struct policy *p, uint64_t *steps)
{
	bool failed = fails(data, p, steps);

	*steps = run.hazard_step;
	return failed;
}

/* The fewest preemptions that make the program fail; UINT_MAX: none. */
static unsigned fewest(unsigned at_most)
{
	const struct explorer_options options = { .bounded = true,
		                                  .bound = at_most };
	struct explorer *x = explorer_new(&options);
	unsigned found = UINT_MAX;
	struct policy *p;

	while ((p = explorer_next(x))) {
		run_under(p);
		if (explorer_counts(x) && run.hazard)
			found = explorer_preemptions(x);
		explorer_done(x, run.hazard);
	}
	explorer_free(x);
	return found;
}

static struct choice_log *copy_log(void)
{
	char *text = choice_log_format(run.machine->log);
	struct choice_log *log = choice_log_parse(text, strlen(text), NULL);

	g_free(text);
	return log;
}

/* Shrink a random failing run; returns false if none was met.
 * @before: steps of that run up to the failure; may be NULL */
static bool shrink_one(const struct shrink_task *task, struct shrink_cost *cost,
                       uint64_t *before)
{
	struct policy *random = policy_random_new(3), *small;
	struct choice_log *log = NULL;

	for (unsigned i = 0; i < 100 && !log; i++) {
		run_under(random);
		if (run.hazard)
			log = copy_log();
	}
	policy_free(random);
	if (!log)
		return false;
	if (before)
		*before = run.hazard_step;
	small = shrink(task, log, cost);
	ck_assert_ptr_nonnull(small);
	run_under(small);
	ck_assert(run.hazard);
	policy_free(small);
	choice_log_free(log);
	return true;
}

START_TEST(a_failing_run_shrinks_to_nearly_the_fewest_preemptions)
{
	struct rng rng = { .state = 77 };
	unsigned nr = 0, optimal = 0;

	for (unsigned i = 0; i < 3000; i++) {
		const struct shrink_task task = { .fails = fails };
		struct shrink_cost cost;
		unsigned best;

		program_generate(&run.text, &rng);
		if (!shrink_one(&task, &cost, NULL))
			continue;
		best = fewest(6);
		ck_assert_uint_ge(cost.preemptions, best);
		nr++;
		optimal += cost.preemptions == best;
	}
	printf("%u programs, %u shrunk to the least\n", nr, optimal);
	ck_assert_uint_ge(nr, 50);
	/* A local minimum need not be the least, but is in most cases. */
	ck_assert_uint_ge(optimal * 100, nr * 90);
}
END_TEST

START_TEST(steps_count_up_to_the_failure)
{
	const struct shrink_task task = { .fails = fails_at };
	struct rng rng = { .state = 78 };
	uint64_t all_before = 0, all_after = 0;
	unsigned nr = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct shrink_cost cost;
		uint64_t before;

		program_generate(&run.text, &rng);
		if (!shrink_one(&task, &cost, &before))
			continue;
		/* shrink_one() has just made the run again. */
		ck_assert_uint_eq(cost.steps, run.hazard_step);
		all_before += before;
		all_after += cost.steps;
		nr++;
	}
	printf("%u programs, %" PRIu64 " steps became %" PRIu64 "\n", nr,
	       all_before, all_after);
	ck_assert_uint_ge(nr, 20);
	ck_assert_uint_lt(all_after, all_before);
}
END_TEST

START_TEST(a_log_that_does_not_fail_is_refused)
{
	const struct shrink_task task = { .fails = fails };
	struct choice_log *empty = choice_log_new();

	run.text = (struct program_text){ .nr_agents = 2, .nr_ops = { 1, 1 } };
	ck_assert_ptr_null(shrink(&task, empty, NULL));
	choice_log_free(empty);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explore/shrink");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
	               a_failing_run_shrinks_to_nearly_the_fewest_preemptions);
	tcase_add_test(tc, steps_count_up_to_the_failure);
	tcase_add_test(tc, a_log_that_does_not_fail_is_refused);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
