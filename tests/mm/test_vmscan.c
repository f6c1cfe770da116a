/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reclaim of lazily freed pages: Linux v6.12 mm/rmap.c try_to_unmap_one(). */
#include "mm/vmscan.h"

#include "mm/huge_memory.h"
#include "mm/mm.h"
#include "mm/mmap_lock.h"
#include "mm/page.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "mm/vma.h"
#include "tests/mm/arch.h"
#include "tests/mm/lab.h"

#define HEAP UINT64_C(0x40000000)

/* Four pages with content; then MADV_FREE of all of them. */
static void make_lazyfree(struct task *t)
{
	lab_map(t, HEAP, 4 * PAGE_SIZE);
	for (unsigned i = 0; i < 4; i++)
		lab_touch(t, HEAP + i * PAGE_SIZE, true);
	ck_assert_int_eq(do_sys_madvise(t, HEAP, 4 * PAGE_SIZE, MADV_FREE), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(
			!PageSwapBacked(lab_page(t->mm, HEAP + i * PAGE_SIZE)));
}

static void run_one(void (*fn)(struct task *t))
{
	struct lab *lab = lab_new(1);

	lab->options.thp = THP_NEVER;
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", fn);
	lab_run(lab);
	lab_free(lab, true);
}

static void body_clean(struct task *t)
{
	struct lab *lab = lab_of(t);
	uint64_t nr_free;

	make_lazyfree(t);
	nr_free = lab->m->mem.nr_free;
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, 4 * PAGE_SIZE), 4);
	ck_assert_uint_eq(lab->m->mem.nr_free, nr_free + 4);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
	ck_assert_uint_eq(lab->k->vmstat->pglazyfreed, 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(lab_pte(t->mm, HEAP + i * PAGE_SIZE), 0);
	exit_mm(t);
}

START_TEST(clean_lazyfree_pages_are_freed)
{
	run_one(body_clean);
}
END_TEST

static void body_redirtied(struct task *t)
{
	struct lab *lab = lab_of(t);
	struct pt_walk w;
	struct page *page;

	make_lazyfree(t);
	page = lab_page(t->mm, HEAP);
	/* What the hardware does for a store: D. */
	w = pt_walk(lab->m, t->mm->pgd, HEAP);
	phys_write(&lab->m->mem, w.entry[PT_LEVEL_PTE].pa, 8,
	           test_hw_dirty(w.entry[PT_LEVEL_PTE].value));

	ck_assert_int_eq(reclaim_range(t->mm, HEAP, 2 * PAGE_SIZE), 1);
	ck_assert_ptr_eq(lab_page(t->mm, HEAP), page);
	ck_assert(pte_dirty(__pte(lab_pte(t->mm, HEAP))));
	ck_assert(PageSwapBacked(page));
	ck_assert_int_eq(page->refcount, 1);
	exit_mm(t);
}

START_TEST(a_page_written_since_is_put_back)
{
	run_one(body_redirtied);
}
END_TEST

static void body_referenced(struct task *t)
{
	struct page *page;

	make_lazyfree(t);
	page = lab_page(t->mm, HEAP);
	get_page(page);
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, PAGE_SIZE), 0);
	ck_assert_ptr_eq(lab_page(t->mm, HEAP), page);
	put_page(page);
	exit_mm(t);
}

START_TEST(a_page_somebody_holds_is_put_back)
{
	run_one(body_referenced);
}
END_TEST

static void body_ordinary(struct task *t)
{
	lab_map(t, HEAP, 2 * PAGE_SIZE);
	lab_touch(t, HEAP, true);
	lab_touch(t, HEAP + PAGE_SIZE, false);
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, 4 * PAGE_SIZE), 0);
	ck_assert_int_eq(t->mm->rss_anon.counter, 1);
	exit_mm(t);
}

START_TEST(other_memory_and_holes_are_left_alone)
{
	run_one(body_ordinary);
}
END_TEST

static void body_flushes(struct task *t)
{
	struct lab *lab = lab_of(t);

	make_lazyfree(t);
	lab->nr_calls = 0;
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, PAGE_SIZE), 1);
	ck_assert_uint_eq(
		lab_count(lab, HW_INVLPG, 0) + lab_count(lab, HW_TLBI, 0), 1);
	ck_assert_uint_eq(lab->calls[0].addr, HEAP);
	exit_mm(t);
}

START_TEST(the_address_is_flushed_before_the_page_goes)
{
	run_one(body_flushes);
}
END_TEST

/* ---- a huge page mapped by PTEs ---- */

#define HUGE_SIZE (HPAGE_PMD_NR * PAGE_SIZE)

/* A lazily freed huge page; hardware may set D in its PMD; then the split. */
static struct page *split_lazyfree(struct task *t, bool store)
{
	struct lab *lab = lab_of(t);
	struct vm_area_struct *vma;
	struct page *head;
	struct pt_walk w;

	lab_map(t, HEAP, HUGE_SIZE);
	lab_touch(t, HEAP, true);
	head = lab_page(t->mm, HEAP);
	ck_assert(PageHead(head));
	ck_assert_int_eq(do_sys_madvise(t, HEAP, HUGE_SIZE, MADV_FREE), 0);
	w = pt_walk(lab->m, t->mm->pgd, HEAP);
	ck_assert_uint_eq(w.level, PT_LEVEL_PMD);
	ck_assert(!w.entry[PT_LEVEL_PMD].dirty);
	if (store)
		phys_write(&lab->m->mem, w.entry[PT_LEVEL_PMD].pa, 8,
		           test_hw_dirty(w.entry[PT_LEVEL_PMD].value));
	mmap_read_lock(t->mm);
	vma = vma_lookup(t->mm, HEAP);
	split_huge_pmd_address(vma, HEAP);
	mmap_read_unlock(t->mm);
	ck_assert_uint_eq(pt_walk(lab->m, t->mm->pgd, HEAP).level,
	                  PT_LEVEL_PTE);
	return head;
}

static void run_huge(void (*fn)(struct task *t))
{
	struct lab *lab = lab_new(1);

	lab->options.thp = THP_ALWAYS;
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", fn);
	lab_run(lab);
	lab_free(lab, true);
}

static void body_huge_clean(struct task *t)
{
	struct page *head = split_lazyfree(t, false);

	ck_assert_int_eq(reclaim_range(t->mm, HEAP + PAGE_SIZE, PAGE_SIZE),
	                 HPAGE_PMD_NR);
	ck_assert_uint_eq(head->kind, FRAME_FREE);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
	ck_assert_uint_eq(lab_of(t)->k->vmstat->pglazyfreed, HPAGE_PMD_NR);
	exit_mm(t);
}

/* ---- one flush for many: mm/unmap_batch.c ---- */

static uint64_t remote_flushes(struct task *t)
{
	return lab_of(t)->k->vmstat->nr_tlb_remote_flush;
}

/* CPU 1 may hold them, too. */
static void make_shared_lazyfree(struct task *t)
{
	make_lazyfree(t);
	t->mm->cpu_bitmap |= 2;
}

static void body_batched(struct task *t)
{
	bool x86 = lab_of(t)->m->arch == ARCH_X86_64;
	uint64_t before;

	make_shared_lazyfree(t);
	before = remote_flushes(t);
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, 4 * PAGE_SIZE), 4);
	ck_assert_uint_eq(remote_flushes(t) - before, x86 ? 1 : 0);
	ck_assert(!t->tlb_ubc.flush_required);
	/* Four pending, none flushed; the first who comes by flushes. */
	ck_assert_int_eq(t->mm->tlb_flush_batched.counter, 4);
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, 4 * PAGE_SIZE, PROT_READ), 0);
	ck_assert_int_eq(t->mm->tlb_flush_batched.counter, 4 | 4 << 16);
	before = remote_flushes(t);
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, 4 * PAGE_SIZE, PROT_NONE), 0);
	ck_assert_uint_eq(remote_flushes(t), before);
	ck_assert_int_eq(t->mm->tlb_flush_batched.counter, 4 | 4 << 16);
	exit_mm(t);
}

/* Before `pending' catches up with `flushed' both begin anew. */
static void body_overflow(struct task *t)
{
	make_shared_lazyfree(t);
	t->mm->tlb_flush_batched.counter = 1 << 14;
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, PAGE_SIZE), 1);
	ck_assert_int_eq(t->mm->tlb_flush_batched.counter, 1);
	exit_mm(t);
}

/* Up to Linux 4.12 nobody counts. */
static void body_unchecked(struct task *t)
{
	make_shared_lazyfree(t);
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, 4 * PAGE_SIZE), 4);
	ck_assert_int_eq(t->mm->tlb_flush_batched.counter, 0);
	exit_mm(t);
}

static void run_batched(void (*fn)(struct task *t), enum batched_unmap how)
{
	struct lab *lab = lab_new(2);

	lab->options.thp = THP_NEVER;
	lab->options.batched_unmap = how;
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", fn);
	lab_run(lab);
	lab_free(lab, true);
}

START_TEST(a_batch_is_flushed_once)
{
	run_batched(body_batched, BATCHED_UNMAP_CHECKED);
	run_batched(body_overflow, BATCHED_UNMAP_CHECKED);
	run_batched(body_unchecked, BATCHED_UNMAP_UNCHECKED);
}
END_TEST

START_TEST(a_split_huge_page_is_freed_whole)
{
	run_huge(body_huge_clean);
}
END_TEST

static void body_huge_dirty(struct task *t)
{
	struct page *head = split_lazyfree(t, true);

	/* The split took the dirty bit over: the page is wanted. */
	ck_assert(pte_dirty(__pte(lab_pte(t->mm, HEAP))));
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, PAGE_SIZE), 0);
	for (unsigned i = 0; i < HPAGE_PMD_NR; i++)
		ck_assert_ptr_eq(lab_page(t->mm, HEAP + i * PAGE_SIZE),
		                 head + i);
	ck_assert(PageSwapBacked(head));
	ck_assert_int_eq(head->refcount, HPAGE_PMD_NR);
	exit_mm(t);
}

START_TEST(a_huge_page_written_since_is_kept)
{
	run_huge(body_huge_dirty);
}
END_TEST

static void body_huge_part(struct task *t)
{
	struct page *head = split_lazyfree(t, false);

	ck_assert_int_eq(do_sys_munmap(t, HEAP + PAGE_SIZE, PAGE_SIZE), 0);
	ck_assert_int_eq(reclaim_range(t->mm, HEAP, PAGE_SIZE), 0);
	ck_assert_ptr_eq(lab_page(t->mm, HEAP), head);
	exit_mm(t);
}

START_TEST(part_of_a_huge_page_is_left_alone)
{
	run_huge(body_huge_part);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, a_split_huge_page_is_freed_whole);
	tcase_add_test(tc, a_huge_page_written_since_is_kept);
	tcase_add_test(tc, part_of_a_huge_page_is_left_alone);
	tcase_add_test(tc, a_batch_is_flushed_once);
	tcase_add_test(tc, clean_lazyfree_pages_are_freed);
	tcase_add_test(tc, a_page_written_since_is_put_back);
	tcase_add_test(tc, a_page_somebody_holds_is_put_back);
	tcase_add_test(tc, other_memory_and_holes_are_left_alone);
	tcase_add_test(tc, the_address_is_flushed_before_the_page_goes);
}

int main(void)
{
	return lab_main("mm/vmscan", add_tests);
}
