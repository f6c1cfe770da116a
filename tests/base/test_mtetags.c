// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocation tags of physical memory. Expected values: Arm ARM D10.1, and the
 * packing of Linux v6.12 arch/arm64/lib/mte.S mte_save_page_tags(). */
#include <string.h>

#include "base/mtetags.h"
#include "tests/base/fixture.h"

static struct machine *m;

static void setup(void)
{
	m = test_machine(1);
}

static void teardown(void)
{
	machine_free(m);
}

static paddr_t pa_of(const struct page *page)
{
	return page_to_pfn(&m->mem, page) << PAGE_SHIFT;
}

START_TEST(each_granule_has_a_tag_of_its_own)
{
	const struct page *page = alloc_frames(m, 0, FRAME_ANON, true);
	paddr_t pa = pa_of(page);

	for (unsigned i = 0; i < MTE_GRANULES_PER_PAGE; i++)
		mte_tag_set(&m->mem, pa + i * 16 + i % 16, i * 7 % 16);
	for (unsigned i = 0; i < MTE_GRANULES_PER_PAGE; i++) {
		ck_assert_uint_eq(mte_tag_get(&m->mem, pa + i * 16),
		                  i * 7 % 16);
		ck_assert_uint_eq(mte_tag_get(&m->mem, pa + i * 16 + 15),
		                  i * 7 % 16);
	}
	/* The neighbours have not been touched. */
	ck_assert_uint_eq(mte_tag_get(&m->mem, pa - 1), MTE_TAG_UNKNOWN);
	ck_assert_uint_eq(mte_tag_get(&m->mem, pa + PAGE_SIZE),
	                  MTE_TAG_UNKNOWN);
}
END_TEST

START_TEST(the_lower_granule_is_in_the_low_bits)
{
	const struct page *page = alloc_frames(m, 0, FRAME_ANON, true);
	uint8_t tags[MTE_PAGE_TAG_STORAGE];

	mte_tags_set(&m->mem, page, NULL);
	mte_tag_set(&m->mem, pa_of(page), 3);
	mte_tag_set(&m->mem, pa_of(page) + 16, 12);
	mte_tags_get(&m->mem, page, tags);
	ck_assert_uint_eq(tags[0], 0xc3);
	ck_assert_uint_eq(tags[1], 0);
	tags[127] = 0x5e;
	mte_tags_set(&m->mem, page, tags);
	ck_assert_uint_eq(mte_tag_get(&m->mem, pa_of(page) + 4064), 0xe);
	ck_assert_uint_eq(mte_tag_get(&m->mem, pa_of(page) + 4080), 5);
}
END_TEST

START_TEST(a_frame_keeps_its_tags_until_the_run_ends)
{
	struct page *page = alloc_frames(m, 0, FRAME_ANON, true);
	paddr_t pa = pa_of(page);

	mte_tag_set(&m->mem, pa, 9);
	free_frames(m, page);
	ck_assert_uint_eq(mte_tag_get(&m->mem, pa), 9);
	page = alloc_frames(m, 0, FRAME_ANON, true);
	ck_assert_uint_eq(pa_of(page), pa);
	ck_assert_uint_eq(mte_tag_get(&m->mem, pa), 9);
	machine_reset(m);
	ck_assert_uint_eq(mte_tag_get(&m->mem, pa), MTE_TAG_UNKNOWN);
}
END_TEST

START_TEST(there_are_no_tags_beyond_memory)
{
	paddr_t beyond = m->mem.size_bytes + 32;

	mte_tag_set(&m->mem, beyond, 5);
	ck_assert_uint_eq(mte_tag_get(&m->mem, beyond), 0);
}
END_TEST

START_TEST(pointers_carry_logical_tags)
{
	ck_assert_uint_eq(mte_ptr_tag(UINT64_C(0xf5ff000000001000)), 5);
	ck_assert_uint_eq(mte_set_ptr_tag(UINT64_C(0xf5ff000000001000), 0x1a),
	                  UINT64_C(0xfaff000000001000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base/mtetags");
	TCase *tcase = tcase_create("tags");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, each_granule_has_a_tag_of_its_own);
	tcase_add_test(tcase, the_lower_granule_is_in_the_low_bits);
	tcase_add_test(tcase, a_frame_keeps_its_tags_until_the_run_ends);
	tcase_add_test(tcase, there_are_no_tags_beyond_memory);
	tcase_add_test(tcase, pointers_carry_logical_tags);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
