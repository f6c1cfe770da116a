/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of the stepper: a line in, text out.  docs/stepper.md describes
 * them.
 *
 * A command that is wrong changes nothing.  Where the lines come from, what is
 * done about a wrong one and where the text goes is the caller's business.
 */
#ifndef MMULATOR_STEPPER_CONSOLE_H
#define MMULATOR_STEPPER_CONSOLE_H

#include "stepper/session.h"

struct console;

enum console_error {
	CONSOLE_ERROR_USE, /* unknown command, wrong arguments */
};
#define CONSOLE_ERROR console_error_quark()
GQuark console_error_quark(void);

/** console_new - commands for @s, which is borrowed. */
struct console *console_new(struct session *s);
void console_free(struct console *c);

/** console_on_write - how `save` writes a file: whole or not at all. Without
 * it, by g_file_set_contents(). */
void console_on_write(struct console *c,
                      bool (*fn)(const char *path, const char *text, size_t len,
                                 void *data, GError **error),
                      void *data);

/** console_welcome - what is run, and who could move. */
void console_welcome(struct console *c, GString *out);
/** console_prompt - "(step 5304) ", or of an open choice "(choose 0-2) ". */
void console_prompt(const struct console *c, GString *out);

/**
 * console_command - carry out one line.
 * @line: a command and its arguments; '#' begins a comment
 * @out: what it has to say is appended, whole lines
 *
 * Return: false and @error (CONSOLE_ERROR_USE) with one line if it is wrong.
 */
bool console_command(struct console *c, const char *line, GString *out,
                     GError **error);
/** console_done - was the last command `quit`? */
bool console_done(const struct console *c);

/** console_addr - an address as the commands take it. Return: false and
 * @error. */
bool console_addr(const struct console *c, const char *text, uint64_t *addr,
                  GError **error);

/** console_summary - what the run as it stands is worth, as `mmulator run` says
 * it; nothing if it has not ended. */
void console_summary(const struct console *c, GString *out);
/** console_differs - did the run end otherwise than its variant expects, or has
 * a hazard been met that it does not expect? */
bool console_differs(const struct console *c);

/**
 * console_complete - what the word that ends @line (its first @len bytes) may
 * become.
 * @start: where the word begins
 *
 * Return: words, sorted, to be freed with g_strfreev().
 */
char **console_complete(const struct console *c, const char *line, size_t len,
                        size_t *start);

#endif
