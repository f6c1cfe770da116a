/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every combination of what decides an access: bits of the leaf and of the
 * tables above it, control registers, privilege, kind of access, held against
 * the manual as sdm.c tells it: fault or not, error code, physical address, and
 * the accessed and dirty flags of every level afterwards.
 *
 * Each combination is tried four ways: by a walk with empty caches; again with
 * what the first try has left in the caches; through a translation cached
 * beforehand, by mmu_access() and, where it applies, by the quick path.
 *
 * Of every --cases sets of entries one is taken (1: all), --seed says which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/evidence/sdm.h"
#include "tests/evidence/stage.h"

/* Bits of entries, by number; the manual's names. */
#define P       (UINT64_C(1) << 0)
#define RW      (UINT64_C(1) << 1)
#define US      (UINT64_C(1) << 2)
#define A       (UINT64_C(1) << 5)
#define D       (UINT64_C(1) << 6)
#define PS      (UINT64_C(1) << 7)
#define G       (UINT64_C(1) << 8)
#define XD      (UINT64_C(1) << 63)
#define ALLOWED (P | RW | US)

#define MAXPHYADDR    46
#define RESERVED_HIGH (UINT64_C(1) << MAXPHYADDR)
#define RESERVED_LOW  (UINT64_C(1) << 13) /* in the leaf of a large page */

#define MEMORY (UINT64_C(64) << 20)
#define OFFSET 0x128

static struct stage s;
static struct sdm_cpu cpu;
static uint64_t va, page;
static uint64_t table[6]; /* by level: the table with entries of it */
static uint64_t *word[6]; /* the entry on the way to `va` */
static uint64_t start[6]; /* what they are before each try */
static unsigned top;      /* 4 or 5 */
static uint64_t nr_cases, nr_tries, nr_quick, nr_cached;

static uint64_t read_word(void *data, uint64_t pa)
{
	(void)data;
	return phys_read(&s.m->mem, pa, 8);
}

/* ---- one try ---- */

/* How an access is made; also what is printed of it. */
struct control {
	bool wp, smep, smap, nxe, user, ac;
	enum mmu_op op;
};

static enum sdm_kind kind_of(enum mmu_op op)
{
	if (op == MMU_FETCH)
		return SDM_FETCH;
	return op == MMU_LOAD || op == MMU_PROBE ? SDM_READ : SDM_WRITE;
}

static struct sdm_access sdm_access_of(const struct control *c)
{
	return (struct sdm_access){
		.va = va, .kind = kind_of(c->op), .user = c->user, .ac = c->ac
	};
}

static void differ(const char *how, const char *what, const struct control *c,
                   const struct sdm_result *r)
{
	(void)fprintf(stderr,
	              "%s: %s differs: op %u, CPL%u, WP %u SMEP %u SMAP %u "
	              "NXE %u AC %u, la57 %u; the manual: end %u code %#x pa "
	              "%#llx\n",
	              how, what, c->op, c->user ? 3 : 0, c->wp, c->smep,
	              c->smap, c->nxe, c->ac, top == 5, r->end, r->code,
	              (unsigned long long)r->pa);
	for (unsigned level = top; level; level--)
		(void)fprintf(stderr, "  level %u: was %#018llx, is %#018llx\n",
		              level, (unsigned long long)start[level],
		              (unsigned long long)*word[level]);
	stage_fail();
}

/* What every level has to look like now. */
static bool entries_as(const uint64_t before[6], const struct sdm_result *r)
{
	uint64_t want[6];

	memcpy(want, before, sizeof(want));
	for (unsigned i = 0; i < r->nr_used; i++)
		want[top - i] = r->used[i].after;
	for (unsigned level = top; level; level--) {
		if (*word[level] != want[level])
			return false;
	}
	return true;
}

static void snapshot(uint64_t entries[6])
{
	for (unsigned level = top; level; level--)
		entries[level] = *word[level];
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
                    const struct fault_info *fault, const struct sdm_result *r)
{
	static const uint8_t outcome[] = { [SDM_DONE] = MMU_DONE,
		                           [SDM_PF] = MMU_PAGE_FAULT,
		                           [SDM_GP] = MMU_GP_FAULT };

	if (acc->outcome != outcome[r->end])
		differ(how, "outcome", c, r);
	if (r->end == SDM_PF && (fault->code != r->code || fault->addr != va))
		differ(how, "error code", c, r);
	if (r->end == SDM_DONE && acc->pa != r->pa)
		differ(how, "physical address", c, r);
	if (r->end == SDM_DONE && c->op != MMU_PROBE &&
	    kind_of(c->op) != SDM_WRITE && acc->value != *stage_word(&s, r->pa))
		differ(how, "value loaded", c, r);
}

static struct sdm_result try_access(const char *how, const struct control *c,
                                    bool quick)
{
	struct mmu_access acc = { .va = va,
		                  .value = nr_tries,
		                  .op = (uint8_t)c->op,
		                  .size = 8,
		                  .user = c->user,
		                  .ac = c->ac };
	struct sdm_access sa = sdm_access_of(c);
	struct sdm_start from = sdm_start(&cpu);
	struct sdm_result r = sdm_access(&cpu, &sa, &from);
	struct fault_info fault = { 0 };
	uint64_t before[6];

	snapshot(before);
	if (make_access(&acc, &fault, quick) != (r.end == SDM_DONE))
		differ(how, "verdict", c, &r);
	compare(how, c, &acc, &fault, &r);
	if (!entries_as(before, &r))
		differ(how, "an entry", c, &r);
	if (r.end == SDM_DONE && c->op == MMU_STORE &&
	    *stage_word(&s, r.pa) != nr_tries)
		differ(how, "value stored", c, &r);
	nr_tries++;
	return r;
}

/* ---- one combination ---- */

static void begin(const struct control *c)
{
	for (unsigned level = top; level; level--)
		*word[level] = start[level];
	tlb_reset(&s.mmu.tlb);
	cpu.wp = s.mmu.cr0_wp = c->wp;
	cpu.smep = s.mmu.cr4_smep = c->smep;
	cpu.smap = s.mmu.cr4_smap = c->smap;
	cpu.nxe = s.mmu.efer_nxe = c->nxe;
}

/*
 * Twice what the supervisor may always do: the first fills the TLB, the second
 * leaves the hint that the quick path needs.
 * Return: it could.
 */
static bool fill(const struct control *c)
{
	struct control free = { .wp = c->wp, .smep = c->smep, .nxe = c->nxe };
	bool ok = true;

	cpu.smap = s.mmu.cr4_smap = false;
	for (unsigned i = 0; i < 2 && ok; i++)
		ok = try_access("filling", &free, false).end == SDM_DONE;
	cpu.smap = s.mmu.cr4_smap = c->smap;
	return ok;
}

static void through_tlb(const struct control *c, bool quick)
{
	const bool write = kind_of(c->op) == SDM_WRITE;
	struct sdm_result r;
	uint64_t walks;

	begin(c);
	if (!fill(c))
		return;
	nr_cached++;
	walks = s.mmu.nr_walks;
	r = try_access(quick ? "quick" : "cached", c, quick);
	/* Only a first store and what is denied may look at the tables. */
	if (s.mmu.nr_walks != walks && !(write && !(start[1] & D)) &&
	    r.end == SDM_DONE && c->op != MMU_FETCH)
		differ("cached", "that it walked", c, &r);
}

static void combination(const struct control *c)
{
	bool quick = c->user && (c->op == MMU_LOAD || c->op == MMU_STORE);

	nr_cases++;
	begin(c);
	(void)try_access("walk", c, false);
	(void)try_access("again", c, false);
	through_tlb(c, quick);
}

static void all_controls(const enum mmu_op *ops, unsigned nr_ops)
{
	for (unsigned i = 0; i < nr_ops << 6; i++) {
		struct control c = {
			.wp = i & 1,
			.smep = i & 2,
			.smap = i & 4,
			.nxe = i & 8,
			.user = i & 16,
			.ac = i & 32,
			.op = ops[i >> 6],
		};

		combination(&c);
	}
}

/* ---- which combinations ---- */

static struct stage_args args = { .cases = STAGE_SAMPLED ? 16 : 1, .seed = 1 };
static struct stage_random rnd;

static bool left_out(void)
{
	return stage_left_out(&args, &rnd);
}

/* Tables all the way that allow everything, and a leaf at @leaf. */
static void permissive(unsigned leaf)
{
	for (unsigned level = top; level; level--)
		start[level] = table[level - 1] | ALLOWED;
	start[leaf] = (page & ~((UINT64_C(1) << (12 + 9 * (leaf - 1))) - 1)) |
	              ALLOWED | (leaf > 1 ? PS : 0);
}

static void levels(unsigned nr)
{
	top = nr;
	cpu.la57 = s.mmu.cr4_la57 = nr == 5;
	cpu.cr3 = s.mmu.root = table[nr];
}

static const enum mmu_op simple_ops[] = { MMU_LOAD, MMU_STORE, MMU_FETCH };
static const enum mmu_op rmw_ops[] = { MMU_XCHG, MMU_XADD, MMU_CMPXCHG,
	                               MMU_PROBE };

/* Everything in a leaf and in one table above it. */
static void leaf_and_table(unsigned leaf, unsigned upper)
{
	static const uint64_t leaf_bits[] = {
		P, RW, US, A, D, XD, RESERVED_HIGH, RESERVED_LOW
	};
	static const uint64_t table_bits[] = { P, RW, US, A, XD, RESERVED_HIGH,
		                               PS };
	const unsigned nr_leaf = leaf == 1 ? 7 : 8;
	/* PS below level 4 would make it the leaf. */
	const unsigned nr_table = upper >= 4 && leaf == 1 ? 7 : 6;
	uint64_t leaf_base, table_base;

	permissive(leaf);
	leaf_base = start[leaf] & ~ALLOWED;
	table_base = start[upper] & ~ALLOWED;
	for (unsigned i = 0; i < 1u << (nr_leaf + nr_table); i++) {
		if (left_out())
			continue;
		start[leaf] = leaf_base | stage_chosen(leaf_bits, nr_leaf, i);
		start[upper] = table_base |
		               stage_chosen(table_bits, nr_table, i >> nr_leaf);
		all_controls(simple_ops, ARRAY_SIZE(simple_ops));
	}
}

/* The rights of all levels at once. */
static void all_rights(unsigned leaf, const enum mmu_op *ops, unsigned nr_ops)
{
	static const uint64_t bits[] = { RW, US, XD };
	uint64_t base[6];

	permissive(leaf);
	memcpy(base, start, sizeof(base));
	for (unsigned i = 0; i < 1u << 3 * (top - leaf + 1); i++) {
		if (left_out())
			continue;
		for (unsigned level = leaf; level <= top; level++)
			start[level] =
				(base[level] & ~(RW | US)) |
				stage_chosen(bits, 3,
			                     i >> 3 * (level - leaf) & 7);
		all_controls(ops, nr_ops);
	}
}

/* Presence and the accessed flag of all levels at once. */
static void all_flags(unsigned leaf)
{
	static const uint64_t bits[] = { P, A };
	uint64_t base[6];

	permissive(leaf);
	memcpy(base, start, sizeof(base));
	for (unsigned i = 0; i < 1u << 2 * (top - leaf + 1); i++) {
		if (left_out())
			continue;
		for (unsigned level = leaf; level <= top; level++)
			start[level] =
				(base[level] & ~P) |
				stage_chosen(bits, 2,
			                     i >> 2 * (level - leaf) & 3);
		all_controls(simple_ops, ARRAY_SIZE(simple_ops));
	}
}

/* Each bit by itself, and what it means for all sizes of physical addresses;
 * not address bits that exist, which would lead elsewhere. */
static void each_bit(unsigned leaf, unsigned level)
{
	static const uint8_t sizes[] = { 36, 40, 46, 51, 52 };
	const unsigned shift = 12 + 9 * (leaf - 1);

	for (unsigned i = 0; i < 64 * ARRAY_SIZE(sizes); i++) {
		unsigned n = i % 64;

		if (left_out())
			continue;
		cpu.maxphyaddr = s.mmu.maxphyaddr = sizes[i / 64];
		if (n >= (level == leaf ? shift : 12) && n < cpu.maxphyaddr)
			continue;
		permissive(leaf);
		/* PS would make a leaf of a table and the reverse. */
		if (n == 7 && level > 1 && level < 4)
			continue;
		start[level] ^= UINT64_C(1) << n;
		all_controls(simple_ops, ARRAY_SIZE(simple_ops));
	}
	cpu.maxphyaddr = s.mmu.maxphyaddr = MAXPHYADDR;
}

/* Addresses around every border of the canonical ones; where they lead is
 * another matter. */
static void canonical(void)
{
	const uint64_t here = va;

	permissive(1);
	for (unsigned i = 0; i < 1u << 18; i++) {
		struct control c = { .user = true, .op = MMU_LOAD };
		struct mmu_access acc = { .size = 8, .user = true };
		struct sdm_start from = sdm_start(&cpu);
		struct fault_info fault = { 0 };
		struct sdm_access sa;
		struct sdm_result r;

		if (left_out())
			continue;
		va = (uint64_t)i << 46 | (here & 0x3fffffffffff);
		begin(&c);
		acc.va = va;
		sa = sdm_access_of(&c);
		r = sdm_access(&cpu, &sa, &from);
		if (mmu_access(&s.mmu, &acc, &fault) != (r.end == SDM_DONE))
			differ("canonical", "verdict", &c, &r);
		compare("canonical", &c, &acc, &fault, &r);
		nr_cases++;
		nr_tries++;
	}
	va = here;
}

static void all_of_leaf(unsigned leaf)
{
	for (unsigned upper = leaf + 1; upper <= 4 && top == 4; upper++)
		leaf_and_table(leaf, upper);
	/* Below the fifth level all is as with four. */
	if (top == 5 && leaf == 1)
		leaf_and_table(leaf, 5);
	all_flags(leaf);
	for (unsigned level = leaf; level <= top; level++)
		each_bit(leaf, level);
	if (top == 4) {
		all_rights(leaf, simple_ops, ARRAY_SIZE(simple_ops));
		all_rights(leaf, rmw_ops, ARRAY_SIZE(rmw_ops));
	}
}

static void all_combinations(void *arg)
{
	(void)arg;
	for (unsigned nr = 4; nr <= 5; nr++) {
		levels(nr);
		for (unsigned leaf = 1; leaf <= 3; leaf++)
			all_of_leaf(leaf);
		canonical();
	}
}

static void build(void)
{
	for (unsigned level = 5; level; level--)
		table[level] = stage_frame(&s, FRAME_PT_PTE);
	page = stage_frame(&s, FRAME_ANON);
	/* A page of every size has the frame where `va` wants it. */
	va = UINT64_C(0x00007a1640000000) | page | OFFSET;
	for (unsigned level = 5; level; level--) {
		unsigned index = (unsigned)(va >> (12 + 9 * (level - 1)) & 511);

		word[level] = stage_word(&s, table[level] + index * 8);
	}
}

int main(int argc, char **argv)
{
	stage_args_parse(&args, argc, argv);
	stage_seed(&rnd, args.seed);
	stage_init(&s, ARCH_X86_64, &stage_small_tlb, MAXPHYADDR, MEMORY);
	cpu.maxphyaddr = MAXPHYADDR;
	cpu.read = read_word;
	build();
	stage_run(&s, all_combinations, NULL);
	printf("x86: %llu combinations, %llu accesses, %llu through a cached "
	       "translation, %llu by the quick path; one in %llu, seed %llu\n",
	       (unsigned long long)nr_cases, (unsigned long long)nr_tries,
	       (unsigned long long)nr_cached, (unsigned long long)nr_quick,
	       (unsigned long long)args.cases, (unsigned long long)args.seed);
	stage_fini(&s);
	return EXIT_SUCCESS;
}
