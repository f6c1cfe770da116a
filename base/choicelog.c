/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/choicelog.h"

#include <string.h>

#include "base/bug.h"

GQuark choice_log_error_quark(void)
{
	return g_quark_from_static_string("mmulator-choice-log-error-quark");
}

static const char kind_letters[CHOICE_KIND_COUNT + 1] = "atsefo";

struct choice_log *choice_log_new(void)
{
	struct choice_log *log = g_new0(struct choice_log, 1);

	log->headers = g_ptr_array_new_with_free_func(g_free);
	return log;
}

void choice_log_free(struct choice_log *log)
{
	if (!log)
		return;
	g_free(log->entries);
	g_ptr_array_unref(log->headers);
	g_free(log);
}

void choice_log_clear(struct choice_log *log)
{
	log->nr_entries = 0;
	log->nr_steps = 0;
	log->trace_hash = 0;
}

void choice_log_grow(struct choice_log *log)
{
	log->room = log->room ? 2 * log->room : 256;
	log->entries = g_renew(struct choice_entry, log->entries, log->room);
}

/* ---- headers ---- */

static const char *value_of(const char *header, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(header, key, len) != 0 || header[len] != ' ')
		return NULL;
	return header + len + 1;
}

void choice_log_add_header(struct choice_log *log, const char *key,
                           const char *value)
{
	g_ptr_array_add(log->headers, g_strdup_printf("%s %s", key, value));
}

void choice_log_set_header(struct choice_log *log, const char *key,
                           const char *value)
{
	for (guint i = log->headers->len; i-- > 0;)
		if (value_of(log->headers->pdata[i], key))
			g_ptr_array_remove_index(log->headers, i);
	choice_log_add_header(log, key, value);
}

const char *choice_log_header(const struct choice_log *log, const char *key,
                              unsigned i)
{
	for (guint j = 0; j < log->headers->len; j++) {
		const char *v = value_of(log->headers->pdata[j], key);

		if (v && i-- == 0)
			return v;
	}
	return NULL;
}

/* ---- text form ---- */

#define MAGIC    "mmulator-choices 1"
#define PER_LINE 16

static void format_entries(GString *out, const struct choice_log *log)
{
	unsigned column = 0;

	for (unsigned i = 0; i < log->nr_entries;) {
		const struct choice_entry *e = &log->entries[i];
		unsigned run = 1;

		while (i + run < log->nr_entries &&
		       !memcmp(e, e + run, sizeof(*e)))
			run++;
		g_string_append_printf(out, "%s%c%u/%u", column ? " " : "",
		                       kind_letters[e->kind], e->n, e->pick);
		if (run > 1)
			g_string_append_printf(out, "*%u", run);
		i += run;
		column = (column + 1) % PER_LINE;
		if (!column)
			g_string_append_c(out, '\n');
	}
	if (column)
		g_string_append_c(out, '\n');
}

char *choice_log_format(const struct choice_log *log)
{
	GString *out = g_string_new(MAGIC "\n");

	for (guint i = 0; i < log->headers->len; i++)
		g_string_append_printf(out, "%s\n",
		                       (char *)log->headers->pdata[i]);
	g_string_append_printf(out,
	                       "steps %" G_GUINT64_FORMAT "\n"
	                       "trace-hash %016" G_GINT64_MODIFIER "x\n"
	                       "choices %u\n",
	                       log->nr_steps, log->trace_hash, log->nr_entries);
	format_entries(out, log);
	return g_string_free(out, FALSE);
}

static bool syntax(GError **error, unsigned line, const char *what)
{
	g_set_error(error, CHOICE_LOG_ERROR, CHOICE_LOG_ERROR_SYNTAX,
	            "line %u: %s", line, what);
	return false;
}

static bool number(const char **p, uint64_t max, uint64_t *out)
{
	char *end;

	if (!g_ascii_isdigit(**p))
		return false;
	*out = g_ascii_strtoull(*p, &end, 10);
	*p = end;
	return *out <= max;
}

/* One "a3/1*7". */
static bool parse_entry(struct choice_log *log, const char *word, unsigned line,
                        GError **error)
{
	const char *letter = strchr(kind_letters, *word);
	const char *p = word + 1;
	uint64_t n, pick, run = 1;

	if (!*word || !letter)
		return syntax(error, line, "unknown kind of choice");
	if (!number(&p, UINT8_MAX, &n) || n < 2 || *p++ != '/')
		return syntax(error, line,
		              "expected alternatives 2..255 and '/'");
	if (!number(&p, n - 1, &pick))
		return syntax(error, line, "answer out of range");
	if (*p == '*') {
		p++;
		if (!number(&p, 100000000, &run) || !run)
			return syntax(error, line, "bad repeat count");
	}
	if (*p)
		return syntax(error, line, "junk behind a choice");
	if (log->nr_entries + run > 100000000)
		return syntax(error, line, "too many choices");
	while (run--)
		choice_log_add(log, (enum choice_kind)(letter - kind_letters),
		               (unsigned)n, (unsigned)pick);
	return true;
}

static bool parse_choices(struct choice_log *log, const char *text,
                          unsigned line, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);

	for (char **w = words; *w; w++)
		if (**w && !parse_entry(log, *w, line, error))
			return false;
	return true;
}

static bool parse_header(struct choice_log *log, const char *text,
                         unsigned line, GError **error)
{
	const char *v;

	if (!strchr(text, ' '))
		return syntax(error, line, "expected 'key value'");
	v = value_of(text, "steps");
	if (v) {
		if (!number(&v, UINT64_MAX - 1, &log->nr_steps) || *v)
			return syntax(error, line, "bad number of steps");
		return true;
	}
	v = value_of(text, "trace-hash");
	if (v) {
		if (strlen(v) != 16 || strspn(v, "0123456789abcdef") != 16)
			return syntax(error, line, "bad trace hash");
		log->trace_hash = g_ascii_strtoull(v, NULL, 16);
		return true;
	}
	g_ptr_array_add(log->headers, g_strdup(text));
	return true;
}

/* "choices" or "choices N"; *n: how many there are to be, if it says so. */
static bool is_choices(const char *line, uint64_t *n)
{
	const char *count = value_of(line, "choices");

	if (!strcmp(line, "choices"))
		return true;
	return count && number(&count, UINT32_MAX, n) && !*count;
}

static bool check_end(const struct choice_log *log, bool in_choices,
                      unsigned line, uint64_t n, GError **error)
{
	g_autofree char *what = NULL;

	if (!in_choices)
		return syntax(error, line, "no 'choices' line");
	if (n == UINT64_MAX || n == log->nr_entries)
		return true;
	what = g_strdup_printf("the log has %u of its %" G_GUINT64_FORMAT
	                       " choices",
	                       log->nr_entries, n);
	return syntax(error, line, what);
}

static bool parse_lines(struct choice_log *log, char **lines, GError **error)
{
	uint64_t n = UINT64_MAX;
	bool in_choices = false;
	unsigned i;

	if (!lines[0] || strcmp(lines[0], MAGIC) != 0)
		return syntax(error, 1, "expected '" MAGIC "'");
	for (i = 1; lines[i]; i++) {
		char *l = g_strchomp(lines[i]);
		bool ok = true;

		if (!*l || *l == '#')
			continue;
		if (in_choices)
			ok = parse_choices(log, l, i + 1, error);
		else if (is_choices(l, &n))
			in_choices = true;
		else
			ok = parse_header(log, l, i + 1, error);
		if (!ok)
			return false;
	}
	return check_end(log, in_choices, i, n, error);
}

struct choice_log *choice_log_parse(const char *text, size_t len,
                                    GError **error)
{
	g_autofree char *copy = g_strndup(text, len);
	g_auto(GStrv) lines = NULL;
	struct choice_log *log;

	if (memchr(text, 0, len)) {
		syntax(error, 1, "a zero byte: not a choice log");
		return NULL;
	}
	lines = g_strsplit(copy, "\n", -1);
	log = choice_log_new();
	if (parse_lines(log, lines, error))
		return log;
	choice_log_free(log);
	return NULL;
}
