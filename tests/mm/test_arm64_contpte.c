/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contiguous entries: Linux v6.12 arch/arm64/mm/contpte.c. A huge page that is
 * split gives 32 blocks of 16.
 */
#include "mm/huge_memory.h"
#include "mm/mmap_lock.h"
#include "mm/pgtable_map.h"
#include "mm/ptep.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "mm/vma.h"
#include "tests/mm/lab.h"

#define HEAP      UINT64_C(0x40000000)
#define HUGE_SIZE UINT64_C(0x200000)
#define PAGES(n)  ((uint64_t)(n)*PAGE_SIZE)

static void run_huge(void (*body)(struct task *t), enum contpte_convert how,
                     enum contpte_get get)
{
	struct lab *lab = lab_new_arch(ARCH_ARM64, 2);

	lab->options.contpte_convert = how;
	lab->options.contpte_get = get;
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", body);
	lab_run(lab);
	lab_free(lab, true);
}

static void split_heap(struct task *t)
{
	struct vm_area_struct *vma;

	lab_map(t, HEAP, HUGE_SIZE);
	lab_touch(t, HEAP, true);
	mmap_read_lock(t->mm);
	vma = vma_lookup(t->mm, HEAP);
	split_huge_pmd_address(vma, HEAP);
	mmap_read_unlock(t->mm);
}

static pte_t raw(struct task *t, vaddr_t addr)
{
	return __pte(lab_pte(t->mm, addr));
}

static unsigned nr_cont(struct task *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 512; i++)
		n += pte_cont(raw(t, HEAP + PAGES(i)));
	return n;
}

static void body_fold(struct task *t)
{
	struct lab *lab = lab_of(t);
	unsigned before;

	split_heap(t);
	ck_assert_uint_eq(nr_cont(t), 512);

	/* One page in the middle of a block: its 16 are on their own. */
	ck_assert_int_eq(
		do_sys_mprotect(t, HEAP + PAGES(21), PAGE_SIZE, PROT_READ), 0);
	ck_assert_uint_eq(nr_cont(t), 496);
	for (unsigned i = 16; i < 32; i++)
		ck_assert(!pte_cont(raw(t, HEAP + PAGES(i))));
	ck_assert(!pte_write(raw(t, HEAP + PAGES(21))));
	ck_assert(pte_write(raw(t, HEAP + PAGES(22))));

	/* All alike again, but the last one of them was not written. */
	lab->nr_calls = 0;
	ck_assert_int_eq(do_sys_mprotect(t, HEAP + PAGES(21), PAGE_SIZE,
	                                 PROT_READ | PROT_WRITE),
	                 0);
	ck_assert_uint_eq(nr_cont(t), 496);
	before = lab_count(lab, HW_TLBI, 0);
	ck_assert_int_eq(
		do_sys_mprotect(t, HEAP + PAGES(16), PAGES(16), PROT_READ), 0);
	ck_assert_uint_eq(nr_cont(t), 512);
	ck_assert_uint_ge(lab_count(lab, HW_TLBI, 0) - before, 16);
	exit_mm(t);
}

START_TEST(blocks_unfold_for_one_page_and_fold_when_all_agree)
{
	run_huge(body_fold, CONTPTE_CONVERT_BREAK_BEFORE_MAKE, CONTPTE_GET_ALL);
}
END_TEST

/* When entries change, and when TLBs are told, in order. */
struct order {
	struct observer base;
	unsigned live;    /* a valid entry got another CONT */
	unsigned cleared; /* since the last flush */
	unsigned unflushed_sets;
};
static struct order order;

static void watch(struct observer *o, struct machine *m, const struct event *ev)
{
	struct order *ord = (struct order *)(void *)o;
	pte_t old = __pte(ev->b), new = __pte(ev->a);

	(void)m;
	if (ev->type == EV_STEP) {
		if (!strcmp(ev->agent->next.label, "hw"))
			ord->cleared = 0;
		return;
	}
	if (ev->c != PT_LEVEL_PTE)
		return;
	if (pte_hw_present(old) && pte_hw_present(new) &&
	    pte_cont(old) != pte_cont(new))
		ord->live++;
	if (pte_hw_present(old) && !pte_hw_present(new))
		ord->cleared++;
	else if (pte_hw_present(new) && !pte_hw_present(old) && ord->cleared)
		ord->unflushed_sets++;
}

static void body_order(struct task *t)
{
	struct machine *m = t->agent->machine;

	split_heap(t);
	order = (struct order){ .base = { .types = BIT_ULL(EV_PT_WRITE) |
		                                   BIT_ULL(EV_STEP),
		                          .event = watch } };
	observe(m, &order.base);
	pte_clear(t->mm, HEAP + PAGES(3),
	          pte_offset_table(
			  pt_walk(m, t->mm->pgd, HEAP).entry[PT_LEVEL_PTE].pa >>
				  PAGE_SHIFT,
			  HEAP + PAGES(3)));
	unobserve(m, &order.base);
	/* Put it back, so that the scan finds nothing. */
	__set_pte_at(
		HEAP + PAGES(3),
		pte_offset_table(
			pt_walk(m, t->mm->pgd, HEAP).entry[PT_LEVEL_PTE].pa >>
				PAGE_SHIFT,
			HEAP + PAGES(3)),
		__pte(pte_val(raw(t, HEAP + PAGES(2))) + PAGE_SIZE));
	exit_mm(t);
}

START_TEST(an_unfold_breaks_before_it_makes)
{
	run_huge(body_order, CONTPTE_CONVERT_BREAK_BEFORE_MAKE,
	         CONTPTE_GET_ALL);
	ck_assert_uint_eq(order.live, 0);
	ck_assert_uint_eq(order.unflushed_sets, 0);
}
END_TEST

START_TEST(the_live_variant_does_not)
{
	run_huge(body_order, CONTPTE_CONVERT_LIVE, CONTPTE_GET_ALL);
	ck_assert_uint_eq(order.live, 16);
}
END_TEST

/* The hardware sets D in entry 7; who asks for entry 3? */
static pte_t *entry_of(struct task *t, unsigned i)
{
	struct machine *m = t->agent->machine;

	return pte_offset_table(
		pt_walk(m, t->mm->pgd, HEAP).entry[PT_LEVEL_PTE].pa >>
			PAGE_SHIFT,
		HEAP + PAGES(i));
}

static bool seen_dirty;

static void body_get(struct task *t)
{
	pte_t clean;

	split_heap(t);
	for (unsigned i = 0; i < 16; i++) {
		clean = pte_mkclean(raw(t, HEAP + PAGES(i)));
		__set_pte_at(HEAP + PAGES(i), entry_of(t, i), clean);
	}
	ck_assert(!pte_dirty(ptep_get(HEAP + PAGES(3), entry_of(t, 3))));
	/* AP[2] goes: what DBM does for a store. */
	clean = raw(t, HEAP + PAGES(7));
	__set_pte_at(HEAP + PAGES(7), entry_of(t, 7),
	             __pte(pte_val(clean) & ~BIT_ULL(7)));
	seen_dirty = pte_dirty(ptep_get(HEAP + PAGES(3), entry_of(t, 3)));
	ck_assert(
		pte_dirty(ptep_get_lockless(HEAP + PAGES(3), entry_of(t, 3))));
	exit_mm(t);
}

START_TEST(a_look_at_one_gathers_from_all)
{
	run_huge(body_get, CONTPTE_CONVERT_BREAK_BEFORE_MAKE, CONTPTE_GET_ALL);
	ck_assert(seen_dirty);
}
END_TEST

START_TEST(a_look_at_one_only_misses_the_others)
{
	run_huge(body_get, CONTPTE_CONVERT_BREAK_BEFORE_MAKE, CONTPTE_GET_ONE);
	ck_assert(!seen_dirty);
}
END_TEST

static void body_off(struct task *t)
{
	split_heap(t);
	ck_assert_uint_eq(nr_cont(t), 0);
	exit_mm(t);
}

START_TEST(without_the_option_nothing_is_folded)
{
	struct lab *lab = lab_new_arch(ARCH_ARM64, 2);

	lab->options.contpte = false;
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_off);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

/* ---- ptep_set_access_flags() ---- */

/* Between the fault's look and the update hardware sets D. */
static void body_access_flags(struct task *t)
{
	struct vm_area_struct *vma;
	pte_t seen, now;

	lab_map(t, HEAP, PAGE_SIZE);
	lab_touch(t, HEAP, true);
	now = pte_mkold(pte_mkclean(raw(t, HEAP)));
	__set_pte_at(HEAP, entry_of(t, 0), now);
	seen = now;
	__set_pte_at(HEAP, entry_of(t, 0), __pte(pte_val(now) & ~BIT_ULL(7)));
	vma = vma_lookup(t->mm, HEAP);
	ck_assert(ptep_set_access_flags(vma, HEAP, entry_of(t, 0),
	                                pte_mkyoung(seen), false));
	seen_dirty = pte_dirty(raw(t, HEAP));
	ck_assert(pte_young(raw(t, HEAP)));
	exit_mm(t);
}

static void run_access_flags(enum access_flags how)
{
	struct lab *lab = lab_new_arch(ARCH_ARM64, 1);

	lab->options.access_flags = how;
	lab->options.thp = THP_NEVER;
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_access_flags);
	lab_run(lab);
	lab_free(lab, true);
}

START_TEST(access_flags_keep_a_dirty_state_set_meanwhile)
{
	run_access_flags(ACCESS_FLAGS_CMPXCHG);
	ck_assert(seen_dirty);
}
END_TEST

START_TEST(the_plain_variant_loses_it)
{
	run_access_flags(ACCESS_FLAGS_PLAIN);
	ck_assert(!seen_dirty);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, blocks_unfold_for_one_page_and_fold_when_all_agree);
	tcase_add_test(tc, an_unfold_breaks_before_it_makes);
	tcase_add_test(tc, the_live_variant_does_not);
	tcase_add_test(tc, a_look_at_one_gathers_from_all);
	tcase_add_test(tc, a_look_at_one_only_misses_the_others);
	tcase_add_test(tc, without_the_option_nothing_is_folded);
	tcase_add_test(tc, access_flags_keep_a_dirty_state_set_meanwhile);
	tcase_add_test(tc, the_plain_variant_loses_it);
}

int main(void)
{
	return lab_main("mm/arm64_contpte", add);
}
