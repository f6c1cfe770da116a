// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/shards.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "cli/pool.h"
#include "emu/vcpu_ops.h"
#include "explore/pct.h"
#include "scenario/json_reader.h"
#include "scenario/part.h"

/* One line of a report. */
struct line {
	JsonNode *node; /* NULL: not there */
	const char *file;
	unsigned number;
};

struct shards {
	unsigned nr_items, nr_shards;
	struct line *lines; /* nr_shards for each item */
	char **files;
};

/* What all lines of a search say alike, and what those of one variant do. */
static const char *const search_keys[] = { "mmulator",    "shards", "items",
	                                   "only",        "policy", "bound",
	                                   "depth",       "seed",   "cap",
	                                   "cap_seconds", "engine", "step_cap",
	                                   "options",     NULL };
static const char *const variant_keys[] = { "scenario", "digest", "variant",
	                                    NULL };

static struct line *line_of(const struct shards *s, unsigned item,
                            unsigned shard)
{
	return &s->lines[item * s->nr_shards + shard];
}

static JsonObject *object_of(const struct line *line)
{
	return json_node_get_object(line->node);
}

/* Any line of a variant. */
static JsonObject *header_of(const struct shards *s, unsigned item)
{
	return object_of(line_of(s, item, 0));
}

/* ---- reading ---- */

static char *value_text(const struct line *line, const char *key)
{
	JsonNode *node = json_object_get_member(object_of(line), key);

	return node ? json_to_string(node, FALSE) : g_strdup("missing");
}

static bool agree(const struct line *a, const struct line *b,
                  const char *const *keys)
{
	for (; *keys; keys++) {
		JsonNode *x = json_object_get_member(object_of(a), *keys);
		JsonNode *y = json_object_get_member(object_of(b), *keys);
		g_autofree char *mine = NULL, *theirs = NULL;

		if (x && y && json_node_equal(x, y))
			continue;
		mine = value_text(a, *keys);
		theirs = value_text(b, *keys);
		cli_error("%s:%u: of another search: %s is %s, in %s it is %s",
		          a->file, a->number, *keys, mine, b->file, theirs);
		return false;
	}
	return true;
}

static bool make_room(struct shards *s, struct json_reader *x)
{
	s->nr_shards = (unsigned)json_get_int(x, "shards", CLI_SHARDS_MAX);
	s->nr_items = (unsigned)json_get_int(x, "items", 1000000);
	if (x->wrong || !s->nr_items || !s->nr_shards)
		return false;
	s->lines = g_new0(struct line, (gsize)s->nr_items * s->nr_shards);
	return true;
}

/* The line's place, unless it is taken. */
static bool put(struct shards *s, const struct line *line,
                struct json_reader *x)
{
	const struct line *first = &s->lines[0];
	unsigned item, shard;
	struct line *place;

	for (unsigned i = 0; !first->node && i < s->nr_items * s->nr_shards;
	     i++)
		first = &s->lines[i];
	if (first->node && !agree(line, first, search_keys))
		return false;
	item = (unsigned)json_get_int(x, "item", s->nr_items - 1);
	shard = (unsigned)json_get_int(x, "shard", s->nr_shards) - 1;
	if (x->wrong || shard >= s->nr_shards) {
		cli_error("%s:%u: \"%s\" is missing or wrong", line->file,
		          line->number, x->wrong ? x->wrong : "shard");
		return false;
	}
	place = line_of(s, item, shard);
	if (place->node) {
		cli_error("%s:%u: shard %u is in %s:%u already", line->file,
		          line->number, shard + 1, place->file, place->number);
		return false;
	}
	*place = *line;
	place->node = json_node_ref(line->node);
	return true;
}

static bool read_line(struct shards *s, const struct line *line)
{
	struct json_reader x = { 0 };

	if (JSON_NODE_HOLDS_OBJECT(line->node))
		x.object = object_of(line);
	if (!x.object || strcmp(json_get_string(&x, "report"), "shard") != 0 ||
	    (!s->lines && !make_room(s, &x))) {
		cli_error("%s:%u: not a report that check --shard wrote",
		          line->file, line->number);
		return false;
	}
	return put(s, line, &x);
}

static bool read_report(struct shards *s, const char *file)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;
	unsigned n = 0;

	if (!g_file_get_contents(file, &text, NULL, &error)) {
		cli_error("%s", error->message);
		return false;
	}
	lines = g_strsplit(text, "\n", -1);
	for (; lines[n] && *lines[n]; n++) {
		g_autoptr(JsonNode) node = json_from_string(lines[n], &error);
		const struct line line = { node, file, n + 1 };

		if (!node) {
			cli_error("%s:%u: %s", file, n + 1,
			          error ? error->message : "nothing there");
			return false;
		}
		if (!read_line(s, &line))
			return false;
	}
	if (!n)
		cli_error("%s: not a report that check --shard wrote", file);
	return n;
}

/* Every variant has all shards, and they are about the same. */
static bool is_complete(const struct shards *s)
{
	for (unsigned item = 0; item < s->nr_items; item++) {
		for (unsigned i = 0; i < s->nr_shards; i++) {
			const struct line *line = line_of(s, item, i);

			if (!line->node) {
				cli_error("shard %u of %u is missing", i + 1,
				          s->nr_shards);
				return false;
			}
			if (i &&
			    !agree(line, line_of(s, item, 0), variant_keys))
				return false;
		}
	}
	return true;
}

/* ---- the flags of the search ---- */

static char **take_names(const struct shards *s)
{
	GPtrArray *names = g_ptr_array_new();
	const char *last = NULL;

	for (unsigned i = 0; i < s->nr_items; i++) {
		struct json_reader x = { header_of(s, i), NULL };
		const char *name = json_get_string(&x, "scenario");

		if (g_strcmp0(name, last) != 0)
			g_ptr_array_add(names, g_strdup(name));
		last = name;
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static char **take_options(struct json_reader *x)
{
	JsonArray *list = json_get_array(x, "options");
	GPtrArray *options = g_ptr_array_new();

	for (unsigned i = 0; list && i < json_array_get_length(list); i++) {
		const char *option = json_array_get_string_element(list, i);

		g_ptr_array_add(options, g_strdup(option ? option : ""));
	}
	g_ptr_array_add(options, NULL);
	return (char **)g_ptr_array_free(options, FALSE);
}

static void take_search(struct cli_options *o, struct json_reader *x)
{
	JsonObject *h = x->object;
	gint64 bound = json_object_get_int_member_with_default(h, "bound", -1);
	gint64 spontaneous =
		json_object_get_int_member_with_default(h, "spontaneous", -1);
	const char *engine = json_get_string(x, "engine");
	const char *model = json_get_string(x, "memory_model");
	const char *seed = json_get_string(x, "seed");
	const char *arch =
		json_object_get_string_member_with_default(h, "arch", "");

	o->policy = g_strdup(json_get_string(x, "policy"));
	o->has_bound = bound >= 0;
	o->bound = (unsigned)CLAMP(bound, 0, 1000);
	o->has_spontaneous = spontaneous >= 0;
	o->spontaneous = (uint64_t)MAX(spontaneous, 0);
	o->memory_model = *model ? g_strdup(model) : NULL;
	o->depth = (unsigned)json_get_int(x, "depth", PCT_DEPTH_MAX);
	o->depth = MAX(o->depth, 1U);
	o->has_seed = true;
	o->seed = g_ascii_strtoull(seed, NULL, 10);
	o->executions = json_get_int(x, "cap", UINT32_MAX);
	o->seconds =
		json_object_get_double_member_with_default(h, "cap_seconds", 0);
	o->step_cap = json_get_int(x, "step_cap", CLI_STEPS_MAX);
	o->engine = *engine ? find_engine(engine) : NULL;
	o->engine_name = *engine ? g_strdup(engine) : NULL;
	if (*engine && !o->engine)
		x->wrong = "engine";
	o->options = take_options(x);
	if (json_get_bool(x, "only"))
		o->variant = g_strdup(json_get_string(x, "variant"));
	if (*arch)
		o->arch = g_strdup(arch);
}

static bool take_flags(struct cli_options *o, const struct shards *s)
{
	struct json_reader x = { header_of(s, 0), NULL };
	static const char *const policies[] = { "explore", "pct", "random",
		                                NULL };
	struct mm_options scratch;

	take_search(o, &x);
	if (!x.wrong && !g_strv_contains(policies, o->policy))
		x.wrong = "policy";
	if (x.wrong) {
		cli_error("%s:1: \"%s\" is missing or wrong", s->files[0],
		          x.wrong);
		return false;
	}
	o->args = take_names(s);
	o->nr_args = g_strv_length(o->args);
	return apply_settings(&scratch, o->options);
}

struct shards *shards_load(struct cli_options *o)
{
	struct shards *s = g_new0(struct shards, 1);
	bool ok = true;

	s->files = g_steal_pointer(&o->args);
	for (char **file = s->files; ok && *file; file++)
		ok = read_report(s, *file);
	if (ok && is_complete(s) && take_flags(o, s))
		return s;
	shards_free(s);
	return NULL;
}

void shards_free(struct shards *s)
{
	if (!s)
		return;
	for (unsigned i = 0; s->lines && i < s->nr_items * s->nr_shards; i++) {
		if (s->lines[i].node)
			json_node_unref(s->lines[i].node);
	}
	g_free(s->lines);
	g_strfreev(s->files);
	g_free(s);
}

/* ---- use ---- */

static bool is_about(const struct shards *s, unsigned item,
                     const struct pool_item *i)
{
	struct json_reader x = { header_of(s, item), NULL };
	const struct source *source = &i->scenario->source;
	g_autofree char *digest = g_compute_checksum_for_string(
		G_CHECKSUM_SHA256, source->text, (gssize)source->len);

	if (strcmp(json_get_string(&x, "scenario"), source->file) != 0 ||
	    strcmp(json_get_string(&x, "variant"), variant_name(i->v)) != 0)
		return false;
	return !strcmp(json_get_string(&x, "digest"), digest);
}

bool shards_match(const struct shards *s, GPtrArray *scenarios,
                  const struct cli_options *o)
{
	g_autoptr(GArray) items = plan_items(scenarios, o);

	if (!items)
		return false;
	for (unsigned i = 0; i < s->nr_items && i < items->len; i++) {
		const struct pool_item *item =
			&g_array_index(items, struct pool_item, i);

		if (is_about(s, i, item))
			continue;
		cli_error("%s: %s: it is not the scenario that the reports are "
		          "about",
		          item->scenario->source.file, variant_name(item->v));
		return false;
	}
	if (s->nr_items == items->len)
		return true;
	cli_error("the reports are about %u variants, the scenarios have %u",
	          s->nr_items, items->len);
	return false;
}

static bool fail_line(const struct line *line, const char *what, GError **error)
{
	g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
	            "%s:%u: %s", line->file, line->number, what);
	return false;
}

static bool give_walks(const struct line *line, const struct search_sink *sink,
                       GError **error)
{
	struct json_reader x = { object_of(line), NULL };
	JsonArray *walks = json_get_array(&x, "walks");

	for (unsigned i = 0; walks && i < json_array_get_length(walks); i++) {
		JsonNode *node = json_array_get_element(walks, i);
		struct json_reader w = { 0 };
		unsigned bound, parts;
		bool hit;

		if (!JSON_NODE_HOLDS_OBJECT(node))
			return fail_line(line, "wrong \"walks\"", error);
		w.object = json_node_get_object(node);
		bound = (unsigned)json_get_int(&w, "bound", 1000);
		parts = (unsigned)json_get_int(&w, "parts", UINT32_MAX);
		hit = json_get_bool(&w, "hit");
		if (w.wrong)
			return fail_line(line, "wrong \"walks\"", error);
		(void)sink->walked(sink->data, bound, parts, hit);
	}
	return walks || fail_line(line, "no \"walks\"", error);
}

static bool give_parts(const struct line *line, const struct scenario *s,
                       const struct search_sink *sink, GError **error)
{
	struct json_reader x = { object_of(line), NULL };
	JsonArray *parts = json_get_array(&x, "parts");

	for (unsigned i = 0; parts && i < json_array_get_length(parts); i++) {
		g_autoptr(GError) why = NULL;
		struct part *p = part_from_json(
			json_array_get_element(parts, i), s, &why);

		if (!p)
			return fail_line(line, why->message, error);
		(void)sink->part(sink->data, p);
	}
	return parts || fail_line(line, "no \"parts\"", error);
}

bool shards_parts(struct shards *s, unsigned item,
                  const struct scenario *scenario,
                  const struct search_sink *sink, GError **error)
{
	for (unsigned i = 0; i < s->nr_shards; i++) {
		if (!give_walks(line_of(s, item, i), sink, error))
			return false;
	}
	for (unsigned i = 0; i < s->nr_shards; i++) {
		if (!give_parts(line_of(s, item, i), scenario, sink, error))
			return false;
	}
	return true;
}

bool shards_may_have_gaps(struct shards *s, unsigned item, GError **error)
{
	for (unsigned i = 0; i < s->nr_shards; i++) {
		struct json_reader x = { object_of(line_of(s, item, i)), NULL };

		if (!strcmp(json_get_string(&x, "ended"), "cap on seconds"))
			return true;
	}
	return fail_line(line_of(s, item, 0),
	                 "parts of the search are in no report", error);
}

double shards_seconds(const struct shards *s, unsigned item)
{
	double most = 0;

	for (unsigned i = 0; i < s->nr_shards; i++) {
		double seconds = json_object_get_double_member_with_default(
			object_of(line_of(s, item, i)), "seconds", 0);

		most = MAX(most, seconds);
	}
	return most;
}
