/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ASIDs: mm->context.id holds a generation and an ASID.  An ASID is good for
 * as long as its generation is the current one.  When they run out the
 * generation grows, each CPU keeps what it runs right now (reserved), and each
 * flushes its TLB before it next switches.
 *
 * Linux v6.12 arch/arm64/mm/context.c, arch/arm64/include/asm/mmu_context.h.
 * No pinned ASIDs (SVA), no pairs (page-table isolation).
 */
#include <glib.h>
#include <inttypes.h>

#include "base/bug.h"
#include "mm/arm64/arm64.h"
#include "mm/arm64/mte.h"
#include "mm/mm.h"
#include "mm/tlb.h"

static uint64_t num_user_asids(const struct asid_state *as)
{
	return BIT_ULL(as->bits);
}

static size_t asid_map_bytes(const struct asid_state *as)
{
	return (num_user_asids(as) + 7) / 8;
}

static uint64_t ctxid2asid(const struct asid_state *as, uint64_t id)
{
	return id & (num_user_asids(as) - 1);
}

static uint64_t asid2ctxid(uint64_t asid, uint64_t generation)
{
	return asid | generation;
}

static uint64_t read_context_id(struct mm_struct *mm)
{
	return (uint64_t)READ_ONCE_AT(mm->context.id.counter, "read context.id",
	                              mm->id);
}

/* ---- the map, under cpu_asid_lock ---- */

static bool test_and_set_asid(struct asid_state *as, uint64_t asid)
{
	uint8_t bit = (uint8_t)(1U << (asid & 7));
	bool was = as->map[asid >> 3] & bit;

	as->map[asid >> 3] |= bit;
	return was;
}

/* Return: the first free one from @from on; num_user_asids() if none is. */
static uint64_t find_free_asid(const struct asid_state *as, uint64_t from)
{
	uint64_t asid = from;

	while (asid < num_user_asids(as) &&
	       (as->map[asid >> 3] & 1U << (asid & 7)))
		asid++;
	return asid;
}

/* ---- rollover ---- */

static void flush_context(struct asid_state *as)
{
	struct machine *m = this_machine();

	memset(as->map, 0, asid_map_bytes(as));
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		struct arm64_cpu *ac = arm64_cpu(&m->cpus[i]);
		uint64_t asid = (uint64_t)RMW_ONCE_AT(ac->active_asid.counter,
		                                      0, "xchg active_asid", i);

		/*
		 * It went through a rollover already and has switched to
		 * nothing since: what it still runs is known from here only.
		 */
		if (!asid)
			asid = ac->reserved_asid;
		(void)test_and_set_asid(as, ctxid2asid(as, asid));
		ac->reserved_asid = asid;
	}
	as->flush_pending = ~UINT64_C(0);
}

/* All copies, or a later rollover would miss one. */
static bool check_update_reserved_asid(uint64_t asid, uint64_t newasid)
{
	struct machine *m = this_machine();
	bool hit = false;

	for (unsigned i = 0; i < m->nr_cpus; i++) {
		struct arm64_cpu *ac = arm64_cpu(&m->cpus[i]);

		if (ac->reserved_asid != asid)
			continue;
		hit = true;
		ac->reserved_asid = newasid;
	}
	return hit;
}

static uint64_t read_generation(struct asid_state *as)
{
	return (uint64_t)READ_ONCE_AT(as->generation.counter,
	                              "read asid_generation", 0);
}

static uint64_t next_generation(struct asid_state *as)
{
	return (uint64_t)RMW_ONCE_AT(as->generation.counter,
	                             old + (int64_t)ASID_FIRST_VERSION,
	                             "inc asid_generation", 0) +
	       ASID_FIRST_VERSION;
}

/* The mm had @id in an earlier generation. Return: it may keep the ASID. */
static bool reuse_asid(struct asid_state *as, uint64_t id, uint64_t newid)
{
	if (!id)
		return false;
	return check_update_reserved_asid(id, newid) ||
	       !test_and_set_asid(as, ctxid2asid(as, id));
}

static uint64_t new_context(struct asid_state *as, uint64_t id)
{
	uint64_t generation = read_generation(as);
	uint64_t newid = asid2ctxid(ctxid2asid(as, id), generation);
	uint64_t asid;

	if (reuse_asid(as, id, newid))
		return newid;

	asid = find_free_asid(as, as->cur_idx);
	if (asid == num_user_asids(as)) {
		generation = next_generation(as);
		flush_context(as);
		/* There are more of them than CPUs. */
		asid = find_free_asid(as, 1);
		BUG_ON(asid == num_user_asids(as));
	}
	(void)test_and_set_asid(as, asid);
	as->cur_idx = (uint32_t)asid;
	return asid2ctxid(asid, generation);
}

/* ---- switching ---- */

static bool asid_gen_match(struct asid_state *as, uint64_t id)
{
	return !((id ^ read_generation(as)) >> as->bits);
}

/*
 * The lock is not needed while the generation stays. A rollover that comes in
 * between either finds our ASID in active_asid and reserves it, or has put 0
 * there and we see that.
 */
static bool switch_fast(struct asid_state *as, struct arm64_cpu *ac,
                        uint64_t id)
{
	int64_t old_active =
		READ_ONCE_AT(ac->active_asid.counter, "read active_asid", 0);

	if (!old_active || !asid_gen_match(as, id))
		return false;
	return RMW_ONCE_AT(ac->active_asid.counter,
	                   old == old_active ? (int64_t)id : old,
	                   "cmpxchg active_asid", 0) != 0;
}

static uint64_t switch_slow(struct asid_state *as, struct arm64_cpu *ac,
                            struct mm_struct *mm)
{
	cpumask_t me = BIT_ULL(smp_processor_id());
	bool flags = spin_lock_irqsave(&as->lock);
	uint64_t id = read_context_id(mm);

	if (!asid_gen_match(as, id)) {
		id = new_context(as, id);
		WRITE_ONCE_AT(mm->context.id.counter, (int64_t)id,
		              "write context.id", mm->id);
	}
	if (as->flush_pending & me) {
		as->flush_pending &= ~me;
		local_flush_tlb_all();
	}
	WRITE_ONCE_AT(ac->active_asid.counter, (int64_t)id, "write active_asid",
	              0);
	spin_unlock_irqrestore(&as->lock, flags);
	return id;
}

/* Root and ASID change together: TCR_EL1.A1 is 0 here. */
static void write_ttbr0(paddr_t root, uint64_t asid)
{
	struct machine *m = this_machine();

	if (m->hw && m->hw->write_ttbr0)
		m->hw->write_ttbr0(m, root, (unsigned)asid);
	isb();
}

static void check_and_switch_context(struct mm_struct *mm)
{
	struct asid_state *as = asid_state(mm->kernel);
	struct arm64_cpu *ac = arm64_cpu(this_cpu());
	uint64_t id = read_context_id(mm);

	if (!switch_fast(as, ac, id))
		id = switch_slow(as, ac, mm);
	write_ttbr0(mm->pgd, ctxid2asid(as, id));
}

/* __switch_mm() */
static void arm64_switch_mm(struct mm_struct *prev, struct mm_struct *next,
                            struct task *tsk)
{
	struct arm64_cpu *ac = arm64_cpu(this_cpu());
	const struct kernel *k = next->kernel;

	(void)tsk;
	BUG_ON(!irqs_disabled());
	if (prev == next)
		return;
	ac->loaded_mm = next;
	if (next == k->init_mm)
		/* cpu_set_reserved_ttbr0(): nothing is mapped there. */
		write_ttbr0(next->pgd, 0);
	else
		check_and_switch_context(next);
}

/* The user's tables stay loaded: without software PAN nothing is to do. */
static void arm64_enter_lazy_tlb(struct mm_struct *mm, struct task *tsk)
{
	(void)mm;
	(void)tsk;
}

/* ---- for TLBIs ---- */

/*
 * The load is in program order after the store to the page table that is to be
 * flushed. Without a barrier between them (before 5e10f9887ed8, v5.16: option
 * asid_read=unordered) the CPU may do it first.
 */
void mm_asid_early(struct mm_struct *mm)
{
	struct arm64_cpu *ac = arm64_cpu(this_cpu());

	if (mm_opt(mm)->asid_read != ASID_READ_UNORDERED)
		return;
	ac->early_id = read_context_id(mm);
	ac->early_mm = mm;
}

uint16_t mm_asid(struct mm_struct *mm)
{
	const struct asid_state *as = asid_state(mm->kernel);
	struct arm64_cpu *ac = arm64_cpu(this_cpu());
	bool early = ac->early_mm == mm;

	ac->early_mm = NULL;
	return (uint16_t)ctxid2asid(as,
	                            early ? ac->early_id : read_context_id(mm));
}

/* ---- starting ---- */

static void arm64_init_new_context(struct mm_struct *mm)
{
	mm->context.id.counter = 0;
}

/* Linux: asids_init(). */
static struct asid_state *asid_state_new(struct kernel *k)
{
	struct machine *m = k->machine;
	struct asid_state *as = kzalloc(m, sizeof(*as), "asid_state");

	BUG_ON(!as);
	as->bits = k->options->asid_bits;
	/* A rollover must find one more than all CPUs reserve, besides 0. */
	while (num_user_asids(as) - 1 <= m->nr_cpus)
		as->bits++;
	as->generation.counter = (int64_t)ASID_FIRST_VERSION;
	as->cur_idx = 1;
	spin_lock_init(&as->lock, LOCK_ASID);
	as->map = kzalloc(m, asid_map_bytes(as), "asid_map");
	BUG_ON(!as->map);
	return as;
}

static void arm64_init_contexts(struct kernel *k)
{
	struct machine *m = k->machine;

	k->arch_data = asid_state_new(k);
	m->pt_stored = arm64_pt_stored;
	mte_cpu_setup(k);
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		struct cpu *cpu = &m->cpus[i];
		struct arm64_cpu *ac = kzalloc(m, sizeof(*ac), "arm64_cpu");

		BUG_ON(!ac);
		ac->loaded_mm = k->init_mm;
		cpu->mm_data = ac;
		if (cpu->idle)
			cpu->idle->active_mm = k->init_mm;
	}
}

/* ---- for people ---- */

static const struct mm_struct *arm64_loaded_mm(const struct cpu *cpu,
                                               bool *lazy)
{
	const struct mm_struct *mm = arm64_cpu(cpu)->loaded_mm;

	*lazy = cpu->curr && !cpu->curr->mm && mm != mm->kernel->init_mm;
	return mm;
}

static char *arm64_context_text(const struct mm_struct *mm)
{
	uint64_t id = (uint64_t)mm->context.id.counter;

	if (!id)
		return g_strdup("no asid");
	return g_strdup_printf("asid %" PRIu64 " of generation %" PRIu64,
	                       ctxid2asid(asid_state(mm->kernel), id),
	                       id >> ASID_GENERATION_SHIFT);
}

const struct mmu_context_ops arm64_context_ops = {
	.init = arm64_init_contexts,
	.init_new_context = arm64_init_new_context,
	.switch_mm = arm64_switch_mm,
	.enter_lazy_tlb = arm64_enter_lazy_tlb,
	.loaded_mm = arm64_loaded_mm,
	.context_text = arm64_context_text,
};
