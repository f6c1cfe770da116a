// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/lex.h"

#include <string.h>

struct sign {
	const char *text;
	enum token_kind kind;
};

/* The longer ones first. */
static const struct sign signs[] = {
	{ "+=", TOK_PLUS_ASSIGN }, { "-=", TOK_MINUS_ASSIGN },
	{ "==", TOK_EQ },          { "!=", TOK_NE },
	{ "<=", TOK_LE },          { ">=", TOK_GE },
	{ "/\\", TOK_AND },        { "\\/", TOK_OR },
	{ "{", TOK_LBRACE },       { "}", TOK_RBRACE },
	{ "(", TOK_LPAREN },       { ")", TOK_RPAREN },
	{ "[", TOK_LBRACKET },     { "]", TOK_RBRACKET },
	{ "=", TOK_ASSIGN },       { "<", TOK_LT },
	{ ">", TOK_GT },           { "+", TOK_PLUS },
	{ "-", TOK_MINUS },        { ":", TOK_COLON },
	{ ";", TOK_SEMICOLON },    { ",", TOK_COMMA },
	{ "|", TOK_PIPE },         { "@", TOK_AT },
	{ ".", TOK_DOT },          { "~", TOK_NOT },
};

const char *token_kind_name(enum token_kind kind)
{
	static const char *const names[TOK_KIND_COUNT] = {
		[TOK_EOF] = "the end of the file",
		[TOK_ERROR] = "a mistake",
		[TOK_NEWLINE] = "the end of the line",
		[TOK_WORD] = "a name",
		[TOK_NUMBER] = "a number",
		[TOK_STRING] = "a \"string\"",
		[TOK_LBRACE] = "'{'",
		[TOK_RBRACE] = "'}'",
		[TOK_LPAREN] = "'('",
		[TOK_RPAREN] = "')'",
		[TOK_LBRACKET] = "'['",
		[TOK_RBRACKET] = "']'",
		[TOK_ASSIGN] = "'='",
		[TOK_PLUS_ASSIGN] = "'+='",
		[TOK_MINUS_ASSIGN] = "'-='",
		[TOK_EQ] = "'=='",
		[TOK_NE] = "'!='",
		[TOK_LT] = "'<'",
		[TOK_LE] = "'<='",
		[TOK_GT] = "'>'",
		[TOK_GE] = "'>='",
		[TOK_PLUS] = "'+'",
		[TOK_MINUS] = "'-'",
		[TOK_COLON] = "':'",
		[TOK_SEMICOLON] = "';'",
		[TOK_COMMA] = "','",
		[TOK_PIPE] = "'|'",
		[TOK_AT] = "'@'",
		[TOK_DOT] = "'.'",
		[TOK_NOT] = "'~'",
		[TOK_AND] = "'/\\'",
		[TOK_OR] = "'\\/'",
	};

	return kind < TOK_KIND_COUNT ? names[kind] : "?";
}

void lexer_init(struct lexer *lex, const struct source *src)
{
	*lex = (struct lexer){ .src = src, .pos = { 1, 1 } };
}

/* The byte @ahead of the current one; 0 beyond the end. */
static unsigned char peek(const struct lexer *lex, size_t ahead)
{
	size_t at = lex->at + ahead;

	return at < lex->src->len ? (unsigned char)lex->src->text[at] : 0;
}

static void advance(struct lexer *lex)
{
	unsigned char byte = peek(lex, 0);

	lex->at++;
	if (byte == '\n') {
		lex->pos.line++;
		lex->pos.column = 1;
	} else if ((peek(lex, 0) & 0xc0) != 0x80) {
		lex->pos.column++;
	}
}

static void advance_by(struct lexer *lex, size_t n)
{
	while (n--)
		advance(lex);
}

static struct token fail(const struct lexer *lex, const char *error)
{
	return (struct token){
		.kind = TOK_ERROR,
		.pos = lex->pos,
		.start = lex->at,
		.end = lex->at,
		.error = error,
	};
}

static void skip_blanks(struct lexer *lex)
{
	for (;;) {
		unsigned char byte = peek(lex, 0);

		if (byte == '#') {
			while (lex->at < lex->src->len && peek(lex, 0) != '\n')
				advance(lex);
		} else if (byte == ' ' || byte == '\t' || byte == '\r') {
			advance(lex);
		} else {
			return;
		}
	}
}

static bool starts_word(unsigned char byte)
{
	return g_ascii_isalpha(byte) || byte == '_';
}

static bool continues_word(const struct lexer *lex)
{
	unsigned char byte = peek(lex, 0);

	if (byte == '-')
		return starts_word(peek(lex, 1));
	return starts_word(byte) || g_ascii_isdigit(byte);
}

static struct token finish(struct lexer *lex, struct token tok)
{
	tok.end = lex->at;
	return tok;
}

static struct token lex_word(struct lexer *lex, struct token tok)
{
	while (continues_word(lex))
		advance(lex);
	tok.kind = TOK_WORD;
	if (lex->at - tok.start > TOKEN_WORD_MAX) {
		tok.kind = TOK_ERROR;
		tok.error = "a name has at most 64 characters";
	}
	return finish(lex, tok);
}

static unsigned unit_shift(unsigned char byte)
{
	switch (byte) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	case 'T':
		return 40;
	default:
		return 0;
	}
}

/* Value of a digit in @base, or -1. */
static int digit_of(unsigned char byte, unsigned base)
{
	return base == 16 ? g_ascii_xdigit_value((char)byte)
	                  : g_ascii_digit_value((char)byte);
}

static struct token lex_number(struct lexer *lex, struct token tok)
{
	unsigned base = 10, shift;
	bool overflow = false;
	int digit;

	if (peek(lex, 0) == '0' && (peek(lex, 1) | 0x20) == 'x') {
		base = 16;
		advance_by(lex, 2);
		if (digit_of(peek(lex, 0), base) < 0)
			return fail(lex, "expected a hexadecimal digit");
	}
	tok.kind = TOK_NUMBER;
	while ((digit = digit_of(peek(lex, 0), base)) >= 0) {
		overflow |=
			__builtin_mul_overflow(tok.number, base, &tok.number);
		overflow |= __builtin_add_overflow(tok.number, (uint64_t)digit,
		                                   &tok.number);
		advance(lex);
	}
	shift = unit_shift(peek(lex, 0));
	if (shift) {
		overflow |= tok.number > UINT64_MAX >> shift;
		tok.number <<= shift;
		advance(lex);
	}
	if (starts_word(peek(lex, 0)))
		return fail(lex, "a number ends with K, M, G, T or nothing");
	if (overflow) {
		tok.kind = TOK_ERROR;
		tok.error = "a number has at most 64 bits";
	}
	return finish(lex, tok);
}

static struct token lex_string(struct lexer *lex, struct token tok)
{
	advance(lex);
	while (peek(lex, 0) != '"') {
		if (lex->at >= lex->src->len || peek(lex, 0) == '\n')
			return fail(lex, "expected '\"' before the line ends");
		if (peek(lex, 0) == '\\') {
			advance(lex);
			if (peek(lex, 0) != '"' && peek(lex, 0) != '\\')
				return fail(lex, "expected \\\" or \\\\");
		}
		advance(lex);
	}
	advance(lex);
	tok.kind = TOK_STRING;
	if (lex->at - tok.start > TOKEN_STRING_MAX) {
		tok.kind = TOK_ERROR;
		tok.error = "a string has at most 4000 characters";
	}
	return finish(lex, tok);
}

static struct token lex_sign(struct lexer *lex, struct token tok)
{
	const char *at = lex->src->text + lex->at;
	size_t left = lex->src->len - lex->at;

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		size_t len = strlen(signs[i].text);

		if (len > left || memcmp(at, signs[i].text, len) != 0)
			continue;
		tok.kind = signs[i].kind;
		advance_by(lex, len);
		return finish(lex, tok);
	}
	return fail(lex, "this character means nothing here");
}

struct token lexer_next(struct lexer *lex)
{
	struct token tok;
	unsigned char byte;

	skip_blanks(lex);
	tok = (struct token){
		.kind = TOK_EOF,
		.pos = lex->pos,
		.start = lex->at,
		.end = lex->at,
	};
	if (lex->at >= lex->src->len)
		return tok;
	byte = peek(lex, 0);
	if (byte == '\n') {
		advance(lex);
		tok.kind = TOK_NEWLINE;
		return finish(lex, tok);
	}
	if (starts_word(byte))
		return lex_word(lex, tok);
	if (g_ascii_isdigit(byte))
		return lex_number(lex, tok);
	if (byte == '"')
		return lex_string(lex, tok);
	return lex_sign(lex, tok);
}
