/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of real machine code on the simulated machine. */
#include "syscalls/exec.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/policy.h"
#include "tests/syscalls/image.h"

#define EXIT(status) "mov " status ", %edi\nmov $231, %eax\nsyscall\n"
/* Fail with status 99 unless the flags say equal. */
#define EQUAL(n)     "je 1f\nmov $" n ", %edi\nmov $231, %eax\nsyscall\n1:\n"

/* clang-format off */
GUEST(hello,
      "lea 2f(%rip), %rsi\n"
      "mov $1, %edi\n"
      "mov $6, %edx\n"
      "mov $1, %eax\n"
      "syscall\n"
      "cmp $6, %rax\n" EQUAL("90")
      EXIT("$42")
      "2: .ascii \"hello\\n\"\n");
/* clang-format on */

START_TEST(output_and_exit_status_reach_the_host)
{
	RUN(hello);
	expect_exit(42);
	ck_assert_str_eq(outcome.out, "hello\n");
	ck_assert_uint_gt(outcome.result.insns, 5);
	ck_assert_uint_gt(outcome.result.cycles, 0);
}
END_TEST

/* argc; argv[1][0]; envp[0][0]; an aligned stack; AT_PAGESZ somewhere. */
/* clang-format off */
GUEST(arguments,
      "cmpq $3, (%rsp)\n" EQUAL("1")
      "mov 16(%rsp), %rax\n"
      "cmpb $'o', (%rax)\n" EQUAL("2")
      "cmpq $0, 32(%rsp)\n" EQUAL("3")
      "mov 40(%rsp), %rax\n"
      "cmpb $'X', (%rax)\n" EQUAL("4")
      "cmpq $0, 48(%rsp)\n" EQUAL("5")
      "test $15, %rsp\n" EQUAL("6")
      "lea 56(%rsp), %rbx\n"
      "2: add $16, %rbx\n"
      "cmpq $6, -16(%rbx)\n"
      "jne 2b\n"
      "cmpq $4096, -8(%rbx)\n" EQUAL("7")
      EXIT("$0"));
/* clang-format on */

START_TEST(the_stack_holds_what_the_abi_says)
{
	static const char *const envp[] = { "X=y", NULL };

	config.envp = envp;
	RUN(arguments);
	expect_exit(0);
}
END_TEST

/* clang-format off */
GUEST(data,
      "mov $0x500000, %ebx\n"
      "cmpb $'d', (%rbx)\n" EQUAL("1")
      "cmpq $0, 0x2ff8(%rbx)\n" EQUAL("2")
      "movq $77, 0x2ff8(%rbx)\n"
      "incq 0x2ff8(%rbx)\n"
      "push 0x2ff8(%rbx)\n"
      "pop %rax\n"
      "cmp $78, %rax\n" EQUAL("3")
      EXIT("$0"));
/* clang-format on */

START_TEST(data_is_loaded_and_bss_is_zero)
{
	RUN(data);
	expect_exit(0);
}
END_TEST

/* clang-format off */
GUEST(store_text,
      "lea 0x400000, %rax\nmovb $1, (%rax)\n"
      EXIT("$0"));
GUEST(run_data,
      "mov $0x500000, %eax\njmp *%rax\n");
GUEST(null,
      "xor %eax, %eax\nmov (%rax), %rax\n"
      EXIT("$0"));
GUEST(kernel_address,
      "mov $0xffff888000000000, %rax\nmov (%rax), %rax\n");
GUEST(not_canonical,
      "mov $0x1234000000000000, %rax\nmov (%rax), %rax\n");
GUEST(jump_away,
      "xor %eax, %eax\njmp *%rax\n");
GUEST(illegal,
      "ud2\n");
GUEST(breakpoint,
      "int3\n");
GUEST(divide,
      "xor %ecx, %ecx\nxor %edx, %edx\ndiv %ecx\n");
GUEST(halt,
      "hlt\n");
GUEST(port,
      "in $0x10, %al\n");
GUEST(clock,
      "rdtsc\n");
/* clang-format on */

START_TEST(what_is_not_allowed_ends_in_a_signal)
{
#define CASE(name, sig)                               \
	{                                             \
		guest_##name, guest_##name##_end, sig \
	}
	const struct {
		const uint8_t *code, *end;
		int signal;
	} cases[] = {
		CASE(store_text, SIGSEGV),    CASE(run_data, SIGSEGV),
		CASE(null, SIGSEGV),          CASE(kernel_address, SIGSEGV),
		CASE(not_canonical, SIGSEGV), CASE(jump_away, SIGSEGV),
		CASE(illegal, SIGILL),        CASE(breakpoint, SIGTRAP),
		CASE(divide, SIGFPE),         CASE(halt, SIGSEGV),
		CASE(port, SIGSEGV),          CASE(clock, SIGSEGV),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		image_run(cases[i].code, cases[i].end);
		ck_assert_int_eq(outcome.result.end, RUN_DONE);
		ck_assert(!outcome.result.exited);
		ck_assert_msg(outcome.result.signal == cases[i].signal,
		              "case %u: signal %d", i, outcome.result.signal);
	}
}
END_TEST

/* mmap 2 pages, use them, munmap the second, touch it. */
/* clang-format off */
GUEST(memory,
      "xor %edi, %edi\n"
      "mov $0x2000, %esi\n"
      "mov $3, %edx\n"
      "mov $0x22, %r10d\n"
      "mov $-1, %r8\n"
      "xor %r9d, %r9d\n"
      "mov $9, %eax\n"
      "syscall\n"
      "mov %rax, %rbx\n"
      "movq $5, 0xffc(%rbx)\n" /* across the border */
      "lea 0x1000(%rbx), %rdi\n"
      "mov $0x1000, %esi\n"
      "mov $11, %eax\n"
      "syscall\n"
      "test %rax, %rax\n" EQUAL("1")
      "cmpl $5, 0xffc(%rbx)\n" EQUAL("2")
      "mov 0x1000(%rbx), %eax\n"
      EXIT("$0"));
/* clang-format on */

START_TEST(unmapped_memory_is_gone)
{
	RUN(memory);
	ck_assert_int_eq(outcome.result.signal, SIGSEGV);
	ck_assert_uint_eq(outcome.result.fault_addr & 0xfff, 0);
}
END_TEST

/* clang-format off */
GUEST(unknown,
      "mov $9999, %eax\nsyscall\ncmp $-38, %rax\n" EQUAL("1")
      EXIT("$0"));
GUEST(bad_pointer,
      "mov $1, %edi\nmov $16, %esi\nmov $4, %edx\nmov $1, %eax\n"
      "syscall\ncmp $-14, %rax\n" EQUAL("1")
      "mov $33, %edi\nmov $1, %eax\nsyscall\n"
      "cmp $-9, %rax\n" EQUAL("2")
      EXIT("$0"));
/* clang-format on */

START_TEST(bad_arguments_are_errors)
{
	RUN(unknown);
	expect_exit(0);
	RUN(bad_pointer);
	expect_exit(0);
}
END_TEST

/* A MAP_SHARED memfd: the child writes, the parent waits and reads. */
/* clang-format off */
GUEST(fork,
      "lea 8f(%rip), %rdi\n"
      "xor %esi, %esi\n"
      "mov $319, %eax\n"
      "syscall\n" /* memfd_create */
      "mov %eax, %r12d\n"
      "mov %eax, %edi\n"
      "mov $0x1000, %esi\n"
      "mov $77, %eax\n"
      "syscall\n" /* ftruncate */
      "xor %edi, %edi\n"
      "mov $0x1000, %esi\n"
      "mov $3, %edx\n"
      "mov $1, %r10d\n"
      "mov %r12, %r8\n"
      "xor %r9d, %r9d\n"
      "mov $9, %eax\n"
      "syscall\n" /* mmap */
      "mov %rax, %rbx\n"
      "mov $0x500000, %r13d\n"
      "movq $1, (%r13)\n"
      "mov $57, %eax\n"
      "syscall\n" /* fork */
      "test %eax, %eax\n"
      "jz 7f\n"
      "mov %eax, %r14d\n"
      "mov $-1, %rdi\n"
      "lea 8(%r13), %rsi\n"
      "xor %edx, %edx\n"
      "mov $61, %eax\n"
      "syscall\n" /* wait4 */
      "cmp %eax, %r14d\n" EQUAL("1")
      "cmpl $0x700, 8(%r13)\n" EQUAL("2")
      "cmpq $1234, (%rbx)\n" EQUAL("3")
      "cmpq $1, (%r13)\n" EQUAL("4") /* private: as before */
      "mov $-1, %rdi\n"
      "mov $61, %eax\n"
      "syscall\n"
      "cmp $-10, %rax\n" EQUAL("5") /* ECHILD */
      EXIT("$0")
      "7: movq $2, (%r13)\n"
      "movq $1234, (%rbx)\n"
      EXIT("$7")
      "8: .asciz \"shared\"\n");
/* clang-format on */

START_TEST(fork_copies_private_and_shares_shared_memory)
{
	struct policy *policy = policy_random_new(1);

	config.nr_cpus = (unsigned)_i + 1;
	RUN(fork);
	expect_exit(0);
	config.policy = policy;
	for (unsigned i = 0; i < 10; i++) {
		policy_random_set_run(policy, i);
		RUN(fork);
		expect_exit(0);
	}
	policy_free(policy);
}
END_TEST

/* Two threads add to one counter with `lock xadd` and `lock inc`. */
/* clang-format off */
GUEST(threads,
      "mov $0x500000, %ebx\n"
      "movq $0, (%rbx)\n"
      "movq $0, 8(%rbx)\n"
      "mov $0x10f00, %edi\n" /* VM FS FILES SIGHAND THREAD */
      "mov $0x502000, %esi\n"
      "xor %edx, %edx\n"
      "mov $56, %eax\n"
      "syscall\n" /* clone */
      "mov $20, %ecx\n"
      "2: mov $1, %edx\n"
      "lock xadd %rdx, (%rbx)\n"
      "lock incl 4(%rbx)\n"
      "dec %ecx\n"
      "jnz 2b\n"
      "lock incq 8(%rbx)\n"
      "test %rax, %rax\n"
      "jz 4f\n"
      "3: pause\n"
      "cmpq $2, 8(%rbx)\n"
      "jne 3b\n"
      "cmpl $40, (%rbx)\n" EQUAL("1")
      "cmpl $40, 4(%rbx)\n" EQUAL("2")
      EXIT("$0")
      "4: xor %edi, %edi\nmov $60, %eax\nsyscall\n");
/* clang-format on */

START_TEST(locked_instructions_of_threads_are_atomic)
{
	struct policy *policy = policy_random_new(3);

	config.nr_cpus = 2;
	config.policy = policy;
	for (unsigned i = 0; i < 10; i++) {
		policy_random_set_run(policy, i);
		RUN(threads);
		expect_exit(0);
	}
	policy_free(policy);
}
END_TEST

START_TEST(threads_on_one_cpu_take_turns)
{
	config.nr_cpus = 1;
	RUN(threads); /* one of them waits for the other in a loop */
	expect_exit(0);
}
END_TEST

/* Writes code into a page it maps, runs it, changes it, runs it again. */
/* clang-format off */
GUEST(self_modifying,
      "xor %edi, %edi\n"
      "mov $0x1000, %esi\n"
      "mov $7, %edx\n"
      "mov $0x22, %r10d\n"
      "mov $-1, %r8\n"
      "xor %r9d, %r9d\n"
      "mov $9, %eax\n"
      "syscall\n"
      "mov %rax, %rbx\n"
      "movl $0x000001b8, (%rbx)\n" /* mov $1, %eax; ret */
      "movw $0xc300, 4(%rbx)\n"
      "call *%rbx\n"
      "cmp $1, %eax\n" EQUAL("1")
      "movb $2, 1(%rbx)\n"
      "call *%rbx\n"
      "cmp $2, %eax\n" EQUAL("2")
      EXIT("$0"));
/* clang-format on */

START_TEST(code_a_program_writes_is_what_runs)
{
	RUN(self_modifying);
	expect_exit(0);
}
END_TEST

/* Calls 300 functions it writes, far from each other, with data next to them.
 */
/* clang-format off */
GUEST(scattered_code,
      "xor %edi, %edi\n"
      "mov $0x4000000, %esi\n"
      "mov $7, %edx\n"
      "mov $0x22, %r10d\n"
      "mov $-1, %r8\n"
      "xor %r9d, %r9d\n"
      "mov $9, %eax\n"
      "syscall\n"
      "mov %rax, %r12\n"
      "mov $2, %r13d\n"
      "2: mov %r12, %rbx\n"
      "mov $300, %ecx\n"
      "3: movl $0x90c3c0ff, (%rbx)\n" /* inc %eax; ret */
      "mov %ecx, 8(%rbx)\n"
      "mov %ecx, 0x1000(%rbx)\n"
      "mov %ecx, %eax\n"
      "call *%rbx\n"
      "dec %eax\n"
      "cmp %eax, 8(%rbx)\n" EQUAL("1")
      "cmp %eax, 0x1000(%rbx)\n" EQUAL("2")
      "add $0x31000, %rbx\n"
      "dec %ecx\n"
      "jnz 3b\n"
      "dec %r13d\n"
      "jnz 2b\n"
      EXIT("$0"));
/* clang-format on */

START_TEST(code_may_be_anywhere_among_data)
{
	RUN(scattered_code);
	expect_exit(0);
}
END_TEST

/* Unaligned and page-crossing SSE, string instructions. */
/* clang-format off */
GUEST(strings,
      "mov $0x500000, %esi\n"
      "mov $0x500ff8, %edi\n"
      "mov $16, %ecx\n"
      "rep movsb\n"
      "movdqu 0x500ff8, %xmm0\n"
      "movdqu %xmm0, 0x501ff4\n"
      "mov $0x501ff4, %edi\n"
      "mov $0x500000, %esi\n"
      "mov $16, %ecx\n"
      "repe cmpsb\n" EQUAL("1")
      "mov $0x500800, %edi\n"
      "mov $0x61, %al\n"
      "mov $4000, %ecx\n"
      "rep stosb\n"
      "cmpb $0x61, 0x50179f\n" EQUAL("2")
      "cmpb $0, 0x5017a0\n" EQUAL("3")
      EXIT("$0"));
/* clang-format on */

START_TEST(string_and_vector_instructions_cross_pages)
{
	RUN(strings);
	expect_exit(0);
}
END_TEST

/* clang-format off */
GUEST(brk,
      "xor %edi, %edi\n"
      "mov $12, %eax\n"
      "syscall\n"
      "cmp $0x503000, %rax\n" EQUAL("1")
      "lea 0x2000(%rax), %rdi\n"
      "mov $12, %eax\n"
      "syscall\n"
      "cmp $0x505000, %rax\n" EQUAL("2")
      "movq $1, -8(%rax)\n"
      EXIT("$0"));
/* clang-format on */

START_TEST(the_break_begins_behind_the_program)
{
	RUN(brk);
	expect_exit(0);
}
END_TEST

/* clang-format off */
GUEST(forever,
      "1: jmp 1b\n");
/* clang-format on */

START_TEST(an_endless_loop_meets_the_step_cap)
{
	config.step_cap = 10000;
	RUN(forever);
	ck_assert_int_eq(outcome.result.end, RUN_STEP_CAP);
	ck_assert(!outcome.result.exited);
}
END_TEST

START_TEST(the_same_run_has_the_same_trace_hash)
{
	uint64_t hash;

	config.nr_cpus = 2;
	RUN(threads);
	hash = outcome.result.trace_hash;
	RUN(hello);
	ck_assert_uint_ne(outcome.result.trace_hash, hash);
	RUN(threads);
	ck_assert_uint_eq(outcome.result.trace_hash, hash);
}
END_TEST

static unsigned nr_seen;

static void see(struct observer *o, struct machine *m, const struct event *ev)
{
	(void)o;
	(void)m;
	(void)ev;
	nr_seen++;
}

static struct observer watcher = { .name = "watcher",
	                           .types = 1 << EV_ACCESS,
	                           .event = see };

static void watch(struct machine *m, void *data)
{
	(void)data;
	observe(m, &watcher);
}

static void ignore(struct machine *m, void *data)
{
	(void)data;
	unobserve(m, &watcher);
}

/* Whoever is alone and not watched takes a shorter way to memory. */
START_TEST(a_run_leaves_the_same_trace_watched_or_not)
{
	static const struct {
		const uint8_t *code, *end;
	} guests[] = {
		{ guest_hello, guest_hello_end },
		{ guest_strings, guest_strings_end },
		{ guest_self_modifying, guest_self_modifying_end },
		{ guest_threads, guest_threads_end },
		{ guest_fork, guest_fork_end },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(guests); i++) {
		struct exec_result alone;

		config.attach = config.detach = NULL;
		image_run(guests[i].code, guests[i].end);
		alone = outcome.result;
		config.attach = watch;
		config.detach = ignore;
		nr_seen = 0;
		image_run(guests[i].code, guests[i].end);
		ck_assert_uint_gt(nr_seen, 0);
		ck_assert_uint_eq(outcome.result.trace_hash, alone.trace_hash);
		ck_assert_uint_eq(outcome.result.steps, alone.steps);
		ck_assert_uint_eq(outcome.result.cycles, alone.cycles);
	}
}
END_TEST

START_TEST(a_machine_too_small_is_an_error)
{
	GError *error = NULL;
	static struct image im;

	image_build(&im, guest_hello, 64);
	config.image = im.bytes;
	config.image_len = im.len;
	for (uint64_t pages = 1; pages < 24; pages++) {
		config.memory_bytes = pages * PAGE_SIZE;
		if (exec_program(&config, &outcome.result, &error)) {
			ck_assert_ptr_nonnull(error);
			g_clear_error(&error);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syscalls/exec");
	TCase *tc = tcase_create("exec");

	tcase_add_checked_fixture(tc, image_setup, NULL);
	tcase_add_test(tc, output_and_exit_status_reach_the_host);
	tcase_add_test(tc, the_stack_holds_what_the_abi_says);
	tcase_add_test(tc, data_is_loaded_and_bss_is_zero);
	tcase_add_test(tc, what_is_not_allowed_ends_in_a_signal);
	tcase_add_test(tc, unmapped_memory_is_gone);
	tcase_add_test(tc, bad_arguments_are_errors);
	tcase_add_loop_test(tc, fork_copies_private_and_shares_shared_memory, 0,
	                    2);
	tcase_add_test(tc, locked_instructions_of_threads_are_atomic);
	tcase_add_test(tc, threads_on_one_cpu_take_turns);
	tcase_add_test(tc, code_a_program_writes_is_what_runs);
	tcase_add_test(tc, code_may_be_anywhere_among_data);
	tcase_add_test(tc, string_and_vector_instructions_cross_pages);
	tcase_add_test(tc, the_break_begins_behind_the_program);
	tcase_add_test(tc, an_endless_loop_meets_the_step_cap);
	tcase_add_test(tc, the_same_run_has_the_same_trace_hash);
	tcase_add_test(tc, a_run_leaves_the_same_trace_watched_or_not);
	tcase_add_test(tc, a_machine_too_small_is_an_error);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
