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
/** console_error_quark - the domain of enum console_error. Return: it. */
GQuark console_error_quark(void);

/**
 * console_new - commands for a session.
 * @s: borrowed; it must outlive the console
 *
 * Return: never NULL; console_free().
 */
struct console *console_new(struct session *s);
/**
 * console_free - it is not needed any more; the session goes on.
 * @c: NULL: nothing happens
 */
void console_free(struct console *c);

/**
 * console_on_write - how `save` writes a file.
 * @fn: writes the text whole or not at all; false and an error if it cannot.
 *	NULL, as after console_new(): g_file_set_contents() does
 * @data: handed to @fn
 */
void console_on_write(struct console *c,
                      bool (*fn)(const char *path, const char *text, size_t len,
                                 void *data, GError **error),
                      void *data);

/**
 * console_welcome - what is run, and who could move.
 * @out: whole lines are appended
 */
void console_welcome(struct console *c, GString *out);
/**
 * console_prompt - what stands before the next command.
 * @out: "(step 5304) " is appended, after the end of the run "(end 5310) ", of
 *	an open choice "(choose 0-2) "
 */
void console_prompt(const struct console *c, GString *out);

/**
 * console_command - carry out one line.
 * @line: a command and its arguments; '#' begins a comment
 * @out: what it has to say is appended, whole lines
 *
 * Return: false and @error with one line: CONSOLE_ERROR_USE if it is wrong; of
 * `save`, SCENARIO_ERROR_RULE if the run does not end, or what the writer says.
 */
bool console_command(struct console *c, const char *line, GString *out,
                     GError **error);
/** console_done - was there a command `quit`? Return: whether. */
bool console_done(const struct console *c);

/**
 * console_addr - an address as the commands take it.
 * @text: a number, or MAPPING or MAPPING+OFFSET of any process
 * @addr: set to it
 * @error: CONSOLE_ERROR_USE
 *
 * Return: false and @error with one line if it is none.
 */
bool console_addr(const struct console *c, const char *text, uint64_t *addr,
                  GError **error);

/**
 * console_summary - what the run as it stands is worth, as `mmulator run` says
 * it.
 * @out: whole lines are appended; nothing if the run has not ended here
 */
void console_summary(const struct console *c, GString *out);
/**
 * console_differs - did the run end otherwise than its variant expects, or has
 * a hazard been met that it does not expect?
 *
 * Return: whether, at the current step.
 */
bool console_differs(const struct console *c);

/**
 * console_complete - what the word that ends a line may become.
 * @line: what is typed so far
 * @len: bytes of it that stand before the cursor
 * @start: set to the byte where the word begins
 *
 * Return: words, sorted, perhaps none; NULL-terminated; g_strfreev().
 */
char **console_complete(const struct console *c, const char *line, size_t len,
                        size_t *start);

#endif
