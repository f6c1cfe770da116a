/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: Linux v6.12 Documentation/mm/process_addrs.rst. */
#include "mm/vma_lock.h"

#include "mm/fault.h"
#include "mm/memory.h"
#include "mm/mmap_lock.h"
#include "mm/rmap.h"
#include "mm/vma.h"
#include "tests/mm/arch.h"
#include "tests/mm/world.h"

static struct world *w;
static struct vm_area_struct *vma;
static unsigned order; /* of what two threads do */

static void setup(void)
{
	w = world_new();
	w->options.vma_lock = VMA_LOCK_6_12;
	order = 0;
}

static void teardown(void)
{
	world_free(w);
}

/* A store as the CPU would report it. Return: it may be tried again. */
static bool user_fault(struct task *t, vaddr_t addr)
{
	struct fault_info f = test_fault(addr, true, false);

	return do_user_addr_fault(t, &f);
}

/* ---- finding and locking ---- */

static void lock_body(struct task *t)
{
	map_heap(t, PAGES(2));
	ck_assert_ptr_null(lock_vma_under_rcu(t->mm, HEAP - 1));
	ck_assert_ptr_null(lock_vma_under_rcu(t->mm, HEAP + PAGES(2)));
	vma = lock_vma_under_rcu(t->mm, HEAP + 5);
	ck_assert_ptr_nonnull(vma);
	ck_assert_uint_eq(vma->vm_start, HEAP);
	ck_assert(rwsem_is_locked(&vma->vm_lock));
	vma_end_read(vma);
	ck_assert(!rwsem_is_locked(&vma->vm_lock));
}

START_TEST(a_vma_is_found_and_locked_by_an_address_in_it)
{
	world_do(w, lock_body);
}
END_TEST

static void mark_body(struct task *t)
{
	map_heap(t, PAGES(2));
	mmap_write_lock(t->mm);
	vma = vma_lookup(t->mm, HEAP);
	vma_start_write(vma);
	vma_start_write(vma); /* twice is once */
	ck_assert(!rwsem_is_locked(&vma->vm_lock));
	ck_assert_ptr_null(lock_vma_under_rcu(t->mm, HEAP));
	mmap_write_unlock(t->mm);
	ck_assert_ptr_eq(lock_vma_under_rcu(t->mm, HEAP), vma);
	vma_end_read(vma);
}

START_TEST(a_marked_vma_is_left_alone_until_mmap_lock_goes)
{
	world_do(w, mark_body);
}
END_TEST

static void downgrade_body(struct task *t)
{
	map_heap(t, PAGES(1));
	mmap_write_lock(t->mm);
	vma = vma_lookup(t->mm, HEAP);
	vma_start_write(vma);
	mmap_write_downgrade(t->mm);
	ck_assert_ptr_eq(lock_vma_under_rcu(t->mm, HEAP), vma);
	vma_end_read(vma);
	mmap_read_unlock(t->mm);
}

START_TEST(a_downgrade_ends_the_marks)
{
	world_do(w, downgrade_body);
}
END_TEST

static void reader(struct task *t)
{
	map_heap(t, PAGES(1));
	vma = lock_vma_under_rcu(t->mm, HEAP);
	ck_assert_ptr_nonnull(vma);
	for (unsigned i = 0; i < 50; i++) {
		ck_assert_uint_eq(order, 0);
		schedule();
	}
	order = 1;
	vma_end_read(vma);
}

static void writer(struct task *t)
{
	while (!vma)
		schedule();
	mmap_write_lock(t->mm);
	vma_start_write(vma);
	ck_assert_uint_eq(order, 1);
	order = 2;
	mmap_write_unlock(t->mm);
}

START_TEST(a_writer_waits_for_the_faults_in_the_vma)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		vma = NULL;
		order = 0;
		world_boot(w);
		world_thread(w, 0, "reader", reader);
		world_thread(w, 1, "writer", writer);
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		ck_assert_uint_eq(order, 2);
		world_check(w);
	}
}
END_TEST

/* ---- looking again ---- */

static struct vm_area_struct *found;

static void looks(struct task *t)
{
	while (!find_vma(t->mm, 0))
		schedule();
	found = lock_vma_under_rcu(t->mm, HEAP);
	if (found)
		vma_end_read(found);
}

static void marks(struct task *t)
{
	map_heap(t, PAGES(1));
	mmap_write_lock(t->mm);
	vma_start_write(vma_lookup(t->mm, HEAP));
	for (unsigned i = 0; i < 50; i++)
		schedule();
	mmap_write_unlock(t->mm);
}

static void unmaps(struct task *t)
{
	map_heap(t, PAGES(1));
	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGES(1)), 0);
}

/* @who maps; "look" finds the VMA unlocked; @who makes @label; "look" goes on
 * with what it found. */
static void look_while(void (*who)(struct task *t), const char *label)
{
	const struct script_line lines[] = {
		{ "who", SCRIPT_AFTER, "mmap_write_unlock", .count = 1 },
		{ "look", SCRIPT_BEFORE, "vma_start_read", .count = 1 },
		{ "who", SCRIPT_AFTER, label, .count = 1 },
		{ "look", SCRIPT_TO_END, .count = 1 },
	};

	found = NULL;
	world_boot(w);
	world_thread(w, 0, "who", who);
	world_thread(w, 1, "look", looks);
	ck_assert_int_eq(world_run_script(w, lines, ARRAY_SIZE(lines)),
	                 RUN_DONE);
	world_check(w);
}

START_TEST(a_vma_marked_before_it_was_locked_is_left_alone)
{
	look_while(marks, "vma_start_write done");
	ck_assert_ptr_null(found);
}
END_TEST

START_TEST(a_vma_unmapped_before_it_was_locked_is_not_found)
{
	look_while(unmaps, "mmap_write_downgrade");
	ck_assert_ptr_null(found);
}
END_TEST

/* ---- faults ---- */

static void no_mmap_lock_body(struct task *t)
{
	map_heap(t, PAGES(3));
	ck_assert(user_fault(t, HEAP)); /* brings the anon_vma */
	/* Somebody writes to the tree elsewhere: no matter. */
	mmap_write_lock(t->mm);
	ck_assert(user_fault(t, HEAP + PAGES(1)));
	ck_assert(pt_walk(w->m, t->mm->pgd, HEAP + PAGES(1)).write);
	mmap_write_unlock(t->mm);
}

START_TEST(a_fault_does_without_mmap_lock)
{
	world_do(w, no_mmap_lock_body);
}
END_TEST

static vm_fault_t locked_fault(struct mm_struct *mm, vaddr_t addr)
{
	vma = lock_vma_under_rcu(mm, addr);
	ck_assert_ptr_nonnull(vma);
	return handle_mm_fault(vma, addr,
	                       FAULT_FLAG_WRITE | FAULT_FLAG_VMA_LOCK);
}

static void anon_vma_body(struct task *t)
{
	map_heap(t, PAGES(2));
	/* The first anon_vma needs mmap_lock, which is taken: try again. */
	mmap_write_lock(t->mm);
	ck_assert_uint_eq(locked_fault(t->mm, HEAP), VM_FAULT_RETRY);
	ck_assert(!rwsem_is_locked(&vma->vm_lock));
	ck_assert_ptr_null(vma->anon_vma);
	mmap_write_unlock(t->mm);
	/* It is free: done under both. */
	ck_assert_uint_eq(locked_fault(t->mm, HEAP), 0);
	ck_assert(rwsem_is_locked(&vma->vm_lock));
	ck_assert_ptr_nonnull(vma->anon_vma);
	vma_end_read(vma);
}

START_TEST(a_first_anon_vma_needs_mmap_lock)
{
	world_do(w, anon_vma_body);
}
END_TEST

static void segv_body(struct task *t)
{
	map_heap(t, PAGES(1));
	ck_assert_int_eq(do_sys_mprotect(t, HEAP, PAGES(1), PROT_READ), 0);
	ck_assert(!user_fault(t, HEAP));
	ck_assert_int_eq(t->exit_signal, 11);
	t->exit_signal = 0;
	vma = vma_lookup(t->mm, HEAP);
	ck_assert(!rwsem_is_locked(&vma->vm_lock));
	ck_assert(!user_fault(t, HEAP + PAGES(1)));
	t->exit_signal = 0;
}

START_TEST(a_fault_without_the_right_leaves_nothing_locked)
{
	world_do(w, segv_body);
}
END_TEST

/* ---- changes lock ---- */

static void marks_body(struct task *t)
{
	struct mm_struct *mm = t->mm;

	map_heap(t, PAGES(4));
	ck_assert(user_fault(t, HEAP));
	mmap_write_lock(mm);
	vma = vma_lookup(mm, HEAP);
	ck_assert_int_eq(split_vma(vma, HEAP + PAGES(2), false), 0);
	ck_assert_ptr_null(lock_vma_under_rcu(mm, HEAP));
	ck_assert_ptr_null(lock_vma_under_rcu(mm, HEAP + PAGES(2)));
	mmap_write_unlock(mm);
	vma = lock_vma_under_rcu(mm, HEAP + PAGES(2));
	ck_assert_uint_eq(vma->vm_start, HEAP + PAGES(2));
	vma_end_read(vma);
}

START_TEST(a_split_marks_both_halves)
{
	world_do(w, marks_body);
}
END_TEST

static void detached_body(struct task *t)
{
	map_heap(t, PAGES(4));
	vma = vma_lookup(t->mm, HEAP);
	rcu_read_lock(); /* it is not freed meanwhile */
	ck_assert_int_eq(do_sys_munmap(t, HEAP, PAGES(4)), 0);
	ck_assert(vma->detached);
	rcu_read_unlock();
}

START_TEST(an_unmapped_vma_is_detached)
{
	world_do(w, detached_body);
}
END_TEST

/* The fault of another thread while one holds mmap_lock as fork does. */
static void forks(struct task *t)
{
	struct mm_struct *child;

	map_heap(t, PAGES(1));
	ck_assert(user_fault(t, HEAP));
	child = dup_mm(t, t->mm);
	ck_assert_ptr_nonnull(child);
	mmput(child);
}

static void faults(struct task *t)
{
	while (!find_vma(t->mm, 0))
		schedule();
	for (unsigned i = 0; i < 5; i++) {
		if (!user_fault(t, HEAP))
			t->exit_signal = 0;
	}
}

START_TEST(faults_beside_fork_keep_the_books)
{
	w->options.vma_lock = _i ? VMA_LOCK_6_12 : VMA_LOCK_6_4;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		world_boot(w);
		world_thread(w, 0, "fork", forks);
		world_thread(w, 1, "fault", faults);
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		world_check(w);
	}
}
END_TEST

static void off_body(struct task *t)
{
	map_heap(t, PAGES(1));
	mmap_write_lock(t->mm);
	vma = vma_lookup(t->mm, HEAP);
	vma_start_write(vma);
	ck_assert_uint_eq(vma->vm_lock_seq, UINT32_MAX);
	mmap_write_unlock(t->mm);
	ck_assert_uint_eq(t->mm->mm_lock_seq, 0);
}

START_TEST(switched_off_nothing_is_marked)
{
	w->options.vma_lock = VMA_LOCK_OFF;
	world_do(w, off_body);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/vma_lock");
	TCase *tc = tcase_create("vma_lock");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_vma_is_found_and_locked_by_an_address_in_it);
	tcase_add_test(tc, a_marked_vma_is_left_alone_until_mmap_lock_goes);
	tcase_add_test(tc, a_downgrade_ends_the_marks);
	tcase_add_test(tc, a_writer_waits_for_the_faults_in_the_vma);
	tcase_add_test(tc, a_vma_marked_before_it_was_locked_is_left_alone);
	tcase_add_test(tc, a_vma_unmapped_before_it_was_locked_is_not_found);
	tcase_add_test(tc, a_fault_does_without_mmap_lock);
	tcase_add_test(tc, a_first_anon_vma_needs_mmap_lock);
	tcase_add_test(tc, a_fault_without_the_right_leaves_nothing_locked);
	tcase_add_test(tc, a_split_marks_both_halves);
	tcase_add_test(tc, an_unmapped_vma_is_detached);
	tcase_add_loop_test(tc, faults_beside_fork_keep_the_books, 0, 2);
	tcase_add_test(tc, switched_off_nothing_is_marked);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
