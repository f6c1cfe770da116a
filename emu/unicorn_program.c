/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenario threads under Unicorn: the code of emu/ARCH_compile.c, with a
 * hook before every instruction.  It knows which operation an instruction
 * belongs to, so the one memory access of an operation is made as a whole (an
 * atomic one is one access), in the hook of its first part.
 *
 * DIVERGES: the code lies outside of every address space; its fetches are not
 * translated.
 */
#include <string.h>

#include "base/bug.h"
#include "base/once.h"
#include "emu/code.h"
#include "emu/unicorn_internal.h"

/* How each operation uses memory; the values in registers are those that the
 * templates of emu/ARCH_compile.c put there. */
static const struct memory_form {
	enum mmu_op op;
	bool memory, value_in_reg, expected_in_reg;
} memory_form[OP_KIND_COUNT] = {
	[OP_LOAD] = { MMU_LOAD, true, false, false },
	[OP_STORE] = { MMU_STORE, true, false, false },
	[OP_XCHG] = { MMU_XCHG, true, true, false },
	[OP_XADD] = { MMU_XADD, true, true, false },
	[OP_CMPXCHG] = { MMU_CMPXCHG, true, true, true },
};

static uint64_t low_bytes(uint64_t value, unsigned size)
{
	return size == 8 ? value : value & (BIT_ULL(8 * size) - 1);
}

void program_save(struct engine *e)
{
	for (unsigned i = 0; i < NR_PROGRAM_REGS; i++)
		e->guest->regs[i] = engine_reg(e, e->arch->program_reg[i]);
}

static void load_regs(struct engine *e)
{
	for (unsigned i = 0; i < NR_PROGRAM_REGS; i++)
		engine_set_reg(e, e->arch->program_reg[i], e->guest->regs[i]);
}

void program_stop(struct engine *e)
{
	program_save(e);
	engine_stop(e);
}

/* Killed by the access of @op: r0 may be elsewhere, see compile_cmpxchg(). */
static void stop_at_access(struct engine *e, const struct op *op)
{
	program_stop(e);
	if (op->kind == OP_CMPXCHG)
		e->guest->regs[0] = engine_reg(e, e->arch->saved_r0);
}

/* The first instruction of operation @op begins. */
static void begin_op(struct engine *e, unsigned op)
{
	struct guest_thread *g = e->guest;
	unsigned from = g->op;

	g->op = op;
	if (!e->fresh && op <= from)
		vcpu_loop(g->task, g->code->ops[op].line);
	e->fresh = false;
	if (g->code->ops[op].kind == OP_EXIT)
		g->ended = true;
	if (g->ended)
		program_stop(e);
}

static void on_code(uc_engine *uc, uint64_t pc, uint32_t size, void *data)
{
	struct engine *e = data;
	struct guest_thread *g = e->guest;
	unsigned op;

	(void)uc;
	if (e->stopping)
		return;
	op = code_op_at(g->code, pc - CODE_BASE);
	BUG_ON(op == g->code->nr_ops);
	if (pc - CODE_BASE == g->code->op[op].offset)
		begin_op(e, op);
	if (e->stopping)
		return;
	e->accessed = false;
	if (event_wanted(g->task->agent->machine, EV_INSN))
		guest_insn_event(g, (uint32_t)(pc - CODE_BASE), size);
	charge(g->task->agent->machine->costs->insn);
	this_vcpu()->nr_insns++;
	if (g->code->ops[op].kind == OP_FENCE)
		smp_mb();
}

static void on_memory(uc_engine *uc, uc_mem_type type, uint64_t va, int size,
                      int64_t value, void *data)
{
	struct engine *e = data;
	struct guest_thread *g = e->guest;
	const struct op *op = &g->code->ops[g->op];
	const struct memory_form *form = &memory_form[op->kind];
	struct mmu_access acc = { .va = va,
		                  .size = op->size,
		                  .op = (uint8_t)form->op,
		                  .value = (uint64_t)value };

	(void)uc;
	(void)type;
	(void)size;
	/* Parts of an access, the store of an atomic one: already done. */
	if (e->stopping || e->accessed)
		return;
	BUG_ON(!form->memory);
	e->accessed = true;
	if (form->value_in_reg)
		acc.value = engine_reg(e, e->arch->value);
	if (form->expected_in_reg)
		acc.expected =
			low_bytes(engine_reg(e, e->arch->expected), op->size);
	acc.value = low_bytes(acc.value, op->size);
	if (!vcpu_access(g->task, &acc, CODE_BASE + g->code->op[g->op].offset))
		stop_at_access(e, op);
	else if (op->kind != OP_STORE)
		window_show(e, va, acc.value, op->size);
}

void program_add_hooks(struct engine *e)
{
	hook_add(e, UC_HOOK_CODE, on_code);
	hook_add(e, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, on_memory);
	BUG_ON(!window_map_code(e, CODE_BASE, WINDOW_MIN));
}

static void load_code(struct engine *e, const struct code *code)
{
	if (e->code == code)
		return;
	BUG_ON(code->size > WINDOW_MIN);
	memcpy(window_bytes(e, CODE_BASE), code->bytes, code->size);
	uc_ctl_remove_cache(e->uc, CODE_BASE, CODE_BASE + WINDOW_MIN);
	e->nr_refreshes++;
	e->code = code;
}

void program_run(struct engine *e)
{
	struct guest_thread *g = e->guest;
	uc_err err;

	load_code(e, g->code);
	load_regs(e);
	e->stopping = false;
	e->fresh = true;
	e->running = true;
	err = uc_emu_start(e->uc, CODE_BASE + g->code->op[g->op].offset,
	                   NOWHERE, 0, 0);
	e->running = false;
	BUG_ON(err != UC_ERR_OK || !e->stopping);
}
