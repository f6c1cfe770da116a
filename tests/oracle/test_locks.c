/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lock-rule, rcu-uaf and deadlock, the last on machines that really run. */
#include "base/once.h"
#include "base/rcu.h"
#include "base/spinlock.h"
#include "tests/oracle/stage.h"

static struct stage *s;

static void setup(void)
{
	s = stage_new(false);
}

static void teardown(void)
{
	stage_free(s);
}

START_TEST(a_broken_rule_is_reported_with_its_text)
{
	act(s, 1);
	emit(s->m, EV_RULE, .a = LOCK_PTE, .b = LOCK_PMD,
	     .text = "lock order inversion");
	ck_assert_str_eq(the_hazard(s, ORACLE_LOCK_RULE)->text,
	                 "CPU1 (one): lock order inversion (pte lock, then pmd "
	                 "lock)");
}
END_TEST

START_TEST(a_rule_about_tables_is_a_bad_table)
{
	act(s, 1);
	emit(s->m, EV_RULE, .text = "bad pmd: neither a table nor a huge page");
	the_hazard(s, ORACLE_BAD_TABLE);
}
END_TEST

START_TEST(taking_and_releasing_a_lock_is_fine)
{
	act(s, 0);
	emit(s->m, EV_LOCK, .a = LOCK_ACQUIRED, .text = "pte lock");
	emit(s->m, EV_LOCK, .a = LOCK_RELEASED, .text = "pte lock");
	expect_quiet(s);
}
END_TEST

START_TEST(a_use_of_a_freed_object_is_reported)
{
	act(s, 1);
	emit(s->m, EV_OBJ_FREE, .addr = 0x1000, .a = 64, .text = "ptlock");
	expect_quiet(s);
	emit(s->m, EV_OBJ_UAF, .addr = 0x1000, .a = 3, .b = s->agent[2]->id,
	     .text = "ptlock");
	ck_assert_str_eq(the_hazard(s, ORACLE_RCU_UAF)->text,
	                 "CPU1 (one) used ptlock after CPU2 (two) had freed "
	                 "it");
}
END_TEST

START_TEST(a_double_free_of_an_object_is_reported)
{
	act(s, 1);
	emit(s->m, EV_OBJ_BAD_FREE, .addr = 0x1000, .text = "ptlock");
	the_hazard(s, ORACLE_RCU_UAF);
}
END_TEST

START_TEST(an_object_that_is_made_and_freed_is_fine)
{
	act(s, 1);
	emit(s->m, EV_OBJ_ALLOC, .addr = 0x1000, .a = 64, .text = "ptlock");
	emit(s->m, EV_OBJ_FREE, .addr = 0x1000, .a = 64, .text = "ptlock");
	expect_quiet(s);
}
END_TEST

/* The same on a machine that runs: a reader in time, and one too late. */
struct shared {
	struct rcu_head rcu;
	int value;
};

static struct machine *rcu_machine;

static void free_shared(struct rcu_head *head)
{
	kfree(rcu_machine, head);
}

static void read_shared(void *arg)
{
	struct shared *o = arg;

	rcu_read_lock();
	for (unsigned i = 0; i < 3; i++)
		(void)READ_ONCE_AT(o->value, "read shared", 0);
	rcu_read_unlock();
}

static void read_unprotected(void *arg)
{
	struct shared *o = arg;

	for (unsigned i = 0; i < 3; i++)
		(void)READ_ONCE_AT(o->value, "read shared", 0);
}

static void free_rcu(void *arg)
{
	call_rcu(&((struct shared *)arg)->rcu, free_shared);
}

/* What fires when @reader, half way, waits for everybody else. */
static uint32_t run_reader(void (*reader)(void *arg))
{
	static const struct script_line lines[] = {
		{ .agent = "reader",
		  .until = SCRIPT_AFTER,
		  .label = "read shared",
		  .count = 1 },
		{ .agent = "freer", .until = SCRIPT_TO_END },
		{ .agent = "rcu", .until = SCRIPT_BLOCKED },
	};
	struct machine_config config = { .nr_cpus = 2,
		                         .memory_bytes = UINT64_C(1) << 26 };
	struct machine *m = machine_new(&config);
	struct oracle_set *set = oracle_set_new(NULL);
	struct shared *o = kzalloc(m, sizeof(*o), "shared");
	struct policy *p = policy_script_new(lines, ARRAY_SIZE(lines), true);
	uint32_t found;

	rcu_machine = m;
	oracle_set_attach(set, m);
	agent_new(m, AGENT_TASK, &m->cpus[0], "reader", reader, o);
	agent_new(m, AGENT_TASK, &m->cpus[1], "freer", free_rcu, o);
	m->policy = p;
	if (p->begin)
		p->begin(p, m);
	machine_run(m);
	found = oracle_set_fired(set);
	oracle_set_free(set);
	m->policy = NULL;
	policy_free(p);
	machine_free(m);
	return found;
}

START_TEST(rcu_uaf_is_quiet_about_a_reader_that_is_waited_for)
{
	ck_assert_uint_eq(run_reader(read_shared), 0);
}
END_TEST

START_TEST(rcu_uaf_fires_for_a_reader_that_nobody_waits_for)
{
	ck_assert_uint_eq(run_reader(read_unprotected), 1U << ORACLE_RCU_UAF);
}
END_TEST

/* ---- deadlock ---- */

struct abba {
	spinlock_t first, second;
};

static void lock_both(spinlock_t *a, spinlock_t *b)
{
	spin_lock(a);
	spin_lock_nested(b);
	spin_unlock(b);
	spin_unlock(a);
}

static void lock_ab(void *arg)
{
	struct abba *l = arg;

	lock_both(&l->first, &l->second);
}

static void lock_ba(void *arg)
{
	struct abba *l = arg;

	lock_both(&l->second, &l->first);
}

static unsigned run_abba(void (*second)(void *arg),
                         const struct script_line *lines, unsigned n)
{
	struct machine_config config = { .nr_cpus = 2,
		                         .memory_bytes = UINT64_C(1) << 26 };
	struct machine *m = machine_new(&config);
	struct oracle_set *set = oracle_set_new(NULL);
	struct abba *l = kzalloc(m, sizeof(*l), "locks");
	struct policy *p = policy_script_new(lines, n, true);
	unsigned nr;
	const struct hazard *h;

	oracle_set_attach(set, m);
	spin_lock_init(&l->first, LOCK_TEST_A);
	spin_lock_init(&l->second, LOCK_TEST_A);
	agent_new(m, AGENT_TASK, &m->cpus[0], "ab", lock_ab, l);
	agent_new(m, AGENT_TASK, &m->cpus[1], "ba", second, l);
	m->policy = p;
	if (p->begin)
		p->begin(p, m);
	machine_run(m);
	h = oracle_set_hazards(set, &nr);
	for (unsigned i = 0; i < nr; i++)
		ck_assert_ptr_nonnull(strstr(h[i].text, "a cycle"));
	nr = oracle_set_fired(set);
	oracle_set_free(set);
	m->policy = NULL;
	policy_free(p);
	machine_free(m);
	return nr;
}

/* Each gets its first lock before either goes for its second. */
static const struct script_line crossed[] = {
	{ .agent = "ab", .until = SCRIPT_AFTER, .label = "lock A", .count = 1 },
	{ .agent = "ba", .until = SCRIPT_AFTER, .label = "lock A", .count = 1 },
};

START_TEST(two_locks_taken_crosswise_are_a_deadlock)
{
	ck_assert_uint_eq(run_abba(lock_ba, crossed, 2), 1U << ORACLE_DEADLOCK);
}
END_TEST

START_TEST(two_locks_taken_in_one_order_are_fine)
{
	ck_assert_uint_eq(run_abba(lock_ab, crossed, 1), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/locks");
	TCase *tc = tcase_create("staged"), *real = tcase_create("running");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_broken_rule_is_reported_with_its_text);
	tcase_add_test(tc, a_rule_about_tables_is_a_bad_table);
	tcase_add_test(tc, taking_and_releasing_a_lock_is_fine);
	tcase_add_test(tc, a_use_of_a_freed_object_is_reported);
	tcase_add_test(tc, a_double_free_of_an_object_is_reported);
	tcase_add_test(tc, an_object_that_is_made_and_freed_is_fine);
	suite_add_tcase(suite, tc);
	tcase_add_test(real,
	               rcu_uaf_is_quiet_about_a_reader_that_is_waited_for);
	tcase_add_test(real, rcu_uaf_fires_for_a_reader_that_nobody_waits_for);
	tcase_add_test(real, two_locks_taken_crosswise_are_a_deadlock);
	tcase_add_test(real, two_locks_taken_in_one_order_are_fine);
	suite_add_tcase(suite, real);
	return run_suite(suite);
}
