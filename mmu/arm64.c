/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MMU of arm64: registers, rights, faults, walks.  Arm ARM (DDI 0487) D8.
 */
#include "pagetable/arm64.h"

#include "base/bug.h"
#include "mmu/arm64_internal.h"
#include "mmu/walk_internal.h"

#define ALL_RIGHTS (TLB_W | TLB_U | TLB_X | TLB_P)

/* ---- registers ---- */

static unsigned clamp(unsigned n, unsigned min, unsigned max)
{
	return MIN(MAX(n, min), max);
}

static void decode_half(struct mmu_half *h, uint64_t tcr, unsigned half)
{
	static const uint8_t tg0[] = { 12, 16, 14, 12 };
	static const uint8_t tg1[] = { 12, 14, 12, 16 };
	unsigned size_shift = half ? TCR_T1SZ_SHIFT : TCR_T0SZ_SHIFT;
	unsigned bits;

	h->granule = half ? tg1[tcr >> TCR_TG1_SHIFT & 3]
	                  : tg0[tcr >> TCR_TG0_SHIFT & 3];
	h->va_bits = (uint8_t)(64 - clamp(tcr >> size_shift & 63, 16, 39));
	bits = h->granule - 3U;
	h->levels = (uint8_t)((h->va_bits - h->granule + bits - 1U) / bits);
	h->tbi = tcr & (half ? TCR_TBI1 : TCR_TBI0);
	h->no_walks = tcr & (half ? TCR_EPD1 : TCR_EPD0);
	h->flat = tcr & (half ? TCR_HPD1 : TCR_HPD0);
}

/* Where addresses need a second look. */
static void set_low_end(struct mmu *mmu)
{
	const struct mmu_arm64 *r = &mmu->arm64;

	mmu->low_end =
		r->ttbr0_pending || r->denied ? 0 : BIT_ULL(r->half[0].va_bits);
}

void mmu_write_tcr(struct mmu *mmu, uint64_t tcr)
{
	static const uint8_t sizes[] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	struct mmu_arm64 *r = &mmu->arm64;

	r->tcr = tcr;
	r->pa_bits = MIN(sizes[tcr >> TCR_IPS_SHIFT & 7], mmu->maxphyaddr);
	r->hw_af = tcr & TCR_HA;
	r->hw_dbm = r->hw_af && (tcr & TCR_HD);
	r->asid_mask = (tcr & TCR_AS) ? 0xffff : 0xff;
	for (unsigned half = 0; half < 2; half++) {
		decode_half(&r->half[half], tcr, half);
		tlb_set_granule(&mmu->tlb, half, r->half[half].granule);
	}
	mmu->user_mask = r->half[0].tbi ? ~UINT64_C(0) >> 8 : ~UINT64_C(0);
	set_low_end(mmu);
}

static unsigned ips_of(unsigned pa_bits)
{
	static const uint8_t sizes[] = { 32, 36, 40, 42, 44, 48 };
	unsigned ips = 0;

	while (ips < 5 && sizes[ips + 1] <= pa_bits)
		ips++;
	return ips;
}

/* As Linux's, for the hardware that the switches describe. */
static uint64_t usual_tcr(const struct mmu *mmu)
{
	const struct mmu_switches *s = &mmu->switches;
	uint64_t tg0 = s->granule == 16 ? 1 : s->granule == 14 ? 2 : 0;
	uint64_t tg1 = s->granule == 16 ? 3 : s->granule == 14 ? 1 : 2;

	return (uint64_t)16 << TCR_T0SZ_SHIFT | (uint64_t)16 << TCR_T1SZ_SHIFT |
	       tg0 << TCR_TG0_SHIFT | tg1 << TCR_TG1_SHIFT |
	       (uint64_t)ips_of(mmu->maxphyaddr) << TCR_IPS_SHIFT | TCR_TBI0 |
	       (s->asid_bits == 8 ? 0 : TCR_AS) | (s->hw_af ? TCR_HA : 0) |
	       (s->hw_dbm ? TCR_HD : 0);
}

static void arm64_configure(struct mmu *mmu)
{
	mmu_write_tcr(mmu, usual_tcr(mmu));
}

static void arm64_power_on(struct mmu *mmu)
{
	mmu->arm64 = (struct mmu_arm64){
		.pan = true,
		/* arch/arm64/mm/proc.S MAIR_EL1_SET */
		.mair = (uint64_t)0xff << 8 * ARM64_MT_NORMAL |
		        (uint64_t)MAIR_TAGGED << 8 * ARM64_MT_NORMAL_TAGGED |
		        (uint64_t)0x44 << 8 * ARM64_MT_NORMAL_NC |
		        (uint64_t)0x04 << 8 * ARM64_MT_DEVICE_nGnRE,
	};
	arm64_configure(mmu);
	dvm_start(mmu);
}

void mmu_write_ttbr0(struct mmu *mmu, paddr_t root, unsigned asid)
{
	struct mmu_arm64 *r = &mmu->arm64;

	BUG_ON(root & ~PAGE_MASK);
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "write_ttbr0", root | asid);
	charge(mmu->machine->costs->cr3_write);
	r->ttbr0_pending = true;
	r->next_root = root;
	r->next_asid = (uint16_t)(asid & r->asid_mask);
	set_low_end(mmu);
	/* What is quick looks at no registers. */
	mmu->tlb.epoch++;
}

void ttbr0_resolve(struct mmu *mmu, bool sync)
{
	struct mmu_arm64 *r = &mmu->arm64;

	if (!r->ttbr0_pending)
		return;
	if (!sync &&
	    choose(CHOICE_OTHER, 2, mmu_tlb_obj(mmu), "ttbr0 takes effect"))
		sync = true;
	if (!sync)
		return;
	r->ttbr0_pending = false;
	mmu->root = r->next_root;
	mmu->pcid = r->next_asid;
	mmu->flush_seq++; /* walks of the old tables end there */
	set_low_end(mmu);
	emit(mmu->machine, EV_CR3, .a = mmu->root, .b = mmu->pcid,
	     .c = mmu->cpu->id);
}

void mmu_isb(struct mmu *mmu)
{
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "isb", 0);
	ttbr0_resolve(mmu, true);
}

/* ---- rights: D8.4 ---- */

/* An LDTR or STTR of the kernel is allowed what EL0 is. */
static bool arm64_allowed(const struct mmu *mmu, const struct mmu_need *need,
                          unsigned rights)
{
	if (need->fetch)
		return rights & (need->user ? TLB_X : TLB_P);
	if (need->user || need->ac)
		return mmu_user_allowed(need->write, rights);
	if ((rights & TLB_U) && mmu->arm64.pan)
		return false;
	return !need->write || (rights & TLB_W);
}

/* ---- faults: D1.3.5, D24.2.40 ---- */

static unsigned fault_status(enum walk_end end, unsigned level)
{
	/* The manual counts from the root. */
	unsigned theirs = 4 - MIN(level, 4U);

	switch (end) {
	case WALK_RESERVED:
		return ESR_FSC_ADDRESS_SIZE + theirs;
	case WALK_NOT_PRESENT:
		return ESR_FSC_TRANSLATION + theirs;
	case WALK_ACCESS_FLAG:
		return ESR_FSC_ACCESS_FLAG + theirs;
	case WALK_DENIED:
		return ESR_FSC_PERMISSION + theirs;
	case WALK_ALIGNMENT:
		return ESR_FSC_ALIGNMENT;
	case WALK_CONFLICT:
		return ESR_FSC_CONFLICT;
	case WALK_TAG_CHECK:
		return ESR_FSC_TAG_CHECK;
	case WALK_MAPPED:
	case WALK_OVERTAKEN:
	default:
		BUG();
	}
}

/*
 * An atomic access that faults would have faulted as a load, mostly: then it is
 * one. Only if the right to write alone is missing it is a store.
 */
static bool fault_is_write(const struct mmu *mmu, const struct mmu_access *acc,
                           struct mmu_end end)
{
	const struct mmu_need load = { .user = acc->user, .ac = acc->ac };

	if (!mmu_op_atomic(acc->op) || acc->op == MMU_STXR)
		return mmu_op_writes(acc->op);
	return end.how == WALK_DENIED && mmu_allowed(mmu, &load, end.rights);
}

/* FAR_EL1 has the address as the program gave it, with its tag. */
static vaddr_t with_tag(const struct mmu *mmu, vaddr_t va, vaddr_t given)
{
	const vaddr_t tag = UINT64_C(0xff) << 56;

	return mmu->arm64.half[va_half(given)].tbi ? (va & ~tag) | (given & tag)
	                                           : va;
}

static uint64_t syndrome(const struct mmu_access *acc, unsigned status,
                         bool write)
{
	unsigned ec = acc->op == MMU_FETCH ? ESR_EC_IABT_LOW : ESR_EC_DABT_LOW;

	return (uint64_t)(ec + !acc->user) << ESR_EC_SHIFT | ESR_IL |
	       (write ? ESR_WNR : 0) | status;
}

static bool arm64_fault(struct mmu *mmu, struct mmu_access *acc, vaddr_t va,
                        struct mmu_end end, struct fault_info *fault)
{
	bool write = fault_is_write(mmu, acc, end);

	*fault = (struct fault_info){
		.addr = with_tag(mmu, va, acc->va),
		.code = syndrome(acc, fault_status(end.how, end.level), write),
		.write = write,
		.exec = acc->op == MMU_FETCH,
		.user = acc->user,
		.present = end.how == WALK_DENIED ||
		           end.how == WALK_ACCESS_FLAG ||
		           end.how == WALK_TAG_CHECK,
		.reserved = end.how == WALK_RESERVED,
		.accessed = end.how == WALK_ACCESS_FLAG,
		.tag = end.how == WALK_TAG_CHECK,
		.pc = fault->pc,
	};
	acc->outcome = end.how == WALK_ALIGNMENT || end.how == WALK_CONFLICT
	                       ? MMU_ABORT
	                       : MMU_PAGE_FAULT;
	/* May go at any time. It goes now, so that nobody faults for ever in a
	 * table that is not the table any more, waiting for another's TLBI. */
	if (end.how == WALK_NOT_PRESENT)
		psc_invalidate_addr(&mmu->tlb, va, mmu->pcid);
	if (end.how == WALK_DENIED && mmu->cpu->dvm_pending) {
		mmu->arm64.denied = true;
		set_low_end(mmu);
	}
	return mmu_report_fault(mmu, fault);
}

static bool arm64_overlap(struct mmu *mmu, struct mmu_access *acc, vaddr_t va,
                          struct fault_info *fault)
{
	emit(mmu->machine, EV_NOTE, .addr = va,
	     .text = "TLB conflict: entries overlap");
	return arm64_fault(mmu, acc, va,
	                   (struct mmu_end){ .how = WALK_CONFLICT }, fault);
}

/* Within 8 bytes of their own size; FEAT_LSE2 is not modelled. */
static bool arm64_atomic_aligned(const struct mmu *mmu,
                                 const struct mmu_access *acc)
{
	(void)mmu;
	return IS_ALIGNED(acc->va, acc->size);
}

/* ---- addresses: D8.1.3, D8.8 ---- */

/* The address without its tag, as far as the top byte is ignored. */
static vaddr_t untagged(const struct mmu *mmu, vaddr_t va)
{
	if (!mmu->arm64.half[va_half(va)].tbi)
		return va;
	return (vaddr_t)((int64_t)(va << 8) >> 8);
}

static bool in_range(const struct mmu *mmu, vaddr_t va)
{
	unsigned half = va_half(va);

	return va >> mmu->arm64.half[half].va_bits ==
	       (half ? ~UINT64_C(0) >> mmu->arm64.half[half].va_bits : 0);
}

static bool arm64_address(struct mmu *mmu, struct mmu_access *acc, vaddr_t *va,
                          struct fault_info *fault)
{
	/* Somebody is to see the TLBI some day; it waits for nobody. */
	if (unlikely(mmu->arm64.denied)) {
		mmu->arm64.denied = false;
		dvm_wait(mmu);
	}
	/* An exception return lies between the MSR and an access of EL0. */
	if (unlikely(mmu->arm64.ttbr0_pending))
		ttbr0_resolve(mmu, acc->user);
	set_low_end(mmu);
	*va = untagged(mmu, *va);
	if (likely(in_range(mmu, *va)))
		return true;
	return arm64_fault(mmu, acc, *va,
	                   (struct mmu_end){ WALK_NOT_PRESENT, .level = 4 },
	                   fault);
}

static bool arm64_speculable(struct mmu *mmu, vaddr_t va)
{
	return va == untagged(mmu, va) && in_range(mmu, va);
}

/* ---- walks: D8.2, D8.3, D8.5 ---- */

static uint64_t arm64_with_dirty(const struct mmu *mmu, uint64_t e)
{
	(void)mmu;
	return (e & ARM64_VALID) && (e & ARM64_DBM) ? e & ~ARM64_AP2 : e;
}

/* Does the manual have a block at this level of this granule? D8.3.1. */
static bool has_blocks(const struct walk *w)
{
	return w->level == 2 || (w->level == 3 && w->bits == PAGE_SHIFT - 3);
}

enum descriptor {
	DESC_INVALID,
	DESC_TABLE,
	DESC_LEAF
};

static enum descriptor descriptor_of(const struct walk *w)
{
	if (!(w->entry & ARM64_VALID))
		return DESC_INVALID;
	if (w->level == 1)
		return (w->entry & ARM64_TYPE) ? DESC_LEAF : DESC_INVALID;
	if (w->entry & ARM64_TYPE)
		return DESC_TABLE;
	return has_blocks(w) ? DESC_LEAF : DESC_INVALID;
}

/* What a table leaves to those below. D8.4.2.2. */
static uint8_t table_rights(const struct walk *w)
{
	uint64_t e = w->entry;
	uint8_t rights = ALL_RIGHTS;

	if (w->mmu->arm64.half[va_half(w->va)].flat)
		return rights;
	if (e & ARM64_APTABLE0)
		rights &= (uint8_t)~TLB_U;
	if (e & ARM64_APTABLE1)
		rights &= (uint8_t)~TLB_W;
	if (e & ARM64_UXNTABLE)
		rights &= (uint8_t)~TLB_X;
	if (e & ARM64_PXNTABLE)
		rights &= (uint8_t)~TLB_P;
	return rights;
}

/* May hardware make it writable, by clearing AP[2]? D8.5.2. */
static bool dirty_managed(const struct walk *w)
{
	return w->mmu->arm64.hw_dbm && (w->entry & ARM64_DBM);
}

static uint8_t leaf_rights(const struct walk *w, uint8_t above)
{
	uint64_t e = w->entry;
	uint8_t rights = (uint8_t)(((e & ARM64_AP1) ? TLB_U : 0) |
	                           ((e & ARM64_UXN) ? 0 : TLB_X) |
	                           ((e & ARM64_PXN) ? 0 : TLB_P));

	if (!(e & ARM64_AP2) || dirty_managed(w))
		rights |= TLB_W;
	rights &= above;
	/* What EL0 can write, EL1 does not execute: D8.4.4. */
	if ((rights & TLB_U) && (rights & TLB_W))
		rights &= (uint8_t)~TLB_P;
	return rights;
}

/* log2 of the range of which a contiguous leaf is a part: D8.6.1. */
static unsigned contiguous_span(const struct walk *w)
{
	switch (w->shift) {
	case 12:
		return 16;
	case 14:
	case 16:
		return 21;
	case 21:
		return 25;
	case 25:
		return 30;
	default:
		return w->shift; /* larger than what is ever held */
	}
}

/* The leaf is good: what it leads to. */
static void follow_leaf(struct walk *w)
{
	const struct mmu *mmu = w->mmu;
	uint64_t e = w->entry;
	unsigned attr = e >> ARM64_ATTRINDX_SHIFT & 7;

	w->span = w->shift;
	if (e & ARM64_CONT)
		w->span = (uint8_t)contiguous_span(w);
	w->next = e & arm64_addr_mask(w->span);
	if (!(e & ARM64_AP2) || !dirty_managed(w))
		w->rights |= TLB_D;
	if (!(e & ARM64_NG))
		w->rights |= TLB_G;
	if ((mmu->arm64.mair >> 8 * attr & 0xff) == MAIR_TAGGED)
		w->rights |= TLB_T;
}

static enum walk_end look_at_table(struct walk *w, uint8_t above)
{
	const struct mmu_arm64 *r = &w->mmu->arm64;

	w->next = w->entry & arm64_addr_mask(w->bits + 3U);
	if (w->next >> r->pa_bits)
		return WALK_RESERVED;
	w->rights = above & table_rights(w);
	return WALK_MAPPED;
}

/* Faults in the order of D8.15.3, and what must be set. */
static enum walk_end look_at_leaf(struct walk *w, uint8_t above,
                                  struct walk_update *u)
{
	const struct mmu_arm64 *r = &w->mmu->arm64;
	bool denied, dirty;

	if ((w->entry & arm64_addr_mask(w->shift)) >> r->pa_bits)
		return WALK_RESERVED;
	if (!(w->entry & ARM64_AF) && !r->hw_af)
		return WALK_ACCESS_FLAG;
	w->rights = leaf_rights(w, above);
	denied = !w->need.speculative &&
	         !mmu_allowed(w->mmu, &w->need, w->rights);
	dirty = !denied && w->need.write && !w->need.speculative &&
	        dirty_managed(w);
	/* The access flag is set whatever the rights: D8.5.1. */
	*u = (struct walk_update){
		.set = ARM64_AF & ~w->entry,
		.clear = dirty ? ARM64_AP2 & w->entry : 0,
		.ours = ARM64_AF | (dirty_managed(w) ? ARM64_AP2 : 0),
		.dirty = dirty && (w->entry & ARM64_AP2),
	};
	return denied ? WALK_DENIED : WALK_MAPPED;
}

static enum walk_end arm64_look(struct walk *w, bool *leaf)
{
	const uint8_t above = w->rights;

	/* Once more for each time somebody else changed the entry. */
	for (;;) {
		struct walk_update u = { .set = 0 };
		enum walk_end end;

		switch (descriptor_of(w)) {
		case DESC_INVALID:
			return WALK_NOT_PRESENT;
		case DESC_TABLE:
			return look_at_table(w, above);
		case DESC_LEAF:
		default:
			*leaf = true;
		}
		end = look_at_leaf(w, above, &u);
		if (end != WALK_MAPPED && end != WALK_DENIED)
			return end;
		if ((u.set | u.clear) && !walk_update(w, &u)) {
			if (walk_overtaken(w))
				return WALK_OVERTAKEN;
			*leaf = false;
			continue;
		}
		follow_leaf(w);
		return end;
	}
}

static enum walk_end arm64_walk(struct mmu *mmu, vaddr_t va,
                                const struct mmu_need *need, struct walk *w)
{
	unsigned nr = va_half(va);
	const struct mmu_half *half = &mmu->arm64.half[nr];
	struct walk_root root = { .va_mask = BIT_ULL(half->va_bits) - 1,
		                  .granule = half->granule,
		                  .levels = half->levels,
		                  .rights = ALL_RIGHTS };
	enum walk_end end;

	if (need->speculative)
		ttbr0_resolve(mmu, false);
	root.table = nr ? mmu->arm64.root1 : mmu->root;
	w->level = 4;
	if (half->no_walks)
		return WALK_NOT_PRESENT;
	if (root.table >> mmu->arm64.pa_bits)
		return WALK_RESERVED;
	walk_begin(w, mmu, va, need, &root);
	end = walk_to_the_end(w, arm64_look);
	/* What gives permission faults may be held; D8.13.1. */
	if (end == WALK_DENIED)
		walk_fill(w);
	return end;
}

const struct mmu_arch mmu_arch_arm64 = {
	.power_on = arm64_power_on,
	.configure = arm64_configure,
	.address = arm64_address,
	.speculable = arm64_speculable,
	.allowed = arm64_allowed,
	.walk = arm64_walk,
	.fault = arm64_fault,
	.overlap = arm64_overlap,
	.with_dirty = arm64_with_dirty,
	.check_tags = arm64_check_tags,
	.move_tag = arm64_move_tag,
	.atomic_aligned = arm64_atomic_aligned,
};
