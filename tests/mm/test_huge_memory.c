/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages: faults, zap, split, fork, collapse. */
#include "mm/huge_memory.h"

#include <errno.h>

#include "mm/khugepaged.h"
#include "mm/page.h"
#include "tests/mm/world.h"

static struct world *w;
static long kb[4];

static void setup(void)
{
	w = world_new();
	w->options.thp = THP_ALWAYS;
}

static void teardown(void)
{
	world_free(w);
}

static unsigned leaf_level(struct mm_struct *mm, vaddr_t addr)
{
	struct pt_walk walk = pt_walk(w->m, mm->pgd, addr);

	return walk.leaf ? walk.level : 0;
}

static struct page *mapped_page(struct mm_struct *mm, vaddr_t addr)
{
	struct pt_walk walk = pt_walk(w->m, mm->pgd, addr);

	ck_assert(walk.leaf);
	return pfn_to_page(&w->m->mem, walk.paddr >> PAGE_SHIFT);
}

/* ---- faults ---- */

static void fault_body(struct task *t)
{
	map_heap(t, 2 * MIB2);
	user_store(t->mm, HEAP + PAGES(5), 7);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP), PT_LEVEL_PMD);
	ck_assert_uint_eq(user_load(t->mm, HEAP + PAGES(5)), 7);
	ck_assert_int_eq(t->mm->rss_anon.counter, 512);
	/* PUD, PMD and the deposited PTE table */
	ck_assert_int_eq(table_kb(t->mm), 12);
}

START_TEST(a_write_fault_maps_two_mib)
{
	world_do(w, fault_body);
	ck_assert_uint_eq(w->k->vmstat->thp_fault_alloc, 1);
}
END_TEST

static void does_not_fit_body(struct task *t)
{
	map_heap(t, MIB2 - PAGE_SIZE);
	user_store(t->mm, HEAP, 7);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP), PT_LEVEL_PTE);
}

START_TEST(a_vma_that_is_too_small_gets_small_pages)
{
	world_do(w, does_not_fit_body);
}
END_TEST

static void advice_body(struct task *t)
{
	map_heap(t, 3 * MIB2);
	madvise_ok(t, HEAP + MIB2, MIB2, MADV_HUGEPAGE);
	madvise_ok(t, HEAP + 2 * MIB2, MIB2, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < 3; i++) {
		user_store(t->mm, HEAP + i * MIB2, 7);
		kb[i] = leaf_level(t->mm, HEAP + i * MIB2);
	}
}

START_TEST(advice_and_option_decide_together)
{
	static const unsigned level[3][3] = {
		[THP_ALWAYS] = { 2, 2, 1 },
		[THP_MADVISE] = { 1, 2, 1 },
		[THP_NEVER] = { 1, 1, 1 },
	};

	w->options.thp = (enum thp_enabled)_i;
	world_do(w, advice_body);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(kb[i], level[_i][i]);
}
END_TEST

static void zero_page_body(struct task *t)
{
	map_heap(t, MIB2);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 0);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP), PT_LEVEL_PMD);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
	ck_assert_int_eq(table_kb(t->mm), 12);

	/* A write splits it, and copies one small page. */
	user_store(t->mm, HEAP + PAGES(3), 9);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP), PT_LEVEL_PTE);
	ck_assert_int_eq(t->mm->rss_anon.counter, 1);
	ck_assert_uint_eq(user_load(t->mm, HEAP + PAGES(3)), 9);
	ck_assert_uint_eq(user_load(t->mm, HEAP + PAGES(4)), 0);
}

START_TEST(a_read_fault_maps_the_huge_zero_page_until_a_write)
{
	world_do(w, zero_page_body);
}
END_TEST

/* ---- zap (S5-26) ---- */

static void zap_body(struct task *t)
{
	map_heap(t, MIB2);
	user_store(t->mm, HEAP, 7);
	kb[0] = table_kb(t->mm);
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
	kb[1] = table_kb(t->mm);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 0);
}

START_TEST(zapping_a_huge_page_frees_the_deposited_table)
{
	w->options.pt_reclaim = (enum pt_reclaim)_i;
	world_do(w, zap_body);
	ck_assert_int_eq(kb[0], 12);
	ck_assert_int_eq(kb[1], 8);
	ck_assert_uint_eq(w->k->vmstat->pt_reclaimed, 0);
}
END_TEST

static void partial_zap_body(struct task *t)
{
	map_heap(t, MIB2);
	user_store(t->mm, HEAP, 7);
	user_store(t->mm, HEAP + PAGES(9), 8);
	madvise_ok(t, HEAP, PAGES(4), MADV_DONTNEED);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP + PAGES(9)), PT_LEVEL_PTE);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 0);
	ck_assert_uint_eq(user_load(t->mm, HEAP + PAGES(9)), 8);
	ck_assert_int_eq(t->mm->rss_anon.counter, 508);
}

START_TEST(zapping_part_of_a_huge_page_splits_it)
{
	world_do(w, partial_zap_body);
	ck_assert_uint_eq(w->k->vmstat->thp_split_pmd, 1);
	/* the frame is one block until its last page goes */
	ck_assert_uint_eq(w->frees[FRAME_ANON], 0);
}
END_TEST

static void unmap_split_body(struct task *t)
{
	partial_zap_body(t);
	ck_assert_int_eq(do_sys_munmap(t, HEAP, MIB2), 0);
}

START_TEST(the_last_small_part_frees_the_whole_block)
{
	world_do(w, unmap_split_body);
	ck_assert_uint_eq(w->frees[FRAME_ANON], 1);
	ck_assert_int_eq(table_kb(w->mm), 0);
}
END_TEST

/* ---- split: flush between huge and small (M29) ---- */

static unsigned split_flushes;

static void split_body(struct task *t)
{
	map_heap(t, MIB2);
	user_store(t->mm, HEAP + PAGES(1), 7);
	split_flushes = w->flushes;
	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGES(1)), 0);
}

START_TEST(a_split_invalidates_flushes_and_installs)
{
	unsigned direct;

	world_do(w, split_body);
	split_flushes = w->flushes - split_flushes;
	direct = split_flushes;

	w->options.thp_split = THP_SPLIT_DIRECT;
	world_do(w, split_body);
	split_flushes = w->flushes - split_flushes;
	direct -= split_flushes;
	ck_assert_uint_eq(direct, 1); /* the one that M29 leaves out */
}
END_TEST

/* ---- fork ---- */

static void fork_body(struct task *t)
{
	struct mm_struct *child;
	struct page *shared;

	map_heap(t, MIB2);
	user_store(t->mm, HEAP, 1);
	child = dup_mm(t, t->mm);
	shared = mapped_page(t->mm, HEAP);
	ck_assert_uint_eq(leaf_level(child, HEAP), PT_LEVEL_PMD);
	ck_assert_ptr_eq(mapped_page(child, HEAP), shared);
	ck_assert_int_eq(table_kb(child), 12);

	user_store(child, HEAP, 2);
	ck_assert_uint_eq(leaf_level(child, HEAP), PT_LEVEL_PTE);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 1);
	ck_assert_uint_eq(user_load(child, HEAP), 2);
	mmput(child);

	/* Alone again: reused whole. */
	user_store(t->mm, HEAP, 3);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP), PT_LEVEL_PMD);
	ck_assert_ptr_eq(mapped_page(t->mm, HEAP), shared);
}

START_TEST(a_write_after_fork_splits_the_writers_side)
{
	world_do(w, fork_body);
}
END_TEST

/* ---- khugepaged ---- */

static void fill_small(struct task *t)
{
	map_heap(t, MIB2);
	for (unsigned i = 0; i < 512; i += 3)
		user_store(t->mm, HEAP + PAGES(i), 1000 + i);
}

static void small_pages_body(struct task *t)
{
	/* Faults happen before the VMA may have huge pages. */
	map_heap(t, MIB2);
	madvise_ok(t, HEAP, MIB2, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < 512; i += 3)
		user_store(t->mm, HEAP + PAGES(i), 1000 + i);
	madvise_ok(t, HEAP, MIB2, MADV_HUGEPAGE);
}

static void check_small(struct task *t)
{
	for (unsigned i = 0; i < 512; i++)
		ck_assert_uint_eq(user_load(t->mm, HEAP + PAGES(i)),
		                  i % 3 ? 0 : 1000 + i);
}

static void collapse_body(struct task *t)
{
	small_pages_body(t);
	ck_assert_int_eq(khugepaged_collapse(t->mm, HEAP + PAGES(7)), 0);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP), PT_LEVEL_PMD);
	ck_assert_int_eq(t->mm->rss_anon.counter, 512);
	ck_assert_int_eq(table_kb(t->mm), 12); /* the table is deposited */
	check_small(t);
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
	ck_assert_int_eq(table_kb(t->mm), 8);
}

START_TEST(collapse_keeps_the_content)
{
	world_do(w, collapse_body);
	ck_assert_uint_eq(w->frees[FRAME_ANON], 171 + 1);
}
END_TEST

static void collapse_pinned_body(struct task *t)
{
	struct page *page;

	small_pages_body(t);
	page = mapped_page(t->mm, HEAP);
	get_page(page);
	ck_assert_int_eq(khugepaged_collapse(t->mm, HEAP), -EAGAIN);
	put_page(page);
	ck_assert_uint_eq(leaf_level(t->mm, HEAP), PT_LEVEL_PTE);
	check_small(t);
}

START_TEST(collapse_leaves_referenced_pages_alone)
{
	world_do(w, collapse_pinned_body);
}
END_TEST

static void collapser(struct task *t)
{
	(void)khugepaged_collapse(t->mm, HEAP);
}

static void writer(struct task *t)
{
	user_store(t->mm, HEAP + PAGES(1), 42);
}

static void zapper(struct task *t)
{
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
}

START_TEST(collapse_fault_and_zap_may_meet)
{
	w->options.pt_reclaim = (enum pt_reclaim)(_i % 3);
	for (unsigned seed = 1; seed <= 30; seed++) {
		world_boot(w);
		world_thread(w, 0, "setup", small_pages_body);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_thread(w, 0, "collapse", collapser);
		world_thread(w, 1, "write", writer);
		world_thread(w, 1, "zap", zapper);
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		world_check(w);
	}
}
END_TEST

START_TEST(huge_fault_and_zap_may_meet)
{
	w->options.pt_reclaim = (enum pt_reclaim)(_i % 3);
	w->options.flush_before_install = FBI_IF_PENDING;
	for (unsigned seed = 1; seed <= 100; seed++) {
		world_boot(w);
		world_thread(w, 0, "setup", fill_small);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_thread(w, 0, "zap", zapper);
		world_thread(w, 1, "write", writer);
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		world_check(w);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/huge_memory");
	TCase *tc = tcase_create("huge_memory");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_write_fault_maps_two_mib);
	tcase_add_test(tc, a_vma_that_is_too_small_gets_small_pages);
	tcase_add_loop_test(tc, advice_and_option_decide_together, 0, 3);
	tcase_add_test(tc, a_read_fault_maps_the_huge_zero_page_until_a_write);
	tcase_add_loop_test(tc, zapping_a_huge_page_frees_the_deposited_table,
	                    0, 4);
	tcase_add_test(tc, zapping_part_of_a_huge_page_splits_it);
	tcase_add_test(tc, the_last_small_part_frees_the_whole_block);
	tcase_add_test(tc, a_split_invalidates_flushes_and_installs);
	tcase_add_test(tc, a_write_after_fork_splits_the_writers_side);
	tcase_add_test(tc, collapse_keeps_the_content);
	tcase_add_test(tc, collapse_leaves_referenced_pages_alone);
	tcase_add_loop_test(tc, collapse_fault_and_zap_may_meet, 0, 3);
	tcase_add_loop_test(tc, huge_fault_and_zap_may_meet, 0, 3);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
