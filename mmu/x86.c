/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MMU of x86-64: SDM 3A chapter 4. */
#include "pagetable/x86.h"
#include "base/bug.h"
#include "base/once.h"
#include "mmu/walk_internal.h"
#include "pagetable/pgtable.h"

/* ---- bringing it up ---- */

static void x86_power_on(struct mmu *mmu)
{
	mmu->cr0_wp = true;
	mmu->cr4_pge = true;
	mmu->cr4_pcide = true;
	mmu->cr4_smep = true;
	mmu->cr4_smap = true;
	mmu->cr4_la57 = pt_levels(mmu->machine) == 5;
	mmu->efer_nxe = true;
	mmu->user_mask = ~UINT64_C(0);
	/* The lower half is canonical. */
	mmu->low_end = BIT_ULL(mmu->cr4_la57 ? 56 : 47);
}

/* They are looked at whenever they matter. */
static void x86_configure(struct mmu *mmu)
{
	(void)mmu;
}

/* ---- rights and faults ---- */

/* SDM 3A 4.6.1. */
static bool x86_allowed(const struct mmu *mmu, const struct mmu_need *need,
                        unsigned rights)
{
	if (need->user)
		return mmu_user_allowed(need->write, rights) &&
		       (!need->fetch || (rights & TLB_X));
	if (need->fetch)
		return (rights & TLB_X) && !((rights & TLB_U) && mmu->cr4_smep);
	if ((rights & TLB_U) && mmu->cr4_smap && !need->ac)
		return false;
	return !need->write || (rights & TLB_W) || !mmu->cr0_wp;
}

static uint64_t error_code(const struct mmu *mmu, const struct mmu_need *need,
                           enum walk_end end)
{
	uint64_t code = end == WALK_NOT_PRESENT ? 0 : PF_P;

	if (need->write)
		code |= PF_W;
	if (need->user)
		code |= PF_U;
	if (end == WALK_RESERVED)
		code |= PF_RSVD;
	if (need->fetch && (mmu->efer_nxe || mmu->cr4_smep))
		code |= PF_I;
	return code;
}

static bool x86_fault(struct mmu *mmu, struct mmu_access *acc, vaddr_t va,
                      struct mmu_end end, struct fault_info *fault)
{
	struct mmu_need need = mmu_need_of(acc);
	uint64_t code = error_code(mmu, &need, end.how);

	/* SDM 3A 4.10.4.1: the fault invalidates what it was taken through. */
	tlb_invalidate_addr(&mmu->tlb, va, mmu->pcid, true, TLB_DROP_FAULT);
	psc_invalidate_addr(&mmu->tlb, va, mmu->pcid);
	*fault = (struct fault_info){
		.addr = va,
		.code = code,
		.write = need.write,
		.exec = need.fetch,
		.user = need.user,
		.present = code & PF_P,
		.reserved = code & PF_RSVD,
		.pc = fault->pc,
	};
	acc->outcome = MMU_PAGE_FAULT;
	return mmu_report_fault(mmu, fault);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): others change it */
static bool x86_address(struct mmu *mmu, struct mmu_access *acc, vaddr_t *va,
                        struct fault_info *fault)
{
	if (likely(x86_canonical(*va, mmu->cr4_la57)))
		return true;
	acc->outcome = MMU_GP_FAULT;
	*fault = (struct fault_info){ .addr = *va, .pc = fault->pc };
	trace_mix(current_agent, *va);
	return false;
}

static bool x86_speculable(struct mmu *mmu, vaddr_t va)
{
	return x86_canonical(va, mmu->cr4_la57);
}

static bool x86_overlap(struct mmu *mmu, struct mmu_access *acc, vaddr_t va,
                        struct fault_info *fault)
{
	acc->outcome = MMU_MACHINE_CHECK;
	*fault = (struct fault_info){ .addr = va, .pc = fault->pc };
	emit(mmu->machine, EV_NOTE, .addr = va,
	     .text = "machine check: TLB entries overlap");
	return false;
}

static bool x86_atomic_aligned(const struct mmu *mmu,
                               const struct mmu_access *acc)
{
	(void)mmu;
	(void)acc;
	return true;
}

/* ---- walks: SDM 3A 4.5 and 4.8 ---- */

static uint64_t x86_with_dirty(const struct mmu *mmu, uint64_t e)
{
	(void)mmu;
	return (e & X86_P) ? e | X86_D : e;
}

static uint8_t entry_rights(uint64_t e)
{
	return (uint8_t)(((e & X86_RW) ? TLB_W : 0) |
	                 ((e & X86_US) ? TLB_U : 0) |
	                 ((e & X86_NX) ? 0 : TLB_X));
}

/* The entry is good: what it leads to. */
static void follow(struct walk *w, bool leaf)
{
	if (!leaf) {
		w->next = w->entry & X86_PFN_MASK;
		return;
	}
	w->span = w->shift;
	w->next = w->entry & x86_pfn_mask(w->shift);
	if (w->entry & X86_D)
		w->rights |= TLB_D;
	if ((w->entry & X86_G) && w->mmu->cr4_pge)
		w->rights |= TLB_G;
}

static __attribute__((noinline)) bool set_bits(struct walk *w, uint64_t bits)
{
	const struct walk_update u = { .set = bits,
		                       .ours = X86_A | X86_D,
		                       .dirty = bits & X86_D };

	return walk_update(w, &u);
}

static enum walk_end x86_look(struct walk *w, bool *leaf)
{
	const struct mmu *mmu = w->mmu;
	const uint8_t above = w->rights;

	/* Once more for each time somebody else changed the entry. */
	for (;;) {
		uint64_t bits = X86_A;

		if (!(w->entry & X86_P))
			return WALK_NOT_PRESENT;
		if (w->entry & x86_reserved(w->entry, w->level, mmu->maxphyaddr,
		                            mmu->efer_nxe))
			return WALK_RESERVED;
		w->rights = above & entry_rights(w->entry);
		*leaf = x86_is_leaf(w->entry, w->level);
		if (*leaf && !w->need.speculative) {
			if (!mmu_allowed(mmu, &w->need, w->rights))
				return WALK_DENIED;
			bits |= w->need.write ? X86_D : 0;
		}
		bits &= ~w->entry;
		if (likely(!bits) || set_bits(w, bits)) {
			follow(w, *leaf);
			return WALK_MAPPED;
		}
		if (unlikely(walk_overtaken(w)))
			return WALK_OVERTAKEN;
	}
}

static enum walk_end x86_walk(struct mmu *mmu, vaddr_t va,
                              const struct mmu_need *need, struct walk *w)
{
	const struct walk_root root = {
		.table = mmu->root,
		.va_mask = ~UINT64_C(0),
		.levels = mmu->cr4_la57 ? 5 : 4,
		.granule = PAGE_SHIFT,
		.rights = TLB_W | TLB_U | TLB_X,
	};

	walk_begin(w, mmu, va, need, &root);
	return walk_to_the_end(w, x86_look);
}

const struct mmu_arch mmu_arch_x86 = {
	.power_on = x86_power_on,
	.configure = x86_configure,
	.address = x86_address,
	.speculable = x86_speculable,
	.allowed = x86_allowed,
	.walk = x86_walk,
	.fault = x86_fault,
	.overlap = x86_overlap,
	.with_dirty = x86_with_dirty,
	.atomic_aligned = x86_atomic_aligned,
};

/* ---- registers and invalidations ---- */

void mmu_invlpg(struct mmu *mmu, vaddr_t addr)
{
	smp_mb();
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "invlpg", addr);
	charge(mmu->machine->costs->invlpg);
	tlb_invalidate_addr(&mmu->tlb, addr, mmu->pcid, true, TLB_DROP_INVLPG);
	/* SDM 3A 4.10.4.1: regardless of the address they are for. */
	psc_invalidate_context(&mmu->tlb, mmu->pcid);
	mmu_tell_flush(mmu, MMU_FLUSH_INVLPG, mmu->pcid, addr);
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
	mmu_tell_flush(mmu, MMU_FLUSH_INVPCID_ADDR + type, pcid, addr);
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
	mmu_tell_flush(mmu, MMU_FLUSH_CR3, pcid, 0);
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
	mmu_tell_flush(mmu, MMU_FLUSH_CR4, mmu->pcid, 0);
}

/* SMEP turned on: of the current PCID only, but with global entries. */
static void flush_for_smep(struct mmu *mmu)
{
	struct tlb *t = &mmu->tlb;

	charge(mmu->machine->costs->flush_all);
	tlb_invalidate_context(t, mmu->pcid, TLB_DROP_ALL);
	tlb_invalidate_globals(t, TLB_DROP_ALL);
	psc_invalidate_context(t, mmu->pcid);
	mmu_tell_flush(mmu, MMU_FLUSH_CR4_SMEP, mmu->pcid, 0);
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
