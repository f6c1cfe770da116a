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

/**
 * plan_init - from the flags.
 * @p: set; stays where it is, its members point to it
 * @o: borrowed
 * @progress: told of every run; NULL: nobody is
 * @data: handed to @progress
 */
void plan_init(struct plan *p, const struct cli_options *o,
               void (*progress)(void *data, unsigned done, unsigned total),
               void *data);
/**
 * plan_runner - as try_runner(); a search takes the direct engine and a lower
 * cap on steps if nobody says otherwise.
 * @s: as there
 * @v: as there
 * @error: as there
 *
 * Return: as there.
 */
struct runner *plan_runner(const struct plan *p, const struct scenario *s,
                           const struct ast_variant *v, GError **error);
/**
 * plan_start - the clock of one variant's --seconds starts.
 * @start: when, monotonic microseconds (g_get_monotonic_time())
 */
void plan_start(struct plan *p, gint64 start);

/**
 * plan_items - the chosen variants, numbered.
 * @scenarios: of struct scenario
 * @o: --variant chooses
 *
 * Return: of struct pool_item, g_array_unref(); NULL, said so, if --variant
 * names none.
 */
GArray *plan_items(GPtrArray *scenarios, const struct cli_options *o);
/**
 * plan_hire - start the workers that the flags want, if any.
 * @items: of plan_items(); borrowed as long as they work
 *
 * Return: false, said so, if that is impossible.
 */
bool plan_hire(struct plan *p, const GArray *items);

/**
 * plan_verdict - judge a variant.
 * @item: its number among all that are chosen
 * @r: of plan_runner()
 * @out: the verdict; verdict_clear()
 * @error: as verify_variant() and search_variant(), POOL_ERROR, or
 *	G_OPTION_ERROR for a report
 *
 * Return: false and @error if a run is impossible, or if those who were to make
 * the runs did not (cli/pool.h, cli/shards.h).
 */
bool plan_verdict(struct plan *p, unsigned item, struct runner *r,
                  struct verdict *out, GError **error);
/**
 * plan_parts - the parts of a search, from whoever makes them.
 * @item: number of the variant among all that are chosen
 * @r: of plan_runner()
 * @sink: gets them, in any order
 * @error: as plan_verdict()
 *
 * Return: false and @error as plan_verdict().
 */
bool plan_parts(struct plan *p, unsigned item, struct runner *r,
                const struct search_sink *sink, GError **error);

/**
 * plan_failed - say that plan_verdict() or plan_parts() could not do it.
 * @s: the scenario
 * @v: its variant, or NULL
 * @error: what they said
 *
 * Return: the exit status: CLI_INTERNAL if a worker crashed, else CLI_USAGE.
 */
int plan_failed(const struct scenario *s, const struct ast_variant *v,
                const GError *error);

/**
 * plan_command - the command that checks one variant alone.
 * @s: the scenario
 * @v: its variant, or NULL
 *
 * Return: "mmulator check FILE --variant NAME ..."; g_free().
 */
char *plan_command(const struct plan *p, const struct scenario *s,
                   const struct ast_variant *v);
/**
 * plan_again - the command that makes the run that decided once more.
 * @r: of plan_runner()
 * @v: the verdict
 *
 * Return: "mmulator run FILE ... --seed S --run N"; g_free(); NULL: the run has
 * no number.
 */
char *plan_again(const struct plan *p, const struct runner *r,
                 const struct verdict *v);

#endif
