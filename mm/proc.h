/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures and texts as in /proc.  Reading them is not a step: they are for
 * statistics, as in Linux.
 */
#ifndef MMULATOR_MM_PROC_H
#define MMULATOR_MM_PROC_H

#include <glib.h>

#include "mm/mm_types.h"

struct mm_figures { /* kB */
	uint64_t vm_size;
	uint64_t vm_rss;
	uint64_t rss_anon;
	uint64_t rss_file;
	uint64_t rss_shmem;
	uint64_t vm_pte; /* page tables, option pgtables_base_kb included */
};

/** mm_figures - the figures of one mm. No step. Return: them. */
struct mm_figures mm_figures(const struct mm_struct *mm);
/** page_tables_kb - PageTables of /proc/meminfo. Return: kB. */
uint64_t page_tables_kb(const struct kernel *k);

/** proc_pid_status - append /proc/PID/status of task @t to @s. */
void proc_pid_status(const struct task *t, GString *s);
/** proc_pid_maps - append /proc/PID/maps of @mm to @s. */
void proc_pid_maps(const struct mm_struct *mm, GString *s);
/** proc_meminfo - append /proc/meminfo to @s. */
void proc_meminfo(const struct kernel *k, GString *s);
/** proc_vmstat - append /proc/vmstat to @s. */
void proc_vmstat(const struct kernel *k, GString *s);
/**
 * proc_read - append a file of /proc as a task sees it.
 * @path: "/proc/self/status", "/proc/meminfo" ...
 * @s: gets the text
 *
 * Return: false if there is no such file.
 */
bool proc_read(const struct task *t, const char *path, GString *s);

#endif
