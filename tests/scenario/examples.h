/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The examples of docs/scenario-language.md and README.md: fenced blocks marked
 * `scenario`, and `scenario-error` followed by `message`.
 */
#ifndef MMULATOR_TESTS_SCENARIO_EXAMPLES_H
#define MMULATOR_TESTS_SCENARIO_EXAMPLES_H

#include <glib.h>
#include <stdbool.h>

struct example {
	char *text;    /* a whole scenario */
	char *message; /* what it must give; NULL: it is correct */
	const char *document;
	unsigned line; /* in it */
};

/** examples_read - all of them; g_ptr_array_unref() frees them. */
GPtrArray *examples_read(void);

#endif
