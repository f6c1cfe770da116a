/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLBI, DSB, ISB and TTBR0 writes: Arm ARM (DDI 0487) D8.14 and D8.1.2. */
#include "base/storebuf.h"
#include "tests/mmu/arm64.h"

#define ASID_A 1
#define ASID_B 0x8001 /* differs from A in bit 15 alone */

#define ARM64_TEST(name)                    \
	static void name##_body(void *arg); \
	START_TEST(name)                    \
	{                                   \
		run(name##_body);           \
	}                                   \
	END_TEST                            \
	static void name##_body(__attribute__((unused)) void *arg)

static void tlbi(struct tlbi t)
{
	mmu_tlbi(&b.mmu[0], &t);
}

static unsigned held(vaddr_t va, unsigned asid)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	return tlb_lookup(&b.mmu[0].tlb, TLB_DATA, va, (uint16_t)asid, m);
}

static bool walk_cached(vaddr_t va, unsigned asid)
{
	return psc_lookup(&b.mmu[0].tlb, va, (uint16_t)asid);
}

/* VA of both ASIDs, VA + 4K global, VA + 2M a block, of A. */
static void fill_all(void)
{
	map_page(VA, PAGE_RW, NULL);
	map_page(VA + PAGE_SIZE, PAGE_RW & ~ARM64_NG, NULL);
	map_arm64(VA + PMD_SIZE, UINT64_C(0x200000), 2, PAGE_RW);
	mmu_write_ttbr0(&b.mmu[0], b.root, ASID_B);
	mmu_isb(&b.mmu[0]);
	ck_assert(load(VA, NULL));
	mmu_write_ttbr0(&b.mmu[0], b.root, ASID_A);
	mmu_isb(&b.mmu[0]);
	ck_assert(load(VA, NULL));
	ck_assert(load(VA + PAGE_SIZE, NULL));
	ck_assert(load(VA + PMD_SIZE, NULL));
	ck_assert(held(VA, ASID_A) && held(VA, ASID_B));
}

ARM64_TEST(by_address_takes_that_asid_and_globals)
{
	fill_all();
	tlbi((struct tlbi){ .op = TLBI_VA, .va = VA, .asid = ASID_A });
	ck_assert(!held(VA, ASID_A) && held(VA, ASID_B));
	ck_assert(held(VA + PAGE_SIZE, ASID_A));
	tlbi((struct tlbi){
		.op = TLBI_VA, .va = VA + PAGE_SIZE, .asid = ASID_B });
	ck_assert(!held(VA + PAGE_SIZE, ASID_A));
}

ARM64_TEST(by_address_in_every_asid)
{
	fill_all();
	tlbi((struct tlbi){ .op = TLBI_VAA, .va = VA });
	ck_assert(!held(VA, ASID_A) && !held(VA, ASID_B));
	ck_assert(held(VA + PMD_SIZE, ASID_A));
}

ARM64_TEST(by_asid_spares_globals_and_others)
{
	fill_all();
	tlbi((struct tlbi){ .op = TLBI_ASID, .asid = ASID_A });
	ck_assert(!held(VA, ASID_A) && !held(VA + PMD_SIZE, ASID_A));
	ck_assert(held(VA, ASID_B) && held(VA + PAGE_SIZE, ASID_A));
	ck_assert(!walk_cached(VA, ASID_A) && walk_cached(VA, ASID_B));
}

ARM64_TEST(all_takes_everything)
{
	fill_all();
	tlbi((struct tlbi){ .op = TLBI_ALL });
	ck_assert_uint_eq(tlb_nr_valid(&b.mmu[0].tlb), 0);
	ck_assert(!walk_cached(VA, ASID_A) && !walk_cached(VA, ASID_B));
}

/* races.md rule 5: a last-level TLBI leaves the tables cached. */
ARM64_TEST(last_level_leaves_what_walks_begin_from)
{
	fill_all();
	tlbi((struct tlbi){
		.op = TLBI_VA, .last_level = true, .va = VA, .asid = ASID_A });
	ck_assert(!held(VA, ASID_A));
	ck_assert(walk_cached(VA, ASID_A));
	tlbi((struct tlbi){ .op = TLBI_VA, .va = VA, .asid = ASID_A });
	ck_assert(!walk_cached(VA, ASID_A));
}

ARM64_TEST(a_range_takes_what_overlaps_it)
{
	fill_all();
	tlbi((struct tlbi){ .op = TLBI_VA,
	                    .va = VA + PAGE_SIZE,
	                    .size = 511 * PAGE_SIZE,
	                    .asid = ASID_A });
	ck_assert(held(VA, ASID_A) && !held(VA + PAGE_SIZE, ASID_A));
	ck_assert(held(VA + PMD_SIZE, ASID_A));
	/* One page of a block. */
	tlbi((struct tlbi){ .op = TLBI_VA,
	                    .va = VA + PMD_SIZE + 7 * PAGE_SIZE,
	                    .size = PAGE_SIZE,
	                    .asid = ASID_A });
	ck_assert(!held(VA + PMD_SIZE, ASID_A));
}

/* D8.14.3: a wrong TTL need not invalidate. */
ARM64_TEST(a_level_hint_spares_other_levels)
{
	fill_all();
	tlbi((struct tlbi){ .op = TLBI_VA,
	                    .va = VA + PMD_SIZE,
	                    .level = 1,
	                    .asid = ASID_A });
	ck_assert(held(VA + PMD_SIZE, ASID_A));
	tlbi((struct tlbi){ .op = TLBI_VA,
	                    .va = VA + PMD_SIZE,
	                    .level = 2,
	                    .asid = ASID_A });
	ck_assert(!held(VA + PMD_SIZE, ASID_A));
}

ARM64_TEST(eight_bit_asids_have_eight_bits)
{
	tcr_clear(TCR_AS);
	mmu_write_ttbr0(&b.mmu[0], b.root, 0x101);
	mmu_isb(&b.mmu[0]);
	ck_assert_uint_eq(b.mmu[0].pcid, 1);
	map_page(VA, PAGE_RW, NULL);
	ck_assert(load(VA, NULL));
	tlbi((struct tlbi){ .op = TLBI_ASID, .asid = 0x201 });
	ck_assert(!held(VA, 1));
}

/* ---- TTBR0 and ISB ---- */

static paddr_t other_root(paddr_t *frame)
{
	paddr_t old = b.mmu[0].root, root = new_frame(FRAME_PT_PGD);

	b.mmu[0].root = root;
	map_page(VA, PAGE_RW, frame);
	b.mmu[0].root = old;
	return root;
}

/* Alternative 1 of "ttbr0 takes effect", 0 of everything else. */
static unsigned early(struct policy *p, struct machine *m,
                      const struct choice *c)
{
	(void)p;
	(void)m;
	return c->kind == CHOICE_OTHER;
}

static unsigned late(struct policy *p, struct machine *m,
                     const struct choice *c)
{
	(void)p;
	(void)m;
	(void)c;
	return 0;
}

static paddr_t kernel_load(void)
{
	struct mmu_access acc = {
		.va = VA, .op = MMU_LOAD, .size = 8, .ac = true
	};

	ck_assert(mmu_access(&b.mmu[0], &acc, &last_fault));
	return acc.pa;
}

static paddr_t before_isb, after_isb, old_frame, frame_now;

static void switch_roots(void *arg)
{
	paddr_t root = other_root(&frame_now);

	(void)arg;
	map_page(VA, PAGE_RW, &old_frame);
	mmu_write_ttbr0(&b.mmu[0], root, ASID_B);
	before_isb = kernel_load();
	mmu_isb(&b.mmu[0]);
	after_isb = kernel_load();
}

static void run_choosing(unsigned (*pick)(struct policy *p, struct machine *m,
                                          const struct choice *c))
{
	struct policy policy = { .name = "test", .pick = pick };

	b.m->policy = &policy;
	ck_assert_ptr_nonnull(agent_new(b.m, AGENT_TASK, &b.m->cpus[0], "test",
	                                switch_roots, NULL));
	ck_assert_int_eq(machine_run(b.m), RUN_DONE);
}

START_TEST(before_the_isb_ttbr0_may_be_the_old_one)
{
	run_choosing(late);
	ck_assert_uint_eq(before_isb, old_frame);
	ck_assert_uint_eq(after_isb, frame_now);
}
END_TEST

START_TEST(before_the_isb_ttbr0_may_be_the_new_one)
{
	run_choosing(early);
	ck_assert_uint_eq(before_isb, frame_now);
	ck_assert_uint_eq(after_isb, frame_now);
}
END_TEST

ARM64_TEST(an_access_of_el0_has_an_exception_return_before_it)
{
	paddr_t frame, root = other_root(&frame);

	map_page(VA, PAGE_RW, NULL);
	mmu_write_ttbr0(&b.mmu[0], root, ASID_B);
	ck_assert(load(VA, NULL));
	ck_assert_uint_eq(last_acc.pa, frame);
}

/* ---- inner shareable ---- */

static const struct tlbi everywhere = { .op = TLBI_VAA,
	                                .inner_shareable = true,
	                                .va = VA };
static paddr_t shared_pte, shared_frame;
static bool done, stale;

static unsigned held_elsewhere(void)
{
	struct tlb_match m[TLB_MATCHES_MAX];

	return tlb_lookup(&b.mmu[1].tlb, TLB_DATA, VA, b.mmu[1].pcid, m);
}

static bool access_elsewhere(enum mmu_op op)
{
	struct mmu_access acc = {
		.va = VA, .op = (uint8_t)op, .size = 8, .value = 9, .user = true
	};
	struct fault_info fault;
	bool ok = mmu_access(&b.mmu[1], &acc, &fault);

	cpu_end_insn(b.mmu[1].cpu);
	return ok;
}

static void remove_and_wait(void *arg)
{
	(void)arg;
	/* Time for the other to begin. */
	for (unsigned i = 0; i < 12; i++)
		step(STEP_LOCAL, OBJ_NONE, 0, "before", i);
	set_entry(shared_pte, 0);
	mmu_tlbi(&b.mmu[0], &everywhere);
	mmu_dsb(&b.mmu[0], BARRIER_ISH);
	done = true;
	stale = held_elsewhere();
}

static void load_until_it_faults(void *arg)
{
	(void)arg;
	while (access_elsewhere(MMU_LOAD))
		;
}

static unsigned nr_stale_loads;

static void loads_meanwhile(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 4; i++) {
		bool ok = access_elsewhere(MMU_LOAD);

		ck_assert(!ok || !done);
		nr_stale_loads += ok && !entry_at(shared_pte);
	}
}

static void run_both(void (*fn0)(void *arg), void (*fn1)(void *arg),
                     struct policy *p)
{
	b.m->policy = p;
	agent_new(b.m, AGENT_TASK, &b.m->cpus[0], "cpu0", fn0, NULL);
	agent_new(b.m, AGENT_TASK, &b.m->cpus[1], "cpu1", fn1, NULL);
	ck_assert_int_eq(machine_run(b.m), RUN_DONE);
	policy_free(p);
}

static void prepare(void)
{
	bench_teardown();
	arm64_setup();
	shared_pte = map_page(VA, PAGE_RW, &shared_frame);
	done = stale = false;
	nr_stale_loads = 0;
}

START_TEST(a_dsb_ends_when_all_have_forgotten)
{
	for (unsigned seed = 1; seed < 60; seed++) {
		prepare();
		run_both(remove_and_wait, load_until_it_faults,
		         policy_random_new(seed));
		ck_assert_msg(done && !stale, "seed %u", seed);
	}
}
END_TEST

START_TEST(between_tlbi_and_dsb_others_use_what_is_gone)
{
	unsigned all = 0;

	for (unsigned seed = 1; seed < 60; seed++) {
		prepare();
		run_both(remove_and_wait, loads_meanwhile,
		         policy_random_new(seed));
		all += nr_stale_loads;
	}
	ck_assert_uint_gt(all, 0);
}
END_TEST

/* ---- CVE-2025-10263: a store that was translated before ---- */

static uint64_t after_dsb;

static void remove_and_look(void *arg)
{
	remove_and_wait(arg);
	after_dsb = phys_read(&b.m->mem, shared_frame, 8);
}

static void one_store(void *arg)
{
	(void)arg;
	(void)access_elsewhere(MMU_STORE);
}

/* Tasks, the last first, then the rest; a store buffer only if it must be. */
static unsigned stores_last(struct policy *p, struct machine *m,
                            const struct choice *c)
{
	unsigned pick = 0, i = 0;

	(void)p;
	for (uint64_t left = c->agents; left; left &= left - 1, i++) {
		if (m->agents[__builtin_ctzll(left)]->kind !=
		    AGENT_STORE_BUFFER)
			pick = i;
	}
	return pick;
}

/* As ARM64_WORKAROUND_REPEAT_TLBI: of any address. */
static void remove_twice_and_look(void *arg)
{
	const struct tlbi any = { .op = TLBI_VA, .inner_shareable = true };

	remove_and_wait(arg);
	mmu_tlbi(&b.mmu[0], &any);
	mmu_dsb(&b.mmu[0], BARRIER_ISH);
	after_dsb = phys_read(&b.m->mem, shared_frame, 8);
}

/* Two TLBIs before one DSB are no more than one. */
static void remove_two_and_look(void *arg)
{
	const struct tlbi any = { .op = TLBI_VA, .inner_shareable = true };

	mmu_tlbi(&b.mmu[0], &any);
	remove_and_look(arg);
}

/* Is the store still to come when what @remove waits for is over? */
static bool store_is_late(bool erratum, void (*remove)(void *arg))
{
	struct policy policy = { .name = "stores last", .pick = stores_last };

	prepare();
	b.mmu[1].switches.tlbi_erratum = erratum;
	ck_assert(storebuf_start(b.m, MEMORY_WEAK));
	b.m->policy = &policy;
	agent_new(b.m, AGENT_TASK, &b.m->cpus[0], "cpu0", remove, NULL);
	agent_new(b.m, AGENT_TASK, &b.m->cpus[1], "cpu1", one_store, NULL);
	ck_assert_int_eq(machine_run(b.m), RUN_DONE);
	ck_assert(after_dsb == 9 || b.m->cpus[1].store_buffer->nr == 1);
	return after_dsb != 9;
}

START_TEST(a_dsb_waits_for_stores_through_what_was_removed)
{
	ck_assert(!store_is_late(false, remove_and_look));
}
END_TEST

START_TEST(with_the_erratum_it_does_not)
{
	ck_assert(store_is_late(true, remove_and_look));
	ck_assert(store_is_late(true, remove_two_and_look));
}
END_TEST

/* Cortex-A76 1286807, the workaround: TLBI and DSB twice. */
START_TEST(with_the_erratum_the_second_dsb_waits)
{
	ck_assert(!store_is_late(true, remove_twice_and_look));
}
END_TEST

START_TEST(names_are_the_assemblers)
{
	const struct tlbi range = { .op = TLBI_VAA,
		                    .last_level = true,
		                    .inner_shareable = true,
		                    .size = 1 };

	ck_assert_str_eq(mmu_tlbi_name(&everywhere), "tlbi vaae1is");
	ck_assert_str_eq(mmu_tlbi_name(&range), "tlbi rvaale1is");
	ck_assert_str_eq(mmu_tlbi_name(&(struct tlbi){ .op = TLBI_ASID }),
	                 "tlbi aside1");
	ck_assert_str_eq(mmu_tlbi_name(&(struct tlbi){
				 .op = TLBI_ALL, .inner_shareable = true }),
	                 "tlbi vmalle1is");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mmu/arm64_tlbi");
	TCase *tc = tcase_create("tlbi");

	tcase_add_checked_fixture(tc, arm64_setup, bench_teardown);
	tcase_add_test(tc, by_address_takes_that_asid_and_globals);
	tcase_add_test(tc, by_address_in_every_asid);
	tcase_add_test(tc, by_asid_spares_globals_and_others);
	tcase_add_test(tc, all_takes_everything);
	tcase_add_test(tc, last_level_leaves_what_walks_begin_from);
	tcase_add_test(tc, a_range_takes_what_overlaps_it);
	tcase_add_test(tc, a_level_hint_spares_other_levels);
	tcase_add_test(tc, eight_bit_asids_have_eight_bits);
	tcase_add_test(tc, before_the_isb_ttbr0_may_be_the_old_one);
	tcase_add_test(tc, before_the_isb_ttbr0_may_be_the_new_one);
	tcase_add_test(tc, an_access_of_el0_has_an_exception_return_before_it);
	tcase_add_test(tc, a_dsb_ends_when_all_have_forgotten);
	tcase_add_test(tc, between_tlbi_and_dsb_others_use_what_is_gone);
	tcase_add_test(tc, a_dsb_waits_for_stores_through_what_was_removed);
	tcase_add_test(tc, with_the_erratum_it_does_not);
	tcase_add_test(tc, with_the_erratum_the_second_dsb_waits);
	tcase_add_test(tc, names_are_the_assemblers);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
