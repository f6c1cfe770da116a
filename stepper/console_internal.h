/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MMULATOR_STEPPER_CONSOLE_INTERNAL_H
#define MMULATOR_STEPPER_CONSOLE_INTERNAL_H

#include "mm/mm_types.h"
#include "stepper/console.h"

struct console {
	struct session *session;
	bool (*write)(const char *path, const char *text, size_t len,
	              void *data, GError **error);
	void *write_data;
	bool done;
};

/* What a command line says, without the command. */
struct words {
	char **word;
	unsigned n;
};

/* What the completion offers for an argument. */
enum word_kind {
	WORD_NONE,
	WORD_AGENT,
	WORD_CPU,
	WORD_MM,
	WORD_ADDR,
	WORD_UNTIL,
	WORD_BREAK,
	WORD_POLICY,
	WORD_COMMAND,
	WORD_FILE
};

struct command {
	const char *name;
	const char *letter; /* short form, or NULL */
	const char *args;   /* for help; "" if none */
	const char *help;
	unsigned min, max; /* arguments */
	bool (*run)(struct console *c, const struct words *w, GString *out,
	            GError **error);
	enum word_kind first, second; /* of the arguments */
};

extern const struct command console_commands[];
extern const unsigned console_nr_commands;
/** console_find - by name, letter or unambiguous beginning; NULL and @error. */
const struct command *console_find(const char *name, GError **error);

/* ---- console_words.c ---- */

/** console_fail - set @error. Return: false. */
bool console_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/** parse_count - a number, @min .. @max, 0x... or with K, M, G. */
bool parse_count(const char *text, const char *what, uint64_t min, uint64_t max,
                 uint64_t *out, GError **error);
/** parse_addr - a number, or a mapping's name with +OFFSET. */
bool parse_addr(const struct console *c, const char *text, uint64_t *out,
                GError **error);
bool parse_cpu(const struct console *c, const char *text, unsigned *out,
               GError **error);
/** parse_agent - by name. */
struct agent *parse_agent(const struct console *c, const char *text,
                          GError **error);
/** parse_mm - the name of a process; NULL: the only one there is. */
struct mm_struct *parse_mm(const struct console *c, const char *text,
                           GError **error);
/** join_words - words from @first on, one blank between them. */
char *join_words(const struct words *w, unsigned first, unsigned end);

/* ---- console_break.c ---- */

/** parse_until - fault, ipi, hazard, an oracle, or LABEL [@ ADDR]. */
bool parse_until(const struct console *c, const struct words *w, unsigned first,
                 struct breakpoint *b, GError **error);

/* Commands: console_move.c, console_break.c, console_show.c, console.c. */
typedef bool command_fn(struct console *c, const struct words *w, GString *out,
                        GError **error);
command_fn cmd_agents, cmd_step, cmd_choose, cmd_until, cmd_run, cmd_back,
	cmd_goto, cmd_forget, cmd_break, cmd_delete, cmd_tlb, cmd_psc, cmd_pt,
	cmd_vma, cmd_frame, cmd_locks, cmd_rcu, cmd_regs, cmd_disas, cmd_steps,
	cmd_why, cmd_columns, cmd_save, cmd_help, cmd_quit;

/** print_agents - who can move and what they would do, who waits for what. */
void print_agents(const struct console *c, GString *out);
/** print_step - a step of the known run, on one line. */
void print_step(const struct console *c, GString *out, uint64_t step);

#endif
