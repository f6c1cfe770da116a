/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces of scenario threads: their machine code, under both engines. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emu/vcpu_ops.h"
#include "scenario/parse.h"
#include "scenario/run.h"
#include "viz/report.h"

/* Each statement, and how SDM volume 2 writes the instruction it must become:
 * Intel syntax, the registers of emu/program.h. */
static const struct {
	const char *statement, *insn;
} insns[] = {
	{ "r1 = load heap", "mov rbx, qword ptr [0x40000000]" },
	{ "r1 = load.1 heap", "movzx ebx, byte ptr [0x40000000]" },
	{ "store heap 0x11", "mov qword ptr [0x40000000], 0x11" },
	{ "store.2 heap 0x11", "mov word ptr [0x40000000], 0x11" },
	{ "r2 = xchg heap r1", "xchg qword ptr [0x40000000], r10" },
	{ "r2 = xadd.4 heap 1", "lock xadd dword ptr [0x40000000], r10d" },
	{ "r3 = cmpxchg heap 1 2", "lock cmpxchg qword ptr [r11], r10" },
	{ "fence", "mfence" },
	{ "pause", "nop" },
	{ "yield", "syscall" },
	{ "r4 = 5", "mov r13d, 5" },
	{ "r1 += 7", "add rbx, 7" },
	{ "goto out; out:", "jmp 5" },
	{ "while r4 < 9 { r4 += 1 }", "cmp r13, 9" },
};

static char *trace(const char *body, const struct vcpu_ops *engine)
{
	const struct run_config config = { .engine = engine };
	g_autofree char *text = g_strdup_printf(
		"scenario \"t\"\nprocess A { map heap 0x40000000 2M rw }\n"
		"thread t of A on cpu 0 {\n%s\n}\n",
		body);
	g_autoptr(GError) error = NULL;
	struct scenario *s =
		scenario_parse("t.scn", text, strlen(text), &error);
	struct recorder *rec = recorder_new(true);
	struct policy *policy = policy_timed_new();
	GString *out = g_string_new(NULL);
	struct run_result result;
	struct runner *r;

	ck_assert_msg(s, "%s", error ? error->message : "?");
	r = runner_new(s, NULL, &config, NULL);
	recorder_attach(rec, runner_machine(r));
	ck_assert(runner_run(r, policy, &result, NULL));
	viz_trace(out, rec, runner_machine(r));
	recorder_detach(rec);
	recorder_free(rec);
	policy_free(policy);
	runner_free(r);
	scenario_free(s);
	return g_string_free(out, FALSE);
}

START_TEST(a_statement_is_shown_as_the_instructions_it_became)
{
	g_autofree char *wanted = g_strconcat(": ", insns[_i].insn, NULL);
	g_autofree char *text = trace(insns[_i].statement, &vcpu_ops_unicorn);

	ck_assert_msg(strstr(text, wanted), "no '%s'", wanted);
}
END_TEST

START_TEST(both_engines_show_the_same_instructions_at_the_same_steps)
{
	GString *body = g_string_new(NULL);
	g_autofree char *direct = NULL;
	g_autofree char *unicorn = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(insns); i++)
		g_string_append_printf(body, "%s\n", insns[i].statement);
	g_string_append(body, "loop 2 { load heap+4K }\n");
	/* A fault that ends the thread in the middle of an operation. */
	g_string_append(body, "munmap heap 2M\nr1 = cmpxchg heap 1 2\n");
	direct = trace(body->str, &vcpu_ops_direct);
	unicorn = trace(body->str, &vcpu_ops_unicorn);
	ck_assert_str_eq(direct, unicorn);
	g_string_free(body, TRUE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("viz/trace");
	TCase *tc = tcase_create("instructions");
	SRunner *sr = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc,
	                    a_statement_is_shown_as_the_instructions_it_became,
	                    0, (int)G_N_ELEMENTS(insns));
	tcase_add_test(
		tc, both_engines_show_the_same_instructions_at_the_same_steps);
	suite_add_tcase(suite, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
