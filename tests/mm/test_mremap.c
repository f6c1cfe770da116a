/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: mremap(2). */
#include "mm/mremap.h"

#include <string.h>

#include "mm/vma.h"
#include "tests/mm/fixture.h"

#define BASE    UINT64_C(0x40000000)
#define RW      (PROT_READ | PROT_WRITE)
#define MAYMOVE MREMAP_MAYMOVE
#define FIXED   (MREMAP_MAYMOVE | MREMAP_FIXED)

static void resize(struct task *t)
{
	mmap_anon(t, BASE, 4 * PAGE_SIZE, RW);
	store(t, BASE + 0x3000, 4);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x4000, 0x6000, 0, 0), BASE);
	ck_assert_str_eq(maps(t->mm), "40000000-40006000 rw-p\n");
	ck_assert_uint_eq(load(t, BASE + 0x3000), 4);
	ck_assert_uint_eq(load(t, BASE + 0x5000), 0);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x6000, 0x1000, 0, 0), BASE);
	ck_assert_str_eq(maps(t->mm), "40000000-40001000 rw-p\n");
	ck_assert(!user_access(t, BASE + 0x3000, false));
	ck_assert_uint_eq(t->mm->total_vm, 1);
}

START_TEST(mappings_grow_and_shrink_in_place)
{
	run_process(resize);
}
END_TEST

static void move(struct task *t)
{
	long to;

	mmap_anon(t, BASE, 4 * PAGE_SIZE, RW);
	for (unsigned i = 0; i < 4; i++)
		store(t, BASE + i * PAGE_SIZE, i + 1);
	mmap_anon(t, BASE + 0x4000, PAGE_SIZE, PROT_NONE); /* in the way */
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x4000, 0x8000, 0, 0), -ENOMEM);
	to = do_sys_mremap(t, BASE, 0x4000, 0x8000, MAYMOVE, 0);
	ck_assert(!IS_ERR_VALUE(to));
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(load(t, (vaddr_t)to + i * PAGE_SIZE), i + 1);
	ck_assert(!user_access(t, BASE, false));
	ck_assert_int_eq(t->mm->rss_anon.counter, 4);
	vma_check(t->mm);
}

START_TEST(what_cannot_grow_in_place_is_moved)
{
	run_process(move);
}
END_TEST

static void errors(struct task *t)
{
	mmap_anon(t, BASE, 0x4000, RW);
	mmap_anon(t, BASE + 0x4000, 0x1000, PROT_READ);
	ck_assert_int_eq(do_sys_mremap(t, BASE + 1, 0x1000, 0x1000, 0, 0),
	                 -EINVAL);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x1000, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x1000, 0x1000, 0x10, 0),
	                 -EINVAL);
	ck_assert_int_eq(
		do_sys_mremap(t, BASE, 0x1000, 0x1000, MREMAP_FIXED, BASE + MB),
		-EINVAL);
	ck_assert_int_eq(
		do_sys_mremap(t, BASE, 0x4000, 0x4000, FIXED, BASE + 0x2000),
		-EINVAL);
	ck_assert_int_eq(
		do_sys_mremap(t, BASE, 0x4000, 0x4000, FIXED, BASE + MB + 1),
		-EINVAL);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x4000, 0x8000,
	                               MAYMOVE | MREMAP_DONTUNMAP, 0),
	                 -EINVAL);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0, 0x1000, MAYMOVE, 0),
	                 -EINVAL);
	ck_assert_int_eq(do_sys_mremap(t, BASE + MB, 0x1000, 0x2000, 0, 0),
	                 -EFAULT);
	/* Across two mappings. */
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x5000, 0x6000, MAYMOVE, 0),
	                 -EFAULT);
}

START_TEST(errors_are_those_of_the_manual_page)
{
	run_process(errors);
}
END_TEST

static void move_tables(struct task *t)
{
	const vaddr_t to = BASE + 1024 * MB;
	paddr_t table;
	int64_t tables;

	mmap_anon(t, BASE, 16 * MB, RW);
	for (vaddr_t a = 0; a < 16 * MB; a += MB)
		store(t, BASE + a, a + 1);
	/* One page beside it makes its table exist beforehand. */
	mmap_anon(t, to + 16 * MB, PAGE_SIZE, RW);
	store(t, to + 16 * MB, 5);
	table = pt_walk(fix.m, t->mm->pgd, BASE + 4 * MB).entry[2].pfn;
	tables = t->mm->pgtables_bytes.counter;
	ck_assert_int_eq(do_sys_mremap(t, BASE, 16 * MB, 16 * MB, FIXED, to),
	                 to);
	for (vaddr_t a = 0; a < 16 * MB; a += MB)
		ck_assert_uint_eq(load(t, to + a), a + 1);
	ck_assert_uint_eq(load(t, to + 16 * MB), 5);
	/* Whole tables went along instead of being filled anew. */
	ck_assert_uint_eq(pt_walk(fix.m, t->mm->pgd, to + 4 * MB).entry[2].pfn,
	                  table);
	ck_assert_int_le(t->mm->pgtables_bytes.counter, tables);
}

START_TEST(whole_page_tables_are_moved_where_they_fit)
{
	run_process(move_tables);
}
END_TEST

static void move_gigabytes(struct task *t)
{
	const vaddr_t to = BASE + 16 * 1024 * MB;

	mmap_anon(t, BASE, 3 * 1024 * MB, RW);
	for (vaddr_t a = 0; a < 3 * 1024 * MB; a += 128 * MB)
		store(t, BASE + a, a + 1);
	ck_assert_int_eq(
		do_sys_mremap(t, BASE, 3 * 1024 * MB, 3 * 1024 * MB, FIXED, to),
		to);
	for (vaddr_t a = 0; a < 3 * 1024 * MB; a += 128 * MB)
		ck_assert_uint_eq(load(t, to + a), a + 1);
}

START_TEST(gigabytes_are_moved_by_their_pmd_tables)
{
	run_process(move_gigabytes);
}
END_TEST

static void move_huge_pages(struct task *t)
{
	mmap_anon(t, BASE, 8 * MB, RW);
	for (vaddr_t a = 0; a < 8 * MB; a += MB)
		store(t, BASE + a, a + 1);
	ck_assert_int_eq(
		do_sys_mremap(t, BASE, 4 * MB, 4 * MB, FIXED, BASE + 64 * MB),
		BASE + 64 * MB);
	ck_assert_int_eq(pt_walk(fix.m, t->mm->pgd, BASE + 64 * MB).level,
	                 PT_LEVEL_PMD);
	/* To where it does not fit: page by page. */
	ck_assert_int_eq(do_sys_mremap(t, BASE + 4 * MB, 4 * MB, 4 * MB, FIXED,
	                               BASE + 68 * MB + PAGE_SIZE),
	                 BASE + 68 * MB + PAGE_SIZE);
	for (vaddr_t a = 0; a < 4 * MB; a += MB) {
		ck_assert_uint_eq(load(t, BASE + 64 * MB + a), a + 1);
		ck_assert_uint_eq(load(t, BASE + 68 * MB + PAGE_SIZE + a),
		                  4 * MB + a + 1);
	}
}

START_TEST(huge_pages_move_whole_or_are_split)
{
	fix.options.thp = THP_ALWAYS;
	run_process(move_huge_pages);
}
END_TEST

static void dontunmap(struct task *t)
{
	mmap_anon(t, BASE, 0x2000, RW);
	store(t, BASE, 1);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0x2000, 0x2000,
	                               FIXED | MREMAP_DONTUNMAP, BASE + MB),
	                 BASE + MB);
	ck_assert_uint_eq(load(t, BASE + MB), 1);
	ck_assert_uint_eq(load(t, BASE), 0);
	ck_assert_uint_eq(t->mm->total_vm, 4);
	vma_check(t->mm);
}

START_TEST(dontunmap_leaves_an_empty_mapping_behind)
{
	run_process(dontunmap);
}
END_TEST

static void duplicate(struct task *t)
{
	sys_mmap(t, BASE, 0x2000, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
	store(t, BASE + 0x1000, 1);
	ck_assert_int_eq(do_sys_mremap(t, BASE, 0, 0x2000, FIXED, BASE + MB),
	                 BASE + MB);
	store(t, BASE + MB, 2);
	ck_assert_uint_eq(load(t, BASE), 2);
	ck_assert_uint_eq(load(t, BASE + MB + 0x1000), 1);
}

START_TEST(old_length_zero_duplicates_a_shared_mapping)
{
	run_process(duplicate);
}
END_TEST

static void without_memory(struct task *t)
{
	mmap_anon(t, BASE, 0x2000, RW);
	store(t, BASE + 0x1000, 1);
	for (uint64_t n = 1; n < 6; n++) {
		long ret;

		fix.m->mem.fail_nth = n;
		ret = do_sys_mremap(t, BASE, 0x2000, 0x2000, FIXED,
		                    UINT64_C(0x7f0000001000));
		fix.m->mem.fail_nth = 0;
		vma_check(t->mm);
		if (!IS_ERR_VALUE(ret)) {
			ck_assert_uint_gt(n, 3); /* PUD, PMD, PTE table */
			ck_assert_uint_eq(load(t, UINT64_C(0x7f0000002000)), 1);
			return;
		}
		ck_assert_int_eq(ret, -ENOMEM);
		ck_assert_uint_eq(load(t, BASE + 0x1000), 1);
	}
	ck_abort_msg("it never succeeded");
}

START_TEST(a_move_without_memory_for_tables_is_undone)
{
	run_process(without_memory);
}
END_TEST

/* The order of flush and unlock, as labels of steps (M01). */
struct recorder {
	struct observer base;
	int flush, unlock_after_clear, steps;
	bool armed, cleared;
};

static void record(struct observer *o, struct machine *m,
                   const struct event *ev)
{
	struct recorder *r = (struct recorder *)(void *)o;
	const char *label = ev->agent->next.label;

	(void)m;
	if (!r->armed)
		return;
	r->steps++;
	if (!strcmp(label, "ptep_get_and_clear"))
		r->cleared = true;
	if (r->cleared && !r->unlock_after_clear &&
	    !strcmp(label, "unlock ptl"))
		r->unlock_after_clear = r->steps;
	/* x86; arm64 */
	if (r->cleared && !r->flush &&
	    (!strcmp(label, "inc_mm_tlb_gen") ||
	     !strcmp(label, "read context.id")))
		r->flush = r->steps;
}

static struct recorder recorder;

static void move_one_page(struct task *t)
{
	mmap_anon(t, BASE, 0x2000, RW);
	load(t, BASE);
	recorder.armed = true;
	do_sys_mremap(t, BASE, 0x1000, 0x1000, FIXED, BASE + MB);
	recorder.armed = false;
}

START_TEST(old_addresses_are_flushed_before_or_after_the_locks_go)
{
	recorder = (struct recorder){ .base = { .types = BIT_ULL(EV_STEP),
		                                .event = record } };
	fix.options.mremap_flush =
		_i ? MREMAP_FLUSH_AFTER : MREMAP_FLUSH_LOCKED;
	observe(fix.m, &recorder.base);
	run_process(move_one_page);
	unobserve(fix.m, &recorder.base);
	ck_assert_int_gt(recorder.flush, 0);
	ck_assert_int_gt(recorder.unlock_after_clear, 0);
	ck_assert_int_eq(recorder.flush > recorder.unlock_after_clear, _i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/mremap");
	TCase *tc = tcase_create("mremap");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, mappings_grow_and_shrink_in_place);
	tcase_add_test(tc, what_cannot_grow_in_place_is_moved);
	tcase_add_test(tc, errors_are_those_of_the_manual_page);
	tcase_add_test(tc, whole_page_tables_are_moved_where_they_fit);
	tcase_add_test(tc, gigabytes_are_moved_by_their_pmd_tables);
	tcase_add_test(tc, huge_pages_move_whole_or_are_split);
	tcase_add_test(tc, dontunmap_leaves_an_empty_mapping_behind);
	tcase_add_test(tc, old_length_zero_duplicates_a_shared_mapping);
	tcase_add_test(tc, a_move_without_memory_for_tables_is_undone);
	tcase_add_loop_test(
		tc, old_addresses_are_flushed_before_or_after_the_locks_go, 0,
		2);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
