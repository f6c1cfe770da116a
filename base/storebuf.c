// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/storebuf.h"

#include <string.h>

#include "base/bug.h"
#include "base/machine.h"

/* From retirement to the L1D, when nothing holds it up: an estimate. */
#define DRAIN_CYCLES 10

/* Of what is pending. */
static uint64_t oldest_age(const struct store_buffer *sb)
{
	return sb->nr ? sb->store[sb->head].age : UINT64_MAX;
}

static void update_gates(struct store_buffer *sb)
{
	struct machine *m = sb->cpu->machine;
	bool work = sb->nr > 0, room = sb->nr < STORE_BUFFER_SIZE;

	if (sb->work.open[0] != work)
		gate_set(m, &sb->work, 0, work);
	if (sb->room.open[0] != room)
		gate_set(m, &sb->room, 0, room);
	if (sb->empty.open[0] == work)
		gate_set(m, &sb->empty, 0, !work);
	if (sb->awaited)
		gate_set(m, &sb->passed, 0, oldest_age(sb) > sb->awaited);
}

/* ---- the agent ---- */

static struct pending_store *nth_store(struct store_buffer *sb, unsigned n)
{
	return &sb->store[(sb->head + n) % STORE_BUFFER_SIZE];
}

static bool overlap(const struct pending_store *st, objid_t object,
                    unsigned size)
{
	return st->object < object + size && object < st->object + st->size;
}

/* What is drained next is known when there is something: announce that. */
static void wait_for_work(struct store_buffer *sb)
{
	const struct step idle = { .kind = STEP_LOCAL,
		                   .addr = sb->cpu->id,
		                   .label = "store buffer wakes" };

	if (!sb->nr)
		gate_step(&sb->work, 0, &idle);
}

/* Must the @n-th store come after an older one? */
static bool must_wait(struct store_buffer *sb, unsigned n)
{
	const struct pending_store *st = nth_store(sb, n);

	for (unsigned i = 0; i < n; i++) {
		const struct pending_store *older = nth_store(sb, i);

		if (st->release || older->epoch != st->epoch ||
		    overlap(older, st->object, st->size))
			return true;
	}
	return false;
}

/*
 * Which one is drained depends on which are there: a step on the buffer itself,
 * as storebuf_put() is.
 */
static unsigned choose_store(struct store_buffer *sb)
{
	const objid_t object = mem_obj(sb->cpu->machine, sb);
	const struct step wake = { .kind = STEP_RMW,
		                   .object = object,
		                   .size = sizeof(uint64_t),
		                   .addr = sb->cpu->id,
		                   .label = "store buffer wakes" };
	uint8_t candidates[STORE_BUFFER_SIZE] = { 0 };
	unsigned nr = 0;

	gate_step(&sb->work, 0, &wake);
	for (unsigned i = 0; i < sb->nr; i++) {
		if (!must_wait(sb, i))
			candidates[nr++] = (uint8_t)i;
	}
	return candidates[choose(CHOICE_OTHER, nr, object, "store drains")];
}

/* The @n-th store is in memory. */
static void take_out(struct store_buffer *sb, unsigned n)
{
	for (; n; n--)
		*nth_store(sb, n) = *nth_store(sb, n - 1);
	sb->head = (sb->head + 1) % STORE_BUFFER_SIZE;
	sb->nr--;
	update_gates(sb);
}

static void storebuf_main(void *arg)
{
	struct store_buffer *sb = arg;
	struct machine *m = sb->cpu->machine;

	for (;;) {
		const struct pending_store *st;
		unsigned n = 0;

		if (sb->weak)
			n = choose_store(sb);
		else
			wait_for_work(sb);
		st = nth_store(sb, n);
		step(STEP_WRITE, st->object, st->size, "drain store", st->addr);
		charge(DRAIN_CYCLES);
		st->drain(m, st);
		take_out(sb, n);
	}
}

static struct store_buffer *storebuf_new(struct cpu *cpu,
                                         enum memory_model model)
{
	struct machine *m = cpu->machine;
	struct store_buffer *sb = kzalloc(m, sizeof(*sb), "store_buffer");
	char name[AGENT_NAME_MAX];

	BUG_ON(!sb);
	cpu_agent_name(name, "sb/", cpu->id);
	sb->cpu = cpu;
	sb->weak = model == MEMORY_WEAK;
	sb->agent =
		agent_new(m, AGENT_STORE_BUFFER, cpu, name, storebuf_main, sb);
	if (!sb->agent)
		return NULL;
	/* Draining takes none of the CPU's time. */
	sb->agent->cycles = &sb->agent->own_cycles;
	update_gates(sb);
	return sb;
}

bool storebuf_start(struct machine *m, enum memory_model model)
{
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		m->cpus[i].store_buffer = storebuf_new(&m->cpus[i], model);
		if (!m->cpus[i].store_buffer)
			return false;
	}
	return true;
}

/* ---- stores and loads ---- */

void storebuf_put(struct store_buffer *sb, const struct pending_store *st,
                  const char *label)
{
	/* Nobody sees it yet: private. */
	struct step announced = { .kind = STEP_LOCAL,
		                  .addr = st->addr,
		                  .label = label };
	struct pending_store *slot;

	BUG_ON(!st->size || st->size > sizeof(st->value));
	if (sb->weak) {
		announced.kind = STEP_WRITE;
		announced.object = mem_obj(sb->cpu->machine, sb);
		announced.size = sizeof(uint64_t);
	}
	gate_step(&sb->room, 0, &announced);
	trace_mix(current_agent, st->object);
	slot = &sb->store[(sb->head + sb->nr++) % STORE_BUFFER_SIZE];
	*slot = *st;
	slot->age = ++sb->last_age;
	slot->epoch = sb->epoch;
	sb->agent->own_cycles =
		MAX(sb->agent->own_cycles, *current_agent->cycles);
	update_gates(sb);
}

enum storebuf_match storebuf_match(const struct store_buffer *sb,
                                   objid_t object, unsigned size,
                                   uint64_t *value)
{
	for (unsigned i = sb->nr; i--;) {
		const struct pending_store *st =
			&sb->store[(sb->head + i) % STORE_BUFFER_SIZE];
		uint64_t bits = st->value;

		if (!overlap(st, object, size))
			continue;
		if (object < st->object ||
		    object + size > st->object + st->size)
			return STOREBUF_PARTIAL;
		bits >>= 8 * (object - st->object);
		if (size < sizeof(bits))
			bits &= BIT_ULL(8 * size) - 1;
		*value = bits;
		return STOREBUF_FORWARD;
	}
	return STOREBUF_NONE;
}

void storebuf_forward_slow(const volatile void *p, unsigned size, void *val)
{
	struct store_buffer *sb = storebuf_of_current();
	uint64_t bits = 0;

	switch (storebuf_match(
		sb, mem_obj(this_machine(), (const void *)(uintptr_t)p), size,
		&bits)) {
	case STOREBUF_FORWARD:
		memcpy(val, &bits, size);
		break;
	case STOREBUF_PARTIAL:
		BUG(); /* a variable is written as what it is read as */
	case STOREBUF_NONE:
		break;
	}
}

bool storebuf_wanted(const struct store_buffer *sb)
{
	return sb->empty.waiting[0] || sb->room.waiting[0] ||
	       sb->passed.waiting[0];
}

void storebuf_wait(struct store_buffer *sb, uint64_t age)
{
	const struct step st = { .kind = STEP_WAIT,
		                 .addr = sb->cpu->id,
		                 .label = "wait for older stores" };

	sb->awaited = age;
	update_gates(sb);
	gate_step(&sb->passed, 0, &st);
	sb->awaited = 0;
}

void storebuf_drain(struct store_buffer *sb)
{
	const struct step st = { .kind = STEP_WAIT,
		                 .addr = sb->cpu->id,
		                 .label = "wait for stores" };

	gate_step(&sb->empty, 0, &st);
}

/* ---- names ---- */

static const char *const names[MEMORY_MODEL_COUNT] = {
	[MEMORY_SC] = "sc",
	[MEMORY_TSO] = "tso",
	[MEMORY_WEAK] = "weak",
};

const char *memory_model_name(enum memory_model model)
{
	return names[model];
}

bool memory_model_parse(const char *name, enum memory_model *model)
{
	for (unsigned i = 0; i < MEMORY_MODEL_COUNT; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*model = (enum memory_model)i;
		return true;
	}
	return false;
}
