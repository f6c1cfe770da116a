/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mmu/mmu.h"

#include <string.h>

#include "base/bug.h"
#include "base/once.h"
#include "mmu/mmu_internal.h"
#include "pagetable/pgtable.h"
#include "pagetable/x86.h"

/* ---- bringing it up ---- */

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
	mmu->cr0_wp = true;
	mmu->cr4_pge = true;
	mmu->cr4_pcide = true;
	mmu->cr4_smep = true;
	mmu->cr4_smap = true;
	mmu->cr4_la57 = pt_levels(mmu->machine) == 5;
	mmu->efer_nxe = true;
	mmu->switches.dirty_recheck = true;
	mmu->switches.ad_present_check = true;
	mmu->size_mix = p->size_mix;
	mmu->maxphyaddr = p->maxphyaddr;
	mmu->flush_seq = 0;
	mmu->nr_accesses = mmu->nr_l1_misses = 0;
	mmu->nr_walks = mmu->nr_walk_reads = 0;
	mmu->walker = NULL;
}

void mmu_init(struct mmu *mmu, struct machine *m, struct cpu *cpu,
              const struct cpu_profile *p)
{
	memset(mmu, 0, sizeof(*mmu));
	mmu->machine = m;
	mmu->cpu = cpu;
	mmu->profile = p;
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

void mmu_fini(struct mmu *mmu)
{
	if (mmu->machine)
		tlb_fini(&mmu->tlb);
	memset(mmu, 0, sizeof(*mmu));
}

/* ---- registers and invalidations ---- */

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
	};

	return kind < MMU_FLUSH_COUNT ? names[kind] : "?";
}

static void tell_flush(struct mmu *mmu, enum mmu_flush kind, unsigned pcid,
                       vaddr_t addr)
{
	mmu->flush_seq++;
	emit(mmu->machine, EV_TLB_FLUSH, .addr = addr, .a = kind, .b = pcid,
	     .c = mmu->cpu->id);
}

void mmu_invlpg(struct mmu *mmu, vaddr_t addr)
{
	smp_mb();
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "invlpg", addr);
	charge(mmu->machine->costs->invlpg);
	tlb_invalidate_addr(&mmu->tlb, addr, mmu->pcid, true, TLB_DROP_INVLPG);
	/* SDM 3A 4.10.4.1: regardless of the address they are for. */
	psc_invalidate_context(&mmu->tlb, mmu->pcid);
	tell_flush(mmu, MMU_FLUSH_INVLPG, mmu->pcid, addr);
}

/* SDM 2A INVPCID: what makes it #GP. */
static bool invpcid_valid(const struct mmu *mmu, unsigned type, unsigned pcid,
                          vaddr_t addr)
{
	if (type > 3 || pcid > 0xfff)
		return false;
	if (type == 0 && !x86_canonical(addr, mmu->cr4_la57))
		return false;
	return type > 1 || mmu->cr4_pcide || !pcid;
}

bool mmu_invpcid(struct mmu *mmu, unsigned type, unsigned pcid, vaddr_t addr)
{
	static const char *const labels[] = {
		"invpcid address",
		"invpcid context",
		"invpcid all",
		"invpcid all but globals",
	};
	struct tlb *t = &mmu->tlb;

	if (!invpcid_valid(mmu, type, pcid, addr))
		return false;
	smp_mb();
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, labels[type], type ? pcid : addr);
	charge(type ? mmu->machine->costs->flush_all
	            : mmu->machine->costs->invlpg);
	switch (type) {
	case 0:
		tlb_invalidate_addr(t, addr, (uint16_t)pcid, false,
		                    TLB_DROP_INVPCID);
		psc_invalidate_addr(t, addr, (uint16_t)pcid);
		break;
	case 1:
		tlb_invalidate_context(t, (uint16_t)pcid, TLB_DROP_INVPCID);
		psc_invalidate_context(t, (uint16_t)pcid);
		break;
	default:
		tlb_invalidate_all(t, type == 2, TLB_DROP_ALL);
		psc_invalidate_all(t);
		break;
	}
	tell_flush(mmu, MMU_FLUSH_INVPCID_ADDR + type, pcid, addr);
	return true;
}

bool mmu_write_cr3(struct mmu *mmu, paddr_t root, unsigned pcid, bool noflush)
{
	const struct cost_table *costs = mmu->machine->costs;

	BUG_ON(root & ~PAGE_MASK);
	if (pcid > 0xfff || (!mmu->cr4_pcide && (pcid || noflush)))
		return false;
	smp_mb();
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "write_cr3", root | pcid);
	charge(costs->cr3_write);
	mmu->root = root;
	mmu->pcid = (uint16_t)pcid;
	emit(mmu->machine, EV_CR3, .a = root, .b = pcid, .c = mmu->cpu->id);
	if (noflush) {
		mmu->flush_seq++; /* walks of the old tables end there, too */
		return true;
	}
	charge(costs->flush_all);
	tlb_invalidate_context(&mmu->tlb, mmu->pcid, TLB_DROP_CR3);
	psc_invalidate_context(&mmu->tlb, mmu->pcid);
	tell_flush(mmu, MMU_FLUSH_CR3, pcid, 0);
	return true;
}

uint64_t mmu_read_cr4(const struct mmu *mmu)
{
	return (mmu->cr4_pge ? CR4_PGE : 0) | (mmu->cr4_la57 ? CR4_LA57 : 0) |
	       (mmu->cr4_pcide ? CR4_PCIDE : 0) |
	       (mmu->cr4_smep ? CR4_SMEP : 0) | (mmu->cr4_smap ? CR4_SMAP : 0);
}

static void flush_everything(struct mmu *mmu)
{
	charge(mmu->machine->costs->flush_all);
	tlb_invalidate_all(&mmu->tlb, true, TLB_DROP_ALL);
	psc_invalidate_all(&mmu->tlb);
	tell_flush(mmu, MMU_FLUSH_CR4, mmu->pcid, 0);
}

/* SMEP turned on: of the current PCID only, but with global entries. */
static void flush_for_smep(struct mmu *mmu)
{
	struct tlb *t = &mmu->tlb;

	charge(mmu->machine->costs->flush_all);
	tlb_invalidate_context(t, mmu->pcid, TLB_DROP_ALL);
	tlb_invalidate_globals(t, TLB_DROP_ALL);
	psc_invalidate_context(t, mmu->pcid);
	tell_flush(mmu, MMU_FLUSH_CR4_SMEP, mmu->pcid, 0);
}

bool mmu_write_cr4(struct mmu *mmu, uint64_t cr4)
{
	uint64_t changed = mmu_read_cr4(mmu) ^ cr4;

	if (changed & CR4_LA57)
		return false;
	if ((changed & cr4 & CR4_PCIDE) && mmu->pcid)
		return false;
	smp_mb();
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "write_cr4", cr4);
	mmu->cr4_pge = cr4 & CR4_PGE;
	mmu->cr4_pcide = cr4 & CR4_PCIDE;
	mmu->cr4_smep = cr4 & CR4_SMEP;
	mmu->cr4_smap = cr4 & CR4_SMAP;
	if ((changed & CR4_PGE) || (changed & ~cr4 & CR4_PCIDE)) {
		flush_everything(mmu);
		if (!mmu->cr4_pcide)
			mmu->pcid = 0;
	} else if (changed & cr4 & CR4_SMEP) {
		flush_for_smep(mmu);
	}
	return true;
}

void mmu_flush_all(struct mmu *mmu)
{
	smp_mb();
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "flush_tlb_all", 0);
	flush_everything(mmu);
}
