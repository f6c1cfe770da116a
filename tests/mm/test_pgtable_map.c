/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pte_offset_map() and its forms; page tables as objects. */
#include "mm/pgtable_map.h"
#include "mm/ptep.h"

#include <errno.h>

#include "mm/huge_memory.h"
#include "mm/mmap_lock.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/vma.h"
#include "tests/mm/world.h"

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

/* ---- mapping ---- */

static void nothing_there_body(struct task *t)
{
	spinlock_t *ptl;
	pmd_t *pmd;

	map_heap(t, 2 * MIB2);
	ck_assert_ptr_null(mm_find_pmd(t->mm, HEAP));
	touch(t, HEAP, 1);
	pmd = mm_find_pmd(t->mm, HEAP + MIB2);
	ck_assert_ptr_nonnull(pmd);
	ck_assert_ptr_null(pte_offset_map(pmd, HEAP + MIB2));
	ck_assert_ptr_null(pte_offset_map_lock(t->mm, pmd, HEAP + MIB2, &ptl));
	ck_assert(!rcu_read_lock_held());
}

START_TEST(no_table_is_null_outside_of_rcu)
{
	world_do(w, nothing_there_body);
}
END_TEST

static void huge_there_body(struct task *t)
{
	spinlock_t *ptl;
	pmd_t *pmd;

	map_heap(t, MIB2);
	touch(t, HEAP, 1);
	pmd = mm_find_pmd(t->mm, HEAP);
	ck_assert_ptr_null(pte_offset_map_lock(t->mm, pmd, HEAP, &ptl));
	ck_assert(!rcu_read_lock_held());
	ptl = pmd_trans_huge_lock(pmd, vma_lookup(t->mm, HEAP));
	ck_assert_ptr_eq(ptl, pmd_lockptr(t->mm, pmd));
	spin_unlock(ptl);
}

START_TEST(a_huge_page_is_no_table)
{
	w->options.thp = THP_ALWAYS;
	world_do(w, huge_there_body);
}
END_TEST

static void mapped_body(struct task *t)
{
	spinlock_t *ptl, *ro, *rw;
	pmd_t *pmd, pmdval;
	pte_t *pte;

	map_heap(t, MIB2);
	touch(t, HEAP + PAGES(3), 1);
	pmd = mm_find_pmd(t->mm, HEAP);

	pte = pte_offset_map_lock(t->mm, pmd, HEAP + PAGES(3), &ptl);
	ck_assert(rcu_read_lock_held());
	ck_assert(lockdep_holds(ptl));
	ck_assert(pte_present(ptep_get(HEAP + PAGES(3), pte)));
	pte_unmap_unlock(pte, ptl);
	ck_assert(!rcu_read_lock_held());

	pte = pte_offset_map_ro_nolock(t->mm, pmd, HEAP, &ro);
	ck_assert_ptr_eq(ro, ptl);
	ck_assert(!lockdep_holds(ro));
	pte_unmap(pte);
	pte = pte_offset_map_rw_nolock(t->mm, pmd, HEAP, &pmdval, &rw);
	ck_assert_ptr_eq(rw, ptl);
	ck_assert(pmd_same(pmdval, pmdp_get(HEAP, pmd)));
	pte_unmap(pte);
}

START_TEST(a_table_is_mapped_inside_of_rcu)
{
	world_do(w, mapped_body);
}
END_TEST

/* ---- the recheck: looked, lost, filled again ---- */

static void map_one(struct task *t)
{
	map_heap(t, MIB2);
	touch(t, HEAP, 1);
}

static bool locked_the_hooked_table;

static void walker(struct task *t)
{
	spinlock_t *ptl;
	pmd_t *pmd;
	pte_t *pte;

	mmap_read_lock(t->mm);
	pmd = mm_find_pmd(t->mm, HEAP);
	pte = pte_offset_map_lock(t->mm, pmd, HEAP, &ptl);
	ck_assert_ptr_nonnull(pte);
	locked_the_hooked_table =
		ptep_page(pte) == pmd_pgtable_page(pmdp_get(HEAP, pmd));
	pte_unmap_unlock(pte, ptl);
	mmap_read_unlock(t->mm);
}

static void zap_and_refill(struct task *t)
{
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
	touch(t, HEAP, 1);
}

static const struct script_line look_lose_refill[] = {
	{ .agent = "walk",
	  .until = SCRIPT_AFTER,
	  .label = "pmdp_get_lockless",
	  .count = 1 },
	{ .agent = "zap", .until = SCRIPT_TO_END },
	{ .agent = "walk", .until = SCRIPT_TO_END },
};

static void run_recheck(bool recheck)
{
	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	w->options.pmd_recheck = recheck;
	world_boot(w);
	world_thread(w, 0, "setup", map_one);
	ck_assert_int_eq(world_run(w, 1), RUN_DONE);
	world_thread(w, 0, "zap", zap_and_refill);
	world_thread(w, 1, "walk", walker);
	ck_assert_int_eq(world_run_script(w, look_lose_refill, 3), RUN_DONE);
	world_check(w); /* RCU kept the old table for the walker */
}

START_TEST(the_lock_is_that_of_the_table_that_is_there_now)
{
	run_recheck(true);
	ck_assert(locked_the_hooked_table);
}
END_TEST

START_TEST(without_the_recheck_it_is_that_of_a_dead_table)
{
	run_recheck(false);
	ck_assert(!locked_the_hooked_table);
}
END_TEST

/* ---- tables as objects ---- */

static void two_allocs_body(struct task *t)
{
	pmd_t *pmd;
	pgtable_t table;

	map_heap(t, 2 * MIB2);
	touch(t, HEAP, 1);
	pmd = mm_find_pmd(t->mm, HEAP + MIB2);
	mmap_read_lock(t->mm);
	ck_assert_int_eq(pte_alloc(t->mm, pmd, HEAP + MIB2), 0);
	table = pte_alloc_one(t->mm, HEAP + MIB2);
	pmd_install(t->mm, pmd, HEAP + MIB2, &table);
	ck_assert_ptr_nonnull(table); /* somebody was faster: still ours */
	pte_free(t->mm, table);
	mmap_read_unlock(t->mm);
	ck_assert_int_eq(table_kb(t->mm), 16);
}

START_TEST(a_second_table_for_one_pmd_is_given_back)
{
	world_do(w, two_allocs_body);
	/* PGD of the process and of init_mm, PUD, PMD, two PTE tables */
	ck_assert_uint_eq(w->k->vmstat->nr_page_table_pages, 6);
}
END_TEST

static void deposit_body(struct task *t)
{
	pgtable_t a, b;
	spinlock_t *ptl;
	pmd_t *pmd;

	map_heap(t, MIB2);
	touch(t, HEAP, 1);
	pmd = mm_find_pmd(t->mm, HEAP);
	a = pte_alloc_one(t->mm, HEAP);
	b = pte_alloc_one(t->mm, HEAP);
	ptl = pmd_lock(t->mm, pmd);
	pgtable_trans_huge_deposit(t->mm, pmd, a);
	pgtable_trans_huge_deposit(t->mm, pmd, b);
	ck_assert_ptr_eq(pgtable_trans_huge_withdraw(t->mm, pmd), b);
	ck_assert_ptr_eq(pgtable_trans_huge_withdraw(t->mm, pmd), a);
	spin_unlock(ptl);
	pte_free(t->mm, a);
	pte_free(t->mm, b);
}

START_TEST(what_is_deposited_can_be_withdrawn)
{
	world_do(w, deposit_body);
}
END_TEST

/* ---- pages ---- */

static void compound_body(struct task *t)
{
	struct page *huge = alloc_anon_page(w->m, 9, true);
	struct page *small = alloc_anon_page(w->m, 0, true);

	(void)t;
	ck_assert_ptr_eq(compound_head(huge + 511), huge);
	ck_assert_ptr_eq(compound_head(huge), huge);
	ck_assert_ptr_eq(compound_head(small), small);
	ck_assert_uint_eq(compound_nr(huge), 512);
	get_page(huge + 7);
	ck_assert_int_eq(huge->refcount, 2);
	put_page(huge + 300);
	put_page(huge);
	ck_assert_uint_eq(huge->kind, FRAME_FREE);
	ck_assert(!page_ref_freeze(small, 2));
	ck_assert(page_ref_freeze(small, 1));
	page_ref_unfreeze(small, 1);
	put_page(small);
}

START_TEST(references_count_for_the_whole_block)
{
	world_do(w, compound_body);
}
END_TEST

static void put_twice_body(struct task *t)
{
	struct page *page = alloc_anon_page(w->m, 0, true);

	(void)t;
	put_page(page);
	put_page(page);
}

START_TEST(a_reference_too_many_is_reported)
{
	world_boot(w);
	world_thread(w, 0, "t", put_twice_body);
	(void)world_run(w, 1);
	ck_assert_uint_eq(w->bad_free, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/pgtable_map");
	TCase *tc = tcase_create("pgtable_map");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_table_is_null_outside_of_rcu);
	tcase_add_test(tc, a_huge_page_is_no_table);
	tcase_add_test(tc, a_table_is_mapped_inside_of_rcu);
	tcase_add_test(tc, the_lock_is_that_of_the_table_that_is_there_now);
	tcase_add_test(tc, without_the_recheck_it_is_that_of_a_dead_table);
	tcase_add_test(tc, a_second_table_for_one_pmd_is_given_back);
	tcase_add_test(tc, what_is_deposited_can_be_withdrawn);
	tcase_add_test(tc, references_count_for_the_whole_block);
	tcase_add_test(tc, a_reference_too_many_is_reported);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
