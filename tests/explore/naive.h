/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every run there is, by trying every answer to every question. */
#ifndef MMULATOR_TESTS_EXPLORE_NAIVE_H
#define MMULATOR_TESTS_EXPLORE_NAIVE_H

#include "base/machine.h"

struct enumeration {
	struct machine *machine;
	/* Bring the machine to the start of a run; look at its end. */
	void (*start)(void *data);
	void (*note)(void *data, enum run_end end);
	void *data;
	/* Every step; may be NULL. */
	void (*stepped)(struct machine *m, const struct agent *a);
	/* That an agent starts is a step like any other, anywhere; else all do
	 * so first, as it is nobody's business. */
	bool free_starts;
	unsigned bound; /* only runs with so many preemptions; UINT_MAX: all */
	unsigned limit; /* give up beyond this many runs */
};

/** enumerate_runs - Return: false if given up. */
bool enumerate_runs(const struct enumeration *e);

#endif
