/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a cache line of kernel data, so that lock contention costs what it
 * costs instead of being assumed.  What is
 * kept of MESI: who has the line, and until when it is on its way.
 */
#ifndef MMULATOR_BASE_CACHELINE_H
#define MMULATOR_BASE_CACHELINE_H

#include "base/types.h"

struct cpu;

struct cacheline {
	uint64_t busy_until; /* cycles, on the clock of whoever took it last */
	cpumask_t sharers;   /* CPUs that have it; a writer is alone */
};

/**
 * cacheline_access - a CPU reads or writes a line: move it there.
 * @cpu: the CPU
 * @write: others lose it
 *
 * Return: cycles it takes on @cpu's clock, waiting included.
 */
uint64_t cacheline_access(struct cacheline *line, const struct cpu *cpu,
                          bool write);

#endif
