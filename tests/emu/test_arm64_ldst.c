/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores of A64: how many accesses, and is the tag of SP's address
 * checked? The words are what an assembler made of the text beside them; by
 * hand from the pseudocode of each (Arm ARM C6.2, C7.2: tag_checked).
 */
#include "emu/arm64_ldst.h"

#include <check.h>
#include <stdlib.h>

/* clang-format off */
static const struct {
	uint32_t insn;
	unsigned nr;
	bool tag_checked;
} forms[] = {
	{ 0xf94003e0, 1, false }, /* ldr x0, [sp] */
	{ 0xf8408fe0, 1, true }, /* ldr x0, [sp, #8]! */
	{ 0x380017e0, 1, true }, /* strb w0, [sp], #1 */
	{ 0xf84013e0, 1, false }, /* ldur x0, [sp, #1] */
	{ 0xf8400be0, 1, false }, /* ldtr x0, [sp] */
	{ 0xf9400020, 1, true }, /* ldr x0, [x1] */
	{ 0xf87f6be0, 1, true }, /* ldr x0, [sp, xzr] */
	{ 0x3dc007e0, 2, false }, /* ldr q0, [sp, #16] */
	{ 0xbd0003e0, 1, false }, /* str s0, [sp] */
	{ 0xa94107e0, 2, false }, /* ldp x0, x1, [sp, #16] */
	{ 0xa9bf7bfd, 2, true }, /* stp x29, x30, [sp, #-16]! */
	{ 0xa8c17bfd, 2, true }, /* ldp x29, x30, [sp], #16 */
	{ 0xac4007e0, 4, false }, /* ldnp q0, q1, [sp] */
	{ 0x694007e0, 2, false }, /* ldpsw x0, x1, [sp] */
	{ 0x58000000, 1, false }, /* ldr x0, . */
	{ 0x9c000000, 2, false }, /* ldr q0, . */
	{ 0xd8000000, 0, true }, /* prfm pldl1keep, . */
	{ 0xf98003e0, 0, true }, /* prfm pldl1keep, [sp] */
	{ 0xf88013e0, 0, true }, /* prfum pldl1keep, [sp, #1] */
	{ 0xf8a06be0, 0, true }, /* prfm pldl1keep, [sp, x0] */
	{ 0xc8dfffe0, 1, false }, /* ldar x0, [sp] */
	{ 0x889ffc20, 1, true }, /* stlr w0, [x1] */
	{ 0xf8bfc3e0, 1, false }, /* ldapr x0, [sp] */
	{ 0xd94013e0, 1, false }, /* ldapur x0, [sp, #1] */
	{ 0x19001020, 1, true }, /* stlurb w0, [x1, #1] */
	{ 0xc85f7fe0, 0, true }, /* ldxr x0, [sp] */
	{ 0xc8208be1, 0, true }, /* stlxp w0, x1, x2, [sp] */
	{ 0xf82003e1, 2, false }, /* ldadd x0, x1, [sp] */
	{ 0xb8e08041, 2, true }, /* swpal w0, w1, [x2] */
	{ 0xc8a07fe1, 2, false }, /* cas x0, x1, [sp] */
	{ 0x08207fe2, 2, false }, /* casp w0, w1, w2, w3, [sp] */
	{ 0x48207fe2, 4, false }, /* casp x0, x1, x2, x3, [sp] */
	{ 0xf82007e0, 1, false }, /* ldraa x0, [sp] */
	{ 0xf8201fe0, 1, true }, /* ldraa x0, [sp, #8]! */
	{ 0x4c4023e0, 8, false }, /* ld1 {v0.16b - v3.16b}, [sp] */
	{ 0x0cdf73e0, 1, true }, /* ld1 {v0.8b}, [sp], #8 */
	{ 0x4c400be0, 16, false }, /* ld4 {v0.4s - v3.4s}, [sp] */
	{ 0x0c0043e0, 24, false }, /* st3 {v0.8b - v2.8b}, [sp] */
	{ 0x0d204be0, 2, false }, /* st2 {v0.h, v1.h}[1], [sp] */
	{ 0x4dffec20, 4, true }, /* ld4r {v0.2d - v3.2d}, [x1], #32 */
	{ 0xd9200be0, 0, true }, /* stg x0, [sp] */
	{ 0xd96003e0, 0, true }, /* ldg x0, [sp] */
	{ 0x690007e0, 0, true }, /* stgp x0, x1, [sp] */
	{ 0x910043e0, 0, true }, /* add x0, sp, #16 */
	{ 0xd4000001, 0, true }, /* svc #0 */
};
/* clang-format on */

START_TEST(each_form_is_known)
{
	struct a64_ldst l = a64_ldst(forms[_i].insn);

	ck_assert_msg(l.nr == forms[_i].nr, "%08x: %u accesses", forms[_i].insn,
	              l.nr);
	ck_assert_msg(l.tag_checked == forms[_i].tag_checked,
	              "%08x: checked %d", forms[_i].insn, l.tag_checked);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("emu/arm64_ldst");
	TCase *tcase = tcase_create("forms");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, each_form_is_known, 0,
	                    (int)(sizeof(forms) / sizeof(forms[0])));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
