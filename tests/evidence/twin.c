/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/evidence/twin.h"

#include <stdio.h>

#include "mmu/speculate.h"

struct twin tw = { .args = { .cases = STAGE_SAMPLED ? 200000 : 1000000,
	                     .seed = 1 } };

void twin_begin(int argc, char **argv)
{
	stage_args_parse(&tw.args, argc, argv);
	stage_seed(&tw.rnd, tw.args.seed);
}

static void dropped(struct tlb *t, const struct tlb_entry *e,
                    enum tlb_drop reason)
{
	reftlb_dropped(&tw.ref, t, e, reason);
}

static void take_all_memory(struct machine *m)
{
	while (m->mem.nr_free >= 512) {
		if (!alloc_frames(m, 9, FRAME_ANON, true))
			break;
	}
}

void twin_machine(unsigned i, unsigned n, enum arch_id arch,
                  const struct tlb_geometry *g, unsigned maxphyaddr,
                  uint64_t memory_bytes)
{
	tw.last = tw.args.cases * (i + 1) / n;
	stage_init(&tw.s, arch, g, maxphyaddr, memory_bytes);
	take_all_memory(tw.s.m);
	tw.s.mmu.tlb.dropped = dropped;
	reftlb_init(&tw.ref, g);
}

void twin_fail(const char *what)
{
	stage_fail_at(tw.now, &tw.args, what);
}

uint64_t twin_word(void *data, uint64_t pa)
{
	(void)data;
	return phys_read(&tw.s.m->mem, pa, 8);
}

void twin_evict(void)
{
	unsigned n = tlb_nr_valid(&tw.s.mmu.tlb);

	if (!n)
		return;
	n = stage_below(&tw.rnd, n);
	reftlb_drop_serial(&tw.ref, tlb_nth(&tw.s.mmu.tlb, n)->serial);
	if (!mmu_evict(&tw.s.mmu, n))
		twin_fail("nothing is evicted");
}

void twin_compare(void)
{
	const char *wrong = reftlb_compare(&tw.ref, &tw.s.mmu.tlb);

	if (wrong)
		twin_fail(wrong);
}

void twin_print(const char *name)
{
	printf("%s with caches: %llu operations, %llu accesses, %llu hits, "
	       "%llu stale, %llu faults, %llu entries changed, %llu "
	       "invalidations; seed %llu\n",
	       name, (unsigned long long)tw.now,
	       (unsigned long long)tw.nr_accesses,
	       (unsigned long long)tw.nr_hits, (unsigned long long)tw.nr_stale,
	       (unsigned long long)tw.nr_faults,
	       (unsigned long long)tw.nr_changes,
	       (unsigned long long)tw.nr_flushes,
	       (unsigned long long)tw.args.seed);
}
