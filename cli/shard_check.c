// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check --shard I/N: the parts of a search that are this shard's.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "cli/pool.h"
#include "cli/shards.h"
#include "scenario/joint.h"
#include "scenario/part.h"

struct shard {
	const struct cli_options *options;
	struct plan plan;
	struct output out;
	unsigned item, nr_items;
};

/* What a variant's parts are gathered in. */
struct gathering {
	struct joint *joint;
	JsonArray *parts, *walks;
};

static bool gather_part(void *data, struct part *p)
{
	struct gathering *g = data;

	json_array_add_element(g->parts, part_to_json(p));
	joint_add(g->joint, p);
	return !joint_over(g->joint);
}

static bool gather_walked(void *data, unsigned bound, unsigned nr_parts,
                          bool hit)
{
	struct gathering *g = data;
	JsonObject *walk = json_object_new();

	json_object_set_int_member(walk, "bound", bound);
	json_object_set_int_member(walk, "parts", nr_parts);
	json_object_set_boolean_member(walk, "hit", hit);
	json_array_add_object_element(g->walks, walk);
	joint_walked(g->joint, bound, nr_parts, hit);
	return !joint_over(g->joint);
}

/* ---- the report ---- */

static void add_options(JsonObject *line, char **options)
{
	JsonArray *list = json_array_new();

	for (; options && *options; options++)
		json_array_add_string_element(list, *options);
	json_object_set_array_member(line, "options", list);
}

/* Which search it is: the same in the reports of all its shards. */
static void add_search(JsonObject *line, const struct shard *x,
                       const struct runner *r)
{
	const struct cli_options *o = x->options;
	const struct source *source = &runner_scenario(r)->source;
	g_autofree char *digest = g_compute_checksum_for_string(
		G_CHECKSUM_SHA256, source->text, (gssize)source->len);
	g_autofree char *seed =
		g_strdup_printf("%" G_GUINT64_FORMAT, x->plan.search.seed);

	json_object_set_string_member(line, "mmulator", MMULATOR_VERSION);
	json_object_set_int_member(line, "shards", o->nr_shards);
	json_object_set_int_member(line, "items", x->nr_items);
	json_object_set_int_member(line, "item", x->item);
	json_object_set_string_member(line, "scenario", source->file);
	json_object_set_string_member(line, "digest", digest);
	json_object_set_string_member(line, "variant",
	                              variant_name(runner_variant(r)));
	json_object_set_boolean_member(line, "only", o->variant != NULL);
	json_object_set_string_member(line, "arch", o->arch ? o->arch : "");
	json_object_set_string_member(line, "policy", o->policy);
	json_object_set_int_member(line, "bound",
	                           o->has_bound ? (gint64)o->bound : -1);
	json_object_set_int_member(line, "spontaneous",
	                           o->has_spontaneous ? (gint64)o->spontaneous
	                                              : -1);
	json_object_set_int_member(line, "depth", o->depth);
	json_object_set_string_member(line, "seed", seed);
	json_object_set_int_member(line, "cap",
	                           (gint64)x->plan.search.max_executions);
	json_object_set_double_member(line, "cap_seconds", o->seconds);
	json_object_set_string_member(line, "engine",
	                              o->engine_name ? o->engine_name : "");
	json_object_set_string_member(line, "memory_model",
	                              o->memory_model ? o->memory_model : "");
	json_object_set_int_member(line, "step_cap", (gint64)o->step_cap);
	add_options(line, o->options);
}

static void print_line(struct shard *x, const struct runner *r,
                       const struct gathering *g, const struct verdict *v,
                       double seconds)
{
	JsonObject *line = json_object_new();
	g_autoptr(JsonNode) node =
		json_node_init_object(json_node_alloc(), line);
	g_autofree char *text = NULL;

	json_object_set_string_member(line, "report", "shard");
	json_object_set_int_member(line, "shard", x->options->shard + 1);
	add_search(line, x, r);
	json_object_set_int_member(line, "executions", v->executions);
	json_object_set_string_member(line, "ended", v->ended);
	json_object_set_double_member(line, "seconds", seconds);
	json_object_set_array_member(line, "walks", json_array_ref(g->walks));
	json_object_set_array_member(line, "parts", json_array_ref(g->parts));
	text = json_to_string(node, FALSE);
	output_text(&x->out, "%s\n", text);
	json_object_unref(line);
}

/* ---- its parts ---- */

static bool gather(struct shard *x, struct runner *r, GError **error)
{
	struct gathering g = { joint_new(r, &x->plan.search), json_array_new(),
		               json_array_new() };
	const struct search_sink sink = { .part = gather_part,
		                          .walked = gather_walked,
		                          .data = &g };
	gint64 start = g_get_monotonic_time();
	bool possible = plan_parts(&x->plan, x->item, r, &sink, error);
	struct verdict verdict;

	if (possible) {
		joint_finish(g.joint, &verdict);
		print_line(x, r, &g, &verdict,
		           (double)(g_get_monotonic_time() - start) / 1e6);
		verdict_clear(&verdict);
	}
	joint_free(g.joint);
	json_array_unref(g.parts);
	json_array_unref(g.walks);
	return possible;
}

static int check_variant(const struct scenario *s, const struct ast_variant *v,
                         void *data)
{
	struct shard *x = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *command = plan_command(&x->plan, s, v);
	struct runner *r = plan_runner(&x->plan, s, v, &error);
	int status = CLI_OK;

	if (!r)
		return cli_error("%s", error->message);
	crash_command("%s", command);
	if (!gather(x, r, &error))
		status = plan_failed(s, v, error);
	runner_free(r);
	x->item++;
	return status;
}

static bool fits(const struct cli_options *o)
{
	if (o->choices_out)
		cli_error("check: --shard knows no run for --choices-out; "
		          "mmulator merge does");
	else if (o->format != FORMAT_TEXT && o->format != FORMAT_JSON)
		cli_error("check: --shard writes lines of JSON; mmulator merge "
		          "takes --format");
	else if (o->has_runs && !o->nr_runs)
		cli_error("check: --runs 0 leaves nothing to do");
	else
		return true;
	return false;
}

int shard_check(GPtrArray *scenarios, const struct cli_options *o)
{
	struct shard x = { .options = o };
	g_autoptr(GArray) items = NULL;
	int status = CLI_USAGE;

	plan_init(&x.plan, o, NULL, NULL);
	items = plan_items(scenarios, o);
	if (!items || !fits(o) || !plan_hire(&x.plan, items))
		return CLI_USAGE;
	x.nr_items = items->len;
	output_init(&x.out, o);
	status = for_each_chosen(scenarios, o, check_variant, &x);
	pool_free(x.plan.pool);
	crash_command(NULL);
	if (status < CLI_USAGE && !output_finish(&x.out))
		status = CLI_USAGE;
	output_clear(&x.out);
	return status;
}
