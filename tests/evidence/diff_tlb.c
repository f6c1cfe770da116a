/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TLB against a list, over random operations: fills of all sizes, globals,
 * splintered pages, lookups by way of tags and of hints, uses, all kinds of
 * invalidations, several PCIDs; and the paging-structure caches.  Each lookup
 * must give the same matches in the same order; now and then the whole contents
 * are compared, and that who is told of dropped entries hears of each once.
 *
 * [--cases N] [--seed S]: N operations in all, over several geometries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/evidence/reftlb.h"
#include "tests/evidence/stage.h"

#define DATA  (1 << TLB_DATA)
#define INSN  (1 << TLB_INSN)
#define K4    (1 << TLB_4K)
#define M2    (1 << TLB_2M)
#define G1    (1 << TLB_1G)
/* arm64's */
#define K16   (1 << TLB_16K)
#define K64   (1 << TLB_64K)
#define M32   (1 << TLB_32M)
#define M512  (1 << TLB_512M)
#define ALL   (K4 | K16 | K64 | M2 | M32 | M512 | G1)
#define EPOCH 5000 /* operations before another geometry */

/* Room for everything; hardly any; no large pages; one level; then those of
 * arm64, with ASIDs of 16 bits. */
static const struct tlb_geometry geometries[] = {
	{ .array = { { "l1d", 1, DATA, K4 | M2 | G1, TLB_LRU, 2048, 64 },
	             { "l1i", 1, INSN, K4 | M2 | G1, TLB_LRU, 2048, 64 },
	             { "l2", 2, DATA | INSN, K4 | M2 | G1, TLB_LRU, 4096,
	               128 } },
	  .nr_arrays = 3,
	  .psc = { 0, 0, 128, 128, 128, 128 } },
	{ .array = { { "l1d", 1, DATA, K4 | M2, TLB_TREE_PLRU, 8, 4 },
	             { "l1d-1g", 1, DATA, G1, TLB_TREE_PLRU, 2, 2 },
	             { "l1i", 1, INSN, K4, TLB_TREE_PLRU, 4, 4 },
	             { "l2", 2, DATA | INSN, K4 | M2, TLB_LRU, 24, 12 } },
	  .nr_arrays = 4,
	  .psc = { 0, 0, 4, 2, 2, 0 } },
	{ .array = { { "l1d", 1, DATA, K4, TLB_TREE_PLRU, 64, 4 },
	             { "l1i", 1, INSN, K4, TLB_LRU, 96, 6 },
	             { "l2", 2, DATA, K4 | M2, TLB_LRU, 192, 12 } },
	  .nr_arrays = 3,
	  .psc = { 0, 0, 32, 4, 0, 2 } },
	{ .array = { { "l1", 1, DATA | INSN, K4 | M2 | G1, TLB_LRU, 40, 5 } },
	  .nr_arrays = 1,
	  .psc = { 0, 0, 0, 0, 0, 0 } },
	{ .array = { { "l1d", 1, DATA, ALL, TLB_LRU, 2048, 64 },
	             { "l1i", 1, INSN, ALL, TLB_LRU, 2048, 64 },
	             { "l2", 2, DATA | INSN, ALL, TLB_LRU, 4096, 128 } },
	  .nr_arrays = 3,
	  .asid_bits = 16,
	  .psc = { 0, 0, 128, 128, 128, 128 } },
	{ .array = { { "l1d", 1, DATA, K4 | K16 | K64 | M2, TLB_LRU, 48, 48 },
	             { "l1i", 1, INSN, K4 | K64 | M32, TLB_LRU, 12, 3 },
	             { "l2", 2, DATA | INSN, K4 | K64 | M2 | M512, TLB_LRU, 40,
	               5 } },
	  .nr_arrays = 3,
	  .asid_bits = 16,
	  .psc = { 0, 0, 16, 4, 4, 0 } },
};

static struct stage_args args = { .cases = STAGE_SAMPLED ? 200000 : 1000000,
	                          .seed = 1 };
static struct stage_random rnd;
static struct tlb tlb;
static struct reftlb ref;
static bool arm64; /* the geometry in use */
static uint64_t now, nr_found, nr_hints, nr_pushed_out, nr_gone;

__attribute__((noreturn)) static void fail(const char *what)
{
	stage_fail_at(now, &args, what);
}

/* ---- what happens to both ---- */

/* A copy went out of the real one. */
static void dropped(struct tlb *t, const struct tlb_entry *e,
                    enum tlb_drop reason)
{
	nr_gone++;
	nr_pushed_out += reftlb_dropped(&ref, t, e, reason);
}

/* A few pages of each size, so that they meet. */
static uint64_t some_address(void)
{
	uint64_t va = (uint64_t)stage_below(&rnd, 3) << 30 |
	              (uint64_t)stage_below(&rnd, 4) << 21 |
	              (uint64_t)stage_below(&rnd, 6) << 12 |
	              stage_below(&rnd, 0x1000);

	/* Some in the upper half, and some whose hint is another's. */
	if (stage_one_in(&rnd, 4))
		va |= UINT64_C(0xffff800000000000);
	if (stage_one_in(&rnd, 8))
		va ^= UINT64_C(1) << 20 | UINT64_C(1) << 12;
	return va;
}

static unsigned some_pcid(void)
{
	/* The last two differ from others in bits that x86 does not have. */
	static const uint16_t pcids[] = { 0, 1, 2, 4095, 0x1001, 0xffff };

	return pcids[stage_below(&rnd, arm64 ? 6 : 4)];
}

static unsigned some_shift(void)
{
	static const uint8_t x86[] = { 12, 21, 30 };

	return arm64 ? tlb_size_shift(
			       (enum tlb_size)stage_below(&rnd, TLB_SIZE_COUNT))
	             : x86[stage_below(&rnd, ARRAY_SIZE(x86))];
}

static enum tlb_kind some_kind(void)
{
	return stage_one_in(&rnd, 3) ? TLB_INSN : TLB_DATA;
}

static void fill(void)
{
	const uint64_t va = some_address();
	const enum tlb_kind kind = some_kind();
	struct tlb_entry e = {
		.shift = (uint8_t)some_shift(),
		.leaf_level = (uint8_t)(1 + stage_below(&rnd, 3)),
		.pcid = (uint16_t)some_pcid(),
		.pfn = (uint64_t)stage_below(&rnd, 4) << 18,
		.rights = (uint8_t)(stage_random(&rnd) & (arm64 ? 0x6f : 0xf)),
	};
	struct ref_entry r;

	if (stage_one_in(&rnd, 5))
		e.rights |= TLB_G;
	e.va = va >> e.shift << e.shift;
	r = (struct ref_entry){ .va = e.va,
		                .pfn = e.pfn,
		                .shift = e.shift,
		                .leaf_level = e.leaf_level,
		                .pcid = e.pcid,
		                .rights = e.rights };
	/* What it pushes out it tells before it has put the new one in. */
	if (!tlb_fill(&tlb, kind, va, &e))
		fail("what was filled is nowhere");
	r.serial = e.serial;
	reftlb_fill(&ref, kind, va, &r);
}

/* What was used lately, where hints may be. */
static struct place {
	uint64_t va;
	unsigned pcid;
	enum tlb_kind kind;
} last[8];

static void look_up(bool use)
{
	const uint64_t va = some_address();
	const unsigned pcid = some_pcid();
	const enum tlb_kind kind = some_kind();
	struct tlb_match m[TLB_MATCHES_MAX];
	struct ref_match r[TLB_MATCHES_MAX];
	unsigned n = tlb_lookup(&tlb, kind, va, (uint16_t)pcid, m), pick;

	if (reftlb_lookup(&ref, kind, va, pcid, r) != n)
		fail("a lookup finds more or fewer matches");
	for (unsigned i = 0; i < n; i++) {
		const struct tlb_entry *e = m[i].entry;

		if (e->serial != r[i].entry.serial || e->va != r[i].entry.va ||
		    e->pfn != r[i].entry.pfn ||
		    e->rights != r[i].entry.rights || m[i].level != r[i].level)
			fail("a lookup finds another entry");
	}
	nr_found += n;
	if (!n || !use)
		return;
	pick = stage_below(&rnd, n);
	last[stage_below(&rnd, ARRAY_SIZE(last))] =
		(struct place){ va, pcid, kind };
	tlb_use(&tlb, kind, va, (uint16_t)pcid, &m[pick], n == 1);
	reftlb_use(&ref, kind, &r[pick]);
}

static void look_up_fast(void)
{
	const struct place p =
		stage_one_in(&rnd, 8)
			? (struct place){ some_address(), some_pcid(),
		                          some_kind() }
			: last[stage_below(&rnd, 8)];
	const struct tlb_entry *e =
		tlb_lookup_fast(&tlb, p.kind, p.va, (uint16_t)p.pcid);
	struct ref_match r[TLB_MATCHES_MAX];

	if (!e)
		return;
	nr_hints++;
	if (reftlb_lookup(&ref, p.kind, p.va, p.pcid, r) != 1)
		fail("a hint is not the only match");
	if (r[0].entry.serial != e->serial || r[0].entry.va != e->va ||
	    r[0].entry.rights != e->rights || r[0].level != 1)
		fail("a hint leads astray");
}

/* Something held, or NULL. */
static const struct ref_entry *something(void)
{
	return ref.nr ? &ref.held[stage_below(&rnd, ref.nr)] : NULL;
}

static void one_translation(bool drop)
{
	const struct ref_entry *held = something();
	struct ref_entry e;

	if (!held)
		return;
	e = *held;
	if (!tlb_holds(&tlb, e.serial, e.va, NULL))
		fail("what is held is not");
	if (drop) {
		tlb_drop_serial(&tlb, e.serial, e.va, TLB_DROP_DIRTY);
		reftlb_drop_serial(&ref, e.serial);
	} else {
		tlb_set_dirty(&tlb, e.serial, e.va);
		reftlb_set_dirty(&ref, e.serial);
	}
	if (tlb_holds(&tlb, e.serial, e.va, NULL) != !drop)
		fail("a translation is held, or is not");
}

static void invalidate_addr(void)
{
	const uint64_t va = some_address();
	const unsigned pcid = some_pcid();
	const bool globals = stage_below(&rnd, 2);

	tlb_invalidate_addr(&tlb, va, (uint16_t)pcid, globals, TLB_DROP_INVLPG);
	reftlb_invalidate_addr(&ref, va, pcid, globals);
}

static void invalidate_many(void)
{
	const unsigned pcid = some_pcid();

	switch (stage_below(&rnd, 4)) {
	case 0:
		tlb_invalidate_all(&tlb, true, TLB_DROP_ALL);
		reftlb_invalidate_all(&ref, true);
		break;
	case 1:
		tlb_invalidate_all(&tlb, false, TLB_DROP_ALL);
		reftlb_invalidate_all(&ref, false);
		break;
	case 2:
		tlb_invalidate_globals(&tlb, TLB_DROP_ALL);
		reftlb_invalidate_globals(&ref);
		break;
	default:
		tlb_invalidate_context(&tlb, (uint16_t)pcid, TLB_DROP_CR3);
		reftlb_invalidate_context(&ref, pcid);
		break;
	}
}

/* What a TLBI may name: all, an ASID, an address, a range, the last level. */
static void invalidate_scope(void)
{
	static const uint64_t sizes[] = { 0x1000,  0x1000,   0x1000,    0x3000,
		                          0x10000, 0x400000, 0x80000000 };
	struct tlb_scope s = {
		.pcid = (uint16_t)some_pcid(),
		.every_pcid = stage_one_in(&rnd, 3),
		.globals = stage_below(&rnd, 2),
	};

	if (stage_one_in(&rnd, 3))
		s.level = (uint8_t)(1 + stage_below(&rnd, 3));
	if (!stage_one_in(&rnd, 20)) {
		s.va = some_address() & PAGE_MASK;
		s.size = sizes[stage_below(&rnd, ARRAY_SIZE(sizes))];
	}
	tlb_invalidate_scope(&tlb, &s);
	reftlb_invalidate_scope(&ref, &s);
	if (stage_below(&rnd, 2))
		return;
	psc_invalidate_scope(&tlb, &s);
	reftlb_tables_scope(&ref, &s);
}

/* ---- paging-structure caches ---- */

static void fill_table(void)
{
	const uint64_t va = some_address();
	const unsigned level = 2 + stage_below(&rnd, arm64 ? 3 : 4);
	const unsigned granule = ref.granule[va >> 63];
	const unsigned shift = granule + (granule - 3) * (level - 1);
	struct psc_entry e = {
		.va = va >> shift << shift,
		.table = stage_random(&rnd) & 0xffff000,
		.pcid = (uint16_t)some_pcid(),
		.level = (uint8_t)level,
		.rights = stage_random(&rnd) & 7,
	};
	struct ref_table r = { .va = e.va,
		               .table = e.table,
		               .level = level,
		               .pcid = e.pcid,
		               .rights = e.rights };

	psc_fill(&tlb, &e);
	reftlb_fill_table(&ref, &r);
}

static void look_up_table(void)
{
	const uint64_t va = some_address();
	const unsigned pcid = some_pcid();
	const struct psc_entry *e = psc_lookup(&tlb, va, (uint16_t)pcid);
	const struct ref_table *r = reftlb_table(&ref, va, pcid);

	if (!e != !r || (e && (e->table != r->table || e->level != r->level ||
	                       e->rights != r->rights)))
		fail("a walk begins at another table");
}

static void invalidate_tables(void)
{
	const uint64_t va = some_address();
	const unsigned pcid = some_pcid();

	switch (stage_below(&rnd, 8)) {
	case 0:
		psc_invalidate_all(&tlb);
		reftlb_tables_all(&ref);
		break;
	case 1:
		psc_invalidate_context(&tlb, (uint16_t)pcid);
		reftlb_tables_context(&ref, pcid);
		break;
	default:
		psc_invalidate_addr(&tlb, va, (uint16_t)pcid);
		reftlb_tables_addr(&ref, va, pcid);
		break;
	}
}

/* ---- the campaign ---- */

static void operation(unsigned which)
{
	if (which < 25)
		fill();
	else if (which < 45)
		look_up(true);
	else if (which < 55)
		look_up(false);
	else if (which < 70)
		look_up_fast();
	else if (which < 74)
		one_translation(which & 1);
	else if (which < 79 && arm64)
		invalidate_scope();
	else if (which < 79)
		invalidate_addr();
	else if (which < 89)
		fill_table();
	else if (which < 97)
		look_up_table();
	else if (which < 99)
		invalidate_tables();
	else if (stage_one_in(&rnd, 4))
		invalidate_many();
}

static void compare(void)
{
	const char *wrong = reftlb_compare(&ref, &tlb);

	if (wrong)
		fail(wrong);
	if (nr_gone != ref.nr_gone)
		fail("who is told of dropped entries was not told of each");
}

static void begin(const struct tlb_geometry *g)
{
	static const uint8_t granules[] = { 12, 14, 16 };

	tlb_init(&tlb, g);
	tlb.dropped = dropped;
	reftlb_init(&ref, g);
	arm64 = g->asid_bits == 16;
	for (unsigned half = 0; arm64 && half < 2; half++) {
		ref.granule[half] = granules[stage_below(&rnd, 3)];
		tlb_set_granule(&tlb, half, ref.granule[half]);
	}
	nr_gone = 0;
}

int main(int argc, char **argv)
{
	stage_args_parse(&args, argc, argv);
	stage_seed(&rnd, args.seed);
	begin(&geometries[0]);
	for (now = 0; now < args.cases; now++) {
		if (now % EPOCH == EPOCH - 1) {
			compare();
			tlb_fini(&tlb);
			begin(&geometries[now / EPOCH %
			                  ARRAY_SIZE(geometries)]);
		}
		operation(stage_below(&rnd, 100));
		if (now % 256 == 0)
			compare();
	}
	compare();
	tlb_fini(&tlb);
	printf("TLB: %llu operations, %llu entries found, %llu by a hint, %llu "
	       "pushed out; seed %llu\n",
	       (unsigned long long)now, (unsigned long long)nr_found,
	       (unsigned long long)nr_hints, (unsigned long long)nr_pushed_out,
	       (unsigned long long)args.seed);
	return EXIT_SUCCESS;
}
