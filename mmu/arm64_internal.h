/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of arm64's MMU. */
#ifndef MMULATOR_MMU_ARM64_INTERNAL_H
#define MMULATOR_MMU_ARM64_INTERNAL_H

#include "mmu/mmu_internal.h"

/** dvm_start - this CPU performs others' TLBIs, by an agent of its own. */
void dvm_start(struct mmu *mmu);
/** dvm_wait - a step (STEP_WAIT), enabled when no TLBI waits for this CPU. */
void dvm_wait(struct mmu *mmu);

/** ttbr0_resolve - a pending MSR TTBR0_EL1 takes effect, for certain if @sync.
 */
void ttbr0_resolve(struct mmu *mmu, bool sync);

/** mmu_stores_through - the age of the youngest store in this CPU's store
 * buffer whose translation @s takes away; 0: none. */
uint64_t mmu_stores_through(const struct mmu *mmu, const struct tlb_scope *s);

/** arm64_check_tags, arm64_move_tag - of struct mmu_arch. */
bool arm64_check_tags(struct mmu *mmu, struct mmu_access *acc,
                      const struct mmu_target *t, struct fault_info *fault);
void arm64_move_tag(struct mmu *mmu, struct mmu_access *acc,
                    const struct mmu_target *t);

/* Bit 55 says which half an address belongs to, whatever its tag. */
static inline unsigned va_half(vaddr_t va)
{
	return va >> 55 & 1;
}

#endif
