/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From text to struct scenario.
 *
 * A recursive-descent parser; nesting and counts are limited, so any bytes at
 * all end in a scenario or in an error, never in a crash.  It stops at the
 * first error, which names the place and what was expected there.
 */
#ifndef MMULATOR_SCENARIO_PARSE_H
#define MMULATOR_SCENARIO_PARSE_H

#include <glib.h>

#include "scenario/ast.h"

/* Limits; an error names the one that was passed. */
#define SCENARIO_DEPTH_MAX          32
#define SCENARIO_STATEMENTS_MAX     20000
#define SCENARIO_PROCESSES_MAX      16
#define SCENARIO_THREADS_MAX        32
#define SCENARIO_VARIANTS_MAX       64
#define SCENARIO_FILES_MAX          16
/* Descriptor of the first file in every process; the others follow. */
#define SCENARIO_FIRST_FD           3
#define SCENARIO_SCHEDULE_LINES_MAX 1000

/**
 * scenario_parse - parse and check a text.
 * @file: what errors call it; copied
 * @text: any bytes; copied
 * @len: how many
 * @error: SCENARIO_ERROR_SYNTAX for what is no scenario, _RULE for one that
 *	makes no sense
 *
 * Return: a scenario that can run, or NULL and @error (SCENARIO_ERROR) whose
 * message is complete, several lines long and ends without a newline.
 */
struct scenario *scenario_parse(const char *file, const char *text, size_t len,
                                GError **error);

/**
 * scenario_load - read a file and scenario_parse() it.
 * @path: also what errors call it
 * @error: as scenario_parse(), or SCENARIO_ERROR_READ
 *
 * Return: a scenario that can run, or NULL and @error.
 */
struct scenario *scenario_load(const char *path, GError **error);

#endif
