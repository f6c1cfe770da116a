/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: fork(2), madvise(2), Linux v6.12 mm/memory.c. */
#include "mm/fork.h"

#include "mm/memory.h"
#include "mm/vma.h"
#include "tests/mm/fixture.h"

#define BASE UINT64_C(0x40000000)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define RW   (PROT_READ | PROT_WRITE)

/* The child runs after the parent's part, on CPU 1. */
static void (*child_body)(struct task *t);

static struct mm_struct *fork_mm(struct task *t)
{
	struct mm_struct *mm = dup_mm(t, t->mm);

	ck_assert_ptr_nonnull(mm);
	vma_check(mm);
	return mm;
}

static void fork_child(struct task *t)
{
	spawn(fork_mm(t), 1, "child", child_body);
}

static struct page *page_at(struct mm_struct *mm, vaddr_t addr)
{
	struct pt_walk walk = pt_walk(fix.m, mm->pgd, addr);

	ck_assert(walk.leaf);
	return pfn_to_page(&fix.m->mem, walk.paddr >> PAGE_SHIFT);
}

static bool is_writable(struct mm_struct *mm, vaddr_t addr)
{
	struct pt_walk walk = pt_walk(fix.m, mm->pgd, addr);

	return walk.leaf && walk.write;
}

static bool child_ran;

static void cow_child(struct task *t)
{
	ck_assert_uint_eq(load(t, BASE), 1);
	ck_assert_uint_eq(load(t, BASE + 0x1000), 2);
	store(t, BASE, 11);
	ck_assert_uint_eq(load(t, BASE), 11);
	ck_assert_uint_eq(load(t, BASE + 0x3000), 0);
	child_ran = true;
}

static void cow_parent(struct task *t)
{
	struct mm_struct *child;

	mmap_anon(t, BASE, 4 * PAGE_SIZE, RW);
	store(t, BASE, 1);
	store(t, BASE + 0x1000, 2);
	ck_assert(PageAnonExclusive(page_at(t->mm, BASE)));
	child = fork_mm(t);

	ck_assert(!is_writable(t->mm, BASE));
	ck_assert(!is_writable(child, BASE));
	ck_assert_ptr_eq(page_at(t->mm, BASE), page_at(child, BASE));
	ck_assert(!PageAnonExclusive(page_at(t->mm, BASE)));
	ck_assert_int_eq(page_at(t->mm, BASE)->mapcount, 2);
	ck_assert_int_eq(child->rss_anon.counter, 2);
	store(t, BASE + 0x1000, 22);
	ck_assert_ptr_ne(page_at(t->mm, BASE + 0x1000),
	                 page_at(child, BASE + 0x1000));
	spawn(child, 1, "child", child_body);
	ck_assert_uint_eq(load(t, BASE), 1);
}

START_TEST(private_pages_are_shared_until_somebody_writes)
{
	child_ran = false;
	child_body = cow_child;
	run_process(cow_parent);
	ck_assert(child_ran);
}
END_TEST

static void shared_child(struct task *t)
{
	ck_assert(!is_mapped(t, BASE)); /* not copied: a fault brings it */
	ck_assert_uint_eq(load(t, BASE), 5);
	store(t, BASE + 0x1000, 6);
}

static void shared_parent(struct task *t)
{
	sys_mmap(t, BASE, 2 * PAGE_SIZE, RW,
	         MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
	store(t, BASE, 5);
	fork_child(t);
	ck_assert(is_writable(t->mm, BASE));
}

START_TEST(shared_memory_is_not_copied_and_stays_shared)
{
	child_body = shared_child;
	run_process(shared_parent);
}
END_TEST

static void flags_child(struct task *t)
{
	ck_assert(!user_access(t, BASE, false));
	ck_assert_uint_eq(load(t, BASE + 1 * MB), 0); /* wiped */
	ck_assert_uint_eq(load(t, BASE + 2 * MB), 3);
	ck_assert_uint_eq(t->mm->map_count, 2);
	ck_assert_uint_eq(t->mm->total_vm, 2 * MB >> PAGE_SHIFT);
}

static void flags_parent(struct task *t)
{
	mmap_anon(t, BASE, 3 * MB, RW);
	for (unsigned i = 0; i < 3; i++)
		store(t, BASE + i * MB, i + 1);
	ck_assert_int_eq(do_sys_madvise(t, BASE, MB, MADV_DONTFORK), 0);
	ck_assert_int_eq(do_sys_madvise(t, BASE + MB, MB, MADV_WIPEONFORK), 0);
	fork_child(t);
}

START_TEST(dontfork_and_wipeonfork_are_respected)
{
	child_body = flags_child;
	run_process(flags_parent);
}
END_TEST

static void huge_child(struct task *t)
{
	ck_assert_uint_eq(load(t, BASE + 0x5000), 9);
	store(t, BASE + 0x5000, 10);
	ck_assert_uint_eq(load(t, BASE + 0x6000), 8);
}

static void huge_parent(struct task *t)
{
	mmap_anon(t, BASE, 4 * MB, RW);
	store(t, BASE + 0x5000, 9);
	store(t, BASE + 0x6000, 8);
	ck_assert_uint_eq(t->mm->rss_anon.counter, 512);
	fork_child(t);
	ck_assert(!is_writable(t->mm, BASE));
	store(t, BASE + 0x5000, 1);
	ck_assert_uint_eq(load(t, BASE + 0x6000), 8);
}

START_TEST(huge_pages_are_shared_too)
{
	fix.options.thp = THP_ALWAYS;
	child_body = huge_child;
	run_process(huge_parent);
}
END_TEST

static void failing_forks(struct task *t)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < 8; i++)
		store(t, mmap_anon(t, BASE + i * 64 * MB, 8192, RW), i);
	for (uint64_t n = 1; n < 40; n++) {
		struct mm_struct *mm;

		fix.m->mem.fail_nth = n;
		mm = dup_mm(t, t->mm);
		fix.m->mem.fail_nth = 0;
		failed += !mm;
		if (mm)
			mmput(mm);
		vma_check(t->mm);
		ck_assert_uint_eq(load(t, BASE + 64 * MB), 1);
	}
	/* The root, then tables of each region. */
	ck_assert_uint_ge(failed, 8);
	ck_assert_uint_lt(failed, 39);
}

START_TEST(a_fork_without_memory_fails_and_loses_nothing)
{
	run_process(failing_forks);
}
END_TEST

static void grandchild_body(struct task *t)
{
	ck_assert_uint_eq(load(t, BASE), 7);
	store(t, BASE, 9);
}

static void middle_body(struct task *t)
{
	child_body = grandchild_body;
	spawn(dup_mm(t, t->mm), 2, "grandchild", grandchild_body);
	ck_assert_uint_eq(load(t, BASE), 7);
}

static void chain(struct task *t)
{
	mmap_anon(t, BASE, 8192, RW);
	store(t, BASE, 7);
	fork_child(t);
	do_sys_munmap(t, BASE, 8192);
}

START_TEST(pages_outlive_the_process_that_made_them)
{
	child_body = middle_body;
	run_process(chain);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/fork");
	TCase *tc = tcase_create("fork");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, private_pages_are_shared_until_somebody_writes);
	tcase_add_test(tc, shared_memory_is_not_copied_and_stays_shared);
	tcase_add_test(tc, dontfork_and_wipeonfork_are_respected);
	tcase_add_test(tc, huge_pages_are_shared_too);
	tcase_add_test(tc, a_fork_without_memory_fails_and_loses_nothing);
	tcase_add_test(tc, pages_outlive_the_process_that_made_them);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
