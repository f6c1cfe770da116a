/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model of the hardware costs the host: a TLB hit, a walk with warm
 * paging-structure caches, a whole access, a step alone and with a switch.
 * Prints nanoseconds of CPU time, the median of many short rounds, against what
 * they should be below.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/machine.h"
#include "mmu/mmu.h"
#include "mmu/speculate.h"
#include "pagetable/x86.h"

#define ROUNDS   51
#define RIGHTS   (X86_P | X86_RW | X86_US | X86_A | X86_D)
/* More than the second level holds, few enough for the host's caches. */
#define NR_PAGES 2048
#define VA       UINT64_C(0x40000000)

static struct machine *m;
static struct mmu mmu;
static paddr_t root;

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static paddr_t new_frame(enum frame_kind kind)
{
	return page_to_pfn(&m->mem, alloc_frames(m, 0, kind, true))
	       << PAGE_SHIFT;
}

static void map(vaddr_t va, paddr_t pa)
{
	paddr_t table = root;

	for (unsigned shift = 39;; shift -= 9) {
		paddr_t at = table + (va >> shift & 511) * 8;
		uint64_t e = phys_read(&m->mem, at, 8);

		if (shift == 12) {
			phys_write(&m->mem, at, 8, pa | RIGHTS);
			return;
		}
		if (!e) {
			e = new_frame(FRAME_PT_PTE) | RIGHTS;
			phys_write(&m->mem, at, 8, e);
		}
		table = e & X86_PFN_MASK;
	}
}

/* ---- what is measured: each does @n of it ---- */

static uint64_t sink;

static void hits(unsigned n)
{
	/* 32 pages: within the first level. */
	for (unsigned i = 0; i < n; i++) {
		const struct tlb_entry *e = tlb_lookup_fast(
			&mmu.tlb, TLB_DATA, VA + (i & 31) * PAGE_SIZE, 0);

		sink += e ? e->pfn : 1;
	}
}

static void accesses(unsigned n, enum mmu_op op, unsigned pages)
{
	struct fault_info fault;

	for (unsigned i = 0; i < n; i++) {
		struct mmu_access acc = {
			.va = VA + (i * 17 & (pages - 1)) * PAGE_SIZE +
			      (i & 63) * 64,
			.op = op,
			.size = 8,
			.user = true,
		};

		if (!mmu_access(&mmu, &acc, &fault))
			abort();
		sink += acc.value;
	}
}

static void loads(unsigned n)
{
	accesses(n, MMU_LOAD, 32);
}

static void stores(unsigned n)
{
	accesses(n, MMU_STORE, 32);
}

static void loads_l2(unsigned n)
{
	accesses(n, MMU_LOAD, 1024);
}

static void walks(unsigned n)
{
	accesses(n, MMU_LOAD, NR_PAGES);
}

/* The walker walks for pages that are held already, and leaves it at that. */
static void idle_walks(unsigned n)
{
	accesses(64, MMU_LOAD, 32);
	for (unsigned i = 0; i < n; i++)
		sink += mmu_speculate(&mmu, VA + (i & 31) * PAGE_SIZE);
}

static void lookups_hitting(unsigned n)
{
	struct tlb_match match[TLB_MATCHES_MAX];

	accesses(64, MMU_LOAD, 32);
	for (unsigned i = 0; i < n; i++)
		sink += tlb_lookup(&mmu.tlb, TLB_DATA,
		                   VA + (i & 31) * PAGE_SIZE, 0, match);
}

static void fills(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		vaddr_t va = VA + (i * 17 & (NR_PAGES - 1)) * PAGE_SIZE;
		struct tlb_entry e = { .va = va,
			               .pfn = i,
			               .shift = 12,
			               .rights = TLB_W | TLB_U | TLB_D };

		sink += tlb_fill(&mmu.tlb, TLB_DATA, va, &e)->pfn;
	}
}

static void lookups_missing(unsigned n)
{
	struct tlb_match match[TLB_MATCHES_MAX];

	fills(2 * NR_PAGES);
	for (unsigned i = 0; i < n; i++)
		sink += tlb_lookup(&mmu.tlb, TLB_DATA,
		                   (VA << 4) + i * PAGE_SIZE, 0, match);
}

static void steps(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		step(STEP_READ, phys_obj(i), 8, "step", 0);
}

struct subject {
	const char *name;
	void (*fn)(unsigned n);
	unsigned nr_agents;
	double below; /* 0: no demand */
	double ns[ROUNDS];
};
static struct subject *subject;
static unsigned round_nr;
static const unsigned n_per_round = 100000;

static void measure(void *arg)
{
	double start;

	subject->fn(n_per_round / 8);
	start = now_ns();
	subject->fn(n_per_round);
	if (!arg)
		subject->ns[round_nr] = (now_ns() - start) / n_per_round;
}

/* Two agents take turns, so that each step switches. */
static unsigned alternate(struct policy *p, struct machine *machine,
                          const struct choice *c)
{
	(void)p;
	(void)machine;
	return c->n > 1 && c->asker && (c->asker->id & 1) == 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct subject *s)
{
	return s->ns[ROUNDS / 2];
}

static void run_round(struct subject *s)
{
	struct policy turns = { .name = "turns", .pick = alternate };

	subject = s;
	machine_reset(m);
	m->policy = &turns;
	root = new_frame(FRAME_PT_PGD);
	mmu_reset(&mmu);
	mmu.root = root;
	for (unsigned i = 0; i < NR_PAGES; i++)
		map(VA + i * PAGE_SIZE, new_frame(FRAME_ANON));
	for (unsigned i = 0; i < s->nr_agents; i++)
		agent_new(m, AGENT_TASK, &m->cpus[0], "bench", measure,
		          i ? m : NULL);
	machine_run(m);
}

/* Subjects take turns, so that what disturbs the host disturbs all of them. */
static void run(struct subject *subjects, unsigned n)
{
	for (round_nr = 0; round_nr < ROUNDS; round_nr++)
		for (unsigned i = 0; i < n; i++)
			run_round(&subjects[i]);
	for (unsigned i = 0; i < n; i++)
		qsort(subjects[i].ns, ROUNDS, sizeof(subjects[i].ns[0]),
		      by_value);
}

static void print(const char *name, double ns, double best, double below)
{
	printf("%-42s %6.1f %6.1f", name, ns, best);
	if (below > 0)
		printf("   below %.0f: %s", below, ns < below ? "yes" : "NO");
	printf("\n");
}

static void warm_hits(unsigned n)
{
	accesses(64, MMU_LOAD, 32);
	hits(n);
}

/* Subjects that others are reckoned from. */
enum {
	LOOKUP = 1,
	IDLE_WALK = 2,
	STEP = 3
};

int main(void)
{
	struct machine_config config = { .nr_cpus = 1,
		                         .memory_bytes = UINT64_C(1) << 30 };
	static struct subject subjects[] = {
		{ "TLB hit", warm_hits, 1, 6, { 0 } },
		{ "lookup of every array, hit", lookups_hitting, 1, 0, { 0 } },
		{ "idle walk: a step, a walk, such a lookup",
		  idle_walks,
		  1,
		  0,
		  { 0 } },
		{ "step, one agent", steps, 1, 5, { 0 } },
		{ "step with a switch, two agents", steps, 2, 25, { 0 } },
		{ "lookup of every array, miss", lookups_missing, 1, 0, { 0 } },
		{ "fill of both levels", fills, 1, 0, { 0 } },
		{ "load, TLB hit: 2 steps and 8 bytes", loads, 1, 0, { 0 } },
		{ "store, TLB hit: 2 steps and 8 bytes", stores, 1, 0, { 0 } },
		{ "load, second-level TLB hit", loads_l2, 1, 0, { 0 } },
		{ "load, TLB miss: 4 steps, a walk, a fill",
		  walks,
		  1,
		  0,
		  { 0 } },
	};
	const struct subject *walk = &subjects[IDLE_WALK];
	const struct subject *lookup = &subjects[LOOKUP];
	const struct subject *one_step = &subjects[STEP];

	m = machine_new(&config);
	mmu_init(&mmu, m, &m->cpus[0], profile_default());
	run(subjects, ARRAY_SIZE(subjects));
	printf("ns of CPU time, median and best of %u rounds\n", ROUNDS);
	for (unsigned i = 0; i < ARRAY_SIZE(subjects); i++)
		print(subjects[i].name, median(&subjects[i]), subjects[i].ns[0],
		      subjects[i].below);
	print("the walk of an idle walk, PSC warm",
	      median(walk) - median(lookup) - median(one_step),
	      walk->ns[0] - lookup->ns[0] - one_step->ns[0], 20);
	mmu_fini(&mmu);
	machine_free(m);
	return sink == 42;
}
