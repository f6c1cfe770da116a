/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/base/fixture.h"

static struct machine *m;

/* What the agents of these tests share. */
struct shared {
	spinlock_t lock, lock2;
	struct rw_semaphore sem;
	uint64_t word;
	unsigned inside;
	struct completion done;
};
static struct shared *sh;

static void setup(void)
{
	m = test_machine(2);
}

static void teardown(void)
{
	machine_free(m);
}

static void new_shared(void)
{
	sh = kzalloc(m, sizeof(*sh), "shared");
	spin_lock_init(&sh->lock, LOCK_TEST_A);
	spin_lock_init(&sh->lock2, LOCK_TEST_B);
	init_rwsem(&sh->sem, LOCK_MMAP);
	init_completion(&sh->done);
}

static void add_task(unsigned cpu, const char *name, void (*fn)(struct task *))
{
	ck_assert_ptr_nonnull(task_new(m, &m->cpus[cpu], AGENT_TASK, name, fn));
}

/* ---- races are possible, and locks prevent them ---- */

static void racy_increment(struct task *t)
{
	(void)t;
	WRITE_ONCE(sh->word, READ_ONCE(sh->word) + 1);
}

static void two_racy(struct machine *mm)
{
	(void)mm;
	new_shared();
	add_task(0, "a", racy_increment);
	add_task(1, "b", racy_increment);
}

static unsigned seen[3];

static void see_word(struct machine *mm, enum run_end end)
{
	(void)mm;
	ck_assert_int_eq(end, RUN_DONE);
	ck_assert_uint_le(sh->word, 2);
	seen[sh->word]++;
}

START_TEST(an_unlocked_increment_can_be_lost)
{
	memset(seen, 0, sizeof(seen));
	for_random_schedules(m, 200, two_racy, see_word);
	ck_assert_uint_gt(seen[1], 0);
	ck_assert_uint_gt(seen[2], 0);
}
END_TEST

static void locked_increment(struct task *t)
{
	spin_lock(&sh->lock);
	ck_assert_uint_eq(sh->inside++, 0);
	racy_increment(t);
	ck_assert_uint_eq(--sh->inside, 0);
	spin_unlock(&sh->lock);
}

static void two_locked(struct machine *mm)
{
	(void)mm;
	new_shared();
	add_task(0, "a", locked_increment);
	add_task(1, "b", locked_increment);
}

START_TEST(a_spinlock_excludes)
{
	memset(seen, 0, sizeof(seen));
	for_random_schedules(m, 200, two_locked, see_word);
	ck_assert_uint_eq(seen[2], 200);
}
END_TEST

static void rw_writer(struct task *t)
{
	down_write(&sh->sem);
	ck_assert_uint_eq(sh->inside, 0);
	racy_increment(t);
	downgrade_write(&sh->sem);
	up_read(&sh->sem);
}

static void rw_reader(struct task *t)
{
	uint64_t before;

	(void)t;
	down_read(&sh->sem);
	sh->inside++;
	before = READ_ONCE(sh->word);
	ck_assert_uint_eq(READ_ONCE(sh->word), before);
	sh->inside--;
	up_read(&sh->sem);
}

static void two_writers_two_readers(struct machine *mm)
{
	(void)mm;
	new_shared();
	/* Two on one CPU: a sleeper must give the CPU to the other. */
	add_task(0, "w1", rw_writer);
	add_task(0, "r1", rw_reader);
	add_task(1, "w2", rw_writer);
	add_task(1, "r2", rw_reader);
}

START_TEST(an_rwsem_excludes_writers_and_sleeps)
{
	memset(seen, 0, sizeof(seen));
	for_random_schedules(m, 300, two_writers_two_readers, see_word);
	ck_assert_uint_eq(seen[2], 300);
}
END_TEST

static void ab(struct task *t)
{
	(void)t;
	spin_lock(&sh->lock);
	spin_lock(&sh->lock2);
	spin_unlock(&sh->lock2);
	spin_unlock(&sh->lock);
}

static void ba(struct task *t)
{
	(void)t;
	spin_lock(&sh->lock2);
	spin_lock(&sh->lock);
	spin_unlock(&sh->lock);
	spin_unlock(&sh->lock2);
}

static void abba(struct machine *mm)
{
	(void)mm;
	new_shared();
	add_task(0, "ab", ab);
	add_task(1, "ba", ba);
}

static unsigned deadlocks;

static void count_deadlock(struct machine *mm, enum run_end end)
{
	(void)mm;
	deadlocks += end == RUN_DEADLOCK;
}

START_TEST(opposite_lock_orders_can_deadlock_and_are_reported_always)
{
	struct counter rules;

	count_events(m, &rules, EV_RULE);
	deadlocks = 0;
	for_random_schedules(m, 100, abba, count_deadlock);
	ck_assert_uint_gt(deadlocks, 0);
	ck_assert_uint_lt(deadlocks, 100);
	ck_assert_uint_eq(rules.count, 100);
	ck_assert_str_eq(rules.text, "lock order inversion");
}
END_TEST

/* ---- one run is one list of choices ---- */

START_TEST(a_replayed_log_gives_the_same_trace)
{
	struct policy *random = policy_random_new(42), *replay;
	struct choice_log *log;
	uint64_t hash, steps;
	char *text;

	m->policy = random;
	two_writers_two_readers(m);
	random->begin(random, m);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	hash = m->sched.hash;
	steps = m->sched.nr_steps;
	text = choice_log_format(m->log);
	log = choice_log_parse(text, strlen(text), NULL);
	ck_assert_ptr_nonnull(log);

	machine_reset(m);
	replay = policy_replay_new(log);
	m->policy = replay;
	two_writers_two_readers(m);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	ck_assert_uint_eq(m->sched.hash, hash);
	ck_assert_uint_eq(m->sched.nr_steps, steps);

	policy_free(random);
	policy_free(replay);
	choice_log_free(log);
	g_free(text);
}
END_TEST

START_TEST(a_log_of_another_program_is_refused)
{
	struct choice_log *log = choice_log_new();
	struct policy *replay = policy_replay_new(log);

	choice_log_add(log, CHOICE_AGENT, 7, 6);
	m->policy = replay;
	two_racy(m);
	ck_assert_int_eq(machine_run(m), RUN_STOPPED);
	ck_assert(g_error_matches(replay->error, POLICY_ERROR,
	                          POLICY_ERROR_REPLAY));
	policy_free(replay);
	choice_log_free(log);
}
END_TEST

START_TEST(a_schedule_pins_the_lost_update)
{
	static const struct script_line lines[] = {
		{ "a", SCRIPT_AFTER, "read sh->word", false, 0, 1, 1, 1 },
		{ "b", SCRIPT_TO_END, NULL, false, 0, 0, 2, 1 },
	};
	struct policy *script = policy_script_new(lines, 2, false);

	m->policy = script;
	two_racy(m);
	script->begin(script, m);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	ck_assert_ptr_null(script->error);
	ck_assert_uint_eq(sh->word, 1);
	policy_free(script);
}
END_TEST

START_TEST(a_schedule_whose_label_never_comes_is_an_error)
{
	static const struct script_line lines[] = {
		{ "a", SCRIPT_AFTER, "no such step", false, 0, 1, 7, 3 },
	};
	struct policy *script = policy_script_new(lines, 1, false);

	m->policy = script;
	two_racy(m);
	ck_assert_int_eq(machine_run(m), RUN_STOPPED);
	ck_assert_str_eq(script->error->message,
	                 "a ended before its step: no such step");
	ck_assert_uint_eq(script->error_line, 7);
	ck_assert_uint_eq(script->error_column, 3);
	policy_free(script);
}
END_TEST

/* ---- cross calls ---- */

static void bump(void *info)
{
	uint64_t *word = info;

	ck_assert_uint_eq(this_cpu()->irq_depth, 1);
	RMW_ONCE_AT(*word, old + 1, "bump", 0);
}

static void caller(struct task *t)
{
	(void)t;
	smp_call_function_many(~UINT64_C(0) >> 62, bump, &sh->word, true);
	/* Waited: both others have run it. */
	ck_assert_uint_ge(READ_ONCE(sh->word), 1);
}

static void two_callers(struct machine *mm)
{
	(void)mm;
	new_shared();
	add_task(0, "a", caller);
	add_task(1, "b", caller);
}

static void word_is_two(struct machine *mm, enum run_end end)
{
	(void)mm;
	ck_assert_int_eq(end, RUN_DONE);
	ck_assert_uint_eq(sh->word, 2);
}

START_TEST(cross_calls_reach_each_other_and_are_waited_for)
{
	for_random_schedules(m, 200, two_callers, word_is_two);
}
END_TEST

static void deaf(struct task *t)
{
	(void)t;
	local_irq_disable();
	spin_lock(&sh->lock);
	spin_unlock(&sh->lock);
	local_irq_enable();
}

static void calls_under_lock(struct task *t)
{
	(void)t;
	spin_lock(&sh->lock);
	smp_call_function_many(2, bump, &sh->word, true);
	spin_unlock(&sh->lock);
}

static void shootdown_against_deaf(struct machine *mm)
{
	(void)mm;
	new_shared();
	add_task(0, "caller", calls_under_lock);
	add_task(1, "deaf", deaf);
}

START_TEST(a_cpu_that_spins_with_interrupts_off_deadlocks_a_shootdown)
{
	deadlocks = 0;
	for_random_schedules(m, 100, shootdown_against_deaf, count_deadlock);
	ck_assert_uint_gt(deadlocks, 0);
	ck_assert_uint_lt(deadlocks, 100);
}
END_TEST

/* ---- pausing a run ---- */

/* Random, but every question is put off once. */
struct hesitant {
	struct policy base;
	struct policy *random;
	bool asked;
	unsigned nr_asked, nr_alone;
};

static unsigned hesitant_pick(struct policy *p, struct machine *mm,
                              const struct choice *c)
{
	struct hesitant *h = (struct hesitant *)(void *)p;

	h->asked = !h->asked;
	if (h->asked)
		return POLICY_LATER;
	h->nr_asked++;
	h->nr_alone += c->n == 1;
	return c->n == 1 ? 0 : h->random->pick(h->random, mm, c);
}

static void three_choosers(struct task *t)
{
	(void)t;
	for (unsigned i = 0; i < 3; i++) {
		WRITE_ONCE(sh->word, choose(CHOICE_OTHER, 5, OBJ_NONE, "five"));
		spin_lock(&sh->lock);
		spin_unlock(&sh->lock);
	}
}

static void two_choosers(void)
{
	new_shared();
	add_task(0, "a", three_choosers);
	add_task(1, "b", three_choosers);
}

START_TEST(a_run_that_pauses_is_the_same_run)
{
	struct hesitant h = { .base = { .pick = hesitant_pick,
		                        .attentive = true },
		              .random = policy_random_new(_i) };
	unsigned nr_entries, nr_pauses = 0;
	uint64_t hash, steps;

	m->policy = h.random;
	two_choosers();
	h.random->begin(h.random, m);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	hash = m->sched.hash;
	steps = m->sched.nr_steps;
	nr_entries = m->log->nr_entries;

	machine_reset(m);
	m->policy = &h.base;
	two_choosers();
	policy_random_set_run(h.random, 0);
	h.random->begin(h.random, m);
	while (machine_run(m) == RUN_PAUSED)
		nr_pauses++;
	ck_assert_int_eq(m->end, RUN_DONE);
	ck_assert_uint_eq(m->sched.hash, hash);
	ck_assert_uint_eq(m->log->nr_entries, nr_entries);
	ck_assert_uint_eq(nr_pauses, h.nr_asked);
	/* Asked before every step and start, and what the steps ask. */
	ck_assert_uint_ge(h.nr_asked, steps + 6);
	ck_assert_uint_eq(h.nr_asked - h.nr_alone, nr_entries);
	ck_assert_uint_gt(h.nr_alone, 0);
	policy_free(h.random);
}
END_TEST

START_TEST(a_paused_run_can_be_abandoned)
{
	struct hesitant h = { .base = { .pick = hesitant_pick },
		              .random = policy_random_new(1) };
	struct policy *timed = policy_timed_new();

	m->policy = &h.base;
	two_choosers();
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(machine_run(m), RUN_PAUSED);
	machine_reset(m);
	m->policy = timed;
	two_choosers();
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	policy_free(timed);
	policy_free(h.random);
}
END_TEST

/* ---- abandoning a run ---- */

START_TEST(a_capped_run_can_be_abandoned_and_the_machine_reused)
{
	struct policy *timed = policy_timed_new();

	m->policy = timed;
	two_writers_two_readers(m);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	for (uint64_t cap = m->sched.nr_steps - 1; cap > 0; cap--) {
		machine_reset(m);
		m->caps.steps = cap;
		two_writers_two_readers(m);
		ck_assert_int_eq(machine_run(m), RUN_STEP_CAP);
		ck_assert_uint_eq(m->sched.nr_steps, cap);
	}
	policy_free(timed);
}
END_TEST

START_TEST(a_use_after_free_is_seen_and_stops_the_run)
{
	struct policy *timed = policy_timed_new();
	struct counter uaf;

	count_events(m, &uaf, EV_OBJ_UAF);
	m->policy = timed;
	two_racy(m);
	ck_assert_uint_eq(uaf.count, 0);
	kfree(m, sh);
	ck_assert_int_eq(machine_run(m), RUN_STOPPED);
	ck_assert_uint_eq(uaf.count, 1);
	ck_assert_str_eq(uaf.text, "shared");
	policy_free(timed);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/sched");
	TCase *tc = tcase_create("steps");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_unlocked_increment_can_be_lost);
	tcase_add_test(tc, a_spinlock_excludes);
	tcase_add_test(tc, an_rwsem_excludes_writers_and_sleeps);
	tcase_add_test(
		tc, opposite_lock_orders_can_deadlock_and_are_reported_always);
	tcase_add_test(tc, a_replayed_log_gives_the_same_trace);
	tcase_add_test(tc, a_log_of_another_program_is_refused);
	tcase_add_test(tc, a_schedule_pins_the_lost_update);
	tcase_add_test(tc, a_schedule_whose_label_never_comes_is_an_error);
	tcase_add_test(tc, cross_calls_reach_each_other_and_are_waited_for);
	tcase_add_test(
		tc, a_cpu_that_spins_with_interrupts_off_deadlocks_a_shootdown);
	tcase_add_loop_test(tc, a_run_that_pauses_is_the_same_run, 0, 10);
	tcase_add_test(tc, a_paused_run_can_be_abandoned);
	tcase_add_test(tc,
	               a_capped_run_can_be_abandoned_and_the_machine_reused);
	tcase_add_test(tc, a_use_after_free_is_seen_and_stops_the_run);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
