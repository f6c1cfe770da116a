/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario as parsed: machine, options, files, processes and their initial
 * state, threads, variants, schedules, conditions.  docs/scenario-language.md
 * is the language.
 *
 * Everything hangs off `struct scenario` and is freed with it; strings are
 * interned in it.  Lists are linked by `next` in the order of the file.
 * scenario_parse() fills the fields; scenario_check() (scenario/check.h)
 * resolves names and fills those marked "checked".  After that a scenario is
 * constant: any number of runs may share it.
 */
#ifndef MMULATOR_SCENARIO_AST_H
#define MMULATOR_SCENARIO_AST_H

#include <glib.h>

#include "base/arch.h"
#include "base/policy.h"
#include "base/storebuf.h"
#include "base/types.h"
#include "emu/program.h"
#include "mm/kops.h"
#include "scenario/source.h"

struct scenario;

/* ---- the machine ---- */

/* Which fields a `machine` block of a variant sets: bit per enum. */
enum machine_key {
	MACHINE_ARCH,
	MACHINE_CPUS,
	MACHINE_PROFILE,
	MACHINE_MEMORY,
	MACHINE_LEVELS,
	MACHINE_PCID,
	MACHINE_GLOBAL,
	MACHINE_STRICT,
	MACHINE_SPECULATION,
	MACHINE_EVICTION,
	MACHINE_WALKERS,
	MACHINE_ERRATUM383,
	MACHINE_TLBI_ERRATUM,
	MACHINE_HW_AF,
	MACHINE_HW_DBM,
	MACHINE_ASID_BITS,
	MACHINE_BBM_LEVEL,
	MACHINE_MEMORY_MODEL,
	MACHINE_KEY_COUNT
};

struct ast_machine {
	uint32_t set; /* 1 << enum machine_key */
	struct source_pos pos;
	/* As listed; one after scenario_split_archs(). */
	enum arch_id arch[ARCH_COUNT];
	unsigned nr_archs;
	/* Of the architecture of the same number; NULL: its usual one. */
	const char *profile[ARCH_COUNT];
	unsigned nr_cpus;
	uint64_t memory_bytes;
	unsigned levels;      /* 4 or 5 */
	bool pcid;            /* CR4.PCIDE */
	bool global;          /* CR4.PGE */
	bool strict;          /* oracles flag what Linux tolerates */
	unsigned speculation; /* speculative fills a run may have, 0 = off */
	unsigned eviction;    /* spontaneous evictions, 0 = off */
	uint64_t walkers;     /* CPUs that do either, a bit for each */
	bool erratum383;      /* AMD: overlapping sizes = machine check */
	bool tlbi_erratum;    /* Arm: a DSB does not wait for accesses */
	bool hw_af;           /* TCR_EL1.HA */
	bool hw_dbm;          /* TCR_EL1.HD; nothing without hw_af */
	unsigned asid_bits;   /* 8 or 16 */
	unsigned bbm_level;   /* FEAT_BBM, 0 .. 2 */
	/* Of the architecture of the same number. */
	enum memory_model memory_model[ARCH_COUNT];
};

/* ---- expressions ---- */

/*
 * PROCESS:NAME + rN + number, each part optional.  The value of a mapping's
 * name is its address; of a constant (DONTNEED) its number; other names have
 * a meaning only where the statement gives them one (files, processes).
 */
struct ast_expr {
	struct source_pos pos;
	const char *process; /* before the colon, or NULL */
	const char *name;    /* or NULL */
	int reg;             /* 0 .. 6, -1: none */
	bool tagged;         /* `tag N`: in bits 59:56 of number */
	uint64_t number;     /* modulo 2^64; checked: the name's value added */
};

/* ---- statements ---- */

enum ast_stmt_kind {
	STMT_MAP,   /* only in the initial part: `map` */
	STMT_LOAD,  /* reg = load args[0] */
	STMT_STORE, /* store args[0] args[1] */
	STMT_XCHG,  /* reg = xchg args[0] args[1] */
	STMT_XADD,
	STMT_CMPXCHG, /* reg = cmpxchg args[0] args[1]=expected args[2] */
	STMT_STG,     /* arm64: stg args[0] [args[1]=tag] */
	STMT_LDG,     /* arm64: reg = ldg args[0] */
	STMT_IRG,     /* arm64: reg = irg args[0] [args[1]=mask] */
	STMT_GMI,     /* arm64: reg = gmi args[0] args[1]=mask */
	STMT_ADDG,    /* arm64: reg = addg args[0] args[1]=bytes args[2]=tag */
	STMT_SUBG,
	STMT_FENCE,
	STMT_PAUSE,
	STMT_SET,     /* reg = args[0] */
	STMT_ADD,     /* reg += args[0] */
	STMT_TOUCH,   /* store one byte into every page of args[0], args[1] */
	STMT_SYSCALL, /* [reg =] name args */
	STMT_KOP,     /* kernel operation name args; kthreads only */
	STMT_LABEL,
	STMT_GOTO,
	STMT_LOOP,  /* args[0].number times body */
	STMT_WHILE, /* while reg cond args[0]: body */
	STMT_IF,    /* if reg cond args[0]: body, else other */
	STMT_EXIT,  /* end of the thread */
	STMT_KIND_COUNT
};

#define STMT_ARGS_MAX 6

struct ast_map;
struct ast_process;
struct syscall_desc;

struct ast_stmt {
	struct ast_stmt *next;
	enum ast_stmt_kind kind;
	struct source_pos pos;
	const char *text; /* as written */
	int reg;          /* -1: none */
	uint8_t size;     /* of the access: 1 2 4 8 */
	enum op_cond cond;
	const char *name; /* SYSCALL, KOP, LABEL, GOTO */
	const struct syscall_desc *syscall;
	/* KOP, checked: args[] are numbers then, the process is left out. */
	const struct kop *kop;
	struct ast_process *kop_process;
	struct ast_expr args[STMT_ARGS_MAX];
	unsigned nr_args;
	struct ast_stmt *body, *other;
	struct ast_map *map; /* MAP */
	/* Initial part only. */
	bool has_cpu;
	unsigned cpu;
};

/* ---- files, processes, threads ---- */

enum ast_file_kind {
	AST_FILE_SHMEM, /* memfd_create() and ftruncate() */
	AST_FILE_FIFO,
	AST_FILE_MEM /* /proc/self/mem */
};

struct ast_file {
	struct ast_file *next;
	const char *name;
	enum ast_file_kind kind;
	uint64_t size_bytes; /* AST_FILE_SHMEM */
	struct source_pos pos;
	unsigned fd; /* checked: 3 and up, the same in every process */
};

enum ast_map_thp {
	MAP_THP_DEFAULT,
	MAP_THP_NEVER,
	MAP_THP_ALWAYS
};

struct ast_map {
	struct ast_map *next;
	const char *name;
	struct source_pos pos;
	vaddr_t addr;
	uint64_t size_bytes;
	unsigned prot; /* PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4, PROT_MTE */
	bool shared;
	bool growsdown;        /* a stack: faults extend it downwards */
	const char *file_name; /* NULL: anonymous */
	uint64_t offset;       /* in the file, bytes */
	enum ast_map_thp thp;
	struct ast_file *file; /* checked */
};

struct ast_process {
	struct ast_process *next;
	const char *name;
	struct source_pos pos;
	const char *parent_name; /* `= fork PARENT`, or NULL */
	unsigned fork_cpu;
	struct ast_process *parent;        /* checked */
	struct ast_map *maps, **maps_tail; /* own ones; then the parent's */
	unsigned index;                    /* 0 .. in the order of the file */
	unsigned nr_threads;               /* checked */
};

/* One statement of the initial part, of one process. */
struct ast_setup {
	struct ast_setup *next;
	struct ast_process *process;
	struct ast_stmt *stmt; /* NULL: the process begins to exist here */
};

/* The initial part as it is run: one phase after the other, each alone. */
enum setup_kind {
	SETUP_PROCESS, /* the process begins to exist, forked or fresh */
	SETUP_PROGRAM, /* `program` as a thread of the process on `cpu` */
	SETUP_KOP,     /* `stmt` in a kernel thread on `cpu` */
};
struct setup_phase {
	struct setup_phase *next;
	enum setup_kind kind;
	struct ast_process *process;
	unsigned cpu;
	/* A system call that fails ends the program with
	 * r[SETUP_FAILED_REG] = 1 + its op number. */
	struct program program;
	struct ast_stmt *stmt;
};
#define SETUP_FAILED_REG 6

struct ast_thread {
	struct ast_thread *next;
	const char *name;
	struct source_pos pos;
	bool kthread;
	const char *process_name; /* NULL: kthread */
	unsigned cpu;
	struct ast_stmt *body;
	struct ast_process *process; /* checked */
	struct program program;      /* checked; kthreads: empty */
	unsigned index;
};

/* A spinlock and an rwsem that kernel threads share: `lock L`. */
struct ast_lock {
	struct ast_lock *next;
	const char *name;
	struct source_pos pos;
	unsigned number;
};

/* ---- conditions ---- */

enum ast_cond_kind {
	COND_AND,
	COND_OR,
	COND_NOT,
	COND_TERM
};
enum ast_term_kind {
	TERM_REG,     /* thread:rN */
	TERM_SIGNAL,  /* thread:signal: the one that ended it, 0: none */
	TERM_SI_CODE, /* thread:si_code of that signal */
	TERM_SI_ADDR, /* thread:si_addr, without a tag */
	TERM_MEMORY,  /* [process:addr].size */
	TERM_TAG,     /* [process:addr].tag */
	TERM_FIGURE,  /* process:VmPTE and others of /proc/PID/status */
	TERM_VMSTAT,  /* vmstat:pgfault */
};

struct ast_cond {
	enum ast_cond_kind kind;
	struct source_pos pos;
	struct ast_cond *left, *right; /* NOT: left only */
	/* TERM: */
	enum ast_term_kind term;
	const char *owner; /* thread or process, NULL: the only one */
	const char *figure;
	unsigned reg;
	struct ast_expr addr; /* MEMORY */
	uint8_t size;
	enum op_cond op;
	struct ast_expr value;
	struct ast_thread *thread;   /* checked */
	struct ast_process *process; /* checked */
};

enum ast_quantifier {
	QUANT_EXISTS,
	QUANT_NEVER,
	QUANT_ALWAYS
};
struct ast_condition {
	struct ast_condition *next;
	enum ast_quantifier quantifier;
	struct ast_cond *cond;
	struct source_pos pos;
	const char *text; /* as written, without the quantifier */
};

/* ---- schedules, variants ---- */

struct ast_schedule_line {
	struct ast_schedule_line *next;
	struct source_pos pos;
	enum script_until until;
	const char *agent;
	const char *label;
	bool has_addr;
	struct ast_expr addr;
	unsigned count;
};

enum ast_leniency {
	LENIENT_DEFAULT, /* a shared schedule under `expect clean` is */
	LENIENT_YES,
};

struct ast_schedule {
	struct source_pos pos;
	struct ast_schedule *before; /* that it takes the place of, or NULL */
	bool shared;                 /* the scenario's, not a variant's */
	enum ast_leniency lenient;
	struct ast_schedule_line *first;
	/* checked: what policy_script_new() takes. */
	struct script_line *lines;
	unsigned nr_lines;
};

struct ast_setting {
	struct ast_setting *next;
	const char *key, *value;
	struct source_pos key_pos, value_pos;
};

/* `check random N seed S`: what check does beyond the pinned schedule. */
struct ast_search {
	bool set;
	struct source_pos pos;
	unsigned nr_runs;
	uint64_t seed;
};

enum ast_expect {
	EXPECT_CLEAN,
	EXPECT_HAZARD
};

struct ast_hazard {
	struct ast_hazard *next;
	const char *name;
	struct source_pos pos;
};

struct ast_variant {
	struct ast_variant *next;
	const char *name;
	struct source_pos pos;
	const char *about;          /* one line for list, or NULL */
	struct ast_machine machine; /* only what `set` says */
	struct ast_setting *options, **options_tail;
	enum ast_expect expect;
	bool has_expect;
	struct ast_hazard *hazards;    /* all must be found */
	struct ast_hazard *allowed;    /* these may be */
	struct ast_schedule *schedule; /* NULL: the scenario's, if any */
	/* `schedule ARCH`: goes before those for every architecture. */
	struct ast_schedule *arch_schedule[ARCH_COUNT];
	bool no_schedule; /* `policy timed` */
	struct ast_search search;
	struct ast_condition *conditions, **conditions_tail;
};

struct scenario {
	struct source source;
	const char *title;
	struct source_pos title_pos;
	GPtrArray *citations; /* of const char *: `source` */
	const char *about;    /* or NULL */
	struct ast_machine machine;
	struct ast_setting *options, **options_tail;
	struct ast_file *files, **files_tail;
	struct ast_lock *locks, **locks_tail;
	struct ast_process *processes, **processes_tail;
	struct ast_setup *setup, **setup_tail;
	struct ast_thread *threads, **threads_tail;
	struct ast_variant *variants, **variants_tail;
	struct lock_labels lock_labels[KOP_NR_LOCKS]; /* by number */
	struct ast_schedule *schedule;
	struct ast_schedule *arch_schedule[ARCH_COUNT];
	struct ast_search search;
	struct ast_condition *conditions, **conditions_tail;
	unsigned nr_processes, nr_threads, nr_variants, nr_files, nr_locks;
	struct setup_phase *phases; /* checked */

	/* Owners of everything above. */
	GPtrArray *nodes;
	GStringChunk *strings;
};

/**
 * scenario_new - an empty scenario, for the parser to fill.
 * @file: what errors call the text; copied
 * @text: any bytes; copied
 * @len: how many
 *
 * Return: never NULL; scenario_free().
 */
struct scenario *scenario_new(const char *file, const char *text, size_t len);
/**
 * scenario_free - the end of a scenario and of everything that hangs off it.
 * @s: NULL: nothing happens
 *
 * Context: no runner uses it any more.
 */
void scenario_free(struct scenario *s);

/**
 * ast_alloc - zeroed memory that lives as long as @s.
 * @size: bytes
 *
 * Return: never NULL; not to be freed.
 */
void *ast_alloc(struct scenario *s, size_t size);
#define ast_new(s, type) ((type *)ast_alloc(s, sizeof(type)))
/**
 * ast_intern - a string that lives as long as @s, one per content.
 * @text: copied
 * @len: bytes of it; -1: up to its NUL byte
 *
 * Return: never NULL; the same address for the same content.
 */
const char *ast_intern(struct scenario *s, const char *text, gssize len);
/**
 * ast_lock_labels - what the steps on a declared lock are called.
 * @name: the lock's
 *
 * Return: "lock NAME", "down_read NAME" and the others; strings of @s.
 */
struct lock_labels ast_lock_labels(struct scenario *s, const char *name);

/**
 * find_process - the process of a name.
 * @name: as the scenario spells it; the same in the four functions below
 *
 * Return: it, NULL if there is none.
 */
struct ast_process *find_process(const struct scenario *s, const char *name);
/** find_thread - the thread, kernel threads too, of @name. Return: or NULL. */
struct ast_thread *find_thread(const struct scenario *s, const char *name);
/** find_lock - the declared lock of @name. Return: or NULL. */
struct ast_lock *find_lock(const struct scenario *s, const char *name);
/** find_file - the file of @name. Return: or NULL. */
struct ast_file *find_file(const struct scenario *s, const char *name);
/** find_variant - the variant of @name. Return: or NULL. */
struct ast_variant *find_variant(const struct scenario *s, const char *name);
/**
 * find_map - a mapping that a process made itself or inherited.
 * @p: where to look first; then in its parents. NULL: nowhere
 * @name: of the mapping
 *
 * Context: the `parent` of @p is checked, else only @p is looked at.
 * Return: the nearest one, NULL if there is none.
 */
struct ast_map *find_map(const struct ast_process *p, const char *name);

/**
 * effective_machine - the scenario's machine with a variant's changes.
 * @s: where neither it nor @v says anything, the language's default applies
 * @v: one of its variants, or NULL
 *
 * Return: the machine, every field and every bit of `set` set.
 */
struct ast_machine effective_machine(const struct scenario *s,
                                     const struct ast_variant *v);

#endif
