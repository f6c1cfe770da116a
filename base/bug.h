/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own bugs.  BUG_ON() stays on in every build: it prints where, the state
 * of the running machine and the command that reproduces the run, and aborts
 * (the command line turns the abort into exit status 3).  A guest, a scenario
 * or a workload must never be able to reach one.
 */
#ifndef MMULATOR_BASE_BUG_H
#define MMULATOR_BASE_BUG_H

/**
 * mmulator_bug - report an internal error and abort.
 * @file: source file of the failed check
 * @line: its line
 * @what: the condition that held but must not
 *
 * Calls the crash handler of the current agent's machine, if there is one, so
 * that the choice log and the reproducing command reach the user.
 */
_Noreturn void mmulator_bug(const char *file, int line, const char *what);

#define BUG() mmulator_bug(__FILE__, __LINE__, "reached")
#define BUG_ON(cond)                                             \
	do {                                                     \
		if (__builtin_expect(!!(cond), 0))               \
			mmulator_bug(__FILE__, __LINE__, #cond); \
	} while (0)

#endif
