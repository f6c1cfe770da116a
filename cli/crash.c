// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bug of ours: the user gets status 3 and the command that shows it again,
 * the terminal is as it was, and no unfinished file stays behind.
 *
 * The handler may run anywhere, also where a stack has overflowed: it has a
 * stack of its own and makes system calls only.
 */
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/types.h"
#include "cli/cli.h"

#define STACK_SIZE  65536
#define COMMAND_MAX 4096

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): a signal
 * handler has no other way to find them. */
static char *command_line;
static char command_now[COMMAND_MAX]; /* "": command_line */
static const char *volatile guest;    /* NULL: it is not to blame */
static const char *volatile unlinked; /* a file to remove, or NULL */
static const char *volatile to_leave; /* the full screen; NULL: it is not on */
static struct termios terminal;       /* before the full screen */
static char stack[STACK_SIZE];
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static void put(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void say(const char *text)
{
	put(STDERR_FILENO, text);
}

static void leave_screen(void)
{
	if (!to_leave)
		return;
	put(STDOUT_FILENO, to_leave);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
}

static void on_crash(int sig)
{
	leave_screen();
	if (unlinked)
		(void)unlink(unlinked);
	if (sig == SIGABRT && guest) {
		say("mmulator: ");
		say(guest);
		say(": an instruction that Unicorn cannot translate\n");
		_exit(CLI_USAGE);
	}
	say("\nmmulator: internal error; please report it. To reproduce:\n    ");
	say(command_now[0] ? command_now : command_line);
	say("\n");
	_exit(CLI_INTERNAL);
}

/* Somebody ends us: as if we had not heard, but tidily. */
static void on_end(int sig)
{
	leave_screen();
	if (unlinked)
		(void)unlink(unlinked);
	(void)raise(sig); /* SA_RESETHAND: this time it ends us */
}

void crash_command(const char *format, ...)
{
	va_list args;

	command_now[0] = '\0';
	if (!format)
		return;
	va_start(args, format);
	g_vsnprintf(command_now, sizeof(command_now), format, args);
	va_end(args);
}

void crash_guest(const char *name)
{
	guest = name;
}

void crash_is_ours(struct machine *m)
{
	(void)m;
	guest = NULL;
}

void crash_unlink(const char *path)
{
	unlinked = path;
}

void crash_screen(const char *leave)
{
	if (leave && tcgetattr(STDIN_FILENO, &terminal) < 0)
		return;
	to_leave = leave;
}

static void remember_command(int argc, char **argv)
{
	GString *line = g_string_new("mmulator");

	for (int i = 1; i < argc; i++) {
		g_autofree char *quoted = g_shell_quote(argv[i]);
		bool plain = strpbrk(argv[i], " \t\n'\"\\$&|;<>()*?") == NULL;

		g_string_append_printf(line, " %s",
		                       plain && *argv[i] ? argv[i] : quoted);
	}
	g_free(command_line);
	command_line = g_string_free(line, FALSE);
}

static bool is_default(int sig)
{
	struct sigaction now;

	return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

void crash_install(int argc, char **argv)
{
	/* SIGTRAP: what a fatal error of GLib raises. */
	static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS,
		                       SIGILL,  SIGFPE,  SIGTRAP };
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = {
		.sa_handler = on_crash,
		.sa_flags = SA_ONSTACK | (int)SA_RESETHAND,
	};
	struct sigaction end = { .sa_handler = on_end,
		                 .sa_flags = (int)SA_RESETHAND };

	remember_command(argc, argv);
	sigemptyset(&action.sa_mask);
	sigemptyset(&end.sa_mask);
	/* A sanitizer has more to say and brought its own stack. */
	if (is_default(SIGSEGV))
		(void)sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (is_default(signals[i]))
			(void)sigaction(signals[i], &action, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (is_default(ends[i]))
			(void)sigaction(ends[i], &end, NULL);
	}
}
