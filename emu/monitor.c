/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusive monitors.
 *
 * DIVERGES: what the kernel writes by way of its direct map (a page copied, a
 * file written) no monitor sees; an interrupt between a load-exclusive and its
 * store-exclusive does not make that fail.
 */
#include "emu/vcpu.h"

void monitor_mark(struct vcpu *vcpu, paddr_t pa)
{
	vcpu->emu->nr_exclusive += vcpu->monitor.granule == NO_GRANULE;
	vcpu->monitor.granule = ALIGN_DOWN(pa, EXCLUSIVE_GRANULE);
}

void monitor_clear(struct vcpu *vcpu)
{
	vcpu->emu->nr_exclusive -= vcpu->monitor.granule != NO_GRANULE;
	vcpu->monitor.granule = NO_GRANULE;
}

static bool stores(const struct mmu_access *acc)
{
	return acc->op != MMU_LOAD && acc->op != MMU_FETCH &&
	       acc->op != MMU_PROBE;
}

void monitor_see_store(struct vcpu *vcpu, const struct mmu_access *acc)
{
	struct emu *emu = vcpu->emu;
	paddr_t first = ALIGN_DOWN(acc->pa, EXCLUSIVE_GRANULE);
	paddr_t last = ALIGN_DOWN(acc->pa + acc->size - 1, EXCLUSIVE_GRANULE);

	if (likely(!emu->nr_exclusive) || !stores(acc))
		return;
	for (unsigned i = 0; i < emu->machine->nr_cpus; i++) {
		struct vcpu *other = &emu->vcpus[i];
		paddr_t granule = other->monitor.granule;

		if (other != vcpu && (granule == first || granule == last))
			monitor_clear(other);
	}
}
