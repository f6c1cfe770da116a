// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conditions on the end of a run, and schedules.
 */
#include <string.h>

#include "scenario/parse.h"
#include "scenario/parse_internal.h"

enum op_cond parse_comparison(struct parser *p)
{
	enum op_cond op = COND_EQ;

	switch ((int)p->tok.kind) {
	case TOK_EQ:
		op = COND_EQ;
		break;
	case TOK_NE:
		op = COND_NE;
		break;
	case TOK_LT:
		op = COND_LT;
		break;
	case TOK_LE:
		op = COND_LE;
		break;
	case TOK_GT:
		op = COND_GT;
		break;
	case TOK_GE:
		op = COND_GE;
		break;
	default:
		expected(p, "a comparison (== != < <= > >=)");
		return op;
	}
	next_token(p);
	return op;
}

/* [A:heap+8].4, [A:heap].tag */
static void parse_memory_term(struct parser *p, struct ast_cond *term)
{
	term->term = TERM_MEMORY;
	term->addr = parse_expr(p, "an address");
	expect(p, TOK_RBRACKET);
	term->size = 8;
	if (accept_token(p, TOK_DOT)) {
		if (accept_word(p, "tag"))
			term->term = TERM_TAG;
		else
			term->size = take_access_size(p);
	}
	if (term->addr.reg >= 0)
		parse_error(p, term->addr.pos,
		            "registers have no address after a run");
}

/* Of the signal that ended a thread; TERM_FIGURE: it is none of them. */
static enum ast_term_kind signal_term(const char *figure)
{
	if (g_strcmp0(figure, "signal") == 0)
		return TERM_SIGNAL;
	if (g_strcmp0(figure, "si_code") == 0)
		return TERM_SI_CODE;
	return g_strcmp0(figure, "si_addr") == 0 ? TERM_SI_ADDR : TERM_FIGURE;
}

/* thread:r1, thread:signal, A:VmPTE, vmstat:pgfault */
static void parse_named_term(struct parser *p, struct ast_cond *term)
{
	struct token tok;
	int reg;

	term->owner = take_word(p, "thread:register or [address]");
	expect(p, TOK_COLON);
	tok = p->tok;
	reg = parse_register(p, &tok);
	term->figure = take_word(p, "a register, signal or a figure");
	term->term = signal_term(term->figure);
	if (reg >= 0) {
		term->term = TERM_REG;
		term->reg = (unsigned)reg;
	} else if (g_strcmp0(term->owner, "vmstat") == 0) {
		term->term = TERM_VMSTAT;
	}
}

static struct ast_cond *new_cond(struct parser *p, enum ast_cond_kind kind)
{
	struct ast_cond *cond = ast_new(p->s, struct ast_cond);

	cond->kind = kind;
	cond->pos = p->tok.pos;
	return cond;
}

static struct ast_cond *parse_cond_term(struct parser *p)
{
	struct ast_cond *term = new_cond(p, COND_TERM);

	if (accept_token(p, TOK_LBRACKET))
		parse_memory_term(p, term);
	else
		parse_named_term(p, term);
	term->op = parse_comparison(p);
	term->value = parse_expr(p, "a value");
	if (term->value.reg >= 0)
		parse_error(p, term->value.pos,
		            "expected a number; a register needs its thread");
	return term;
}

static struct ast_cond *parse_or(struct parser *p);

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
static struct ast_cond *parse_not(struct parser *p)
{
	struct ast_cond *cond;

	if (!enter(p))
		return new_cond(p, COND_TERM);
	if (p->tok.kind == TOK_NOT) {
		cond = new_cond(p, COND_NOT);
		next_token(p);
		cond->left = parse_not(p);
	} else if (accept_token(p, TOK_LPAREN)) {
		cond = parse_or(p);
		expect(p, TOK_RPAREN);
	} else {
		cond = parse_cond_term(p);
	}
	leave(p);
	return cond;
}

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
static struct ast_cond *parse_and(struct parser *p)
{
	struct ast_cond *left = parse_not(p);

	while (p->tok.kind == TOK_AND) {
		struct ast_cond *both = new_cond(p, COND_AND);

		next_token(p);
		both->left = left;
		both->right = parse_not(p);
		left = both;
	}
	return left;
}

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
static struct ast_cond *parse_or(struct parser *p)
{
	struct ast_cond *left = parse_and(p);

	while (p->tok.kind == TOK_OR) {
		struct ast_cond *either = new_cond(p, COND_OR);

		next_token(p);
		either->left = left;
		either->right = parse_and(p);
		left = either;
	}
	return left;
}

struct ast_condition *parse_condition(struct parser *p,
                                      enum ast_quantifier quantifier)
{
	struct ast_condition *condition = ast_new(p->s, struct ast_condition);
	size_t start = p->tok.start;

	condition->quantifier = quantifier;
	condition->pos = p->tok.pos;
	condition->cond = new_cond(p, COND_TERM);
	if (!expect(p, TOK_LPAREN))
		return condition;
	condition->cond = parse_or(p);
	expect(p, TOK_RPAREN);
	condition->text = text_since(p, start);
	return condition;
}

/* ---- schedules ---- */

static void parse_place(struct parser *p, struct ast_schedule_line *line)
{
	line->label = take_string(p, "the label of a step in quotes");
	line->count = 1;
	if (accept_token(p, TOK_AT)) {
		line->has_addr = true;
		line->addr = parse_expr(p, "an address");
	}
	if (accept_word(p, "nth"))
		line->count = (unsigned)take_number(p, "a count", 1000000);
	if (line->count == 0)
		parse_error(p, line->pos, "occurrences are counted from 1");
}

static void parse_until(struct parser *p, struct ast_schedule_line *line)
{
	if (accept_word(p, "blocked")) {
		line->until = SCRIPT_BLOCKED;
	} else if (accept_word(p, "end")) {
		line->until = SCRIPT_TO_END;
	} else if (p->tok.kind == TOK_STRING) {
		line->until = SCRIPT_BEFORE;
		parse_place(p, line);
	} else {
		expected(p, "the label of a step in quotes, end or blocked");
	}
}

/* Agents are names; those of the machine may need quotes. */
static const char *take_agent(struct parser *p)
{
	if (p->tok.kind == TOK_STRING)
		return take_string(p, "an agent");
	return take_word(p, "a thread, an agent or '}'");
}

static void parse_schedule_line(struct parser *p,
                                struct ast_schedule_line *line)
{
	line->pos = p->tok.pos;
	if (accept_word(p, "choose")) {
		line->until = SCRIPT_CHOOSE;
		line->agent = take_agent(p);
		line->label = take_string(p, "the label of a choice");
		line->count = (unsigned)take_number(p, "the answer", 255);
		return;
	}
	line->agent = take_agent(p);
	if (accept_word(p, "until")) {
		parse_until(p, line);
	} else if (accept_word(p, "after")) {
		line->until = SCRIPT_AFTER;
		parse_place(p, line);
	} else if (accept_word(p, "steps")) {
		line->until = SCRIPT_STEPS;
		line->count =
			(unsigned)take_number(p, "how many steps", 1000000000);
	} else if (at_statement_end(p)) {
		line->until = SCRIPT_TO_END;
	} else {
		expected(p, "until, after, steps or the end of the line");
	}
}

static struct ast_schedule *parse_schedule(struct parser *p)
{
	struct ast_schedule *sched = ast_new(p->s, struct ast_schedule);
	struct ast_schedule_line **tail = &sched->first;
	bool outside;

	sched->pos = p->tok.pos;
	if (accept_word(p, "lenient"))
		sched->lenient = LENIENT_YES;
	p->body = BODY_THREAD;
	if (!open_block(p, true, &outside))
		return sched;
	skip_separators(p);
	while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
		struct ast_schedule_line *line =
			ast_new(p->s, struct ast_schedule_line);

		parse_schedule_line(p, line);
		LIST_APPEND(tail, line);
		if (++sched->nr_lines > SCENARIO_SCHEDULE_LINES_MAX)
			parse_error(p, line->pos,
			            "a schedule has at most %d lines",
			            SCENARIO_SCHEDULE_LINES_MAX);
		end_statement(p);
	}
	close_block(p, outside);
	return sched;
}

struct ast_schedule *parse_schedule_of(struct parser *p,
                                       struct ast_schedule **all,
                                       struct ast_schedule **arch)
{
	enum arch_id which;
	struct ast_schedule **to = accept_arch(p, &which) ? &arch[which] : all;
	struct ast_schedule *sched = parse_schedule(p);

	sched->before = *to;
	*to = sched;
	return sched;
}
