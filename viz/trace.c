/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full trace: one line per record.
 *
 *	  step  who                type           what
 *
 * An instruction is written as a disassembler does, after its offset in the
 * code of its thread.
 */
#include <inttypes.h>
#include <string.h>

#include "emu/code.h"
#include "emu/disas.h"
#include "viz/report.h"
#include "viz/viz_internal.h"

char *agent_label(const struct machine *m, int agent)
{
	const struct agent *a;

	if (agent < 0 || (unsigned)agent >= m->nr_agents)
		return g_strdup("set-up");
	a = m->agents[agent];
	if (!a->cpu)
		return g_strdup(a->name);
	return g_strdup_printf("CPU%u (%s)", a->cpu->id, a->name);
}

/* Where to break @text so that @room characters are not exceeded. */
static size_t break_at(const char *text, size_t room)
{
	size_t len = strlen(text), at = room;

	if (len <= room)
		return len;
	while (at > 0 && text[at] != ' ')
		at--;
	return at ? at : room;
}

void wrap_text(GString *out, const char *text, unsigned width, unsigned indent)
{
	const char *newline = strrchr(out->str, '\n');
	size_t used = newline ? (size_t)(out->str + out->len - newline - 1)
	                      : out->len;

	for (;;) {
		size_t room = width > used + 8 ? width - used : 8;
		size_t n = break_at(text, room);

		g_string_append_len(out, text, (gssize)n);
		text += n;
		while (*text == ' ')
			text++;
		if (!*text)
			return;
		g_string_append_c(out, '\n');
		for (unsigned i = 0; i < indent; i++)
			g_string_append_c(out, ' ');
		used = indent;
	}
}

static void trace_insn(GString *out, const struct record *rec,
                       struct disas *disas)
{
	const uint64_t bytes[2] = { rec->a, rec->b };
	vaddr_t pc = rec->addr - CODE_BASE;
	char text[128];

	disas_insn(disas, (const uint8_t *)bytes, rec->c, pc, text,
	           sizeof(text));
	g_string_append_printf(out, "0x%" PRIx64 ": %s", pc, text);
}

static void trace_line(GString *out, const struct record *rec,
                       const struct machine *m, struct disas *disas)
{
	g_autofree char *who = agent_label(m, rec->agent);

	g_string_append_printf(out, "%8" PRIu64 "  %-20s %-14s ", rec->step,
	                       who,
	                       event_type_name((enum event_type)rec->type));
	if (rec->type == EV_INSN)
		trace_insn(out, rec, disas);
	else
		describe_record(out, m, rec);
	if (rec->type == EV_TLB_FILL || rec->type == EV_TLB_DROP)
		g_string_append_printf(out, " for 0x%" PRIx64, rec->addr);
	while (out->len && out->str[out->len - 1] == ' ')
		g_string_truncate(out, out->len - 1);
	g_string_append_c(out, '\n');
}

void viz_trace(GString *out, const struct recorder *r, const struct machine *m)
{
	struct disas *disas = disas_new(m->arch);

	if (r->nr_forgotten)
		g_string_append_printf(out, "(%" PRIu64 " events forgotten)\n",
		                       r->nr_forgotten);
	for (unsigned i = 0; i < r->records->len; i++)
		trace_line(out, &g_array_index(r->records, struct record, i), m,
		           disas);
	disas_free(disas);
}
