/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- the least, by trying everything ---- */

#define NAIVE_LIMIT 30000
#define NR_PROGRAMS 3000

static void start_program(void *data)
{
	(void)data;
	program_start(&run);
}

static void note_hazard(void *data, enum run_end end)
{
	struct shrink_cost *least = data;

	(void)end;
	if (run.hazard)
		least->steps = MIN(least->steps, run.hazard_step);
}

/*
 * The fewest preemptions with which the program fails, and of such runs the
 * fewest steps before it does.  Returns false if there are too many runs.
 */
static bool least_of_all(struct shrink_cost *least)
{
	struct enumeration e = { .machine = run.machine,
		                 .start = start_program,
		                 .note = note_hazard,
		                 .data = least,
		                 .free_starts = true,
		                 .limit = NAIVE_LIMIT };

	*least = (struct shrink_cost){ .steps = UINT64_MAX };
	for (;; e.bound = ++least->preemptions) {
		if (!enumerate_runs(&e))
			return false;
		if (least->steps != UINT64_MAX)
			return true;
	}
}

/* ---- shrinking ---- */

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

/* One agent reads a word and holds it against a value in the end: programs that
 * look at nothing cannot fail. */
static void generate(struct rng *rng)
{
	unsigned agent, n;

	program_generate(&run.text, rng);
	agent = (unsigned)rng_below(rng, run.text.nr_agents);
	n = run.text.nr_ops[agent];
	if (n < 2)
		return;
	run.text.ops[agent][n - 2].kind = PROG_READ;
	run.text.ops[agent][n - 1].kind = PROG_ASSERT;
	run.text.ops[agent][n - 1].value += (unsigned)rng_below(rng, 3);
}

START_TEST(a_failing_run_shrinks_to_the_least_there_is)
{
	const char *seed = g_getenv("SEED");
	struct rng rng = { .state = seed ? strtoull(seed, NULL, 0) : 77 };
	unsigned nr = 0, preempted = 0;

	printf("SEED=%" PRIu64 "\n", rng.state);
	for (unsigned i = 0; i < NR_PROGRAMS; i++) {
		const struct shrink_task task = { .fails = fails_at };
		struct shrink_cost cost, least;
		g_autofree char *text = NULL;

		generate(&rng);
		if (!shrink_one(&task, &cost, NULL) || !least_of_all(&least))
			continue;
		text = program_print(&run.text);
		ck_assert(cost.least);
		ck_assert_msg(cost.preemptions == least.preemptions &&
		                      cost.steps == least.steps,
		              "program %u: %u preemptions, %" PRIu64
		              " steps; the least: %u, %" PRIu64 "\n%s",
		              i, cost.preemptions, cost.steps,
		              least.preemptions, least.steps, text);
		nr++;
		preempted += least.preemptions > 0;
	}
	printf("%u programs, %u with preemptions\n", nr, preempted);
	ck_assert_uint_ge(nr, 50);
	ck_assert_uint_ge(preempted, 10);
}
END_TEST

START_TEST(steps_count_up_to_the_failure)
{
	const struct shrink_task task = { .fails = fails_at };
	struct rng rng = { .state = 78 };
	uint64_t all_before = 0, all_after = 0;
	unsigned nr = 0;

	for (unsigned i = 0; i < 1200; i++) {
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

START_TEST(it_ends_at_the_cap_with_a_run_that_fails)
{
	struct rng rng = { .state = 77 };
	unsigned nr = 0;

	for (unsigned i = 0; i < 300; i++) {
		const struct shrink_task task = { .fails = fails_at,
			                          .max_steps = 1 };
		struct shrink_cost cost;

		generate(&rng);
		if (!shrink_one(&task, &cost, NULL))
			continue;
		ck_assert(!cost.least);
		nr++;
	}
	ck_assert_uint_ge(nr, 10);
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
	tcase_add_test(tc, a_failing_run_shrinks_to_the_least_there_is);
	tcase_add_test(tc, steps_count_up_to_the_failure);
	tcase_add_test(tc, it_ends_at_the_cap_with_a_run_that_fails);
	tcase_add_test(tc, a_log_that_does_not_fail_is_refused);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
