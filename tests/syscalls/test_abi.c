/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64's system calls against the kernel's own header. */
#include "syscalls/abi.h"

#include <asm-generic/unistd.h>
#include <check.h>
#include <stdlib.h>

#include "syscalls/syscalls.h"

#define CALL(name)                 \
	{                          \
#		name, __NR_##name \
	}
static const struct {
	const char *name;
	unsigned nr;
} calls[] = {
	CALL(read),          CALL(write),
	CALL(close),         CALL(lseek),
	CALL(mmap),          CALL(mprotect),
	CALL(munmap),        CALL(brk),
	CALL(pread64),       CALL(pwrite64),
	CALL(writev),        CALL(sched_yield),
	CALL(mremap),        CALL(madvise),
	CALL(getpid),        CALL(clone),
	CALL(exit),          CALL(wait4),
	CALL(ftruncate),     CALL(getuid),
	CALL(getgid),        CALL(geteuid),
	CALL(getegid),       CALL(getppid),
	CALL(gettid),        CALL(set_tid_address),
	CALL(clock_gettime), CALL(exit_group),
	CALL(openat),        CALL(vmsplice),
	CALL(memfd_create),
};

START_TEST(numbers_are_those_of_the_generic_table)
{
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct syscall_entry *entry =
			syscall_lookup(ARCH_ARM64, calls[i].nr);

		ck_assert_ptr_nonnull(entry);
		ck_assert_str_eq(entry->name, calls[i].name);
		ck_assert_str_eq(syscall_name(ARCH_ARM64, calls[i].nr),
		                 calls[i].name);
		ck_assert_uint_eq(syscall_number(ARCH_ARM64, calls[i].name),
		                  calls[i].nr);
	}
}
END_TEST

START_TEST(names_are_there_for_what_is_not)
{
	ck_assert_str_eq(syscall_name(ARCH_ARM64, __NR_io_setup), "io_setup");
	ck_assert_str_eq(syscall_name(ARCH_ARM64, __NR_ppoll), "ppoll");
	ck_assert_str_eq(syscall_name(ARCH_ARM64, __NR_statx), "statx");
	ck_assert_str_eq(syscall_name(ARCH_ARM64, __NR_prctl), "prctl");
	ck_assert_str_eq(syscall_name(ARCH_ARM64, __NR_openat2), "openat2");
	ck_assert_ptr_null(syscall_name(ARCH_ARM64, 250));
	ck_assert_ptr_null(syscall_name(ARCH_ARM64, UINT64_MAX));
}
END_TEST

/* What a C library calls instead of fork; open has no such stand-in here. */
START_TEST(calls_that_arm64_does_not_have)
{
	ck_assert_uint_eq(syscall_number(ARCH_ARM64, "fork"), __NR_clone);
	ck_assert_uint_eq(syscall_number(ARCH_X86_64, "fork"), 57);
	ck_assert_uint_eq(syscall_number(ARCH_ARM64, "open"), NO_SYSCALL);
	ck_assert_uint_eq(syscall_number(ARCH_ARM64, "arch_prctl"), NO_SYSCALL);
	ck_assert_uint_eq(syscall_number(ARCH_ARM64, "nonsense"), NO_SYSCALL);
	ck_assert_ptr_null(syscall_lookup(ARCH_ARM64, NO_SYSCALL));
}
END_TEST

/* Two ways to the same function, on both. */
START_TEST(every_call_has_one_number_on_an_architecture)
{
	unsigned n;
	const struct syscall_entry *table = syscall_table_get(&n);

	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (unsigned i = 0; i < n; i++) {
			uint32_t nr = table[i].nr[arch];

			if (nr == NO_SYSCALL)
				continue;
			ck_assert_ptr_eq(syscall_lookup((enum arch_id)arch, nr),
			                 &table[i]);
			ck_assert_str_eq(syscall_name((enum arch_id)arch, nr),
			                 table[i].name);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syscalls/abi");
	TCase *tc = tcase_create("numbers");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, numbers_are_those_of_the_generic_table);
	tcase_add_test(tc, names_are_there_for_what_is_not);
	tcase_add_test(tc, calls_that_arm64_does_not_have);
	tcase_add_test(tc, every_call_has_one_number_on_an_architecture);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
