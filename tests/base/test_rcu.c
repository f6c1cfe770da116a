/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/base/fixture.h"

static struct machine *m;

struct object {
	uint64_t value;
	struct rcu_head rcu;
};
static struct object **slot;

static void setup(void)
{
	m = test_machine(2);
}

static void teardown(void)
{
	machine_free(m);
}

static void free_object(struct rcu_head *head)
{
	kfree(this_machine(), container_of(head, struct object, rcu));
}

static void reader(struct task *t)
{
	struct object *o;

	(void)t;
	rcu_read_lock();
	o = READ_ONCE(*slot);
	if (o)
		ck_assert_uint_eq(READ_ONCE(o->value), 7);
	rcu_read_unlock();
}

static void spinlock_reader(struct task *t)
{
	struct object *o;

	(void)t;
	preempt_disable();
	o = READ_ONCE(*slot);
	if (o)
		READ_ONCE(o->value);
	preempt_enable();
}

static void irqs_off_reader(struct task *t)
{
	struct object *o;

	(void)t;
	local_irq_disable();
	o = READ_ONCE(*slot);
	if (o)
		READ_ONCE(o->value);
	local_irq_enable();
}

static void naked_reader(struct task *t)
{
	struct object *o = READ_ONCE(*slot);

	(void)t;
	/* Long enough that some schedule fits a grace period in. */
	for (unsigned i = 0; o && i < 20; i++)
		READ_ONCE(o->value);
}

static void remove_call_rcu(struct task *t)
{
	struct object *o = READ_ONCE(*slot);

	(void)t;
	WRITE_ONCE(*slot, NULL);
	call_rcu(&o->rcu, free_object);
	rcu_barrier();
}

static void remove_sync(struct task *t)
{
	struct object *o = READ_ONCE(*slot);

	(void)t;
	WRITE_ONCE(*slot, NULL);
	synchronize_rcu();
	kfree(this_machine(), o);
}

static void remove_expedited(struct task *t)
{
	struct object *o = READ_ONCE(*slot);

	(void)t;
	WRITE_ONCE(*slot, NULL);
	synchronize_rcu_expedited();
	kfree(this_machine(), o);
}

static void (*test_reader)(struct task *);
static void (*test_remover)(struct task *);

static void one_of_each(struct machine *mm)
{
	struct object *o = kzalloc(mm, sizeof(*o), "object");

	slot = kzalloc(mm, sizeof(void *), "slot");
	o->value = 7;
	*slot = o;
	task_new(mm, &mm->cpus[0], AGENT_TASK, "reader", test_reader);
	task_new(mm, &mm->cpus[1], AGENT_TASK, "remover", test_remover);
}

static void must_end(struct machine *mm, enum run_end end)
{
	(void)mm;
	ck_assert(end == RUN_DONE || end == RUN_STOPPED);
}

static unsigned uses_after_free(void (*r)(struct task *),
                                void (*w)(struct task *))
{
	struct counter uaf;

	count_events(m, &uaf, EV_OBJ_UAF);
	test_reader = r;
	test_remover = w;
	for_random_schedules(m, 300, one_of_each, must_end);
	unobserve(m, &uaf.base);
	return uaf.count;
}

START_TEST(callbacks_wait_for_readers)
{
	ck_assert_uint_eq(uses_after_free(reader, remove_call_rcu), 0);
}
END_TEST

START_TEST(synchronize_rcu_waits_for_readers)
{
	ck_assert_uint_eq(uses_after_free(reader, remove_sync), 0);
}
END_TEST

START_TEST(an_expedited_grace_period_waits_for_readers)
{
	ck_assert_uint_eq(uses_after_free(reader, remove_expedited), 0);
}
END_TEST

START_TEST(sections_without_preemption_or_interrupts_are_readers)
{
	ck_assert_uint_eq(uses_after_free(irqs_off_reader, remove_call_rcu), 0);
	ck_assert_uint_eq(uses_after_free(spinlock_reader, remove_call_rcu), 0);
}
END_TEST

START_TEST(a_reader_without_protection_is_caught)
{
	ck_assert_uint_gt(uses_after_free(naked_reader, remove_call_rcu), 0);
	ck_assert_uint_gt(uses_after_free(naked_reader, remove_sync), 0);
}
END_TEST

static void sync_in_reader(struct task *t)
{
	(void)t;
	rcu_read_lock();
	synchronize_rcu();
}

START_TEST(waiting_for_oneself_is_reported_and_deadlocks)
{
	struct policy *timed = policy_timed_new();
	struct counter rules;

	count_events(m, &rules, EV_RULE);
	m->policy = timed;
	task_new(m, &m->cpus[0], AGENT_TASK, "t", sync_in_reader);
	ck_assert_int_eq(machine_run(m), RUN_DEADLOCK);
	ck_assert_uint_ge(rules.count, 1);
	policy_free(timed);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/rcu");
	TCase *tc = tcase_create("rcu");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, callbacks_wait_for_readers);
	tcase_add_test(tc, synchronize_rcu_waits_for_readers);
	tcase_add_test(tc, an_expedited_grace_period_waits_for_readers);
	tcase_add_test(tc,
	               sections_without_preemption_or_interrupts_are_readers);
	tcase_add_test(tc, a_reader_without_protection_is_caught);
	tcase_add_test(tc, waiting_for_oneself_is_reported_and_deadlocks);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
