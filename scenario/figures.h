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

/**
 * figure_exists - may a condition ask a process for this figure?
 * @name: any word; case matters
 *
 * Return: whether it is one of figure_names().
 */
bool figure_exists(const char *name);
/** figure_names - "VmSize", "VmRSS" ... Return: NULL-terminated literals. */
const char *const *figure_names(void);
/**
 * figure_get - one figure of an address space.
 * @figures: all of them, from mm_figures()
 * @name: one of figure_names(); BUG otherwise
 *
 * Return: kB, as in /proc/PID/status.
 */
uint64_t figure_get(const struct mm_figures *figures, const char *name);

/**
 * vmstat_exists - may a condition ask the kernel for this counter?
 * @name: any word; case matters
 *
 * Return: whether it is one of vmstat_names().
 */
bool vmstat_exists(const char *name);
/** vmstat_names - the counters kept. Return: NULL-terminated literals. */
const char *const *vmstat_names(void);
/**
 * vmstat_get - one counter of the kernel.
 * @vmstat: machine->vmstat
 * @name: one of vmstat_names(); BUG otherwise
 *
 * Return: its value, in the unit of /proc/vmstat.
 */
uint64_t vmstat_get(const struct vmstat *vmstat, const char *name);

#endif
