/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The script policy: follow a schedule written by a person.
 *
 * One line at a time: the named agent moves whenever it can; what it waits for
 * moves when it cannot.  A line is over when its label is next (before), was
 * made (after), or its steps are spent.
 */
#include <string.h>

#include "base/bug.h"
#include "base/machine.h"
#include "base/storebuf.h"

struct policy_script {
	struct policy base;
	const struct script_line *lines;
	unsigned n;
	unsigned at;    /* current line; n = the schedule is over */
	unsigned seen;  /* occurrences of its label so far */
	uint64_t steps; /* made by its agent in this line */
	bool passed;    /* AFTER: the label was made */
	bool lenient;
	struct policy *then; /* how the run goes on */
};

static struct policy_script *to_script(struct policy *p)
{
	return (struct policy_script *)(void *)p;
}

static struct agent *find_agent(const struct machine *m, const char *name)
{
	for (unsigned i = 0; i < m->nr_agents; i++)
		if (!strcmp(m->agents[i]->name, name))
			return m->agents[i];
	return NULL;
}

static bool label_is(const struct script_line *l, const struct step *st)
{
	return st->label && !strcmp(st->label, l->label) &&
	       (!l->has_addr || st->addr == l->addr);
}

static void next_line(struct policy_script *s)
{
	s->at++;
	s->seen = 0;
	s->steps = 0;
	s->passed = false;
}

static void fail(struct policy_script *s, const char *why)
{
	const struct script_line *l = &s->lines[s->at];

	if (s->lenient) {
		next_line(s);
		return;
	}
	g_set_error(&s->base.error, POLICY_ERROR, POLICY_ERROR_SCRIPT,
	            "%s %s%s%s", l->agent, why, l->label ? ": " : "",
	            l->label ? l->label : "");
	s->base.error_line = l->line;
	s->base.error_column = l->column;
}

/* It could move if it had its CPU, as a thread before its first run: that is
 * not here yet while the switch to it goes on. */
static bool waits_for_cpu(const struct agent *a)
{
	const struct task *t = a->arg;

	if (a->kind != AGENT_TASK && a->kind != AGENT_KTHREAD)
		return false;
	return !a->done && t->state == TASK_RUNNING &&
	       (a->machine->sched.suspended & a->bit);
}

/* Is the current line over before @a makes its announced step? */
static bool line_over(struct policy_script *s, const struct agent *a,
                      bool enabled)
{
	const struct script_line *l = &s->lines[s->at];

	switch (l->until) {
	case SCRIPT_TO_END:
		return a->done;
	case SCRIPT_BEFORE:
		return label_is(l, &a->next) && s->seen + 1 >= l->count;
	case SCRIPT_AFTER:
		return s->passed;
	case SCRIPT_STEPS:
		return s->steps >= l->count;
	case SCRIPT_BLOCKED:
		return !enabled && !waits_for_cpu(a);
	case SCRIPT_CHOOSE:
		return false;
	default:
		BUG();
	}
}

/* How late an agent moves while the line's agent cannot. A store buffer is
 * emptied for those who wait for it, TLBIs are performed for a DSB, a walker
 * moves for nobody. */
static unsigned helper_rank(const struct agent *a)
{
	static const uint8_t rank[AGENT_KIND_COUNT] = {
		[AGENT_IRQ] = 0,          [AGENT_RCU] = 1,  [AGENT_IDLE] = 2,
		[AGENT_KTHREAD] = 3,      [AGENT_TASK] = 3, [AGENT_WALKER] = 9,
		[AGENT_STORE_BUFFER] = 8, [AGENT_DVM] = 8,
	};

	if (a->kind == AGENT_STORE_BUFFER &&
	    storebuf_wanted(a->cpu->store_buffer))
		return 0;
	if (a->kind == AGENT_DVM && a->cpu->dvm_awaited)
		return 0;
	return rank[a->kind];
}

/* Who moves while the line's agent cannot: interrupts, RCU, then the rest.
 * Returns the alternative. */
static unsigned helper_pick(const struct machine *m, const struct choice *c)
{
	unsigned pick = 0, best = 99, i = 0;

	for (uint64_t left = c->agents; left; left &= left - 1, i++) {
		unsigned r =
			helper_rank(m->agents[(unsigned)__builtin_ctzll(left)]);

		if (r < best) {
			best = r;
			pick = i;
		}
	}
	return pick;
}

static unsigned index_of(uint64_t mask, const struct agent *a)
{
	return (unsigned)__builtin_popcountll(mask & (a->bit - 1));
}

static unsigned script_agent(struct policy_script *s, struct machine *m,
                             const struct choice *c)
{
	while (s->at < s->n && !s->base.error) {
		const struct script_line *l = &s->lines[s->at];
		struct agent *a = find_agent(m, l->agent);
		bool ready = a && (c->agents & a->bit);

		if (!a) {
			fail(s, "does not exist");
		} else if (line_over(s, a, ready) ||
		           (!ready && !a->done && l->until == SCRIPT_CHOOSE)) {
			next_line(s);
		} else if (a->done) {
			fail(s, "ended before its step");
		} else if (ready) {
			return index_of(c->agents, a);
		} else {
			return helper_pick(m, c);
		}
	}
	return s->base.error ? 0 : s->then->pick(s->then, m, c);
}

/* A `choose` line answers the next matching question, wherever it stands
 * relative to the moves before it: it is the next line that is a choose. */
static unsigned script_choice(struct policy_script *s, const struct choice *c)
{
	for (unsigned i = s->at; i < s->n && i <= s->at + 1; i++) {
		const struct script_line *l = &s->lines[i];

		if (l->until == SCRIPT_CHOOSE && c->asker &&
		    !strcmp(l->agent, c->asker->name) &&
		    !strcmp(l->label, c->label) && l->count < c->n) {
			if (i == s->at)
				next_line(s);
			return l->count;
		}
	}
	return 0;
}

static unsigned script_pick(struct policy *p, struct machine *m,
                            const struct choice *c)
{
	if (c->kind == CHOICE_AGENT)
		return script_agent(to_script(p), m, c);
	return script_choice(to_script(p), c);
}

static void script_stepped(struct policy *p, struct machine *m,
                           const struct agent *a)
{
	struct policy_script *s = to_script(p);
	const struct script_line *l;

	(void)m;
	if (s->at == s->n)
		return;
	l = &s->lines[s->at];
	if (strcmp(a->name, l->agent) != 0)
		return;
	s->steps++;
	if (!l->label || !label_is(l, &a->next))
		return;
	s->seen++;
	if (l->until == SCRIPT_AFTER && s->seen >= l->count)
		s->passed = true;
}

static void script_begin(struct policy *p, struct machine *m)
{
	struct policy_script *s = to_script(p);

	(void)m;
	g_clear_error(&p->error);
	s->at = 0;
	s->seen = 0;
	s->steps = 0;
	s->passed = false;
}

/* A run may end between two choices: lines that are left were not followed,
 * but for those that only wait for an end. */
static void script_finish(struct policy *p, struct machine *m)
{
	struct policy_script *s = to_script(p);

	while (s->at < s->n && !p->error) {
		const struct script_line *l = &s->lines[s->at];
		struct agent *a = find_agent(m, l->agent);

		if (!a)
			fail(s, "does not exist");
		else if (l->until == SCRIPT_CHOOSE || line_over(s, a, false))
			next_line(s);
		else if (a->done)
			fail(s, "ended before its step");
		else
			break;
	}
}

static void script_free(struct policy *p)
{
	policy_free(to_script(p)->then);
	g_free(p);
}

struct policy *policy_script_new(const struct script_line *lines, unsigned n,
                                 bool lenient)
{
	struct policy_script *s = g_new0(struct policy_script, 1);

	s->base.name = "script";
	s->base.pick = script_pick;
	s->base.begin = script_begin;
	s->base.stepped = script_stepped;
	s->base.finish = script_finish;
	s->base.free = script_free;
	s->lines = lines;
	s->n = n;
	s->lenient = lenient;
	s->then = policy_timed_new();
	return &s->base;
}
