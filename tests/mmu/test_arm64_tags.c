// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocation tags and tag checks, Arm ARM (DDI 0487) D10: what is checked, and
 * what a check that fails does in each mode of SCTLR_EL1.TCF0.
 */
#include "base/mtetags.h"
#include "mmu/quick.h"
#include "tests/mmu/arm64.h"

#define ARM64_TEST(name)                 \
	static void name##_body(void *); \
	START_TEST(name)                 \
	{                                \
		run(name##_body);        \
	}                                \
	END_TEST                         \
	static void name##_body(__attribute__((unused)) void *arg)

/* A page of a user's that is Tagged memory. */
#define PAGE_TAGGED \
	(PAGE_RW | (uint64_t)ARM64_MT_NORMAL_TAGGED << ARM64_ATTRINDX_SHIFT)
#define FSC_TAG_CHECK   0x11
#define TAGGED(va, tag) ((va) | (uint64_t)(tag) << 56)

/* The page at VA, its first granules with these tags, from granule 0 on. */
static paddr_t tagged_page(unsigned tag0, unsigned tag1)
{
	paddr_t pa;

	map_page(VA, PAGE_TAGGED, &pa);
	mte_tags_set(&b.m->mem, pfn_to_page(&b.m->mem, pa >> PAGE_SHIFT), NULL);
	mte_tag_set(&b.m->mem, pa, tag0);
	mte_tag_set(&b.m->mem, pa + 16, tag1);
	return pa;
}

static void tcf(enum mte_tcf mode)
{
	mmu_write_tcf(&b.mmu[0], mode);
}

ARM64_TEST(without_checks_no_tag_matters)
{
	tagged_page(5, 6);
	ck_assert(load(TAGGED(VA, 9), NULL));
	ck_assert(store(TAGGED(VA, 9), 1));
	ck_assert(!mmu_take_tfsr(&b.mmu[0]));
}

ARM64_TEST(a_synchronous_check_stops_the_access)
{
	paddr_t pa = tagged_page(5, 6);
	uint64_t value;

	tcf(MTE_TCF_SYNC);
	ck_assert(store(TAGGED(VA, 5), 77));
	ck_assert(load(TAGGED(VA, 5), &value));
	ck_assert_uint_eq(value, 77);
	expect_fault(MMU_LOAD, TAGGED(VA, 4), DABT | FSC_TAG_CHECK);
	ck_assert(last_fault.tag);
	expect_fault(MMU_STORE, TAGGED(VA + 16, 5), DABT | WNR | FSC_TAG_CHECK);
	expect_fault(MMU_XADD, TAGGED(VA, 0), DABT | FSC_TAG_CHECK);
	ck_assert_uint_eq(phys_read(&b.m->mem, pa, 8), 77);
	ck_assert(!mmu_take_tfsr(&b.mmu[0]));
}

ARM64_TEST(an_asynchronous_check_lets_it_go_on)
{
	paddr_t pa = tagged_page(5, 6);

	tcf(MTE_TCF_ASYNC);
	ck_assert(store(TAGGED(VA, 5), 1));
	ck_assert(!mmu_take_tfsr(&b.mmu[0]));
	ck_assert(store(TAGGED(VA, 4), 77));
	ck_assert_uint_eq(phys_read(&b.m->mem, pa, 8), 77);
	ck_assert(mmu_take_tfsr(&b.mmu[0]));
	ck_assert(!mmu_take_tfsr(&b.mmu[0]));
	ck_assert(load(TAGGED(VA, 4), NULL));
	ck_assert(mmu_take_tfsr(&b.mmu[0]));
}

ARM64_TEST(asymmetric_is_synchronous_for_loads_alone)
{
	tagged_page(5, 6);
	tcf(MTE_TCF_ASYMM);
	expect_fault(MMU_LOAD, TAGGED(VA, 4), DABT | FSC_TAG_CHECK);
	expect_fault(MMU_XCHG, TAGGED(VA, 4), DABT | FSC_TAG_CHECK);
	ck_assert(!mmu_take_tfsr(&b.mmu[0]));
	ck_assert(store(TAGGED(VA, 4), 1));
	ck_assert(mmu_take_tfsr(&b.mmu[0]));
}

ARM64_TEST(every_granule_is_checked)
{
	tagged_page(5, 6);
	tcf(MTE_TCF_SYNC);
	ck_assert(!access_op(MMU_LOAD, TAGGED(VA + 12, 5), 8, 0));
	ck_assert_uint_eq(last_fault.code, DABT | FSC_TAG_CHECK);
	/* FAR_EL1: of the granule that failed. */
	ck_assert_uint_eq(last_fault.addr, TAGGED(VA + 16, 5));
	ck_assert(!access_op(MMU_LOAD, TAGGED(VA + 12, 6), 8, 0));
	ck_assert_uint_eq(last_fault.addr, TAGGED(VA + 12, 6));
	ck_assert(access_op(MMU_LOAD, TAGGED(VA + 12, 5), 4, 0));
	ck_assert(access_op(MMU_LOAD, TAGGED(VA + 16, 6), 8, 0));
}

/* Nothing moves before both pages were checked. */
ARM64_TEST(an_access_across_pages_is_checked_in_both)
{
	paddr_t first = tagged_page(0, 0), second;

	map_page(VA + PAGE_SIZE, PAGE_TAGGED, &second);
	mte_tags_set(&b.m->mem, pfn_to_page(&b.m->mem, second >> PAGE_SHIFT),
	             NULL);
	mte_tag_set(&b.m->mem, second, 3);
	tcf(MTE_TCF_SYNC);
	ck_assert(!store(VA + PAGE_SIZE - 4, UINT64_MAX));
	ck_assert_uint_eq(last_fault.addr, VA + PAGE_SIZE);
	ck_assert_uint_eq(phys_read(&b.m->mem, first + PAGE_SIZE - 4, 4), 0);
	mte_tag_set(&b.m->mem, second, 0);
	ck_assert(store(VA + PAGE_SIZE - 4, UINT64_MAX));
}

ARM64_TEST(other_memory_is_not_checked)
{
	map_page(VA, PAGE_RW, NULL);
	tcf(MTE_TCF_SYNC);
	ck_assert(load(TAGGED(VA, 9), NULL));
}

/* A fault of translation comes first: D8.15.3. */
ARM64_TEST(a_right_that_is_missing_comes_first)
{
	map_page(VA, PAGE_TAGGED | ARM64_AP2, NULL);
	tcf(MTE_TCF_SYNC);
	expect_fault(MMU_STORE, TAGGED(VA, 9), DABT | WNR | 0x0f);
}

/* STGP and the like, C6.2: "Unchecked access". */
ARM64_TEST(tags_are_stored_and_zeroed_unchecked)
{
	struct mmu_access acc = { .va = TAGGED(VA, 9),
		                  .size = 8,
		                  .op = MMU_STORE,
		                  .user = true,
		                  .unchecked = true };
	struct fault_info fault = { 0 };

	tagged_page(5, 6);
	tcf(MTE_TCF_SYNC);
	ck_assert(mmu_access(&b.mmu[0], &acc, &fault));
	ck_assert(access_op(MMU_STG, TAGGED(VA, 9), 1, 9));
	ck_assert(load(TAGGED(VA, 9), NULL));
}

static bool kernel_access(enum mmu_op op, vaddr_t va)
{
	struct mmu_access acc = {
		.va = va, .size = 8, .op = (uint8_t)op, .ac = true
	};
	struct fault_info fault = { 0 };

	return mmu_access(&b.mmu[0], &acc, &fault);
}

/* Documentation/arch/arm64/memory-tagging-extension.rst: the kernel's accesses
 * for a user are checked if the user's own are synchronous. */
ARM64_TEST(an_ldtr_is_checked_unless_the_mode_is_async)
{
	tagged_page(5, 6);
	tcf(MTE_TCF_SYNC);
	ck_assert(kernel_access(MMU_LOAD, TAGGED(VA, 5)));
	ck_assert(!kernel_access(MMU_LOAD, TAGGED(VA, 4)));
	tcf(MTE_TCF_ASYMM);
	ck_assert(!kernel_access(MMU_LOAD, TAGGED(VA, 4)));
	/* What that leaves in TFSRE0_EL1 Linux clears. */
	ck_assert(kernel_access(MMU_STORE, TAGGED(VA, 4)));
	ck_assert(!mmu_take_tfsr(&b.mmu[0]));
	tcf(MTE_TCF_ASYNC);
	ck_assert(kernel_access(MMU_LOAD, TAGGED(VA, 4)));
	ck_assert(!mmu_take_tfsr(&b.mmu[0]));
}

/* ---- the quick path does the same ---- */

ARM64_TEST(the_quick_path_checks_too)
{
	struct mmu *mmu = &b.mmu[0];
	struct agent *a = current_agent;
	uint64_t value;

	unobserve(b.m, &b.observer);
	tagged_page(5, 6);
	tcf(MTE_TCF_SYNC);
	ck_assert(store(TAGGED(VA, 5), 77));
	ck_assert(load(TAGGED(VA, 5), NULL)); /* makes the hint */
	ck_assert(mmu_quick_load(mmu, a, TAGGED(VA, 5), 8, &value));
	ck_assert_uint_eq(value, 77);
	ck_assert(mmu_quick_store(mmu, a, TAGGED(VA + 16, 6), 8, 1));
	ck_assert(!mmu_quick_load(mmu, a, TAGGED(VA, 6), 8, &value));
	ck_assert(!mmu_quick_store(mmu, a, TAGGED(VA, 6), 8, 0));
	/* Two granules are for mmu_access(). */
	ck_assert(!mmu_quick_load(mmu, a, TAGGED(VA + 12, 5), 8, &value));
	tcf(MTE_TCF_NONE);
	ck_assert(mmu_quick_load(mmu, a, TAGGED(VA, 6), 8, &value));
}

/* Steps and trace hash of the same accesses, one way and the other. */
static uint64_t hash_of(bool quick)
{
	struct sched *s = &b.m->sched;
	struct agent *a = current_agent;
	uint64_t value = 0, steps = s->nr_steps, before = s->hash;

	s->hash = 1;
	if (quick)
		ck_assert(mmu_quick_load(&b.mmu[0], a, TAGGED(VA + 8, 5), 8,
		                         &value));
	else
		ck_assert(load(TAGGED(VA + 8, 5), &value));
	steps = s->nr_steps - steps;
	value = s->hash;
	s->hash = before;
	ck_assert_uint_eq(steps, 3);
	return value;
}

ARM64_TEST(quick_or_not_the_trace_is_the_same)
{
	unobserve(b.m, &b.observer);
	tagged_page(5, 6);
	tcf(MTE_TCF_SYNC);
	ck_assert(store(TAGGED(VA, 5), 77));
	ck_assert(load(TAGGED(VA, 5), NULL)); /* makes the hint */
	ck_assert_uint_eq(hash_of(true), hash_of(false));
}

/* ---- what it costs ---- */

/* Cycles of a store, or of a load, that hits. */
static uint64_t cycles_of(bool quick, bool is_store, enum mte_tcf mode)
{
	struct mmu *mmu = &b.mmu[0];
	struct agent *a = current_agent;
	uint64_t before = *a->cycles, value;

	tcf(mode);
	if (quick && is_store)
		ck_assert(mmu_quick_store(mmu, a, TAGGED(VA, 5), 8, 1));
	else if (quick)
		ck_assert(mmu_quick_load(mmu, a, TAGGED(VA, 5), 8, &value));
	else if (is_store)
		ck_assert(store(TAGGED(VA, 5), 1));
	else
		ck_assert(load(TAGGED(VA, 5), NULL));
	return *a->cycles - before;
}

/* profiles/cortex-a710.ini: only a store waits for its check, if it is
 * synchronous. */
ARM64_TEST(a_synchronous_check_costs_a_store_something)
{
	struct cost_table costs = *b.m->costs;

	costs.tag_store = 100;
	b.m->costs = &costs;
	unobserve(b.m, &b.observer);
	tagged_page(5, 6);
	ck_assert(store(TAGGED(VA, 5), 77)); /* makes the hint */
	for (int quick = 0; quick < 2; quick++) {
		uint64_t hit = costs.l1d_hit;

		ck_assert_uint_eq(cycles_of(quick, true, MTE_TCF_SYNC),
		                  hit + 100);
		ck_assert_uint_eq(cycles_of(quick, true, MTE_TCF_ASYNC), hit);
		ck_assert_uint_eq(cycles_of(quick, true, MTE_TCF_ASYMM), hit);
		ck_assert_uint_eq(cycles_of(quick, true, MTE_TCF_NONE), hit);
		ck_assert_uint_eq(cycles_of(quick, false, MTE_TCF_SYNC), hit);
		ck_assert_uint_eq(cycles_of(quick, false, MTE_TCF_ASYNC), hit);
	}
	b.m->costs = &cost_table_default;
}

int main(void)
{
	Suite *s = suite_create("mmu/arm64_tags");
	TCase *tc = tcase_create("arm64");

	tcase_add_checked_fixture(tc, arm64_setup, bench_teardown);
	tcase_add_test(tc, without_checks_no_tag_matters);
	tcase_add_test(tc, a_synchronous_check_stops_the_access);
	tcase_add_test(tc, an_asynchronous_check_lets_it_go_on);
	tcase_add_test(tc, asymmetric_is_synchronous_for_loads_alone);
	tcase_add_test(tc, every_granule_is_checked);
	tcase_add_test(tc, an_access_across_pages_is_checked_in_both);
	tcase_add_test(tc, other_memory_is_not_checked);
	tcase_add_test(tc, a_right_that_is_missing_comes_first);
	tcase_add_test(tc, tags_are_stored_and_zeroed_unchecked);
	tcase_add_test(tc, an_ldtr_is_checked_unless_the_mode_is_async);
	tcase_add_test(tc, the_quick_path_checks_too);
	tcase_add_test(tc, quick_or_not_the_trace_is_the_same);
	tcase_add_test(tc, a_synchronous_check_costs_a_store_something);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
