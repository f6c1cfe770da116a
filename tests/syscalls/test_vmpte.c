/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of the page-table reclaim series (1 July 2024), read by a guest
 * from its own /proc/self/status: 50 GiB touched once per 2 MiB take 102640 kB
 * of page tables, 240 kB after MADV_DONTNEED; 1 GiB takes 2088 and 40 kB.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/syscalls/image.h"

#define PROGRAM MMULATOR_WORKLOADS "/vmpte"
/* Tables of the program and its stack: 3 levels below the top, twice. */
#define OWN_KB  24

static struct mm_options options;

static void setup(void)
{
	image_setup();
	mm_options_default(&options);
	config.options = &options;
	config.step_cap = 0;
	config.memory_bytes = UINT64_C(1) << 30;
}

/* Run with @gib and tables of @base_kb before anything is mapped. */
static void run(const char *gib, unsigned base_kb, enum pt_reclaim reclaim)
{
	const char *argv[] = { "vmpte", gib, NULL };
	GError *error = NULL;
	gchar *bytes;
	gsize len;
	int err;

	ck_assert(g_file_get_contents(PROGRAM, &bytes, &len, &error));
	options.pgtables_base_kb = base_kb - OWN_KB;
	options.pt_reclaim = reclaim;
	config.argv = argv;
	config.image = (const uint8_t *)bytes;
	config.image_len = len;
	err = exec_program(&config, &outcome.result, &error);
	ck_assert_msg(!err, "%s", error ? error->message : "no message");
	ck_assert(outcome.result.exited);
	ck_assert_int_eq(outcome.result.exit_code, 0);
	g_free(bytes);
}

START_TEST(fifty_gib_shrink_from_102640_to_240_kb)
{
	run("50", 40, PT_RECLAIM_MERGED);
	ck_assert_str_eq(outcome.out, "VmPTE touched: 102640 kB\n"
	                              "VmPTE discarded: 240 kB\n");
}
END_TEST

START_TEST(one_gib_shrinks_from_2088_to_40_kb)
{
	run("1", 36, PT_RECLAIM_MERGED);
	ck_assert_str_eq(outcome.out, "VmPTE touched: 2088 kB\n"
	                              "VmPTE discarded: 40 kB\n");
}
END_TEST

START_TEST(without_reclaim_nothing_shrinks)
{
	run("1", 36, PT_RECLAIM_OFF);
	ck_assert_str_eq(outcome.out, "VmPTE touched: 2088 kB\n"
	                              "VmPTE discarded: 2088 kB\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("syscalls/vmpte");
	TCase *tc = tcase_create("vmpte");

	if (access(PROGRAM, R_OK))
		return 77; /* no guest programs on this host */
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, fifty_gib_shrink_from_102640_to_240_kb);
	tcase_add_test(tc, one_gib_shrinks_from_2088_to_40_kb);
	tcase_add_test(tc, without_reclaim_nothing_shrinks);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
