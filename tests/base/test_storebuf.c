/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Store buffers below kernel code: x86-TSO (Owens, Sarkar, Sewell 2009).  What
 * guests see is tests/scenarios/litmus.
 */
#include "base/storebuf.h"

#include "base/bug.h"
#include "tests/base/fixture.h"

#define RUNS 2000

/* Two variables of the kernel, what two tasks read, a lock. */
static struct shared {
	int x, y;
	int many[STORE_BUFFER_SIZE + 2];
	spinlock_t lock;   /* of both */
	spinlock_t own[2]; /* of one each */
	atomic_t word[2];  /* likewise */
} * sh;
static int seen[2];
static bool fence, locked, rmw;
static enum memory_model model;
static struct machine *m;

static void setup(void)
{
	m = test_machine(2);
	fence = locked = rmw = false;
	model = MEMORY_TSO;
}

static void teardown(void)
{
	machine_free(m);
}

static void add_tasks(struct machine *machine, void (*a)(struct task *t),
                      void (*b)(struct task *t))
{
	sh = kzalloc(machine, sizeof(*sh), "shared");
	spin_lock_init(&sh->lock, LOCK_TEST_A);
	spin_lock_init(&sh->own[0], LOCK_TEST_A);
	spin_lock_init(&sh->own[1], LOCK_TEST_A);
	ck_assert(storebuf_start(machine, model));
	task_new(machine, &machine->cpus[0], AGENT_TASK, "a", a);
	if (b)
		task_new(machine, &machine->cpus[1], AGENT_TASK, "b", b);
}

/* ---- store buffering in the kernel ---- */

static void order(void)
{
	if (fence)
		smp_mb();
	if (locked) {
		spin_lock(&sh->own[smp_processor_id()]);
		spin_unlock(&sh->own[smp_processor_id()]);
	}
	if (rmw)
		atomic_inc(&sh->word[smp_processor_id()]);
}

static void store_x(struct task *t)
{
	(void)t;
	WRITE_ONCE(sh->x, 1);
	order();
	seen[0] = READ_ONCE(sh->y);
}

static void store_y(struct task *t)
{
	(void)t;
	WRITE_ONCE(sh->y, 1);
	order();
	seen[1] = READ_ONCE(sh->x);
}

static unsigned nr_reordered;

static void sb_setup(struct machine *machine)
{
	add_tasks(machine, store_x, store_y);
}

static void sb_finish(struct machine *machine, enum run_end end)
{
	(void)machine;
	ck_assert_int_eq(end, RUN_DONE);
	nr_reordered += !seen[0] && !seen[1];
	/* Whoever ended has his stores in memory. */
	ck_assert_int_eq(sh->x, 1);
	ck_assert_int_eq(sh->y, 1);
}

static unsigned reordered(void)
{
	nr_reordered = 0;
	for_random_schedules(m, RUNS, sb_setup, sb_finish);
	return nr_reordered;
}

START_TEST(a_later_load_overtakes_a_store)
{
	ck_assert_uint_gt(reordered(), 0);
}
END_TEST

START_TEST(not_across_a_full_barrier)
{
	fence = true;
	ck_assert_uint_eq(reordered(), 0);
}
END_TEST

START_TEST(not_across_a_lock)
{
	locked = true;
	ck_assert_uint_eq(reordered(), 0);
}
END_TEST

START_TEST(not_across_a_locked_instruction)
{
	rmw = true;
	ck_assert_uint_eq(reordered(), 0);
}
END_TEST

/* ---- a lock is free when its unlock is in memory, after what it guards ----
 */

static void count_up(struct task *t)
{
	(void)t;
	for (unsigned i = 0; i < 3; i++) {
		spin_lock(&sh->lock);
		WRITE_ONCE(sh->x, READ_ONCE(sh->x) + 1);
		spin_unlock(&sh->lock);
	}
}

static void lock_setup(struct machine *machine)
{
	add_tasks(machine, count_up, count_up);
}

static void lock_finish(struct machine *machine, enum run_end end)
{
	(void)machine;
	ck_assert_int_eq(end, RUN_DONE);
	ck_assert_int_eq(sh->x, 6);
}

START_TEST(locks_still_exclude)
{
	for_random_schedules(m, RUNS, lock_setup, lock_finish);
}
END_TEST

/* ---- alone ---- */

static void run_alone(void (*fn)(struct task *t))
{
	struct policy *timed = policy_timed_new();

	m->policy = timed;
	add_tasks(m, fn, NULL);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	policy_free(timed);
}

static void fill(struct task *t)
{
	(void)t;
	BUG_ON(!sh);
	for (int i = 0; i < (int)ARRAY_SIZE(sh->many); i++)
		WRITE_ONCE(sh->many[i], i + 1);
	/* The oldest are in memory: there was no room for all. */
	ck_assert_int_eq(sh->many[0], 1);
	ck_assert_uint_le(storebuf_of_current()->nr, STORE_BUFFER_SIZE);
}

START_TEST(a_full_buffer_makes_room)
{
	run_alone(fill);
	for (int i = 0; i < (int)ARRAY_SIZE(sh->many); i++)
		ck_assert_int_eq(sh->many[i], i + 1);
}
END_TEST

static void forward(struct task *t)
{
	uint64_t value = 0;
	struct store_buffer *sb = storebuf_of_current();

	(void)t;
	smp_mb();
	WRITE_ONCE(sh->x, 0x11223344);
	WRITE_ONCE(sh->x, 0x55667788);
	ck_assert_int_eq(this_cpu_read(sh->x), 0x55667788);
	ck_assert_int_eq(storebuf_match(sb, mem_obj(m, &sh->x) + 1, 2, &value),
	                 STOREBUF_FORWARD);
	ck_assert_uint_eq(value, 0x6677);
	ck_assert_int_eq(storebuf_match(sb, mem_obj(m, &sh->x), 8, &value),
	                 STOREBUF_PARTIAL);
	ck_assert_int_eq(storebuf_match(sb, mem_obj(m, &sh->y), 4, &value),
	                 STOREBUF_NONE);
}

/* Nobody drains: the policy lets the task go on as long as it can. */
static unsigned stay(struct policy *p, struct machine *machine,
                     const struct choice *c)
{
	unsigned pick = 0;

	(void)p;
	for (uint64_t left = c->agents; left; left &= left - 1, pick++) {
		const struct agent *a = machine->agents[__builtin_ctzll(left)];

		if (a->kind != AGENT_STORE_BUFFER)
			return pick;
	}
	return 0;
}

START_TEST(the_youngest_store_is_forwarded)
{
	struct policy policy = { .name = "stay", .pick = stay };

	m->policy = &policy;
	add_tasks(m, forward, NULL);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
}
END_TEST

/* ---- weak: message passing in the kernel ---- */

enum order {
	ORDER_NONE,
	ORDER_WMB,
	ORDER_RELEASE
};
static enum order between;

static void send(struct task *t)
{
	(void)t;
	WRITE_ONCE(sh->x, 1);
	if (between == ORDER_WMB)
		smp_wmb();
	if (between == ORDER_RELEASE)
		smp_store_release(&sh->y, 1);
	else
		WRITE_ONCE(sh->y, 1);
}

static void receive(struct task *t)
{
	(void)t;
	seen[0] = smp_load_acquire(&sh->y);
	seen[1] = READ_ONCE(sh->x);
}

static void mp_setup(struct machine *machine)
{
	add_tasks(machine, send, receive);
}

static void mp_finish(struct machine *machine, enum run_end end)
{
	(void)machine;
	ck_assert_int_eq(end, RUN_DONE);
	nr_reordered += seen[0] && !seen[1];
	ck_assert_int_eq(sh->x, 1);
}

static unsigned messages_without_content(enum order order_)
{
	between = order_;
	model = MEMORY_WEAK;
	nr_reordered = 0;
	for_random_schedules(m, RUNS, mp_setup, mp_finish);
	return nr_reordered;
}

START_TEST(weak_a_store_overtakes_an_older_one)
{
	ck_assert_uint_gt(messages_without_content(ORDER_NONE), 0);
}
END_TEST

START_TEST(weak_not_across_smp_wmb)
{
	ck_assert_uint_eq(messages_without_content(ORDER_WMB), 0);
}
END_TEST

START_TEST(weak_a_store_release_comes_last)
{
	ck_assert_uint_eq(messages_without_content(ORDER_RELEASE), 0);
}
END_TEST

static void twice(struct task *t)
{
	(void)t;
	WRITE_ONCE(sh->x, 1);
	WRITE_ONCE(sh->x, 2);
}

static void twice_setup(struct machine *machine)
{
	add_tasks(machine, twice, NULL);
}

static void twice_finish(struct machine *machine, enum run_end end)
{
	(void)machine;
	ck_assert_int_eq(end, RUN_DONE);
	ck_assert_int_eq(sh->x, 2);
}

START_TEST(weak_stores_to_one_place_stay_in_order)
{
	model = MEMORY_WEAK;
	for_random_schedules(m, RUNS, twice_setup, twice_finish);
}
END_TEST

START_TEST(weak_barriers_and_locks_do_as_before)
{
	model = MEMORY_WEAK;
	ck_assert_uint_gt(reordered(), 0);
	fence = true;
	ck_assert_uint_eq(reordered(), 0);
	for_random_schedules(m, RUNS, lock_setup, lock_finish);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/storebuf");
	TCase *tc = tcase_create("storebuf");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_later_load_overtakes_a_store);
	tcase_add_test(tc, not_across_a_full_barrier);
	tcase_add_test(tc, not_across_a_lock);
	tcase_add_test(tc, not_across_a_locked_instruction);
	tcase_add_test(tc, locks_still_exclude);
	tcase_add_test(tc, a_full_buffer_makes_room);
	tcase_add_test(tc, the_youngest_store_is_forwarded);
	tcase_add_test(tc, weak_a_store_overtakes_an_older_one);
	tcase_add_test(tc, weak_not_across_smp_wmb);
	tcase_add_test(tc, weak_a_store_release_comes_last);
	tcase_add_test(tc, weak_stores_to_one_place_stay_in_order);
	tcase_add_test(tc, weak_barriers_and_locks_do_as_before);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
