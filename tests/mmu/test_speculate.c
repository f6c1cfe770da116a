/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walker as an agent of its own. */
#include "tests/mmu/fixture.h"

static const vaddr_t va2 = VA + PAGE_SIZE;

static bool walker_may;

static void setup(void)
{
	bench_setup();
	walker_may = true;
	map_new(VA, RIGHTS_RW, NULL);
	map_new(va2, RIGHTS_RW, NULL);
}

static void wait_a_while(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 50; i++)
		step(STEP_LOCAL, OBJ_NONE, 0, "wait", 0);
}

/* Walkers that act at every chance, and always do alternative @answer. */
static unsigned answer;

static unsigned eager(struct policy *p, struct machine *m,
                      const struct choice *c)
{
	(void)p;
	if (c->kind != CHOICE_AGENT)
		return MIN(answer, c->n - 1);
	for (unsigned i = 0, bit = 0; walker_may && bit < NR_AGENTS_MAX;
	     bit++) {
		if (!(c->agents >> bit & 1))
			continue;
		if (m->agents[bit]->kind == AGENT_WALKER)
			return i;
		i++;
	}
	/* The task is the youngest. */
	return c->n - 1;
}

static void run_eagerly(void (*fn)(void *arg))
{
	struct policy p = { .name = "eager", .pick = eager };

	b.m->policy = &p;
	ck_assert_ptr_nonnull(
		agent_new(b.m, AGENT_TASK, &b.m->cpus[0], "cpu0", fn, NULL));
	ck_assert_int_eq(machine_run(b.m), RUN_DONE);
	b.m->policy = NULL;
}

static void start_walker(bool evict)
{
	ck_assert_int_eq(mmu_walker_start(&b.mmu[0], evict), 0);
	ck_assert_int_eq(mmu_walker_add(&b.mmu[0], VA), 0);
	ck_assert_int_eq(mmu_walker_add(&b.mmu[0], va2), 0);
}

START_TEST(a_walker_fills_the_candidate_that_is_chosen)
{
	start_walker(false);
	b.m->caps.spontaneous = 3;
	answer = 2;
	run_eagerly(wait_a_while);
	ck_assert_uint_eq(nr_cached(VA), 0);
	ck_assert_uint_eq(nr_cached(va2), 1);
	ck_assert_uint_eq(b.m->nr_spontaneous, 3);
}
END_TEST

START_TEST(a_walker_may_do_nothing)
{
	start_walker(true);
	b.m->caps.spontaneous = 3;
	answer = 0;
	run_eagerly(wait_a_while);
	ck_assert_uint_eq(b.nr_fills, 0);
}
END_TEST

START_TEST(without_a_cap_given_a_walker_never_acts)
{
	start_walker(true);
	answer = 1;
	run_eagerly(wait_a_while);
	ck_assert_uint_eq(b.nr_fills, 0);
	ck_assert_uint_eq(b.m->nr_spontaneous, 0);
}
END_TEST

static void fill_then_wait(void *arg)
{
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(nr_cached(VA), 1);
	walker_may = true;
	wait_a_while(arg);
	ck_assert_uint_eq(nr_cached(VA), 0);
	ck_assert_int_eq(b.last_drop, TLB_DROP_SPONTANEOUS);
}

START_TEST(a_walker_may_forget_an_entry)
{
	/* Without candidates: 1 is to forget, and then the first entry. */
	ck_assert_int_eq(mmu_walker_start(&b.mmu[0], true), 0);
	b.m->caps.spontaneous = 1;
	answer = 1;
	walker_may = false;
	run_eagerly(fill_then_wait);
}
END_TEST

START_TEST(the_timed_policy_leaves_walkers_alone)
{
	start_walker(true);
	b.m->caps.spontaneous = 100;
	run(wait_a_while);
	ck_assert_uint_eq(b.m->nr_spontaneous, 0);
}
END_TEST

START_TEST(there_is_room_for_so_many_candidates)
{
	ck_assert_int_eq(mmu_walker_start(&b.mmu[0], false), 0);
	for (unsigned i = 0; i < MMU_WALKER_CANDIDATES; i++)
		ck_assert_int_eq(mmu_walker_add(&b.mmu[0], VA + i * PAGE_SIZE),
		                 0);
	ck_assert_int_ne(mmu_walker_add(&b.mmu[0], VA - PAGE_SIZE), 0);
	/* Of the same page: known already. */
	ck_assert_int_eq(mmu_walker_add(&b.mmu[0], VA + 8), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mmu/speculate");
	TCase *tc = tcase_create("walker");

	tcase_add_checked_fixture(tc, setup, bench_teardown);
	tcase_add_test(tc, a_walker_fills_the_candidate_that_is_chosen);
	tcase_add_test(tc, a_walker_may_do_nothing);
	tcase_add_test(tc, without_a_cap_given_a_walker_never_acts);
	tcase_add_test(tc, a_walker_may_forget_an_entry);
	tcase_add_test(tc, the_timed_policy_leaves_walkers_alone);
	tcase_add_test(tc, there_is_room_for_so_many_candidates);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
