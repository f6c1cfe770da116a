/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reclaim of empty PTE tables. Expected figures: RFC "synchronously scan and
 * reclaim empty user PTE pages" (July 2024), its cover letter and its races.
 */
#include "mm/mmap_lock.h"
#include "mm/pgtable_map.h"
#include "mm/pt_reclaim.h"
#include "tests/mm/world.h"

static struct world *w;
static long kb[8]; /* what a thread measured */

static const enum pt_reclaim forms[] = { PT_RECLAIM_RFC_V1, PT_RECLAIM_MERGED,
	                                 PT_RECLAIM_MERGED_6_14_RC };

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

/* ---- what is reclaimed and what is not (S5-03, S5-04, S5-21) ---- */

static void partial_body(struct task *t)
{
	map_heap(t, 2 * MIB2);
	touch(t, HEAP, 4);
	madvise_ok(t, HEAP, MIB2 - PAGE_SIZE, MADV_DONTNEED);
	kb[0] = table_kb(t->mm);
	/* start 0x1000, end 0x2000: rounding up first would wrap */
	madvise_ok(t, HEAP + PAGES(1), PAGES(1), MADV_DONTNEED);
	kb[1] = table_kb(t->mm);
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
	kb[2] = table_kb(t->mm);
}

START_TEST(only_a_whole_table_is_freed)
{
	w->options.pt_reclaim = forms[_i];
	world_do(w, partial_body);
	ck_assert_int_eq(kb[0], 12); /* PUD, PMD, PTE table */
	ck_assert_int_eq(kb[1], 12);
	ck_assert_int_eq(kb[2], 8); /* PMD and PUD tables stay */
}
END_TEST

static void edges_body(struct task *t)
{
	map_heap(t, 4 * MIB2);
	for (unsigned i = 0; i < 4; i++)
		touch(t, HEAP + i * MIB2 + PAGES(100), 1);
	kb[0] = table_kb(t->mm);
	madvise_ok(t, HEAP + PAGES(1), 4 * MIB2 - PAGES(2), MADV_DONTNEED);
	kb[1] = table_kb(t->mm);
}

START_TEST(unaligned_edges_of_a_range_stay)
{
	w->options.pt_reclaim = forms[_i];
	world_do(w, edges_body);
	ck_assert_int_eq(kb[0], 8 + 4 * 4);
	ck_assert_int_eq(kb[1], 8 + 2 * 4);
}
END_TEST

START_TEST(nothing_is_freed_when_it_is_off)
{
	world_do(w, partial_body);
	ck_assert_int_eq(kb[2], 12);
}
END_TEST

static void madv_free_body(struct task *t)
{
	map_heap(t, MIB2);
	touch(t, HEAP, 3);
	madvise_ok(t, HEAP, MIB2, MADV_FREE);
	kb[0] = table_kb(t->mm);
}

START_TEST(madv_free_keeps_the_table)
{
	w->options.pt_reclaim = forms[_i];
	world_do(w, madv_free_body);
	ck_assert_int_eq(kb[0], 12);
}
END_TEST

static void refault_body(struct task *t)
{
	map_heap(t, MIB2);
	user_store(t->mm, HEAP + PAGES(7), 0x1234);
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
	ck_assert_uint_eq(user_load(t->mm, HEAP + PAGES(7)), 0);
	user_store(t->mm, HEAP + PAGES(7), 0x5678);
	ck_assert_uint_eq(user_load(t->mm, HEAP + PAGES(7)), 0x5678);
	kb[0] = table_kb(t->mm);
}

START_TEST(refault_gets_a_new_table_and_zeroes)
{
	w->options.pt_reclaim = forms[_i];
	world_do(w, refault_body);
	ck_assert_int_eq(kb[0], 12);
	ck_assert_uint_eq(w->k->vmstat->pt_reclaimed, 1);
}
END_TEST

/* ---- VmPTE arithmetic (S5-02: 2088 -> 40 kB with a base of 36) ---- */

static void one_gib_body(struct task *t)
{
	map_heap(t, 512 * MIB2);
	for (unsigned i = 0; i < 512; i++)
		touch(t, HEAP + i * MIB2, 1);
	kb[0] = table_kb(t->mm);
	madvise_ok(t, HEAP, 512 * MIB2, MADV_DONTNEED);
	kb[1] = table_kb(t->mm);
}

START_TEST(one_gib_shrinks_from_2048_kb_to_nothing)
{
	w->options.pt_reclaim = forms[_i];
	world_do(w, one_gib_body);
	/* 512 PTE tables, one PMD and one PUD table */
	ck_assert_int_eq(kb[0], 512 * 4 + 4 + 4);
	ck_assert_int_eq(kb[1], 4 + 4);
}
END_TEST

/* ---- passes that drop the lock (S5-25) ---- */

static void full_table_body(struct task *t)
{
	map_heap(t, MIB2);
	touch(t, HEAP, 512);
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
	kb[0] = table_kb(t->mm);
}

START_TEST(need_resched_half_way_still_frees)
{
	w->options.pt_reclaim = forms[_i];
	w->options.zap_resched = true;
	world_do(w, full_table_body);
	ck_assert_int_eq(kb[0], 8);
}
END_TEST

START_TEST(full_batches_half_way_still_free)
{
	w->options.pt_reclaim = forms[_i];
	w->options.gather_batch = 1; /* 20 batches: 20 pages, then a break */
	world_do(w, full_table_body);
	ck_assert_int_eq(kb[0], 8);
	ck_assert_uint_eq(w->frees[FRAME_ANON], 512);
}
END_TEST

/* ---- the scan ---- */

/* What the scan of a table sees whose entry @_i is the only one left. */
static unsigned only_entry;

static void scan_body(struct task *t)
{
	vaddr_t addr = HEAP + PAGES(only_entry);
	struct mmu_gather tlb;

	map_heap(t, MIB2);
	user_store(t->mm, addr, 0x33);
	kb[0] = table_kb(t->mm);

	mmap_read_lock(t->mm);
	tlb_gather_mmu(&tlb, t->mm);
	try_to_free_pte(t->mm, mm_find_pmd(t->mm, HEAP), HEAP, &tlb);
	tlb_finish_mmu(&tlb);
	mmap_read_unlock(t->mm);

	kb[1] = table_kb(t->mm);
	ck_assert_uint_eq(user_load(t->mm, addr), 0x33);
}

START_TEST(one_entry_anywhere_keeps_the_table)
{
	static const unsigned entries[] = { 0, 1, 255, 256, 510, 511 };

	only_entry = entries[_i];
	world_do(w, scan_body);
	ck_assert_int_eq(kb[0], 12);
	ck_assert_int_eq(kb[1], 12);
}
END_TEST

/* ---- R5.4: refilled while the lock was dropped ---- */

static void zapper(struct task *t)
{
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
}

static void filler(struct task *t)
{
	user_store(t->mm, HEAP + PAGES(2), 0x22);
}

static void fill_half(struct task *t)
{
	map_heap(t, MIB2);
	touch(t, HEAP, 1);
	touch(t, HEAP + PAGES(256), 2);
}

/* Return: number of schedules after which the full scan complains. */
static unsigned count_broken(unsigned schedules)
{
	unsigned broken = 0;

	for (unsigned seed = 1; seed <= schedules; seed++) {
		world_boot(w);
		world_thread(w, 0, "setup", fill_half);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_thread(w, 0, "zap", zapper);
		world_thread(w, 1, "fill", filler);
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		if (world_findings(w))
			broken++;
	}
	return broken;
}

START_TEST(a_table_refilled_meanwhile_is_lost_in_6_14_rc)
{
	w->options.zap_resched = true;
	w->options.pt_reclaim = PT_RECLAIM_MERGED_6_14_RC;
	ck_assert_uint_gt(count_broken(300), 0);
}
END_TEST

START_TEST(a_table_refilled_meanwhile_survives)
{
	w->options.zap_resched = true;
	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	ck_assert_uint_eq(count_broken(300), 0);
	w->options.pt_reclaim = PT_RECLAIM_RFC_V1;
	ck_assert_uint_eq(count_broken(300), 0);
}
END_TEST

/* ---- R5.6: an entry set in a table that is out ---- */

START_TEST(a_fault_without_the_recheck_loses_its_page)
{
	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	w->options.pmd_recheck = false;
	ck_assert_uint_gt(count_broken(300), 0);
}
END_TEST

START_TEST(a_fault_with_the_recheck_does_not)
{
	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	ck_assert_uint_eq(count_broken(300), 0);
}
END_TEST

/* ---- R5.5: the lock order ---- */

/* The slow way, as if the pass had been interrupted: PMD lock, then PTL. */
static void slow_zapper(struct task *t)
{
	struct mmu_gather tlb;

	mmap_read_lock(t->mm);
	tlb_gather_mmu(&tlb, t->mm);
	try_to_free_pte(t->mm, mm_find_pmd(t->mm, HEAP), HEAP, &tlb);
	tlb_finish_mmu(&tlb);
	mmap_read_unlock(t->mm);
}

/* Against the direct way, which wants the PMD lock inside the PTL. */
static unsigned count_deadlocks(unsigned schedules)
{
	unsigned deadlocks = 0;

	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	for (unsigned seed = 1; seed <= schedules; seed++) {
		world_boot(w);
		world_thread(w, 0, "setup", fill_half);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_thread(w, 0, "slow", slow_zapper);
		world_thread(w, 1, "direct", zapper);
		if (world_run(w, seed) == RUN_DEADLOCK)
			deadlocks++;
		else if (w->options.pml_lock == PML_TRYLOCK)
			world_check(w);
	}
	return deadlocks;
}

START_TEST(waiting_for_the_pmd_lock_inside_the_ptl_deadlocks)
{
	w->options.pml_lock = PML_BLOCKING;
	ck_assert_uint_gt(count_deadlocks(200), 0);
}
END_TEST

START_TEST(trying_the_pmd_lock_never_deadlocks)
{
	ck_assert_uint_eq(count_deadlocks(200), 0);
}
END_TEST

/* ---- S5-10, S5-11: order of unhook, flush, free ---- */

START_TEST(the_table_is_freed_after_the_flush)
{
	static const enum table_free how[] = { TABLE_FREE_RCU,
		                               TABLE_FREE_SEMI_RCU,
		                               TABLE_FREE_IPI,
		                               TABLE_FREE_IMMEDIATE };

	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	w->options.table_free = how[_i % 4];
	w->options.table_batch_fail = _i >= 4;
	world_do(w, full_table_body);
	ck_assert_uint_eq(w->frees[FRAME_PT_PTE], 1);
	ck_assert_uint_gt(w->flushes_before_table_free, 0);
}
END_TEST

START_TEST(no_flush_frees_the_table_before_the_flush)
{
	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	w->options.table_free = TABLE_FREE_NO_FLUSH;
	world_do(w, full_table_body);
	ck_assert_uint_eq(w->frees[FRAME_PT_PTE], 1);
	ck_assert_uint_eq(w->flushes_before_table_free, 0);
}
END_TEST

/* ---- S5-13: the extra flushes ---- */

static void install_beside_gather(struct task *t)
{
	struct mmu_gather tlb;

	map_heap(t, 4 * MIB2);
	touch(t, HEAP, 1);
	tlb_gather_mmu(&tlb, t->mm);
	touch(t, HEAP + MIB2, 1);
	tlb_finish_mmu(&tlb);
}

START_TEST(flush_before_install_is_counted)
{
	static const struct {
		enum flush_before_install how;
		unsigned flushes;
	} cases[] = {
		{ FBI_OFF, 0 },  { FBI_PTE, 2 },        { FBI_HUGE, 0 },
		{ FBI_BOTH, 2 }, { FBI_IF_PENDING, 1 },
	};

	w->options.flush_before_install = cases[_i].how;
	world_do(w, install_beside_gather);
	ck_assert_uint_eq(w->k->vmstat->flush_before_install,
	                  cases[_i].flushes);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/pt_reclaim");
	TCase *tc = tcase_create("pt_reclaim");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, only_a_whole_table_is_freed, 0, 3);
	tcase_add_loop_test(tc, unaligned_edges_of_a_range_stay, 0, 3);
	tcase_add_test(tc, nothing_is_freed_when_it_is_off);
	tcase_add_loop_test(tc, madv_free_keeps_the_table, 0, 3);
	tcase_add_loop_test(tc, refault_gets_a_new_table_and_zeroes, 0, 3);
	tcase_add_loop_test(tc, one_gib_shrinks_from_2048_kb_to_nothing, 0, 3);
	tcase_add_loop_test(tc, need_resched_half_way_still_frees, 0, 3);
	tcase_add_loop_test(tc, full_batches_half_way_still_free, 0, 3);
	tcase_add_loop_test(tc, one_entry_anywhere_keeps_the_table, 0, 6);
	tcase_add_test(tc, a_table_refilled_meanwhile_is_lost_in_6_14_rc);
	tcase_add_test(tc, a_table_refilled_meanwhile_survives);
	tcase_add_test(tc, a_fault_without_the_recheck_loses_its_page);
	tcase_add_test(tc, a_fault_with_the_recheck_does_not);
	tcase_add_test(tc, waiting_for_the_pmd_lock_inside_the_ptl_deadlocks);
	tcase_add_test(tc, trying_the_pmd_lock_never_deadlocks);
	tcase_add_loop_test(tc, the_table_is_freed_after_the_flush, 0, 8);
	tcase_add_test(tc, no_flush_frees_the_table_before_the_flush);
	tcase_add_loop_test(tc, flush_before_install_is_counted, 0, 5);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
