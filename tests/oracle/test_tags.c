// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tag-check: allocation tags are what the program set,
 * Documentation/arch/arm64/ memory-tagging-extension.rst: 0 in new pages,
 * copied by fork, gone with the page.
 */
#include "tests/oracle/stage.h"

#define RW 3

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

static void tag(unsigned who, paddr_t root, vaddr_t va, unsigned tag,
                bool write)
{
	const struct access_record rec = {
		.root = root,
		.cpu = (uint16_t)who,
		.size = 1,
		.write = write,
		.read = !write,
		.user = true,
		.va = va,
		.value = tag,
	};

	act(s, who);
	emit(s->m, EV_TAG, .addr = va, .a = tag, .data = &rec);
}

/* STG; LDG or a check. */
static void stg(unsigned who, vaddr_t va, unsigned value)
{
	tag(who, s->root, va, value, true);
}

static void ldg(unsigned who, vaddr_t va, unsigned value)
{
	tag(who, s->root, va, value, false);
}

START_TEST(a_tag_is_what_was_stored)
{
	ldg(0, HEAP + 0x40, 0);
	stg(0, HEAP + 0x40, 5);
	stg(1, HEAP + 0x50, 6);
	ldg(1, HEAP + 0x48, 5);
	ldg(0, HEAP + 0x5f, 6);
	ldg(0, HEAP + 0x60, 0);
	ldg(0, HEAP + 0xff0, 0);
	expect_quiet(s);
	ldg(0, HEAP + 0x50, 0);
	ck_assert_str_eq(the_hazard(s, ORACLE_TAG_CHECK)->creator, "one");
}
END_TEST

START_TEST(new_memory_has_tag_0)
{
	ldg(0, HEAP + 0x1000, 0xa);
	the_hazard(s, ORACLE_TAG_CHECK);
}
END_TEST

/* Of a file nobody knows what is in it, but no page of it has tags.
 * 0x11: MAP_SHARED, FIXED. */
START_TEST(a_shared_page_begins_with_tag_0_for_all_who_map_it)
{
	vaddr_t part = HEAP + 0x4000000;

	CALL(s, 0, NR_MMAP, part, part, 0x2000, RW, 0x11, 3, 0);
	CALL(s, 0, NR_MMAP, part + 0x2000, part + 0x2000, 0x2000, RW, 0x11, 3,
	     0);
	peek(s, 0, s->root, part, 0x77);
	ldg(0, part, 0);
	stg(0, part + 0x10, 5);
	ldg(1, part + 0x2010, 5);
	ldg(1, part + 0x2020, 0);
	expect_quiet(s);
	ldg(1, part + 0x1000, 0xa);
	the_hazard(s, ORACLE_TAG_CHECK);
}
END_TEST

START_TEST(tags_are_apart_from_data)
{
	stg(0, HEAP, 5);
	poke(s, 0, s->root, HEAP, 0x1111111111111111);
	peek(s, 1, s->root, HEAP + 8, 0);
	ldg(1, HEAP, 5);
	expect_quiet(s);
}
END_TEST

START_TEST(tags_go_with_their_page)
{
	stg(0, HEAP, 5);
	stg(0, HEAP + 0x1000, 6);
	CALL(s, 1, NR_MADVISE, 0, HEAP, 0x1000, DONTNEED);
	ldg(0, HEAP, 0);
	ldg(0, HEAP + 0x1000, 6);
	expect_quiet(s);
	ldg(0, HEAP, 5);
	the_hazard(s, ORACLE_TAG_CHECK);
}
END_TEST

START_TEST(while_a_discard_runs_old_and_new_are_fine)
{
	stg(0, HEAP, 5);
	ENTER(s, 1, NR_MADVISE, HEAP, 0x1000, DONTNEED);
	ldg(0, HEAP, 5);
	ldg(0, HEAP, 0);
	LEAVE(s, 1, NR_MADVISE, 0);
	expect_quiet(s);
}
END_TEST

START_TEST(a_child_has_copies)
{
	paddr_t child = frame(s, FRAME_PT_PGD) << PAGE_SHIFT;

	stg(0, HEAP, 5);
	ENTER(s, 0, NR_FORK);
	emit(s->m, EV_MM_NEW, .a = 2, .b = child, .c = 1);
	LEAVE(s, 0, NR_FORK, 2);
	tag(1, child, HEAP, 5, false);
	stg(0, HEAP, 7);
	tag(1, child, HEAP, 5, false);
	expect_quiet(s);
	tag(1, child, HEAP, 7, false);
	the_hazard(s, ORACLE_TAG_CHECK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/tags");
	TCase *tcase = tcase_create("tags");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_tag_is_what_was_stored);
	tcase_add_test(tcase, new_memory_has_tag_0);
	tcase_add_test(tcase,
	               a_shared_page_begins_with_tag_0_for_all_who_map_it);
	tcase_add_test(tcase, tags_are_apart_from_data);
	tcase_add_test(tcase, tags_go_with_their_page);
	tcase_add_test(tcase, while_a_discard_runs_old_and_new_are_fine);
	tcase_add_test(tcase, a_child_has_copies);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
