/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel memory: Linux v6.12 mm/vmalloc.c, pmd_free_pte_page(). */
#include "mm/vmalloc.h"

#include <errno.h>

#include "mm/mm.h"
#include "mm/page.h"
#include "mm/sys.h"
#include "tests/mm/arch.h"
#include "tests/mm/lab.h"

static vaddr_t area(const struct lab *lab, unsigned i)
{
	return vmalloc_area(lab->m, i);
}

static struct pt_walk walk(struct lab *lab, paddr_t root, vaddr_t va)
{
	return pt_walk(lab->m, root, va);
}

static void run(void (*body)(struct task *t), enum pmd_free_pte_page how)
{
	struct lab *lab = lab_new(2);

	lab->options.pmd_free_pte_page = how;
	lab_boot(lab);
	lab_task(lab, 0, lab_mm(lab, "A"), "t", body);
	lab_run(lab);
	lab_free(lab, true);
}

/* Flushes of kernel addresses told to this CPU's hardware. */
static unsigned flushes(const struct lab *lab)
{
	return lab_count(lab, HW_INVLPG, 0) + lab_count(lab, HW_TLBI, 0) +
	       lab_count(lab, HW_FLUSH_ALL, 0);
}

static void body_pages(struct task *t)
{
	struct lab *lab = lab_of(t);
	paddr_t root = lab->k->init_mm->pgd;
	uint64_t nr_free = lab->m->mem.nr_free;
	struct pt_walk w;

	ck_assert_int_eq(vunmap(lab->k, 2), -EINVAL);
	ck_assert_int_eq(vmap(lab->k, 2, 3), 0);
	ck_assert_int_eq(vmap(lab->k, 2, 1), -EBUSY);
	ck_assert_int_eq(vmap_huge(lab->k, 2), -EBUSY);
	for (unsigned i = 0; i < 3; i++) {
		w = walk(lab, root, area(lab, 2) + i * PAGE_SIZE);
		ck_assert(w.leaf && w.write && !w.user && !w.exec);
		ck_assert_uint_eq(w.level, PT_LEVEL_PTE);
	}
	ck_assert(!walk(lab, root, area(lab, 2) + 3 * PAGE_SIZE).leaf);
	/* A PUD, a PMD and a PTE table, three pages. */
	ck_assert_uint_eq(lab->m->mem.nr_free, nr_free - 6);

	ck_assert_int_eq(vunmap(lab->k, 2), 0);
	w = walk(lab, root, area(lab, 2));
	ck_assert(!w.leaf);
	ck_assert_uint_eq(w.level, PT_LEVEL_PTE); /* the table stays */
	ck_assert_uint_eq(lab->m->mem.nr_free, nr_free - 3);
	exit_mm(t);
}

START_TEST(pages_come_and_go_and_tables_stay)
{
	run(body_pages, PMD_FREE_PTE_PAGE_FLUSH);
}
END_TEST

static unsigned flushes_of_block;

static void body_block(struct task *t)
{
	struct lab *lab = lab_of(t);
	paddr_t root = lab->k->init_mm->pgd;
	struct pt_walk w;

	ck_assert_int_eq(vmap(lab->k, 0, 1), 0);
	ck_assert_int_eq(vunmap(lab->k, 0), 0);
	lab->nr_calls = 0;
	ck_assert_int_eq(vmap_huge(lab->k, 0), 0);
	flushes_of_block = flushes(lab);
	w = walk(lab, root, area(lab, 0) + PAGE_SIZE);
	ck_assert(w.leaf && w.write && !w.user);
	ck_assert_uint_eq(w.level, PT_LEVEL_PMD);
	ck_assert_int_eq(vunmap(lab->k, 0), 0);
	ck_assert(!walk(lab, root, area(lab, 0)).leaf);
	exit_mm(t);
}

START_TEST(a_block_takes_the_place_of_a_table)
{
	run(body_block, PMD_FREE_PTE_PAGE_FLUSH);
	ck_assert_uint_gt(flushes_of_block, 0);
	run(body_block, PMD_FREE_PTE_PAGE_NO_FLUSH);
	ck_assert_uint_eq(flushes_of_block, 0);
}
END_TEST

/* x86 has one root for both halves; arm64's kernel has its own. */
static void body_shared(struct task *t)
{
	struct lab *lab = lab_of(t);
	struct mm_struct *later;
	paddr_t frame;

	ck_assert_int_eq(vmap(lab->k, 1, 1), 0);
	frame = walk(lab, lab->k->init_mm->pgd, area(lab, 1)).paddr;
	later = mm_alloc(lab->k, "B");
	if (test_arch() == ARCH_X86_64) {
		ck_assert_uint_eq(walk(lab, t->mm->pgd, area(lab, 1)).paddr,
		                  frame);
		ck_assert_uint_eq(walk(lab, later->pgd, area(lab, 1)).paddr,
		                  frame);
	}
	mmput(later);
	ck_assert_int_eq(vunmap(lab->k, 1), 0);
	exit_mm(t);
}

START_TEST(every_process_has_the_same_kernel_memory)
{
	run(body_shared, PMD_FREE_PTE_PAGE_FLUSH);
}
END_TEST

static void body_access(struct task *t)
{
	struct lab *lab = lab_of(t);
	uint64_t value = 0;

	ck_assert_int_eq(vmalloc_access(lab->k, 3, 0, false, &value), -ENXIO);
	ck_assert_int_eq(vmap(lab->k, 3, 1), 0);
	ck_assert_int_eq(vmalloc_access(lab->k, 3, 8, false, &value), 0);
	ck_assert_int_eq(vunmap(lab->k, 3), 0);
	ck_assert_int_eq(vmalloc_access(lab->k, 3, 0, false, &value), -ENXIO);
	exit_mm(t);
}

START_TEST(what_is_not_published_is_not_used)
{
	run(body_access, PMD_FREE_PTE_PAGE_FLUSH);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_test(tc, pages_come_and_go_and_tables_stay);
	tcase_add_test(tc, a_block_takes_the_place_of_a_table);
	tcase_add_test(tc, every_process_has_the_same_kernel_memory);
	tcase_add_test(tc, what_is_not_published_is_not_used);
}

int main(void)
{
	return lab_main("mm/vmalloc", add);
}
