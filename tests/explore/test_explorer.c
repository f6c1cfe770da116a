/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "explore/explorer.h"
#include "tests/explore/programs.h"

#define NAIVE_LIMIT 6000

static struct prog_run run;
static uint64_t seed = 20141;

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

/* All that one search finds; how it ended in *@stats. */
static void explore(const struct explorer_options *options,
                    struct prog_outcomes *out, struct explorer_stats *stats)
{
	struct explorer *x = explorer_new(options);
	struct policy *p;

	while ((p = explorer_next(x))) {
		enum run_end end;

		program_start(&run);
		run.machine->policy = p;
		p->begin(p, run.machine);
		end = machine_run(run.machine);
		if (explorer_counts(x))
			program_note(&run, end, out);
		explorer_done(x, run.hazard);
	}
	*stats = *explorer_stats(x);
	explorer_free(x);
}

static void fail_program(unsigned number, const char *what)
{
	char *text = program_print(&run.text);

	ck_abort_msg("seed %llu, program %u: %s\n%s", (unsigned long long)seed,
	             number, what, text);
}

static void compare(unsigned number, struct explorer_stats *stats)
{
	const struct explorer_options all = { .go_on = true };
	struct prog_outcomes naive, found;

	prog_outcomes_init(&naive);
	prog_outcomes_init(&found);
	stats->executions = 0;
	if (!program_enumerate(&run, UINT_MAX, NAIVE_LIMIT, &naive))
		goto out;
	explore(&all, &found, stats);
	if (!stats->exhausted)
		fail_program(number, explorer_end_name(stats->end));
	if (!prog_same_keys(naive.states, found.states))
		fail_program(number, "other final states");
	if (!prog_same_keys(naive.traces, found.traces))
		fail_program(number, "other traces");
	if (found.executions != g_hash_table_size(found.traces))
		fail_program(number, "a trace was run twice");
	ck_assert_uint_eq(found.executions, stats->executions);
out:
	prog_outcomes_clear(&naive);
	prog_outcomes_clear(&found);
}

START_TEST(every_trace_of_small_programs_is_run_exactly_once)
{
	struct rng rng = { .state = seed };
	uint64_t executions = 0, blocked = 0, programs = 0;

	for (unsigned i = 0; i < 1500; i++) {
		struct explorer_stats stats;

		program_generate(&run.text, &rng);
		compare(i, &stats);
		executions += stats.executions;
		blocked += stats.executions ? stats.blocked : 0;
		programs += stats.executions > 0;
	}
	printf("seed %llu: %llu programs, %llu traces, %llu runs given up\n",
	       (unsigned long long)seed, (unsigned long long)programs,
	       (unsigned long long)executions, (unsigned long long)blocked);
	ck_assert_uint_gt(programs, 500);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explore/explorer");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_trace_of_small_programs_is_run_exactly_once);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
