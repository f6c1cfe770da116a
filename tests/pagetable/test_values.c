/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries as values, against SDM 3A tables 4-15 to 4-20 and what Linux does. */
#include <check.h>
#include <stdlib.h>

#include "pagetable/pgtable.h"

#define P         0x001
#define RW        0x002
#define US        0x004
#define A         0x020
#define D         0x040
#define PS        0x080
#define G         0x100
#define NX        (UINT64_C(1) << 63)
#define VM_READ   1
#define VM_WRITE  2
#define VM_EXEC   4
#define VM_SHARED 8

static uint64_t prot(unsigned vm_flags)
{
	return pgprot_val(vm_get_page_prot(vm_flags));
}

START_TEST(rights_of_a_vma_are_linuxs_protection_map)
{
	/* PAGE_NONE, READONLY, COPY, READONLY_EXEC, SHARED, SHARED_EXEC */
	ck_assert_uint_eq(prot(0), G | A);
	ck_assert_uint_eq(prot(VM_READ), P | US | A | NX);
	ck_assert_uint_eq(prot(VM_READ | VM_WRITE), P | US | A | NX);
	ck_assert_uint_eq(prot(VM_EXEC), P | US | A);
	ck_assert_uint_eq(prot(VM_READ | VM_EXEC), P | US | A);
	ck_assert_uint_eq(prot(VM_READ | VM_WRITE | VM_EXEC), P | US | A);
	ck_assert_uint_eq(prot(VM_SHARED), G | A);
	ck_assert_uint_eq(prot(VM_SHARED | VM_READ), P | US | A | NX);
	ck_assert_uint_eq(prot(VM_SHARED | VM_READ | VM_WRITE),
	                  P | RW | US | A | NX);
	ck_assert_uint_eq(prot(VM_SHARED | VM_WRITE | VM_EXEC),
	                  P | RW | US | A);
	/* Other flags do not matter. */
	ck_assert_uint_eq(prot(VM_READ | 0x70 | 0x2000), P | US | A | NX);
}
END_TEST

START_TEST(a_pte_has_the_bits_of_the_manual)
{
	pte_t pte = pfn_pte(0x12345, vm_get_page_prot(VM_READ | VM_WRITE));

	ck_assert_uint_eq(pte_val(pte), UINT64_C(0x12345000) | P | US | A | NX);
	ck_assert_uint_eq(pte_val(pte_mkwrite(pte)), pte_val(pte) | RW);
	ck_assert_uint_eq(pte_val(pte_mkdirty(pte)), pte_val(pte) | D);
	ck_assert_uint_eq(pte_val(pte_mkold(pte)), pte_val(pte) & ~A);
	ck_assert_uint_eq(pte_val(pte_mkyoung(pte_mkold(pte))), pte_val(pte));
	ck_assert_uint_eq(pte_val(pte_mkclean(pte_mkdirty(pte))), pte_val(pte));
	ck_assert_uint_eq(pte_val(__pte_wrprotect(pte_mkwrite(pte))),
	                  pte_val(pte));
	ck_assert_uint_eq(pte_pfn(pte), 0x12345);
	ck_assert(pte_present(pte) && pte_user(pte) && pte_young(pte));
	ck_assert(!pte_write(pte) && !pte_dirty(pte) && !pte_exec(pte));
	ck_assert(!pte_none(pte));
}
END_TEST

START_TEST(prot_none_is_present_for_the_kernel_only)
{
	pte_t pte = pfn_pte(5, vm_get_page_prot(0));

	ck_assert(pte_present(pte));
	ck_assert(!pte_hw_present(pte));
	ck_assert(pte_protnone(pte));
	ck_assert(!is_swap_pte(pte));
	ck_assert_uint_eq(pte_pfn(pte), 5);
}
END_TEST

START_TEST(pte_modify_keeps_the_frame_and_accessed_and_dirty)
{
	pgprot_t rw = vm_get_page_prot(VM_SHARED | VM_READ | VM_WRITE);
	pgprot_t ro = vm_get_page_prot(VM_READ);
	pte_t pte = pte_mkdirty(pfn_pte(7, rw));

	ck_assert_uint_eq(pte_val(pte_modify(pte, ro)),
	                  0x7000 | P | US | A | D | NX);
	ck_assert(pte_protnone(pte_modify(pte, vm_get_page_prot(0))));
	ck_assert_uint_eq(
		pte_val(pte_modify(pte_modify(pte, vm_get_page_prot(0)), rw)),
		pte_val(pte));
	/* A is not invented. */
	ck_assert(!pte_young(pte_modify(pte_mkold(pte), ro)));
}
END_TEST

START_TEST(accessed_and_dirty_alone_are_none)
{
	ck_assert(pte_none(__pte(0)));
	ck_assert(pte_none(__pte(A | D)));
	ck_assert(pmd_none(__pmd(D)));
	ck_assert(!pte_none(__pte(RW)));
}
END_TEST

START_TEST(poison_is_not_present)
{
	const uint64_t poison = UINT64_C(0xaaaaaaaaaaaaaaaa);

	ck_assert(!pte_hw_present(__pte(poison)));
	ck_assert(pmd_bad(__pmd(poison)));
}
END_TEST

START_TEST(a_huge_pmd_is_a_leaf_and_bad_as_a_table)
{
	pmd_t pmd = pmd_mkhuge(pfn_pmd(0x400, vm_get_page_prot(VM_READ)));

	ck_assert_uint_eq(pmd_val(pmd),
	                  UINT64_C(0x400000) | P | US | A | PS | NX);
	ck_assert(pmd_present(pmd) && pmd_leaf(pmd) && pmd_trans_huge(pmd));
	ck_assert(pmd_bad(pmd));
	ck_assert_uint_eq(pmd_pfn(pmd), 0x400);
	ck_assert(pmd_write(pmd_mkwrite(pmd)));
	ck_assert(pmd_dirty(pmd_mkdirty(pmd)));
	/* PAT of a large page is not part of the frame number. */
	ck_assert_uint_eq(pmd_pfn(__pmd(pmd_val(pmd) | 0x1000)), 0x400);
}
END_TEST

START_TEST(an_invalidated_pmd_is_present_for_the_kernel_only)
{
	pmd_t pmd = pmd_mkhuge(pfn_pmd(0x400, vm_get_page_prot(VM_READ)));
	pmd_t invalid = pmd_mkinvalid(pmd);

	ck_assert(!pmd_hw_present(invalid));
	ck_assert(pmd_present(invalid));
	ck_assert(pmd_trans_huge(invalid));
	ck_assert_uint_eq(pmd_pfn(invalid), 0x400);
	ck_assert(!pmd_same(pmd, invalid));
}
END_TEST

START_TEST(a_table_pmd_is_neither_bad_nor_a_leaf)
{
	pmd_t pmd = mk_pmd_table(0x77);

	/* _PAGE_TABLE */
	ck_assert_uint_eq(pmd_val(pmd), UINT64_C(0x77067));
	ck_assert(pmd_present(pmd) && !pmd_leaf(pmd) && !pmd_bad(pmd));
	ck_assert_uint_eq(pmd_pgtable(pmd), 0x77);
	ck_assert(!pmd_bad(__pmd(pmd_val(pmd) & ~(uint64_t)A)));
	ck_assert(pmd_bad(__pmd(0)));
}
END_TEST

START_TEST(swap_entries_survive_and_are_neither_none_nor_present)
{
	static const uint64_t offsets[] = { 0, 1, 0x12345678,
		                            UINT64_C(0x2000000000000) };

	for (unsigned type = 0; type < 32; type++) {
		for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
			pte_t pte =
				swp_entry_to_pte(swp_entry(type, offsets[i]));
			swp_entry_t back = pte_to_swp_entry(pte);

			ck_assert(is_swap_pte(pte));
			ck_assert(!pte_hw_present(pte));
			ck_assert_uint_eq(swp_type(back), type);
			ck_assert_uint_eq(swp_offset(back), offsets[i]);
		}
	}
}
END_TEST

START_TEST(ends_of_ranges_stop_at_boundaries_and_do_not_wrap)
{
	ck_assert_uint_eq(pmd_addr_end(0x1000, 0x500000), 0x200000);
	ck_assert_uint_eq(pmd_addr_end(0x1000, 0x2000), 0x2000);
	ck_assert_uint_eq(pmd_addr_end(0x200000, 0x500000), 0x400000);
	ck_assert_uint_eq(pud_addr_end(0, UINT64_C(1) << 40), PUD_SIZE);
	ck_assert_uint_eq(pgd_addr_end(~UINT64_C(0xfff), 0), 0);
	ck_assert_uint_eq(PGDIR_SIZE, UINT64_C(1) << 39);
	ck_assert_uint_eq(task_size(), UINT64_C(0x00007ffffffff000));
}
END_TEST

START_TEST(an_index_is_nine_bits_of_the_address)
{
	const vaddr_t va = UINT64_C(1) << 39 | UINT64_C(2) << 30 |
	                   UINT64_C(3) << 21 | UINT64_C(4) << 12 | 5;

	ck_assert_uint_eq(pgd_index(va), 1);
	ck_assert_uint_eq(pud_index(va), 2);
	ck_assert_uint_eq(pmd_index(va), 3);
	ck_assert_uint_eq(pte_index(va), 4);
}
END_TEST

START_TEST(an_entry_is_written_out_in_words)
{
	char buf[80], tiny[8];

	ck_assert_str_eq(pt_entry_format(NULL, 1, 0x12067, buf, sizeof(buf)),
	                 "pfn 0x12 P RW US A D");
	ck_assert_str_eq(pt_entry_format(NULL, 1, 0, buf, sizeof(buf)), "none");
	ck_assert_str_eq(pt_entry_format(NULL, 1, 0x12067, tiny, sizeof(tiny)),
	                 "pfn 0x1");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pagetable/values");
	TCase *tc = tcase_create("values");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, rights_of_a_vma_are_linuxs_protection_map);
	tcase_add_test(tc, a_pte_has_the_bits_of_the_manual);
	tcase_add_test(tc, prot_none_is_present_for_the_kernel_only);
	tcase_add_test(tc, pte_modify_keeps_the_frame_and_accessed_and_dirty);
	tcase_add_test(tc, accessed_and_dirty_alone_are_none);
	tcase_add_test(tc, poison_is_not_present);
	tcase_add_test(tc, a_huge_pmd_is_a_leaf_and_bad_as_a_table);
	tcase_add_test(tc, an_invalidated_pmd_is_present_for_the_kernel_only);
	tcase_add_test(tc, a_table_pmd_is_neither_bad_nor_a_leaf);
	tcase_add_test(tc,
	               swap_entries_survive_and_are_neither_none_nor_present);
	tcase_add_test(tc, ends_of_ranges_stop_at_boundaries_and_do_not_wrap);
	tcase_add_test(tc, an_index_is_nine_bits_of_the_address);
	tcase_add_test(tc, an_entry_is_written_out_in_words);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
