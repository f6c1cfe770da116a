/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EV_FLUSH: a flush that is left out for a CPU says for which reason, of those
 * that Linux v6.12 arch/x86/mm/tlb.c has.
 */
#include <string.h>

#include "mm/sys.h"
#include "mm/x86/tlb.h"
#include "tests/mm/lab.h"

#define HEAP UINT64_C(0x40000000)

/* What was said about CPU 1, or about this CPU where it flushes itself. */
struct notes {
	struct observer observer;
	unsigned cpu, nr_skipped, nr_begun, mm;
	char why[96];
};

static void note(struct observer *o, struct machine *m, const struct event *ev)
{
	struct notes *n = container_of(o, struct notes, observer);

	(void)m;
	n->nr_begun += ev->a == FLUSH_BEGUN;
	if (ev->a != FLUSH_SKIPPED || ev->c != n->cpu)
		return;
	n->nr_skipped++;
	n->mm = *(const unsigned *)ev->data;
	g_strlcpy(n->why, ev->text, sizeof(n->why));
}

static void listen(struct notes *n, struct machine *m, unsigned cpu)
{
	*n = (struct notes){ .cpu = cpu };
	n->observer.name = "notes";
	n->observer.types = UINT64_C(1) << EV_FLUSH;
	n->observer.event = note;
	observe(m, &n->observer);
}

static void flush_a_page(struct task *t)
{
	flush_tlb_mm_range(t->mm, HEAP, HEAP + PAGE_SIZE, PAGE_SHIFT, false);
	exit_mm(t);
}

/* CPU 0 flushes a page while CPU 1 is as @prepare leaves it. */
static struct notes flush_past(enum switch_mm_kind kind, cpumask_t mask,
                               struct mm_struct *loaded, bool lazy)
{
	struct lab *lab = lab_new(2);
	struct mm_struct *mm, *before;
	struct tlb_state *ts;
	struct notes n;

	lab->options.switch_mm = kind;
	lab_boot(lab);
	mm = lab_mm(lab, "A");
	mm->cpu_bitmap = mask;
	ts = cpu_tlbstate(&lab->m->cpus[1]);
	before = ts->loaded_mm;
	ts->loaded_mm = loaded ? loaded : before;
	ts->is_lazy = lazy;
	listen(&n, lab->m, 1);
	lab_task(lab, 0, mm, "flusher", flush_a_page);
	lab_run(lab);
	unobserve(lab->m, &n.observer);
	ck_assert_uint_ge(n.nr_begun, 1);
	ts->loaded_mm = before;
	ts->is_lazy = false;
	lab_free(lab, true);
	return n;
}

START_TEST(a_cpu_outside_the_mask)
{
	struct notes n = flush_past(SWITCH_MM_LINUX, 0, NULL, false);

	ck_assert_uint_eq(n.nr_skipped, 1);
	ck_assert_str_eq(n.why, "not in mm_cpumask");
}
END_TEST

START_TEST(a_lazy_cpu)
{
	struct notes n = flush_past(SWITCH_MM_LINUX, 2, NULL, true);

	ck_assert_uint_eq(n.nr_skipped, 1);
	ck_assert(g_str_has_prefix(n.why, "lazy, "));
}
END_TEST

START_TEST(a_cpu_in_the_mask_with_another_mm)
{
	struct notes n = flush_past(SWITCH_MM_LINUX, 2, NULL, false);

	ck_assert_uint_eq(n.nr_skipped, 1);
	ck_assert_str_eq(n.why, "another mm is loaded");
}
END_TEST

START_TEST(a_cpu_between_two_mms)
{
	struct notes n = flush_past(SWITCH_MM_SKIP_SWITCHING, 2,
	                            LOADED_MM_SWITCHING, false);

	ck_assert_uint_eq(n.nr_skipped, 1);
	ck_assert_str_eq(n.why, "between two mms (switch_mm=skip_switching)");
}
END_TEST

/* A request of CPU 7 up to generation 10 reaches a CPU that is there. */
static void serve_old_request(struct task *t)
{
	struct tlb_state *ts = cpu_tlbstate(this_cpu());
	struct flush_tlb_info info = { .mm = t->mm,
		                       .start = HEAP,
		                       .end = HEAP + PAGE_SIZE,
		                       .stride_shift = PAGE_SHIFT,
		                       .new_tlb_gen = 10,
		                       .initiating_cpu = 7 };
	struct notes n;

	ts->ctxs[ts->loaded_mm_asid].tlb_gen = 10;
	t->mm->context.tlb_gen.counter = 12;
	listen(&n, this_machine(), 0);
	local_irq_disable();
	flush_tlb_func(&info);
	local_irq_enable();
	unobserve(this_machine(), &n.observer);
	ck_assert_uint_eq(n.nr_skipped, 1);
	ck_assert_uint_eq(n.mm, t->mm->id);
	ck_assert_str_eq(n.why, "its tlb_gen says it has seen this flush");
	exit_mm(t);
}

START_TEST(a_request_that_was_already_served)
{
	struct lab *lab = lab_start(1);

	lab_task(lab, 0, lab_mm(lab, "A"), "t", serve_old_request);
	lab_run(lab);
	lab_free(lab, true);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, a_cpu_outside_the_mask);
	tcase_add_test(tc, a_lazy_cpu);
	tcase_add_test(tc, a_cpu_in_the_mask_with_another_mm);
	tcase_add_test(tc, a_cpu_between_two_mms);
	tcase_add_test(tc, a_request_that_was_already_served);
}

int main(void)
{
	return lab_main("mm/flush_notes", add_tests);
}
