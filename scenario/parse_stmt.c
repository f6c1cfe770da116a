// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Statements of threads and of the initial part.
 */
#include <string.h>

#include "base/mtetags.h"
#include "mm/uapi.h"
#include "scenario/parse.h"
#include "scenario/parse_internal.h"

/* ---- expressions ---- */

int parse_register(const struct parser *p, const struct token *tok)
{
	const char *text = p->s->source.text + tok->start;

	if (tok->kind != TOK_WORD || tok->end - tok->start != 2)
		return -1;
	if (text[0] != 'r' || text[1] < '0' || text[1] >= '0' + NR_PROGRAM_REGS)
		return -1;
	return text[1] - '0';
}

static void parse_name_term(struct parser *p, struct ast_expr *expr)
{
	struct token tok = p->tok;
	int reg = parse_register(p, &tok);

	next_token(p);
	if (reg >= 0) {
		if (expr->reg >= 0)
			parse_error(p, tok.pos,
			            "a sum has at most one register");
		expr->reg = reg;
		return;
	}
	if (expr->name)
		parse_error(p, tok.pos, "a sum has at most one name");
	expr->name = token_text(p, &tok);
	if (accept_token(p, TOK_COLON)) {
		expr->process = expr->name;
		expr->name = take_word(p, "the name of a mapping");
	}
}

static void parse_term(struct parser *p, struct ast_expr *expr, bool minus,
                       const char *what)
{
	uint64_t number = p->tok.number;

	if (p->tok.kind == TOK_NUMBER) {
		expr->number += minus ? -number : number;
		next_token(p);
	} else if (p->tok.kind == TOK_WORD && !minus) {
		parse_name_term(p, expr);
	} else {
		expected(p, minus ? "a number" : what);
	}
}

/* heap+8 tag 5: a pointer to heap+8 with that logical tag. */
static void parse_pointer_tag(struct parser *p, struct ast_expr *expr)
{
	struct source_pos pos = p->tok.pos;

	if (!accept_word(p, "tag"))
		return;
	expr->tagged = true;
	expr->number += take_number(p, "a tag, 0 to 15", 15) << MTE_TAG_SHIFT;
	if (expr->reg >= 0)
		parse_error(p, pos, "a register brings a tag of its own");
}

struct ast_expr parse_expr(struct parser *p, const char *what)
{
	struct ast_expr expr = { .pos = p->tok.pos, .reg = -1 };
	bool minus = accept_token(p, TOK_MINUS);

	parse_term(p, &expr, minus, what);
	for (;;) {
		minus = p->tok.kind == TOK_MINUS;
		if (!minus && p->tok.kind != TOK_PLUS)
			break;
		next_token(p);
		parse_term(p, &expr, minus, "a number, name or register");
	}
	parse_pointer_tag(p, &expr);
	return expr;
}

uint8_t take_access_size(struct parser *p)
{
	struct source_pos pos = p->tok.pos;
	uint64_t size = take_number(p, "the size of the access", 8);

	if (size != 1 && size != 2 && size != 4 && size != 8) {
		parse_error(p, pos, "expected an access of 1, 2, 4 or 8 bytes");
		return 8;
	}
	return (uint8_t)size;
}

static uint8_t parse_access_size(struct parser *p)
{
	return accept_token(p, TOK_DOT) ? take_access_size(p) : 8;
}

/* ---- arguments ---- */

bool at_statement_end(const struct parser *p)
{
	switch ((int)p->tok.kind) {
	case TOK_EOF:
	case TOK_NEWLINE:
	case TOK_SEMICOLON:
	case TOK_RBRACE:
		return true;
	default:
		return p->body == BODY_SETUP && at_word(p, "on");
	}
}

static void complain_flag(struct parser *p, const struct token *tok,
                          const struct name_value *table)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (; table->name; table++)
		g_ptr_array_add(names, (gpointer)(uintptr_t)table->name);
	g_ptr_array_add(names, NULL);
	parse_error_name(p, tok, "unknown word",
	                 (const char *const *)names->pdata);
}

/* rw, private|anon, 0x22, DONTNEED */
struct ast_expr parse_flags(struct parser *p, enum arg_kind kind)
{
	const struct name_value *table = arg_names(kind);
	struct ast_expr expr = { .pos = p->tok.pos, .reg = -1 };

	do {
		struct token tok = p->tok;
		g_autofree char *word = token_dup(p, &tok);
		const struct name_value *found = find_value(table, word);

		if (tok.kind == TOK_NUMBER) {
			expr.number |= tok.number;
		} else if (tok.kind == TOK_WORD && found) {
			expr.number |= found->value;
		} else if (tok.kind == TOK_WORD) {
			complain_flag(p, &tok, table);
		} else {
			expected(p, arg_kind_name(kind));
		}
		next_token(p);
	} while (accept_token(p, TOK_PIPE));
	return expr;
}

static void add_arg(struct parser *p, struct ast_stmt *stmt,
                    struct ast_expr expr)
{
	if (stmt->nr_args >= STMT_ARGS_MAX) {
		parse_error(p, expr.pos, "at most %d arguments", STMT_ARGS_MAX);
		return;
	}
	stmt->args[stmt->nr_args++] = expr;
}

static void parse_syscall_args(struct parser *p, struct ast_stmt *stmt)
{
	const struct syscall_desc *desc = stmt->syscall;

	for (unsigned i = 0; i < SYSCALL_ARGS_MAX; i++) {
		enum arg_kind kind = desc->args[i];

		if (kind == ARG_NONE)
			break;
		if (i >= desc->nr_required && at_statement_end(p))
			break;
		if (arg_names(kind))
			add_arg(p, stmt, parse_flags(p, kind));
		else
			add_arg(p, stmt, parse_expr(p, arg_kind_name(kind)));
	}
	if (!at_statement_end(p))
		parse_error(p, p->tok.pos, "too many arguments: %s",
		            desc->usage);
}

static void parse_kop_args(struct parser *p, struct ast_stmt *stmt)
{
	while (!at_statement_end(p))
		add_arg(p, stmt, parse_expr(p, "an argument"));
}

/* ---- statements ---- */

static const char *const statement_names[] = {
	"load",  "store", "xchg", "xadd",  "cmpxchg", "stg",   "ldg",  "irg",
	"gmi",   "addg",  "subg", "fence", "pause",   "touch", "goto", "loop",
	"while", "if",    "exit", "yield", "map",     "mte",   NULL,
};

static void complain_statement(struct parser *p, const struct token *tok)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	unsigned n;
	const struct syscall_desc *table = syscall_table(&n);

	for (unsigned i = 0; statement_names[i]; i++)
		g_ptr_array_add(names, (gpointer)(uintptr_t)statement_names[i]);
	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(names, (gpointer)(uintptr_t)table[i].name);
	g_ptr_array_add(names, NULL);
	parse_error_name(p, tok, "unknown statement or system call",
	                 (const char *const *)names->pdata);
}

static void parse_syscall(struct parser *p, struct ast_stmt *stmt,
                          const struct syscall_desc *desc)
{
	stmt->kind = STMT_SYSCALL;
	stmt->name = desc->name;
	stmt->syscall = desc;
	parse_syscall_args(p, stmt);
}

/* Is @tok the name of a memory access that gives a value? */
static bool access_kind(struct parser *p, const struct token *tok,
                        enum ast_stmt_kind *kind, unsigned *nr_args)
{
	static const struct {
		const char *name;
		enum ast_stmt_kind kind;
		unsigned nr_args;
	} table[] = {
		{ "load", STMT_LOAD, 1 }, { "xchg", STMT_XCHG, 2 },
		{ "xadd", STMT_XADD, 2 }, { "cmpxchg", STMT_CMPXCHG, 3 },
		{ "ldg", STMT_LDG, 1 },   { "irg", STMT_IRG, 2 },
		{ "gmi", STMT_GMI, 2 },   { "addg", STMT_ADDG, 3 },
		{ "subg", STMT_SUBG, 3 },
	};
	g_autofree char *word = token_dup(p, tok);

	if (tok->kind != TOK_WORD)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].name, word) != 0)
			continue;
		*kind = table[i].kind;
		*nr_args = table[i].nr_args;
		return true;
	}
	return false;
}

static void parse_access(struct parser *p, struct ast_stmt *stmt,
                         unsigned nr_args)
{
	if (stmt->kind < STMT_STG)
		stmt->size = parse_access_size(p);
	add_arg(p, stmt, parse_expr(p, "an address"));
	if (stmt->kind == STMT_IRG && at_statement_end(p))
		return;
	for (unsigned i = 1; i < nr_args; i++)
		add_arg(p, stmt, parse_expr(p, "a value"));
}

/* After `rN =`: an access, a system call or a value. */
static void parse_assignment(struct parser *p, struct ast_stmt *stmt)
{
	const struct syscall_desc *desc = NULL;
	struct token tok = p->tok;
	unsigned nr_args;

	if (access_kind(p, &tok, &stmt->kind, &nr_args)) {
		next_token(p);
		parse_access(p, stmt, nr_args);
		return;
	}
	if (tok.kind == TOK_WORD) {
		g_autofree char *word = token_dup(p, &tok);

		desc = find_syscall(word);
	}
	if (desc) {
		next_token(p);
		parse_syscall(p, stmt, desc);
		return;
	}
	stmt->kind = STMT_SET;
	add_arg(p, stmt, parse_expr(p, "load, a system call or a value"));
}

static void parse_register_statement(struct parser *p, struct ast_stmt *stmt,
                                     const struct token *word)
{
	bool minus = p->tok.kind == TOK_MINUS_ASSIGN;

	stmt->reg = parse_register(p, word);
	if (accept_token(p, TOK_ASSIGN)) {
		parse_assignment(p, stmt);
		return;
	}
	stmt->kind = STMT_ADD;
	if (!minus && p->tok.kind != TOK_PLUS_ASSIGN) {
		expected(p, "'=', '+=' or '-='");
		return;
	}
	next_token(p);
	add_arg(p, stmt, parse_expr(p, "a value"));
	if (minus && stmt->args[0].reg >= 0)
		parse_error(p, stmt->args[0].pos,
		            "only numbers can be subtracted");
	if (minus)
		stmt->args[0].number = -stmt->args[0].number;
}

static void parse_test(struct parser *p, struct ast_stmt *stmt)
{
	stmt->reg = parse_register(p, &p->tok);
	if (stmt->reg < 0) {
		expected(p, "a register (r0 ... r6)");
		return;
	}
	next_token(p);
	stmt->cond = parse_comparison(p);
	add_arg(p, stmt, parse_expr(p, "a value"));
}

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
static void parse_block_statement(struct parser *p, struct ast_stmt *stmt,
                                  const char *word, size_t start)
{
	if (strcmp(word, "loop") == 0) {
		stmt->kind = STMT_LOOP;
		add_arg(p, stmt, parse_expr(p, "how many times"));
		stmt->text = text_since(p, start);
		stmt->body = parse_body(p, p->body);
		return;
	}
	stmt->kind = strcmp(word, "if") == 0 ? STMT_IF : STMT_WHILE;
	parse_test(p, stmt);
	stmt->text = text_since(p, start);
	stmt->body = parse_body(p, p->body);
	if (stmt->kind == STMT_IF && accept_word(p, "else"))
		stmt->other = parse_body(p, p->body);
}

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
static bool parse_control(struct parser *p, struct ast_stmt *stmt,
                          const char *word, size_t start)
{
	if (strcmp(word, "loop") == 0 || strcmp(word, "if") == 0 ||
	    strcmp(word, "while") == 0) {
		parse_block_statement(p, stmt, word, start);
	} else if (strcmp(word, "goto") == 0) {
		stmt->kind = STMT_GOTO;
		stmt->name = take_word(p, "a label");
	} else if (strcmp(word, "exit") == 0) {
		stmt->kind = STMT_EXIT;
	} else if (strcmp(word, "yield") == 0) {
		parse_syscall(p, stmt, find_syscall("sched_yield"));
	} else {
		return false;
	}
	return true;
}

/* prctl(PR_SET_TAGGED_ADDR_CTRL): tagged addresses, and these checks. */
static void parse_mte(struct parser *p, struct ast_stmt *stmt)
{
	struct ast_expr option = { .pos = p->tok.pos, .reg = -1 }, ctrl;

	if (at_word(p, "asymm"))
		parse_error(p, p->tok.pos,
		            "a CPU chooses asymm where a thread permits "
		            "sync|async: option mte_tcf_preferred = asymm");
	option.number = PR_SET_TAGGED_ADDR_CTRL;
	ctrl = parse_flags(p, ARG_MTE_CHECKS);
	ctrl.number |= PR_TAGGED_ADDR_ENABLE;
	if (accept_word(p, "include"))
		ctrl.number |= take_number(p, "a mask of tags", UINT16_MAX)
		               << PR_MTE_TAG_SHIFT;
	stmt->kind = STMT_SYSCALL;
	stmt->name = "mte";
	stmt->syscall = find_syscall("prctl");
	add_arg(p, stmt, option);
	add_arg(p, stmt, ctrl);
}

static void parse_stg(struct parser *p, struct ast_stmt *stmt)
{
	stmt->kind = STMT_STG;
	add_arg(p, stmt, parse_expr(p, "an address"));
	if (!at_statement_end(p))
		add_arg(p, stmt, parse_expr(p, "a tag, 0 to 15"));
}

static bool parse_plain(struct parser *p, struct ast_stmt *stmt,
                        const char *word)
{
	if (strcmp(word, "store") == 0) {
		stmt->kind = STMT_STORE;
		parse_access(p, stmt, 2);
	} else if (strcmp(word, "load") == 0) {
		stmt->kind = STMT_LOAD;
		parse_access(p, stmt, 1);
	} else if (strcmp(word, "ldg") == 0) {
		stmt->kind = STMT_LDG;
		parse_access(p, stmt, 1);
	} else if (strcmp(word, "stg") == 0) {
		parse_stg(p, stmt);
	} else if (strcmp(word, "mte") == 0) {
		parse_mte(p, stmt);
	} else if (strcmp(word, "touch") == 0) {
		stmt->kind = STMT_TOUCH;
		add_arg(p, stmt, parse_expr(p, "an address"));
		add_arg(p, stmt, parse_expr(p, "a size"));
	} else if (strcmp(word, "fence") == 0) {
		stmt->kind = STMT_FENCE;
	} else if (strcmp(word, "pause") == 0) {
		stmt->kind = STMT_PAUSE;
	} else {
		return false;
	}
	return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
static void parse_user_statement(struct parser *p, struct ast_stmt *stmt,
                                 const struct token *tok)
{
	const char *word = token_text(p, tok);
	const struct syscall_desc *desc = find_syscall(word);

	if (parse_plain(p, stmt, word))
		return;
	if (p->body == BODY_THREAD && parse_control(p, stmt, word, tok->start))
		return;
	if (p->body == BODY_SETUP && strcmp(word, "map") == 0) {
		parse_map(p, stmt);
	} else if (desc) {
		parse_syscall(p, stmt, desc);
	} else if (p->body == BODY_SETUP && p->tok.kind != TOK_ASSIGN) {
		stmt->kind = STMT_KOP;
		stmt->name = word;
		parse_kop_args(p, stmt);
	} else {
		complain_statement(p, tok);
	}
}

static struct ast_stmt *new_statement(struct parser *p)
{
	struct ast_stmt *stmt = ast_new(p->s, struct ast_stmt);

	stmt->pos = p->tok.pos;
	stmt->reg = -1;
	stmt->size = 8;
	if (++p->nr_statements > SCENARIO_STATEMENTS_MAX)
		parse_error(p, stmt->pos,
		            "a scenario has at most %d statements",
		            SCENARIO_STATEMENTS_MAX);
	return stmt;
}

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
struct ast_stmt *parse_statement(struct parser *p)
{
	struct ast_stmt *stmt = new_statement(p);
	struct token word = p->tok;

	if (word.kind != TOK_WORD) {
		expected(p, "a statement or '}'");
		return stmt;
	}
	next_token(p);
	if (p->body == BODY_KTHREAD) {
		stmt->kind = STMT_KOP;
		stmt->name = token_text(p, &word);
		parse_kop_args(p, stmt);
	} else if (parse_register(p, &word) >= 0) {
		parse_register_statement(p, stmt, &word);
	} else if (p->body == BODY_THREAD && accept_token(p, TOK_COLON)) {
		stmt->kind = STMT_LABEL;
		stmt->name = token_text(p, &word);
	} else {
		parse_user_statement(p, stmt, &word);
	}
	if (!stmt->text)
		stmt->text = text_since(p, word.start);
	if (p->body == BODY_SETUP && at_word(p, "on")) {
		stmt->has_cpu = true;
		stmt->cpu = take_cpu(p);
	}
	return stmt;
}

void skip_separators(struct parser *p)
{
	while (p->tok.kind == TOK_NEWLINE || p->tok.kind == TOK_SEMICOLON)
		next_token(p);
}

void end_statement(struct parser *p)
{
	if (p->tok.kind != TOK_NEWLINE && p->tok.kind != TOK_SEMICOLON &&
	    p->tok.kind != TOK_RBRACE)
		expected(p, "the end of the line, ';' or '}'");
	skip_separators(p);
}

/* NOLINTNEXTLINE(misc-no-recursion): enter() limits the depth */
struct ast_stmt *parse_body(struct parser *p, enum body_kind kind)
{
	struct ast_stmt *first = NULL, **tail = &first;
	bool outside;

	if (!enter(p))
		return NULL;
	p->body = kind;
	if (open_block(p, true, &outside)) {
		skip_separators(p);
		while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
			struct ast_stmt *stmt = parse_statement(p);

			LIST_APPEND(tail, stmt);
			if (stmt->kind == STMT_LABEL)
				skip_separators(p);
			else
				end_statement(p);
		}
		close_block(p, outside);
	}
	leave(p);
	return first;
}
