/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/explore/naive.h"

#include <check.h>
#include <glib.h>

struct naive {
	struct policy policy;
	const struct enumeration *e;
	GArray *picks; /* of struct choice_entry */
	unsigned next;
	unsigned preemptions;
	struct agent *last;   /* made the last step */
	struct agent *moving; /* picked, no step yet */
	bool over;            /* more preemptions than the bound */
};

static unsigned index_of(uint64_t agents, const struct agent *a)
{
	return (unsigned)__builtin_popcountll(agents & (a->bit - 1));
}

static struct agent *nth_agent(struct machine *m, uint64_t agents, unsigned i)
{
	while (i--)
		agents &= agents - 1;
	return m->agents[__builtin_ctzll(agents)];
}

static struct agent *starter(struct machine *m, uint64_t agents)
{
	for (unsigned i = 0; i < m->nr_agents; i++) {
		struct agent *a = m->agents[i];

		if ((agents & a->bit) && !a->nr_steps && !a->cpu)
			return a;
	}
	return NULL;
}

static unsigned ask(struct naive *n, const struct choice *c)
{
	struct choice_entry e = { (uint8_t)c->kind, (uint8_t)c->n, 0 };

	if (n->next == n->picks->len)
		g_array_append_val(n->picks, e);
	e = g_array_index(n->picks, struct choice_entry, n->next++);
	if (e.n != c->n || e.kind != c->kind)
		ck_abort_msg("a run cannot be repeated");
	return e.pick;
}

static unsigned naive_pick(struct policy *p, struct machine *m,
                           const struct choice *c)
{
	struct naive *n = (struct naive *)(void *)p;
	unsigned pick;

	if (c->kind != CHOICE_AGENT)
		return ask(n, c);
	/* An agent that begins is picked twice before its first step. */
	if (!n->moving && !n->e->free_starts)
		n->moving = starter(m, c->agents);
	if (n->moving)
		return index_of(c->agents, n->moving);
	pick = ask(n, c);
	n->moving = nth_agent(m, c->agents, pick);
	if (n->last && n->last != n->moving && (c->agents & n->last->bit) &&
	    n->moving->kind != AGENT_WALKER)
		n->preemptions++;
	n->over |= n->preemptions > n->e->bound;
	if (n->over)
		run_stop(m);
	return pick;
}

static void naive_stepped(struct policy *p, struct machine *m,
                          const struct agent *a)
{
	struct naive *n = (struct naive *)(void *)p;

	n->moving = NULL;
	if (n->e->stepped)
		n->e->stepped(m, a);
	if (a->kind != AGENT_WALKER &&
	    (a->nr_steps > 1 || a->cpu || n->e->free_starts))
		n->last = m->agents[a->id];
}

static bool advance(struct naive *n)
{
	g_array_set_size(n->picks, n->next);
	while (n->picks->len) {
		struct choice_entry *e = &g_array_index(
			n->picks, struct choice_entry, n->picks->len - 1);

		if (++e->pick < e->n)
			return true;
		g_array_set_size(n->picks, n->picks->len - 1);
	}
	return false;
}

static void run_once(struct naive *n)
{
	const struct enumeration *e = n->e;
	enum run_end end;

	e->start(e->data);
	n->next = 0;
	n->last = n->moving = NULL;
	n->over = false;
	n->preemptions = 0;
	e->machine->policy = &n->policy;
	end = machine_run(e->machine);
	if (!n->over)
		e->note(e->data, end);
}

bool enumerate_runs(const struct enumeration *e)
{
	struct naive n = {
		.policy = { .pick = naive_pick, .stepped = naive_stepped },
		.e = e,
		.picks = g_array_new(FALSE, FALSE, sizeof(struct choice_entry)),
	};
	unsigned runs = 0;

	do {
		run_once(&n);
	} while (++runs < e->limit && advance(&n));
	g_array_unref(n.picks);
	return runs < e->limit;
}
