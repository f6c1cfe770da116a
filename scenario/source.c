// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/source.h"

#include <string.h>

#include "base/types.h"

/* Longest part of a line that an error repeats. */
#define SHOWN_MAX       200
/* Lists of names up to this long are spelled out. */
#define NAMES_SHOWN_MAX 12
#define WORD_MAX        32

G_DEFINE_QUARK(mmulator - scenario - error - quark, scenario_error)

static const char *find_line(const struct source *src, unsigned line,
                             size_t *len)
{
	const char *at = src->text;
	const char *end = src->text + src->len;
	const char *stop;

	for (unsigned i = 1; i < line; i++) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			return NULL;
		at = stop + 1;
	}
	stop = memchr(at, '\n', (size_t)(end - at));
	*len = (size_t)((stop ? stop : end) - at);
	return at;
}

/* Control bytes would garble a terminal; broken UTF-8 would garble JSON. */
static void append_line(GString *out, const char *line, size_t len)
{
	g_autofree char *valid = g_utf8_make_valid(line, (gssize)len);

	for (char *at = valid; *at; at++) {
		if ((unsigned char)*at < ' ' && *at != '\t')
			*at = '?';
	}
	g_string_append_printf(out, "    %s\n", valid);
}

static void append_caret(GString *out, const char *line, size_t len,
                         unsigned column)
{
	size_t at = 0;

	g_string_append(out, "    ");
	for (unsigned i = 1; i < column && at < len; i++) {
		g_string_append_c(out, line[at] == '\t' ? '\t' : ' ');
		at++;
		while (at < len && ((unsigned char)line[at] & 0xc0) == 0x80)
			at++;
	}
	g_string_append(out, "^\n");
}

void source_report(GString *out, const struct source *src,
                   struct source_pos pos, const char *message)
{
	const char *line = NULL;
	size_t len = 0;

	if (pos.line == 0) {
		g_string_append_printf(out, "%s: %s\n", src->file, message);
		return;
	}
	g_string_append_printf(out, "%s:%u:%u: %s\n", src->file, pos.line,
	                       pos.column, message);
	line = find_line(src, pos.line, &len);
	if (!line || len > SHOWN_MAX)
		return;
	append_line(out, line, len);
	append_caret(out, line, len, pos.column);
}

/* Levenshtein distance of two short words. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= len_b; j++)
		row[j] = j;
	for (unsigned i = 1; i <= len_a; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= len_b; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(MIN(row[j], row[j - 1]) + 1, change);
		}
	}
	return row[len_b];
}

const char *nearest_name(const char *word, const char *const *names)
{
	unsigned best = (unsigned)(strlen(word) / 3 + (strlen(word) > 2));
	const char *found = NULL;

	for (; *names; names++) {
		unsigned distance = edit_distance(word, *names);

		if (distance < best || (distance == best && !found)) {
			best = distance;
			found = *names;
		}
	}
	return found;
}

void append_suggestion(GString *out, const char *word, const char *const *names)
{
	const char *near = nearest_name(word, names);
	unsigned n = g_strv_length((char **)(uintptr_t)names);

	if (near) {
		g_string_append_printf(out, "; did you mean '%s'?", near);
		return;
	}
	if (n == 0 || n > NAMES_SHOWN_MAX)
		return;
	g_string_append(out, n == 1 ? "; known: " : "; one of ");
	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(out, "%s%s", i ? ", " : "", names[i]);
}
