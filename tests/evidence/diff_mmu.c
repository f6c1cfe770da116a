/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An MMU with all that it caches against the manual (sdm.c) and a list
 * (reftlb.c): accesses, page tables that change under its feet with and without
 * invalidations, INVLPG, INVPCID, MOV CR3 with and without bit 63, CR4.PGE,
 * SMEP and PCIDE, speculative walks, evictions.  What is stale must be as stale
 * here as there: same outcome, error code, physical address, same flags in the
 * tables after each operation, and same contents of TLBs and paging-structure
 * caches.
 *
 * SDM 3A 4.10 (caching translation information), 4.10.4.1 (operations that
 * invalidate).
 *
 * [--cases N] [--seed S]: N operations in all, over several geometries.
 */
#include <stdlib.h>
#include <string.h>

#include "mmu/speculate.h"
#include "tests/evidence/sdm.h"
#include "tests/evidence/twin.h"

#define P  (UINT64_C(1) << 0)
#define RW (UINT64_C(1) << 1)
#define US (UINT64_C(1) << 2)
#define PS (UINT64_C(1) << 7)
#define G  (UINT64_C(1) << 8)
#define XD (UINT64_C(1) << 63)

#define MIB        UINT64_C(0x100000)
#define GIB        UINT64_C(0x40000000)
#define MAXPHYADDR 40

#define DATA (1 << TLB_DATA)
#define INSN (1 << TLB_INSN)
#define K4   (1 << TLB_4K)
#define M2   (1 << TLB_2M)
#define G1   (1 << TLB_1G)

/* Room for everything; hardly any; large pages in pieces. */
static const struct tlb_geometry geometries[] = {
	{ .array = { { "l1d", 1, DATA, K4 | M2 | G1, TLB_LRU, 512, 64 },
	             { "l1i", 1, INSN, K4 | M2 | G1, TLB_LRU, 512, 64 },
	             { "l2", 2, DATA | INSN, K4 | M2 | G1, TLB_LRU, 1024,
	               128 } },
	  .nr_arrays = 3,
	  .psc = { 0, 0, 128, 128, 128, 128 } },
	{ .array = { { "l1d", 1, DATA, K4 | M2, TLB_TREE_PLRU, 8, 4 },
	             { "l1d-1g", 1, DATA, G1, TLB_TREE_PLRU, 2, 2 },
	             { "l1i", 1, INSN, K4, TLB_TREE_PLRU, 4, 4 },
	             { "l2", 2, DATA | INSN, K4 | M2, TLB_LRU, 24, 12 } },
	  .nr_arrays = 4,
	  .psc = { 0, 0, 4, 2, 2, 2 } },
	{ .array = { { "l1d", 1, DATA, K4, TLB_TREE_PLRU, 64, 4 },
	             { "l1i", 1, INSN, K4, TLB_LRU, 96, 6 },
	             { "l2", 2, DATA, K4 | M2, TLB_LRU, 192, 12 } },
	  .nr_arrays = 3,
	  .psc = { 0, 0, 8, 4, 0, 0 } },
};

static struct sdm_cpu cpu;
static unsigned pcid;
static bool pcide;

/* ---- the tables ---- */

#define TABLES    (65 * MIB)
#define NR_TABLES 16
#define NR_ROOTS  3
static const uint8_t table_level[NR_TABLES] = { 4, 4, 4, 3, 3, 3, 3, 2,
	                                        2, 2, 2, 1, 1, 1, 1, 1 };
#define NR_SLOTS 3

static uint64_t table_pa(unsigned i)
{
	return TABLES + i * 0x1000;
}

static uint64_t table_of_level(unsigned level)
{
	unsigned i;

	do {
		i = stage_below(&tw.rnd, NR_TABLES);
	} while (table_level[i] != level);
	return table_pa(i);
}

static uint64_t entry_at_random(unsigned level)
{
	uint64_t e = (P | RW | US) & stage_dense(&tw.rnd);

	if (stage_one_in(&tw.rnd, 8))
		e |= XD;
	if (stage_one_in(&tw.rnd, 60))
		e |= UINT64_C(1) << MAXPHYADDR;
	if (stage_one_in(&tw.rnd, 3))
		e |= G;
	e |= (uint64_t)stage_below(&tw.rnd, 4) << 5; /* A and D */
	if (level == 1)
		return e | (67 * MIB + stage_below(&tw.rnd, 4) * 0x1000ull);
	if (level == 2 && stage_one_in(&tw.rnd, 3))
		return e | PS | (68 * MIB + stage_below(&tw.rnd, 2) * 2 * MIB);
	if (level == 3 && stage_one_in(&tw.rnd, 5))
		return e | PS | stage_below(&tw.rnd, 2) * GIB;
	return e | table_of_level(level - 1);
}

static void change_entry(void)
{
	unsigned i = stage_below(&tw.rnd, NR_TABLES);
	uint64_t pa = table_pa(i) + stage_below(&tw.rnd, NR_SLOTS) * 8ull;

	phys_write(&tw.s.m->mem, pa, 8, entry_at_random(table_level[i]));
	tw.nr_changes++;
}

static uint64_t some_address(void)
{
	return (uint64_t)stage_below(&tw.rnd, 2) << 39 |
	       (uint64_t)stage_below(&tw.rnd, 2) << 30 |
	       (uint64_t)stage_below(&tw.rnd, 2) << 21 |
	       (uint64_t)stage_below(&tw.rnd, NR_SLOTS) << 12 |
	       stage_below(&tw.rnd, 0x200) * 8;
}

static unsigned some_pcid(void)
{
	return pcide ? 1 + stage_below(&tw.rnd, NR_ROOTS) : 0;
}

/* ---- the manual's MMU ---- */

struct verdict {
	enum sdm_end end;
	unsigned code;
	uint64_t pa;
	/* What the tables must be where it used them. */
	unsigned nr_used;
	struct sdm_used used[5];
};

static unsigned rights_of(bool w, bool u, bool x)
{
	return (w ? TLB_W : 0) | (u ? TLB_U : 0) | (x ? TLB_X : 0);
}

static struct sdm_start start_of(uint64_t va, bool *cached)
{
	const struct ref_table *t = reftlb_table(&tw.ref, va, pcid);

	*cached = t;
	if (!t)
		return sdm_start(&cpu);
	return (struct sdm_start){ .level = t->level - 1,
		                   .table = t->table,
		                   .w = t->rights & TLB_W,
		                   .u = t->rights & TLB_U,
		                   .x = t->rights & TLB_X };
}

static void cache_tables(const struct sdm_result *r, uint64_t va)
{
	for (unsigned i = 0; i < r->nr_below; i++) {
		const struct sdm_start *b = &r->below[i];
		struct ref_table t = { .va = va,
			               .table = b->table,
			               .level = b->level + 1,
			               .pcid = pcid,
			               .rights = rights_of(b->w, b->u, b->x) };

		reftlb_fill_table(&tw.ref, &t);
	}
}

/* @serial: the real one's, by which both know the translation. */
static void cache_page(const struct sdm_result *r, uint64_t va,
                       enum tlb_kind kind, uint64_t serial)
{
	const uint64_t mask = (UINT64_C(1) << r->shift) - 1;
	struct ref_entry e = {
		.va = va & ~mask,
		.pfn = (r->pa & ~mask) >> 12,
		.shift = r->shift,
		.leaf_level = (r->shift - 3) / 9,
		.pcid = pcid,
		.serial = serial,
		.rights = rights_of(r->w, r->u, r->x) | (r->dirty ? TLB_D : 0) |
		          (r->global ? TLB_G : 0),
	};

	reftlb_fill(&tw.ref, kind, va, &e);
}

static struct verdict fault(uint64_t va, unsigned code)
{
	/* 4.10.4.1: a page fault invalidates what it may have come from. */
	reftlb_invalidate_addr(&tw.ref, va, pcid, true);
	reftlb_tables_addr(&tw.ref, va, pcid);
	tw.nr_faults++;
	return (struct verdict){ .end = SDM_PF, .code = code };
}

static struct verdict walk(const struct sdm_access *acc, enum tlb_kind kind)
{
	bool cached;
	struct sdm_start from = start_of(acc->va, &cached);
	struct sdm_result r = sdm_access(&cpu, acc, &from);
	struct verdict v = { .end = r.end, .pa = r.pa };

	cache_tables(&r, acc->va);
	if (r.end == SDM_DONE)
		cache_page(&r, acc->va, kind, tw.s.mmu.tlb.last_serial + 1);
	else
		v = fault(acc->va, r.code);
	v.nr_used = r.nr_used;
	memcpy(v.used, r.used, sizeof(v.used));
	return v;
}

static struct verdict manual(const struct sdm_access *acc)
{
	enum tlb_kind kind = acc->kind == SDM_FETCH ? TLB_INSN : TLB_DATA;
	struct ref_match m[TLB_MATCHES_MAX];
	const struct ref_entry *e = &m[0].entry;

	if (!reftlb_lookup(&tw.ref, kind, acc->va, pcid, m))
		return walk(acc, kind);
	tw.nr_hits++;
	/* Of several the first: the policy of this run. */
	reftlb_use(&tw.ref, kind, &m[0]);
	if (!sdm_permits(&cpu, acc, e->rights & TLB_W, e->rights & TLB_U,
	                 e->rights & TLB_X))
		return fault(acc->va, sdm_error_code(&cpu, acc, true, false));
	if (acc->kind == SDM_WRITE && !(e->rights & TLB_D)) {
		reftlb_drop_serial(&tw.ref, e->serial);
		return walk(acc, kind);
	}
	return (struct verdict){
		.end = SDM_DONE,
		.pa = e->pfn << 12 |
		      (acc->va & ((UINT64_C(1) << e->shift) - 1)),
	};
}

/* ---- an access on both ---- */

static bool tables_as(const struct verdict *v)
{
	for (unsigned i = 0; i < v->nr_used; i++) {
		if (twin_word(NULL, v->used[i].pa) != v->used[i].after)
			return false;
	}
	return true;
}

/* Would a walk from the top, now, say something else? */
static bool is_stale(const struct sdm_access *acc, const struct verdict *v)
{
	struct sdm_start from = sdm_start(&cpu);
	struct sdm_result r = sdm_access(&cpu, acc, &from);

	return r.end != v->end || (r.end == SDM_DONE && r.pa != v->pa);
}

static void access_both(void)
{
	static const uint8_t ops[] = { MMU_LOAD, MMU_LOAD, MMU_STORE,
		                       MMU_FETCH };
	struct mmu_access acc = { .va = some_address(),
		                  .op = ops[stage_below(&tw.rnd, 4)],
		                  .size = 8,
		                  .user = stage_below(&tw.rnd, 2),
		                  .ac = stage_below(&tw.rnd, 2) };
	const struct sdm_access sa = { .va = acc.va,
		                       .kind = acc.op == MMU_FETCH   ? SDM_FETCH
		                               : acc.op == MMU_STORE ? SDM_WRITE
		                                                     : SDM_READ,
		                       .user = acc.user,
		                       .ac = acc.ac };
	struct fault_info info = { 0 };
	struct verdict v = manual(&sa);
	bool done;

	tw.nr_accesses++;
	tw.nr_stale += is_stale(&sa, &v);
	done = mmu_access(&tw.s.mmu, &acc, &info);
	if (done != (v.end == SDM_DONE))
		twin_fail("an access that may be made is not, or the reverse");
	if (done && acc.pa != v.pa)
		twin_fail("an access goes to another physical address");
	if (!done && (info.code != v.code || info.addr != acc.va))
		twin_fail("a fault has another error code");
	if (!tables_as(&v))
		twin_fail("an entry in the tables is another");
}

/* 4.8, 4.10.2.3: a walk that no access asked for. */
static void speculate(void)
{
	const uint64_t va = some_address();
	/* Nothing is denied to it: a supervisor's load with AC. */
	const struct sdm_access sa = { .va = va, .kind = SDM_READ, .ac = true };
	struct ref_match m[TLB_MATCHES_MAX];
	bool cached, held = false;
	struct sdm_start from = start_of(va, &cached);
	struct sdm_result r = sdm_access(&cpu, &sa, &from);
	unsigned n = reftlb_lookup(&tw.ref, TLB_DATA, va, pcid, m);
	struct verdict v = { .nr_used = r.nr_used };

	memcpy(v.used, r.used, sizeof(v.used));
	cache_tables(&r, va);
	for (unsigned i = 0; i < n; i++)
		held |= r.end == SDM_DONE && m[i].entry.shift == r.shift;
	if (r.end == SDM_DONE && !held)
		cache_page(&r, va, TLB_DATA, tw.s.mmu.tlb.last_serial + 1);
	if (mmu_speculate(&tw.s.mmu, va) != (r.end == SDM_DONE && !held))
		twin_fail(
			"a speculative walk caches what it should not, or the "
			"reverse");
	if (!tables_as(&v))
		twin_fail("a speculative walk leaves other tables");
}

/* ---- invalidations: 4.10.4.1 ---- */

static void invlpg(void)
{
	const uint64_t va = some_address();

	reftlb_invalidate_addr(&tw.ref, va, pcid, true);
	reftlb_tables_context(&tw.ref, pcid);
	mmu_invlpg(&tw.s.mmu, va);
}

static void invpcid(void)
{
	const unsigned type = stage_below(&tw.rnd, 4), which = some_pcid();
	const uint64_t va = some_address();

	switch (type) {
	case 0:
		reftlb_invalidate_addr(&tw.ref, va, which, false);
		reftlb_tables_addr(&tw.ref, va, which);
		break;
	case 1:
		reftlb_invalidate_context(&tw.ref, which);
		reftlb_tables_context(&tw.ref, which);
		break;
	case 2:
		reftlb_invalidate_all(&tw.ref, true);
		reftlb_tables_all(&tw.ref);
		break;
	default:
		reftlb_invalidate_all(&tw.ref, false);
		reftlb_tables_all(&tw.ref);
		break;
	}
	if (!mmu_invpcid(&tw.s.mmu, type, which, va))
		twin_fail("INVPCID is #GP");
}

static void write_cr3(void)
{
	const unsigned which = some_pcid();
	const bool noflush = pcide && stage_below(&tw.rnd, 4);

	cpu.cr3 = table_pa(stage_below(&tw.rnd, NR_ROOTS));
	pcid = which;
	if (!noflush) {
		reftlb_invalidate_context(&tw.ref, which);
		reftlb_tables_context(&tw.ref, which);
	}
	if (!mmu_write_cr3(&tw.s.mmu, cpu.cr3, which, noflush))
		twin_fail("MOV CR3 is #GP");
}

static void everything(void)
{
	reftlb_invalidate_all(&tw.ref, true);
	reftlb_tables_all(&tw.ref);
}

static void write_cr4(void)
{
	uint64_t cr4 = mmu_read_cr4(&tw.s.mmu);

	switch (stage_below(&tw.rnd, 5)) {
	case 0:
		cr4 ^= UINT64_C(1) << 7; /* PGE */
		cpu.pge = !cpu.pge;
		everything();
		break;
	case 1:
		cr4 ^= UINT64_C(1) << 20; /* SMEP: when it comes on */
		cpu.smep = !cpu.smep;
		if (!cpu.smep)
			break;
		reftlb_invalidate_context(&tw.ref, pcid);
		reftlb_invalidate_globals(&tw.ref);
		reftlb_tables_context(&tw.ref, pcid);
		break;
	case 2:
		cr4 ^= UINT64_C(1) << 21; /* SMAP: nothing */
		cpu.smap = !cpu.smap;
		break;
	default:
		cr4 ^= UINT64_C(1) << 17; /* PCIDE: when it goes off */
		if (!pcide && pcid)
			twin_fail("a PCID without PCIDE");
		pcide = !pcide;
		if (pcide)
			break;
		pcid = 0;
		everything();
		break;
	}
	if (!mmu_write_cr4(&tw.s.mmu, cr4))
		twin_fail("MOV CR4 is #GP");
}

static void invalidate(void)
{
	unsigned which = stage_below(&tw.rnd, 100);

	tw.nr_flushes++;
	if (which < 40) {
		invlpg();
	} else if (which < 65) {
		invpcid();
	} else if (which < 94) {
		write_cr3();
	} else if (which < 99) {
		write_cr4();
	} else {
		everything();
		mmu_flush_all(&tw.s.mmu);
	}
}

/* ---- the campaign ---- */

static void operations(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < NR_TABLES * NR_SLOTS * 8; i++)
		change_entry();
	write_cr3();
	for (; tw.now < tw.last; tw.now++) {
		unsigned which = stage_below(&tw.rnd, 100);

		if (which < 78)
			access_both();
		else if (which < 88)
			change_entry();
		else if (which < 93)
			invalidate();
		else if (which < 98)
			speculate();
		else
			twin_evict();
		if (tw.now % 128 == 0)
			twin_compare();
	}
	twin_compare();
}

static void one_machine(unsigned i)
{
	const unsigned n = ARRAY_SIZE(geometries);

	twin_machine(i, n, ARCH_X86_64, &geometries[i], MAXPHYADDR, 2 * GIB);
	cpu = (struct sdm_cpu){ .maxphyaddr = MAXPHYADDR,
		                .wp = true,
		                .pge = true,
		                .smep = true,
		                .smap = true,
		                .nxe = true,
		                .read = twin_word };
	pcide = true;
	stage_run(&tw.s, operations, NULL);
	stage_fini(&tw.s);
}

int main(int argc, char **argv)
{
	twin_begin(argc, argv);
	for (unsigned i = 0; i < ARRAY_SIZE(geometries); i++)
		one_machine(i);
	twin_print("x86's MMU");
	return EXIT_SUCCESS;
}
