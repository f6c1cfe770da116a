/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmu_gather: sizes and order. Figures: Linux v6.12 asm-generic/tlb.h. */
#include "mm/mmu_gather.h"

#include "base/rcu.h"
#include "mm/mmap_lock.h"
#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/tlb.h"
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

/* Queue fresh pages until the gather says it is full. */
static unsigned queue_until_full(struct mmu_gather *tlb, unsigned max)
{
	for (unsigned i = 1; i <= max; i++) {
		struct page *page = alloc_anon_page(w->m, 0, true);

		tlb_remove_tlb_entry(tlb, HEAP);
		if (tlb_queue_page(tlb, page, false))
			return i;
	}
	return 0;
}

/* ---- batches of pages ---- */

static unsigned frames_after[3];

static void batch_frames_body(struct task *t)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, t->mm);
	ck_assert_uint_eq(queue_until_full(&tlb, 6), 0);
	frames_after[0] = w->allocs[FRAME_GATHER];
	ck_assert_uint_eq(queue_until_full(&tlb, 1), 0);
	frames_after[1] = w->allocs[FRAME_GATHER];
	ck_assert_uint_eq(queue_until_full(&tlb, 509), 0);
	frames_after[2] = w->allocs[FRAME_GATHER];
	tlb_finish_mmu(&tlb);
}

START_TEST(eight_inline_entries_then_batches_of_510)
{
	world_do(w, batch_frames_body);
	/* A batch counts as full with one entry left (max - 1). */
	ck_assert_uint_eq(frames_after[0], 0);
	ck_assert_uint_eq(frames_after[1], 1);
	ck_assert_uint_eq(frames_after[2], 2);
	ck_assert_uint_eq(w->frees[FRAME_GATHER], 2);
	ck_assert_uint_eq(w->frees[FRAME_ANON], 7 + 509);
}
END_TEST

static void batch_count_body(struct task *t)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, t->mm);
	ck_assert_uint_eq(queue_until_full(&tlb, 10000), 7 + 19 * 509);
	tlb_finish_mmu(&tlb);
}

START_TEST(at_most_19_batches)
{
	world_do(w, batch_count_body);
	ck_assert_uint_eq(w->allocs[FRAME_GATHER], 19);
}
END_TEST

static void batch_fails_body(struct task *t)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, t->mm);
	w->m->mem.fail_kinds = 1u << FRAME_GATHER;
	w->m->mem.fail_nth = 1;
	ck_assert_uint_eq(queue_until_full(&tlb, 100), 7);
	tlb_flush_mmu(&tlb);
	ck_assert_uint_eq(w->frees[FRAME_ANON], 7);
	tlb_finish_mmu(&tlb);
}

START_TEST(no_memory_for_a_batch_means_an_early_flush)
{
	world_do(w, batch_fails_body);
	ck_assert_uint_eq(w->allocs[FRAME_GATHER], 0);
}
END_TEST

static void small_batch_body(struct task *t)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, t->mm);
	ck_assert_uint_eq(queue_until_full(&tlb, 100), 2 * 20);
	tlb_finish_mmu(&tlb);
}

START_TEST(option_gather_batch_shrinks_all_batches)
{
	w->options.gather_batch = 2;
	world_do(w, small_batch_body);
}
END_TEST

/* ---- batches of tables ---- */

static unsigned tables_freed;

static void queue_tables(struct task *t, unsigned nr)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, t->mm);
	for (unsigned i = 0; i < nr; i++)
		pte_free_tlb(&tlb, pte_alloc_one(t->mm, HEAP + i * MIB2),
		             HEAP + i * MIB2);
	tables_freed = w->frees[FRAME_PT_PTE];
	tlb_finish_mmu(&tlb);
}

static void tables_508_body(struct task *t)
{
	queue_tables(t, 508);
}

static void tables_509_body(struct task *t)
{
	queue_tables(t, 509);
}

START_TEST(a_table_batch_holds_509)
{
	w->options.table_free = TABLE_FREE_IMMEDIATE;
	world_do(w, tables_508_body);
	ck_assert_uint_eq(tables_freed, 0);
	world_do(w, tables_509_body);
	ck_assert_uint_eq(tables_freed, 509);
	ck_assert_uint_eq(w->allocs[FRAME_GATHER], 1);
}
END_TEST

START_TEST(a_table_batch_waits_for_a_grace_period)
{
	world_do(w, tables_509_body);
	ck_assert_uint_eq(tables_freed, 0);
	ck_assert_uint_eq(w->frees[FRAME_PT_PTE], 509);
}
END_TEST

static void one_table_body(struct task *t)
{
	queue_tables(t, 1);
}

START_TEST(without_a_batch_semi_rcu_frees_at_once_after_an_ipi)
{
	w->options.table_batch_fail = true;
	w->options.table_free = TABLE_FREE_SEMI_RCU;
	world_do(w, one_table_body);
	ck_assert_uint_eq(tables_freed, 1);
	ck_assert_uint_eq(w->allocs[FRAME_GATHER], 0);
}
END_TEST

START_TEST(without_a_batch_rcu_still_waits_for_a_grace_period)
{
	w->options.table_batch_fail = true;
	w->options.table_free = TABLE_FREE_RCU;
	world_do(w, one_table_body);
	ck_assert_uint_eq(tables_freed, 0);
	ck_assert_uint_eq(w->frees[FRAME_PT_PTE], 1);
}
END_TEST

/* ---- the lock of a table (R5.9) ---- */

static void lock_after_free_tlb(struct task *t)
{
	struct page *table = pte_alloc_one(t->mm, HEAP);
	spinlock_t *ptl = ptlock_ptr(table);
	struct mmu_gather tlb;

	rcu_read_lock();
	tlb_gather_mmu(&tlb, t->mm);
	pte_free_tlb(&tlb, table, HEAP);
	spin_lock(ptl); /* ends the run if it is gone */
	spin_unlock(ptl);
	tlb_finish_mmu(&tlb);
	rcu_read_unlock();
}

START_TEST(a_lock_freed_with_the_table_is_there_for_a_late_walker)
{
	world_do(w, lock_after_free_tlb);
}
END_TEST

START_TEST(a_lock_freed_early_is_used_after_free)
{
	w->options.ptlock_free_rcu = false;
	world_boot(w);
	world_thread(w, 0, "t", lock_after_free_tlb);
	(void)world_run(w, 1);
	ck_assert_uint_gt(w->uaf, 0);
}
END_TEST

/* ---- range and size ---- */

START_TEST(the_smallest_size_cleared_is_the_stride)
{
	struct mmu_gather tlb = { .cleared_p4ds = true };

	ck_assert_uint_eq(tlb_get_unmap_shift(&tlb), 39);
	tlb.cleared_puds = true;
	ck_assert_uint_eq(tlb_get_unmap_shift(&tlb), 30);
	tlb.cleared_pmds = true;
	ck_assert_uint_eq(tlb_get_unmap_shift(&tlb), 21);
	tlb.cleared_ptes = true;
	ck_assert_uint_eq(tlb_get_unmap_shift(&tlb), 12);
}
END_TEST

static void empty_gather_body(struct task *t)
{
	struct mmu_gather tlb;
	unsigned before = w->flushes;

	tlb_gather_mmu(&tlb, t->mm);
	tlb_finish_mmu(&tlb);
	ck_assert_uint_eq(w->flushes, before);
	ck_assert_int_eq(t->mm->tlb_flush_pending.counter, 0);
}

START_TEST(a_gather_that_unhooked_nothing_flushes_nothing)
{
	world_do(w, empty_gather_body);
}
END_TEST

/* ---- nesting (R5.13, M03) ---- */

static unsigned nested_flushes;

static void nested_body(struct task *t)
{
	struct mmu_gather outer, inner;

	tlb_gather_mmu(&outer, t->mm);
	tlb_remove_tlb_entry(&outer, HEAP);
	tlb_gather_mmu(&inner, t->mm); /* finds nothing */
	nested_flushes = w->flushes;
	tlb_finish_mmu(&inner);
	nested_flushes = w->flushes - nested_flushes;
	tlb_finish_mmu(&outer);
}

START_TEST(a_nested_gather_flushes_for_the_other)
{
	world_do(w, nested_body);
	ck_assert_uint_eq(nested_flushes, 1);
}
END_TEST

START_TEST(without_nesting_it_flushes_nothing)
{
	w->options.gather_nesting = false;
	world_do(w, nested_body);
	ck_assert_uint_eq(nested_flushes, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/mmu_gather");
	TCase *tc = tcase_create("mmu_gather");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, eight_inline_entries_then_batches_of_510);
	tcase_add_test(tc, at_most_19_batches);
	tcase_add_test(tc, no_memory_for_a_batch_means_an_early_flush);
	tcase_add_test(tc, option_gather_batch_shrinks_all_batches);
	tcase_add_test(tc, a_table_batch_holds_509);
	tcase_add_test(tc, a_table_batch_waits_for_a_grace_period);
	tcase_add_test(tc, without_a_batch_semi_rcu_frees_at_once_after_an_ipi);
	tcase_add_test(tc, without_a_batch_rcu_still_waits_for_a_grace_period);
	tcase_add_test(tc,
	               a_lock_freed_with_the_table_is_there_for_a_late_walker);
	tcase_add_test(tc, a_lock_freed_early_is_used_after_free);
	tcase_add_test(tc, the_smallest_size_cleared_is_the_stride);
	tcase_add_test(tc, a_gather_that_unhooked_nothing_flushes_nothing);
	tcase_add_test(tc, a_nested_gather_flushes_for_the_other);
	tcase_add_test(tc, without_nesting_it_flushes_nothing);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
