/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a scenario in C.
 *
 *	struct lab_builder *b = lab_builder_new("two CPUs, one page");
 *	struct lab_process *p;
 *	struct lab_thread *t;
 *	struct scenario *s;
 *
 *	lab_machine(b, &(struct lab_machine){ .nr_cpus = 2 });
 *	p = lab_process(b, "A");
 *	lab_map(p, &(struct lab_map){ .name = "heap", .addr = 0x40000000,
 *	                              .size_bytes = 4096, .prot = "rw" });
 *	lab_before(p, "store heap 7 on cpu 1");
 *	t = lab_thread(p, "zap", 0);
 *	lab_syscall(t, LAB_NO_REG, "madvise heap 4K DONTNEED");
 *	t = lab_thread(p, "user", 1);
 *	lab_load(t, 1, 8, lab_at("heap", 0));
 *	lab_expect_clean(lab_variant(b, "only"));
 *	s = lab_scenario(b, &error);
 *	lab_builder_free(b);
 *
 * Each call is a line of the scenario language (docs/scenario-language.md), in
 * the order of the calls; what a string may say is said there.  Nothing fails
 * before lab_scenario(): it parses the lines, and its error shows the line in
 * question.  lab_text() is all of them, a file that mmulator can run.
 *
 * Handles (processes, threads, variants) are the builder's.  A string is copied
 * and must be one line; a NULL handle or string is a bug of the caller.
 */
#ifndef MMULATOR_LAB_BUILDER_H
#define MMULATOR_LAB_BUILDER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "scenario/ast.h"

struct lab_builder;
struct lab_process;
struct lab_thread;
struct lab_variant;

/** lab_builder_new - an empty scenario called @title. */
struct lab_builder *lab_builder_new(const char *title);
void lab_builder_free(struct lab_builder *b);

/* Fields that are 0 or NULL are as in a scenario that does not set them. */
struct lab_machine {
	unsigned nr_cpus;
	const char *profile; /* a name of `mmulator list` */
	uint64_t memory_bytes;
	unsigned levels;      /* of page tables: 4 or 5 */
	unsigned speculation; /* fills that CPUs make on their own, per run */
	unsigned eviction;    /* translations they forget on their own */
	bool strict;          /* also report what Linux tolerates */
};

/** lab_machine - `machine { ... }`, at most once. */
void lab_machine(struct lab_builder *b, const struct lab_machine *machine);

/** lab_source - `source`: where the race comes from. */
void lab_source(struct lab_builder *b, const char *citation);

/** lab_option - an option of the mm for every variant: `options`. */
void lab_option(struct lab_builder *b, const char *key, const char *value);

/** lab_file - `file`: a shared-memory file every process has open. */
void lab_file(struct lab_builder *b, const char *name, uint64_t size_bytes);

/** lab_process - `process NAME`: an address space. */
struct lab_process *lab_process(struct lab_builder *b, const char *name);

/** lab_fork - `process NAME = fork PARENT`, of @parent as it is by now.
 * @cpu: where the system call is made */
struct lab_process *lab_fork(struct lab_process *parent, const char *name,
                             unsigned cpu);

struct lab_map {
	const char *name;
	uint64_t addr;
	uint64_t size_bytes;
	const char *prot; /* "rw", "r", "none" and so on */
	bool shared;
	const char *file;      /* NULL: anonymous */
	uint64_t offset_bytes; /* in the file */
	const char *thp;       /* "never", "always"; NULL: as the option */
};

/** lab_map - `map`: a mapping that is there before the threads start. */
void lab_map(struct lab_process *p, const struct lab_map *map);

/** lab_before - a statement that is done before the threads start, behind
 * those so far: "store heap 7 on cpu 1". */
void lab_before(struct lab_process *p, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/** lab_thread - `thread NAME of P on cpu N`. */
struct lab_thread *lab_thread(struct lab_process *p, const char *name,
                              unsigned cpu);
/** lab_kthread - `kthread NAME on cpu N`: does kernel operations. */
struct lab_thread *lab_kthread(struct lab_builder *b, const char *name,
                               unsigned cpu);

/* An address: a mapping by name, or NULL for none, and bytes behind it. */
struct lab_addr {
	const char *map;
	uint64_t offset;
};
/** lab_at - "MAP+OFFSET"; with a NULL map, OFFSET. */
struct lab_addr lab_at(const char *map, uint64_t offset);

/* No register keeps the result. */
#define LAB_NO_REG (-1)

/*
 * Statements of a thread, in order.  @reg: 0 to 6 or LAB_NO_REG; @size: of the
 * access, 1, 2, 4 or 8 bytes.
 */

/** lab_do - any statement of the language, or a line of one that has several:
 * "touch heap 64K", "loop 3 {", "}", "collapse A heap". */
void lab_do(struct lab_thread *t, const char *format, ...) G_GNUC_PRINTF(2, 3);
/** lab_load - r@reg = what is at @addr. */
void lab_load(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr);
/** lab_store - @value to @addr. */
void lab_store(struct lab_thread *t, unsigned size, struct lab_addr addr,
               uint64_t value);
/** lab_xchg - exchange atomically; r@reg = the old value. */
void lab_xchg(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr, uint64_t value);
/** lab_xadd - add atomically; r@reg = the old value. */
void lab_xadd(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr, uint64_t value);
/** lab_cmpxchg - store @desired if it was @expected; r@reg = the old value. */
void lab_cmpxchg(struct lab_thread *t, int reg, unsigned size,
                 struct lab_addr addr, uint64_t expected, uint64_t desired);
/** lab_fence - a full barrier. */
void lab_fence(struct lab_thread *t);
/** lab_syscall - "madvise heap 2M DONTNEED"; r@reg = its result. */
void lab_syscall(struct lab_thread *t, int reg, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/** lab_condition - `exists (...)`, `never (...)` or `always (...)` of every
 * variant. */
void lab_condition(struct lab_builder *b, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/** lab_schedule - the next line of the schedule that every variant follows:
 * "reclaim after \"pmd_clear\"". */
void lab_schedule(struct lab_builder *b, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/** lab_variant - `variant NAME`: the scenario with some switches set. Expects
 * to be clean unless told otherwise. */
struct lab_variant *lab_variant(struct lab_builder *b, const char *name);
void lab_variant_option(struct lab_variant *v, const char *key,
                        const char *value);
void lab_expect_clean(struct lab_variant *v);
/** lab_expect_hazard - this one is found, as are the others expected. */
void lab_expect_hazard(struct lab_variant *v, const char *hazard);
/** lab_allow_hazard - this one may be found besides those expected. */
void lab_allow_hazard(struct lab_variant *v, const char *hazard);
/** lab_variant_condition - as lab_condition(), of this variant alone. */
void lab_variant_condition(struct lab_variant *v, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/** lab_text - the scenario so far in the scenario language; the builder's,
 * until its next call. */
const char *lab_text(struct lab_builder *b);

/**
 * lab_scenario - what was built so far.
 *
 * Return: a scenario of its own, for scenario_free(); NULL and @error
 * (SCENARIO_ERROR) with the line in question if it makes no sense.
 */
struct scenario *lab_scenario(struct lab_builder *b, GError **error);

#endif
