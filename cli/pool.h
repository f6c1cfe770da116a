/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -j N: N processes judge the chosen variants together.
 *
 * Every worker goes through the variants in order.  Of a search it makes the
 * parts that nobody has begun; a counter in shared memory says which those are.
 * What is no search one worker does.  The results come through pipes, in any
 * order, and are put in order here (scenario/joint.h), so that the verdict is
 * the one a single process would come to.
 *
 * Workers die with this process, whatever ends it.
 */
#ifndef MMULATOR_CLI_POOL_H
#define MMULATOR_CLI_POOL_H

#include "cli/plan.h"

struct pool;

/* One variant to be judged. */
struct pool_item {
	const struct scenario *scenario;
	const struct ast_variant *v;
};

enum pool_error {
	POOL_ERROR_CRASHED, /* a worker died: a bug of ours */
	POOL_ERROR_RUN,     /* a run is impossible */
};
#define POOL_ERROR pool_error_quark()
/** pool_error_quark - the domain of enum pool_error. Return: it. */
GQuark pool_error_quark(void);

/**
 * pool_new - start the workers.
 * @nr_workers: processes, 1 .. CLI_JOBS_MAX
 * @items: of struct pool_item; borrowed
 * @plan: borrowed
 *
 * Return: pool_free(); NULL, said so, if the host gives no processes.
 */
struct pool *pool_new(unsigned nr_workers, const GArray *items,
                      struct plan *plan);
/**
 * pool_free - workers that still work are ended.
 * @pool: NULL: nothing happens
 */
void pool_free(struct pool *pool);

/**
 * pool_parts - the parts of a search, as the workers make them; waits for them.
 * @item: number of the variant
 * @sink: gets them until it has enough
 * @error: POOL_ERROR; another for a line that is no part
 *
 * Context: once per item, and not together with pool_verdict().
 * Return: false and @error if a run is impossible or a worker died.
 */
bool pool_parts(struct pool *pool, unsigned item,
                const struct search_sink *sink, GError **error);
/**
 * pool_verdict - what a worker found out about a variant that is no search;
 * waits for it.
 * @item: number of the variant
 * @out: the verdict; verdict_clear()
 * @error: as pool_parts()
 *
 * Context: once per item, and not together with pool_parts().
 * Return: as pool_parts().
 */
bool pool_verdict(struct pool *pool, unsigned item, struct verdict *out,
                  GError **error);

#endif
