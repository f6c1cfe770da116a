// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JUnit XML as Jenkins, GitLab and others read it (the schema of Jenkins' xunit
 * plugin): a testsuite per scenario, a testcase per variant.
 */
#include <string.h>

#include "cli/report.h"

/* May @c stand in an XML 1.0 document (section 2.2, Char)? */
static bool is_xml_char(gunichar c)
{
	return c == '\t' || c == '\n' || c == '\r' ||
	       (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
	       (c >= 0x10000 && c <= 0x10ffff);
}

/* For content and for attributes in double quotes.  What XML cannot express
 * at all, not even as a reference, becomes U+FFFD. */
static char *escape_xml(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) kept = g_string_new(NULL);

	for (char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		g_string_append_unichar(kept, is_xml_char(character) ? character
		                                                     : 0xfffd);
	}
	return g_markup_escape_text(kept->str, (gssize)kept->len);
}

static void print_attribute(struct report *x, const char *name,
                            const char *value)
{
	g_autofree char *text = escape_xml(value);

	output_text(&x->out, " %s=\"%s\"", name, text);
}

static void print_seconds(struct report *x, double seconds)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	print_attribute(x, "time",
	                g_ascii_formatd(text, sizeof(text), "%.3f", seconds));
}

static void print_counts(struct report *x, const struct report_group *g)
{
	print_attribute(x, "name", g->name);
	output_text(&x->out, " tests=\"%u\" failures=\"%u\" errors=\"0\"",
	            g->nr_results, g->nr_wrong);
	print_seconds(x, g->seconds);
}

/* "scenarios/huge/split.scn" -> "scenarios.huge.split", as a Java class. */
static char *class_name(const char *file)
{
	char *name = g_strdup(g_str_has_prefix(file, "./") ? file + 2 : file);

	if (g_str_has_suffix(name, ".scn"))
		name[strlen(name) - strlen(".scn")] = '\0';
	return g_strdelimit(name, "/", '.');
}

static void print_element(struct report *x, const char *name, const char *text)
{
	g_autofree char *escaped = escape_xml(text);

	output_text(&x->out, "      <%s>%s</%s>\n", name, escaped, name);
}

static void print_failure(struct report *x, const struct check_result *r)
{
	g_autofree char *text = escape_xml(r->columns);

	output_text(&x->out, "      <failure");
	print_attribute(x, "type", r->fired ? "hazard" : "expectation");
	print_attribute(x, "message", r->reason);
	output_text(&x->out, ">%s</failure>\n", text);
}

static void print_case(struct report *x, const struct check_result *r)
{
	g_autofree char *class = class_name(result_file(r));
	g_autofree char *summary = NULL;

	output_text(&x->out, "    <testcase");
	print_attribute(x, "name", variant_name(r->v));
	print_attribute(x, "classname", class);
	print_seconds(x, r->seconds);
	output_text(&x->out, ">\n");
	if (r->skipped) {
		print_element(x, "skipped", "not chosen");
	} else {
		summary = result_summary(r);
		if (!r->ok)
			print_failure(x, r);
		print_element(x, "system-out", summary);
	}
	output_text(&x->out, "    </testcase>\n");
}

/* The results of one scenario, from the @first. Return: the one behind. */
static unsigned print_suite(struct report *x, unsigned first)
{
	const struct scenario *scenario = report_at(x, first)->scenario;
	struct report_group g = { .name = scenario->source.file };
	unsigned end = first;

	while (end < x->results->len && report_at(x, end)->scenario == scenario)
		report_count(&g, report_at(x, end++));
	output_text(&x->out, "  <testsuite");
	print_counts(x, &g);
	output_text(&x->out, " skipped=\"%u\">\n", g.nr_skipped);
	for (unsigned i = first; i < end; i++)
		print_case(x, report_at(x, i));
	output_text(&x->out, "  </testsuite>\n");
	return end;
}

/* How many there are stands in front of them, so all is written in the end. */
static void junit_end(struct report *x)
{
	output_text(&x->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	output_text(&x->out, "<testsuites");
	print_counts(x, &x->all);
	output_text(&x->out, ">\n");
	for (unsigned i = 0; i < x->results->len;)
		i = print_suite(x, i);
	output_text(&x->out, "</testsuites>\n");
}

const struct report_format report_junit = {
	.name = "junit",
	.end = junit_end,
};
