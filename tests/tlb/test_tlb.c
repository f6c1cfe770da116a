/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tlb/tlb.h"

#include <check.h>
#include <stdlib.h>

#include "tlb/replacement.h"

#define K4 12
#define M2 21
#define G1 30

static const struct tlb_geometry small = {
	.array = {
		{ "l1d", 1, 1 << TLB_DATA, 1 << TLB_4K | 1 << TLB_2M,
		  TLB_TREE_PLRU, 8, 4 },
		{ "l1i", 1, 1 << TLB_INSN, 1 << TLB_4K, TLB_LRU, 4, 4 },
		{ "l2", 2, 1 << TLB_DATA | 1 << TLB_INSN,
		  1 << TLB_4K | 1 << TLB_2M, TLB_LRU, 24, 12 },
	},
	.nr_arrays = 3,
	.psc = { 0, 0, 4, 2, 2, 0 },
};

static struct tlb t;
static unsigned nr_dropped;
static enum tlb_drop last_reason;

static void note_drop(struct tlb *tlb, const struct tlb_entry *e,
                      enum tlb_drop reason)
{
	ck_assert_ptr_nonnull(e);
	nr_dropped += !tlb_holds(tlb, e->serial, e->va, e);
	last_reason = reason;
}

static void setup(void)
{
	tlb_init(&t, &small);
	t.dropped = note_drop;
	nr_dropped = 0;
}

static void teardown(void)
{
	ck_assert_ptr_null(tlb_check(&t));
	tlb_fini(&t);
}

static struct tlb_entry *fill_as(enum tlb_kind kind, vaddr_t va, unsigned shift,
                                 uint16_t pcid, unsigned rights, pfn_t pfn)
{
	struct tlb_entry e = {
		.va = ALIGN_DOWN(va, BIT_ULL(shift)),
		.pfn = pfn,
		.shift = (uint8_t)shift,
		.pcid = pcid,
		.rights = (uint8_t)rights,
	};

	return tlb_fill(&t, kind, va, &e);
}

static void fill(vaddr_t va, unsigned shift, pfn_t pfn)
{
	ck_assert_ptr_nonnull(
		fill_as(TLB_DATA, va, shift, 0, TLB_W | TLB_U, pfn));
}

static unsigned lookup(vaddr_t va, uint16_t pcid, struct tlb_match *m)
{
	return tlb_lookup(&t, TLB_DATA, va, pcid, m);
}

static unsigned nr_matches(vaddr_t va)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	return lookup(va, 0, m);
}

START_TEST(a_filled_page_is_found_at_each_of_its_addresses_and_no_other)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	fill(0x5000, K4, 77);
	ck_assert_uint_eq(lookup(0x5fff, 0, m), 1);
	ck_assert_uint_eq(m[0].entry->pfn, 77);
	ck_assert_uint_eq(m[0].level, 1);
	ck_assert_uint_eq(nr_matches(0x4fff), 0);
	ck_assert_uint_eq(nr_matches(0x6000), 0);
	ck_assert_uint_eq(lookup(0x5000, 1, m), 0);
}
END_TEST

START_TEST(both_sizes_are_returned_the_smaller_first)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	fill(0x200000, M2, 512);
	fill(0x201000, K4, 3);
	ck_assert_uint_eq(lookup(0x201000, 0, m), 2);
	ck_assert_uint_eq(m[0].entry->shift, K4);
	ck_assert_uint_eq(m[1].entry->shift, M2);
	ck_assert_uint_eq(nr_matches(0x202000), 1);
}
END_TEST

START_TEST(what_falls_out_of_the_first_level_is_in_the_second)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	/* Nine pages of one set of the first level. */
	for (unsigned i = 0; i < 9; i++)
		fill(i * 0x2000, K4, i);
	ck_assert_uint_eq(lookup(0, 0, m), 1);
	ck_assert_uint_eq(m[0].level, 2);
	ck_assert_uint_eq(tlb_use(&t, TLB_DATA, 0, 0, &m[0], true)->pfn, 0);
	ck_assert_uint_eq(lookup(0, 0, m), 1);
	ck_assert_uint_eq(m[0].level, 1);
	ck_assert_uint_eq(nr_dropped, 0);
}
END_TEST

START_TEST(an_entry_pushed_out_of_both_levels_is_dropped_once)
{
	for (unsigned i = 0; i < 13; i++)
		fill(i * 0x2000, K4, i);
	ck_assert_uint_eq(nr_dropped, 1);
	ck_assert_int_eq(last_reason, TLB_DROP_REPLACED);
	ck_assert_uint_eq(nr_matches(0), 0);
}
END_TEST

START_TEST(lru_pushes_out_what_was_used_longest_ago)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	for (unsigned i = 0; i < 4; i++)
		fill_as(TLB_INSN, i * 0x1000, K4, 0, TLB_X, i);
	ck_assert_uint_eq(tlb_lookup(&t, TLB_INSN, 0, 0, m), 1);
	tlb_use(&t, TLB_INSN, 0, 0, &m[0], true);
	fill_as(TLB_INSN, 0x4000, K4, 0, TLB_X, 4);
	ck_assert_uint_eq(tlb_lookup(&t, TLB_INSN, 0, 0, m), 1);
	ck_assert_uint_eq(m[0].level, 1);
	ck_assert_uint_eq(tlb_lookup(&t, TLB_INSN, 0x1000, 0, m), 1);
	ck_assert_uint_eq(m[0].level, 2);
}
END_TEST

START_TEST(tree_plru_never_pushes_out_what_was_used_last)
{
	for (unsigned ways = 2; ways <= 128; ways *= 2) {
		uint64_t tree[2] = { 0 };

		for (unsigned i = 0; i < 1000; i++) {
			unsigned way = plru_victim(tree, ways);
			struct tlb_path p = plru_path(way, ways);

			ck_assert_uint_lt(way, ways);
			plru_use(tree, &p);
			ck_assert_uint_ne(plru_victim(tree, ways), way);
		}
	}
}
END_TEST

START_TEST(tree_plru_uses_every_way_before_any_twice)
{
	uint64_t tree[2] = { 0 };
	uint64_t seen[2] = { 0 };

	for (unsigned i = 0; i < 128; i++) {
		unsigned way = plru_victim(tree, 128);
		struct tlb_path p = plru_path(way, 128);

		ck_assert(!(seen[way >> 6] >> (way & 63) & 1));
		seen[way >> 6] |= BIT_ULL(way & 63);
		plru_use(tree, &p);
	}
}
END_TEST

START_TEST(a_global_entry_is_found_under_every_pcid)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	fill_as(TLB_DATA, 0x5000, K4, 3, TLB_G, 9);
	ck_assert_uint_eq(lookup(0x5000, 3, m), 1);
	ck_assert_uint_eq(lookup(0x5000, 4, m), 1);
	tlb_invalidate_context(&t, 3, TLB_DROP_CR3);
	ck_assert_uint_eq(lookup(0x5000, 3, m), 1);
	tlb_invalidate_addr(&t, 0x5000, 4, false, TLB_DROP_INVPCID);
	ck_assert_uint_eq(lookup(0x5000, 3, m), 1);
	tlb_invalidate_addr(&t, 0x5000, 4, true, TLB_DROP_INVLPG);
	ck_assert_uint_eq(lookup(0x5000, 3, m), 0);
}
END_TEST

START_TEST(refilling_a_page_replaces_its_entry)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	fill(0x5000, K4, 1);
	fill(0x5000, K4, 2);
	ck_assert_uint_eq(lookup(0x5000, 0, m), 1);
	ck_assert_uint_eq(m[0].entry->pfn, 2);
	ck_assert_int_eq(last_reason, TLB_DROP_REFILLED);
	ck_assert_uint_eq(nr_dropped, 1);
}
END_TEST

START_TEST(data_and_instructions_may_hold_different_frames)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	fill_as(TLB_INSN, 0x5000, K4, 0, TLB_X, 1);
	fill(0x5000, K4, 2);
	ck_assert_uint_eq(tlb_lookup(&t, TLB_INSN, 0x5000, 0, m), 2);
	ck_assert_uint_eq(m[0].entry->pfn, 1);
	ck_assert_uint_eq(m[1].entry->pfn, 2);
}
END_TEST

START_TEST(what_el1_may_execute_makes_another_translation)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	fill_as(TLB_INSN, 0x5000, K4, 0, TLB_X, 1);
	fill_as(TLB_DATA, 0x5000, K4, 0, TLB_X | TLB_P, 1);
	ck_assert_uint_eq(tlb_lookup(&t, TLB_INSN, 0x5000, 0, m), 2);
	fill_as(TLB_DATA, 0x5000, K4, 0, TLB_X | TLB_D, 1);
	ck_assert_uint_eq(tlb_lookup(&t, TLB_INSN, 0x5000, 0, m), 1);
}
END_TEST

/* ---- the shortcut ---- */

static struct tlb_entry *fast(vaddr_t va)
{
	return tlb_lookup_fast(&t, TLB_DATA, va, 0);
}

static void use(vaddr_t va)
{
	struct tlb_match m[TLB_MATCHES_MAX];
	unsigned n = lookup(va, 0, m);

	ck_assert_uint_ge(n, 1);
	tlb_use(&t, TLB_DATA, va, 0, &m[0], n == 1);
}

START_TEST(the_shortcut_knows_what_was_used_and_unique)
{
	fill(0x5000, K4, 1);
	ck_assert_ptr_null(fast(0x5000));
	use(0x5008);
	ck_assert_uint_eq(fast(0x5010)->pfn, 1);
	ck_assert_ptr_null(tlb_lookup_fast(&t, TLB_DATA, 0x5000, 1));
	ck_assert_ptr_null(tlb_lookup_fast(&t, TLB_INSN, 0x5000, 0));
}
END_TEST

START_TEST(the_shortcut_forgets_when_another_size_comes)
{
	fill(0x201000, K4, 1);
	use(0x201000);
	fill(0x200000, M2, 512);
	ck_assert_ptr_null(fast(0x201000));
	use(0x202000);
	ck_assert_ptr_nonnull(fast(0x202000));
	fill(0x202000, K4, 2);
	ck_assert_ptr_null(fast(0x202000));
}
END_TEST

START_TEST(the_shortcut_forgets_what_is_dropped)
{
	fill(0x5000, K4, 1);
	use(0x5000);
	tlb_invalidate_addr(&t, 0x5000, 0, true, TLB_DROP_INVLPG);
	ck_assert_ptr_null(fast(0x5000));
	fill(0x200000, M2, 512);
	use(0x200000);
	tlb_invalidate_all(&t, true, TLB_DROP_ALL);
	ck_assert_ptr_null(fast(0x200000));
}
END_TEST

/* ---- splintering ---- */

START_TEST(a_page_no_array_takes_is_splintered_and_dropped_as_a_whole)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	fill(0x40000000 + 5 * 0x200000, G1, 0x40000);
	fill(0x40000000 + 9 * 0x200000, G1, 0x40000);
	ck_assert_uint_eq(lookup(0x40000000 + 9 * 0x200000, 0, m), 1);
	ck_assert_uint_eq(m[0].entry->shift, M2);
	ck_assert_uint_eq(m[0].entry->leaf_shift, G1);
	ck_assert_uint_eq(m[0].entry->pfn, 0x40000 + 9 * 512);
	ck_assert_uint_eq(nr_matches(0x40000000), 0);
	tlb_invalidate_addr(&t, 0x40000000, 0, true, TLB_DROP_INVLPG);
	ck_assert_uint_eq(tlb_nr_valid(&t), 0);
}
END_TEST

/* ---- against a list that never forgets ---- */

#define MODEL_MAX 4096
struct model_entry {
	vaddr_t va;
	unsigned shift, pcid;
	bool global, gone;
	pfn_t pfn;
};
static struct model_entry model[MODEL_MAX];
static unsigned nr_model;

static bool covers(const struct model_entry *e, vaddr_t va)
{
	return e->va >> e->shift == va >> e->shift;
}

/* Whatever the TLB gives must have been filled and not invalidated since. */
static void check_against_model(vaddr_t va, uint16_t pcid)
{
	struct tlb_match m[TLB_MATCHES_MAX];
	unsigned n = lookup(va, pcid, m);

	for (unsigned i = 0; i < n; i++) {
		const struct tlb_entry *e = m[i].entry;
		unsigned last = nr_model;

		while (last-- > 0) {
			const struct model_entry *me = &model[last];

			if (!me->gone && covers(me, va) &&
			    me->shift == e->shift && me->pfn == e->pfn &&
			    (me->global || me->pcid == pcid))
				break;
		}
		ck_assert_uint_lt(last, nr_model);
	}
}

static void model_invalidate(vaddr_t va, unsigned pcid, bool all, bool globals)
{
	for (unsigned i = 0; i < nr_model; i++) {
		struct model_entry *e = &model[i];

		if ((all || covers(e, va)) &&
		    (e->global ? globals : e->pcid == pcid))
			e->gone = true;
	}
}

static uint32_t rnd_state;

static unsigned rnd(unsigned n)
{
	rnd_state = rnd_state * 1664525 + 1013904223;
	return (rnd_state >> 8) % n;
}

static void random_fill(void)
{
	unsigned shift = rnd(4) ? K4 : M2;
	struct model_entry e = {
		.va = ALIGN_DOWN((uint64_t)rnd(64) << 16, BIT_ULL(shift)),
		.shift = shift,
		.pcid = rnd(3),
		.global = !rnd(8),
		.pfn = nr_model,
	};

	model[nr_model++] = e;
	fill_as(TLB_DATA, e.va, shift, (uint16_t)e.pcid, e.global ? TLB_G : 0,
	        e.pfn);
}

static void random_operation(void)
{
	vaddr_t va = (uint64_t)rnd(64) << 16;
	uint16_t pcid = (uint16_t)rnd(3);
	bool globals = rnd(2);
	struct tlb_match m[TLB_MATCHES_MAX];

	switch (rnd(12)) {
	case 0:
		tlb_invalidate_addr(&t, va, pcid, globals, TLB_DROP_INVLPG);
		model_invalidate(va, pcid, false, globals);
		break;
	case 1:
		tlb_invalidate_context(&t, pcid, TLB_DROP_CR3);
		model_invalidate(0, pcid, true, false);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		random_fill();
		break;
	default:
		if (lookup(va, pcid, m))
			tlb_use(&t, TLB_DATA, va, pcid, &m[0],
			        lookup(va, pcid, m) == 1);
		break;
	}
	check_against_model(va, pcid);
}

START_TEST(nothing_invalidated_is_ever_found_again)
{
	rnd_state = (uint32_t)_i;
	nr_model = 0;
	while (nr_model < 1000) {
		random_operation();
		ck_assert_ptr_null(tlb_check(&t));
	}
}
END_TEST

/* ---- geometry ---- */

START_TEST(impossible_geometries_are_refused)
{
	struct tlb_geometry g = small;
	unsigned array;

	ck_assert_ptr_null(tlb_geometry_check(&g, &array));
	g.array[0].ways = 3;
	ck_assert_ptr_nonnull(tlb_geometry_check(&g, &array));
	ck_assert_uint_eq(array, 0);
	g = small;
	g.array[2].replacement = TLB_TREE_PLRU;
	ck_assert_ptr_nonnull(tlb_geometry_check(&g, &array));
	ck_assert_uint_eq(array, 2);
	g = small;
	g.nr_arrays = 1;
	ck_assert_ptr_nonnull(tlb_geometry_check(&g, &array));
	g = small;
	g.array[1].kinds = 3;
	ck_assert_ptr_nonnull(tlb_geometry_check(&g, &array));
	ck_assert_uint_eq(array, 1);
	g = small;
	g.psc[2] = TLB_PSC_MAX + 1;
	ck_assert_ptr_nonnull(tlb_geometry_check(&g, &array));
}
END_TEST

/* ---- paging-structure caches ---- */

static void psc_add(vaddr_t va, unsigned level, uint16_t pcid, paddr_t table)
{
	struct psc_entry e = {
		.va = ALIGN_DOWN(va, BIT_ULL(12 + 9 * (level - 1))),
		.level = (uint8_t)level,
		.pcid = pcid,
		.table = table,
	};

	psc_fill(&t, &e);
}

START_TEST(the_deepest_psc_entry_is_used)
{
	psc_add(0x40200000, 4, 0, 0x1000);
	psc_add(0x40200000, 3, 0, 0x2000);
	psc_add(0x40200000, 2, 0, 0x3000);
	ck_assert_uint_eq(psc_lookup(&t, 0x40212345, 0)->table, 0x3000);
	ck_assert_uint_eq(psc_lookup(&t, 0x40400000, 0)->table, 0x2000);
	ck_assert_uint_eq(psc_lookup(&t, 0x80000000, 0)->table, 0x1000);
	ck_assert_ptr_null(psc_lookup(&t, UINT64_C(1) << 40, 0));
	ck_assert_ptr_null(psc_lookup(&t, 0x40200000, 1));
}
END_TEST

START_TEST(a_full_psc_forgets_the_one_used_longest_ago)
{
	for (unsigned i = 0; i < 4; i++)
		psc_add(i * 0x200000, 2, 0, i * 0x1000);
	psc_lookup(&t, 0, 0);
	psc_add(4 * 0x200000, 2, 0, 0x4000);
	ck_assert_ptr_nonnull(psc_lookup(&t, 0, 0));
	ck_assert_ptr_null(psc_lookup(&t, 0x200000, 0));
}
END_TEST

START_TEST(psc_invalidations_take_an_address_a_pcid_or_all)
{
	psc_add(0, 2, 0, 0x1000);
	psc_add(0x200000, 2, 0, 0x2000);
	psc_add(0, 2, 1, 0x3000);
	psc_invalidate_addr(&t, 0x1234, 0);
	ck_assert_ptr_null(psc_lookup(&t, 0, 0));
	ck_assert_ptr_nonnull(psc_lookup(&t, 0x200000, 0));
	psc_invalidate_context(&t, 0);
	ck_assert_ptr_null(psc_lookup(&t, 0x200000, 0));
	ck_assert_ptr_nonnull(psc_lookup(&t, 0, 1));
	psc_invalidate_all(&t);
	ck_assert_ptr_null(psc_lookup(&t, 0, 1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tlb/tlb");
	TCase *tc = tcase_create("tlb");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
		tc,
		a_filled_page_is_found_at_each_of_its_addresses_and_no_other);
	tcase_add_test(tc, both_sizes_are_returned_the_smaller_first);
	tcase_add_test(tc, what_falls_out_of_the_first_level_is_in_the_second);
	tcase_add_test(tc, an_entry_pushed_out_of_both_levels_is_dropped_once);
	tcase_add_test(tc, lru_pushes_out_what_was_used_longest_ago);
	tcase_add_test(tc, tree_plru_never_pushes_out_what_was_used_last);
	tcase_add_test(tc, tree_plru_uses_every_way_before_any_twice);
	tcase_add_test(tc, a_global_entry_is_found_under_every_pcid);
	tcase_add_test(tc, refilling_a_page_replaces_its_entry);
	tcase_add_test(tc, data_and_instructions_may_hold_different_frames);
	tcase_add_test(tc, what_el1_may_execute_makes_another_translation);
	tcase_add_test(tc, the_shortcut_knows_what_was_used_and_unique);
	tcase_add_test(tc, the_shortcut_forgets_when_another_size_comes);
	tcase_add_test(tc, the_shortcut_forgets_what_is_dropped);
	tcase_add_test(
		tc, a_page_no_array_takes_is_splintered_and_dropped_as_a_whole);
	tcase_add_loop_test(tc, nothing_invalidated_is_ever_found_again, 0, 20);
	tcase_add_test(tc, impossible_geometries_are_refused);
	tcase_add_test(tc, the_deepest_psc_entry_is_used);
	tcase_add_test(tc, a_full_psc_forgets_the_one_used_longest_ago);
	tcase_add_test(tc, psc_invalidations_take_an_address_a_pcid_or_all);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
