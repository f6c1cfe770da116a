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
GQuark pool_error_quark(void);

/**
 * pool_new - start @nr_workers processes.
 * @items: of struct pool_item; borrowed
 * @plan: borrowed
 *
 * Return: NULL, said so, if the host gives no processes.
 */
struct pool *pool_new(unsigned nr_workers, const GArray *items,
                      struct plan *plan);
/** pool_free - workers that still work are ended. */
void pool_free(struct pool *pool);

/** pool_parts, pool_verdict - what the workers found out about variant @item;
 * wait for it. For plan_parts() and plan_verdict(). */
bool pool_parts(struct pool *pool, unsigned item,
                const struct search_sink *sink, GError **error);
bool pool_verdict(struct pool *pool, unsigned item, struct verdict *out,
                  GError **error);

#endif
