// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes are a scenario or an error that names a place, never a crash.
 */
#include <stdint.h>
#include <stdlib.h>

#include "scenario/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GError *error = NULL;
	struct scenario *s =
		scenario_parse("fuzz.scn", (const char *)data, size, &error);

	if (!s == !error)
		abort();
	if (error && !g_str_has_prefix(error->message, "fuzz.scn:"))
		abort();
	scenario_free(s);
	g_clear_error(&error);
	return 0;
}
