/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cacheline.h"

#include "base/machine.h"

/* One transfer, by distance from the nearest CPU that has the line. */
static uint64_t transfer_cost(const struct cpu *cpu, cpumask_t sharers)
{
	const struct cost_table *c = cpu->machine->costs;
	unsigned per = c->cpus_per_socket;
	cpumask_t socket;

	if (!per)
		return c->line_same;
	socket = (per >= 64 ? ~UINT64_C(0) : BIT_ULL(per) - 1)
	         << (cpu->id / per * per);
	return (sharers & socket) ? c->line_same : c->line_other;
}

uint64_t cacheline_access(struct cacheline *line, const struct cpu *cpu,
                          bool write)
{
	cpumask_t me = BIT_ULL(cpu->id);
	bool mine = line->sharers & me;
	uint64_t cost = 0;

	if (line->sharers && (write ? line->sharers != me : !mine)) {
		if (line->busy_until > cpu->cycles)
			cost = line->busy_until - cpu->cycles;
		cost += transfer_cost(cpu, line->sharers & ~me);
		line->busy_until = cpu->cycles + cost;
	}
	line->sharers = write ? me : line->sharers | me;
	return cost;
}
