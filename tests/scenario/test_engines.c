// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both engines execute every scenario alike: the same choices give the same
 * steps, values and clocks, which is what the trace hash is made of.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "emu/vcpu_ops.h"

/* Runs longer than this are not repeated under random schedules. */
#define LONG_STEPS     100000
#define NR_RANDOM_RUNS 5

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables) */
static GPtrArray *scenarios;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

struct pair {
	struct runner *direct, *unicorn;
};

static uint64_t compare(struct pair *x, struct policy *a, struct policy *b)
{
	const char *file = runner_scenario(x->direct)->source.file;
	struct run_result one, two;

	ck_assert(runner_run(x->direct, a, &one, NULL));
	ck_assert(runner_run(x->unicorn, b, &two, NULL));
	ck_assert_msg(one.trace_hash == two.trace_hash &&
	                      one.steps == two.steps &&
	                      one.cycles == two.cycles && one.end == two.end &&
	                      one.fired == two.fired,
	              "%s: %s", file, variant_name(runner_variant(x->direct)));
	policy_free(a);
	policy_free(b);
	return one.steps;
}

static void compare_variant(const struct scenario *s,
                            const struct ast_variant *v)
{
	const struct cli_options direct = { .engine = &vcpu_ops_direct };
	const struct cli_options unicorn = { .engine = &vcpu_ops_unicorn };
	struct pair x = { make_runner(s, v, &direct),
		          make_runner(s, v, &unicorn) };
	uint64_t steps = compare(&x, runner_pinned_policy(x.direct),
	                         runner_pinned_policy(x.unicorn));

	for (unsigned i = 0; i < NR_RANDOM_RUNS && steps < LONG_STEPS; i++)
		compare(&x, policy_random_new(i), policy_random_new(i));
	runner_free(x.direct);
	runner_free(x.unicorn);
}

static const struct scenario *find_flagship(void)
{
	for (guint i = 0; i < scenarios->len; i++) {
		const struct scenario *s = g_ptr_array_index(scenarios, i);

		if (g_str_has_suffix(s->source.file, "pt-reclaim/size-mix.scn"))
			return s;
	}
	ck_abort_msg("no flagship");
	return NULL;
}

START_TEST(both_engines_leave_the_same_trace_of_every_scenario)
{
	const struct scenario *s = g_ptr_array_index(scenarios, _i);
	const struct ast_variant *v = s->variants;

	do {
		compare_variant(s, v);
	} while (v && (v = v->next));
}
END_TEST

/* What a counterexample is worth: its choices make the same run, always, by
 * way of a log's text, with one machine for all and under either engine. */
START_TEST(a_log_replays_a_thousand_times)
{
	const struct scenario *s = find_flagship();
	const struct cli_options options = { .engine = _i ? &vcpu_ops_unicorn
		                                          : &vcpu_ops_direct };
	struct runner *r = make_runner(s, s->variants, &options);
	struct policy *pinned = runner_pinned_policy(r);
	struct run_result first, again;
	g_autofree char *text = NULL;
	struct choice_log *log;

	ck_assert(runner_run(r, pinned, &first, NULL));
	ck_assert_uint_gt(first.nr_hazards, 0);
	text = choice_log_format(runner_log(r));
	log = choice_log_parse(text, strlen(text), NULL);
	ck_assert_ptr_nonnull(log);
	for (unsigned i = 0; i < 1000; i++) {
		struct policy *replay = policy_replay_new(log);

		ck_assert(runner_run(r, replay, &again, NULL));
		ck_assert_uint_eq(again.trace_hash, first.trace_hash);
		ck_assert_uint_eq(again.steps, first.steps);
		ck_assert_uint_eq(again.cycles, first.cycles);
		ck_assert_uint_eq(again.fired, first.fired);
		policy_free(replay);
	}
	choice_log_free(log);
	policy_free(pinned);
	runner_free(r);
}
END_TEST

int main(void)
{
	char *paths[] = { (char *)(uintptr_t) "scenarios", NULL };
	Suite *suite = suite_create("scenario/engines");
	TCase *tcase = tcase_create("catalogue");
	SRunner *runner;
	int failed;

	scenarios = load_scenarios(paths);
	if (!scenarios)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase, a_log_replays_a_thousand_times, 0, 2);
	tcase_add_loop_test(tcase,
	                    both_engines_leave_the_same_trace_of_every_scenario,
	                    0, (int)scenarios->len);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	g_ptr_array_unref(scenarios);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
