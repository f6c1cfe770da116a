// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls become lines.  What happens before the threads start keeps its order,
 * because a fork copies what is there by then: each such call is a block of its
 * own, `process A { ... }`, which the language allows.
 */
#include "lab/builder.h"

#include <stdarg.h>
#include <string.h>

#include "base/bug.h"
#include "scenario/parse.h"

struct lab_builder {
	char *title;
	GString *head;       /* all up to the threads */
	GPtrArray *names;    /* struct lab_process */
	GPtrArray *threads;  /* struct lab_thread */
	GPtrArray *variants; /* struct lab_variant */
	GString *schedule;
	GString *conditions;
	GString *text; /* of lab_text() */
};

struct lab_process {
	struct lab_builder *builder;
	char *name;
};

struct lab_thread {
	GString *lines;
};

struct lab_variant {
	GString *lines;
	GString *hazards, *allowed; /* "size-mix, stale-use" */
};

static void free_process(gpointer data)
{
	struct lab_process *p = data;

	g_free(p->name);
	g_free(p);
}

static void free_thread(gpointer data)
{
	struct lab_thread *t = data;

	g_string_free(t->lines, TRUE);
	g_free(t);
}

static void free_variant(gpointer data)
{
	struct lab_variant *v = data;

	g_string_free(v->lines, TRUE);
	g_string_free(v->hazards, TRUE);
	g_string_free(v->allowed, TRUE);
	g_free(v);
}

/* ---- lines ---- */

/* What would end a line ends nothing: the parser shall see it and complain. */
static char *one_line(const char *text)
{
	BUG_ON(!text);
	return g_strdelimit(g_strdup(text), "\r\n", '\1');
}

static char *quote(const char *text)
{
	g_autoptr(GString) quoted = g_string_new("\"");

	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *text);
	}
	g_string_append_c(quoted, '"');
	return one_line(quoted->str);
}

/* Append "@before@said@after\n", @said on one line. */
static void add_line(GString *lines, const char *before, const char *said,
                     const char *after)
{
	g_autofree char *line = one_line(said);

	g_string_append_printf(lines, "%s%s%s\n", before, line, after);
}

static void G_GNUC_PRINTF(2, 0)
	add_va_line(GString *lines, const char *format, va_list args)
{
	g_autofree char *said = g_strdup_vprintf(format, args);

	add_line(lines, "    ", said, "");
}

/* ---- the builder ---- */

struct lab_builder *lab_builder_new(const char *title)
{
	struct lab_builder *b = g_new0(struct lab_builder, 1);
	g_autofree char *quoted = NULL;

	BUG_ON(!title);
	quoted = quote(title);
	b->title = g_strdup(title);
	b->head = g_string_new(NULL);
	g_string_append_printf(b->head, "scenario %s\n", quoted);
	b->names = g_ptr_array_new_with_free_func(free_process);
	b->threads = g_ptr_array_new_with_free_func(free_thread);
	b->variants = g_ptr_array_new_with_free_func(free_variant);
	b->schedule = g_string_new(NULL);
	b->conditions = g_string_new(NULL);
	b->text = g_string_new(NULL);
	return b;
}

void lab_builder_free(struct lab_builder *b)
{
	if (!b)
		return;
	g_free(b->title);
	g_string_free(b->head, TRUE);
	g_ptr_array_unref(b->names);
	g_ptr_array_unref(b->threads);
	g_ptr_array_unref(b->variants);
	g_string_free(b->schedule, TRUE);
	g_string_free(b->conditions, TRUE);
	g_string_free(b->text, TRUE);
	g_free(b);
}

static void add_number(GString *line, const char *key, uint64_t value)
{
	if (value)
		g_string_append_printf(line, " %s %" G_GUINT64_FORMAT, key,
		                       value);
}

void lab_machine(struct lab_builder *b, const struct lab_machine *machine)
{
	g_autoptr(GString) line = g_string_new(NULL);

	add_number(line, "cpus", machine->nr_cpus);
	if (machine->profile)
		g_string_append_printf(line, " profile %s", machine->profile);
	add_number(line, "memory", machine->memory_bytes);
	add_number(line, "levels", machine->levels);
	add_number(line, "speculation", machine->speculation);
	add_number(line, "eviction", machine->eviction);
	if (machine->strict)
		g_string_append(line, " strict on");
	add_line(b->head, "machine {", line->str, " }");
}

void lab_source(struct lab_builder *b, const char *citation)
{
	g_autofree char *quoted = quote(citation);

	add_line(b->head, "source ", quoted, "");
}

static char *setting(const char *key, const char *value)
{
	return g_strdup_printf("%s = %s", key, value);
}

void lab_option(struct lab_builder *b, const char *key, const char *value)
{
	g_autofree char *line = setting(key, value);

	add_line(b->head, "options { ", line, " }");
}

void lab_file(struct lab_builder *b, const char *name, uint64_t size_bytes)
{
	g_autofree char *line =
		g_strdup_printf("%s %" G_GUINT64_FORMAT, name, size_bytes);

	add_line(b->head, "file ", line, "");
}

/* ---- processes ---- */

static struct lab_process *add_process(struct lab_builder *b, const char *name,
                                       const char *rest)
{
	struct lab_process *p = g_new0(struct lab_process, 1);

	p->builder = b;
	p->name = one_line(name);
	g_ptr_array_add(b->names, p);
	add_line(b->head, "process ", p->name, rest);
	return p;
}

struct lab_process *lab_process(struct lab_builder *b, const char *name)
{
	return add_process(b, name, " { }");
}

struct lab_process *lab_fork(struct lab_process *parent, const char *name,
                             unsigned cpu)
{
	g_autofree char *rest =
		g_strdup_printf(" = fork %s on cpu %u", parent->name, cpu);

	return add_process(parent->builder, name, rest);
}

static void add_setup(const struct lab_process *p, const char *statement)
{
	g_autofree char *before = g_strdup_printf("process %s { ", p->name);

	add_line(p->builder->head, before, statement, " }");
}

void lab_map(struct lab_process *p, const struct lab_map *map)
{
	g_autoptr(GString) line = g_string_new("map ");

	BUG_ON(!map->name);
	g_string_append_printf(line, "%s 0x%" G_GINT64_MODIFIER "x ", map->name,
	                       map->addr);
	g_string_append_printf(line, "%" G_GUINT64_FORMAT " %s",
	                       map->size_bytes, map->prot ? map->prot : "rw");
	g_string_append(line, map->shared ? " shared" : " private");
	g_string_append_printf(line, " %s", map->file ? map->file : "anon");
	if (map->offset_bytes)
		add_number(line, "offset", map->offset_bytes);
	if (map->thp)
		g_string_append_printf(line, " thp=%s", map->thp);
	add_setup(p, line->str);
}

void lab_before(struct lab_process *p, const char *format, ...)
{
	g_autofree char *said = NULL;
	va_list args;

	va_start(args, format);
	said = g_strdup_vprintf(format, args);
	va_end(args);
	add_setup(p, said);
}

/* ---- threads ---- */

static struct lab_thread *add_thread(struct lab_builder *b, char *title)
{
	struct lab_thread *t = g_new0(struct lab_thread, 1);

	t->lines = g_string_new(NULL);
	add_line(t->lines, "", title, " {");
	g_ptr_array_add(b->threads, t);
	g_free(title);
	return t;
}

struct lab_thread *lab_thread(struct lab_process *p, const char *name,
                              unsigned cpu)
{
	return add_thread(p->builder,
	                  g_strdup_printf("thread %s of %s on cpu %u", name,
	                                  p->name, cpu));
}

struct lab_thread *lab_kthread(struct lab_builder *b, const char *name,
                               unsigned cpu)
{
	return add_thread(b,
	                  g_strdup_printf("kthread %s on cpu %u", name, cpu));
}

struct lab_addr lab_at(const char *map, uint64_t offset)
{
	return (struct lab_addr){ map, offset };
}

static char *format_addr(struct lab_addr addr)
{
	return g_strdup_printf("%s%s0x%" G_GINT64_MODIFIER "x",
	                       addr.map ? addr.map : "", addr.map ? "+" : "",
	                       addr.offset);
}

void lab_do(struct lab_thread *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_va_line(t->lines, format, args);
	va_end(args);
}

/* "r1 = " or nothing. */
static char *format_reg(int reg)
{
	return reg == LAB_NO_REG ? g_strdup("")
	                         : g_strdup_printf("r%d = ", reg);
}

/* "rN = WORD.SIZE ADDR" with one or two values behind it. */
static void add_access(struct lab_thread *t, int reg, const char *word,
                       unsigned size, struct lab_addr addr, const char *values)
{
	g_autofree char *where = format_addr(addr);
	g_autofree char *target = format_reg(reg);

	lab_do(t, "%s%s.%u %s%s", target, word, size, where, values);
}

static char *format_value(uint64_t value)
{
	return g_strdup_printf(" 0x%" G_GINT64_MODIFIER "x", value);
}

void lab_load(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr)
{
	add_access(t, reg, "load", size, addr, "");
}

void lab_store(struct lab_thread *t, unsigned size, struct lab_addr addr,
               uint64_t value)
{
	g_autofree char *values = format_value(value);

	add_access(t, LAB_NO_REG, "store", size, addr, values);
}

void lab_xchg(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr, uint64_t value)
{
	g_autofree char *values = format_value(value);

	add_access(t, reg, "xchg", size, addr, values);
}

void lab_xadd(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr, uint64_t value)
{
	g_autofree char *values = format_value(value);

	add_access(t, reg, "xadd", size, addr, values);
}

void lab_cmpxchg(struct lab_thread *t, int reg, unsigned size,
                 struct lab_addr addr, uint64_t expected, uint64_t desired)
{
	g_autofree char *first = format_value(expected);
	g_autofree char *second = format_value(desired);
	g_autofree char *values = g_strconcat(first, second, NULL);

	add_access(t, reg, "cmpxchg", size, addr, values);
}

void lab_fence(struct lab_thread *t)
{
	lab_do(t, "fence");
}

void lab_syscall(struct lab_thread *t, int reg, const char *format, ...)
{
	g_autofree char *target = format_reg(reg);
	g_autofree char *said = NULL;
	va_list args;

	va_start(args, format);
	said = g_strdup_vprintf(format, args);
	va_end(args);
	lab_do(t, "%s%s", target, said);
}

/* ---- conditions, schedules, variants ---- */

void lab_condition(struct lab_builder *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_va_line(b->conditions, format, args);
	va_end(args);
}

void lab_schedule(struct lab_builder *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_va_line(b->schedule, format, args);
	va_end(args);
}

struct lab_variant *lab_variant(struct lab_builder *b, const char *name)
{
	struct lab_variant *v = g_new0(struct lab_variant, 1);

	v->lines = g_string_new(NULL);
	v->hazards = g_string_new(NULL);
	v->allowed = g_string_new(NULL);
	add_line(v->lines, "variant ", name, " {");
	g_ptr_array_add(b->variants, v);
	return v;
}

void lab_variant_option(struct lab_variant *v, const char *key,
                        const char *value)
{
	g_autofree char *line = setting(key, value);

	add_line(v->lines, "    option ", line, "");
}

void lab_expect_clean(struct lab_variant *v)
{
	add_line(v->lines, "    ", "expect clean", "");
}

static void add_name(GString *names, const char *name)
{
	g_autofree char *line = one_line(name);

	g_string_append_printf(names, "%s%s", names->len ? ", " : "", line);
}

void lab_expect_hazard(struct lab_variant *v, const char *hazard)
{
	add_name(v->hazards, hazard);
}

void lab_allow_hazard(struct lab_variant *v, const char *hazard)
{
	add_name(v->allowed, hazard);
}

void lab_variant_condition(struct lab_variant *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_va_line(v->lines, format, args);
	va_end(args);
}

/* ---- all of it ---- */

static void append_variant(GString *text, const struct lab_variant *v)
{
	g_string_append(text, v->lines->str);
	if (v->hazards->len)
		g_string_append_printf(
			text, "    expect hazard %s%s%s\n", v->hazards->str,
			v->allowed->len ? " allow " : "", v->allowed->str);
	else if (v->allowed->len)
		g_string_append_printf(text, "    expect clean allow %s\n",
		                       v->allowed->str);
	g_string_append(text, "}\n");
}

const char *lab_text(struct lab_builder *b)
{
	GString *text = b->text;

	g_string_assign(text, b->head->str);
	for (unsigned i = 0; i < b->threads->len; i++) {
		const struct lab_thread *t = b->threads->pdata[i];

		g_string_append_printf(text, "%s}\n", t->lines->str);
	}
	if (b->schedule->len)
		g_string_append_printf(text, "schedule {\n%s}\n",
		                       b->schedule->str);
	g_string_append(text, b->conditions->str);
	for (unsigned i = 0; i < b->variants->len; i++)
		append_variant(text, b->variants->pdata[i]);
	return text->str;
}

struct scenario *lab_scenario(struct lab_builder *b, GError **error)
{
	const char *text = lab_text(b);

	return scenario_parse(b->title, text, strlen(text), error);
}
