/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sched.h"

#include <string.h>

#include "base/bug.h"
#include "base/machine.h"

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
_Thread_local struct agent *current_agent;

/* ---- who moves next ---- */

/* The @i-th lowest set bit of @mask, as an agent number. */
static unsigned nth_bit(uint64_t mask, unsigned i)
{
	while (i--)
		mask &= mask - 1;
	return (unsigned)__builtin_ctzll(mask);
}

/* How many bits are set; few are, and libgcc's popcount is a call. */
static inline unsigned nr_bits(uint64_t mask)
{
	unsigned n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

/* Ask the policy, log the answer if it was one. */
static unsigned decide(struct machine *m, const struct choice *c)
{
	unsigned pick = m->policy->pick(m->policy, m, c);

	if (m->policy->error)
		return 0;
	if (pick == POLICY_LATER)
		return pick;
	BUG_ON(pick >= c->n);
	if (c->n == 1)
		return pick;
	choice_log_add(m->log, c->kind, c->n, pick);
	emit(m, EV_CHOICE, .addr = c->object, .a = c->kind, .b = c->n,
	     .c = pick, .text = c->label);
	return pick;
}

/* Give the host back without having moved; returns when it lets us go on. */
static void pause_run(struct machine *m, struct agent *a)
{
	m->end = RUN_PAUSED;
	m->paused = a;
	current_agent = NULL;
	coro_switch(&a->coro, &m->host);
}

unsigned choose(enum choice_kind kind, unsigned n, objid_t object,
                const char *label)
{
	struct agent *a = current_agent;
	struct choice c = { .kind = kind,
		            .n = n,
		            .asker = a,
		            .object = object,
		            .label = label };
	unsigned pick;

	BUG_ON(n == 0);
	if (n == 1)
		return 0;
	while ((pick = decide(a->machine, &c)) == POLICY_LATER)
		pause_run(a->machine, a);
	if (a->machine->policy->error)
		run_stop(a->machine);
	trace_mix(a, pick);
	return pick;
}

/* Is anything left that the run should wait for? */
static bool essential_left(const struct machine *m)
{
	for (unsigned i = 0; i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		if (!a->done && !a->daemon)
			return true;
	}
	return false;
}

/* Pick the agent that moves; NULL ends the run with m->end saying why. */
static struct agent *pick_agent(struct machine *m, struct agent *last)
{
	struct sched *s = &m->sched;
	uint64_t enabled = enabled_agents(s);
	struct choice c = { .kind = CHOICE_AGENT,
		            .asker = last,
		            .label = "agent" };
	unsigned pick = 0;

	if (s->nr_steps >= s->stop_step) {
		m->end = RUN_STEP_CAP;
		return NULL;
	}
	if (!(enabled & ~s->walkers)) {
		m->end = RUN_DEADLOCK;
		emit(m, EV_DEADLOCK);
		return NULL;
	}
	c.n = nr_bits(enabled);
	c.agents = enabled;
	if (c.n > 1 || m->policy->attentive)
		pick = decide(m, &c);
	if (m->policy->error) {
		m->end = RUN_STOPPED;
		return NULL;
	}
	if (pick == POLICY_LATER) {
		m->end = RUN_PAUSED;
		return NULL;
	}
	return m->agents[nth_bit(enabled, pick)];
}

/* The same on @last's stack, as often as the policy is not ready to say. */
static struct agent *next_agent(struct machine *m, struct agent *last)
{
	struct agent *next = pick_agent(m, last);

	while (!next && m->end == RUN_PAUSED) {
		pause_run(m, last);
		next = pick_agent(m, last);
	}
	return next;
}

/* Leave @from's stack for whoever moves next; returns when @from is picked.
 * A run that ends goes back to the host instead. */
static void hand_over(struct machine *m, struct agent *from)
{
	struct agent *next = next_agent(m, from);

	current_agent = next;
	if (next != from)
		coro_switch(&from->coro, next ? &next->coro : &m->host);
}

/* ---- steps ---- */

/* The picked agent acts: count the step and let others know. */
static void step_account(struct agent *a)
{
	struct machine *m = a->machine;
	struct sched *s = &m->sched;

	s->nr_steps++;
	a->nr_steps++;
	trace_mix(a, a->next.object + ((uint64_t)a->next.kind << 48) + a->id);
	if (!s->observe_steps)
		return;
	emit(m, EV_STEP, .addr = a->next.addr, .a = a->next.object,
	     .b = a->next.kind, .text = a->next.label);
	if (m->policy->stepped)
		m->policy->stepped(m->policy, m, a);
}

void step_contended(struct agent *a)
{
	hand_over(a->machine, a);
	step_account(a);
}

void gate_set(struct machine *m, struct gate *g, unsigned class, bool open)
{
	uint64_t sleepers = g->sleeping[class];

	m->sched.nr_opened += open && !g->open[class];
	g->open[class] = open;
	if (!open) {
		m->sched.ready &= ~g->waiting[class];
		return;
	}
	m->sched.ready |= g->waiting[class];
	g->sleeping[class] = 0;
	for (; sleepers; sleepers &= sleepers - 1) {
		unsigned id = (unsigned)__builtin_ctzll(sleepers);

		task_wake(m->agents[id]->arg);
	}
}

void gate_step(struct gate *g, unsigned class, const struct step *st)
{
	struct agent *a = current_agent;

	a->next = *st;
	a->gate = g;
	a->gate_class = class;
	g->waiting[class] |= a->bit;
	if (!g->open[class])
		a->machine->sched.ready &= ~a->bit;
	hand_over(a->machine, a);
	g->waiting[class] &= ~a->bit;
	step_account(a);
	a->gate = NULL;
}

/* ---- agents ---- */

static void agent_main(void)
{
	struct agent *a = current_agent;

	step(STEP_LOCAL, OBJ_NONE, 0, "start", 0);
	a->fn(a->arg);
	agent_exit();
}

struct agent *agent_new(struct machine *m, enum agent_kind kind,
                        struct cpu *cpu, const char *name,
                        void (*fn)(void *arg), void *arg)
{
	struct coro_stack *stack;
	struct agent *a;

	if (m->nr_agents == NR_AGENTS_MAX)
		return NULL;
	a = kzalloc(m, sizeof(*a), "agent");
	a->machine = m;
	a->cpu = cpu;
	a->id = m->nr_agents++;
	a->bit = BIT_ULL(a->id);
	a->kind = kind;
	a->name = kstrdup(m, name);
	a->cycles = cpu ? &cpu->cycles : &a->own_cycles;
	a->fn = fn;
	a->arg = arg;
	a->next.label = "start";
	m->agents[a->id] = a;
	stack = &m->stacks[a->id];
	if (!stack->base)
		coro_stack_new(stack);
	coro_init(&a->coro, stack, agent_main);
	m->sched.alive |= a->bit;
	m->sched.ready |= a->bit;
	if (kind == AGENT_WALKER)
		m->sched.walkers |= a->bit;
	a->daemon = kind != AGENT_TASK && kind != AGENT_KTHREAD;
	emit(m, EV_AGENT_NEW, .addr = a->id, .text = a->name);
	return a;
}

void agent_suspend(struct agent *a)
{
	a->machine->sched.suspended |= a->bit;
}

void agent_resume(struct agent *a)
{
	a->machine->sched.suspended &= ~a->bit;
}

void agent_exit(void)
{
	struct agent *a = current_agent;
	struct machine *m = a->machine;
	struct agent *next;

	a->done = true;
	m->sched.alive &= ~a->bit;
	m->sched.ready &= ~a->bit;
	emit(m, EV_AGENT_DONE, .addr = a->id, .text = a->name);
	if (!a->daemon && !essential_left(m)) {
		m->end = RUN_DONE;
		next = NULL;
	} else {
		next = next_agent(m, a);
	}
	current_agent = next;
	coro_switch(&a->coro, next ? &next->coro : &m->host);
	BUG(); /* nobody goes on with an agent that is done */
}

/* ---- running ---- */

void run_stop(struct machine *m)
{
	struct agent *a = current_agent;

	m->end = RUN_STOPPED;
	m->sched.stop_step = 0;
	if (!a)
		return;
	current_agent = NULL;
	coro_switch(&a->coro, &m->host);
	/* A stopped run is never continued: machine_run() refuses. */
	BUG();
}

/* Wants of observers and policy that step() must not skip. */
static void arm_slow_path(struct machine *m)
{
	struct sched *s = &m->sched;

	s->observe_steps = event_wanted(m, EV_STEP) || m->policy->stepped ||
	                   m->policy->attentive;
	s->stop_step = m->caps.steps ? m->caps.steps : UINT64_MAX;
}

enum run_end machine_run(struct machine *m)
{
	struct agent *first = m->paused;

	BUG_ON(current_agent);
	BUG_ON(!m->policy);
	if (m->end == RUN_STOPPED)
		return RUN_STOPPED;
	if (!essential_left(m))
		return RUN_DONE;
	arm_slow_path(m);
	m->paused = NULL;
	if (!first)
		first = pick_agent(m, NULL);
	if (first) {
		current_agent = first;
		coro_switch(&m->host, &first->coro);
	}
	current_agent = NULL;
	if (m->policy->ended && m->end != RUN_PAUSED)
		m->policy->ended(m->policy, m);
	return m->end;
}
