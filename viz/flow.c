// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lines of the columns as data, for formats that lay them out on their own.
 */
#include "viz/story_internal.h"

static void clear_line(gpointer data)
{
	struct flow_line *line = data;

	g_free(line->who);
	g_free(line->text);
}

static void add_line(GArray *flow, const struct story *r,
                     const struct line *line)
{
	const struct record *rec = line->rec;
	struct flow_line copy = {
		.step = rec->step,
		.cpu = rec->cpu,
		.who = g_strdup(
			rec->agent < 0 ? "" : r->m->agents[rec->agent]->name),
		.depth = line->depth,
		.text = line->count > 1 ? g_strdup_printf("%s (%u)", line->text,
		                                          line->count)
		                        : g_strdup(line->text),
	};

	g_array_append_val(flow, copy);
}

GArray *viz_flow(const struct recorder *recorder, const struct hazard *h,
                 const struct machine *m)
{
	GArray *flow = g_array_new(FALSE, FALSE, sizeof(struct flow_line));
	struct story r = { .m = m, .h = h };

	g_array_set_clear_func(flow, clear_line);
	story_tell(&r, recorder);
	for (unsigned i = 0; i < r.lines->len; i++)
		add_line(flow, &r, &g_array_index(r.lines, struct line, i));
	story_clear(&r);
	return flow;
}
