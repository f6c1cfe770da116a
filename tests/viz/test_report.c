/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of a stale translation that is told event by event. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/access.h"
#include "base/lockdep.h"
#include "base/machine.h"
#include "mmu/mmu.h"
#include "oracle/oracle.h"
#include "tlb/tlb.h"
#include "viz/report.h"

#define HEAP UINT64_C(0x40000000)

static struct machine *m;
static struct recorder *r;
static struct agent *stale, *reclaim, *touch;
static pfn_t table;

static void nothing(void *arg)
{
	(void)arg;
}

static void setup(void)
{
	struct machine_config config = { .nr_cpus = 3,
		                         .memory_bytes = UINT64_C(1) << 26 };
	struct page *page;

	m = machine_new(&config);
	r = recorder_new(false);
	stale = agent_new(m, AGENT_TASK, &m->cpus[0], "stale", nothing, NULL);
	reclaim =
		agent_new(m, AGENT_TASK, &m->cpus[1], "reclaim", nothing, NULL);
	touch = agent_new(m, AGENT_TASK, &m->cpus[2], "touch", nothing, NULL);
	page = alloc_frames(m, 0, FRAME_PT_PTE, true);
	page->index = HEAP;
	table = page_to_pfn(&m->mem, page);
	recorder_attach(r, m);
}

static void teardown(void)
{
	current_agent = NULL;
	recorder_free(r);
	machine_free(m);
}

static void act(struct agent *a)
{
	current_agent = a;
	m->sched.nr_steps++;
}

static void set_pte(struct agent *a, unsigned index, uint64_t old, uint64_t new)
{
	act(a);
	emit(m, EV_PT_WRITE,
	     .addr = (table << PAGE_SHIFT) + (uint64_t)index * 8, .a = new,
	     .b = old, .c = 1);
}

static void fill(struct agent *a, vaddr_t va, pfn_t pfn)
{
	struct tlb_entry e = {
		.va = va, .pfn = pfn, .shift = 12, .leaf_level = 1
	};

	act(a);
	emit(m, EV_TLB_FILL, .addr = va, .data = &e);
}

static void load(struct agent *a, vaddr_t va, pfn_t pfn, uint64_t value)
{
	struct tlb_entry e = {
		.va = va & PAGE_MASK, .pfn = pfn, .shift = 12, .leaf_level = 1
	};
	struct access_record acc = { .va = va,
		                     .pa = pfn << PAGE_SHIFT,
		                     .size = 8,
		                     .read = true,
		                     .tlb_hit = true,
		                     .value = value,
		                     .old = value,
		                     .entry = &e };

	act(a);
	emit(m, EV_ACCESS, .addr = va, .data = &acc);
}

static void call(struct agent *a, enum event_type type)
{
	const uint64_t args[6] = { HEAP, 0x200000, 4 };

	act(a);
	emit(m, type, .a = 28, .b = 1, .data = args, .text = "madvise");
}

/* CPU1 discards a page, CPU2 faults in another, CPU0 uses the first. */
static struct hazard tell_story(void)
{
	struct hazard h = {
		.id = ORACLE_STALE_USE,
		.oracle = "stale-use",
		.text = (char *)(uintptr_t) "CPU0 (stale) loaded "
					    "what CPU1 (reclaim) had removed",
		.addr = HEAP + 0x3000,
		.end = HEAP + 0x4000,
		.creator = "reclaim",
		.user = "stale"
	};

	fill(stale, HEAP + 0x3000, 12);
	h.links[h.nr_links++] =
		(struct hazard_link){ HAZARD_FILLED, m->sched.nr_steps,
		                      (int)stale->id, 0, "stale" };
	call(reclaim, EV_SYSCALL_ENTER);
	set_pte(reclaim, 3, 12 << 12 | 0x67, 0);
	h.links[h.nr_links++] =
		(struct hazard_link){ HAZARD_REMOVED, m->sched.nr_steps,
		                      (int)reclaim->id, 1, "reclaim" };
	set_pte(reclaim, 9, 13 << 12 | 0x67, 0);
	call(reclaim, EV_SYSCALL_EXIT);
	act(touch);
	emit(m, EV_FAULT, .addr = HEAP + 0x3000);
	set_pte(touch, 3, 0, 14 << 12 | 0x67);
	load(touch, HEAP + 0x3000, 14, 0);
	load(stale, HEAP + 0x3008, 12, 0x11);
	h.links[h.nr_links++] =
		(struct hazard_link){ HAZARD_USED, m->sched.nr_steps,
		                      (int)stale->id, 0, "stale" };
	h.step = m->sched.nr_steps;
	return h;
}

static char *report(const struct hazard *h, unsigned n)
{
	GString *out = g_string_new(NULL);

	viz_report(out, r, h, n, m);
	return g_string_free(out, FALSE);
}

static char *columns(const struct hazard *h)
{
	GString *out = g_string_new(NULL);

	viz_columns(out, r, h, m);
	return g_string_free(out, FALSE);
}

static unsigned longest_line(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	size_t longest = 0;

	for (unsigned i = 0; lines[i]; i++)
		longest = MAX(longest, strlen(lines[i]));
	return (unsigned)longest;
}

static unsigned nr_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* In which column, counted in characters, @what begins. */
static unsigned column_of(const char *text, const char *what)
{
	const char *at = strstr(text, what), *start = at;

	ck_assert_msg(at != NULL, "no '%s' in:\n%s", what, text);
	while (start > text && start[-1] != '\n')
		start--;
	return (unsigned)(at - start);
}

START_TEST(each_cpu_has_its_column_in_order_of_appearance)
{
	struct hazard h = tell_story();
	g_autofree char *text = columns(&h);

	ck_assert_uint_eq(column_of(text, "CPU0 (stale)"), 0);
	ck_assert_uint_eq(column_of(text, "CPU1 (reclaim)"), 36);
	ck_assert_uint_eq(column_of(text, "CPU2 (touch)"), 72);
	ck_assert_uint_eq(column_of(text, "madvise(DONTNEED)"), 36);
	ck_assert_uint_eq(column_of(text, "clear pte 0x40003000"), 38);
	ck_assert_uint_eq(column_of(text, "page fault 0x40003000"), 72);
	ck_assert_uint_eq(column_of(text, "set pte 0x40003000"), 74);
	ck_assert_uint_eq(column_of(text, "load 0x40003008 = 0x11"), 0);
	ck_assert_uint_eq(column_of(text, "tlb hit 4K -> frame 12"), 2);
	ck_assert_uint_le(longest_line(text), 108);
}
END_TEST

START_TEST(what_is_about_other_addresses_is_left_out)
{
	struct hazard h = tell_story();
	g_autofree char *text = report(&h, 1);

	ck_assert_ptr_null(strstr(text, "0x40009000"));
}
END_TEST

START_TEST(the_hazard_line_says_what_who_and_when)
{
	struct hazard h = tell_story();
	g_autofree char *text = report(&h, 1);

	ck_assert_ptr_nonnull(strstr(
		text,
		"hazard stale-use: CPU0 (stale) loaded what CPU1 (reclaim) "
		"had removed\n"
		"  1  CPU0 (stale)    tlb fill 4K 0x40003000 -> frame 12\n"
		"  3  CPU1 (reclaim)  clear pte 0x40003000 (was frame 12)\n"
		"  7  CPU2 (touch)    set pte 0x40003000 -> frame 14\n"
		"  9  CPU0 (stale)    load 0x40003008 = 0x11, tlb hit 4K -> "
		"frame 12\n\n"));
}
END_TEST

START_TEST(two_columns_fit_into_72_characters)
{
	struct hazard h = tell_story();
	g_autofree char *text = NULL;

	h.step = h.links[2].step = 5; /* before CPU2 comes in */
	text = report(&h, 1);
	ck_assert_uint_le(longest_line(text), 72);
	ck_assert_ptr_null(strstr(text, "CPU2"));
}
END_TEST

START_TEST(no_column_writes_into_the_next)
{
	struct hazard h = tell_story();
	g_auto(GStrv) lines = NULL;
	g_autofree char *text = NULL;

	h.addr = HEAP;
	h.end = HEAP + 0x200000;
	text = columns(&h);
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i] && lines[i][0]; i++)
		if (strlen(lines[i]) > 36)
			ck_assert_msg(lines[i][35] == ' ', "%s", lines[i]);
}
END_TEST

START_TEST(a_long_story_is_cut_to_an_email)
{
	struct hazard h = tell_story();
	g_autofree char *text = NULL;

	for (unsigned i = 0; i < 500; i++) {
		load(stale, HEAP + 0x3000 + 8 * ((uint64_t)i % 8), 12, i);
		load(touch, HEAP + 0x3000 + 8 * ((uint64_t)i % 8), 14, i);
	}
	h.step = m->sched.nr_steps;
	text = report(&h, 1);
	ck_assert_uint_le(nr_lines(text), REPORT_LINES_MAX + 10);
	ck_assert_ptr_nonnull(strstr(text, "clear pte 0x40003000"));
	ck_assert_ptr_nonnull(strstr(text, "lines left out"));
}
END_TEST

START_TEST(entries_cleared_in_a_row_are_one_line)
{
	struct hazard h = { .id = ORACLE_LOST_WRITE,
		            .oracle = "lost-write",
		            .text = (char *)(uintptr_t) "x",
		            .addr = HEAP,
		            .end = HEAP + 0x200000 };
	g_autofree char *text = NULL;

	call(reclaim, EV_SYSCALL_ENTER);
	for (unsigned i = 0; i < 100; i++)
		set_pte(reclaim, i, (100 + i) << 12 | 0x67, 0);
	h.step = m->sched.nr_steps;
	text = report(&h, 1);
	ck_assert_ptr_nonnull(strstr(text, "clear pte 0x40000000 (100)"));
	ck_assert_uint_lt(nr_lines(text), 8);
}
END_TEST

static void lock_event(struct agent *a, enum lock_event what, objid_t lock,
                       const char *text)
{
	act(a);
	emit(m, EV_LOCK, .a = what, .addr = lock, .text = text);
}

/* CPU1 takes the PTE lock and wants the PMD lock, CPU2 the other way round. */
static unsigned tell_deadlock(struct hazard h[2])
{
	h[0] = (struct hazard){ .id = ORACLE_LOCK_RULE,
		                .oracle = "lock-rule",
		                .text = (char *)(uintptr_t) "wrong order" };
	h[1] = (struct hazard){ .id = ORACLE_DEADLOCK,
		                .oracle = "deadlock",
		                .text = (char *)(uintptr_t) "a cycle" };
	call(reclaim, EV_SYSCALL_ENTER);
	lock_event(reclaim, LOCK_ACQUIRED, 3, "anon_vma lock");
	lock_event(reclaim, LOCK_RELEASED, 3, "anon_vma lock");
	lock_event(reclaim, LOCK_ACQUIRED, 1, "pte lock");
	lock_event(touch, LOCK_ACQUIRED, 2, "pmd lock");
	reclaim->next.label = "lock pml";
	touch->next.label = "lock ptl";
	h[1].step = m->sched.nr_steps;
	h[1].links[0] = (struct hazard_link){ HAZARD_USED, h[1].step,
		                              (int)reclaim->id, 1, "reclaim" };
	h[1].links[1] = (struct hazard_link){ HAZARD_USED, h[1].step,
		                              (int)touch->id, 2, "touch" };
	h[1].nr_links = 2;
	return 2;
}

START_TEST(a_deadlock_shows_who_holds_what_and_waits_for_what)
{
	struct hazard h[2];
	unsigned n = tell_deadlock(h);
	g_autofree char *text = columns(&h[1]);
	g_autofree char *whole = report(h, n);

	ck_assert_uint_eq(column_of(text, "got pte lock"), 2);
	ck_assert_uint_eq(column_of(text, "got pmd lock"), 36);
	ck_assert_uint_eq(column_of(text, "waits: lock pml"), 2);
	ck_assert_uint_eq(column_of(text, "waits: lock ptl"), 38);
	ck_assert_ptr_null(strstr(whole, "anon_vma"));
	ck_assert(g_str_has_prefix(whole, "hazard deadlock: a cycle\n"));
	ck_assert(g_str_has_suffix(whole, "\nhazard lock-rule: wrong order\n"));
}
END_TEST

START_TEST(a_clean_run_says_so)
{
	g_autofree char *text = report(NULL, 0);

	ck_assert_str_eq(text, "no hazard\n");
}
END_TEST

START_TEST(a_hazard_without_a_story_has_its_line)
{
	struct hazard h = { .id = ORACLE_LEAK,
		            .oracle = "leak",
		            .text = (char *)(uintptr_t) "a frame is left" };
	g_autofree char *text = report(&h, 1);

	ck_assert_str_eq(text, "hazard leak: a frame is left\n");
}
END_TEST

START_TEST(the_trace_has_a_line_per_event)
{
	GString *out = g_string_new(NULL);
	size_t n;

	tell_story();
	recorder_records(r, &n);
	viz_trace(out, r, m);
	ck_assert_uint_eq(nr_lines(out->str), n);
	ck_assert_ptr_nonnull(strstr(out->str, "CPU1 (reclaim)"));
	ck_assert_ptr_nonnull(strstr(out->str, "clear pte 0x40003000"));
	recorder_reset(r);
	recorder_records(r, &n);
	ck_assert_uint_eq(n, 0);
	g_string_free(out, TRUE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("viz/report");
	TCase *tc = tcase_create("report");
	SRunner *sr = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_cpu_has_its_column_in_order_of_appearance);
	tcase_add_test(tc, what_is_about_other_addresses_is_left_out);
	tcase_add_test(tc, the_hazard_line_says_what_who_and_when);
	tcase_add_test(tc, two_columns_fit_into_72_characters);
	tcase_add_test(tc, no_column_writes_into_the_next);
	tcase_add_test(tc, a_long_story_is_cut_to_an_email);
	tcase_add_test(tc, entries_cleared_in_a_row_are_one_line);
	tcase_add_test(tc, a_deadlock_shows_who_holds_what_and_waits_for_what);
	tcase_add_test(tc, a_clean_run_says_so);
	tcase_add_test(tc, a_hazard_without_a_story_has_its_line);
	tcase_add_test(tc, the_trace_has_a_line_per_event);
	suite_add_tcase(suite, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
