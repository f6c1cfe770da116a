// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "scenario/verdict.h"

void output_init(struct output *out, const struct cli_options *o)
{
	out->options = o;
	out->text = g_string_new(NULL);
}

void output_clear(struct output *out)
{
	g_string_free(out->text, TRUE);
	out->text = NULL;
}

void output_text(struct output *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_string_append_vprintf(out->text, format, args);
	va_end(args);
}

void output_flush(struct output *out)
{
	if (out->options->output)
		return;
	(void)fwrite(out->text->str, 1, out->text->len, stdout);
	(void)fflush(stdout);
	g_string_truncate(out->text, 0);
}

/* A device or a pipe: nothing to replace, it takes what comes. */
static bool write_stream(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "we");
	bool written = f && fwrite(text, 1, len, f) == len;

	if (f && fclose(f) != 0)
		written = false;
	if (!written)
		cli_error("%s: %s", path, g_strerror(errno));
	return written;
}

bool write_file(const char *path, const char *text, size_t len)
{
	g_autoptr(GError) error = NULL;
	/* Through a symbolic link, or the file replaces the link. */
	g_autofree char *real = realpath(path, NULL);

	/* Renaming a new file over it would replace /dev/null itself. */
	if (g_file_test(path, G_FILE_TEST_EXISTS) &&
	    !g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return write_stream(path, text, len);
	if (g_file_set_contents(real ? real : path, text, (gssize)len, &error))
		return true;
	cli_error("%s", error->message);
	return false;
}

bool output_finish(struct output *out)
{
	if (out->options->output)
		return write_file(out->options->output, out->text->str,
		                  out->text->len);
	output_flush(out);
	if (!ferror(stdout))
		return true;
	cli_error("cannot write to stdout");
	return false;
}

/* ---- JSON ---- */

static void add_string(JsonBuilder *b, const char *key, const char *value)
{
	json_builder_set_member_name(b, key);
	json_builder_add_string_value(b, value);
}

static void add_int(JsonBuilder *b, const char *key, uint64_t value)
{
	json_builder_set_member_name(b, key);
	json_builder_add_int_value(b, (gint64)value);
}

static void add_hazards(JsonBuilder *b, uint32_t fired)
{
	json_builder_set_member_name(b, "hazards");
	json_builder_begin_array(b);
	for (int i = 0; i < ORACLE_COUNT; i++) {
		if (fired & (1U << i))
			json_builder_add_string_value(b, oracle_infos[i].name);
	}
	json_builder_end_array(b);
}

static void add_exploration(JsonBuilder *b, const struct json_run *j)
{
	add_int(b, "executions", j->executions);
	json_builder_set_member_name(b, "exhausted");
	json_builder_add_boolean_value(b, j->exhausted);
	if (j->preemptions >= 0)
		add_int(b, "preemptions", (uint64_t)j->preemptions);
	json_builder_set_member_name(b, "seconds");
	json_builder_add_double_value(b, j->seconds);
}

void output_json_run(struct output *out, const struct json_run *j)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *expected = format_expected(j->v);
	g_autofree char *text = NULL;
	char hash[17];

	g_snprintf(hash, sizeof(hash), "%016" G_GINT64_MODIFIER "x",
	           j->run->trace_hash);
	json_builder_begin_object(b);
	add_string(b, "scenario", j->scenario);
	add_string(b, "variant", j->variant);
	add_string(b, "outcome", j->fired ? "hazard" : "clean");
	add_hazards(b, j->fired);
	add_string(b, "expected", expected);
	json_builder_set_member_name(b, "ok");
	json_builder_add_boolean_value(b, j->ok);
	if (j->reason)
		add_string(b, "reason", j->reason);
	add_int(b, "steps", j->run->steps);
	add_int(b, "cycles", j->run->cycles);
	add_int(b, "choices", j->run->nr_choices);
	add_string(b, "trace_hash", hash);
	if (j->executions)
		add_exploration(b, j);
	json_builder_end_object(b);
	root = json_builder_get_root(b);
	json_generator_set_root(generator, root);
	text = json_generator_to_data(generator, NULL);
	output_text(out, "%s\n", text);
}
