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

	for (unsigned i = 0; i < 800; i++) {
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
	ck_assert_uint_gt(programs, 700);
}
END_TEST

/* ---- with a bound ---- */

static void compare_bounded(unsigned number, unsigned bound)
{
	/* As if runs were short, so that all horizons are met. */
	const struct explorer_options options = {
		.bounded = true, .bound = bound, .length = 12, .go_on = true
	};
	struct prog_outcomes naive, found, all;
	struct explorer_stats stats;

	prog_outcomes_init(&naive);
	prog_outcomes_init(&found);
	prog_outcomes_init(&all);
	if (!program_enumerate(&run, bound, NAIVE_LIMIT, &naive) ||
	    !program_enumerate(&run, UINT_MAX, NAIVE_LIMIT, &all))
		goto out;
	explore(&options, &found, &stats);
	if (!stats.exhausted)
		fail_program(number, explorer_end_name(stats.end));
	if (!prog_has_keys(found.states, naive.states))
		fail_program(number, "a final state was missed");
	if (!prog_has_keys(all.states, found.states))
		fail_program(number, "an impossible final state");
	if (stats.complete && !prog_same_keys(all.states, found.states))
		fail_program(number, "not complete");
out:
	prog_outcomes_clear(&naive);
	prog_outcomes_clear(&found);
	prog_outcomes_clear(&all);
}

START_TEST(a_bounded_search_finds_all_that_needs_no_more_preemptions)
{
	struct rng rng = { .state = seed };

	for (unsigned i = 0; i < 400; i++) {
		program_generate(&run.text, &rng);
		compare_bounded(i, (unsigned)_i);
	}
}
END_TEST

/* What a search once missed. */
static const struct {
	uint64_t seed;
	unsigned first, end; /* programs */
	unsigned bound;
} missed[] = {
	/* Where 0 sleeps 3 has to be tried, or its choice never comes first. */
	{ 10, 300, 301, 0 }, { 5, 0, 400, 0 },  { 5, 0, 100, 1 },
	{ 12, 0, 400, 0 },   { 12, 0, 100, 1 },
};

START_TEST(what_was_missed_once_is_found)
{
	struct rng rng = { .state = missed[_i].seed };

	for (unsigned i = 0; i < missed[_i].end; i++) {
		program_generate(&run.text, &rng);
		if (i >= missed[_i].first)
			compare_bounded(i, missed[_i].bound);
	}
}
END_TEST

/* ---- in parts ---- */

struct deal {
	unsigned nr_hands, hand;
	unsigned nr_parts[8]; /* by bound */
	bool hit;
};

static bool is_dealt(void *data, unsigned bound, unsigned part)
{
	const struct deal *deal = data;

	(void)bound;
	return part % deal->nr_hands == deal->hand;
}

static bool walked(void *data, unsigned bound, unsigned nr_parts, bool hit)
{
	struct deal *deal = data;

	/* Everybody counts the same parts. */
	if (deal->hand)
		ck_assert_uint_eq(deal->nr_parts[bound], nr_parts);
	deal->nr_parts[bound] = nr_parts;
	deal->hit |= hit;
	return true;
}

static void compare_shards(unsigned number, unsigned nr_shards)
{
	struct deal deal = { .nr_hands = nr_shards };
	const struct explorer_parts dealt = { is_dealt, walked, &deal };
	struct explorer_options options = { .go_on = true };
	struct prog_outcomes whole, parts;
	struct explorer_stats stats;

	prog_outcomes_init(&whole);
	prog_outcomes_init(&parts);
	explore(&options, &whole, &stats);
	options.parts = &dealt;
	for (; deal.hand < nr_shards; deal.hand++)
		explore(&options, &parts, &stats);
	if (!prog_same_keys(whole.states, parts.states))
		fail_program(number, "other final states in parts");
	if (!prog_same_keys(whole.traces, parts.traces))
		fail_program(number, "other traces in parts");
	if (whole.executions != parts.executions)
		fail_program(number, "a trace was run in two parts");
	prog_outcomes_clear(&whole);
	prog_outcomes_clear(&parts);
}

/* Bounded, the parts are the same runs however they are dealt. */
static void compare_bounded_shards(unsigned number, unsigned nr_shards)
{
	struct deal deal = { .nr_hands = 1 };
	const struct explorer_parts dealt = { is_dealt, walked, &deal };
	const struct explorer_options options = { .bounded = true,
		                                  .bound = 2,
		                                  .length = 12,
		                                  .go_on = true,
		                                  .parts = &dealt };
	struct prog_outcomes naive, one, parts;
	struct explorer_stats stats;
	bool counted;

	prog_outcomes_init(&naive);
	prog_outcomes_init(&one);
	prog_outcomes_init(&parts);
	explore(&options, &one, &stats);
	deal.nr_hands = nr_shards;
	for (; deal.hand < nr_shards; deal.hand++)
		explore(&options, &parts, &stats);
	if (one.executions != parts.executions)
		fail_program(number, "parts run other runs when dealt");
	if (!prog_same_keys(one.traces, parts.traces))
		fail_program(number, "other traces when dealt");
	counted = program_enumerate(&run, 2, NAIVE_LIMIT, &naive);
	if (counted && !prog_has_keys(parts.states, naive.states))
		fail_program(number, "a final state was missed in parts");
	prog_outcomes_clear(&naive);
	prog_outcomes_clear(&one);
	prog_outcomes_clear(&parts);
}

START_TEST(parts_of_a_bounded_search_are_the_same_however_dealt)
{
	struct rng rng = { .state = seed };

	for (unsigned i = 0; i < 100; i++) {
		program_generate(&run.text, &rng);
		compare_bounded_shards(i, 2 + i % 4);
	}
}
END_TEST

START_TEST(parts_of_a_search_run_the_same_traces_as_one)
{
	struct rng rng = { .state = seed };

	for (unsigned i = 0; i < 200; i++) {
		program_generate(&run.text, &rng);
		compare_shards(i, 2 + i % 4);
	}
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
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_trace_of_small_programs_is_run_exactly_once);
	tcase_add_loop_test(
		tc, a_bounded_search_finds_all_that_needs_no_more_preemptions,
		0, 4);
	tcase_add_loop_test(tc, what_was_missed_once_is_found, 0,
	                    G_N_ELEMENTS(missed));
	tcase_add_test(tc, parts_of_a_search_run_the_same_traces_as_one);
	tcase_add_test(tc,
	               parts_of_a_bounded_search_are_the_same_however_dealt);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
