/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/oracle/stage.h"

static struct stage *s;

static void setup(void)
{
	s = stage_new(false);
}

static void teardown(void)
{
	stage_free(s);
}

/* A page at HEAP, cached by CPU 0. */
static struct tlb_entry cached_page(pfn_t *pfn, uint64_t bits)
{
	*pfn = frame(s, FRAME_ANON);
	set_entry(s, 0, HEAP, 1, entry(*pfn, bits));
	return fill(s, 0, HEAP);
}

START_TEST(use_after_the_removing_call_returned_is_stale)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);
	const struct hazard *h;

	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	set_entry(s, 1, HEAP, 1, 0);
	LEAVE(s, 1, NR_MADVISE, 0);
	load(s, 0, &e, HEAP, 0);
	h = the_hazard(s, ORACLE_STALE_USE);
	ck_assert_str_eq(h->creator, "one");
	ck_assert_str_eq(h->user, "zero");
	ck_assert_uint_eq(h->nr_links, 4);
	ck_assert_uint_eq(h->links[0].step, e.fill_step);
	ck_assert_int_eq(h->links[0].role, HAZARD_FILLED);
	ck_assert_int_eq(h->links[3].role, HAZARD_USED);
	ck_assert(h->addr == HEAP && h->end == HEAP + 0x1000);
}
END_TEST

START_TEST(use_before_the_removing_call_returned_is_fine)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	set_entry(s, 1, HEAP, 1, 0);
	load(s, 0, &e, HEAP, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(use_of_what_is_still_mapped_is_fine)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	CALL(s, 1, NR_MADVISE, 0, HEAP, 0x1000, DONTNEED);
	load(s, 0, &e, HEAP, 0);
	store(s, 0, &e, HEAP + 8, 1);
	expect_quiet(s);
}
END_TEST

START_TEST(a_store_after_the_right_to_write_went_is_stale)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	ENTER(s, 1, NR_MPROTECT, HEAP, 0x1000, 1);
	set_entry(s, 1, HEAP, 1, entry(pfn, E_RO | E_D));
	LEAVE(s, 1, NR_MPROTECT, 0);
	load(s, 0, &e, HEAP, 0);
	expect_quiet(s);
	store(s, 0, &e, HEAP, 1);
	the_hazard(s, ORACLE_STALE_USE);
}
END_TEST

START_TEST(a_store_through_an_upgraded_entry_is_fine)
{
	pfn_t pfn;
	struct tlb_entry e;

	cached_page(&pfn, E_RO);
	set_entry(s, 0, HEAP, 1, entry(pfn, E_RW));
	e = fill(s, 0, HEAP);
	store(s, 0, &e, HEAP, 1);
	expect_quiet(s);
}
END_TEST

START_TEST(a_removed_table_makes_its_translations_stale)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	ENTER(s, 1, NR_MUNMAP, HEAP, 0x200000);
	set_entry(s, 1, HEAP, 2, 0);
	load(s, 0, &e, HEAP, 0);
	expect_quiet(s);
	LEAVE(s, 1, NR_MUNMAP, 0);
	load(s, 0, &e, HEAP, 0);
	the_hazard(s, ORACLE_STALE_USE);
}
END_TEST

START_TEST(a_page_fault_is_over_when_its_thread_goes_on)
{
	pfn_t pfn, copy = frame(s, FRAME_ANON);
	struct tlb_entry e = cached_page(&pfn, E_RO), own;

	set_entry(s, 1, HEAP, 1, entry(copy, E_RW));
	load(s, 0, &e, HEAP, 0);
	expect_quiet(s);
	own = fill(s, 1, HEAP);
	store(s, 1, &own, HEAP, 7);
	load(s, 0, &e, HEAP, 0);
	the_hazard(s, ORACLE_STALE_USE);
}
END_TEST

START_TEST(the_same_stale_translation_is_reported_once)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	set_entry(s, 1, HEAP, 1, 0);
	LEAVE(s, 1, NR_MADVISE, 0);
	load(s, 0, &e, HEAP, 0);
	load(s, 0, &e, HEAP + 8, 0);
	the_hazard(s, ORACLE_STALE_USE);
}
END_TEST

/* M01 of the catalogue: the mremap has not returned, but somebody else freed
 * the page. */
START_TEST(a_released_frame_must_have_been_flushed)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	ENTER(s, 1, NR_MREMAP, HEAP, 0x1000, 0x1000, 3, HEAP + 0x400000);
	set_entry(s, 1, HEAP, 1, 0);
	load(s, 0, &e, HEAP, 0);
	expect_quiet(s);
	release(s, 2, pfn);
	load(s, 0, &e, HEAP, 0);
	ck_assert_uint_eq(fired(s, ORACLE_STALE_USE), 1);
	ck_assert_uint_eq(fired(s, ORACLE_FRAME_UAF), 1);
}
END_TEST

START_TEST(the_same_slot_of_another_table_is_not_blamed)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);
	unsigned n;

	set_entry(s, 2, HEAP + 0x200000, 1, entry(pfn, E_RW));
	CALL(s, 2, NR_MADVISE, 0, HEAP + 0x200000, 0x1000, DONTNEED);
	set_entry(s, 2, HEAP + 0x200000, 1, 0);
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	set_entry(s, 1, HEAP, 1, 0);
	LEAVE(s, 1, NR_MADVISE, 0);
	load(s, 0, &e, HEAP, 0);
	ck_assert_str_eq(oracle_set_hazards(s->set, &n)->creator, "one");
}
END_TEST

START_TEST(a_reset_forgets_hazards_and_history)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	set_entry(s, 1, HEAP, 1, 0);
	LEAVE(s, 1, NR_MADVISE, 0);
	load(s, 0, &e, HEAP, 0);
	oracle_set_reset(s->set);
	expect_quiet(s);
	ck_assert_uint_eq(oracle_set_fired(s->set), 0);
}
END_TEST

/* ---- frame-uaf ---- */

START_TEST(an_access_to_a_freed_frame_is_seen)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);
	const struct hazard *h;

	release(s, 1, pfn);
	load(s, 0, &e, HEAP, 0);
	h = the_hazard(s, ORACLE_FRAME_UAF);
	ck_assert_str_eq(h->creator, "one");
}
END_TEST

START_TEST(an_access_to_a_reused_frame_is_seen)
{
	pfn_t pfn;
	struct tlb_entry e = cached_page(&pfn, E_RW);

	release(s, 1, pfn);
	ck_assert_uint_eq(frame(s, FRAME_ANON), pfn);
	load(s, 0, &e, HEAP, 0);
	the_hazard(s, ORACLE_FRAME_UAF);
}
END_TEST

START_TEST(a_new_translation_of_a_reused_frame_is_fine)
{
	pfn_t pfn;
	struct tlb_entry e;

	cached_page(&pfn, E_RW);
	release(s, 1, pfn);
	ck_assert_uint_eq(frame(s, FRAME_ANON), pfn);
	e = fill(s, 0, HEAP);
	load(s, 0, &e, HEAP, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(the_end_of_a_freed_huge_page_is_freed_too)
{
	pfn_t pfn = frame_huge(s);
	struct tlb_entry e;

	set_entry(s, 0, HEAP, 2, entry(pfn, E_RW | E_PS));
	e = fill(s, 0, HEAP);
	load(s, 0, &e, HEAP + 0x5000, 0);
	expect_quiet(s);
	release(s, 1, pfn);
	load(s, 0, &e, HEAP + 0x5000, 0);
	the_hazard(s, ORACLE_FRAME_UAF);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/stale");
	TCase *tc = tcase_create("stale");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, use_after_the_removing_call_returned_is_stale);
	tcase_add_test(tc, use_before_the_removing_call_returned_is_fine);
	tcase_add_test(tc, use_of_what_is_still_mapped_is_fine);
	tcase_add_test(tc, a_store_after_the_right_to_write_went_is_stale);
	tcase_add_test(tc, a_store_through_an_upgraded_entry_is_fine);
	tcase_add_test(tc, a_removed_table_makes_its_translations_stale);
	tcase_add_test(tc, a_page_fault_is_over_when_its_thread_goes_on);
	tcase_add_test(tc, the_same_stale_translation_is_reported_once);
	tcase_add_test(tc, a_released_frame_must_have_been_flushed);
	tcase_add_test(tc, the_same_slot_of_another_table_is_not_blamed);
	tcase_add_test(tc, a_reset_forgets_hazards_and_history);
	tcase_add_test(tc, an_access_to_a_freed_frame_is_seen);
	tcase_add_test(tc, an_access_to_a_reused_frame_is_seen);
	tcase_add_test(tc, a_new_translation_of_a_reused_frame_is_fine);
	tcase_add_test(tc, the_end_of_a_freed_huge_page_is_freed_too);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
