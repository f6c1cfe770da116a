/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expected results: mmap(2) about MAP_GROWSDOWN, mprotect(2), the documentation
 * of the parameter stack_guard_gap, getrlimit(2). */
#include "mm/expand_stack.h"

#include "mm/fault.h"
#include "mm/gup.h"
#include "mm/vma.h"
#include "tests/mm/fixture.h"

#define STACK UINT64_C(0x40000000)
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)

static void map_stack(struct task *t, vaddr_t addr, uint64_t len)
{
	ck_assert_int_eq(
		sys_mmap(t, addr, len, RW, ANON | MAP_FIXED | MAP_GROWSDOWN),
		(long)addr);
}

static void grow(struct task *t)
{
	map_stack(t, STACK, 2 * PAGE_SIZE);
	store(t, STACK, 1);
	store(t, STACK - 3 * PAGE_SIZE + 8, 2);
	ck_assert_str_eq(maps(t->mm), "3fffd000-40002000 rw-p\n");
	ck_assert_uint_eq(load(t, STACK), 1);
	ck_assert_uint_eq(load(t, STACK - 3 * PAGE_SIZE + 8), 2);
	ck_assert_int_eq(t->mm->rss_anon.counter, 2);
	/* The kernel's own accesses extend it as well. */
	ck_assert_int_eq(mm_fault_page(t->mm, STACK - 4 * PAGE_SIZE, true), 0);
	ck_assert_str_eq(maps(t->mm), "3fffc000-40002000 rw-p\n");
	vma_check(t->mm);
}

/* proc(5) about /proc/PID/mem: as the process itself. */
static void grow_from_outside(struct task *t)
{
	uint64_t value = 7;

	map_stack(t, STACK, PAGE_SIZE);
	ck_assert_uint_eq(access_remote_vm(t->mm, STACK - 2 * PAGE_SIZE, &value,
	                                   8, FOLL_WRITE),
	                  8);
	ck_assert_str_eq(maps(t->mm), "3fffe000-40001000 rw-p\n");
	ck_assert_uint_eq(load(t, STACK - 2 * PAGE_SIZE), 7);
	ck_assert_uint_eq(access_remote_vm(t->mm, STACK - 8 * MB, &value, 8, 0),
	                  0);
	ck_assert_uint_eq(access_remote_vm(t->mm, STACK + MB, &value, 8, 0), 0);
	vma_check(t->mm);
}

static void limit(struct task *t)
{
	map_stack(t, STACK, PAGE_SIZE);
	ck_assert(!user_access(t, STACK - 8 * MB, true));
	ck_assert(user_access(t, STACK - 8 * MB + PAGE_SIZE, true));
	ck_assert_str_eq(maps(t->mm), "3f801000-40001000 rw-p\n");
	ck_assert(!user_access(t, STACK - 8 * MB, true));
	/* Not below what an unprivileged process may map: 64K. */
	map_stack(t, 0x20000, PAGE_SIZE);
	ck_assert(!user_access(t, 0xffff, true));
	ck_assert(user_access(t, 0x10000, true));
	vma_check(t->mm);
}

static void guard_gap(struct task *t)
{
	const vaddr_t low = STACK - 2 * MB;

	map_stack(t, STACK, PAGE_SIZE);
	mmap_anon(t, low, PAGE_SIZE, PROT_READ);
	ck_assert(!user_access(t, low + MB, true));
	ck_assert(user_access(t, low + MB + PAGE_SIZE, true));
	/* What cannot be accessed, or is a stack, does not count. */
	ck_assert_int_eq(do_sys_mprotect(t, low, PAGE_SIZE, PROT_NONE), 0);
	ck_assert(user_access(t, low + MB, true));
	map_stack(t, low, PAGE_SIZE);
	ck_assert(user_access(t, low + PAGE_SIZE, true));
	vma_check(t->mm);
}

static void placement(struct task *t)
{
	vaddr_t top = mmap_anon(t, 0, PAGE_SIZE, RW), below;

	ck_assert_int_eq(do_sys_munmap(t, top, PAGE_SIZE), 0);
	map_stack(t, top, PAGE_SIZE);
	below = mmap_anon(t, 0, PAGE_SIZE, RW);
	ck_assert_uint_eq(below, top - MB - PAGE_SIZE);
	/* A hint inside the gap is not taken, one at its end is. */
	ck_assert_int_eq(sys_mmap(t, top - MB, PAGE_SIZE, RW, ANON),
	                 (long)(below - PAGE_SIZE));
	map_stack(t, STACK, PAGE_SIZE);
	ck_assert_int_eq(
		sys_mmap(t, STACK - MB - PAGE_SIZE, PAGE_SIZE, RW, ANON),
		(long)(STACK - MB - PAGE_SIZE));
	vma_check(t->mm);
}

static void protect(struct task *t)
{
	const uint64_t prot = PROT_READ | PROT_GROWSDOWN;

	map_stack(t, STACK, 4 * PAGE_SIZE);
	ck_assert_int_eq(
		do_sys_mprotect(t, STACK + 2 * PAGE_SIZE, PAGE_SIZE, prot), 0);
	ck_assert_str_eq(maps(t->mm), "40000000-40003000 r--p\n"
	                              "40003000-40004000 rw-p\n");
	mmap_anon(t, STACK + MB, 2 * PAGE_SIZE, RW);
	ck_assert_int_eq(do_sys_mprotect(t, STACK + MB, PAGE_SIZE, prot),
	                 -EINVAL);
	/* MAP_GROWSDOWN is for private anonymous memory. */
	ck_assert_int_eq(sys_mmap(t, 0, PAGE_SIZE, RW,
	                          MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN),
	                 -EINVAL);
}

static void (*const alone[])(struct task *) = { grow,      grow_from_outside,
	                                        limit,     guard_gap,
	                                        placement, protect };

START_TEST(a_stack_alone)
{
	fix.options.stack_expand = (enum stack_expand)(_i % 3);
	fix.options.vma_lock = _i % 2 ? VMA_LOCK_6_12 : VMA_LOCK_OFF;
	run_process(alone[_i / 6]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/expand_stack");
	TCase *tc = tcase_create("expand_stack");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tc, a_stack_alone, 0, 6 * (int)ARRAY_SIZE(alone));
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
