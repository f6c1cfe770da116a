/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks on CPUs, after Linux v6.12 kernel/sched/core.c __schedule(): the
 * previous task runs the switch and leaves; the next goes on where it left.
 */
#include <string.h>

#include "base/bug.h"
#include "base/machine.h"
#include "base/once.h"
#include "base/smp.h"

static objid_t cpu_obj(const struct cpu *cpu)
{
	return obj_make(OBJ_SPACE_CPU, cpu->id);
}

struct task *current_task(void)
{
	struct cpu *cpu = this_cpu();

	return cpu ? cpu->curr : NULL;
}

/* ---- run queue: first come, first served ---- */

static void enqueue(struct task *t)
{
	struct cpu *cpu = t->cpu;

	t->rq_next = NULL;
	if (cpu->rq_tail)
		cpu->rq_tail->rq_next = t;
	else
		cpu->rq_head = t;
	cpu->rq_tail = t;
	gate_set(cpu->machine, &cpu->resched_gate, 0, true);
}

static struct task *dequeue(struct cpu *cpu)
{
	struct task *t = cpu->rq_head;

	if (!t)
		return cpu->idle;
	cpu->rq_head = t->rq_next;
	if (!cpu->rq_head) {
		cpu->rq_tail = NULL;
		gate_set(cpu->machine, &cpu->resched_gate, 0, false);
	}
	return t;
}

bool need_resched(void)
{
	struct cpu *cpu = this_cpu();

	return cpu && cpu->need_resched;
}

void cond_resched(void)
{
	if (need_resched())
		schedule();
}

/* Hand the CPU from @prev, which runs this, to @next. */
static void context_switch(struct cpu *cpu, struct task *prev,
                           struct task *next)
{
	struct machine *m = cpu->machine;

	/* From here on a wake-up of prev must put it on the queue again: the
	 * kernel's part of the switch has steps. */
	cpu->curr = next;
	if (m->kernel && m->kernel->context_switch)
		m->kernel->context_switch(prev, next);
	smp_mb();
	charge(m->costs->context_switch);
	emit(m, EV_SWITCH, .addr = cpu->id, .data = next, .text = next->name);
	agent_suspend(prev->agent);
	agent_resume(next->agent);
}

static void finish_switch(struct cpu *cpu)
{
	cpu->irq_enabled = true;
	cpu->switching = false;
	cpu_update_gates(cpu);
}

/*
 * A context switch is a quiescent state, after Linux v6.12 kernel/rcu/tree.c
 * rcu_note_context_switch().
 * DIVERGES: all of it is, with what switch_mm() does; Linux notes the state at
 * its start and counts the rest, with interrupts off, as a reader.
 */
void schedule(void)
{
	struct cpu *cpu = this_cpu();
	struct task *prev = cpu->curr, *next;

	BUG_ON(prev->agent != current_agent);
	if (cpu->preempt_count || cpu->rcu_readers)
		emit(cpu->machine, EV_RULE,
		     .text = "schedule() in an atomic section");
	smp_mb();
	step(STEP_SWITCH, cpu_obj(cpu), 0, "schedule", cpu->id);
	cpu->irq_enabled = false;
	cpu->switching = true;
	cpu_update_gates(cpu);
	cpu->need_resched = false;
	if (prev->state == TASK_RUNNING && prev != cpu->idle)
		enqueue(prev);
	next = dequeue(cpu);
	if (next != prev) {
		context_switch(cpu, prev, next);
		if (prev->state == TASK_DEAD)
			agent_exit();
		/* Suspended: goes on when somebody switches back, who has
		 * looked at the run queue. */
		step_commuting(STEP_SWITCH, COMMUTES_WITH_ALL, cpu_obj(cpu), 0,
		               "switch to", cpu->id);
	}
	finish_switch(cpu);
}

void task_wake(struct task *t)
{
	if (t->state != TASK_SLEEPING)
		return;
	t->state = TASK_RUNNING;
	t->sleeping_on = NULL;
	/* Still on its way to sleep? Then schedule() will see it runs. */
	if (t->cpu->curr != t)
		enqueue(t);
}

void gate_sleep(struct gate *g, unsigned class, const struct step *st)
{
	struct task *t = current_task();
	struct agent *a = current_agent;

	/* Nobody to give the CPU to: interrupt and RCU agents spin. */
	if (!t || t->agent != a) {
		gate_step(g, class, st);
		return;
	}
	for (;;) {
		/* Whether it is open is seen in a step, as everything. */
		step(st->kind, st->object, st->size, st->label, st->addr);
		if (g->open[class])
			return;
		t->state = TASK_SLEEPING;
		t->sleeping_on = g;
		t->sleeping_class = class;
		g->sleeping[class] |= a->bit;
		schedule();
	}
}

/* Body of every task's agent. */
static void task_main(void *arg)
{
	struct task *t = arg;
	struct cpu *cpu = t->cpu;

	/* The other half of the switch that brought us here. */
	finish_switch(cpu);
	t->fn(t);
	lockdep_exit_check(LOCKDEP_TASK_EXIT);
	t->state = TASK_DEAD;
	gate_set(cpu->machine, &t->exited, 0, true);
	schedule();
	BUG();
}

static struct task *task_alloc(struct machine *m, struct cpu *cpu,
                               enum agent_kind kind, const char *name)
{
	struct task *t = kzalloc(m, sizeof(*t), "task");

	BUG_ON(!t);
	t->cpu = cpu;
	t->agent = agent_new(m, kind, cpu, name, task_main, t);
	if (!t->agent) {
		kfree(m, t);
		return NULL;
	}
	t->name = t->agent->name;
	t->pid = t->agent->id;
	return t;
}

struct task *task_new(struct machine *m, struct cpu *cpu, enum agent_kind kind,
                      const char *name, void (*fn)(struct task *t))
{
	struct task *t = task_alloc(m, cpu, kind, name);

	if (!t)
		return NULL;
	t->fn = fn;
	agent_suspend(t->agent);
	enqueue(t);
	return t;
}

void cpu_agent_name(char name[AGENT_NAME_MAX], const char *prefix, unsigned id)
{
	size_t n = strlen(prefix);

	BUG_ON(n + 3 > AGENT_NAME_MAX || id > 99);
	memcpy(name, prefix, n);
	if (id >= 10)
		name[n++] = (char)('0' + id / 10);
	name[n++] = (char)('0' + id % 10);
	name[n] = 0;
}

/* Body of the idle task: wait until there is something to run. */
static void idle_main(struct task *t)
{
	struct cpu *cpu = t->cpu;
	struct step st = { .kind = STEP_WAIT,
		           .object = cpu_obj(cpu),
		           .addr = cpu->id,
		           .label = "idle" };

	for (;;) {
		gate_step(&cpu->resched_gate, 0, &st);
		schedule();
	}
}

void tasks_init(struct cpu *cpu)
{
	char name[AGENT_NAME_MAX];

	cpu_agent_name(name, "idle/", cpu->id);
	cpu->idle = task_alloc(cpu->machine, cpu, AGENT_IDLE, name);
	BUG_ON(!cpu->idle);
	cpu->idle->fn = idle_main;
	cpu->curr = cpu->idle;
}
