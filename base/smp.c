/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cross calls, after Linux v6.12 kernel/smp.c: each CPU has a queue of
 * call_single_data; the sender pushes, interrupts, and may wait for each to be
 * unlocked.
 */
#include "base/smp.h"

#include "base/bug.h"
#include "base/machine.h"
#include "base/once.h"

static objid_t queue_obj(const struct cpu *cpu)
{
	return obj_make(OBJ_SPACE_IRQ, cpu->id);
}

void flush_smp_call_function_queue(struct cpu *cpu)
{
	struct machine *m = cpu->machine;
	struct call_single_data *csd, *next, *oldest = NULL;

	step(STEP_RMW, queue_obj(cpu), 0, "take call queue", cpu->id);
	for (csd = cpu->csd_queue; csd; csd = next) {
		next = csd->next;
		csd->next = oldest;
		oldest = csd;
	}
	cpu->csd_queue = NULL;
	for (csd = oldest; csd; csd = next) {
		bool wait = csd->wait;

		next = csd->next;
		emit(m, EV_IPI, .addr = cpu->id, .a = 1, .b = csd->sender);
		csd->fn(csd->info);
		smp_mb();
		step(STEP_SIGNAL, mem_obj(m, csd), 0, "ack ipi", cpu->id);
		emit(m, EV_IPI, .addr = cpu->id, .a = 2, .b = csd->sender);
		csd->locked = false;
		gate_set(m, &csd->done, 0, true);
		if (!wait)
			kfree(m, csd);
	}
}

/* Queue one call and post the interrupt. */
static struct call_single_data *
send_call(struct cpu *to, void (*fn)(void *info), void *info, bool wait)
{
	struct machine *m = to->machine;
	struct call_single_data *csd = kzalloc(m, sizeof(*csd), "csd");

	BUG_ON(!csd);
	csd->fn = fn;
	csd->info = info;
	csd->wait = wait;
	csd->locked = true;
	csd->sender = smp_processor_id();
	smp_mb();
	step(STEP_IPI, queue_obj(to), 0, "send ipi", to->id);
	charge(m->costs->ipi_send);
	csd->next = to->csd_queue;
	to->csd_queue = csd;
	emit(m, EV_IPI, .addr = to->id, .a = 0, .b = csd->sender);
	/* The interrupt is on the wire no earlier than now. */
	to->cycles = MAX(to->cycles, this_cpu()->cycles + m->costs->ipi_wire);
	if (m->hw && m->hw->send_ipi)
		m->hw->send_ipi(m, to->id);
	else
		cpu_raise(to, IRQ_CALL_FUNCTION);
	return csd;
}

static void wait_for_call(struct machine *m, struct call_single_data *csd,
                          const struct cpu *to)
{
	struct step st = { .kind = STEP_WAIT,
		           .object = mem_obj(m, csd),
		           .addr = to->id,
		           .label = "wait for ack" };

	gate_step(&csd->done, 0, &st);
	*current_agent->cycles = MAX(*current_agent->cycles, to->cycles);
	kfree(m, csd);
}

void smp_call_function_many(cpumask_t mask, void (*fn)(void *info), void *info,
                            bool wait)
{
	struct call_single_data *sent[NR_CPUS_MAX];
	struct machine *m = this_machine();
	struct cpu *self = this_cpu();
	unsigned cpu;

	BUG_ON(!self);
	mask &= ~BIT_ULL(self->id);
	if (wait && !self->irq_enabled)
		emit(m, EV_RULE,
		     .text = "waits for other CPUs with interrupts off");
	preempt_disable();
	for_each_cpu_in(cpu, mask) sent[cpu] =
		send_call(&m->cpus[cpu], fn, info, wait);
	if (wait)
		for_each_cpu_in(cpu, mask)
			wait_for_call(m, sent[cpu], &m->cpus[cpu]);
	preempt_enable();
}

void on_each_cpu_mask(cpumask_t mask, void (*fn)(void *info), void *info,
                      bool wait)
{
	preempt_disable();
	smp_call_function_many(mask, fn, info, wait);
	if (mask & BIT_ULL(smp_processor_id())) {
		bool flags = local_irq_save();

		fn(info);
		local_irq_restore(flags);
	}
	preempt_enable();
}
