/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policies that need no memory of the schedule: timed, random, replay. */
#include "base/policy.h"

#include "base/bug.h"
#include "base/machine.h"
#include "base/rng.h"

GQuark policy_error_quark(void)
{
	return g_quark_from_static_string("mmulator-policy-error-quark");
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	g_clear_error(&p->error);
	if (p->free)
		p->free(p);
	else
		g_free(p);
}

/* ---- timed ---- */

static unsigned timed_pick(struct policy *p, struct machine *m,
                           const struct choice *c)
{
	uint64_t best = UINT64_MAX;
	unsigned pick = 0, i = 0;

	(void)p;
	if (c->kind != CHOICE_AGENT)
		return 0;
	for (uint64_t left = c->agents; left; left &= left - 1, i++) {
		const struct agent *a =
			m->agents[(unsigned)__builtin_ctzll(left)];

		/* Hardware's spontaneous steps have no clock of their own:
		 * only a policy that looks for trouble takes them. */
		if (a->kind == AGENT_WALKER)
			continue;
		if (*a->cycles < best) {
			best = *a->cycles;
			pick = i;
		}
	}
	return pick;
}

struct policy *policy_timed_new(void)
{
	struct policy *p = g_new0(struct policy, 1);

	p->name = "timed";
	p->pick = timed_pick;
	return p;
}

/* ---- random ---- */

struct policy_random {
	struct policy base;
	uint64_t seed;
	uint64_t run;
	struct rng rng;
};

static unsigned random_pick(struct policy *p, struct machine *m,
                            const struct choice *c)
{
	struct policy_random *r = (struct policy_random *)(void *)p;

	(void)m;
	return (unsigned)rng_below(&r->rng, c->n);
}

static void random_begin(struct policy *p, struct machine *m)
{
	struct policy_random *r = (struct policy_random *)(void *)p;
	struct rng mixer = { .state = r->seed };

	(void)m;
	r->rng.state =
		rng_next(&mixer) + r->run++ * UINT64_C(0x2545f4914f6cdd1d);
}

struct policy *policy_random_new(uint64_t seed)
{
	struct policy_random *r = g_new0(struct policy_random, 1);

	r->base.name = "random";
	r->base.pick = random_pick;
	r->base.begin = random_begin;
	r->seed = seed;
	return &r->base;
}

void policy_random_set_run(struct policy *p, uint64_t run)
{
	BUG_ON(p->pick != random_pick);
	((struct policy_random *)(void *)p)->run = run;
}

/* ---- replay ---- */

struct policy_replay {
	struct policy base;
	const struct choice_log *log;
	guint next;
};

static unsigned replay_pick(struct policy *p, struct machine *m,
                            const struct choice *c)
{
	struct policy_replay *r = (struct policy_replay *)(void *)p;
	const struct choice_entry *e;

	if (r->next == r->log->nr_entries) {
		g_set_error(&p->error, POLICY_ERROR, POLICY_ERROR_REPLAY,
		            "the log ends after %u choices, the run asks for "
		            "another at step %" G_GUINT64_FORMAT,
		            r->next, m->sched.nr_steps);
		return 0;
	}
	e = &r->log->entries[r->next++];
	if (e->kind == c->kind && e->n == c->n)
		return e->pick;
	g_set_error(&p->error, POLICY_ERROR, POLICY_ERROR_REPLAY,
	            "choice %u of the log does not fit step %" G_GUINT64_FORMAT
	            " (%u alternatives there, %u in the run)",
	            r->next, m->sched.nr_steps, e->n, c->n);
	return 0;
}

static void replay_begin(struct policy *p, struct machine *m)
{
	(void)m;
	((struct policy_replay *)(void *)p)->next = 0;
}

struct policy *policy_replay_new(const struct choice_log *log)
{
	struct policy_replay *r = g_new0(struct policy_replay, 1);

	r->base.name = "replay";
	r->base.pick = replay_pick;
	r->base.begin = replay_begin;
	r->log = log;
	return &r->base;
}
