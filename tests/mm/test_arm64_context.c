/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ASID allocator. What must hold: Linux v6.12 arch/arm64/mm/context.c.
 *
 * With 2 CPUs and 2 bits there are 4 ASIDs, of which 0 is reserved: the fourth
 * mm makes them roll over.
 */
#include "base/bug.h"
#include "mm/mm.h"
#include "mm/mmu_context.h"
#include "mm/sys.h"
#include "mm/tlb.h"
#include "tests/mm/lab.h"

#define GENERATION(mm) ((uint64_t)(mm)->context.id.counter >> 16)
#define ASID(mm)       ((uint64_t)(mm)->context.id.counter & 0xffff)
#define NR_MMS         6

static struct lab *small_lab(unsigned nr_cpus)
{
	struct lab *lab = lab_new_arch(ARCH_ARM64, nr_cpus);

	lab->options.asid_bits = 2;
	lab_boot(lab);
	return lab;
}

static struct mm_struct *mms[NR_MMS];

/* What a CPU does that runs one after the other. */
static void switch_to(struct mm_struct *mm)
{
	struct task *t = current_task();

	local_irq_disable();
	switch_mm_irqs_off(t->active_mm, mm, t);
	t->active_mm = mm;
	local_irq_enable();
}

static void run_one_cpu(void (*body)(struct task *t))
{
	struct lab *lab = small_lab(2);

	for (unsigned i = 0; i < NR_MMS; i++)
		mms[i] = mm_alloc(lab->k, "A");
	lab_task(lab, 0, NULL, "t", body);
	lab_run(lab);
	lab_free(lab, false);
}

static void body_first(struct task *t)
{
	struct lab *lab = lab_of(t);

	t->active_mm = lab->k->init_mm;
	for (unsigned i = 0; i < 3; i++) {
		lab->nr_calls = 0;
		switch_to(mms[i]);
		ck_assert_uint_eq(ASID(mms[i]), i + 1);
		ck_assert_uint_eq(GENERATION(mms[i]), 1);
		ck_assert_uint_eq(lab_last(lab, HW_WRITE_TTBR0, 0)->pcid,
		                  i + 1);
		ck_assert_uint_eq(lab_last(lab, HW_WRITE_TTBR0, 0)->root,
		                  mms[i]->pgd);
		ck_assert_uint_eq(lab->calls[lab->nr_calls - 1].op, HW_ISB);
		ck_assert_uint_eq(lab_count(lab, HW_TLBI, 0), 0);
	}
	/* Back: the ASID is still good, nothing is flushed. */
	lab->nr_calls = 0;
	switch_to(mms[0]);
	ck_assert_uint_eq(ASID(mms[0]), 1);
	ck_assert_uint_eq(lab_count(lab, HW_TLBI, 0), 0);
}

START_TEST(each_mm_gets_an_asid_and_keeps_it)
{
	run_one_cpu(body_first);
}
END_TEST

static void body_rollover(struct task *t)
{
	struct lab *lab = lab_of(t);

	t->active_mm = lab->k->init_mm;
	for (unsigned i = 0; i < 3; i++)
		switch_to(mms[i]);
	lab->nr_calls = 0;
	switch_to(mms[3]);
	/* A new generation; this CPU's TLB goes before the ASID is used. */
	ck_assert_uint_eq(GENERATION(mms[3]), 2);
	ck_assert_uint_eq(lab->calls[0].op, HW_TLBI);
	ck_assert_uint_eq(lab->calls[0].tlbi.op, TLBI_ALL);
	ck_assert(!lab->calls[0].tlbi.inner_shareable);
	ck_assert_uint_eq(lab->calls[1].op, HW_DSB_NSH);
	ck_assert_uint_eq(lab->calls[2].op, HW_ISB);
	ck_assert_uint_eq(lab->calls[3].op, HW_WRITE_TTBR0);
	/* mms[2] ran here when it rolled over: its ASID, 3, is reserved. */
	ck_assert_uint_ne(ASID(mms[3]), 3);
	switch_to(mms[2]);
	ck_assert_uint_eq(ASID(mms[2]), 3);
	ck_assert_uint_eq(GENERATION(mms[2]), 2);
	/* One that is not of this generation looks for its old one first. */
	switch_to(mms[1]);
	ck_assert_uint_eq(ASID(mms[1]), 2);
	ck_assert_uint_eq(GENERATION(mms[1]), 2);
}

START_TEST(when_they_run_out_a_new_generation_begins)
{
	run_one_cpu(body_rollover);
}
END_TEST

static void body_bits(struct task *t)
{
	struct lab *lab = lab_of(t);

	t->active_mm = lab->k->init_mm;
	for (unsigned i = 0; i < 3; i++)
		switch_to(mms[i]);
	/* No room for 2 bits with 3 CPUs: 7 can be had. */
	switch_to(mms[3]);
	ck_assert_uint_eq(GENERATION(mms[3]), 1);
	ck_assert_uint_eq(ASID(mms[3]), 4);
}

START_TEST(there_are_always_more_asids_than_cpus)
{
	struct lab *lab = small_lab(3);

	for (unsigned i = 0; i < NR_MMS; i++)
		mms[i] = mm_alloc(lab->k, "A");
	lab_task(lab, 0, NULL, "t", body_bits);
	lab_run(lab);
	lab_free(lab, false);
}
END_TEST

/* ---- two CPUs ---- */

/* No two mms in use may have one ASID; who runs keeps his. */
static void check_unique(const struct lab *lab)
{
	for (unsigned i = 0; i < lab->m->nr_cpus; i++) {
		bool lazy;
		const struct mm_struct *a =
			cpu_loaded_mm(&lab->m->cpus[i], &lazy);

		for (unsigned j = 0; j < i; j++) {
			const struct mm_struct *b =
				cpu_loaded_mm(&lab->m->cpus[j], &lazy);

			if (a == b || !a->id || !b->id)
				continue;
			ck_assert_uint_ne(
				lab_last(lab, HW_WRITE_TTBR0, i)->pcid,
				lab_last(lab, HW_WRITE_TTBR0, j)->pcid);
		}
	}
}

static void body_switcher(struct task *t)
{
	struct lab *lab = lab_of(t);
	unsigned cpu = smp_processor_id();

	t->active_mm = lab->k->init_mm;
	for (unsigned i = 0; i < 20; i++) {
		switch_to(mms[(i * (cpu + 1) + cpu * 2) % NR_MMS]);
	}
}

/* Each write of TTBR0: the ASID is nobody else's who has it loaded now. */
static void check_history(const struct lab *lab)
{
	const struct hw_call *now[2] = { NULL, NULL };

	for (unsigned i = 0; i < lab->nr_calls; i++) {
		const struct hw_call *c = &lab->calls[i];

		if (c->op != HW_WRITE_TTBR0)
			continue;
		now[c->cpu] = c;
		if (!now[!c->cpu] || !c->pcid)
			continue;
		ck_assert((now[!c->cpu]->pcid == c->pcid) ==
		          (now[!c->cpu]->root == c->root));
	}
}

START_TEST(an_asid_belongs_to_one_mm_at_a_time)
{
	struct lab *lab = small_lab(2);
	struct policy *random = policy_random_new((uint64_t)_i);

	for (unsigned i = 0; i < NR_MMS; i++)
		mms[i] = mm_alloc(lab->k, "A");
	lab->m->policy = random;
	for (unsigned cpu = 0; cpu < 2; cpu++)
		lab_task(lab, cpu, NULL, "t", body_switcher);
	lab_run(lab);
	check_history(lab);
	check_unique(lab);
	lab->m->policy = lab->policy;
	policy_free(random);
	lab_free(lab, false);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, each_mm_gets_an_asid_and_keeps_it);
	tcase_add_test(tc, when_they_run_out_a_new_generation_begins);
	tcase_add_test(tc, there_are_always_more_asids_than_cpus);
	tcase_add_loop_test(tc, an_asid_belongs_to_one_mm_at_a_time, 0, 50);
}

int main(void)
{
	return lab_main("mm/arm64_context", add);
}
