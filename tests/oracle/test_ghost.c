/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lost-write and postcondition: what Linux's man pages promise. */
#include "tests/oracle/stage.h"

#define RW 3
#define RO 1
#define A  (s->root)

static struct stage *s;

static void setup(void)
{
	s = stage_new(false);
	map_heap(s, RW);
}

static void teardown(void)
{
	stage_free(s);
}

/* ---- values ---- */

START_TEST(a_load_returns_the_last_store)
{
	peek(s, 0, A, HEAP, 0);
	poke(s, 0, A, HEAP, 7);
	poke(s, 1, A, HEAP, 8);
	peek(s, 0, A, HEAP, 8);
	expect_quiet(s);
	peek(s, 0, A, HEAP, 7);
	ck_assert_str_eq(the_hazard(s, ORACLE_LOST_WRITE)->creator, "one");
}
END_TEST

START_TEST(fresh_memory_must_be_zero)
{
	peek(s, 0, A, HEAP + 0x1000, 5);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

START_TEST(memory_of_unknown_origin_is_not_judged)
{
	peek(s, 0, A, 0x1000, 5);
	poke(s, 0, A, 0x1000, 6);
	peek(s, 0, A, 0x1000, 5);
	expect_quiet(s);
}
END_TEST

START_TEST(a_lost_write_is_reported_once)
{
	poke(s, 0, A, HEAP, 7);
	peek(s, 0, A, HEAP, 0);
	peek(s, 1, A, HEAP, 0);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

START_TEST(an_access_across_two_lines_is_judged_whole)
{
	poke(s, 0, A, HEAP + 60, UINT64_C(0x1122334455667788));
	peek(s, 0, A, HEAP + 60, UINT64_C(0x1122334455667788));
	expect_quiet(s);
	peek(s, 0, A, HEAP + 60, UINT64_C(0x0022334455667788));
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

/* ---- MADV_DONTNEED ---- */

START_TEST(discarded_memory_reads_as_zero)
{
	poke(s, 0, A, HEAP, 7);
	CALL(s, 1, NR_MADVISE, 0, HEAP, 0x1000, DONTNEED);
	peek(s, 0, A, HEAP, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(old_data_after_dontneed_breaks_its_promise)
{
	const struct hazard *h;

	poke(s, 0, A, HEAP, 7);
	CALL(s, 1, NR_MADVISE, 0, HEAP, 0x1000, DONTNEED);
	peek(s, 0, A, HEAP, 7);
	h = the_hazard(s, ORACLE_POSTCONDITION);
	ck_assert_str_eq(h->creator, "one");
	ck_assert_ptr_nonnull(strstr(h->text, "madvise(DONTNEED)"));
}
END_TEST

/* ... but what was promised stays right. */
START_TEST(after_a_report_what_should_be_there_is_fine)
{
	poke(s, 0, s->root, HEAP, 5);
	CALL(s, 1, NR_MADVISE, 0, HEAP, 0x1000, DONTNEED);
	peek(s, 0, s->root, HEAP, 5);
	the_hazard(s, ORACLE_POSTCONDITION);
	peek(s, 1, s->root, HEAP, 0);
	the_hazard(s, ORACLE_POSTCONDITION);
}
END_TEST

START_TEST(old_data_while_dontneed_runs_is_fine)
{
	poke(s, 0, A, HEAP, 7);
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	peek(s, 0, A, HEAP, 7);
	peek(s, 0, A, HEAP, 0);
	LEAVE(s, 1, NR_MADVISE, 0);
	expect_quiet(s);
}
END_TEST

/* M03 of the catalogue: the second caller's promise holds although the first
 * one has not flushed yet. */
START_TEST(the_faster_of_two_dontneeds_promises_too)
{
	poke(s, 0, A, HEAP, 7);
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	CALL(s, 2, NR_MADVISE, 0, HEAP, 0x1000, DONTNEED);
	peek(s, 2, A, HEAP, 7);
	the_hazard(s, ORACLE_POSTCONDITION);
}
END_TEST

START_TEST(a_store_during_dontneed_may_stay_or_go)
{
	poke(s, 0, A, HEAP, 7);
	poke(s, 0, A, HEAP + 8, 7);
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	poke(s, 0, A, HEAP, 9);
	poke(s, 0, A, HEAP + 8, 9);
	LEAVE(s, 1, NR_MADVISE, 0);
	peek(s, 0, A, HEAP, 9);
	peek(s, 0, A, HEAP + 8, 0);
	expect_quiet(s);
	peek(s, 0, A, HEAP, 0);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

/* Linux tolerates that: the old frame is not freed before the flush. */
START_TEST(a_cpu_not_yet_flushed_sees_what_was_there_before_a_store)
{
	poke(s, 0, A, HEAP, 7);
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	poke(s, 2, A, HEAP, 8);
	poke(s, 2, A, HEAP, 9);
	peek(s, 0, A, HEAP, 7);
	peek(s, 2, A, HEAP, 9);
	expect_quiet(s);
	LEAVE(s, 1, NR_MADVISE, 0);
	peek(s, 0, A, HEAP, 7);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

START_TEST(either_of_two_stores_during_dontneed_may_stay)
{
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	poke(s, 2, A, HEAP, 8);
	poke(s, 0, A, HEAP, 9); /* into the old frame */
	LEAVE(s, 1, NR_MADVISE, 0);
	peek(s, 0, A, HEAP, 8);
	expect_quiet(s);
	peek(s, 0, A, HEAP, 9);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

START_TEST(dontneed_of_a_part_leaves_the_rest)
{
	poke(s, 0, A, HEAP, 7);
	CALL(s, 1, NR_MADVISE, 0, HEAP + 0x1000, 0x1000, DONTNEED);
	peek(s, 0, A, HEAP, 0);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

/* ---- MADV_FREE ---- */

START_TEST(lazily_freed_memory_is_old_or_zero)
{
	poke(s, 0, A, HEAP, 7);
	CALL(s, 1, NR_MADVISE, 0, HEAP, 0x1000, LAZYFREE);
	peek(s, 0, A, HEAP, 7);
	peek(s, 0, A, HEAP, 0);
	expect_quiet(s);
	peek(s, 0, A, HEAP, 5);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

START_TEST(a_store_after_madv_free_is_kept)
{
	poke(s, 0, A, HEAP, 7);
	CALL(s, 1, NR_MADVISE, 0, HEAP, 0x1000, LAZYFREE);
	poke(s, 0, A, HEAP, 8);
	peek(s, 0, A, HEAP, 8);
	expect_quiet(s);
	peek(s, 0, A, HEAP, 0);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

/* ---- munmap, mprotect ---- */

START_TEST(an_access_after_munmap_returned_breaks_its_promise)
{
	CALL(s, 1, NR_MUNMAP, 0, HEAP, 0x1000);
	peek(s, 0, A, HEAP + 0x1000, 0);
	expect_quiet(s);
	peek(s, 0, A, HEAP, 0);
	the_hazard(s, ORACLE_POSTCONDITION);
}
END_TEST

START_TEST(an_access_while_munmap_runs_is_fine)
{
	ENTER(s, 1, NR_MUNMAP, HEAP, 0x1000);
	poke(s, 0, A, HEAP, 1);
	LEAVE(s, 1, NR_MUNMAP, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(memory_mapped_again_is_zero)
{
	poke(s, 0, A, HEAP, 7);
	CALL(s, 1, NR_MUNMAP, 0, HEAP, 0x200000);
	map_heap(s, RW);
	peek(s, 0, A, HEAP, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(a_range_mapped_while_munmap_runs_is_not_judged)
{
	ENTER(s, 1, NR_MUNMAP, HEAP, 0x200000);
	map_heap(s, RW);
	LEAVE(s, 1, NR_MUNMAP, 0);
	poke(s, 0, A, HEAP, 7);
	peek(s, 0, A, HEAP, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(a_store_after_mprotect_returned_breaks_its_promise)
{
	poke(s, 0, A, HEAP, 7);
	CALL(s, 1, NR_MPROTECT, 0, HEAP, 0x1000, RO);
	peek(s, 0, A, HEAP, 7);
	expect_quiet(s);
	poke(s, 0, A, HEAP, 8);
	ck_assert_ptr_nonnull(strstr(the_hazard(s, ORACLE_POSTCONDITION)->text,
	                             "mprotect(READ)"));
}
END_TEST

START_TEST(a_store_while_mprotect_runs_is_fine)
{
	ENTER(s, 1, NR_MPROTECT, HEAP, 0x1000, RO);
	poke(s, 0, A, HEAP, 8);
	LEAVE(s, 1, NR_MPROTECT, 0);
	peek(s, 0, A, HEAP, 8);
	poke(s, 0, A, HEAP + 0x1000, 8);
	expect_quiet(s);
}
END_TEST

/* ---- mremap ---- */

#define THERE UINT64_C(0x50000000)

START_TEST(moved_memory_keeps_its_content)
{
	poke(s, 0, A, HEAP + 0x1000, 7);
	CALL(s, 1, NR_MREMAP, THERE, HEAP, 0x200000, 0x200000, 3, THERE);
	peek(s, 0, A, THERE + 0x1000, 7);
	expect_quiet(s);
	peek(s, 0, A, HEAP + 0x1000, 7);
	the_hazard(s, ORACLE_POSTCONDITION);
}
END_TEST

START_TEST(memory_grown_by_mremap_is_zero)
{
	CALL(s, 1, NR_MREMAP, HEAP, HEAP, 0x200000, 0x400000, 1);
	peek(s, 0, A, HEAP + 0x300000, 0);
	expect_quiet(s);
	poke(s, 0, A, HEAP + 0x300000, 1);
	peek(s, 0, A, HEAP + 0x300000, 0);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

/* ---- fork ---- */

#define CHILD UINT64_C(0x123000)

static void fork_child(void)
{
	act(s, 0);
	emit(s->m, EV_MM_NEW, .a = 2, .b = CHILD, .c = 1);
}

START_TEST(a_child_has_the_memory_of_its_parent)
{
	poke(s, 0, A, HEAP, 7);
	ENTER(s, 0, NR_FORK, 0);
	fork_child();
	LEAVE(s, 0, NR_FORK, 100);
	peek(s, 1, CHILD, HEAP, 7);
	expect_quiet(s);
}
END_TEST

START_TEST(stores_after_fork_are_private)
{
	poke(s, 0, A, HEAP, 7);
	ENTER(s, 0, NR_FORK, 0);
	fork_child();
	LEAVE(s, 0, NR_FORK, 100);
	poke(s, 0, A, HEAP, 8);
	poke(s, 1, CHILD, HEAP + 8, 9);
	peek(s, 1, CHILD, HEAP, 7);
	peek(s, 0, A, HEAP + 8, 0);
	expect_quiet(s);
	peek(s, 1, CHILD, HEAP, 8);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

START_TEST(a_store_of_another_thread_during_fork_may_be_in_the_child)
{
	poke(s, 0, A, HEAP, 7);
	poke(s, 0, A, HEAP + 0x1000, 7);
	ENTER(s, 0, NR_FORK, 0);
	fork_child();
	poke(s, 2, A, HEAP, 8);
	poke(s, 2, A, HEAP + 0x1000, 8);
	LEAVE(s, 0, NR_FORK, 100);
	peek(s, 1, CHILD, HEAP, 8);
	peek(s, 1, CHILD, HEAP + 0x1000, 7);
	expect_quiet(s);
}
END_TEST

/* ---- shared objects ---- */

static void map_shared(vaddr_t va, long fd)
{
	CALL(s, 0, NR_MMAP, va, va, 0x200000, RW, 0x11, (uint64_t)fd, 0);
}

START_TEST(two_views_of_an_object_agree)
{
	map_shared(THERE, 3);
	map_shared(THERE + 0x200000, 3);
	poke(s, 0, A, THERE, 7);
	peek(s, 1, A, THERE + 0x200000, 7);
	CALL(s, 0, NR_MADVISE, 0, THERE, 0x1000, DONTNEED);
	peek(s, 1, A, THERE, 7);
	expect_quiet(s);
	peek(s, 1, A, THERE + 0x200000, 0);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

START_TEST(an_access_beyond_a_truncated_object_breaks_its_promise)
{
	map_shared(THERE, 3);
	poke(s, 0, A, THERE + 0x1000, 7);
	ENTER(s, 1, NR_FTRUNCATE, 3, 0x1000);
	peek(s, 0, A, THERE + 0x1000, 7);
	LEAVE(s, 1, NR_FTRUNCATE, 0);
	peek(s, 0, A, THERE, 0);
	expect_quiet(s);
	peek(s, 0, A, THERE + 0x1000, 7);
	the_hazard(s, ORACLE_POSTCONDITION);
}
END_TEST

START_TEST(different_memfds_are_different_objects)
{
	CALL(s, 0, NR_MEMFD_CREATE, 3, 0);
	CALL(s, 0, NR_MEMFD_CREATE, 4, 0);
	CALL(s, 0, NR_FTRUNCATE, 0, 3, 0x200000);
	CALL(s, 0, NR_FTRUNCATE, 0, 4, 0x200000);
	map_shared(THERE, 3);
	map_shared(THERE + 0x200000, 4);
	poke(s, 0, A, THERE, 7);
	peek(s, 1, A, THERE + 0x200000, 0);
	expect_quiet(s);
}
END_TEST

/* ---- -EFAULT ---- */

#define NR_VMSPLICE 278
#define IOVEC       (HEAP + 0x4000)

/* A struct iovec of 8 bytes at @va. */
static void set_iovec(vaddr_t va)
{
	pfn_t f = frame(s, FRAME_ANON);

	set_entry(s, 0, IOVEC, 1, entry(f, E_RW));
	phys_write(&s->m->mem, f << PAGE_SHIFT, 8, va);
	phys_write(&s->m->mem, (f << PAGE_SHIFT) + 8, 8, 8);
}

static void vmsplice_fails(void)
{
	CALL(s, 0, NR_VMSPLICE, -14, 3, IOVEC, 1);
}

START_TEST(memory_that_is_mapped_is_no_efault)
{
	pfn_t f = frame(s, FRAME_ANON);

	set_iovec(HEAP);
	set_entry(s, 1, HEAP, 1, entry(f, E_RW));
	set_entry(s, 1, HEAP, 1, 0);
	vmsplice_fails();
	ck_assert_str_eq(the_hazard(s, ORACLE_POSTCONDITION)->creator, "one");
}
END_TEST

START_TEST(memory_that_is_not_mapped_is)
{
	set_iovec(HEAP + 0x10000000);
	vmsplice_fails();
	expect_quiet(s);
}
END_TEST

START_TEST(memory_that_may_not_be_read_is)
{
	set_iovec(HEAP);
	CALL(s, 1, NR_MPROTECT, 0, HEAP, 0x1000, 0);
	vmsplice_fails();
	expect_quiet(s);
}
END_TEST

START_TEST(memory_that_came_back_meanwhile_may_have_been)
{
	set_iovec(HEAP);
	CALL(s, 1, NR_MPROTECT, 0, HEAP, 0x1000, 0);
	ENTER(s, 0, NR_VMSPLICE, 3, IOVEC, 1);
	CALL(s, 1, NR_MPROTECT, 0, HEAP, 0x1000, RW);
	LEAVE(s, 0, NR_VMSPLICE, -14);
	expect_quiet(s);
}
END_TEST

START_TEST(memory_that_is_being_changed_may_be)
{
	set_iovec(HEAP);
	ENTER(s, 1, NR_MPROTECT, HEAP, 0x1000, 0);
	vmsplice_fails();
	LEAVE(s, 1, NR_MPROTECT, 0);
	expect_quiet(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/ghost");
	TCase *tc = tcase_create("ghost");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_load_returns_the_last_store);
	tcase_add_test(tc, fresh_memory_must_be_zero);
	tcase_add_test(tc, memory_of_unknown_origin_is_not_judged);
	tcase_add_test(tc, a_lost_write_is_reported_once);
	tcase_add_test(tc, an_access_across_two_lines_is_judged_whole);
	tcase_add_test(tc, discarded_memory_reads_as_zero);
	tcase_add_test(tc, old_data_after_dontneed_breaks_its_promise);
	tcase_add_test(tc, after_a_report_what_should_be_there_is_fine);
	tcase_add_test(tc, old_data_while_dontneed_runs_is_fine);
	tcase_add_test(tc, the_faster_of_two_dontneeds_promises_too);
	tcase_add_test(tc, a_store_during_dontneed_may_stay_or_go);
	tcase_add_test(
		tc, a_cpu_not_yet_flushed_sees_what_was_there_before_a_store);
	tcase_add_test(tc, either_of_two_stores_during_dontneed_may_stay);
	tcase_add_test(tc, dontneed_of_a_part_leaves_the_rest);
	tcase_add_test(tc, lazily_freed_memory_is_old_or_zero);
	tcase_add_test(tc, a_store_after_madv_free_is_kept);
	tcase_add_test(tc, an_access_after_munmap_returned_breaks_its_promise);
	tcase_add_test(tc, an_access_while_munmap_runs_is_fine);
	tcase_add_test(tc, memory_mapped_again_is_zero);
	tcase_add_test(tc, a_range_mapped_while_munmap_runs_is_not_judged);
	tcase_add_test(tc, a_store_after_mprotect_returned_breaks_its_promise);
	tcase_add_test(tc, a_store_while_mprotect_runs_is_fine);
	tcase_add_test(tc, moved_memory_keeps_its_content);
	tcase_add_test(tc, memory_grown_by_mremap_is_zero);
	tcase_add_test(tc, a_child_has_the_memory_of_its_parent);
	tcase_add_test(tc, stores_after_fork_are_private);
	tcase_add_test(
		tc, a_store_of_another_thread_during_fork_may_be_in_the_child);
	tcase_add_test(tc, two_views_of_an_object_agree);
	tcase_add_test(tc,
	               an_access_beyond_a_truncated_object_breaks_its_promise);
	tcase_add_test(tc, different_memfds_are_different_objects);
	tcase_add_test(tc, memory_that_is_mapped_is_no_efault);
	tcase_add_test(tc, memory_that_is_not_mapped_is);
	tcase_add_test(tc, memory_that_may_not_be_read_is);
	tcase_add_test(tc, memory_that_came_back_meanwhile_may_have_been);
	tcase_add_test(tc, memory_that_is_being_changed_may_be);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
