// SPDX-License-Identifier: GPL-2.0-or-later
/* Flags: a verb refuses those it cannot use, with one message. */
#include <string.h>

#include "tests/cli/command.h"

START_TEST(wrong_use_is_refused)
{
	assert_refused("rum x",
	               "mmulator: unknown verb 'rum'; did you mean 'run'?\n");
	assert_refused("run", "mmulator: run: expected a scenario; see "
	                      "mmulator run --help\n");
	assert_refused("run --variant fixd " FLAGSHIP,
	               "mmulator: there is no variant 'fixd'; did you mean "
	               "'fixed'?\n");
	assert_refused("run --option thp=sometimes " FLAGSHIP,
	               "mmulator: option thp cannot be 'sometimes'; it is "
	               "always | madvise | never\n");
	assert_refused("check tests/cli",
	               "mmulator: tests/cli: no scenarios (*.scn) in there\n");
}
END_TEST

START_TEST(an_unknown_word_is_refused)
{
	assert_refused("run --format xml " FLAGSHIP,
	               "mmulator: --format 'xml' is unknown; one of text, "
	               "json\n");
	assert_refused("run --engine qemu " FLAGSHIP,
	               "mmulator: --engine 'qemu' is unknown; one of unicorn, "
	               "direct\n");
	assert_refused("check --policy exlpore " FLAGSHIP,
	               "mmulator: --policy 'exlpore' is unknown; did you mean "
	               "'explore'?\n");
	assert_refused("exec --arch mips x",
	               "mmulator: --arch 'mips' is unknown; one of x86_64, "
	               "arm64\n");
	assert_refused("run --sed 3 " FLAGSHIP,
	               "mmulator: run: unknown option '--sed'; did you mean "
	               "'--seed'?\n");
}
END_TEST

START_TEST(a_wrong_number_is_refused)
{
	assert_refused("run --policy random --seed x " FLAGSHIP,
	               "mmulator: --seed 'x': expected a whole number from 0 "
	               "to 18446744073709551615\n");
	assert_refused("run --steps 0 " FLAGSHIP,
	               "mmulator: --steps '0': expected a whole number from 1 "
	               "to 1000000000000\n");
	assert_refused("check --policy pct --depth 0 " FLAGSHIP,
	               "mmulator: --depth '0': expected a whole number from 1 "
	               "to 16\n");
	assert_refused("check --policy pct --seconds nan " FLAGSHIP,
	               "mmulator: --seconds 'nan': expected a number of "
	               "seconds above 0\n");
}
END_TEST

START_TEST(a_flag_of_another_verb_is_refused)
{
	assert_refused("list --seed 1",
	               "mmulator: list: --seed belongs to mmulator run, check "
	               "or exec\n");
	assert_refused("replay --policy timed --choices x " FLAGSHIP,
	               "mmulator: replay: --policy belongs to mmulator run, "
	               "check or exec\n");
	assert_refused("run --runs 3 " FLAGSHIP,
	               "mmulator: run: --runs belongs to mmulator check\n");
	assert_refused("run --policy explore " FLAGSHIP,
	               "mmulator: run: --policy explore belongs to mmulator "
	               "check\n");
	assert_refused("exec --engine direct x",
	               "mmulator: exec: --engine direct belongs to mmulator "
	               "run, check, replay or step\n");
	assert_refused("exec --variant a x",
	               "mmulator: exec: --variant belongs to mmulator run, "
	               "check, replay or step\n");
}
END_TEST

START_TEST(a_flag_of_another_policy_is_refused)
{
	assert_refused("run --seed 1 " FLAGSHIP,
	               "mmulator: run: --seed needs --policy random or pct\n");
	assert_refused("check --bound 1 " FLAGSHIP,
	               "mmulator: check: --bound needs --policy explore\n");
	assert_refused("check --policy explore --runs 5 " FLAGSHIP,
	               "mmulator: check: --runs needs --policy random\n");
	/* Without a policy check makes random runs. */
	assert_status("check --engine direct --runs 3 --seed 9 " FLAGSHIP, 0);
}
END_TEST

START_TEST(two_outputs_are_two_files)
{
	assert_refused("run --variant fixed --output x --trace x " FLAGSHIP,
	               "mmulator: run: two outputs go to 'x'\n");
}
END_TEST

START_TEST(help_lists_what_the_verb_takes)
{
	struct result result = run_command("list --help");

	ck_assert_int_eq(result.status, 0);
	ck_assert_ptr_nonnull(
		strstr(result.out, "mmulator list [OPTION...] [PATH...]\n"));
	ck_assert_ptr_nonnull(strstr(result.out, "--format=F"));
	ck_assert_ptr_null(strstr(result.out, "--seed"));
	clear_result(&result);
}
END_TEST

START_TEST(an_architecture_chooses_variants)
{
	struct result result =
		run_command("run " FLAGSHIP " --arch x86_64 --variant fixed");

	ck_assert_int_eq(result.status, 0);
	ck_assert_ptr_nonnull(strstr(result.out, "fixed, expects clean"));
	ck_assert_ptr_null(strstr(result.out, "vulnerable"));
	ck_assert_ptr_null(strstr(result.out, "arm64"));
	clear_result(&result);
	result = run_command("run " FLAGSHIP " --arch arm64 --variant fixed");
	ck_assert_int_eq(result.status, 0);
	ck_assert_ptr_nonnull(strstr(result.out, "fixed@arm64, expects clean"));
	clear_result(&result);
	assert_refused("run scenarios/switch/clear-then-set.scn --arch arm64",
	               "mmulator: there is no variant of arch arm64\n");
	assert_refused("run scenarios/switch/clear-then-set.scn --arch arm64 "
	               "--variant fixed",
	               "mmulator: there is no variant 'fixed' of arch arm64\n");
	assert_refused("run " FLAGSHIP " --arch vax",
	               "mmulator: --arch 'vax' is unknown; one of x86_64, "
	               "arm64\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/options");
	TCase *tcase = tcase_create("flags");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, wrong_use_is_refused);
	tcase_add_test(tcase, an_unknown_word_is_refused);
	tcase_add_test(tcase, a_wrong_number_is_refused);
	tcase_add_test(tcase, a_flag_of_another_verb_is_refused);
	tcase_add_test(tcase, a_flag_of_another_policy_is_refused);
	tcase_add_test(tcase, two_outputs_are_two_files);
	tcase_add_test(tcase, help_lists_what_the_verb_takes);
	tcase_add_test(tcase, an_architecture_chooses_variants);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
