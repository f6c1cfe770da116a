/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory page tables take after their pages are gone: maps N GiB,
 * touches one page in every 2 MiB, discards them, and prints VmPTE of
 * /proc/self/status before and after.
 *
 *	vmpte [GIB]	50 by default
 *
 * The figures that the page-table reclaim series was motivated with (1 July
 * 2024): 102640 kB and 240 kB.
 */
#include "guest.h"

#define TABLE_SPAN (UINT64_C(2) << 20)

/* The number behind "VmPTE:" in our status; 0 if there is none. */
static uint64_t vm_pte(void)
{
	static char status[4096];
	static const char key[] = "VmPTE:";
	long fd = open_file("/proc/self/status");
	long n = syscall3(NR_READ, fd, status, sizeof(status) - 1);

	(void)syscall3(NR_CLOSE, fd, 0, 0);
	for (long i = 0; i + (long)sizeof(key) < n; i++) {
		size_t k = 0;

		while (key[k] && status[i + (long)k] == key[k])
			k++;
		if (key[k])
			continue;
		while (status[i + (long)k] == ' ' ||
		       status[i + (long)k] == '\t')
			k++;
		return parse_number(status + i + k);
	}
	return 0;
}

static void report(const char *when)
{
	print("VmPTE ");
	print(when);
	print(": ");
	print_number(vm_pte());
	print(" kB\n");
}

int main(int argc, char **argv)
{
	uint64_t gib = argc > 1 ? parse_number(argv[1]) : 50;
	uint64_t bytes = gib << 30;
	volatile char *heap = map_memory(bytes + TABLE_SPAN);
	volatile char *first;

	if (!gib || (uint64_t)(uintptr_t)heap >= (uint64_t)-4095) {
		print("vmpte: cannot map that\n");
		return 1;
	}
	first = (volatile char *)(((uintptr_t)heap + TABLE_SPAN - 1) &
	                          ~(TABLE_SPAN - 1));
	(void)syscall3(NR_MADVISE, first, bytes, MADV_NOHUGEPAGE);
	for (uint64_t i = 0; i < bytes; i += TABLE_SPAN)
		first[i] = 1;
	report("touched");
	if (syscall3(NR_MADVISE, first, bytes, MADV_DONTNEED)) {
		print("vmpte: madvise failed\n");
		return 1;
	}
	report("discarded");
	return 0;
}
