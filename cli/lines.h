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
 * lines_new - lines of @path; NULL: of standard input.
 * @c: for prompts and completion; borrowed
 *
 * Return: NULL, said so, if it cannot be read.
 */
struct lines *lines_new(const char *path, struct console *c);
void lines_free(struct lines *l);

/** lines_next - the next line without its newline; NULL: there is none.
 * Prompts a person, and echoes behind the prompt what nobody typed. */
const char *lines_next(struct lines *l);
/** lines_typed - does a person type them? */
bool lines_typed(const struct lines *l);
/** lines_place - "FILE:LINE" of the last one. */
const char *lines_place(struct lines *l);

#endif
