/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything at once: system calls, faults and kernel threads on the same
 * addresses under random schedules. Whatever happens, no rule is broken, no
 * freed thing is touched, and the full scan finds nothing.
 */
#include "mm/fault.h"
#include "mm/khugepaged.h"
#include "mm/mm.h"
#include "mm/shmem.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "mm/vmscan.h"
#include "tests/mm/lab.h"

#define HEAP      UINT64_C(0x40000000)
#define SHARED    UINT64_C(0x50000000)
#define ELSEWHERE UINT64_C(0x60000000)
#define RUNS      150

static struct address_space *the_file(const struct task *t)
{
	return lab_of(t)->k->files;
}

static void body_setup(struct task *t)
{
	lab_map(t, HEAP, PMD_SIZE);
	lab_touch(t, HEAP, true);
	lab_map_file(t, SHARED, 4 * PAGE_SIZE, the_file(t), 0);
	lab_touch(t, SHARED, true);
}

static void body_faults(struct task *t)
{
	for (unsigned i = 0; i < 3; i++) {
		(void)mm_fault_page(t->mm, HEAP + i * PAGE_SIZE, i & 1);
		(void)mm_fault_page(t->mm, SHARED + i * PAGE_SIZE, true);
		(void)mm_fault_page(t->mm, ELSEWHERE, true);
	}
	exit_mm(t);
}

static void body_calls(struct task *t)
{
	(void)do_sys_madvise(t, HEAP, PMD_SIZE, MADV_DONTNEED);
	(void)do_sys_mprotect(t, HEAP, 2 * PAGE_SIZE, PROT_READ);
	(void)do_sys_mremap(t, SHARED, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
	                    MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE);
	(void)do_sys_madvise(t, HEAP, PMD_SIZE, MADV_FREE);
	(void)do_sys_munmap(t, HEAP + PAGE_SIZE, PAGE_SIZE);
	exit_mm(t);
}

static void body_fork(struct task *t)
{
	struct mm_struct *child = dup_mm(t, t->mm);

	(void)do_sys_ftruncate(t, the_file(t), PAGE_SIZE);
	(void)mm_fault_page(t->mm, HEAP, true);
	if (child)
		mmput(child);
	exit_mm(t);
}

static void body_kernel(struct task *t)
{
	struct mm_struct *mm = lab_of(t)->k->mms;

	(void)khugepaged_collapse(mm, HEAP);
	(void)reclaim_range(mm, HEAP, 4 * PAGE_SIZE);
	mmput(mm);
}

static void storm(struct lab *lab)
{
	struct mm_struct *mm;

	shmem_file_setup(lab->k, "f", 4 * PAGE_SIZE);
	mm = lab_mm(lab, "A");
	lab->policy->begin(lab->policy, lab->m);
	mm->mm_users.counter = 1; /* for the kernel thread */
	lab_task(lab, 0, mm, "setup", body_setup);
	lab_run(lab);
	mm->mm_users.counter--; /* setup's */
	lab_task(lab, 0, mm, "faults", body_faults);
	lab_task(lab, 1, mm, "calls", body_calls);
	lab_task(lab, 2, mm, "fork", body_fork);
	lab_task(lab, 2, NULL, "kernel", body_kernel);
	lab_run(lab);
	lab_check(lab);
}

static void run_storms(enum thp_enabled thp, enum pt_reclaim reclaim,
                       uint64_t seed)
{
	struct lab *lab = lab_new(3);

	policy_free(lab->policy);
	lab->policy = policy_random_new(seed);
	lab->m->policy = lab->policy;
	lab->options.thp = thp;
	lab->options.pt_reclaim = reclaim;
	for (unsigned i = 0; i < RUNS; i++) {
		if (i)
			machine_reset(lab->m);
		lab_boot(lab);
		storm(lab);
	}
	lab_free(lab, true);
}

START_TEST(small_pages)
{
	run_storms(THP_NEVER, PT_RECLAIM_OFF, 11);
}
END_TEST

START_TEST(huge_pages)
{
	run_storms(THP_ALWAYS, PT_RECLAIM_OFF, 12);
}
END_TEST

START_TEST(small_pages_with_table_reclaim)
{
	run_storms(THP_NEVER, PT_RECLAIM_MERGED, 13);
}
END_TEST

START_TEST(huge_pages_with_table_reclaim)
{
	run_storms(THP_ALWAYS, PT_RECLAIM_MERGED, 14);
}
END_TEST

START_TEST(huge_pages_with_the_first_table_reclaim)
{
	run_storms(THP_ALWAYS, PT_RECLAIM_RFC_V1, 15);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, small_pages);
	tcase_add_test(tc, huge_pages);
	tcase_add_test(tc, small_pages_with_table_reclaim);
	tcase_add_test(tc, huge_pages_with_table_reclaim);
	tcase_add_test(tc, huge_pages_with_the_first_table_reclaim);
}

int main(void)
{
	return lab_main("mm/storm", add_tests);
}
