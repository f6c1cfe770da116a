// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The full screen, in a terminal that tmux plays: what is on it is held against
 * golden files (UPDATE_GOLDEN=1 writes them).  Skipped where there is no tmux.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/rng.h"
#include "cli/tui_grid.h"
#include "scenario/parse.h"

#define FLAGSHIP    "scenarios/pt-reclaim/size-mix.scn"
#define GOLDEN      "tests/cli/golden/tui-"
/* A screen that is to come has come by then, also on a machine under load. */
#define PATIENCE_MS 20000
#define POLL_MS     50

static char *folder;

/* ---- tmux ---- */

/* What tmux says to "@line"; NULL: it failed. */
static char *tmux(const char *line)
{
	g_autofree char *whole = g_strdup_printf(
		"tmux -f /dev/null -S '%s/socket' %s", folder, line);
	g_auto(GStrv) argv = NULL;
	g_auto(GStrv) env = g_get_environ();
	char *out = NULL;
	int status;

	env = g_environ_unsetenv(env, "TMUX");
	env = g_environ_setenv(env, "LC_ALL", "C.UTF-8", TRUE);
	env = g_environ_setenv(env, "TERM", "xterm", TRUE);
	ck_assert(g_shell_parse_argv(whole, NULL, &argv, NULL));
	if (!g_spawn_sync(NULL, argv, env,
	                  G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
	                  NULL, NULL, &out, NULL, &status, NULL))
		return NULL;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return out;
	g_free(out);
	return NULL;
}

static void must(const char *line)
{
	g_autofree char *out = tmux(line);

	ck_assert_msg(out, "tmux %s failed", line);
}

static void keys(const char *names)
{
	g_autofree char *line = g_strdup_printf("send-keys %s", names);

	must(line);
}

static char *screen(void)
{
	char *text = tmux("capture-pane -p");

	ck_assert(text);
	return text;
}

/* The screen when it no longer changes. */
static char *settled(void)
{
	char *now = screen(), *before = NULL;

	for (unsigned same = 0; same < 8;) {
		g_usleep(POLL_MS * 1000);
		g_free(before);
		before = now;
		now = screen();
		same = strcmp(now, before) == 0 ? same + 1 : 0;
	}
	g_free(before);
	return now;
}

static void assert_screen(const char *name)
{
	g_autofree char *path = g_strconcat(GOLDEN, name, ".txt", NULL);
	g_autofree char *expected = NULL;
	g_autofree char *now = NULL;

	if (g_getenv("UPDATE_GOLDEN")) {
		now = settled();
		ck_assert(g_file_set_contents(path, now, -1, NULL));
		return;
	}
	ck_assert_msg(g_file_get_contents(path, &expected, NULL, NULL),
	              "no %s: run with UPDATE_GOLDEN=1", path);
	for (unsigned ms = 0; ms < PATIENCE_MS; ms += POLL_MS) {
		g_free(now);
		now = screen();
		if (strcmp(now, expected) == 0)
			return;
		g_usleep(POLL_MS * 1000);
	}
	ck_assert_str_eq(now, expected);
}

static void wait_for(const char *part)
{
	g_autofree char *now = screen();

	for (unsigned ms = 0; ms < PATIENCE_MS && !strstr(now, part);
	     ms += POLL_MS) {
		g_usleep(POLL_MS * 1000);
		g_free(now);
		now = screen();
	}
	ck_assert_msg(strstr(now, part), "no '%s' on\n%s", part, now);
}

static void start(const char *flags, const char *ready)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *tests = g_path_get_dirname(self);
	g_autofree char *line = NULL;

	folder = g_dir_make_tmp("mmulator-tui-XXXXXX", NULL);
	ck_assert(folder);
	line = g_strdup_printf("new-session -d -x 80 -y 24 \""
	                       "'%s/../cli/mmulator' step " FLAGSHIP " %s; "
	                       "echo status \\$?; sleep 100\"",
	                       tests, flags);
	must(line);
	wait_for(ready);
}

static void setup(void)
{
	start("--tui", "?: help");
}

static void setup_lines(void)
{
	start("", "(step 87)");
}

static void teardown(void)
{
	g_autofree char *socket = g_build_filename(folder, "socket", NULL);

	g_free(tmux("kill-server"));
	g_unlink(socket);
	g_rmdir(folder);
	g_free(folder);
}

START_TEST(forwards_and_back)
{
	assert_screen("start");
	keys("Right Right Down");
	wait_for("step 90 of 90");
	keys("Left");
	assert_screen("back");
	keys("End");
	wait_for("step 90 of 90");
	keys("Home PPage");
	wait_for("this is the beginning");
}
END_TEST

START_TEST(a_hazard_and_another_size)
{
	keys("s");
	assert_screen("hazard");
	must("resize-window -x 120 -y 40");
	assert_screen("large");
	must("resize-window -x 50 -y 10");
	assert_screen("small");
	must("resize-window -x 80 -y 24");
	assert_screen("hazard");
}
END_TEST

START_TEST(an_agent_of_choice_and_an_answer)
{
	keys("s");
	wait_for("hazard size-mix");
	/* Past idle/2 and reclaim. */
	keys("Tab Tab Tab");
	wait_for(">stale");
	keys("Enter Enter");
	assert_screen("choice");
	keys("1");
	wait_for("load 0x40003000");
	keys("q");
	wait_for("status 0");
}
END_TEST

START_TEST(commands_and_addresses)
{
	keys("':pt heap+0x3000' Enter");
	assert_screen("command");
	keys("Space");
	wait_for("next steps");
	keys("a heap+0x3000 Enter");
	assert_screen("address");
	keys("':nonsense' Enter");
	wait_for("unknown command 'nonsense'");
	keys("':forgotten' Escape q");
	wait_for("status 0");
}
END_TEST

/* The command, which the shell of the pane has started. */
static pid_t command_pid(void)
{
	g_autofree char *shell = tmux("display-message -p '#{pane_pid}'");
	pid_t pid = (pid_t)strtol(shell, NULL, 10);
	g_autofree char *path =
		g_strdup_printf("/proc/%d/task/%d/children", pid, pid);
	g_autofree char *children = NULL;

	ck_assert(g_file_get_contents(path, &children, NULL, NULL));
	pid = (pid_t)strtol(children, NULL, 10);
	ck_assert_int_gt(pid, 0);
	return pid;
}

START_TEST(a_crash_gives_the_terminal_back)
{
	g_autofree char *now = NULL;

	ck_assert_int_eq(kill(command_pid(), SIGABRT), 0);
	wait_for("status 3");
	keys("e c h o e d");
	wait_for("echoed");
	now = screen();
	ck_assert_ptr_nonnull(strstr(now, "mmulator: internal error"));
	ck_assert_ptr_nonnull(
		strstr(now, "    mmulator step " FLAGSHIP " --tui\n"));
	ck_assert_ptr_null(strstr(now, "?: help"));
}
END_TEST

/* ---- line mode, at a terminal ---- */

START_TEST(lines_are_edited_completed_and_repeated)
{
	keys("'step tou' Tab '3' Enter");
	wait_for("CPU2  touch      walk pgd 0x40001000");
	/* An empty line is the last one again. */
	keys("Enter");
	wait_for("CPU2  touch      page fault");
	/* From the history: `goto start`, edited. */
	keys("'goto start' Enter");
	wait_for("(step 87)");
	keys("Up BSpace BSpace BSpace BSpace BSpace e n d Enter");
	wait_for("goto end");
	/* Two possibilities are listed. */
	keys("'st' Tab Tab");
	wait_for("step  steps");
	keys("C-u 'nonsense' Enter");
	wait_for("unknown command 'nonsense'");
	/* A wrong command does not end it. */
	keys("C-d");
	wait_for("status 0");
}
END_TEST

/* ---- without a terminal ---- */

START_TEST(any_size_can_be_drawn)
{
	static const char *const dirs[] = { "profiles", NULL };
	const struct run_config config = { .profile_dirs = dirs };
	struct scenario *sc = scenario_load(FLAGSHIP, NULL);
	struct session *s = session_new(sc, sc->variants, &config, NULL, NULL);
	struct tui_view view = { .agent = -1 };
	struct rng rng = { .state = 1 };
	const struct session_move move = { .agent = -1, .steps = 7 };

	for (unsigned i = 0; i < 300; i++) {
		struct tui_grid g;

		view.page = i % 5 ? NULL : "one\ntwo\nthree\n";
		tui_grid_init(&g, (unsigned)rng_below(&rng, 150),
		              (unsigned)rng_below(&rng, 60));
		tui_draw(&g, &view, s);
		tui_grid_clear(&g);
		if (!session_ended(s))
			session_go(s, &move);
	}
	session_free(s);
	scenario_free(sc);
}
END_TEST

START_TEST(a_narrow_screen_follows_the_current_step)
{
	static const char *const dirs[] = { "profiles", NULL };
	const struct run_config config = { .profile_dirs = dirs };
	struct scenario *sc = scenario_load(FLAGSHIP, NULL);
	struct session *s = session_new(sc, sc->variants, &config, NULL, NULL);
	struct console *c = console_new(s);
	struct tui_view view = { .agent = -1 };
	g_autoptr(GString) out = g_string_new(NULL);
	struct tui_grid g;

	ck_assert(console_command(c, "step touch", out, NULL));
	tui_grid_init(&g, 40, 24);
	tui_draw(&g, &view, s);
	ck_assert(!strncmp(g.cells + 40, "CPU1                CPU2 ", 25));
	ck_assert(console_command(c, "step stale", out, NULL));
	tui_draw(&g, &view, s);
	ck_assert(!strncmp(g.cells + 40, "CPU0                CPU1 ", 25));
	tui_grid_clear(&g);
	console_free(c);
	session_free(s);
	scenario_free(sc);
}
END_TEST

static bool has_tmux(void)
{
	g_autofree char *path = g_find_program_in_path("tmux");

	return path;
}

int main(void)
{
	Suite *s = suite_create("cli/tui");
	TCase *terminal = tcase_create("terminal"),
	      *grid = tcase_create("grid");
	TCase *lines = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_test(grid, any_size_can_be_drawn);
	tcase_add_test(grid, a_narrow_screen_follows_the_current_step);
	suite_add_tcase(s, grid);
	tcase_add_checked_fixture(terminal, setup, teardown);
	tcase_add_test(terminal, forwards_and_back);
	tcase_add_test(terminal, a_hazard_and_another_size);
	tcase_add_test(terminal, an_agent_of_choice_and_an_answer);
	tcase_add_test(terminal, commands_and_addresses);
	tcase_add_test(terminal, a_crash_gives_the_terminal_back);
	tcase_add_checked_fixture(lines, setup_lines, teardown);
	tcase_add_test(lines, lines_are_edited_completed_and_repeated);
	if (has_tmux()) {
		suite_add_tcase(s, terminal);
		suite_add_tcase(s, lines);
	}
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : has_tmux() ? EXIT_SUCCESS : 77;
}
