/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads of one process do whatever to the same 8 MiB, on random schedules;
 * afterwards every counter must agree with the tables, and nothing may be left
 * when all is unmapped.  With Linux's own options no schedule breaks a rule.
 */
#include "mm/fault.h"
#include "mm/khugepaged.h"
#include "mm/vmscan.h"
#include "tests/mm/arch.h"
#include "tests/mm/world.h"

#define LEN (4 * MIB2)

static struct world *w;
static uint64_t seed;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

/* splitmix64: each thread has its own stream. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void remap_heap(struct task *t, vaddr_t addr, uint64_t len)
{
	const struct mmap_request req = {
		.addr = addr,
		.len = len,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)addr);
}

static void fork_and_exit(struct task *t, vaddr_t addr)
{
	struct mm_struct *child = dup_mm(t, t->mm);

	if (!child)
		return;
	(void)mm_fault_page(child, addr, true);
	mmput(child);
}

/* As the CPU reports it; what ends a thread elsewhere is ignored. */
static void user_fault(struct task *t, vaddr_t addr, bool write)
{
	struct fault_info f = test_fault(addr, write, false);

	if (!do_user_addr_fault(t, &f))
		t->exit_signal = 0;
}

static void one_op(struct task *t, uint64_t r)
{
	vaddr_t addr = HEAP + PAGES((r >> 8) % (LEN / PAGE_SIZE));
	vaddr_t haddr = ALIGN_DOWN(addr, MIB2);
	uint64_t len = MIN(PAGES(1 + (r >> 24) % 700), HEAP + LEN - addr);

	switch (r % 14) {
	case 0:
	case 1:
	case 2:
		user_fault(t, addr, true);
		break;
	case 3:
		user_fault(t, addr, false);
		break;
	case 4:
		(void)do_sys_madvise(t, haddr, MIB2, MADV_DONTNEED);
		break;
	case 5:
		(void)do_sys_madvise(t, addr, len, MADV_DONTNEED);
		break;
	case 6:
		(void)do_sys_madvise(t, addr, len, MADV_FREE);
		break;
	case 7:
		(void)do_sys_munmap(t, addr, len);
		break;
	case 8:
		remap_heap(t, haddr, MIB2);
		break;
	case 9:
		(void)khugepaged_collapse(t->mm, haddr);
		break;
	case 10:
		(void)do_sys_mprotect(t, addr, len,
		                      r & 256 ? PROT_READ
		                              : PROT_READ | PROT_WRITE);
		break;
	case 11:
		fork_and_exit(t, addr);
		break;
	case 12:
		(void)do_sys_mremap(t, addr, len, len,
		                    MREMAP_MAYMOVE | MREMAP_FIXED,
		                    HEAP + 2 * LEN);
		break;
	default:
		(void)reclaim_range(t->mm, haddr, MIB2);
		break;
	}
}

static void mixer(struct task *t)
{
	uint64_t state = seed * 1000 + t->pid;

	for (unsigned i = 0; i < 8; i++)
		one_op(t, next(&state));
}

static void map_all(struct task *t)
{
	map_heap(t, LEN);
}

static void unmap_all(struct task *t)
{
	ck_assert_int_eq(do_sys_munmap(t, HEAP, 4 * LEN), 0);
}

static void run_mix(unsigned runs)
{
	for (seed = 1; seed <= runs; seed++) {
		world_boot(w);
		world_thread(w, 0, "map", map_all);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_thread(w, 0, "a", mixer);
		world_thread(w, 1, "b", mixer);
		world_thread(w, 1, "c", mixer);
		ck_assert_int_eq(world_run(w, seed), RUN_DONE);
		world_check(w);
		world_thread(w, 0, "unmap", unmap_all);
		ck_assert_int_eq(world_run(w, 1), RUN_DONE);
		world_check(w);
		ck_assert_int_eq(table_kb(w->mm), 0);
		ck_assert_int_eq(w->mm->rss_anon.counter, 0);
		ck_assert_int_eq(w->mm->tlb_flush_pending.counter, 0);
	}
}

START_TEST(any_mix_of_calls_keeps_the_books)
{
	w->options.thp = _i & 1 ? THP_ALWAYS : THP_NEVER;
	w->options.pt_reclaim =
		(_i & 2) ? PT_RECLAIM_MERGED : PT_RECLAIM_RFC_V1;
	run_mix(40);
}
END_TEST

START_TEST(faults_with_vma_locks_keep_the_books)
{
	w->options.thp = _i ? THP_ALWAYS : THP_NEVER;
	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	w->options.vma_lock = VMA_LOCK_6_12;
	run_mix(40);
}
END_TEST

START_TEST(small_batches_and_breaks_keep_the_books)
{
	w->options.thp = THP_ALWAYS;
	w->options.pt_reclaim = PT_RECLAIM_MERGED;
	w->options.gather_batch = 1;
	w->options.zap_resched = true;
	/* Not semi_rcu with failing batches: that is R5.1. */
	w->options.table_batch_fail = _i & 1;
	w->options.table_free = _i ? TABLE_FREE_RCU : TABLE_FREE_SEMI_RCU;
	w->options.flush_before_install = FBI_BOTH;
	run_mix(25);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/mix");
	TCase *tc = tcase_create("mix");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, any_mix_of_calls_keeps_the_books, 0, 4);
	tcase_add_loop_test(tc, faults_with_vma_locks_keep_the_books, 0, 2);
	tcase_add_loop_test(tc, small_batches_and_breaks_keep_the_books, 0, 4);
	suite_add_tcase(s, tc);
	return world_suite(s);
}
