/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded runs that a verb repeats: is it this program, are these its options,
 * was it this run?
 */
#ifndef MMULATOR_CLI_LOG_H
#define MMULATOR_CLI_LOG_H

#include "cli/cli.h"

struct choice_log;

/** log_read - from a file; one without the trace hash cannot be held against
 * anything. Return: NULL: an error was said. */
struct choice_log *log_read(const char *path);

/**
 * log_apply - run with what the log says: options, engine, cap on steps.
 * @o: its flags may repeat what the log says; the engine may be another
 *
 * Return: false, said so, if something is unknown or differs.
 */
bool log_apply(const struct choice_log *log, struct cli_options *o);

/** log_belongs - is it of @s? @o gets its variant. Return: false, said so, if
 * it is of another scenario, or of a variant that @s does not have. */
bool log_belongs(const struct choice_log *log, const struct scenario *s,
                 struct cli_options *o);

/** log_sha256 - of what was run, as logs have it; g_free(). */
char *log_sha256(const char *bytes, size_t len);

/** log_is_run - did these steps make this trace? */
bool log_is_run(const struct choice_log *log, uint64_t steps,
                uint64_t trace_hash);

/**
 * log_misfit - say that a run is not the recorded one.
 * @why: how that was seen; NULL: the trace differs
 * @name, @sha256: what was run now
 *
 * Return: CLI_USAGE.
 */
int log_misfit(const struct choice_log *log, const struct cli_options *o,
               const char *why, const char *name, const char *sha256);

#endif
