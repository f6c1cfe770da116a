/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table-uaf, bad-table, leak. */
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

static pfn_t table_of(vaddr_t va)
{
	return entry_of(s, va, 1) >> PAGE_SHIFT;
}

static void walk(unsigned who, vaddr_t va, paddr_t pa, unsigned level)
{
	act(s, who);
	emit(s->m, EV_WALK_READ, .addr = pa, .a = phys_read(&s->m->mem, pa, 8),
	     .b = level, .c = va);
}

/* ---- table-uaf ---- */

START_TEST(a_walk_of_live_tables_is_fine)
{
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), E_RW));
	for (unsigned level = 4; level > 0; level--)
		walk(1, HEAP, entry_of(s, HEAP, level), level);
	expect_quiet(s);
}
END_TEST

START_TEST(a_hardware_walk_of_a_freed_table_is_seen)
{
	paddr_t pa = entry_of(s, HEAP, 1);
	const struct hazard *h;

	set_entry(s, 1, HEAP, 2, 0);
	release(s, 1, pa >> PAGE_SHIFT);
	walk(0, HEAP, pa, 1);
	h = the_hazard(s, ORACLE_TABLE_UAF);
	ck_assert_str_eq(h->creator, "one");
	ck_assert_str_eq(h->user, "zero");
}
END_TEST

START_TEST(a_walk_of_a_table_reused_as_memory_is_seen)
{
	paddr_t pa = entry_of(s, HEAP, 1);

	set_entry(s, 1, HEAP, 2, 0);
	release(s, 1, pa >> PAGE_SHIFT);
	ck_assert_uint_eq(frame(s, FRAME_ANON), pa >> PAGE_SHIFT);
	walk(0, HEAP, pa, 1);
	the_hazard(s, ORACLE_TABLE_UAF);
}
END_TEST

START_TEST(a_walk_of_a_table_reused_as_another_table_is_seen)
{
	paddr_t pa = entry_of(s, HEAP, 1);
	vaddr_t other = HEAP + 0x200000;

	set_entry(s, 1, HEAP, 2, 0);
	release(s, 1, pa >> PAGE_SHIFT);
	ck_assert_uint_eq(table_of(other), pa >> PAGE_SHIFT);
	walk(2, other, pa, 1);
	expect_quiet(s);
	walk(0, HEAP, pa, 1);
	the_hazard(s, ORACLE_TABLE_UAF);
}
END_TEST

START_TEST(a_walk_of_an_unhooked_table_before_it_is_freed_is_fine)
{
	paddr_t pa = entry_of(s, HEAP, 1);

	set_entry(s, 1, HEAP, 2, 0);
	walk(0, HEAP, pa, 1);
	expect_quiet(s);
}
END_TEST

START_TEST(a_kernel_access_to_a_freed_table_is_seen)
{
	paddr_t pa = entry_of(s, HEAP, 1);

	set_entry(s, 1, HEAP, 2, 0);
	release(s, 1, pa >> PAGE_SHIFT);
	act(s, 2);
	emit(s->m, EV_FRAME_UAF, .addr = pa, .a = STEP_READ, .b = HEAP,
	     .text = "ptep_get");
	the_hazard(s, ORACLE_TABLE_UAF);
}
END_TEST

START_TEST(accessed_bits_set_in_a_freed_table_are_seen)
{
	paddr_t pa = entry_of(s, HEAP, 1);

	set_entry(s, 1, HEAP, 2, 0);
	release(s, 1, pa >> PAGE_SHIFT);
	act(s, 0);
	emit(s->m, EV_WALK_WRITE, .addr = pa, .a = E_A, .c = HEAP);
	the_hazard(s, ORACLE_TABLE_UAF);
}
END_TEST

/* ---- bad-table ---- */

START_TEST(an_entry_that_maps_a_free_frame_is_bad)
{
	pfn_t pfn = frame(s, FRAME_ANON);

	set_entry(s, 0, HEAP, 1, entry(pfn, E_RW));
	set_entry(s, 0, HEAP, 1, 0);
	expect_quiet(s);
	release(s, 0, pfn);
	set_entry(s, 0, HEAP, 1, entry(pfn, E_RW));
	the_hazard(s, ORACLE_BAD_TABLE);
}
END_TEST

START_TEST(an_entry_that_leads_to_a_page_instead_of_a_table_is_bad)
{
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), E_RW));
	expect_quiet(s);
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_ANON), E_RW));
	the_hazard(s, ORACLE_BAD_TABLE);
}
END_TEST

START_TEST(a_second_free_of_a_frame_is_bad)
{
	pfn_t pfn = frame(s, FRAME_ANON);

	release(s, 0, pfn);
	expect_quiet(s);
	release(s, 1, pfn);
	ck_assert_str_eq(the_hazard(s, ORACLE_BAD_TABLE)->creator, "zero");
}
END_TEST

START_TEST(a_second_free_of_a_table_names_who_unhooked_it)
{
	pfn_t table = table_of(HEAP);
	const struct hazard *h;

	set_entry(s, 2, HEAP, 2, 0);
	release(s, 0, table);
	release(s, 1, table);
	h = the_hazard(s, ORACLE_BAD_TABLE);
	ck_assert_int_eq(h->links[0].role, HAZARD_REMOVED);
	ck_assert_str_eq(h->links[0].who, "two");
	ck_assert_uint_eq(h->addr, HEAP);
	ck_assert_uint_eq(h->end, HEAP + 0x200000);
}
END_TEST

START_TEST(an_entry_filled_again_names_who_had_emptied_it)
{
	pfn_t table = table_of(HEAP);
	const struct hazard *h;

	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), E_RW));
	set_entry(s, 2, HEAP, 1, 0);
	set_entry(s, 1, HEAP, 1, entry(frame(s, FRAME_ANON), E_RW));
	set_entry(s, 0, HEAP, 2, 0);
	release(s, 0, table);
	h = the_hazard(s, ORACLE_BAD_TABLE);
	ck_assert_int_eq(h->links[0].role, HAZARD_REMOVED);
	ck_assert_str_eq(h->links[0].who, "two");
	ck_assert_int_eq(h->links[1].role, HAZARD_SET);
	ck_assert_str_eq(h->links[1].who, "one");
}
END_TEST

START_TEST(a_table_freed_with_live_entries_is_bad)
{
	pfn_t table = table_of(HEAP), empty = table_of(HEAP + 0x200000);

	set_entry(s, 0, HEAP + 0x3000, 1, entry(frame(s, FRAME_ANON), E_RW));
	set_entry(s, 0, HEAP, 2, 0);
	set_entry(s, 0, HEAP + 0x200000, 2, 0);
	release(s, 0, empty);
	expect_quiet(s);
	release(s, 0, table);
	ck_assert_ptr_nonnull(
		strstr(the_hazard(s, ORACLE_BAD_TABLE)->text, "entry 3 "));
}
END_TEST

START_TEST(a_finding_of_the_full_scan_is_a_hazard)
{
	oracle_set_finding(s->set, ORACLE_BAD_TABLE, "nr_ptes is 3, not 2");
	oracle_set_finding(s->set, ORACLE_BAD_TABLE, "nr_ptes is 3, not 2");
	ck_assert_str_eq(the_hazard(s, ORACLE_BAD_TABLE)->text,
	                 "nr_ptes is 3, not 2");
}
END_TEST

/* ---- leak ---- */

static void end_of_the_mm(void)
{
	act(s, 0);
	emit(s->m, EV_MM_FREE, .a = 1);
	release(s, 0, s->root >> PAGE_SHIFT);
}

START_TEST(nothing_left_is_no_leak)
{
	release(s, 0, frame(s, FRAME_ANON));
	end_of_the_mm();
	oracle_set_finish(s->set, true);
	expect_quiet(s);
}
END_TEST

START_TEST(a_page_that_outlives_every_process_is_a_leak)
{
	frame(s, FRAME_ANON);
	oracle_set_finish(s->set, true);
	expect_quiet(s); /* the process lives */
	end_of_the_mm();
	oracle_set_finish(s->set, true);
	the_hazard(s, ORACLE_LEAK);
}
END_TEST

START_TEST(a_table_that_outlives_its_process_is_a_leak)
{
	frame(s, FRAME_PT_PTE);
	end_of_the_mm();
	oracle_set_finish(s->set, false);
	expect_quiet(s); /* RCU may still free it */
	oracle_set_finish(s->set, true);
	the_hazard(s, ORACLE_LEAK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/tables");
	TCase *tc = tcase_create("tables");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_walk_of_live_tables_is_fine);
	tcase_add_test(tc, a_hardware_walk_of_a_freed_table_is_seen);
	tcase_add_test(tc, a_walk_of_a_table_reused_as_memory_is_seen);
	tcase_add_test(tc, a_walk_of_a_table_reused_as_another_table_is_seen);
	tcase_add_test(tc,
	               a_walk_of_an_unhooked_table_before_it_is_freed_is_fine);
	tcase_add_test(tc, a_kernel_access_to_a_freed_table_is_seen);
	tcase_add_test(tc, accessed_bits_set_in_a_freed_table_are_seen);
	tcase_add_test(tc, an_entry_that_maps_a_free_frame_is_bad);
	tcase_add_test(tc,
	               an_entry_that_leads_to_a_page_instead_of_a_table_is_bad);
	tcase_add_test(tc, a_second_free_of_a_frame_is_bad);
	tcase_add_test(tc, a_second_free_of_a_table_names_who_unhooked_it);
	tcase_add_test(tc, an_entry_filled_again_names_who_had_emptied_it);
	tcase_add_test(tc, a_table_freed_with_live_entries_is_bad);
	tcase_add_test(tc, a_finding_of_the_full_scan_is_a_hazard);
	tcase_add_test(tc, nothing_left_is_no_leak);
	tcase_add_test(tc, a_page_that_outlives_every_process_is_a_leak);
	tcase_add_test(tc, a_table_that_outlives_its_process_is_a_leak);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
