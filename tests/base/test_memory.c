/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames, the page allocator and the kernel-object arena. */
#include <string.h>

#include "base/rng.h"
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

static struct page *get(unsigned order, bool zero)
{
	return alloc_frames(m, order, FRAME_ANON, zero);
}

START_TEST(blocks_are_naturally_aligned)
{
	for (unsigned order = 0; order <= 10; order++) {
		struct page *p = get(order, false);

		ck_assert(IS_ALIGNED(page_to_pfn(&m->mem, p), 1U << order));
		ck_assert_uint_eq(p->order, order);
		ck_assert_int_eq(p->refcount, 1);
	}
}
END_TEST

START_TEST(everything_freed_makes_memory_whole_again)
{
	struct rng r = { .state = 7 };
	struct page *held[64] = { 0 };
	uint64_t all = m->mem.nr_free;

	for (unsigned i = 0; i < 5000; i++) {
		unsigned slot = (unsigned)rng_below(&r, 64);

		if (held[slot])
			free_frames(m, held[slot]);
		held[slot] = held[slot]
		                     ? NULL
		                     : get((unsigned)rng_below(&r, 6), false);
	}
	for (unsigned i = 0; i < 64; i++)
		if (held[i])
			free_frames(m, held[i]);
	ck_assert_uint_eq(m->mem.nr_free, all);
	/* Coalesced: what was used so far is available as large blocks. */
	for (uint64_t pfn = 1; pfn < m->mem.next_fresh; pfn++)
		ck_assert_uint_eq(m->mem.mem_map[pfn].kind, FRAME_FREE);
}
END_TEST

START_TEST(two_live_blocks_never_overlap)
{
	struct rng r = { .state = 11 };
	static uint8_t owner[1 << 14];

	memset(owner, 0, sizeof(owner));
	for (unsigned i = 0; i < 400; i++) {
		unsigned order = (unsigned)rng_below(&r, 5);
		pfn_t pfn = page_to_pfn(&m->mem, get(order, false));

		for (pfn_t j = pfn; j < pfn + (1U << order); j++)
			ck_assert_uint_eq(owner[j]++, 0);
	}
}
END_TEST

START_TEST(a_zeroed_frame_reads_zero_and_a_freed_one_poison)
{
	struct page *p = get(0, true);
	paddr_t pa = page_to_pfn(&m->mem, p) << PAGE_SHIFT;
	uint32_t generation = p->generation;

	ck_assert_uint_eq(phys_read(&m->mem, pa + 8, 8), 0);
	phys_write(&m->mem, pa + 8, 4, 0x11223344);
	ck_assert_uint_eq(phys_read(&m->mem, pa + 8, 8), 0x11223344);
	ck_assert_uint_eq(phys_read(&m->mem, pa + 9, 2), 0x2233);
	free_frames(m, p);
	ck_assert_uint_eq(p->generation, generation + 1);
	ck_assert_uint_eq(phys_read(&m->mem, pa + 8, 8),
	                  UINT64_C(0xaaaaaaaaaaaaaaaa));
}
END_TEST

START_TEST(beyond_memory_reads_ones_and_writes_nothing)
{
	phys_write(&m->mem, m->mem.size_bytes, 8, 1);
	ck_assert_uint_eq(phys_read(&m->mem, m->mem.size_bytes, 4), 0xffffffff);
}
END_TEST

START_TEST(a_double_free_is_an_event)
{
	struct counter bad;
	struct page *p = get(0, true);

	count_events(m, &bad, EV_FRAME_BAD_FREE);
	free_frames(m, p);
	ck_assert_uint_eq(bad.count, 0);
	free_frames(m, p);
	ck_assert_uint_eq(bad.count, 1);
}
END_TEST

START_TEST(the_nth_allocation_fails_when_told_so)
{
	m->mem.fail_nth = 3;
	ck_assert_ptr_nonnull(get(0, true));
	ck_assert_ptr_nonnull(get(0, true));
	ck_assert_ptr_null(get(0, true));
	ck_assert_ptr_nonnull(get(0, true));
	m->mem.fail_nth = 1;
	m->mem.fail_kinds = 1U << FRAME_GATHER;
	ck_assert_ptr_nonnull(get(0, true));
	ck_assert_ptr_null(alloc_frames(m, 0, FRAME_GATHER, false));
}
END_TEST

START_TEST(memory_can_run_out)
{
	unsigned n = 0;

	while (get(MAX_ORDER, false))
		n++;
	/* 1 GiB of memory whose first frame is never handed out. */
	ck_assert_uint_eq(n, 0);
	while (get(MAX_ORDER - 1, false))
		n++;
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(a_split_block_is_freed_frame_by_frame)
{
	struct page *p = get(3, true);
	uint64_t before = m->mem.nr_free;

	split_frames(m, p);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(p[i].refcount, 1);
		free_frames(m, p + i);
	}
	ck_assert_uint_eq(m->mem.nr_free, before + 8);
}
END_TEST

START_TEST(half_a_terabyte_costs_what_it_uses)
{
	struct machine_config big = { .nr_cpus = 1,
		                      .memory_bytes = UINT64_C(512) << 30 };
	struct machine *b = machine_new(&big);
	struct page *p = alloc_frames(b, 9, FRAME_ANON, true);

	ck_assert_ptr_nonnull(p);
	phys_write(&b->mem, page_to_pfn(&b->mem, p) << PAGE_SHIFT, 8, 5);
	machine_free(b);
}
END_TEST

/* ---- kernel objects ---- */

START_TEST(identities_are_the_same_in_every_run)
{
	uint64_t first[20];

	for (unsigned run = 0; run < 3; run++) {
		machine_reset(m);
		for (unsigned i = 0; i < 20; i++) {
			void *p = kzalloc(m, 1 + 37 * i, "thing");
			uint64_t off = arena_offset(m->arena, p);

			if (run)
				ck_assert_uint_eq(off, first[i]);
			first[i] = off;
			if (i % 3 == 0)
				kfree(m, p);
		}
	}
}
END_TEST

START_TEST(objects_are_zero_and_apart)
{
	uint8_t *a = kzalloc(m, 100, "a"), *b = kzalloc(m, 100, "b");

	memset(a, 0xff, 100);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(b[i], 0);
	ck_assert(b >= a + 100 || a >= b + 100);
}
END_TEST

START_TEST(a_freed_object_rests_before_its_memory_is_used_again)
{
	void *first = kzalloc(m, 64, "thing");
	unsigned n = 0;

	kfree(m, first);
	for (;;) {
		void *p = kzalloc(m, 64, "thing");

		if (p == first)
			break;
		kfree(m, p);
		ck_assert_uint_lt(++n, 1000);
	}
	ck_assert_uint_ge(n, 64);
}
END_TEST

START_TEST(a_bad_free_is_an_event)
{
	struct counter bad;
	char *p = kzalloc(m, 200, "thing");

	count_events(m, &bad, EV_OBJ_BAD_FREE);
	kfree(m, p + 64);
	ck_assert_uint_eq(bad.count, 1);
	kfree(m, p);
	ck_assert_uint_eq(bad.count, 1);
	kfree(m, p);
	ck_assert_uint_eq(bad.count, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/memory");
	TCase *tc = tcase_create("memory");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, blocks_are_naturally_aligned);
	tcase_add_test(tc, everything_freed_makes_memory_whole_again);
	tcase_add_test(tc, two_live_blocks_never_overlap);
	tcase_add_test(tc, a_zeroed_frame_reads_zero_and_a_freed_one_poison);
	tcase_add_test(tc, beyond_memory_reads_ones_and_writes_nothing);
	tcase_add_test(tc, a_double_free_is_an_event);
	tcase_add_test(tc, the_nth_allocation_fails_when_told_so);
	tcase_add_test(tc, memory_can_run_out);
	tcase_add_test(tc, a_split_block_is_freed_frame_by_frame);
	tcase_add_test(tc, half_a_terabyte_costs_what_it_uses);
	tcase_add_test(tc, identities_are_the_same_in_every_run);
	tcase_add_test(tc, objects_are_zero_and_apart);
	tcase_add_test(tc,
	               a_freed_object_rests_before_its_memory_is_used_again);
	tcase_add_test(tc, a_bad_free_is_an_event);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
