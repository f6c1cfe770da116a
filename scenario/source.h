/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a scenario and how errors point into it.
 *
 * An error reads
 *
 *	FILE:LINE:COLUMN: what is wrong, what was expected
 *	    the line
 *	        ^
 *
 * Columns count characters from 1; the caret's line repeats the tabs of the
 * line above it, so it points at the same place at any tab width.
 */
#ifndef MMULATOR_SCENARIO_SOURCE_H
#define MMULATOR_SCENARIO_SOURCE_H

#include <glib.h>

struct source {
	const char *file; /* as the user named it */
	const char *text; /* ends with a NUL byte that is not part of it */
	size_t len;
};

/* A place; line 0: nowhere in particular. */
struct source_pos {
	unsigned line;
	unsigned column;
};

/* Bytes a scenario may have. */
#define SOURCE_SIZE_MAX (1U << 20)

enum scenario_error {
	SCENARIO_ERROR_SYNTAX, /* the text is no scenario */
	SCENARIO_ERROR_RULE,   /* it is, but does not make sense */
	SCENARIO_ERROR_READ,   /* it cannot be read */
};
#define SCENARIO_ERROR scenario_error_quark()
/** scenario_error_quark - the domain of enum scenario_error. Return: it. */
GQuark scenario_error_quark(void);

/**
 * source_report - append one error with its line and caret to @out.
 * @out: ends with a newline afterwards
 * @src: the text
 * @pos: the place; at line 0 and in lines above 200 bytes the message stands
 *	alone
 * @message: one line, no full stop
 */
void source_report(GString *out, const struct source *src,
                   struct source_pos pos, const char *message);

/**
 * nearest_name - the name that a word was probably meant to be.
 * @word: any; above 32 bytes nothing is near
 * @names: NULL-terminated
 *
 * Return: one of @names, or NULL if none is close.
 */
const char *nearest_name(const char *word, const char *const *names);

/**
 * append_suggestion - add "; did you mean 'X'?" or "; one of X, Y, Z".
 * @out: the message so far
 * @word: what was found instead
 * @names: NULL-terminated; above twelve they are not spelled out
 */
void append_suggestion(GString *out, const char *word,
                       const char *const *names);

#endif
