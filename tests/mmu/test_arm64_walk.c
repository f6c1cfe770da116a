/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64's walks, rights and faults, by the Arm ARM (DDI 0487) section. */
#include "tests/mmu/arm64.h"

#define KVA UINT64_C(0xffff800040000000)

#define ARM64_TEST(name)                    \
	static void name##_body(void *arg); \
	START_TEST(name)                    \
	{                                   \
		run(name##_body);           \
	}                                   \
	END_TEST                            \
	static void name##_body(__attribute__((unused)) void *arg)

/* ---- D8.2: translation ---- */

ARM64_TEST(four_levels_of_4k_lead_to_the_frame)
{
	paddr_t frame;

	map_page(VA, PAGE_RW, &frame);
	phys_write(&b.m->mem, frame + 0x128, 8, 0x1234);
	ck_assert(access_op(MMU_LOAD, VA + 0x128, 8, 0));
	ck_assert_uint_eq(last_acc.value, 0x1234);
	ck_assert_uint_eq(last_acc.pa, frame + 0x128);
	ck_assert_uint_eq(b.nr_walk_reads, 4);
	/* Cached: no walk. */
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(b.nr_walk_reads, 4);
}

ARM64_TEST(blocks_are_2m_and_1g)
{
	map_arm64(VA, UINT64_C(0x200000), 2, PAGE_RW);
	ck_assert(load(VA + 0x12345 * 8, NULL));
	ck_assert_uint_eq(last_acc.pa, 0x200000 + 0x12345 * 8);
	map_arm64(VA + PUD_SIZE, UINT64_C(0x40000000), 3, PAGE_RW);
	ck_assert(load(VA + PUD_SIZE + 0x7654320, NULL));
	ck_assert_uint_eq(last_acc.pa, 0x40000000 + 0x7654320);
}

/* D8.1.2: bit 55 chooses TTBR1; the bits above the size must be like it. */
ARM64_TEST(the_upper_half_is_ttbr1s)
{
	paddr_t frame;

	map_page(KVA, PAGE_RW, &frame);
	ck_assert(load(KVA, NULL));
	ck_assert_uint_eq(last_acc.pa, frame);
	/* Translation fault, level 0: no walk begins. */
	b.nr_walk_reads = 0;
	expect_fault(MMU_LOAD, UINT64_C(1) << 48, DABT | 0x04);
	expect_fault(MMU_LOAD, KVA & ~(UINT64_C(1) << 50), DABT | 0x04);
	ck_assert_uint_eq(b.nr_walk_reads, 0);
}

ARM64_TEST(smaller_address_spaces_have_fewer_levels)
{
	/* T0SZ 25: 39 bits, three levels. */
	tcr_clear(UINT64_C(0x3f));
	tcr_set(25);
	map_page(VA, PAGE_RW, NULL);
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(b.nr_walk_reads, 3);
	expect_fault(MMU_LOAD, UINT64_C(1) << 39, DABT | 0x04);
}

ARM64_TEST(epd_turns_walks_off)
{
	map_page(VA, PAGE_RW, NULL);
	map_page(VA + PAGE_SIZE, PAGE_RW, NULL);
	ck_assert(load(VA, NULL));
	tcr_set(TCR_EPD0);
	/* What is cached still is. */
	ck_assert(load(VA, NULL));
	expect_fault(MMU_LOAD, VA + PAGE_SIZE, DABT | 0x04);
}

/* D8.8: the top byte is ignored; FAR_EL1 has it. */
ARM64_TEST(the_top_byte_is_ignored_where_tbi_says_so)
{
	const vaddr_t tagged = UINT64_C(0xab) << 56 | VA;
	paddr_t frame;

	map_page(VA, PAGE_RO, &frame);
	ck_assert(load(tagged, NULL));
	ck_assert_uint_eq(last_acc.pa, frame);
	ck_assert_uint_eq(b.last_access.va, VA);
	expect_fault(MMU_STORE, tagged, DABT | WNR | 0x0f);
	tcr_clear(TCR_TBI0);
	expect_fault(MMU_LOAD, tagged, DABT | 0x04);
}

/* ---- D8.3: descriptors; D24.2.40: fault status codes ---- */

ARM64_TEST(a_translation_fault_names_its_level)
{
	paddr_t pte = map_page(VA, PAGE_RW, NULL);

	/* Level 3, 2, 1, 0 of the manual. */
	set_entry(pte, 0);
	expect_fault(MMU_LOAD, VA, DABT | 0x07);
	expect_fault(MMU_STORE, VA, DABT | WNR | 0x07);
	expect_fault(MMU_LOAD, VA + PMD_SIZE, DABT | 0x06);
	expect_fault(MMU_LOAD, VA + PUD_SIZE, DABT | 0x05);
	expect_fault(MMU_LOAD, VA + P4D_SIZE, DABT | 0x04);
	ck_assert(!last_fault.present);
	/* Nothing of it is cached. */
	ck_assert_uint_eq(nr_cached(VA), 0);
	set_entry(pte, 0x1000 | PAGE_RW | ARM64_TYPE);
	ck_assert(load(VA, NULL));
}

ARM64_TEST(reserved_descriptors_are_translation_faults)
{
	paddr_t pte = map_page(VA, PAGE_RW, NULL);

	/* 01 at level 3, at level 0; 10 anywhere. */
	set_entry(pte, entry_at(pte) & ~ARM64_TYPE);
	expect_fault(MMU_LOAD, VA, DABT | 0x07);
	set_entry(pte, (entry_at(pte) | ARM64_TYPE) & ~ARM64_VALID);
	expect_fault(MMU_LOAD, VA, DABT | 0x07);
	map_arm64(P4D_SIZE * 3, 0, 4, PAGE_RW);
	expect_fault(MMU_LOAD, P4D_SIZE * 3, DABT | 0x04);
}

ARM64_TEST(an_address_beyond_the_pa_size_faults)
{
	/* 40 bits: IPS 2. */
	map_arm64(VA, UINT64_C(1) << 40, 1, PAGE_RW);
	expect_fault(MMU_LOAD, VA, DABT | 0x03);
	ck_assert(last_fault.reserved);
	map_arm64(VA + PMD_SIZE, UINT64_C(1) << 40, 2, PAGE_RW);
	expect_fault(MMU_LOAD, VA + PMD_SIZE, DABT | 0x02);
	/* Of a table, too. */
	map_arm64(VA + PUD_SIZE, UINT64_C(1) << 41, 3,
	          ARM64_VALID | ARM64_TYPE);
	expect_fault(MMU_LOAD, VA + PUD_SIZE, DABT | 0x01);
	ck_assert_uint_eq(nr_cached(VA), 0);
}

ARM64_TEST(instruction_aborts_and_those_of_el1_have_classes_of_their_own)
{
	struct mmu_access acc = { .va = VA, .op = MMU_LOAD, .size = 8 };

	expect_fault(MMU_FETCH, VA, UINT64_C(0x20) << 26 | 1 << 25 | 0x04);
	ck_assert(last_fault.exec);
	ck_assert(!mmu_access(&b.mmu[0], &acc, &last_fault));
	ck_assert_uint_eq(last_fault.code,
	                  UINT64_C(0x25) << 26 | 1 << 25 | 0x04);
	ck_assert(!last_fault.user);
}

/* ---- D8.4: permissions ---- */

static bool as_kernel(enum mmu_op op, vaddr_t va, bool unprivileged)
{
	struct mmu_access acc = {
		.va = va, .op = (uint8_t)op, .size = 4, .ac = unprivileged
	};

	return mmu_access(&b.mmu[0], &acc, &last_fault);
}

ARM64_TEST(ap_decides_who_reads_and_writes)
{
	map_page(VA, PAGE_RW, NULL);
	map_page(VA + 0x1000, PAGE_RO, NULL);
	map_page(VA + 0x2000, PAGE_RW & ~ARM64_AP1, NULL);
	map_page(VA + 0x3000, PAGE_RO & ~ARM64_AP1, NULL);
	ck_assert(store(VA, 1));
	ck_assert(load(VA + 0x1000, NULL));
	expect_fault(MMU_STORE, VA + 0x1000, DABT | WNR | 0x0f);
	ck_assert(last_fault.present);
	expect_fault(MMU_LOAD, VA + 0x2000, DABT | 0x0f);
	ck_assert(as_kernel(MMU_STORE, VA + 0x2000, false));
	ck_assert(as_kernel(MMU_LOAD, VA + 0x3000, false));
	ck_assert(!as_kernel(MMU_STORE, VA + 0x3000, false));
}

/* D8.4.5: PAN keeps EL1 out of what EL0 may touch, LDTR does not. */
ARM64_TEST(pan_keeps_the_kernel_out)
{
	map_page(VA, PAGE_RW, NULL);
	ck_assert(!as_kernel(MMU_LOAD, VA, false));
	ck_assert(as_kernel(MMU_LOAD, VA, true));
	ck_assert(as_kernel(MMU_STORE, VA, true));
	b.mmu[0].arm64.pan = false;
	ck_assert(as_kernel(MMU_LOAD, VA, false));
}

/* D8.4.4 */
ARM64_TEST(uxn_pxn_and_writable_for_el0_decide_who_executes)
{
	map_page(VA, PAGE_RO, NULL);
	map_page(VA + 0x1000, PAGE_RO | ARM64_UXN, NULL);
	map_page(VA + 0x2000, PAGE_RO | ARM64_PXN, NULL);
	map_page(VA + 0x3000, PAGE_RW, NULL);
	/* Execute-only. */
	map_page(VA + 0x4000, PAGE_RO & ~ARM64_AP1, NULL);
	ck_assert(access_op(MMU_FETCH, VA, 4, 0));
	ck_assert(!access_op(MMU_FETCH, VA + 0x1000, 4, 0));
	ck_assert(access_op(MMU_FETCH, VA + 0x2000, 4, 0));
	ck_assert(access_op(MMU_FETCH, VA + 0x4000, 4, 0));
	ck_assert(!load(VA + 0x4000, NULL));
	ck_assert(as_kernel(MMU_FETCH, VA, false));
	ck_assert(!as_kernel(MMU_FETCH, VA + 0x2000, false));
	ck_assert(!as_kernel(MMU_FETCH, VA + 0x3000, false));
	ck_assert(access_op(MMU_FETCH, VA + 0x3000, 4, 0));
}

/* D8.4.2.2; TCR_EL1.HPD0 turns it off. */
ARM64_TEST(tables_take_rights_away)
{
	static const struct {
		uint64_t bits;
		bool load, store, fetch;
	} rows[] = {
		{ 0, true, true, true },
		{ ARM64_APTABLE0, false, false, true },
		{ ARM64_APTABLE1, true, false, true },
		{ ARM64_UXNTABLE, true, true, false },
		{ ARM64_PXNTABLE, true, true, true },
	};
	paddr_t pmd;

	map_page(VA, PAGE_RW, NULL);
	pmd = pt_walk(b.m, b.root, VA).entry[2].pa;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t plain = entry_at(pmd);

		set_entry(pmd, plain | rows[i].bits);
		for (unsigned hpd = 0; hpd < 2; hpd++) {
			mmu_tlbi(&b.mmu[0], &(struct tlbi){ .op = TLBI_ALL });
			if (hpd)
				tcr_set(TCR_HPD0);
			ck_assert(load(VA, NULL) == (rows[i].load || hpd));
			ck_assert(store(VA, 1) == (rows[i].store || hpd));
			ck_assert(access_op(MMU_FETCH, VA, 4, 0) ==
			          (rows[i].fetch || hpd));
			tcr_clear(TCR_HPD0);
		}
		set_entry(pmd, plain);
	}
}

/* D8.13.1: it may stay cached; races.md rule: arm64 does not drop it. */
ARM64_TEST(what_gives_a_permission_fault_stays_cached)
{
	paddr_t pte = map_page(VA, PAGE_RO, NULL);

	expect_fault(MMU_STORE, VA, DABT | WNR | 0x0f);
	ck_assert_uint_eq(nr_cached(VA), 1);
	set_entry(pte, entry_at(pte) & ~ARM64_AP2);
	/* The new right is not seen before a TLBI. */
	expect_fault(MMU_STORE, VA, DABT | WNR | 0x0f);
	mmu_tlbi(&b.mmu[0], &(struct tlbi){ .op = TLBI_VA, .va = VA });
	ck_assert(store(VA, 1));
}

/* D24.2.40 WnR: an atomic is a write only if a read would not have faulted. */
ARM64_TEST(an_atomic_access_faults_as_a_read_if_that_would_fault)
{
	map_page(VA, PAGE_RO, NULL);
	map_page(VA + 0x1000, PAGE_RO & ~ARM64_AP1, NULL);
	expect_fault(MMU_XADD, VA + PMD_SIZE, DABT | 0x06);
	ck_assert(!last_fault.write);
	expect_fault(MMU_XADD, VA, DABT | WNR | 0x0f);
	expect_fault(MMU_XADD, VA + 0x1000, DABT | 0x0f);
}

/* B2.7.2 */
/* Of several translations it is the one that denies that counts. */
ARM64_TEST(what_else_is_held_does_not_say_whether_a_read_would_fault)
{
	tcr_set(TCR_HA | TCR_HD);
	map_page(VA, PAGE_RW | ARM64_CONT, NULL);
	ck_assert(load(VA, NULL));
	/* Beside the 64K, a clean page, at which an atomic looks first. */
	map_page(VA, PAGE_RO | ARM64_DBM, NULL);
	ck_assert(mmu_speculate(&b.mmu[0], VA));
	ck_assert_uint_eq(nr_cached(VA), 2);
	map_arm64(VA, UINT64_C(0x200000), 2, PAGE_RW & ~ARM64_AP1);
	/* Tables are forgotten, pages are not. */
	mmu_tlbi(&b.mmu[0], &(struct tlbi){ .va = VA, .level = 3 });
	ck_assert_uint_eq(nr_cached(VA), 2);
	expect_fault(MMU_XADD, VA, DABT | 0x0e);
}

ARM64_TEST(an_atomic_access_must_be_aligned)
{
	map_page(VA, PAGE_RW, NULL);
	expect_fault(MMU_XCHG, VA + 4, DABT | 0x21);
	ck_assert_uint_eq(last_acc.outcome, MMU_ABORT);
	ck_assert(load(VA + 4, NULL));
}

/* ---- D8.5: the access flag and dirty state ---- */

ARM64_TEST(hardware_sets_the_access_flag)
{
	paddr_t pte = map_page(VA, PAGE_RO & ~ARM64_AF, NULL);

	ck_assert(load(VA, NULL));
	ck_assert(entry_at(pte) & ARM64_AF);
	ck_assert_uint_eq(b.nr_walk_writes, 1);
}

ARM64_TEST(without_ha_it_is_an_access_flag_fault_before_any_other)
{
	paddr_t pte = map_page(VA, PAGE_RO & ~ARM64_AF, NULL);

	tcr_clear(TCR_HA);
	expect_fault(MMU_LOAD, VA, DABT | 0x0b);
	ck_assert(last_fault.accessed);
	expect_fault(MMU_STORE, VA, DABT | WNR | 0x0b);
	ck_assert_uint_eq(nr_cached(VA), 0);
	ck_assert(!(entry_at(pte) & ARM64_AF));
	set_entry(pte, entry_at(pte) | ARM64_AF);
	ck_assert(load(VA, NULL));
}

ARM64_TEST(hardware_makes_a_dbm_page_writable_at_the_first_store)
{
	paddr_t pte = map_page(VA, PAGE_RO | ARM64_DBM, NULL);

	ck_assert(load(VA, NULL));
	ck_assert(entry_at(pte) & ARM64_AP2);
	ck_assert(store(VA, 7));
	ck_assert(!(entry_at(pte) & ARM64_AP2));
	b.nr_walk_reads = 0;
	ck_assert(store(VA, 8));
	ck_assert_uint_eq(b.nr_walk_reads, 0);
}

ARM64_TEST(without_hd_such_a_store_is_a_permission_fault)
{
	paddr_t pte = map_page(VA, PAGE_RO | ARM64_DBM, NULL);

	tcr_clear(TCR_HD);
	expect_fault(MMU_STORE, VA, DABT | WNR | 0x0f);
	ck_assert(entry_at(pte) & ARM64_AP2);
	tcr_set(TCR_HD);
	tcr_clear(TCR_HA);
	mmu_tlbi(&b.mmu[0], &(struct tlbi){ .op = TLBI_ALL });
	/* HD without HA does nothing. */
	expect_fault(MMU_STORE, VA, DABT | WNR | 0x0f);
}

/* races.md rule 2, as on x86. */
ARM64_TEST(a_store_through_a_clean_entry_looks_at_the_descriptor_again)
{
	paddr_t pte = map_page(VA, PAGE_RO | ARM64_DBM, NULL);

	ck_assert(load(VA, NULL));
	set_entry(pte, 0);
	ck_assert(load(VA, NULL));
	expect_fault(MMU_STORE, VA, DABT | WNR | 0x07);
	ck_assert_uint_eq(entry_at(pte), 0);
}

static paddr_t dbm_pte;

static void store_dbm(void *arg)
{
	(void)arg;
	ck_assert(!store(VA, 7));
}

static void unmap_dbm(void *arg)
{
	(void)arg;
	step(STEP_RMW, phys_obj(dbm_pte), 8, "clear", 0);
	set_entry(dbm_pte, 0);
}

START_TEST(the_update_does_not_bring_back_what_went_meanwhile)
{
	dbm_pte = map_page(VA, PAGE_RO | ARM64_DBM, NULL);
	run_around(store_dbm, "walk set dirty", unmap_dbm);
	ck_assert_uint_eq(entry_at(dbm_pte), 0);
}
END_TEST

/* ---- D8.6.1: the contiguous bit ---- */

ARM64_TEST(sixteen_contiguous_pages_are_one_entry)
{
	paddr_t base = UINT64_C(0x400000);

	for (unsigned i = 0; i < 16; i++)
		map_arm64(VA + i * PAGE_SIZE, base + i * PAGE_SIZE, 1,
		          PAGE_RO | ARM64_CONT);
	ck_assert(load(VA + 0x5008, NULL));
	ck_assert_uint_eq(last_acc.pa, base + 0x5008);
	ck_assert_uint_eq(b.nr_walk_reads, 4);
	ck_assert(load(VA + 0xf008, NULL));
	ck_assert_uint_eq(last_acc.pa, base + 0xf008);
	ck_assert_uint_eq(b.nr_walk_reads, 4);
	ck_assert_uint_eq(b.last_entry.shift, 16);
	/* A TLBI of one of its addresses takes it all. */
	mmu_tlbi(&b.mmu[0], &(struct tlbi){ .op = TLBI_VA, .va = VA + 0x3000 });
	ck_assert_uint_eq(nr_cached(VA + 0xf000), 0);
}

ARM64_TEST(sixteen_contiguous_blocks_are_one_entry_of_32m)
{
	map_arm64(VA, UINT64_C(0x2000000), 2, PAGE_RO | ARM64_CONT);
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(b.last_entry.shift, 25);
	ck_assert(load(VA + 0x1fff008, NULL));
	ck_assert_uint_eq(last_acc.pa, 0x2000000 + 0x1fff008);
}

/* ---- D8.2.1.2: granules ---- */

static void one_granule(unsigned granule, uint64_t tg0, uint64_t tg1,
                        unsigned levels)
{
	const paddr_t big = UINT64_C(0x40000000);
	unsigned width = granule - 3, block = granule + width;

	tcr_clear(UINT64_C(3) << TCR_TG0_SHIFT | UINT64_C(3) << TCR_TG1_SHIFT);
	tcr_set(tg0 << TCR_TG0_SHIFT | tg1 << TCR_TG1_SHIFT);
	b.mmu[0].root = big;
	b.mmu[0].arm64.root1 = big + BIT_ULL(20);
	map_arm64(VA, big * 2, 1, PAGE_RO);
	ck_assert(load(VA + 0x2008, NULL));
	ck_assert_uint_eq(last_acc.pa, big * 2 + 0x2008);
	ck_assert_uint_eq(b.nr_walk_reads, levels);
	ck_assert_uint_eq(b.last_entry.shift, granule);
	map_arm64(UINT64_C(1) << 47, big * 3, 2, PAGE_RO);
	ck_assert(load((UINT64_C(1) << 47) + 0x1234560, NULL));
	ck_assert_uint_eq(last_acc.pa, big * 3 + 0x1234560);
	ck_assert_uint_eq(b.last_entry.shift, block);
	map_arm64(KVA, big * 2 + BIT_ULL(granule), 1, PAGE_RO);
	ck_assert(load(KVA, NULL));
	ck_assert_uint_eq(last_acc.pa, big * 2 + BIT_ULL(granule));
	/* No blocks above: D8.3.1. */
	map_arm64(UINT64_C(1) << 46, 0, 3, PAGE_RO);
	ck_assert(!load(UINT64_C(1) << 46, NULL));
	ck_assert_uint_eq(last_fault.code, DABT | 0x05);
}

ARM64_TEST(granules_of_16k)
{
	one_granule(14, 2, 1, 4);
}

ARM64_TEST(granules_of_64k)
{
	one_granule(16, 1, 3, 3);
}

/* ---- speculation ---- */

ARM64_TEST(a_walk_in_the_background_sets_the_access_flag_and_never_dirty)
{
	paddr_t pte = map_page(VA, (PAGE_RO | ARM64_DBM) & ~ARM64_AF, NULL);

	ck_assert(mmu_speculate(&b.mmu[0], VA));
	ck_assert_uint_eq(entry_at(pte) & (ARM64_AF | ARM64_AP2),
	                  ARM64_AF | ARM64_AP2);
	ck_assert_uint_eq(nr_cached(VA), 1);
	tcr_clear(TCR_HA);
	set_entry(pte, entry_at(pte) & ~ARM64_AF);
	mmu_tlbi(&b.mmu[0], &(struct tlbi){ .op = TLBI_ALL });
	ck_assert(!mmu_speculate(&b.mmu[0], VA));
}

int main(void)
{
	Suite *s = suite_create("mmu/arm64_walk");
	TCase *tc = tcase_create("walk");

	tcase_add_checked_fixture(tc, arm64_setup, bench_teardown);
	tcase_add_test(tc, four_levels_of_4k_lead_to_the_frame);
	tcase_add_test(tc, blocks_are_2m_and_1g);
	tcase_add_test(tc, the_upper_half_is_ttbr1s);
	tcase_add_test(tc, smaller_address_spaces_have_fewer_levels);
	tcase_add_test(tc, epd_turns_walks_off);
	tcase_add_test(tc, the_top_byte_is_ignored_where_tbi_says_so);
	tcase_add_test(tc, a_translation_fault_names_its_level);
	tcase_add_test(tc, reserved_descriptors_are_translation_faults);
	tcase_add_test(tc, an_address_beyond_the_pa_size_faults);
	tcase_add_test(
		tc,
		instruction_aborts_and_those_of_el1_have_classes_of_their_own);
	tcase_add_test(tc, ap_decides_who_reads_and_writes);
	tcase_add_test(tc, pan_keeps_the_kernel_out);
	tcase_add_test(tc, uxn_pxn_and_writable_for_el0_decide_who_executes);
	tcase_add_test(tc, tables_take_rights_away);
	tcase_add_test(tc, what_gives_a_permission_fault_stays_cached);
	tcase_add_test(tc,
	               an_atomic_access_faults_as_a_read_if_that_would_fault);
	tcase_add_test(
		tc, what_else_is_held_does_not_say_whether_a_read_would_fault);
	tcase_add_test(tc, an_atomic_access_must_be_aligned);
	tcase_add_test(tc, hardware_sets_the_access_flag);
	tcase_add_test(tc,
	               without_ha_it_is_an_access_flag_fault_before_any_other);
	tcase_add_test(tc,
	               hardware_makes_a_dbm_page_writable_at_the_first_store);
	tcase_add_test(tc, without_hd_such_a_store_is_a_permission_fault);
	tcase_add_test(
		tc,
		a_store_through_a_clean_entry_looks_at_the_descriptor_again);
	tcase_add_test(tc, the_update_does_not_bring_back_what_went_meanwhile);
	tcase_add_test(tc, sixteen_contiguous_pages_are_one_entry);
	tcase_add_test(tc, sixteen_contiguous_blocks_are_one_entry_of_32m);
	tcase_add_test(tc, granules_of_16k);
	tcase_add_test(tc, granules_of_64k);
	tcase_add_test(
		tc,
		a_walk_in_the_background_sets_the_access_flag_and_never_dirty);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
