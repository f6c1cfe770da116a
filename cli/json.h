/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing one line of JSON. Members are appended to the object or array that
 * was opened last; commas come by themselves.
 *
 * A key is NULL for what is outermost or in an array.
 */
#ifndef MMULATOR_CLI_JSON_H
#define MMULATOR_CLI_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * json_open - begin an object or an array.
 * @out: the line so far
 * @key: of the member, or NULL
 * @bracket: '{' or '['
 */
void json_open(GString *out, const char *key, char bracket);
/**
 * json_close - end what was opened last.
 * @out: the line so far
 * @bracket: '}' or ']', to match
 */
void json_close(GString *out, char bracket);
/**
 * json_string - a string.
 * @out: the line so far
 * @key: of the member, or NULL
 * @value: any bytes; what is not UTF-8 is replaced. NULL: null
 */
void json_string(GString *out, const char *key, const char *value);
/**
 * json_int - a whole number.
 * @out: the line so far
 * @key: of the member, or NULL
 * @value: any; readers that keep doubles lose precision above 2^53
 */
void json_int(GString *out, const char *key, uint64_t value);
/**
 * json_bool - true or false.
 * @out: the line so far
 * @key: of the member, or NULL
 * @value: which
 */
void json_bool(GString *out, const char *key, bool value);
/**
 * json_seconds - a time, to the microsecond.
 * @out: the line so far
 * @key: of the member, or NULL
 * @value: in seconds
 */
void json_seconds(GString *out, const char *key, double value);
/**
 * json_hash - a trace hash, as a string of 16 hexadecimal digits.
 * @out: the line so far
 * @key: of the member, or NULL
 * @value: the hash
 */
void json_hash(GString *out, const char *key, uint64_t value);

#endif
