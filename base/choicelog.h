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
 *	choices
 *	a3/1 t2/1 ...
 *
 * A choice is a letter for its kind (a agent, t TLB match, s speculate, e
 * evict, f fail, o other), the number of alternatives, '/', and the answer;
 * a run of equal choices is written once with '*count' behind it.
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
GQuark choice_log_error_quark(void);

struct choice_log *choice_log_new(void);
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

/** choice_log_set_header - remember "key value"; the last one wins. */
void choice_log_set_header(struct choice_log *log, const char *key,
                           const char *value);
/** choice_log_add_header - as above but a key may come several times. */
void choice_log_add_header(struct choice_log *log, const char *key,
                           const char *value);
/** choice_log_header - the @i-th value of @key, or NULL. */
const char *choice_log_header(const struct choice_log *log, const char *key,
                              unsigned i);

/** choice_log_format - the text form; the caller frees it. */
char *choice_log_format(const struct choice_log *log);

/**
 * choice_log_parse - read the text form.
 * @text: @len bytes, any content at all
 *
 * Return: the log, or NULL and @error (CHOICE_LOG_ERROR_SYNTAX) with the line.
 */
struct choice_log *choice_log_parse(const char *text, size_t len,
                                    GError **error);

#endif
