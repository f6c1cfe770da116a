/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest program needs without a C library: system calls, output of
 * strings and numbers, the way from _start to main().  Include it once.
 */
#ifndef MMULATOR_WORKLOADS_GUEST_H
#define MMULATOR_WORKLOADS_GUEST_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
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
	NR_CLONE = 56,
	NR_FORK = 57,
	NR_EXIT = 60,
	NR_WAIT4 = 61,
	NR_FTRUNCATE = 77,
	NR_OPENAT = 257,
	NR_MEMFD_CREATE = 319
};
#elif defined(__aarch64__)
enum {
	NR_FTRUNCATE = 46,
	NR_OPENAT = 56,
	NR_CLOSE = 57,
	NR_READ = 63,
	NR_WRITE = 64,
	NR_EXIT = 93,
	NR_PRCTL = 167,
	NR_GETPID = 172,
	NR_MUNMAP = 215,
	NR_CLONE = 220,
	NR_MMAP = 222,
	NR_MPROTECT = 226,
	NR_MADVISE = 233,
	NR_WAIT4 = 260,
	NR_MEMFD_CREATE = 279
};
#endif

enum {
	AT_FDCWD = -100,
	PR_SET_TAGGED_ADDR_CTRL = 55,
	PR_TAGGED_ADDR_ENABLE = 1,
	PR_MTE_TCF_SYNC = 2
};
enum {
	PROT_RW = 3,
	PROT_MTE = 0x20,
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
#if defined(__x86_64__)
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
#elif defined(__aarch64__)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
	                 : "+r"(x0)
	                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
	                 : "memory");
	return x0;
}
#endif
#define syscall3(nr, a, b, c) \
	syscall6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* For reading. arm64 has no open. */
static inline long open_file(const char *name)
{
#ifdef __x86_64__
	return syscall3(NR_OPEN, name, 0, 0);
#else
	return syscall6(NR_OPENAT, AT_FDCWD, (long)name, 0, 0, 0, 0);
#endif
}

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
#if defined(__x86_64__)
__asm__(".globl _start\n"
        "_start: mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call start_program\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
        "_start: mov x0, sp\n"
        "b start_program\n");
#endif

#endif
