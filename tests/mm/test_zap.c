/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zapping, and freeing the tables of VMAs that are gone. */
#include "mm/zap.h"

#include <errno.h>

#include "mm/khugepaged.h"
#include "mm/pgtable_map.h"
#include "mm/shmem.h"
#include "tests/mm/world.h"

static struct world *w;
static long kb[8];

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

/* ---- which tables go with a VMA ---- */

/* Three VMAs in one 2 MiB span: AA-B-C */
static void neighbours_body(struct task *t)
{
	map_heap(t, PAGES(8));
	touch(t, HEAP, 8);
	ck_assert_int_eq(do_sys_munmap(t, HEAP + PAGES(2), PAGES(1)), 0);
	kb[0] = table_kb(t->mm);
	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGES(2)), 0);
	kb[1] = table_kb(t->mm);
	ck_assert_int_eq(do_sys_munmap(t, HEAP + PAGES(3), PAGES(5)), 0);
	kb[2] = table_kb(t->mm);
}

START_TEST(a_table_goes_with_the_last_vma_that_uses_it)
{
	world_do(w, neighbours_body);
	ck_assert_int_eq(kb[0], 12);
	ck_assert_int_eq(kb[1], 12);
	ck_assert_int_eq(kb[2], 0);
}
END_TEST

static void several_body(struct task *t)
{
	map_heap(t, 4 * MIB2);
	for (unsigned i = 0; i < 4; i++)
		touch(t, HEAP + i * MIB2, 1);
	kb[0] = table_kb(t->mm);
	/* the middle two, then one table that only half goes */
	ck_assert_int_eq(do_sys_munmap(t, HEAP + MIB2, 2 * MIB2), 0);
	kb[1] = table_kb(t->mm);
	ck_assert_int_eq(do_sys_munmap(t, HEAP + MIB2 / 2, MIB2 / 2), 0);
	kb[2] = table_kb(t->mm);
	ck_assert_int_eq(do_sys_munmap(t, HEAP, 4 * MIB2), 0);
	kb[3] = table_kb(t->mm);
}

START_TEST(only_whole_tables_of_a_range_go)
{
	world_do(w, several_body);
	ck_assert_int_eq(kb[0], 8 + 16);
	ck_assert_int_eq(kb[1], 8 + 8);
	ck_assert_int_eq(kb[2], 8 + 8);
	ck_assert_int_eq(kb[3], 0);
}
END_TEST

static void adjacent_vmas_body(struct task *t)
{
	map_heap(t, PAGES(4));
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGES(1), PROT_READ), 0);
	touch(t, HEAP + PAGES(1), 3);
	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGES(4)), 0);
	kb[0] = table_kb(t->mm);
}

START_TEST(two_vmas_unmapped_together_free_their_table_once)
{
	world_do(w, adjacent_vmas_body);
	ck_assert_int_eq(kb[0], 0);
	ck_assert_uint_eq(w->frees[FRAME_PT_PTE], 1);
}
END_TEST

/* ---- batches and breaks ---- */

static void many_pages_body(struct task *t)
{
	map_heap(t, 2 * MIB2);
	touch(t, HEAP, 1024);
	madvise_ok(t, HEAP, 2 * MIB2, MADV_DONTNEED);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
	ck_assert_int_eq(t->mm->tlb_flush_pending.counter, 0);
}

START_TEST(every_page_is_freed_whatever_the_batches)
{
	static const unsigned batch[] = { 0, 1, 2, 7, 510 };

	w->options.gather_batch = batch[_i];
	w->options.zap_resched = _i & 1;
	world_do(w, many_pages_body);
	ck_assert_uint_eq(w->frees[FRAME_ANON], 1024);
	ck_assert_uint_eq(w->allocs[FRAME_GATHER], w->frees[FRAME_GATHER]);
}
END_TEST

/* ---- dirty shared pages: the flush before the lock is dropped ---- */

struct order {
	struct observer base;
	unsigned flushes_at_unlock; /* of the PTL after the last zap */
	unsigned flushes_at_clear;
	bool cleared;
};
static struct order order;

static void order_event(struct observer *o, struct machine *m,
                        const struct event *ev)
{
	(void)o;
	(void)m;
	if (ev->type == EV_PT_WRITE && ev->c == PT_LEVEL_PTE && !ev->a) {
		order.cleared = true;
		order.flushes_at_clear = w->flushes;
	}
	if (ev->type == EV_LOCK && ev->a == LOCK_RELEASED && order.cleared) {
		order.cleared = false;
		order.flushes_at_unlock = w->flushes;
	}
}

static bool zap_writes;

static void shared_zap_body(struct task *t)
{
	struct address_space *file = shmem_file_setup(w->k, "f", PAGES(4));
	const struct mmap_request req = {
		.addr = HEAP,
		.len = PAGES(4),
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED,
		.file = file,
	};

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)HEAP);
	if (zap_writes)
		user_store(t->mm, HEAP, 1);
	else
		(void)user_load(t->mm, HEAP);
	madvise_ok(t, HEAP, PAGES(4), MADV_DONTNEED);
	ck_assert_int_eq(t->mm->rss_shmem.counter, 0);
	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGES(4)), 0);
	fput(file);
}

static unsigned flushes_under_the_lock(void)
{
	unsigned flushes;

	order = (struct order){
		.base = { .name = "order",
		          .types = BIT_ULL(EV_PT_WRITE) | BIT_ULL(EV_LOCK),
		          .event = order_event },
	};
	observe(w->m, &order.base);
	world_do(w, shared_zap_body);
	flushes = order.flushes_at_unlock - order.flushes_at_clear;
	unobserve(w->m, &order.base);
	return flushes;
}

START_TEST(a_dirty_shared_page_is_flushed_under_the_lock)
{
	zap_writes = true;
	ck_assert_uint_eq(flushes_under_the_lock(), 1);
}
END_TEST

START_TEST(a_clean_shared_page_is_flushed_later)
{
	zap_writes = false;
	ck_assert_uint_eq(flushes_under_the_lock(), 0);
}
END_TEST

/* ---- khugepaged's retraction against reclaim (R5.7) ---- */

static struct address_space *shared_file;

static void map_shared(struct task *t)
{
	struct mmap_request req = {
		.addr = HEAP,
		.len = MIB2,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED,
	};

	shared_file = shmem_file_setup(w->k, "f", MIB2);
	req.file = shared_file;
	ck_assert_int_eq(do_sys_mmap(t, &req), (long)HEAP);
	user_store(t->mm, HEAP, 1);
}

static void empty_it(struct task *t)
{
	map_shared(t);
	ck_assert_int_eq(khugepaged_retract(t->mm, HEAP), -EAGAIN);
	madvise_ok(t, HEAP, MIB2 - PAGES(1), MADV_DONTNEED);
}

static void retract_body(struct task *t)
{
	empty_it(t);
	kb[0] = table_kb(t->mm);
	ck_assert_int_eq(khugepaged_retract(t->mm, HEAP), 0);
	kb[1] = table_kb(t->mm);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 1);
	ck_assert_int_eq(do_sys_munmap(t, HEAP, MIB2), 0);
	fput(shared_file);
}

START_TEST(retraction_takes_an_empty_table_only)
{
	w->options.thp = THP_ALWAYS;
	world_do(w, retract_body);
	ck_assert_int_eq(kb[0], 12);
	ck_assert_int_eq(kb[1], 8);
}
END_TEST

static void retracter(struct task *t)
{
	(void)khugepaged_retract(t->mm, HEAP);
}

static void zapper(struct task *t)
{
	madvise_ok(t, HEAP, MIB2, MADV_DONTNEED);
}

static void unmap_all(struct task *t)
{
	ck_assert_int_eq(do_sys_munmap(t, HEAP, MIB2), 0);
	fput(shared_file);
}

static void two_freers(void)
{
	w->options.thp = THP_ALWAYS;
	world_boot(w);
	world_thread(w, 0, "setup", empty_it);
	ck_assert_int_eq(world_run(w, 1), RUN_DONE);
	world_thread(w, 0, "zap", zapper);
	world_thread(w, 1, "retract", retracter);
}

START_TEST(retraction_and_reclaim_free_a_table_once)
{
	w->options.pt_reclaim = (enum pt_reclaim)_i;
	for (unsigned seed = 1; seed <= 100; seed++) {
		two_freers();
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		world_check(w);
		ck_assert_int_eq(table_kb(w->mm), 8);
		world_thread(w, 0, "unmap", unmap_all);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_check(w);
	}
}
END_TEST

/* retract looks at the PMD, reclaim takes the table, retract goes on. */
static const struct script_line look_then_lose[] = {
	{ .agent = "retract",
	  .until = SCRIPT_AFTER,
	  .label = "pmdp_get_lockless",
	  .count = 1 },
	{ .agent = "zap",
	  .until = SCRIPT_AFTER,
	  .label = "pmd_clear",
	  .count = 1 },
	{ .agent = "retract", .until = SCRIPT_TO_END },
};

START_TEST(a_table_lost_after_the_look_is_left_alone)
{
	w->options.pt_reclaim = (enum pt_reclaim)_i;
	two_freers();
	ck_assert_int_eq(world_run_script(w, look_then_lose, 3), RUN_DONE);
	world_check(w);
	ck_assert_int_eq(table_kb(w->mm), 8);
}
END_TEST

START_TEST(without_the_recheck_it_is_freed_twice)
{
	w->options.pt_reclaim = (enum pt_reclaim)_i;
	w->options.retract_recheck = false;
	two_freers();
	(void)world_run_script(w, look_then_lose, 3);
	world_drain(w);
	ck_assert_uint_gt(w->bad_free, 0);
	ck_assert_int_eq(table_kb(w->mm), 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/zap");
	TCase *tc = tcase_create("zap");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_table_goes_with_the_last_vma_that_uses_it);
	tcase_add_test(tc, only_whole_tables_of_a_range_go);
	tcase_add_test(tc, two_vmas_unmapped_together_free_their_table_once);
	tcase_add_loop_test(tc, every_page_is_freed_whatever_the_batches, 0, 5);
	tcase_add_test(tc, a_dirty_shared_page_is_flushed_under_the_lock);
	tcase_add_test(tc, a_clean_shared_page_is_flushed_later);
	tcase_add_test(tc, retraction_takes_an_empty_table_only);
	tcase_add_loop_test(tc, retraction_and_reclaim_free_a_table_once,
	                    PT_RECLAIM_RFC_V1, PT_RECLAIM_MERGED + 1);
	tcase_add_loop_test(tc, a_table_lost_after_the_look_is_left_alone,
	                    PT_RECLAIM_RFC_V1, PT_RECLAIM_MERGED + 1);
	tcase_add_loop_test(tc, without_the_recheck_it_is_freed_twice,
	                    PT_RECLAIM_RFC_V1, PT_RECLAIM_MERGED + 1);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
