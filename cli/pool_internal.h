/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the pool and its workers: what they share, and the lines a worker
 * writes into its pipe.
 *
 *	part ITEM JSON                a part of a search (scenario/part.h)
 *	walked ITEM BOUND PARTS HIT   as of struct search_sink
 *	verdict ITEM RUN SEED FIRED END JSON
 *	error ITEM MESSAGE            escaped
 *	left ITEM                     the worker has nothing more for it
 */
#ifndef MMULATOR_CLI_POOL_INTERNAL_H
#define MMULATOR_CLI_POOL_INTERNAL_H

#include <stdatomic.h>

#include "cli/pool.h"

struct shared_item {
	/* The first part that nobody has begun: 1 + bound << 32 | number, in
	 * the order all walk them. */
	_Atomic uint64_t next;
	_Atomic int64_t start; /* when the first worker came to it, 0: none */
	_Atomic uint64_t runs;
	_Atomic bool over; /* nobody wants to know any more */
};

struct shared {
	_Atomic unsigned doing[CLI_JOBS_MAX]; /* item of each worker */
	struct shared_item items[];
};

/** work - a worker's life. @out: the pipe. */
void work(const struct plan *plan, const GArray *items, struct shared *shared,
          unsigned worker, int out);

#endif
