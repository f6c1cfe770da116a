// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names in statements: mappings, files, processes, locks, kernel operations.
 */
#include <string.h>

#include "base/mtetags.h"
#include "mm/kops.h"
#include "mm/uapi.h"
#include "scenario/check_internal.h"

static void check_syscall(struct checker *c, struct ast_stmt *stmt,
                          const struct ast_process *process)
{
	for (unsigned i = 0; i < stmt->nr_args; i++) {
		struct ast_expr *arg = &stmt->args[i];
		const struct ast_file *file;

		if (stmt->syscall->args[i] != ARG_FILE || !arg->name) {
			resolve_address(c, arg, process);
			continue;
		}
		file = find_file(c->s, arg->name);
		if (!file) {
			check_error(c, arg->pos, "there is no file '%s'",
			            arg->name);
			continue;
		}
		arg->number += file->fd;
		arg->name = NULL;
	}
}

/* ---- kernel operations ---- */

static void complain_kop(struct checker *c, const struct ast_stmt *stmt)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	unsigned n;
	const struct kop *table = kop_table(&n);

	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(names, (gpointer)(uintptr_t)table[i].name);
	g_ptr_array_add(names, NULL);
	check_error_name(c, stmt->pos, "unknown kernel operation", stmt->name,
	                 (const char *const *)names->pdata);
}

static char *kop_usage(const struct kop *op)
{
	GString *usage = g_string_new(op->name);

	if (op->needs_mm)
		g_string_append(usage, " PROCESS");
	for (unsigned i = 0; i < KOP_ARGS_MAX && op->args[i]; i++)
		g_string_append_printf(usage, " %s", op->arg_names[i]);
	return g_string_free(usage, FALSE);
}

static void check_kop_lock(struct checker *c, struct ast_expr *arg)
{
	const struct ast_lock *lock = NULL;

	if (arg->name)
		lock = find_lock(c->s, arg->name);
	if (!lock || arg->number || arg->process) {
		check_error(c, arg->pos,
		            "expected the name of a lock; declare it: lock L");
		return;
	}
	arg->number = lock->number;
	arg->name = NULL;
}

/* The first argument names the process; in the initial part it may be left
 * out. Takes it away. */
static void take_kop_process(struct checker *c, struct ast_stmt *stmt,
                             struct ast_process *process)
{
	struct ast_expr *first = &stmt->args[0];
	struct ast_process *named = NULL;

	if (stmt->nr_args && first->name && !first->process)
		named = find_process(c->s, first->name);
	if (named) {
		stmt->nr_args--;
		memmove(first, first + 1, stmt->nr_args * sizeof(*first));
	}
	stmt->kop_process = named ? named : process;
	if (!stmt->kop_process)
		check_error(c, stmt->nr_args ? first->pos : stmt->pos,
		            "expected the name of a process");
}

static void check_kop_arg(struct checker *c, struct ast_stmt *stmt, unsigned i)
{
	struct ast_expr *arg = &stmt->args[i];

	if (arg->reg >= 0) {
		check_error(c, arg->pos, "kernel threads have no registers");
		return;
	}
	refuse_tag(c, arg);
	if (stmt->kop->args[i] == KOP_ARG_LOCK)
		check_kop_lock(c, arg);
	else
		resolve_address(c, arg, stmt->kop_process);
}

static void check_kop_args(struct checker *c, const struct ast_stmt *stmt)
{
	uint64_t args[KOP_ARGS_MAX] = { 0 };
	const char *error;
	unsigned which;

	for (unsigned i = 0; i < stmt->nr_args; i++)
		args[i] = stmt->args[i].number;
	error = kop_args_error(stmt->kop, args, user_end(c->s), &which);
	if (error)
		check_error(c, stmt->args[which].pos, "%s", error);
}

static void check_kop(struct checker *c, struct ast_stmt *stmt,
                      struct ast_process *process)
{
	unsigned nr_errors = c->nr_errors, nr_wanted = 0;

	stmt->kop = kop_find(stmt->name);
	if (!stmt->kop) {
		complain_kop(c, stmt);
		return;
	}
	if (stmt->kop->needs_mm)
		take_kop_process(c, stmt, process);
	while (nr_wanted < KOP_ARGS_MAX && stmt->kop->args[nr_wanted])
		nr_wanted++;
	if (stmt->nr_args != nr_wanted) {
		g_autofree char *usage = kop_usage(stmt->kop);

		check_error(c, stmt->pos, "expected %s", usage);
		return;
	}
	for (unsigned i = 0; i < stmt->nr_args; i++)
		check_kop_arg(c, stmt, i);
	/* Numbers mean something only if all names were found. */
	if (c->nr_errors == nr_errors)
		check_kop_args(c, stmt);
}

/* ---- tags ---- */

static bool sets_prot_mte(const struct ast_stmt *stmt)
{
	for (unsigned i = 0; i < stmt->nr_args; i++) {
		if (stmt->kind == STMT_SYSCALL &&
		    stmt->syscall->args[i] == ARG_PROT &&
		    (stmt->args[i].number & PROT_MTE))
			return true;
	}
	return false;
}

static bool is_tag_statement(const struct ast_stmt *stmt)
{
	return (stmt->kind >= STMT_STG && stmt->kind <= STMT_SUBG) ||
	       (stmt->kind == STMT_SYSCALL && !strcmp(stmt->name, "mte")) ||
	       sets_prot_mte(stmt);
}

static void check_tags(struct checker *c, const struct ast_stmt *stmt)
{
	if (is_tag_statement(stmt))
		need_tags(c, stmt->pos);
	for (unsigned i = 0; i < stmt->nr_args; i++) {
		if (stmt->args[i].tagged)
			need_tags(c, stmt->args[i].pos);
	}
}

static void check_tag(struct checker *c, const struct ast_expr *tag)
{
	if (tag->reg < 0 && tag->number > 15)
		check_error(c, tag->pos, "a tag is a number from 0 to 15");
}

static void check_stg(struct checker *c, const struct ast_stmt *stmt)
{
	const struct ast_expr *addr = &stmt->args[0], *tag = &stmt->args[1];

	if (addr->reg < 0 && !addr->name && addr->number % MTE_GRANULE_SIZE)
		check_error(c, addr->pos,
		            "a tag is that of 16 bytes: the address must be a "
		            "multiple of 16");
	if (stmt->nr_args == 2)
		check_tag(c, tag);
}

/* What ADDG and SUBG have room for: D10, C6.2. */
static void check_pointer(struct checker *c, const struct ast_stmt *stmt)
{
	const struct ast_expr *value = &stmt->args[1];

	if (stmt->kind == STMT_IRG || stmt->kind == STMT_GMI) {
		if (stmt->nr_args == 2 && value->reg < 0 &&
		    value->number > UINT16_MAX)
			check_error(c, value->pos,
			            "a mask has a bit for each of 16 tags");
		return;
	}
	if (value->reg >= 0 || value->number > 1008 ||
	    value->number % MTE_GRANULE_SIZE)
		check_error(c, value->pos,
		            "expected a number from 0 to 1008, a multiple of "
		            "16");
	if (stmt->args[2].reg >= 0)
		check_error(c, stmt->args[2].pos,
		            "a tag is a number from 0 to 15");
	check_tag(c, &stmt->args[2]);
}

/* ---- the rest ---- */

static void check_alignment(struct checker *c, const struct ast_stmt *stmt)
{
	const struct ast_expr *addr = &stmt->args[0];

	/* Splitting an access over two pages is the engine's business, and
	 * works; atomics must not. */
	if (stmt->kind != STMT_XCHG && stmt->kind != STMT_XADD &&
	    stmt->kind != STMT_CMPXCHG)
		return;
	if (addr->reg < 0 && !addr->name && addr->number % stmt->size)
		check_error(c, addr->pos,
		            "an atomic access of %u bytes must be aligned",
		            stmt->size);
}

static void check_statement(struct checker *c, struct ast_stmt *stmt,
                            struct ast_process *process)
{
	if (stmt->kind == STMT_KOP) {
		check_kop(c, stmt, process);
		return;
	}
	check_tags(c, stmt);
	if (stmt->kind == STMT_SYSCALL) {
		check_syscall(c, stmt, process);
		return;
	}
	for (unsigned i = 0; i < stmt->nr_args; i++)
		resolve_address(c, &stmt->args[i], process);
	check_alignment(c, stmt);
	if (stmt->kind == STMT_STG)
		check_stg(c, stmt);
	else if (stmt->kind >= STMT_IRG && stmt->kind <= STMT_SUBG)
		check_pointer(c, stmt);
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
void check_statements(struct checker *c, struct ast_stmt *stmt,
                      struct ast_process *process)
{
	for (; stmt; stmt = stmt->next) {
		check_statement(c, stmt, process);
		check_statements(c, stmt->body, process);
		check_statements(c, stmt->other, process);
	}
}
