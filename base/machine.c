/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/machine.h"

#include <glib.h>
#include <string.h>

#include "base/bug.h"
#include "base/smp.h"

#define ARENA_BYTES (UINT64_C(1) << 30)

void cpu_init(struct machine *m, unsigned id)
{
	struct cpu *cpu = &m->cpus[id];
	void *hw_data = cpu->hw_data;

	memset(cpu, 0, sizeof(*cpu));
	cpu->machine = m;
	cpu->id = id;
	cpu->irq_enabled = true;
	cpu->hw_data = hw_data; /* hardware outlives a run; emu resets it */
	tasks_init(cpu);
	irq_init(cpu);
	cpu_update_gates(cpu);
}

/* What is the same at the start of every run. */
static void boot(struct machine *m)
{
	m->sched = (struct sched){ .hash = UINT64_C(0x6d6d756c61746f72) };
	m->nr_agents = 0;
	m->nr_spontaneous = 0;
	m->end = RUN_DONE;
	m->paused = NULL;
	m->lockdep = (struct lockdep){ 0 };
	for (unsigned i = 0; i < m->nr_cpus; i++)
		cpu_init(m, i);
	rcu_init(m);
}

struct machine *machine_new(const struct machine_config *config)
{
	struct machine *m = g_new0(struct machine, 1);

	BUG_ON(!config->nr_cpus || config->nr_cpus > NR_CPUS_MAX);
	m->arch = config->arch;
	m->nr_cpus = config->nr_cpus;
	m->costs = config->costs ? config->costs : &cost_table_default;
	m->arena = arena_new(ARENA_BYTES);
	m->log = choice_log_new();
	physmem_init(&m->mem, config->memory_bytes);
	boot(m);
	return m;
}

void machine_reset(struct machine *m)
{
	BUG_ON(current_agent);
	arena_reset(m->arena);
	physmem_reset(&m->mem);
	choice_log_clear(m->log);
	boot(m);
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < NR_AGENTS_MAX; i++)
		coro_stack_free(&m->stacks[i]);
	physmem_fini(&m->mem);
	arena_free(m->arena);
	choice_log_free(m->log);
	g_free(m);
}
