/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/base/fixture.h"

#include <stdlib.h>
#include <string.h>

struct machine *test_machine(unsigned nr_cpus)
{
	struct machine_config config = { .nr_cpus = nr_cpus,
		                         .memory_bytes = UINT64_C(1) << 30 };

	return machine_new(&config);
}

static void count_one(struct observer *o, struct machine *m,
                      const struct event *ev)
{
	struct counter *c = (struct counter *)(void *)o;

	(void)m;
	c->count++;
	c->addr = ev->addr;
	g_strlcpy(c->text, ev->text ? ev->text : "", sizeof(c->text));
}

void count_events(struct machine *m, struct counter *c, enum event_type type)
{
	memset(c, 0, sizeof(*c));
	c->base.name = "counter";
	c->base.types = BIT_ULL(type);
	c->base.event = count_one;
	observe(m, &c->base);
}

void for_random_schedules(struct machine *m, unsigned n,
                          void (*setup)(struct machine *m),
                          void (*finish)(struct machine *m, enum run_end end))
{
	struct policy *p = policy_random_new(1);

	m->policy = p;
	for (unsigned i = 0; i < n; i++) {
		machine_reset(m);
		setup(m);
		p->begin(p, m);
		finish(m, machine_run(m));
	}
	m->policy = NULL;
	policy_free(p);
}

int run_suite(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
