// SPDX-License-Identifier: GPL-2.0-or-later
/* Files a verb reads and writes: one message that names them, whole or not at
 * all, and known to be possible before anything runs. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cli/command.h"

#define FIXED "--variant fixed " FLAGSHIP

/* A folder of this test's own. */
static char *folder(void)
{
	char *path = temporary("folder");

	ck_assert_int_eq(g_mkdir_with_parents(path, 0700), 0);
	return path;
}

static unsigned count_entries(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (g_dir_read_name(dir))
		n++;
	g_dir_close(dir);
	return n;
}

/* @flag @path @rest */
static void assert_refuses(const char *flag, const char *rest, const char *path,
                           const char *reason)
{
	g_autofree char *line = g_strdup_printf("%s %s %s", flag, path, rest);
	g_autofree char *message = g_strdup_printf(
		"mmulator: cannot write '%s': %s\n", path, reason);

	assert_refused(line, message);
}

START_TEST(a_folder_that_is_not_there_is_told_before_the_run)
{
	const char *path = "/nonexistent/file";

	assert_refuses("run --output", FIXED, path,
	               "No such file or directory");
	assert_refuses("run --trace", FIXED, path, "No such file or directory");
	assert_refuses("run --choices-out", FIXED, path,
	               "No such file or directory");
	assert_refuses("check --output", FIXED, path,
	               "No such file or directory");
	assert_refuses("list --output", "", path, "No such file or directory");
	assert_refuses("exec --trace", "build/no-such-program", path,
	               "No such file or directory");
}
END_TEST

START_TEST(a_folder_is_no_file)
{
	g_autofree char *path = folder();

	assert_refuses("run --output", FIXED, path, "Is a directory");
	assert_refuses("run --trace", FIXED, path, "Is a directory");
	ck_assert_uint_eq(count_entries(path), 0);
	g_rmdir(path);
}
END_TEST

/* What a full disk does to a file, seen with a limit on the size of files. */
START_TEST(nothing_is_left_of_a_file_that_does_not_fit)
{
	g_autofree char *path = folder();
	g_autofree char *line = g_strdup_printf(
		"ulimit -f 0; $M run --engine direct --trace %s/trace " FIXED
		" 2>&1",
		path);
	g_autofree char *message = g_strdup_printf(
		"mmulator: cannot write '%s/trace': File too large\n", path);
	struct result result = run_shell(line);

	ck_assert_int_eq(result.status, 2);
	ck_assert_str_eq(result.out, message);
	ck_assert_uint_eq(count_entries(path), 0);
	g_rmdir(path);
	clear_result(&result);
}
END_TEST

START_TEST(a_full_device_is_told_and_nothing_is_printed)
{
	assert_refuses("run --output", FIXED, "/dev/full",
	               "No space left on device");
	assert_refuses("run --trace", FIXED, "/dev/full",
	               "No space left on device");
	assert_refuses("run --choices-out", FIXED, "/dev/full",
	               "No space left on device");
	ck_assert(!g_file_test("/dev/full", G_FILE_TEST_IS_REGULAR));
}
END_TEST

START_TEST(a_full_terminal_is_told)
{
	struct result result = run_shell("$M run " FIXED " >/dev/full");

	ck_assert_int_eq(result.status, 2);
	ck_assert_str_eq(result.err,
	                 "mmulator: cannot write to the standard output\n");
	clear_result(&result);
}
END_TEST

START_TEST(a_device_stays_a_device)
{
	assert_status("run -q --output /dev/null " FLAGSHIP, 0);
	ck_assert(!g_file_test("/dev/null", G_FILE_TEST_IS_REGULAR));
}
END_TEST

START_TEST(a_file_is_replaced_through_its_link_and_keeps_its_mode)
{
	g_autofree char *path = folder();
	g_autofree char *file = g_build_filename(path, "file", NULL);
	g_autofree char *link = g_build_filename(path, "link", NULL);
	g_autofree char *line = g_strdup_printf("run --output %s " FIXED, link);
	g_autofree char *text = NULL;
	struct stat st;

	ck_assert(g_file_set_contents(file, "old\n", -1, NULL));
	ck_assert_int_eq(g_chmod(file, 0640), 0);
	ck_assert_int_eq(symlink("file", link), 0);
	assert_status(line, 0);
	ck_assert(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert(g_file_get_contents(file, &text, NULL, NULL));
	ck_assert_ptr_nonnull(strstr(text, "no hazard\n"));
	ck_assert_uint_eq(count_entries(path), 2);
	g_unlink(link);
	g_unlink(file);
	g_rmdir(path);
}
END_TEST

/* Links to nothing, one of them into a folder. */
START_TEST(a_file_is_made_where_its_link_says)
{
	g_autofree char *path = folder();
	g_autofree char *inner = g_build_filename(path, "inner", NULL);
	g_autofree char *file = g_build_filename(inner, "file", NULL);
	g_autofree char *link = g_build_filename(path, "link", NULL);
	g_autofree char *first = g_build_filename(path, "first", NULL);
	g_autofree char *lost = g_build_filename(path, "lost", NULL);
	g_autofree char *line =
		g_strdup_printf("run --output %s " FIXED, first);

	ck_assert_int_eq(g_mkdir(inner, 0700), 0);
	ck_assert_int_eq(symlink("inner/file", link), 0);
	ck_assert_int_eq(symlink(link, first), 0);
	ck_assert_int_eq(symlink("no-folder/file", lost), 0);
	assert_status(line, 0);
	ck_assert(g_file_test(first, G_FILE_TEST_IS_SYMLINK));
	ck_assert(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
	ck_assert(g_file_test(file, G_FILE_TEST_IS_REGULAR));
	ck_assert_uint_eq(count_entries(inner), 1);
	assert_refuses("run --output", FIXED, lost,
	               "No such file or directory");
	ck_assert_uint_eq(count_entries(path), 4);
	g_unlink(file);
	g_unlink(link);
	g_unlink(first);
	g_unlink(lost);
	g_rmdir(inner);
	g_rmdir(path);
}
END_TEST

START_TEST(output_goes_to_a_file_whole_or_not_at_all)
{
	g_autofree char *path = folder();
	g_autofree char *bad = g_strdup_printf(
		"run --output %s/file " FIXED " no-such-file.scn", path);

	assert_status(bad, 2);
	ck_assert_uint_eq(count_entries(path), 0);
	g_rmdir(path);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
	assert_refused("run no-such.scn",
	               "mmulator: cannot read 'no-such.scn': No such file or "
	               "directory\n");
	assert_refused("exec no-such", "mmulator: cannot read 'no-such': No "
	                               "such file or directory\n");
	assert_refused("exec scenarios",
	               "mmulator: cannot read 'scenarios': Is "
	               "a directory\n");
	assert_refused("replay --choices no-such " FLAGSHIP,
	               "mmulator: cannot read 'no-such': No such file or "
	               "directory\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/files");
	TCase *tcase = tcase_create("files");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase,
	               a_folder_that_is_not_there_is_told_before_the_run);
	tcase_add_test(tcase, a_folder_is_no_file);
	tcase_add_test(tcase, nothing_is_left_of_a_file_that_does_not_fit);
	tcase_add_test(tcase, a_full_device_is_told_and_nothing_is_printed);
	tcase_add_test(tcase, a_full_terminal_is_told);
	tcase_add_test(tcase, a_device_stays_a_device);
	tcase_add_test(tcase,
	               a_file_is_replaced_through_its_link_and_keeps_its_mode);
	tcase_add_test(tcase, a_file_is_made_where_its_link_says);
	tcase_add_test(tcase, output_goes_to_a_file_whole_or_not_at_all);
	tcase_add_test(tcase, a_file_that_cannot_be_read_is_named);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
