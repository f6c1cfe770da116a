/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the language that stand for numbers: system calls and their
 * arguments, advice, protections, flags, signals.
 */
#ifndef MMULATOR_SCENARIO_NAMES_H
#define MMULATOR_SCENARIO_NAMES_H

#include "base/types.h"

struct name_value {
	const char *name; /* NULL ends a table */
	uint64_t value;
};

enum arg_kind {
	ARG_NONE, /* no such argument */
	ARG_ADDR,
	ARG_SIZE,
	ARG_NUMBER,
	ARG_PROT,
	ARG_MAP_FLAGS,
	ARG_MREMAP_FLAGS,
	ARG_ADVICE,
	ARG_PRCTL,
	ARG_TAG_CTRL,   /* PR_TAGGED_ADDR_ENABLE|PR_MTE_TCF_SYNC */
	ARG_MTE_CHECKS, /* sync|async, of the statement mte */
	ARG_FILE,       /* the name of a file, passed as its descriptor */
};

#define SYSCALL_ARGS_MAX 6

struct syscall_desc {
	const char *name;
	enum arg_kind args[SYSCALL_ARGS_MAX];
	unsigned nr_required; /* further ones default to 0, a file to -1 */
	const char *usage;
};

/** find_syscall - the system call of @name. Return: it, NULL if unknown. */
const struct syscall_desc *find_syscall(const char *name);
/**
 * syscall_table - every system call of the language.
 * @n: set to how many
 *
 * Return: the first of them; constant.
 */
const struct syscall_desc *syscall_table(unsigned *n);

/**
 * arg_names - the words an argument of @kind may be made of.
 *
 * Return: a table, NULL if it takes no words of its own.
 */
const struct name_value *arg_names(enum arg_kind kind);
/**
 * arg_kind_name - for "expected ...": "an address", "a size".
 * @kind: any value; what has no words of its own is "a number"
 *
 * Return: a literal.
 */
const char *arg_kind_name(enum arg_kind kind);

/** signal_names - the signals that end threads here. Return: a table. */
const struct name_value *signal_names(void);
/** si_code_names - why they do, SEGV_MAPERR and others. Return: a table. */
const struct name_value *si_code_names(void);

/**
 * find_value - what a word stands for.
 * @table: ended by a name of NULL
 * @name: case matters
 *
 * Return: the entry, NULL if there is none.
 */
const struct name_value *find_value(const struct name_value *table,
                                    const char *name);

#endif
