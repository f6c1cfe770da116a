/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far long work has come: one line on a terminal's stderr, drawn again and
 * again, gone in the end.  In a pipe, or with -q, nothing.
 */
#ifndef MMULATOR_CLI_PROGRESS_H
#define MMULATOR_CLI_PROGRESS_H

#include <glib.h>
#include <stdbool.h>

struct progress {
	bool shown;       /* stderr is a terminal and may be written to */
	gint64 drawn;     /* when, monotonic microseconds */
	unsigned nr_all;  /* variants */
	unsigned nr_done; /* with the one under way */
	char *what;       /* the one under way */
};

/**
 * progress_init - nothing is done yet; progress_clear().
 * @nr_all: variants to come
 * @quiet: draw nothing, terminal or not
 */
void progress_init(struct progress *p, unsigned nr_all, bool quiet);
/** progress_clear - the line goes away, for good. */
void progress_clear(struct progress *p);

/**
 * progress_next - the next variant is under way.
 * @scenario: its file
 * @variant: its name
 */
void progress_next(struct progress *p, const char *scenario,
                   const char *variant);
/**
 * progress_runs - so many of its runs were made; drawn ten times a second at
 * most.
 * @done: runs; 0: none so far
 * @total: runs there may be at most; 0 if @done is
 */
void progress_runs(struct progress *p, unsigned done, unsigned total);
/** progress_wipe - before something else is written. */
void progress_wipe(struct progress *p);

#endif
