/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report: the sentence of each hazard, the columns of the one to tell.
 */
#include "viz/report.h"

#include "viz/story_internal.h"
#include "viz/why.h"

/* ---- hazard lines ---- */

static void print_sentence(GString *out, const struct hazard *h)
{
	g_autofree char *text = g_strdup_printf("hazard %s: %s", h->oracle,
	                                        h->text ? h->text : "");

	wrap_text(out, text, REPORT_WIDTH, 2);
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

/* Sentence, chain and columns of one hazard. */
static void tell(GString *out, const struct recorder *rec,
                 const struct hazard *h, const struct machine *m)
{
	g_autoptr(GString) columns = g_string_new(NULL);
	g_autoptr(GArray) links = viz_why(rec, h, m);

	print_sentence(out, h);
	viz_why_text(out, links);
	viz_columns(columns, rec, h, m);
	if (columns->len)
		g_string_append_printf(out, "\n%s", columns->str);
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
	tell(out, rec, told, m);
	for (unsigned i = 0; i < n; i++)
		if (&hazards[i] != told)
			print_sentence(out, &hazards[i]);
}

void viz_explain(GString *out, const struct recorder *rec,
                 const struct hazard *hazards, unsigned n,
                 const struct machine *m)
{
	for (unsigned i = 0; i < n; i++)
		tell(out, rec, &hazards[i], m);
}
