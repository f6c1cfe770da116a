/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation tags: loaded, stored, checked.  Arm ARM (DDI 0487) D10. */
#include "base/mtetags.h"

#include "base/once.h"
#include "mmu/arm64_internal.h"

void mmu_write_tcf(struct mmu *mmu, enum mte_tcf tcf)
{
	mmu->arm64.tcf = tcf;
}

static void tell_tag(struct mmu *mmu, const struct mmu_access *acc,
                     const char *what, const struct access_record *rec)
{
	emit(mmu->machine, EV_TAG, .addr = rec->va, .a = mte_ptr_tag(acc->va),
	     .text = what, .data = rec);
}

/* A step on the granule itself: ordered with its data. D10.4. */
void arm64_move_tag(struct mmu *mmu, struct mmu_access *acc,
                    const struct mmu_target *t)
{
	struct machine *m = mmu->machine;
	paddr_t pa = t->pa & MTE_GRANULE_MASK;
	bool store = acc->op == MMU_STG;
	unsigned old;

	if (store)
		smp_mb();
	step(store ? STEP_WRITE : STEP_READ, phys_obj(pa), MTE_GRANULE_SIZE,
	     store ? "stg" : "ldg", t->va);
	charge(store ? m->costs->stg : m->costs->ldg);
	old = t->tagged ? mte_tag_get(&m->mem, pa) : 0;
	if (!store)
		acc->value = old;
	else if (t->tagged)
		mte_tag_set(&m->mem, pa, (unsigned)acc->value & 15);
	trace_mix(current_agent, acc->value);
	if (likely(!t->tagged || !event_wanted(m, EV_TAG)))
		return;
	tell_tag(mmu, acc, store ? "stg" : "ldg",
	         &(struct access_record){ .root = mmu->root,
	                                  .pcid = mmu->pcid,
	                                  .cpu = (uint16_t)mmu->cpu->id,
	                                  .size = 1,
	                                  .write = store,
	                                  .read = true,
	                                  .user = acc->user,
	                                  .tlb_hit = t->tlb_hit,
	                                  .va = t->va,
	                                  .pa = t->pa,
	                                  .value = acc->value & 15,
	                                  .old = old });
}

/* ---- checks ---- */

/* Return: the tag of the granule that holds @va is the address's. */
static bool granule_permits(struct mmu *mmu, const struct mmu_access *acc,
                            const struct mmu_target *t, vaddr_t va)
{
	struct machine *m = mmu->machine;
	paddr_t pa = t->pa + (va - t->va);
	unsigned tag;

	step(STEP_READ, phys_obj(pa & MTE_GRANULE_MASK), MTE_GRANULE_SIZE,
	     "tag check", va);
	tag = mte_tag_get(&m->mem, pa);
	trace_mix(current_agent, tag);
	if (acc->by_sp)
		return true;
	if (unlikely(event_wanted(m, EV_TAG)))
		tell_tag(mmu, acc, "tag check",
		         &(struct access_record){ .root = mmu->root,
		                                  .pcid = mmu->pcid,
		                                  .cpu = (uint16_t)mmu->cpu->id,
		                                  .size = 1,
		                                  .read = true,
		                                  .user = acc->user,
		                                  .tlb_hit = t->tlb_hit,
		                                  .va = va,
		                                  .pa = pa,
		                                  .value = tag,
		                                  .old = tag });
	return tag == mte_ptr_tag(acc->va);
}

/* Is this one that is checked at all? */
static bool is_checked(const struct mmu *mmu, const struct mmu_access *acc)
{
	if (acc->unchecked || acc->op == MMU_FETCH || acc->op >= MMU_PROBE)
		return false;
	return acc->user || (acc->ac && (mmu->arm64.tcf == MTE_TCF_SYNC ||
	                                 mmu->arm64.tcf == MTE_TCF_ASYMM));
}

/* An atomic that loads is a load as well. */
static bool stops(const struct mmu *mmu, const struct mmu_access *acc)
{
	bool loads = acc->op != MMU_STORE && acc->op != MMU_STXR;

	return mmu->arm64.tcf == MTE_TCF_SYNC ||
	       (mmu->arm64.tcf == MTE_TCF_ASYMM && loads);
}

/* One step for each granule, before any byte moves. */
bool arm64_check_tags(struct mmu *mmu, struct mmu_access *acc,
                      const struct mmu_target *t, struct fault_info *fault)
{
	const struct mmu_end failed = { .how = WALK_TAG_CHECK };
	vaddr_t end = t->va + t->size;

	if (!is_checked(mmu, acc))
		return true;
	for (vaddr_t va = t->va; va < end;
	     va = (va & MTE_GRANULE_MASK) + MTE_GRANULE_SIZE) {
		if (likely(granule_permits(mmu, acc, t, va)))
			continue;
		if (stops(mmu, acc))
			return mmu->arch->fault(mmu, acc, va, failed, fault);
		if (acc->user)
			mmu->arm64.tfsr = true;
	}
	if (acc->op != MMU_LOAD && mmu->arm64.tcf == MTE_TCF_SYNC)
		charge(mmu->machine->costs->tag_store);
	return true;
}
