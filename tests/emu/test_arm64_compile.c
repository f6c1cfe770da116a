/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every template against encodings of the Arm ARM (DDI 0487, C6.2): the words
 * expected here are what an assembler of others makes of the text beside them.
 */
#include "emu/code.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "emu/disas.h"
#include "emu/vcpu_arch.h"
#include "tests/emu/rig.h"

static struct disas *disas;

static void setup(void)
{
	disas = disas_new(ARCH_ARM64);
}

static void teardown(void)
{
	disas_free(disas);
}

struct expected {
	uint32_t insn;
	const char *text;
};

/* @op compiles to the @n instructions, the one with number @access of which
 * uses memory. */
static void expect_n(struct op op, unsigned access, const struct expected *want,
                     unsigned n)
{
	struct op ops[] = { op, { .kind = OP_EXIT } };
	struct program p = PROGRAM(ops);
	struct code *code = code_compile(&vcpu_arch_arm64, &p);
	GString *text = g_string_new(NULL);
	char *got = disas_op(disas, code, 0);

	ck_assert_uint_eq(code->op[0].nr_insns, n);
	ck_assert_uint_eq(code->op[0].size, 4 * n);
	ck_assert_uint_eq(code->op[0].access, access);
	for (unsigned i = 0; i < n; i++) {
		uint32_t insn;

		memcpy(&insn, code->bytes + 4 * (size_t)i, 4);
		ck_assert_msg(insn == want[i].insn, "%s: %08x, expected %08x",
		              want[i].text, insn, want[i].insn);
		ck_assert_uint_eq(code_insn_size(code, 0, i), 4);
		g_string_append_printf(text, "\t%s\n", want[i].text);
	}
	ck_assert_str_eq(got, text->str);
	g_string_free(text, TRUE);
	g_free(got);
	code_free(code);
}

#define EXPECT(op, access, ...)                                  \
	do {                                                     \
		const struct expected want_[] = { __VA_ARGS__ }; \
		expect_n(op, access, want_, ARRAY_SIZE(want_));  \
	} while (0)

START_TEST(loads_zero_extend)
{
	struct op op = { .kind = OP_LOAD, .reg = 3, .base = REG(1) };

	op.size = 1;
	EXPECT(op, 1, { 0x39400275, "ldrb w21, [x19]" });
	op.size = 2;
	EXPECT(op, 1, { 0x79400275, "ldrh w21, [x19]" });
	op.size = 4;
	EXPECT(op, 1, { 0xb9400275, "ldr w21, [x19]" });
	op.size = 8;
	EXPECT(op, 1, { 0xf9400275, "ldr x21, [x19]" });
}
END_TEST

START_TEST(addresses_take_every_form)
{
	struct op op = { .kind = OP_LOAD,
		         .reg = 1,
		         .size = 8,
		         .base = REG(2),
		         .disp = 32760 };

	EXPECT(op, 1, { 0xf97ffe93, "ldr x19, [x20, #0x7ff8]" });
	op.disp = 32768;
	EXPECT(op, 2, { 0xd290000a, "mov x10, #0x8000" },
	       { 0xf86a6a93, "ldr x19, [x20, x10]" });
	op.disp = -256;
	EXPECT(op, 1, { 0xf8500293, "ldur x19, [x20, #-0x100]" });
	op.disp = 255;
	EXPECT(op, 1, { 0xf84ff293, "ldur x19, [x20, #0xff]" });
	op.disp = -257;
	EXPECT(op, 2, { 0x9280200a, "mov x10, #0xfffffffffffffeff" },
	       { 0xf86a6a93, "ldr x19, [x20, x10]" });
	op.size = 2;
	op.disp = 8190;
	EXPECT(op, 1, { 0x797ffe93, "ldrh w19, [x20, #0x1ffe]" });
	op.base = (struct operand)IMM(0x700000001000);
	op.disp = -0x1000;
	EXPECT(op, 2, { 0xd2ce000a, "mov x10, #0x700000000000" },
	       { 0x79400153, "ldrh w19, [x10]" });
	/* A tagged pointer: all four halfwords. */
	op.base = (struct operand)IMM(0x0b00123456789abc);
	op.disp = 0;
	EXPECT(op, 5, { 0xd293578a, "mov x10, #0x9abc" },
	       { 0xf2aacf0a, "movk x10, #0x5678, lsl #16" },
	       { 0xf2c2468a, "movk x10, #0x1234, lsl #32" },
	       { 0xf2e1600a, "movk x10, #0xb00, lsl #48" },
	       { 0x79400153, "ldrh w19, [x10]" });
}
END_TEST

START_TEST(stores_take_registers_and_values)
{
	struct op op = { .kind = OP_STORE,
		         .size = 1,
		         .base = REG(4),
		         .disp = 8,
		         .value = IMM(0x1ff) };

	EXPECT(op, 2, { 0xd2803fe9, "mov x9, #0x1ff" },
	       { 0x390022c9, "strb w9, [x22, #8]" });
	op.value = (struct operand)IMM(0);
	EXPECT(op, 1, { 0x390022df, "strb wzr, [x22, #8]" });
	op.value = (struct operand)REG(6);
	EXPECT(op, 1, { 0x390022d8, "strb w24, [x22, #8]" });
	op.size = 2;
	EXPECT(op, 1, { 0x790012d8, "strh w24, [x22, #8]" });
	op.size = 4;
	EXPECT(op, 1, { 0xb9000ad8, "str w24, [x22, #8]" });
	op.size = 8;
	EXPECT(op, 1, { 0xf90006d8, "str x24, [x22, #8]" });
	op.disp = 1;
	EXPECT(op, 1, { 0xf80012d8, "stur x24, [x22, #1]" });
	op.disp = 0x1012345;
	EXPECT(op, 3, { 0xd28468aa, "mov x10, #0x2345" },
	       { 0xf2a0202a, "movk x10, #0x101, lsl #16" },
	       { 0xf82a6ad8, "str x24, [x22, x10]" });
}
END_TEST

START_TEST(exchanges_are_acquire_and_release)
{
	struct op op = { .kind = OP_XCHG,
		         .reg = 2,
		         .size = 8,
		         .base = REG(0),
		         .value = IMM(5) };

	EXPECT(op, 2, { 0xd28000a9, "mov x9, #5" },
	       { 0xf8e98014, "swpal x9, x20, [x0]" });
	op.size = 1;
	EXPECT(op, 2, { 0xd28000a9, "mov x9, #5" },
	       { 0x38e98014, "swpalb w9, w20, [x0]" });
	op.size = 2;
	EXPECT(op, 2, { 0xd28000a9, "mov x9, #5" },
	       { 0x78e98014, "swpalh w9, w20, [x0]" });
	op.kind = OP_XADD;
	op.size = 4;
	op.value = (struct operand)REG(6);
	EXPECT(op, 2, { 0xaa1803e9, "mov x9, x24" },
	       { 0xb8e90014, "ldaddal w9, w20, [x0]" });
	op.disp = 16;
	EXPECT(op, 4, { 0xd280020a, "mov x10, #0x10" },
	       { 0x8b0a000a, "add x10, x0, x10" },
	       { 0xaa1803e9, "mov x9, x24" },
	       { 0xb8e90154, "ldaddal w9, w20, [x10]" });
	op.base = (struct operand)IMM(0x1000);
	op.disp = 0;
	op.size = 8;
	EXPECT(op, 3, { 0xd282000a, "mov x10, #0x1000" },
	       { 0xaa1803e9, "mov x9, x24" },
	       { 0xf8e90154, "ldaddal x9, x20, [x10]" });
}
END_TEST

START_TEST(cmpxchg_keeps_its_operands)
{
	struct op op = { .kind = OP_CMPXCHG,
		         .reg = 1,
		         .size = 4,
		         .base = REG(0),
		         .expected = IMM(7),
		         .value = REG(0) };

	EXPECT(op, 3, { 0xaa0003e9, "mov x9, x0" },
	       { 0xd28000eb, "mov x11, #7" },
	       { 0x88ebfc09, "casal w11, w9, [x0]" },
	       { 0xaa0b03f3, "mov x19, x11" });
	op.size = 1;
	op.expected = (struct operand)REG(3);
	EXPECT(op, 3, { 0xaa0003e9, "mov x9, x0" },
	       { 0xaa1503eb, "mov x11, x21" },
	       { 0x08ebfc09, "casalb w11, w9, [x0]" },
	       { 0xaa0b03f3, "mov x19, x11" });
	op.size = 2;
	EXPECT(op, 3, { 0xaa0003e9, "mov x9, x0" },
	       { 0xaa1503eb, "mov x11, x21" },
	       { 0x48ebfc09, "casalh w11, w9, [x0]" },
	       { 0xaa0b03f3, "mov x19, x11" });
	op.size = 8;
	EXPECT(op, 3, { 0xaa0003e9, "mov x9, x0" },
	       { 0xaa1503eb, "mov x11, x21" },
	       { 0xc8ebfc09, "casal x11, x9, [x0]" },
	       { 0xaa0b03f3, "mov x19, x11" });
}
END_TEST

START_TEST(tags_are_stored_and_loaded)
{
	struct op op = { .kind = OP_STG,
		         .reg = 4,
		         .base = IMM(0x40000000),
		         .value = IMM(5) };

	EXPECT(op, 3, { 0xd2a8000a, "mov x10, #0x40000000" },
	       { 0xd2e0a009, "mov x9, #0x500000000000000" },
	       { 0xd9200949, "stg x9, [x10]" });
	op.value = (struct operand)REG(6);
	op.base = (struct operand)REG(0);
	EXPECT(op, 2, { 0xd3481f09, "lsl x9, x24, #0x38" },
	       { 0xd9200809, "stg x9, [x0]" });
	op.kind = OP_LDG;
	op.base = (struct operand)REG(2);
	EXPECT(op, 2, { 0xd2800009, "mov x9, #0" },
	       { 0xd9600289, "ldg x9, [x20]" },
	       { 0xd378fd36, "lsr x22, x9, #0x38" });
}
END_TEST

START_TEST(a_tag_may_be_the_addresses_own)
{
	struct op op = { .kind = OP_STG, .own_tag = true, .base = REG(1) };

	EXPECT(op, 1, { 0xd9200a73, "stg x19, [x19]" });
	op.base = (struct operand)IMM(0x40000000);
	EXPECT(op, 2, { 0xd2a8000a, "mov x10, #0x40000000" },
	       { 0xd920094a, "stg x10, [x10]" });
}
END_TEST

START_TEST(tags_of_addresses_are_chosen_and_moved)
{
	struct op op = { .kind = OP_IRG, .reg = 4, .base = IMM(0x40000000) };

	EXPECT(op, 0, { 0xd2a8000a, "mov x10, #0x40000000" },
	       { 0x9adf1156, "irg x22, x10" });
	op.base = (struct operand)REG(1);
	op.value = (struct operand)IMM(6);
	EXPECT(op, 0, { 0xd28000c9, "mov x9, #6" },
	       { 0x9ac91276, "irg x22, x19, x9" });
	op.kind = OP_GMI;
	op.value = (struct operand)REG(3);
	EXPECT(op, 0, { 0x9ad51676, "gmi x22, x19, x21" });
	op.kind = OP_ADDG;
	op.value = (struct operand)IMM(16);
	op.tag = 3;
	EXPECT(op, 0, { 0x91810e76, "addg x22, x19, #16, #3" });
	op.value = (struct operand)IMM(-1008);
	op.tag = 15;
	EXPECT(op, 0, { 0xd1bf3e76, "subg x22, x19, #1008, #15" });
}
END_TEST

START_TEST(values_take_the_fewest_instructions)
{
	struct op op = { .kind = OP_SET, .reg = 5, .value = IMM(-1) };

	EXPECT(op, 0, { 0x92800017, "mov x23, #0xffffffffffffffff" });
	op.value = (struct operand)IMM(0);
	EXPECT(op, 0, { 0xd2800017, "mov x23, #0" });
	op.value = (struct operand)IMM(0xffffffff);
	EXPECT(op, 0, { 0xd29ffff7, "mov x23, #0xffff" },
	       { 0xf2bffff7, "movk x23, #0xffff, lsl #16" });
	op.value = (struct operand)IMM(0xffffffff12345678);
	EXPECT(op, 0, { 0x929530f7, "mov x23, #0xffffffffffff5678" },
	       { 0xf2a24697, "movk x23, #0x1234, lsl #16" });
	op.value = (struct operand)IMM(0xabcd000000000000);
	EXPECT(op, 0, { 0xd2f579b7, "mov x23, #0xabcd000000000000" });
	op.value = (struct operand)REG(0);
	EXPECT(op, 0, { 0xaa0003f7, "mov x23, x0" });
}
END_TEST

START_TEST(arithmetic_and_jumps)
{
	struct op op = { .kind = OP_ADD, .reg = 5, .value = IMM(-1) };

	EXPECT(op, 0, { 0xd10006f7, "sub x23, x23, #1" });
	op.value = (struct operand)IMM(4095);
	EXPECT(op, 0, { 0x913ffef7, "add x23, x23, #0xfff" });
	op.value = (struct operand)IMM(4096);
	EXPECT(op, 0, { 0xd2820009, "mov x9, #0x1000" },
	       { 0x8b0902f7, "add x23, x23, x9" });
	op.value = (struct operand)REG(0);
	EXPECT(op, 0, { 0x8b0002f7, "add x23, x23, x0" });
	op = (struct op){ .kind = OP_JUMP, .target = 1 };
	EXPECT(op, 0, { 0x14000001, "b #0x4000000000000004" });
	op.target = 0;
	EXPECT(op, 0, { 0x14000000, "b #0x4000000000000000" });
	op = (struct op){ .kind = OP_FENCE };
	EXPECT(op, 0, { 0xd5033bbf, "dmb ish" });
	op = (struct op){ .kind = OP_PAUSE };
	EXPECT(op, 0, { 0xd503201f, "nop" });
}
END_TEST

START_TEST(branches_are_unsigned)
{
	static const struct expected cond[] = {
		{ 0x54ffffe0, "b.eq #0x4000000000000000" },
		{ 0x54ffffe1, "b.ne #0x4000000000000000" },
		{ 0x54ffffe3, "b.lo #0x4000000000000000" },
		{ 0x54ffffe9, "b.ls #0x4000000000000000" },
		{ 0x54ffffe8, "b.hi #0x4000000000000000" },
		{ 0x54ffffe2, "b.hs #0x4000000000000000" },
	};
	struct op op = { .kind = OP_BRANCH,
		         .reg = 6,
		         .cond = (enum op_cond)_i,
		         .value = IMM(16) };

	EXPECT(op, 0, { 0xf100431f, "cmp x24, #0x10" }, cond[_i]);
	op.value = (struct operand)REG(1);
	EXPECT(op, 0, { 0xeb13031f, "cmp x24, x19" }, cond[_i]);
	op.value = (struct operand)IMM(0);
	EXPECT(op, 0, { 0xf100031f, "cmp x24, #0" }, cond[_i]);
}
END_TEST

START_TEST(system_calls_follow_the_abi)
{
	struct op op = { .kind = OP_SYSCALL,
		         .nr = NR(233),
		         .nr_args = 3,
		         .args = { IMM(0x40000000), REG(0), IMM(4) } };

	/* x0 is r0: it is read before it is written. */
	EXPECT(op, 8, { 0xd2800005, "mov x5, #0" },
	       { 0xd2800004, "mov x4, #0" }, { 0xd2800003, "mov x3, #0" },
	       { 0xd2800082, "mov x2, #4" }, { 0xaa0003e1, "mov x1, x0" },
	       { 0xd2a80000, "mov x0, #0x40000000" },
	       { 0xd2801d28, "mov x8, #0xe9" }, { 0xd4000001, "svc #0" });
}
END_TEST

START_TEST(jumps_reach_over_the_largest_program)
{
	static struct op ops[4096 + 1];
	struct program p = PROGRAM(ops);
	struct code *code;
	uint32_t insn;

	/* A system call with six arguments of four halfwords each. */
	for (unsigned i = 1; i < 4096; i++) {
		ops[i] = (struct op){ .kind = OP_SYSCALL, .nr_args = 6 };
		for (unsigned a = 0; a < 6; a++)
			ops[i].args[a].imm = 0x123456789abcdef0;
	}
	ops[0] = (struct op){ .kind = OP_BRANCH, .target = 4096 };
	ops[4096] = (struct op){ .kind = OP_EXIT };
	code = code_compile(&vcpu_arch_arm64, &p);
	memcpy(&insn, code->bytes + 4, 4);
	ck_assert_uint_eq(insn >> 5 & 0x7ffff, (code->size - 8) / 4);
	code_free(code);
}
END_TEST

START_TEST(atomics_have_a_text_of_our_own)
{
	static const struct expected e[] = {
		{ 0xb8200041, "ldadd w0, w1, [x2]" },
		{ 0x382013e1, "ldclrb w0, w1, [sp]" },
		{ 0x78a02041, "ldeorah w0, w1, [x2]" },
		{ 0xf8603041, "ldsetl x0, x1, [x2]" },
		{ 0xf8e04041, "ldsmaxal x0, x1, [x2]" },
		{ 0xf8205041, "ldsmin x0, x1, [x2]" },
		{ 0xf8206041, "ldumax x0, x1, [x2]" },
		{ 0xf8207041, "ldumin x0, x1, [x2]" },
		{ 0xf820005f, "stadd x0, [x2]" },
		{ 0xb860005f, "staddl w0, [x2]" },
		{ 0xf8a0005f, "ldadda x0, xzr, [x2]" },
		{ 0xb83f8041, "swp wzr, w1, [x2]" },
		{ 0xc8a07c41, "cas x0, x1, [x2]" },
		{ 0x88e07c41, "casa w0, w1, [x2]" },
		{ 0x48a0fc41, "caslh w0, w1, [x2]" },
		{ 0x48207c82, "casp x0, x1, x2, x3, [x4]" },
		{ 0x0860fc82, "caspal w0, w1, w2, w3, [x4]" },
	};
	char text[80];

	ck_assert_uint_eq(disas_insn(disas, (const uint8_t *)&e[_i].insn, 4, 0,
	                             text, sizeof(text)),
	                  4);
	ck_assert_str_eq(text, e[_i].text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu/arm64_compile");
	TCase *tc = tcase_create("templates");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, loads_zero_extend);
	tcase_add_test(tc, addresses_take_every_form);
	tcase_add_test(tc, stores_take_registers_and_values);
	tcase_add_test(tc, exchanges_are_acquire_and_release);
	tcase_add_test(tc, cmpxchg_keeps_its_operands);
	tcase_add_test(tc, tags_are_stored_and_loaded);
	tcase_add_test(tc, a_tag_may_be_the_addresses_own);
	tcase_add_test(tc, tags_of_addresses_are_chosen_and_moved);
	tcase_add_test(tc, values_take_the_fewest_instructions);
	tcase_add_test(tc, arithmetic_and_jumps);
	tcase_add_loop_test(tc, branches_are_unsigned, 0, 6);
	tcase_add_test(tc, system_calls_follow_the_abi);
	tcase_add_test(tc, jumps_reach_over_the_largest_program);
	tcase_add_loop_test(tc, atomics_have_a_text_of_our_own, 0, 17);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
