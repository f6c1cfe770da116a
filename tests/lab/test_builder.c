// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lab/trial.h"
#include "scenario/parse.h"
#include "tests/lab/flagship.h"

#define FLAGSHIP "scenarios/pt-reclaim/size-mix.scn"

static uint64_t pinned_hash(const struct scenario *s, const char *variant)
{
	struct lab_trial *t = lab_try(s, variant, NULL, NULL);
	uint64_t hash;

	ck_assert(t);
	hash = t->trace_hash;
	lab_trial_free(t);
	return hash;
}

START_TEST(what_is_built_runs_as_what_is_written)
{
	struct scenario *built = finish_scenario(build_flagship());
	struct scenario *written = scenario_load(FLAGSHIP, NULL);

	ck_assert(written);
	ck_assert_uint_eq(pinned_hash(built, "vulnerable"),
	                  pinned_hash(written, "vulnerable"));
	ck_assert_uint_eq(pinned_hash(built, "fixed"),
	                  pinned_hash(written, "fixed"));
	scenario_free(written);
	scenario_free(built);
}
END_TEST

START_TEST(the_text_is_a_scenario_file)
{
	struct lab_builder *b = build_flagship();
	g_autofree char *text = g_strdup(lab_text(b));
	struct scenario *s = scenario_parse("t", text, strlen(text), NULL);
	struct scenario *built = finish_scenario(b);

	ck_assert(s);
	ck_assert_uint_eq(s->nr_variants, 2);
	ck_assert_str_eq(s->citations->pdata[0], "the \"RFC\" of 2024-07-01");
	ck_assert_uint_eq(pinned_hash(s, "fixed"), pinned_hash(built, "fixed"));
	scenario_free(s);
	scenario_free(built);
}
END_TEST

/* Every call there is: the language must know what each of them writes. */
static struct lab_builder *build_everything(void)
{
	struct lab_builder *b = lab_builder_new("all");
	struct lab_process *p, *child;
	struct lab_thread *t;
	struct lab_variant *v;

	lab_machine(b, &(struct lab_machine){ .nr_cpus = 2,
	                                      .memory_bytes = 256 << 20,
	                                      .levels = 5,
	                                      .speculation = 1,
	                                      .eviction = 1,
	                                      .strict = true });
	lab_file(b, "F", 4 << 20);
	p = lab_process(b, "A");
	lab_map(p, &(struct lab_map){ .name = "heap",
	                              .addr = 0x40000000,
	                              .size_bytes = 2 << 20,
	                              .thp = "never" });
	lab_map(p, &(struct lab_map){ .name = "part",
	                              .addr = 0x50000000,
	                              .size_bytes = 2 << 20,
	                              .prot = "r",
	                              .shared = true,
	                              .file = "F",
	                              .offset_bytes = 2 << 20 });
	lab_before(p, "store heap 5");
	child = lab_fork(p, "B", 1);
	lab_before(p, "store heap 6");
	t = lab_thread(p, "t", 0);
	lab_load(t, 1, 8, lab_at("heap", 0));
	lab_xadd(t, 2, 8, lab_at("heap", 8), 3);
	lab_xchg(t, 3, 4, lab_at("heap", 8), 0x77);
	lab_cmpxchg(t, 4, 8, lab_at("heap", 8), 0x77, 0x88);
	lab_fence(t);
	lab_do(t, "loop %u {", 2U);
	lab_do(t, "r5 += 1");
	lab_do(t, "}");
	t = lab_thread(child, "u", 1);
	lab_load(t, 1, 8, lab_at("heap", 0));
	lab_load(t, LAB_NO_REG, 1, lab_at(NULL, 0x40000000));
	lab_syscall(t, 2, "madvise heap+%u 4K DONTNEED", 1U);
	t = lab_kthread(b, "k", 1);
	lab_do(t, "walk A heap");
	lab_condition(b, "always (t:r1 == %d /\\ u:r1 == %d)", 6, 5);
	v = lab_variant(b, "both");
	lab_expect_hazard(v, "lock-rule");
	lab_expect_hazard(v, "deadlock");
	lab_allow_hazard(v, "leak");
	v = lab_variant(b, "quiet");
	lab_expect_clean(v);
	lab_variant_condition(v, "never (t:r1 == 0)");
	return b;
}

static uint64_t reg(const struct lab_trial *t, const char *thread, unsigned n)
{
	uint64_t value = 0;

	ck_assert(lab_register(t, thread, n, &value));
	return value;
}

START_TEST(every_call_does_what_it_says)
{
	struct scenario *s = finish_scenario(build_everything());
	struct lab_trial *t = lab_try(s, "quiet", NULL, NULL);

	ck_assert(t);
	ck_assert_msg(t->ok, "%s", t->reason);
	ck_assert_uint_eq(reg(t, "t", 1), 6);
	ck_assert_uint_eq(reg(t, "t", 2), 0);
	ck_assert_uint_eq(reg(t, "t", 3), 3);
	ck_assert_uint_eq(reg(t, "t", 4), 0x77);
	ck_assert_uint_eq(reg(t, "t", 5), 2);
	ck_assert_int_eq((int64_t)reg(t, "u", 2), -22); /* EINVAL */
	ck_assert_uint_eq(reg(t, "u", 1), 5); /* forked before the second */
	lab_trial_free(t);
	t = lab_try(s, "both", NULL, NULL);
	ck_assert(t);
	ck_assert_str_eq(t->reason, "no hazard lock-rule, deadlock");
	lab_trial_free(t);
	scenario_free(s);
}
END_TEST

/* The error names the line, shows it and points into it. */
static void assert_refused(struct lab_builder *b, const char *message)
{
	g_autoptr(GError) error = NULL;

	ck_assert(!lab_scenario(b, &error));
	ck_assert_str_eq(error->message, message);
	lab_builder_free(b);
}

START_TEST(an_error_shows_the_line)
{
	struct lab_builder *b = lab_builder_new("typo");
	struct lab_process *p = lab_process(b, "A");

	lab_store(lab_thread(p, "t", 0), 8, lab_at("hep", 0), 1);
	assert_refused(b, "typo:4:13: there is no mapping 'hep'\n"
	                  "        store.8 hep+0x0 0x1\n"
	                  "                ^");
	b = lab_builder_new("size");
	p = lab_process(b, "A");
	lab_load(lab_thread(p, "t", 0), 1, 3, lab_at(NULL, 0));
	assert_refused(b,
	               "size:4:15: expected an access of 1, 2, 4 or 8 bytes\n"
	               "        r1 = load.3 0x0\n"
	               "                  ^");
}
END_TEST

START_TEST(a_string_cannot_bring_lines_of_its_own)
{
	static const char *const hostile[] = {
		"heap 7\n}\nvariant v { expect hazard leak }\nthread x {",
		"heap \"",
		"}",
		"\r",
		"#",
		"heap 1; }",
		"\xff",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
		struct lab_builder *b = lab_builder_new(hostile[i]);
		struct lab_process *p = lab_process(b, "A");
		unsigned lines = 0;

		lab_before(p, "store %s", hostile[i]);
		for (const char *c = lab_text(b); *c; c++)
			lines += *c == '\n';
		ck_assert_uint_eq(lines, 3);
		ck_assert(!lab_scenario(b, NULL));
		lab_builder_free(b);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lab/builder");
	TCase *tcase = tcase_create("builder");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, what_is_built_runs_as_what_is_written);
	tcase_add_test(tcase, the_text_is_a_scenario_file);
	tcase_add_test(tcase, every_call_does_what_it_says);
	tcase_add_test(tcase, an_error_shows_the_line);
	tcase_add_test(tcase, a_string_cannot_bring_lines_of_its_own);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
