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
 * @all_steps: also keep EV_STEP, EV_CHOICE and EV_INSN, for traces (slower)
 */
struct recorder *recorder_new(bool all_steps);
void recorder_free(struct recorder *r);
void recorder_attach(struct recorder *r, struct machine *m);
void recorder_detach(struct recorder *r);
/** recorder_reset - a new run starts: forget everything. */
void recorder_reset(struct recorder *r);
const struct record *recorder_records(const struct recorder *r, size_t *n);

#define REPORT_LINES_MAX 30

/* Of every line for two CPUs, as e-mails have it; further CPUs add half of it
 * each to the columns. */
#define REPORT_WIDTH 72

/** viz_hazard_to_tell - the one of @n a report is about; NULL: there is none.
 * It is the first, but for a deadlock behind what led to it. */
const struct hazard *viz_hazard_to_tell(const struct hazard *hazards,
                                        unsigned n);

/** viz_columns - what each CPU did about @h, side by side, and an empty line;
 * nothing if nothing is known. Appended to @out. */
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

/** viz_flow - the lines of viz_columns() in order: struct flow_line. Return: an
 * array, empty if nothing is known; g_array_unref() it. */
GArray *viz_flow(const struct recorder *r, const struct hazard *h,
                 const struct machine *m);

/** wrap_text - append @text to @out broken at @width columns; lines after the
 * first are indented by @indent spaces. */
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

/** viz_explain - every one of @n hazards as viz_report() has the first. */
void viz_explain(GString *out, const struct recorder *r,
                 const struct hazard *hazards, unsigned n,
                 const struct machine *m);

/** viz_trace - every record, one line each; instructions of scenario threads
 * disassembled. */
void viz_trace(GString *out, const struct recorder *r, const struct machine *m);

#endif
