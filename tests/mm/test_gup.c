/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: Documentation/core-api/pin_user_pages.rst, ptrace(2). */
#include "mm/gup.h"

#include <errno.h>

#include "mm/check.h"
#include "mm/filemap.h"
#include "mm/fork.h"
#include "mm/huge_memory.h"
#include "mm/mmap_lock.h"
#include "mm/page.h"
#include "mm/pgtable_map.h"
#include "mm/shmem.h"
#include "mm/vma.h"
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

static struct pt_walk walk(const struct mm_struct *mm, vaddr_t addr)
{
	return pt_walk(w->m, mm->pgd, addr);
}

static struct page *mapped_page(const struct mm_struct *mm, vaddr_t addr)
{
	ck_assert(walk(mm, addr).leaf);
	return pfn_to_page(&w->m->mem, walk(mm, addr).paddr >> PAGE_SHIFT);
}

/* One page; must be had. */
static struct gup_page get_one(struct mm_struct *mm, vaddr_t addr,
                               unsigned flags)
{
	struct gup_page page;

	mmap_read_lock(mm);
	ck_assert_int_eq(get_user_pages(mm, addr, 1, flags, &page), 1);
	mmap_read_unlock(mm);
	ck_assert_uint_eq(page.addr, ALIGN_DOWN(addr, PAGE_SIZE));
	return page;
}

static long try_one(struct mm_struct *mm, vaddr_t addr, unsigned flags)
{
	struct gup_page page;
	long ret;

	mmap_read_lock(mm);
	ret = get_user_pages(mm, addr, 1, flags, &page);
	mmap_read_unlock(mm);
	return ret;
}

/* ---- references ---- */

static void counts_body(struct task *t)
{
	struct gup_page get, pin;

	map_heap(t, PAGES(2));
	get = get_one(t->mm, HEAP + 8, FOLL_GET | FOLL_WRITE);
	ck_assert_ptr_eq(get.page, mapped_page(t->mm, HEAP));
	ck_assert_int_eq(get.page->refcount, 2);
	ck_assert(!page_maybe_dma_pinned(get.page));

	pin = get_one(t->mm, HEAP, FOLL_PIN | FOLL_WRITE);
	ck_assert_ptr_eq(pin.page, get.page);
	ck_assert_int_eq(get.page->refcount, 2 + GUP_PIN_COUNTING_BIAS);
	ck_assert(page_maybe_dma_pinned(get.page));

	put_user_page(&pin);
	put_user_page(&get);
	ck_assert_int_eq(get.page->refcount, 1);
}

START_TEST(a_pin_counts_more_than_a_reference)
{
	world_do(w, counts_body);
}
END_TEST

static void zero_body(struct task *t)
{
	struct gup_page page;

	map_heap(t, PAGES(1));
	page = get_one(t->mm, HEAP, FOLL_GET);
	ck_assert_ptr_eq(page.page, w->k->zero_page);
	put_user_page(&page);
	ck_assert_int_eq(t->mm->rss_anon.counter, 0);
}

START_TEST(reading_untouched_memory_gets_the_zero_page)
{
	world_do(w, zero_body);
}
END_TEST

static void rights_body(struct task *t)
{
	map_heap(t, PAGES(2));
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGES(1), PROT_READ), 0);
	ck_assert_int_eq(try_one(t->mm, HEAP, FOLL_GET | FOLL_WRITE), -EFAULT);
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGES(1), PROT_NONE), 0);
	ck_assert_int_eq(try_one(t->mm, HEAP, FOLL_GET), -EFAULT);
	ck_assert_int_eq(try_one(t->mm, HEAP + PAGES(2), FOLL_GET), -EFAULT);
}

START_TEST(without_force_the_rights_of_the_mapping_hold)
{
	world_do(w, rights_body);
}
END_TEST

static void several_body(struct task *t)
{
	struct gup_page pages[3];

	map_heap(t, PAGES(2));
	mmap_read_lock(t->mm);
	/* The third lies beyond: what was got before it is kept. */
	ck_assert_int_eq(
		get_user_pages(t->mm, HEAP, 3, FOLL_GET | FOLL_WRITE, pages),
		2);
	mmap_read_unlock(t->mm);
	ck_assert_ptr_eq(pages[1].page, mapped_page(t->mm, HEAP + PAGES(1)));
	put_user_page(&pages[0]);
	put_user_page(&pages[1]);
}

START_TEST(an_error_half_way_gives_what_there_was)
{
	world_do(w, several_body);
}
END_TEST

static void outlive_body(struct task *t)
{
	struct gup_page page;
	uint64_t value;

	map_heap(t, PAGES(1));
	user_store(t->mm, HEAP, 7);
	page = get_one(t->mm, HEAP, FOLL_PIN);
	madvise_ok(t, HEAP, PAGES(1), MADV_DONTNEED);
	ck_assert_int_eq(page.page->refcount, GUP_PIN_COUNTING_BIAS);
	gup_page_read(&page, 0, &value, 8);
	ck_assert_uint_eq(value, 7);
	put_user_page(&page);
	ck_assert_uint_eq(page.page->kind, FRAME_FREE);
}

START_TEST(a_pinned_page_outlives_its_mapping)
{
	world_do(w, outlive_body);
}
END_TEST

static void huge_body(struct task *t)
{
	struct gup_page page;
	struct page *head;

	map_heap(t, MIB2);
	user_store(t->mm, HEAP, 1);
	head = mapped_page(t->mm, HEAP);
	ck_assert(PageHead(head));
	page = get_one(t->mm, HEAP + PAGES(5), FOLL_PIN | FOLL_WRITE);
	ck_assert_ptr_eq(page.page, head + 5);
	ck_assert_int_eq(head->refcount, 2);
	ck_assert(page_maybe_dma_pinned(head + 7));
	put_user_page(&page);
	ck_assert(!page_maybe_dma_pinned(head));
}

START_TEST(a_huge_page_counts_its_pins_apart)
{
	w->options.thp = THP_ALWAYS;
	world_do(w, huge_body);
}
END_TEST

/* ---- fork ---- */

static struct mm_struct *fork_mm(struct task *t)
{
	struct mm_struct *child = dup_mm(t, t->mm);

	ck_assert_ptr_nonnull(child);
	return child;
}

static void fork_pinned_body(struct task *t)
{
	struct gup_page page;
	struct mm_struct *child;

	map_heap(t, PAGES(2));
	user_store(t->mm, HEAP, 1);
	user_store(t->mm, HEAP + PAGES(1), 2);
	page = get_one(t->mm, HEAP, FOLL_PIN | FOLL_WRITE);
	child = fork_mm(t);
	/* Pinned: copied at once. The other one: shared. */
	ck_assert_ptr_ne(mapped_page(child, HEAP), page.page);
	ck_assert(walk(t->mm, HEAP).write);
	ck_assert_ptr_eq(mapped_page(child, HEAP + PAGES(1)),
	                 mapped_page(t->mm, HEAP + PAGES(1)));

	user_store(t->mm, HEAP, 9);
	ck_assert_ptr_eq(mapped_page(t->mm, HEAP), page.page);
	ck_assert_uint_eq(user_load(child, HEAP), 1);
	put_user_page(&page);
	mmput(child);
}

START_TEST(fork_copies_a_pinned_page)
{
	world_do(w, fork_pinned_body);
}
END_TEST

static void fork_shared_body(struct task *t)
{
	struct gup_page page;
	struct mm_struct *child;

	map_heap(t, PAGES(1));
	user_store(t->mm, HEAP, 1);
	page = get_one(t->mm, HEAP, FOLL_PIN | FOLL_WRITE);
	child = fork_mm(t);
	ck_assert_ptr_eq(mapped_page(child, HEAP), page.page);
	user_store(t->mm, HEAP, 9);
	/* That is the bug: the device goes on with the child's page. */
	ck_assert_ptr_ne(mapped_page(t->mm, HEAP), page.page);
	put_user_page(&page);
	mmput(child);
}

START_TEST(before_5_9_fork_shared_it)
{
	w->options.fork_pinned = FORK_PINNED_SHARE;
	world_do(w, fork_shared_body);
}
END_TEST

static void fork_huge_body(struct task *t)
{
	struct gup_page page;
	struct mm_struct *child;

	map_heap(t, MIB2);
	user_store(t->mm, HEAP, 1);
	page = get_one(t->mm, HEAP, FOLL_PIN | FOLL_WRITE);
	child = fork_mm(t);
	ck_assert_ptr_ne(mapped_page(child, HEAP), page.page);
	user_store(t->mm, HEAP, 9);
	ck_assert_ptr_eq(mapped_page(t->mm, HEAP), page.page);
	put_user_page(&page);
	mmput(child);
}

START_TEST(fork_splits_a_pinned_huge_page)
{
	w->options.thp = THP_ALWAYS;
	world_do(w, fork_huge_body);
}
END_TEST

/* ---- reading pages that fork shared ---- */

static void unshare_body(struct task *t)
{
	struct gup_page get, pin;
	struct mm_struct *child;
	struct page *shared;

	map_heap(t, PAGES(1));
	user_store(t->mm, HEAP, 1);
	child = fork_mm(t);
	shared = mapped_page(child, HEAP);

	get = get_one(child, HEAP, FOLL_GET);
	ck_assert_ptr_eq(get.page, shared);
	pin = get_one(child, HEAP, FOLL_PIN);
	ck_assert_ptr_ne(pin.page, shared);
	ck_assert(PageAnonExclusive(pin.page));
	ck_assert(!walk(child, HEAP).write); /* it was only read */
	user_store(child, HEAP, 2);
	ck_assert_ptr_eq(mapped_page(child, HEAP), pin.page);
	put_user_page(&pin);
	put_user_page(&get);
	mmput(child);
}

START_TEST(a_pin_to_read_gets_a_page_of_its_own)
{
	world_do(w, unshare_body);
}
END_TEST

static void reuse_body(struct task *t)
{
	struct gup_page get;
	struct mm_struct *child;

	map_heap(t, PAGES(1));
	user_store(t->mm, HEAP, 1);
	child = fork_mm(t);
	get = get_one(child, HEAP, FOLL_GET);
	mmput(child); /* its reference stays */
	user_store(t->mm, HEAP, 2);
	/* A page that is mapped once but referenced twice. */
	if (w->options.cow_reuse == COW_REUSE_MAPCOUNT)
		ck_assert_ptr_eq(mapped_page(t->mm, HEAP), get.page);
	else
		ck_assert_ptr_ne(mapped_page(t->mm, HEAP), get.page);
	put_user_page(&get);
}

START_TEST(who_counts_mappings_only_writes_to_what_others_hold)
{
	w->options.cow_reuse = (enum cow_reuse)_i;
	world_do(w, reuse_body);
}
END_TEST

static void break_cow_body(struct task *t)
{
	struct gup_page page;
	struct mm_struct *child;

	map_heap(t, PAGES(1));
	user_store(t->mm, HEAP, 1);
	child = fork_mm(t);
	ck_assert_int_eq(get_user_page_fast(child, HEAP, FOLL_GET, &page), 1);
	ck_assert_ptr_ne(page.page, mapped_page(t->mm, HEAP));
	ck_assert_ptr_eq(page.page, mapped_page(child, HEAP));
	put_user_page(&page);
	mmput(child);
}

START_TEST(in_5_8_every_reference_breaks_cow)
{
	w->options.gup_read = GUP_READ_BREAK_COW;
	world_do(w, break_cow_body);
}
END_TEST

/* mprotect() takes the right to write and gives it back: the entry stays
 * read-only, the next store faults. */
static void pin_protect_body(struct task *t)
{
	struct gup_page page;

	map_heap(t, PAGES(1));
	user_store(t->mm, HEAP, 1);
	page = get_one(t->mm, HEAP, FOLL_PIN | FOLL_WRITE);
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGES(1), PROT_READ), 0);
	ck_assert_int_eq(
		do_sys_mprotect(t, HEAP, PAGES(1), PROT_READ | PROT_WRITE), 0);
	user_store(t->mm, HEAP, 2);
	ck_assert_ptr_eq(mapped_page(t->mm, HEAP), page.page);
	put_user_page(&page);
}

START_TEST(a_write_fault_keeps_a_pinned_page)
{
	world_do(w, pin_protect_body);
}
END_TEST

/* ---- force ---- */

static struct address_space *read_only_file(struct task *t)
{
	struct address_space *file = shmem_file_setup(w->k, "F", PAGES(1));
	struct mmap_request req = { .addr = HEAP,
		                    .len = PAGES(1),
		                    .prot = PROT_READ,
		                    .flags = MAP_PRIVATE | MAP_FIXED,
		                    .file = file };

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)HEAP);
	return file;
}

static void force_body(struct task *t)
{
	struct address_space *file = read_only_file(t);
	uint64_t value = 0x99, other = 1;

	ck_assert_uint_eq(user_load(t->mm, HEAP), 0);
	ck_assert_uint_eq(access_remote_vm(t->mm, HEAP, &value, 8, FOLL_WRITE),
	                  0);
	ck_assert_uint_eq(access_remote_vm(t->mm, HEAP, &value, 8,
	                                   FOLL_WRITE | FOLL_FORCE),
	                  8);
	ck_assert_uint_eq(user_load(t->mm, HEAP), 0x99);
	ck_assert(!walk(t->mm, HEAP).write);
	ck_assert_uint_eq(shmem_file_read(file, 0, &other, 8), 8);
	ck_assert_uint_eq(other, 0);
	other = 1;
	ck_assert_uint_eq(access_remote_vm(t->mm, HEAP, &other, 8, 0), 8);
	ck_assert_uint_eq(other, 0x99);
	fput(file);
}

START_TEST(a_forced_write_goes_to_a_private_copy)
{
	w->options.foll_cow = (enum foll_cow)_i;
	world_do(w, force_body);
}
END_TEST

static void force_shared_body(struct task *t)
{
	struct address_space *file = shmem_file_setup(w->k, "F", PAGES(1));
	struct mmap_request req = { .addr = HEAP,
		                    .len = PAGES(1),
		                    .prot = PROT_READ,
		                    .flags = MAP_SHARED | MAP_FIXED,
		                    .file = file };
	uint64_t value = 0x99;

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)HEAP);
	ck_assert_uint_eq(access_remote_vm(t->mm, HEAP, &value, 8,
	                                   FOLL_WRITE | FOLL_FORCE),
	                  0);
	fput(file);
}

START_TEST(shared_memory_cannot_be_forced)
{
	world_do(w, force_shared_body);
}
END_TEST

/* ---- without mmap_lock ---- */

static void fast_body(struct task *t)
{
	struct gup_page page;

	map_heap(t, PAGES(2));
	ck_assert_ptr_null(gup_fast(t->mm, HEAP, FOLL_GET));
	ck_assert_int_eq(
		get_user_page_fast(t->mm, HEAP, FOLL_GET | FOLL_WRITE, &page),
		1);
	put_user_page(&page);
	ck_assert_ptr_eq(gup_fast(t->mm, HEAP, FOLL_PIN | FOLL_WRITE),
	                 page.page);
	ck_assert_int_eq(page.page->refcount, 1 + GUP_PIN_COUNTING_BIAS);
	page.flags = FOLL_PIN;
	put_user_page(&page);
	ck_assert_int_eq(page.page->refcount, 1);

	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGES(1), PROT_READ), 0);
	ck_assert_ptr_null(gup_fast(t->mm, HEAP, FOLL_GET | FOLL_WRITE));
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGES(1), PROT_NONE), 0);
	ck_assert_ptr_null(gup_fast(t->mm, HEAP, FOLL_GET));
	ck_assert_int_eq(
		get_user_page_fast(t->mm, HEAP + PAGES(2), FOLL_GET, &page),
		-EFAULT);
	ck_assert_int_eq(
		get_user_page_fast(t->mm, UINT64_C(1) << 62, FOLL_GET, &page),
		-EFAULT);
}

START_TEST(the_fast_walk_takes_what_is_there)
{
	world_do(w, fast_body);
}
END_TEST

/* What a table holds once it is somebody else's page. */
static void garbage_body(struct task *t)
{
	struct gup_page page;
	pte_t *ptep, pte;

	map_heap(t, PAGES(1));
	page = get_one(t->mm, HEAP, FOLL_PIN | FOLL_WRITE);
	put_user_page(&page);
	ptep = pte_offset_lockless(
		pmdp_get_lockless(HEAP, mm_find_pmd(t->mm, HEAP)), HEAP);
	pte = *ptep;
	ptep->pte |= UINT64_C(0xff) << 40; /* no memory there */
	ck_assert_ptr_null(gup_fast(t->mm, HEAP, FOLL_GET));
	ck_assert_str_eq(w->rule, "PTE leads out of memory");
	w->rules = 0;
	memset(ptep, PAGE_POISON, sizeof(*ptep));
	ck_assert_ptr_null(gup_fast(t->mm, HEAP, FOLL_GET));
	*ptep = pte;
}

START_TEST(the_fast_walk_believes_no_garbage)
{
	world_do(w, garbage_body);
}
END_TEST

/* ---- the full scan ---- */

static void leak_body(struct task *t)
{
	struct gup_page *page = kzalloc(w->m, sizeof(*page), "gup_page");

	map_heap(t, PAGES(1));
	*page = get_one(t->mm, HEAP, FOLL_PIN | FOLL_WRITE);
}

START_TEST(the_full_scan_names_a_leaked_pin)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);

	world_boot(w);
	(void)world_thread(w, 0, "t", leak_body);
	ck_assert_int_eq(world_run(w, 1), RUN_DONE);
	world_drain(w);
	ck_assert_uint_eq(mm_check(w->k, found), 1);
	ck_assert(g_str_has_prefix(found->pdata[0], "leak: frame "));
	ck_assert_ptr_nonnull(strstr(found->pdata[0], "still pinned"));
	g_ptr_array_free(found, TRUE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/gup");
	TCase *tc = tcase_create("gup");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_pin_counts_more_than_a_reference);
	tcase_add_test(tc, reading_untouched_memory_gets_the_zero_page);
	tcase_add_test(tc, without_force_the_rights_of_the_mapping_hold);
	tcase_add_test(tc, an_error_half_way_gives_what_there_was);
	tcase_add_test(tc, a_pinned_page_outlives_its_mapping);
	tcase_add_test(tc, a_huge_page_counts_its_pins_apart);
	tcase_add_test(tc, fork_copies_a_pinned_page);
	tcase_add_test(tc, before_5_9_fork_shared_it);
	tcase_add_test(tc, fork_splits_a_pinned_huge_page);
	tcase_add_test(tc, a_pin_to_read_gets_a_page_of_its_own);
	tcase_add_loop_test(tc,
	                    who_counts_mappings_only_writes_to_what_others_hold,
	                    COW_REUSE_EXCLUSIVE, COW_REUSE_MAPCOUNT + 1);
	tcase_add_test(tc, in_5_8_every_reference_breaks_cow);
	tcase_add_test(tc, a_write_fault_keeps_a_pinned_page);
	tcase_add_loop_test(tc, a_forced_write_goes_to_a_private_copy,
	                    FOLL_COW_EXCLUSIVE, FOLL_COW_DROP_WRITE);
	tcase_add_test(tc, shared_memory_cannot_be_forced);
	tcase_add_test(tc, the_fast_walk_takes_what_is_there);
	tcase_add_test(tc, the_fast_walk_believes_no_garbage);
	tcase_add_test(tc, the_full_scan_names_a_leaked_pin);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
