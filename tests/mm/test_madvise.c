/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: madvise(2). */
#include "mm/madvise.h"

#include "mm/vma.h"
#include "tests/mm/fixture.h"

#define BASE UINT64_C(0x40000000)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define RW   (PROT_READ | PROT_WRITE)

static void dontneed(struct task *t)
{
	mmap_anon(t, BASE, 4 * PAGE_SIZE, RW);
	for (unsigned i = 0; i < 4; i++)
		store(t, BASE + i * PAGE_SIZE, i + 1);
	ck_assert_int_eq(do_sys_madvise(t, BASE + 0x1000, 1, MADV_DONTNEED), 0);
	ck_assert_int_eq(t->mm->rss_anon.counter, 3);
	ck_assert_uint_eq(load(t, BASE + 0x1000), 0);
	ck_assert_uint_eq(load(t, BASE + 0x2000), 3);
}

START_TEST(after_dontneed_memory_reads_as_zero)
{
	run_process(dontneed);
}
END_TEST

static void errors(struct task *t)
{
	mmap_anon(t, BASE, 8192, RW);
	store(t, BASE + 4096, 1);
	mmap_anon(t, BASE + 16384, 4096, RW);
	store(t, BASE + 16384, 1);

	ck_assert_int_eq(do_sys_madvise(t, BASE, 4096, 77), -EINVAL);
	ck_assert_int_eq(do_sys_madvise(t, BASE + 1, 4096, MADV_DONTNEED),
	                 -EINVAL);
	ck_assert_int_eq(do_sys_madvise(t, BASE, UINT64_MAX, MADV_DONTNEED),
	                 -EINVAL);
	ck_assert_int_eq(do_sys_madvise(t, BASE, -BASE, MADV_DONTNEED),
	                 -EINVAL);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 0, MADV_DONTNEED), 0);
	/* A hole: the rest is done all the same. */
	store(t, BASE + 4096, 1);
	store(t, BASE + 16384, 1);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 20480, MADV_DONTNEED),
	                 -ENOMEM);
	ck_assert_uint_eq(load(t, BASE + 4096), 0);
	ck_assert_uint_eq(load(t, BASE + 16384), 0);
	ck_assert_int_eq(do_sys_madvise(t, BASE + MB, 4096, MADV_DONTNEED),
	                 -ENOMEM);
}

START_TEST(bad_arguments_fail_and_holes_fail_at_the_end)
{
	run_process(errors);
}
END_TEST

static void locked(struct task *t)
{
	sys_mmap(t, BASE, 4096, RW, ANON | MAP_LOCKED);
	ck_assert_int_eq(t->mm->rss_anon.counter, 1);
	store(t, BASE, 1);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 4096, MADV_DONTNEED), -EINVAL);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 4096, MADV_FREE), -EINVAL);
	ck_assert_uint_eq(load(t, BASE), 1);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 4096, MADV_DONTNEED_LOCKED),
	                 0);
	ck_assert_uint_eq(load(t, BASE), 0);
}

START_TEST(locked_memory_is_only_given_up_when_asked_by_name)
{
	run_process(locked);
}
END_TEST

static void free_pages(struct task *t)
{
	mmap_anon(t, BASE, 8192, RW);
	store(t, BASE, 1);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 8192, MADV_FREE), 0);
	/* Still there, until memory is short. */
	ck_assert_uint_eq(load(t, BASE), 1);
	ck_assert(!pt_walk(fix.m, t->mm->pgd, BASE).entry[1].dirty);
	store(t, BASE, 2);
	ck_assert(pt_walk(fix.m, t->mm->pgd, BASE).entry[1].dirty);

	sys_mmap(t, BASE + MB, 4096, RW,
	         MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
	ck_assert_int_eq(do_sys_madvise(t, BASE + MB, 4096, MADV_FREE),
	                 -EINVAL);
}

START_TEST(free_marks_private_pages_clean_and_refuses_shared_ones)
{
	run_process(free_pages);
}
END_TEST

static void populate(struct task *t)
{
	mmap_anon(t, BASE, 8 * PAGE_SIZE, RW);
	mmap_anon(t, BASE + 8 * PAGE_SIZE, PAGE_SIZE, PROT_READ);
	ck_assert_int_eq(
		do_sys_madvise(t, BASE, 8 * PAGE_SIZE, MADV_POPULATE_WRITE), 0);
	ck_assert_int_eq(t->mm->rss_anon.counter, 8);
	ck_assert_int_eq(
		do_sys_madvise(t, BASE, 9 * PAGE_SIZE, MADV_POPULATE_WRITE),
		-EINVAL);
	ck_assert_int_eq(
		do_sys_madvise(t, BASE, 9 * PAGE_SIZE, MADV_POPULATE_READ), 0);
	ck_assert(is_mapped(t, BASE + 8 * PAGE_SIZE));
	ck_assert_int_eq(
		do_sys_madvise(t, BASE, 10 * PAGE_SIZE, MADV_POPULATE_READ),
		-ENOMEM);
}

START_TEST(populate_faults_in_or_says_why_not)
{
	run_process(populate);
}
END_TEST

static void hugepage(struct task *t)
{
	mmap_anon(t, BASE, 6 * MB, RW);
	store(t, BASE, 1);
	ck_assert_int_eq(t->mm->rss_anon.counter, 1);
	ck_assert_int_eq(
		do_sys_madvise(t, BASE + 2 * MB, 2 * MB, MADV_HUGEPAGE), 0);
	ck_assert_uint_eq(t->mm->map_count, 3);
	store(t, BASE + 2 * MB, 1);
	ck_assert_int_eq(t->mm->rss_anon.counter, 513);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 6 * MB, MADV_NOHUGEPAGE), 0);
	ck_assert_uint_eq(t->mm->map_count, 1);
	vma_check(t->mm);
}

START_TEST(hugepage_and_nohugepage_split_and_merge_vmas)
{
	fix.options.thp = THP_MADVISE;
	run_process(hugepage);
}
END_TEST

static void dontneed_part_of_huge(struct task *t)
{
	mmap_anon(t, BASE, 2 * MB, RW);
	for (vaddr_t a = BASE; a < BASE + 2 * MB; a += 64 << 10)
		store(t, a, a);
	ck_assert_int_eq(do_sys_madvise(t, BASE, MB, MADV_DONTNEED), 0);
	ck_assert_uint_eq(load(t, BASE), 0);
	ck_assert_uint_eq(load(t, BASE + MB), BASE + MB);
}

START_TEST(dontneed_of_half_a_huge_page_keeps_the_other_half)
{
	fix.options.thp = THP_ALWAYS;
	run_process(dontneed_part_of_huge);
}
END_TEST

/* Two threads give up the same memory while a third touches it. */
static void give_up(struct task *t)
{
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(do_sys_madvise(t, BASE, 2 * MB, MADV_DONTNEED),
		                 0);
}

static void touch_it(struct task *t)
{
	for (unsigned i = 0; i < 12; i++)
		store(t, BASE + i * 0x1f000, i);
}

static void map_it(struct task *t)
{
	mmap_anon(t, BASE, 2 * MB, RW);
	mmget(t->mm);
	mmget(t->mm);
	mmget(t->mm);
	spawn(t->mm, 1, "give up 1", give_up);
	spawn(t->mm, 2, "give up 2", give_up);
	spawn(t->mm, 3, "touch", touch_it);
}

START_TEST(threads_that_race_leave_every_counter_right)
{
	policy_free(fix.policy);
	fix.policy = fix.m->policy = policy_random_new((uint64_t)_i + 1);
	fix.options.pt_reclaim = _i & 1 ? PT_RECLAIM_MERGED : PT_RECLAIM_OFF;
	fix.options.thp = _i & 2 ? THP_ALWAYS : THP_NEVER;
	run_process(map_it);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/madvise");
	TCase *tc = tcase_create("madvise");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, after_dontneed_memory_reads_as_zero);
	tcase_add_test(tc, bad_arguments_fail_and_holes_fail_at_the_end);
	tcase_add_test(tc, locked_memory_is_only_given_up_when_asked_by_name);
	tcase_add_test(tc,
	               free_marks_private_pages_clean_and_refuses_shared_ones);
	tcase_add_test(tc, populate_faults_in_or_says_why_not);
	tcase_add_test(tc, hugepage_and_nohugepage_split_and_merge_vmas);
	tcase_add_test(tc, dontneed_of_half_a_huge_page_keeps_the_other_half);
	tcase_add_loop_test(tc, threads_that_race_leave_every_counter_right, 0,
	                    40);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
