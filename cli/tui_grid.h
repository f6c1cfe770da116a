/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A screen in memory: characters with attributes, and what the stepper shows
 * on it.  Nothing here knows a terminal; cli/tui.c puts it on one.
 */
#ifndef MMULATOR_CLI_TUI_GRID_H
#define MMULATOR_CLI_TUI_GRID_H

#include <glib.h>

#include "stepper/console.h"

enum tui_look {
	LOOK_PLAIN,
	LOOK_BAR,   /* title and heads of panels */
	LOOK_NOW,   /* the current step */
	LOOK_AHEAD, /* known, not yet made */
	LOOK_ALARM, /* hazards, what was wrong */
	LOOK_COUNT
};

struct tui_grid {
	unsigned width, height;
	char *cells;    /* [row * width + column], printable ASCII */
	uint8_t *looks; /* enum tui_look, likewise */
};

/**
 * tui_grid_init - blank; tui_grid_clear().
 * @width: characters, perhaps 0
 * @height: rows, perhaps 0
 */
void tui_grid_init(struct tui_grid *g, unsigned width, unsigned height);
/** tui_grid_clear - free what it holds; twice is fine. */
void tui_grid_clear(struct tui_grid *g);
/**
 * tui_grid_text - put a text on it; outside of the grid nothing happens.
 * @row: from 0
 * @column: where the text begins, from 0
 * @width: characters it has; longer ones are cut off, the rest is blanked
 * @look: of all @width characters
 * @text: what is not printable ASCII becomes '?'
 */
void tui_grid_text(struct tui_grid *g, unsigned row, unsigned column,
                   unsigned width, enum tui_look look, const char *text);

/* What is on the screen besides the session. */
struct tui_view {
	int agent;         /* chosen by hand; -1: who is next */
	bool addr_fixed;   /* else that of the current step */
	uint64_t addr;     /* if fixed */
	const char *input; /* what is being typed; NULL: nothing */
	const char *wrong; /* why the last command was refused; or NULL */
	const char *page;  /* a text that covers the screen; or NULL */
	unsigned page_top; /* its first line shown */
};

/**
 * tui_draw - the whole screen.
 * @g: blank; what has no room is left out
 * @v: what is on it besides the session
 * @s: the session; not moved
 */
void tui_draw(struct tui_grid *g, const struct tui_view *v, struct session *s);

#endif
