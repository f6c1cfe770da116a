/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choice logs: what a run chose, and nothing else.  Same program, options and
 * log = the same run, bit for bit.
 *
 * Text form, one item a line, '#' comments:
 *
 *	mmulator-choices 1
 *	scenario scenarios/pt-reclaim/size-mix.scn
 *	variant vulnerable
 *	engine direct
 *	option pt_reclaim=rfc_v1
 *	steps 812
 *	trace-hash 9f0c...
 *	choices 2
 *	a3/1 t2/1
 *
 * A choice is a letter for its kind (a agent, t TLB match, s speculate, e
 * evict, f fail, o other), the number of alternatives, '/', and the answer;
 * a run of equal choices is written once with '*count' behind it.  How many
 * choices there are may be left out.
 */
#ifndef MMULATOR_BASE_CHOICELOG_H
#define MMULATOR_BASE_CHOICELOG_H

#include <glib.h>

#include "base/sched.h"

struct choice_entry {
	uint8_t kind; /* enum choice_kind */
	uint8_t n;    /* alternatives, 2 .. 255 */
	uint8_t pick; /* 0 .. n - 1 */
};

struct choice_log {
	struct choice_entry *entries;
	unsigned nr_entries, room;
	/* What the log belongs to; keys and values as in the text form. */
	GPtrArray *headers; /* of char *, "key value" */
	uint64_t nr_steps;
	uint64_t trace_hash;
};

enum choice_log_error {
	CHOICE_LOG_ERROR_SYNTAX, /* message names the line */
};
#define CHOICE_LOG_ERROR choice_log_error_quark()
/** choice_log_error_quark - the domain of enum choice_log_error. Return: it. */
GQuark choice_log_error_quark(void);

/** choice_log_new - an empty log. Return: never NULL; choice_log_free(). */
struct choice_log *choice_log_new(void);
/** choice_log_free - it is not needed any more; NULL is fine. */
void choice_log_free(struct choice_log *log);

/** choice_log_clear - forget the choices, keep the memory and headers. */
void choice_log_clear(struct choice_log *log);

/** choice_log_grow - make room for one more entry. */
void choice_log_grow(struct choice_log *log);

/** choice_log_add - append a choice; inline, it happens at every switch. */
static inline void choice_log_add(struct choice_log *log, enum choice_kind kind,
                                  unsigned n, unsigned pick)
{
	struct choice_entry e = { (uint8_t)kind, (uint8_t)n, (uint8_t)pick };

	if (unlikely(log->nr_entries == log->room))
		choice_log_grow(log);
	log->entries[log->nr_entries++] = e;
}

/** choice_log_set_header - remember that @key has @value; the last one wins. */
void choice_log_set_header(struct choice_log *log, const char *key,
                           const char *value);
/**
 * choice_log_add_header - likewise, but @key may have several values: @value is
 * one more.
 */
void choice_log_add_header(struct choice_log *log, const char *key,
                           const char *value);
/**
 * choice_log_header - a value of a header.
 * @key: which header
 * @i: which of its values, from 0
 *
 * Return: the log's string, NULL if there is none.
 */
const char *choice_log_header(const struct choice_log *log, const char *key,
                              unsigned i);

/** choice_log_format - the text form. Return: it; g_free(). */
char *choice_log_format(const struct choice_log *log);

/**
 * choice_log_parse - read the text form.
 * @text: any content at all
 * @len: its bytes
 * @error: set to CHOICE_LOG_ERROR_SYNTAX with the line
 *
 * Return: the log, or NULL and @error.
 */
struct choice_log *choice_log_parse(const char *text, size_t len,
                                    GError **error);

#endif
