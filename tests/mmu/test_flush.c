/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What INVLPG, INVPCID, MOV CR3 and MOV CR4 drop and keep: SDM 3A 4.10.4.1. */
#include "tests/mmu/fixture.h"

/* Four pages in two 2M regions; the last is global. */
enum {
	PAGE_A,
	PAGE_B,
	PAGE_FAR,
	PAGE_GLOBAL,
	NR_PAGES
};
static const vaddr_t va[NR_PAGES] = { VA, VA + PAGE_SIZE, VA + PMD_SIZE,
	                              VA + PMD_SIZE + PAGE_SIZE };

static void setup(void)
{
	bench_setup();
	for (unsigned i = 0; i < NR_PAGES; i++)
		map_new(va[i], RIGHTS_RW | (i == PAGE_GLOBAL ? X86_G : 0),
		        NULL);
}

static void touch_all(void)
{
	for (unsigned i = 0; i < NR_PAGES; i++)
		ck_assert(load(va[i], NULL));
}

/* Bits of the pages cached for @pcid. */
static unsigned cached(uint16_t pcid)
{
	struct tlb_match m[TLB_MATCHES_MAX];
	unsigned mask = 0;

	for (unsigned i = 0; i < NR_PAGES; i++) {
		if (tlb_lookup(&b.mmu[0].tlb, TLB_DATA, va[i], pcid, m))
			mask |= 1U << i;
	}
	return mask;
}

static bool psc_holds(uint16_t pcid)
{
	return psc_lookup(&b.mmu[0].tlb, VA, pcid);
}

#define ALL         ((1U << NR_PAGES) - 1)
#define ONLY_GLOBAL (1U << PAGE_GLOBAL)

/* Fill for PCID 1 and 2; PCID 1 is current afterwards. */
static void fill_two_pcids(void)
{
	ck_assert(mmu_write_cr3(&b.mmu[0], b.root, 2, true));
	touch_all();
	ck_assert(mmu_write_cr3(&b.mmu[0], b.root, 1, true));
	touch_all();
	ck_assert_uint_eq(cached(1), ALL);
	ck_assert_uint_eq(cached(2), ALL);
	ck_assert(psc_holds(1));
	ck_assert(psc_holds(2));
}

static void invlpg(void *arg)
{
	(void)arg;
	fill_two_pcids();
	mmu_invlpg(&b.mmu[0], va[PAGE_A]);
	ck_assert_uint_eq(cached(1), ALL & ~(1U << PAGE_A));
	ck_assert_uint_eq(cached(2), ALL);
	ck_assert(!psc_holds(1));
	ck_assert(psc_holds(2));
}

START_TEST(invlpg_drops_the_page_and_psc_of_the_current_pcid_only)
{
	run(invlpg);
}
END_TEST

static void invlpg_global(void *arg)
{
	(void)arg;
	fill_two_pcids();
	mmu_invlpg(&b.mmu[0], va[PAGE_GLOBAL]);
	ck_assert_uint_eq(cached(1), ALL & ~ONLY_GLOBAL);
	ck_assert_uint_eq(cached(2), ALL & ~ONLY_GLOBAL);
}

START_TEST(invlpg_drops_a_global_page)
{
	run(invlpg_global);
}
END_TEST

static void invpcid_address(void *arg)
{
	(void)arg;
	fill_two_pcids();
	ck_assert(mmu_invpcid(&b.mmu[0], 0, 2, va[PAGE_A]));
	ck_assert_uint_eq(cached(1), ALL);
	ck_assert_uint_eq(cached(2), ALL & ~(1U << PAGE_A));
	ck_assert(psc_holds(1));
	ck_assert(!psc_holds(2));
	ck_assert(mmu_invpcid(&b.mmu[0], 0, 2, va[PAGE_GLOBAL]));
	ck_assert_uint_eq(cached(2), ALL & ~(1U << PAGE_A));
}

START_TEST(invpcid_0_drops_a_page_of_any_pcid_but_no_global)
{
	run(invpcid_address);
}
END_TEST

static void invpcid_context(void *arg)
{
	(void)arg;
	fill_two_pcids();
	ck_assert(mmu_invpcid(&b.mmu[0], 1, 2, 0));
	ck_assert_uint_eq(cached(1), ALL);
	ck_assert_uint_eq(cached(2), ONLY_GLOBAL);
	ck_assert(psc_holds(1));
	ck_assert(!psc_holds(2));
}

START_TEST(invpcid_1_drops_a_pcid_but_no_globals)
{
	run(invpcid_context);
}
END_TEST

static void invpcid_all(void *arg)
{
	(void)arg;
	fill_two_pcids();
	ck_assert(mmu_invpcid(&b.mmu[0], 2, 0, 0));
	ck_assert_uint_eq(cached(1) | cached(2), 0);
	ck_assert(!psc_holds(1) && !psc_holds(2));
}

START_TEST(invpcid_2_drops_everything)
{
	run(invpcid_all);
}
END_TEST

static void invpcid_nonglobal(void *arg)
{
	(void)arg;
	fill_two_pcids();
	ck_assert(mmu_invpcid(&b.mmu[0], 3, 0, 0));
	ck_assert_uint_eq(cached(1), ONLY_GLOBAL);
	ck_assert_uint_eq(cached(2), ONLY_GLOBAL);
	ck_assert(!psc_holds(1) && !psc_holds(2));
}

START_TEST(invpcid_3_drops_everything_but_globals)
{
	run(invpcid_nonglobal);
}
END_TEST

static void invpcid_wrong(void *arg)
{
	(void)arg;
	ck_assert(!mmu_invpcid(&b.mmu[0], 4, 0, 0));
	ck_assert(!mmu_invpcid(&b.mmu[0], 1, 0x1000, 0));
	ck_assert(!mmu_invpcid(&b.mmu[0], 0, 0, UINT64_C(1) << 47));
	ck_assert_uint_eq(b.nr_flushes, 0);
}

START_TEST(invpcid_with_wrong_operands_is_a_general_protection_fault)
{
	run(invpcid_wrong);
}
END_TEST

static void cr3_flushing(void *arg)
{
	(void)arg;
	fill_two_pcids();
	ck_assert(mmu_write_cr3(&b.mmu[0], b.root, 2, false));
	ck_assert_uint_eq(cached(1), ALL);
	ck_assert_uint_eq(cached(2), ONLY_GLOBAL);
	ck_assert(psc_holds(1));
	ck_assert(!psc_holds(2));
}

START_TEST(mov_cr3_drops_the_new_pcid_but_no_globals)
{
	run(cr3_flushing);
}
END_TEST

static void cr3_bit_63(void *arg)
{
	(void)arg;
	fill_two_pcids();
	b.nr_flushes = 0;
	ck_assert(mmu_write_cr3(&b.mmu[0], b.root, 2, true));
	ck_assert_uint_eq(cached(1), ALL);
	ck_assert_uint_eq(cached(2), ALL);
	ck_assert_uint_eq(b.nr_flushes, 0);
	ck_assert_uint_eq(mmu_read_cr3(&b.mmu[0]), b.root | 2);
}

START_TEST(mov_cr3_with_bit_63_drops_nothing)
{
	run(cr3_bit_63);
}
END_TEST

static void cr3_without_pcide(void *arg)
{
	(void)arg;
	ck_assert(mmu_write_cr4(&b.mmu[0], CR4_PGE));
	touch_all();
	ck_assert(mmu_write_cr3(&b.mmu[0], b.root, 0, false));
	ck_assert_uint_eq(cached(0), ONLY_GLOBAL);
	ck_assert(!psc_holds(0));
	ck_assert(!mmu_write_cr3(&b.mmu[0], b.root, 0, true));
	ck_assert(!mmu_write_cr3(&b.mmu[0], b.root, 1, false));
}

START_TEST(without_pcide_mov_cr3_flushes_and_bit_63_faults)
{
	run(cr3_without_pcide);
}
END_TEST

static void cr4_pge(void *arg)
{
	(void)arg;
	fill_two_pcids();
	ck_assert(mmu_write_cr4(&b.mmu[0], mmu_read_cr4(&b.mmu[0]) & ~CR4_PGE));
	ck_assert_uint_eq(cached(1) | cached(2), 0);
	ck_assert(!psc_holds(1) && !psc_holds(2));
	touch_all();
	/* G means nothing now: another PCID does not see the page. */
	ck_assert_uint_eq(cached(2), 0);
}

START_TEST(toggling_pge_drops_everything)
{
	run(cr4_pge);
}
END_TEST

static void cr4_smep_smap(void *arg)
{
	uint64_t without = mmu_read_cr4(&b.mmu[0]) & ~(CR4_SMEP | CR4_SMAP);

	(void)arg;
	ck_assert(mmu_write_cr4(&b.mmu[0], without));
	fill_two_pcids();
	ck_assert(mmu_write_cr4(&b.mmu[0], without | CR4_SMAP));
	ck_assert_uint_eq(cached(1), ALL);
	ck_assert(mmu_write_cr4(&b.mmu[0], without | CR4_SMAP | CR4_SMEP));
	ck_assert_uint_eq(cached(1), 0);
	ck_assert_uint_eq(cached(2), ALL & ~ONLY_GLOBAL);
	ck_assert(psc_holds(2));
}

START_TEST(turning_smep_on_drops_the_current_pcid_and_smap_nothing)
{
	run(cr4_smep_smap);
}
END_TEST

static void cr4_faults(void *arg)
{
	uint64_t cr4 = mmu_read_cr4(&b.mmu[0]);

	(void)arg;
	ck_assert(!mmu_write_cr4(&b.mmu[0], cr4 | CR4_LA57));
	fill_two_pcids();
	ck_assert(mmu_write_cr4(&b.mmu[0], cr4 & ~CR4_PCIDE));
	ck_assert_uint_eq(cached(1) | cached(2), 0);
	ck_assert_uint_eq(b.mmu[0].pcid, 0);
	ck_assert(mmu_write_cr4(&b.mmu[0], cr4));
}

START_TEST(clearing_pcide_drops_everything_and_la57_cannot_change)
{
	run(cr4_faults);
}
END_TEST

static void events(void *arg)
{
	(void)arg;
	fill_two_pcids();
	b.nr_drops = 0;
	mmu_invlpg(&b.mmu[0], va[PAGE_A]);
	/* It was in two arrays and is one translation. */
	ck_assert_uint_eq(b.nr_drops, 1);
	ck_assert_int_eq(b.last_drop, TLB_DROP_INVLPG);
	mmu_flush_all(&b.mmu[0]);
	ck_assert_uint_eq(b.nr_drops, b.nr_fills);
}

START_TEST(every_fill_is_followed_by_one_drop)
{
	run(events);
}
END_TEST

static void evict_all(void *arg)
{
	unsigned n = 0;

	(void)arg;
	touch_all();
	while (mmu_evict(&b.mmu[0], 0))
		n++;
	ck_assert_uint_eq(n, NR_PAGES);
	ck_assert_int_eq(b.last_drop, TLB_DROP_SPONTANEOUS);
	ck_assert_uint_eq(cached(0), 0);
}

START_TEST(an_eviction_drops_one_translation)
{
	run(evict_all);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mmu/flush");
	TCase *tc = tcase_create("flush");

	tcase_add_checked_fixture(tc, setup, bench_teardown);
	tcase_add_test(tc,
	               invlpg_drops_the_page_and_psc_of_the_current_pcid_only);
	tcase_add_test(tc, invlpg_drops_a_global_page);
	tcase_add_test(tc, invpcid_0_drops_a_page_of_any_pcid_but_no_global);
	tcase_add_test(tc, invpcid_1_drops_a_pcid_but_no_globals);
	tcase_add_test(tc, invpcid_2_drops_everything);
	tcase_add_test(tc, invpcid_3_drops_everything_but_globals);
	tcase_add_test(
		tc, invpcid_with_wrong_operands_is_a_general_protection_fault);
	tcase_add_test(tc, mov_cr3_drops_the_new_pcid_but_no_globals);
	tcase_add_test(tc, mov_cr3_with_bit_63_drops_nothing);
	tcase_add_test(tc, without_pcide_mov_cr3_flushes_and_bit_63_faults);
	tcase_add_test(tc, toggling_pge_drops_everything);
	tcase_add_test(tc,
	               turning_smep_on_drops_the_current_pcid_and_smap_nothing);
	tcase_add_test(tc,
	               clearing_pcide_drops_everything_and_la57_cannot_change);
	tcase_add_test(tc, every_fill_is_followed_by_one_drop);
	tcase_add_test(tc, an_eviction_drops_one_translation);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
