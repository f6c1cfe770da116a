// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/json_reader.h"

static JsonNode *member(struct json_reader *x, const char *key, GType type)
{
	JsonNode *node = json_object_get_member(x->object, key);

	if (node && JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == type)
		return node;
	if (!x->wrong)
		x->wrong = key;
	return NULL;
}

uint64_t json_get_int(struct json_reader *x, const char *key, uint64_t max)
{
	JsonNode *node = member(x, key, G_TYPE_INT64);
	gint64 value = node ? json_node_get_int(node) : 0;

	if (value >= 0 && (uint64_t)value <= max)
		return (uint64_t)value;
	if (!x->wrong)
		x->wrong = key;
	return 0;
}

bool json_get_bool(struct json_reader *x, const char *key)
{
	JsonNode *node = member(x, key, G_TYPE_BOOLEAN);

	return node && json_node_get_boolean(node);
}

const char *json_get_string(struct json_reader *x, const char *key)
{
	JsonNode *node = member(x, key, G_TYPE_STRING);

	return node ? json_node_get_string(node) : "";
}

uint64_t json_get_hex(struct json_reader *x, const char *key)
{
	const char *text = json_get_string(x, key);
	uint64_t value = 0;

	if (!g_ascii_string_to_unsigned(text, 16, 0, UINT64_MAX, &value,
	                                NULL) &&
	    !x->wrong)
		x->wrong = key;
	return value;
}

JsonArray *json_get_array(struct json_reader *x, const char *key)
{
	JsonNode *node = json_object_get_member(x->object, key);

	if (node && JSON_NODE_HOLDS_ARRAY(node))
		return json_node_get_array(node);
	if (!x->wrong)
		x->wrong = key;
	return NULL;
}
