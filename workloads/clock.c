/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the time-stamp counter in every way there is: it never goes back, and
 * RDTSCP names the CPU.  One of the instructions lies across two pages.
 * Exit status: 0, or the number of what went wrong.
 */
#include "guest.h"

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static uint64_t rdtscp(uint32_t *aux)
{
	uint32_t low, high;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(*aux));
	return (uint64_t)high << 32 | low;
}

/* Between two pages, and two windows of 16 KiB. */
uint64_t rdtsc_across(void);
__asm__(".text\n"
        ".balign 16384\n"
        ".skip 16384 - 8\n"
        "rdtsc_across:\n"
        "xor %eax, %eax\n"
        "xor %edx, %edx\n"
        "nop\n"
        "nop\n"
        "nop\n"
        "rdtsc\n"
        "shl $32, %rdx\n"
        "or %rdx, %rax\n"
        "ret\n");

int main(int argc, char **argv)
{
	uint64_t last = 0;
	uint32_t aux = 99;

	(void)argc;
	(void)argv;
	for (int i = 0; i < 1000; i++) {
		uint64_t now = i % 3 == 0   ? rdtsc()
		               : i % 3 == 1 ? rdtscp(&aux)
		                            : rdtsc_across();

		if (now <= last)
			return 1;
		last = now;
	}
	return aux ? 2 : 0;
}
