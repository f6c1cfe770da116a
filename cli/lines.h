/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the commands of a session come from: a person at a terminal (editing,
 * history and completion by libedit), a pipe, or a file.
 */
#ifndef MMULATOR_CLI_LINES_H
#define MMULATOR_CLI_LINES_H

#include "stepper/console.h"

struct lines;

/**
 * lines_new - lines of a file or of standard input.
 * @path: borrowed; NULL: standard input
 * @c: for prompts and completion; borrowed
 *
 * Return: NULL, said so, if it cannot be read.
 */
struct lines *lines_new(const char *path, struct console *c);
/**
 * lines_free - close it.
 * @l: NULL: nothing happens
 */
void lines_free(struct lines *l);

/**
 * lines_next - the next line.
 *
 * Prompts a person, and echoes behind the prompt what nobody typed.  Of a
 * person an empty line is the last one again.
 *
 * Return: without its newline; the lines', until the next; NULL: there is none.
 */
const char *lines_next(struct lines *l);
/** lines_typed - does a person type them? Return: whether. */
bool lines_typed(const struct lines *l);
/**
 * lines_place - where the last line stands, for errors.
 *
 * Return: "FILE:LINE", "stdin:LINE"; the lines', until the next call.
 */
const char *lines_place(struct lines *l);

#endif
