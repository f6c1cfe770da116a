/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is to say about the hazards of a run, as values that outlive it.
 */
#ifndef MMULATOR_CLI_TOLD_H
#define MMULATOR_CLI_TOLD_H

#include "viz/report.h"

struct told {
	enum oracle_id id;
	uint64_t step; /* when it was noticed */
	char *text;    /* one sentence */
	GArray *why;   /* viz_why() */
	GArray *flow;  /* viz_flow() */
};

/**
 * tell_hazards - keep what led to each hazard of a run.
 * @r: the run, recorded from its start
 * @hazards: what the judges found in it
 * @n: how many
 * @m: its machine, before the next machine_reset()
 *
 * Return: of struct told, the one a report is about (viz_hazard_to_tell())
 * first, then the others in order; g_array_unref().
 */
GArray *tell_hazards(const struct recorder *r, const struct hazard *hazards,
                     unsigned n, const struct machine *m);
/**
 * told_of - what was told first about hazards of a kind.
 * @told: of tell_hazards(); NULL: nothing
 * @id: any
 *
 * Return: in @told; NULL: there is none.
 */
const struct told *told_of(const GArray *told, enum oracle_id id);

#endif
