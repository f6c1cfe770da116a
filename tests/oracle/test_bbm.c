/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bbm: Arm ARM (DDI 0487) D8.16.1. */
#include "mmu/mmu.h"
#include "pagetable/arm64.h"
#include "tests/oracle/stage.h"

#define LEAF    (ARM64_VALID | ARM64_AP1 | ARM64_AF | ARM64_NG | ARM64_SH_INNER)
#define PAGE    (LEAF | ARM64_TYPE)
#define PAGE_RO (PAGE | ARM64_AP2)
#define TABLE   (ARM64_VALID | ARM64_TYPE)

static struct stage *s;

static void setup_stage(bool strict)
{
	s = stage_new(strict);
	s->m->arch = ARCH_ARM64;
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		act(s, cpu);
		emit(s->m, EV_CR3, .a = s->root);
	}
}

static void setup(void)
{
	setup_stage(false);
}

static void setup_strict(void)
{
	setup_stage(true);
}

static void teardown(void)
{
	/* What the machine was made as. */
	s->m->arch = ARCH_X86_64;
	stage_free(s);
}

/* The first @nr CPUs perform it. */
static void tlbi(unsigned nr, struct tlbi t)
{
	for (unsigned cpu = 0; cpu < nr; cpu++) {
		act(s, cpu);
		emit(s->m, EV_TLB_FLUSH, .addr = t.va, .a = MMU_FLUSH_TLBI_VA,
		     .b = t.asid, .c = cpu, .data = &t);
	}
}

static void expect_hazard(const char *what)
{
	const struct hazard *h = the_hazard(s, ORACLE_BBM);

	ck_assert_msg(strstr(h->text, what), "%s", h->text);
}

START_TEST(another_frame_at_once)
{
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE));
	expect_quiet(s);
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE));
	expect_hazard("output address");
}
END_TEST

START_TEST(the_same_content_read_only_may_move)
{
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE_RO));
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE_RO));
	expect_quiet(s);
}
END_TEST

START_TEST(rights_and_flags_may_change)
{
	pfn_t pfn = frame(s, FRAME_ANON);

	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE_RO & ~ARM64_AF));
	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE | ARM64_DBM));
	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE_RO | ARM64_UXN));
	expect_quiet(s);
}
END_TEST

START_TEST(memory_type_and_ng_may_not)
{
	pfn_t pfn = frame(s, FRAME_ANON);

	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE));
	set_entry(s, 0, HEAP, 1,
	          entry(pfn,
	                PAGE | ARM64_MT_NORMAL_TAGGED << ARM64_ATTRINDX_SHIFT));
	expect_quiet(s);
	set_entry(
		s, 0, HEAP, 1,
		entry(pfn, PAGE | ARM64_MT_NORMAL_NC << ARM64_ATTRINDX_SHIFT));
	expect_hazard("memory type");
}
END_TEST

START_TEST(nor_may_it_become_global)
{
	pfn_t pfn = frame(s, FRAME_ANON);

	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE));
	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE & ~ARM64_NG));
	expect_hazard("nG bit");
}
END_TEST

START_TEST(a_table_in_place_of_a_block)
{
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), TABLE));
	expect_hazard("size");
}
END_TEST

START_TEST(invalid_in_between_is_not_enough)
{
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	set_entry(s, 0, HEAP, 2, 0);
	expect_quiet(s);
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), TABLE));
	expect_hazard("size");
}
END_TEST

START_TEST(a_tlbi_that_one_cpu_has_yet_to_perform_neither)
{
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	set_entry(s, 0, HEAP, 2, 0);
	tlbi(2, (struct tlbi){ .op = TLBI_VA, .va = HEAP });
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), TABLE));
	expect_hazard("size");
}
END_TEST

START_TEST(break_before_make_is_quiet)
{
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	set_entry(s, 0, HEAP, 2, 0);
	tlbi(3, (struct tlbi){ .op = TLBI_VA, .va = HEAP + 0x5000 });
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), TABLE));
	set_entry(s, 0, HEAP + 0x3000, 1, entry(frame(s, FRAME_ANON), PAGE));
	set_entry(s, 0, HEAP, 2, 0);
	tlbi(3, (struct tlbi){ .op = TLBI_ASID });
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	expect_quiet(s);
}
END_TEST

/* A last-level TLBI does not reach a cached table. */
START_TEST(a_table_needs_one_address_of_every_level)
{
	const struct tlbi all = { .op = TLBI_VA, .va = HEAP + 0x7000 };
	struct tlbi last = all;

	last.last_level = true;
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), TABLE));
	set_entry(s, 0, HEAP, 2, 0);
	tlbi(3, all);
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	expect_quiet(s);
	set_entry(s, 0, HEAP, 2, 0);
	tlbi(3, all);
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), TABLE));
	set_entry(s, 0, HEAP, 2, 0);
	tlbi(3, last);
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	expect_hazard("size");
}
END_TEST

START_TEST(of_another_asid_it_does_not_count)
{
	set_entry(s, 0, HEAP, 2, entry(frame_huge(s), LEAF));
	set_entry(s, 0, HEAP, 2, 0);
	tlbi(3, (struct tlbi){ .op = TLBI_VA, .va = HEAP, .asid = 7 });
	set_entry(s, 0, HEAP, 2, entry(frame(s, FRAME_PT_PTE), TABLE));
	expect_hazard("size");
}
END_TEST

START_TEST(the_contiguous_bit_needs_it)
{
	pfn_t pfn = frame(s, FRAME_ANON);

	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE));
	set_entry(s, 0, HEAP, 1, 0);
	set_entry(s, 0, HEAP, 1, entry(pfn, PAGE | ARM64_CONT));
	expect_hazard("contiguous bit");
}
END_TEST

/* What Linux does between an unmap and its flush. */
START_TEST(a_fault_before_the_flush_is_tolerated)
{
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE));
	set_entry(s, 0, HEAP, 1, 0);
	set_entry(s, 1, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE));
	expect_quiet(s);
}
END_TEST

START_TEST(but_not_on_strict_machines)
{
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE));
	set_entry(s, 0, HEAP, 1, 0);
	set_entry(s, 1, HEAP, 1, entry(frame(s, FRAME_ANON), PAGE));
	expect_hazard("output address");
}
END_TEST

START_TEST(x86_has_no_such_rule)
{
	s->m->arch = ARCH_X86_64;
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), E_RW));
	set_entry(s, 0, HEAP, 1, entry(frame(s, FRAME_ANON), E_RW));
	ck_assert_uint_eq(fired(s, ORACLE_BBM), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/bbm");
	TCase *tc = tcase_create("bbm"), *strict = tcase_create("strict");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, another_frame_at_once);
	tcase_add_test(tc, the_same_content_read_only_may_move);
	tcase_add_test(tc, rights_and_flags_may_change);
	tcase_add_test(tc, memory_type_and_ng_may_not);
	tcase_add_test(tc, nor_may_it_become_global);
	tcase_add_test(tc, a_table_in_place_of_a_block);
	tcase_add_test(tc, invalid_in_between_is_not_enough);
	tcase_add_test(tc, a_tlbi_that_one_cpu_has_yet_to_perform_neither);
	tcase_add_test(tc, break_before_make_is_quiet);
	tcase_add_test(tc, a_table_needs_one_address_of_every_level);
	tcase_add_test(tc, of_another_asid_it_does_not_count);
	tcase_add_test(tc, the_contiguous_bit_needs_it);
	tcase_add_test(tc, a_fault_before_the_flush_is_tolerated);
	tcase_add_test(tc, x86_has_no_such_rule);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(strict, setup_strict, teardown);
	tcase_add_test(strict, but_not_on_strict_machines);
	suite_add_tcase(suite, strict);
	return run_suite(suite);
}
