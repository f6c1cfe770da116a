// SPDX-License-Identifier: GPL-2.0-or-later
/* Locks, RCU, registers, code. */
#include <inttypes.h>
#include <string.h>

#include "emu/code.h"
#include "emu/disas.h"
#include "emu/vcpu_arch.h"
#include "emu/vcpu_ops.h"
#include "mm/mmu_context.h"
#include "viz/state_internal.h"

/* Operations shown before and after the current one. */
#define DISAS_AROUND 6

/* ---- locks ---- */

static bool is_first_holder(const struct machine *m, unsigned agent,
                            unsigned held)
{
	const void *lock = m->agents[agent]->held[held].lock;

	for (unsigned i = 0; i <= agent; i++) {
		const struct agent *a = m->agents[i];

		for (unsigned j = 0; !a->done && j < a->nr_held; j++)
			if (a->held[j].lock == lock)
				return i == agent && j == held;
	}
	return true;
}

static void print_holders(GString *out, const struct machine *m,
                          const void *lock)
{
	for (unsigned i = 0; i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		for (unsigned j = 0; !a->done && j < a->nr_held; j++)
			if (a->held[j].lock == lock)
				g_string_append_printf(
					out, " %s%s", a->name,
					a->held[j].mode == LOCK_SHARED
						? " (read)"
						: "");
	}
}

static void print_waiters(GString *out, const struct machine *m,
                          const void *lock)
{
	const char *before = "; waited for by";

	for (unsigned i = 0; i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		if (a->done || (const void *)viz_gate(a) != lock)
			continue;
		g_string_append_printf(out, "%s %s", before, a->name);
		before = ",";
	}
}

void viz_locks(GString *out, const struct machine *m)
{
	gsize before = out->len;

	for (unsigned i = 0; i < m->nr_agents; i++) {
		const struct agent *a = m->agents[i];

		for (unsigned j = 0; !a->done && j < a->nr_held; j++) {
			if (!is_first_holder(m, i, j))
				continue;
			viz_lock_words(out, m, a->held[j].lock,
			               a->held[j].class);
			g_string_append(out, ": held by");
			print_holders(out, m, a->held[j].lock);
			print_waiters(out, m, a->held[j].lock);
			g_string_append_c(out, '\n');
		}
	}
	if (out->len == before)
		g_string_append(out, "no lock is held\n");
}

/* ---- RCU ---- */

static void print_quiescence(GString *out, const struct cpu *cpu)
{
	g_string_append_printf(out, "  CPU%u: ", cpu->id);
	if (cpu->qs_gate.open[0]) {
		g_string_append(out, "quiescent\n");
		return;
	}
	g_string_append(out, "keeps it waiting:");
	if (cpu->rcu_readers)
		g_string_append_printf(out, " rcu_read_lock() %u deep",
		                       cpu->rcu_readers);
	if (cpu->preempt_count)
		g_string_append_printf(out, " preempt_count %u",
		                       cpu->preempt_count);
	if (!cpu->irq_enabled)
		g_string_append(out, " interrupts off");
	g_string_append_c(out, '\n');
}

void viz_rcu(GString *out, const struct machine *m)
{
	const struct rcu_state *rcu = &m->rcu;
	bool waits = rcu->agent && rcu->nr_callbacks;

	g_string_append_printf(out,
	                       "%" PRIu64 " grace period%s over, %" PRIu64
	                       " callback%s waiting\n",
	                       rcu->gp_seq, rcu->gp_seq == 1 ? "" : "s",
	                       rcu->nr_callbacks,
	                       rcu->nr_callbacks == 1 ? "" : "s");
	if (waits) {
		g_string_append(out, "  next: ");
		viz_step_words(out, rcu->agent->next.label, 0);
		if (rcu->agent->next.addr || rcu->agent->next.kind == STEP_WAIT)
			g_string_append_printf(out, " (%" PRIu64 ")",
			                       rcu->agent->next.addr);
		g_string_append_c(out, '\n');
	}
	for (unsigned i = 0; i < m->nr_cpus; i++)
		print_quiescence(out, &m->cpus[i]);
}

/* ---- registers ---- */

static const struct guest_thread *thread_on(const struct cpu *cpu)
{
	const struct task *t = cpu->curr;

	if (!t || t == cpu->idle || t->agent->kind != AGENT_TASK || !t->hw_data)
		return NULL;
	return t->hw_data;
}

/*
 * Registers of a thread that runs are in its engine; save() brings them to
 * g->regs, where the thread never looks while it runs: put back what was there.
 */
static void peek_regs(const struct guest_thread *thread,
                      uint64_t regs[NR_PROGRAM_REGS])
{
	struct guest_thread *g = task_guest(thread->task);
	uint64_t kept[NR_PROGRAM_REGS];

	memcpy(kept, g->regs, sizeof(kept));
	if (g->engine)
		g->ops->save(g);
	memcpy(regs, g->regs, sizeof(kept));
	memcpy(g->regs, kept, sizeof(kept));
}

static void print_thread(GString *out, const struct guest_thread *g)
{
	uint64_t regs[NR_PROGRAM_REGS];

	if (!g->program)
		return;
	peek_regs(g, regs);
	g_string_append(out, " ");
	for (unsigned i = 0; i < NR_PROGRAM_REGS; i++)
		g_string_append_printf(out, " r%u=0x%" PRIx64, i, regs[i]);
	g_string_append_printf(
		out, "\n  %s 0x%" PRIx64 ": %s\n",
		machine_emu(g->task->agent->machine)->arch->pc_name,
		CODE_BASE + g->code->op[g->op].offset,
		g->code->ops[g->op].text ? g->code->ops[g->op].text : "end");
}

static void print_mm(GString *out, const struct cpu *cpu)
{
	const struct mm_struct *mm;
	bool lazy;

	if (!cpu->mm_data)
		return;
	mm = cpu_loaded_mm(cpu, &lazy);
	if (!mm)
		g_string_append(out, ", switching mm");
	else
		g_string_append_printf(out, ", mm %s%s", mm->name,
		                       lazy ? " (lazy)" : "");
}

void viz_regs(GString *out, const struct machine *m, unsigned cpu)
{
	const struct cpu *c = &m->cpus[cpu];
	const struct mmu *mmu = &cpu_vcpu(c)->mmu;
	const struct guest_thread *g = thread_on(c);

	g_string_append_printf(out, "CPU%u: %s, %s mode, interrupts %s%s%s",
	                       cpu, c->curr ? c->curr->name : "nobody",
	                       c->user_mode ? "user" : "kernel",
	                       c->irq_enabled ? "on" : "off",
	                       c->irq_pending ? ", one pending" : "",
	                       c->irq_depth ? ", in a handler" : "");
	print_mm(out, c);
	g_string_append_printf(out, ", %" PRIu64 " cycles\n", c->cycles);
	g_string_append_printf(out,
	                       "  cr3 0x%" PRIx64 " cr4 0x%" PRIx64
	                       " cr0.wp %d efer.nxe %d\n",
	                       mmu_read_cr3(mmu), mmu_read_cr4(mmu),
	                       mmu->cr0_wp, mmu->efer_nxe);
	if (g)
		print_thread(out, g);
}

/* ---- code ---- */

void viz_disas(GString *out, const struct machine *m, unsigned cpu)
{
	const struct cpu *c = &m->cpus[cpu];
	const struct guest_thread *g = thread_on(c);
	unsigned from, to;
	struct disas *d;

	if (!g || !g->program) {
		g_string_append_printf(out, "CPU%u: %s runs no guest code\n",
		                       cpu, c->curr ? c->curr->name : "nobody");
		return;
	}
	g_string_append_printf(out, "CPU%u: %s\n", cpu, c->curr->name);
	from = g->op > DISAS_AROUND ? g->op - DISAS_AROUND : 0;
	to = MIN(g->op + DISAS_AROUND + 1, g->code->nr_ops);
	d = disas_new(m->arch);
	for (unsigned i = from; i < to; i++) {
		const struct op *op = &g->code->ops[i];
		g_autofree char *text = disas_op(d, g->code, i);

		g_string_append_printf(out, "%s %4u  %s\n%s",
		                       i == g->op ? "=>" : "  ", op->line,
		                       op->text ? op->text : "end", text);
	}
	disas_free(d);
}
