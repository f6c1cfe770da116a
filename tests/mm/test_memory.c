/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults on anonymous and shared memory, copy-on-write. */
#include "mm/memory.h"

#include <errno.h>

#include "mm/fault.h"
#include "mm/fork.h"
#include "mm/shmem.h"
#include "tests/mm/arch.h"
#include "tests/mm/world.h"

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

static struct page *mapped_page(struct mm_struct *mm, vaddr_t addr)
{
	struct pt_walk walk = pt_walk(w->m, mm->pgd, addr);

	ck_assert(walk.leaf);
	return pfn_to_page(&w->m->mem, walk.paddr >> PAGE_SHIFT);
}

static bool mapped_write(struct mm_struct *mm, vaddr_t addr)
{
	return pt_walk(w->m, mm->pgd, addr).write;
}

/* ---- anonymous memory ---- */

static void read_fault_body(struct task *t)
{
	map_heap(t, PAGES(4));
	ck_assert_uint_eq(user_load(t->mm, HEAP), 0);
	ck_assert_ptr_eq(mapped_page(t->mm, HEAP), w->k->zero_page);
	ck_assert(!mapped_write(t->mm, HEAP));
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);

	user_store(t->mm, HEAP, 7);
	ck_assert_ptr_ne(mapped_page(t->mm, HEAP), w->k->zero_page);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 7);
	ck_assert_int_eq(t->mm->rss_anon.counter, 1);
}

START_TEST(a_read_fault_maps_the_zero_page_until_a_write)
{
	world_do(w, read_fault_body);
}
END_TEST

static void write_fault_body(struct task *t)
{
	struct page *page;

	map_heap(t, PAGES(4));
	user_store(t->mm, HEAP, 7);
	page = mapped_page(t->mm, HEAP);
	ck_assert(PageAnon(page));
	ck_assert(PageAnonExclusive(page));
	ck_assert(PageSwapBacked(page));
	ck_assert_int_eq(page->mapcount, 1);
	ck_assert_int_eq(page->refcount, 1);
	ck_assert(mapped_write(t->mm, HEAP));
}

START_TEST(a_write_fault_maps_an_exclusive_page)
{
	world_do(w, write_fault_body);
}
END_TEST

static int fault_results[5];

static void failing_alloc_body(struct task *t)
{
	map_heap(t, PAGES(4));
	/* PUD, PMD, PTE table and page: each but the first finds what the
	 * one before allocated, allocates one more, and fails. */
	for (unsigned i = 0; i < 4; i++) {
		w->m->mem.fail_nth = i ? 2 : 1;
		fault_results[i] = mm_fault_page(t->mm, HEAP, true);
	}
	w->m->mem.fail_nth = 0;
	fault_results[4] = mm_fault_page(t->mm, HEAP, true);
}

START_TEST(each_allocation_of_a_fault_may_fail)
{
	world_do(w, failing_alloc_body);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(fault_results[i], -ENOMEM);
	ck_assert_int_eq(fault_results[4], 0);
	ck_assert_int_eq(table_kb(w->mm), 12);
}
END_TEST

/* ---- the arch entry ---- */

static int signals[4];

static int fault_signal_of(struct task *t, vaddr_t addr, bool write)
{
	const struct fault_info f = test_fault(addr, write, false);
	int sig = 0;

	if (!do_user_addr_fault(t, &f))
		sig = t->exit_signal;
	t->exit_signal = 0;
	return sig;
}

static void signals_body(struct task *t)
{
	const struct mmap_request ro = {
		.addr = HEAP,
		.len = PAGES(1),
		.prot = PROT_READ,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};

	ck_assert_int_eq(do_sys_mmap(t, &ro), (long)HEAP);
	signals[0] = fault_signal_of(t, HEAP, false);
	signals[1] = fault_signal_of(t, HEAP, true);
	signals[2] = fault_signal_of(t, HEAP + PAGES(1), false);
	signals[3] = fault_signal_of(t, UINT64_C(0xffff800000000000), false);
}

START_TEST(bad_accesses_are_sigsegv)
{
	world_do(w, signals_body);
	ck_assert_int_eq(signals[0], 0);
	ck_assert_int_eq(signals[1], 11);
	ck_assert_int_eq(signals[2], 11);
	ck_assert_int_eq(signals[3], 11);
}
END_TEST

/* ---- copy-on-write ---- */

static void fork_body(struct task *t)
{
	struct mm_struct *child;
	struct page *shared;

	map_heap(t, PAGES(2));
	user_store(t->mm, HEAP, 1);
	child = dup_mm(t, t->mm);
	ck_assert_ptr_nonnull(child);

	shared = mapped_page(t->mm, HEAP);
	ck_assert_ptr_eq(mapped_page(child, HEAP), shared);
	ck_assert(!PageAnonExclusive(shared));
	ck_assert_int_eq(shared->mapcount, 2);

	user_store(child, HEAP, 2);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 1);
	ck_assert_uint_eq(user_load(child, HEAP), 2);
	ck_assert_ptr_ne(mapped_page(child, HEAP), shared);
	ck_assert_int_eq(shared->mapcount, 1);

	/* The only user that is left takes the page over. */
	user_store(t->mm, HEAP, 3);
	ck_assert_ptr_eq(mapped_page(t->mm, HEAP), shared);
	ck_assert(PageAnonExclusive(shared));
	ck_assert_uint_eq(user_load(child, HEAP), 2);
	mmput(child);
}

START_TEST(a_write_after_fork_copies_once_and_reuses_once)
{
	world_do(w, fork_body);
}
END_TEST

/* A reference that is not a mapping: get_user_pages() without a pin. */
static void extra_ref_body(struct task *t)
{
	struct mm_struct *child;
	struct page *page;

	map_heap(t, PAGES(1));
	user_store(t->mm, HEAP, 1);
	child = dup_mm(t, t->mm);
	mmput(child);
	rcu_barrier();

	page = mapped_page(t->mm, HEAP);
	get_page(page);
	user_store(t->mm, HEAP, 2);
	ck_assert_ptr_ne(mapped_page(t->mm, HEAP), page);
	put_page(page);
}

START_TEST(a_page_that_is_not_exclusive_and_referenced_is_copied)
{
	world_do(w, extra_ref_body);
}
END_TEST

/* ---- shared memory ---- */

static vaddr_t map_file(struct task *t, struct address_space *file,
                        uint64_t flags)
{
	const struct mmap_request req = {
		.addr = flags & MAP_SHARED ? HEAP : HEAP + MIB2,
		.len = PAGES(4),
		.prot = PROT_READ | PROT_WRITE,
		.flags = flags | MAP_FIXED,
		.file = file,
	};

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)req.addr);
	return req.addr;
}

static void shmem_body(struct task *t)
{
	struct address_space *file = shmem_file_setup(w->k, "f", PAGES(2));
	vaddr_t shared = map_file(t, file, MAP_SHARED);
	vaddr_t priv = map_file(t, file, MAP_PRIVATE);

	user_store(t->mm, shared, 5);
	ck_assert_uint_eq(user_load(t->mm, priv), 5);
	ck_assert_int_eq(t->mm->rss_shmem.counter, 2);

	user_store(t->mm, priv, 6);
	ck_assert_uint_eq(user_load(t->mm, shared), 5);
	ck_assert_uint_eq(user_load(t->mm, priv), 6);
	ck_assert_int_eq(t->mm->rss_shmem.counter, 1);
	ck_assert_int_eq(t->mm->rss_anon.counter, 1);
	ck_assert(PageDirty(mapped_page(t->mm, shared)));

	/* beyond the end of the file */
	ck_assert_int_eq(mm_fault_page(t->mm, shared + PAGES(2), false),
	                 -EFAULT);
	ck_assert_int_eq(do_sys_munmap(t, HEAP, 2 * MIB2), 0);
	fput(file);
}

START_TEST(a_private_write_does_not_reach_the_file)
{
	world_do(w, shmem_body);
}
END_TEST

/* ---- two faults at once ---- */

static void map_body(struct task *t)
{
	map_heap(t, PAGES(4));
}

static void store_a(struct task *t)
{
	user_store(t->mm, HEAP, 1);
}

static void store_b(struct task *t)
{
	user_store(t->mm, HEAP + 8, 2);
}

START_TEST(two_faults_on_one_page_map_one_page)
{
	for (unsigned seed = 1; seed <= 200; seed++) {
		world_boot(w);
		world_thread(w, 0, "map", map_body);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_thread(w, 0, "a", store_a);
		world_thread(w, 1, "b", store_b);
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		world_check(w);
		ck_assert_int_eq(w->mm->rss_anon.counter, 1);
		ck_assert_int_eq(table_kb(w->mm), 12);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/memory");
	TCase *tc = tcase_create("memory");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_read_fault_maps_the_zero_page_until_a_write);
	tcase_add_test(tc, a_write_fault_maps_an_exclusive_page);
	tcase_add_test(tc, each_allocation_of_a_fault_may_fail);
	tcase_add_test(tc, bad_accesses_are_sigsegv);
	tcase_add_test(tc, a_write_after_fork_copies_once_and_reuses_once);
	tcase_add_test(tc,
	               a_page_that_is_not_exclusive_and_referenced_is_copied);
	tcase_add_test(tc, a_private_write_does_not_reach_the_file);
	tcase_add_test(tc, two_faults_on_one_page_map_one_page);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
