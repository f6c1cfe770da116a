/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads of one process and its children doing everything at once, on random
 * schedules and with every correct variant: nothing hangs, no rule is broken,
 * and in the end every counter agrees with the tables (teardown).
 */
#include "mm/sys.h"

#include "mm/vma.h"
#include "tests/mm/fixture.h"

#define BASE  UINT64_C(0x40000000)
#define UNIT  (256 << 10)
#define UNITS 24
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

static uint32_t rng;
static unsigned nr_children;
static bool scarce;

static uint32_t pick(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 17;
	rng ^= rng << 5;
	return rng % n;
}

static void child_body(struct task *t)
{
	for (unsigned i = 0; i < 8; i++)
		(void)user_access(t, BASE + pick(UNITS) * UNIT, pick(2));
}

static void fork_once(struct task *t)
{
	struct mm_struct *mm;

	if (nr_children == 3)
		return;
	nr_children++;
	mm = dup_mm(t, t->mm);
	if (mm)
		spawn(mm, pick(TEST_CPUS), "child", child_body);
}

static void one_call(struct task *t)
{
	static const int advices[] = { MADV_DONTNEED, MADV_DONTNEED, MADV_FREE,
		                       MADV_HUGEPAGE, MADV_POPULATE_WRITE };
	vaddr_t addr = BASE + pick(UNITS) * UNIT;
	uint64_t len = (1 + pick(8)) * UNIT;

	switch (pick(10)) {
	case 0:
		(void)sys_mmap(t, addr, len, RW, ANON);
		break;
	case 1:
		(void)sys_mmap(t, addr, len, RW,
		               MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
		break;
	case 2:
		(void)do_sys_munmap(t, addr, len);
		break;
	case 3:
		(void)do_sys_mprotect(t, addr, len, pick(4));
		break;
	case 4:
		(void)do_sys_mremap(t, addr, len, len,
		                    MREMAP_MAYMOVE | MREMAP_FIXED,
		                    BASE + pick(UNITS) * UNIT);
		break;
	case 5:
	case 6:
		(void)do_sys_madvise(t, addr, len,
		                     advices[pick(ARRAY_SIZE(advices))]);
		break;
	case 7:
		if (!pick(4))
			fork_once(t);
		break;
	default:
		(void)user_access(t, addr, pick(4));
		break;
	}
}

static void busy(struct task *t)
{
	for (unsigned i = 0; i < 40; i++) {
		/* Now and then a frame is refused to whoever wants it next. */
		if (scarce && !pick(3))
			fix.m->mem.fail_nth = 1 + pick(12);
		one_call(t);
	}
}

static void first(struct task *t)
{
	mmap_anon(t, BASE, UNITS * UNIT, RW);
	for (unsigned cpu = 1; cpu < 4; cpu++) {
		mmget(t->mm);
		spawn(t->mm, cpu, "busy", busy);
	}
	busy(t);
}

static void count_rule(struct observer *o, struct machine *m,
                       const struct event *ev)
{
	(void)o;
	(void)m;
	ck_abort_msg("%s: %s", event_type_name(ev->type),
	             ev->text ? ev->text : "");
}

START_TEST(threads_that_do_everything_leave_no_trace)
{
	struct observer o = { .types = BIT_ULL(EV_RULE) | BIT_ULL(EV_OBJ_UAF) |
		                       BIT_ULL(EV_OBJ_BAD_FREE) |
		                       BIT_ULL(EV_FRAME_BAD_FREE),
		              .event = count_rule };

	rng = (uint32_t)_i * 2654435761u + 1;
	nr_children = 0;
	policy_free(fix.policy);
	fix.policy = fix.m->policy = policy_random_new((uint64_t)_i + 1);
	fix.options.thp = _i & 1 ? THP_ALWAYS : THP_MADVISE;
	fix.options.pt_reclaim = _i & 2 ? PT_RECLAIM_MERGED : PT_RECLAIM_OFF;
	fix.options.table_free = _i & 4 ? TABLE_FREE_RCU : TABLE_FREE_SEMI_RCU;
	fix.options.table_batch_fail = _i & 8;
	scarce = _i & 16;
	observe(fix.m, &o);
	run_process(first);
	fix.m->mem.fail_nth = 0;
	unobserve(fix.m, &o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm/sys");
	TCase *tc = tcase_create("sys");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tc, threads_that_do_everything_leave_no_trace, 0,
	                    64);
	suite_add_tcase(s, tc);
	return fixture_suite(s);
}
