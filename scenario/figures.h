/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures a condition may look at after a run: those of /proc/PID/status in kB
 * and the counters of /proc/vmstat.
 */
#ifndef MMULATOR_SCENARIO_FIGURES_H
#define MMULATOR_SCENARIO_FIGURES_H

#include "base/types.h"

struct mm_figures;
struct vmstat;

bool figure_exists(const char *name);
/** figure_names - NULL-terminated. */
const char *const *figure_names(void);
/** figure_get - the figure called @name; it must exist. */
uint64_t figure_get(const struct mm_figures *figures, const char *name);

bool vmstat_exists(const char *name);
const char *const *vmstat_names(void);
uint64_t vmstat_get(const struct vmstat *vmstat, const char *name);

#endif
