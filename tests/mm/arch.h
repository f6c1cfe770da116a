/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tests of what is the same on every architecture run on each: the environment
 * variable MMU_TEST_ARCH says which.
 */
#ifndef MMULATOR_TESTS_MM_ARCH_H
#define MMULATOR_TESTS_MM_ARCH_H

#include "base/machine.h"

/** test_arch - what MMU_TEST_ARCH says; x86_64 if nothing. */
enum arch_id test_arch(void);

/** test_fault - a user's fault at @addr as hardware of test_arch() reports
 * it. @present: a right is missing, not the entry. */
struct fault_info test_fault(vaddr_t addr, bool write, bool present);

/** test_hw_dirty - what hardware of test_arch() makes of the writable entry @e
 * when a store goes through it. */
uint64_t test_hw_dirty(uint64_t e);

/** test_huge_entry - a huge page at @pa, for users, writable and dirty. */
uint64_t test_huge_entry(paddr_t pa);

#endif
