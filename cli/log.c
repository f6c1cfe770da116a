// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded runs as the verbs that repeat them need them. */
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "emu/vcpu_ops.h"

struct choice_log *read_log(const char *path)
{
	g_autoptr(GError) error = NULL;
	size_t len;
	g_autofree char *text = file_read(path, &len, &error);
	struct choice_log *log;

	if (!text) {
		cli_error("%s", error->message);
		return NULL;
	}
	log = choice_log_parse(text, len, &error);
	if (!log)
		cli_error("%s: %s", path, error->message);
	return log;
}

void take_headers(struct cli_options *o, const struct choice_log *log)
{
	const char *variant = choice_log_header(log, "variant", 0);
	const char *engine = choice_log_header(log, "engine", 0);
	g_autoptr(GPtrArray) options = g_ptr_array_new();
	const char *value;

	if (!o->variant)
		o->variant = g_strdup(variant);
	if (!o->memory_model)
		o->memory_model =
			g_strdup(choice_log_header(log, "memory-model", 0));
	if (!o->engine && engine)
		o->engine = find_engine(engine);
	for (unsigned i = 0; (value = choice_log_header(log, "option", i)); i++)
		g_ptr_array_add(options, g_strdup(value));
	for (char **more = o->options; more && *more; more++)
		g_ptr_array_add(options, g_strdup(*more));
	g_ptr_array_add(options, NULL);
	g_strfreev(o->options);
	o->options = (char **)g_ptr_array_steal(options, NULL);
}
