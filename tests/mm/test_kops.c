/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/kops.h"

#include <errno.h>
#include <string.h>

#include "mm/mm.h"
#include "mm/page.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "tests/mm/arch.h"
#include "tests/mm/lab.h"

#define HEAP UINT64_C(0x40000000)

static long run_op(struct task *t, const char *name, uint64_t a, uint64_t b)
{
	const uint64_t args[KOP_ARGS_MAX] = { a, b };
	const struct kop *op = kop_find(name);

	ck_assert_ptr_nonnull(op);
	return kop_run(lab_of(t)->k, op, lab_of(t)->k->mms, args);
}

static struct lab *lab_with(bool thp)
{
	struct lab *lab = lab_new(2);

	lab->options.thp = thp ? THP_ALWAYS : THP_NEVER;
	lab_boot(lab);
	return lab;
}

static void run_one(bool thp, void (*fn)(struct task *t))
{
	struct lab *lab = lab_with(thp);

	lab_task(lab, 0, lab_mm(lab, "A"), "t", fn);
	lab_run(lab);
	lab_free(lab, true);
}

START_TEST(every_operation_has_help_and_a_name_for_each_argument)
{
	unsigned n;
	const struct kop *ops = kop_table(&n);

	ck_assert_uint_gt(n, 10);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_ptr_eq(kop_find(ops[i].name), &ops[i]);
		ck_assert_uint_gt(strlen(ops[i].help), 0);
		for (unsigned j = 0; j < KOP_ARGS_MAX; j++)
			ck_assert_int_eq(ops[i].args[j] != KOP_ARG_NONE,
			                 ops[i].arg_names[j] != NULL);
	}
	ck_assert_ptr_null(kop_find("no_such_thing"));
}
END_TEST

static void body_bad_args(struct task *t)
{
	ck_assert_int_eq(run_op(t, "lock", KOP_NR_LOCKS, 0), -EINVAL);
	ck_assert_int_eq(run_op(t, "walk", UINT64_MAX, 0), -EINVAL);
	ck_assert_int_eq(run_op(t, "reclaim", HEAP, UINT64_MAX), -EINVAL);
	exit_mm(t);
}

START_TEST(arguments_out_of_range_are_refused)
{
	run_one(false, body_bad_args);
}
END_TEST

static void body_walk(struct task *t)
{
	ck_assert_int_eq(run_op(t, "walk", HEAP, 0), -ENOENT);
	lab_map(t, HEAP, 2 * PAGE_SIZE);
	lab_touch(t, HEAP, true);
	ck_assert_int_eq(run_op(t, "walk", HEAP + 8, 0), 1);
	ck_assert_int_eq(run_op(t, "walk", HEAP + PAGE_SIZE, 0), 0);
	ck_assert_int_eq(run_op(t, "gup_fast", HEAP, 0), 1);
	ck_assert_int_eq(run_op(t, "gup_fast", HEAP + PAGE_SIZE, 0), 0);
	exit_mm(t);
}

START_TEST(walkers_say_whether_a_page_is_there)
{
	run_one(false, body_walk);
}
END_TEST

static void body_move(struct task *t)
{
	struct machine *m = lab_of(t)->m;
	struct page *page;

	ck_assert_int_eq(run_op(t, "move_dst", HEAP, 0), -EFAULT);
	lab_map(t, HEAP, PAGE_SIZE);
	ck_assert_int_eq(run_op(t, "move_dst", HEAP + 16, 0x1234), 0);
	page = lab_page(t->mm, HEAP);
	ck_assert_uint_eq(phys_read(&m->mem, page_phys(page) + 16, 8), 0x1234);
	ck_assert_int_eq(t->mm->rss_anon.counter, 1);
	ck_assert_int_eq(run_op(t, "move_dst", HEAP, 1), -EEXIST);
	exit_mm(t);
}

START_TEST(move_dst_installs_a_page_where_there_is_none)
{
	run_one(false, body_move);
}
END_TEST

static void body_huge(struct task *t)
{
	lab_map(t, HEAP, PMD_SIZE);
	lab_touch(t, HEAP, true);
	ck_assert_uint_eq(lab_pte(t->mm, HEAP), 0); /* a huge PMD */
	ck_assert_int_eq(run_op(t, "split", HEAP + PAGE_SIZE, 0), 0);
	ck_assert_uint_ne(lab_pte(t->mm, HEAP), 0);
	ck_assert_uint_ne(lab_pte(t->mm, HEAP + 511 * PAGE_SIZE), 0);
	ck_assert_int_eq(t->mm->rss_anon.counter, 512);
	lab_check(lab_of(t));
	ck_assert_int_eq(run_op(t, "zap", HEAP, PMD_SIZE), 0);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
	lab_check(lab_of(t));

	/* The table is there: small pages again. */
	lab_touch(t, HEAP, true);
	ck_assert_uint_ne(lab_pte(t->mm, HEAP), 0);
	ck_assert_int_eq(run_op(t, "collapse", HEAP, 0), 0);
	ck_assert_int_eq(t->mm->rss_anon.counter, 512);
	ck_assert_uint_eq(lab_pte(t->mm, HEAP), 0);
	ck_assert_int_eq(run_op(t, "zap", HEAP, PMD_SIZE), 0);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
	exit_mm(t);
}

START_TEST(split_collapse_and_zap_keep_the_books)
{
	run_one(true, body_huge);
}
END_TEST

static void body_reclaim(struct task *t)
{
	lab_map(t, HEAP, PAGE_SIZE);
	lab_touch(t, HEAP, true);
	ck_assert_int_eq(do_sys_madvise(t, HEAP, PAGE_SIZE, MADV_FREE), 0);
	/* From the first page of user space to the last: holes cost nothing. */
	ck_assert_int_eq(run_op(t, "reclaim", 0, task_size()), 1);
	exit_mm(t);
}

START_TEST(reclaim_frees_lazyfree_pages)
{
	run_one(false, body_reclaim);
}
END_TEST

static void body_flushes(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	ck_assert_int_eq(run_op(t, "flush_tlb_range", HEAP, PAGE_SIZE), 0);
	if (test_arch() == ARCH_ARM64) {
		ck_assert_uint_eq(lab_last(lab, HW_TLBI, 0)->addr, HEAP);
		exit_mm(t);
		return;
	}
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 1);
	ck_assert_int_eq(run_op(t, "flush_tlb_mm", 0, 0), 0);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 0), 1);
	ck_assert_int_eq(run_op(t, "flush_tlb_all", 0, 0), 0);
	ck_assert_uint_eq(lab_count(lab, HW_FLUSH_ALL, 0), 1);
	ck_assert_uint_eq(lab_count(lab, HW_FLUSH_ALL, 1), 1);
	exit_mm(t);
}

START_TEST(flushes_reach_the_hardware)
{
	run_one(false, body_flushes);
}
END_TEST

static void body_locks(struct task *t)
{
	static const char *const ops[] = {
		"lock",
		"unlock",
		"down_read",
		"up_read",
		"down_write",
		"up_write",
		"irq_off",
		"irq_on",
		"pause",
		"rcu_read_lock",
		"rcu_read_unlock",
		"synchronize_rcu",
		"lock_irqsave",
		"unlock_irqrestore",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++)
		ck_assert_int_eq(run_op(t, ops[i], 0, 0), 0);
}

START_TEST(locks_and_interrupts_can_be_taken_and_given_back)
{
	struct lab *lab = lab_with(false);

	lab_task(lab, 0, NULL, "k", body_locks);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void body_unlock_only(struct task *t)
{
	ck_assert_int_eq(run_op(t, "unlock", 0, 0), 0);
}

START_TEST(releasing_a_lock_that_is_not_held_is_the_scenarios_mistake)
{
	struct lab *lab = lab_with(false);

	lab_task(lab, 0, NULL, "k", body_unlock_only);
	lab_run(lab);
	ck_assert_uint_eq(lab->nr_rules, 1);
	lab_free(lab, false);
}
END_TEST

/* "Shootdown waits for a CPU that spins with interrupts off". */
static void body_flusher(struct task *t)
{
	run_op(t, "lock", 0, 0);
	lab_of(t)->flag = true;
	for (unsigned i = 0; i < 50; i++)
		run_op(t, "pause", 0, 0);
	run_op(t, "flush_tlb_all", 0, 0);
	run_op(t, "unlock", 0, 0);
}

static void body_spinner(struct task *t)
{
	lab_wait(lab_of(t));
	run_op(t, "irq_off", 0, 0);
	run_op(t, "lock", 0, 0);
	run_op(t, "unlock", 0, 0);
	run_op(t, "irq_on", 0, 0);
}

static void body_polite_spinner(struct task *t)
{
	lab_wait(lab_of(t));
	run_op(t, "lock", 0, 0);
	run_op(t, "unlock", 0, 0);
}

static void body_irqsave_spinner(struct task *t)
{
	lab_wait(lab_of(t));
	run_op(t, "lock_irqsave", 0, 0);
	ck_assert(!this_cpu()->irq_enabled);
	run_op(t, "unlock_irqrestore", 0, 0);
	ck_assert(this_cpu()->irq_enabled);
}

static enum run_end shootdown_with(void (*spinner)(struct task *t),
                                   enum irqsave_spin how)
{
	struct lab *lab = lab_with(false);
	enum run_end end;

	lab->options.irqsave_spin = how;
	lab_task(lab, 0, NULL, "flusher", body_flusher);
	lab_task(lab, 1, NULL, "spinner", spinner);
	end = machine_run(lab->m);
	lab_free(lab, false);
	return end;
}

static enum run_end shootdown(void (*spinner)(struct task *t))
{
	return shootdown_with(spinner, IRQSAVE_SPIN_IRQS_OFF);
}

/* arm64 interrupts nobody. */
static enum run_end shootdown_waits(void)
{
	return test_arch() == ARCH_ARM64 ? RUN_DONE : RUN_DEADLOCK;
}

START_TEST(a_shootdown_deadlocks_with_a_spinner_that_has_interrupts_off)
{
	ck_assert_int_eq(shootdown(body_spinner), shootdown_waits());
}
END_TEST

START_TEST(a_shootdown_goes_through_if_the_spinner_has_them_on)
{
	ck_assert_int_eq(shootdown(body_polite_spinner), RUN_DONE);
}
END_TEST

START_TEST(a_shootdown_deadlocks_with_spin_lock_irqsave)
{
	ck_assert_int_eq(shootdown(body_irqsave_spinner), shootdown_waits());
}
END_TEST

START_TEST(a_shootdown_goes_through_if_spin_lock_irqsave_lets_interrupts_in)
{
	ck_assert_int_eq(
		shootdown_with(body_irqsave_spinner, IRQSAVE_SPIN_IRQS_ON),
		RUN_DONE);
}
END_TEST

static void body_after_exit(struct task *t)
{
	const uint64_t args[KOP_ARGS_MAX] = { HEAP };
	struct lab *lab = lab_of(t);

	ck_assert_int_eq(kop_run(lab->k, kop_find("walk"), lab->k->mms, args),
	                 -ESRCH);
}

START_TEST(an_operation_on_a_process_that_ended_says_so)
{
	struct lab *lab = lab_with(false);

	lab_task(lab, 1, lab_mm(lab, "A"), "t", exit_mm);
	lab_run(lab);
	ck_assert_ptr_nonnull(lab->k->mms); /* CPU 1 is lazy on it */
	lab_task(lab, 0, NULL, "k", body_after_exit);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc,
	               every_operation_has_help_and_a_name_for_each_argument);
	tcase_add_test(tc, arguments_out_of_range_are_refused);
	tcase_add_test(tc, walkers_say_whether_a_page_is_there);
	tcase_add_test(tc, move_dst_installs_a_page_where_there_is_none);
	tcase_add_test(tc, split_collapse_and_zap_keep_the_books);
	tcase_add_test(tc, reclaim_frees_lazyfree_pages);
	tcase_add_test(tc, flushes_reach_the_hardware);
	tcase_add_test(tc, locks_and_interrupts_can_be_taken_and_given_back);
	tcase_add_test(
		tc, releasing_a_lock_that_is_not_held_is_the_scenarios_mistake);
	tcase_add_test(
		tc,
		a_shootdown_deadlocks_with_a_spinner_that_has_interrupts_off);
	tcase_add_test(tc, a_shootdown_goes_through_if_the_spinner_has_them_on);
	tcase_add_test(tc, a_shootdown_deadlocks_with_spin_lock_irqsave);
	tcase_add_test(
		tc,
		a_shootdown_goes_through_if_spin_lock_irqsave_lets_interrupts_in);
	tcase_add_test(tc, an_operation_on_a_process_that_ended_says_so);
}

int main(void)
{
	return lab_main("mm/kops", add_tests);
}
