// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bug of ours aborts: the user gets status 3 and the command that shows it
 * again.
 */
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define COMMAND_MAX 4096

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): a signal
 * handler has no other way to find them. */
static char command_line[COMMAND_MAX];
static char command_now[COMMAND_MAX];
static char guest_name[COMMAND_MAX]; /* "": a guest is not to blame */
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static void say(const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void on_abort(int sig)
{
	(void)sig;
	if (guest_name[0]) {
		say("mmulator: ");
		say(guest_name);
		say(": an instruction that Unicorn cannot translate\n");
		_exit(CLI_USAGE);
	}
	say("\nmmulator: internal error; please report it. To reproduce:\n    ");
	say(command_now[0] ? command_now : command_line);
	say("\n");
	_exit(CLI_INTERNAL);
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
	g_strlcpy(guest_name, name, sizeof(guest_name));
}

void crash_is_ours(struct machine *m)
{
	(void)m;
	guest_name[0] = '\0';
}

static void remember_command(int argc, char **argv)
{
	g_autoptr(GString) line = g_string_new("mmulator");

	for (int i = 1; i < argc; i++) {
		g_autofree char *quoted = g_shell_quote(argv[i]);
		bool plain = strpbrk(argv[i], " \t\n'\"\\$&|;<>()*?") == NULL;

		g_string_append_printf(line, " %s",
		                       plain && *argv[i] ? argv[i] : quoted);
	}
	g_strlcpy(command_line, line->str, sizeof(command_line));
}

void crash_install(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_abort };

	remember_command(argc, argv);
	sigemptyset(&action.sa_mask);
	sigaction(SIGABRT, &action, NULL);
}
