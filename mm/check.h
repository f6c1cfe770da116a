/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full scan: does everything the mm counts agree with the page tables?
 *
 * Looks at all of memory at once, without steps or events; meant for the end
 * of a run or a quiet moment of a test.  Shares no code with the functions it
 * judges: it reads entries raw.
 */
#ifndef MMULATOR_MM_CHECK_H
#define MMULATOR_MM_CHECK_H

#include <glib.h>

#include "mm/mm_types.h"

/**
 * mm_check - scan everything.
 * @out: array of char * (g_free) the findings are added to, one line each;
 *       lines about something nobody owns start with "leak: "
 *
 * Checked: RSS counters, pgtables_bytes, tables (kind, owner, reachable once,
 * live), entries to free frames, map and reference counts of every frame,
 * deposited tables, page cache, VMAs against tables; frames, VMAs, mms and
 * anon_vmas that nobody owns.
 *
 * Context: outside of a run, or from a step-free place.
 * Return: number of findings added.
 */
unsigned mm_check(struct kernel *k, GPtrArray *out);

#endif
