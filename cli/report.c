// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/report.h"

#include <string.h>

/* In the order of enum cli_format. */
static const struct report_format *const formats[] = {
	[FORMAT_TEXT] = &report_text,   [FORMAT_JSON] = &report_json,
	[FORMAT_KTAP] = &report_ktap,   [FORMAT_JUNIT] = &report_junit,
	[FORMAT_SARIF] = &report_sarif,
};

/* ---- results ---- */

void check_result_clear(struct check_result *r)
{
	g_free(r->reason);
	g_free(r->expected);
	g_free(r->found);
	g_free(r->search);
	g_free(r->killed_text);
	g_clear_pointer(&r->killed, g_array_unref);
	g_free(r->columns);
	g_free(r->again);
	g_clear_pointer(&r->told, g_array_unref);
}

static void clear_element(gpointer data)
{
	check_result_clear(data);
}

const struct check_result *report_at(const struct report *x, unsigned i)
{
	return &g_array_index(x->results, struct check_result, i);
}

const char *result_file(const struct check_result *r)
{
	return r->scenario->source.file;
}

char *result_summary(const struct check_result *r)
{
	return g_strdup_printf("expects %s, found %s: %u execution%s (%s), "
	                       "%.2f s%s%s",
	                       r->expected, r->found, r->executions,
	                       r->executions == 1 ? "" : "s", r->search,
	                       r->seconds, r->killed_text ? "; " : "",
	                       r->killed_text ? r->killed_text : "");
}

/* ---- suites ---- */

/* A suite is the scenarios of one folder that stand together. */
static char *suite_of(const GPtrArray *scenarios, unsigned i)
{
	const struct scenario *s = scenarios->pdata[i];

	return g_path_get_dirname(s->source.file);
}

static bool same_suite(const GPtrArray *scenarios, unsigned i, unsigned k)
{
	g_autofree char *a = suite_of(scenarios, i);
	g_autofree char *b = suite_of(scenarios, k);

	return strcmp(a, b) == 0;
}

static bool starts_suite(const GPtrArray *scenarios, unsigned i)
{
	return i == 0 || !same_suite(scenarios, i - 1, i);
}

static unsigned suite_size(const GPtrArray *scenarios, unsigned i)
{
	unsigned n = 1;

	while (i + n < scenarios->len && same_suite(scenarios, i, i + n))
		n++;
	return n;
}

static void enter(struct report_group *g, const char *name, unsigned nr_below)
{
	*g = (struct report_group){ .name = g_intern_string(name),
		                    .number = g->number + 1,
		                    .nr_below = nr_below };
}

static void call(struct report *x, void (*fn)(struct report *x))
{
	if (fn)
		fn(x);
}

void report_begin(struct report *x, const GPtrArray *scenarios,
                  const struct cli_options *o)
{
	unsigned nr_suites = 0;

	*x = (struct report){ .options = o, .format = formats[o->format] };
	x->results = g_array_new(FALSE, FALSE, sizeof(struct check_result));
	g_array_set_clear_func(x->results, clear_element);
	output_init(&x->out, o);
	for (unsigned i = 0; i < scenarios->len; i++)
		nr_suites += starts_suite(scenarios, i);
	enter(&x->all, "mmulator", nr_suites);
	call(x, x->format->begin);
}

void report_begin_scenario(struct report *x, const GPtrArray *scenarios,
                           unsigned i)
{
	const struct scenario *s = scenarios->pdata[i];
	g_autofree char *suite = suite_of(scenarios, i);

	if (starts_suite(scenarios, i)) {
		enter(&x->suite, suite, suite_size(scenarios, i));
		x->scenario.number = 0;
		call(x, x->format->begin_suite);
	}
	enter(&x->scenario, s->source.file, MAX(s->nr_variants, 1));
	call(x, x->format->begin_scenario);
}

void report_count(struct report_group *g, const struct check_result *r)
{
	g->nr_results++;
	g->nr_skipped += r->skipped;
	g->nr_wrong += !r->skipped && !r->ok;
	g->seconds += r->seconds;
}

void report_result(struct report *x, struct check_result *r)
{
	report_count(&x->all, r);
	report_count(&x->suite, r);
	report_count(&x->scenario, r);
	g_array_append_vals(x->results, r, 1);
	if (x->format->result)
		x->format->result(x, r);
	output_flush(&x->out);
}

void report_end_scenario(struct report *x, const GPtrArray *scenarios,
                         unsigned i)
{
	call(x, x->format->end_scenario);
	if (i + 1 == scenarios->len || starts_suite(scenarios, i + 1))
		call(x, x->format->end_suite);
	output_flush(&x->out);
}

bool report_end(struct report *x)
{
	call(x, x->format->end);
	return output_finish(&x->out);
}

void report_clear(struct report *x)
{
	output_clear(&x->out);
	g_array_unref(x->results);
}
