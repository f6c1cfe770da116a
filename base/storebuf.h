/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Store buffers: stores that were made and that memory has not seen.
 *
 * `tso`: memory as x86 shows it (x86-TSO; Owens, Sarkar and Sewell,
 * "A Better x86 Memory Model: x86-TSO", TPHOLs 2009; SDM 3A 9.2).
 *
 * Each CPU has a queue of such stores.  The agent "sb/N" takes the oldest out
 * and writes it, whenever the policy lets it.  A load of the same CPU sees the
 * youngest store to its bytes; everybody else, page walks included, sees
 * memory. Locked instructions, MFENCE, MOV to control registers, INVLPG,
 * interrupts, exceptions and IRET wait until the queue is empty (SDM 3A 12.10).
 *
 * `weak`: stores as arm64 shows them (Arm ARM B2.3).  The agent takes out any
 * store (CHOICE_OTHER "store drains") but that stores to one address stay in
 * order, a store-release comes after all that are older, and smp_wmb(), DMB
 * ISHST, keeps what is after it behind what is before it.  smp_mb(), DMB ISH
 * and DSB, wait as above.  Loads are made in order: a load buffer is not
 * modelled (docs/CAVEATS.md).
 *
 * With `sc`, the default, there is no buffer: a store is in memory at once.
 *
 * DIVERGES: SYSCALL and SYSRET wait, too, as they do with page-table isolation;
 * so do a kernel's stores to user memory, sleeping locks and completions.
 */
#ifndef MMULATOR_BASE_STOREBUF_H
#define MMULATOR_BASE_STOREBUF_H

#include "base/cpu.h"

enum memory_model {
	MEMORY_SC,   /* a store is in memory when it is made */
	MEMORY_TSO,  /* store buffers, first in first out */
	MEMORY_WEAK, /* store buffers, in any order */
	MEMORY_MODEL_COUNT
};

/* Stores a buffer holds: Intel SDM "Optimization" 2.6.3, Skylake. */
#define STORE_BUFFER_SIZE  56
#define STORE_DETAIL_BYTES 192

/* A store that was made and is not in memory yet. */
struct pending_store {
	objid_t object;
	uint32_t size;  /* bytes, 1 .. 8 */
	uint64_t value; /* those bytes, little-endian */
	uint64_t addr;  /* of the step: a virtual address, for people */
	void *p;        /* kernel memory, or NULL */
	bool release;   /* a store-release */
	/* Set by storebuf_put(). */
	uint32_t epoch; /* smp_wmb()s before it */
	uint64_t age;   /* grows, from 1 */
	/* Write it, in the step that drains it. */
	void (*drain)(struct machine *m, const struct pending_store *st);
	/* What drain() needs besides. */
	_Alignas(8) uint8_t detail[STORE_DETAIL_BYTES];
};

struct store_buffer {
	struct cpu *cpu;
	struct agent *agent;
	bool weak;
	uint32_t epoch;
	unsigned head, nr;
	struct gate work;  /* class 0 open: not empty; its agent waits here */
	struct gate room;  /* class 0 open: not full */
	struct gate empty; /* class 0 open: empty */
	/* class 0 open: nothing as old as `awaited`; one waits at a time */
	struct gate passed;
	uint64_t awaited;
	uint64_t last_age;
	struct pending_store store[STORE_BUFFER_SIZE];
};

/**
 * storebuf_start - give every CPU a store buffer for the rest of this run.
 * @m: the machine, between two calls of machine_run()
 * @model: MEMORY_TSO or MEMORY_WEAK
 *
 * Return: false if there is no room for the agents.
 */
bool must_check storebuf_start(struct machine *m, enum memory_model model);

/** storebuf_of_current - the current agent's buffer; NULL if stores go to
 * memory: under `sc`, and for agents on no CPU. */
static inline struct store_buffer *storebuf_of_current(void)
{
	const struct cpu *cpu = current_agent->cpu;

	return cpu ? cpu->store_buffer : NULL;
}

/**
 * storebuf_put - make a store: the step @label, after which @st is pending.
 * @sb: storebuf_of_current(), not NULL
 * @st: copied
 *
 * Waits while the buffer is full.
 */
void storebuf_put(struct store_buffer *sb, const struct pending_store *st,
                  const char *label);

enum storebuf_match {
	STOREBUF_NONE,    /* memory has it */
	STOREBUF_FORWARD, /* the buffer has it */
	STOREBUF_PARTIAL, /* each has a part: storebuf_drain() first */
};

/**
 * storebuf_match - what a load of this CPU sees of its own pending stores.
 * @object: where it loads from
 * @size: bytes, 1 .. 8
 * @value: the bytes, on STOREBUF_FORWARD
 *
 * Part of the caller's step.
 *
 * Return: who has them.
 */
enum storebuf_match storebuf_match(const struct store_buffer *sb,
                                   objid_t object, unsigned size,
                                   uint64_t *value);

/** storebuf_wanted - does somebody wait until @sb is empty, or less full?
 * Return: somebody does. */
bool storebuf_wanted(const struct store_buffer *sb);

/** storebuf_wait - a step (STEP_WAIT), enabled when no store up to @age is
 * pending; of one agent at a time. */
void storebuf_wait(struct store_buffer *sb, uint64_t age);

/** storebuf_drain - a step (STEP_WAIT), enabled when @sb is empty. */
void storebuf_drain(struct store_buffer *sb);

/** storebuf_forward_slow - storebuf_forward() of the variable @val of @size
 * bytes, read from @p, if there is something in the buffer. */
void storebuf_forward_slow(const volatile void *p, unsigned size, void *val);
/*
 * Replace the variable @val of @size bytes, just read from @p, by what this CPU
 * has stored there if that is pending. Part of the caller's step.
 */
static inline void storebuf_forward(const volatile void *p, unsigned size,
                                    void *val)
{
	const struct store_buffer *sb = storebuf_of_current();

	if (unlikely(sb && sb->nr))
		storebuf_forward_slow(p, size, val);
}

/**
 * memory_model_name - what a memory model is called.
 * @model: one of them
 *
 * Return: "sc", "tso", "weak"; a literal.
 */
const char *memory_model_name(enum memory_model model);
/**
 * memory_model_parse - a memory model by its name.
 * @name: as memory_model_name() gives it
 * @model: set to it
 *
 * Return: false if there is none of that name.
 */
bool memory_model_parse(const char *name, enum memory_model *model);

#endif
