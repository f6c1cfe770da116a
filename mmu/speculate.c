/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mmu/speculate.h"

#include <errno.h>

#include "base/bug.h"
#include "mmu/mmu_internal.h"

/* Most entries a walker chooses among when it forgets one. */
#define EVICT_CHOICES_MAX 200

struct mmu_walker {
	struct mmu *mmu;
	bool evict;
	unsigned nr_candidates;
	vaddr_t candidates[MMU_WALKER_CANDIDATES];
	struct gate capped; /* never opens */
};

/*
 * Is @va held already, by a page of 1 << @shift bytes? One of another size is
 * no hindrance: after a change of size the caches may hold both (SDM 3A
 * 4.10.2.3).
 */
static bool held(const struct mmu *mmu, vaddr_t va, unsigned shift)
{
	struct tlb_match m[TLB_MATCHES_MAX];
	unsigned n = tlb_lookup(&mmu->tlb, TLB_DATA, va, mmu->pcid, m);

	while (n--) {
		if (m[n].entry->shift == shift)
			return true;
	}
	return false;
}

bool mmu_speculate(struct mmu *mmu, vaddr_t va)
{
	const struct mmu_need need = { .speculative = true };
	struct walk w;

	if (unlikely(va >= mmu->low_end) && !mmu->arch->speculable(mmu, va))
		return false;
	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "speculate", va);
	if (!mmu->root || walk_tables(mmu, va, &need, &w) != WALK_MAPPED)
		return false;
	if (held(mmu, va, w.span))
		return false;
	return walk_fill(&w);
}

bool mmu_evict(struct mmu *mmu, unsigned n)
{
	const struct tlb_entry *e;

	step(STEP_TLB, mmu_tlb_obj(mmu), 0, "evict", n);
	e = tlb_nth(&mmu->tlb, n);
	if (!e)
		return false;
	tlb_drop_serial(&mmu->tlb, e->serial, e->va, TLB_DROP_SPONTANEOUS);
	return true;
}

static void evict_one(struct mmu *mmu)
{
	unsigned n = MIN(tlb_nr_valid(&mmu->tlb), EVICT_CHOICES_MAX);
	unsigned pick = choose(CHOICE_EVICT, n + 1, mmu_tlb_obj(mmu), "evict");

	if (pick)
		mmu_evict(mmu, pick - 1);
}

static void act(struct mmu_walker *w)
{
	unsigned n = 1 + w->nr_candidates + w->evict;
	unsigned pick =
		choose(CHOICE_SPECULATE, n, mmu_tlb_obj(w->mmu), "speculate");

	if (pick > w->nr_candidates)
		evict_one(w->mmu);
	else if (pick)
		mmu_speculate(w->mmu, w->candidates[pick - 1]);
}

static void walker_main(void *arg)
{
	struct mmu_walker *w = arg;
	struct machine *m = w->mmu->machine;
	const objid_t obj = mmu_tlb_obj(w->mmu);
	const struct step stop = { .kind = STEP_WAIT, .label = "walker idle" };

	for (;;) {
		if (m->nr_spontaneous >= m->caps.spontaneous)
			gate_step(&w->capped, 0, &stop);
		step(STEP_LOCAL, obj, 0, "walker wakes", 0);
		/* Others may have used up the cap while this one waited. */
		if (m->nr_spontaneous >= m->caps.spontaneous)
			continue;
		m->nr_spontaneous++;
		act(w);
	}
}

int mmu_walker_start(struct mmu *mmu, bool evict)
{
	struct mmu_walker *w;
	struct agent *a;
	char name[AGENT_NAME_MAX];

	BUG_ON(mmu->walker);
	w = kzalloc(mmu->machine, sizeof(*w), "mmu_walker");
	if (!w)
		return -ENOSPC;
	w->mmu = mmu;
	w->evict = evict;
	cpu_agent_name(name, "walker", mmu->cpu->id);
	a = agent_new(mmu->machine, AGENT_WALKER, mmu->cpu, name, walker_main,
	              w);
	if (!a)
		return -ENOSPC;
	a->daemon = true;
	/* What hardware does in the background takes nobody's time. */
	a->cycles = &a->own_cycles;
	mmu->walker = w;
	return 0;
}

int mmu_walker_add(struct mmu *mmu, vaddr_t va)
{
	struct mmu_walker *w = mmu->walker;

	BUG_ON(!w);
	va = ALIGN_DOWN(va & mmu->user_mask, PAGE_SIZE);
	for (unsigned i = 0; i < w->nr_candidates; i++) {
		if (w->candidates[i] == va)
			return 0;
	}
	if (w->nr_candidates == MMU_WALKER_CANDIDATES)
		return -ENOSPC;
	w->candidates[w->nr_candidates++] = va;
	return 0;
}
