/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the parser share: the current token and the ways to look
 * at it, take it or complain about it.
 *
 * After the first error the current token is TOK_EOF for ever, so every loop of
 * the parser ends by itself and nobody needs to look at `error`.
 */
#ifndef MMULATOR_SCENARIO_PARSE_INTERNAL_H
#define MMULATOR_SCENARIO_PARSE_INTERNAL_H

#include "scenario/ast.h"
#include "scenario/lex.h"
#include "scenario/names.h"

enum body_kind {
	BODY_SETUP,   /* process A { ... } */
	BODY_THREAD,  /* thread t of A on cpu 0 { ... } */
	BODY_KTHREAD, /* kthread k on cpu 0 { ... } */
};

struct parser {
	struct scenario *s;
	struct lexer lex;
	struct token tok; /* the current one */
	size_t last_end;  /* end of the token before it */
	bool newlines;    /* ends of lines are tokens here */
	enum body_kind body;
	unsigned depth;
	unsigned nr_statements;
	GString *error; /* the first error; empty: none yet */
};

/* Append @node to the list that @tail_ptr is the tail pointer of. */
#define LIST_APPEND(tail_ptr, node)         \
	do {                                \
		*(tail_ptr) = (node);       \
		(tail_ptr) = &(node)->next; \
	} while (0)

/* parse.c */
void next_token(struct parser *p);
void parse_error(struct parser *p, struct source_pos pos, const char *format,
                 ...) G_GNUC_PRINTF(3, 4);
/** parse_error_name - "@what 'word'" and a suggestion out of @names. */
void parse_error_name(struct parser *p, const struct token *tok,
                      const char *what, const char *const *names);
/** expected - "expected @what, not <the current token>". */
void expected(struct parser *p, const char *what);
bool at_word(const struct parser *p, const char *word);
/** accept_token, accept_word - take the token if it is this one. */
bool accept_token(struct parser *p, enum token_kind kind);
bool accept_word(struct parser *p, const char *word);
/** expect, expect_word - take it or complain; @after completes "expected". */
bool expect(struct parser *p, enum token_kind kind);
bool expect_word(struct parser *p, const char *word);
const char *token_text(struct parser *p, const struct token *tok);
/** take_word - a name, or NULL and an error "expected @what". */
const char *take_word(struct parser *p, const char *what);
char *token_dup(const struct parser *p, const struct token *tok);
const char *take_string(struct parser *p, const char *what);
uint64_t take_number(struct parser *p, const char *what, uint64_t max);
/** take_cpu - "on cpu N". */
unsigned take_cpu(struct parser *p);
/** open_block, close_block - braces; ends of lines matter inside or not.
 * close_block() returns to how it was outside. */
bool open_block(struct parser *p, bool newlines, bool *outside);
void close_block(struct parser *p, bool outside);
bool enter(struct parser *p);
void leave(struct parser *p);
/** text_between - the source from @start to the last token taken. */
const char *text_since(struct parser *p, size_t start);

/* parse_stmt.c */
struct ast_expr parse_expr(struct parser *p, const char *what);
/** parse_register - number of the register @tok names, or -1. */
int parse_register(const struct parser *p, const struct token *tok);
/** take_access_size - 1, 2, 4 or 8. */
uint8_t take_access_size(struct parser *p);
/** parse_flags - words and numbers of @kind, joined by '|'. */
struct ast_expr parse_flags(struct parser *p, enum arg_kind kind);
/** parse_body - statements up to the closing brace, braces included. */
struct ast_stmt *parse_body(struct parser *p, enum body_kind kind);
/** parse_map - after the word `map`. */
struct ast_stmt *parse_statement(struct parser *p);
bool at_statement_end(const struct parser *p);
void skip_separators(struct parser *p);
void end_statement(struct parser *p);

/* parse_map.c */
void parse_map(struct parser *p, struct ast_stmt *stmt);

/* parse_cond.c */
enum op_cond parse_comparison(struct parser *p);
struct ast_condition *parse_condition(struct parser *p,
                                      enum ast_quantifier quantifier);
/* A schedule for every architecture, which goes to *@all, or for one. */
struct ast_schedule *parse_schedule_of(struct parser *p,
                                       struct ast_schedule **all,
                                       struct ast_schedule **arch);

/* parse_variant.c */
bool accept_arch(struct parser *p, enum arch_id *arch);
void parse_variant(struct parser *p);
void parse_machine(struct parser *p, struct ast_machine *machine);
struct ast_setting *parse_setting(struct parser *p);
void parse_search(struct parser *p, struct ast_search *search);

#endif
