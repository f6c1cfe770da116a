/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words, numbers, strings and signs of a scenario.
 *
 * Any bytes may come in: a byte that can start nothing is a token of kind
 * TOK_ERROR, and so is everything after it; a word, number or string that is
 * wrong is one such token.  A line's end is a token, because it ends a
 * statement; a comment (# to the end of the line) is nothing.
 */
#ifndef MMULATOR_SCENARIO_LEX_H
#define MMULATOR_SCENARIO_LEX_H

#include "base/types.h"
#include "scenario/source.h"

enum token_kind {
	TOK_EOF,
	TOK_ERROR, /* `error` says why */
	TOK_NEWLINE,
	TOK_WORD,   /* letters, digits, _, and - before a letter */
	TOK_NUMBER, /* 12, 0x1f, 4K 2M 1G 1T */
	TOK_STRING, /* "text", with \" and \\ */
	TOK_LBRACE,
	TOK_RBRACE,
	TOK_LPAREN,
	TOK_RPAREN,
	TOK_LBRACKET,
	TOK_RBRACKET,
	TOK_ASSIGN,       /* = */
	TOK_PLUS_ASSIGN,  /* += */
	TOK_MINUS_ASSIGN, /* -= */
	TOK_EQ,           /* == */
	TOK_NE,           /* != */
	TOK_LT,
	TOK_LE,
	TOK_GT,
	TOK_GE,
	TOK_PLUS,
	TOK_MINUS,
	TOK_COLON,
	TOK_SEMICOLON,
	TOK_COMMA,
	TOK_PIPE,
	TOK_AT,
	TOK_DOT,
	TOK_NOT, /* ~ */
	TOK_AND, /* /\ */
	TOK_OR,  /* \/ */
	TOK_KIND_COUNT
};

/* Longest word and longest string. */
#define TOKEN_WORD_MAX   64
#define TOKEN_STRING_MAX 4000

struct token {
	enum token_kind kind;
	struct source_pos pos;
	size_t start; /* first byte in the text */
	size_t end;   /* first byte after it */
	uint64_t number;
	const char *error; /* ERROR: a literal */
};

struct lexer {
	const struct source *src;
	size_t at;
	struct source_pos pos;
};

/**
 * lexer_init - begin at the first byte.
 * @src: borrowed as long as tokens are taken
 */
void lexer_init(struct lexer *lex, const struct source *src);

/** lexer_next - take a token. Return: it; at the end TOK_EOF for ever. */
struct token lexer_next(struct lexer *lex);

/**
 * token_kind_name - the words for "expected ...": "'{'", "a name", "a number".
 * @kind: any value
 *
 * Return: a literal; "?" for a value that is none.
 */
const char *token_kind_name(enum token_kind kind);

#endif
