/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rcu.h"

#include "base/bug.h"
#include "base/machine.h"
#include "base/spinlock.h"
#include "base/storebuf.h"

static objid_t rcu_obj(void)
{
	return obj_make(OBJ_SPACE_RCU, 0);
}

void rcu_read_lock(void)
{
	struct agent *a = current_agent;

	if (a->rcu_nesting++)
		return;
	/* Reading section and grace period depend on each other through the
	 * CPU's quiescent state, hence its object. */
	step(STEP_LOCAL, rcu_obj(), 0, "rcu_read_lock", 0);
	emit(a->machine, EV_RCU, .a = RCU_READ_BEGIN);
	if (!a->cpu)
		return;
	a->cpu->rcu_readers++;
	cpu_update_gates(a->cpu);
}

void rcu_read_unlock(void)
{
	struct agent *a = current_agent;

	if (!a->rcu_nesting) {
		emit(a->machine, EV_RULE,
		     .text = "rcu_read_unlock() without rcu_read_lock()");
		return;
	}
	if (--a->rcu_nesting)
		return;
	step(STEP_LOCAL, rcu_obj(), 0, "rcu_read_unlock", 0);
	emit(a->machine, EV_RCU, .a = RCU_READ_END);
	if (!a->cpu)
		return;
	a->cpu->rcu_readers--;
	cpu_update_gates(a->cpu);
}

bool rcu_read_lock_held(void)
{
	return current_agent->rcu_nesting > 0;
}

static void queue_callback(struct machine *m, struct rcu_head *head,
                           void (*func)(struct rcu_head *head))
{
	struct rcu_state *rcu = &m->rcu;

	head->next = NULL;
	head->func = func;
	*rcu->queued_tail = head;
	rcu->queued_tail = &head->next;
	rcu->nr_callbacks++;
	gate_set(m, &rcu->idle, 0, false);
	gate_set(m, &rcu->work, 0, true);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	step(STEP_RMW, rcu_obj(), 0, "call_rcu", 0);
	emit(this_machine(), EV_RCU, .a = RCU_QUEUED,
	     .addr = mem_obj(this_machine(), head));
	queue_callback(this_machine(), head, func);
}

/* ---- the grace period agent ---- */

/* A CPU's quiescent state is a full barrier on it: what it stored in a reading
 * section is in memory then. */
static void wait_for_stores(const struct cpu *cpu)
{
	if (cpu->store_buffer)
		storebuf_drain(cpu->store_buffer);
}

/* See every CPU quiescent once. */
static void wait_for_cpus(struct machine *m)
{
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		struct step st = { .kind = STEP_WAIT,
			           .object = rcu_obj(),
			           .addr = i,
			           .label = "rcu: quiescent state" };

		gate_step(&m->cpus[i].qs_gate, 0, &st);
		wait_for_stores(&m->cpus[i]);
		emit(m, EV_RCU, .a = RCU_CPU_QS, .addr = i);
	}
}

static void run_callbacks(struct machine *m, struct rcu_head *list)
{
	struct rcu_state *rcu = &m->rcu;

	while (list) {
		struct rcu_head *head = list;

		list = head->next;
		step(STEP_LOCAL, mem_obj(m, head), 0, "rcu: callback", 0);
		emit(m, EV_RCU, .a = RCU_CALLBACK, .addr = mem_obj(m, head));
		rcu->nr_callbacks--;
		head->func(head);
	}
}

static void rcu_main(void *arg)
{
	struct machine *m = arg;
	struct rcu_state *rcu = &m->rcu;
	struct step start = { .kind = STEP_WAIT,
		              .object = rcu_obj(),
		              .label = "rcu: grace period starts" };

	for (;;) {
		struct rcu_head *list;

		gate_step(&rcu->work, 0, &start);
		list = rcu->queued;
		rcu->queued = NULL;
		rcu->queued_tail = &rcu->queued;
		gate_set(m, &rcu->work, 0, false);
		emit(m, EV_RCU, .a = RCU_GP_START, .addr = rcu->gp_seq);
		wait_for_cpus(m);
		rcu->gp_seq++;
		emit(m, EV_RCU, .a = RCU_GP_END, .addr = rcu->gp_seq);
		run_callbacks(m, list);
		if (!rcu->nr_callbacks)
			gate_set(m, &rcu->idle, 0, true);
	}
}

void rcu_init(struct machine *m)
{
	m->rcu = (struct rcu_state){ 0 };
	m->rcu.queued_tail = &m->rcu.queued;
	m->rcu.idle.open[0] = true;
	m->rcu.agent = agent_new(m, AGENT_RCU, NULL, "rcu", rcu_main, m);
	BUG_ON(!m->rcu.agent);
}

/* ---- waiting for it ---- */

struct rcu_waiter {
	struct rcu_head head;
	struct completion done;
};

static void wake_waiter(struct rcu_head *head)
{
	complete(&container_of(head, struct rcu_waiter, head)->done);
}

/* Queue a callback and sleep until it ran. */
static void wait_for_callback(void)
{
	struct machine *m = this_machine();
	struct rcu_waiter *w = kzalloc(m, sizeof(*w), "rcu_waiter");

	BUG_ON(!w);
	init_completion(&w->done);
	call_rcu(&w->head, wake_waiter);
	wait_for_completion(&w->done);
	kfree(m, w);
}

void synchronize_rcu(void)
{
	if (current_agent->rcu_nesting)
		emit(this_machine(), EV_RULE,
		     .text = "synchronize_rcu() in a read section");
	wait_for_callback();
}

static void report_quiescent(void *info)
{
	(void)info;
}

void synchronize_rcu_expedited(void)
{
	struct machine *m = this_machine();

	/* DIVERGES: Linux asks only CPUs that are not idle; here all are. */
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		struct step st = { .kind = STEP_WAIT,
			           .object = rcu_obj(),
			           .addr = i,
			           .label = "rcu: expedited" };

		if (this_cpu() && i == this_cpu()->id)
			continue;
		smp_call_function_many(BIT_ULL(i), report_quiescent, NULL,
		                       true);
		gate_step(&m->cpus[i].qs_gate, 0, &st);
		wait_for_stores(&m->cpus[i]);
	}
}

void rcu_barrier(void)
{
	struct machine *m = this_machine();
	struct step st = { .kind = STEP_WAIT,
		           .object = rcu_obj(),
		           .label = "rcu_barrier" };

	gate_sleep(&m->rcu.idle, 0, &st);
}
