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

void tui_grid_init(struct tui_grid *g, unsigned width, unsigned height);
void tui_grid_clear(struct tui_grid *g);
/** tui_grid_text - @text from (@row, @column) on, cut off at @width characters
 * and at the grid's border; the rest of the @width is blanked. */
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

/** tui_draw - the whole screen. */
void tui_draw(struct tui_grid *g, const struct tui_view *v, struct session *s);

#endif
