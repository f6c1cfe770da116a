/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_mmu.c for arm64: an MMU with all that it caches against the manual
 * (armarm.c) and a list (reftlb.c): accesses of EL0 and EL1 to both halves of
 * the address space, with and without PAN, tables that change under their feet,
 * TLBI by address, ASID, all, by range, of the last level, by level; MSR
 * TTBR0_EL1 with another ASID, speculative walks, evictions; three granules,
 * contiguous ranges, hardware access flags and dirty state.
 *
 * Arm ARM D8.13 (caching of entries), D8.14 (TLB maintenance).
 *
 * [--cases N] [--seed S]: N operations in all, over several machines.
 */
#include <stdlib.h>
#include <string.h>

#include "mmu/speculate.h"
#include "tests/evidence/armarm.h"
#include "tests/evidence/twin.h"

#define BIT(n) (UINT64_C(1) << (n))

#define MIB     UINT64_C(0x100000)
#define GIB     UINT64_C(0x40000000)
#define PA_BITS 40

#define DATA (1 << TLB_DATA)
#define INSN (1 << TLB_INSN)
#define K4   (1 << TLB_4K)
#define K16  (1 << TLB_16K)
#define K64  (1 << TLB_64K)
#define M2   (1 << TLB_2M)
#define M32  (1 << TLB_32M)
#define M512 (1 << TLB_512M)
#define G1   (1 << TLB_1G)
#define ALL  (K4 | K16 | K64 | M2 | M32 | M512 | G1)

/* Room for everything; hardly any; some sizes only in pieces. */
static const struct tlb_geometry geometries[] = {
	{ .array = { { "l1d", 1, DATA, ALL, TLB_LRU, 512, 64 },
	             { "l1i", 1, INSN, ALL, TLB_LRU, 512, 64 },
	             { "l2", 2, DATA | INSN, ALL, TLB_LRU, 1024, 128 } },
	  .nr_arrays = 3,
	  .asid_bits = 16,
	  .psc = { 0, 0, 128, 128, 128, 0 } },
	{ .array = { { "l1d", 1, DATA, ALL, TLB_LRU, 12, 12 },
	             { "l1i", 1, INSN, ALL, TLB_LRU, 8, 8 },
	             { "l2", 2, DATA | INSN, ALL, TLB_LRU, 40, 5 } },
	  .nr_arrays = 3,
	  .asid_bits = 16,
	  .psc = { 0, 0, 4, 2, 2, 0 } },
	{ .array = { { "l1d", 1, DATA, K4 | K16 | K64, TLB_LRU, 48, 48 },
	             { "l1i", 1, INSN, K4 | M2, TLB_LRU, 16, 16 },
	             { "l2", 2, DATA, K4 | K64 | M2 | M32, TLB_LRU, 80, 5 } },
	  .nr_arrays = 3,
	  .asid_bits = 16,
	  .psc = { 0, 0, 8, 4, 0, 0 } },
};

#define NR_MACHINES 9 /* each geometry with each granule */

static struct arm_cpu cpu;
static unsigned granule, top, asid;

/* ---- the tables ---- */

#define TABLES     (80 * MIB)
#define NR_TABLES  16
#define NR_ROOTS   4 /* the last is TTBR1_EL1's */
#define TABLE_SIZE UINT64_C(0x10000)
static const uint8_t level_of[NR_TABLES] = { 0, 0, 0, 0, 1, 1, 1, 1,
	                                     2, 2, 2, 3, 3, 3, 3, 3 };
#define NR_SLOTS 3

/* With three levels what would be at level 0 is a table of level 1. */
static unsigned table_level(unsigned i)
{
	return level_of[i] < top ? top : level_of[i];
}

static uint64_t table_pa(unsigned i)
{
	return TABLES + i * TABLE_SIZE;
}

static uint64_t table_of_level(unsigned level)
{
	unsigned i;

	do {
		i = NR_ROOTS + stage_below(&tw.rnd, NR_TABLES - NR_ROOTS);
	} while (table_level(i) != level);
	return table_pa(i);
}

static unsigned low_bit(unsigned level)
{
	return granule + (3 - level) * (granule - 3);
}

static uint64_t leaf_at_random(unsigned level, unsigned slot)
{
	const uint64_t span = BIT(low_bit(level));
	uint64_t d = stage_one_in(&tw.rnd, 8) ? 0 : BIT(10); /* AF */

	d |= stage_random(&tw.rnd) & (BIT(7) | BIT(51));  /* AP<2>, DBM */
	d |= stage_one_in(&tw.rnd, 4) ? 0 : BIT(6);       /* AP<1> */
	d |= ~stage_dense(&tw.rnd) & (BIT(53) | BIT(54)); /* PXN, UXN */
	d |= stage_one_in(&tw.rnd, 3) ? 0 : BIT(11);      /* nG */
	d |= stage_random(&tw.rnd) & BIT(2);              /* AttrIndx */
	d |= level == 3 ? 3 : 1;
	/* Contiguous, and where it belongs in its range. */
	if (low_bit(level) <= 25 && stage_one_in(&tw.rnd, 3))
		return d | BIT(52) | GIB | slot * span;
	return d | (level < 3 ? GIB + stage_below(&tw.rnd, 3) * span
	                      : 96 * MIB + stage_below(&tw.rnd, 4) * span);
}

static uint64_t descriptor_at_random(unsigned level, unsigned slot)
{
	bool has_block = level == 2 || (level == 1 && granule == 12);
	uint64_t d;

	if (level == 3 || (has_block && stage_one_in(&tw.rnd, 3)))
		d = leaf_at_random(level, slot);
	else
		d = table_of_level(level + 1) | 3 |
		    (~stage_dense(&tw.rnd) & (UINT64_C(0xf) << 59));
	if (stage_one_in(&tw.rnd, 60))
		d |= BIT(PA_BITS);
	return stage_one_in(&tw.rnd, 16) ? d & ~UINT64_C(1) : d;
}

static void change_entry(void)
{
	unsigned i = stage_below(&tw.rnd, NR_TABLES);
	unsigned slot = stage_below(&tw.rnd, NR_SLOTS);
	unsigned level = table_level(i);

	/* One bit is all that the granule of 16K has at level 0. */
	if (granule == 14 && level == 0)
		slot &= 1;
	phys_write(&tw.s.m->mem, table_pa(i) + slot * 8ull, 8,
	           descriptor_at_random(level, slot));
	tw.nr_changes++;
}

static uint64_t some_address(void)
{
	uint64_t va = stage_below(&tw.rnd, 0x200) * 8;

	for (unsigned level = top; level <= 3; level++)
		va |= (uint64_t)stage_below(&tw.rnd, level == 3 ? NR_SLOTS : 2)
		      << low_bit(level);
	if (stage_one_in(&tw.rnd, 4))
		va |= ~UINT64_C(0) << 48;
	return va;
}

static unsigned some_asid(void)
{
	/* Two that differ only above bit 11. */
	static const uint16_t asids[] = { 1, 2, 0x1002 };

	return asids[stage_below(&tw.rnd, ARRAY_SIZE(asids))];
}

/* ---- the manual's MMU ---- */

struct verdict {
	bool fault;
	uint64_t esr, pa;
	unsigned nr_used;
	struct arm_used used[4];
};

static unsigned rights_of(const struct arm_rights *r)
{
	return (r->write ? TLB_W : 0) | (r->user ? TLB_U : 0) |
	       (r->user_exec ? TLB_X : 0) | (r->priv_exec ? TLB_P : 0);
}

static struct arm_rights rights_from(unsigned rights)
{
	return (struct arm_rights){
		.write = rights & TLB_W,
		.user = rights & TLB_U,
		.user_exec = rights & TLB_X,
		.priv_exec = rights & TLB_P,
	};
}

/* Where the deepest cached table is; else from the TTBR. */
static bool start_of(uint64_t va, struct arm_start *from)
{
	const struct ref_table *t;

	if (!arm_start(&cpu, va, from))
		return false;
	t = reftlb_table(&tw.ref, va, asid);
	if (t)
		*from = (struct arm_start){ .level = 5 - t->level,
			                    .table = t->table,
			                    .limit = rights_from(t->rights) };
	return true;
}

static void cache_tables(const struct arm_result *r, uint64_t va)
{
	for (unsigned i = 0; i < r->nr_below; i++) {
		const struct arm_start *b = &r->below[i];
		/* Levels from below, of the descriptor that led there. */
		struct ref_table t = { .va = va,
			               .table = b->table,
			               .level = 5 - b->level,
			               .pcid = asid,
			               .rights = rights_of(&b->limit) };

		reftlb_fill_table(&tw.ref, &t);
	}
}

/* D8.6.1: what a contiguous leaf may be held as. */
static unsigned span_of(const struct arm_result *r)
{
	if (!r->contiguous)
		return r->shift;
	switch (r->shift) {
	case 12:
		return 16;
	case 21:
		return 25;
	case 25:
		return 30;
	case 14:
	case 16:
		return 21;
	default:
		return r->shift;
	}
}

/* @serial: the real one's, by which both know the translation. */
static void cache_page(const struct arm_result *r, uint64_t va,
                       enum tlb_kind kind, uint64_t serial)
{
	const uint64_t mask = BIT(span_of(r)) - 1;
	struct ref_entry e = {
		.va = va & ~mask,
		.pfn = (r->pa & ~mask) >> 12,
		.shift = span_of(r),
		.leaf_level = 1 + (r->shift - granule) / (granule - 3),
		.pcid = asid,
		.serial = serial,
		.rights = rights_of(&r->rights) | (r->dirty ? TLB_D : 0) |
		          (r->global ? TLB_G : 0) |
		          (r->attr_index == 1 ? TLB_T : 0),
	};

	reftlb_fill(&tw.ref, kind, va, &e);
}

static struct verdict walk(const struct arm_access *acc, enum tlb_kind kind)
{
	struct arm_start from;
	bool begins = start_of(acc->va, &from);
	struct arm_result r = arm_access(&cpu, acc, begins ? &from : NULL);
	struct verdict v = {
		.fault = r.fault, .esr = r.esr, .pa = r.pa, .nr_used = r.nr_used
	};

	memcpy(v.used, r.used, sizeof(v.used));
	cache_tables(&r, acc->va);
	/* A choice of ours: what led to a translation fault is forgotten. */
	if (r.fault && (r.esr & 0x3c) == 0x04)
		reftlb_tables_addr(&tw.ref, acc->va, asid);
	/* D8.13.1: what gives a permission fault may be held; ours is. */
	if (r.shift)
		cache_page(&r, acc->va, kind, tw.s.mmu.tlb.last_serial + 1);
	tw.nr_faults += r.fault;
	return v;
}

static struct verdict manual(const struct arm_access *acc)
{
	enum tlb_kind kind = acc->kind == ARM_FETCH ? TLB_INSN : TLB_DATA;
	bool writes = acc->kind == ARM_WRITE || acc->kind == ARM_ATOMIC;
	struct ref_match m[TLB_MATCHES_MAX];
	const struct ref_entry *e = &m[0].entry;
	struct arm_rights rights;

	if (!reftlb_lookup(&tw.ref, kind, acc->va, asid, m))
		return walk(acc, kind);
	tw.nr_hits++;
	/* Of several the first: the policy of this run. */
	reftlb_use(&tw.ref, kind, &m[0]);
	rights = rights_from(e->rights);
	if (!arm_permits(&cpu, acc, &rights)) {
		tw.nr_faults++;
		return (struct verdict){
			.fault = true,
			.esr = arm_permission_esr(&cpu, acc, &rights,
			                          4 - e->leaf_level),
		};
	}
	if (writes && !(e->rights & TLB_D)) {
		reftlb_drop_serial(&tw.ref, e->serial);
		return walk(acc, kind);
	}
	return (struct verdict){
		.pa = e->pfn << 12 | (acc->va & (BIT(e->shift) - 1)),
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

static bool is_stale(const struct arm_access *acc, const struct verdict *v)
{
	struct arm_result r = arm_access(&cpu, acc, NULL);

	return r.fault != v->fault || (!r.fault && r.pa != v->pa);
}

static void access_both(void)
{
	static const struct {
		uint8_t op, kind;
	} ops[] = { { MMU_LOAD, ARM_READ },
		    { MMU_LOAD, ARM_READ },
		    { MMU_STORE, ARM_WRITE },
		    { MMU_XADD, ARM_ATOMIC },
		    { MMU_FETCH, ARM_FETCH } };
	const unsigned which = stage_below(&tw.rnd, ARRAY_SIZE(ops));
	struct mmu_access acc = { .va = some_address(),
		                  .op = ops[which].op,
		                  .size = 8,
		                  .user = stage_below(&tw.rnd, 2) };
	struct arm_access aa = { .va = acc.va,
		                 .kind = (enum arm_kind)ops[which].kind,
		                 .el0 = acc.user };
	struct fault_info info = { 0 };
	struct verdict v;
	bool done;

	cpu.pan = tw.s.mmu.arm64.pan = stage_below(&tw.rnd, 2);
	if (!acc.user && acc.op < MMU_FETCH)
		aa.unprivileged = acc.ac = stage_one_in(&tw.rnd, 4);
	v = manual(&aa);
	tw.nr_accesses++;
	tw.nr_stale += is_stale(&aa, &v);
	done = mmu_access(&tw.s.mmu, &acc, &info);
	if (done == v.fault)
		twin_fail("an access that may be made is not, or the reverse");
	if (done && acc.pa != v.pa)
		twin_fail("an access goes to another physical address");
	if (!done && (info.code != v.esr || info.addr != acc.va))
		twin_fail("a fault has another syndrome");
	if (!tables_as(&v))
		twin_fail("a descriptor in the tables is another");
}

/* D8.13: a walk that no access asked for. */
static void speculate(void)
{
	const uint64_t va = some_address();
	/* Nothing is denied to it: a load at EL1 without PAN. */
	const struct arm_access aa = { .va = va, .kind = ARM_READ };
	struct ref_match m[TLB_MATCHES_MAX];
	struct arm_start from;
	struct arm_result r;
	struct verdict v;
	bool begins, held = false;
	unsigned n;

	cpu.pan = tw.s.mmu.arm64.pan = false;
	begins = start_of(va, &from);
	r = arm_access(&cpu, &aa, begins ? &from : NULL);
	n = reftlb_lookup(&tw.ref, TLB_DATA, va, asid, m);
	v = (struct verdict){ .nr_used = r.nr_used };
	memcpy(v.used, r.used, sizeof(v.used));
	cache_tables(&r, va);
	for (unsigned i = 0; i < n; i++)
		held |= !r.fault && m[i].entry.shift == span_of(&r);
	if (!r.fault && !held)
		cache_page(&r, va, TLB_DATA, tw.s.mmu.tlb.last_serial + 1);
	if (mmu_speculate(&tw.s.mmu, va) != (!r.fault && !held))
		twin_fail(
			"a speculative walk caches what it should not, or the "
			"reverse");
	if (!tables_as(&v))
		twin_fail("a speculative walk leaves other tables");
}

/* ---- TLBI and TTBR0_EL1: D8.14 ---- */

static void tlbi(void)
{
	struct tlbi t = {
		.op = (enum tlbi_op)stage_below(&tw.rnd, 4),
		.last_level = stage_one_in(&tw.rnd, 3),
		.inner_shareable = stage_below(&tw.rnd, 2),
		.asid = (uint16_t)some_asid(),
		.va = some_address() & PAGE_MASK,
	};
	struct tlb_scope scope = { .pcid = t.asid };

	/* All is seldom. */
	if (t.op == TLBI_ALL && stage_below(&tw.rnd, 8))
		t.op = TLBI_VA;
	if (t.op == TLBI_VA || t.op == TLBI_VAA) {
		if (stage_one_in(&tw.rnd, 4))
			t.size = (uint64_t)(1 + stage_below(&tw.rnd, 4))
			         << low_bit(1 + stage_below(&tw.rnd, 3));
		/* A hint at the level, which may be wrong. */
		if (stage_one_in(&tw.rnd, 4))
			t.level = (uint8_t)(1 + stage_below(&tw.rnd, 3));
		scope.va = t.va;
		scope.size = t.size ? t.size : PAGE_SIZE;
		scope.level = t.level;
	} else {
		t.last_level = false;
	}
	scope.every_pcid = t.op == TLBI_VAA || t.op == TLBI_ALL;
	scope.globals = t.op != TLBI_ASID;
	reftlb_invalidate_scope(&tw.ref, &scope);
	if (!t.last_level)
		reftlb_tables_scope(&tw.ref, &scope);
	mmu_tlbi(&tw.s.mmu, &t);
	mmu_dsb(&tw.s.mmu, BARRIER_ISH);
	tw.nr_flushes++;
}

static void write_ttbr0(void)
{
	cpu.ttbr0 = table_pa(stage_below(&tw.rnd, NR_ROOTS - 1));
	asid = some_asid();
	mmu_write_ttbr0(&tw.s.mmu, cpu.ttbr0, asid);
	mmu_isb(&tw.s.mmu);
}

/* ---- the campaign ---- */

static void operations(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < NR_TABLES * NR_SLOTS * 8; i++)
		change_entry();
	write_ttbr0();
	for (; tw.now < tw.last; tw.now++) {
		unsigned which = stage_below(&tw.rnd, 100);

		if (which < 78)
			access_both();
		else if (which < 88)
			change_entry();
		else if (which < 91)
			tlbi();
		else if (which < 93)
			write_ttbr0();
		else if (which < 98)
			speculate();
		else
			twin_evict();
		if (tw.now % 128 == 0)
			twin_compare();
	}
	twin_compare();
}

/* HA, HD as @hardware says: neither, HA, both. */
static uint64_t tcr_of(unsigned hardware)
{
	const uint64_t tg0 = granule == 12 ? 0 : granule == 16 ? 1 : 2;
	const uint64_t tg1 = granule == 12 ? 2 : granule == 16 ? 3 : 1;

	return 16 | UINT64_C(16) << 16 | tg0 << 14 | tg1 << 30 |
	       UINT64_C(2) << 32 /* IPS: 40 bits */ | BIT(36) /* AS */ |
	       (hardware > 0 ? BIT(39) : 0) | (hardware > 1 ? BIT(40) : 0);
}

static void one_machine(unsigned i)
{
	static const uint8_t granules[] = { 12, 14, 16 };

	granule = granules[i / 3];
	top = granule == 16 ? 1 : 0;
	twin_machine(i, NR_MACHINES, ARCH_ARM64, &geometries[i % 3], PA_BITS,
	             4 * GIB);
	tw.ref.granule[0] = tw.ref.granule[1] = granule;
	cpu = (struct arm_cpu){ .ttbr1 = table_pa(NR_ROOTS - 1),
		                .tcr = tcr_of((i + i / 3) % 3),
		                .pa_bits = PA_BITS,
		                .read = twin_word };
	mmu_write_tcr(&tw.s.mmu, cpu.tcr);
	tw.s.mmu.arm64.root1 = cpu.ttbr1;
	/* AttrIndx 1 is Tagged memory. */
	tw.s.mmu.arm64.mair = 0xf0ff;
	stage_run(&tw.s, operations, NULL);
	stage_fini(&tw.s);
}

int main(int argc, char **argv)
{
	twin_begin(argc, argv);
	for (unsigned i = 0; i < NR_MACHINES; i++)
		one_machine(i);
	twin_print("arm64's MMU");
	return EXIT_SUCCESS;
}
