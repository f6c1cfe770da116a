/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports of shards: written by `check --shard I/N`, joined by `merge`.
 *
 * A report is a line of JSON for each variant: which search it belongs to,
 * which shard it is, and the parts it made (scenario/part.h).  Reports of one
 * search say the same about the search, and each shard is there once.
 */
#ifndef MMULATOR_CLI_SHARDS_H
#define MMULATOR_CLI_SHARDS_H

#include "cli/plan.h"

/**
 * shard_check - make this shard's parts of every chosen variant and write its
 * report.
 * @scenarios: of struct scenario
 * @o: the flags of check, with --shard
 *
 * Return: the exit status; never CLI_DIFFERS, which merge finds out.
 */
int shard_check(GPtrArray *scenarios, const struct cli_options *o);

struct shards;

/* cli/verb_check.c */
/**
 * check_report - judge every chosen variant and report it.
 * @scenarios: of struct scenario
 * @o: the flags of check, or of merge with those of the search
 * @shards: who made the runs; NULL: they are made now
 *
 * Return: the exit status.
 */
int check_report(GPtrArray *scenarios, const struct cli_options *o,
                 struct shards *shards);

/**
 * shards_load - read the reports of a search.
 * @o: the flags of merge; gets those of the search
 *
 * Return: NULL, said so, if they are not all the reports of one search.
 */
struct shards *shards_load(struct cli_options *o);
/**
 * shards_free - the reports are not needed any more.
 * @s: NULL: nothing happens
 */
void shards_free(struct shards *s);

/**
 * shards_match - are these the scenarios that the reports are about?
 * @scenarios: of struct scenario
 * @o: of shards_load(); --variant chooses
 *
 * Return: false, said so, if one is another or has changed, or if their number
 * differs.
 */
bool shards_match(const struct shards *s, GPtrArray *scenarios,
                  const struct cli_options *o);
/**
 * shards_parts - the parts that the reports have of a variant's search.
 * @item: number of the variant
 * @scenario: its scenario
 * @sink: gets them
 * @error: G_OPTION_ERROR_BAD_VALUE with file and line
 *
 * Return: false and @error if a report is wrong.
 */
bool shards_parts(struct shards *s, unsigned item,
                  const struct scenario *scenario,
                  const struct search_sink *sink, GError **error);
/**
 * shards_may_have_gaps - parts of a variant are missing: did a shard run out of
 * time?
 * @item: number of the variant
 * @error: G_OPTION_ERROR_BAD_VALUE with file and line
 *
 * Return: false and @error if none did.
 */
bool shards_may_have_gaps(struct shards *s, unsigned item, GError **error);
/**
 * shards_seconds - how long a variant took.
 * @item: its number
 *
 * Return: what the slowest shard says, in seconds.
 */
double shards_seconds(const struct shards *s, unsigned item);

#endif
