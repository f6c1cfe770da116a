// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conditions, schedules, options and expectations.
 */
#include <string.h>

#include "mm/mm_types.h"
#include "mm/options.h"
#include "oracle/oracle.h"
#include "scenario/check_internal.h"
#include "scenario/figures.h"
#include "scenario/run.h"

/* ---- conditions ---- */

static void check_thread_term(struct checker *c, struct ast_cond *term)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	term->thread = find_thread(c->s, term->owner);
	if (term->thread && term->thread->kthread)
		check_error(c, term->pos, "kernel thread '%s' has no %s",
		            term->owner, term->figure);
	if (term->thread)
		return;
	for (struct ast_thread *t = c->s->threads; t; t = t->next)
		g_ptr_array_add(names, (gpointer)(uintptr_t)t->name);
	g_ptr_array_add(names, NULL);
	check_error_name(c, term->pos, "there is no thread", term->owner,
	                 (const char *const *)names->pdata);
}

static void check_figure_term(struct checker *c, struct ast_cond *term)
{
	term->process = find_process(c->s, term->owner);
	if (!term->process) {
		check_error(c, term->pos, "there is no process or thread '%s'",
		            term->owner);
		return;
	}
	if (!figure_exists(term->figure))
		check_error_name(c, term->pos, "unknown figure", term->figure,
		                 figure_names());
}

static void check_memory_term(struct checker *c, struct ast_cond *term)
{
	if (term->addr.process)
		term->process = find_process(c->s, term->addr.process);
	else
		term->process = c->s->processes;
	if (!term->process) {
		check_error(c, term->pos,
		            "there is no process for this address");
		return;
	}
	if (!term->addr.process && c->s->nr_processes > 1)
		check_error(c, term->addr.pos,
		            "several processes: write [PROCESS:NAME + OFFSET]");
	resolve_address(c, &term->addr, term->process);
	refuse_tag(c, &term->addr);
	if (term->term == TERM_TAG)
		need_tags(c, term->pos);
	if (term->term == TERM_MEMORY && term->addr.number % term->size)
		check_error(c, term->addr.pos,
		            "the address is no multiple of %u", term->size);
}

static void check_term_value(struct checker *c, struct ast_cond *term)
{
	const struct name_value *known = NULL;

	if (term->term == TERM_SIGNAL && term->value.name)
		known = find_value(signal_names(), term->value.name);
	if (term->term == TERM_SI_CODE && term->value.name)
		known = find_value(si_code_names(), term->value.name);
	if (known) {
		term->value.number += known->value;
		term->value.name = NULL;
		return;
	}
	resolve_address(c, &term->value,
	                term->thread ? term->thread->process : term->process);
}

static void check_term(struct checker *c, struct ast_cond *term)
{
	switch (term->term) {
	case TERM_REG:
	case TERM_SIGNAL:
	case TERM_SI_CODE:
	case TERM_SI_ADDR:
		check_thread_term(c, term);
		break;
	case TERM_FIGURE:
		check_figure_term(c, term);
		break;
	case TERM_VMSTAT:
		if (!vmstat_exists(term->figure))
			check_error_name(c, term->pos, "unknown counter",
			                 term->figure, vmstat_names());
		break;
	case TERM_MEMORY:
	case TERM_TAG:
	default:
		check_memory_term(c, term);
		break;
	}
	check_term_value(c, term);
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static void check_cond(struct checker *c, struct ast_cond *cond)
{
	/* Chains of /\ and \/ lean to the left: that side by loop. */
	for (; cond; cond = cond->left) {
		if (cond->kind == COND_TERM) {
			check_term(c, cond);
			return;
		}
		if (cond->right)
			check_cond(c, cond->right);
	}
}

unsigned check_conditions(struct checker *c, struct ast_condition *condition)
{
	unsigned n = 0;

	for (; condition; condition = condition->next, n++)
		check_cond(c, condition->cond);
	return n;
}

/* ---- schedules ---- */

/* Agents the machine brings along: irq/0, walker1, rcu, dvm/0. */
static bool machine_agent(const char *name)
{
	static const char *const prefixes[] = { "irq", "walker", "idle",
		                                "rcu", "sb/",    "dvm/" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (g_str_has_prefix(name, prefixes[i]))
			return true;
	}
	return false;
}

static void check_agent(struct checker *c, const struct ast_schedule_line *line)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (find_thread(c->s, line->agent) || machine_agent(line->agent))
		return;
	for (struct ast_thread *t = c->s->threads; t; t = t->next)
		g_ptr_array_add(names, (gpointer)(uintptr_t)t->name);
	g_ptr_array_add(names, NULL);
	check_error_name(c, line->pos, "there is no thread", line->agent,
	                 (const char *const *)names->pdata);
}

static const struct ast_process *agent_process(const struct checker *c,
                                               const char *name)
{
	const struct ast_thread *thread = find_thread(c->s, name);

	return thread ? thread->process : NULL;
}

static void check_schedule(struct checker *c, struct ast_schedule *schedule)
{
	struct ast_schedule_line *line;
	unsigned i = 0;

	if (!schedule || schedule->lines)
		return;
	schedule->lines = ast_alloc(c->s, (schedule->nr_lines + 1) *
	                                          sizeof(*schedule->lines));
	for (line = schedule->first; line; line = line->next) {
		check_agent(c, line);
		resolve_address(c, &line->addr, agent_process(c, line->agent));
		refuse_tag(c, &line->addr);
		schedule->lines[i++] = (struct script_line){
			.agent = line->agent,
			.until = line->until,
			.label = line->label,
			.has_addr = line->has_addr,
			.addr = line->addr.number,
			.count = line->count,
			.line = line->pos.line,
			.column = line->pos.column,
		};
	}
}

static void check_schedules(struct checker *c, struct ast_schedule *all,
                            struct ast_schedule *const *arch)
{
	check_schedule(c, all);
	for (unsigned i = 0; i < ARCH_COUNT; i++)
		check_schedule(c, arch[i]);
}

/* ---- options, expectations ---- */

static void complain_option(struct checker *c,
                            const struct ast_setting *setting,
                            const GError *error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	unsigned n;
	const struct mm_option_desc *table = mm_option_table(&n);

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(table[i].name, setting->key) == 0) {
			check_error(c, setting->value_pos, "%s",
			            error->message);
			return;
		}
		g_ptr_array_add(names, (gpointer)(uintptr_t)table[i].name);
	}
	g_ptr_array_add(names, NULL);
	check_error_name(c, setting->key_pos, "unknown option", setting->key,
	                 (const char *const *)names->pdata);
}

static void check_options(struct checker *c, const struct ast_setting *setting)
{
	struct mm_options options;

	mm_options_default(&options);
	for (; setting; setting = setting->next) {
		g_autoptr(GError) error = NULL;

		if (!mm_option_set(&options, setting->key, setting->value,
		                   &error))
			complain_option(c, setting, error);
	}
}

static void check_hazards(struct checker *c, const struct ast_hazard *hazard)
{
	const char *names[ORACLE_COUNT + 1] = { NULL };

	for (int i = 0; i < ORACLE_COUNT; i++)
		names[i] = oracle_infos[i].name;
	for (; hazard; hazard = hazard->next) {
		if (oracle_by_name(hazard->name) == ORACLE_COUNT)
			check_error_name(c, hazard->pos, "unknown hazard",
			                 hazard->name, names);
	}
}

/* What no machine of @m's architectures has. */
static void check_machine(struct checker *c, const struct ast_machine *m)
{
	for (unsigned i = 0; i < m->nr_archs; i++) {
		if (m->arch[i] == ARCH_ARM64 && m->levels != 4)
			check_error(c, m->pos, "arm64 has 4 levels of tables");
	}
}

static void check_machines(struct checker *c)
{
	const struct scenario *s = c->s;
	struct ast_machine m = effective_machine(s, NULL);

	if (!s->variants) {
		check_machine(c, &m);
		if (m.nr_archs > 1)
			check_error(c, m.pos,
			            "for several architectures a scenario "
			            "needs a variant");
	}
	for (const struct ast_variant *v = s->variants; v; v = v->next) {
		m = effective_machine(s, v);
		m.pos = v->pos;
		check_machine(c, &m);
	}
}

void check_variants(struct checker *c)
{
	struct scenario *s = c->s;
	unsigned shared;

	check_machines(c);
	check_options(c, s->options);
	check_schedules(c, s->schedule, s->arch_schedule);
	shared = check_conditions(c, s->conditions);
	for (struct ast_variant *v = s->variants; v; v = v->next) {
		unsigned n;

		check_options(c, v->options);
		check_hazards(c, v->hazards);
		check_hazards(c, v->allowed);
		check_schedules(c, v->schedule, v->arch_schedule);
		n = shared + check_conditions(c, v->conditions);
		if (n > RUN_CONDITIONS_MAX)
			check_error(c, v->pos, "more than %d conditions",
			            RUN_CONDITIONS_MAX);
	}
	if (shared > RUN_CONDITIONS_MAX)
		check_error(c, s->title_pos, "more than %d conditions",
		            RUN_CONDITIONS_MAX);
}
