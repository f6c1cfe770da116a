/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report: the sentence of each hazard, the columns of the one to tell.
 */
#include "viz/report.h"

#include <inttypes.h>

#include "viz/story_internal.h"

/* ---- hazard lines ---- */

static const char *role_name(enum hazard_role role)
{
	static const char *const names[HAZARD_ROLE_COUNT] = {
		[HAZARD_FILLED] = "cached",
		[HAZARD_SET] = "set",
		[HAZARD_REMOVED] = "removed",
		[HAZARD_DECLARED] = "declared done",
		[HAZARD_FREED] = "freed",
		[HAZARD_PINNED] = "referenced",
		[HAZARD_STORED] = "stored",
		[HAZARD_USED] = "used",
	};

	return role < HAZARD_ROLE_COUNT ? names[role] : "?";
}

static void print_hazard(GString *out, const struct hazard *h,
                         const struct machine *m, bool links)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_printf(text, "hazard %s: %s", h->oracle,
	                h->text ? h->text : "");
	wrap_text(out, text->str, REPORT_WIDTH, 2);
	g_string_append_c(out, '\n');
	if (!links || !h->nr_links)
		return;
	g_string_truncate(text, 0);
	for (unsigned i = 0; i < h->nr_links; i++) {
		g_autofree char *who = agent_label(m, h->links[i].agent);

		g_string_append_printf(
			text, "%s%s by %s at step %" PRIu64, i ? ", " : "",
			role_name(h->links[i].role), who, h->links[i].step);
	}
	g_string_append(out, "  ");
	wrap_text(out, text->str, REPORT_WIDTH, 2);
	g_string_append_c(out, '\n');
}

/* Locks taken in the wrong order are only the beginning of the deadlock they
 * lead to. */
const struct hazard *viz_hazard_to_tell(const struct hazard *hazards,
                                        unsigned n)
{
	if (!n)
		return NULL;
	for (unsigned i = 1; i < n && hazards[0].id == ORACLE_LOCK_RULE; i++)
		if (hazards[i].id == ORACLE_DEADLOCK)
			return &hazards[i];
	return hazards;
}

void viz_columns(GString *out, const struct recorder *rec,
                 const struct hazard *h, const struct machine *m)
{
	struct story r = { .m = m, .h = h };

	story_tell(&r, rec);
	columns_print(&r, out);
	story_clear(&r);
}

void viz_report(GString *out, const struct recorder *rec,
                const struct hazard *hazards, unsigned n,
                const struct machine *m)
{
	const struct hazard *told = viz_hazard_to_tell(hazards, n);

	if (!told) {
		g_string_append(out, "no hazard\n");
		return;
	}
	viz_columns(out, rec, told, m);
	for (unsigned i = 0; i < n; i++)
		print_hazard(out, &hazards[i], m, &hazards[i] == told);
}
