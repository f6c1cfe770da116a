/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accessors: one step each, with its kind, label and event; and the views. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"
#include "pagetable/format.h"
#include "pagetable/pgtable.h"

#define VA UINT64_C(0x40201000)

static struct machine *m;
static paddr_t root;

/* The steps of one body, and the last event of a write. */
static struct watcher {
	struct observer base;
	unsigned nr_steps;
	struct step steps[64];
	unsigned nr_writes;
	struct event write;
} w;

static void watch(struct observer *o, struct machine *machine,
                  const struct event *ev)
{
	(void)o;
	(void)machine;
	if (ev->type == EV_PT_WRITE) {
		w.nr_writes++;
		w.write = *ev;
	} else if (ev->agent->kind == AGENT_TASK &&
	           w.nr_steps < ARRAY_SIZE(w.steps)) {
		w.steps[w.nr_steps++] = ev->agent->next;
	}
}

static void setup(void)
{
	struct machine_config config = { .nr_cpus = 1,
		                         .memory_bytes = UINT64_C(1) << 30 };

	m = machine_new(&config);
	memset(&w, 0, sizeof(w));
	w.base.name = "watcher";
	w.base.types = BIT_ULL(EV_STEP) | BIT_ULL(EV_PT_WRITE);
	w.base.event = watch;
	observe(m, &w.base);
	root = page_to_pfn(&m->mem, alloc_frames(m, 0, FRAME_PT_PGD, true))
	       << PAGE_SHIFT;
}

static void teardown(void)
{
	machine_free(m);
}

static void run(void (*fn)(void *arg))
{
	m->policy = policy_timed_new();
	agent_new(m, AGENT_TASK, &m->cpus[0], "test", fn, NULL);
	ck_assert_int_eq(machine_run(m), RUN_DONE);
	policy_free(m->policy);
	m->policy = NULL;
}

static pfn_t new_table(enum frame_kind kind)
{
	return page_to_pfn(&m->mem, alloc_frames(m, 0, kind, true));
}

/* The last step was this, on @entry, for VA. */
static void expect_step(enum step_kind kind, const char *label,
                        const void *entry)
{
	const struct step *st = &w.steps[w.nr_steps - 1];

	ck_assert_int_eq(st->kind, kind);
	ck_assert_str_eq(st->label, label);
	ck_assert_uint_eq(st->object, mem_obj(m, entry));
	ck_assert_uint_eq(st->size, 8);
	ck_assert_uint_eq(st->addr, VA);
}

static void expect_write(const void *entry, uint64_t old, uint64_t value,
                         unsigned level)
{
	ck_assert_uint_eq(w.write.addr, virt_to_phys(&m->mem, entry));
	ck_assert_uint_eq(w.write.a, value);
	ck_assert_uint_eq(w.write.b, old);
	ck_assert_uint_eq(w.write.c, level);
}

/* Populate everything down to the PTE of VA. */
static pte_t *build(pmd_t **pmdpp)
{
	pgd_t *pgd = pgd_offset_pgd(root, VA);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	ck_assert(!pgd_none(pgdp_get(VA, pgd)));
	p4d = p4d_offset(pgd, VA);
	ck_assert_ptr_eq(p4d, pgd);
	p4d_populate(VA, p4d, new_table(FRAME_PT_PUD));
	pud = pud_offset(p4d, VA);
	pud_populate(VA, pud, new_table(FRAME_PT_PMD));
	pmd = pmd_offset(pud, VA);
	pmd_populate(VA, pmd, new_table(FRAME_PT_PTE));
	if (pmdpp)
		*pmdpp = pmd;
	return pte_offset_kernel(pmd, VA);
}

static void building(void *arg)
{
	pmd_t *pmd;
	pte_t *pte = build(&pmd);
	struct pt_walk walk;

	(void)arg;
	/* The start; populate and offset for three levels. Folding costs none.
	 */
	ck_assert_uint_eq(w.nr_steps, 1 + 6);
	ck_assert_uint_eq(w.nr_writes, 3);
	ck_assert_ptr_eq(pte_offset_lockless(pmdp_get(VA, pmd), VA), pte);
	__set_pte_at(VA, pte, pfn_pte(9, vm_get_page_prot(11)));
	expect_step(STEP_WRITE, "set_pte_at", pte);
	expect_write(pte, 0, pte_val(pfn_pte(9, vm_get_page_prot(11))), 1);
	walk = pt_walk(m, root, VA + 5);
	ck_assert(walk.leaf && walk.write && walk.user && !walk.exec);
	ck_assert_uint_eq(walk.level, PT_LEVEL_PTE);
	ck_assert_uint_eq(walk.paddr, 0x9005);
	ck_assert_uint_eq(walk.entry[1].pa, virt_to_phys(&m->mem, pte));
	ck_assert_uint_eq(pt_walk(m, root, VA + PMD_SIZE).level, PT_LEVEL_PMD);
	ck_assert(!pt_walk(m, root, VA + PMD_SIZE).leaf);
}

START_TEST(a_tree_is_built_level_by_level_and_walked)
{
	run(building);
}
END_TEST

static void atomics(void *arg)
{
	pte_t *pte = build(NULL);
	pte_t old = pte_mkdirty(pfn_pte(9, vm_get_page_prot(11)));

	(void)arg;
	__set_pte_at(VA, pte, old);
	w.nr_steps = 0;
	__ptep_set_wrprotect(VA, pte);
	ck_assert_uint_eq(w.nr_steps, 1);
	expect_step(STEP_RMW, "ptep_set_wrprotect", pte);
	expect_write(pte, pte_val(old), pte_val(__pte_wrprotect(old)), 1);
	ck_assert(__ptep_test_and_clear_young(VA, pte));
	ck_assert(!__ptep_test_and_clear_young(VA, pte));
	expect_step(STEP_RMW, "ptep_test_and_clear_young", pte);
	ck_assert_uint_eq(pte_val(__ptep_get_and_clear(VA, pte)),
	                  pte_val(pte_mkold(__pte_wrprotect(old))));
	expect_step(STEP_RMW, "ptep_get_and_clear", pte);
	ck_assert(pte_none(__ptep_get(VA, pte)));
	expect_step(STEP_READ, "ptep_get", pte);
	__set_pte_at(VA, pte, old);
	ck_assert(pte_same(__ptep_modify_prot_start(VA, pte), old));
	expect_step(STEP_RMW, "ptep_modify_prot_start", pte);
	__ptep_modify_prot_commit(VA, pte, old);
	expect_step(STEP_WRITE, "ptep_modify_prot_commit", pte);
}

START_TEST(atomic_updates_are_one_step)
{
	run(atomics);
}
END_TEST

static void plain(void *arg)
{
	pte_t *pte = build(NULL);
	pte_t old = pfn_pte(9, vm_get_page_prot(11));

	(void)arg;
	__set_pte_at(VA, pte, old);
	w.nr_steps = 0;
	__ptep_set_wrprotect_plain(VA, pte);
	ck_assert_uint_eq(w.nr_steps, 2);
	expect_step(STEP_WRITE, "ptep_set_wrprotect", pte);
	ck_assert_str_eq(w.steps[0].label, "ptep_set_wrprotect (read)");
	ck_assert(!pte_write(__ptep_get(VA, pte)));
	ck_assert(!pte_write(__ptep_get_and_clear_plain(VA, pte)));
	w.nr_steps = 0;
	ck_assert(__ptep_set_access_flags(VA, pte, old, true));
	ck_assert_uint_eq(w.nr_steps, 2);
	ck_assert(!__ptep_set_access_flags(VA, pte, old, true));
	ck_assert_uint_eq(w.nr_steps, 3);
}

START_TEST(plain_updates_are_two_steps)
{
	run(plain);
}
END_TEST

static void huge(void *arg)
{
	pmd_t huge_pmd = pfn_pmd(0x400, vm_get_page_prot(11));
	pmd_t *pmd;

	(void)arg;
	build(&pmd);
	pmd_clear(VA, pmd);
	expect_step(STEP_WRITE, "pmd_clear", pmd);
	set_pmd_at(VA, pmd, huge_pmd);
	expect_write(pmd, 0, pmd_val(huge_pmd), 2);
	ck_assert(pmd_same(pmdp_invalidate(VA, pmd), huge_pmd));
	expect_step(STEP_RMW, "pmdp_invalidate", pmd);
	expect_write(pmd, pmd_val(huge_pmd), pmd_val(pmd_mkinvalid(huge_pmd)),
	             2);
	ck_assert(!pt_walk(m, root, VA).leaf);
	ck_assert(pmd_same(pmdp_establish(VA, pmd, huge_pmd),
	                   pmd_mkinvalid(huge_pmd)));
	ck_assert_uint_eq(pt_walk(m, root, VA).paddr, 0x401000);
	ck_assert(pmd_same(pmdp_huge_get_and_clear(VA, pmd), huge_pmd));
	ck_assert(pmd_none(pmdp_get(VA, pmd)));
}

START_TEST(huge_entries_are_invalidated_established_and_cleared)
{
	run(huge);
}
END_TEST

static void freed(void *arg)
{
	pmd_t *pmd;
	pte_t *pte = build(&pmd);

	(void)arg;
	__set_pte_at(VA, pte, pfn_pte(9, vm_get_page_prot(11)));
	free_frames(m, pfn_to_page(&m->mem, pmd_pgtable(pmdp_get(VA, pmd))));
	ck_assert_uint_eq(pte_val(__ptep_get(VA, pte)),
	                  UINT64_C(0xaaaaaaaaaaaaaaaa));
}

START_TEST(a_freed_table_reads_as_poison)
{
	run(freed);
}
END_TEST

static unsigned nr_rules;

static void count_rule(struct observer *o, struct machine *machine,
                       const struct event *ev)
{
	(void)o;
	(void)machine;
	(void)ev;
	nr_rules++;
}

static void astray(void *arg)
{
	struct observer o = { .name = "rule",
		              .types = BIT_ULL(EV_RULE),
		              .event = count_rule };
	pte_t *pte;

	(void)arg;
	observe(m, &o);
	pte = pte_offset_table(UINT64_C(1) << 35, VA);
	ck_assert_uint_eq(nr_rules, 1);
	ck_assert_uint_lt(virt_to_phys(&m->mem, pte), PAGE_SIZE);
	unobserve(m, &o);
}

START_TEST(an_entry_that_leads_out_of_memory_breaks_a_rule)
{
	run(astray);
}
END_TEST

/* ---- all entries ---- */

struct visit {
	unsigned nr, nr_leaves;
	vaddr_t last;
	bool descend;
};

static bool visit(const struct pt_entry *e, vaddr_t addr, void *data)
{
	struct visit *v = data;

	v->nr++;
	if (e->leaf && e->present) {
		v->nr_leaves++;
		ck_assert_uint_ge(addr, v->last);
		v->last = addr;
	}
	return v->descend;
}

static void visiting(void *arg)
{
	pte_t *pte = build(NULL);
	struct visit v = { .descend = true };

	(void)arg;
	for (unsigned i = 0; i < 3; i++)
		__set_pte_at(VA, pte + 2 * i, pfn_pte(9, vm_get_page_prot(11)));
	pt_for_each_entry(m, root, 0, task_size(), visit, &v);
	ck_assert_uint_eq(v.nr, 6);
	ck_assert_uint_eq(v.nr_leaves, 3);
	ck_assert_uint_eq(v.last, VA + 4 * PAGE_SIZE);
	v = (struct visit){ .descend = true };
	pt_for_each_entry(m, root, VA + PAGE_SIZE, VA + 4 * PAGE_SIZE, visit,
	                  &v);
	ck_assert_uint_eq(v.nr_leaves, 1);
	ck_assert_uint_eq(v.last, VA + 2 * PAGE_SIZE);
	v = (struct visit){ .descend = false };
	pt_for_each_entry(m, root, 0, task_size(), visit, &v);
	ck_assert_uint_eq(v.nr, 1);
}

START_TEST(every_entry_of_a_range_is_visited_in_order)
{
	run(visiting);
}
END_TEST

/* ---- 5 levels ---- */

static void five(void *arg)
{
	const vaddr_t va = UINT64_C(0x0123456789abc000);
	pgd_t *pgd = pgd_offset_pgd(root, va);
	p4d_t *p4d;

	(void)arg;
	ck_assert(pgtable_l5_enabled());
	ck_assert_uint_eq(PGDIR_SHIFT, 48);
	ck_assert(pgd_none(pgdp_get(va, pgd)));
	pgd_populate(va, pgd, new_table(FRAME_PT_P4D));
	ck_assert_uint_eq(w.write.c, PT_LEVEL_PGD);
	p4d = p4d_offset(pgd, va);
	ck_assert_ptr_ne(p4d, pgd);
	ck_assert(p4d_none(p4dp_get(va, p4d)));
	ck_assert_uint_eq(pt_walk(m, root, va).level, PT_LEVEL_P4D);
	ck_assert_uint_eq(pt_walk(m, root, va).root_level, PT_LEVEL_PGD);
	pgd_clear(va, pgd);
	ck_assert(pgd_none(pgdp_get(va, pgd)));
}

START_TEST(with_five_levels_the_p4d_is_a_level)
{
	m->pt_format = &x86_pt_format_5level;
	run(five);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pagetable/accessors");
	TCase *tc = tcase_create("accessors");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_tree_is_built_level_by_level_and_walked);
	tcase_add_test(tc, atomic_updates_are_one_step);
	tcase_add_test(tc, plain_updates_are_two_steps);
	tcase_add_test(tc,
	               huge_entries_are_invalidated_established_and_cleared);
	tcase_add_test(tc, a_freed_table_reads_as_poison);
	tcase_add_test(tc, an_entry_that_leads_out_of_memory_breaks_a_rule);
	tcase_add_test(tc, every_entry_of_a_range_is_visited_in_order);
	tcase_add_test(tc, with_five_levels_the_p4d_is_a_level);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
