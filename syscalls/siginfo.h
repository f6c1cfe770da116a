/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of siginfo_t's si_code. */
#ifndef MMULATOR_SYSCALLS_SIGINFO_H
#define MMULATOR_SYSCALLS_SIGINFO_H

/**
 * si_code_name - what @code means with @signal.
 * @signal: SIGSEGV and so on
 * @code: any
 *
 * Return: "SEGV_MAPERR" and the like, a literal; NULL: none that is used here.
 */
const char *si_code_name(int signal, int code);

#endif
