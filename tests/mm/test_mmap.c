/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: mmap(2), munmap(2), brk(2). */
#include "mm/mmap.h"

#include "mm/vma.h"
#include "tests/mm/arch.h"
#include "tests/mm/fixture.h"

#define BASE UINT64_C(0x40000000)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)

static void map_touch_unmap(struct task *t)
{
	mmap_anon(t, BASE, 4 * PAGE_SIZE, RW);
	store(t, BASE + 0x1000, 0x11);
	ck_assert_uint_eq(load(t, BASE + 0x1000), 0x11);
	ck_assert_uint_eq(load(t, BASE + 0x2000), 0);
	ck_assert_str_eq(maps(t->mm), "40000000-40004000 rw-p\n");
	ck_assert_int_eq(do_sys_munmap(t, BASE, 4 * PAGE_SIZE), 0);
	ck_assert_str_eq(maps(t->mm), "");
	ck_assert(!user_access(t, BASE + 0x1000, false));
}

START_TEST(memory_can_be_mapped_touched_and_unmapped)
{
	run_process(map_touch_unmap);
}
END_TEST

static void exit_with_memory(struct task *t)
{
	mmap_anon(t, BASE, 1024 * MB, RW);
	for (vaddr_t a = BASE; a < BASE + 1024 * MB; a += 64 * MB)
		store(t, a, a);
	vma_check(t->mm);
}

START_TEST(exit_gives_everything_back)
{
	run_process(exit_with_memory);
}
END_TEST

static void mmap_errors(struct task *t)
{
	ck_assert_int_eq(sys_mmap(t, 0, 0, RW, ANON), -EINVAL);
	ck_assert_int_eq(sys_mmap(t, 0, UINT64_MAX, RW, ANON), -ENOMEM);
	ck_assert_int_eq(sys_mmap(t, 0, UINT64_C(1) << 48, RW, ANON), -ENOMEM);
	ck_assert_int_eq(sys_mmap(t, BASE + 1, 4096, RW, ANON | MAP_FIXED),
	                 -EINVAL);
	ck_assert_int_eq(sys_mmap(t, 0, 4096, RW, MAP_ANONYMOUS), -EINVAL);
	ck_assert_int_eq(
		sys_mmap(t, 0, 4096, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE),
		-EINVAL);
	ck_assert_int_eq(sys_mmap(t, task_size(), 4096, RW, ANON | MAP_FIXED),
	                 -ENOMEM);
	ck_assert_int_eq(sys_mmap(t, 0, 4096, RW, ANON | MAP_FIXED), -EPERM);
	ck_assert_int_eq(sys_mmap(t, 0, 4096, RW, ANON | MAP_HUGETLB), -EINVAL);
	mmap_anon(t, BASE, 4096, RW);
	ck_assert_int_eq(
		sys_mmap(t, BASE, 4096, RW, ANON | MAP_FIXED_NOREPLACE),
		-EEXIST);
	ck_assert_int_eq(
		sys_mmap(t, BASE - 4096, 8192, RW, ANON | MAP_FIXED_NOREPLACE),
		-EEXIST);
	ck_assert_int_eq(
		sys_mmap(t, BASE + 4096, 4096, RW, ANON | MAP_FIXED_NOREPLACE),
		BASE + 4096);
}

START_TEST(mmap_refuses_what_the_manual_page_says)
{
	run_process(mmap_errors);
}
END_TEST

static void munmap_errors(struct task *t)
{
	mmap_anon(t, BASE, 4096, RW);
	ck_assert_int_eq(do_sys_munmap(t, BASE + 1, 4096), -EINVAL);
	ck_assert_int_eq(do_sys_munmap(t, BASE, 0), -EINVAL);
	ck_assert_int_eq(do_sys_munmap(t, BASE, UINT64_C(1) << 48), -EINVAL);
	ck_assert_int_eq(do_sys_munmap(t, UINT64_C(1) << 48, 4096), -EINVAL);
	ck_assert_int_eq(do_sys_munmap(t, BASE + 8 * MB, 4096), 0);
	ck_assert_str_eq(maps(t->mm), "40000000-40001000 rw-p\n");
}

START_TEST(munmap_of_a_hole_succeeds_and_bad_arguments_fail)
{
	run_process(munmap_errors);
}
END_TEST

static void munmap_middle(struct task *t)
{
	mmap_anon(t, BASE, 5 * PAGE_SIZE, RW);
	for (unsigned i = 0; i < 5; i++)
		store(t, BASE + i * PAGE_SIZE, i + 1);
	ck_assert_int_eq(do_sys_munmap(t, BASE + 2 * PAGE_SIZE, 1), 0);
	ck_assert_str_eq(maps(t->mm), "40000000-40002000 rw-p\n"
	                              "40003000-40005000 rw-p\n");
	ck_assert(!user_access(t, BASE + 0x2000, false));
	ck_assert_uint_eq(load(t, BASE + 0x1000), 2);
	ck_assert_uint_eq(load(t, BASE + 0x3000), 4);
	/* Filling the hole makes one VMA of three. */
	mmap_anon(t, BASE + 0x2000, 4096, RW);
	ck_assert_str_eq(maps(t->mm), "40000000-40005000 rw-p\n");
	ck_assert_uint_eq(load(t, BASE + 0x2000), 0);
	ck_assert_uint_eq(load(t, BASE + 0x4000), 5);
	vma_check(t->mm);
}

START_TEST(munmap_in_the_middle_splits_and_mmap_merges)
{
	run_process(munmap_middle);
}
END_TEST

static void map_over(struct task *t)
{
	mmap_anon(t, BASE, 8 * PAGE_SIZE, RW);
	for (unsigned i = 0; i < 8; i++)
		store(t, BASE + i * PAGE_SIZE, 7);
	mmap_anon(t, BASE + 2 * PAGE_SIZE, 3 * PAGE_SIZE, PROT_READ);
	ck_assert_str_eq(maps(t->mm), "40000000-40002000 rw-p\n"
	                              "40002000-40005000 r--p\n"
	                              "40005000-40008000 rw-p\n");
	ck_assert_uint_eq(load(t, BASE + 0x2000), 0);
	ck_assert(!user_access(t, BASE + 0x2000, true));
	ck_assert_uint_eq(load(t, BASE + 0x5000), 7);
	ck_assert_uint_eq(t->mm->total_vm, 8);
	vma_check(t->mm);
}

START_TEST(map_fixed_replaces_what_was_there)
{
	run_process(map_over);
}
END_TEST

static void placement(struct task *t)
{
	/* Without randomisation: below a stack of 128 MiB. */
	const vaddr_t top = test_arch() == ARCH_ARM64
	                            ? UINT64_C(0xfffff8000000)
	                            : UINT64_C(0x7ffff7fff000);
	vaddr_t a = mmap_anon(t, 0, 3 * PAGE_SIZE, RW);
	vaddr_t b = mmap_anon(t, 0, 2 * PAGE_SIZE, PROT_READ);

	ck_assert_uint_eq(a, top - 3 * PAGE_SIZE);
	ck_assert_uint_eq(b, a - 2 * PAGE_SIZE);
	/* The highest hole that is big enough. */
	ck_assert_int_eq(do_sys_munmap(t, a, PAGE_SIZE), 0);
	ck_assert_uint_eq(mmap_anon(t, 0, PAGE_SIZE, PROT_EXEC), a);
	ck_assert_int_eq(do_sys_munmap(t, a, PAGE_SIZE), 0);
	ck_assert_uint_eq(mmap_anon(t, 0, 2 * PAGE_SIZE, PROT_EXEC),
	                  b - 2 * PAGE_SIZE);
	/* A hint is taken if it is free, rounded down, else ignored. */
	ck_assert_int_eq(sys_mmap(t, BASE + 123, 4096, RW, ANON), BASE);
	ck_assert_int_eq(sys_mmap(t, BASE, 4096, RW, ANON), a);
	/* 2 MiB multiples are aligned for huge pages. */
	ck_assert(IS_ALIGNED(mmap_anon(t, 0, 4 * MB, RW), 2 * MB));
}

START_TEST(mmap_places_from_the_top_down)
{
	run_process(placement);
}
END_TEST

static void shared_memory(struct task *t)
{
	long a = sys_mmap(t, BASE, 8192, RW,
	                  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);

	ck_assert_int_eq(a, BASE);
	ck_assert_uint_eq(load(t, BASE + 4096), 0);
	store(t, BASE + 4096, 3);
	ck_assert_uint_eq(load(t, BASE + 4096), 3);
	ck_assert_uint_eq(t->mm->rss_shmem.counter, 1);
	ck_assert_int_eq(do_sys_madvise(t, BASE, 8192, MADV_DONTNEED), 0);
	ck_assert_uint_eq(t->mm->rss_shmem.counter, 0);
	ck_assert_uint_eq(load(t, BASE + 4096), 3);
}

START_TEST(shared_anonymous_memory_survives_dontneed)
{
	run_process(shared_memory);
}
END_TEST

static void populate(struct task *t)
{
	sys_mmap(t, BASE, 16 * PAGE_SIZE, RW, ANON | MAP_FIXED | MAP_POPULATE);
	ck_assert_uint_eq(t->mm->rss_anon.counter, 16);
	ck_assert(is_mapped(t, BASE + 15 * PAGE_SIZE));
}

START_TEST(map_populate_faults_every_page_in)
{
	run_process(populate);
}
END_TEST

static void brk_grows(struct task *t)
{
	vaddr_t start = t->mm->start_brk;

	ck_assert_int_eq(do_sys_brk(t, 0), start);
	ck_assert_int_eq(do_sys_brk(t, start + 100), start + 100);
	store(t, start, 1);
	ck_assert_int_eq(do_sys_brk(t, start + 3 * PAGE_SIZE),
	                 start + 3 * PAGE_SIZE);
	store(t, start + 2 * PAGE_SIZE, 2);
	ck_assert_uint_eq(t->mm->map_count, 1);
	ck_assert_int_eq(do_sys_brk(t, start + PAGE_SIZE), start + PAGE_SIZE);
	ck_assert(!user_access(t, start + PAGE_SIZE, false));
	ck_assert_uint_eq(load(t, start), 1);
	/* Below the start, or into another mapping: nothing happens. */
	ck_assert_int_eq(do_sys_brk(t, start - 1), start + PAGE_SIZE);
	mmap_anon(t, start + 4 * PAGE_SIZE, PAGE_SIZE, PROT_NONE);
	ck_assert_int_eq(do_sys_brk(t, start + 4 * PAGE_SIZE),
	                 start + PAGE_SIZE);
	ck_assert_int_eq(do_sys_brk(t, start + 3 * PAGE_SIZE),
	                 start + 3 * PAGE_SIZE);
	vma_check(t->mm);
}

START_TEST(brk_grows_and_shrinks_the_heap)
{
	run_process(brk_grows);
}
END_TEST

static void out_of_memory(struct task *t)
{
	/* Whichever frame is refused, nothing is lost (see teardown). */
	for (uint64_t n = 1; n < 8; n++) {
		fix.m->mem.fail_nth = n;
		(void)sys_mmap(t, BASE, 4 * MB, RW,
		               ANON | MAP_FIXED | MAP_POPULATE);
		fix.m->mem.fail_nth = 0;
		ck_assert_int_eq(do_sys_munmap(t, BASE, 4 * MB), 0);
	}
}

START_TEST(failed_frames_lose_nothing)
{
	run_process(out_of_memory);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/mmap");
	TCase *tc = tcase_create("mmap");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, memory_can_be_mapped_touched_and_unmapped);
	tcase_add_test(tc, exit_gives_everything_back);
	tcase_add_test(tc, mmap_refuses_what_the_manual_page_says);
	tcase_add_test(tc, munmap_of_a_hole_succeeds_and_bad_arguments_fail);
	tcase_add_test(tc, munmap_in_the_middle_splits_and_mmap_merges);
	tcase_add_test(tc, map_fixed_replaces_what_was_there);
	tcase_add_test(tc, mmap_places_from_the_top_down);
	tcase_add_test(tc, shared_anonymous_memory_survives_dontneed);
	tcase_add_test(tc, map_populate_faults_every_page_in);
	tcase_add_test(tc, brk_grows_and_shrinks_the_heap);
	tcase_add_test(tc, failed_frames_lose_nothing);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
