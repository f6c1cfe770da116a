/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that a signal ended: which, by what, and why. A run in which one was
 * killed did less than its scenario says, so every report mentions it, hazard
 * or not.
 */
#ifndef MMULATOR_SCENARIO_KILLED_H
#define MMULATOR_SCENARIO_KILLED_H

#include "scenario/run.h"

/* Everything it points to lives as long as the scenario, or for ever. */
struct killed {
	const struct ast_thread *thread;
	int signal;      /* the guest's number, 1 .. 31 */
	int si_code;     /* of the signal */
	vaddr_t addr;    /* the access that brought it */
	const char *why; /* a phrase: "out of memory" */
	/* No condition of the scenario looks at the thread's signal: whoever
	 * wrote it did not count on one. */
	bool unexpected;
};

/**
 * killed_threads - those of one run, in the order of the scenario.
 * @r: where it ran
 * @run: its outcome
 *
 * Return: of struct killed, perhaps empty; g_array_unref().
 */
GArray *killed_threads(const struct runner *r, const struct run_result *run);

/**
 * killed_sentence - a thread's end for people.
 * @k: an element of killed_threads()
 *
 * Return: "CPU1 (touch) was killed by SIGKILL at 0x40000000: out of memory";
 * g_free().
 */
char *killed_sentence(const struct killed *k);

/**
 * killed_signal_name - "SIGKILL".
 * @signal: the guest's number
 *
 * Return: its name; "signal" if it is none that ends threads here.
 */
const char *killed_signal_name(int signal);

#endif
