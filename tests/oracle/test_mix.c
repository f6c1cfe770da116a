/* SPDX-License-Identifier: GPL-2.0-or-later */
/* size-mix and split-view. */
#include "tests/oracle/stage.h"

static struct stage *s;

static void setup(void)
{
	s = stage_new(false);
}

static void setup_strict(void)
{
	s = stage_new(true);
}

static void teardown(void)
{
	stage_free(s);
}

static struct tlb_entry small(unsigned who, vaddr_t va)
{
	set_entry(s, who, va, 1, entry(frame(s, FRAME_ANON), E_RW));
	return fill(s, who, va);
}

/* A 2 MiB page at HEAP in place of the table. */
static void make_huge(unsigned who)
{
	set_entry(s, who, HEAP, 2, entry(frame_huge(s), E_RW | E_PS));
}

START_TEST(a_huge_entry_beside_a_small_one_is_a_mix)
{
	const struct hazard *h;
	struct tlb_entry e = small(0, HEAP + 0x3000), again;

	make_huge(1);
	expect_quiet(s);
	again = fill(s, 0, HEAP + 0x1000);
	h = the_hazard(s, ORACLE_SIZE_MIX);
	ck_assert_ptr_nonnull(strstr(h->text, "different frames"));
	ck_assert(h->addr == HEAP && h->end == HEAP + 0x200000);
	ck_assert_uint_eq(h->links[0].step, e.fill_step);
	ck_assert_uint_eq(h->links[1].step, again.fill_step);
}
END_TEST

START_TEST(a_small_entry_beside_a_huge_one_is_a_mix)
{
	make_huge(0);
	fill(s, 0, HEAP);
	set_entry(s, 1, HEAP, 2, 0);
	small(0, HEAP + 0x3000);
	the_hazard(s, ORACLE_SIZE_MIX);
}
END_TEST

START_TEST(both_sizes_on_different_cpus_are_no_mix)
{
	small(0, HEAP + 0x3000);
	make_huge(1);
	fill(s, 1, HEAP);
	expect_quiet(s);
}
END_TEST

START_TEST(a_huge_entry_after_the_small_one_was_dropped_is_no_mix)
{
	struct tlb_entry e = small(0, HEAP + 0x3000);

	make_huge(1);
	drop(s, 0, &e);
	fill(s, 0, HEAP);
	expect_quiet(s);
}
END_TEST

START_TEST(sizes_of_different_address_spaces_are_no_mix)
{
	struct tlb_entry e = small(0, HEAP + 0x3000);

	drop(s, 0, &e);
	e.pcid = 2;
	act(s, 0);
	emit(s->m, EV_TLB_FILL, .addr = e.va, .data = &e);
	make_huge(1);
	fill(s, 0, HEAP);
	expect_quiet(s);
}
END_TEST

START_TEST(a_machine_check_is_a_mix)
{
	act(s, 0);
	emit(s->m, EV_NOTE, .addr = HEAP, .text = "a remark");
	expect_quiet(s);
	emit(s->m, EV_NOTE, .addr = HEAP,
	     .text = "machine check: TLB entries overlap");
	the_hazard(s, ORACLE_SIZE_MIX);
}
END_TEST

/* ---- split-view: R5.3 of the catalogue ---- */

static void two_frames(bool old_used_again)
{
	struct tlb_entry old = small(0, HEAP), new;

	load(s, 0, &old, HEAP, 0);
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	set_entry(s, 1, HEAP, 1, 0);
	new = small(2, HEAP);
	load(s, 2, &new, HEAP, 0);
	if (old_used_again)
		load(s, 0, &old, HEAP, 0);
}

START_TEST(two_frames_used_for_one_address_are_a_split_view)
{
	two_frames(true);
	ck_assert_str_eq(the_hazard(s, ORACLE_SPLIT_VIEW)->creator, "two");
}
END_TEST

START_TEST(two_frames_one_after_the_other_are_no_split_view)
{
	two_frames(false);
	expect_quiet(s);
}
END_TEST

START_TEST(what_linux_tolerates_is_reported_on_strict_machines_only)
{
	two_frames(true);
	expect_quiet(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/mix");
	TCase *tc = tcase_create("as Linux"), *strict = tcase_create("strict");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_huge_entry_beside_a_small_one_is_a_mix);
	tcase_add_test(tc, a_small_entry_beside_a_huge_one_is_a_mix);
	tcase_add_test(tc, both_sizes_on_different_cpus_are_no_mix);
	tcase_add_test(tc,
	               a_huge_entry_after_the_small_one_was_dropped_is_no_mix);
	tcase_add_test(tc, sizes_of_different_address_spaces_are_no_mix);
	tcase_add_test(tc, a_machine_check_is_a_mix);
	tcase_add_test(
		tc, what_linux_tolerates_is_reported_on_strict_machines_only);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(strict, setup_strict, teardown);
	tcase_add_test(strict,
	               two_frames_used_for_one_address_are_a_split_view);
	tcase_add_test(strict,
	               two_frames_one_after_the_other_are_no_split_view);
	suite_add_tcase(suite, strict);
	return run_suite(suite);
}
