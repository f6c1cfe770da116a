// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands: where they stop, what they refuse, and any of them at random.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "emu/vcpu_ops.h"
#include "mm/mm_types.h"
#include "pagetable/pgtable.h"
#include "tests/stepper/stage.h"

#define HEAP UINT64_C(0x40000000)

static struct stage st;

static void setup(void)
{
	stage_open(&st, FLAGSHIP, "vulnerable", &vcpu_ops_direct, NULL);
}

static void teardown(void)
{
	stage_close(&st);
}

static void assert_says(const char *part)
{
	ck_assert_msg(strstr(st.out->str, part), "no '%s' in\n%s", part,
	              st.out->str);
}

/* The one that moves next stands before this step. */
static void assert_next(const char *label, uint64_t addr)
{
	const struct agent *a = session_next(st.session);

	ck_assert(a);
	ck_assert_str_eq(a->next.label, label);
	ck_assert_uint_eq(a->next.addr, addr);
}

static uint64_t pte_of(uint64_t addr)
{
	struct machine *m = session_machine(st.session);
	const struct mm_struct *mm = machine_kernel(m)->mms;
	struct pt_walk w;

	while (strcmp(mm->name, "A") != 0)
		mm = mm->next;
	w = pt_walk(m, mm->pgd, addr);
	return w.entry[1].value;
}

START_TEST(steps_are_those_of_the_agent_that_is_named)
{
	struct agent *touch;

	say(&st, "step touch 3");
	touch = session_next(st.session);
	for (unsigned i = 0; i < session_machine(st.session)->nr_agents; i++) {
		touch = session_machine(st.session)->agents[i];
		if (!strcmp(touch->name, "touch"))
			break;
	}
	ck_assert_uint_eq(touch->nr_steps, 3);
	say(&st, "s touch");
	ck_assert_uint_eq(touch->nr_steps, 4);
	say(&st, "back");
	say(&st, "step 1");
	ck_assert_uint_eq(session_last(st.session), session_at(st.session));
}
END_TEST

START_TEST(until_a_label_stops_before_it)
{
	uint64_t at;

	say(&st, "until tlb lookup @ heap+0x1000");
	assert_next("tlb lookup", HEAP + 0x1000);
	say(&st, "until mmap_read_lock");
	assert_next("mmap_read_lock", 0);
	at = session_at(st.session);
	/* Again: the next one, not the same. */
	say(&st, "until mmap_read_lock");
	assert_next("mmap_read_lock", 0);
	ck_assert_uint_gt(session_at(st.session), at);
}
END_TEST

START_TEST(one_agent_alone_until_a_label)
{
	uint64_t at;

	say(&st, "step reclaim until \"pmd_clear\"");
	at = session_at(st.session);
	for (uint64_t i = session_first(st.session) + 1; i <= at; i++) {
		unsigned id = session_step(st.session, i)->agent;
		const char *name = session_agent_name(st.session, id);

		ck_assert(!strcmp(name, "reclaim") || !strcmp(name, "idle/1"));
	}
}
END_TEST

START_TEST(a_step_breakpoint)
{
	say(&st, "break step pmd_clear");
	assert_says("  1  before step pmd_clear\n");
	say(&st, "run script");
	assert_says("breakpoint 1\n");
	assert_next("pmd_clear", HEAP);
	say(&st, "delete 1");
	say(&st, "break");
	assert_says("no breakpoints\n");
	say(&st, "run");
	ck_assert_ptr_null(strstr(st.out->str, "breakpoint"));
}
END_TEST

START_TEST(an_address_breakpoint)
{
	say(&st, "break at heap+0x1000 16");
	say(&st, "run");
	assert_says("breakpoint 1\n");
	ck_assert_uint_eq(session_next(st.session)->next.addr, HEAP + 0x1000);
}
END_TEST

START_TEST(a_pte_breakpoint_stops_when_the_entry_has_changed)
{
	uint64_t was = pte_of(HEAP + 0x3000);

	say(&st, "break pte A heap+0x3010");
	say(&st, "run script");
	assert_says("breakpoint 1\n");
	ck_assert_uint_ne(pte_of(HEAP + 0x3000), was);
	say(&st, "back");
	ck_assert_uint_eq(pte_of(HEAP + 0x3000), was);
	/* The entry of the table translates it as well. */
	say(&st, "run script");
	say(&st, "run");
	assert_says("breakpoint 1\n");
	ck_assert_str_eq(
		session_step(st.session, session_at(st.session))->label,
		"pmd_clear");
}
END_TEST

static bool is_held(unsigned cpu, uint64_t addr)
{
	const struct machine *m = session_machine(st.session);
	const struct mmu *mmu = &cpu_vcpu(&m->cpus[cpu])->mmu;
	struct tlb_match found[TLB_MATCHES_MAX];

	return tlb_lookup(&mmu->tlb, TLB_DATA, addr, mmu->pcid, found);
}

START_TEST(a_fill_breakpoint_stops_when_a_tlb_holds_it)
{
	say(&st, "break fill heap+0x1000");
	say(&st, "run");
	assert_says("breakpoint 1\n");
	ck_assert(is_held(2, HEAP + 0x1000));
	say(&st, "back");
	ck_assert(!is_held(2, HEAP + 0x1000));
}
END_TEST

START_TEST(faults_interrupts_and_hazards)
{
	say(&st, "until fault");
	assert_next("page fault", HEAP + 0x1000);
	say(&st, "goto start");
	say(&st, "forget");
	say(&st, "break size-mix");
	say(&st, "run script");
	assert_says("hazard size-mix: CPU0 holds a 4K and a 2M translation");
	say(&st, "columns");
	assert_says("tlb fill 2M");
	say(&st, "tlb 0");
	assert_says("4K -> frame 7 ");
	assert_says("2M -> frame 512 ");
}
END_TEST

START_TEST(the_end_is_reported_as_run_does)
{
	say(&st, "run script");
	say(&st, "run");
	assert_says("hazard size-mix: ");
	assert_says(" cycles: as expected\n");
	ck_assert(!console_differs(st.console));
	refused(&st, "step",
	        "the run has ended: back or goto leads out of here");
	say(&st, "goto start");
	say(&st, "forget");
	say(&st, "run timed");
	say(&st, "agents");
}
END_TEST

START_TEST(a_run_that_differs)
{
	stage_close(&st);
	stage_open(&st, FLAGSHIP, "vulnerable", &vcpu_ops_direct, NULL);
	for (unsigned i = 0; !session_ended(st.session) && i < 9; i++)
		say(&st, "run timed");
	ck_assert(session_ended(st.session));
	ck_assert_int_eq(console_differs(st.console),
	                 session_result(st.session)->fired == 0);
}
END_TEST

static const struct {
	const char *line, *reason;
} wrong[] = {
	{ "stpe", "unknown command 'stpe'; did you mean 'step'?" },
	{ "st", "'st' may be step or steps" },
	{ "step 0", "steps '0': expected a number from 1 to 1000000" },
	{ "step -1", "there is no agent '-1'; one of stale, touch, reclaim, "
	             "rcu, irq/2, idle/2, irq/1, idle/1, irq/0, idle/0" },
	{ "step tuch", "there is no agent 'tuch'; did you mean 'touch'?" },
	{ "step touch two", "steps 'two': expected a number from 1 to "
	                    "1000000" },
	{ "step touch until", "usage: step AGENT until LABEL" },
	{ "step setup", "setup is done" },
	{ "choose 0", "nothing is to be chosen now" },
	{ "choose", "usage: choose N" },
	{ "until", "usage: until LABEL [@ ADDR]|hazard|ORACLE|fault|ipi" },
	{ "until @ heap", "expected the label of a step" },
	{ "until x @ hep", "there is no mapping 'hep'; did you mean 'heap'?" },
	{ "run fast", "expected timed, script, random [SEED] or pct [SEED "
	              "[DEPTH]]" },
	{ "run random x", "seed 'x': expected a number from 0 to "
	                  "18446744073709551615" },
	{ "run pct 1 99", "depth '99': expected a number from 1 to 16" },
	{ "back", "this is the beginning" },
	{ "goto 3", "step '3': expected a number from 87 to 87" },
	{ "tlb 3", "CPU '3': expected a number from 0 to 2" },
	{ "pt B heap", "there is no process 'B'; known: A" },
	{ "pt 12monkeys", "'12monkeys' is no address: expected a number or "
	                  "MAPPING+OFFSET" },
	{ "pt heap+x", "'x' is no offset" },
	{ "frame", "usage: frame PFN" },
	{ "delete 7", "there is no breakpoint 7" },
	{ "break at nowhere",
	  "there is no mapping 'nowhere'; one of heap, grown" },
	{ "locks all", "usage: locks" },
	{ "save", "usage: save LOG" },
	{ "until \"tlb", "Text ended before matching quote was found for \". "
	                 "(The text was “until \"tlb”)" },
	{ "\xff", "this is no text" },
	{ "help me", "unknown command 'me'" },
};

START_TEST(wrong_commands_say_why_and_change_nothing)
{
	refused(&st, wrong[_i].line, wrong[_i].reason);
}
END_TEST

START_TEST(saving_where_nothing_can_be_written)
{
	g_autoptr(GError) error = NULL;

	ck_assert(!console_command(st.console, "save /nonexistent/log", st.out,
	                           &error));
	ck_assert_ptr_nonnull(strstr(error->message, "/nonexistent"));
}
END_TEST

static void assert_completes(const char *line, const char *expected)
{
	size_t start;
	g_auto(GStrv) words =
		console_complete(st.console, line, strlen(line), &start);
	g_autofree char *all = g_strjoinv(" ", words);

	ck_assert_str_eq(all, expected);
}

START_TEST(words_are_completed)
{
	assert_completes("st", "step steps");
	assert_completes("go", "goto");
	assert_completes("step t", "touch");
	assert_completes("  step r", "rcu reclaim");
	assert_completes("pt A h", "heap");
	assert_completes("tlb ", "0 1 2");
	assert_completes("run r", "random");
	assert_completes("break size", "size-mix");
	assert_completes("nonsense x", "");
	assert_completes("step touch nothing more", "");
	say(&st, "run script");
	assert_completes("until pmd_cl", "pmd_clear");
}
END_TEST

/* ---- any command ---- */

static const char *const templates[] = {
	"step",          "step %u",
	"step %a",       "step %a %u",
	"back",          "back %u",
	"goto %n",       "goto start",
	"goto end",      "run random %u",
	"run timed",     "run script",
	"run pct %u 2",  "run",
	"until fault",   "until hazard",
	"until %l",      "until ipi",
	"choose %c",     "choose %c",
	"choose %c",     "forget",
	"break %l",      "break pte %h",
	"break fill %h", "break at %h",
	"delete",        "tlb",
	"psc",           "pt A %h",
	"vma A",         "frame %u",
	"locks",         "rcu",
	"regs",          "disas",
	"columns",       "why",
	"steps",         "step %a until %l",
	"break hazard",  "%j",
	"step %j",       "pt %j",
};

static void append_argument(GString *line, char kind, struct rng *rng)
{
	static const char *const labels[] = { "pmd_clear", "tlb lookup",
		                              "mmap_read_lock", "store",
		                              "idle" };
	const struct machine *m = session_machine(st.session);
	const struct session *s = st.session;
	uint64_t span = session_last(s) - session_first(s) + 1;

	switch (kind) {
	case 'u':
		g_string_append_printf(line, "%u",
		                       (unsigned)rng_below(rng, 60) + 1);
		break;
	case 'a':
		g_string_append(line,
		                m->agents[rng_below(rng, m->nr_agents)]->name);
		break;
	case 'n':
		g_string_append_printf(
			line, "%u",
			(unsigned)(session_first(s) + rng_below(rng, span)));
		break;
	case 'l':
		g_string_append(line,
		                labels[rng_below(rng, G_N_ELEMENTS(labels))]);
		break;
	case 'h':
		g_string_append_printf(line, "heap+0x%x",
		                       (unsigned)rng_below(rng, 16)
		                               << PAGE_SHIFT);
		break;
	case 'c':
		g_string_append_printf(line, "%u", (unsigned)rng_below(rng, 3));
		break;
	default:
		for (unsigned i = 0; i < 6; i++)
			g_string_append_c(line,
			                  (char)(rng_below(rng, 95) + ' '));
	}
}

static void random_command(struct rng *rng, GString *line)
{
	const char *t = templates[rng_below(rng, G_N_ELEMENTS(templates))];

	g_string_truncate(line, 0);
	for (; *t; t++) {
		if (*t == '%')
			append_argument(line, *++t, rng);
		else
			g_string_append_c(line, *t);
	}
}

static const char choosy[] =
	"machine { cpus 2 speculation 20 eviction 20 }\n"
	"process A { map heap 0x40000000 2M rw anon thp=never; store heap 1 }\n"
	"thread t of A on cpu 0 {\n"
	"    r1 = load heap; store heap+4K 2; madvise heap 8K DONTNEED\n"
	"}\n"
	"thread u of A on cpu 1 { r1 = load heap; store heap 3 }\n"
	"thread v of A on cpu 1 { r1 = load heap+4K }\n";

/* As many commands as a patient person gives; what is left replays. */
static void wander(uint64_t seed)
{
	struct rng rng = { .state = seed };
	g_autoptr(GString) line = g_string_new(NULL);
	struct choice_log *log;

	printf("SEED=%u\n", (unsigned)seed);
	(void)fflush(stdout);
	for (unsigned i = 0; i < 150; i++) {
		random_command(&rng, line);
		g_string_truncate(st.out, 0);
		console_command(st.console, line->str, st.out, NULL);
	}
	log = saved(&st);
	ck_assert_uint_eq(replayed(&st, &vcpu_ops_direct, log).trace_hash,
	                  log->trace_hash);
	choice_log_free(log);
}

START_TEST(any_commands_leave_a_run_that_replays)
{
	const char *given = g_getenv("SEED");

	if (_i & 1) {
		stage_close(&st);
		stage_open_text(&st, choosy);
	}
	wander(given ? g_ascii_strtoull(given, NULL, 10) : 1000U + _i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stepper/console");
	TCase *tc = tcase_create("commands");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, steps_are_those_of_the_agent_that_is_named);
	tcase_add_test(tc, until_a_label_stops_before_it);
	tcase_add_test(tc, one_agent_alone_until_a_label);
	tcase_add_test(tc, a_step_breakpoint);
	tcase_add_test(tc, an_address_breakpoint);
	tcase_add_test(tc, a_pte_breakpoint_stops_when_the_entry_has_changed);
	tcase_add_test(tc, a_fill_breakpoint_stops_when_a_tlb_holds_it);
	tcase_add_test(tc, faults_interrupts_and_hazards);
	tcase_add_test(tc, the_end_is_reported_as_run_does);
	tcase_add_test(tc, a_run_that_differs);
	tcase_add_loop_test(tc, wrong_commands_say_why_and_change_nothing, 0,
	                    G_N_ELEMENTS(wrong));
	tcase_add_test(tc, saving_where_nothing_can_be_written);
	tcase_add_test(tc, words_are_completed);
	tcase_add_loop_test(tc, any_commands_leave_a_run_that_replays, 0, 12);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
