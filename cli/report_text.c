// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For people: what differs as it comes, and a table in the end.  For scripts:
 * a line of JSON per variant.
 */
#include <string.h>

#include "cli/report.h"

/* ---- the table ---- */

struct column {
	const char *title;
	bool right;
	char *(*cell)(const struct check_result *r);
};

static char *cell_scenario(const struct check_result *r)
{
	return g_strdup(result_file(r));
}

static char *cell_variant(const struct check_result *r)
{
	return g_strdup(variant_name(r->v));
}

static char *cell_expected(const struct check_result *r)
{
	return g_strdup(r->expected);
}

static char *cell_found(const struct check_result *r)
{
	return g_strdup(r->found);
}

static char *cell_executions(const struct check_result *r)
{
	return g_strdup_printf("%u", r->executions);
}

static char *cell_search(const struct check_result *r)
{
	return g_strdup(r->search);
}

static char *cell_preemptions(const struct check_result *r)
{
	return r->preemptions < 0 ? g_strdup("-")
	                          : g_strdup_printf("%d", r->preemptions);
}

static char *cell_seconds(const struct check_result *r)
{
	return g_strdup_printf("%.2f", r->seconds);
}

static char *cell_ok(const struct check_result *r)
{
	return g_strdup(r->ok ? "ok" : "DIFFERS");
}

static const struct column columns[] = {
	{ "scenario", false, cell_scenario },
	{ "variant", false, cell_variant },
	{ "expected", false, cell_expected },
	{ "found", false, cell_found },
	{ "executions", true, cell_executions },
	{ "search", false, cell_search },
	{ "preemptions", true, cell_preemptions },
	{ "seconds", true, cell_seconds },
	{ "", false, cell_ok },
};
#define NR_COLUMNS G_N_ELEMENTS(columns)

static void append_cell(GString *line, size_t c, size_t width, const char *text)
{
	int pad = (int)(width - (size_t)g_utf8_strlen(text, -1));
	bool last = c + 1 == NR_COLUMNS;

	if (columns[c].right)
		g_string_append_printf(line, "%*s%s", pad, "", text);
	else
		g_string_append_printf(line, "%s%*s", text, last ? 0 : pad, "");
	if (!last)
		g_string_append(line, "  ");
}

static size_t column_width(const struct report *x, size_t c)
{
	size_t width = strlen(columns[c].title);

	for (unsigned i = 0; i < x->results->len; i++) {
		const struct check_result *r = report_at(x, i);
		g_autofree char *text = NULL;

		if (r->skipped)
			continue;
		text = columns[c].cell(r);
		width = MAX(width, (size_t)g_utf8_strlen(text, -1));
	}
	return width;
}

static void print_row(struct report *x, const size_t *widths,
                      const struct check_result *r)
{
	g_autoptr(GString) line = g_string_new(NULL);

	for (size_t c = 0; c < NR_COLUMNS; c++) {
		g_autofree char *text =
			r ? columns[c].cell(r) : g_strdup(columns[c].title);

		append_cell(line, c, widths[c], text);
	}
	output_text(&x->out, "%s\n", g_strchomp(line->str));
}

/* -v: of the run that decided. */
static void print_counters(struct report *x, const struct check_result *r)
{
	output_text(&x->out,
	            "    %" G_GUINT64_FORMAT " steps, %" G_GUINT64_FORMAT
	            " cycles, %u choices, trace hash %016" G_GINT64_MODIFIER
	            "x%s",
	            r->run.steps, r->run.cycles, r->run.nr_choices,
	            r->run.trace_hash,
	            r->confirmed ? ", the same under Unicorn" : "");
	if (r->given_up)
		output_text(&x->out, "; %" G_GUINT64_FORMAT " runs given up",
		            r->given_up);
	output_text(&x->out, "\n");
	if (r->again)
		output_text(&x->out, "    again: %s\n", r->again);
}

static void print_table(struct report *x)
{
	size_t widths[NR_COLUMNS];

	if (x->options->quiet)
		return;
	for (size_t c = 0; c < NR_COLUMNS; c++)
		widths[c] = column_width(x, c);
	print_row(x, widths, NULL);
	for (unsigned i = 0; i < x->results->len; i++) {
		const struct check_result *r = report_at(x, i);

		if (r->skipped)
			continue;
		print_row(x, widths, r);
		if (r->killed_text)
			output_text(&x->out, "    %s\n", r->killed_text);
		if (x->options->verbose)
			print_counters(x, r);
	}
	if (x->all.nr_wrong)
		output_text(&x->out, "%u of %u differ\n", x->all.nr_wrong,
		            x->all.nr_results - x->all.nr_skipped);
}

/* What is not as expected: the run that shows it, and how to see it again. */
static void print_failure(struct report *x, const struct check_result *r)
{
	if (r->skipped || r->ok)
		return;
	output_text(&x->out, "%s: %s: %s\n", result_file(r), variant_name(r->v),
	            r->reason);
	if (r->again)
		output_text(&x->out, "  again: %s\n", r->again);
	output_text(&x->out, "%s\n", r->columns);
}

const struct report_format report_text = {
	.name = "text",
	.result = print_failure,
	.end = print_table,
};

/* ---- JSON ---- */

static void print_json(struct report *x, const struct check_result *r)
{
	const struct json_run j = {
		.scenario = result_file(r),
		.variant = variant_name(r->v),
		.expected = r->expected,
		.fired = r->fired,
		.end = r->end,
		.ok = r->ok,
		.reason = r->reason,
		.run = &r->run,
		.killed = r->killed,
		.executions = r->executions,
		.again = r->again,
		.exhausted = r->exhausted,
		.preemptions = r->preemptions,
		.least = r->least,
		.confirmed = r->confirmed,
		.seconds = r->seconds,
		.told = r->told,
	};

	if (!r->skipped)
		output_json_run(&x->out, &j);
}

const struct report_format report_json = {
	.name = "json",
	.result = print_json,
};
