/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sleep sets: who need not be tried, as it leads to traces already seen.
 *
 * Agent t was tried at state n, and n t ... was searched.  Then another, w, is
 * tried there.  While the steps made since, together called w, do not depend on
 * t's step, n w t z is the same as n t w z for every z, and t sleeps.
 *
 * With a bound n t w z must not need more preemptions than n w t z; let c be
 * what moving t at n costs and d what moving w there costs.
 *
 *  - If t cannot go on after its step, n t w z costs c where the other costs d:
 *    t may sleep if c <= d.  If it can, n t w takes one more: c + 1 <= d.
 *    Above all, somebody who was preempted at n sleeps until a step that
 *    depends on its own.
 *  - Let T be all that t does until it cannot go on.  If w does not depend on
 *    any step of T, nor on the one that t waits with then, then n w T z is n T
 * w z and costs no less if c <= d.  And where t is preempted within T, in n w
 * t1 y, moving t1 to the front moves that preemption along: n t1 w y costs no
 * more either.
 *
 * Of the second kind of sleeper only those runs are made in which T comes as
 * soon as it can.  Whoever depends on T and could come before it is not seen
 * where t sleeps: it was found below n t, and is to be tried at n.  Where t
 * sleeps and is to be tried it is therefore to be tried as well.
 *
 * What w ends with and z begins with costs the same in both, unless w's agent
 * cannot go on and t, or T, would let it: then it is free in n w t z only, and
 * t wakes.  Walkers move for
 * free, wherever they do: as long as they can, T may be interrupted for free by
 * what depends on w, and only t's next step counts, unless T touches nothing
 * that a walker could touch.  The same goes for the
 * agent that ends the run.
 */
#include "explore/sleep.h"

#include <string.h>

#include "explore/explorer_internal.h"

/* ---- what a block of steps touches ---- */

static void sign(uint64_t *bits, objid_t key)
{
	unsigned i = (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 54);

	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static void sign_all(uint64_t *bits)
{
	memset(bits, 0xff, SIGNATURE_WORDS * sizeof(*bits));
}

static void sign_object(uint64_t *bits, const struct footprint *fp)
{
	if (fp->end - fp->start > SIGNATURE_BYTES) {
		sign_all(bits);
		return;
	}
	/* Objects that are no memory have numbers next to each other. */
	for (objid_t key = fp->start >> 3; key <= (fp->end - 1) >> 3; key++)
		sign(bits, key);
}

static void sign_freed(uint64_t *bits, const struct footprint *fp)
{
	for (unsigned i = 0; i < fp->nr_frees; i++) {
		objid_t key = freed_start(&fp->frees[i]) >> 3;

		if (fp->frees[i].nr_lines > SIGNATURE_WORDS)
			sign_all(bits);
		for (; key < freed_end(&fp->frees[i]) >> 3; key++)
			sign(bits, key);
	}
}

static void sign_cpus(uint64_t *bits, uint64_t space, uint64_t cpus)
{
	for_each_bit(cpu, cpus) sign(bits, hidden_obj(space, cpu));
}

/* What changes it must not meet at all. */
static void sign_hidden(uint64_t *bits, const struct footprint *fp)
{
	sign(bits, hidden_obj(HIDDEN_ENABLED, fp->agent));
	for_each_bit(agent, fp->changed)
		sign(bits, hidden_obj(HIDDEN_ENABLED, agent));
	if (fp->lane)
		sign(bits, hidden_obj(HIDDEN_LANE, fp->lane));
	sign_cpus(bits, HIDDEN_QUIET, fp->quiet | fp->watches);
	if (fp->snapshots || fp->begun)
		sign(bits, hidden_obj(HIDDEN_BEGUN, 0));
	if (fp->ends)
		sign(bits, hidden_obj(HIDDEN_REPORT, fp->ends));
	for (uint64_t nr = fp->first_report;
	     fp->reports && nr <= fp->last_report; nr++)
		sign(bits, hidden_obj(HIDDEN_REPORT, nr));
	if (fp->tlb)
		sign(bits, obj_make(OBJ_SPACE_TLB, fp->tlb - 1U) >> 3);
	for_each_bit(cpu, fp->queues)
		sign(bits, obj_make(OBJ_SPACE_CPU, cpu) >> 3);
}

static void signature_add(struct signature *s, const struct footprint *fp)
{
	sign_hidden(s->all, fp);
	sign_hidden(s->writes, fp);
	sign_freed(s->all, fp);
	sign_freed(s->writes, fp);
	if (fp->start == fp->end)
		return;
	sign_object(s->all, fp);
	if (fp->writes)
		sign_object(s->writes, fp);
}

static bool may_meet(const struct signature *block,
                     const struct signature *step)
{
	uint64_t met = 0;

	for (unsigned i = 0; i < SIGNATURE_WORDS; i++)
		met |= (block->all[i] & step->writes[i]) |
		       (block->writes[i] & step->all[i]);
	return met;
}

/* ---- sleeping ---- */

static struct sleeper *sleeper_at(const struct explorer *x, unsigned i)
{
	return &g_array_index(x->sleepers, struct sleeper, i);
}

static const struct footprint *block_steps(const struct explorer *x)
{
	return &g_array_index(x->block_steps, struct footprint, 0);
}

/* May a walker's step depend on it? They read memory, set bits there, and use
 * TLBs. */
static bool meets_walkers(const struct explorer *x, const struct footprint *fp)
{
	uint64_t space = fp->start >> OBJ_SPACE_SHIFT;
	uint64_t cpu = fp->start - obj_make(OBJ_SPACE_TLB, 0);

	if (fp->tlb && (x->walking_cpus >> (fp->tlb - 1) & 1))
		return true;
	if (space == OBJ_SPACE_TLB && fp->end == fp->start + 1)
		return cpu >= NR_CPUS_MAX || (x->walking_cpus >> cpu & 1);
	return space == OBJ_SPACE_PHYS || space == OBJ_SPACE_TLB ||
	       space == HIDDEN_SPONTANEOUS || (fp->changed & x->walkers);
}

static void sign_block(const struct explorer *x, struct sleeper *s)
{
	const struct footprint *steps = block_steps(x);

	if (s->is_signed)
		return;
	s->signature = (struct signature){ 0 };
	s->meets_walkers = false;
	for (unsigned i = s->first_step; i < s->end_step; i++) {
		signature_add(&s->signature, &steps[i]);
		s->meets_walkers |= meets_walkers(x, &steps[i]);
	}
	s->is_signed = true;
}

/* Whatever walkers do, the block is what it was, and they what they were. */
static bool is_apart(const struct explorer *x, struct sleeper *s)
{
	if (!s->block_known)
		return false;
	sign_block(x, s);
	return !s->meets_walkers;
}

static bool depends_on_block(const struct explorer *x, struct sleeper *s,
                             const struct footprint *fp)
{
	const struct footprint *steps = block_steps(x);
	struct signature made = { 0 };

	if (!s->block_known)
		return true;
	sign_block(x, s);
	signature_add(&made, fp);
	if (!may_meet(&s->signature, &made))
		return false;
	for (unsigned i = s->first_step; i < s->end_step; i++) {
		if (footprints_conflict(&steps[i], fp))
			return true;
	}
	return false;
}

/* Does it go on sleeping while the parent's event is made? */
static bool stays_asleep(const struct explorer *x, const struct node *parent,
                         struct dozer *dozer)
{
	struct sleeper *s = sleeper_at(x, dozer->sleeper);
	const struct footprint *fp =
		&x->history.footprints[x->history.nr_events - 1];
	unsigned cost;

	if (footprints_conflict(&s->fp, fp))
		return false;
	if (!x->options.bounded)
		return true;
	if (x->waits && footprints_conflict(&s->fp, &x->wait))
		return false;
	if (dozer->depth == DOZES_STEP)
		return true;
	if (dozer->depth == DOZES_OPEN && s->debt == 0 && !s->goes_on) {
		dozer->depth = DOZES_STEP;
		return true;
	}
	if (dozer->depth == DOZES_OPEN && (x->walkers >> parent->agent & 1)) {
		if (!dozer->block_met)
			dozer->block_met = depends_on_block(x, s, fp);
		return true;
	}
	if (x->waits && depends_on_block(x, s, &x->wait))
		dozer->block_met = true;
	if (dozer->depth == DOZES_BLOCK)
		return !dozer->block_met && !depends_on_block(x, s, fp);
	cost = step_cost(x, parent, parent->agent);
	if (s->debt + s->goes_on <= cost) {
		dozer->depth = DOZES_STEP;
		return true;
	}
	dozer->depth = DOZES_BLOCK;
	return (!parent->restless || is_apart(x, s)) &&
	       s->agent != parent->ending && s->debt <= cost &&
	       !dozer->block_met && !depends_on_block(x, s, fp);
}

/* Who fell asleep at the parent is the last of those it has. */
static void add_fresh(struct explorer *x, const struct node *parent)
{
	unsigned nr_sleepers = x->sleepers->len;

	for (unsigned i = parent->first_sleeper; i < nr_sleepers; i++) {
		const struct dozer fresh = { .sleeper = i };

		g_array_append_val(x->dozers, fresh);
	}
}

/* Append those of the parent's that go on sleeping. Return: their agents. */
static uint64_t add_asleep(struct explorer *x, const struct node *parent)
{
	unsigned end = x->dozers->len;
	uint64_t asleep = parent->sleep, known = 0;

	for (unsigned i = parent->first_dozer; i < end; i++) {
		struct dozer d = g_array_index(x->dozers, struct dozer, i);
		unsigned agent = sleeper_at(x, d.sleeper)->agent;

		known |= BIT_ULL(agent);
		if (!(asleep >> agent & 1))
			continue;
		if (stays_asleep(x, parent, &d))
			g_array_append_val(x->dozers, d);
		else
			asleep &= ~BIT_ULL(agent);
	}
	return asleep & known;
}

void sleep_inherit(struct explorer *x, struct node *node)
{
	const struct node *parent = node - 1;
	unsigned nr_kept = node->first_dozer, parents_end;

	if (!parent->sleep)
		return;
	add_fresh(x, parent);
	parents_end = x->dozers->len;
	node->sleep = add_asleep(x, parent);
	/* What was the parent's, or of agents found awake later, goes. */
	for (unsigned i = parents_end; i < x->dozers->len; i++) {
		struct dozer d = g_array_index(x->dozers, struct dozer, i);

		if (node->sleep >> sleeper_at(x, d.sleeper)->agent & 1)
			g_array_index(x->dozers, struct dozer, nr_kept++) = d;
	}
	g_array_set_size(x->dozers, nr_kept);
}

/* ---- blocks ---- */

/*
 * The steps of a block are put down backwards, each when everything below its
 * node was searched: first comes what the agent went on with.
 */
static unsigned block_base(const struct explorer *x, const struct node *node)
{
	return node->goes_with_child ? node->child_base : x->block_steps->len;
}

void sleep_blocked(struct explorer *x, const struct machine *m,
                   uint64_t enabled)
{
	struct node *node = &x->nodes[x->nr_nodes - 1];
	const struct agent *a;
	struct footprint fp;

	x->waits = false;
	if (!x->options.bounded || !x->nr_nodes)
		return;
	a = m->agents[node->agent];
	if ((enabled & a->bit) || !(m->sched.alive & a->bit))
		return;
	footprint_announced(&fp, a, x->watches[a->id]);
	x->wait = fp;
	x->waits = true;
	node->goes_with_child = true;
	node->child_base = x->block_steps->len;
	g_array_append_val(x->block_steps, fp);
}

static void put_down(struct explorer *x, const struct footprint *fp,
                     unsigned event)
{
	struct footprint copy = *fp;

	/* It was cut off and what it would do next is not known: that depends
	 * on everybody. */
	if (x->run_end == RUN_STEP_CAP && event + 1 == x->at)
		copy.changed = UINT64_MAX;
	g_array_append_val(x->block_steps, copy);
}

void sleep_tried(struct explorer *x, struct node *node, unsigned event)
{
	const struct footprint *fp = &x->history.footprints[event];
	struct sleeper s = { .agent = node->agent,
		             .fp = *fp,
		             .rivals = node->wanted,
		             .first_step = block_base(x, node),
		             .block_known = !x->part_level ||
		                            node->level >= x->part_level };

	if (x->options.bounded) {
		bool walker = x->walkers >> node->agent & 1;

		s.debt = step_cost(x, node, node->agent);
		s.goes_on = node->goes_on && !walker;
		put_down(x, fp, event);
	}
	s.end_step = x->block_steps->len;
	g_array_append_val(x->sleepers, s);
	if (node->first_agent == NOBODY) {
		node->first_agent = node->agent;
		node->block_first = s.first_step;
	}
	if (node->first_agent == node->agent)
		node->block_end = s.end_step;
	node->goes_with_child = false;
	node->wanted = 0;
}

/* Who was wanted where those of @agents fell asleep that sleep at node @at? */
static uint64_t rivals_of(const struct explorer *x, unsigned at,
                          uint64_t agents)
{
	const struct node *node = &x->nodes[at];
	unsigned end =
		at + 1 < x->nr_nodes ? node[1].first_dozer : x->dozers->len;
	uint64_t rivals = 0;

	if (!(agents & node->sleep))
		return 0;
	for (unsigned i = node->first_dozer; i < end; i++) {
		const struct dozer *d =
			&g_array_index(x->dozers, struct dozer, i);
		const struct sleeper *s = sleeper_at(x, d->sleeper);

		if (d->depth != DOZES_STEP && (agents >> s->agent & 1))
			rivals |= s->rivals;
	}
	return rivals;
}

void sleep_want(struct explorer *x, unsigned at, uint64_t agents)
{
	struct node *node = &x->nodes[at];

	do {
		uint64_t fresh;

		if (agents & ~node->enabled)
			agents = node->enabled;
		fresh = agents & ~node->backtrack;
		node->wanted |= agents;
		node->backtrack |= agents;
		agents = rivals_of(x, at, fresh);
	} while (agents);
}

void sleep_pop(struct explorer *x, struct node *node, struct node *parent)
{
	unsigned left = node->block_base;

	if (parent && node->first_agent == parent->agent &&
	    node->block_end > left) {
		parent->goes_with_child = true;
		parent->child_base = node->block_first;
		left = node->block_end;
	}
	g_array_set_size(x->block_steps, left);
	g_array_set_size(x->sleepers, node->first_sleeper);
	g_array_set_size(x->dozers, node->first_dozer);
}
