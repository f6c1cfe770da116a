/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the oracles share: the set they belong to, how one of them reports a
 * hazard, and the scene (oracle/scene.h) that is kept up to date before any of
 * them sees an event.
 */
#ifndef MMULATOR_ORACLE_SET_INTERNAL_H
#define MMULATOR_ORACLE_SET_INTERNAL_H

#include <glib.h>

#include "oracle/oracle.h"
#include "oracle/scene.h"

struct bbm;
struct ghost;
struct tlb_entry;
struct tlb_view;

/*
 * One oracle: a row of the table in oracle/registry.c.  Members may be NULL.
 */
struct oracle_ops {
	uint64_t types; /* events it wants */
	void (*event)(struct oracle_set *set, enum oracle_id id,
	              const struct event *ev);
	void (*finish)(struct oracle_set *set, bool run_to_end);
};
extern const struct oracle_ops oracle_table[ORACLE_COUNT];

/* A walk of the tables that agreed with an access; see oracle/stale.c. */
struct good_walk {
	uint64_t vpn;
	paddr_t root;
	pfn_t pfn;
	uint64_t writes; /* valid while the scene knows this many */
	unsigned kinds;  /* bits: write 1, exec 2, user 4 as a number */
};
#define GOOD_WALKS 64

#define HAZARDS_MAX 64 /* per run; later ones are counted only */

struct oracle_set {
	struct oracle_options options;
	struct machine *machine;
	struct observer observer;

	/* Oracles per event type, in order of enum oracle_id. */
	uint8_t nr_wanting[EV_TYPE_COUNT];
	uint8_t wanting[EV_TYPE_COUNT][ORACLE_COUNT];

	struct scene *scene;
	struct tlb_view *tlbs;
	struct ghost *ghost;
	struct bbm *bbm;
	struct good_walk good[GOOD_WALKS];

	GArray *hazards; /* struct hazard */
	GArray *keys;    /* uint64_t: identity of each hazard */
	GStringChunk *strings;
	uint32_t fired;
	uint64_t nr_dropped;
};

/**
 * hazard_begin - start a report.
 * @key: what makes it the same hazard as another of that oracle
 *
 * Return: the hazard, to be completed with hazard_link() and hazard_text();
 * NULL if it is known already or there are too many.
 */
struct hazard *hazard_begin(struct oracle_set *set, enum oracle_id id,
                            const struct event *ev, uint64_t key);
/** hazard_range - the addresses it is about. */
void hazard_range(struct hazard *h, vaddr_t start, uint64_t size);
/** hazard_link - add an event; @agent: its id, -1 if nobody's. Links are kept
 * in order of steps. */
void hazard_link(struct oracle_set *set, struct hazard *h,
                 enum hazard_role role, int agent, uint64_t step);
/** hazard_link_fill - add the making of the translation that was used. */
void hazard_link_fill(struct oracle_set *set, struct hazard *h,
                      const struct tlb_entry *entry);
/** hazard_text - the sentence. */
void hazard_text(struct oracle_set *set, struct hazard *h, const char *format,
                 ...) G_GNUC_PRINTF(3, 4);
/** hazard_who - who made the stale thing and who used it: agent ids or -1. */
void hazard_who(struct oracle_set *set, struct hazard *h, int creator,
                int user);
/** mix_key - fold @value into the identity of a hazard. */
static inline uint64_t mix_key(uint64_t key, uint64_t value)
{
	key = (key ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return key ^ key >> 31;
}

/** event_agent - id of the agent that caused @ev, or -1. */
static inline int event_agent(const struct event *ev)
{
	return ev->agent ? (int)ev->agent->id : -1;
}
/** agent_name - "CPU1 reclaim": for sentences; the set's string. */
const char *agent_name(struct oracle_set *set, int agent);

/* ---- event functions of the oracles, for the table ---- */
void stale_event(struct oracle_set *set, enum oracle_id id,
                 const struct event *ev);
void frame_uaf_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev);
void table_uaf_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev);
void size_mix_event(struct oracle_set *set, enum oracle_id id,
                    const struct event *ev);
void split_view_event(struct oracle_set *set, enum oracle_id id,
                      const struct event *ev);
void bad_table_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev);
void lock_rule_event(struct oracle_set *set, enum oracle_id id,
                     const struct event *ev);
void rcu_uaf_event(struct oracle_set *set, enum oracle_id id,
                   const struct event *ev);
void bbm_event(struct oracle_set *set, enum oracle_id id,
               const struct event *ev);
void kernel_fault_event(struct oracle_set *set, enum oracle_id id,
                        const struct event *ev);
void deadlock_event(struct oracle_set *set, enum oracle_id id,
                    const struct event *ev);
void leak_finish(struct oracle_set *set, bool run_to_end);

#endif
