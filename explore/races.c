/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Races: pairs of dependent steps that could have come the other way round.
 *
 * Each time an event was made, every step that waits to be made and depends on
 * an earlier event is looked at, whether its agent can move or not.  The state
 * before the earlier event then has to try an agent that leads to the step
 * coming first.
 */
#include <string.h>

#include "base/bug.h"
#include "explore/explorer_internal.h"

/* Event @event and what waits in agent @agent, in that order; could it be the
 * other way round? @clock is that step's. */
struct race {
	unsigned event;
	unsigned agent;
	const uint32_t *clock;
};

/* ---- without a bound: source sets ---- */

/*
 * What would come before the event: the later events that do not depend on it,
 * and last the racing step.  Its first agents are those who could start.
 */
struct detour {
	uint64_t present;
	uint32_t first[NR_AGENTS_MAX]; /* number of its first event */
};

/* Does nothing in @d happen before a step with clock @clock? */
static bool starts(const struct detour *d, const uint32_t *clock)
{
	for_each_bit(agent, d->present)
	{
		if (clock[agent] >= d->first[agent])
			return false;
	}
	return true;
}

/* Who could come first, at the state before an event. */
struct sources {
	uint64_t agents; /* and lead to the racing step */
	uint64_t first;  /* all that could */
};

/* Stops when one of @enough could come first. */
static void find_sources(const struct explorer *x, const struct race *race,
                         uint64_t enough, struct sources *out)
{
	const struct history *h = &x->history;
	const struct node *node = &x->nodes[race->event];
	struct detour d = { 0 };

	*out = (struct sources){ 0 };
	for (unsigned i = race->event + 1;
	     i < h->nr_events && !(out->first & enough); i++) {
		const uint32_t *clock = history_clock(h, i);
		unsigned agent = h->footprints[i].agent;
		bool first;

		if (happens_before(h, race->event, clock) ||
		    (d.present >> agent & 1))
			continue;
		first = starts(&d, clock);
		d.present |= BIT_ULL(agent);
		d.first[agent] = h->own[i];
		if (!first)
			continue;
		out->first |= BIT_ULL(agent);
		if (race->clock[agent] >= h->own[i])
			out->agents |= BIT_ULL(agent);
	}
	if (!(d.present >> race->agent & 1) &&
	    (node->enabled >> race->agent & 1) && starts(&d, race->clock)) {
		out->first |= BIT_ULL(race->agent);
		out->agents |= BIT_ULL(race->agent);
	}
}

/* One of them, unless one is tried already: a source set. */
static void add_source(struct explorer *x, const struct race *race)
{
	struct node *node = &x->nodes[race->event];
	uint64_t known = node->backtrack | node->sleep, one;
	struct sources s;

	find_sources(x, race, known, &s);
	if (!s.agents || (s.first & known))
		return;
	one = s.agents & ~(s.agents - 1);
	if (s.agents >> race->agent & 1)
		one = BIT_ULL(race->agent);
	node->backtrack |= (node->enabled & one) ? one : node->enabled;
}

/* ---- with a bound ---- */

/* Where the agent of an event began to move; walkers do not count. */
static unsigned turn_start(const struct explorer *x, unsigned event)
{
	unsigned agent = x->nodes[event].agent, start = event;

	for (; event--;) {
		unsigned mover = x->nodes[event].agent;

		if (mover == agent)
			start = event;
		else if (!(x->walkers >> mover & 1))
			break;
	}
	return start;
}

/*
 * There, and where the agent of the event began to move: switching there may
 * need no preemption.  All who could lead to the racing step are tried, as one
 * of them may sleep and another need fewer preemptions.
 */
static void add_conservative(struct explorer *x, const struct race *race)
{
	const struct node *node = &x->nodes[race->event];
	struct race early = *race;
	struct sources s;
	uint64_t walkers;

	find_sources(x, race, 0, &s);
	if (!s.agents)
		return;
	/* Walkers come first for free: a source set will do. */
	walkers = s.first & (node->backtrack | node->sleep) & x->walkers;
	if (!walkers)
		walkers = s.agents & x->walkers;
	if (walkers) {
		sleep_want(x, race->event, walkers & ~(walkers - 1));
		return;
	}
	sleep_want(x, race->event, s.agents);
	early.event = turn_start(x, race->event);
	if (early.event == race->event)
		return;
	find_sources(x, &early, 0, &s);
	sleep_want(x, early.event, s.agents);
}

static void reverse(struct explorer *x, const struct race *race)
{
	if (x->options.bounded)
		add_conservative(x, race);
	else
		add_source(x, race);
}

/* ---- finding them ---- */

static uint32_t *scratch_clock(struct explorer *x)
{
	if (x->clock_width < x->history.width) {
		x->clock_width = x->history.width;
		x->clock = g_renew(uint32_t, x->clock, x->clock_width);
	}
	return x->clock;
}

/* Those of @rivals that do not happen before the step anyway. */
static uint64_t unordered(const struct history *h, unsigned agent,
                          const struct rivals *rivals)
{
	uint32_t last = h->last[agent];
	uint64_t out = rivals->agents;

	if (last == NO_EVENT)
		return out;
	for_each_bit(rival, rivals->agents)
	{
		if (happens_before(h, rivals->events[rival],
		                   history_clock(h, last)))
			out &= ~BIT_ULL(rival);
	}
	return out;
}

static unsigned wanted(const struct explorer *x, const struct footprint *fp)
{
	unsigned which = RIVALS_RACES;

	/* Whoever comes before the signal or the unlock waits: the next switch
	 * is free then. */
	if (x->options.bounded)
		return which;
	if (x->gated >> fp->agent & 1)
		which |= RIVALS_PAST_SIGNALS;
	if (x->exclusive >> fp->agent & 1)
		which |= RIVALS_PAST_UNLOCKS;
	return which;
}

/* Every event that the step @fp, about to be made or waiting, races with. */
static void reverse_all(struct explorer *x, const struct footprint *fp)
{
	const struct history *h = &x->history;
	uint32_t *clock = scratch_clock(x);
	struct rivals rivals, all;
	uint64_t races;

	history_rivals(h, fp, wanted(x, fp), &rivals);
	races = unordered(h, fp->agent, &rivals);
	if (!races)
		return;
	history_rivals(h, fp, RIVALS_ALL, &all);
	history_clock_of(h, fp->agent, &all, clock);
	for_each_bit(rival, races)
	{
		const struct race race = { rivals.events[rival], fp->agent,
			                   clock };

		reverse(x, &race);
	}
}

void races_before(struct explorer *x, const struct footprint *fp)
{
	if (fp->changed || fp->quiet || fp->queues || fp->tlb || fp->nr_frees)
		reverse_all(x, fp);
}

/*
 * The newest event may conflict with the step that @a waits to make.  Then its
 * older races are looked at again as well: what would have to come first has
 * become more.  What its CPU did counts once it may move there.
 */
static void race_with(struct explorer *x, const struct machine *m,
                      const struct agent *a)
{
	const struct history *h = &x->history;
	const struct footprint *newest = &h->footprints[h->nr_events - 1];
	struct footprint waiting;

	footprint_announced(&waiting, a, x->watches[a->id]);
	if ((enabled_agents(&m->sched) & a->bit)
	            ? footprints_conflict(newest, &waiting)
	            : footprints_meet(newest, &waiting))
		reverse_all(x, &waiting);
}

void races_find(struct explorer *x, const struct machine *m)
{
	for_each_bit(id, m->sched.alive) race_with(x, m, m->agents[id]);
}
