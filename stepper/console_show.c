// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that show: none changes anything. */
#include <inttypes.h>
#include <string.h>

#include "stepper/console_internal.h"
#include "viz/state.h"

#define NAME_WIDTH 10

/* ---- steps ---- */

static void append_who(GString *out, const char *name, int cpu)
{
	g_autofree char *where =
		cpu < 0 ? g_strdup("") : g_strdup_printf("CPU%d", cpu);

	g_string_append_printf(out, "%-5s %-*s ", where, NAME_WIDTH, name);
}

void print_step(const struct console *c, GString *out, uint64_t step)
{
	const struct session *s = c->session;
	const struct session_step *st = session_step(s, step);
	g_autoptr(GString) words = g_string_new(NULL);

	g_string_append_printf(out, "%7" PRIu64 "  ", step);
	append_who(out, session_agent_name(s, st->agent), st->cpu);
	viz_step_words(words, st->label, st->addr);
	g_string_append_printf(out, "%s\n", words->str);
}

/* Idle CPUs, interrupts that nobody sent and the like are not worth a line
 * unless they can move. */
static bool is_shown(const struct machine *m, const struct agent *a)
{
	if (a->done)
		return false;
	return !a->daemon || (enabled_agents(&m->sched) & a->bit);
}

static void print_agent(const struct machine *m, const struct agent *a,
                        bool next, GString *out)
{
	bool can_move = enabled_agents(&m->sched) & a->bit;
	g_autoptr(GString) words = g_string_new(NULL);

	g_string_append_printf(out, "%s ", next ? "=>" : "  ");
	append_who(out, a->name, a->cpu ? (int)a->cpu->id : -1);
	if (can_move) {
		viz_step_words(words, a->next.label, a->next.addr);
		g_string_append_printf(out, "%-28s ", words->str);
		viz_step_effect(out, m, a->next.kind, a->next.object,
		                a->next.size);
	} else {
		viz_waits(out, m, a);
	}
	g_string_append_c(out, '\n');
}

void print_agents(const struct console *c, GString *out)
{
	const struct machine *m = session_machine(c->session);
	const struct choice *open = session_open_choice(c->session);
	const struct agent *next = session_next(c->session);

	if (open) {
		viz_choice(out, m, open);
		return;
	}
	for (unsigned i = 0; i < m->nr_agents; i++)
		if (is_shown(m, m->agents[i]))
			print_agent(m, m->agents[i], m->agents[i] == next, out);
}

bool cmd_agents(struct console *c, const struct words *w, GString *out,
                GError **error)
{
	(void)w;
	(void)error;
	if (session_ended(c->session))
		g_string_append(out, "the run has ended\n");
	else
		print_agents(c, out);
	return true;
}

bool cmd_steps(struct console *c, const struct words *w, GString *out,
               GError **error)
{
	const struct session *s = c->session;
	uint64_t at = session_at(s), n = 10;

	if (w->n && !parse_count(w->word[0], "how many", 1, SESSION_STEPS_MAX,
	                         &n, error))
		return false;
	n = MIN(n, at - session_first(s));
	for (uint64_t nr = at - n + 1; nr <= at; nr++)
		print_step(c, out, nr);
	if (!n)
		g_string_append(out, "no step has been made\n");
	return true;
}

/* ---- the machine ---- */

typedef void cpu_view(GString *out, struct machine *m, unsigned cpu);

/* A view of one CPU, or without an argument of each. */
static bool show_cpus(struct console *c, const struct words *w, GString *out,
                      cpu_view *view, GError **error)
{
	struct machine *m = session_machine(c->session);
	unsigned cpu;

	if (!w->n) {
		for (cpu = 0; cpu < m->nr_cpus; cpu++)
			view(out, m, cpu);
		return true;
	}
	if (!parse_cpu(c, w->word[0], &cpu, error))
		return false;
	view(out, m, cpu);
	return true;
}

static void view_regs(GString *out, struct machine *m, unsigned cpu)
{
	viz_regs(out, m, cpu);
}

static void view_disas(GString *out, struct machine *m, unsigned cpu)
{
	viz_disas(out, m, cpu);
}

bool cmd_tlb(struct console *c, const struct words *w, GString *out,
             GError **error)
{
	return show_cpus(c, w, out, viz_tlb, error);
}

bool cmd_psc(struct console *c, const struct words *w, GString *out,
             GError **error)
{
	return show_cpus(c, w, out, viz_psc, error);
}

bool cmd_regs(struct console *c, const struct words *w, GString *out,
              GError **error)
{
	return show_cpus(c, w, out, view_regs, error);
}

bool cmd_disas(struct console *c, const struct words *w, GString *out,
               GError **error)
{
	return show_cpus(c, w, out, view_disas, error);
}

bool cmd_pt(struct console *c, const struct words *w, GString *out,
            GError **error)
{
	const struct mm_struct *mm =
		parse_mm(c, w->n == 2 ? w->word[0] : NULL, error);
	uint64_t addr;

	if (!mm || !parse_addr(c, w->word[w->n - 1], &addr, error))
		return false;
	viz_pt(out, session_machine(c->session), mm, addr);
	return true;
}

bool cmd_vma(struct console *c, const struct words *w, GString *out,
             GError **error)
{
	struct mm_struct *mm = parse_mm(c, w->n ? w->word[0] : NULL, error);

	if (!mm)
		return false;
	viz_vma(out, mm);
	return true;
}

bool cmd_frame(struct console *c, const struct words *w, GString *out,
               GError **error)
{
	struct machine *m = session_machine(c->session);
	uint64_t pfn;

	if (!parse_count(w->word[0], "frame", 0, m->mem.nr_frames - 1, &pfn,
	                 error))
		return false;
	viz_frame(out, m, pfn);
	return true;
}

bool cmd_locks(struct console *c, const struct words *w, GString *out,
               GError **error)
{
	(void)w;
	(void)error;
	viz_locks(out, session_machine(c->session));
	return true;
}

bool cmd_rcu(struct console *c, const struct words *w, GString *out,
             GError **error)
{
	(void)w;
	(void)error;
	viz_rcu(out, session_machine(c->session));
	return true;
}

/* ---- what happened ---- */

bool cmd_columns(struct console *c, const struct words *w, GString *out,
                 GError **error)
{
	(void)w;
	(void)error;
	session_tell(c->session, TEXT_COLUMNS, out);
	return true;
}

bool cmd_why(struct console *c, const struct words *w, GString *out,
             GError **error)
{
	(void)w;
	(void)error;
	session_tell(c->session, TEXT_WHY, out);
	return true;
}
