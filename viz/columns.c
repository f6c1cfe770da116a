/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a story side by side: one column per CPU, in order of
 * appearance.  What no CPU does (the grace period) runs across.
 */
#include <string.h>

#include "viz/story_internal.h"

/* Two columns fill an e-mail; one may have all of it. */
static unsigned column_width(const struct story *r)
{
	return r->nr_columns < 2 ? REPORT_WIDTH : REPORT_WIDTH / 2;
}

static unsigned cpu_of(const struct record *rec)
{
	return rec->cpu < 0 ? NO_CPU : (unsigned)rec->cpu;
}

/* In order of appearance. */
static void assign_columns(struct story *r)
{
	for (unsigned i = 0; i < COLUMNS_MAX; i++)
		r->columns[i] = -1;
	for (unsigned i = 0; i < r->lines->len; i++) {
		unsigned cpu =
			cpu_of(g_array_index(r->lines, struct line, i).rec);

		if (cpu != NO_CPU && r->columns[cpu] < 0)
			r->columns[cpu] = (int)r->nr_columns++;
	}
}

/* Interrupts and idling are the CPU's own. */
static bool has_name(const struct agent *a)
{
	return a->kind != AGENT_IRQ && a->kind != AGENT_IDLE &&
	       a->kind != AGENT_STORE_BUFFER && a->kind != AGENT_DVM;
}

/* "CPU1 (reclaim)": the agents whose lines the column has. */
static void column_title(const struct story *r, unsigned column, GString *title)
{
	uint64_t named = 0;

	for (unsigned i = 0; i < r->lines->len; i++) {
		const struct record *rec =
			g_array_index(r->lines, struct line, i).rec;
		unsigned cpu = cpu_of(rec);

		if (r->columns[cpu] != (int)column)
			continue;
		if (!title->len)
			g_string_printf(title, "CPU%u", cpu);
		if (rec->agent < 0 || (named >> rec->agent & 1) ||
		    !has_name(r->m->agents[rec->agent]))
			continue;
		g_string_append_printf(title, "%s%s", named ? ", " : " (",
		                       r->m->agents[rec->agent]->name);
		named |= BIT_ULL(rec->agent);
	}
	if (named)
		g_string_append_c(title, ')');
}

static void pad_to(GString *out, gsize line_start, unsigned column)
{
	while (out->len - line_start < column)
		g_string_append_c(out, ' ');
}

static void print_titles(const struct story *r, GString *out)
{
	unsigned width = column_width(r);
	gsize start = out->len;

	if (!r->nr_columns)
		return;
	for (unsigned c = 0; c < r->nr_columns; c++) {
		g_autoptr(GString) title = g_string_new(NULL);

		column_title(r, c, title);
		if (title->len > width - 2)
			g_string_truncate(title, width - 2);
		pad_to(out, start, c * width);
		g_string_append(out, title->str);
	}
	g_string_append_c(out, '\n');
}

/* "-- rcu: free PTE table 6" */
static void print_across(const struct story *r, const struct line *line,
                         const char *text, GString *out)
{
	g_autofree char *who = agent_label(r->m, line->rec->agent);
	g_autofree char *said = g_strdup_printf("-- %s: %s", who, text);

	wrap_text(out, said, REPORT_WIDTH, 3);
}

/* In its column, continued below if it is too long for it. */
static void print_in_column(const struct story *r, const struct line *line,
                            const char *text, GString *out)
{
	unsigned width = column_width(r);
	unsigned column = (unsigned)r->columns[cpu_of(line->rec)];
	unsigned left = column * width + 2 * line->depth;

	for (unsigned i = 0; i < left; i++)
		g_string_append_c(out, ' ');
	wrap_text(out, text, (column + 1) * width - 1, left + 2);
}

static void print_line(const struct story *r, const struct line *line,
                       GString *out)
{
	g_autoptr(GString) text = g_string_new(line->text);

	if (line->count > 1)
		g_string_append_printf(text, " (%u)", line->count);
	if (cpu_of(line->rec) == NO_CPU)
		print_across(r, line, text->str, out);
	else
		print_in_column(r, line, text->str, out);
	g_string_append_c(out, '\n');
}

void columns_print(struct story *r, GString *out)
{
	if (!r->lines->len)
		return;
	assign_columns(r);
	print_titles(r, out);
	for (unsigned i = 0; i < r->lines->len; i++)
		print_line(r, &g_array_index(r->lines, struct line, i), out);
	if (r->nr_left_out)
		g_string_append_printf(out, "(%u lines left out)\n",
		                       r->nr_left_out);
	g_string_append_c(out, '\n');
}
