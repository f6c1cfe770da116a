// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/told.h"

#include "viz/why.h"

static void clear_told(gpointer data)
{
	struct told *t = data;

	g_free(t->text);
	g_array_unref(t->why);
	g_array_unref(t->flow);
}

static void add_told(GArray *told, const struct recorder *r,
                     const struct hazard *h, const struct machine *m)
{
	struct told t = { .id = h->id,
		          .step = h->step,
		          .text = g_strdup(h->text ? h->text : ""),
		          .why = viz_why(r, h, m),
		          .flow = viz_flow(r, h, m) };

	g_array_append_val(told, t);
}

GArray *tell_hazards(const struct recorder *r, const struct hazard *hazards,
                     unsigned n, const struct machine *m)
{
	const struct hazard *first = viz_hazard_to_tell(hazards, n);
	GArray *told = g_array_new(FALSE, FALSE, sizeof(struct told));

	g_array_set_clear_func(told, clear_told);
	if (first)
		add_told(told, r, first, m);
	for (unsigned i = 0; i < n; i++) {
		if (&hazards[i] != first)
			add_told(told, r, &hazards[i], m);
	}
	return told;
}

const struct told *told_of(const GArray *told, enum oracle_id id)
{
	for (unsigned i = 0; told && i < told->len; i++) {
		const struct told *t = &g_array_index(told, struct told, i);

		if (t->id == id)
			return t;
	}
	return NULL;
}
