/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MMULATOR_VIZ_VIZ_INTERNAL_H
#define MMULATOR_VIZ_VIZ_INTERNAL_H

#include "viz/report.h"

struct recorder {
	struct observer observer;
	struct machine *machine;
	GArray *records;       /* struct record */
	uint64_t nr_forgotten; /* the oldest go when there are too many */
};

/** describe_record - one line for people: "clear pte 0x40003000"; empty if
 * there is nothing to say. */
void describe_record(GString *out, const struct machine *m,
                     const struct record *rec);
/** agent_label - "CPU1 (reclaim)", "rcu"; for agent -1 "set-up". */
char *agent_label(const struct machine *m, int agent);

#endif
