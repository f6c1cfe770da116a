/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every template disassembles to what is meant. */
#include "emu/code.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>

#include "emu/disas.h"
#include "emu/vcpu_arch.h"
#include "tests/emu/rig.h"

static struct disas *disas;

static void setup(void)
{
	disas = disas_new(ARCH_X86_64);
}

static void teardown(void)
{
	disas_free(disas);
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static struct code *compile_one(struct op op)
{
	struct op ops[] = { op, { .kind = OP_EXIT } };
	struct program p = PROGRAM(ops);

	return code_compile(&vcpu_arch_x86, &p);
}

/* @op compiles to @text; number @access of its instructions uses memory. */
static void expect(struct op op, const char *text, unsigned access)
{
	struct code *code = compile_one(op);
	char *got = disas_op(disas, code, 0);

	ck_assert_str_eq(got, text);
	ck_assert_uint_eq(code->op[0].nr_insns, count_lines(text));
	ck_assert_uint_eq(code->op[0].access, access);
	g_free(got);
	code_free(code);
}

START_TEST(loads_zero_extend)
{
	struct op op = { .kind = OP_LOAD, .reg = 3, .base = IMM(0x1000) };

	op.size = 1;
	expect(op, "\tmovzx r12d, byte ptr [0x1000]\n", 1);
	op.size = 2;
	expect(op, "\tmovzx r12d, word ptr [0x1000]\n", 1);
	op.size = 4;
	expect(op, "\tmov r12d, dword ptr [0x1000]\n", 1);
	op.size = 8;
	expect(op, "\tmov r12, qword ptr [0x1000]\n", 1);
}
END_TEST

START_TEST(addresses_take_every_form)
{
	struct op op = { .kind = OP_LOAD, .reg = 1, .size = 8 };

	op.base = (struct operand)IMM(0x7fffffff);
	expect(op, "\tmov rbx, qword ptr [0x7fffffff]\n", 1);
	op.base = (struct operand)IMM(0x80000000);
	expect(op,
	       "\tmov r11d, 0x80000000\n"
	       "\tmov rbx, qword ptr [r11]\n",
	       2);
	op.base = (struct operand)IMM(0x700000001000);
	op.disp = -0x1000;
	expect(op,
	       "\tmovabs r11, 0x700000000000\n"
	       "\tmov rbx, qword ptr [r11]\n",
	       2);
	op.base = (struct operand)REG(3); /* r12 needs a SIB byte */
	expect(op, "\tmov rbx, qword ptr [r12 - 0x1000]\n", 1);
	op.base = (struct operand)REG(2);
	op.disp = 0;
	expect(op, "\tmov rbx, qword ptr [rbp]\n", 1);
	op.disp = 0x123456789a;
	expect(op,
	       "\tmovabs r11, 0x123456789a\n"
	       "\tmov rbx, qword ptr [rbp + r11]\n",
	       2);
}
END_TEST

START_TEST(stores_take_registers_and_values)
{
	struct op op = { .kind = OP_STORE,
		         .size = 1,
		         .base = REG(4),
		         .disp = 8,
		         .value = IMM(0x1ff) };

	expect(op, "\tmov byte ptr [r13 + 8], 0xff\n", 1);
	op.size = 2;
	expect(op, "\tmov word ptr [r13 + 8], 0x1ff\n", 1);
	op.size = 4;
	expect(op, "\tmov dword ptr [r13 + 8], 0x1ff\n", 1);
	op.size = 8;
	expect(op, "\tmov qword ptr [r13 + 8], 0x1ff\n", 1);
	op.value = (struct operand)IMM(0xffffffff);
	expect(op,
	       "\tmov r10d, 0xffffffff\n"
	       "\tmov qword ptr [r13 + 8], r10\n",
	       2);
	op.value = (struct operand)REG(2);
	expect(op, "\tmov qword ptr [r13 + 8], rbp\n", 1);
	op.size = 1; /* without REX this would be ch */
	expect(op, "\tmov byte ptr [r13 + 8], bpl\n", 1);
	op.size = 2;
	expect(op, "\tmov word ptr [r13 + 8], bp\n", 1);
}
END_TEST

START_TEST(exchanges_return_the_old_value)
{
	struct op op = { .kind = OP_XCHG,
		         .reg = 2,
		         .size = 8,
		         .base = REG(0),
		         .value = IMM(5) };

	expect(op,
	       "\tmov r10d, 5\n"
	       "\txchg qword ptr [rax], r10\n"
	       "\tmov rbp, r10\n",
	       2);
	op.size = 1;
	expect(op,
	       "\tmov r10d, 5\n"
	       "\txchg byte ptr [rax], r10b\n"
	       "\tmovzx ebp, r10b\n",
	       2);
	op.kind = OP_XADD;
	op.size = 4;
	op.value = (struct operand)REG(6);
	expect(op,
	       "\tmov r10, r15\n"
	       "\tlock xadd dword ptr [rax], r10d\n"
	       "\tmov ebp, r10d\n",
	       2);
	op.size = 2;
	expect(op,
	       "\tmov r10, r15\n"
	       "\tlock xadd word ptr [rax], r10w\n"
	       "\tmovzx ebp, r10w\n",
	       2);
}
END_TEST

START_TEST(cmpxchg_saves_rax)
{
	struct op op = { .kind = OP_CMPXCHG,
		         .reg = 1,
		         .size = 4,
		         .base = REG(0),
		         .disp = 4,
		         .expected = IMM(7),
		         .value = REG(0) };

	expect(op,
	       "\tlea r11, [rax + 4]\n"
	       "\tmov r10, rax\n"
	       "\tmov r8, rax\n"
	       "\tmov eax, 7\n"
	       "\tlock cmpxchg dword ptr [r11], r10d\n"
	       "\tmov r10d, eax\n"
	       "\tmov rax, r8\n"
	       "\tmov rbx, r10\n",
	       5);
	op.size = 1;
	op.expected = (struct operand)REG(3);
	expect(op,
	       "\tlea r11, [rax + 4]\n"
	       "\tmov r10, rax\n"
	       "\tmov r8, rax\n"
	       "\tmov rax, r12\n"
	       "\tlock cmpxchg byte ptr [r11], r10b\n"
	       "\tmovzx r10d, al\n"
	       "\tmov rax, r8\n"
	       "\tmov rbx, r10\n",
	       5);
}
END_TEST

START_TEST(arithmetic_and_jumps)
{
	struct op op = { .kind = OP_SET, .reg = 5, .value = IMM(-1) };

	expect(op, "\tmovabs r14, 0xffffffffffffffff\n", 0);
	op.kind = OP_ADD;
	expect(op, "\tadd r14, -1\n", 0);
	op.value = (struct operand)IMM(0x80000000);
	expect(op,
	       "\tmov r10d, 0x80000000\n"
	       "\tadd r14, r10\n",
	       0);
	op.value = (struct operand)REG(0);
	expect(op, "\tadd r14, rax\n", 0);
	op = (struct op){ .kind = OP_JUMP, .target = 1 };
	expect(op, "\tjmp 0x4000000000000005\n", 0);
	expect((struct op){ .kind = OP_FENCE }, "\tmfence\n", 0);
	expect((struct op){ .kind = OP_PAUSE }, "\tnop\n", 0);
}
END_TEST

START_TEST(branches_are_unsigned)
{
	static const char *const jcc[] = {
		"je", "jne", "jb", "jbe", "ja", "jae"
	};
	struct op op = { .kind = OP_BRANCH,
		         .reg = 6,
		         .cond = (enum op_cond)_i,
		         .value = IMM(16),
		         .target = 0 };
	char text[80];

	g_snprintf(text, sizeof(text),
	           "\tcmp r15, 0x10\n\t%s 0x4000000000000000\n", jcc[_i]);
	expect(op, text, 0);
}
END_TEST

START_TEST(system_calls_follow_the_abi)
{
	struct op op = { .kind = OP_SYSCALL,
		         .nr = NR(28),
		         .nr_args = 3,
		         .args = { IMM(0x40000000), REG(1), IMM(4) } };

	expect(op,
	       "\tmov edi, 0x40000000\n"
	       "\tmov rsi, rbx\n"
	       "\tmov edx, 4\n"
	       "\tmov r10d, 0\n"
	       "\tmov r8d, 0\n"
	       "\tmov r9d, 0\n"
	       "\tmov eax, 0x1c\n"
	       "\tsyscall\n",
	       8);
}
END_TEST

START_TEST(an_offset_belongs_to_the_operation_around_it)
{
	struct op ops[] = {
		{ .kind = OP_SET, .reg = 0, .value = IMM(1) },
		{ .kind = OP_XADD, .size = 8, .base = IMM(1 << 20) },
		{ .kind = OP_EXIT },
	};
	struct program p = PROGRAM(ops);
	struct code *code = code_compile(&vcpu_arch_x86, &p);

	for (unsigned i = 0; i < 3; i++)
		for (unsigned at = 0; at < code->op[i].size; at++)
			ck_assert_uint_eq(
				code_op_at(code, code->op[i].offset + at), i);
	ck_assert_uint_eq(code_op_at(code, code->size), 3);
	ck_assert_uint_eq(code_op_at(code, SIZE_MAX), 3);
	code_free(code);
}
END_TEST

START_TEST(equal_programs_share_their_code)
{
	struct op a[] = { { .kind = OP_PAUSE }, { .kind = OP_EXIT } };
	struct op b[] = { { .kind = OP_PAUSE }, { .kind = OP_EXIT } };
	struct op c[] = { { .kind = OP_FENCE }, { .kind = OP_EXIT } };
	struct program pa = PROGRAM(a), pb = PROGRAM(b), pc = PROGRAM(c);
	struct code_cache *cache = code_cache_new(&vcpu_arch_x86);
	const struct code *first = code_cache_get(cache, &pa);

	ck_assert_ptr_eq(code_cache_get(cache, &pb), first);
	ck_assert_ptr_ne(code_cache_get(cache, &pc), first);
	a[0].kind = OP_FENCE; /* the same memory, another program */
	ck_assert_ptr_ne(code_cache_get(cache, &pa), first);
	code_cache_free(cache);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu/x86_compile");
	TCase *tc = tcase_create("templates");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, loads_zero_extend);
	tcase_add_test(tc, addresses_take_every_form);
	tcase_add_test(tc, stores_take_registers_and_values);
	tcase_add_test(tc, exchanges_return_the_old_value);
	tcase_add_test(tc, cmpxchg_saves_rax);
	tcase_add_test(tc, arithmetic_and_jumps);
	tcase_add_loop_test(tc, branches_are_unsigned, 0, 6);
	tcase_add_test(tc, system_calls_follow_the_abi);
	tcase_add_test(tc, an_offset_belongs_to_the_operation_around_it);
	tcase_add_test(tc, equal_programs_share_their_code);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
