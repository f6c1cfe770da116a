/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an object of JSON that nobody vouches for.  A member that is missing
 * or of another type reads as 0, and the first one stays in `wrong`: read
 * everything, then look.
 */
#ifndef MMULATOR_SCENARIO_JSON_READER_H
#define MMULATOR_SCENARIO_JSON_READER_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

struct json_reader {
	JsonObject *object;
	const char *wrong; /* a member; NULL: none */
};

/**
 * json_get_int - a whole number.
 * @key: of the member; kept in `wrong`, so a literal
 * @max: from 0 to this, at most INT64_MAX, it is right
 *
 * Return: it; 0 if it is wrong.
 */
uint64_t json_get_int(struct json_reader *x, const char *key, uint64_t max);
/** json_get_bool - the member @key. Return: it; false if it is wrong. */
bool json_get_bool(struct json_reader *x, const char *key);
/** json_get_string - the member @key. Return: the object's; "" if wrong. */
const char *json_get_string(struct json_reader *x, const char *key);
/**
 * json_get_hex - a string of up to 16 hexadecimal digits.
 * @key: of the member
 *
 * Return: its value; 0 if it is wrong.
 */
uint64_t json_get_hex(struct json_reader *x, const char *key);
/** json_get_array - the member @key. Return: the object's; NULL if wrong. */
JsonArray *json_get_array(struct json_reader *x, const char *key);

#endif
