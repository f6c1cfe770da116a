/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two stacks that grow at once, in the same and in other places, beside munmap
 * and madvise, under random schedules: in the end each begins at the lowest
 * address that was touched, whoever came first, and nothing is lost.
 */
#include "mm/expand_stack.h"
#include "mm/fault.h"
#include "mm/mm.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "mm/vma.h"
#include "tests/mm/lab.h"

#define LOW  UINT64_C(0x40000000)
#define HIGH UINT64_C(0x40200000)
#define HOLE (LOW + 0x2000) /* directly above the lower stack */
#define RUNS 60

static vaddr_t low_start, high_start;

static void map(struct task *t, vaddr_t addr, uint64_t len, uint64_t flags)
{
	struct mmap_request req = { .addr = addr,
		                    .len = len,
		                    .prot = PROT_READ | PROT_WRITE,
		                    .flags = MAP_PRIVATE | MAP_ANONYMOUS |
		                             MAP_FIXED | flags };

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)addr);
}

static void body_setup(struct task *t)
{
	map(t, LOW, 2 * PAGE_SIZE, MAP_GROWSDOWN);
	map(t, HIGH, PAGE_SIZE, MAP_GROWSDOWN);
	map(t, HOLE, PAGE_SIZE, 0);
	lab_touch(t, HOLE, true);
}

static void push(struct task *t, vaddr_t stack, unsigned pages)
{
	vaddr_t addr = stack - pages * PAGE_SIZE;

	ck_assert_int_eq(mm_fault_page(t->mm, addr, true), 0);
	ck_assert_ptr_nonnull(lab_page(t->mm, addr));
}

static void body_shallow(struct task *t)
{
	push(t, LOW, 1);
	push(t, HIGH, 3);
	exit_mm(t);
}

static void body_deep(struct task *t)
{
	push(t, LOW, 4);
	push(t, HIGH, 2);
	exit_mm(t);
}

static void body_calls(struct task *t)
{
	ck_assert_int_eq(do_sys_munmap(t, HOLE, PAGE_SIZE), 0);
	ck_assert_int_eq(do_sys_madvise(t, LOW, PAGE_SIZE, MADV_DONTNEED), 0);
	exit_mm(t);
}

static void body_look(struct task *t)
{
	low_start = find_vma(t->mm, LOW)->vm_start;
	high_start = find_vma(t->mm, HIGH)->vm_start;
	vma_check(t->mm);
	exit_mm(t);
}

static void grow_at_once(struct lab *lab)
{
	struct mm_struct *mm = lab_mm(lab, "A");

	lab->policy->begin(lab->policy, lab->m);
	mm->mm_users.counter = 5;
	lab_task(lab, 0, mm, "setup", body_setup);
	lab_run(lab);
	mm->mm_users.counter--; /* setup's */
	lab_task(lab, 0, mm, "shallow", body_shallow);
	lab_task(lab, 1, mm, "deep", body_deep);
	lab_task(lab, 2, mm, "calls", body_calls);
	lab_run(lab);
	lab_task(lab, 0, mm, "look", body_look);
	lab_run(lab);
	ck_assert_uint_eq(low_start, LOW - 4 * PAGE_SIZE);
	ck_assert_uint_eq(high_start, HIGH - 3 * PAGE_SIZE);
	lab_check(lab);
}

START_TEST(stacks_grow_beside_each_other)
{
	struct lab *lab = lab_new(3);

	policy_free(lab->policy);
	lab->policy = policy_random_new((uint64_t)_i);
	lab->m->policy = lab->policy;
	lab->options.thp = THP_NEVER;
	lab->options.stack_expand = (enum stack_expand)(_i % 3);
	lab->options.vma_lock = _i % 2 ? VMA_LOCK_6_12 : VMA_LOCK_OFF;
	for (unsigned i = 0; i < RUNS; i++) {
		if (i)
			machine_reset(lab->m);
		lab_boot(lab);
		grow_at_once(lab);
	}
	lab_free(lab, true);
}
END_TEST

/* ---- who reads where a stack starts ---- */

static uint64_t nr_steps;

static void body_counted(struct task *t)
{
	uint64_t before = current_agent->machine->sched.nr_steps;

	ck_assert_int_eq(do_sys_madvise(t, LOW, PAGE_SIZE, MADV_DONTNEED), 0);
	nr_steps = current_agent->machine->sched.nr_steps - before;
	exit_mm(t);
}

static uint64_t steps_of_madvise(enum stack_expand how)
{
	struct lab *lab = lab_new(1);
	struct mm_struct *mm;

	lab->options.thp = THP_NEVER;
	lab->options.stack_expand = how;
	lab_boot(lab);
	mm = lab_mm(lab, "A");
	mm->mm_users.counter = 2;
	lab_task(lab, 0, mm, "setup", body_setup);
	lab_run(lab);
	mm->mm_users.counter--; /* setup's */
	lab_task(lab, 0, mm, "counted", body_counted);
	lab_run(lab);
	lab_free(lab, true);
	return nr_steps;
}

/* madvise_walk_vmas() looks twice, with mmap_lock for reading: that is nobody
 * else's business only if stacks grow with it for writing. */
START_TEST(where_a_stack_starts_is_read_in_a_step_if_it_may_grow)
{
	uint64_t steps = steps_of_madvise(STACK_EXPAND_WRITE);

	ck_assert_uint_eq(steps_of_madvise(STACK_EXPAND_READ), steps + 2);
	ck_assert_uint_eq(steps_of_madvise(STACK_EXPAND_READ_DOWNGRADE),
	                  steps + 2);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc,
	               where_a_stack_starts_is_read_in_a_step_if_it_may_grow);
	tcase_add_loop_test(tc, stacks_grow_beside_each_other, 0, 6);
}

int main(void)
{
	return lab_main("mm/expand_race", add_tests);
}
