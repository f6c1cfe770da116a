// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/json.h"

#include <string.h>

static void append_string(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	g_string_append_c(out, '"');
	for (const char *c = valid; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(out, "\\%c", *c);
		else if (*c == '\n')
			g_string_append(out, "\\n");
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			g_string_append_printf(out, "\\u%04x", (unsigned)*c);
		else
			g_string_append_c(out, *c);
	}
	g_string_append_c(out, '"');
}

/* What stands before a value. */
static void begin(GString *out, const char *key)
{
	const char *last = out->len ? &out->str[out->len - 1] : "\n";

	if (!strchr("{[\n", *last))
		g_string_append_c(out, ',');
	if (!key)
		return;
	append_string(out, key);
	g_string_append_c(out, ':');
}

void json_open(GString *out, const char *key, char bracket)
{
	begin(out, key);
	g_string_append_c(out, bracket);
}

void json_close(GString *out, char bracket)
{
	g_string_append_c(out, bracket);
}

void json_string(GString *out, const char *key, const char *value)
{
	begin(out, key);
	if (value)
		append_string(out, value);
	else
		g_string_append(out, "null");
}

void json_int(GString *out, const char *key, uint64_t value)
{
	begin(out, key);
	g_string_append_printf(out, "%" G_GUINT64_FORMAT, value);
}

void json_bool(GString *out, const char *key, bool value)
{
	begin(out, key);
	g_string_append(out, value ? "true" : "false");
}

void json_seconds(GString *out, const char *key, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	begin(out, key);
	g_string_append(out,
	                g_ascii_formatd(text, sizeof(text), "%.6f", value));
}

void json_hash(GString *out, const char *key, uint64_t value)
{
	char text[17];

	g_snprintf(text, sizeof(text), "%016" G_GINT64_MODIFIER "x", value);
	json_string(out, key, text);
}
