/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff_unicorn_x86.c for arm64: random tables and accesses on our walker,
 * Unicorn's, and the manual's (armarm.c).  Same fault or success, same ESR_EL1
 * and FAR_EL1, same bytes behind the physical address, same tables afterwards.
 *
 * A world is a granule, a size of addresses, a half of the address space, TBI,
 * HPD, EPD; its tables are made up as walks come to them.  Unicorn has no
 * FEAT_HAFDBS, so that HA and HD are off: exhaustive_arm64.c has them.
 *
 * [--cases N] [--seed S]; exit status 1 at the first difference, 77 if this
 * Unicorn cannot do it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/evidence/armarm.h"
#include "tests/evidence/second_arm64.h"
#include "tests/evidence/stage.h"

#define BIT(n) (UINT64_C(1) << (n))

#define MIB                UINT64_C(0x100000)
#define GIB                UINT64_C(0x40000000)
#define ACCESSES_PER_WORLD 200
#define PA_BITS            44

static struct stage s;
static struct second_arm *second;
static struct arm_cpu cpu;
static struct stage_random rnd;
static struct stage_args args = { .cases = 20000, .seed = 1 };

/* The world. */
static bool high, contiguous;
static unsigned granule, input_size;

/* ---- two memories, and tables that come into being ---- */

/* Tables for levels 0 .. 3, several of each, 64 KiB apart. */
#define TABLES     (80 * MIB)
#define PER_LEVEL  6
#define TABLE_SIZE UINT64_C(0x10000)

/* Words of tables that have been made up in this world. */
#define WORDS_MAX 8192
static uint64_t words[WORDS_MAX];
static unsigned nr_words;
/* By a hash of the address: the index of the word, + 1. */
static uint16_t where[4 * WORDS_MAX];

static uint64_t ours(uint64_t pa)
{
	return phys_read(&s.m->mem, pa, 8);
}

static uint64_t *theirs(uint64_t pa)
{
	return (uint64_t *)(void *)(second_arm_ram(second) + pa);
}

static void put(uint64_t pa, uint64_t value)
{
	phys_write(&s.m->mem, pa, 8, value);
	*theirs(pa) = value;
}

static uint64_t table_pa(unsigned level, unsigned i)
{
	return TABLES + (level * PER_LEVEL + i) * TABLE_SIZE;
}

static bool in_tables(uint64_t pa)
{
	return pa - TABLES < 4 * PER_LEVEL * TABLE_SIZE;
}

/* Is @pa known? If not it is from now on. */
static bool known(uint64_t pa)
{
	unsigned slot = (unsigned)((pa * UINT64_C(0x9e3779b97f4a7c15)) >> 49);

	for (; where[slot]; slot = (slot + 1) % (4 * WORDS_MAX)) {
		if (words[where[slot] - 1] == pa)
			return true;
	}
	words[nr_words++] = pa;
	where[slot] = (uint16_t)nr_words;
	return false;
}

static unsigned low_bit(unsigned level)
{
	return granule + (3 - level) * (granule - 3);
}

static uint64_t leaf_address(unsigned level)
{
	const uint64_t span = BIT(low_bit(level));

	if (level < 3)
		return (1 + stage_below(&rnd, 3)) * GIB +
		       (span < GIB ? stage_below(&rnd, 2) * span : 0);
	/* A table as data, now and then. */
	if (stage_one_in(&rnd, 32))
		return table_pa(stage_below(&rnd, 4),
		                stage_below(&rnd, PER_LEVEL));
	return 90 * MIB + stage_below(&rnd, 32) * TABLE_SIZE;
}

/* All bits that do not say what it is, or where. */
static uint64_t attributes(void)
{
	/* AttrIndx<0> .. : only Attr0 is set up. NS, SH, nG, DBM, software's,
	 * and what is ignored in a leaf. */
	uint64_t d = stage_random(&rnd) & UINT64_C(0x7f88000000000b20);

	d |= stage_one_in(&rnd, 8) ? 0 : BIT(10);      /* AF */
	d |= stage_random(&rnd) & BIT(7);              /* AP<2> */
	d |= stage_one_in(&rnd, 3) ? 0 : BIT(6);       /* AP<1> */
	d |= ~stage_dense(&rnd) & (BIT(53) | BIT(54)); /* PXN, UXN */
	return d;
}

static uint64_t table_attributes(void)
{
	uint64_t d = ~stage_dense(&rnd) & (UINT64_C(0x1f) << 59);

	/* What is ignored. */
	return d | (stage_random(&rnd) & UINT64_C(0x0788000000000ffc));
}

/* D8.6.1: log2 of what a contiguous range spans; none is larger than 1 GiB. */
static unsigned range_of(unsigned low)
{
	return low == 12 ? 16 : low == 21 ? 25 : low == 25 ? 30 : 21;
}

/* Contiguous, as it must be: the part of the range that the index says. */
static uint64_t make_contiguous(uint64_t d, unsigned level, uint64_t va)
{
	unsigned low = low_bit(level), span = range_of(low);

	if (low > 25)
		return d;
	d &= ~((BIT(span) - 1) & ~(BIT(low) - 1));
	return d | BIT(52) | (va & (BIT(span) - 1) & ~(BIT(low) - 1));
}

static uint64_t descriptor_at_random(unsigned level, uint64_t va)
{
	bool has_block = level == 2 || (level == 1 && granule == 12);
	uint64_t d;

	if (level == 3 || (has_block && stage_one_in(&rnd, 4))) {
		d = attributes() | leaf_address(level) | 1 |
		    (level == 3 ? 2 : 0);
		if (contiguous && stage_below(&rnd, 2))
			d = make_contiguous(d, level, va);
	} else {
		unsigned to = stage_one_in(&rnd, 200) ? stage_below(&rnd, 4)
		                                      : level + 1;

		d = table_attributes() | 3 |
		    table_pa(to, stage_below(&rnd, PER_LEVEL));
	}
	if (stage_one_in(&rnd, 24))
		d ^= stage_one_in(&rnd, 2) ? 1 : 2;
	if (has_block && (d & 3) == 1 && !contiguous)
		d &= ~(BIT(low_bit(level)) - BIT(granule));
	return d;
}

/* Which level the walk in progress is at, and of what address. */
static unsigned level_now;
static uint64_t va_now;

static uint64_t read_and_make(void *data, uint64_t pa)
{
	(void)data;
	if (in_tables(pa) && !known(pa))
		put(pa, descriptor_at_random(level_now, va_now));
	level_now++;
	return ours(pa);
}

/* ---- a world ---- */

static uint64_t tcr_at_random(void)
{
	static const uint8_t sizes[] = { 48, 48, 48, 47, 44, 39, 36, 31, 25 };
	static const uint8_t granules[] = { 12, 12, 14, 16 };
	const unsigned shift = high ? 16 : 0;
	uint64_t tg, tcr;

	granule = granules[stage_below(&rnd, 4)];
	input_size = sizes[stage_below(&rnd, ARRAY_SIZE(sizes))];
	if (high)
		tg = (granule == 12 ? 2ull : granule == 16 ? 3ull : 1ull) << 30;
	else
		tg = (granule == 12 ? 0ull : granule == 16 ? 1ull : 2ull) << 14;
	tcr = tg | (uint64_t)(64 - input_size) << shift;
	if (stage_below(&rnd, 2))
		tcr |= BIT(high ? 38 : 37); /* TBI */
	if (stage_one_in(&rnd, 4))
		tcr |= BIT(high ? 42 : 41); /* HPD */
	if (stage_one_in(&rnd, 30))
		tcr |= BIT(high ? 23 : 7); /* EPD */
	return tcr;
}

static void new_world(void)
{
	const uint64_t root = table_pa(0, 0);
	uint64_t tcr;

	for (unsigned i = 0; i < nr_words; i++)
		put(words[i], 0);
	nr_words = 0;
	memset(where, 0, sizeof(where));
	high = stage_below(&rnd, 2);
	contiguous = stage_one_in(&rnd, 3);
	tcr = tcr_at_random();
	cpu.tcr = second_arm_setup(second, high, root, tcr);
	if (!cpu.tcr) {
		(void)fprintf(stderr, "Unicorn does not take TCR %#llx\n",
		              (unsigned long long)tcr);
		stage_fail();
	}
	cpu.ttbr0 = high ? 0 : root;
	cpu.ttbr1 = high ? root : 0;
	mmu_write_tcr(&s.mmu, cpu.tcr);
	s.mmu.root = cpu.ttbr0;
	s.mmu.arm64.root1 = cpu.ttbr1;
	tlb_reset(&s.mmu.tlb);
}

/* ---- an access ---- */

/* A few pages of each size below the input size; some addresses too large. */
static uint64_t address_at_random(void)
{
	static const uint16_t first[] = { 0, 1, 256, 510 }, middle[] = { 4, 5 },
			      third[] = { 0, 1, 509 },
			      last[] = { 0, 1, 2, 511 };
	uint64_t va = (uint64_t)first[stage_below(&rnd, 4)] << 39 |
	              (uint64_t)middle[stage_below(&rnd, 2)] << 30 |
	              (uint64_t)third[stage_below(&rnd, 3)] << 21 |
	              (uint64_t)last[stage_below(&rnd, 4)] << 12;

	if (!stage_one_in(&rnd, 40))
		va &= BIT(input_size) - 1;
	/* The last 2 MiB are no window. */
	if (high)
		va = (va | ~UINT64_C(0) << input_size) & ~BIT(22);
	if (stage_one_in(&rnd, 8))
		va ^= UINT64_C(0x5a) << 56; /* a tag, if those are ignored */
	return va;
}

static struct second_arm_access access_at_random(void)
{
	struct second_arm_access a = {
		.va = address_at_random(),
		.value = stage_random(&rnd) & ~UINT64_C(0x0101010101010101),
		.size = (uint8_t)(1u << stage_below(&rnd, 4)),
		.op = (enum second_arm_op)stage_below(&rnd,
		                                      SECOND_ARM_OP_COUNT),
		.el0 = stage_below(&rnd, 2),
		.pan = stage_below(&rnd, 2),
		.unprivileged = stage_one_in(&rnd, 4),
	};
	unsigned offset = stage_below(&rnd, 3) ? stage_below(&rnd, 8) * 8
	                                       : 0xff0 + stage_below(&rnd, 16);

	if (a.op == SECOND_ARM_ATOMIC || a.op == SECOND_ARM_FETCH) {
		a.size = 8;
		offset &= ~7u;
	}
	/* A branch puts no tag into PC: it is one of those below. */
	if (a.op == SECOND_ARM_FETCH)
		a.va = (uint64_t)((int64_t)(a.va << 8) >> 8);
	if (a.op == SECOND_ARM_FETCH && !a.va && !offset)
		offset = 8; /* see second_arm64.h */
	if (a.el0)
		a.pan = false;
	if (a.el0 || a.op > SECOND_ARM_WRITE)
		a.unprivileged = false;
	a.va += offset;
	return a;
}

static struct arm_result manual(const struct second_arm_access *a, uint64_t va)
{
	static const uint8_t kind[] = { [SECOND_ARM_READ] = ARM_READ,
		                        [SECOND_ARM_WRITE] = ARM_WRITE,
		                        [SECOND_ARM_ATOMIC] = ARM_ATOMIC,
		                        [SECOND_ARM_FETCH] = ARM_FETCH };
	struct arm_access acc = { .va = va,
		                  .kind = (enum arm_kind)kind[a->op],
		                  .el0 = a->el0,
		                  .unprivileged = a->unprivileged };
	struct arm_start at = { .level = 0 };

	cpu.pan = a->pan;
	(void)arm_start(&cpu, va, &at);
	level_now = at.level;
	va_now = va;
	return arm_access(&cpu, &acc, NULL);
}

/* Values that tell where they are, and are no valid descriptor. */
static uint64_t landmark(uint64_t pa, enum second_arm_op op)
{
	if (op == SECOND_ARM_FETCH)
		return second_arm_code(pa >> 12 & 0xffff);
	return (pa >> 3) * UINT64_C(0x9e3779b97f4a7c15) &
	       ~UINT64_C(0x0101010101010101);
}

static void plant(const struct arm_result *r, enum second_arm_op op)
{
	uint64_t pa = r->pa & ~UINT64_C(7);

	if (r->fault || in_tables(pa))
		return;
	put(pa, landmark(pa, op));
	if (op != SECOND_ARM_FETCH && (pa & 0xfff) != 0xff8)
		put(pa + 8, landmark(pa + 8, op));
}

static struct second_arm_result run_ours(const struct second_arm_access *a)
{
	static const uint8_t op[] = { [SECOND_ARM_READ] = MMU_LOAD,
		                      [SECOND_ARM_WRITE] = MMU_STORE,
		                      [SECOND_ARM_ATOMIC] = MMU_XADD,
		                      [SECOND_ARM_FETCH] = MMU_FETCH };
	struct mmu_access acc = { .va = a->va,
		                  .value = a->value,
		                  .size = a->size,
		                  .op = op[a->op],
		                  .user = a->el0,
		                  .ac = a->unprivileged };
	struct fault_info fault = { 0 };
	struct second_arm_result r = { .end = SECOND_ARM_DONE };

	s.mmu.arm64.pan = a->pan;
	if (!a->keep_tlb)
		tlb_reset(&s.mmu.tlb);
	if (mmu_access(&s.mmu, &acc, &fault)) {
		r.value = a->op == SECOND_ARM_FETCH ? acc.value >> 5 & 0xffff
		                                    : acc.value;
		return r;
	}
	r.end = acc.outcome == MMU_PAGE_FAULT ? SECOND_ARM_ABORT
	                                      : SECOND_ARM_OTHER;
	r.esr = fault.code;
	r.far = fault.addr;
	return r;
}

/* ---- comparing ---- */

static uint64_t nr_made, nr_done, nr_status[64], nr_kept, nr_crossing;
static uint64_t nr_res0, nr_odd;

static void complain(const struct second_arm_access *a, const char *what,
                     const struct second_arm_result *us,
                     const struct second_arm_result *them)
{
	struct arm_result r = manual(a, a->va);

	(void)fprintf(
		stderr,
		"%s differs in case %llu of --seed %llu:\n"
		"  op %u size %u at %#llx, EL%u%s PAN %u, TCR %#llx, TLB %s\n"
		"  ours   : end %u ESR %#llx FAR %#llx value %#llx\n"
		"  Unicorn: end %u ESR %#llx FAR %#llx value %#llx (%d)\n"
		"  manual : fault %u ESR %#llx FAR %#llx pa %#llx\n",
		what, (unsigned long long)nr_made,
		(unsigned long long)args.seed, a->op, a->size,
		(unsigned long long)a->va, !a->el0,
		a->unprivileged ? " unprivileged" : "", a->pan,
		(unsigned long long)cpu.tcr, a->keep_tlb ? "kept" : "empty",
		us->end, (unsigned long long)us->esr,
		(unsigned long long)us->far, (unsigned long long)us->value,
		them->end, (unsigned long long)them->esr,
		(unsigned long long)them->far, (unsigned long long)them->value,
		them->number, r.fault, (unsigned long long)r.esr,
		(unsigned long long)r.far, (unsigned long long)r.pa);
	for (unsigned i = 0; i < r.nr_used && r.used[i].pa < SECOND_ARM_RAM;
	     i++)
		(void)fprintf(stderr, "  %#llx: ours %#llx Unicorn's %#llx\n",
		              (unsigned long long)r.used[i].pa,
		              (unsigned long long)ours(r.used[i].pa),
		              (unsigned long long)*theirs(r.used[i].pa));
	stage_fail();
}

static bool same_result(const struct second_arm_access *a,
                        const struct second_arm_result *us,
                        const struct second_arm_result *them)
{
	if (us->end != them->end || us->esr != them->esr ||
	    us->far != them->far)
		return false;
	return us->end != SECOND_ARM_DONE || a->op == SECOND_ARM_WRITE ||
	       us->value == them->value;
}

/* Not memory of both: our frame 0 is nobody's. */
static bool is_elsewhere(uint64_t pa)
{
	return pa >= SECOND_ARM_RAM || pa < PAGE_SIZE ||
	       pa - SECOND_ARM_OWN < SECOND_ARM_OWN_BYTES;
}

/* D8.3.1: RES0 in a block, between granule and size. Unicorn takes them for a
 * part of the address, the manual lets software not set them. */
static bool has_res0(const struct arm_result *r)
{
	const uint64_t mask = BIT(r->shift) - BIT(granule);

	return r->shift > granule && (r->used[r->nr_used - 1].before & mask);
}

/* A descriptor that says it is contiguous and is not where it would be: what
 * comes of that the manual leaves open. */
static bool is_misplaced(const struct arm_result *r, uint64_t va)
{
	return r->shift && r->shift <= 25 && r->contiguous &&
	       ((r->pa ^ va) & (BIT(range_of(r->shift)) - 1));
}

/* A block where the granule has none: a translation fault, but Unicorn has
 * blocks at all levels. */
static bool is_odd_block(const struct arm_result *r)
{
	return r->nr_used && (r->esr & 0x3c) == 0x04 && (r->esr & 3) != 3 &&
	       (r->used[r->nr_used - 1].before & 3) == 1;
}

/* What guests have stored in tables can lead out of memory, or to what the
 * second walker keeps for itself. */
static bool leads_astray(const struct arm_result *r, uint64_t va)
{
	if (is_misplaced(r, va))
		return true;
	if (has_res0(r)) {
		nr_res0++;
		return true;
	}
	if (is_odd_block(r)) {
		nr_odd++;
		return true;
	}
	/* Unicorn has no address size faults. */
	if (r->fault && !(r->esr & 0x3c))
		return true;
	for (unsigned i = 0; i < r->nr_used; i++) {
		if (is_elsewhere(r->used[i].pa))
			return true;
	}
	return !r->fault && is_elsewhere(r->pa);
}

static void compare_memory(const struct second_arm_access *a, uint64_t pa,
                           const struct second_arm_result *us,
                           const struct second_arm_result *them)
{
	pa &= ~UINT64_C(7);
	if (ours(pa) != *theirs(pa))
		complain(a, "memory", us, them);
}

/* Both parts of an access that crosses a page. Return: it can be made. */
static bool prepare(struct second_arm_access *a, struct arm_result m[2])
{
	const uint64_t last_va = a->va + a->size - 1;
	const bool crosses = (a->va ^ last_va) & ~UINT64_C(0xfff);

	m[0] = manual(a, a->va);
	if (a->op == SECOND_ARM_FETCH && !m[0].fault && in_tables(m[0].pa)) {
		a->op = SECOND_ARM_READ; /* none may be executed */
		m[0] = manual(a, a->va);
	}
	m[1] = crosses ? manual(a, last_va & ~UINT64_C(0xfff)) : m[0];
	nr_crossing += crosses;
	if (crosses && leads_astray(&m[1], last_va & ~UINT64_C(0xfff)))
		return false;
	return !leads_astray(&m[0], a->va) &&
	       second_arm_window(second, a->va) &&
	       second_arm_window(second, last_va);
}

static void one_access(const struct second_arm_access *a,
                       const struct arm_result m[2])
{
	const struct arm_result *end = m[0].fault ? &m[0] : &m[1];
	struct second_arm_result us, them;

	plant(&m[0], a->op);
	plant(&m[1], a->op);
	us = run_ours(a);
	them = second_arm_access(second, a);
	if (!same_result(a, &us, &them))
		complain(a, "the result", &us, &them);
	if ((us.end != SECOND_ARM_DONE) != end->fault ||
	    (end->fault && us.esr != end->esr))
		complain(a, "the manual's verdict", &us, &them);
	if (us.end == SECOND_ARM_DONE && a->op != SECOND_ARM_FETCH) {
		compare_memory(a, m[0].pa, &us, &them);
		if (&m[0] != end && m[1].pa != m[0].pa)
			compare_memory(a, m[1].pa, &us, &them);
	}
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned j = 0; j < m[i].nr_used; j++)
			compare_memory(a, m[i].used[j].pa, &us, &them);
	}
	nr_made++;
	nr_done += us.end == SECOND_ARM_DONE;
	if (us.end == SECOND_ARM_ABORT)
		nr_status[us.esr & 63]++;
	nr_kept += a->keep_tlb;
}

static void campaign(void *arg)
{
	bool stale = true;

	(void)arg;
	new_world();
	while (nr_made < args.cases) {
		struct second_arm_access a;
		struct arm_result m[2];

		if (nr_made % ACCESSES_PER_WORLD == ACCESSES_PER_WORLD - 1) {
			new_world();
			stale = true;
		}
		a = access_at_random();
		/* One entry may stand for a range whose others are made up
		 * later. */
		a.keep_tlb = !stale && !contiguous && stage_one_in(&rnd, 2);
		if (!prepare(&a, m)) {
			new_world();
			stale = true;
			continue;
		}
		one_access(&a, m);
		stale = (a.op == SECOND_ARM_WRITE ||
		         a.op == SECOND_ARM_ATOMIC) &&
		        ((!m[0].fault && in_tables(m[0].pa)) ||
		         (!m[1].fault && in_tables(m[1].pa)));
	}
}

static void report(void)
{
	printf("arm64 against Unicorn: %llu accesses, %llu done, aborts by "
	       "fault status:",
	       (unsigned long long)args.cases, (unsigned long long)nr_done);
	for (unsigned i = 0; i < ARRAY_SIZE(nr_status); i++) {
		if (nr_status[i])
			printf(" %#x: %llu", i,
			       (unsigned long long)nr_status[i]);
	}
	printf("\n%llu with the TLB kept, %llu across pages; left out: RES0 "
	       "bits in %llu blocks, %llu blocks at other levels; seed "
	       "%llu\n",
	       (unsigned long long)nr_kept, (unsigned long long)nr_crossing,
	       (unsigned long long)nr_res0, (unsigned long long)nr_odd,
	       (unsigned long long)args.seed);
}

static void take_all_memory(void)
{
	while (s.m->mem.nr_free >= 512) {
		if (!alloc_frames(s.m, 9, FRAME_ANON, true))
			break;
	}
}

int main(int argc, char **argv)
{
	const char *why;

	stage_args_parse(&args, argc, argv);
	stage_seed(&rnd, args.seed);
	second = second_arm_new(&why);
	if (!second) {
		printf("skipped: %s\n", why);
		return 77;
	}
	stage_init(&s, ARCH_ARM64, &stage_small_tlb, PA_BITS, SECOND_ARM_RAM);
	take_all_memory();
	cpu.pa_bits = PA_BITS;
	cpu.read = read_and_make;
	stage_run(&s, campaign, NULL);
	report();
	stage_fini(&s);
	second_arm_free(second);
	return EXIT_SUCCESS;
}
