/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rcu.h"

#include "base/bug.h"
#include "base/machine.h"
#include "base/spinlock.h"
#include "base/storebuf.h"

void rcu_read_lock(void)
{
	struct agent *a = current_agent;

	if (a->rcu_nesting++)
		return;
	/* Reading section and grace period depend on each other through the
	 * CPU's quiescent state, hence its object. */
	step(STEP_LOCAL, rcu_queue_obj(), 0, "rcu_read_lock", 0);
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
	step(STEP_LOCAL, rcu_queue_obj(), 0, "rcu_read_unlock", 0);
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

/* ---- quiescent states ---- */

/* Has every CPU reported for the callback that is next? */
static bool may_end(const struct machine *m)
{
	uint64_t next = m->rcu.gp_seq + 1;

	for (unsigned i = 0; i < m->nr_cpus; i++) {
		if (m->rcu.reported[i] < next)
			return false;
	}
	return true;
}

static void update_ready(struct machine *m)
{
	gate_set(m, &m->rcu.ready, 0, may_end(m));
}

void rcu_report_quiescent(struct cpu *cpu)
{
	struct machine *m = cpu->machine;
	struct rcu_state *rcu = &m->rcu;

	if (rcu->reported[cpu->id] == rcu->nr_queued)
		return;
	rcu->reported[cpu->id] = rcu->nr_queued;
	emit(m, EV_RCU, .a = RCU_CPU_QS, .addr = cpu->id);
	update_ready(m);
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
	rcu->nr_queued++;
	emit(m, EV_RCU, .a = RCU_GP_START, .addr = rcu->nr_queued);
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		if (m->cpus[i].qs_gate.open[0])
			rcu_report_quiescent(&m->cpus[i]);
	}
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	step(STEP_RMW, rcu_queue_obj(), 0, "call_rcu", 0);
	emit(this_machine(), EV_RCU, .a = RCU_QUEUED,
	     .addr = mem_obj(this_machine(), head));
	queue_callback(this_machine(), head, func);
}

/* ---- the agent that ends grace periods ---- */

/* A CPU's quiescent state is a full barrier on it: what it stored in a reading
 * section is in memory then. */
static void wait_for_stores(const struct cpu *cpu)
{
	if (cpu->store_buffer)
		storebuf_drain(cpu->store_buffer);
}

static void end_grace_period(struct machine *m)
{
	struct rcu_state *rcu = &m->rcu;
	const struct step end = { .kind = STEP_WAIT,
		                  .object = rcu_callback_obj(rcu->gp_seq + 1),
		                  .label = "rcu: grace period ends" };

	gate_step(&rcu->ready, 0, &end);
	rcu->gp_seq++;
	update_ready(m);
	for (unsigned i = 0; i < m->nr_cpus; i++)
		wait_for_stores(&m->cpus[i]);
	emit(m, EV_RCU, .a = RCU_GP_END, .addr = rcu->gp_seq);
}

static struct rcu_head *dequeue(struct rcu_state *rcu)
{
	struct rcu_head *head = rcu->queued;

	rcu->queued = head->next;
	if (!rcu->queued)
		rcu->queued_tail = &rcu->queued;
	return head;
}

static void rcu_main(void *arg)
{
	struct machine *m = arg;
	struct rcu_state *rcu = &m->rcu;

	for (;;) {
		struct rcu_head *head;

		end_grace_period(m);
		head = dequeue(rcu);
		step(STEP_LOCAL, mem_obj(m, head), 0, "rcu: callback", 0);
		emit(m, EV_RCU, .a = RCU_CALLBACK, .addr = mem_obj(m, head));
		head->func(head);
		rcu->nr_callbacks--;
	}
}

void rcu_init(struct machine *m)
{
	m->rcu = (struct rcu_state){ 0 };
	m->rcu.queued_tail = &m->rcu.queued;
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
	wait_for_callback();
}
