/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oracle/oracle.h"

#include <string.h>

#include "base/bug.h"
#include "oracle/bbm.h"
#include "oracle/ghost.h"
#include "oracle/set_internal.h"
#include "oracle/tlb_view.h"

static bool enabled(const struct oracle_set *set, enum oracle_id id)
{
	if (id == ORACLE_SPLIT_VIEW && !set->options.strict)
		return false;
	return !(set->options.disabled >> id & 1);
}

/* ---- events ---- */

static void set_event(struct observer *o, struct machine *m,
                      const struct event *ev)
{
	struct oracle_set *set = container_of(o, struct oracle_set, observer);

	if (SCENE_EVENTS >> ev->type & 1)
		scene_event(set->scene, m, ev);
	if (TLB_VIEW_EVENTS >> ev->type & 1)
		tlb_view_before(set->tlbs, ev);
	for (unsigned i = 0; i < set->nr_wanting[ev->type]; i++) {
		enum oracle_id id = set->wanting[ev->type][i];

		oracle_table[id].event(set, id, ev);
	}
	if (GHOST_EVENTS >> ev->type & 1)
		ghost_event(set->ghost, set, ev);
	if (TLB_VIEW_EVENTS >> ev->type & 1)
		tlb_view_after(set->tlbs, ev);
}

/* Which oracle wants which event, and all the set wants. */
static void list_wants(struct oracle_set *set)
{
	set->observer.types = SCENE_EVENTS;
	set->observer.types |= TLB_VIEW_EVENTS;
	set->observer.types |= GHOST_EVENTS;
	for (unsigned id = 0; id < ORACLE_COUNT; id++) {
		uint64_t types = oracle_table[id].types;

		if (!enabled(set, (enum oracle_id)id))
			continue;
		set->observer.types |= types;
		for (; types; types &= types - 1) {
			unsigned t = (unsigned)__builtin_ctzll(types);

			set->wanting[t][set->nr_wanting[t]++] = (uint8_t)id;
		}
	}
}

/* ---- life ---- */

struct oracle_set *oracle_set_new(const struct oracle_options *options)
{
	struct oracle_set *set = g_new0(struct oracle_set, 1);

	if (options)
		set->options = *options;
	set->scene = scene_new();
	set->tlbs = tlb_view_new();
	set->bbm = bbm_new();
	set->ghost = ghost_new();
	set->hazards = g_array_new(FALSE, TRUE, sizeof(struct hazard));
	set->keys = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	set->strings = g_string_chunk_new(1024);
	set->observer.name = "oracles";
	set->observer.event = set_event;
	list_wants(set);
	return set;
}

void oracle_set_free(struct oracle_set *set)
{
	if (!set)
		return;
	oracle_set_detach(set);
	scene_free(set->scene);
	tlb_view_free(set->tlbs);
	bbm_free(set->bbm);
	ghost_free(set->ghost);
	g_array_free(set->hazards, TRUE);
	g_array_free(set->keys, TRUE);
	g_string_chunk_free(set->strings);
	g_free(set);
}

void oracle_set_attach(struct oracle_set *set, struct machine *m)
{
	BUG_ON(set->machine);
	set->machine = m;
	oracle_set_reset(set);
	observe(m, &set->observer);
}

void oracle_set_detach(struct oracle_set *set)
{
	if (set->machine)
		unobserve(set->machine, &set->observer);
	set->machine = NULL;
}

void oracle_set_reset(struct oracle_set *set)
{
	scene_reset(set->scene);
	tlb_view_reset(set->tlbs);
	bbm_reset(set->bbm);
	ghost_reset(set->ghost);
	memset(set->good, 0, sizeof(set->good));
	if (set->hazards->len) {
		g_array_set_size(set->hazards, 0);
		g_array_set_size(set->keys, 0);
		g_string_chunk_clear(set->strings);
	}
	set->fired = 0;
	set->nr_dropped = 0;
}

/* ---- hazards ---- */

struct hazard *hazard_begin(struct oracle_set *set, enum oracle_id id,
                            const struct event *ev, uint64_t key)
{
	struct hazard *h;

	if (!enabled(set, id))
		return NULL;
	key = mix_key(key, id + 1);
	for (unsigned i = 0; i < set->keys->len; i++)
		if (g_array_index(set->keys, uint64_t, i) == key)
			return NULL;
	if (set->hazards->len == HAZARDS_MAX) {
		set->nr_dropped++;
		return NULL;
	}
	set->fired |= 1U << id;
	g_array_append_val(set->keys, key);
	g_array_set_size(set->hazards, set->hazards->len + 1);
	h = &g_array_index(set->hazards, struct hazard, set->hazards->len - 1);
	*h = (struct hazard){ .id = id,
		              .oracle = oracle_infos[id].name,
		              .step = ev ? ev->step : 0,
		              .creator = "",
		              .user = "" };
	if (!ev && set->machine)
		h->step = set->machine->sched.nr_steps;
	return h;
}

void hazard_range(struct hazard *h, vaddr_t start, uint64_t size)
{
	h->addr = start;
	h->end = start + size;
}

static const struct agent *find_agent(const struct oracle_set *set, int agent)
{
	const struct machine *m = set->machine;

	if (agent < 0 || !m || (unsigned)agent >= m->nr_agents)
		return NULL;
	return m->agents[agent];
}

void hazard_link(struct oracle_set *set, struct hazard *h,
                 enum hazard_role role, int agent, uint64_t step)
{
	const struct agent *a = find_agent(set, agent);
	struct hazard_link link = {
		.role = role, .step = step, .agent = agent, .cpu = -1
	};
	unsigned i = h->nr_links;

	if (h->nr_links == HAZARD_LINKS_MAX)
		return;
	if (a) {
		link.cpu = a->cpu ? (int)a->cpu->id : -1;
		g_strlcpy(link.who, a->name, sizeof(link.who));
	}
	for (; i > 0 && h->links[i - 1].step > step; i--)
		h->links[i] = h->links[i - 1];
	h->links[i] = link;
	h->nr_links++;
}

void hazard_link_fill(struct oracle_set *set, struct hazard *h,
                      const struct tlb_entry *entry)
{
	hazard_link(set, h, HAZARD_FILLED, entry->filled_by, entry->fill_step);
}

void hazard_text(struct oracle_set *set, struct hazard *h, const char *format,
                 ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	h->text = g_string_chunk_insert(set->strings, text);
}

void hazard_who(struct oracle_set *set, struct hazard *h, int creator, int user)
{
	const struct agent *c = find_agent(set, creator);
	const struct agent *u = find_agent(set, user);

	h->creator = c ? g_string_chunk_insert(set->strings, c->name) : "";
	h->user = u ? g_string_chunk_insert(set->strings, u->name) : "";
}

const char *agent_name(struct oracle_set *set, int agent)
{
	const struct agent *a = find_agent(set, agent);
	g_autofree char *name = NULL;

	if (!a)
		return "the set-up";
	if (!a->cpu)
		return g_string_chunk_insert(set->strings, a->name);
	name = g_strdup_printf("CPU%u (%s)", a->cpu->id, a->name);
	return g_string_chunk_insert(set->strings, name);
}

void oracle_set_finding(struct oracle_set *set, enum oracle_id id,
                        const char *text)
{
	struct hazard *h = hazard_begin(set, id, NULL, g_str_hash(text));

	if (h)
		hazard_text(set, h, "%s", text);
}

void oracle_set_finish(struct oracle_set *set, bool run_to_end)
{
	for (unsigned id = 0; id < ORACLE_COUNT; id++)
		if (oracle_table[id].finish && enabled(set, (enum oracle_id)id))
			oracle_table[id].finish(set, run_to_end);
}

const struct hazard *oracle_set_hazards(const struct oracle_set *set,
                                        unsigned *n)
{
	*n = set->hazards->len;
	return (const struct hazard *)(const void *)set->hazards->data;
}

uint32_t oracle_set_fired(const struct oracle_set *set)
{
	return set->fired;
}
