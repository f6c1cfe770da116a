// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the user sees of a bug of ours: status 3 and the command that shows it.
 * The bugs are made here: by a process of this test that does wrong, and by a
 * signal to the command.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/coro.h"
#include "cli/cli.h"
#include "tests/cli/command.h"

/* A sanitizer reports some of them itself. */
#if defined(__SANITIZE_ADDRESS__)
#	define SANITIZED true
#else
#	define SANITIZED false
#endif

/* ---- bugs ---- */

static void abort_here(void)
{
	abort();
}

static void write_to_null(void)
{
	volatile int *volatile null = NULL;

	*null = 1; /* NOLINT(clang-analyzer-core.NullDereference) */
}

static void divide_by_zero(void)
{
	(void)raise(SIGFPE);
}

static void fatal_error(void)
{
	g_error("of GLib");
}

/* A page behind the end of a file. */
static void read_behind_the_end(void)
{
	g_autofree char *path = temporary("bus");
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	volatile char *bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	(void)unlink(path);
	(void)bytes[0];
}

/* NOLINTNEXTLINE(misc-no-recursion): what is wanted */
static G_GNUC_NO_INLINE unsigned sink(const volatile char *above, unsigned left)
{
	volatile char here[1024];

	here[0] = '\0';
	if (above)
		here[0] = above[0];
	return left ? sink(here, left - 1) + (unsigned)here[0] : 0;
}

static void overflow_the_stack(void)
{
	(void)sink(NULL, UINT_MAX);
}

/* Of an agent: a guard page is below it. */
static void overflow_a_coroutine(void)
{
	struct coro host = { 0 }, agent = { 0 };
	struct coro_stack stack;

	coro_stack_new(&stack);
	coro_init(&agent, &stack, overflow_the_stack);
	coro_switch(&host, &agent);
}

static const struct bug {
	const char *name;
	void (*make)(void);
	bool sanitized; /* also there it comes to our handler */
} bugs[] = {
	{ "abort", abort_here, true },
	{ "null", write_to_null, false },
	{ "division", divide_by_zero, false },
	{ "glib", fatal_error, true },
	{ "bus", read_behind_the_end, false },
	{ "stack", overflow_the_stack, false },
	{ "agent's stack", overflow_a_coroutine, false },
};

/* ---- in a process of this test ---- */

static char *read_all(int fd)
{
	GString *text = g_string_new(NULL);
	char buffer[256];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		g_string_append_len(text, buffer, n);
	(void)close(fd);
	return g_string_free(text, FALSE);
}

/* What a process says that crashes by @bug, with @unfinished open. */
static char *crash(void (*bug)(void), const char *unfinished, int *status)
{
	char *argv[] = { (char[]){ "mmulator" }, (char[]){ "run" },
		         (char[]){ "a b.scn" }, NULL };
	int fds[2];
	pid_t child;
	char *text;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		(void)close(fds[0]);
		(void)close(fds[1]);
		/* Check has handlers of its own. */
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGTERM, SIG_DFL);
		crash_install(3, argv);
		crash_unlink(unfinished);
		bug();
		_exit(0);
	}
	(void)close(fds[1]);
	text = read_all(fds[0]);
	ck_assert_int_eq(waitpid(child, status, 0), child);
	return text;
}

static void be_interrupted(void)
{
	(void)raise(SIGINT);
}

static void be_terminated(void)
{
	(void)raise(SIGTERM);
}

START_TEST(who_is_ended_leaves_no_unfinished_file)
{
	g_autofree char *path = temporary("unfinished");
	g_autofree char *text = NULL;
	int status;

	ck_assert(g_file_set_contents(path, "half", -1, NULL));
	text = crash(_i ? be_terminated : be_interrupted, path, &status);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), _i ? SIGTERM : SIGINT);
	ck_assert_str_eq(text, "");
	ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(whatever_the_signal_the_command_is_named)
{
	const struct bug *bug = &bugs[_i];
	g_autofree char *path = temporary("unfinished");
	g_autofree char *text = NULL;
	int status;

	if (SANITIZED && !bug->sanitized)
		return;
	ck_assert(g_file_set_contents(path, "half", -1, NULL));
	text = crash(bug->make, path, &status);
	ck_assert_msg(WIFEXITED(status), "%s: signal %d", bug->name,
	              WTERMSIG(status));
	ck_assert_int_eq(WEXITSTATUS(status), 3);
	ck_assert_msg(g_str_has_suffix(text,
	                               "\nmmulator: internal error; please "
	                               "report it. To reproduce:\n"
	                               "    mmulator run 'a b.scn'\n"),
	              "%s: %s", bug->name, text);
	ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

/* ---- in the command ---- */

/* It catches @sig: what may crash comes after that. */
static bool catches(GPid pid, int sig)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
	g_autofree char *text = NULL;
	const char *caught;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return false;
	caught = strstr(text, "SigCgt:");
	return caught &&
	       (g_ascii_strtoull(caught + strlen("SigCgt:"), NULL, 16) >>
	        (sig - 1)) &
	               1;
}

/* Milliseconds it was on a processor. */
static unsigned long used_ms(GPid pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *text = NULL;
	g_auto(GStrv) fields = NULL;
	const char *name_end;

	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	name_end = strrchr(text, ')');
	ck_assert_ptr_nonnull(name_end);
	fields = g_strsplit(name_end + 2, " ", -1); /* from field 3 on */
	ck_assert_uint_gt(g_strv_length(fields), 13);
	ck_assert_msg(*fields[0] != 'Z', "it has ended");
	return strtoul(fields[11], NULL, 10) * 1000 /
	       (unsigned long)sysconf(_SC_CLK_TCK);
}

/* mmulator @arguments with a signal once it runs, for @busy_ms. */
static void assert_crash(const char *arguments, int sig, unsigned long busy_ms,
                         const char *named)
{
	g_autofree char *path = command_path();
	g_autofree char *line = g_strdup_printf("'%s' %s", path, arguments);
	g_autofree char *expected =
		g_strdup_printf("\nmmulator: internal error; please report it. "
	                        "To reproduce:\n    mmulator %s\n",
	                        named);
	g_auto(GStrv) argv = NULL;
	g_autofree char *text = NULL;
	GPid pid;
	int err, status;

	ck_assert(g_shell_parse_argv(line, NULL, &argv, NULL));
	ck_assert(g_spawn_async_with_pipes(NULL, argv, NULL,
	                                   G_SPAWN_DO_NOT_REAP_CHILD, NULL,
	                                   NULL, &pid, NULL, NULL, &err, NULL));
	while (!catches(pid, sig) || used_ms(pid) < busy_ms)
		g_usleep(1000);
	ck_assert_int_eq(kill(pid, sig), 0);
	text = read_all(err);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3,
	              "%s: %d: %s", arguments, status, text);
	ck_assert_str_eq(text, expected);
}

/* Every verb, while it waits for a file that is a pipe. */
START_TEST(every_verb_names_its_command)
{
	static const char *const verbs[] = {
		"run",
		"check --policy explore --option thp=never",
		"list",
		"replay " FLAGSHIP " --choices",
		"explain",
		"exec",
		"step " FLAGSHIP " --choices",
	};
	g_autofree char *fifo = temporary("fifo");
	g_autofree char *line = NULL;

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	line = g_strconcat(verbs[_i], " ", fifo, NULL);
	assert_crash(line, SIGABRT, 0, line);
	if (!SANITIZED) {
		assert_crash(line, SIGSEGV, 0, line);
		assert_crash(line, SIGBUS, 0, line);
	}
	(void)unlink(fifo);
}
END_TEST

/* One that takes long; its output files do not come to be. */
START_TEST(a_run_is_named_with_its_command)
{
	g_autofree char *path = temporary("endless.scn");
	g_autofree char *trace = temporary("trace");
	g_autofree char *run = g_strdup_printf(
		"run --engine direct --steps 1000000000 --choices-out %s "
		"%s",
		trace, path);
	/* Of many the one. */
	g_autofree char *alone = g_strdup_printf(
		"check %s --variant racy --engine direct --steps 1000000000",
		path);
	g_autofree char *check = g_strdup_printf(
		"check --engine direct --steps 1000000000 --output %s "
		"%s",
		trace, path);

	ck_assert(
		g_file_set_contents(path,
	                            "scenario \"endless\"\n"
	                            "process A { map heap 0x40000000 4K rw }\n"
	                            "thread t of A on cpu 0 { a: goto a }\n"
	                            "variant racy { expect clean }\n",
	                            -1, NULL));
	assert_crash(run, SIGABRT, 200, run);
	assert_crash(check, SIGABRT, 200, alone);
	ck_assert(!g_file_test(trace, G_FILE_TEST_EXISTS));
	g_unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/crash");
	TCase *tcase = tcase_create("crash");

	tcase_add_loop_test(tcase, who_is_ended_leaves_no_unfinished_file, 0,
	                    2);
	tcase_add_loop_test(tcase, whatever_the_signal_the_command_is_named, 0,
	                    G_N_ELEMENTS(bugs));
	tcase_add_loop_test(tcase, every_verb_names_its_command, 0, 7);
	tcase_add_test(tcase, a_run_is_named_with_its_command);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
