/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bare machine with test agents: no kernel above base. */
#ifndef MMULATOR_TESTS_BASE_FIXTURE_H
#define MMULATOR_TESTS_BASE_FIXTURE_H

#include <check.h>

#include "base/machine.h"
#include "base/once.h"
#include "base/spinlock.h"

/* Counts events of one type and remembers the last. */
struct counter {
	struct observer base;
	unsigned count;
	char text[64];
	uint64_t addr;
};

struct machine *test_machine(unsigned nr_cpus);
void count_events(struct machine *m, struct counter *c, enum event_type type);

/* Run @n random schedules of a program: @setup builds it on a reset machine,
 * @finish looks at the outcome. */
void for_random_schedules(struct machine *m, unsigned n,
                          void (*setup)(struct machine *m),
                          void (*finish)(struct machine *m, enum run_end end));

int run_suite(Suite *s);

#endif
