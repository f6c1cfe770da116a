/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 10,000 random schedules of a scenario's first variant, with the direct engine
 * and under Unicorn, in one process: seconds of CPU time, and Unicorn as a
 * ratio of direct. Usage: bench_schedules [FILE [RUNS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "emu/vcpu_ops.h"
#include "scenario/parse.h"
#include "scenario/run.h"

static double now_s(void)
{
	struct timespec ts;

	/* Others on this host are not to be counted. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void must(bool ok, const GError *error)
{
	if (ok)
		return;
	fprintf(stderr, "bench_schedules: %s\n", error->message);
	exit(EXIT_FAILURE);
}

/* Seconds for @runs schedules; how many found a hazard in *@hits. */
static double time_engine(const struct scenario *s,
                          const struct vcpu_ops *engine, unsigned runs,
                          unsigned *hits, uint64_t *steps)
{
	static const char *const dirs[] = { MMULATOR_SOURCE_DIR "/profiles",
		                            NULL };
	struct run_config config = { .engine = engine, .profile_dirs = dirs };
	const struct ast_variant *v = s->variants;
	struct policy *policy = policy_random_new(1);
	struct run_result result;
	GError *error = NULL;
	struct runner *r = runner_new(s, v, &config, &error);
	double start;

	must(r, error);
	*hits = 0;
	*steps = 0;
	start = now_s();
	for (unsigned i = 0; i < runs; i++) {
		must(runner_run(r, policy, &result, &error), error);
		*hits += result.nr_hazards > 0;
		*steps += result.steps;
	}
	start = now_s() - start;
	runner_free(r);
	policy_free(policy);
	return start;
}

int main(int argc, char **argv)
{
	const char *file = argc > 1 ? argv[1]
	                            : MMULATOR_SOURCE_DIR
	                           "/scenarios/pt-reclaim/size-mix.scn";
	unsigned runs = argc > 2 ? (unsigned)atoi(argv[2]) : 10000;
	const struct vcpu_ops *const engines[] = { &vcpu_ops_direct,
		                                   &vcpu_ops_unicorn };
	GError *error = NULL;
	struct scenario *s = scenario_load(file, &error);
	double seconds[2];

	must(s, error);
	printf("%u random schedules of %s\n", runs, file);
	for (unsigned i = 0; i < 2; i++) {
		unsigned hits;
		uint64_t steps;

		seconds[i] = time_engine(s, engines[i], runs, &hits, &steps);
		printf("%-8s %6.2f s  %6.0f steps a run  %u with a hazard\n",
		       engines[i]->name, seconds[i], (double)steps / runs,
		       hits);
	}
	printf("unicorn/direct %.2f\n", seconds[1] / seconds[0]);
	scenario_free(s);
	return 0;
}
