// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64 programs on the simulated machine: system calls, registers, exceptions.
 * The words are what an assembler made of the text beside them.
 */
#include <signal.h>

#include "tests/syscalls/image.h"

/* clang-format off */
static const uint32_t hello[] = {
	0x10000141, /* adr x1, 2f */
	0xd2800020, /* mov x0, #1 */
	0xd28000c2, /* mov x2, #6 */
	0xd2800808, /* mov x8, #64 */
	0xd4000001, /* svc #0 */
	0xf100181f, /* cmp x0, #6 */
	0x54000041, /* b.ne 1f */
	0xd2800540, /* mov x0, #42 */
	0xd2800bc8, /* 1: mov x8, #94 */
	0xd4000001, /* svc #0 */
	0x6c6c6568, /* .ascii "hello\n\0\0" */
	0x00000a6f, /* .ascii "hello\n\0\0" */
};

static const uint32_t arguments[] = {
	0xd2800034, /* mov x20, #1 */
	0xf94003e0, /* ldr x0, [sp] */
	0xf1000c1f, /* cmp x0, #3 */
	0x54000261, /* b.ne 9f */
	0xd2800054, /* mov x20, #2 */
	0xf9400be0, /* ldr x0, [sp, #16] */
	0x39400000, /* ldrb w0, [x0] */
	0x7101bc1f, /* cmp w0, #'o' */
	0x540001c1, /* b.ne 9f */
	0xd2800074, /* mov x20, #3 */
	0x910003e0, /* mov x0, sp */
	0xf2400c1f, /* tst x0, #15 */
	0x54000141, /* b.ne 9f */
	0xd2800094, /* mov x20, #4 */
	0x9100c3e1, /* add x1, sp, #48 */
	0xa8c10c22, /* 2: ldp x2, x3, [x1], #16 */
	0xb40000c2, /* cbz x2, 9f */
	0xf100405f, /* cmp x2, #16 */
	0x54ffffa1, /* b.ne 2b */
	0xd28000b4, /* mov x20, #5 */
	0x36400043, /* tbz x3, #8, 9f */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t thread_pointer[] = {
	0xd2a00a13, /* movz x19, #0x50, lsl #16 */
	0x91080273, /* add x19, x19, #0x200 */
	0xd2800034, /* mov x20, #1 */
	0xd53bd042, /* mrs x2, tpidr_el0 */
	0xb50003c2, /* cbnz x2, 9f */
	0xd2800054, /* mov x20, #2 */
	0xd51bd053, /* msr tpidr_el0, x19 */
	0xd53bd042, /* mrs x2, tpidr_el0 */
	0xeb13005f, /* cmp x2, x19 */
	0x54000321, /* b.ne 9f */
	0xd281e000, /* mov x0, #0xf00 */
	0xf2a001a0, /* movk x0, #0xd, lsl #16 */
	0x91400661, /* add x1, x19, #0x1000 */
	0xd2800002, /* mov x2, #0 */
	0xd2824603, /* mov x3, #0x1230 */
	0xd2800804, /* mov x4, #0x40 */
	0xd2801b88, /* mov x8, #220 */
	0xd4000001, /* svc #0 */
	0xb4000260, /* cbz x0, 4f */
	0xd2800074, /* mov x20, #3 */
	0xd2800f88, /* 2: mov x8, #124 */
	0xd4000001, /* svc #0 */
	0xc8dffe63, /* ldar x3, [x19] */
	0xb4ffffa3, /* cbz x3, 2b */
	0xeb01007f, /* cmp x3, x1 */
	0xd2800094, /* mov x20, #4 */
	0xd53bd042, /* mrs x2, tpidr_el0 */
	0xeb13005f, /* cmp x2, x19 */
	0x540000c1, /* b.ne 9f */
	0xd28000b4, /* mov x20, #5 */
	0xd2824604, /* mov x4, #0x1230 */
	0xeb04007f, /* cmp x3, x4 */
	0x54000041, /* b.ne 9f */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
	0xd53bd042, /* 4: mrs x2, tpidr_el0 */
	0xc89ffe62, /* stlr x2, [x19] */
	0xd2800000, /* mov x0, #0 */
	0xd2800ba8, /* mov x8, #93 */
	0xd4000001, /* svc #0 */
};

static const uint32_t counter[] = {
	0xd2800034, /* mov x20, #1 */
	0xd53be002, /* mrs x2, cntfrq_el0 */
	0xd2994003, /* movz x3, #0xca00 */
	0xf2a77343, /* movk x3, #0x3b9a, lsl #16 */
	0xeb03005f, /* cmp x2, x3 */
	0x54000321, /* b.ne 9f */
	0xd2800054, /* mov x20, #2 */
	0xd53be042, /* mrs x2, cntvct_el0 */
	0xd2807d04, /* mov x4, #1000 */
	0xf1000484, /* 1: subs x4, x4, #1 */
	0x54ffffe1, /* b.ne 1b */
	0xd53be043, /* mrs x3, cntvct_el0 */
	0xeb02007f, /* cmp x3, x2 */
	0x54000229, /* b.ls 9f */
	0xd2800074, /* mov x20, #3 */
	0xcb020063, /* sub x3, x3, x2 */
	0xd2880004, /* mov x4, #0x4000 */
	0xeb04007f, /* cmp x3, x4 */
	0x54000188, /* b.hi 9f */
	0xd53b0022, /* mrs x2, ctr_el0 */
	0xd50b7b33, /* dc cvau, x19 */
	0xd50b7e33, /* dc civac, x19 */
	0xd50b7533, /* ic ivau, x19 */
	0xd5033bbf, /* dmb ish */
	0xd5033b9f, /* dsb ish */
	0xd5033fdf, /* isb */
	0xd503203f, /* yield */
	0xd503205f, /* wfe */
	0xd503209f, /* sev */
	0xd2800014, /* mov x20, #0 */
	0xaa1403e0, /* 9: mov x0, x20 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t forks[] = {
	0xd2800220, /* mov x0, #17 */
	0xd2800001, /* mov x1, #0 */
	0xd2800002, /* mov x2, #0 */
	0xd2800003, /* mov x3, #0 */
	0xd2800004, /* mov x4, #0 */
	0xd2801b88, /* mov x8, #220 */
	0xd4000001, /* svc #0 */
	0xb5000080, /* cbnz x0, 1f */
	0xd28000a0, /* mov x0, #5 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
	0xd10043ff, /* 1: sub sp, sp, #16 */
	0x92800000, /* mov x0, #-1 */
	0x910003e1, /* mov x1, sp */
	0xd2800002, /* mov x2, #0 */
	0xd2800003, /* mov x3, #0 */
	0xd2802088, /* mov x8, #260 */
	0xd4000001, /* svc #0 */
	0xb94003e0, /* ldr w0, [sp] */
	0x53087c00, /* lsr w0, w0, #8 */
	0x11007800, /* add w0, w0, #30 */
	0xd2800bc8, /* mov x8, #94 */
	0xd4000001, /* svc #0 */
};

static const uint32_t undefined[] = {
	0x00000007, /* udf #7 */
};

static const uint32_t breakpoint[] = {
	0xd4200020, /* brk #1 */
};

static const uint32_t no_system_register[] = {
	0xd5381000, /* mrs x0, sctlr_el1 */
};

static const uint32_t sve_is_off[] = {
	0x2518e3e0, /* ptrue p0.b */
};

static const uint32_t misaligned_pc[] = {
	0x10000040, /* adr x0, 1f */
	0x91000800, /* add x0, x0, #2 */
	0xd61f0000, /* 1: br x0 */
};
/* clang-format on */

START_TEST(output_and_exit_status_reach_the_host)
{
	RUN_ARM64(hello);
	expect_exit(42);
	ck_assert_str_eq(outcome.out, "hello\n");
	ck_assert_uint_gt(outcome.result.insns, 5);
}
END_TEST

/* argc, argv[1], an aligned stack, AT_HWCAP with ATOMICS. */
START_TEST(a_program_finds_its_arguments)
{
	RUN_ARM64(arguments);
	expect_exit(0);
}
END_TEST

START_TEST(threads_have_a_thread_pointer_of_their_own)
{
	config.nr_cpus = 2;
	RUN_ARM64(thread_pointer);
	expect_exit(0);
}
END_TEST

START_TEST(the_counter_is_the_simulated_clock)
{
	uint64_t hash;

	RUN_ARM64(counter);
	expect_exit(0);
	hash = outcome.result.trace_hash;
	RUN_ARM64(counter);
	ck_assert_uint_eq(outcome.result.trace_hash, hash);
}
END_TEST

START_TEST(clone_without_flags_is_fork)
{
	RUN_ARM64(forks);
	expect_exit(35);
}
END_TEST

START_TEST(exceptions_are_signals)
{
	RUN_ARM64(undefined);
	expect_signal(SIGILL, TEXT + CODE_AT);
	RUN_ARM64(no_system_register);
	expect_signal(SIGILL, TEXT + CODE_AT);
	RUN_ARM64(sve_is_off);
	expect_signal(SIGILL, TEXT + CODE_AT);
	RUN_ARM64(breakpoint);
	expect_signal(SIGTRAP, TEXT + CODE_AT);
	RUN_ARM64(misaligned_pc);
	ck_assert_int_eq(outcome.result.signal, SIGBUS);
}
END_TEST

START_TEST(a_program_of_another_architecture_is_refused)
{
	static const enum arch_id wanted = ARCH_X86_64;
	static struct image im;
	struct exec_result result;
	GError *error = NULL;

	image_build(&im, (const uint8_t *)hello, sizeof(hello));
	image_ehdr(&im)->e_machine = EM_AARCH64;
	config.image = im.bytes;
	config.image_len = im.len;
	config.arch = &wanted;
	ck_assert_int_ne(exec_program(&config, &result, &error), 0);
	ck_assert_str_eq(error->message,
	                 "guest: is a program for arm64, not x86_64");
	g_error_free(error);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syscalls/arm64_exec");
	TCase *tc = tcase_create("arm64");

	tcase_add_checked_fixture(tc, image_setup, NULL);
	tcase_add_test(tc, output_and_exit_status_reach_the_host);
	tcase_add_test(tc, a_program_finds_its_arguments);
	tcase_add_test(tc, threads_have_a_thread_pointer_of_their_own);
	tcase_add_test(tc, the_counter_is_the_simulated_clock);
	tcase_add_test(tc, clone_without_flags_is_fork);
	tcase_add_test(tc, exceptions_are_signals);
	tcase_add_test(tc, a_program_of_another_architecture_is_refused);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
