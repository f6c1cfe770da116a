/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set itself, and the map under it. */
#include "oracle/keymap.h"
#include "tests/oracle/stage.h"

/* The names that scenarios rely on. */
static const char *const names[] = {
	"stale-use",  "frame-uaf",     "table-uaf",  "lost-write", "size-mix",
	"split-view", "bad-table",     "lock-rule",  "rcu-uaf",    "deadlock",
	"leak",       "postcondition", "lost-dirty", "cow-leak",   "tag-check",
	"bbm",        "kernel-fault",
};

START_TEST(every_oracle_has_its_name_and_a_line_of_help)
{
	ck_assert_uint_eq(ARRAY_SIZE(names), ORACLE_COUNT);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		enum oracle_id id = oracle_by_name(names[i]);

		ck_assert_uint_lt(id, ORACLE_COUNT);
		ck_assert_uint_gt(strlen(oracle_infos[id].help), 10);
	}
	ck_assert_uint_eq(oracle_by_name("sloth"), ORACLE_COUNT);
}
END_TEST

#define KERNEL_VA UINT64_C(0xffff800080000000)

START_TEST(the_kernel_must_not_fault_on_its_own_addresses)
{
	struct stage *s = stage_new(false);

	act(s, 0);
	emit(s->m, EV_FAULT, .addr = KERNEL_VA, .b = true); /* a program's */
	emit(s->m, EV_FAULT, .addr = HEAP);                 /* copy_to_user() */
	expect_quiet(s);
	emit(s->m, EV_FAULT, .addr = KERNEL_VA);
	ck_assert_str_eq(the_hazard(s, ORACLE_KERNEL_FAULT)->user, "zero");
	stage_free(s);
}
END_TEST

START_TEST(a_disabled_oracle_is_silent)
{
	struct oracle_options o = { .disabled = 1U << ORACLE_LOCK_RULE };
	struct machine_config config = { .nr_cpus = 1,
		                         .memory_bytes = UINT64_C(1) << 26 };
	struct machine *m = machine_new(&config);
	struct oracle_set *set = oracle_set_new(&o);

	oracle_set_attach(set, m);
	emit(m, EV_RULE, .text = "some rule");
	ck_assert_uint_eq(oracle_set_fired(set), 0);
	emit(m, EV_OBJ_UAF, .addr = 64, .text = "vma");
	ck_assert_uint_eq(oracle_set_fired(set), 1U << ORACLE_RCU_UAF);
	oracle_set_free(set);
	machine_free(m);
}
END_TEST

START_TEST(too_many_hazards_are_counted_not_kept)
{
	struct stage *s = stage_new(false);
	char text[32];

	for (unsigned i = 0; i < 1000; i++) {
		g_snprintf(text, sizeof(text), "finding %u", i);
		oracle_set_finding(s->set, ORACLE_LEAK, text);
	}
	ck_assert_uint_eq(fired(s, ORACLE_LEAK), 64);
	stage_free(s);
}
END_TEST

START_TEST(a_keymap_keeps_many_keys_and_forgets_at_once)
{
	struct keymap map;

	keymap_init(&map);
	for (uint64_t i = 0; i < 5000; i++)
		keymap_put(&map, i << 12, (uint32_t)i);
	for (uint64_t i = 0; i < 5000; i += 2)
		keymap_put(&map, i << 12, KEYMAP_NONE);
	for (uint64_t i = 0; i < 5000; i++)
		ck_assert_uint_eq(keymap_get(&map, i << 12),
		                  i % 2 ? i : KEYMAP_NONE);
	keymap_reset(&map);
	ck_assert_uint_eq(keymap_get(&map, 1 << 12), KEYMAP_NONE);
	keymap_fini(&map);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle/oracle");
	TCase *tc = tcase_create("set");

	tcase_add_test(tc, every_oracle_has_its_name_and_a_line_of_help);
	tcase_add_test(tc, the_kernel_must_not_fault_on_its_own_addresses);
	tcase_add_test(tc, a_disabled_oracle_is_silent);
	tcase_add_test(tc, too_many_hazards_are_counted_not_kept);
	tcase_add_test(tc, a_keymap_keeps_many_keys_and_forgets_at_once);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
