// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Between two drawings, in microseconds. */
#define PERIOD 100000

void progress_init(struct progress *p, unsigned nr_all, bool quiet)
{
	*p = (struct progress){ .shown = !quiet && isatty(STDERR_FILENO),
		                .nr_all = nr_all };
}

void progress_clear(struct progress *p)
{
	progress_wipe(p);
	g_free(p->what);
	p->what = NULL;
}

/* A longer line would go on below and could not be drawn over. */
static size_t terminal_width(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		return size.ws_col - 1U;
	return 79;
}

/* The end of a path says more than its beginning. */
static void draw(struct progress *p, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	glong width = (glong)terminal_width();
	glong len = g_utf8_strlen(valid, -1);
	const char *tail = valid;

	for (char *c = valid; *c; c++)
		*c = g_ascii_iscntrl(*c) ? '?' : *c;
	if (len > width)
		tail = g_utf8_offset_to_pointer(valid, len - width);
	fprintf(stderr, "\r\033[K%s", tail);
	(void)fflush(stderr);
	p->drawn = g_get_monotonic_time();
}

void progress_next(struct progress *p, const char *scenario,
                   const char *variant)
{
	g_free(p->what);
	p->what = g_strdup_printf("%s: %s", scenario, variant);
	p->nr_done++;
	progress_runs(p, 0, 0);
}

void progress_runs(struct progress *p, unsigned done, unsigned total)
{
	g_autoptr(GString) text = NULL;

	if (!p->shown || g_get_monotonic_time() - p->drawn < PERIOD)
		return;
	text = g_string_new(p->what);
	if (done)
		g_string_append_printf(text, ": %u/%u", done, total);
	g_string_append_printf(text, " (%u of %u)", p->nr_done, p->nr_all);
	draw(p, text->str);
}

void progress_wipe(struct progress *p)
{
	if (p->shown && p->drawn)
		fputs("\r\033[K", stderr);
}
