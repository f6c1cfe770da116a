/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mm/arch.h"

#include <check.h>
#include <stdlib.h>

enum arch_id test_arch(void)
{
	const char *name = getenv("MMU_TEST_ARCH");
	enum arch_id arch = ARCH_X86_64;

	if (name)
		ck_assert(arch_parse(name, &arch));
	return arch;
}

struct fault_info test_fault(vaddr_t addr, bool write, bool present)
{
	struct fault_info f = {
		.addr = addr, .write = write, .user = true, .present = present
	};

	if (test_arch() == ARCH_ARM64)
		/* Data abort from EL0, level 3; WnR. */
		f.code = UINT64_C(0x24) << 26 | BIT_ULL(25) |
		         (write ? BIT_ULL(6) : 0) | (present ? 0x0f : 0x07);
	return f;
}

uint64_t test_hw_dirty(uint64_t e)
{
	/* D, SDM 3A 4.8; AP[2] of an entry with DBM, Arm ARM D8.5.5. */
	return test_arch() == ARCH_ARM64 ? e & ~BIT_ULL(7) : e | BIT_ULL(6);
}

uint64_t test_huge_entry(paddr_t pa)
{
	/* P RW US A D PS; a valid block with AP[1], AF, nG, DBM. */
	return test_arch() == ARCH_ARM64 ? pa | 0xc41 | BIT_ULL(51) : pa | 0xe7;
}
