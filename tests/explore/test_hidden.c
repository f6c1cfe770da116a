// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dependencies that no object shows: what is on a run queue, where a block of
 * steps ends, how much hardware may do on its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include <check.h>
#include <glib.h>

#include "base/machine.h"
#include "base/once.h"
#include "base/rcu.h"
#include "base/spinlock.h"
#include "explore/explorer.h"

static struct machine *m;
static struct shared {
	uint64_t word;
	uint64_t pad[7];
	struct completion first, second;
	struct rw_semaphore sem;
	spinlock_t lock;
	struct rcu_head head;
	bool called;
} * sh;

static void teardown(void)
{
	machine_free(m);
}

static void make_machine(unsigned nr_cpus)
{
	const struct machine_config config = { .nr_cpus = nr_cpus,
		                               .memory_bytes = 1 << 20 };

	m = machine_new(&config);
}

static void setup(void)
{
	make_machine(3);
}

static void nothing(struct task *t)
{
	(void)t;
}

/* As after power-on, with the machine's own agents at rest. */
static void start(void)
{
	struct policy *timed = policy_timed_new();

	machine_reset(m);
	for (unsigned i = 0; i < m->nr_cpus; i++)
		task_new(m, &m->cpus[i], AGENT_TASK, "first", nothing);
	m->policy = timed;
	machine_run(m);
	policy_free(timed);
	sh = kzalloc(m, sizeof(*sh), "shared");
	init_completion(&sh->first);
	init_completion(&sh->second);
	init_rwsem(&sh->sem, LOCK_MMAP);
	spin_lock_init(&sh->lock, LOCK_PTE);
}

/* Bits of the values that the word has in the end. */
static uint64_t explore(void (*make)(void),
                        const struct explorer_options *options,
                        struct explorer_stats *stats)
{
	struct explorer *x = explorer_new(options);
	uint64_t values = 0;
	struct policy *p;

	while ((p = explorer_next(x))) {
		start();
		make();
		m->policy = p;
		p->begin(p, m);
		machine_run(m);
		if (explorer_counts(x))
			values |= BIT_ULL(sh->word);
		explorer_done(x, false);
	}
	*stats = *explorer_stats(x);
	explorer_free(x);
	return values;
}

/* ---- run queues ---- */

static void complete_first(struct task *t)
{
	(void)t;
	complete(&sh->first);
}

static void complete_second(struct task *t)
{
	(void)t;
	complete(&sh->second);
}

static void after_first(struct task *t)
{
	(void)t;
	wait_for_completion(&sh->first);
	WRITE_ONCE(sh->word, 1);
}

static void after_second(struct task *t)
{
	(void)t;
	wait_for_completion(&sh->second);
	WRITE_ONCE(sh->word, 2);
}

static struct task *wakers[2];

/* CPU 2 has something to do until both of its tasks were woken. */
static void busy(struct task *t)
{
	const struct step st = { .kind = STEP_WAIT, .label = "busy" };

	(void)t;
	gate_step(&wakers[0]->exited, 0, &st);
	gate_step(&wakers[1]->exited, 0, &st);
}

/* Both sleep before anything is explored. */
static void make_sleepers(void)
{
	struct policy *timed = policy_timed_new();
	struct task *one =
		task_new(m, &m->cpus[2], AGENT_TASK, "one", after_first);
	struct task *two =
		task_new(m, &m->cpus[2], AGENT_TASK, "two", after_second);

	one->agent->daemon = two->agent->daemon = true;
	task_new(m, &m->cpus[2], AGENT_TASK, "last", nothing);
	m->policy = timed;
	machine_run(m);
	policy_free(timed);
	one->agent->daemon = two->agent->daemon = false;
}

static void make_wakers(void)
{
	make_sleepers();
	task_new(m, &m->cpus[2], AGENT_TASK, "busy", busy);
	wakers[0] = task_new(m, &m->cpus[0], AGENT_TASK, "a", complete_first);
	wakers[1] = task_new(m, &m->cpus[1], AGENT_TASK, "b", complete_second);
}

/* The one that was woken last runs last: nothing but the queue tells. */
START_TEST(wakings_of_one_cpu_are_tried_in_both_orders)
{
	const struct explorer_options options = { .bounded = true,
		                                  .bound = (unsigned)_i };
	struct explorer_stats stats;

	ck_assert_uint_eq(explore(make_wakers, &options, &stats),
	                  BIT_ULL(1) | BIT_ULL(2));
	ck_assert(stats.exhausted);
}
END_TEST

/* ---- blocks ---- */

static void writes(struct task *t)
{
	(void)t;
	down_write(&sh->sem);
	WRITE_ONCE(sh->word, READ_ONCE(sh->word) * 2 + 1);
	up_write(&sh->sem);
	down_write(&sh->sem);
	WRITE_ONCE(sh->word, READ_ONCE(sh->word) * 2 + 1);
	up_write(&sh->sem);
}

static void doubles(struct task *t)
{
	(void)t;
	down_write(&sh->sem);
	WRITE_ONCE(sh->word, READ_ONCE(sh->word) * 3);
	up_write(&sh->sem);
}

static void make_lockers(void)
{
	task_new(m, &m->cpus[0], AGENT_TASK, "a", writes);
	task_new(m, &m->cpus[1], AGENT_TASK, "b", doubles);
}

/* x3 before, between and after two times 2x+1: 3, 7 and 9. */
START_TEST(a_block_that_ends_at_a_lock_depends_on_the_lock)
{
	const struct explorer_options options = { .bounded = true, .bound = 1 };
	struct explorer_stats stats;

	ck_assert_uint_eq(explore(make_lockers, &options, &stats),
	                  BIT_ULL(3) | BIT_ULL(7) | BIT_ULL(9));
	ck_assert(stats.exhausted);
}
END_TEST

/* ---- who waits gives the CPU away for free ---- */

static void locks_then_sets(struct task *t)
{
	(void)t;
	spin_lock(&sh->lock);
	WRITE_ONCE(sh->pad[0], 1);
	spin_unlock(&sh->lock);
	WRITE_ONCE(sh->pad[0], 2);
}

static void looks_then_locks(struct task *t)
{
	uint64_t seen = READ_ONCE(sh->pad[0]);

	(void)t;
	spin_lock(&sh->lock);
	sh->word = seen * 4 + READ_ONCE(sh->pad[0]);
	spin_unlock(&sh->lock);
}

static void make_waiter(void)
{
	task_new(m, &m->cpus[0], AGENT_TASK, "sets", locks_then_sets);
	task_new(m, &m->cpus[1], AGENT_TASK, "looks", looks_then_locks);
}

static void completes_then_sets(struct task *t)
{
	(void)t;
	WRITE_ONCE(sh->pad[0], 1);
	complete(&sh->first);
	WRITE_ONCE(sh->pad[0], 2);
}

static void looks_then_waits(struct task *t)
{
	uint64_t seen = READ_ONCE(sh->pad[0]);

	(void)t;
	wait_for_completion(&sh->first);
	sh->word = seen * 4 + READ_ONCE(sh->pad[0]);
}

static void make_completion_waiter(void)
{
	task_new(m, &m->cpus[0], AGENT_TASK, "sets", completes_then_sets);
	task_new(m, &m->cpus[1], AGENT_TASK, "looks", looks_then_waits);
}

/*
 * 0 or 1 or 2, and what came after it. The second task sees 1 and 2 with one
 * preemption only if it comes in before the unlock: then it waits for the lock
 * and the first goes on for free. After the unlock it would be two.
 */
START_TEST(a_task_that_will_wait_comes_before_the_unlock)
{
	const struct explorer_options options = { .bounded = true, .bound = 1 };
	struct explorer_stats stats;

	ck_assert_uint_eq(explore(make_waiter, &options, &stats),
	                  BIT_ULL(0 + 0) | BIT_ULL(0 + 2) | BIT_ULL(4 + 1) |
	                          BIT_ULL(4 + 2) | BIT_ULL(8 + 2));
	ck_assert(stats.exhausted);
}
END_TEST

/* Likewise before a signal; nothing ends before it. */
START_TEST(a_task_that_will_wait_comes_before_the_signal)
{
	const struct explorer_options options = { .bounded = true, .bound = 1 };
	struct explorer_stats stats;

	ck_assert_uint_eq(explore(make_completion_waiter, &options, &stats),
	                  BIT_ULL(0 + 1) | BIT_ULL(0 + 2) | BIT_ULL(4 + 1) |
	                          BIT_ULL(4 + 2) | BIT_ULL(8 + 2));
	ck_assert(stats.exhausted);
}
END_TEST

/* ---- locks taken when nobody else can move ---- */

static void twice(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 2; i++) {
		spin_lock(&sh->lock);
		WRITE_ONCE(sh->word, sh->word + 1);
		spin_unlock(&sh->lock);
	}
}

static void make_twice(void)
{
	agent_new(m, AGENT_TASK, NULL, "a", twice, NULL);
	agent_new(m, AGENT_TASK, NULL, "b", twice, NULL);
}

/* Nobody comes between an acquisition and its release: no run tries to, and
 * two sections of one and two of the other have six orders. */
START_TEST(a_lock_taken_alone_excludes_as_well)
{
	const struct explorer_options options = { 0 };
	struct explorer_stats stats;

	ck_assert_uint_eq(explore(make_twice, &options, &stats), BIT_ULL(4));
	ck_assert_uint_eq(stats.executions, 6);
	ck_assert_uint_eq(stats.blocked, 0);
}
END_TEST

/* ---- quiescent states ---- */

static void called(struct rcu_head *head)
{
	(void)head;
	WRITE_ONCE(sh->word, 40);
	sh->called = true;
}

static void calls(struct task *t)
{
	uint64_t before, after;

	(void)t;
	before = READ_ONCE(sh->word);
	after = READ_ONCE(sh->word);
	if (before == 0 && after == 1)
		call_rcu(&sh->head, called);
}

/* Between the two sections its CPU is quiescent, but for no step's time. */
static void locks_twice(struct task *t)
{
	uint64_t word;

	(void)t;
	spin_lock(&sh->lock);
	WRITE_ONCE(sh->word, 1);
	spin_unlock(&sh->lock);
	spin_lock(&sh->lock);
	word = READ_ONCE(sh->word);
	WRITE_ONCE(sh->word, word + 1);
	if (word == 1 && sh->called)
		sh->word = 22;
	spin_unlock(&sh->lock);
}

static void make_sections(void)
{
	task_new(m, &m->cpus[0], AGENT_TASK, "a", locks_twice);
	task_new(m, &m->cpus[1], AGENT_TASK, "b", calls);
}

/* The callback runs within the second section, if call_rcu() came before. */
START_TEST(a_moment_between_two_sections_is_a_quiescent_state)
{
	const struct explorer_options options = { .bounded = _i, .bound = 3 };
	struct explorer_stats stats;

	ck_assert(explore(make_sections, &options, &stats) & BIT_ULL(22));
	ck_assert(stats.exhausted);
}
END_TEST

static void reads_section(struct task *t)
{
	(void)t;
	rcu_read_lock();
	WRITE_ONCE(sh->word, 1);
	rcu_read_unlock();
}

static void calls_at_once(struct task *t)
{
	(void)t;
	call_rcu(&sh->head, called);
}

static void make_reader_and_caller(void)
{
	task_new(m, &m->cpus[0], AGENT_TASK, "a", reads_section);
	task_new(m, &m->cpus[1], AGENT_TASK, "b", calls_at_once);
}

/* The section begins before call_rcu(): its end comes before that of the grace
 * period.  Or after: then the two writes can have either order. */
START_TEST(a_grace_period_ends_after_the_sections_it_waits_for)
{
	const struct explorer_options options = { 0 };
	struct explorer_stats stats;
	uint64_t values = explore(make_reader_and_caller, &options, &stats);

	ck_assert_uint_eq(values, BIT_ULL(1) | BIT_ULL(40));
	ck_assert_uint_eq(stats.executions, 3);
	ck_assert_uint_eq(stats.blocked, 0);
}
END_TEST

/* ---- freed objects ---- */

static uint64_t (*victim)[16];
static bool used_freed;

static void note_uaf(struct observer *o, struct machine *machine,
                     const struct event *e)
{
	(void)o;
	(void)machine;
	(void)e;
	used_freed = true;
}

static void frees_later(struct rcu_head *head)
{
	(void)head;
	kfree(m, victim);
}

static void drops(struct task *t)
{
	(void)t;
	call_rcu(&sh->head, frees_later);
}

static void frees_two(struct task *t)
{
	(void)t;
	step(STEP_WRITE, mem_obj(m, &sh->pad), 8, "free", 0);
	kfree(m, kzalloc(m, 8, "other"));
	kfree(m, victim);
}

/* Without rcu_read_lock(). */
static void uses(struct task *t)
{
	(void)t;
	sh->word = READ_ONCE((*victim)[12]) + 1;
}

static void make_victim(void (*body)(struct task *t))
{
	victim = kzalloc(m, sizeof(*victim), "victim");
	task_new(m, &m->cpus[0], AGENT_TASK, "user", uses);
	task_new(m, &m->cpus[1], AGENT_TASK, "freer", body);
}

static void make_dropped(void)
{
	make_victim(drops);
}

static void make_freed(void)
{
	make_victim(frees_two);
}

/* Nothing that the steps say of themselves tells that the two could meet. */
START_TEST(what_was_freed_is_used_after_it)
{
	void (*const makers[])(void) = { make_dropped, make_freed };
	const struct explorer_options options = { .bounded = _i & 1,
		                                  .bound = 2 };
	struct observer o = { .name = "test",
		              .types = BIT_ULL(EV_OBJ_UAF),
		              .event = note_uaf };
	struct explorer_stats stats;

	used_freed = false;
	observe(m, &o);
	explore(makers[_i / 2], &options, &stats);
	unobserve(m, &o);
	ck_assert(stats.exhausted);
	ck_assert(used_freed);
}
END_TEST

/* ---- hardware on its own ---- */

static void walk(void *arg)
{
	(void)arg;
	for (;;) {
		step(STEP_LOCAL, mem_obj(m, sh), 0, "walker wakes", 0);
		m->nr_spontaneous++;
		step(STEP_RMW, mem_obj(m, &sh->word), 8, "walk", 0);
		sh->word++;
	}
}

static void reads(struct task *t)
{
	(void)t;
	WRITE_ONCE(sh->word, READ_ONCE(sh->word) + 10);
}

static void make_walker(void)
{
	struct agent *a;

	task_new(m, &m->cpus[0], AGENT_TASK, "a", reads);
	a = agent_new(m, AGENT_WALKER, &m->cpus[1], "walker", walk, NULL);
	a->daemon = true;
}

static void walk_far(void *arg)
{
	(void)arg;
	for (;;) {
		step(STEP_LOCAL, mem_obj(m, sh), 0, "walker wakes", 0);
		m->nr_spontaneous++;
		step(STEP_RMW, mem_obj(m, &sh->word), 8, "walk", 0);
		sh->word += 5;
	}
}

static void make_walkers(void)
{
	struct agent *a;

	make_walker();
	a = agent_new(m, AGENT_WALKER, &m->cpus[2], "far", walk_far, NULL);
	a->daemon = true;
}

/* Each walk adds one, unless it falls between reading and writing. */
START_TEST(hardware_does_as_much_as_it_may)
{
	const struct explorer_options options = { .limit_spontaneous = true,
		                                  .max_spontaneous =
		                                          (unsigned)_i };
	struct explorer_stats stats;
	uint64_t values = explore(make_walker, &options, &stats);

	ck_assert_uint_eq(values, (BIT_ULL(_i + 1) - 1) << 10);
	ck_assert(stats.exhausted);
	ck_assert(stats.calmed);
	ck_assert(!stats.complete);
}
END_TEST

/* 10, and what the one that may walk adds. */
START_TEST(any_walker_may_be_the_one)
{
	const struct explorer_options options = { .bounded = _i,
		                                  .limit_spontaneous = true,
		                                  .max_spontaneous = 1 };
	struct explorer_stats stats;

	ck_assert_uint_eq(explore(make_walkers, &options, &stats),
	                  BIT_ULL(10) | BIT_ULL(11) | BIT_ULL(15));
	ck_assert(stats.exhausted);
}
END_TEST

/* ---- walks between two steps of a task ---- */

/* Three entries of a table. */
static uint64_t *entry(unsigned i, enum step_kind kind, const char *label)
{
	step(kind, phys_obj(0x1000 + 64 * i), 8, label, i);
	return &sh->pad[i];
}

static void set_then_look(struct task *t)
{
	(void)t;
	*entry(0, STEP_WRITE, "set pte") = 1;
	sh->word = *entry(2, STEP_READ, "get pte");
}

static void set_other(struct task *t)
{
	(void)t;
	*entry(1, STEP_WRITE, "set pte") = 1;
}

/* Sees both, and writes what it saw: 0 to 3, and 4. */
static void walk_all(void *arg)
{
	uint64_t seen;

	(void)arg;
	step(STEP_LOCAL, mem_obj(m, sh), 0, "walker wakes", 0);
	m->nr_spontaneous++;
	seen = *entry(0, STEP_READ, "walk pmd");
	seen += *entry(1, STEP_READ, "walk pte") * 2;
	*entry(2, STEP_RMW, "walk set accessed") = 4 + seen;
}

static void make_linked(void)
{
	struct agent *a;

	task_new(m, &m->cpus[0], AGENT_TASK, "set", set_then_look);
	task_new(m, &m->cpus[1], AGENT_TASK, "other", set_other);
	a = agent_new(m, AGENT_WALKER, &m->cpus[2], "walker", walk_all, NULL);
	a->daemon = true;
}

/*
 * Nobody is preempted, but the walk comes after the first task's first step and
 * before its second. What it saw of the other's depends on who came first,
 * though these two touch nothing in common.
 */
START_TEST(a_walk_links_tasks_that_share_nothing)
{
	const struct explorer_options options = { .bounded = true,
		                                  .limit_spontaneous = true,
		                                  .max_spontaneous = 1 };
	struct explorer_stats stats;

	/* None, none of theirs, the first's, the other's, both. */
	ck_assert_uint_eq(explore(make_linked, &options, &stats),
	                  BIT_ULL(0) | BIT_ULL(4) | BIT_ULL(5) | BIT_ULL(6) |
	                          BIT_ULL(7));
	ck_assert(stats.exhausted);
}
END_TEST

/* ---- which runs come first ---- */

static void put_away(void)
{
	for (unsigned i = 0; i < 10; i++)
		WRITE_ONCE(sh->pad[0], READ_ONCE(sh->pad[0]) + 1);
}

static void looks_early(void *arg)
{
	(void)arg;
	WRITE_ONCE(sh->word, 1);
	if (READ_ONCE(sh->word) == 2)
		sh->called = true;
	put_away();
}

static void answers_early(void *arg)
{
	(void)arg;
	if (READ_ONCE(sh->word) == 1)
		WRITE_ONCE(sh->word, 2);
	WRITE_ONCE(sh->word, 0);
	put_away();
}

/* Executions until both are preempted among their first steps. */
static uint64_t time_to_early(uint64_t length)
{
	const struct explorer_options options = { .bounded = true,
		                                  .bound = 2,
		                                  .length = length };
	struct explorer *x = explorer_new(&options);
	uint64_t executions;
	struct policy *p;

	while ((p = explorer_next(x))) {
		start();
		agent_new(m, AGENT_TASK, NULL, "a", looks_early, NULL);
		agent_new(m, AGENT_TASK, NULL, "b", answers_early, NULL);
		m->policy = p;
		p->begin(p, m);
		machine_run(m);
		explorer_done(x, sh->called);
	}
	ck_assert_int_eq(explorer_stats(x)->end, EXPLORER_HAZARD);
	ck_assert_uint_eq(explorer_stats(x)->bound, 2);
	executions = explorer_stats(x)->executions;
	explorer_free(x);
	return executions;
}

START_TEST(two_early_preemptions_come_before_late_ones)
{
	uint64_t any = time_to_early(0), early = time_to_early(46);

	ck_assert_msg(early * 2 < any, "%llu executions, without: %llu",
	              (unsigned long long)early, (unsigned long long)any);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explore/hidden");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, wakings_of_one_cpu_are_tried_in_both_orders, 0,
	                    2);
	tcase_add_test(tc, a_block_that_ends_at_a_lock_depends_on_the_lock);
	tcase_add_test(tc, a_task_that_will_wait_comes_before_the_unlock);
	tcase_add_test(tc, a_task_that_will_wait_comes_before_the_signal);
	tcase_add_test(tc, a_lock_taken_alone_excludes_as_well);
	tcase_add_loop_test(
		tc, a_moment_between_two_sections_is_a_quiescent_state, 0, 2);
	tcase_add_test(tc, a_grace_period_ends_after_the_sections_it_waits_for);
	tcase_add_loop_test(tc, what_was_freed_is_used_after_it, 0, 4);
	tcase_add_loop_test(tc, hardware_does_as_much_as_it_may, 0, 3);
	tcase_add_loop_test(tc, any_walker_may_be_the_one, 0, 2);
	tcase_add_test(tc, a_walk_links_tasks_that_share_nothing);
	tcase_add_test(tc, two_early_preemptions_come_before_late_ones);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
