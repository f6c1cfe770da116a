/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Complete executions per second of CPU time of the exploration: two abstract
 * agents in rounds of {lock, read and clear an entry, unlock, flush} against
 * {look up, walk, fill, use, fault}; and the first variant of scenarios, with
 * the direct engine and under Unicorn.  All of them by turns, so that what else
 * the host does meets them alike; medians of the turns.
 * Usage: bench_explore [SECONDS-EACH [FILE...]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/machine.h"
#include "base/once.h"
#include "base/spinlock.h"
#include "emu/vcpu_ops.h"
#include "explore/explorer.h"
#include "scenario/parse.h"
#include "scenario/run.h"

#define ROUNDS        5
#define TURNS         15
#define SUBJECTS_MAX  32
#define RUNS_PER_LOOK 16

/* What is searched; a search that is exhausted starts again. */
struct subject {
	const char *what, *engine;
	double wanted; /* executions a second */
	bool (*run)(struct subject *s, struct policy *p); /* true: a hazard */
	struct explorer *explorer;
	struct machine *machine;
	struct policy *timed;
	struct scenario *scenario;
	struct runner *runner;
	double rates[TURNS];
	uint64_t executions, given_up, steps;
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
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

static bool run_abstract(struct subject *s, struct policy *p)
{
	start(s->machine, s->timed);
	s->machine->policy = p;
	p->begin(p, s->machine);
	machine_run(s->machine);
	return false;
}

static void prepare_abstract(struct subject *s)
{
	const struct machine_config config = { .nr_cpus = 1,
		                               .memory_bytes = 1 << 20 };

	s->what = "two abstract agents";
	s->engine = "-";
	s->wanted = 100000;
	s->run = run_abstract;
	s->machine = machine_new(&config);
	s->timed = policy_timed_new();
}

/* ---- a scenario ---- */

static void must(bool ok, const GError *error)
{
	if (ok)
		return;
	fprintf(stderr, "bench_explore: %s\n", error->message);
	exit(EXIT_FAILURE);
}

static bool run_scenario(struct subject *s, struct policy *p)
{
	struct run_result result;
	GError *error = NULL;

	must(runner_run(s->runner, p, &result, &error), error);
	return result.nr_hazards > 0;
}

static void prepare_scenario(struct subject *s, const char *file,
                             const struct vcpu_ops *engine, double wanted)
{
	static const char *const dirs[] = { MMULATOR_SOURCE_DIR "/profiles",
		                            NULL };
	const struct run_config config = { .engine = engine,
		                           .profile_dirs = dirs };
	const char *base = strrchr(file, '/');
	GError *error = NULL;

	s->what = base ? base + 1 : file;
	s->engine = engine->name;
	s->wanted = wanted;
	s->run = run_scenario;
	s->scenario = scenario_load(file, &error);
	must(s->scenario, error);
	s->runner =
		runner_new(s->scenario, s->scenario->variants, &config, &error);
	must(s->runner, error);
}

static void finish(struct subject *s)
{
	explorer_free(s->explorer);
	runner_free(s->runner);
	scenario_free(s->scenario);
	policy_free(s->timed);
	machine_free(s->machine);
}

/* ---- measuring ---- */

/* One run of the search; its statistics are those since @before. */
static void run_once(struct subject *s)
{
	const struct explorer_options options = { .go_on = true };
	struct explorer_stats before = { 0 };
	const struct explorer_stats *now;
	struct policy *p = NULL;

	if (s->explorer) {
		before = *explorer_stats(s->explorer);
		p = explorer_next(s->explorer);
	}
	if (!p) {
		explorer_free(s->explorer);
		s->explorer = explorer_new(&options);
		p = explorer_next(s->explorer);
		before = (struct explorer_stats){ 0 };
	}
	explorer_done(s->explorer, s->run(s, p));
	now = explorer_stats(s->explorer);
	s->executions += now->executions - before.executions;
	s->given_up += now->blocked - before.blocked;
	s->steps += now->steps - before.steps;
}

static void take_turn(struct subject *s, unsigned turn, double seconds)
{
	uint64_t before = s->executions;
	double begin = now_s(), end;

	/* Asking for the time takes as long as some twenty steps. */
	do {
		for (unsigned i = 0; i < RUNS_PER_LOOK; i++)
			run_once(s);
		end = now_s();
	} while (end - begin < seconds);
	s->rates[turn] = (double)(s->executions - before) / (end - begin);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(struct subject *s)
{
	qsort(s->rates, TURNS, sizeof(s->rates[0]), by_value);
	return s->rates[TURNS / 2];
}

static void print(struct subject *subjects, unsigned nr)
{
	double first = median(&subjects[0]);

	printf("%-28s %-8s %6s %9s %13s %8s %9s %9s\n", "what", "engine",
	       "steps", "given up", "executions/s", "wanted", "of wanted",
	       "of first");
	for (unsigned i = 0; i < nr; i++) {
		struct subject *s = &subjects[i];
		double runs = (double)(s->executions + s->given_up);
		double rate = median(s);

		printf("%-28s %-8s %6.0f %7.1f %% %13.0f %8.0f %9.2f %9.3f\n",
		       s->what, s->engine, (double)s->steps / runs,
		       100. * (double)s->given_up / runs, rate, s->wanted,
		       rate / s->wanted, rate / first);
	}
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {
		MMULATOR_SOURCE_DIR "/scenarios/switch/clear-then-set.scn",
		MMULATOR_SOURCE_DIR "/scenarios/late-flush/madvise-nested.scn",
	};
	struct subject *subjects = g_new0(struct subject, SUBJECTS_MAX);
	double seconds = argc > 1 ? atof(argv[1]) : 3;
	int nr_files = argc > 2 ? argc - 2 : (int)ARRAY_SIZE(usual);
	unsigned nr = 0;

	prepare_abstract(&subjects[nr++]);
	for (int i = 0; i < nr_files && nr + 2 <= SUBJECTS_MAX; i++) {
		const char *file = argc > 2 ? argv[2 + i] : usual[i];

		prepare_scenario(&subjects[nr++], file, &vcpu_ops_direct,
		                 30000);
		prepare_scenario(&subjects[nr++], file, &vcpu_ops_unicorn,
		                 5000);
	}
	for (unsigned turn = 0; turn < TURNS; turn++) {
		for (unsigned i = 0; i < nr; i++)
			take_turn(&subjects[i], turn, seconds / TURNS);
	}
	print(subjects, nr);
	for (unsigned i = 0; i < nr; i++)
		finish(&subjects[i]);
	g_free(subjects);
	return 0;
}
