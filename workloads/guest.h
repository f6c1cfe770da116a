/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest program needs without a C library: system calls, output of
 * strings and numbers, the way from _start to main().  Include it once.
 */
#ifndef MMULATOR_WORKLOADS_GUEST_H
#define MMULATOR_WORKLOADS_GUEST_H

#include <stddef.h>
#include <stdint.h>

enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_OPEN = 2,
	NR_CLOSE = 3,
	NR_MMAP = 9,
	NR_MPROTECT = 10,
	NR_MUNMAP = 11,
	NR_MADVISE = 28,
	NR_GETPID = 39,
	NR_FORK = 57,
	NR_EXIT = 60,
	NR_WAIT4 = 61,
	NR_FTRUNCATE = 77,
	NR_MEMFD_CREATE = 319
};

enum {
	PROT_RW = 3,
	MAP_SHARED = 1,
	MAP_PRIVATE = 2,
	MAP_ANON = 0x20
};
enum {
	MADV_DONTNEED = 4,
	MADV_NOHUGEPAGE = 15
};

static inline long syscall6(long nr, long a, long b, long c, long d, long e,
                            long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
	                 : "=a"(ret)
	                 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
	                   "r"(r9)
	                 : "rcx", "r11", "memory");
	return ret;
}
#define syscall3(nr, a, b, c) \
	syscall6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)

static inline size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static inline void print(const char *s)
{
	(void)syscall3(NR_WRITE, 1, s, length(s));
}

static inline void print_number(uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	digits[--at] = 0;
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	print(digits + at);
}

static inline uint64_t parse_number(const char *s)
{
	uint64_t value = 0;

	while (*s >= '0' && *s <= '9')
		value = value * 10 + (uint64_t)(*s++ - '0');
	return value;
}

static inline void *map_memory(uint64_t bytes)
{
	return (void *)syscall6(NR_MMAP, 0, (long)bytes, PROT_RW,
	                        MAP_PRIVATE | MAP_ANON, -1, 0);
}

_Noreturn static inline void exit_program(int code)
{
	for (;;)
		(void)syscall3(NR_EXIT, code, 0, 0);
}

/* gcc makes calls of these even in freestanding code. */
void *memset(void *to, int byte, size_t n);
void *memset(void *to, int byte, size_t n)
{
	uint8_t *p = to;

	while (n--) {
		*p++ = (uint8_t)byte;
		__asm__ volatile("" ::: "memory");
	}
	return to;
}

int main(int argc, char **argv);

__attribute__((used)) _Noreturn void start_program(long *sp);
_Noreturn void start_program(long *sp)
{
	exit_program(main((int)*sp, (char **)(sp + 1)));
}
__asm__(".globl _start\n"
        "_start: mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call start_program\n");

#endif
