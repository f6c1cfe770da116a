/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explore/footprint.h"

#include <string.h>

#define GRANULE 8

static bool has_bytes(objid_t object)
{
	uint64_t space = object >> OBJ_SPACE_SHIFT;

	return space == OBJ_SPACE_PHYS || space == OBJ_SPACE_KERNEL;
}

bool is_spontaneous(const struct agent *a)
{
	return a->kind == AGENT_WALKER && a->next.kind == STEP_LOCAL &&
	       a->next.object != OBJ_NONE;
}

static void set_range(struct footprint *fp, const struct step *st)
{
	if (st->object == OBJ_NONE || st->kind == STEP_LOCAL)
		return;
	if (st->commutes == COMMUTES_WITH_ALL) {
		fp->commutes = COMMUTES_NOT; /* what else it does */
		return;
	}
	fp->start = st->object;
	fp->end = st->object + MAX(st->size, 1U);
	if (st->size || !has_bytes(st->object))
		return;
	/* A whole object goes by its address, where its first word is. */
	fp->start &= ~(objid_t)(GRANULE - 1);
	fp->end = fp->start + GRANULE;
}

void footprint_announced(struct footprint *fp, const struct agent *a,
                         uint64_t watches)
{
	const struct step *st = &a->next;

	*fp = (struct footprint){ .kind = (uint8_t)st->kind,
		                  .agent = (uint8_t)a->id,
		                  .commutes = st->commutes,
		                  .watches = watches };
	set_range(fp, st);
	fp->writes = st->kind != STEP_READ && st->kind != STEP_LOCAL;
	if (st->object >> OBJ_SPACE_SHIFT == OBJ_SPACE_RCU)
		fp->ends = (uint32_t)(st->object - rcu_queue_obj());
	/* Not rcu_read_lock(). */
	fp->snapshots = st->object == rcu_queue_obj() && fp->writes;
	if (a->kind == AGENT_WALKER && st->kind != STEP_LOCAL && a->cpu)
		fp->tlb = (cpu_index_t)(a->cpu->id + 1);
	fp->interrupt = a->kind == AGENT_IRQ;
	if (is_spontaneous(a)) {
		/* They share one budget of spontaneous steps. */
		fp->start = hidden_obj(HIDDEN_SPONTANEOUS, 0);
		fp->end = fp->start + 1;
		fp->writes = true;
	}
	if (a->cpu && a->kind != AGENT_WALKER &&
	    a->kind != AGENT_STORE_BUFFER && a->kind != AGENT_DVM)
		fp->lane = (cpu_index_t)(a->cpu->id + 1);
}

uint64_t footprint_watches(const struct machine *m, const struct agent *a)
{
	for (unsigned i = 0; a->gate && i < m->nr_cpus; i++) {
		if (a->gate == &m->cpus[i].qs_gate)
			return BIT_ULL(i);
	}
	return 0;
}

/* What the next schedule() on that CPU depends on. */
static uint32_t queue_state(const struct cpu *cpu)
{
	unsigned head = cpu->rq_head ? cpu->rq_head->pid + 1 : 0;
	unsigned tail = cpu->rq_tail ? cpu->rq_tail->pid + 1 : 0;

	return head << 16 | tail << 8 | (unsigned)cpu->curr->state;
}

void hidden_state_read(struct hidden_state *s, const struct machine *m)
{
	s->ready = m->sched.ready;
	s->suspended = m->sched.suspended;
	s->masked = s->quiet = 0;
	s->nr_queued = m->rcu.nr_queued;
	s->nr_opened = m->sched.nr_opened;
	s->nr_cpus = m->nr_cpus;
	s->buffers = m->cpus[0].store_buffer != NULL;
	s->arena = m->arena;
	s->nr_frees = m->arena->nr_frees;
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		if (!cpu_takes_interrupts(&m->cpus[i]))
			s->masked |= BIT_ULL(i);
		if (m->cpus[i].qs_gate.open[0])
			s->quiet |= BIT_ULL(i);
		s->flips[i] = m->cpus[i].nr_flips;
		s->queue[i] = queue_state(&m->cpus[i]);
		s->fills[i] = m->cpus[i].tlb_fills;
		s->reported[i] = m->rcu.reported[i];
	}
}

/* One step may end a section and begin the next. */
static void note_flips(struct footprint *fp, const struct hidden_state *before,
                       const struct hidden_state *after, unsigned cpu)
{
	bool several = after->flips[cpu] - before->flips[cpu] > 1;
	bool quiet = after->quiet >> cpu & 1;

	fp->quiet |= BIT_ULL(cpu);
	if (several || !quiet)
		fp->begun |= BIT_ULL(cpu);
	if (several || quiet)
		fp->ended |= BIT_ULL(cpu);
}

/* Several CPUs report at once only in call_rcu(), and for its own callback. */
static void note_reports(struct footprint *fp,
                         const struct hidden_state *before,
                         const struct hidden_state *after)
{
	fp->reports = 0;
	if (fp->snapshots)
		fp->queued = (uint32_t)after->nr_queued;
	for (unsigned i = 0; i < before->nr_cpus; i++) {
		if (before->reported[i] == after->reported[i])
			continue;
		fp->reports |= BIT_ULL(i);
		fp->first_report = (uint32_t)before->reported[i] + 1;
		fp->last_report = (uint32_t)after->reported[i];
	}
}

static void note_frees(struct footprint *fp, const struct hidden_state *before,
                       const struct hidden_state *after)
{
	fp->nr_frees = 0;
	if (before->nr_frees == after->nr_frees)
		return;
	fp->nr_frees = after->arena->nr_recent;
	memcpy(fp->frees, after->arena->recent, sizeof(fp->frees));
}

void footprint_effects(struct footprint *fp, const struct hidden_state *before,
                       const struct hidden_state *after)
{
	fp->changed = (before->ready ^ after->ready) & ~BIT_ULL(fp->agent);
	fp->freed = fp->changed & after->ready;
	fp->opened = before->nr_opened != after->nr_opened;
	fp->suspended = before->suspended;
	fp->masked = fp->lane && (before->masked >> (fp->lane - 1) & 1);
	fp->excludes = fp->masked || before->buffers ||
	               (fp->lane && (after->masked >> (fp->lane - 1) & 1));
	fp->quiet = fp->begun = fp->ended = fp->queues = 0;
	note_reports(fp, before, after);
	note_frees(fp, before, after);
	for (unsigned i = 0; i < before->nr_cpus; i++) {
		if (before->flips[i] != after->flips[i])
			note_flips(fp, before, after, i);
		if (before->queue[i] != after->queue[i] &&
		    (fp->lane != i + 1 || fp->interrupt))
			fp->queues |= BIT_ULL(i);
		if (before->fills[i] != after->fills[i])
			fp->tlb = (cpu_index_t)(i + 1);
	}
}

bool footprints_commute(const struct footprint *a, const struct footprint *b)
{
	if (!a->commutes || !b->commutes || a->start != b->start)
		return false;
	if (a->commutes < COMMUTES_BIT)
		return a->commutes == b->commutes;
	return b->commutes >= COMMUTES_BIT && a->commutes != b->commutes;
}

static bool frees(const struct footprint *a, objid_t start, objid_t end)
{
	for (unsigned i = 0; i < a->nr_frees; i++) {
		if (freed_start(&a->frees[i]) < end &&
		    start < freed_end(&a->frees[i]))
			return true;
	}
	return false;
}

/* Did @a free what @b touches or frees? */
static bool frees_under(const struct footprint *a, const struct footprint *b)
{
	if (!a->nr_frees)
		return false;
	for (unsigned i = 0; i < b->nr_frees; i++) {
		if (frees(a, freed_start(&b->frees[i]),
		          freed_end(&b->frees[i])))
			return true;
	}
	return frees(a, b->start, b->end);
}

bool objects_conflict(const struct footprint *a, const struct footprint *b)
{
	if (frees_under(a, b) || frees_under(b, a))
		return true;
	return a->start < b->end && b->start < a->end &&
	       (a->writes || b->writes) && !footprints_commute(a, b);
}

/* Does @b change or use what @a keeps in a TLB? */
static bool shares_tlb(const struct footprint *a, const struct footprint *b)
{
	objid_t tlb = obj_make(OBJ_SPACE_TLB, a->tlb - 1U);

	return a->tlb &&
	       (a->tlb == b->tlb || (b->start <= tlb && tlb < b->end));
}

/* Did @a change what decides when, or what, @b does? */
static bool governs(const struct footprint *a, const struct footprint *b)
{
	if (a->changed >> b->agent & 1)
		return true;
	if ((a->quiet & b->watches) || (a->begun && b->snapshots))
		return true;
	if (b->ends && a->reports && a->first_report <= b->ends &&
	    b->ends <= a->last_report)
		return true;
	return b->start >> OBJ_SPACE_SHIFT == OBJ_SPACE_CPU &&
	       (a->queues >> (b->start & 0xff) & 1);
}

bool footprints_meet(const struct footprint *a, const struct footprint *b)
{
	if (a->agent == b->agent || objects_conflict(a, b) || governs(a, b) ||
	    governs(b, a) || shares_tlb(a, b) || shares_tlb(b, a))
		return true;
	if ((a->changed & b->changed) && !footprints_commute(a, b))
		return true;
	return (a->quiet & b->quiet) || (a->queues & b->queues);
}

bool footprints_conflict(const struct footprint *a, const struct footprint *b)
{
	return (a->lane && a->lane == b->lane) || footprints_meet(a, b);
}
