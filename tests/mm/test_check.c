/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full scan finds each planted inconsistency, and nothing in a sound
 * kernel.
 */
#include "mm/check.h"

#include <string.h>

#include "mm/page.h"
#include "mm/pgalloc.h"
#include "mm/rmap.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "mm/vma_tree.h"
#include "tests/mm/arch.h"
#include "tests/mm/lab.h"

#define HEAP   UINT64_C(0x40000000)
#define SHARED UINT64_C(0x50000000)

static void body_build(struct task *t)
{
	struct address_space *file = lab_of(t)->k->files;

	lab_map(t, HEAP, 4 * PAGE_SIZE);
	lab_touch(t, HEAP, true);
	lab_touch(t, HEAP + PAGE_SIZE, true);
	lab_touch(t, HEAP + 2 * PAGE_SIZE, false); /* the zero page */
	lab_map_file(t, SHARED, 2 * PAGE_SIZE, file, 0);
	lab_touch(t, SHARED, true);
}

/* A process with two anonymous pages, the zero page and one shared page. */
static struct lab *built(struct mm_struct **mm)
{
	struct lab *lab = lab_new(1);

	lab->options.thp = THP_NEVER;
	lab_boot(lab);
	ck_assert_ptr_nonnull(shmem_file_setup(lab->k, "f", 2 * PAGE_SIZE));
	*mm = lab_mm(lab, "A");
	lab_task(lab, 0, *mm, "t", body_build);
	lab_run(lab);
	return lab;
}

/* The only finding says @what; then it is over. */
static void expect(struct lab *lab, const char *what)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	bool ok = false;
	guint i;

	ck_assert_uint_eq(mm_check(lab->k, found), found->len);
	for (i = 0; i < found->len; i++)
		ok |= strstr(found->pdata[i], what) != NULL;
	if (!ok)
		ck_abort_msg("'%s' not found; %u others, '%s'", what,
		             found->len,
		             found->len ? (char *)found->pdata[0] : "");
	g_ptr_array_unref(found);
	lab_free(lab, false);
}

START_TEST(a_sound_kernel_has_no_findings)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	ck_assert_int_eq(mm->rss_anon.counter, 2);
	ck_assert_int_eq(mm->rss_shmem.counter, 1);
	lab_free(lab, true);
}
END_TEST

START_TEST(an_rss_counter_that_is_off_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	mm->rss_anon.counter++;
	expect(lab, "rss_anon is 3, the tables say 2");
}
END_TEST

START_TEST(a_wrong_count_of_tables_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	/* PUD, PMD and two PTE tables. */
	ck_assert_int_eq(mm->pgtables_bytes.counter, 4 * 4096);
	mm->pgtables_bytes.counter -= 4096;
	expect(lab, "pgtables_bytes is 12288, the tables say 16384");
}
END_TEST

START_TEST(a_wrong_mapcount_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	lab_page(mm, HEAP)->mapcount = 2;
	expect(lab, "mapcount is 2, 1 PTEs map it");
}
END_TEST

START_TEST(a_wrong_reference_count_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	/* One PTE and the page cache. */
	ck_assert_int_eq(lab_page(mm, SHARED)->refcount, 2);
	lab_page(mm, SHARED)->refcount = 3;
	expect(lab, "refcount is 3, 2 references were found");
}
END_TEST

START_TEST(a_mapped_frame_that_was_freed_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	free_frames(lab->m, lab_page(mm, HEAP));
	expect(lab, "which is free");
}
END_TEST

static void clear_entry(struct mm_struct *mm, vaddr_t addr, unsigned level)
{
	struct machine *m = mm->kernel->machine;
	struct pt_walk w = pt_walk(m, mm->pgd, addr);

	phys_write(&m->mem, w.entry[level].pa, 8, 0);
}

START_TEST(a_page_that_lost_its_mapping_is_a_leak)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	clear_entry(mm, HEAP, PT_LEVEL_PTE);
	lab_page(mm, HEAP + PAGE_SIZE); /* still there */
	expect(lab, "has 1 references but no owner");
}
END_TEST

START_TEST(a_table_that_was_unhooked_and_forgotten_is_a_leak)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	clear_entry(mm, HEAP, PT_LEVEL_PMD);
	expect(lab, "is hooked in nowhere");
}
END_TEST

START_TEST(a_table_that_is_hooked_in_twice_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);
	struct pt_walk w = pt_walk(lab->m, mm->pgd, HEAP);

	phys_write(&lab->m->mem, w.entry[PT_LEVEL_PMD].pa + 8, 8,
	           w.entry[PT_LEVEL_PMD].value);
	expect(lab, "is reached a second time, at 0x40200000");
}
END_TEST

START_TEST(an_entry_to_something_that_is_no_table_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);
	struct pt_walk w = pt_walk(lab->m, mm->pgd, HEAP);
	pfn_t data = page_to_pfn(&lab->m->mem, lab_page(mm, HEAP));

	phys_write(&lab->m->mem, w.entry[PT_LEVEL_PMD].pa, 8,
	           data << PAGE_SHIFT | 0x67);
	expect(lab, "which is anon");
}
END_TEST

START_TEST(a_mapping_outside_of_all_vmas_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);
	struct vm_area_struct *vma = vma_tree_find(mm->mm_mt, HEAP);

	vma->vm_start += PAGE_SIZE;
	expect(lab, "0x40000000 is mapped but in no VMA");
}
END_TEST

START_TEST(a_wrong_number_of_vmas_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	mm->map_count = 7;
	expect(lab, "map_count is 7, there are 2 VMAs");
}
END_TEST

START_TEST(an_anonymous_frame_nobody_knows_is_a_leak)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	ck_assert_ptr_nonnull(alloc_frames(lab->m, 0, FRAME_ANON, true));
	expect(lab, "leak: anon");
}
END_TEST

START_TEST(a_vma_in_no_tree_is_a_leak)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	ck_assert_ptr_nonnull(kzalloc(lab->m, sizeof(struct vm_area_struct),
	                              "vm_area_struct"));
	expect(lab, "is in no address space");
}
END_TEST

START_TEST(a_wrong_count_of_cached_pages_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	lab->k->files->nrpages = 0;
	expect(lab, "nrpages is 0, the cache has 1");
}
END_TEST

START_TEST(a_cached_page_beyond_the_end_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	lab->k->files->i_size = 0;
	expect(lab, "lies beyond its size 0");
}
END_TEST

START_TEST(an_anon_vma_without_vmas_is_a_leak)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);
	struct anon_vma *anon_vma =
		kzalloc(lab->m, sizeof(*anon_vma), "anon_vma");

	anon_vma->refcount.counter = 1;
	expect(lab, "has no VMA");
}
END_TEST

START_TEST(a_flush_that_stays_pending_is_found)
{
	struct mm_struct *mm;
	struct lab *lab = built(&mm);

	mm->tlb_flush_pending.counter = 1;
	expect(lab, "tlb_flush_pending is 1");
}
END_TEST

START_TEST(a_missing_deposited_table_is_found)
{
	struct lab *lab = lab_new(1);
	struct mm_struct *mm;
	struct pt_walk w;

	lab->options.thp = THP_NEVER;
	lab_boot(lab);
	ck_assert_ptr_nonnull(shmem_file_setup(lab->k, "f", 2 * PAGE_SIZE));
	mm = lab_mm(lab, "A");
	lab_task(lab, 0, mm, "t", body_build);
	lab_run(lab);
	w = pt_walk(lab->m, mm->pgd, HEAP);
	/* A huge entry out of nowhere. */
	phys_write(&lab->m->mem, w.entry[PT_LEVEL_PMD].pa + 16, 8,
	           test_huge_entry(0x200000));
	expect(lab, "has 1 huge entries but 0 deposited tables");
}
END_TEST

static void body_exit(struct task *t)
{
	body_build(t);
	exit_mm(t);
}

START_TEST(nothing_is_left_after_exit)
{
	struct lab *lab = lab_start(1);

	ck_assert_ptr_nonnull(shmem_file_setup(lab->k, "f", 2 * PAGE_SIZE));
	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_exit);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, a_sound_kernel_has_no_findings);
	tcase_add_test(tc, an_rss_counter_that_is_off_is_found);
	tcase_add_test(tc, a_wrong_count_of_tables_is_found);
	tcase_add_test(tc, a_wrong_mapcount_is_found);
	tcase_add_test(tc, a_wrong_reference_count_is_found);
	tcase_add_test(tc, a_mapped_frame_that_was_freed_is_found);
	tcase_add_test(tc, a_page_that_lost_its_mapping_is_a_leak);
	tcase_add_test(tc, a_table_that_was_unhooked_and_forgotten_is_a_leak);
	tcase_add_test(tc, a_table_that_is_hooked_in_twice_is_found);
	tcase_add_test(tc, an_entry_to_something_that_is_no_table_is_found);
	tcase_add_test(tc, a_mapping_outside_of_all_vmas_is_found);
	tcase_add_test(tc, a_wrong_number_of_vmas_is_found);
	tcase_add_test(tc, an_anonymous_frame_nobody_knows_is_a_leak);
	tcase_add_test(tc, a_vma_in_no_tree_is_a_leak);
	tcase_add_test(tc, a_wrong_count_of_cached_pages_is_found);
	tcase_add_test(tc, a_cached_page_beyond_the_end_is_found);
	tcase_add_test(tc, an_anon_vma_without_vmas_is_a_leak);
	tcase_add_test(tc, a_flush_that_stays_pending_is_found);
	tcase_add_test(tc, a_missing_deposited_table_is_found);
	tcase_add_test(tc, nothing_is_left_after_exit);
}

int main(void)
{
	return lab_main("mm/check", add_tests);
}
