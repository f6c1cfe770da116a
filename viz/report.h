/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports: what a run did, for people.
 *
 * A recorder observes a machine and keeps compact records of the events a
 * person may want to read about.  From them come the column report - one column
 * per CPU, only the lines that explain the hazards, short enough for an e-mail
 * - and the full trace, one line per event.
 *
 * A report is made before machine_reset(): names of agents are the machine's.
 */
#ifndef MMULATOR_VIZ_REPORT_H
#define MMULATOR_VIZ_REPORT_H

#include <glib.h>

#include "base/machine.h"
#include "oracle/oracle.h"

struct recorder;

/* Kept for one event; see viz/recorder.c for what the numbers mean per type. */
struct record {
	uint64_t step;
	uint64_t addr;
	uint64_t a, b, c, d;
	const char *text; /* the event's; NULL: none */
	uint8_t type;     /* enum event_type */
	int8_t agent;     /* id, -1: none */
	int8_t cpu;       /* -1: none */
	uint8_t level;    /* TLB and page-table events: 1 = 4K, 2 = 2M ... */
	bool write, read, exec, hit;
};

/**
 * recorder_new - a recorder.
 * @all_steps: also keep EV_STEP, EV_CHOICE, EV_INSN and EV_OBJ_ALLOC, for
 *	traces (slower)
 *
 * Return: never NULL; recorder_free().
 */
struct recorder *recorder_new(bool all_steps);
/**
 * recorder_free - it is not needed any more, attached or not.
 * @r: NULL: nothing happens
 */
void recorder_free(struct recorder *r);
/**
 * recorder_attach - record what happens from now on.
 * @m: the only one until recorder_detach(); BUG if there is one already
 */
void recorder_attach(struct recorder *r, struct machine *m);
/** recorder_detach - record no longer; what was recorded stays. */
void recorder_detach(struct recorder *r);
/** recorder_reset - a new run starts: forget everything. */
void recorder_reset(struct recorder *r);
/**
 * recorder_records - what was recorded, in the order of the events.
 * @n: set to how many; of more than 2^20 the older half is forgotten
 *
 * Return: the first; the recorder's, until the next event.
 */
const struct record *recorder_records(const struct recorder *r, size_t *n);

#define REPORT_LINES_MAX 30

/* Of every line for two CPUs, as e-mails have it; further CPUs add half of it
 * each to the columns. */
#define REPORT_WIDTH 72

/**
 * viz_hazard_to_tell - the one of several a report is about: the first, but a
 * deadlock rather than the lock rule broken on the way to it.
 * @hazards: what the oracles found, in their order
 * @n: how many
 *
 * Return: one of them; NULL: there is none.
 */
const struct hazard *viz_hazard_to_tell(const struct hazard *hazards,
                                        unsigned n);

/**
 * viz_columns - what each CPU did about a hazard, side by side.
 * @out: at most REPORT_LINES_MAX lines of events are appended, with titles and
 *	an empty line; nothing if nothing is known
 * @r: what happened
 * @h: the hazard
 * @m: its machine, before the next machine_reset()
 */
void viz_columns(GString *out, const struct recorder *r, const struct hazard *h,
                 const struct machine *m);

/* A line of the columns by itself. */
struct flow_line {
	uint64_t step;
	int cpu;   /* -1: none */
	char *who; /* name of the agent, "" if nobody */
	unsigned depth;
	char *text;
};

/**
 * viz_flow - the lines of viz_columns(), for who lays them out on his own.
 * @r: what happened
 * @h: the hazard
 * @m: its machine, before the next machine_reset()
 *
 * Return: of struct flow_line, in order, empty if nothing is known;
 * g_array_unref().
 */
GArray *viz_flow(const struct recorder *r, const struct hazard *h,
                 const struct machine *m);

/**
 * wrap_text - append a text, broken at blanks.
 * @out: what its last line holds already counts
 * @text: one line of ASCII; appended without a newline
 * @width: columns of a line; eight are used even if there are fewer
 * @indent: spaces before each line but the first
 */
void wrap_text(GString *out, const char *text, unsigned width, unsigned indent);

/**
 * viz_report - the hazard to tell: its sentence, why it came to it (viz/why.h),
 * an empty line, the columns; the sentences of the others.
 * @out: appended to; ends with a newline
 * @r: what happened
 * @hazards: what the oracles found; may be none
 * @n: how many
 * @m: the machine, for names
 */
void viz_report(GString *out, const struct recorder *r,
                const struct hazard *hazards, unsigned n,
                const struct machine *m);

/**
 * viz_explain - every hazard as viz_report() has the one to tell.
 * @out: appended to; nothing if there are none
 * @r: what happened
 * @hazards: what the oracles found
 * @n: how many
 * @m: the machine, for names
 */
void viz_explain(GString *out, const struct recorder *r,
                 const struct hazard *hazards, unsigned n,
                 const struct machine *m);

/**
 * viz_trace - every record, one line each; instructions of scenario threads
 * disassembled.
 * @out: appended to; a first line says how many events were forgotten, if any
 * @r: what happened
 * @m: the machine, for names
 */
void viz_trace(GString *out, const struct recorder *r, const struct machine *m);

#endif
