/* SPDX-License-Identifier: GPL-2.0-or-later */
/* References to pages: Linux v6.12 include/linux/page_ref.h, mm/gup.c. */
#include "mm/page.h"

#include "mm/mm.h"
#include "mm/pgalloc.h"
#include "mm/sys.h"
#include "tests/mm/lab.h"

#define HEAP UINT64_C(0x40000000)

static void run_body(void (*fn)(struct task *t))
{
	struct lab *lab = lab_start(1);

	lab_task(lab, 0, lab_mm(lab, "A"), "t", fn);
	lab_run(lab);
	ck_assert_uint_eq(lab->nr_uaf, 0);
	lab_free(lab, true);
}

static void body_freed(struct task *t)
{
	struct machine *m = lab_of(t)->m;
	struct page *page = alloc_anon_page(m, 0, true);

	ck_assert_ptr_eq(try_get_folio(page), page);
	ck_assert_int_eq(page_ref_count(page), 2);
	put_page(page);
	put_page(page);
	ck_assert_uint_eq(page->kind, FRAME_FREE);
	ck_assert_ptr_null(try_get_folio(page));
	ck_assert_int_eq(page_ref_count(page), 0);
	exit_mm(t);
}

START_TEST(a_freed_page_gives_no_reference)
{
	run_body(body_freed);
}
END_TEST

static void body_tail(struct task *t)
{
	struct page *huge = alloc_anon_page(lab_of(t)->m, 9, true);

	ck_assert_ptr_eq(try_get_folio(huge + 7), huge);
	ck_assert_int_eq(page_ref_count(huge), 2);
	put_page(huge);
	put_page(huge);
	ck_assert_ptr_null(try_get_folio(huge + 7));
	exit_mm(t);
}

START_TEST(the_reference_of_a_huge_page_is_its_heads)
{
	run_body(body_tail);
}
END_TEST

/* A walker that read an entry long ago takes what is a table by now. */
static void body_table(struct task *t)
{
	struct page *table = pte_alloc_one(t->mm, HEAP);

	ck_assert_ptr_eq(try_get_folio(table), table);
	pte_free(t->mm, table);
	ck_assert_uint_ne(table->kind, FRAME_FREE);
	put_page(table);
	ck_assert_uint_eq(table->kind, FRAME_FREE);

	/* And once it is freed, there is nothing to take. */
	table = pte_alloc_one(t->mm, HEAP);
	pte_free(t->mm, table);
	ck_assert_ptr_null(try_get_folio(table));
	exit_mm(t);
}

START_TEST(a_late_reference_to_a_table_frees_it)
{
	run_body(body_table);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, a_freed_page_gives_no_reference);
	tcase_add_test(tc, the_reference_of_a_huge_page_is_its_heads);
	tcase_add_test(tc, a_late_reference_to_a_table_frees_it);
}

int main(void)
{
	return lab_main("mm/page", add_tests);
}
