/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a task may not take along when it ends or leaves the kernel. */
#include "base/rcu.h"
#include "syscalls/syscalls.h"
#include "tests/base/fixture.h"

static struct machine *m;
static struct counter rules;
static struct locks {
	spinlock_t spin, many[LOCKDEP_HELD_MAX + 1];
	struct rw_semaphore sem;
} * locks;

static void setup(void)
{
	m = test_machine(1);
	count_events(m, &rules, EV_RULE);
	locks = kzalloc(m, sizeof(*locks), "locks");
	spin_lock_init(&locks->spin, LOCK_PTE);
	init_rwsem(&locks->sem, LOCK_MMAP);
}

static void teardown(void)
{
	machine_free(m);
}

static void leave_irqs_off(struct task *t)
{
	(void)t;
	local_irq_disable();
}

static void leave_rcu(struct task *t)
{
	(void)t;
	rcu_read_lock();
}

static void leave_preempt_off(struct task *t)
{
	(void)t;
	preempt_disable();
}

static void leave_spinlock(struct task *t)
{
	(void)t;
	spin_lock(&locks->spin);
}

static void leave_read(struct task *t)
{
	(void)t;
	down_read(&locks->sem);
}

static void leave_write(struct task *t)
{
	(void)t;
	down_write(&locks->sem);
}

static void leave_nothing(struct task *t)
{
	bool flags = local_irq_save();

	(void)t;
	preempt_disable();
	rcu_read_lock();
	spin_lock(&locks->spin);
	spin_unlock(&locks->spin);
	rcu_read_unlock();
	preempt_enable();
	local_irq_restore(flags);
	down_read(&locks->sem);
	up_read(&locks->sem);
	down_write(&locks->sem);
	up_write(&locks->sem);
}

static const struct {
	void (*fn)(struct task *t);
	const char *task, *user;
} cases[] = {
	{ leave_irqs_off, "ends with interrupts off",
	  "returns to user mode with interrupts off" },
	{ leave_rcu, "ends in an RCU read section",
	  "returns to user mode in an RCU read section" },
	{ leave_preempt_off, "ends with preemption disabled",
	  "returns to user mode with preemption disabled" },
	{ leave_spinlock, "ends while it holds a lock",
	  "returns to user mode while it holds a lock" },
	{ leave_read, "ends while it holds a lock",
	  "returns to user mode while it holds a lock" },
	{ leave_write, "ends while it holds a lock",
	  "returns to user mode while it holds a lock" },
	{ leave_nothing, "", "" },
};

static void run_task(void (*fn)(struct task *t))
{
	rules.count = 0;
	rules.text[0] = 0;
	ck_assert_ptr_nonnull(task_new(m, &m->cpus[0], AGENT_KTHREAD, "k", fn));
	m->policy = policy_timed_new();
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	policy_free(m->policy);
	m->policy = NULL;
}

START_TEST(a_task_that_ends_gave_everything_back)
{
	run_task(cases[_i].fn);
	ck_assert_uint_eq(rules.count, *cases[_i].task != 0);
	ck_assert_str_eq(rules.text, cases[_i].task);
}
END_TEST

static int which;

static void return_to_user(struct task *t)
{
	cases[which].fn(t);
	lockdep_exit_check(LOCKDEP_SYS_EXIT);
	ck_assert_str_eq(rules.text, cases[which].user);
	ck_assert_uint_eq(rules.count, *cases[which].user != 0);
	/* Others can go on: only the locks are still held. */
	ck_assert(!irqs_disabled());
	ck_assert(!rcu_read_lock_held());
	ck_assert_uint_eq(this_cpu()->preempt_count, 0);
}

START_TEST(a_system_call_that_returns_gave_everything_back)
{
	which = _i;
	run_task(return_to_user);
}
END_TEST

/* As if a system call had forgotten to turn interrupts on: one that is not
 * there, for there is no kernel here. */
static void call_with_irqs_off(struct task *t)
{
	const uint64_t args[6] = { 0 };

	local_irq_disable();
	(void)syscall_kernel_ops.syscall(t, 9999, args);
	ck_assert_uint_eq(rules.count, 1);
	ck_assert_str_eq(rules.text, cases[0].user);
	(void)syscall_kernel_ops.syscall(t, 9999, args);
	ck_assert_uint_eq(rules.count, 1);
}

START_TEST(system_calls_are_looked_at_when_they_return)
{
	run_task(call_with_irqs_off);
}
END_TEST

static void take_many(struct task *t)
{
	(void)t;
	for (unsigned i = 0; i <= LOCKDEP_HELD_MAX; i++) {
		ck_assert_uint_eq(rules.count, 0);
		spin_lock_init(&locks->many[i], LOCK_CLASS_NONE);
		spin_lock(&locks->many[i]);
	}
	ck_assert_str_eq(rules.text, "holds too many locks");
}

START_TEST(too_many_locks_break_a_rule_and_nothing_else)
{
	run_task(take_many);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/lockdep");
	TCase *tc = tcase_create("exit");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_task_that_ends_gave_everything_back, 0,
	                    ARRAY_SIZE(cases));
	tcase_add_loop_test(tc, a_system_call_that_returns_gave_everything_back,
	                    0, ARRAY_SIZE(cases));
	tcase_add_test(tc, system_calls_are_looked_at_when_they_return);
	tcase_add_test(tc, too_many_locks_break_a_rule_and_nothing_else);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
