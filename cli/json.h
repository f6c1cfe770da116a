/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing one line of JSON. Members are appended to the object or array that
 * was opened last; commas come by themselves.
 */
#ifndef MMULATOR_CLI_JSON_H
#define MMULATOR_CLI_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** json_open - begin an object ('{') or an array ('[').
 * @key: NULL: outermost, or in an array; so for all of these. */
void json_open(GString *out, const char *key, char bracket);
/** json_close - end it: '}' or ']'. */
void json_close(GString *out, char bracket);
/** json_string - @value; NULL: null. What is not UTF-8 is replaced. */
void json_string(GString *out, const char *key, const char *value);
void json_int(GString *out, const char *key, uint64_t value);
void json_bool(GString *out, const char *key, bool value);
/** json_seconds - to the microsecond. */
void json_seconds(GString *out, const char *key, double value);
/** json_hash - 16 digits, as a string. */
void json_hash(GString *out, const char *key, uint64_t value);

#endif
