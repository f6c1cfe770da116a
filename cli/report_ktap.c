// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KTAP version 1 (Linux v6.12 Documentation/dev-tools/ktap.rst): folders,
 * below them scenarios, below them variants.  A level is indented by two
 * blanks from its version line to its last result; what there is to say about
 * a test stands in front of its result line, as deep.
 */
#include <string.h>

#include "cli/report.h"

enum level {
	LEVEL_SUITE,
	LEVEL_SCENARIO,
	LEVEL_VARIANT
};

static char *printable(const char *text)
{
	char *valid = g_utf8_make_valid(text, -1);

	for (char *c = valid; *c; c++)
		*c = g_ascii_iscntrl(*c) ? '_' : *c;
	return valid;
}

static void print_plan(struct report *x, enum level level, unsigned n)
{
	output_text(&x->out, "%*sKTAP version 1\n%*s1..%u\n", 2 * (int)level,
	            "", 2 * (int)level, "", n);
}

static void print_result(struct report *x, enum level level, bool ok,
                         unsigned number, const char *name,
                         const char *directive)
{
	/* A '#' would begin a directive. */
	g_autofree char *text = g_strdelimit(printable(name), "#", '_');

	output_text(&x->out, "%*s%s %u %s%s\n", 2 * (int)level, "",
	            ok ? "ok" : "not ok", number, text, directive);
}

static void print_diagnostics(struct report *x, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_autofree char *content = printable(*line);

		/* The last one is what follows the last newline. */
		if (line[1] || **line)
			output_text(&x->out, "%*s#%s%s\n", 2 * LEVEL_VARIANT,
			            "", *g_strchomp(content) ? " " : "",
			            content);
	}
}

static void ktap_begin(struct report *x)
{
	print_plan(x, LEVEL_SUITE, x->all.nr_below);
}

static void ktap_begin_suite(struct report *x)
{
	print_plan(x, LEVEL_SCENARIO, x->suite.nr_below);
}

static void ktap_begin_scenario(struct report *x)
{
	print_plan(x, LEVEL_VARIANT, x->scenario.nr_below);
}

static void ktap_result(struct report *x, const struct check_result *r)
{
	const char *directive = r->skipped ? " # SKIP not chosen" : "";
	g_autofree char *summary = NULL;

	if (!r->skipped && !(x->options->quiet && r->ok)) {
		summary = result_summary(r);
		print_diagnostics(x, summary);
	}
	if (!r->skipped && !r->ok) {
		print_diagnostics(x, r->reason);
		print_diagnostics(x, r->columns);
	}
	print_result(x, LEVEL_VARIANT, r->ok || r->skipped,
	             x->scenario.nr_results, variant_name(r->v), directive);
}

/* A group of nothing but skipped tests is skipped. */
static void end_group(struct report *x, enum level level,
                      const struct report_group *g)
{
	g_autofree char *name = g_path_get_basename(g->name);
	bool skipped = g->nr_skipped == g->nr_results;

	if (level == LEVEL_SUITE)
		g_free(g_steal_pointer(&name));
	print_result(x, level, !g->nr_wrong, g->number, name ? name : g->name,
	             skipped ? " # SKIP not chosen" : "");
}

static void ktap_end_scenario(struct report *x)
{
	end_group(x, LEVEL_SCENARIO, &x->scenario);
}

static void ktap_end_suite(struct report *x)
{
	end_group(x, LEVEL_SUITE, &x->suite);
}

const struct report_format report_ktap = {
	.name = "ktap",
	.begin = ktap_begin,
	.begin_suite = ktap_begin_suite,
	.begin_scenario = ktap_begin_scenario,
	.result = ktap_result,
	.end_scenario = ktap_end_scenario,
	.end_suite = ktap_end_suite,
};
