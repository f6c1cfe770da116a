/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock-rule, rcu-uaf, deadlock.
 */
#include <inttypes.h>

#include "base/cpu.h"
#include "base/lockdep.h"
#include "oracle/set_internal.h"

/* ---- lock-rule ---- */

/* Rules that are not about locks, by how their text begins. */
static const struct {
	const char *begins;
	enum oracle_id id;
} other_rules[] = {
	{ "a page table was freed", ORACLE_TABLE_UAF },
	{ "bad pmd", ORACLE_BAD_TABLE },
	{ "bad rss-counter", ORACLE_BAD_TABLE },
	{ "mapcount", ORACLE_BAD_TABLE },
	{ "non-zero pgtables_bytes", ORACLE_BAD_TABLE },
	{ "reserved bit", ORACLE_BAD_TABLE },
	{ "table entry leads", ORACLE_BAD_TABLE },
};

static enum oracle_id rule_oracle(const char *text)
{
	for (unsigned i = 0; i < ARRAY_SIZE(other_rules); i++)
		if (g_str_has_prefix(text, other_rules[i].begins))
			return other_rules[i].id;
	return ORACLE_LOCK_RULE;
}

/* The classes of a scenario's locks are called as the scenario does. */
static const char *class_name(const struct machine *m, uint64_t class)
{
	const char *name = NULL;

	if (m->lock_labels && class >= LOCK_TEST_A && class <= LOCK_TEST_H)
		name = m->lock_labels[class - LOCK_TEST_A].lock;
	if (name)
		return name;
	return lock_class_name((enum lock_class) class);
}

/* " (pte lock)", or " (pte lock, then pmd lock)" if it is about an order. */
static const char *rule_detail(struct oracle_set *set, const struct event *ev)
{
	g_autofree char *detail = NULL;

	if (ev->data) {
		detail = g_strdup_printf(" (%s)", (const char *)ev->data);
		return g_string_chunk_insert(set->strings, detail);
	}
	if (!ev->b || ev->b >= LOCK_CLASS_COUNT || ev->a >= LOCK_CLASS_COUNT)
		return "";
	detail = g_strdup_printf(" (%s, then %s)",
	                         class_name(set->machine, ev->a),
	                         class_name(set->machine, ev->b));
	return g_string_chunk_insert(set->strings, detail);
}

void lock_rule_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev)
{
	const char *text = ev->text ? ev->text : "a rule was broken";
	uint64_t what = ev->data ? g_str_hash(ev->data) : ev->a << 32 ^ ev->b;
	uint64_t key = mix_key(g_str_hash(text), what);
	struct hazard *h;

	id = rule_oracle(text);
	h = hazard_begin(set, id, ev, key);
	if (!h)
		return;
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, -1, event_agent(ev));
	hazard_text(set, h, "%s: %s%s", agent_name(set, event_agent(ev)), text,
	            id == ORACLE_LOCK_RULE ? rule_detail(set, ev) : "");
}

/* ---- rcu-uaf ---- */

void rcu_uaf_event(struct oracle_set *set, enum oracle_id id,
                   const struct event *ev)
{
	const char *type = ev->text ? ev->text : "object";
	bool twice = ev->type == EV_OBJ_BAD_FREE;
	struct hazard *h = hazard_begin(set, id, ev, mix_key(ev->addr, twice));
	int freer = ev->a ? (int)ev->b : -1;

	if (!h)
		return;
	if (freer >= 0)
		hazard_link(set, h, HAZARD_FREED, freer, ev->a);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, freer, event_agent(ev));
	hazard_text(set, h, "%s %s %s after %s had freed it",
	            agent_name(set, event_agent(ev)), twice ? "freed" : "used",
	            type, freer >= 0 ? agent_name(set, freer) : "somebody");
}

/* ---- deadlock ---- */

/* Spinning, or a task that sleeps. */
static const struct gate *gate_of(const struct agent *a)
{
	const struct cpu *cpu = a->cpu;
	const struct task *t;

	if (a->gate)
		return a->gate;
	t = a->arg;
	if (!cpu || !arena_contains(a->machine->arena, t) || t->agent != a)
		return NULL;
	return t->sleeping_on;
}

/* A lock begins with its gate. */
static const struct agent *holder(const struct machine *m,
                                  const struct gate *gate)
{
	for (unsigned i = 0; i < m->nr_agents; i++)
		for (unsigned k = 0; k < m->agents[i]->nr_held; k++)
			if (m->agents[i]->held[k].lock == (const void *)gate)
				return m->agents[i];
	return NULL;
}

/* The CPU that has not run the function @gate waits for; NULL: none. */
static const struct cpu *owes_call(const struct machine *m,
                                   const struct gate *gate)
{
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		const struct call_single_data *csd = m->cpus[i].csd_queue;

		for (; csd; csd = csd->next)
			if (&csd->done == gate)
				return &m->cpus[i];
	}
	return NULL;
}

static const struct agent *task_on(const struct machine *m,
                                   const struct cpu *cpu)
{
	if (cpu->curr)
		return cpu->curr->agent;
	for (unsigned i = 0; i < m->nr_agents; i++)
		if (m->agents[i]->cpu == cpu &&
		    m->agents[i]->kind != AGENT_IRQ &&
		    m->agents[i]->kind != AGENT_WALKER &&
		    m->agents[i]->kind != AGENT_STORE_BUFFER &&
		    m->agents[i]->kind != AGENT_DVM)
			return m->agents[i];
	return NULL;
}

/* Append one link of the chain; whom @a waits for, NULL if nobody knows. */
static const struct agent *describe_wait(struct oracle_set *set, GString *text,
                                         const struct agent *a)
{
	const struct machine *m = set->machine;
	const struct gate *gate = gate_of(a);
	const struct agent *to = gate ? holder(m, gate) : NULL;
	const struct cpu *cpu = gate ? owes_call(m, gate) : NULL;

	g_string_append_printf(text, "%s waits in %s%s",
	                       agent_name(set, (int)a->id),
	                       a->syscall_name ? a->syscall_name : "",
	                       a->syscall_name ? ", " : "");
	g_string_append_printf(text, "\"%s\"",
	                       a->next.label ? a->next.label : "?");
	if (to) {
		g_string_append(text, " for a lock");
		return to;
	}
	if (!cpu)
		return NULL;
	to = task_on(m, cpu);
	g_string_append_printf(text, " for CPU%u to answer an IPI%s", cpu->id,
	                       cpu->irq_enabled ? ""
	                                        : " (its interrupts are off)");
	return to;
}

/* An agent that is stuck; those at a gate first. */
static const struct agent *first_stuck(const struct machine *m)
{
	const struct agent *any = NULL;

	for (unsigned i = 0; i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		if (a->done || a->daemon)
			continue;
		if (gate_of(a))
			return a;
		any = any ? any : a;
	}
	return any;
}

void deadlock_event(struct oracle_set *set, enum oracle_id id,
                    const struct event *ev)
{
	const struct machine *m = set->machine;
	const struct agent *a = first_stuck(m);
	g_autoptr(GString) text = g_string_new(NULL);
	struct hazard *h = hazard_begin(set, id, ev, 0);
	uint64_t seen = 0;

	if (!h)
		return;
	while (a && !(seen & a->bit)) {
		if (seen)
			g_string_append(text, " held by ");
		seen |= a->bit;
		hazard_link(set, h, HAZARD_USED, (int)a->id, ev->step);
		a = describe_wait(set, text, a);
	}
	if (a)
		g_string_append_printf(text, " held by %s: a cycle",
		                       agent_name(set, (int)a->id));
	hazard_text(set, h, "%s", text->len ? text->str : "nobody can move");
}
