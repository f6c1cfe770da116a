/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bug.h"

#include <glib.h>
#include <stdlib.h>

#include "base/machine.h"

_Noreturn void mmulator_bug(const char *file, int line, const char *what)
{
	struct agent *a = current_agent;

	g_printerr("mmulator: internal error at %s:%d: %s\n", file, line, what);
	if (a) {
		struct machine *m = a->machine;

		g_printerr("  agent %s, step %" G_GUINT64_FORMAT " \"%s\"\n",
		           a->name, m->sched.nr_steps,
		           a->next.label ? a->next.label : "");
		if (m->crash)
			m->crash(m);
	}
	abort();
}
