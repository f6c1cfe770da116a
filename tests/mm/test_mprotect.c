/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: mprotect(2). */
#include "mm/mprotect.h"

#include <string.h>

#include "mm/vma.h"
#include "tests/mm/fixture.h"

#define BASE UINT64_C(0x40000000)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define RW   (PROT_READ | PROT_WRITE)

static void rights(struct task *t)
{
	mmap_anon(t, BASE, 4 * PAGE_SIZE, RW);
	store(t, BASE, 1);
	store(t, BASE + 0x1000, 2);
	ck_assert_int_eq(do_sys_mprotect(t, BASE + 0x1000, 1, PROT_READ), 0);
	ck_assert_str_eq(maps(t->mm), "40000000-40001000 rw-p\n"
	                              "40001000-40002000 r--p\n"
	                              "40002000-40004000 rw-p\n");
	ck_assert(!user_access(t, BASE + 0x1000, true));
	ck_assert_uint_eq(load(t, BASE + 0x1000), 2);
	store(t, BASE, 3);

	ck_assert_int_eq(do_sys_mprotect(t, BASE, 0x2000, PROT_NONE), 0);
	ck_assert(!user_access(t, BASE, false));
	ck_assert(!user_access(t, BASE + 0x1000, false));
	ck_assert_int_eq(t->mm->rss_anon.counter, 2);

	ck_assert_int_eq(do_sys_mprotect(t, BASE, 0x4000, RW), 0);
	ck_assert_str_eq(maps(t->mm), "40000000-40004000 rw-p\n");
	/* An exclusive page becomes writable at once, without a fault. */
	ck_assert(pt_walk(fix.m, t->mm->pgd, BASE).write);
	ck_assert_uint_eq(load(t, BASE), 3);
	ck_assert_uint_eq(load(t, BASE + 0x1000), 2);
	vma_check(t->mm);
}

START_TEST(rights_change_and_contents_stay)
{
	run_process(rights);
}
END_TEST

static void errors(struct task *t)
{
	mmap_anon(t, BASE, 8192, RW);
	mmap_anon(t, BASE + 16384, 4096, RW);
	ck_assert_int_eq(do_sys_mprotect(t, BASE + 1, 4096, PROT_READ),
	                 -EINVAL);
	ck_assert_int_eq(do_sys_mprotect(t, BASE, 4096, 0x40), -EINVAL);
	ck_assert_int_eq(do_sys_mprotect(t, BASE, 0, PROT_READ), 0);
	ck_assert_int_eq(do_sys_mprotect(t, BASE, -BASE, PROT_READ), -ENOMEM);
	ck_assert_int_eq(do_sys_mprotect(t, BASE + MB, 4096, PROT_READ),
	                 -ENOMEM);
	ck_assert_int_eq(
		do_sys_mprotect(t, BASE, 4096, PROT_READ | PROT_GROWSDOWN),
		-EINVAL);
	ck_assert_int_eq(
		do_sys_mprotect(t, BASE, 4096, PROT_GROWSUP | PROT_GROWSDOWN),
		-EINVAL);
	/* Up to the hole it is done. */
	ck_assert_int_eq(do_sys_mprotect(t, BASE, 20480, PROT_READ), -ENOMEM);
	ck_assert_str_eq(maps(t->mm), "40000000-40002000 r--p\n"
	                              "40004000-40005000 rw-p\n");
}

START_TEST(errors_are_those_of_the_manual_page)
{
	run_process(errors);
}
END_TEST

static void huge(struct task *t)
{
	mmap_anon(t, BASE, 4 * MB, RW);
	store(t, BASE, 1);
	store(t, BASE + 2 * MB, 2);
	/* Whole: stays huge. */
	ck_assert_int_eq(do_sys_mprotect(t, BASE, 2 * MB, PROT_READ), 0);
	ck_assert_int_eq(pt_walk(fix.m, t->mm->pgd, BASE).level, PT_LEVEL_PMD);
	ck_assert(!user_access(t, BASE + 0x1000, true));
	/* In part: is split. */
	ck_assert_int_eq(do_sys_mprotect(t, BASE + 3 * MB, 4096, PROT_NONE), 0);
	ck_assert_int_eq(pt_walk(fix.m, t->mm->pgd, BASE + 2 * MB).level,
	                 PT_LEVEL_PTE);
	ck_assert_uint_eq(load(t, BASE + 2 * MB), 2);
	ck_assert(!user_access(t, BASE + 3 * MB, false));
	ck_assert(user_access(t, BASE + 3 * MB + 4096, true));
}

START_TEST(huge_pages_change_whole_or_are_split)
{
	fix.options.thp = THP_ALWAYS;
	run_process(huge);
}
END_TEST

/*
 * M35: hardware sets D between the load and the store of a plain update, or at
 * the last moment before an atomic one. The observer plays hardware.
 */
struct dirtier {
	struct observer base;
	struct mm_struct *mm;
	const char *when; /* before this step acts */
	bool armed;
};

static void dirty_behind_its_back(struct observer *o, struct machine *m,
                                  const struct event *ev)
{
	struct dirtier *d = (struct dirtier *)(void *)o;
	struct pt_walk walk;

	if (!d->armed || strcmp(ev->agent->next.label, d->when) != 0)
		return;
	d->armed = false;
	walk = pt_walk(m, d->mm->pgd, BASE);
	phys_write(&m->mem, walk.entry[1].pa, 8,
	           pte_val(pte_mkdirty(__pte(walk.entry[1].value))));
}

static struct dirtier dirtier;

static bool still_dirty;

static void mprotect_a_clean_page(struct task *t)
{
	mmap_anon(t, BASE, 4096, RW);
	store(t, BASE, 1);
	do_sys_madvise(t, BASE, 4096, MADV_FREE); /* clean, writable */
	dirtier.mm = t->mm;
	dirtier.armed = true;
	ck_assert_int_eq(do_sys_mprotect(t, BASE, 4096, PROT_READ), 0);
	still_dirty = pt_walk(fix.m, t->mm->pgd, BASE).entry[1].dirty;
}

static void run_with_dirtier(enum pte_update how, const char *when)
{
	dirtier = (struct dirtier){ .base = { .types = BIT_ULL(EV_STEP),
		                              .event = dirty_behind_its_back },
		                    .when = when };
	fix.options.pte_update = how;
	observe(fix.m, &dirtier.base);
	run_process(mprotect_a_clean_page);
	unobserve(fix.m, &dirtier.base);
	ck_assert(!dirtier.armed);
}

START_TEST(a_plain_update_loses_a_dirty_bit_set_meanwhile)
{
	run_with_dirtier(PTE_UPDATE_PLAIN, "ptep_modify_prot_commit");
	ck_assert(!still_dirty);
}
END_TEST

START_TEST(an_atomic_update_keeps_it)
{
	run_with_dirtier(PTE_UPDATE_ATOMIC, "ptep_modify_prot_start");
	ck_assert(still_dirty);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/mprotect");
	TCase *tc = tcase_create("mprotect");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, rights_change_and_contents_stay);
	tcase_add_test(tc, errors_are_those_of_the_manual_page);
	tcase_add_test(tc, huge_pages_change_whole_or_are_split);
	tcase_add_test(tc, a_plain_update_loses_a_dirty_bit_set_meanwhile);
	tcase_add_test(tc, an_atomic_update_keeps_it);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
