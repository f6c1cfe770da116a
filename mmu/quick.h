/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores of guests that run alone.
 *
 * Almost every access of a program hits the first level of the TLB while no
 * other agent could move, nobody watches and no interrupt waits.  Then nothing
 * can come between its two steps, and it is made here, with everything that
 * mmu_access() would do to the state of the machine, to the counts of steps and
 * to the trace hash: a run has the same trace with and without it.
 *
 * Inline, as it runs in the hooks of an execution engine.
 */
#ifndef MMULATOR_MMU_QUICK_H
#define MMULATOR_MMU_QUICK_H

#include <string.h>

#include "base/mtetags.h"
#include "mmu/mmu.h"

/* The steps "tlb lookup", "tag check", and "load" or "store", at most. */
#define QUICK_STEPS 3

/* Could neither another agent nor an observer notice the next steps of @a? */
static inline bool quick_alone(const struct mmu *mmu, struct agent *a)
{
	const struct sched *s = agent_sched(a);

	return enabled_agents(s) == a->bit && !s->observe_steps &&
	       s->nr_steps + QUICK_STEPS <= s->stop_step &&
	       !mmu->machine->observed && !mmu->cpu->attention;
}

/* step() of an agent that is alone. */
static inline void quick_step(struct agent *a, enum step_kind kind,
                              objid_t object)
{
	agent_sched(a)->nr_steps++;
	a->nr_steps++;
	trace_mix(a, object + ((uint64_t)kind << 48) + a->id);
}

/* Would the tag check of an access to Tagged memory pass, in one step? */
static inline bool quick_tag_permits(const struct mmu *mmu, vaddr_t va,
                                     paddr_t pa, unsigned size)
{
	return (va & ~MTE_GRANULE_MASK) + size <= MTE_GRANULE_SIZE &&
	       mte_tag_get(&mmu->machine->mem, pa) == mte_ptr_tag(va);
}

/* The bytes behind @va, as both steps find them; NULL: not this way. */
static inline uint8_t *quick_begin(struct mmu *mmu, struct agent *a, vaddr_t va,
                                   unsigned size, enum step_kind kind,
                                   unsigned rights)
{
	struct machine *m = mmu->machine;
	const vaddr_t plain = va & mmu->user_mask;
	const struct tlb_hint *h =
		tlb_hint_find(&mmu->tlb, TLB_DATA, plain, mmu->pcid);
	bool check;
	paddr_t pa;
	uint8_t *p;

	/* A hint does not know bits 63:60. */
	if (unlikely(!h || plain >> 56 || (~h->entry->rights & rights) ||
	             (va & ~PAGE_MASK) + size > PAGE_SIZE ||
	             !quick_alone(mmu, a)))
		return NULL;
	pa = (h->entry->pfn << PAGE_SHIFT) +
	     (va & (BIT_ULL(h->entry->shift) - 1));
	p = phys_plain(&m->mem, pa);
	if (unlikely(!p))
		return NULL;
	check = (h->entry->rights & TLB_T) && mmu->arm64.tcf;
	if (unlikely(check && !quick_tag_permits(mmu, va, pa, size)))
		return NULL;
	mmu->nr_accesses++;
	quick_step(a, STEP_TLB, obj_make(OBJ_SPACE_TLB, mmu->cpu->id));
	tlb_hint_use(&mmu->tlb, h);
	if (unlikely(check)) {
		quick_step(a, STEP_READ, phys_obj(pa & MTE_GRANULE_MASK));
		trace_mix(a, mte_ptr_tag(va));
		if (kind == STEP_WRITE && mmu->arm64.tcf == MTE_TCF_SYNC)
			*a->cycles += m->costs->tag_store;
	}
	quick_step(a, kind, phys_obj(pa));
	*a->cycles += m->costs->l1d_hit;
	return p;
}

static inline uint64_t quick_get(const uint8_t *p, unsigned size)
{
	uint64_t value = 0;

	switch (size) {
	case 8:
		memcpy(&value, p, 8);
		break;
	case 4:
		memcpy(&value, p, 4);
		break;
	case 1:
		value = *p;
		break;
	default:
		memcpy(&value, p, size);
	}
	return value;
}

static inline void quick_put(uint8_t *p, unsigned size, uint64_t value)
{
	switch (size) {
	case 8:
		memcpy(p, &value, 8);
		break;
	case 4:
		memcpy(p, &value, 4);
		break;
	case 1:
		*p = (uint8_t)value;
		break;
	default:
		memcpy(p, &value, size);
	}
}

/**
 * mmu_quick_load, mmu_quick_store - mmu_access() of user code, if it is simple.
 * @a: the current agent, a task in user mode on mmu->cpu
 * @size: 1 - 8 bytes
 * @value: loaded; to store, without bytes above @size
 *
 * Return: false: nothing has happened, and mmu_access() is to be asked.
 */
static inline bool mmu_quick_load(struct mmu *mmu, struct agent *a, vaddr_t va,
                                  unsigned size, uint64_t *value)
{
	const uint8_t *p = quick_begin(mmu, a, va, size, STEP_READ, TLB_U);

	if (unlikely(!p))
		return false;
	*value = quick_get(p, size);
	trace_mix(a, *value);
	return true;
}

static inline bool mmu_quick_store(struct mmu *mmu, struct agent *a, vaddr_t va,
                                   unsigned size, uint64_t value)
{
	uint8_t *p = quick_begin(mmu, a, va, size, STEP_WRITE,
	                         TLB_U | TLB_W | TLB_D);

	if (unlikely(!p))
		return false;
	quick_put(p, size, value);
	trace_mix(a, value);
	return true;
}

#endif
