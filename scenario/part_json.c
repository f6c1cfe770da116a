// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "scenario/json_reader.h"
#include "scenario/killed.h"
#include "scenario/part.h"
#include "scenario/source.h"

/* ---- writing ---- */

static void add_int(JsonBuilder *b, const char *key, uint64_t value)
{
	json_builder_set_member_name(b, key);
	json_builder_add_int_value(b, (gint64)value);
}

static void add_bool(JsonBuilder *b, const char *key, bool value)
{
	json_builder_set_member_name(b, key);
	json_builder_add_boolean_value(b, value);
}

static void add_string(JsonBuilder *b, const char *key, const char *value)
{
	json_builder_set_member_name(b, key);
	json_builder_add_string_value(b, value);
}

/* All 64 bits: a number of JSON has 53. */
static void add_hex(JsonBuilder *b, const char *key, uint64_t value)
{
	char text[17];

	g_snprintf(text, sizeof(text), "%016" G_GINT64_MODIFIER "x", value);
	add_string(b, key, text);
}

static void add_hazards(JsonBuilder *b, uint32_t fired)
{
	json_builder_set_member_name(b, "hazards");
	json_builder_begin_array(b);
	for (int i = 0; i < ORACLE_COUNT; i++) {
		if (fired & (1U << i))
			json_builder_add_string_value(b, oracle_infos[i].name);
	}
	json_builder_end_array(b);
}

static void add_run(JsonBuilder *b, const struct part_run *kept)
{
	const struct run_result *run = &kept->run;

	json_builder_begin_object(b);
	add_int(b, "index", kept->index);
	add_hazards(b, run->fired);
	add_int(b, "end", run->end);
	add_int(b, "steps", run->steps);
	add_int(b, "cycles", run->cycles);
	add_int(b, "choices", run->nr_choices);
	add_hex(b, "trace_hash", run->trace_hash);
	add_hex(b, "held", run->held);
	if (kept->preemptions >= 0)
		add_int(b, "preemptions", (uint64_t)kept->preemptions);
	if (kept->reason)
		add_string(b, "reason", kept->reason);
	if (kept->log) {
		g_autofree char *text = choice_log_format(kept->log);

		add_string(b, "log", text);
	}
	json_builder_end_object(b);
}

static void add_killed(JsonBuilder *b, const struct part *p)
{
	json_builder_set_member_name(b, "killed_runs");
	json_builder_begin_array(b);
	for (unsigned i = 0; i < p->killed_runs->len; i++) {
		const struct part_range *range =
			&g_array_index(p->killed_runs, struct part_range, i);

		json_builder_add_int_value(b, (gint64)range->first);
		json_builder_add_int_value(b, (gint64)range->end);
	}
	json_builder_end_array(b);
	json_builder_set_member_name(b, "killed");
	json_builder_begin_array(b);
	for (unsigned i = 0; p->killed && i < p->killed->len; i++) {
		const struct killed *k =
			&g_array_index(p->killed, struct killed, i);

		json_builder_begin_object(b);
		add_string(b, "thread", k->thread->name);
		add_int(b, "signal", (uint64_t)k->signal);
		add_int(b, "si_code", (uint64_t)k->si_code);
		add_hex(b, "addr", k->addr);
		add_string(b, "why", k->why);
		add_bool(b, "unexpected", k->unexpected);
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
}

JsonNode *part_to_json(const struct part *p)
{
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_object(b);
	add_int(b, "bound", p->bound);
	add_int(b, "part", p->number);
	add_int(b, "executions", p->executions);
	add_int(b, "given_up", p->given_up);
	add_bool(b, "hit", p->hit);
	add_bool(b, "calmed", p->calmed);
	add_bool(b, "cut", p->cut);
	if (p->killed)
		add_killed(b, p);
	json_builder_set_member_name(b, "runs");
	json_builder_begin_array(b);
	for (unsigned i = 0; i < p->runs->len; i++)
		add_run(b, p->runs->pdata[i]);
	json_builder_end_array(b);
	json_builder_end_object(b);
	return json_builder_get_root(b);
}

/* ---- reading ---- */

static uint32_t get_hazards(struct json_reader *x)
{
	JsonArray *names = json_get_array(x, "hazards");
	uint32_t fired = 0;

	for (unsigned i = 0; names && i < json_array_get_length(names); i++) {
		JsonNode *node = json_array_get_element(names, i);
		int id = -1;

		if (JSON_NODE_HOLDS_VALUE(node) &&
		    json_node_get_value_type(node) == G_TYPE_STRING)
			id = oracle_by_name(json_node_get_string(node));
		if (id < 0) {
			x->wrong = x->wrong ? x->wrong : "hazards";
			return 0;
		}
		fired |= 1U << id;
	}
	return fired;
}

static void get_log(struct json_reader *x, struct part_run *kept)
{
	const char *text;

	if (!json_object_has_member(x->object, "log"))
		return;
	text = json_get_string(x, "log");
	kept->log = choice_log_parse(text, strlen(text), NULL);
	if (!kept->log && !x->wrong)
		x->wrong = "log";
}

static void get_run(struct json_reader *x, struct part *p)
{
	struct part_run *kept = g_new0(struct part_run, 1);
	struct run_result *run = &kept->run;

	g_ptr_array_add(p->runs, kept);
	kept->index = json_get_int(x, "index", G_MAXINT64);
	run->fired = get_hazards(x);
	run->end = (enum run_end)json_get_int(x, "end", RUN_STOPPED);
	run->steps = json_get_int(x, "steps", G_MAXINT64);
	run->cycles = json_get_int(x, "cycles", G_MAXINT64);
	run->nr_choices = (unsigned)json_get_int(x, "choices", UINT_MAX);
	run->trace_hash = json_get_hex(x, "trace_hash");
	run->held = json_get_hex(x, "held");
	kept->preemptions = -1;
	if (json_object_has_member(x->object, "preemptions"))
		kept->preemptions =
			(int)json_get_int(x, "preemptions", INT_MAX);
	if (json_object_has_member(x->object, "reason"))
		kept->reason = g_strdup(json_get_string(x, "reason"));
	get_log(x, kept);
	p->fired |= run->fired;
	p->held |= run->held;
}

static void get_runs(struct json_reader *x, struct part *p)
{
	JsonArray *runs = json_get_array(x, "runs");

	for (unsigned i = 0; runs && i < json_array_get_length(runs); i++) {
		JsonNode *node = json_array_get_element(runs, i);
		struct json_reader y = { 0 };

		if (!JSON_NODE_HOLDS_OBJECT(node)) {
			x->wrong = x->wrong ? x->wrong : "runs";
			return;
		}
		y.object = json_node_get_object(node);
		get_run(&y, p);
		if (!x->wrong)
			x->wrong = y.wrong;
	}
}

static void get_ranges(struct json_reader *x, struct part *p)
{
	JsonArray *list = json_get_array(x, "killed_runs");
	unsigned n = list ? json_array_get_length(list) : 0;

	for (unsigned i = 0; i + 1 < n; i += 2) {
		struct part_range range = {
			(uint64_t)json_array_get_int_element(list, i),
			(uint64_t)json_array_get_int_element(list, i + 1),
		};

		if (range.first < range.end && range.end <= p->executions)
			g_array_append_val(p->killed_runs, range);
		else if (!x->wrong)
			x->wrong = "killed_runs";
	}
}

static void get_thread(struct json_reader *x, const struct scenario *s,
                       GArray *killed)
{
	const char *name = json_get_string(x, "thread");
	struct killed k = {
		.thread = s->threads,
		.signal = (int)json_get_int(x, "signal", 64),
		.si_code = (int)json_get_int(x, "si_code", 255),
		.addr = json_get_hex(x, "addr"),
		.why = g_intern_string(json_get_string(x, "why")),
		.unexpected = json_get_bool(x, "unexpected"),
	};

	while (k.thread && strcmp(k.thread->name, name) != 0)
		k.thread = k.thread->next;
	if (k.thread)
		g_array_append_val(killed, k);
	else if (!x->wrong)
		x->wrong = "thread";
}

static void get_killed(struct json_reader *x, const struct scenario *s,
                       struct part *p)
{
	JsonArray *list;

	if (!json_object_has_member(x->object, "killed"))
		return;
	get_ranges(x, p);
	p->killed = g_array_new(FALSE, FALSE, sizeof(struct killed));
	list = json_get_array(x, "killed");
	for (unsigned i = 0; list && i < json_array_get_length(list); i++) {
		JsonNode *node = json_array_get_element(list, i);
		struct json_reader y = { 0 };

		if (!JSON_NODE_HOLDS_OBJECT(node)) {
			x->wrong = x->wrong ? x->wrong : "killed";
			return;
		}
		y.object = json_node_get_object(node);
		get_thread(&y, s, p->killed);
		if (!x->wrong)
			x->wrong = y.wrong;
	}
}

static struct part *get_part(struct json_reader *x, const struct scenario *s)
{
	unsigned bound = (unsigned)json_get_int(x, "bound", UINT_MAX);
	unsigned number = (unsigned)json_get_int(x, "part", UINT_MAX);
	struct part *p = part_new(bound, number);

	p->executions = json_get_int(x, "executions", G_MAXINT64);
	p->given_up = json_get_int(x, "given_up", G_MAXINT64);
	p->hit = json_get_bool(x, "hit");
	p->calmed = json_get_bool(x, "calmed");
	p->cut = json_get_bool(x, "cut");
	get_runs(x, p);
	get_killed(x, s, p);
	return p;
}

struct part *part_from_json(JsonNode *node, const struct scenario *s,
                            GError **error)
{
	struct json_reader x = { 0 };
	struct part *p;

	if (!JSON_NODE_HOLDS_OBJECT(node)) {
		g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ,
		            "a part is not an object");
		return NULL;
	}
	x.object = json_node_get_object(node);
	p = get_part(&x, s);
	if (!x.wrong)
		return p;
	g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ,
	            "\"%s\" of a part is missing or wrong", x.wrong);
	part_free(p);
	return NULL;
}
