/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mmu/mmu.h"

#include <string.h>

#include "base/bug.h"
#include "mmu/mmu_internal.h"

/* ---- bringing it up ---- */

const struct mmu_switches mmu_switches_default = {
	.dirty_recheck = true,
	.ad_present_check = true,
	.hw_af = true,
	.hw_dbm = true,
	.asid_bits = 16,
	.granule = PAGE_SHIFT,
};

/* A copy is going: it is news when it is the last one. */
static void tell_dropped(struct tlb *t, const struct tlb_entry *e,
                         enum tlb_drop reason)
{
	struct mmu *mmu = t->data;

	if (!event_wanted(mmu->machine, EV_TLB_DROP) ||
	    tlb_holds(t, e->serial, e->va, e))
		return;
	emit(mmu->machine, EV_TLB_DROP, .addr = e->va, .a = reason,
	     .c = mmu->cpu->id, .data = e);
}

static void power_on(struct mmu *mmu)
{
	const struct cpu_profile *p = mmu->profile;

	mmu->root = 0;
	mmu->pcid = 0;
	mmu->switches = mmu_switches_default;
	mmu->size_mix = p->size_mix;
	mmu->maxphyaddr = p->maxphyaddr;
	mmu->flush_seq = 0;
	mmu->nr_accesses = mmu->nr_l1_misses = 0;
	mmu->nr_walks = mmu->nr_walk_reads = 0;
	mmu->walker = NULL;
	mmu->arch->power_on(mmu);
}

static const struct mmu_arch *arch_of(const struct machine *m)
{
	return m->arch == ARCH_ARM64 ? &mmu_arch_arm64 : &mmu_arch_x86;
}

void mmu_init(struct mmu *mmu, struct machine *m, struct cpu *cpu,
              const struct cpu_profile *p)
{
	memset(mmu, 0, sizeof(*mmu));
	mmu->machine = m;
	mmu->cpu = cpu;
	mmu->profile = p;
	mmu->arch = arch_of(m);
	tlb_init(&mmu->tlb, &p->tlb);
	mmu->tlb.data = mmu;
	mmu->tlb.dropped = tell_dropped;
	power_on(mmu);
}

void mmu_reset(struct mmu *mmu)
{
	tlb_reset(&mmu->tlb);
	power_on(mmu);
}

void mmu_set_switches(struct mmu *mmu, const struct mmu_switches *switches)
{
	mmu->switches = *switches;
	mmu->arch->configure(mmu);
}

void mmu_fini(struct mmu *mmu)
{
	if (mmu->machine)
		tlb_fini(&mmu->tlb);
	memset(mmu, 0, sizeof(*mmu));
}

/* ---- events ---- */

const char *mmu_flush_name(enum mmu_flush kind)
{
	static const char *const names[MMU_FLUSH_COUNT] = {
		[MMU_FLUSH_INVLPG] = "invlpg",
		[MMU_FLUSH_INVPCID_ADDR] = "invpcid address",
		[MMU_FLUSH_INVPCID_CTX] = "invpcid context",
		[MMU_FLUSH_INVPCID_ALL] = "invpcid all",
		[MMU_FLUSH_INVPCID_NONGLOBAL] = "invpcid all but globals",
		[MMU_FLUSH_CR3] = "mov cr3",
		[MMU_FLUSH_CR4] = "mov cr4",
		[MMU_FLUSH_CR4_SMEP] = "mov cr4 (SMEP)",
		[MMU_FLUSH_TLBI_VA] = "tlbi va",
		[MMU_FLUSH_TLBI_VAA] = "tlbi va, every asid",
		[MMU_FLUSH_TLBI_ASID] = "tlbi asid",
		[MMU_FLUSH_TLBI_ALL] = "tlbi all",
	};

	return kind < MMU_FLUSH_COUNT ? names[kind] : "?";
}

void mmu_tell_flush(struct mmu *mmu, enum mmu_flush kind, unsigned pcid,
                    vaddr_t addr)
{
	mmu->flush_seq++;
	emit(mmu->machine, EV_TLB_FLUSH, .addr = addr, .a = kind, .b = pcid,
	     .c = mmu->cpu->id);
}

bool mmu_report_fault(struct mmu *mmu, const struct fault_info *fault)
{
	trace_mix(current_agent, fault->addr ^ fault->code);
	emit(mmu->machine, EV_FAULT, .addr = fault->addr, .a = fault->code,
	     .b = fault->user, .c = mmu->cpu->id);
	return false;
}
