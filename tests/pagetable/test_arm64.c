/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of arm64: bits of the Arm ARM (DDI 0487, D8.3), values that Linux
 * v6.12 has for them (arch/arm64/include/asm/pgtable*.h, arch/arm64/mm/).
 */
#include <check.h>
#include <stdlib.h>

#include "base/machine.h"
#include "pagetable/format.h"
#include "pagetable/pgtable.h"

#define BIT(n)    (UINT64_C(1) << (n))
#define VALID     BIT(0)
#define TABLE     BIT(1)
#define USER      BIT(6)
#define RDONLY    BIT(7)
#define SHARED    (BIT(8) | BIT(9))
#define AF        BIT(10)
#define NG        BIT(11)
#define DBM       BIT(51)
#define CONT      BIT(52)
#define PXN       BIT(53)
#define UXN       BIT(54)
#define DIRTY     BIT(55)
#define VM_READ   1
#define VM_WRITE  2
#define VM_EXEC   4
#define VM_SHARED 8
/* _PAGE_DEFAULT with MT_NORMAL, which is 0 */
#define DEFAULT   (VALID | TABLE | AF | SHARED)
#define READONLY  (DEFAULT | USER | RDONLY | NG | PXN | UXN)
#define VA        UINT64_C(0x800040201000)

static struct machine *m;

static void setup(void)
{
	const struct machine_config config = {
		.arch = ARCH_ARM64,
		.nr_cpus = 1,
		.memory_bytes = UINT64_C(1) << 30,
	};

	m = machine_new(&config);
}

static void teardown(void)
{
	machine_free(m);
}

/* Values speak the format of the machine whose agent asks. */
static void run(void (*fn)(void *arg))
{
	m->policy = policy_timed_new();
	agent_new(m, AGENT_TASK, &m->cpus[0], "test", fn, NULL);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	policy_free(m->policy);
	m->policy = NULL;
}

#define RUN_TEST(name)                      \
	static void name##_body(void *arg); \
	START_TEST(name)                    \
	{                                   \
		run(name##_body);           \
	}                                   \
	END_TEST                            \
	static void name##_body(__attribute__((unused)) void *arg)

static uint64_t prot(unsigned vm_flags)
{
	return pgprot_val(vm_get_page_prot(vm_flags));
}

RUN_TEST(rights_of_a_vma_are_linuxs_protection_map)
{
	const uint64_t none = (DEFAULT & ~VALID) | NG | RDONLY | PXN | UXN;

	ck_assert_uint_eq(prot(0), none);
	ck_assert_uint_eq(prot(VM_SHARED), none);
	ck_assert_uint_eq(prot(VM_READ), READONLY);
	ck_assert_uint_eq(prot(VM_READ | VM_WRITE), READONLY);
	ck_assert_uint_eq(prot(VM_EXEC), READONLY & ~UXN);
	ck_assert_uint_eq(prot(VM_READ | VM_WRITE | VM_EXEC), READONLY & ~UXN);
	/* Clean: AP[2] says read-only, DBM that hardware may change that. */
	ck_assert_uint_eq(prot(VM_SHARED | VM_READ | VM_WRITE), READONLY | DBM);
	ck_assert_uint_eq(prot(VM_SHARED | VM_WRITE | VM_EXEC),
	                  (READONLY | DBM) & ~UXN);
	ck_assert_uint_eq(prot(VM_SHARED | VM_READ), READONLY);
}

/* The table in Linux's pgtable.h. */
RUN_TEST(dirty_and_writable_are_in_three_bits)
{
	pte_t clean = pfn_pte(0x12345, vm_get_page_prot(VM_READ));
	pte_t dirty = pte_mkdirty(clean);

	ck_assert_uint_eq(pte_val(clean), UINT64_C(0x12345000) | READONLY);
	ck_assert(!pte_dirty(clean) && !pte_write(clean));
	/* 0 1 */
	ck_assert_uint_eq(pte_val(pte_mkwrite(clean)), pte_val(clean) | DBM);
	ck_assert(!pte_dirty(pte_mkwrite(clean)));
	/* 1 0 */
	ck_assert_uint_eq(pte_val(dirty), pte_val(clean) | DIRTY);
	ck_assert(pte_dirty(dirty) && !pte_write(dirty));
	/* 1 1 */
	ck_assert_uint_eq(pte_val(pte_mkwrite(dirty)),
	                  (pte_val(clean) | DIRTY | DBM) & ~RDONLY);
	ck_assert_uint_eq(pte_val(pte_mkdirty(pte_mkwrite(clean))),
	                  (pte_val(clean) | DIRTY | DBM) & ~RDONLY);
}

RUN_TEST(what_hardware_made_dirty_is_not_lost)
{
	pte_t clean = pte_mkwrite(pfn_pte(7, vm_get_page_prot(VM_READ)));
	pte_t hw = __pte(pte_val(clean) & ~RDONLY); /* DBM: a store */

	ck_assert(pte_dirty(hw));
	ck_assert_uint_eq(pte_val(__pte_wrprotect(hw)),
	                  0x7000 | READONLY | DIRTY);
	ck_assert_uint_eq(pte_val(__pte_wrprotect(clean)), 0x7000 | READONLY);
	ck_assert_uint_eq(pte_val(pte_mkclean(hw)), pte_val(clean));
	ck_assert_uint_eq(pte_val(pte_modify(hw, vm_get_page_prot(VM_READ))),
	                  0x7000 | READONLY | DIRTY);
	/* Writable again: dirty for hardware as well. */
	ck_assert_uint_eq(
		pte_val(pte_modify(pte_modify(hw, vm_get_page_prot(VM_READ)),
	                           vm_get_page_prot(VM_SHARED | VM_WRITE))),
		(0x7000 | READONLY | DIRTY | DBM) & ~RDONLY);
}

RUN_TEST(prot_none_is_present_for_the_kernel_only)
{
	pte_t pte = pfn_pte(5, vm_get_page_prot(0));
	pmd_t pmd = pmd_mkinvalid(
		pmd_mkhuge(pfn_pmd(0x400, vm_get_page_prot(VM_READ))));

	ck_assert(pte_present(pte) && !pte_hw_present(pte));
	ck_assert(pte_protnone(pte) && !is_swap_pte(pte));
	ck_assert_uint_eq(pte_pfn(pte), 5);
	/* The same encoding, and yet no PROT_NONE: it has PTE_USER. */
	ck_assert(!pte_protnone(__pte(pmd_val(pmd))));
	ck_assert(pmd_present(pmd) && !pmd_hw_present(pmd));
	ck_assert(pmd_trans_huge(pmd));
	ck_assert_uint_eq(pmd_pfn(pmd), 0x400);
}

RUN_TEST(a_block_and_a_table_differ_in_bit_one)
{
	pmd_t huge = pmd_mkhuge(pfn_pmd(0x400, vm_get_page_prot(VM_READ)));
	pmd_t table = mk_pmd_table(0x77);

	ck_assert_uint_eq(pmd_val(huge),
	                  UINT64_C(0x400000) | (READONLY & ~TABLE));
	ck_assert(pmd_leaf(huge) && pmd_bad(huge) && pmd_present(huge));
	/* PMD_TYPE_TABLE | PMD_TABLE_PXN */
	ck_assert_uint_eq(pmd_val(table), UINT64_C(0x77000) | 3 | BIT(59));
	ck_assert(pmd_present(table) && !pmd_leaf(table) && !pmd_bad(table));
	ck_assert_uint_eq(pmd_pgtable(table), 0x77);
	ck_assert(pmd_none(__pmd(0)) && pmd_bad(__pmd(0)));
	ck_assert(!pmd_leaf(__pmd(0)));
}

RUN_TEST(swap_entries_have_linuxs_layout)
{
	pte_t pte = swp_entry_to_pte(swp_entry(3, 0x12345));

	ck_assert_uint_eq(pte_val(pte), UINT64_C(0x12345000) | 3 << 6);
	for (unsigned type = 0; type < 32; type++) {
		swp_entry_t e = swp_entry(type, UINT64_C(0x2000000000001));

		pte = swp_entry_to_pte(e);
		ck_assert(is_swap_pte(pte) && !pte_hw_present(pte));
		ck_assert_uint_eq(pte_to_swp_entry(pte).val, e.val);
	}
}

RUN_TEST(the_contiguous_bit_comes_and_goes)
{
	pte_t pte = pfn_pte(16, vm_get_page_prot(VM_READ));

	ck_assert(!pte_cont(pte));
	ck_assert(pte_cont(pte_mkcont(pte)));
	ck_assert_uint_eq(pte_val(pte_mkcont(pte)), pte_val(pte) | CONT);
	ck_assert(pte_same(pte_mknoncont(pte_mkcont(pte)), pte));
	/* Not a right: mprotect() leaves it to whoever unfolds. */
	ck_assert(pte_cont(pte_modify(pte_mkcont(pte), vm_get_page_prot(0))));
}

RUN_TEST(user_space_is_all_that_ttbr0_spans)
{
	ck_assert_uint_eq(task_size(), UINT64_C(1) << 48);
	ck_assert_uint_eq(PGDIR_SIZE, UINT64_C(1) << 39);
	ck_assert_ptr_eq(pt_format_of(m), &arm64_pt_format_4k);
}

static pfn_t new_table(enum frame_kind kind)
{
	return page_to_pfn(&m->mem, alloc_frames(m, 0, kind, true));
}

static pte_t *build(paddr_t root)
{
	p4d_t *p4d = p4d_offset(pgd_offset_pgd(root, VA), VA);
	pud_t *pud;
	pmd_t *pmd;

	p4d_populate(VA, p4d, new_table(FRAME_PT_PUD));
	pud = pud_offset(p4d, VA);
	pud_populate(VA, pud, new_table(FRAME_PT_PMD));
	pmd = pmd_offset(pud, VA);
	pmd_populate(VA, pmd, new_table(FRAME_PT_PTE));
	return pte_offset_kernel(pmd, VA);
}

static bool note_leaf(const struct pt_entry *e, vaddr_t addr, void *data)
{
	if (e->leaf)
		*(vaddr_t *)data = addr;
	return true;
}

/* Bit 47 of an address is no sign here. */
RUN_TEST(a_walk_finds_what_was_built_above_bit_47)
{
	paddr_t root = new_table(FRAME_PT_PGD) << PAGE_SHIFT;
	pte_t *pte = build(root);
	struct pt_walk w;
	vaddr_t seen = 0;

	__set_pte_at(VA, pte, pfn_pte(9, vm_get_page_prot(VM_SHARED | 3)));
	w = pt_walk(m, root, VA + 5);
	ck_assert(w.leaf && w.user && w.write && !w.exec);
	ck_assert_uint_eq(w.paddr, 0x9005);
	pt_for_each_entry(m, root, 0, task_size(), note_leaf, &seen);
	ck_assert_uint_eq(seen, VA);
}

/* __ptep_set_access_flags(): AP[2] the lower, the rest the higher. */
RUN_TEST(access_flags_do_not_undo_what_hardware_did)
{
	paddr_t root = new_table(FRAME_PT_PGD) << PAGE_SHIFT;
	pte_t *ptep = build(root);
	pte_t old =
		pte_mkold(pte_mkwrite(pfn_pte(9, vm_get_page_prot(VM_READ))));
	pte_t stored = __pte(pte_val(old) & ~RDONLY);

	__set_pte_at(VA, ptep, stored);
	ck_assert(__ptep_set_access_flags(VA, ptep, pte_mkyoung(old), false));
	ck_assert_uint_eq(pte_val(__ptep_get(VA, ptep)),
	                  pte_val(pte_mkyoung(stored)));
	/* Frame and attributes are not taken over. */
	ck_assert(__ptep_set_access_flags(
		VA, ptep, pfn_pte(8, vm_get_page_prot(VM_READ)), true));
	ck_assert_uint_eq(pte_pfn(__ptep_get(VA, ptep)), 9);
	ck_assert(pte_dirty(__ptep_get(VA, ptep)));
	ck_assert(
		!__ptep_set_access_flags(VA, ptep, __ptep_get(VA, ptep), true));
}

RUN_TEST(tables_take_rights_away_from_what_is_below)
{
	const uint64_t table = 0x5000 | 3;

	ck_assert(pt_decode(m, 2, table).user);
	ck_assert(!pt_decode(m, 2, table | BIT(61)).user);
	ck_assert(pt_decode(m, 2, table).write);
	ck_assert(!pt_decode(m, 2, table | BIT(62)).write);
	ck_assert(pt_decode(m, 2, table).exec);
	ck_assert(!pt_decode(m, 2, table | BIT(60)).exec);
	/* D8.3: no block at level 0, no 01 at level 3. */
	ck_assert(pt_decode(m, 4, 1).reserved);
	ck_assert(pt_decode(m, 1, 1).reserved);
	ck_assert(!pt_decode(m, 2, 1).reserved);
}

int main(void)
{
	Suite *s = suite_create("pagetable/arm64");
	TCase *tc = tcase_create("arm64");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rights_of_a_vma_are_linuxs_protection_map);
	tcase_add_test(tc, dirty_and_writable_are_in_three_bits);
	tcase_add_test(tc, what_hardware_made_dirty_is_not_lost);
	tcase_add_test(tc, prot_none_is_present_for_the_kernel_only);
	tcase_add_test(tc, a_block_and_a_table_differ_in_bit_one);
	tcase_add_test(tc, swap_entries_have_linuxs_layout);
	tcase_add_test(tc, the_contiguous_bit_comes_and_goes);
	tcase_add_test(tc, user_space_is_all_that_ttbr0_spans);
	tcase_add_test(tc, a_walk_finds_what_was_built_above_bit_47);
	tcase_add_test(tc, access_flags_do_not_undo_what_hardware_did);
	tcase_add_test(tc, tables_take_rights_away_from_what_is_below);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
