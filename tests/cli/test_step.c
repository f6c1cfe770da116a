// SPDX-License-Identifier: GPL-2.0-or-later
/* mmulator step as a script uses it: from a file and from a pipe. */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define FLAGSHIP "scenarios/pt-reclaim/size-mix.scn"

static char *folder;

static void setup(void)
{
	folder = g_dir_make_tmp("mmulator-step-XXXXXX", NULL);
	ck_assert(folder);
}

static char *in_folder(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void teardown(void)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = in_folder(name);

		g_unlink(path);
	}
	g_dir_close(dir);
	g_rmdir(folder);
	g_free(folder);
}

struct result {
	int status;
	char *out, *err;
};

/* By a shell, which can make pipes; $M is the command, $D the folder. */
static struct result shell(const char *line)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *tests = g_path_get_dirname(self);
	g_autofree char *command =
		g_build_filename(tests, "..", "cli", "mmulator", NULL);
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" },
		         g_strdup(line), NULL };
	g_auto(GStrv) env = g_get_environ();
	struct result r = { 0 };
	int status;

	env = g_environ_setenv(env, "M", command, TRUE);
	env = g_environ_setenv(env, "D", folder, TRUE);
	ck_assert(g_spawn_sync(NULL, argv, env, 0, NULL, NULL, &r.out, &r.err,
	                       &status, NULL));
	ck_assert_msg(WIFEXITED(status), "%s", line);
	r.status = WEXITSTATUS(status);
	g_free(argv[2]);
	return r;
}

static void clear(struct result *r)
{
	g_free(r->out);
	g_free(r->err);
}

static void write_commands(const char *text)
{
	g_autofree char *path = in_folder("cmds");

	ck_assert(g_file_set_contents(path, text, -1, NULL));
}

/* Commands from a file: the status, and what it prints in part. */
static void assert_commands(const char *flags, const char *commands, int status,
                            const char *out, const char *err)
{
	g_autofree char *line =
		g_strdup_printf("$M step " FLAGSHIP " %s -x $D/cmds", flags);
	struct result r;

	write_commands(commands);
	r = shell(line);
	ck_assert_msg(r.status == status, "%s: %d\n%s%s", commands, r.status,
	              r.out, r.err);
	ck_assert_msg(strstr(r.out, out), "no '%s' in\n%s", out, r.out);
	if (*err)
		ck_assert_ptr_nonnull(strstr(r.err, err));
	else
		ck_assert_str_eq(r.err, "");
	clear(&r);
}

START_TEST(statuses_are_those_of_the_contract)
{
	assert_commands("", "", 0, "expects hazard size-mix\n", "");
	assert_commands("", "run script\nrun\n", 0, ": as expected\n", "");
	assert_commands("", "run timed\n", 1, ": DIFFERS: ", "");
	assert_commands("--variant fixed", "run\n", 0, ": as expected\n", "");
	/* A hazard that nobody expects counts before the end as well. */
	assert_commands("--variant fixed --option flush_before_install=off",
	                "run script\n", 1, "hazard size-mix: ", "");
	assert_commands("", "step\nstpe\nstep\n", 2, "(step 88) stpe\n",
	                "cmds:2: unknown command 'stpe'; did you mean "
	                "'step'?\n");
}
END_TEST

START_TEST(a_schedule_that_cannot_be_followed_ends_a_script)
{
	g_autofree char *path = in_folder("never.scn");
	struct result r;

	ck_assert(g_file_set_contents(
		path,
		"scenario \"t\"\n"
		"process A { map heap 0x40000000 4K rw }\n"
		"thread a of A on cpu 0 { load heap }\n"
		"variant v { schedule { a after \"nonsense\" } expect clean }\n",
		-1, NULL));
	write_commands("run script\nagents\n");
	r = shell("$M step $D/never.scn -x $D/cmds");
	ck_assert_int_eq(r.status, 2);
	ck_assert_ptr_nonnull(
		strstr(r.out, "a ended before its step: nonsense"));
	ck_assert_ptr_nonnull(
		strstr(r.err, "cmds:1: the policy could not go on\n"));
	clear(&r);
}
END_TEST

static void assert_refused(const char *arguments, const char *reason)
{
	g_autofree char *line =
		g_strdup_printf("$M step %s </dev/null", arguments);
	struct result r = shell(line);

	ck_assert_int_eq(r.status, 2);
	ck_assert_str_eq(r.out, "");
	ck_assert_msg(strstr(r.err, reason), "%s", r.err);
	clear(&r);
}

START_TEST(wrong_use_is_refused)
{
	assert_refused("", "step: expected one scenario");
	assert_refused(FLAGSHIP " " FLAGSHIP, "step: expected one scenario");
	assert_refused(FLAGSHIP " --variant fixd", "did you mean 'fixed'?");
	assert_refused(FLAGSHIP " --choices /nonexistent", "/nonexistent");
	assert_refused(FLAGSHIP " -x /nonexistent", "/nonexistent");
	assert_refused(FLAGSHIP " --tui -x /dev/null", "--tui takes keys");
	assert_refused("/nonexistent", "/nonexistent");
	assert_refused("scenarios", "step: one scenario, not ");
}
END_TEST

START_TEST(a_pipe_is_as_good_as_a_file)
{
	struct result file, pipe;

	write_commands("# both\n\nstep touch 3\n  steps 2\ncolumns\nquit\n"
	               "never read\n");
	file = shell("$M step " FLAGSHIP " -x $D/cmds");
	pipe = shell("$M step " FLAGSHIP " <$D/cmds");
	ck_assert_int_eq(file.status, 0);
	ck_assert_int_eq(pipe.status, 0);
	ck_assert_str_eq(pipe.out, file.out);
	ck_assert_ptr_nonnull(strstr(file.out, "(step 87) step touch 3\n"));
	ck_assert_ptr_null(strstr(file.out, "never"));
	clear(&file);
	clear(&pipe);
	pipe = shell("printf 'step\\nx\\0y\\n' | $M step " FLAGSHIP);
	ck_assert_int_eq(pipe.status, 2);
	ck_assert_ptr_nonnull(strstr(pipe.err, "mmulator: stdin:2: "));
	clear(&pipe);
}
END_TEST

START_TEST(what_is_saved_is_replayed_and_walked_again)
{
	struct result r;

	write_commands("step stale 12\nstep reclaim 200\nrun random 5\n"
	               "save $D/log\n");
	r = shell("sed -i \"s|\\$D|$D|\" $D/cmds; "
	          "$M step " FLAGSHIP " --engine direct -x $D/cmds >/dev/null;"
	          "$M replay " FLAGSHIP " --choices $D/log --engine unicorn "
	          "--format json");
	ck_assert_str_eq(r.err, "");
	ck_assert_int_le(r.status, 1);
	clear(&r);
	write_commands("goto end\ngoto start\nrun\nback 3\n");
	r = shell("$M step " FLAGSHIP " --choices $D/log -x $D/cmds");
	ck_assert_str_eq(r.err, "");
	ck_assert_ptr_nonnull(strstr(r.out, "a recorded run lies ahead"));
	clear(&r);
	r = shell("$M step scenarios/pt-reclaim/rcu-vs-ipi.scn "
	          "--choices $D/log -x $D/cmds");
	ck_assert_int_eq(r.status, 2);
	ck_assert_str_eq(r.out, "");
	clear(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli/step");
	TCase *tc = tcase_create("step");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_schedule_that_cannot_be_followed_ends_a_script);
	tcase_add_test(tc, statuses_are_those_of_the_contract);
	tcase_add_test(tc, wrong_use_is_refused);
	tcase_add_test(tc, a_pipe_is_as_good_as_a_file);
	tcase_add_test(tc, what_is_saved_is_replayed_and_walked_again);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
