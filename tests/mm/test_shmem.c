/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/shmem.h"

#include <errno.h>

#include "mm/fault.h"
#include "mm/page.h"
#include "mm/sys.h"
#include "tests/mm/lab.h"

#define SHARED UINT64_C(0x50000000)

static struct address_space *the_file(const struct task *t)
{
	return lab_of(t)->k->files;
}

static struct lab *lab_with_file(uint64_t size)
{
	struct lab *lab = lab_start(1);

	ck_assert_ptr_nonnull(shmem_file_setup(lab->k, "f", size));
	return lab;
}

START_TEST(files_are_found_by_name_and_numbered)
{
	struct lab *lab = lab_with_file(1);
	struct address_space *g = shmem_file_setup(lab->k, "g", 0);

	ck_assert_ptr_eq(shmem_find_file(lab->k, "g"), g);
	ck_assert_uint_eq(g->id, 2);
	ck_assert_ptr_null(shmem_find_file(lab->k, "h"));
	lab_free(lab, true);
}
END_TEST

static void body_get(struct task *t)
{
	struct address_space *f = the_file(t);
	struct page *first, *again;

	ck_assert_int_eq(shmem_get_folio(f, 1, &first), 0);
	ck_assert(folio_test_locked(first));
	ck_assert_int_eq(first->refcount, 2); /* the cache's and ours */
	ck_assert_ptr_eq(first->mapping, f);
	ck_assert_uint_eq(first->index, 1);
	folio_unlock(first);
	put_page(first);

	ck_assert_int_eq(shmem_get_folio(f, 1, &again), 0);
	ck_assert_ptr_eq(first, again);
	folio_unlock(again);
	put_page(again);
	ck_assert_uint_eq(f->nrpages, 1);

	/* A page and a byte: index 1 is the last one. */
	ck_assert_int_eq(shmem_get_folio(f, 2, &again), -EINVAL);
	ck_assert_int_eq(shmem_get_folio(f, UINT64_MAX, &again), -EINVAL);
}

START_TEST(a_page_is_made_once_and_not_beyond_the_end)
{
	struct lab *lab = lab_with_file(PAGE_SIZE + 1);

	lab_task(lab, 0, NULL, "k", body_get);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void body_truncate(struct task *t)
{
	struct address_space *f = the_file(t);
	uint64_t free_before = lab_of(t)->m->mem.nr_free;

	lab_map_file(t, SHARED, 4 * PAGE_SIZE, f, 0);
	for (unsigned i = 0; i < 4; i++)
		lab_touch(t, SHARED + i * PAGE_SIZE, true);
	ck_assert_uint_eq(f->nrpages, 4);
	ck_assert_int_eq(t->mm->rss_shmem.counter, 4);

	ck_assert_int_eq(do_sys_ftruncate(t, f, PAGE_SIZE), 0);
	ck_assert_uint_eq(f->nrpages, 1);
	ck_assert_int_eq(t->mm->rss_shmem.counter, 1);
	ck_assert_uint_ne(lab_pte(t->mm, SHARED), 0);
	for (unsigned i = 1; i < 4; i++)
		ck_assert_uint_eq(lab_pte(t->mm, SHARED + i * PAGE_SIZE), 0);
	/* One page and the four tables above it are in use. */
	ck_assert_uint_eq(free_before - lab_of(t)->m->mem.nr_free, 1 + 3);

	exit_mm(t);
}

START_TEST(ftruncate_unmaps_and_frees_what_lies_beyond)
{
	struct lab *lab = lab_with_file(4 * PAGE_SIZE);

	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_truncate);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void body_partial(struct task *t)
{
	struct address_space *f = the_file(t);
	struct machine *m = lab_of(t)->m;
	struct page *page;
	paddr_t pa;

	lab_map_file(t, SHARED, PAGE_SIZE, f, 0);
	lab_touch(t, SHARED, true);
	page = lab_page(t->mm, SHARED);
	pa = page_phys(page);
	phys_write(&m->mem, pa + 96, 8, 0x1111);
	phys_write(&m->mem, pa + 104, 8, 0x2222);

	ck_assert_int_eq(do_sys_ftruncate(t, f, 104), 0);
	ck_assert_ptr_eq(lab_page(t->mm, SHARED), page);
	ck_assert_uint_eq(phys_read(&m->mem, pa + 96, 8), 0x1111);
	ck_assert_uint_eq(phys_read(&m->mem, pa + 104, 8), 0);
	exit_mm(t);
}

START_TEST(ftruncate_within_a_page_zeroes_the_rest_of_it)
{
	struct lab *lab = lab_with_file(PAGE_SIZE);

	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_partial);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void body_last_fput(struct task *t)
{
	struct address_space *f = the_file(t);
	uint64_t free_before = lab_of(t)->m->mem.nr_free;
	struct page *page;

	ck_assert_int_eq(shmem_get_folio(f, 0, &page), 0);
	folio_unlock(page);
	put_page(page);
	get_file(f);
	fput(f);
	ck_assert_ptr_eq(the_file(t), f);
	ck_assert_uint_eq(lab_of(t)->m->mem.nr_free, free_before - 1);
	fput(f);
	ck_assert_ptr_null(the_file(t));
	ck_assert_uint_eq(lab_of(t)->m->mem.nr_free, free_before);
}

START_TEST(the_last_reference_frees_file_and_pages)
{
	struct lab *lab = lab_with_file(PAGE_SIZE);

	lab_task(lab, 0, NULL, "k", body_last_fput);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

/* Mapped by two processes, truncated by the second. */
static void body_map_and_stay(struct task *t)
{
	lab_map_file(t, SHARED, PAGE_SIZE, the_file(t), 0);
	lab_touch(t, SHARED, true);
}

static void body_map_and_truncate(struct task *t)
{
	body_map_and_stay(t);
	ck_assert_int_eq(lab_page(t->mm, SHARED)->mapcount, 2);
	ck_assert_int_eq(do_sys_ftruncate(t, the_file(t), 0), 0);
}

START_TEST(ftruncate_reaches_every_process)
{
	struct lab *lab = lab_with_file(PAGE_SIZE);
	struct mm_struct *a = lab_mm(lab, "A");

	lab_task(lab, 0, a, "a", body_map_and_stay);
	lab_run(lab);
	lab_task(lab, 0, lab_mm(lab, "B"), "b", body_map_and_truncate);
	lab_run(lab);
	ck_assert_uint_eq(lab_pte(a, SHARED), 0);
	ck_assert_int_eq(a->rss_shmem.counter, 0);
	lab_free(lab, true);
}
END_TEST

static void body_fault_loop(struct task *t)
{
	lab_map_file(t, SHARED, 2 * PAGE_SIZE, the_file(t), 0);
	for (unsigned i = 0; i < 3; i++) {
		(void)mm_fault_page(t->mm, SHARED + PAGE_SIZE, true);
		(void)mm_fault_page(t->mm, SHARED, false);
	}
	exit_mm(t);
}

static void body_truncate_loop(struct task *t)
{
	for (unsigned i = 0; i < 2; i++) {
		(void)do_sys_ftruncate(t, the_file(t), 0);
		(void)do_sys_ftruncate(t, the_file(t), 2 * PAGE_SIZE);
	}
	exit_mm(t);
}

START_TEST(faults_race_with_truncation_without_leaks)
{
	struct lab *lab = lab_new(2);
	struct policy *timed = lab->policy;

	lab->policy = policy_random_new(7);
	lab->m->policy = lab->policy;
	policy_free(timed);
	for (unsigned i = 0; i < 200; i++) {
		struct mm_struct *mm;

		if (i)
			machine_reset(lab->m);
		lab_boot(lab);
		shmem_file_setup(lab->k, "f", 2 * PAGE_SIZE);
		mm = lab_mm(lab, "A");
		lab_task(lab, 0, mm, "fault", body_fault_loop);
		lab_task(lab, 1, mm, "truncate", body_truncate_loop);
		lab->policy->begin(lab->policy, lab->m);
		lab_run(lab);
		lab_check(lab);
	}
	lab_free(lab, true);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, files_are_found_by_name_and_numbered);
	tcase_add_test(tc, a_page_is_made_once_and_not_beyond_the_end);
	tcase_add_test(tc, ftruncate_unmaps_and_frees_what_lies_beyond);
	tcase_add_test(tc, ftruncate_within_a_page_zeroes_the_rest_of_it);
	tcase_add_test(tc, the_last_reference_frees_file_and_pages);
	tcase_add_test(tc, ftruncate_reaches_every_process);
	tcase_add_test(tc, faults_race_with_truncation_without_leaks);
}

int main(void)
{
	return lab_main("mm/shmem", add_tests);
}
