/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded runs that a verb repeats: is it this program, are these its options,
 * was it this run?
 */
#ifndef MMULATOR_CLI_LOG_H
#define MMULATOR_CLI_LOG_H

#include "cli/cli.h"

struct choice_log;

/**
 * log_read - a log that a run can be held against.
 * @path: of the file
 *
 * Return: choice_log_free(); NULL, said so, if it cannot be read, is no log, or
 * has no trace hash.
 */
struct choice_log *log_read(const char *path);

/**
 * log_apply - run with what the log says: options, engine, memory model, cap on
 * steps.
 * @o: its flags may repeat what the log says; the engine may be another
 *
 * Return: false, said so, if something is unknown or differs.
 */
bool log_apply(const struct choice_log *log, struct cli_options *o);

/**
 * log_belongs - is it of a scenario, by its title?
 * @s: the scenario
 * @o: gets the log's variant; --variant may name the same
 *
 * Return: false, said so, if it is of another scenario or of a program, or of a
 * variant that @s does not have or --variant does not name.
 */
bool log_belongs(const struct choice_log *log, const struct scenario *s,
                 struct cli_options *o);

/**
 * log_sha256 - the digest of what was run, as logs have it.
 * @bytes: the scenario's text, or the program
 * @len: how many
 *
 * Return: 64 hexadecimal digits; g_free().
 */
char *log_sha256(const char *bytes, size_t len);

/**
 * log_is_run - is a run the recorded one?
 * @steps: of the run
 * @trace_hash: of the run
 *
 * Return: whether it has the log's.
 */
bool log_is_run(const struct choice_log *log, uint64_t steps,
                uint64_t trace_hash);

/**
 * log_misfit - say that a run is not the recorded one.
 * @o: --choices names the log
 * @why: how that was seen; NULL: the trace differs
 * @name: of what was run now
 * @sha256: its digest; another than the log's is named as the cause
 *
 * Return: CLI_USAGE.
 */
int log_misfit(const struct choice_log *log, const struct cli_options *o,
               const char *why, const char *name, const char *sha256);

#endif
