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

/** shard_check - make this shard's parts of every chosen variant and write its
 * report. Return: the exit status. */
int shard_check(GPtrArray *scenarios, const struct cli_options *o);

struct shards;

/* cli/verb_check.c */
/** check_report - judge every chosen variant and report it.
 * @shards: who made the runs; NULL: they are made now
 * Return: the exit status. */
int check_report(GPtrArray *scenarios, const struct cli_options *o,
                 struct shards *shards);

/**
 * shards_load - read the reports of a search.
 * @o: the flags of merge; gets those of the search
 *
 * Return: NULL, said so, if they are not all the reports of one search.
 */
struct shards *shards_load(struct cli_options *o);
void shards_free(struct shards *s);

/** shards_match - are @scenarios what the reports are about? Return: false,
 * said so, if not. */
bool shards_match(const struct shards *s, GPtrArray *scenarios,
                  const struct cli_options *o);
/** shards_parts - for plan_parts(). */
bool shards_parts(struct shards *s, unsigned item,
                  const struct scenario *scenario,
                  const struct search_sink *sink, GError **error);
/** shards_may_have_gaps - parts of variant @item are missing: did a shard run
 * out of time? Return: false and @error if none did. */
bool shards_may_have_gaps(struct shards *s, unsigned item, GError **error);
/** shards_seconds - the longest that a shard took for it. */
double shards_seconds(const struct shards *s, unsigned item);

#endif
