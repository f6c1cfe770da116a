/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/evidence/world_x86.h"

#include <stdio.h>
#include <string.h>

#define P  (UINT64_C(1) << 0)
#define RW (UINT64_C(1) << 1)
#define US (UINT64_C(1) << 2)
#define PS (UINT64_C(1) << 7)
#define XD (UINT64_C(1) << 63)

#define MIB                WORLD_MIB
#define GIB                WORLD_GIB
#define ACCESSES_PER_WORLD 200

struct world world = { .args = { .cases = 20000, .seed = 1 } };

static struct {
	uint64_t done, gp, pf[32], kept, crossing;
} nr;

/* ---- memory ---- */

uint64_t world_read(uint64_t pa)
{
	return phys_read(&world.s.m->mem, pa, 8);
}

static uint64_t read_for_manual(void *data, uint64_t pa)
{
	(void)data;
	return world_read(pa);
}

void world_write(uint64_t pa, uint64_t value)
{
	phys_write(&world.s.m->mem, pa, 8, value);
	world.put(pa, value);
}

static void take_all_memory(struct machine *m)
{
	while (m->mem.nr_free >= 512) {
		if (!alloc_frames(m, 9, FRAME_ANON, true))
			break;
	}
}

void world_init(unsigned maxphyaddr, void (*put_there)(uint64_t, uint64_t))
{
	stage_seed(&world.rnd, world.args.seed);
	stage_init(&world.s, ARCH_X86_64, &stage_small_tlb, maxphyaddr,
	           WORLD_RAM);
	take_all_memory(world.s.m);
	world.cpu.maxphyaddr = maxphyaddr;
	world.cpu.read = read_for_manual;
	world.put = put_there;
}

void world_fini(void)
{
	stage_fini(&world.s);
}

/* ---- a world ---- */

/* Tables: two at the top, where the other walker has an entry, and others, half
 * of them above 4 GiB. */
#define TABLES      (65 * MIB)
#define HIGH_TABLES (4 * GIB + 65 * MIB)
#define NR_TABLES   22
static const uint8_t table_level[NR_TABLES] = {
	5, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1
};
/* In every table; level 3 is used from 5 on: all addresses are above RAM. */
static const uint16_t slots[] = { 0, 1, 2, 5, 6, 256, 509, 511 };
#define DATA_FRAMES      (66 * MIB)
#define HIGH_DATA_FRAMES (4 * GIB + 66 * MIB)
#define NR_DATA_FRAMES   32

static uint64_t table_pa(unsigned i)
{
	if (i < 2)
		return i ? WORLD_ROOT4 : WORLD_ROOT5;
	return (i % 2 ? HIGH_TABLES : TABLES) + i * 0x1000;
}

static bool is_root(uint64_t pa)
{
	return (pa & ~UINT64_C(0xfff)) == WORLD_ROOT4 ||
	       (pa & ~UINT64_C(0xfff)) == WORLD_ROOT5;
}

static bool in_tables(uint64_t pa)
{
	return is_root(pa) || pa - TABLES < NR_TABLES * 0x1000 ||
	       pa - HIGH_TABLES < NR_TABLES * 0x1000;
}

unsigned world_entries(void)
{
	return NR_TABLES * ARRAY_SIZE(slots);
}

uint64_t world_entry_pa(unsigned i)
{
	return table_pa(i / ARRAY_SIZE(slots)) +
	       slots[i % ARRAY_SIZE(slots)] * 8ull;
}

static uint64_t table_of_level(unsigned level)
{
	for (;;) {
		unsigned i = stage_below(&world.rnd, NR_TABLES);

		/* Sometimes any table will do. */
		if (table_level[i] == level || stage_one_in(&world.rnd, 300))
			return table_pa(i);
	}
}

static uint64_t page_of(unsigned level)
{
	static const uint64_t huge[] = { GIB, 2 * GIB, 4 * GIB };
	static const uint64_t large[] = { 68 * MIB, 70 * MIB, GIB + 2 * MIB,
		                          3 * GIB - 2 * MIB,
		                          5 * GIB - 4 * MIB };

	switch (level) {
	case 3:
		return huge[stage_below(&world.rnd, ARRAY_SIZE(huge))];
	case 2:
		return large[stage_below(&world.rnd, ARRAY_SIZE(large))];
	default:
		/* A table as data; not those with slots of the other's own. */
		if (stage_one_in(&world.rnd, 32))
			return table_pa(2 +
			                stage_below(&world.rnd, NR_TABLES - 2));
		return (stage_below(&world.rnd, 2) ? DATA_FRAMES
		                                   : HIGH_DATA_FRAMES) +
		       stage_below(&world.rnd, NR_DATA_FRAMES) * 0x1000ull;
	}
}

static uint64_t bits_at_random(void)
{
	const uint64_t often = P | RW | US;
	/* A D, PWT PCD, G, what software may use, protection keys. */
	const uint64_t free_bits = UINT64_C(0x7ff0000000000f78) & ~PS;
	const unsigned max = world.cpu.maxphyaddr;
	uint64_t e = often & stage_dense(&world.rnd);

	e |= free_bits & stage_random(&world.rnd);
	if (stage_one_in(&world.rnd, 5))
		e |= XD;
	if (stage_one_in(&world.rnd, 40))
		e |= UINT64_C(1) << (max + stage_below(&world.rnd, 52 - max));
	return e;
}

static uint64_t entry_at_random(unsigned level)
{
	uint64_t e = bits_at_random();

	if (stage_one_in(&world.rnd, 3))
		e |= P | RW | US;
	if (level == 1)
		return e | page_of(1) | (stage_random(&world.rnd) & PS);
	if (level >= 4 || !stage_one_in(&world.rnd, 4)) {
		if (level >= 4 && stage_one_in(&world.rnd, 50))
			e |= PS;
		return e | table_of_level(level - 1);
	}
	e |= PS | page_of(level) | (stage_random(&world.rnd) & 0x1000);
	if (stage_one_in(&world.rnd, 8))
		e |= UINT64_C(1)
		     << (13 + stage_below(&world.rnd, 9 * level - 10));
	return e;
}

static void new_world(void)
{
	for (unsigned i = 0; i < world_entries(); i++)
		world_write(
			world_entry_pa(i),
			entry_at_random(table_level[i / ARRAY_SIZE(slots)]));
}

/* ---- an access ---- */

static uint64_t address_at_random(bool la57)
{
	static const uint16_t high[] = { 0, 1, 256, 511 },
			      third[] = { 5, 6, 511 }, middle[] = { 0, 1, 509 },
			      low[] = { 0, 1, 2, 511 };
	uint64_t va = (uint64_t)third[stage_below(&world.rnd, 3)] << 30 |
	              (uint64_t)middle[stage_below(&world.rnd, 3)] << 21 |
	              (uint64_t)low[stage_below(&world.rnd, 4)] << 12;

	va |= (uint64_t)high[stage_below(&world.rnd, 4)] << 39;
	if (la57)
		va |= (uint64_t)high[stage_below(&world.rnd, 4)] << 48;
	if (va >> (la57 ? 56 : 47) & 1)
		va |= ~UINT64_C(0) << (la57 ? 57 : 48);
	if (stage_one_in(&world.rnd, 100))
		va ^= UINT64_C(1) << 62;
	return va;
}

static struct world_access access_at_random(bool la57)
{
	struct stage_random *rnd = &world.rnd;
	struct world_access a = {
		.va = address_at_random(la57),
		.value = stage_random(rnd) & ~UINT64_C(0x0101010101010101),
		.size = (uint8_t)(1u << stage_below(rnd, 4)),
		.op = (enum world_op)stage_below(rnd, WORLD_OP_COUNT),
		.la57 = la57,
		.wp = !stage_one_in(rnd, 3),
		.smep = !stage_one_in(rnd, 3),
		.smap = !stage_one_in(rnd, 3),
		.nxe = !stage_one_in(rnd, 4),
		.user = stage_below(rnd, 2),
		.ac = stage_below(rnd, 2),
	};
	unsigned offset = stage_below(rnd, 3) ? stage_below(rnd, 8) * 8
	                                      : 0xff0 + stage_below(rnd, 16);

	if (a.op == WORLD_XADD || a.op == WORLD_FETCH) {
		a.size = 8;
		offset &= ~7u;
	}
	a.va += offset;
	return a;
}

/* ---- the manual ---- */

static struct sdm_result one_page(const struct world_access *a, uint64_t va)
{
	static const uint8_t kind[] = { [WORLD_READ] = SDM_READ,
		                        [WORLD_WRITE] = SDM_WRITE,
		                        [WORLD_XADD] = SDM_WRITE,
		                        [WORLD_FETCH] = SDM_FETCH };
	struct sdm_access acc = { .va = va,
		                  .kind = (enum sdm_kind)kind[a->op],
		                  .user = a->user,
		                  .ac = a->ac };
	struct sdm_cpu *cpu = &world.cpu;
	struct sdm_start from;

	cpu->cr3 = a->la57 ? WORLD_ROOT5 : WORLD_ROOT4;
	cpu->la57 = a->la57;
	cpu->wp = a->wp;
	cpu->smep = a->smep;
	cpu->smap = a->smap;
	cpu->nxe = a->nxe;
	from = sdm_start(cpu);
	return sdm_access(cpu, &acc, &from);
}

static struct world_manual manual(const struct world_access *a)
{
	const uint64_t last = a->va + a->size - 1;
	struct world_manual m = {
		.crosses = (a->va ^ last) & ~UINT64_C(0xfff),
		.page[0] = one_page(a, a->va),
	};

	m.page[1] =
		m.crosses ? one_page(a, last & ~UINT64_C(0xfff)) : m.page[0];
	return m;
}

const struct sdm_result *world_last(const struct world_manual *m)
{
	return &m->page[m->page[0].end == SDM_DONE && m->crosses];
}

bool world_same_as_manual(const struct world_result *us,
                          const struct world_manual *m)
{
	static const uint8_t end[] = { [SDM_DONE] = WORLD_DONE,
		                       [SDM_PF] = WORLD_PF,
		                       [SDM_GP] = WORLD_GP };
	const struct sdm_result *r = world_last(m);

	return us->end == end[r->end] &&
	       (r->end != SDM_PF || us->code == r->code);
}

/* ---- marks ---- */

/* Values that tell where they are, and are no present entry. */
static uint64_t landmark(uint64_t pa, enum world_op op)
{
	if (op == WORLD_FETCH)
		return world_code((uint32_t)(pa >> 3));
	return (pa >> 3) * UINT64_C(0x9e3779b97f4a7c15) &
	       ~UINT64_C(0x0101010101010101);
}

static void plant(const struct sdm_result *r, enum world_op op)
{
	uint64_t pa = r->pa & ~UINT64_C(7);

	if (r->end != SDM_DONE || in_tables(pa))
		return;
	world_write(pa, landmark(pa, op));
	if (op != WORLD_FETCH && (pa & 0xfff) != 0xff8)
		world_write(pa + 8, landmark(pa + 8, op));
}

struct world_manual world_prepare(struct world_access *a)
{
	struct world_manual m = manual(a);

	if (a->op == WORLD_FETCH && m.page[0].end == SDM_DONE &&
	    in_tables(m.page[0].pa)) {
		a->op = WORLD_READ;
		m = manual(a);
	}
	plant(&m.page[0], a->op);
	if (m.crosses)
		plant(&m.page[1], a->op);
	return m;
}

/* ---- on our walker ---- */

struct world_result world_ours(const struct world_access *a)
{
	static const uint8_t op[] = { [WORLD_READ] = MMU_LOAD,
		                      [WORLD_WRITE] = MMU_STORE,
		                      [WORLD_XADD] = MMU_XADD,
		                      [WORLD_FETCH] = MMU_FETCH };
	static const uint8_t end[] = { [MMU_DONE] = WORLD_DONE,
		                       [MMU_PAGE_FAULT] = WORLD_PF,
		                       [MMU_GP_FAULT] = WORLD_GP,
		                       [MMU_MACHINE_CHECK] = WORLD_OTHER };
	struct mmu_access acc = { .va = a->va,
		                  .value = a->value,
		                  .size = a->size,
		                  .op = op[a->op],
		                  .user = a->user,
		                  .ac = a->ac };
	struct mmu *mmu = &world.s.mmu;
	struct fault_info fault = { 0 };
	struct world_result r = { 0 };
	bool done;

	mmu->root = a->la57 ? WORLD_ROOT5 : WORLD_ROOT4;
	mmu->cr4_la57 = a->la57;
	mmu->low_end = UINT64_C(1) << (a->la57 ? 56 : 47);
	mmu->cr0_wp = a->wp;
	mmu->cr4_smep = a->smep;
	mmu->cr4_smap = a->smap;
	mmu->efer_nxe = a->nxe;
	if (!a->keep_tlb)
		tlb_reset(&mmu->tlb);
	done = mmu_access(mmu, &acc, &fault);
	r.end = (enum world_end)end[acc.outcome];
	r.value = acc.value;
	if (a->op == WORLD_FETCH)
		r.value = acc.value >> 8 & 0xffffffff;
	if (!done && r.end == WORLD_PF) {
		r.cr2 = fault.addr;
		r.code = (unsigned)fault.code;
	}
	return r;
}

/* ---- many ---- */

static bool is_no_memory(uint64_t pa)
{
	return pa >= WORLD_RAM || pa < WORLD_RAM_BEGIN ||
	       pa - WORLD_HOLE < WORLD_HOLE_END - WORLD_HOLE ||
	       pa - WORLD_OWN < WORLD_OWN_END - WORLD_OWN;
}

/* What guests have stored in tables can lead out of memory, or to what the
 * other walker keeps for itself. */
static bool leads_astray(const struct sdm_result *r)
{
	for (unsigned i = 0; i < r->nr_used; i++) {
		if (is_no_memory(r->used[i].pa))
			return true;
	}
	return r->end == SDM_DONE && (is_no_memory(r->pa) || is_root(r->pa));
}

static bool changes_tables(const struct world_access *a,
                           const struct world_manual *m)
{
	return (a->op == WORLD_WRITE || a->op == WORLD_XADD) &&
	       ((m->page[0].end == SDM_DONE && in_tables(m->page[0].pa)) ||
	        (m->page[1].end == SDM_DONE && in_tables(m->page[1].pa)));
}

static void same_registers(struct world_access *a,
                           const struct world_access *last)
{
	a->wp = last->wp;
	a->smep = last->smep;
	a->smap = last->smap;
	a->nxe = last->nxe;
	a->keep_tlb = true;
}

void world_run(bool la57, uint64_t n, world_fn *fn)
{
	const uint64_t end = world.nr_made + n;
	struct world_access last = { 0 };
	unsigned in_this = ACCESSES_PER_WORLD;
	bool stale = true;

	while (world.nr_made < end) {
		struct world_access a = access_at_random(la57);
		struct world_manual m;

		if (in_this++ == ACCESSES_PER_WORLD) {
			new_world();
			stale = true;
			in_this = 0;
		}
		if (!stale && stage_one_in(&world.rnd, 3))
			same_registers(&a, &last);
		m = manual(&a);
		if (leads_astray(&m.page[0]) || leads_astray(&m.page[1])) {
			in_this = ACCESSES_PER_WORLD;
			continue;
		}
		stale = changes_tables(&a, &m);
		world.nr_made++;
		fn(&a);
		last = a;
	}
}

/* ---- telling ---- */

void world_count(const struct world_access *a, const struct world_manual *m,
                 const struct world_result *r)
{
	nr.done += r->end == WORLD_DONE;
	nr.gp += r->end == WORLD_GP;
	if (r->end == WORLD_PF)
		nr.pf[r->code & 31]++;
	nr.kept += a->keep_tlb;
	nr.crossing += m->crosses;
}

void world_report(const char *name)
{
	printf("x86 against %s: %llu accesses, %llu done, %llu #GP, page "
	       "faults by error code:",
	       name, (unsigned long long)world.nr_made,
	       (unsigned long long)nr.done, (unsigned long long)nr.gp);
	for (unsigned i = 0; i < ARRAY_SIZE(nr.pf); i++) {
		if (nr.pf[i])
			printf(" %#x: %llu", i, (unsigned long long)nr.pf[i]);
	}
	printf("\n%llu with the TLB kept, %llu across pages; seed %llu\n",
	       (unsigned long long)nr.kept, (unsigned long long)nr.crossing,
	       (unsigned long long)world.args.seed);
}

static void tell(const char *who, const struct world_result *r)
{
	(void)fprintf(stderr,
	              "  %-8s: end %u code %#x cr2 %#llx value %#llx (%d)\n",
	              who, r->end, r->code, (unsigned long long)r->cr2,
	              (unsigned long long)r->value, r->number);
}

void world_complain(const char *what, const struct world_access *a,
                    const struct world_manual *m, const struct world_result *us,
                    const char *name, const struct world_result *them)
{
	const struct sdm_result *r = world_last(m);

	(void)fprintf(stderr,
	              "%s differs, --cases %llu --seed %llu:\n"
	              "  op %u size %u at %#llx, CPL%u AC%u, la57 %u WP %u "
	              "SMEP %u SMAP %u NXE %u, TLB %s\n",
	              what, (unsigned long long)world.nr_made,
	              (unsigned long long)world.args.seed, a->op, a->size,
	              (unsigned long long)a->va, a->user ? 3 : 0, a->ac,
	              a->la57, a->wp, a->smep, a->smap, a->nxe,
	              a->keep_tlb ? "kept" : "empty");
	tell("ours", us);
	tell(name, them);
	(void)fprintf(stderr, "  %-8s: end %u code %#x pa %#llx\n", "manual",
	              r->end, r->code, (unsigned long long)r->pa);
	for (unsigned i = 0; i < r->nr_used; i++)
		(void)fprintf(stderr, "  entry %#llx: %#llx, then %#llx\n",
		              (unsigned long long)r->used[i].pa,
		              (unsigned long long)r->used[i].before,
		              (unsigned long long)r->used[i].after);
}
