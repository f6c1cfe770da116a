// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Statements become the flat programs that both engines execute.
 */
#include <signal.h>
#include <string.h>

#include "mm/uapi.h"
#include "scenario/check_internal.h"
#include "syscalls/syscalls.h"

/* Ops of one program; a loop of a scenario repeats, it is not unrolled. */
#define PROGRAM_OPS_MAX 4096

struct jump {
	unsigned op;                 /* its target is to be filled in */
	const struct ast_stmt *stmt; /* goto */
};

struct compiler {
	struct checker *c;
	const struct ast_stmt *stmt; /* being compiled: line and text */
	GArray *ops;                 /* struct op */
	GArray *gotos;               /* struct jump */
	GHashTable *labels;          /* name -> 1 + op number */
	uint8_t free_regs;           /* registers the text does not mention */
	bool setup;
};

static void compiler_init(struct compiler *k, struct checker *c)
{
	*k = (struct compiler){
		.c = c,
		.ops = g_array_new(FALSE, FALSE, sizeof(struct op)),
		.gotos = g_array_new(FALSE, FALSE, sizeof(struct jump)),
		.labels = g_hash_table_new(g_str_hash, g_str_equal),
		/* r0 does not survive a system call. */
		.free_regs = (1U << NR_PROGRAM_REGS) - 2,
	};
}

static void compiler_fini(struct compiler *k)
{
	g_array_unref(k->ops);
	g_array_unref(k->gotos);
	g_hash_table_unref(k->labels);
}

/* ---- registers ---- */

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static uint8_t used_registers(const struct ast_stmt *stmt)
{
	uint8_t used = 0;

	for (; stmt; stmt = stmt->next) {
		if (stmt->reg >= 0)
			used |= (uint8_t)(1U << stmt->reg);
		for (unsigned i = 0; i < stmt->nr_args; i++) {
			if (stmt->args[i].reg >= 0)
				used |= (uint8_t)(1U << stmt->args[i].reg);
		}
		used |= used_registers(stmt->body);
		used |= used_registers(stmt->other);
	}
	return used;
}

/* A register of the compiler's own, the highest one that is free. */
static uint8_t take_register(struct compiler *k)
{
	uint8_t reg = 1;

	if (!k->free_regs) {
		check_error(k->c, k->stmt->pos,
		            "needs a register of its own, but r1 to r6 are "
		            "all in use");
		return reg;
	}
	reg = (uint8_t)(31 - __builtin_clz(k->free_regs));
	k->free_regs &= (uint8_t) ~(1U << reg);
	return reg;
}

static void give_register(struct compiler *k, uint8_t reg)
{
	k->free_regs |= (uint8_t)(1U << reg);
}

/* ---- ops ---- */

static struct op *emit_op(struct compiler *k, enum op_kind kind)
{
	struct op op = {
		.kind = kind,
		.size = 8,
		.line = k->stmt ? k->stmt->pos.line : 0,
		.text = k->stmt ? k->stmt->text : "",
	};

	if (k->ops->len == PROGRAM_OPS_MAX && k->stmt)
		check_error(k->c, k->stmt->pos,
		            "a thread has at most %d operations",
		            PROGRAM_OPS_MAX);
	g_array_append_val(k->ops, op);
	return &g_array_index(k->ops, struct op, k->ops->len - 1);
}

static struct op *op_at(struct compiler *k, unsigned number)
{
	return &g_array_index(k->ops, struct op, number);
}

static struct operand immediate(uint64_t number)
{
	return (struct operand){ .imm = number };
}

static struct operand in_register(uint8_t reg)
{
	return (struct operand){ .is_reg = true, .reg = reg };
}

/* A register or a number; sums have to be computed before. */
static struct operand operand_of(struct compiler *k, const struct ast_expr *e)
{
	if (e->reg < 0)
		return immediate(e->number);
	if (e->number)
		check_error(k->c, e->pos,
		            "expected a register or a number; compute the sum "
		            "in a register first");
	return in_register((uint8_t)e->reg);
}

static void set_address(struct op *op, const struct ast_expr *e)
{
	if (e->reg < 0) {
		op->base = immediate(e->number);
		return;
	}
	op->base = in_register((uint8_t)e->reg);
	op->disp = (int64_t)e->number;
}

static void emit_set(struct compiler *k, uint8_t reg, struct operand value)
{
	struct op *op = emit_op(k, OP_SET);

	op->reg = reg;
	op->value = value;
}

static void emit_add(struct compiler *k, uint8_t reg, struct operand value)
{
	struct op *op = emit_op(k, OP_ADD);

	op->reg = reg;
	op->value = value;
}

/* Return: its number, for patching the target. */
static unsigned emit_jump(struct compiler *k)
{
	emit_op(k, OP_JUMP);
	return k->ops->len - 1;
}

static unsigned emit_branch(struct compiler *k, uint8_t reg, enum op_cond cond,
                            struct operand value)
{
	struct op *op = emit_op(k, OP_BRANCH);

	op->reg = reg;
	op->cond = cond;
	op->value = value;
	return k->ops->len - 1;
}

static void jump_here(struct compiler *k, unsigned number)
{
	op_at(k, number)->target = k->ops->len;
}

/* ---- accesses and values ---- */

static void compile_access(struct compiler *k, const struct ast_stmt *stmt,
                           enum op_kind kind)
{
	struct operand value = { 0 }, wanted = { 0 };
	bool reads = kind == OP_LOAD || kind == OP_LDG;
	bool scratch = stmt->reg < 0 && reads;
	uint8_t reg = stmt->reg < 0 ? 0 : (uint8_t)stmt->reg;
	struct op *op;

	if (scratch)
		reg = take_register(k);
	if (kind == OP_CMPXCHG)
		wanted = operand_of(k, &stmt->args[1]);
	if (!reads && stmt->nr_args > 1)
		value = operand_of(k, &stmt->args[stmt->nr_args - 1]);
	op = emit_op(k, kind);
	op->reg = reg;
	op->size = stmt->size;
	op->value = value;
	op->expected = wanted;
	op->own_tag = stmt->nr_args == 1;
	set_address(op, &stmt->args[0]);
	if (scratch)
		give_register(k, reg);
}

/* Of an address and its tag, without memory. */
static void compile_pointer(struct compiler *k, const struct ast_stmt *stmt)
{
	bool addg = stmt->kind == STMT_ADDG || stmt->kind == STMT_SUBG;
	struct operand value = { 0 };
	struct op *op;

	if (stmt->nr_args > 1)
		value = operand_of(k, &stmt->args[1]);
	if (stmt->kind == STMT_SUBG)
		value.imm = -value.imm;
	op = emit_op(k, addg                     ? OP_ADDG
	                : stmt->kind == STMT_IRG ? OP_IRG
	                                         : OP_GMI);
	op->reg = (uint8_t)stmt->reg;
	op->value = value;
	op->tag = addg ? (uint8_t)stmt->args[2].number : 0;
	set_address(op, &stmt->args[0]);
}

/* reg = rN + number */
static void compile_set(struct compiler *k, const struct ast_stmt *stmt)
{
	const struct ast_expr *e = &stmt->args[0];
	uint8_t reg = (uint8_t)stmt->reg;

	if (e->reg < 0) {
		emit_set(k, reg, immediate(e->number));
		return;
	}
	emit_set(k, reg, in_register((uint8_t)e->reg));
	if (e->number)
		emit_add(k, reg, immediate(e->number));
}

static void set_call(struct op *op, const char *name)
{
	for (unsigned i = 0; i < ARCH_COUNT; i++)
		op->nr[i] = syscall_number((enum arch_id)i, name);
}

static void compile_syscall(struct compiler *k, const struct ast_stmt *stmt)
{
	struct op op = { .nr_args = 0 };
	struct op *emitted;

	for (unsigned i = 0; i < SYSCALL_ARGS_MAX; i++) {
		if (stmt->syscall->args[i] == ARG_NONE)
			break;
		op.nr_args = i + 1;
		if (i < stmt->nr_args)
			op.args[i] = operand_of(k, &stmt->args[i]);
		else if (stmt->syscall->args[i] == ARG_FILE)
			op.args[i] = immediate(UINT64_MAX);
	}
	if (!strcmp(stmt->syscall->name, "fork")) { /* and as clone() */
		op.nr_args = 1;
		op.args[0] = immediate(SIGCHLD);
	}
	emitted = emit_op(k, OP_SYSCALL);
	set_call(emitted, stmt->syscall->name);
	emitted->nr_args = op.nr_args;
	memcpy(emitted->args, op.args, sizeof(op.args));
	if (stmt->reg > 0)
		emit_set(k, (uint8_t)stmt->reg, in_register(0));
}

/* Store one byte into every page of [addr, addr + size). */
static void compile_touch(struct compiler *k, const struct ast_stmt *stmt)
{
	const struct ast_expr *addr = &stmt->args[0];
	uint64_t size = stmt->args[1].number;
	uint8_t at;
	unsigned head, out;
	struct op *op;

	if (addr->reg >= 0 || stmt->args[1].reg >= 0) {
		check_error(k->c, stmt->pos,
		            "touch takes an address and a size that do not "
		            "depend on registers");
		return;
	}
	at = take_register(k);
	emit_set(k, at, immediate(addr->number));
	head = k->ops->len;
	out = emit_branch(k, at, COND_GE, immediate(addr->number + size));
	op = emit_op(k, OP_STORE);
	op->size = 1;
	op->base = in_register(at);
	op->value = immediate(1);
	emit_add(k, at, immediate(PAGE_SIZE));
	op_at(k, emit_jump(k))->target = head;
	jump_here(k, out);
	give_register(k, at);
}

/* ---- control flow ---- */

static void compile_body(struct compiler *k, const struct ast_stmt *stmt);

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static void compile_loop(struct compiler *k, const struct ast_stmt *stmt)
{
	uint8_t left = take_register(k);
	unsigned head, out;

	emit_set(k, left, operand_of(k, &stmt->args[0]));
	head = k->ops->len;
	out = emit_branch(k, left, COND_EQ, immediate(0));
	compile_body(k, stmt->body);
	k->stmt = stmt;
	emit_add(k, left, immediate(UINT64_MAX));
	op_at(k, emit_jump(k))->target = head;
	jump_here(k, out);
	give_register(k, left);
}

static enum op_cond opposite(enum op_cond cond)
{
	static const enum op_cond opposites[] = {
		[COND_EQ] = COND_NE, [COND_NE] = COND_EQ, [COND_LT] = COND_GE,
		[COND_LE] = COND_GT, [COND_GT] = COND_LE, [COND_GE] = COND_LT,
	};

	return opposites[cond];
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static void compile_while(struct compiler *k, const struct ast_stmt *stmt)
{
	unsigned head = k->ops->len;
	unsigned out = emit_branch(k, (uint8_t)stmt->reg, opposite(stmt->cond),
	                           operand_of(k, &stmt->args[0]));

	compile_body(k, stmt->body);
	k->stmt = stmt;
	op_at(k, emit_jump(k))->target = head;
	jump_here(k, out);
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static void compile_if(struct compiler *k, const struct ast_stmt *stmt)
{
	unsigned out = emit_branch(k, (uint8_t)stmt->reg, opposite(stmt->cond),
	                           operand_of(k, &stmt->args[0]));
	unsigned end;

	compile_body(k, stmt->body);
	if (!stmt->other) {
		jump_here(k, out);
		return;
	}
	k->stmt = stmt;
	end = emit_jump(k);
	jump_here(k, out);
	compile_body(k, stmt->other);
	jump_here(k, end);
}

static void compile_label(struct compiler *k, const struct ast_stmt *stmt)
{
	if (!g_hash_table_insert(k->labels, (gpointer)(uintptr_t)stmt->name,
	                         GUINT_TO_POINTER(1 + k->ops->len)))
		check_error(k->c, stmt->pos, "there is a label '%s' already",
		            stmt->name);
}

static void compile_goto(struct compiler *k, const struct ast_stmt *stmt)
{
	struct jump jump = { .stmt = stmt };

	jump.op = emit_jump(k);
	g_array_append_val(k->gotos, jump);
}

static void resolve_gotos(struct compiler *k)
{
	for (unsigned i = 0; i < k->gotos->len; i++) {
		const struct jump *jump =
			&g_array_index(k->gotos, struct jump, i);
		unsigned found = GPOINTER_TO_UINT(
			g_hash_table_lookup(k->labels, jump->stmt->name));

		if (!found)
			check_error(k->c, jump->stmt->pos,
			            "there is no label '%s' in this thread",
			            jump->stmt->name);
		else
			op_at(k, jump->op)->target = found - 1;
	}
}

/* ---- mappings ---- */

/* In the initial part a failed system call ends the program and says where. */
static void check_result(struct compiler *k)
{
	unsigned number = k->ops->len - 1;
	unsigned ok =
		emit_branch(k, 0, COND_LT, immediate((uint64_t)-MAX_ERRNO));

	emit_set(k, SETUP_FAILED_REG, immediate(number + 1));
	emit_op(k, OP_EXIT);
	jump_here(k, ok);
}

static void compile_advice(struct compiler *k, const struct ast_map *map)
{
	uint64_t advice =
		map->thp == MAP_THP_NEVER ? MADV_NOHUGEPAGE : MADV_HUGEPAGE;
	struct op *op;

	if (map->thp == MAP_THP_DEFAULT)
		return;
	op = emit_op(k, OP_SYSCALL);
	set_call(op, "madvise");
	op->nr_args = 3;
	op->args[0] = immediate(map->addr);
	op->args[1] = immediate(map->size_bytes);
	op->args[2] = immediate(advice);
	check_result(k);
}

static void compile_map(struct compiler *k, const struct ast_map *map)
{
	uint64_t flags = MAP_FIXED_NOREPLACE | MAP_FIXED;
	struct op *op = emit_op(k, OP_SYSCALL);

	flags |= map->shared ? MAP_SHARED : MAP_PRIVATE;
	if (!map->file)
		flags |= MAP_ANONYMOUS;
	if (map->growsdown)
		flags |= MAP_GROWSDOWN;
	set_call(op, "mmap");
	op->nr_args = 6;
	op->args[0] = immediate(map->addr);
	op->args[1] = immediate(map->size_bytes);
	op->args[2] = immediate(map->prot);
	op->args[3] = immediate(flags);
	op->args[4] = immediate(map->file ? map->file->fd : UINT64_MAX);
	op->args[5] = immediate(map->offset);
	check_result(k);
	compile_advice(k, map);
}

/* ---- programs ---- */

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static void compile_control(struct compiler *k, const struct ast_stmt *stmt)
{
	switch ((int)stmt->kind) {
	case STMT_LABEL:
		compile_label(k, stmt);
		break;
	case STMT_GOTO:
		compile_goto(k, stmt);
		break;
	case STMT_LOOP:
		compile_loop(k, stmt);
		break;
	case STMT_WHILE:
		compile_while(k, stmt);
		break;
	case STMT_IF:
		compile_if(k, stmt);
		break;
	case STMT_EXIT:
		emit_op(k, OP_EXIT);
		break;
	default: /* kernel operations are not compiled */
		break;
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static void compile_statement(struct compiler *k, const struct ast_stmt *stmt)
{
	k->stmt = stmt;
	switch ((int)stmt->kind) {
	case STMT_MAP:
		compile_map(k, stmt->map);
		break;
	case STMT_LOAD:
		compile_access(k, stmt, OP_LOAD);
		break;
	case STMT_STORE:
		compile_access(k, stmt, OP_STORE);
		break;
	case STMT_XCHG:
		compile_access(k, stmt, OP_XCHG);
		break;
	case STMT_XADD:
		compile_access(k, stmt, OP_XADD);
		break;
	case STMT_CMPXCHG:
		compile_access(k, stmt, OP_CMPXCHG);
		break;
	case STMT_STG:
		compile_access(k, stmt, OP_STG);
		break;
	case STMT_LDG:
		compile_access(k, stmt, OP_LDG);
		break;
	case STMT_IRG:
	case STMT_GMI:
	case STMT_ADDG:
	case STMT_SUBG:
		compile_pointer(k, stmt);
		break;
	case STMT_FENCE:
		emit_op(k, OP_FENCE);
		break;
	case STMT_PAUSE:
		emit_op(k, OP_PAUSE);
		break;
	case STMT_SET:
		compile_set(k, stmt);
		break;
	case STMT_ADD:
		emit_add(k, (uint8_t)stmt->reg, operand_of(k, &stmt->args[0]));
		break;
	case STMT_TOUCH:
		compile_touch(k, stmt);
		break;
	case STMT_SYSCALL:
		compile_syscall(k, stmt);
		if (k->setup)
			check_result(k);
		break;
	default:
		compile_control(k, stmt);
		break;
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limited the depth */
static void compile_body(struct compiler *k, const struct ast_stmt *stmt)
{
	for (; stmt; stmt = stmt->next)
		compile_statement(k, stmt);
}

static struct program finish_program(struct compiler *k, const char *name)
{
	struct program program = { .name = name };
	size_t size;

	resolve_gotos(k);
	k->stmt = NULL;
	emit_op(k, OP_EXIT);
	size = k->ops->len * sizeof(struct op);
	program.ops = ast_alloc(k->c->s, size);
	memcpy(program.ops, k->ops->data, size);
	program.nr_ops = k->ops->len;
	return program;
}

void compile_thread(struct checker *c, struct ast_thread *thread)
{
	struct compiler k;

	if (thread->kthread)
		return;
	compiler_init(&k, c);
	k.free_regs &= (uint8_t)~used_registers(thread->body);
	compile_body(&k, thread->body);
	thread->program = finish_program(&k, thread->name);
	compiler_fini(&k);
}

/* ---- the initial part ---- */

static bool is_program(const struct ast_setup *setup)
{
	return setup->stmt && setup->stmt->kind != STMT_KOP;
}

static bool same_phase(const struct ast_setup *a, const struct ast_setup *b)
{
	return b && is_program(b) && a->process == b->process &&
	       a->stmt->cpu == b->stmt->cpu;
}

/* One program out of what follows on the same CPU; returns its last part. */
static struct ast_setup *compile_phase(struct checker *c,
                                       struct ast_setup *setup,
                                       struct setup_phase *phase)
{
	struct compiler k;

	compiler_init(&k, c);
	k.setup = true;
	k.free_regs &= (uint8_t) ~(1U << SETUP_FAILED_REG);
	for (;;) {
		compile_statement(&k, setup->stmt);
		if (!same_phase(setup, setup->next))
			break;
		setup = setup->next;
	}
	phase->program = finish_program(&k, "setup");
	compiler_fini(&k);
	return setup;
}

void compile_setup(struct checker *c)
{
	struct setup_phase **tail = &c->s->phases;

	for (struct ast_setup *setup = c->s->setup; setup;
	     setup = setup->next) {
		struct setup_phase *phase = ast_new(c->s, struct setup_phase);

		phase->process = setup->process;
		phase->stmt = setup->stmt;
		phase->cpu = setup->stmt ? setup->stmt->cpu
		                         : setup->process->fork_cpu;
		*tail = phase;
		tail = &phase->next;
		if (!setup->stmt) {
			phase->kind = SETUP_PROCESS;
		} else if (is_program(setup)) {
			phase->kind = SETUP_PROGRAM;
			setup = compile_phase(c, setup, phase);
		} else {
			phase->kind = SETUP_KOP;
		}
	}
}
