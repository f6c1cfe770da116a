// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SARIF 2.1.0 (OASIS standard): the judges are the rules, what differs from
 * its `expect` is a result at the variant's line.  Variants that do as
 * expected are no results: a hazard that a scenario expects is no alert.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "cli/report.h"
#include "cli/told.h"
#include "viz/why.h"

#define SCHEMA                                                                \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
	"sarif-schema-2.1.0.json"

/* The rule behind the oracles': what is wrong is no hazard. */
#define RULE_EXPECTATION ORACLE_COUNT

static const char *rule_name(unsigned rule)
{
	return rule < ORACLE_COUNT ? oracle_infos[rule].name : "expectation";
}

static const char *rule_help(unsigned rule)
{
	return rule < ORACLE_COUNT
	               ? oracle_infos[rule].help
	               : "an expected hazard or outcome did not show, a "
	                 "condition does not hold, or a run does not end";
}

/* ---- small things ---- */

static void add_string(JsonBuilder *b, const char *key, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	json_builder_set_member_name(b, key);
	json_builder_add_string_value(b, valid);
}

static void add_int(JsonBuilder *b, const char *key, gint64 value)
{
	json_builder_set_member_name(b, key);
	json_builder_add_int_value(b, value);
}

static void begin_object(JsonBuilder *b, const char *key)
{
	json_builder_set_member_name(b, key);
	json_builder_begin_object(b);
}

static void begin_array(JsonBuilder *b, const char *key)
{
	json_builder_set_member_name(b, key);
	json_builder_begin_array(b);
}

/* { "text": ... } as `key`. */
static void add_message(JsonBuilder *b, const char *key, const char *text)
{
	begin_object(b, key);
	add_string(b, "text", text);
	json_builder_end_object(b);
}

/* Relative to where mmulator was started, if the file is below that. */
static char *file_uri(const char *file)
{
	g_autofree char *here = g_get_current_dir();
	g_autofree char *path = g_canonicalize_filename(file, NULL);
	size_t len = strlen(here);

	if (strncmp(path, here, len) == 0 && path[len] == '/')
		return g_uri_escape_bytes((const guint8 *)path + len + 1,
		                          strlen(path + len + 1), "/");
	return g_filename_to_uri(path, NULL, NULL);
}

static void add_artifact_location(JsonBuilder *b, const char *key,
                                  const char *file, int index)
{
	g_autofree char *uri = file_uri(file);

	begin_object(b, key);
	add_string(b, "uri", uri);
	if (index >= 0)
		add_int(b, "index", index);
	json_builder_end_object(b);
}

/* ---- the tool ---- */

static void add_rule(JsonBuilder *b, unsigned rule)
{
	json_builder_begin_object(b);
	add_string(b, "id", rule_name(rule));
	add_message(b, "shortDescription", rule_help(rule));
	begin_object(b, "defaultConfiguration");
	add_string(b, "level", "error");
	json_builder_end_object(b);
	json_builder_end_object(b);
}

static void add_tool(JsonBuilder *b)
{
	begin_object(b, "tool");
	begin_object(b, "driver");
	add_string(b, "name", "mmulator");
	add_string(b, "version", MMULATOR_VERSION);
	begin_array(b, "rules");
	for (unsigned i = 0; i <= RULE_EXPECTATION; i++)
		add_rule(b, i);
	json_builder_end_array(b);
	json_builder_end_object(b);
	json_builder_end_object(b);
}

/* ---- results ---- */

/* Scenarios are numbered in the order of their results. */
static int artifact_of(const struct report *x, const struct check_result *of)
{
	const struct scenario *last = NULL;
	int number = -1;

	for (unsigned i = 0; i < x->results->len; i++) {
		const struct check_result *r = report_at(x, i);

		number += r->scenario != last;
		last = r->scenario;
		if (last == of->scenario)
			break;
	}
	return number;
}

static void add_place(JsonBuilder *b, const struct report *x,
                      const struct check_result *r, struct source_pos pos)
{
	begin_object(b, "physicalLocation");
	add_artifact_location(b, "artifactLocation", result_file(r),
	                      artifact_of(x, r));
	begin_object(b, "region");
	add_int(b, "startLine", pos.line);
	add_int(b, "startColumn", pos.column);
	json_builder_end_object(b);
	json_builder_end_object(b);
}

static struct source_pos variant_pos(const struct check_result *r)
{
	return r->v ? r->v->pos : r->scenario->title_pos;
}

static void add_locations(JsonBuilder *b, const struct report *x,
                          const struct check_result *r)
{
	g_autofree char *name =
		g_strdup_printf("%s: %s", result_file(r), variant_name(r->v));

	begin_array(b, "locations");
	json_builder_begin_object(b);
	add_place(b, x, r, variant_pos(r));
	begin_array(b, "logicalLocations");
	json_builder_begin_object(b);
	add_string(b, "name", variant_name(r->v));
	add_string(b, "fullyQualifiedName", name);
	json_builder_end_object(b);
	json_builder_end_array(b);
	json_builder_end_object(b);
	json_builder_end_array(b);
}

/* ---- the run that shows it: a thread flow per CPU ---- */

static const struct flow_line *line_at(const struct told *t, unsigned i)
{
	return &g_array_index(t->flow, struct flow_line, i);
}

/* At the thread that acts, if it is one of the scenario; and what it does. */
static void add_act(JsonBuilder *b, const struct report *x,
                    const struct check_result *r, const char *who,
                    const char *text)
{
	const struct ast_thread *t = find_thread(r->scenario, who);

	add_place(b, x, r, t ? t->pos : variant_pos(r));
	add_message(b, "message", text);
}

static void add_step(JsonBuilder *b, const struct report *x,
                     const struct check_result *r, const struct told *t,
                     unsigned i)
{
	const struct flow_line *line = line_at(t, i);

	json_builder_begin_object(b);
	begin_object(b, "location");
	add_act(b, x, r, line->who, line->text);
	json_builder_end_object(b);
	add_int(b, "executionOrder", i + 1);
	add_int(b, "nestingLevel", line->depth);
	json_builder_end_object(b);
}

/* Is the @i-th line the first of its CPU? */
static bool is_first(const struct told *t, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (line_at(t, k)->cpu == line_at(t, i)->cpu)
			return false;
	return true;
}

static void add_thread_flow(JsonBuilder *b, const struct report *x,
                            const struct check_result *r, const struct told *t,
                            unsigned first)
{
	int cpu = line_at(t, first)->cpu;
	g_autofree char *id = cpu < 0 ? g_strdup(line_at(t, first)->who)
	                              : g_strdup_printf("CPU%d", cpu);

	json_builder_begin_object(b);
	add_string(b, "id", id);
	begin_array(b, "locations");
	for (unsigned i = first; i < t->flow->len; i++) {
		if (line_at(t, i)->cpu == cpu)
			add_step(b, x, r, t, i);
	}
	json_builder_end_array(b);
	json_builder_end_object(b);
}

static void add_code_flow(JsonBuilder *b, const struct report *x,
                          const struct check_result *r, const struct told *t)
{
	if (!t->flow->len)
		return;
	begin_array(b, "codeFlows");
	json_builder_begin_object(b);
	begin_array(b, "threadFlows");
	for (unsigned i = 0; i < t->flow->len; i++) {
		if (is_first(t, i))
			add_thread_flow(b, x, r, t, i);
	}
	json_builder_end_array(b);
	json_builder_end_object(b);
	json_builder_end_array(b);
}

/* A link of the chain: "step 612, CPU1: clear pte 0x40003000". */
static void add_link(JsonBuilder *b, const struct report *x,
                     const struct check_result *r, const struct why_link *l,
                     unsigned number)
{
	g_autofree char *cpu =
		l->cpu < 0 ? NULL
			   : g_strdup_printf("CPU%d (%s)", l->cpu, l->who);
	g_autofree char *text =
		g_strdup_printf("step %" G_GUINT64_FORMAT ", %s: %s", l->step,
	                        cpu ? cpu : l->who, l->what);

	json_builder_begin_object(b);
	add_int(b, "id", number);
	add_act(b, x, r, l->who, text);
	begin_object(b, "properties");
	add_int(b, "step", (gint64)l->step);
	add_string(b, "kind", why_kind_name(l->kind));
	json_builder_end_object(b);
	json_builder_end_object(b);
}

/* What led to it, in order. */
static void add_why(JsonBuilder *b, const struct report *x,
                    const struct check_result *r, const struct told *t)
{
	if (!t->why->len)
		return;
	begin_array(b, "relatedLocations");
	for (unsigned i = 0; i < t->why->len; i++)
		add_link(b, x, r, &g_array_index(t->why, struct why_link, i),
		         i + 1);
	json_builder_end_array(b);
}

/* The hazard a result is about: of its rule, else the one to tell. */
static const struct told *told_for(const struct check_result *r, unsigned rule)
{
	const struct told *t = NULL;

	if (rule < ORACLE_COUNT)
		t = told_of(r->told, (enum oracle_id)rule);
	if (!t && r->told && r->told->len)
		t = &g_array_index(r->told, struct told, 0);
	return t;
}

/* What stays the same when lines move. */
static void add_fingerprint(JsonBuilder *b, const struct check_result *r,
                            unsigned rule)
{
	g_autofree char *uri = file_uri(result_file(r));
	g_autofree char *text = g_strdup_printf(
		"%s:%s:%s", uri, variant_name(r->v), rule_name(rule));

	begin_object(b, "partialFingerprints");
	add_string(b, "scenarioVariantRule/v1", text);
	json_builder_end_object(b);
}

static void add_properties(JsonBuilder *b, const struct check_result *r)
{
	begin_object(b, "properties");
	add_string(b, "variant", variant_name(r->v));
	add_string(b, "expected", r->expected);
	add_string(b, "found", r->found);
	add_int(b, "executions", r->executions);
	add_string(b, "search", r->search);
	if (r->again)
		add_string(b, "command", r->again);
	json_builder_end_object(b);
}

static void add_result(JsonBuilder *b, const struct report *x,
                       const struct check_result *r, unsigned rule)
{
	g_autofree char *text =
		g_strdup_printf("%s: %s", variant_name(r->v), r->reason);
	const struct told *told = told_for(r, rule);

	json_builder_begin_object(b);
	add_string(b, "ruleId", rule_name(rule));
	add_int(b, "ruleIndex", rule);
	add_string(b, "kind", "fail");
	add_string(b, "level", "error");
	add_message(b, "message", text);
	add_locations(b, x, r);
	if (told) {
		add_why(b, x, r, told);
		add_code_flow(b, x, r, told);
	}
	add_fingerprint(b, r, rule);
	add_properties(b, r);
	json_builder_end_object(b);
}

/* A result per hazard that was not to be; else one for what is missing. */
static void add_results_of(JsonBuilder *b, const struct report *x,
                           const struct check_result *r)
{
	uint32_t surplus = r->fired & ~allowed_hazards(r->v);

	for (unsigned i = 0; i < ORACLE_COUNT; i++) {
		if (surplus & (1U << i))
			add_result(b, x, r, i);
	}
	if (!surplus)
		add_result(b, x, r, RULE_EXPECTATION);
}

static void add_results(JsonBuilder *b, const struct report *x)
{
	begin_array(b, "results");
	for (unsigned i = 0; i < x->results->len; i++) {
		const struct check_result *r = report_at(x, i);

		if (!r->skipped && !r->ok)
			add_results_of(b, x, r);
	}
	json_builder_end_array(b);
}

static void add_artifacts(JsonBuilder *b, const struct report *x)
{
	const struct scenario *last = NULL;

	begin_array(b, "artifacts");
	for (unsigned i = 0; i < x->results->len; i++) {
		const struct check_result *r = report_at(x, i);

		if (r->scenario == last)
			continue;
		last = r->scenario;
		json_builder_begin_object(b);
		add_artifact_location(b, "location", result_file(r), -1);
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
}

static void add_run(JsonBuilder *b, const struct report *x)
{
	json_builder_begin_object(b);
	add_tool(b);
	begin_array(b, "invocations");
	json_builder_begin_object(b);
	json_builder_set_member_name(b, "executionSuccessful");
	json_builder_add_boolean_value(b, TRUE);
	add_int(b, "exitCode", x->all.nr_wrong ? CLI_DIFFERS : CLI_OK);
	json_builder_end_object(b);
	json_builder_end_array(b);
	add_artifacts(b, x);
	add_results(b, x);
	add_string(b, "columnKind", "unicodeCodePoints");
	json_builder_end_object(b);
}

static void sarif_end(struct report *x)
{
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *text = NULL;

	json_builder_begin_object(b);
	add_string(b, "$schema", SCHEMA);
	add_string(b, "version", "2.1.0");
	begin_array(b, "runs");
	add_run(b, x);
	json_builder_end_array(b);
	json_builder_end_object(b);
	root = json_builder_get_root(b);
	json_generator_set_root(generator, root);
	json_generator_set_pretty(generator, TRUE);
	text = json_generator_to_data(generator, NULL);
	output_text(&x->out, "%s\n", text);
}

const struct report_format report_sarif = {
	.name = "sarif",
	.end = sarif_end,
};
