/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random page tables and accesses on three walkers: ours, Unicorn's, and the
 * manual's (sdm.c).  Same fault or success, same error code and CR2, same
 * physical address, same tables afterwards.
 *
 * A world is a set of tables whose entries are mostly right and sometimes not:
 * absent, without a right, with reserved bits, large where that is not allowed,
 * leading to a table of the wrong level or to themselves.  Some hundred
 * accesses are made in each, some with the TLBs as the last one left them.
 *
 * [--cases N] [--seed S]; exit status 1 at the first difference that is not one
 * of the classes of docs/evidence.md, 77 if this Unicorn cannot do it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/evidence/sdm.h"
#include "tests/evidence/second_x86.h"
#include "tests/evidence/stage.h"

#define P  (UINT64_C(1) << 0)
#define RW (UINT64_C(1) << 1)
#define US (UINT64_C(1) << 2)
#define A  (UINT64_C(1) << 5)
#define PS (UINT64_C(1) << 7)
#define XD (UINT64_C(1) << 63)

#define MIB                UINT64_C(0x100000)
#define GIB                UINT64_C(0x40000000)
#define ACCESSES_PER_WORLD 200

static struct stage s;
static struct second *second;
static struct sdm_cpu cpu;
static struct stage_random rnd;
static struct stage_args args = { .cases = 20000, .seed = 1 };

/* ---- two memories ---- */

static uint64_t ours(uint64_t pa)
{
	return phys_read(&s.m->mem, pa, 8);
}

static uint64_t *theirs(uint64_t pa)
{
	return (uint64_t *)(void *)(second_ram(second) + pa);
}

static void put(uint64_t pa, uint64_t value)
{
	phys_write(&s.m->mem, pa, 8, value);
	*theirs(pa) = value;
}

static uint64_t read_ours(void *data, uint64_t pa)
{
	(void)data;
	return ours(pa);
}

/* ---- a world ---- */

/* Tables: two at the top, where the second walker has them, and others. */
#define TABLES    (65 * MIB)
#define NR_TABLES 22
static const uint8_t table_level[NR_TABLES] = {
	5, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1
};
/* In every table; level 3 is used from 4 on: all addresses are above RAM. */
static const uint16_t slots[] = { 0, 1, 2, 4, 5, 256, 509, 511 };
#define DATA_FRAMES    (66 * MIB)
#define NR_DATA_FRAMES 32

static uint64_t table_pa(unsigned i)
{
	if (i < 2)
		return i ? SECOND_ROOT4 : SECOND_ROOT5;
	return TABLES + i * 0x1000;
}

static bool in_tables(uint64_t pa)
{
	return pa - SECOND_OWN < SECOND_OWN_BYTES ||
	       pa - TABLES < NR_TABLES * 0x1000;
}

static uint64_t table_of_level(unsigned level)
{
	for (;;) {
		unsigned i = stage_below(&rnd, NR_TABLES);

		/* Sometimes any table will do. */
		if (table_level[i] == level || stage_one_in(&rnd, 300))
			return table_pa(i);
	}
}

static uint64_t page_of(unsigned level)
{
	static const uint64_t large[] = { 68 * MIB, 70 * MIB, GIB + 2 * MIB,
		                          3 * GIB - 2 * MIB };

	switch (level) {
	case 3:
		return (1 + stage_below(&rnd, 3)) * GIB;
	case 2:
		return large[stage_below(&rnd, ARRAY_SIZE(large))];
	default:
		/* A table as data; not those with slots of the other's own. */
		if (stage_one_in(&rnd, 32))
			return table_pa(2 + stage_below(&rnd, NR_TABLES - 2));
		return DATA_FRAMES +
		       stage_below(&rnd, NR_DATA_FRAMES) * 0x1000ull;
	}
}

static uint64_t bits_at_random(void)
{
	const uint64_t often = P | RW | US;
	/* A D, PWT PCD, G, what software may use, protection keys. */
	const uint64_t free_bits = UINT64_C(0x7ff0000000000f78) & ~PS;
	uint64_t e = often & stage_dense(&rnd);

	e |= free_bits & stage_random(&rnd);
	if (stage_one_in(&rnd, 5))
		e |= XD;
	if (stage_one_in(&rnd, 40))
		e |= UINT64_C(1) << (SECOND_MAXPHYADDR + stage_below(&rnd, 12));
	return e;
}

static uint64_t entry_at_random(unsigned level)
{
	uint64_t e = bits_at_random();

	if (stage_one_in(&rnd, 3))
		e |= P | RW | US;
	if (level == 1)
		return e | page_of(1) | (stage_random(&rnd) & PS);
	if (level >= 4 || !stage_one_in(&rnd, 4)) {
		if (level >= 4 && stage_one_in(&rnd, 50))
			e |= PS;
		return e | table_of_level(level - 1);
	}
	e |= PS | page_of(level) | (stage_random(&rnd) & 0x1000);
	if (stage_one_in(&rnd, 20))
		e |= UINT64_C(1) << (13 + stage_below(&rnd, 9 * level - 10));
	return e;
}

static void new_world(void)
{
	for (unsigned i = 0; i < NR_TABLES; i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(slots); j++)
			put(table_pa(i) + slots[j] * 8ull,
			    entry_at_random(table_level[i]));
	}
}

/* ---- an access ---- */

static uint64_t address_at_random(bool la57)
{
	static const uint16_t high[] = { 0, 1, 256, 511 },
			      third[] = { 4, 5, 511 }, middle[] = { 0, 1, 509 },
			      low[] = { 0, 1, 2, 511 };
	uint64_t va = (uint64_t)third[stage_below(&rnd, 3)] << 30 |
	              (uint64_t)middle[stage_below(&rnd, 3)] << 21 |
	              (uint64_t)low[stage_below(&rnd, 4)] << 12;

	va |= (uint64_t)high[stage_below(&rnd, 4)] << 39;
	if (la57)
		va |= (uint64_t)high[stage_below(&rnd, 4)] << 48;
	if (va >> (la57 ? 56 : 47) & 1)
		va |= ~UINT64_C(0) << (la57 ? 57 : 48);
	if (stage_one_in(&rnd, 100))
		va ^= UINT64_C(1) << 62;
	return va;
}

static struct second_access access_at_random(bool la57)
{
	struct second_access a = {
		.va = address_at_random(la57),
		.value = stage_random(&rnd) & ~UINT64_C(0x0101010101010101),
		.size = (uint8_t)(1u << stage_below(&rnd, 4)),
		.op = (enum second_op)stage_below(&rnd, SECOND_OP_COUNT),
		.la57 = la57,
		.wp = !stage_one_in(&rnd, 3),
		.smep = !stage_one_in(&rnd, 3),
		.smap = !stage_one_in(&rnd, 3),
		.nxe = !stage_one_in(&rnd, 4),
		.user = stage_below(&rnd, 2),
		.ac = stage_below(&rnd, 2),
	};
	unsigned offset = stage_below(&rnd, 3) ? stage_below(&rnd, 8) * 8
	                                       : 0xff0 + stage_below(&rnd, 16);

	if (a.op == SECOND_XADD || a.op == SECOND_FETCH) {
		a.size = 8;
		offset &= ~7u;
	}
	a.va += offset;
	return a;
}

static struct sdm_result manual(const struct second_access *a, uint64_t va)
{
	static const uint8_t kind[] = { [SECOND_READ] = SDM_READ,
		                        [SECOND_WRITE] = SDM_WRITE,
		                        [SECOND_XADD] = SDM_WRITE,
		                        [SECOND_FETCH] = SDM_FETCH };
	struct sdm_access acc = { .va = va,
		                  .kind = (enum sdm_kind)kind[a->op],
		                  .user = a->user,
		                  .ac = a->ac };
	struct sdm_start from;

	cpu.cr3 = a->la57 ? SECOND_ROOT5 : SECOND_ROOT4;
	cpu.la57 = a->la57;
	cpu.wp = a->wp;
	cpu.smep = a->smep;
	cpu.smap = a->smap;
	cpu.nxe = a->nxe;
	from = sdm_start(&cpu);
	return sdm_access(&cpu, &acc, &from);
}

/* Values that tell where they are, and are no present entry. */
static uint64_t landmark(uint64_t pa, enum second_op op)
{
	if (op == SECOND_FETCH)
		return second_code((uint32_t)(pa >> 3));
	return (pa >> 3) * UINT64_C(0x9e3779b97f4a7c15) &
	       ~UINT64_C(0x0101010101010101);
}

static void plant(const struct sdm_result *r, enum second_op op)
{
	uint64_t pa = r->pa & ~UINT64_C(7);

	if (r->end != SDM_DONE || in_tables(pa))
		return;
	put(pa, landmark(pa, op));
	if (op != SECOND_FETCH && (pa & 0xfff) != 0xff8)
		put(pa + 8, landmark(pa + 8, op));
}

/* ---- on our walker ---- */

static struct second_result run_ours(const struct second_access *a)
{
	static const uint8_t op[] = { [SECOND_READ] = MMU_LOAD,
		                      [SECOND_WRITE] = MMU_STORE,
		                      [SECOND_XADD] = MMU_XADD,
		                      [SECOND_FETCH] = MMU_FETCH };
	static const uint8_t end[] = { [MMU_DONE] = SECOND_DONE,
		                       [MMU_PAGE_FAULT] = SECOND_PF,
		                       [MMU_GP_FAULT] = SECOND_GP,
		                       [MMU_MACHINE_CHECK] = SECOND_OTHER };
	struct mmu_access acc = { .va = a->va,
		                  .value = a->value,
		                  .size = a->size,
		                  .op = op[a->op],
		                  .user = a->user,
		                  .ac = a->ac };
	struct fault_info fault = { 0 };
	struct second_result r = { 0 };
	bool done;

	s.mmu.root = a->la57 ? SECOND_ROOT5 : SECOND_ROOT4;
	s.mmu.cr4_la57 = a->la57;
	s.mmu.cr0_wp = a->wp;
	s.mmu.cr4_smep = a->smep;
	s.mmu.cr4_smap = a->smap;
	s.mmu.efer_nxe = a->nxe;
	if (!a->keep_tlb)
		tlb_reset(&s.mmu.tlb);
	done = mmu_access(&s.mmu, &acc, &fault);
	r.end = (enum second_end)end[acc.outcome];
	r.value = acc.value;
	if (a->op == SECOND_FETCH)
		r.value = acc.value >> 8 & 0xffffffff;
	if (!done && r.end == SECOND_PF) {
		r.cr2 = fault.addr;
		r.code = (unsigned)fault.code;
	}
	return r;
}

/* ---- the differences that are explained ---- */

enum class {
	CLASS_SAME,
	/* Unicorn makes a locked instruction of a load and a store: when the
	 * load faults it says so, and its A stays when the store does. */
	CLASS_LOCKED_LOAD,
	/* Unicorn sets A in a leaf of 1 GiB before it looks at the rights. */
	CLASS_ACCESSED_1G,
	CLASS_COUNT
};
static uint64_t nr_of_class[CLASS_COUNT];
static uint64_t nr_done, nr_gp, nr_pf[32], nr_kept, nr_crossing;
static uint64_t nr_made;

static void complain(const struct second_access *a, const char *what,
                     const struct second_result *us,
                     const struct second_result *them, uint64_t number)
{
	struct sdm_result r = manual(a, a->va);

	(void)fprintf(
		stderr,
		"%s differs in case %llu of --seed %llu:\n"
		"  op %u size %u at %#llx, CPL%u AC%u, la57 %u WP %u SMEP %u "
		"SMAP %u NXE %u, TLB %s\n"
		"  ours   : end %u code %#x cr2 %#llx value %#llx\n"
		"  Unicorn: end %u code %#x cr2 %#llx value %#llx (%d)\n"
		"  manual : end %u code %#x pa %#llx (tables as they are now)\n",
		what, (unsigned long long)number, (unsigned long long)args.seed,
		a->op, a->size, (unsigned long long)a->va, a->user ? 3 : 0,
		a->ac, a->la57, a->wp, a->smep, a->smap, a->nxe,
		a->keep_tlb ? "kept" : "empty", us->end, us->code,
		(unsigned long long)us->cr2, (unsigned long long)us->value,
		them->end, them->code, (unsigned long long)them->cr2,
		(unsigned long long)them->value, them->number, r.end, r.code,
		(unsigned long long)r.pa);
	for (unsigned i = 0; i < r.nr_used && r.used[i].pa < SECOND_RAM; i++)
		(void)fprintf(stderr, "  %#llx: ours %#llx Unicorn's %#llx\n",
		              (unsigned long long)r.used[i].pa,
		              (unsigned long long)ours(r.used[i].pa),
		              (unsigned long long)*theirs(r.used[i].pa));
	stage_fail();
}

/* May this entry differ so? It is @us here and @them there. */
static enum class entry_class(const struct second_access *a,
                              const struct second_result *r,
                              const struct sdm_result *m, uint64_t pa,
                              uint64_t us, uint64_t them) {
	const struct sdm_used *last = &m->used[m->nr_used - 1];

		if (r->end != SECOND_PF || them != (us | A) || !m->nr_used ||
	            pa != last->pa) return CLASS_SAME;
		if (a->op == SECOND_XADD) return CLASS_LOCKED_LOAD;
		/* 4 or 5 levels, the third from below. */
		if (m->nr_used == (a->la57 ? 3 : 2) &&
	            (us & PS)) return CLASS_ACCESSED_1G;
		return CLASS_SAME;
}

static enum class result_class(const struct second_access *a,
                               const struct second_result *us,
                               const struct second_result *them) {
	if (a->op == SECOND_XADD && us->end == SECOND_PF &&
	    them->end == SECOND_PF && us->cr2 == them->cr2 &&
	    us->code == (them->code | 2)) return CLASS_LOCKED_LOAD;
		return CLASS_SAME;
}

/* ---- comparing ---- */

static bool same_result(const struct second_access *a,
                        const struct second_result *us,
                        const struct second_result *them)
{
	if (us->end != them->end || us->code != them->code ||
	    us->cr2 != them->cr2)
		return false;
	return us->end != SECOND_DONE || a->op == SECOND_WRITE ||
	       !second_is_physical(second) || us->value == them->value;
}

static bool same_as_manual(const struct second_result *us,
                           const struct sdm_result *m)
{
	static const uint8_t end[] = { [SDM_DONE] = SECOND_DONE,
		                       [SDM_PF] = SECOND_PF,
		                       [SDM_GP] = SECOND_GP };

	return us->end == end[m->end] &&
	       (m->end != SDM_PF || us->code == m->code);
}

/* All tables, entry by entry. */
static enum class compare_tables(const struct second_access *a,
                                 const struct second_result *us,
                                 const struct second_result *them,
                                 const struct sdm_result *m, uint64_t number) {
	enum class class = CLASS_SAME;

		for (unsigned i = 0; i < NR_TABLES * ARRAY_SIZE(slots);
	             i++){ uint64_t pa = table_pa(i / ARRAY_SIZE(slots)) +
		                         slots[i % ARRAY_SIZE(slots)] * 8ull;
		           enum class c;

		           if (ours(pa) == *theirs(pa)) continue;
		           c = entry_class(a, us, m, pa, ours(pa), *theirs(pa));
		           if (c == CLASS_SAME)
		                   complain(a, "a table", us, them, number);
		           class = c; put(pa, *theirs(pa));
}
return class;
}

/* What was stored is where it should be; an engine that goes by virtual
 * addresses did not store it at all. */
static void compare_store(const struct second_access *a, uint64_t pa,
                          const struct second_result *us,
                          const struct second_result *them, uint64_t number)
{
	pa &= ~UINT64_C(7);
	if (!second_is_physical(second))
		*theirs(pa) = ours(pa);
	else if (ours(pa) != *theirs(pa))
		complain(a, "memory", us, them, number);
}

static void count(const struct second_result *r, enum class class)
{
	nr_of_class[class]++;
	nr_done += r->end == SECOND_DONE;
	nr_gp += r->end == SECOND_GP;
	if (r->end == SECOND_PF)
		nr_pf[r->code & 31]++;
}

/* Stores may change tables, and none may be executed. */
static void keep_tables(struct second_access *a, const struct sdm_result *m)
{
	if (a->op == SECOND_FETCH && m->end == SDM_DONE && in_tables(m->pa))
		a->op = SECOND_READ;
}

/* Not memory of both: our frame 0 is nobody's. */
static bool is_elsewhere(uint64_t pa)
{
	return pa >= SECOND_RAM || pa < PAGE_SIZE;
}

/* What guests have stored in tables can lead out of memory, or to what the
 * second walker keeps for itself. */
static bool leads_astray(const struct sdm_result *r)
{
	for (unsigned i = 0; i < r->nr_used; i++) {
		if (is_elsewhere(r->used[i].pa))
			return true;
	}
	return r->end == SDM_DONE &&
	       (is_elsewhere(r->pa) || r->pa - SECOND_OWN < SECOND_OWN_BYTES);
}

static bool changes_tables(const struct second_access *a,
                           const struct sdm_result m[2])
{
	return (a->op == SECOND_WRITE || a->op == SECOND_XADD) &&
	       ((m[0].end == SDM_DONE && in_tables(m[0].pa)) ||
	        (m[1].end == SDM_DONE && in_tables(m[1].pa)));
}

static void one_access(struct second_access *a, uint64_t number)
{
	const uint64_t last_va = a->va + a->size - 1;
	const bool crosses = (a->va ^ last_va) & ~UINT64_C(0xfff);
	struct sdm_result m[2];
	struct second_result us, them;
	enum class class, tables;

	m[0] = manual(a, a->va);
	keep_tables(a, &m[0]);
	m[0] = manual(a, a->va);
	m[1] = crosses ? manual(a, last_va & ~UINT64_C(0xfff)) : m[0];
	plant(&m[0], a->op);
	if (crosses)
		plant(&m[1], a->op);
	if (!second_window(second, a->va) || !second_window(second, last_va))
		complain(a, "nothing: too many windows", &us, &us, number);

	us = run_ours(a);
	them = second_access(second, a);
	class = result_class(a, &us, &them);
	if (class == CLASS_SAME && !same_result(a, &us, &them))
		complain(a, "the result", &us, &them, number);
	if (!same_as_manual(&us, m[0].end == SDM_DONE ? &m[1] : &m[0]))
		complain(a, "the manual's verdict", &us, &them, number);
	if (us.end == SECOND_DONE && a->op != SECOND_FETCH) {
		compare_store(a, m[0].pa, &us, &them, number);
		compare_store(a, crosses ? m[1].pa : (m[0].pa + a->size - 1),
		              &us, &them, number);
	}
	tables = compare_tables(a, &us, &them,
	                        &m[m[0].end == SDM_DONE && crosses], number);
	count(&us, class ? class : tables);
	nr_kept += a->keep_tlb;
	nr_crossing += crosses;
}

static void campaign(void *arg)
{
	struct second_access last = { 0 };
	struct sdm_result m[2];
	bool la57 = false, stale = true;

	(void)arg;
	for (uint64_t n = 0; nr_made < args.cases; n++) {
		struct second_access a;

		if (n % ACCESSES_PER_WORLD == 0) {
			new_world();
			la57 = stage_below(&rnd, 2);
			stale = true;
		}
		a = access_at_random(la57);
		if (!stale && stage_one_in(&rnd, 3)) {
			a.wp = last.wp;
			a.smep = last.smep;
			a.smap = last.smap;
			a.nxe = last.nxe;
			a.keep_tlb = true;
		}
		m[0] = manual(&a, a.va);
		m[1] = manual(&a, a.va + a.size - 1);
		if (leads_astray(&m[0]) || leads_astray(&m[1])) {
			new_world();
			stale = true;
			continue;
		}
		nr_made++;
		one_access(&a, n);
		stale = changes_tables(&a, m);
		last = a;
	}
}

static void take_all_memory(void)
{
	while (s.m->mem.nr_free >= 512) {
		if (!alloc_frames(s.m, 9, FRAME_ANON, true))
			break;
	}
}

static void report(void)
{
	printf("x86 against Unicorn: %llu accesses, %llu done, %llu #GP, page "
	       "faults by error code:",
	       (unsigned long long)args.cases, (unsigned long long)nr_done,
	       (unsigned long long)nr_gp);
	for (unsigned i = 0; i < ARRAY_SIZE(nr_pf); i++) {
		if (nr_pf[i])
			printf(" %#x: %llu", i, (unsigned long long)nr_pf[i]);
	}
	printf("\n%llu with the TLB kept, %llu across pages; explained: locked "
	       "instructions %llu, A of 1 GiB leaves %llu; seed %llu\n",
	       (unsigned long long)nr_kept, (unsigned long long)nr_crossing,
	       (unsigned long long)nr_of_class[CLASS_LOCKED_LOAD],
	       (unsigned long long)nr_of_class[CLASS_ACCESSED_1G],
	       (unsigned long long)args.seed);
	printf("physical addresses: %s\n",
	       second_is_physical(second)
	               ? "compared"
	               : "only against the manual: this Unicorn does not go by "
	                 "them");
}

int main(int argc, char **argv)
{
	const char *why;

	stage_args_parse(&args, argc, argv);
	stage_seed(&rnd, args.seed);
	second = second_new(&why);
	if (!second) {
		printf("skipped: %s\n", why);
		return 77;
	}
	stage_init(&s, ARCH_X86_64, &stage_small_tlb, SECOND_MAXPHYADDR,
	           SECOND_RAM);
	take_all_memory();
	cpu.maxphyaddr = SECOND_MAXPHYADDR;
	cpu.read = read_ours;
	stage_run(&s, campaign, NULL);
	report();
	stage_fini(&s);
	second_free(second);
	return EXIT_SUCCESS;
}
