/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full scan's own: what is counted on the way through tables and caches,
 * and the parts in other files.
 */
#ifndef MMULATOR_MM_CHECK_INTERNAL_H
#define MMULATOR_MM_CHECK_INTERNAL_H

#include <glib.h>

#include "mm/mm_types.h"

/* How a frame is used, as far as the scan found. */
struct frame_use {
	uint32_t ptes;   /* PTEs that map it */
	uint32_t pmds;   /* PMDs that map the huge page it heads */
	uint32_t tables; /* ways it is reached as a page table */
	uint32_t cached; /* page caches it is in */
	uint64_t gups; /* references of get_user_pages, as the count has them */
	uint32_t pins; /* of these, pins */
};

struct mm_checker {
	struct kernel *kernel;
	struct machine *machine;
	GPtrArray *out;
	uint64_t nr_frames; /* frames that were ever used */
	struct frame_use *frames;
	GHashTable *vmas; /* arena offsets of VMAs in trees; lookups only */
};

/** check_found - add a line. */
void check_found(struct mm_checker *c, const char *fmt, ...)
	G_GNUC_PRINTF(2, 3);
/** check_frame - of @pfn; NULL if no such frame was ever used. */
struct frame_use *check_frame(struct mm_checker *c, pfn_t pfn);

void check_vmas(struct mm_checker *c, struct mm_struct *mm);
void check_files(struct mm_checker *c);
void check_gup_pages(struct mm_checker *c);
void check_frames(struct mm_checker *c);
void check_objects(struct mm_checker *c);

#endif
