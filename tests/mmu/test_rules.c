/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of x86 hardware that mm code relies on, one by one. */
#include "tests/mmu/fixture.h"

static paddr_t pte, frame;

static void map_one(uint64_t bits)
{
	pte = map_new(VA, bits, &frame);
}

static void load_ok(void *arg)
{
	(void)arg;
	ck_assert(load(VA, NULL));
}

static void store_ok(void *arg)
{
	(void)arg;
	ck_assert(store(VA, 7));
}

static void store_faults(void *arg)
{
	(void)arg;
	ck_assert(!store(VA, 7));
	ck_assert_uint_eq(last_acc.outcome, MMU_PAGE_FAULT);
}

static void clear_pte(void *arg)
{
	(void)arg;
	step(STEP_RMW, phys_obj(pte), 8, "clear", 0);
	set_entry(pte, 0);
}

static void wrprotect_pte(void *arg)
{
	(void)arg;
	step(STEP_RMW, phys_obj(pte), 8, "wrprotect", 0);
	set_entry(pte, entry_at(pte) & ~X86_RW);
}

/* ---- D ---- */

static void load_then_store(void *arg)
{
	load_ok(arg);
	ck_assert_uint_eq(entry_at(pte) & (X86_A | X86_D), X86_A);
	b.nr_walk_reads = 0;
	store_ok(arg);
	ck_assert_uint_eq(entry_at(pte) & (X86_A | X86_D), X86_A | X86_D);
	ck_assert_uint_ge(b.nr_walk_reads, 1);
}

START_TEST(a_store_through_a_clean_entry_reads_the_pte_and_sets_dirty)
{
	map_one(RIGHTS_RW);
	run(load_then_store);
	ck_assert_uint_eq(phys_read(&b.m->mem, frame, 8), 7);
}
END_TEST

static void load_clear_store(void *arg)
{
	load_ok(arg);
	set_entry(pte, 0);
	store_faults(arg);
	ck_assert_uint_eq(last_fault.code, PF_W | PF_U);
	ck_assert(!last_fault.present);
}

START_TEST(a_store_through_a_clean_entry_faults_if_the_pte_is_gone)
{
	map_one(RIGHTS_RW);
	run(load_clear_store);
	ck_assert_uint_eq(entry_at(pte), 0);
}
END_TEST

static void load_clear_store_without_recheck(void *arg)
{
	load_ok(arg);
	set_entry(pte, 0);
	b.mmu[0].switches.dirty_recheck = false;
	store_ok(arg);
}

START_TEST(without_the_recheck_the_store_goes_to_the_old_frame)
{
	map_one(RIGHTS_RW);
	run(load_clear_store_without_recheck);
	ck_assert_uint_eq(phys_read(&b.m->mem, frame, 8), 7);
	ck_assert_uint_eq(entry_at(pte), 0);
}
END_TEST

static void load_store_without_recheck(void *arg)
{
	b.mmu[0].switches.dirty_recheck = false;
	load_ok(arg);
	store_ok(arg);
}

START_TEST(without_the_recheck_dirty_is_set_where_nobody_interferes)
{
	map_one(RIGHTS_RW);
	run(load_store_without_recheck);
	ck_assert(entry_at(pte) & X86_D);
}
END_TEST

static void store_clear_store(void *arg)
{
	store_ok(arg);
	set_entry(pte, 0);
	b.nr_walk_reads = 0;
	store_ok(arg);
	ck_assert_uint_eq(b.nr_walk_reads, 0);
}

START_TEST(a_store_through_a_dirty_entry_asks_nobody)
{
	map_one(RIGHTS_RW);
	run(store_clear_store);
	ck_assert_uint_eq(entry_at(pte), 0);
}
END_TEST

/* ---- the check inside of the update ---- */

START_TEST(a_pte_cleared_before_the_dirty_update_stays_clear_and_faults)
{
	map_one(RIGHTS_RW | X86_A);
	run_around(store_faults, "walk set dirty", clear_pte);
	ck_assert_uint_eq(entry_at(pte), 0);
	ck_assert_uint_eq(phys_read(&b.m->mem, frame, 8), 0);
}
END_TEST

START_TEST(a_pte_write_protected_before_the_dirty_update_faults)
{
	map_one(RIGHTS_RW | X86_A);
	run_around(store_faults, "walk set dirty", wrprotect_pte);
	ck_assert_uint_eq(last_fault.code, PF_P | PF_W | PF_U);
	ck_assert(!(entry_at(pte) & X86_D));
}
END_TEST

START_TEST(without_the_present_check_bits_appear_in_a_cleared_pte)
{
	map_one(RIGHTS_RW | X86_A);
	b.mmu[0].switches.ad_present_check = false;
	run_around(store_ok, "walk set dirty", clear_pte);
	ck_assert_uint_eq(entry_at(pte), X86_D);
}
END_TEST

static paddr_t other_frame;

static void remap_pte(void *arg)
{
	(void)arg;
	step(STEP_RMW, phys_obj(pte), 8, "remap", 0);
	set_entry(pte, other_frame | RIGHTS_RW);
}

START_TEST(a_pte_remapped_before_the_dirty_update_gives_the_new_frame)
{
	map_one(RIGHTS_RW | X86_A);
	other_frame = new_frame(FRAME_ANON);
	run_around(store_ok, "walk set dirty", remap_pte);
	ck_assert_uint_eq(phys_read(&b.m->mem, frame, 8), 0);
	ck_assert_uint_eq(phys_read(&b.m->mem, other_frame, 8), 7);
	ck_assert_uint_eq(entry_at(pte),
	                  other_frame | RIGHTS_RW | X86_A | X86_D);
}
END_TEST

/* ---- A and speculation ---- */

static void speculate(void *arg)
{
	(void)arg;
	ck_assert(mmu_speculate(&b.mmu[0], VA));
}

START_TEST(a_speculative_walk_sets_accessed_but_never_dirty)
{
	map_one(RIGHTS_RW);
	run(speculate);
	ck_assert_uint_eq(entry_at(pte) & (X86_A | X86_D), X86_A);
	ck_assert_uint_eq(nr_cached(VA), 1);
}
END_TEST

static void speculate_nothing(void *arg)
{
	(void)arg;
	ck_assert(!mmu_speculate(&b.mmu[0], VA));
}

START_TEST(a_speculative_walk_of_a_hole_neither_faults_nor_fills)
{
	run(speculate_nothing);
	ck_assert_uint_eq(b.nr_faults, 0);
	ck_assert_uint_eq(nr_cached(VA), 0);
}
END_TEST

static void invlpg_from_afar(void *arg)
{
	(void)arg;
	/* As if this CPU's task had run INVLPG meanwhile. */
	mmu_invlpg(&b.mmu[0], VA);
}

START_TEST(a_speculative_walk_that_an_invalidation_overtakes_fills_nothing)
{
	map_one(RIGHTS_RW);
	run_around(speculate_nothing, "walk set accessed pte",
	           invlpg_from_afar);
	ck_assert_uint_eq(nr_cached(VA), 0);
}
END_TEST

START_TEST(a_speculative_walk_that_an_invalidation_overtakes_sets_nothing)
{
	map_one(RIGHTS_RW);
	run_around(speculate_nothing, "walk set accessed pte",
	           invlpg_from_afar);
	ck_assert_uint_eq(entry_at(pte), frame | RIGHTS_RW);
}
END_TEST

/* As free_pgtables() does: unhook, invalidate; then the table is no more. */
static void unhook_and_invalidate(void *arg)
{
	set_entry(entry_of(VA, PT_LEVEL_PMD), 0);
	invlpg_from_afar(arg);
	b.nr_walk_reads = 0;
}

START_TEST(a_speculative_walk_that_an_invalidation_overtakes_reads_no_table)
{
	map_one(RIGHTS_RW | X86_A);
	run_around(speculate_nothing, "walk pte", unhook_and_invalidate);
	ck_assert_uint_eq(b.nr_walk_reads, 0);
}
END_TEST

/*
 * An invalidation while the walk waits at each of its steps: what was read
 * before it is in no paging-structure cache after it.
 */
static void empty_the_psc(void *arg)
{
	set_entry(entry_of(VA, PT_LEVEL_PMD), 0);
	invlpg_from_afar(arg);
	ck_assert_ptr_null(psc_lookup(&b.mmu[0].tlb, VA, b.mmu[0].pcid));
}

START_TEST(a_speculative_walk_that_an_invalidation_overtakes_fills_no_psc)
{
	static const char *const steps[] = {
		"walk pgd", "walk set accessed pgd",
		"walk pud", "walk set accessed pud",
		"walk pmd", "walk set accessed pmd",
		"walk pte", "walk set accessed pte",
	};

	map_one(RIGHTS_RW);
	run_around(speculate_nothing, steps[_i], empty_the_psc);
	ck_assert_ptr_null(psc_lookup(&b.mmu[0].tlb, VA, b.mmu[0].pcid));
}
END_TEST

static void leave_the_tables(void *arg)
{
	(void)arg;
	/* Bit 63: what is cached stays. */
	ck_assert(mmu_write_cr3(&b.mmu[0], new_frame(FRAME_PT_PGD), 2, true));
	b.nr_walk_reads = 0;
}

START_TEST(a_speculative_walk_ends_when_cr3_is_loaded_without_a_flush)
{
	map_one(RIGHTS_RW | X86_A);
	run_around(speculate_nothing, "walk pte", leave_the_tables);
	ck_assert_uint_eq(b.nr_walk_reads, 0);
}
END_TEST

/* ---- upper levels ---- */

static paddr_t pmd;

static void unhook_then_touch_neighbour(void *arg)
{
	load_ok(arg);
	set_entry(pmd, 0);
	b.nr_walk_reads = 0;
	ck_assert(load(VA + PAGE_SIZE, NULL));
	ck_assert_uint_eq(b.nr_walk_reads, 1);
	ck_assert_uint_eq(b.last_access.entry->from_psc, 2);
}

START_TEST(an_unhooked_table_is_still_walked_through_the_psc)
{
	map_one(RIGHTS_RW);
	map_new(VA + PAGE_SIZE, RIGHTS_RW, NULL);
	pmd = entry_of(VA, PT_LEVEL_PMD);
	run(unhook_then_touch_neighbour);
}
END_TEST

static void unhook_invlpg_touch(void *arg)
{
	load_ok(arg);
	set_entry(pmd, 0);
	/* Of an address elsewhere: the whole PSC of the PCID goes. */
	mmu_invlpg(&b.mmu[0], VA + 64 * PMD_SIZE);
	ck_assert(!load(VA + PAGE_SIZE, NULL));
	ck_assert_uint_eq(last_fault.code, PF_U);
}

START_TEST(invlpg_of_any_address_empties_the_psc)
{
	map_one(RIGHTS_RW);
	map_new(VA + PAGE_SIZE, RIGHTS_RW, NULL);
	pmd = entry_of(VA, PT_LEVEL_PMD);
	run(unhook_invlpg_touch);
	ck_assert_uint_eq(nr_cached(VA), 1);
}
END_TEST

/* ---- two sizes ---- */

static paddr_t huge;

static void both_sizes(void *arg)
{
	load_ok(arg);
	set_entry(pmd, huge | RIGHTS_RW | X86_PS);
	mmu_invlpg(&b.mmu[0], VA + 64 * PMD_SIZE);
	ck_assert(load(VA + PAGE_SIZE, NULL));
	ck_assert_uint_eq(nr_cached(VA), 2);
}

static void map_both_sizes(void)
{
	map_one(RIGHTS_RW);
	pmd = entry_of(VA, PT_LEVEL_PMD);
	huge = page_to_pfn(&b.m->mem, alloc_frames(b.m, 9, FRAME_ANON, true))
	       << PAGE_SHIFT;
}

static void both_sizes_then_load(void *arg)
{
	both_sizes(arg);
	load_ok(arg);
	/* Alternative 0 is the smaller page, of the first level. */
	ck_assert_uint_eq(last_acc.pa, frame);
}

START_TEST(both_sizes_may_be_cached_and_a_lookup_chooses)
{
	map_both_sizes();
	run(both_sizes_then_load);
}
END_TEST

static void both_sizes_machine_check(void *arg)
{
	both_sizes(arg);
	b.mmu[0].size_mix = SIZE_MIX_MACHINE_CHECK;
	ck_assert(!load(VA, NULL));
	ck_assert_uint_eq(last_acc.outcome, MMU_MACHINE_CHECK);
}

START_TEST(both_sizes_are_a_machine_check_where_the_machine_says_so)
{
	map_both_sizes();
	run(both_sizes_machine_check);
}
END_TEST

static void both_sizes_invlpg(void *arg)
{
	both_sizes(arg);
	mmu_invlpg(&b.mmu[0], VA);
	ck_assert_uint_eq(nr_cached(VA), 0);
}

START_TEST(invlpg_drops_every_size)
{
	map_both_sizes();
	run(both_sizes_invlpg);
}
END_TEST

/* ---- what is not cached ---- */

static void fault_then_map(void *arg)
{
	(void)arg;
	ck_assert(!load(VA, NULL));
	ck_assert_uint_eq(nr_cached(VA), 0);
	set_entry(pte, frame | RIGHTS_RW);
	load_ok(arg);
}

START_TEST(what_is_not_present_is_never_cached)
{
	map_one(0);
	run(fault_then_map);
}
END_TEST

static void spurious_fault(void *arg)
{
	load_ok(arg);
	/* Made writable in memory; the cached entry still says no. */
	set_entry(pte, entry_at(pte) | X86_RW);
	store_faults(arg);
	ck_assert_uint_eq(last_fault.code, PF_P | PF_W | PF_U);
	ck_assert_uint_eq(nr_cached(VA), 0);
	ck_assert_int_eq(b.last_drop, TLB_DROP_FAULT);
	store_ok(arg);
}

START_TEST(a_permission_fault_drops_the_entry)
{
	map_one(X86_P | X86_US);
	run(spurious_fault);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mmu/rules");
	TCase *tc = tcase_create("rules");

	tcase_add_checked_fixture(tc, bench_setup, bench_teardown);
	tcase_add_test(
		tc, a_store_through_a_clean_entry_reads_the_pte_and_sets_dirty);
	tcase_add_test(tc,
	               a_store_through_a_clean_entry_faults_if_the_pte_is_gone);
	tcase_add_test(tc, without_the_recheck_the_store_goes_to_the_old_frame);
	tcase_add_test(
		tc, without_the_recheck_dirty_is_set_where_nobody_interferes);
	tcase_add_test(tc, a_store_through_a_dirty_entry_asks_nobody);
	tcase_add_test(
		tc,
		a_pte_cleared_before_the_dirty_update_stays_clear_and_faults);
	tcase_add_test(tc,
	               a_pte_write_protected_before_the_dirty_update_faults);
	tcase_add_test(tc,
	               without_the_present_check_bits_appear_in_a_cleared_pte);
	tcase_add_test(
		tc, a_pte_remapped_before_the_dirty_update_gives_the_new_frame);
	tcase_add_test(tc, a_speculative_walk_sets_accessed_but_never_dirty);
	tcase_add_test(tc,
	               a_speculative_walk_of_a_hole_neither_faults_nor_fills);
	tcase_add_test(
		tc,
		a_speculative_walk_that_an_invalidation_overtakes_fills_nothing);
	tcase_add_test(
		tc,
		a_speculative_walk_that_an_invalidation_overtakes_sets_nothing);
	tcase_add_test(
		tc,
		a_speculative_walk_that_an_invalidation_overtakes_reads_no_table);
	tcase_add_loop_test(
		tc,
		a_speculative_walk_that_an_invalidation_overtakes_fills_no_psc,
		0, 8);
	tcase_add_test(
		tc, a_speculative_walk_ends_when_cr3_is_loaded_without_a_flush);
	tcase_add_test(tc, an_unhooked_table_is_still_walked_through_the_psc);
	tcase_add_test(tc, invlpg_of_any_address_empties_the_psc);
	tcase_add_test(tc, both_sizes_may_be_cached_and_a_lookup_chooses);
	tcase_add_test(
		tc, both_sizes_are_a_machine_check_where_the_machine_says_so);
	tcase_add_test(tc, invlpg_drops_every_size);
	tcase_add_test(tc, what_is_not_present_is_never_cached);
	tcase_add_test(tc, a_permission_fault_drops_the_entry);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
