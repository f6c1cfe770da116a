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

/**
 * lab_builder_new - an empty scenario.
 * @title: also what errors call its text
 *
 * Return: never NULL; lab_builder_free().
 */
struct lab_builder *lab_builder_new(const char *title);
/**
 * lab_builder_free - the end of a builder and of its handles, not of the
 * scenarios it made.
 * @b: NULL: nothing happens
 */
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

/**
 * lab_machine - `machine { ... }`, at most once.
 * @machine: what it has; read during the call
 */
void lab_machine(struct lab_builder *b, const struct lab_machine *machine);

/**
 * lab_source - `source`: where the race comes from; may be called repeatedly.
 * @citation: any text
 */
void lab_source(struct lab_builder *b, const char *citation);

/**
 * lab_option - an option of the mm for every variant: `options`.
 * @key: a name of `mmulator list`
 * @value: one of its values
 */
void lab_option(struct lab_builder *b, const char *key, const char *value);

/**
 * lab_file - `file`: a shared-memory file every process has open.
 * @name: a word of the language
 * @size_bytes: of the file, at most 2^40
 */
void lab_file(struct lab_builder *b, const char *name, uint64_t size_bytes);

/**
 * lab_process - `process NAME`: an address space, empty so far.
 * @name: a word of the language
 *
 * Return: the builder's.
 */
struct lab_process *lab_process(struct lab_builder *b, const char *name);

/**
 * lab_fork - `process NAME = fork PARENT`.
 * @parent: copied as it is by now, with what lab_map() and lab_before() did
 * @name: of the child, a word of the language
 * @cpu: where the system call is made, from 0
 *
 * Return: the child; the builder's.
 */
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

/**
 * lab_map - `map`: a mapping that is there before the threads start.
 * @map: read during the call; its name must not be NULL
 */
void lab_map(struct lab_process *p, const struct lab_map *map);

/**
 * lab_before - a statement that is done before the threads start, behind
 * those so far.
 * @format: of printf(): "store heap 7 on cpu 1"
 */
void lab_before(struct lab_process *p, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/**
 * lab_thread - `thread NAME of P on cpu N`: user code.
 * @name: a word of the language
 * @cpu: where it runs, from 0
 *
 * Return: the builder's, without statements.
 */
struct lab_thread *lab_thread(struct lab_process *p, const char *name,
                              unsigned cpu);
/**
 * lab_kthread - `kthread NAME on cpu N`: does kernel operations, by lab_do().
 * @name: a word of the language
 * @cpu: where it runs, from 0
 *
 * Return: the builder's, without statements.
 */
struct lab_thread *lab_kthread(struct lab_builder *b, const char *name,
                               unsigned cpu);

/* An address: a mapping by name, or NULL for none, and bytes behind it. */
struct lab_addr {
	const char *map;
	uint64_t offset;
};
/**
 * lab_at - an address, for the statements below.
 * @map: name of a mapping of the thread's process; NULL: none. Not copied: it
 *	must outlive the result
 * @offset: bytes behind its start; without a mapping the address itself
 *
 * Return: it, as a value.
 */
struct lab_addr lab_at(const char *map, uint64_t offset);

/* No register keeps the result. */
#define LAB_NO_REG (-1)

/*
 * Statements of a thread, in order.  @reg: 0 to 6 or LAB_NO_REG; @size: of the
 * access, 1, 2, 4 or 8 bytes.
 */

/**
 * lab_do - any statement of the language, or a line of one that has several.
 * @format: of printf(): "touch heap 64K", "loop 3 {", "}", "collapse A heap"
 */
void lab_do(struct lab_thread *t, const char *format, ...) G_GNUC_PRINTF(2, 3);
/**
 * lab_load - `rN = load ADDR`.
 * @reg: gets the value
 * @size: bytes
 * @addr: where from
 */
void lab_load(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr);
/**
 * lab_store - `store ADDR VALUE`.
 * @size: bytes
 * @addr: where to
 * @value: its lowest @size bytes are stored
 */
void lab_store(struct lab_thread *t, unsigned size, struct lab_addr addr,
               uint64_t value);
/**
 * lab_xchg - exchange atomically.
 * @reg: gets the old value
 * @size: bytes
 * @addr: where
 * @value: the new one
 */
void lab_xchg(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr, uint64_t value);
/**
 * lab_xadd - add atomically.
 * @reg: gets the old value
 * @size: bytes
 * @addr: where
 * @value: is added
 */
void lab_xadd(struct lab_thread *t, int reg, unsigned size,
              struct lab_addr addr, uint64_t value);
/**
 * lab_cmpxchg - compare and exchange atomically.
 * @reg: gets the old value
 * @size: bytes
 * @addr: where
 * @expected: only if the old value is this one ...
 * @desired: ... is this one stored
 */
void lab_cmpxchg(struct lab_thread *t, int reg, unsigned size,
                 struct lab_addr addr, uint64_t expected, uint64_t desired);
/** lab_fence - a full barrier. */
void lab_fence(struct lab_thread *t);
/**
 * lab_syscall - a system call.
 * @reg: gets its result
 * @format: of printf(): "madvise heap 2M DONTNEED"
 */
void lab_syscall(struct lab_thread *t, int reg, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/**
 * lab_condition - what is to hold at the end of runs, in every variant.
 * @format: of printf(): "exists (...)", "never (...)" or "always (...)"
 */
void lab_condition(struct lab_builder *b, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/**
 * lab_schedule - the next line of the schedule that every variant follows.
 * @format: of printf(): "reclaim after \"pmd_clear\""
 */
void lab_schedule(struct lab_builder *b, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/**
 * lab_variant - `variant NAME`: the scenario with some switches set. Expects
 * to be clean unless told otherwise.
 * @name: a word of the language
 *
 * Return: the builder's.
 */
struct lab_variant *lab_variant(struct lab_builder *b, const char *name);
/**
 * lab_variant_option - as lab_option(), of this variant alone.
 * @key: a name of `mmulator list`
 * @value: one of its values
 */
void lab_variant_option(struct lab_variant *v, const char *key,
                        const char *value);
/**
 * lab_expect_clean - say that no hazard is found, which is the default.
 *
 * Context: at most once, and not together with lab_expect_hazard() or
 * lab_allow_hazard(): the parser refuses two expectations.
 */
void lab_expect_clean(struct lab_variant *v);
/**
 * lab_expect_hazard - this one is found, as are the others expected.
 * @hazard: name of a judge: "stale-use"
 */
void lab_expect_hazard(struct lab_variant *v, const char *hazard);
/**
 * lab_allow_hazard - this one may be found besides those expected.
 * @hazard: name of a judge: "stale-use"
 */
void lab_allow_hazard(struct lab_variant *v, const char *hazard);
/**
 * lab_variant_condition - as lab_condition(), of this variant alone.
 * @format: of printf(), as there
 */
void lab_variant_condition(struct lab_variant *v, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/**
 * lab_text - the scenario so far in the scenario language.
 *
 * Return: the builder's, until lab_text() or lab_scenario() is called again.
 */
const char *lab_text(struct lab_builder *b);

/**
 * lab_scenario - what was built so far.
 * @error: complete, several lines long
 *
 * Return: a scenario of its own, for scenario_free(); NULL and @error
 * (SCENARIO_ERROR) with the line in question if it makes no sense.
 */
struct scenario *lab_scenario(struct lab_builder *b, GError **error);

#endif
