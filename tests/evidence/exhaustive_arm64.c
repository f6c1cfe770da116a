/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exhaustive_x86.c for arm64: every combination of what decides an access, held
 * against the manual as armarm.c tells it: fault or not, ESR_EL1, FAR_EL1,
 * physical address, and the descriptors of all levels afterwards.
 *
 * Of every --cases sets of descriptors one is taken (1: all), --seed says
 * which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/evidence/armarm.h"
#include "tests/evidence/stage.h"

/* Bits of descriptors, by number; the manual's names. */
#define BIT(n)   (UINT64_C(1) << (n))
#define VALID    BIT(0)
#define TYPE     BIT(1)
#define AP1      BIT(6)
#define AP2      BIT(7)
#define AF       BIT(10)
#define DBM      BIT(51)
#define PXN      BIT(53)
#define UXN      BIT(54)
#define PXNTABLE BIT(59)
#define UXNTABLE BIT(60)
#define APTABLE0 BIT(61)
#define APTABLE1 BIT(62)

/* TCR_EL1. */
#define TCR_T0SZ(n) ((uint64_t)(n) << 0)
#define TCR_T1SZ(n) ((uint64_t)(n) << 16)
#define TCR_IPS(n)  ((uint64_t)(n) << 32)
#define EPD0        BIT(7)
#define EPD1        BIT(23)
#define TBI0        BIT(37)
#define TBI1        BIT(38)
#define HA          BIT(39)
#define HD          BIT(40)
#define HPD0        BIT(41)
#define HPD1        BIT(42)

#define PA_BITS 48
#define MEMORY  (UINT64_C(64) << 20)
#define OFFSET  0x128

static struct stage s;
static struct arm_cpu cpu;
static uint64_t va, page;
static unsigned granule, top; /* log2; level of the first descriptor */
static uint64_t table[4];     /* by level: that with descriptors of it */
static uint64_t *word[4];     /* the descriptor on the way to `va` */
static uint64_t start[4];     /* what they are before each try */
static uint64_t base_tcr;     /* all but what controls vary */
static uint64_t nr_cases, nr_tries, nr_quick, nr_cached;

static uint64_t read_word(void *data, uint64_t pa)
{
	(void)data;
	return phys_read(&s.m->mem, pa, 8);
}

static unsigned low_bit(unsigned level)
{
	return granule + (3 - level) * (granule - 3);
}

/* ---- one try ---- */

struct control {
	uint64_t tcr; /* HA, HD, HPD0, HPD1 */
	bool pan, el0, unprivileged;
	enum mmu_op op;
};

static enum arm_kind kind_of(enum mmu_op op)
{
	if (op == MMU_FETCH)
		return ARM_FETCH;
	if (op == MMU_LOAD || op == MMU_PROBE)
		return ARM_READ;
	return op == MMU_STORE ? ARM_WRITE : ARM_ATOMIC;
}

static void differ(const char *how, const char *what, const struct control *c,
                   const struct arm_result *r, const struct fault_info *fault)
{
	(void)fprintf(stderr,
	              "%s: %s differs: op %u at %#llx, EL%u%s, PAN %u, TCR "
	              "%#llx; the manual: ESR %#llx FAR %#llx pa %#llx; ours: "
	              "%#llx %#llx\n",
	              how, what, c->op, (unsigned long long)va, !c->el0,
	              c->unprivileged ? " unprivileged" : "", c->pan,
	              (unsigned long long)cpu.tcr, (unsigned long long)r->esr,
	              (unsigned long long)r->far, (unsigned long long)r->pa,
	              (unsigned long long)fault->code,
	              (unsigned long long)fault->addr);
	for (unsigned level = top; level <= 3; level++)
		(void)fprintf(stderr, "  level %u: was %#018llx, is %#018llx\n",
		              level, (unsigned long long)start[level],
		              (unsigned long long)*word[level]);
	stage_fail();
}

static bool entries_as(const uint64_t before[4], const struct arm_result *r)
{
	uint64_t want[4];

	memcpy(want, before, sizeof(want));
	for (unsigned i = 0; i < r->nr_used; i++)
		want[top + i] = r->used[i].after;
	for (unsigned level = top; level <= 3; level++) {
		if (*word[level] != want[level])
			return false;
	}
	return true;
}

static bool make_access(struct mmu_access *acc, struct fault_info *fault,
                        bool quick)
{
	if (!quick || !stage_quick(&s, acc))
		return mmu_access(&s.mmu, acc, fault);
	nr_quick++;
	acc->pa = page + (va & 0xfff);
	return true;
}

static void compare(const char *how, const struct control *c,
                    const struct mmu_access *acc,
                    const struct fault_info *fault, const struct arm_result *r)
{
	if ((acc->outcome == MMU_DONE) == r->fault ||
	    (r->fault && acc->outcome != MMU_PAGE_FAULT))
		differ(how, "the verdict", c, r, fault);
	if (r->fault && (fault->code != r->esr || fault->addr != r->far))
		differ(how, "the syndrome", c, r, fault);
	if (!r->fault && acc->pa != r->pa)
		differ(how, "the physical address", c, r, fault);
	if (!r->fault && (c->op == MMU_LOAD || c->op == MMU_FETCH) &&
	    acc->value != read_word(NULL, r->pa))
		differ(how, "the value", c, r, fault);
}

static struct arm_result try_access(const char *how, const struct control *c,
                                    bool quick)
{
	struct mmu_access acc = { .va = va,
		                  .value = nr_tries,
		                  .op = (uint8_t)c->op,
		                  .size = 8,
		                  .user = c->el0,
		                  .ac = c->unprivileged };
	struct arm_access aa = { .va = va,
		                 .kind = kind_of(c->op),
		                 .el0 = c->el0,
		                 .unprivileged = c->unprivileged };
	struct arm_result r = arm_access(&cpu, &aa, NULL);
	struct fault_info fault = { 0 };
	uint64_t before[4];

	for (unsigned level = top; level <= 3; level++)
		before[level] = *word[level];
	if (make_access(&acc, &fault, quick) == r.fault)
		differ(how, "the outcome", c, &r, &fault);
	compare(how, c, &acc, &fault, &r);
	if (!entries_as(before, &r))
		differ(how, "a descriptor", c, &r, &fault);
	if (!r.fault && c->op == MMU_STORE && read_word(NULL, r.pa) != nr_tries)
		differ(how, "what is stored", c, &r, &fault);
	nr_tries++;
	return r;
}

/* ---- one combination ---- */

static void begin(const struct control *c)
{
	for (unsigned level = top; level <= 3; level++)
		*word[level] = start[level];
	tlb_reset(&s.mmu.tlb);
	if (cpu.tcr != (base_tcr | c->tcr)) {
		cpu.tcr = base_tcr | c->tcr;
		mmu_write_tcr(&s.mmu, cpu.tcr);
	}
	cpu.pan = s.mmu.arm64.pan = c->pan;
}

/* Twice what EL1 may always do: the first fills the TLB, the second leaves the
 * hint that the quick path needs. Return: it could. */
static bool fill(const struct control *c)
{
	struct control load = { .tcr = c->tcr, .op = MMU_LOAD };
	bool ok = true;

	cpu.pan = s.mmu.arm64.pan = false;
	for (unsigned i = 0; i < 2 && ok; i++)
		ok = !try_access("filling", &load, false).fault;
	cpu.pan = s.mmu.arm64.pan = c->pan;
	return ok;
}

static void through_tlb(const struct control *c)
{
	struct fault_info none = { 0 };
	struct arm_result r;
	uint64_t walks;
	bool dirties;

	begin(c);
	if (!fill(c))
		return;
	nr_cached++;
	walks = s.mmu.nr_walks;
	r = try_access("cached", c, c->el0);
	/* Only a store that makes the descriptor dirty looks at it again. */
	dirties = r.nr_used &&
	          r.used[r.nr_used - 1].before != r.used[r.nr_used - 1].after;
	if (s.mmu.nr_walks != walks && !dirties)
		differ("cached", "that it walked", c, &r, &none);
}

static void combination(const struct control *c)
{
	nr_cases++;
	begin(c);
	(void)try_access("walk", c, false);
	(void)try_access("again", c, false);
	through_tlb(c);
}

static void all_operations(struct control *c)
{
	static const enum mmu_op ops[] = { MMU_LOAD, MMU_STORE, MMU_FETCH,
		                           MMU_XADD };

	/* EL1, EL0, EL1 as if EL0. */
	for (unsigned i = 0; i < 3 * ARRAY_SIZE(ops); i++) {
		c->op = ops[i % ARRAY_SIZE(ops)];
		c->el0 = i / ARRAY_SIZE(ops) == 1;
		c->unprivileged = i / ARRAY_SIZE(ops) == 2;
		/* There are no such fetches and atomics. */
		if (c->unprivileged && c->op != MMU_LOAD && c->op != MMU_STORE)
			continue;
		combination(c);
	}
}

/* @hardware: HA and HD in all combinations, too. */
static void all_controls(bool hardware)
{
	for (unsigned i = 0; i < (hardware ? 16 : 4); i++) {
		struct control c = {
			.pan = i & 1,
			.tcr = (i & 2 ? HPD0 | HPD1 : 0) | (i & 4 ? HA : 0) |
			       (i & 8 ? HD : 0),
		};

		all_operations(&c);
	}
}

/* ---- which combinations ---- */

static struct stage_args args = { .cases = STAGE_SAMPLED ? 16 : 1, .seed = 1 };
static struct stage_random rnd;

static bool left_out(void)
{
	return stage_left_out(&args, &rnd);
}

/* Tables all the way that limit nothing, and a leaf at @leaf. */
static void permissive(unsigned leaf)
{
	for (unsigned level = top; level < leaf; level++)
		start[level] = table[level + 1] | VALID | TYPE;
	for (unsigned level = leaf + 1; level <= 3; level++)
		start[level] = 0;
	start[leaf] = (page & ~(BIT(low_bit(leaf)) - 1)) | VALID | AP1 | AF |
	              (leaf == 3 ? TYPE : 0);
}

/* Everything in a leaf and in the table above it. */
static void leaf_and_table(unsigned leaf, bool hardware)
{
	static const uint64_t leaf_bits[] = { VALID, TYPE, AP1, AP2,
		                              AF,    DBM,  PXN, UXN };
	static const uint64_t table_bits[] = { VALID,    TYPE,     APTABLE0,
		                               APTABLE1, UXNTABLE, PXNTABLE };
	uint64_t leaf_base, table_base;

	permissive(leaf);
	leaf_base = start[leaf] & ~(VALID | TYPE | AP1 | AF);
	table_base = start[leaf - 1] & ~(VALID | TYPE);
	for (unsigned i = 0; i < 1u << (8 + 6); i++) {
		if (left_out())
			continue;
		start[leaf] = leaf_base | stage_chosen(leaf_bits, 8, i);
		start[leaf - 1] =
			table_base | stage_chosen(table_bits, 6, i >> 8);
		/* A block as a table: what it leads to is none of ours. */
		if (leaf < 3 && (start[leaf] & TYPE))
			start[leaf] = leaf_base & ~(BIT(granule) - 1);
		all_controls(hardware);
	}
}

/* The rights of all levels at once. */
static void all_rights(void)
{
	static const uint64_t leaf_bits[] = { AP1, AP2, PXN, UXN };
	static const uint64_t table_bits[] = { APTABLE0, APTABLE1, UXNTABLE,
		                               PXNTABLE };
	uint64_t base[4];

	permissive(3);
	memcpy(base, start, sizeof(base));
	for (unsigned i = 0; i < 1u << 4 * (4 - top); i++) {
		if (left_out())
			continue;
		start[3] =
			(base[3] & ~AP1) | stage_chosen(leaf_bits, 4, i & 15);
		for (unsigned level = top; level < 3; level++)
			start[level] = base[level] |
			               stage_chosen(table_bits, 4,
			                            i >> 4 * (3 - level) & 15);
		all_controls(false);
	}
}

/* Each bit by itself, for all sizes of physical addresses; not address bits
 * that exist, which would lead elsewhere, and not CONT in a range that is not
 * contiguous. */
static void each_bit(unsigned leaf, unsigned level)
{
	const unsigned low = level == leaf ? low_bit(leaf) : granule;
	const uint64_t tcr = base_tcr;

	for (unsigned i = 0; i < 64 * 6; i++) {
		static const uint8_t sizes[] = { 32, 36, 40, 42, 44, 48 };
		unsigned n = i % 64;

		if (left_out() || (n >= low && n < sizes[i / 64]) || n == 1)
			continue;
		base_tcr = (tcr & ~TCR_IPS(7)) | TCR_IPS(i / 64);
		permissive(leaf);
		start[level] ^= BIT(n);
		all_controls(true);
	}
	base_tcr = tcr;
}

/* ---- configurations ---- */

static uint64_t tcr_of(unsigned granule_bits, unsigned t0sz, unsigned t1sz)
{
	const uint64_t tg0 = granule_bits == 12   ? 0
	                     : granule_bits == 16 ? 1
	                                          : 2;
	const uint64_t tg1 = granule_bits == 12   ? 2
	                     : granule_bits == 16 ? 3
	                                          : 1;

	return TCR_T0SZ(t0sz) | TCR_T1SZ(t1sz) | tg0 << 14 | tg1 << 30 |
	       TCR_IPS(5);
}

static void configure(unsigned granule_bits, bool high)
{
	granule = granule_bits;
	top = granule == 16 ? 1 : 0;
	va = UINT64_C(0x00007a1640000000) | page | OFFSET;
	if (high)
		va |= ~UINT64_C(0) << 48;
	base_tcr = tcr_of(granule, 16, 16);
	cpu.tcr = base_tcr;
	mmu_write_tcr(&s.mmu, cpu.tcr);
	cpu.ttbr0 = s.mmu.root = high ? 0 : table[top];
	cpu.ttbr1 = s.mmu.arm64.root1 = high ? table[top] : 0;
	for (unsigned level = top; level <= 3; level++) {
		unsigned bits = granule - 3;
		uint64_t index = (va & (BIT(48) - 1)) >> low_bit(level) &
		                 (BIT(bits) - 1);

		*stage_word(&s, table[level] + index * 8) = 0;
		word[level] = stage_word(&s, table[level] + index * 8);
	}
}

static unsigned first_leaf(void)
{
	return granule == 12 ? 1 : 2;
}

static void one_configuration(unsigned granule_bits, bool high)
{
	configure(granule_bits, high);
	for (unsigned leaf = first_leaf(); leaf <= 3; leaf++) {
		if (!high || leaf == 3)
			leaf_and_table(leaf, !high && granule == 12);
		for (unsigned level = top; level <= leaf && !high; level++)
			each_bit(leaf, level);
	}
	if (granule == 12)
		all_rights();
	/* Leave nothing to others that lie in the same tables. */
	for (unsigned level = top; level <= 3; level++)
		*word[level] = 0;
}

/* ---- where addresses begin and end ---- */

static void one_address(uint64_t address, uint64_t tcr)
{
	struct control c = { .el0 = true, .op = MMU_LOAD };
	struct mmu_access acc = { .va = address, .size = 8, .user = true };
	struct arm_access aa = { .va = address, .kind = ARM_READ, .el0 = true };
	struct fault_info fault = { 0 };
	struct arm_result r;

	if (left_out())
		return;
	va = address;
	base_tcr = tcr;
	begin(&c);
	r = arm_access(&cpu, &aa, NULL);
	if (mmu_access(&s.mmu, &acc, &fault) == r.fault)
		differ("addresses", "the outcome", &c, &r, &fault);
	compare("addresses", &c, &acc, &fault, &r);
	nr_cases++;
	nr_tries++;
}

/* A leaf at the beginning, so that small addresses lead somewhere: all others
 * must fault, at the right level. */
static void addresses(unsigned granule_bits, unsigned size)
{
	const uint64_t tcr = tcr_of(granule_bits, 64 - size, 64 - size);
	const uint64_t kinds[] = { 0, TBI0, TBI1, TBI0 | TBI1, EPD0, EPD1 };

	for (unsigned i = 0; i < 64 * 64 * ARRAY_SIZE(kinds); i++) {
		uint64_t address = page & 0xfff;

		/* One bit, or a run of ones, above the offset in a page. */
		if (i % 64 >= 12)
			address |= BIT(i % 64);
		if (i / 64 % 64 >= 12)
			address ^= ~UINT64_C(0) << (i / 64 % 64);
		one_address(address, tcr | kinds[i / 4096]);
	}
}

static void all_addresses(unsigned granule_bits)
{
	configure(granule_bits, false);
	permissive(3);
	cpu.ttbr1 = s.mmu.arm64.root1 = cpu.ttbr0;
	for (unsigned level = top; level <= 3; level++)
		word[level] = stage_word(&s, table[level]);
	for (unsigned size = 25; size <= 48; size++) {
		unsigned first = 3;

		while (low_bit(first) + granule - 3 < size)
			first--;
		cpu.ttbr0 = s.mmu.root = table[first];
		cpu.ttbr1 = s.mmu.arm64.root1 = table[first];
		addresses(granule_bits, size);
	}
	for (unsigned level = top; level <= 3; level++)
		*word[level] = 0;
}

static void all_combinations(void *arg)
{
	static const uint8_t granules[] = { 12, 14, 16 };

	(void)arg;
	for (unsigned i = 0; i < ARRAY_SIZE(granules); i++) {
		one_configuration(granules[i], false);
		one_configuration(granules[i], true);
		all_addresses(granules[i]);
	}
}

/* 64 KiB, aligned: a table of any granule, a page of any. */
static uint64_t big_frame(void)
{
	struct page *p = alloc_frames(s.m, 4, FRAME_ANON, true);
	uint64_t pa;

	if (!p)
		stage_fail();
	pa = page_to_pfn(&s.m->mem, p) << PAGE_SHIFT;
	for (unsigned i = 0; i < 16; i++)
		phys_write(&s.m->mem, pa + i * PAGE_SIZE, 8, 0);
	return pa;
}

int main(int argc, char **argv)
{
	stage_args_parse(&args, argc, argv);
	stage_seed(&rnd, args.seed);
	stage_init(&s, ARCH_ARM64, &stage_small_tlb, PA_BITS, MEMORY);
	cpu.pa_bits = PA_BITS;
	cpu.read = read_word;
	for (unsigned level = 0; level < 4; level++)
		table[level] = big_frame();
	page = big_frame();
	stage_run(&s, all_combinations, NULL);
	printf("arm64: %llu combinations, %llu accesses, %llu through a cached "
	       "translation, %llu by the quick path; one in %llu, seed %llu\n",
	       (unsigned long long)nr_cases, (unsigned long long)nr_tries,
	       (unsigned long long)nr_cached, (unsigned long long)nr_quick,
	       (unsigned long long)args.cases, (unsigned long long)args.seed);
	stage_fini(&s);
	return EXIT_SUCCESS;
}
