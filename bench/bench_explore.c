/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Complete executions per second of CPU time of the exploration: two abstract
 * agents in rounds of {lock, read and clear an entry, unlock, flush} against
 * {look up, walk, fill, use, fault}; and, with a file, a scenario's first
 * variant with the direct engine.
 * Usage: bench_explore [SECONDS [FILE...]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/machine.h"
#include "base/once.h"
#include "base/spinlock.h"
#include "emu/vcpu_ops.h"
#include "explore/explorer.h"
#include "scenario/parse.h"
#include "scenario/run.h"

#define ROUNDS 5

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static bool time_is_up(void *data)
{
	return now_s() > *(const double *)data;
}

static void print(const char *what, const struct explorer_stats *s,
                  double seconds)
{
	printf("%-40s %9.0f executions/s  %8.0f runs/s  %5.1f steps  "
	       "%4.1f %% given up  %s\n",
	       what, (double)s->executions / seconds,
	       (double)(s->executions + s->blocked) / seconds,
	       (double)s->steps / (double)(s->executions + s->blocked),
	       100. * (double)s->blocked / (double)(s->executions + s->blocked),
	       explorer_end_name(s->end));
}

/* ---- abstract agents ---- */

struct shared {
	spinlock_t ptl;
	uint64_t entry, tlb, frame;
};

static void unmapper(void *arg)
{
	struct shared *s = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t entry;

		spin_lock(&s->ptl);
		entry = READ_ONCE_AT(s->entry, "read entry", 0);
		if (entry)
			WRITE_ONCE_AT(s->entry, 0, "clear entry", 0);
		spin_unlock(&s->ptl);
		WRITE_ONCE_AT(s->tlb, 0, "flush", 0);
	}
}

static void user(void *arg)
{
	struct shared *s = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t entry = READ_ONCE_AT(s->tlb, "look up", 0);

		if (!entry) {
			entry = READ_ONCE_AT(s->entry, "walk", 0);
			if (entry)
				WRITE_ONCE_AT(s->tlb, entry, "fill", 0);
		}
		if (entry) {
			READ_ONCE_AT(s->frame, "use", 0);
			continue;
		}
		spin_lock(&s->ptl);
		WRITE_ONCE_AT(s->entry, i + 1, "fault", 0);
		spin_unlock(&s->ptl);
	}
}

static void nothing(void *arg)
{
	(void)arg;
}

static void start(struct machine *m, struct policy *timed)
{
	struct shared *s;

	machine_reset(m);
	agent_new(m, AGENT_TASK, NULL, "first", nothing, NULL);
	m->policy = timed;
	machine_run(m);
	choice_log_clear(m->log);
	s = kzalloc(m, sizeof(*s), "shared");
	spin_lock_init(&s->ptl, LOCK_PTE);
	s->entry = 1;
	agent_new(m, AGENT_TASK, NULL, "unmapper", unmapper, s);
	agent_new(m, AGENT_TASK, NULL, "user", user, s);
}

static void bench_abstract(double seconds)
{
	struct machine_config config = { .nr_cpus = 1,
		                         .memory_bytes = 1 << 20 };
	double begin = now_s(), deadline = begin + seconds;
	struct explorer_options options = { .time_is_up = time_is_up,
		                            .data = &deadline,
		                            .go_on = true };
	struct explorer *x = explorer_new(&options);
	struct machine *m = machine_new(&config);
	struct policy *timed = policy_timed_new(), *p;

	while ((p = explorer_next(x))) {
		start(m, timed);
		m->policy = p;
		p->begin(p, m);
		machine_run(m);
		explorer_done(x, false);
	}
	print("abstract agents", explorer_stats(x), now_s() - begin);
	explorer_free(x);
	policy_free(timed);
	machine_free(m);
}

/* ---- a scenario ---- */

static void must(bool ok, const GError *error)
{
	if (ok)
		return;
	fprintf(stderr, "bench_explore: %s\n", error->message);
	exit(EXIT_FAILURE);
}

static void bench_scenario(const char *file, double seconds)
{
	static const char *const dirs[] = { MMULATOR_SOURCE_DIR "/profiles",
		                            NULL };
	struct run_config config = { .engine = &vcpu_ops_direct,
		                     .profile_dirs = dirs };
	GError *error = NULL;
	struct scenario *s = scenario_load(file, &error);
	double begin = now_s(), deadline = begin + seconds;
	struct explorer_options options = { .time_is_up = time_is_up,
		                            .data = &deadline,
		                            .go_on = true };
	struct explorer *x = explorer_new(&options);
	struct run_result result;
	struct policy *p;
	struct runner *r;

	must(s, error);
	r = runner_new(s, s->variants, &config, &error);
	must(r, error);
	while ((p = explorer_next(x))) {
		must(runner_run(r, p, &result, &error), error);
		explorer_done(x, result.nr_hazards > 0);
	}
	print(file, explorer_stats(x), now_s() - begin);
	explorer_free(x);
	runner_free(r);
	scenario_free(s);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 3;

	bench_abstract(seconds);
	for (int i = 2; i < argc; i++)
		bench_scenario(argv[i], seconds);
	return 0;
}
