/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every combination of rights in two levels, control bits and kinds of access,
 * against SDM 3A 4.6.1 (determination of access rights) and 4.7 (error code)
 * written down again here; first through a walk, then through the TLB.
 */
#include "tests/mmu/fixture.h"

struct combination {
	bool w, u, nx;                   /* of the leaf */
	bool upper_w, upper_u, upper_nx; /* of the PMD entry */
	bool wp, smep, smap, nxe;
	bool user, ac;
	enum mmu_op op;
};

static bool nth(unsigned i, unsigned bit)
{
	return i >> bit & 1;
}

#define NR_BITS 12
static struct combination combination_of(unsigned i, enum mmu_op op)
{
	return (struct combination){
		.w = nth(i, 0),
		.u = nth(i, 1),
		.nx = nth(i, 2),
		.upper_w = nth(i, 3),
		.upper_u = nth(i, 4),
		.upper_nx = nth(i, 5),
		.wp = nth(i, 6),
		.smep = nth(i, 7),
		.smap = nth(i, 8),
		.nxe = nth(i, 9),
		.user = nth(i, 10),
		.ac = nth(i, 11),
		.op = op,
	};
}

/* The manual: may it? */
static bool permitted(const struct combination *c)
{
	bool user_page = c->u && c->upper_u;
	bool writable = c->w && c->upper_w;
	bool no_execute = c->nx || c->upper_nx;

	if (c->op == MMU_FETCH) {
		if (no_execute)
			return false;
		return c->user ? user_page : !(user_page && c->smep);
	}
	if (c->user)
		return user_page && (c->op == MMU_LOAD || writable);
	if (user_page && c->smap && !c->ac)
		return false;
	return c->op == MMU_LOAD || writable || !c->wp;
}

/* The manual: what is the error code if not? */
static uint64_t code_of(const struct combination *c, bool reserved)
{
	uint64_t code = 1;

	if (c->op == MMU_STORE || c->op == MMU_XCHG)
		code |= 2;
	if (c->user)
		code |= 4;
	if (reserved)
		code |= 8;
	if (c->op == MMU_FETCH && (c->nxe || c->smep))
		code |= 16;
	return code;
}

static paddr_t pte, pmd, frame, table;

static void set_up(const struct combination *c)
{
	struct mmu *mmu = &b.mmu[0];

	set_entry(pte, frame | X86_P | (c->w ? X86_RW : 0) |
	                       (c->u ? X86_US : 0) | (c->nx ? X86_NX : 0));
	set_entry(pmd, table | X86_P | (c->upper_w ? X86_RW : 0) |
	                       (c->upper_u ? X86_US : 0) |
	                       (c->upper_nx ? X86_NX : 0));
	mmu->cr0_wp = c->wp;
	mmu->cr4_smep = c->smep;
	mmu->cr4_smap = c->smap;
	mmu->efer_nxe = c->nxe;
	tlb_reset(&mmu->tlb);
}

static void try_one(const struct combination *c, bool cached)
{
	bool reserved = !c->nxe && (c->nx || c->upper_nx);
	bool want = permitted(c) && !reserved;
	struct mmu_access acc = { .va = VA,
		                  .op = (uint8_t)c->op,
		                  .size = 8,
		                  .user = c->user,
		                  .ac = c->ac };
	struct fault_info fault = { 0 };
	bool got = mmu_access(&b.mmu[0], &acc, &fault);

	ck_assert_msg(got == want, "cached %d: %d", cached, got);
	if (got)
		return;
	ck_assert_uint_eq(fault.code, code_of(c, reserved));
	ck_assert_uint_eq(fault.addr, VA);
	ck_assert_int_eq(fault.present, true);
	ck_assert_int_eq(fault.reserved, reserved);
}

/* A supervisor's load without SMAP that everything but a reserved bit allows,
 * so that the translation is cached. */
static void cache(const struct combination *c)
{
	struct mmu *mmu = &b.mmu[0];
	struct mmu_access acc = { .va = VA, .op = MMU_LOAD, .size = 8 };
	struct fault_info fault;
	bool ok;

	mmu->cr4_smap = false;
	if (c->op == MMU_FETCH) {
		mmu->cr4_smep = false;
		acc.op = MMU_FETCH;
	}
	ok = mmu_access(mmu, &acc, &fault);
	(void)ok;
	mmu->cr4_smap = c->smap;
	mmu->cr4_smep = c->smep;
}

static void all_combinations(void *arg)
{
	static const enum mmu_op ops[] = { MMU_LOAD, MMU_STORE, MMU_FETCH,
		                           MMU_XCHG };

	(void)arg;
	for (unsigned i = 0; i < ARRAY_SIZE(ops) << NR_BITS; i++) {
		struct combination c = combination_of(i, ops[i >> NR_BITS]);

		set_up(&c);
		try_one(&c, false);
		set_up(&c);
		cache(&c);
		try_one(&c, true);
	}
}

START_TEST(every_combination_of_rights_is_as_the_manual_says)
{
	pte = map_new(VA, RIGHTS_RW, &frame);
	pmd = entry_of(VA, PT_LEVEL_PMD);
	table = entry_at(pmd) & X86_PFN_MASK;
	run(all_combinations);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mmu/exhaustive_rights");
	TCase *tc = tcase_create("rights");

	tcase_add_checked_fixture(tc, bench_setup, bench_teardown);
	tcase_add_test(tc, every_combination_of_rights_is_as_the_manual_says);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
