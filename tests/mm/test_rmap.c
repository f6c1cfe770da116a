/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/rmap.h"

#include "mm/filemap.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "mm/vma.h"
#include "mm/vma_tree.h"
#include "tests/mm/lab.h"

#define HEAP   UINT64_C(0x40000000)
#define SHARED UINT64_C(0x50000000)

static unsigned nr_vmas(const struct anon_vma *anon_vma)
{
	const struct vm_area_struct *vma;
	unsigned nr = 0;

	for (vma = anon_vma->head; vma; vma = vma->anon_vma_next)
		nr++;
	return nr;
}

static struct anon_vma *anon_vma_at(struct mm_struct *mm, vaddr_t addr)
{
	return vma_tree_find(mm->mm_mt, addr)->anon_vma;
}

static struct lab *small_pages(unsigned nr_cpus)
{
	struct lab *lab = lab_new(nr_cpus);

	lab->options.thp = THP_NEVER;
	lab_boot(lab);
	return lab;
}

static void run_one(void (*fn)(struct task *t))
{
	struct lab *lab = small_pages(1);

	shmem_file_setup(lab->k, "f", 4 * PAGE_SIZE);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", fn);
	lab_run(lab);
	lab_free(lab, true);
}

static void body_first_fault(struct task *t)
{
	struct page *page;

	lab_map(t, HEAP, 2 * PAGE_SIZE);
	ck_assert_ptr_null(anon_vma_at(t->mm, HEAP));
	lab_touch(t, HEAP + PAGE_SIZE, true);

	page = lab_page(t->mm, HEAP + PAGE_SIZE);
	ck_assert_ptr_eq(page->mapping, anon_vma_at(t->mm, HEAP));
	ck_assert_uint_eq(page->index, (HEAP + PAGE_SIZE) >> PAGE_SHIFT);
	ck_assert_int_eq(page->mapcount, 1);
	ck_assert(PageAnonExclusive(page));
	exit_mm(t);
}

START_TEST(the_first_write_fault_gives_a_vma_its_anon_vma)
{
	run_one(body_first_fault);
}
END_TEST

static void body_split(struct task *t)
{
	struct anon_vma *anon_vma;

	lab_map(t, HEAP, 4 * PAGE_SIZE);
	lab_touch(t, HEAP, true);
	anon_vma = anon_vma_at(t->mm, HEAP);
	ck_assert_uint_eq(nr_vmas(anon_vma), 1);

	ck_assert_int_eq(do_sys_munmap(t, HEAP + PAGE_SIZE, PAGE_SIZE), 0);
	ck_assert_uint_eq(nr_vmas(anon_vma), 2);
	ck_assert_ptr_eq(anon_vma_at(t->mm, HEAP + 2 * PAGE_SIZE), anon_vma);
	ck_assert_int_eq(anon_vma->refcount.counter, 2);

	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGE_SIZE), 0);
	ck_assert_uint_eq(nr_vmas(anon_vma), 1);
	exit_mm(t);
}

START_TEST(a_split_vma_shares_the_anon_vma_until_it_goes)
{
	run_one(body_split);
}
END_TEST

static void body_fork(struct task *t)
{
	struct mm_struct *child;
	struct page *page;

	lab_map(t, HEAP, PAGE_SIZE);
	lab_touch(t, HEAP, true);
	page = lab_page(t->mm, HEAP);

	child = dup_mm(t, t->mm);
	ck_assert_ptr_nonnull(child);
	ck_assert_ptr_eq(lab_page(child, HEAP), page);
	ck_assert_int_eq(page->mapcount, 2);
	ck_assert_int_eq(page->refcount, 2);
	ck_assert(!PageAnonExclusive(page));
	ck_assert_uint_eq(nr_vmas(page->mapping), 2);

	mmput(child);
	ck_assert_int_eq(page->mapcount, 1);
	ck_assert_uint_eq(nr_vmas(page->mapping), 1);
	exit_mm(t);
}

START_TEST(fork_shares_pages_and_takes_exclusiveness_away)
{
	run_one(body_fork);
}
END_TEST

/* rmap_one() that remembers where it was called. */
struct seen {
	unsigned nr;
	vaddr_t addr[4];
	struct mm_struct *mm[4];
};

static bool see(struct page *page, struct vm_area_struct *vma, vaddr_t addr,
                void *arg)
{
	struct seen *seen = arg;

	(void)page;
	seen->addr[seen->nr] = addr;
	seen->mm[seen->nr++] = vma->vm_mm;
	return true;
}

static void body_walk_anon(struct task *t)
{
	struct seen seen = { 0 };
	struct rmap_walk_control rwc = { .rmap_one = see, .arg = &seen };
	struct mm_struct *child;
	struct page *page;

	lab_map(t, HEAP, 2 * PAGE_SIZE);
	lab_touch(t, HEAP + PAGE_SIZE, true);
	page = lab_page(t->mm, HEAP + PAGE_SIZE);
	child = dup_mm(t, t->mm);

	folio_lock(page);
	rmap_walk(page, &rwc);
	folio_unlock(page);
	ck_assert_uint_eq(seen.nr, 2);
	ck_assert_ptr_eq(seen.mm[0], t->mm);
	ck_assert_ptr_eq(seen.mm[1], child);
	ck_assert_uint_eq(seen.addr[0], HEAP + PAGE_SIZE);
	ck_assert_uint_eq(seen.addr[1], HEAP + PAGE_SIZE);
	mmput(child);
	exit_mm(t);
}

START_TEST(a_walk_finds_an_anonymous_page_in_parent_and_child)
{
	run_one(body_walk_anon);
}
END_TEST

static void body_walk_file(struct task *t)
{
	struct address_space *file = lab_of(t)->k->files;
	struct seen seen = { 0 };
	struct rmap_walk_control rwc = { .rmap_one = see, .arg = &seen };
	struct page *page;

	/* Page 2 of the file is in the first and in the third. */
	lab_map_file(t, SHARED, 4 * PAGE_SIZE, file, 0);
	lab_map_file(t, SHARED + 0x100000, PAGE_SIZE, file, 1);
	lab_map_file(t, SHARED + 0x200000, 2 * PAGE_SIZE, file, 1);
	lab_touch(t, SHARED + 2 * PAGE_SIZE, true);
	page = lab_page(t->mm, SHARED + 2 * PAGE_SIZE);

	folio_lock(page);
	rmap_walk(page, &rwc);
	folio_unlock(page);
	ck_assert_uint_eq(seen.nr, 2);
	ck_assert_uint_eq(seen.addr[0], SHARED + 2 * PAGE_SIZE);
	ck_assert_uint_eq(seen.addr[1], SHARED + 0x200000 + PAGE_SIZE);
	exit_mm(t);
}

START_TEST(a_walk_finds_a_file_page_by_its_offset)
{
	run_one(body_walk_file);
}
END_TEST

static void body_unmap_file(struct task *t)
{
	struct address_space *file = lab_of(t)->k->files;
	struct page *page;

	lab_map_file(t, SHARED, PAGE_SIZE, file, 0);
	lab_map_file(t, SHARED + 0x100000, PAGE_SIZE, file, 0);
	lab_touch(t, SHARED, true);
	lab_touch(t, SHARED + 0x100000, true);
	page = lab_page(t->mm, SHARED);
	ck_assert_int_eq(page->mapcount, 2);

	folio_lock(page);
	try_to_unmap(page, 0);
	folio_unlock(page);
	ck_assert_int_eq(page->mapcount, 0);
	ck_assert_int_eq(page->refcount, 1); /* the cache's */
	ck_assert_uint_eq(lab_pte(t->mm, SHARED), 0);
	ck_assert_uint_eq(lab_pte(t->mm, SHARED + 0x100000), 0);
	ck_assert(PageDirty(page));
	exit_mm(t);
}

START_TEST(try_to_unmap_takes_a_file_page_out_of_every_table)
{
	run_one(body_unmap_file);
}
END_TEST

static void body_keep_anon(struct task *t)
{
	struct page *page;
	uint64_t pte;

	lab_map(t, HEAP, PAGE_SIZE);
	lab_touch(t, HEAP, true);
	page = lab_page(t->mm, HEAP);
	pte = lab_pte(t->mm, HEAP);

	folio_lock(page);
	try_to_unmap(page, 0);
	folio_unlock(page);
	ck_assert_uint_eq(lab_pte(t->mm, HEAP), pte);
	exit_mm(t);
}

START_TEST(try_to_unmap_leaves_anonymous_memory_without_swap)
{
	run_one(body_keep_anon);
}
END_TEST

static void body_remove_twice(struct task *t)
{
	struct page *page;

	lab_map(t, HEAP, PAGE_SIZE);
	lab_touch(t, HEAP, true);
	page = lab_page(t->mm, HEAP);
	page_remove_rmap(page, vma_tree_find(t->mm->mm_mt, HEAP), false);
	page_remove_rmap(page, vma_tree_find(t->mm->mm_mt, HEAP), false);
}

START_TEST(removing_a_mapping_twice_breaks_a_rule)
{
	struct lab *lab = small_pages(1);

	lab_task(lab, 0, lab_mm(lab, "A"), "t", body_remove_twice);
	lab_run(lab);
	ck_assert_str_eq(lab->rule, "mapcount of an unmapped page dropped");
	lab_free(lab, false);
}
END_TEST

/* Two threads make the same VMA's first fault. */
static void body_touch_page(struct task *t)
{
	lab_touch(t, HEAP + t->cpu->id * PAGE_SIZE, true);
	exit_mm(t);
}

static void body_map_only(struct task *t)
{
	lab_map(t, HEAP, 2 * PAGE_SIZE);
}

START_TEST(racing_first_faults_agree_on_one_anon_vma)
{
	struct lab *lab = small_pages(2);
	struct policy *timed = lab->policy;

	lab->policy = policy_random_new(3);
	lab->m->policy = lab->policy;
	policy_free(timed);
	for (unsigned i = 0; i < 100; i++) {
		struct mm_struct *mm;

		if (i) {
			machine_reset(lab->m);
			lab_boot(lab);
		}
		mm = lab_mm(lab, "A");
		lab->policy->begin(lab->policy, lab->m);
		lab_task(lab, 0, mm, "map", body_map_only);
		lab_run(lab);
		lab_task(lab, 0, mm, "t0", body_touch_page);
		lab_task(lab, 1, mm, "t1", body_touch_page);
		lab_run(lab);
		lab_check(lab);
		/* Its VMA and no one else: the loser's is being freed. */
		ck_assert_int_eq(anon_vma_at(mm, HEAP)->refcount.counter, 1);
	}
	lab_free(lab, true);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, the_first_write_fault_gives_a_vma_its_anon_vma);
	tcase_add_test(tc, a_split_vma_shares_the_anon_vma_until_it_goes);
	tcase_add_test(tc, fork_shares_pages_and_takes_exclusiveness_away);
	tcase_add_test(tc, a_walk_finds_an_anonymous_page_in_parent_and_child);
	tcase_add_test(tc, a_walk_finds_a_file_page_by_its_offset);
	tcase_add_test(tc, try_to_unmap_takes_a_file_page_out_of_every_table);
	tcase_add_test(tc, try_to_unmap_leaves_anonymous_memory_without_swap);
	tcase_add_test(tc, removing_a_mapping_twice_breaks_a_rule);
	tcase_add_test(tc, racing_first_faults_agree_on_one_anon_vma);
}

int main(void)
{
	return lab_main("mm/rmap", add_tests);
}
