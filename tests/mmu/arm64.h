/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench with arm64's MMUs and descriptors. */
#ifndef MMULATOR_TESTS_MMU_ARM64_H
#define MMULATOR_TESTS_MMU_ARM64_H

#include "pagetable/arm64.h"
#include "tests/mmu/fixture.h"

/* A page of a user: valid, AF, not global. */
#define PAGE_RO (ARM64_VALID | ARM64_AP1 | ARM64_AP2 | ARM64_AF | ARM64_NG)
#define PAGE_RW (PAGE_RO & ~ARM64_AP2)
/* ESR_EL1 of a data abort from EL0. */
#define DABT    (UINT64_C(0x24) << 26 | 1 << 25)
#define WNR     UINT64_C(0x40)

void arm64_setup(void);
/* Map @va to @pa by a leaf of @level with the raw bits @bits, in the tables of
 * half @va_half's granule; bit 1 is set as it must be. Returns where it is. */
paddr_t map_arm64(vaddr_t va, paddr_t pa, unsigned level, uint64_t bits);
/* map_arm64() of a new anonymous frame by a 4K page. */
paddr_t map_page(vaddr_t va, uint64_t bits, paddr_t *pa);
/* One bit more or less in TCR_EL1 of both. */
void tcr_set(uint64_t bits);
void tcr_clear(uint64_t bits);
/* An access that must fault, and the ESR it must give. */
void expect_fault(enum mmu_op op, vaddr_t va, uint64_t esr);

#endif
