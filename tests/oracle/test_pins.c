/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cow-leak and lost-dirty. */
#include "tests/oracle/stage.h"

#define RW 3

enum {
	PARENT = 1,
	CHILD = 2
};

static struct stage *s;
static pfn_t f, g;

static void setup(void)
{
	s = stage_new(false);
	map_heap(s, RW);
	f = frame(s, FRAME_ANON);
	g = frame(s, FRAME_ANON);
}

static void teardown(void)
{
	stage_free(s);
}

/* A reference of @mm to @pfn, for HEAP. */
static void pin_event(unsigned who, enum pin_event event, unsigned mm,
                      pfn_t pfn, bool pinned)
{
	struct pin_record rec = { .event = (uint8_t)event,
		                  .pinned = pinned,
		                  .size = 8,
		                  .mm = mm,
		                  .va = HEAP,
		                  .pa = pfn << PAGE_SHIFT,
		                  .value = 0x99 };

	act(s, who);
	emit(s->m, EV_PIN, .addr = rec.va, .data = &rec);
}

/* Agent 1's process is a child of agent 0's from now on. */
static void fork_child(void)
{
	ENTER(s, 0, NR_FORK, 0);
	emit(s->m, EV_MM_NEW, .a = CHILD, .b = s->root + PAGE_SIZE,
	     .c = PARENT);
	LEAVE(s, 0, NR_FORK, 2);
}

static void store_to(unsigned who, pfn_t pfn, uint64_t value)
{
	struct tlb_entry e;

	set_entry(s, who, HEAP, 1, entry(pfn, E_RW));
	e = fill(s, who, HEAP);
	store(s, who, &e, HEAP, value);
	drop(s, who, &e);
}

/* ---- private memory in the wrong frame ---- */

START_TEST(a_private_store_must_not_hit_a_file)
{
	store_to(0, f, 1);
	expect_quiet(s);
	store_to(0, frame(s, FRAME_FILE), 2);
	the_hazard(s, ORACLE_COW_LEAK);
}
END_TEST

START_TEST(a_private_store_must_not_hit_the_zero_page)
{
	store_to(0, frame(s, FRAME_ZERO), 2);
	the_hazard(s, ORACLE_COW_LEAK);
}
END_TEST

START_TEST(a_shared_store_hits_its_file)
{
	/* MAP_SHARED, FIXED of descriptor 5. */
	CALL(s, 0, NR_MMAP, HEAP, HEAP, 0x1000, RW, 0x11, 5, 0);
	store_to(0, frame(s, FRAME_FILE), 2);
	expect_quiet(s);
}
END_TEST

START_TEST(a_write_by_reference_must_not_hit_a_file)
{
	const struct hazard *h;
	pfn_t file = frame(s, FRAME_FILE);

	pin_event(0, PIN_TAKEN, PARENT, file, false);
	expect_quiet(s); /* to read is fine */
	pin_event(0, PIN_WRITTEN, PARENT, file, false);
	h = the_hazard(s, ORACLE_COW_LEAK);
	ck_assert_uint_eq(h->addr, HEAP);
	ck_assert_str_eq(h->user, "zero");
}
END_TEST

START_TEST(a_reference_taken_while_memory_is_discarded_is_judged)
{
	pfn_t file = frame(s, FRAME_FILE);

	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	pin_event(0, PIN_TAKEN, PARENT, file, false);
	pin_event(0, PIN_WRITTEN, PARENT, file, false);
	the_hazard(s, ORACLE_COW_LEAK);
}
END_TEST

/* ---- references of others ---- */

START_TEST(a_store_must_not_be_seen_by_a_child_that_holds_the_page)
{
	const struct hazard *h;

	store_to(0, f, 1);
	fork_child();
	pin_event(1, PIN_TAKEN, CHILD, f, false);
	expect_quiet(s);
	store_to(0, f, 2);
	h = the_hazard(s, ORACLE_COW_LEAK);
	ck_assert_str_eq(h->creator, "one");
	ck_assert_str_eq(h->user, "zero");
}
END_TEST

START_TEST(a_store_to_a_copy_is_nobodys_business)
{
	store_to(0, f, 1);
	fork_child();
	pin_event(1, PIN_TAKEN, CHILD, f, false);
	store_to(0, g, 2);
	pin_event(1, PIN_READ, CHILD, f, false);
	expect_quiet(s);
}
END_TEST

START_TEST(a_dropped_reference_sees_nothing)
{
	store_to(0, f, 1);
	fork_child();
	pin_event(1, PIN_TAKEN, CHILD, f, false);
	pin_event(1, PIN_DROPPED, CHILD, f, false);
	store_to(0, f, 2);
	expect_quiet(s);
}
END_TEST

START_TEST(ones_own_reference_is_no_leak)
{
	store_to(0, f, 1);
	pin_event(0, PIN_TAKEN, PARENT, f, false);
	store_to(0, f, 2);
	expect_quiet(s);
}
END_TEST

/* ---- pins ---- */

START_TEST(a_pin_must_stay_the_page_of_its_address)
{
	store_to(0, f, 1);
	pin_event(1, PIN_TAKEN, PARENT, f, true);
	store_to(0, f, 2);
	expect_quiet(s);
	store_to(0, g, 3);
	the_hazard(s, ORACLE_COW_LEAK);
}
END_TEST

START_TEST(a_plain_reference_may_be_left_behind)
{
	store_to(0, f, 1);
	pin_event(1, PIN_TAKEN, PARENT, f, false);
	store_to(0, g, 3);
	expect_quiet(s);
}
END_TEST

START_TEST(the_program_may_part_from_its_pins)
{
	store_to(0, f, 1);
	pin_event(1, PIN_TAKEN, PARENT, f, true);
	CALL(s, 0, NR_MADVISE, 0, HEAP, 0x1000, DONTNEED);
	store_to(0, g, 3);
	/* What the device writes now is not in memory any more. */
	pin_event(1, PIN_WRITTEN, PARENT, f, true);
	peek(s, 0, s->root, HEAP, 3);
	expect_quiet(s);
}
END_TEST

START_TEST(what_a_device_writes_is_in_memory)
{
	struct tlb_entry e;

	store_to(0, f, 1);
	pin_event(1, PIN_TAKEN, PARENT, f, true);
	pin_event(1, PIN_WRITTEN, PARENT, f, true);
	e = fill(s, 0, HEAP);
	load(s, 0, &e, HEAP, 0x99);
	expect_quiet(s);
	load(s, 0, &e, HEAP, 1);
	the_hazard(s, ORACLE_LOST_WRITE);
}
END_TEST

/* ---- frames freed ---- */

/* Agent 2 takes the page away. */
static void take_away(const char *operation)
{
	act(s, 2);
	emit(s->m, EV_KERNEL_ENTER, .text = operation, .b = PARENT);
	set_entry(s, 2, HEAP, 1, 0);
	release(s, 2, f);
	act(s, 2);
	emit(s->m, EV_KERNEL_EXIT, .text = operation);
}

static void reclaim(void)
{
	take_away("reclaim");
}

START_TEST(a_frame_with_wanted_bytes_must_not_go)
{
	const struct hazard *h;

	store_to(0, f, 7);
	reclaim();
	h = the_hazard(s, ORACLE_LOST_DIRTY);
	ck_assert_str_eq(h->creator, "two");
	ck_assert_str_eq(h->user, "zero");
}
END_TEST

START_TEST(a_lazily_freed_frame_may_go)
{
	store_to(0, f, 7);
	CALL(s, 0, NR_MADVISE, 0, HEAP, 0x1000, LAZYFREE);
	reclaim();
	expect_quiet(s);
}
END_TEST

START_TEST(a_store_after_madv_free_is_wanted_again)
{
	store_to(0, f, 7);
	CALL(s, 0, NR_MADVISE, 0, HEAP, 0x1000, LAZYFREE);
	store_to(0, f, 8);
	reclaim();
	the_hazard(s, ORACLE_LOST_DIRTY);
}
END_TEST

START_TEST(a_discarded_frame_may_go)
{
	store_to(0, f, 7);
	ENTER(s, 0, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	set_entry(s, 0, HEAP, 1, 0);
	release(s, 0, f);
	LEAVE(s, 0, NR_MADVISE, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(a_frame_that_was_copied_may_go)
{
	store_to(0, f, 7);
	act(s, 2);
	emit(s->m, EV_KERNEL_ENTER, .text = "collapse", .b = PARENT);
	set_entry(s, 2, HEAP, 1, 0);
	release(s, 2, f); /* the copy is mapped later */
	set_entry(s, 2, HEAP, 1, entry(g, E_RW));
	act(s, 2);
	emit(s->m, EV_KERNEL_EXIT, .text = "collapse");
	expect_quiet(s);
}
END_TEST

/* Nor while it is being copied, whatever others come to the end of. */
START_TEST(a_frame_that_is_being_copied_may_be_gone)
{
	store_to(0, f, 7);
	act(s, 1);
	emit(s->m, EV_KERNEL_ENTER, .text = "reclaim", .b = PARENT);
	act(s, 2);
	emit(s->m, EV_KERNEL_ENTER, .text = "collapse", .b = PARENT);
	set_entry(s, 2, HEAP, 1, 0);
	release(s, 2, f);
	act(s, 1);
	emit(s->m, EV_KERNEL_EXIT, .text = "reclaim");
	set_entry(s, 2, HEAP, 1, entry(g, E_RW));
	act(s, 2);
	emit(s->m, EV_KERNEL_EXIT, .text = "collapse");
	expect_quiet(s);
}
END_TEST

START_TEST(a_zapped_frame_may_go)
{
	store_to(0, f, 7);
	take_away("zap");
	expect_quiet(s);
}
END_TEST

START_TEST(a_frame_may_go_while_a_call_takes_the_memory_away)
{
	store_to(0, f, 7);
	ENTER(s, 0, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	reclaim();
	LEAVE(s, 0, NR_MADVISE, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(a_frame_of_zeros_may_go)
{
	store_to(0, f, 0);
	reclaim();
	expect_quiet(s);
}
END_TEST

START_TEST(everything_goes_at_exit)
{
	store_to(0, f, 7);
	act(s, 0);
	emit(s->m, EV_MM_EXIT, .a = PARENT);
	reclaim();
	expect_quiet(s);
}
END_TEST

/* Agent 2 frees the frame; @unmaps: it takes it out of the child's tables, too.
 * The parent let go of it before, the child has nothing else. */
static void reclaim_from_child(bool unmaps)
{
	struct physmem *mem = &s->m->mem;
	pfn_t root = frame(s, FRAME_PT_PGD), table = frame(s, FRAME_PT_PTE);

	pfn_to_page(mem, table)->pt_owner = CHILD;
	store_to(0, f, 7);
	ENTER(s, 0, NR_FORK, 0);
	emit(s->m, EV_MM_NEW, .a = CHILD, .b = root << PAGE_SHIFT, .c = PARENT);
	LEAVE(s, 0, NR_FORK, 2);
	CALL(s, 0, NR_MUNMAP, 0, HEAP, 0x1000);

	act(s, 2);
	emit(s->m, EV_KERNEL_ENTER, .text = "reclaim", .b = CHILD);
	if (unmaps)
		emit(s->m, EV_PT_WRITE, .addr = table << PAGE_SHIFT,
		     .b = entry(f, E_RW), .c = 1);
	release(s, 2, f);
	act(s, 2);
	emit(s->m, EV_KERNEL_EXIT, .text = "reclaim");
}

START_TEST(a_frame_that_a_child_wants_must_not_go)
{
	const struct hazard *h;

	reclaim_from_child(true);
	h = the_hazard(s, ORACLE_LOST_DIRTY);
	ck_assert_str_eq(h->creator, "two");
	ck_assert_str_eq(h->user, "zero");
}
END_TEST

START_TEST(a_frame_that_a_child_did_not_have_may_go)
{
	reclaim_from_child(false);
	expect_quiet(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/pins");
	TCase *tc = tcase_create("pins");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_private_store_must_not_hit_a_file);
	tcase_add_test(tc, a_private_store_must_not_hit_the_zero_page);
	tcase_add_test(tc, a_shared_store_hits_its_file);
	tcase_add_test(tc, a_write_by_reference_must_not_hit_a_file);
	tcase_add_test(tc,
	               a_reference_taken_while_memory_is_discarded_is_judged);
	tcase_add_test(tc,
	               a_store_must_not_be_seen_by_a_child_that_holds_the_page);
	tcase_add_test(tc, a_store_to_a_copy_is_nobodys_business);
	tcase_add_test(tc, a_dropped_reference_sees_nothing);
	tcase_add_test(tc, ones_own_reference_is_no_leak);
	tcase_add_test(tc, a_pin_must_stay_the_page_of_its_address);
	tcase_add_test(tc, a_plain_reference_may_be_left_behind);
	tcase_add_test(tc, the_program_may_part_from_its_pins);
	tcase_add_test(tc, what_a_device_writes_is_in_memory);
	tcase_add_test(tc, a_frame_with_wanted_bytes_must_not_go);
	tcase_add_test(tc, a_lazily_freed_frame_may_go);
	tcase_add_test(tc, a_store_after_madv_free_is_wanted_again);
	tcase_add_test(tc, a_discarded_frame_may_go);
	tcase_add_test(tc, a_frame_that_was_copied_may_go);
	tcase_add_test(tc, a_frame_that_is_being_copied_may_be_gone);
	tcase_add_test(tc, a_zapped_frame_may_go);
	tcase_add_test(tc, a_frame_may_go_while_a_call_takes_the_memory_away);
	tcase_add_test(tc, a_frame_of_zeros_may_go);
	tcase_add_test(tc, everything_goes_at_exit);
	tcase_add_test(tc, a_frame_that_a_child_wants_must_not_go);
	tcase_add_test(tc, a_frame_that_a_child_did_not_have_may_go);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
