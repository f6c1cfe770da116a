/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the checker share.
 */
#ifndef MMULATOR_SCENARIO_CHECK_INTERNAL_H
#define MMULATOR_SCENARIO_CHECK_INTERNAL_H

#include "scenario/ast.h"
#include "scenario/names.h"

struct checker {
	struct scenario *s;
	GString *errors;
	unsigned nr_errors;
	unsigned nr_cpus; /* that every variant has */
	uint32_t archs;   /* bit per enum arch_id that some variant has */
};

/* check.c */
void check_error(struct checker *c, struct source_pos pos, const char *format,
                 ...) G_GNUC_PRINTF(3, 4);
/** check_error_name - "@what 'word'" and a suggestion out of @names. */
void check_error_name(struct checker *c, struct source_pos pos,
                      const char *what, const char *word,
                      const char *const *names);
/**
 * resolve_address - make a name in @expr a number.
 * @process: whose mappings are meant; NULL: the expression must say, or only
 *	one process has a mapping of that name
 */
void resolve_address(struct checker *c, struct ast_expr *expr,
                     const struct ast_process *process);
/** refuse_tag - @expr is no pointer: it can have no tag. */
void refuse_tag(struct checker *c, const struct ast_expr *expr);
/** need_tags - some variant's machine has no memory tagging: say so at @pos. */
void need_tags(struct checker *c, struct source_pos pos);
/** user_end - first address that is no user's in some variant of @s. */
uint64_t user_end(const struct scenario *s);
void check_cpu(struct checker *c, struct source_pos pos, unsigned cpu);

/* check_stmt.c */
/** check_statements - resolve the names of @stmt and what follows it. */
void check_statements(struct checker *c, struct ast_stmt *stmt,
                      struct ast_process *process);

/* check_variant.c */
/** check_conditions - a list of them; how many. */
unsigned check_conditions(struct checker *c, struct ast_condition *condition);
void check_variants(struct checker *c);

/* compile.c */
/** compile_thread - thread->program. */
void compile_thread(struct checker *c, struct ast_thread *thread);
/** compile_setup - s->phases. */
void compile_setup(struct checker *c);

#endif
