/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the flags of check want a variant judged, and who makes the runs: this
 * process, workers (-j, cli/pool.h), or other machines, whose reports are
 * merged (cli/shards.h).  The verdict is the same.
 */
#ifndef MMULATOR_CLI_PLAN_H
#define MMULATOR_CLI_PLAN_H

#include "cli/cli.h"
#include "scenario/search.h"

struct pool;
struct shards;

struct plan {
	const struct cli_options *options;
	bool is_search;
	struct search_options search;
	struct verify_options verify;
	gint64 deadline; /* of the search under way, monotonic; 0: none */
	void (*progress)(void *data, unsigned done, unsigned total);
	void *data;

	/* Who makes the runs; both NULL: this process. */
	struct pool *pool;
	struct shards *shards;
};

/** plan_init - from the flags; progress is reported to @progress(@data). @p
 * stays where it is. */
void plan_init(struct plan *p, const struct cli_options *o,
               void (*progress)(void *data, unsigned done, unsigned total),
               void *data);
/** plan_runner - as try_runner(); a search takes the direct engine if nobody
 * says otherwise. */
struct runner *plan_runner(const struct plan *p, const struct scenario *s,
                           const struct ast_variant *v, GError **error);
/** plan_start - the clock of one variant's --seconds starts, at @start. */
void plan_start(struct plan *p, gint64 start);

/** plan_items - the chosen variants, as struct pool_item; NULL: an error was
 * said. */
GArray *plan_items(GPtrArray *scenarios, const struct cli_options *o);
/** plan_hire - start the workers that the flags want. Return: false, said so,
 * if that is impossible. */
bool plan_hire(struct plan *p, const GArray *items);

/**
 * plan_verdict - judge a variant.
 * @item: its number among all that are chosen
 *
 * Return: false and @error if a run is impossible, or if those who were to make
 * the runs did not (cli/pool.h, cli/shards.h).
 */
bool plan_verdict(struct plan *p, unsigned item, struct runner *r,
                  struct verdict *out, GError **error);
/** plan_parts - a search's parts to @sink, from whoever makes them. */
bool plan_parts(struct plan *p, unsigned item, struct runner *r,
                const struct search_sink *sink, GError **error);

/** plan_failed - say that plan_verdict() or plan_parts() could not do it.
 * Return: the exit status. */
int plan_failed(const struct scenario *s, const struct ast_variant *v,
                const GError *error);

/** plan_command - the command that checks this variant alone; g_free() it. */
char *plan_command(const struct plan *p, const struct scenario *s,
                   const struct ast_variant *v);
/** plan_again - the command that makes the run that decided once more; NULL: it
 * has no number. */
char *plan_again(const struct plan *p, const struct runner *r,
                 const struct verdict *v);

#endif
