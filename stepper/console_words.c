// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments of commands. */
#include <string.h>

#include "scenario/source.h"
#include "stepper/console_internal.h"

GQuark console_error_quark(void)
{
	return g_quark_from_static_string("mmulator-console-error-quark");
}

bool console_fail(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error,
	                  g_error_new_valist(CONSOLE_ERROR, CONSOLE_ERROR_USE,
	                                     format, args));
	va_end(args);
	return false;
}

char *join_words(const struct words *w, unsigned first, unsigned end)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = first; i < end; i++)
		g_string_append_printf(text, "%s%s", i > first ? " " : "",
		                       w->word[i]);
	return g_string_free(text, FALSE);
}

/* "64K" and the like; false: no number at all. */
static bool read_number(const char *text, uint64_t *out)
{
	bool hex = g_str_has_prefix(text, "0x");
	char *end;
	unsigned shift;

	if (!g_ascii_isxdigit(text[hex ? 2 : 0]) ||
	    (!hex && !g_ascii_isdigit(*text)))
		return false;
	*out = g_ascii_strtoull(text, &end, hex ? 16 : 10);
	shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
	if (shift)
		end++;
	if (*end || *out > UINT64_MAX >> shift)
		return false;
	*out <<= shift;
	return true;
}

bool parse_count(const char *text, const char *what, uint64_t min, uint64_t max,
                 uint64_t *out, GError **error)
{
	if (read_number(text, out) && *out >= min && *out <= max)
		return true;
	return console_fail(error,
	                    "%s '%s': expected a number from %" G_GUINT64_FORMAT
	                    " to %" G_GUINT64_FORMAT,
	                    what, text, min, max);
}

bool parse_cpu(const struct console *c, const char *text, unsigned *out,
               GError **error)
{
	unsigned nr_cpus = session_machine(c->session)->nr_cpus;
	uint64_t n = 0;

	if (!parse_count(text, "CPU", 0, nr_cpus - 1, &n, error))
		return false;
	*out = (unsigned)n;
	return true;
}

/* Names and what is meant by one of them. */
static bool complain_name(GError **error, const char *what, const char *text,
                          GPtrArray *names)
{
	g_autoptr(GString) hint = g_string_new(NULL);

	g_ptr_array_add(names, NULL);
	append_suggestion(hint, text, (const char *const *)names->pdata);
	return console_fail(error, "there is no %s '%s'%s", what, text,
	                    hint->str);
}

static gpointer borrow(const char *name)
{
	return (gpointer)(uintptr_t)name;
}

static const struct ast_map *find_any_map(const struct console *c,
                                          const char *name)
{
	const struct scenario *s = runner_scenario(session_runner(c->session));
	const struct ast_process *p;
	const struct ast_map *map = NULL;

	for (p = s->processes; p && !map; p = p->next)
		map = find_map(p, name);
	return map;
}

static bool complain_map(const struct console *c, const char *name,
                         GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const struct scenario *s = runner_scenario(session_runner(c->session));
	const struct ast_process *p;
	const struct ast_map *map;

	for (p = s->processes; p; p = p->next)
		for (map = p->maps; map; map = map->next)
			g_ptr_array_add(names, borrow(map->name));
	return complain_name(error, "mapping", name, names);
}

bool parse_addr(const struct console *c, const char *text, uint64_t *out,
                GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "+", 2);
	const struct ast_map *map = NULL;
	uint64_t offset = 0;

	if (read_number(text, out))
		return true;
	if (!parts[0] || !*parts[0] || g_ascii_isdigit(*parts[0]))
		return console_fail(error,
		                    "'%s' is no address: expected a number or "
		                    "MAPPING+OFFSET",
		                    text);
	map = find_any_map(c, parts[0]);
	if (!map)
		return complain_map(c, parts[0], error);
	if (parts[1] && !read_number(parts[1], &offset))
		return console_fail(error, "'%s' is no offset", parts[1]);
	*out = map->addr + offset;
	return true;
}

bool console_addr(const struct console *c, const char *text, uint64_t *addr,
                  GError **error)
{
	return parse_addr(c, text, addr, error);
}

struct agent *parse_agent(const struct console *c, const char *text,
                          GError **error)
{
	const struct machine *m = session_machine(c->session);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	/* The last: set-up has agents of its own, which are done. */
	for (unsigned i = m->nr_agents; i-- > 0;) {
		if (!strcmp(m->agents[i]->name, text))
			return m->agents[i];
		if (!m->agents[i]->done)
			g_ptr_array_add(names, borrow(m->agents[i]->name));
	}
	complain_name(error, "agent", text, names);
	return NULL;
}

struct mm_struct *parse_mm(const struct console *c, const char *text,
                           GError **error)
{
	const struct kernel *k = machine_kernel(session_machine(c->session));
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	struct mm_struct *mm, *last = NULL;

	for (mm = k->mms; mm; mm = mm->next) {
		if (mm == k->init_mm)
			continue;
		if (text && !strcmp(mm->name, text))
			return mm;
		last = mm;
		g_ptr_array_add(names, borrow(mm->name));
	}
	if (text) {
		complain_name(error, "process", text, names);
		return NULL;
	}
	if (names->len == 1)
		return last;
	console_fail(error, names->len ? "there are several processes: name one"
	                               : "there is no process left");
	return NULL;
}
