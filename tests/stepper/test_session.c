// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session is the run it shows: whatever a person looked at, however often
 * they went back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "tests/stepper/stage.h"
#include "viz/state.h"

#if defined(__SANITIZE_ADDRESS__)
#	define SLOWER 20
#else
#	define SLOWER 1
#endif

static struct stage st;

static void teardown(void)
{
	stage_close(&st);
}

/* Everything there is to see. */
static void look(GString *out, bool regs)
{
	/* The last: in a system call rax is no result yet under Unicorn. */
	static const char *const commands[] = {
		"agents",  "tlb",   "psc",   "pt heap", "vma A",
		"frame 7", "locks", "rcu",   "disas",   "steps",
		"columns", "why",   "break", "regs",
	};

	/* A process may be gone; no matter. */
	for (size_t i = 0; i < G_N_ELEMENTS(commands) - !regs; i++)
		console_command(st.console, commands[i], out, NULL);
}

static char *picture_with(bool regs)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "%016" G_GINT64_MODIFIER "x\n",
	                       session_machine(st.session)->sched.hash);
	look(out, regs);
	return g_string_free(out, FALSE);
}

static char *picture(void)
{
	return picture_with(true);
}

/* The first line that differs says more than both texts. */
static void assert_same(const char *a, const char *b)
{
	g_auto(GStrv) old = g_strsplit(a, "\n", -1);
	g_auto(GStrv) new = g_strsplit(b, "\n", -1);

	for (unsigned i = 0; old[i] || new[i]; i++)
		ck_assert_pstr_eq(new[i], old[i]);
}

static const struct vcpu_ops *engine_of(int i)
{
	return i ? &vcpu_ops_unicorn : &vcpu_ops_direct;
}

/* The pinned run of the flagship, and what `run` makes of it. */
static struct run_result pinned_run(const struct vcpu_ops *engine)
{
	struct run_config config = *runner_config(session_runner(st.session));
	struct run_result run;
	struct policy *policy;
	struct runner *r;

	config.engine = engine;
	r = runner_new(st.scenario, runner_variant(session_runner(st.session)),
	               &config, NULL);
	policy = runner_pinned_policy(r);
	ck_assert(runner_run(r, policy, &run, NULL));
	policy_free(policy);
	runner_free(r);
	return run;
}

static void run_to_the_end(void)
{
	while (!session_ended(st.session))
		say(&st, "run");
}

START_TEST(a_run_that_was_looked_at_is_the_run_that_was_not)
{
	g_autoptr(GString) sink = g_string_new(NULL);
	struct run_result run;

	stage_open(&st, FLAGSHIP, "vulnerable", engine_of(_i), NULL);
	run = pinned_run(engine_of(_i));
	say(&st, "run script");
	run_to_the_end();
	say(&st, "goto start");
	while (!session_ended(st.session)) {
		look(sink, true);
		say(&st, "step 25");
	}
	ck_assert_uint_eq(session_machine(st.session)->sched.hash,
	                  run.trace_hash);
	ck_assert_uint_eq(session_result(st.session)->trace_hash,
	                  run.trace_hash);
	ck_assert_uint_eq(session_result(st.session)->steps, run.steps);
	ck_assert_uint_eq(session_result(st.session)->cycles, run.cycles);
	ck_assert_uint_eq(session_result(st.session)->fired, run.fired);
}
END_TEST

START_TEST(looking_does_not_age_the_tlb)
{
	g_autofree char *first = NULL, *second = NULL;
	struct machine *m;
	struct mmu *mmu;
	uint64_t clock, hash;

	stage_open(&st, FLAGSHIP, "vulnerable", &vcpu_ops_direct, NULL);
	say(&st, "until hazard");
	m = session_machine(st.session);
	mmu = &cpu_vcpu(&m->cpus[0])->mmu;
	clock = mmu->tlb.clock;
	hash = m->sched.hash;
	first = picture();
	second = picture();
	assert_same(first, second);
	ck_assert_uint_eq(mmu->tlb.clock, clock);
	ck_assert_uint_eq(m->sched.hash, hash);
}
END_TEST

START_TEST(both_engines_show_the_same)
{
	GPtrArray *pictures = g_ptr_array_new_with_free_func(g_free);
	unsigned n = 0;

	stage_open(&st, FLAGSHIP, "vulnerable", &vcpu_ops_direct, NULL);
	say(&st, "run random 3");
	say(&st, "goto start");
	for (; !session_ended(st.session); say(&st, "step 53"))
		g_ptr_array_add(pictures, picture_with(false));
	stage_close(&st);
	stage_open(&st, FLAGSHIP, "vulnerable", &vcpu_ops_unicorn, NULL);
	say(&st, "run random 3");
	say(&st, "goto start");
	for (; !session_ended(st.session); say(&st, "step 53")) {
		g_autofree char *now = picture_with(false);

		ck_assert_uint_lt(n, pictures->len);
		assert_same(pictures->pdata[n++], now);
	}
	ck_assert_uint_eq(n, pictures->len);
	g_ptr_array_unref(pictures);
}
END_TEST

START_TEST(going_back_is_where_one_was)
{
	GPtrArray *pictures = g_ptr_array_new_with_free_func(g_free);
	uint64_t first;

	stage_open(&st, FLAGSHIP, "vulnerable", engine_of(_i), NULL);
	first = session_first(st.session);
	say(&st, "run random 5");
	run_to_the_end();
	say(&st, "goto start");
	for (unsigned i = 0; i < 60; i++) {
		g_ptr_array_add(pictures, picture());
		say(&st, "step");
	}
	for (unsigned i = 60; i-- > 0;) {
		g_autofree char *now = NULL;

		say(&st, i & 1 ? "back" : "goto start");
		session_goto(st.session, first + i);
		now = picture();
		assert_same(pictures->pdata[i], now);
	}
	g_ptr_array_unref(pictures);
}
END_TEST

START_TEST(the_end_is_still_there_after_going_back)
{
	uint64_t last;

	stage_open(&st, FLAGSHIP, "vulnerable", NULL, NULL);
	say(&st, "run script");
	run_to_the_end();
	ck_assert_ptr_null(session_verdict(st.session));
	last = session_last(st.session);
	ck_assert_uint_eq(session_at(st.session), last);
	say(&st, "back 10");
	ck_assert(!session_ended(st.session));
	ck_assert_uint_eq(session_last(st.session), last);
	ck_assert(session_result(st.session));
	say(&st, "goto end");
	ck_assert(session_ended(st.session));
	say(&st, "why");
	ck_assert_ptr_nonnull(strstr(st.out->str, "hazard size-mix: CPU0"));
	say(&st, "columns");
	ck_assert_ptr_nonnull(strstr(st.out->str, "tlb fill 2M"));
}
END_TEST

START_TEST(another_decision_forgets_what_was_ahead)
{
	uint64_t last;

	stage_open(&st, FLAGSHIP, "vulnerable", NULL, NULL);
	say(&st, "run script");
	last = session_last(st.session);
	session_goto(st.session, session_first(st.session) + 40);
	/* The known agent again: nothing is forgotten. */
	say(&st, "step");
	ck_assert_uint_eq(session_last(st.session), last);
	say(&st, "step stale");
	ck_assert_uint_eq(session_last(st.session), session_at(st.session));
	ck_assert_uint_lt(session_last(st.session), last);
	ck_assert_ptr_null(session_result(st.session));
}
END_TEST

START_TEST(forgetting_by_hand)
{
	stage_open(&st, FLAGSHIP, "vulnerable", NULL, NULL);
	say(&st, "run script");
	say(&st, "back 20");
	say(&st, "forget");
	ck_assert_uint_eq(session_last(st.session), session_at(st.session));
	say(&st, "run");
	ck_assert_str_eq(session_policy_name(st.session), "timed");
}
END_TEST

static void assert_replays(struct choice_log *log)
{
	struct run_result direct = replayed(&st, &vcpu_ops_direct, log);
	struct run_result unicorn = replayed(&st, &vcpu_ops_unicorn, log);

	ck_assert_uint_eq(direct.trace_hash, log->trace_hash);
	ck_assert_uint_eq(unicorn.trace_hash, log->trace_hash);
	ck_assert_uint_eq(direct.steps, log->nr_steps);
	ck_assert_uint_eq(direct.nr_choices, log->nr_entries);
}

START_TEST(what_is_saved_replays_bit_for_bit)
{
	struct choice_log *whole, *part;
	g_autofree char *before = NULL, *after = NULL;

	stage_open(&st, FLAGSHIP, "vulnerable", NULL, NULL);
	say(&st, "step touch 40");
	say(&st, "step stale 9");
	say(&st, "step reclaim until pmd_clear");
	before = picture();
	part = saved(&st);
	after = picture();
	/* Saving leaves no trace in the session. */
	assert_same(before, after);
	ck_assert_uint_eq(session_last(st.session), session_at(st.session));
	assert_replays(part);
	run_to_the_end();
	whole = saved(&st);
	assert_replays(whole);
	ck_assert_uint_eq(whole->trace_hash, part->trace_hash);
	ck_assert_uint_eq(whole->trace_hash,
	                  session_result(st.session)->trace_hash);
	choice_log_free(part);
	choice_log_free(whole);
}
END_TEST

START_TEST(a_recorded_run_lies_ahead)
{
	struct choice_log *log;
	uint64_t hash;

	stage_open(&st, FLAGSHIP, "vulnerable", NULL, NULL);
	say(&st, "run script");
	log = saved(&st);
	stage_close(&st);

	stage_open(&st, FLAGSHIP, "vulnerable", NULL, log);
	ck_assert_uint_eq(session_at(st.session), session_first(st.session));
	ck_assert_uint_eq(session_last(st.session) - session_first(st.session),
	                  log->nr_steps);
	ck_assert_uint_ne(session_result(st.session)->fired, 0);
	say(&st, "run");
	ck_assert_ptr_nonnull(strstr(st.out->str, "hazard size-mix"));
	run_to_the_end();
	hash = session_result(st.session)->trace_hash;
	ck_assert_uint_eq(hash, log->trace_hash);
	choice_log_free(log);
}
END_TEST

START_TEST(a_log_that_does_not_fit_is_refused)
{
	static const char *const dirs[] = { "profiles", NULL };
	const struct run_config config = { .engine = &vcpu_ops_direct,
		                           .profile_dirs = dirs };
	struct choice_log *log = choice_log_new();
	g_autoptr(GError) error = NULL;

	stage_open(&st, FLAGSHIP, "vulnerable", NULL, NULL);
	choice_log_add(log, CHOICE_AGENT, 3, 0);
	ck_assert_ptr_null(
		session_new(st.scenario, NULL, &config, log, &error));
	ck_assert_ptr_nonnull(
		strstr(error->message, "the log ends after 1 choices"));
	choice_log_free(log);
}
END_TEST

START_TEST(a_scenario_without_threads_has_ended_at_once)
{
	stage_open_text(&st, "process A { map heap 0x40000000 4K rw }\n"
	                     "always ([heap] == 1)\n");
	ck_assert(session_ended(st.session));
	say(&st, "run");
	ck_assert_ptr_nonnull(strstr(st.out->str, "DIFFERS: "));
	ck_assert(console_differs(st.console));
}
END_TEST

/* ---- the catalogue ---- */

static GPtrArray *catalogue(void)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(folders, g_strdup("scenarios"));
	for (guint i = 0; i < folders->len; i++) {
		GDir *dir = g_dir_open(folders->pdata[i], 0, NULL);
		const char *name;

		ck_assert(dir);
		while ((name = g_dir_read_name(dir))) {
			char *path =
				g_build_filename(folders->pdata[i], name, NULL);
			bool file = g_str_has_suffix(name, ".scn");

			g_ptr_array_add(file ? files : folders, path);
		}
		g_dir_close(dir);
	}
	return files;
}

static void walk_through(const char *path, unsigned seed)
{
	g_autoptr(GString) sink = g_string_new(NULL);
	g_autofree char *run = g_strdup_printf("run random %u", seed);
	struct choice_log *log;

	st.scenario = scenario_load(path, NULL);
	ck_assert(st.scenario);
	stage_continue(&st, st.scenario->variants);
	say(&st, run);
	run_to_the_end();
	log = saved(&st);
	for (unsigned i = 1; i <= 4; i++) {
		uint64_t first = session_first(st.session);
		uint64_t last = session_last(st.session);

		session_goto(st.session, last - (last - first) * i / 4);
		look(sink, true);
	}
	ck_assert_msg(replayed(&st, &vcpu_ops_direct, log).trace_hash ==
	                      log->trace_hash,
	              "%s", path);
	run_to_the_end();
	ck_assert_uint_eq(session_machine(st.session)->sched.hash,
	                  log->trace_hash);
	choice_log_free(log);
	stage_close(&st);
}

START_TEST(the_whole_catalogue_can_be_walked)
{
	GPtrArray *files = catalogue();

	ck_assert_uint_gt(files->len, 20);
	for (guint i = 0; i < files->len; i++)
		if (!strstr(files->pdata[i], "vmpte")) /* long, and no race */
			walk_through(files->pdata[i], i);
	g_ptr_array_unref(files);
	stage_open(&st, FLAGSHIP, NULL, NULL, NULL); /* for teardown() */
}
END_TEST

/* Hardware that chooses: a CPU that forgets and walks as it likes. */
static const char choosy[] =
	"machine { cpus 2 speculation 4 eviction 4 }\n"
	"process A { map heap 0x40000000 2M rw anon thp=never; store heap 1 }\n"
	"thread t of A on cpu 0 { r1 = load heap; r2 = load heap+4K }\n";

START_TEST(the_hardware_asks_and_is_answered)
{
	const struct choice *open;
	struct choice_log *log;
	uint64_t at;

	stage_open_text(&st, choosy);
	say(&st, "step t 3");
	for (unsigned i = 0; !session_open_choice(st.session) && i < 50; i++)
		say(&st, "step walker0");
	open = session_open_choice(st.session);
	ck_assert(open);
	ck_assert_uint_gt(open->n, 1);
	at = session_at(st.session);
	refused(&st, "step", "first answer speculate: choose 0 to 3");
	refused(&st, "choose 4", "choose '4': expected a number from 0 to 3");
	log = saved(&st);
	assert_replays(log);
	choice_log_free(log);
	/* Saving took the machine to the end and back to the question. */
	ck_assert(session_open_choice(st.session));
	ck_assert_uint_eq(session_at(st.session), at);
	say(&st, "choose 1");
	ck_assert_ptr_null(session_open_choice(st.session));
	ck_assert_uint_ge(session_at(st.session), at);
	say(&st, "back");
	say(&st, "step");
	ck_assert_ptr_null(session_open_choice(st.session));
	run_to_the_end();
	log = saved(&st);
	assert_replays(log);
	choice_log_free(log);
}
END_TEST

START_TEST(going_back_from_a_question_asks_it_again)
{
	uint64_t at;

	stage_open_text(&st, choosy);
	say(&st, "step t 3");
	for (unsigned i = 0; !session_open_choice(st.session) && i < 50; i++)
		say(&st, "step walker0");
	at = session_at(st.session);
	say(&st, "back");
	ck_assert_uint_eq(session_at(st.session), at - 1);
	ck_assert_ptr_null(session_open_choice(st.session));
	say(&st, "step walker0");
	ck_assert(session_open_choice(st.session));
	ck_assert_uint_eq(session_at(st.session), at);
}
END_TEST

/* Two threads, more than 10,000 steps. */
static const char long_run[] =
	"machine { cpus 2 }\n"
	"process A { map heap 0x40000000 4M rw anon thp=never }\n"
	"thread a of A on cpu 0 {\n"
	"    loop 1000 { r1 = load heap; store heap 1; store heap+4K 2 }\n"
	"}\n"
	"thread b of A on cpu 1 { loop 1000 { r1 = xadd heap 1; store heap+8K 2 "
	"} }\n";

START_TEST(going_back_in_a_long_run_takes_no_time)
{
	gint64 began, slowest = 0;
	uint64_t last;

	stage_open_text(&st, long_run);
	say(&st, "run random 1");
	last = session_last(st.session);
	ck_assert_uint_ge(last, 10000);
	for (unsigned i = 1; i <= 20; i++) {
		began = g_get_monotonic_time();
		session_goto(st.session, last - i);
		slowest = MAX(slowest, g_get_monotonic_time() - began);
	}
	printf("back in a run of %u steps: at most %u us\n", (unsigned)last,
	       (unsigned)slowest);
	/* 50 ms are promised; the test may share its CPU. */
	ck_assert_int_lt(slowest, 50000 * 4 * SLOWER);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stepper/session");
	TCase *tc = tcase_create("session");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(
		tc, a_run_that_was_looked_at_is_the_run_that_was_not, 0, 2);
	tcase_add_test(tc, looking_does_not_age_the_tlb);
	tcase_add_test(tc, both_engines_show_the_same);
	tcase_add_loop_test(tc, going_back_is_where_one_was, 0, 2);
	tcase_add_test(tc, the_end_is_still_there_after_going_back);
	tcase_add_test(tc, another_decision_forgets_what_was_ahead);
	tcase_add_test(tc, forgetting_by_hand);
	tcase_add_test(tc, what_is_saved_replays_bit_for_bit);
	tcase_add_test(tc, a_recorded_run_lies_ahead);
	tcase_add_test(tc, a_log_that_does_not_fit_is_refused);
	tcase_add_test(tc, a_scenario_without_threads_has_ended_at_once);
	tcase_add_test(tc, the_whole_catalogue_can_be_walked);
	tcase_add_test(tc, the_hardware_asks_and_is_answered);
	tcase_add_test(tc, going_back_from_a_question_asks_it_again);
	tcase_add_test(tc, going_back_in_a_long_run_takes_no_time);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
