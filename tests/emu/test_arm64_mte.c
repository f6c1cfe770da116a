/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every form of every MTE instruction: the words are what an assembler of
 * others makes of the text beside them.  What they compute, by hand from the
 * pseudocode of the Arm ARM (DDI 0487, shared/functions/mte).
 */
#include "emu/arm64_mte.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emu/disas.h"

static const struct {
	uint32_t insn;
	const char *text;
} forms[] = {
	{ 0x9adf1020, "irg x0, x1" },
	{ 0x9ac2103f, "irg sp, x1, x2" },
	{ 0x9ac413e3, "irg x3, sp, x4" },
	{ 0x9ac21420, "gmi x0, x1, x2" },
	{ 0x9adf17e5, "gmi x5, sp, xzr" },
	{ 0x9ac20020, "subp x0, x1, x2" },
	{ 0x9adf03e0, "subp x0, sp, sp" },
	{ 0xbac20020, "subps x0, x1, x2" },
	{ 0xbac2003f, "cmpp x1, x2" },
	{ 0xbade03ff, "cmpp sp, x30" },
	{ 0x91800020, "addg x0, x1, #0, #0" },
	{ 0x91bf3c3f, "addg sp, x1, #1008, #15" },
	{ 0x918107e7, "addg x7, sp, #16, #1" },
	{ 0xd1820be0, "subg x0, sp, #32, #2" },
	{ 0xd1bf3fff, "subg sp, sp, #1008, #15" },
	{ 0xd9200820, "stg x0, [x1]" },
	{ 0xd920183f, "stg sp, [x1, #16]" },
	{ 0xd9300be2, "stg x2, [sp, #-4096]" },
	{ 0xd92ff420, "stg x0, [x1], #4080" },
	{ 0xd93ffc20, "stg x0, [x1, #-16]!" },
	{ 0xd9600820, "stzg x0, [x1]" },
	{ 0xd9602820, "stzg x0, [x1, #32]" },
	{ 0xd97ff420, "stzg x0, [x1], #-16" },
	{ 0xd9601fff, "stzg sp, [sp, #16]!" },
	{ 0xd9a00820, "st2g x0, [x1]" },
	{ 0xd9aff820, "st2g x0, [x1, #4080]" },
	{ 0xd9a02420, "st2g x0, [x1], #32" },
	{ 0xd9b00c20, "st2g x0, [x1, #-4096]!" },
	{ 0xd9e00820, "stz2g x0, [x1]" },
	{ 0xd9ffe820, "stz2g x0, [x1, #-32]" },
	{ 0xd9e02420, "stz2g x0, [x1], #32" },
	{ 0xd9e02c20, "stz2g x0, [x1, #32]!" },
	{ 0x69000440, "stgp x0, x1, [x2]" },
	{ 0x691f8440, "stgp x0, x1, [x2, #1008]" },
	{ 0x692007ff, "stgp xzr, x1, [sp, #-1024]" },
	{ 0x68808440, "stgp x0, x1, [x2], #16" },
	{ 0x69bffc40, "stgp x0, xzr, [x2, #-16]!" },
	{ 0xd9600020, "ldg x0, [x1]" },
	{ 0xd96013e0, "ldg x0, [sp, #16]" },
	{ 0xd970003f, "ldg xzr, [x1, #-4096]" },
	{ 0xd9e00020, "ldgm x0, [x1]" },
	{ 0xd9a003e0, "stgm x0, [sp]" },
	{ 0xd920003e, "stzgm x30, [x1]" },
	{ 0xd50b7460, "dc gva, x0" },
	{ 0xd50b749e, "dc gzva, x30" },
};

START_TEST(forms_have_their_text)
{
	struct disas *disas = disas_new(ARCH_ARM64);
	char text[80];

	ck_assert_uint_eq(disas_insn(disas, (const uint8_t *)&forms[_i].insn, 4,
	                             0, text, sizeof(text)),
	                  4);
	ck_assert_str_eq(text, forms[_i].text);
	disas_free(disas);
}
END_TEST

START_TEST(neighbours_are_something_else)
{
	static const uint32_t others[] = {
		0x9ac21020 ^ 1U << 31, /* sf = 0 */
		0xdac21020,            /* one source */
		0x9ac21820,            /* opcode 000110 */
		0x9ac20c20,            /* SDIV */
		0xbac21020,            /* IRG with S */
		0x91008020,            /* ADD */
		0x91808020 | 3 << 14,  /* op3 = 11 */
		0xd9201020, /* op2 = 00 with an immediate: STZGM has none */
		0xd9a01020,
		0xd9e01020,
		0xa9000440, /* STP of 64 bits */
		0x69400440, /* LDPSW */
		0x68c00440,
		0xd50b7420, /* DC ZVA */
		0xd5087460, /* DC IGSW and others of EL1 */
		0,
		0xffffffff,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(mte_decode(others[i]).op == MTE_NONE,
		              "%08x is %s", others[i],
		              mte_decode(others[i]).name);
}
END_TEST

START_TEST(fields_are_where_they_belong)
{
	struct mte_insn i = mte_decode(0xd9b00fe3); /* st2g x3, [sp, #-4096]! */

	ck_assert_int_eq(i.op, MTE_STG);
	ck_assert_uint_eq(i.rd, 3);
	ck_assert_uint_eq(i.rn, 31);
	ck_assert_int_eq(i.offset, -4096);
	ck_assert_int_eq(i.index, MTE_PRE);
	ck_assert_uint_eq(i.granules, 2);
	ck_assert(!i.zero);
	i = mte_decode(0x68a00440); /* stgp x0, x1, [x2], #-1024 */
	ck_assert_int_eq(i.op, MTE_STGP);
	ck_assert_uint_eq(i.rm, 1);
	ck_assert_int_eq(i.index, MTE_POST);
	ck_assert_int_eq(i.offset, -1024);
	i = mte_decode(0x91bf3c20); /* addg x0, x1, #1008, #15 */
	ck_assert_int_eq(i.offset, 1008);
	ck_assert_uint_eq(i.tag_offset, 15);
}
END_TEST

/* ChooseNonExcludedTag() counts tags that are not excluded, and with offset 0
 * goes to the next of them. */
START_TEST(tags_are_chosen_among_those_not_excluded)
{
	ck_assert_uint_eq(mte_choose_tag(3, 0, 0), 3);
	ck_assert_uint_eq(mte_choose_tag(3, 0, 0x0018), 5);
	ck_assert_uint_eq(mte_choose_tag(3, 1, 0x0018), 5);
	ck_assert_uint_eq(mte_choose_tag(3, 2, 0x0018), 6);
	ck_assert_uint_eq(mte_choose_tag(15, 1, 0x0001), 1);
	ck_assert_uint_eq(mte_choose_tag(14, 15, 0), 13);
	ck_assert_uint_eq(mte_choose_tag(9, 7, 0xfffe), 0);
	ck_assert_uint_eq(mte_choose_tag(9, 7, 0xffff), 0);
}
END_TEST

/* From SEED 1: the bits 1 0 0 0, then 0 0 0 0, then 0 0 0 1 are those the
 * register feeds back; done by hand with its taps 5, 3, 2, 0. */
START_TEST(irg_follows_the_shift_register)
{
	struct mte_random r = { .seed = 1 };
	uint64_t va = 0xab00123456789abc;

	ck_assert_uint_eq(mte_irg(&r, va, 0), 0xa100123456789abc);
	ck_assert_uint_eq(r.seed, 0x1000);
	ck_assert_uint_eq(r.tag, 1);
	ck_assert_uint_eq(mte_irg(&r, va, 0), 0xa100123456789abc);
	ck_assert_uint_eq(r.seed, 0x0100);
	/* Two excluded by the instruction, the rest but 7 by GCR_EL1. */
	r.exclude = 0xff7c;
	ck_assert_uint_eq(mte_irg(&r, va, 0x0003), 0xa700123456789abc);
	r.exclude = 0xffff;
	ck_assert_uint_eq(mte_irg(&r, va, 0), 0xa000123456789abc);
}
END_TEST

START_TEST(addg_keeps_the_rest_of_the_top_byte)
{
	ck_assert_uint_eq(mte_addg(0x5f00000000001000, 32, 2, 0),
	                  0x5100000000001020);
	ck_assert_uint_eq(mte_addg(0x5f00000000001000, -32, 1, 0x0001),
	                  0x5100000000000fe0);
}
END_TEST

START_TEST(subp_does_not_see_tags)
{
	uint32_t nzcv;

	ck_assert_uint_eq(
		mte_subp(0x0300000000001010, 0x0500000000001000, &nzcv), 0x10);
	ck_assert_uint_eq(nzcv, 0x20000000);
	ck_assert_uint_eq(mte_subp(0x1000, 0xf000000000001000, &nzcv), 0);
	ck_assert_uint_eq(nzcv, 0x60000000);
	ck_assert_uint_eq(mte_subp(0xff, 0x100, &nzcv), UINT64_MAX);
	ck_assert_uint_eq(nzcv, 0x80000000);
	/* Bit 55 is the sign. */
	ck_assert_uint_eq(mte_subp(0x0080000000000000, 1, &nzcv),
	                  0xff7fffffffffffff);
	ck_assert_uint_eq(nzcv, 0xa0000000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu/arm64_mte");
	TCase *tc = tcase_create("mte");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, forms_have_their_text, 0,
	                    (int)ARRAY_SIZE(forms));
	tcase_add_test(tc, neighbours_are_something_else);
	tcase_add_test(tc, fields_are_where_they_belong);
	tcase_add_test(tc, tags_are_chosen_among_those_not_excluded);
	tcase_add_test(tc, irg_follows_the_shift_register);
	tcase_add_test(tc, addg_keeps_the_rest_of_the_top_byte);
	tcase_add_test(tc, subp_does_not_see_tags);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
