/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes: sizes, page borders, atomics, page sizes, levels, odd addresses. */
#include "mmu/quick.h"
#include "tests/mmu/fixture.h"

static paddr_t first, second;

static void two_pages(void)
{
	map_new(VA, RIGHTS_RW, &first);
	map_new(VA + PAGE_SIZE, RIGHTS_RW, &second);
}

static void all_sizes(void *arg)
{
	const uint64_t pattern = UINT64_C(0x1122334455667788);

	(void)arg;
	for (unsigned size = 1; size <= 8; size++) {
		ck_assert(store(VA, ~UINT64_C(0)));
		ck_assert(access_op(MMU_STORE, VA, size, pattern));
		ck_assert(access_op(MMU_LOAD, VA, size, 0));
		ck_assert_uint_eq(last_acc.value,
		                  pattern & ~UINT64_C(0) >> (64 - 8 * size));
		ck_assert(size == 8 ||
		          phys_read(&b.m->mem, first + size, 1) == 0xff);
	}
}

START_TEST(accesses_of_one_to_eight_bytes_touch_those_bytes)
{
	two_pages();
	run(all_sizes);
}
END_TEST

static void crossing(void *arg)
{
	(void)arg;
	b.nr_accesses = 0;
	ck_assert(store(VA + PAGE_SIZE - 3, UINT64_C(0x1122334455667788)));
	ck_assert_uint_eq(b.nr_accesses, 2);
	ck_assert_uint_eq(phys_read(&b.m->mem, first + PAGE_SIZE - 3, 3),
	                  0x667788);
	ck_assert_uint_eq(phys_read(&b.m->mem, second, 5),
	                  UINT64_C(0x1122334455));
	ck_assert(access_op(MMU_LOAD, VA + PAGE_SIZE - 3, 8, 0));
	ck_assert_uint_eq(last_acc.value, UINT64_C(0x1122334455667788));
}

START_TEST(an_access_across_pages_goes_to_both_frames)
{
	two_pages();
	run(crossing);
}
END_TEST

static void crossing_fault(void *arg)
{
	(void)arg;
	ck_assert(!store(VA + PAGE_SIZE - 3, ~UINT64_C(0)));
	ck_assert_uint_eq(last_fault.addr, VA + PAGE_SIZE);
	ck_assert_uint_eq(phys_read(&b.m->mem, first + PAGE_SIZE - 3, 3), 0);
}

START_TEST(an_access_across_pages_that_faults_moves_nothing)
{
	map_new(VA, RIGHTS_RW, &first);
	run(crossing_fault);
}
END_TEST

static void atomics(vaddr_t va)
{
	ck_assert(store(va, 5));
	ck_assert(access_op(MMU_XADD, va, 8, 3));
	ck_assert_uint_eq(last_acc.value, 5);
	ck_assert(access_op(MMU_XCHG, va, 8, UINT64_C(0xfedcba9876543210)));
	ck_assert_uint_eq(last_acc.value, 8);
	last_acc.expected = 1;
	ck_assert(access_op(MMU_CMPXCHG, va, 8, 2));
	ck_assert_uint_eq(last_acc.value, UINT64_C(0xfedcba9876543210));
	last_acc.expected = UINT64_C(0xfedcba9876543210);
	ck_assert(access_op(MMU_CMPXCHG, va, 8, 2));
	ck_assert(access_op(MMU_LOAD, va, 8, 0));
	ck_assert_uint_eq(last_acc.value, 2);
}

static void atomics_in_and_across(void *arg)
{
	(void)arg;
	atomics(VA + 64);
	atomics(VA + PAGE_SIZE - 4);
	ck_assert(store(VA, ~UINT64_C(0)));
	ck_assert(access_op(MMU_XADD, VA, 4, 1));
	ck_assert_uint_eq(last_acc.value, 0xffffffff);
	ck_assert_uint_eq(phys_read(&b.m->mem, first, 8),
	                  UINT64_C(0xffffffff00000000));
}

START_TEST(atomics_give_the_old_value_and_store_the_new)
{
	two_pages();
	run(atomics_in_and_across);
}
END_TEST

static unsigned nr_rmw;

static void count_rmw(struct observer *o, struct machine *m,
                      const struct event *ev)
{
	(void)o;
	(void)m;
	nr_rmw += ev->b == STEP_RMW;
}

static void one_xadd(void *arg)
{
	(void)arg;
	ck_assert(store(VA, 0));
	nr_rmw = 0;
	ck_assert(access_op(MMU_XADD, VA, 8, 1));
	ck_assert_uint_eq(nr_rmw, 1);
}

START_TEST(a_locked_instruction_is_one_step)
{
	struct observer o = { .name = "rmw",
		              .types = BIT_ULL(EV_STEP),
		              .event = count_rmw };

	two_pages();
	observe(b.m, &o);
	run(one_xadd);
	unobserve(b.m, &o);
}
END_TEST

static void canonical(void *arg)
{
	(void)arg;
	ck_assert(!load(UINT64_C(0x0000800000000000), NULL));
	ck_assert_uint_eq(last_acc.outcome, MMU_GP_FAULT);
	ck_assert(!load(UINT64_C(0xffff7fffffffffff), NULL));
	ck_assert_uint_eq(last_acc.outcome, MMU_GP_FAULT);
	ck_assert(!load(UINT64_C(0xffff800000000000), NULL));
	ck_assert_uint_eq(last_acc.outcome, MMU_PAGE_FAULT);
	/* The last byte of the lower half is fine, the next is not. */
	map_new(UINT64_C(0x00007ffffffff000), RIGHTS_RW, NULL);
	ck_assert(access_op(MMU_LOAD, UINT64_C(0x00007fffffffffff), 1, 0));
	ck_assert(!access_op(MMU_LOAD, UINT64_C(0x00007fffffffffff), 2, 0));
	ck_assert_uint_eq(last_acc.outcome, MMU_GP_FAULT);
	ck_assert_uint_eq(b.nr_faults, 1);
}

START_TEST(addresses_that_are_not_canonical_are_general_protection_faults)
{
	run(canonical);
}
END_TEST

/* The quick path finds what is cached by fewer bits than there are. */
static void canonical_quickly(void *arg)
{
	uint64_t value;

	(void)arg;
	unobserve(b.m, &b.observer);
	ck_assert(store(VA, 1));
	ck_assert(load(VA, NULL)); /* makes the hint */
	ck_assert(mmu_quick_load(&b.mmu[0], current_agent, VA, 8, &value));
	for (unsigned bit = 47; bit < 64; bit++)
		ck_assert(!mmu_quick_load(&b.mmu[0], current_agent,
		                          VA | BIT_ULL(bit), 8, &value));
}

START_TEST(the_quick_path_leaves_them_alone)
{
	two_pages();
	run(canonical_quickly);
}
END_TEST

/* ---- reserved bits: SDM 3A tables 4-15 to 4-20 ---- */

static void expect_reserved(vaddr_t va)
{
	ck_assert(!load(va, NULL));
	ck_assert_uint_eq(last_fault.code, PF_P | PF_U | PF_RSVD);
	ck_assert_uint_eq(nr_cached(va), 0);
}

static void reserved(void *arg)
{
	paddr_t pte = entry_of(VA, PT_LEVEL_PTE);
	paddr_t pgd = entry_of(VA, PT_LEVEL_P4D);
	uint64_t old = entry_at(pte);

	(void)arg;
	for (unsigned bit = b.mmu[0].maxphyaddr; bit < 52; bit++) {
		set_entry(pte, old | BIT_ULL(bit));
		expect_reserved(VA);
	}
	set_entry(pte, old | UINT64_C(0x7ff0000000000e00)); /* ignored bits */
	ck_assert(load(VA, NULL));
	b.mmu[0].efer_nxe = false;
	set_entry(pte, old | X86_NX);
	mmu_flush_all(&b.mmu[0]);
	expect_reserved(VA);
	set_entry(pte, old);
	set_entry(pgd, entry_at(pgd) | X86_PS);
	mmu_flush_all(&b.mmu[0]);
	expect_reserved(VA);
}

START_TEST(reserved_bits_fault)
{
	map_new(VA, RIGHTS_RW, NULL);
	run(reserved);
}
END_TEST

static void reserved_large(void *arg)
{
	(void)arg;
	for (unsigned bit = 13; bit < 21; bit++) {
		map(VA, BIT_ULL(bit), PT_LEVEL_PMD, RIGHTS_RW);
		expect_reserved(VA);
	}
	/* Bit 12 is PAT there. */
	map(VA, BIT_ULL(12), PT_LEVEL_PMD, RIGHTS_RW);
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(last_acc.pa, 0);
	for (unsigned bit = 13; bit < 30; bit++) {
		map(VA + PUD_SIZE, BIT_ULL(bit), PT_LEVEL_PUD, RIGHTS_RW);
		expect_reserved(VA + PUD_SIZE);
	}
}

START_TEST(address_bits_below_a_large_page_are_reserved)
{
	run(reserved_large);
}
END_TEST

/* ---- page sizes ---- */

static void large_pages(void *arg)
{
	(void)arg;
	map(VA, 4 * PMD_SIZE, PT_LEVEL_PMD, RIGHTS_RW);
	ck_assert(load(VA + 0x123458, NULL));
	ck_assert_uint_eq(last_acc.pa, 4 * PMD_SIZE + 0x123458);
	ck_assert_uint_eq(b.last_entry.shift, 21);
	map(VA + PUD_SIZE, PUD_SIZE, PT_LEVEL_PUD, RIGHTS_RW);
	ck_assert(load(VA + PUD_SIZE + 0x12345678, NULL));
	ck_assert_uint_eq(last_acc.pa, PUD_SIZE + 0x12345678);
	ck_assert_uint_eq(b.last_entry.shift, 30);
	ck_assert(store(VA + PUD_SIZE, 1));
	ck_assert_uint_eq(entry_at(entry_of(VA + PUD_SIZE, PT_LEVEL_PUD)),
	                  PUD_SIZE | RIGHTS_RW | X86_PS | X86_A | X86_D);
}

START_TEST(large_pages_translate_their_whole_span)
{
	run(large_pages);
}
END_TEST

static void fetch_from_1g(void *arg)
{
	(void)arg;
	map(VA, PUD_SIZE, PT_LEVEL_PUD, RIGHTS_RW);
	ck_assert(access_op(MMU_FETCH, VA + 5 * PMD_SIZE, 8, 0));
	/* Skylake's first-level instruction TLB has no 1G entries, the second
	 * level has: it stays whole. */
	ck_assert_uint_eq(b.last_entry.shift, 30);
	ck_assert(access_op(MMU_FETCH, VA + 6 * PMD_SIZE, 8, 0));
	ck_assert(b.last_access.tlb_hit);
	ck_assert(b.last_access.exec);
}

START_TEST(a_1g_page_is_fetched_from)
{
	run(fetch_from_1g);
}
END_TEST

static void walks(void *arg)
{
	(void)arg;
	b.nr_walk_reads = b.nr_walk_writes = 0;
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(b.nr_walk_reads, pt_levels(b.m));
	ck_assert_uint_eq(b.nr_walk_writes, pt_levels(b.m));
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(b.nr_walk_reads, pt_levels(b.m));
	/* The next page: the PDE is cached. */
	ck_assert(load(VA + PAGE_SIZE, NULL));
	ck_assert_uint_eq(b.nr_walk_reads, pt_levels(b.m) + 1);
}

START_TEST(a_walk_reads_every_level_once_and_then_only_the_last)
{
	two_pages();
	run(walks);
}
END_TEST

static const vaddr_t high = UINT64_C(0x00ff123456789000);

static void five_levels(void *arg)
{
	walks(arg);
	ck_assert(store(high, 9));
	ck_assert_uint_eq(phys_read(&b.m->mem, first, 8), 9);
	ck_assert(!load(UINT64_C(1) << 56, NULL));
	ck_assert_uint_eq(last_acc.outcome, MMU_GP_FAULT);
}

START_TEST(five_levels_reach_57_bits)
{
	two_pages();
	map_new(high, RIGHTS_RW, &first);
	run(five_levels);
}
END_TEST

static void out_of_memory(void *arg)
{
	(void)arg;
	ck_assert(store(VA, 1));
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(last_acc.value, ~UINT64_C(0));
	/* A table there: reads as ones, so reserved bits are set. */
	set_entry(entry_of(VA, PT_LEVEL_PMD),
	          UINT64_C(0x100000000000) | RIGHTS_RW);
	mmu_flush_all(&b.mmu[0]);
	expect_reserved(VA);
}

START_TEST(physical_addresses_out_of_memory_read_as_ones)
{
	map(VA, UINT64_C(0x200000000000), PT_LEVEL_PTE, RIGHTS_RW);
	run(out_of_memory);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mmu/access");
	TCase *tc = tcase_create("4 levels");
	TCase *five = tcase_create("5 levels");

	tcase_add_checked_fixture(tc, bench_setup, bench_teardown);
	tcase_add_test(tc, accesses_of_one_to_eight_bytes_touch_those_bytes);
	tcase_add_test(tc, an_access_across_pages_goes_to_both_frames);
	tcase_add_test(tc, an_access_across_pages_that_faults_moves_nothing);
	tcase_add_test(tc, atomics_give_the_old_value_and_store_the_new);
	tcase_add_test(tc, a_locked_instruction_is_one_step);
	tcase_add_test(
		tc,
		addresses_that_are_not_canonical_are_general_protection_faults);
	tcase_add_test(tc, the_quick_path_leaves_them_alone);
	tcase_add_test(tc, reserved_bits_fault);
	tcase_add_test(tc, address_bits_below_a_large_page_are_reserved);
	tcase_add_test(tc, large_pages_translate_their_whole_span);
	tcase_add_test(tc, a_1g_page_is_fetched_from);
	tcase_add_test(tc,
	               a_walk_reads_every_level_once_and_then_only_the_last);
	tcase_add_test(tc, physical_addresses_out_of_memory_read_as_ones);
	suite_add_tcase(s, tc);

	tcase_add_checked_fixture(five, bench_setup_5level, bench_teardown);
	tcase_add_test(five, five_levels_reach_57_bits);
	suite_add_tcase(s, five);
	return run_suite(s);
}
