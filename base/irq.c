/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts of a CPU: IF, pending vectors, the agent that takes them. */
#include "base/bug.h"
#include "base/machine.h"
#include "base/once.h"
#include "base/smp.h"

static objid_t irq_obj(const struct cpu *cpu)
{
	return obj_make(OBJ_SPACE_IRQ, cpu->id);
}

void cpu_update_gates(struct cpu *cpu)
{
	struct machine *m = cpu->machine;
	bool irq = cpu->irq_pending && cpu_takes_interrupts(cpu);
	bool dvm = cpu->dvm_pending && !cpu->in_insn;
	bool quiet = (cpu->irq_enabled || cpu->switching) &&
	             !cpu->preempt_count && !cpu->rcu_readers &&
	             !cpu->irq_depth;

	if (cpu->irq_gate.open[0] != irq)
		gate_set(m, &cpu->irq_gate, 0, irq);
	if (cpu->dvm_gate.open[0] != dvm)
		gate_set(m, &cpu->dvm_gate, 0, dvm);
	if (cpu->qs_gate.open[0] != quiet) {
		gate_set(m, &cpu->qs_gate, 0, quiet);
		cpu->nr_flips++;
	}
	if (quiet)
		rcu_report_quiescent(cpu);
}

void local_irq_disable(void)
{
	struct cpu *cpu = this_cpu();

	step(STEP_WRITE, irq_obj(cpu), 0, "local_irq_disable", cpu->id);
	cpu->irq_enabled = false;
	emit(cpu->machine, EV_IRQ, .a = 0);
	cpu_update_gates(cpu);
}

void local_irq_enable(void)
{
	struct cpu *cpu = this_cpu();

	step(STEP_WRITE, irq_obj(cpu), 0, "local_irq_enable", cpu->id);
	cpu->irq_enabled = true;
	emit(cpu->machine, EV_IRQ, .a = 1);
	cpu_update_gates(cpu);
}

bool local_irq_save(void)
{
	bool flags = this_cpu() && this_cpu()->irq_enabled;

	if (flags)
		local_irq_disable();
	return flags;
}

void local_irq_restore(bool flags)
{
	if (flags)
		local_irq_enable();
}

void cpu_raise(struct cpu *cpu, enum irq_vector vector)
{
	cpu->irq_pending |= (uint16_t)(1U << vector);
	cpu_update_gates(cpu);
}

void preempt_disable(void)
{
	struct cpu *cpu = this_cpu();

	if (!cpu || cpu->preempt_count++)
		return;
	cpu_update_gates(cpu);
}

void preempt_enable(void)
{
	struct cpu *cpu = this_cpu();

	if (!cpu)
		return;
	BUG_ON(!cpu->preempt_count);
	if (!--cpu->preempt_count)
		cpu_update_gates(cpu);
}

static void handle_vectors(struct cpu *cpu)
{
	uint32_t pending = cpu->irq_pending;

	cpu->irq_pending = 0;
	if (pending >> IRQ_CALL_FUNCTION & 1)
		flush_smp_call_function_queue(cpu);
	if (pending >> IRQ_TIMER & 1)
		cpu->need_resched = true;
}

/* Body of a CPU's interrupt agent. */
static void irq_main(void *arg)
{
	struct cpu *cpu = arg;
	const struct cost_table *costs = cpu->machine->costs;
	struct step entry = { .kind = STEP_IRQ,
		              .object = irq_obj(cpu),
		              .addr = cpu->id,
		              .label = "irq entry" };

	for (;;) {
		struct agent *task;

		gate_step(&cpu->irq_gate, 0, &entry);
		task = cpu->curr->agent;
		agent_suspend(task);
		cpu->irq_depth = 1;
		cpu->irq_enabled = false;
		cpu_update_gates(cpu);
		smp_mb();
		charge(costs->irq_entry);
		handle_vectors(cpu);
		smp_mb();
		step(STEP_IRQ, irq_obj(cpu), 0, "irq exit", cpu->id);
		charge(costs->irq_exit);
		cpu->irq_depth = 0;
		cpu->irq_enabled = true;
		agent_resume(task);
		cpu_update_gates(cpu);
	}
}

void irq_init(struct cpu *cpu)
{
	char name[AGENT_NAME_MAX];

	cpu_agent_name(name, "irq/", cpu->id);
	cpu->irq_agent =
		agent_new(cpu->machine, AGENT_IRQ, cpu, name, irq_main, cpu);
	BUG_ON(!cpu->irq_agent);
}
