/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The examples of docs/scenario-language.md.
 */
#ifndef MMULATOR_TESTS_SCENARIO_EXAMPLES_H
#define MMULATOR_TESTS_SCENARIO_EXAMPLES_H

#include <glib.h>
#include <stdbool.h>

struct example {
	char *text;    /* a whole scenario */
	char *message; /* what it must give; NULL: it is correct */
	unsigned line; /* in the document */
};

/** examples_read - all of them; g_ptr_array_unref() frees them. */
GPtrArray *examples_read(void);

#endif
