/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report on its way: story.c chooses the records that explain a hazard and
 * makes lines of them, columns.c prints them side by side.
 */
#ifndef MMULATOR_VIZ_STORY_INTERNAL_H
#define MMULATOR_VIZ_STORY_INTERNAL_H

#include "viz/viz_internal.h"

#define COLUMNS_MAX (NR_CPUS_MAX + 1)
#define NO_CPU      NR_CPUS_MAX
#define FRAMES_MAX  64

/* How telling a line is; 0 is not shown. */
enum weight {
	HIDDEN,
	HELPFUL,
	TELLING,
	CENTRAL
};

struct line {
	const struct record *rec;
	char *text;
	enum weight weight;
	unsigned depth;
	unsigned count; /* lines of this kind in a row */
};

struct story {
	const struct machine *m;
	const struct hazard *h;
	const struct record *records;
	size_t nr_records;
	uint8_t *weights;         /* per record */
	uint64_t first_step;      /* of the story */
	uint64_t agents, cpus;    /* bits: in the hazard's links */
	pfn_t frames[FRAMES_MAX]; /* mapped in the range during the story */
	unsigned nr_frames;
	GArray *lines; /* struct line */
	struct record waits[HAZARD_LINKS_MAX];
	unsigned nr_left_out;
	int columns[COLUMNS_MAX]; /* CPU -> column, -1: none */
	unsigned nr_columns;
};

/** story_tell - choose what explains story->h; the rest of @r is zero but for
 * the machine. story_clear() it. */
void story_tell(struct story *r, const struct recorder *rec);
void story_clear(struct story *r);
/** columns_print - title, one column per CPU, an empty line; nothing if there
 * are no lines. */
void columns_print(struct story *r, GString *out);

#endif
