/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flush protocol. Expected values: Linux v6.12 arch/x86/mm/tlb.c and
 * Documentation/arch/x86/tlb.rst.
 */
#include "mm/x86/tlb.h"

#include "mm/sys.h"
#include "tests/mm/lab.h"

#define HEAP UINT64_C(0x40000000)

/* ---- flush_tlb_func(): a request arrives at CPU 0 ---- */

/*
 * On CPU 0, with the task's mm loaded up to generation 10 and the mm at
 * @mm_gen, handle a request of CPU 7 for two pages up to @new_gen.
 */
static void handle_request(struct task *t, uint64_t mm_gen, uint64_t new_gen)
{
	struct tlb_state *ts = cpu_tlbstate(this_cpu());
	struct flush_tlb_info info = {
		.mm = t->mm,
		.start = HEAP,
		.end = HEAP + 2 * PAGE_SIZE,
		.stride_shift = PAGE_SHIFT,
		.new_tlb_gen = new_gen,
		.initiating_cpu = 7,
	};

	ts->ctxs[ts->loaded_mm_asid].tlb_gen = 10;
	t->mm->context.tlb_gen.counter = (int64_t)mm_gen;
	lab_of(t)->nr_calls = 0;
	local_irq_disable();
	flush_tlb_func(&info);
	local_irq_enable();
}

static uint64_t local_gen(void)
{
	const struct tlb_state *ts = cpu_tlbstate(this_cpu());

	return ts->ctxs[ts->loaded_mm_asid].tlb_gen;
}

static void body_old_request(struct task *t)
{
	handle_request(t, 12, 10);
	ck_assert_uint_eq(lab_of(t)->nr_calls, 0);
	ck_assert_uint_eq(local_gen(), 10);
	exit_mm(t);
}

static void body_next_generation(struct task *t)
{
	const struct lab *lab = lab_of(t);

	handle_request(t, 11, 11);
	ck_assert_uint_eq(lab->nr_calls, 2);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 2);
	ck_assert_uint_eq(lab->calls[0].addr, HEAP);
	ck_assert_uint_eq(lab->calls[1].addr, HEAP + PAGE_SIZE);
	ck_assert_uint_eq(local_gen(), 11);
	exit_mm(t);
}

static void body_two_behind(struct task *t)
{
	const struct lab *lab = lab_of(t);

	handle_request(t, 12, 12);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 0);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 0), 1);
	ck_assert(!lab->calls[0].noflush);
	ck_assert_uint_eq(lab->calls[0].root, t->mm->pgd);
	ck_assert_uint_eq(local_gen(), 12);
	exit_mm(t);
}

static void body_newer_request_waits(struct task *t)
{
	const struct lab *lab = lab_of(t);

	/* Next in line, but another request came after it. */
	handle_request(t, 12, 11);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 0);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 0), 1);
	ck_assert_uint_eq(local_gen(), 12);
	exit_mm(t);
}

static void body_other_mm(struct task *t)
{
	struct flush_tlb_info info = { .mm = t->mm->next,
		                       .end = TLB_FLUSH_ALL,
		                       .new_tlb_gen = 99,
		                       .initiating_cpu = 7 };
	uint64_t gen = local_gen();

	lab_of(t)->nr_calls = 0;
	local_irq_disable();
	flush_tlb_func(&info);
	local_irq_enable();
	ck_assert_uint_eq(lab_of(t)->nr_calls, 0);
	ck_assert_uint_eq(local_gen(), gen);
	exit_mm(t);
}

static void run_body(void (*fn)(struct task *t))
{
	struct lab *lab = lab_start(1);
	struct mm_struct *mm = lab_mm(lab, "A");

	lab_task(lab, 0, mm, "t", fn);
	lab_run(lab);
	lab_free(lab, true);
}

START_TEST(a_request_that_was_already_served_does_nothing)
{
	run_body(body_old_request);
}
END_TEST

START_TEST(the_next_generation_is_flushed_page_by_page)
{
	run_body(body_next_generation);
}
END_TEST

START_TEST(a_cpu_that_missed_a_request_flushes_everything)
{
	run_body(body_two_behind);
}
END_TEST

START_TEST(a_cpu_catches_up_with_the_mm_not_with_the_request)
{
	run_body(body_newer_request_waits);
}
END_TEST

START_TEST(a_request_for_another_mm_is_ignored)
{
	struct lab *lab = lab_start(1);
	struct mm_struct *mm = lab_mm(lab, "A");
	struct mm_struct *other = lab_mm(lab, "B");

	ck_assert_ptr_eq(mm->next, other);
	lab_task(lab, 0, mm, "t", body_other_mm);
	lab_task(lab, 0, other, "u", exit_mm);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

/* ---- flush_tlb_mm_range() on one CPU ---- */

static void body_33_pages(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_mm_range(t->mm, HEAP, HEAP + 33 * PAGE_SIZE, PAGE_SHIFT,
	                   false);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 33);
	ck_assert_uint_eq(lab->k->vmstat->nr_tlb_local_flush_one, 33);
	exit_mm(t);
}

static void body_34_pages(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_mm_range(t->mm, HEAP, HEAP + 34 * PAGE_SIZE, PAGE_SHIFT,
	                   false);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 0);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 0), 1);
	ck_assert_uint_eq(lab->k->vmstat->nr_tlb_local_flush_all, 1);
	exit_mm(t);
}

static void body_huge_stride(struct task *t)
{
	struct lab *lab = lab_of(t);

	lab->nr_calls = 0;
	flush_tlb_mm_range(t->mm, HEAP, HEAP + 3 * PMD_SIZE, PMD_SHIFT, false);
	ck_assert_uint_eq(lab->nr_calls, 3);
	ck_assert_uint_eq(lab->calls[2].op, HW_INVLPG);
	ck_assert_uint_eq(lab->calls[2].addr, HEAP + 2 * PMD_SIZE);
	exit_mm(t);
}

START_TEST(thirty_three_pages_are_flushed_one_by_one)
{
	run_body(body_33_pages);
}
END_TEST

START_TEST(thirty_four_pages_are_flushed_all_at_once)
{
	run_body(body_34_pages);
}
END_TEST

START_TEST(huge_entries_are_flushed_one_invlpg_each)
{
	run_body(body_huge_stride);
}
END_TEST

/* ---- several CPUs ---- */

static void body_wait(struct task *t)
{
	lab_wait(lab_of(t));
	exit_mm(t);
}

static void body_flush_page(struct task *t)
{
	struct lab *lab = lab_of(t);

	while (!(t->mm->cpu_bitmap & 2) || lab->flag)
		step(STEP_LOCAL, OBJ_NONE, 0, "spin", 0);
	lab->nr_calls = 0;
	flush_tlb_mm_range(t->mm, HEAP, HEAP + PAGE_SIZE, PAGE_SHIFT, false);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 0), 1);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 1), 1);
	lab->flag = true;
	exit_mm(t);
}

START_TEST(a_cpu_that_runs_the_mm_is_interrupted)
{
	struct lab *lab = lab_start(2);
	struct mm_struct *mm = lab_mm(lab, "A");

	lab_task(lab, 1, mm, "other", body_wait);
	lab_task(lab, 0, mm, "flusher", body_flush_page);
	lab_run(lab);
	ck_assert_uint_eq(lab->k->vmstat->nr_tlb_remote_flush, 1);
	ck_assert_uint_eq(lab->k->vmstat->nr_tlb_remote_flush_received, 1);
	lab_free(lab, true);
}
END_TEST

static void body_nothing(struct task *t)
{
	(void)t;
}

/* CPU 1 ran a thread of @mm and idles, lazily; now CPU 0 flushes. */
static struct lab *lazy_lab(bool ipi_lazy, struct mm_struct **mm)
{
	struct lab *lab = lab_new(2);

	lab->options.freed_tables_ipi_lazy = ipi_lazy;
	lab_boot(lab);
	*mm = lab_mm(lab, "A");
	lab_task(lab, 1, *mm, "lazy", body_nothing);
	lab_run(lab);
	ck_assert(cpu_tlbstate(&lab->m->cpus[1])->is_lazy);
	ck_assert_ptr_eq(cpu_tlbstate(&lab->m->cpus[1])->loaded_mm, *mm);
	ck_assert_uint_eq((*mm)->cpu_bitmap, 2);
	return lab;
}

static void body_flush_plain(struct task *t)
{
	lab_of(t)->nr_calls = 0;
	flush_tlb_mm_range(t->mm, HEAP, HEAP + PAGE_SIZE, PAGE_SHIFT, false);
}

static void body_flush_tables(struct task *t)
{
	lab_of(t)->nr_calls = 0;
	flush_tlb_mm_range(t->mm, HEAP, HEAP + PAGE_SIZE, PAGE_SHIFT, true);
}

START_TEST(a_lazy_cpu_is_spared_if_only_pages_go)
{
	struct mm_struct *mm;
	struct lab *lab = lazy_lab(true, &mm);

	lab_task(lab, 0, mm, "flusher", body_flush_plain);
	lab_run(lab);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 1), 0);
	ck_assert_uint_eq(lab_count(lab, HW_INVLPG, 1), 0);
	ck_assert_uint_eq(lab->k->vmstat->nr_tlb_remote_flush_received, 0);
	lab_free(lab, true);
}
END_TEST

START_TEST(a_lazy_cpu_is_told_when_tables_go_and_lets_go_of_the_mm)
{
	struct mm_struct *mm;
	struct lab *lab = lazy_lab(true, &mm);
	const struct tlb_state *ts = cpu_tlbstate(&lab->m->cpus[1]);

	lab_task(lab, 0, mm, "flusher", body_flush_tables);
	lab_run(lab);
	ck_assert_uint_eq(lab_last(lab, HW_WRITE_CR3, 1)->root,
	                  lab->k->init_mm->pgd);
	ck_assert_ptr_eq(ts->loaded_mm, lab->k->init_mm);
	ck_assert(!ts->is_lazy);
	ck_assert_uint_eq(mm->cpu_bitmap, 1);
	lab_free(lab, true);
}
END_TEST

START_TEST(a_lazy_cpu_is_not_told_with_the_option_off)
{
	struct mm_struct *mm;
	struct lab *lab = lazy_lab(false, &mm);

	lab_task(lab, 0, mm, "flusher", body_flush_tables);
	lab_run(lab);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 1), 0);
	ck_assert_ptr_eq(cpu_tlbstate(&lab->m->cpus[1])->loaded_mm, mm);
	lab_free(lab, true);
}
END_TEST

START_TEST(a_lazy_cpu_catches_up_when_it_runs_the_mm_again)
{
	struct mm_struct *mm;
	struct lab *lab = lazy_lab(true, &mm);

	lab_task(lab, 0, mm, "flusher", body_flush_plain);
	lab_run(lab);
	lab->nr_calls = 0;
	lab_task(lab, 1, mm, "again", body_nothing);
	lab_run(lab);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 1), 1);
	ck_assert(!lab->calls[0].noflush);
	lab_free(lab, true);
}
END_TEST

START_TEST(a_lazy_cpu_that_missed_nothing_keeps_its_entries)
{
	struct mm_struct *mm;
	struct lab *lab = lazy_lab(true, &mm);

	lab->nr_calls = 0;
	lab_task(lab, 1, mm, "again", body_nothing);
	lab_run(lab);
	ck_assert_uint_eq(lab->nr_calls, 0);
	lab_free(lab, true);
}
END_TEST

static void body_flush_all(struct task *t)
{
	(void)t;
	flush_tlb_all();
}

START_TEST(flush_tlb_all_reaches_every_cpu)
{
	struct lab *lab = lab_start(4);

	lab_task(lab, 2, NULL, "k", body_flush_all);
	lab_run(lab);
	for (unsigned cpu = 0; cpu < 4; cpu++)
		ck_assert_uint_eq(lab_count(lab, HW_FLUSH_ALL, cpu), 1);
	lab_free(lab, true);
}
END_TEST

/* ---- ASIDs ---- */

/* Run a thread of each of @n mms on CPU 0, one after the other. */
static void run_mms(struct lab *lab, struct mm_struct **mms, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		mms[i] = lab_mm(lab, "P");
		lab_task(lab, 0, mms[i], "t", body_nothing);
		lab_run(lab);
	}
}

START_TEST(six_mms_keep_their_asids)
{
	struct lab *lab = lab_start(1);
	struct mm_struct *mms[5];

	/* init_mm has one of the six from the start. */
	run_mms(lab, mms, 5);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(lab->calls[i].pcid, i + 2);

	lab->nr_calls = 0;
	lab_task(lab, 0, mms[0], "t", body_nothing);
	lab_run(lab);
	ck_assert_uint_eq(lab->nr_calls, 1);
	ck_assert_uint_eq(lab->calls[0].pcid, 2);
	ck_assert(lab->calls[0].noflush);
	lab_free(lab, true);
}
END_TEST

START_TEST(the_seventh_mm_takes_an_asid_over_and_flushes_it)
{
	struct lab *lab = lab_start(1);
	struct mm_struct *mms[7];

	run_mms(lab, mms, 7);
	ck_assert_uint_eq(lab->calls[5].pcid, 1); /* init_mm's */
	ck_assert_uint_eq(lab->calls[6].pcid, 2); /* the first one's */
	ck_assert(!lab->calls[6].noflush);

	lab->nr_calls = 0;
	lab_task(lab, 0, mms[0], "t", body_nothing);
	lab_run(lab);
	ck_assert_uint_eq(lab->calls[0].pcid, 3);
	ck_assert(!lab->calls[0].noflush);
	lab_free(lab, true);
}
END_TEST

START_TEST(a_switch_back_flushes_if_the_mm_was_flushed_meanwhile)
{
	struct lab *lab = lab_start(2);
	struct mm_struct *mms[2];

	run_mms(lab, mms, 2);
	ck_assert_uint_eq(mms[0]->cpu_bitmap, 0);
	lab_task(lab, 1, mms[0], "flusher", body_flush_plain);
	lab_run(lab);
	ck_assert_uint_eq(lab_count(lab, HW_WRITE_CR3, 0), 0);

	lab->nr_calls = 0;
	lab_task(lab, 0, mms[0], "t", body_nothing);
	lab_run(lab);
	ck_assert_uint_eq(lab->calls[0].pcid, 2);
	ck_assert(!lab->calls[0].noflush);
	lab_free(lab, true);
}
END_TEST

START_TEST(without_pcid_every_switch_flushes)
{
	struct lab *lab = lab_new(1);
	struct mm_struct *mms[2];

	lab->options.pcid = false;
	lab_boot(lab);
	run_mms(lab, mms, 2);
	lab_task(lab, 0, mms[0], "t", body_nothing);
	lab_run(lab);
	ck_assert_uint_eq(lab->nr_calls, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(lab->calls[i].pcid, 0);
		ck_assert(!lab->calls[i].noflush);
	}
	lab_free(lab, true);
}
END_TEST

/* ---- OpenBSD commit 9f1181d59de3: clear_then_set ---- */

static void body_yield(struct task *t)
{
	(void)t;
	schedule();
}

static unsigned mask_clears_between_threads(enum switch_mm_kind kind)
{
	struct lab *lab = lab_new(1);
	struct mm_struct *mm;
	unsigned nr;

	lab->options.switch_mm = kind;
	lab->watch = "cpumask_clear_cpu";
	lab_boot(lab);
	mm = lab_mm(lab, "A");
	lab_task(lab, 0, mm, "t1", body_yield);
	lab_task(lab, 0, mm, "t2", body_yield);
	lab_run(lab);
	ck_assert_uint_eq(mm->cpu_bitmap, 1);
	nr = lab->nr_watched;
	lab_free(lab, true);
	return nr;
}

START_TEST(threads_of_one_process_leave_the_mask_alone)
{
	ck_assert_uint_eq(mask_clears_between_threads(SWITCH_MM_LINUX), 0);
}
END_TEST

START_TEST(clear_then_set_leaves_the_mask_between_threads)
{
	ck_assert_uint_ge(mask_clears_between_threads(SWITCH_MM_CLEAR_THEN_SET),
	                  1);
}
END_TEST

/* ---- CVE-2025-37964: skip_switching ---- */

/* CPU 1 is between two mms when CPU 0 flushes. Return: it was interrupted. */
static bool switching_cpu_is_told(enum switch_mm_kind kind)
{
	struct lab *lab = lab_new(2);
	struct tlb_state *ts;
	struct mm_struct *mm;
	bool told;

	lab->options.switch_mm = kind;
	lab_boot(lab);
	mm = lab_mm(lab, "A");
	mm->cpu_bitmap = 2;
	ts = cpu_tlbstate(&lab->m->cpus[1]);
	ts->loaded_mm = LOADED_MM_SWITCHING;
	lab_task(lab, 0, mm, "flusher", body_flush_plain);
	lab_run(lab);
	told = lab->k->vmstat->nr_tlb_remote_flush_received == 1;
	ts->loaded_mm = lab->k->init_mm;
	lab_free(lab, true);
	return told;
}

START_TEST(a_cpu_that_is_switching_is_interrupted)
{
	ck_assert(switching_cpu_is_told(SWITCH_MM_LINUX));
}
END_TEST

START_TEST(skip_switching_passes_over_it)
{
	ck_assert(!switching_cpu_is_told(SWITCH_MM_SKIP_SWITCHING));
}
END_TEST

/* ---- 209954cbc7d0: lazy_mask ---- */

struct left_mask {
	uint64_t left, flushed; /* A's mask then */
	uint64_t told;          /* flushes */
};

/* CPU 1 goes from A to the idle task's init_mm, by an interrupt when it is
 * lazy; then CPU 0 flushes A once more. */
static struct left_mask leave_mask(enum switch_mm_kind kind)
{
	struct lab *lab = lab_new(2);
	struct left_mask seen;
	struct mm_struct *mm;

	lab->options.switch_mm = kind;
	lab_boot(lab);
	mm = lab_mm(lab, "A");
	lab_task(lab, 1, mm, "user", body_nothing);
	lab_run(lab);
	lab_task(lab, 0, mm, "flusher", body_flush_tables);
	lab_run(lab);
	seen.left = mm->cpu_bitmap & 2;
	lab_task(lab, 0, mm, "flusher", body_flush_tables);
	lab_run(lab);
	seen.flushed = mm->cpu_bitmap & 2;
	seen.told = lab->k->vmstat->nr_tlb_remote_flush_received;
	lab_free(lab, true);
	return seen;
}

START_TEST(a_cpu_leaves_the_mask_when_it_switches)
{
	struct left_mask seen = leave_mask(SWITCH_MM_LINUX);

	ck_assert_uint_eq(seen.left, 0);
	ck_assert_uint_eq(seen.flushed, 0);
	ck_assert_uint_eq(seen.told, 1);
}
END_TEST

START_TEST(with_lazy_mask_it_leaves_when_a_flush_finds_it_gone)
{
	struct left_mask seen = leave_mask(SWITCH_MM_LAZY_MASK);

	ck_assert_uint_eq(seen.left, 2);
	ck_assert_uint_eq(seen.flushed, 0);
	ck_assert_uint_eq(seen.told, 2);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, a_request_that_was_already_served_does_nothing);
	tcase_add_test(tc, the_next_generation_is_flushed_page_by_page);
	tcase_add_test(tc, a_cpu_that_missed_a_request_flushes_everything);
	tcase_add_test(tc, a_cpu_catches_up_with_the_mm_not_with_the_request);
	tcase_add_test(tc, a_request_for_another_mm_is_ignored);
	tcase_add_test(tc, thirty_three_pages_are_flushed_one_by_one);
	tcase_add_test(tc, thirty_four_pages_are_flushed_all_at_once);
	tcase_add_test(tc, huge_entries_are_flushed_one_invlpg_each);
	tcase_add_test(tc, a_cpu_that_runs_the_mm_is_interrupted);
	tcase_add_test(tc, a_lazy_cpu_is_spared_if_only_pages_go);
	tcase_add_test(tc,
	               a_lazy_cpu_is_told_when_tables_go_and_lets_go_of_the_mm);
	tcase_add_test(tc, a_lazy_cpu_is_not_told_with_the_option_off);
	tcase_add_test(tc, a_lazy_cpu_catches_up_when_it_runs_the_mm_again);
	tcase_add_test(tc, a_lazy_cpu_that_missed_nothing_keeps_its_entries);
	tcase_add_test(tc, flush_tlb_all_reaches_every_cpu);
	tcase_add_test(tc, six_mms_keep_their_asids);
	tcase_add_test(tc, the_seventh_mm_takes_an_asid_over_and_flushes_it);
	tcase_add_test(tc,
	               a_switch_back_flushes_if_the_mm_was_flushed_meanwhile);
	tcase_add_test(tc, without_pcid_every_switch_flushes);
	tcase_add_test(tc, threads_of_one_process_leave_the_mask_alone);
	tcase_add_test(tc, clear_then_set_leaves_the_mask_between_threads);
	tcase_add_test(tc, a_cpu_that_is_switching_is_interrupted);
	tcase_add_test(tc, skip_switching_passes_over_it);
	tcase_add_test(tc, a_cpu_leaves_the_mask_when_it_switches);
	tcase_add_test(tc, with_lazy_mask_it_leaves_when_a_flush_finds_it_gone);
}

int main(void)
{
	return lab_main("mm/tlb", add_tests);
}
