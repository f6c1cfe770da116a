// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both engines execute every scenario alike: the same choices give the same
 * steps, values and clocks, which is what the trace hash is made of.
 */
#include <check.h>
#include <stdlib.h>

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

START_TEST(both_engines_leave_the_same_trace_of_every_scenario)
{
	const struct scenario *s = g_ptr_array_index(scenarios, _i);
	const struct ast_variant *v = s->variants;

	do {
		compare_variant(s, v);
	} while (v && (v = v->next));
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
