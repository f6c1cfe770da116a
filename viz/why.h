/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why: the chain of events that led to a hazard.
 *
 * Who cached the translation and when, who changed the entry, whose flush was
 * owed or left out and for which reason, who freed what after which grace
 * period, who reused it, who used the stale thing; for a deadlock who holds
 * what and who waits for it.  Each link is an event of the recorded run, with
 * its step.
 *
 * The chain is derived from what the judges name (struct hazard) and from the
 * records; what was forgotten by the recorder is not in it.
 */
#ifndef MMULATOR_VIZ_WHY_H
#define MMULATOR_VIZ_WHY_H

#include "viz/report.h"

enum why_kind {
	WHY_FILLED,   /* a translation or an upper level was cached */
	WHY_STORED,   /* the value was stored, tags were set */
	WHY_DIRTIED,  /* hardware set A or D */
	WHY_CHANGED,  /* an entry was written */
	WHY_OWED,     /* the flush was put off */
	WHY_SKIPPED,  /* the flush, or this CPU's, was left out */
	WHY_FLUSHED,  /* it began: in time or too late */
	WHY_DECLARED, /* the kernel said it was done */
	WHY_PINNED,   /* a reference was taken */
	WHY_READER,   /* a read section began, or interrupts went off */
	WHY_IPI,      /* an interrupt was taken that waits for no reader */
	WHY_QUEUED,   /* it was handed to call_rcu() */
	WHY_GRACE,    /* a grace period ended */
	WHY_FREED,    /* frame, table or object was given back */
	WHY_REUSED,   /* and became something else */
	WHY_HELD,     /* a lock was taken and is held */
	WHY_WAITS,    /* for what never comes */
	WHY_USED,     /* the stale thing was used: the hazard */
	WHY_KIND_COUNT
};

struct why_link {
	enum why_kind kind;
	uint64_t step;
	int agent;    /* id, -1: nobody */
	int cpu;      /* -1: none */
	size_t order; /* of the record; links are in its order */
	char *who;    /* the agent's name, "set-up" if nobody */
	char *what;   /* "clear pte 0x40003000" */
};

/**
 * why_kind_name - one word, for trees and tests.
 * @kind: any value
 *
 * Return: a literal: "filled", "skipped" ...; "?" for a value that is none.
 */
const char *why_kind_name(enum why_kind kind);

/**
 * viz_why - the chain of a hazard.
 * @r: the run it was found in, recorded from its start
 * @h: the hazard
 * @m: its machine, before the next machine_reset()
 *
 * Return: array of struct why_link in the order of events, to be freed by
 * g_array_unref(); empty if nothing is known.
 */
GArray *viz_why(const struct recorder *r, const struct hazard *h,
                const struct machine *m);

/**
 * viz_why_text - the chain for people.
 * @out: a line per link is appended, REPORT_WIDTH wide: step, who, what
 * @links: from viz_why(); the machine may be gone
 */
void viz_why_text(GString *out, const GArray *links);

#endif
