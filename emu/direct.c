/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The direct engine: executes the operations of a scenario thread one by one,
 * as the machine code of emu/ARCH_compile.c would.
 */
#include <signal.h>

#include "base/bug.h"
#include "base/mtetags.h"
#include "base/once.h"
#include "emu/code.h"
#include "emu/vcpu_ops.h"

static uint64_t operand(const struct guest_thread *g, const struct operand *o)
{
	return o->is_reg ? g->regs[o->reg] : o->imm;
}

static uint64_t low_bytes(uint64_t value, unsigned size)
{
	return size == 8 ? value : value & (BIT_ULL(8 * size) - 1);
}

static const uint8_t memory_op[OP_KIND_COUNT] = {
	[OP_LOAD] = MMU_LOAD, [OP_STORE] = MMU_STORE,     [OP_XCHG] = MMU_XCHG,
	[OP_XADD] = MMU_XADD, [OP_CMPXCHG] = MMU_CMPXCHG,
};

/* Instructions @from up to @to of operation @op. */
static void retire(const struct guest_thread *g, unsigned op, unsigned from,
                   unsigned to)
{
	const struct machine *m = g->task->agent->machine;

	for (unsigned i = from; i < to && event_wanted(m, EV_INSN); i++)
		guest_insn_event(
			g, g->code->insn_offset[g->code->op[op].first_insn + i],
			code_insn_size(g->code, op, i));
	charge((uint64_t)(to - from) * m->costs->insn);
	this_vcpu()->nr_insns += to - from;
}

static void do_memory(struct guest_thread *g, const struct op *op,
                      const struct op_code *code)
{
	struct mmu_access acc = {
		.va = operand(g, &op->base) + (uint64_t)op->disp,
		.size = op->size,
		.op = memory_op[op->kind],
		.value = low_bytes(operand(g, &op->value), op->size),
		.expected = low_bytes(operand(g, &op->expected), op->size),
	};

	if (!vcpu_access(g->task, &acc, CODE_BASE + code->offset))
		return;
	if (op->kind != OP_STORE)
		g->regs[op->reg] = low_bytes(acc.value, op->size);
}

/* What is done to an address, or its tag, without memory. */
static void do_pointer(struct guest_thread *g, const struct op *op)
{
	vaddr_t va = operand(g, &op->base) + (uint64_t)op->disp;
	uint64_t value = operand(g, &op->value);

	if (op->kind == OP_IRG)
		value = vcpu_irg(va, (uint16_t)value);
	else if (op->kind == OP_GMI)
		value |= BIT_ULL(mte_ptr_tag(va));
	else
		value = mte_addg(va, (int64_t)value, op->tag,
		                 this_vcpu()->mte.exclude);
	g->regs[op->reg] = value;
}

/* STG's address is aligned or the guest is dead; LDG's need not be. */
static void do_tag(struct guest_thread *g, const struct op *op,
                   const struct op_code *code)
{
	bool store = op->kind == OP_STG;
	vaddr_t va = operand(g, &op->base) + (uint64_t)op->disp;
	struct mmu_access acc = { .va = va & MTE_GRANULE_MASK,
		                  .size = 1,
		                  .op = store ? MMU_STG : MMU_LDG,
		                  .value = op->own_tag
		                                   ? mte_ptr_tag(va)
		                                   : operand(g, &op->value) &
		                                             15 };

	if (store && !IS_ALIGNED(va, MTE_GRANULE_SIZE))
		vcpu_kill(g->task, SIGBUS, BUS_ADRALN, va << 8 >> 8,
		          "exception");
	else if (vcpu_access(g->task, &acc, CODE_BASE + code->offset) && !store)
		g->regs[op->reg] = acc.value;
}

static void do_syscall(struct guest_thread *g, const struct op *op)
{
	enum arch_id arch = g->task->agent->machine->arch;
	uint64_t args[6] = { 0 };

	for (unsigned i = 0; i < op->nr_args && i < ARRAY_SIZE(args); i++)
		args[i] = operand(g, &op->args[i]);
	g->regs[0] = (uint64_t)vcpu_syscall(g->task, op->nr[arch], args);
}

static bool condition(uint64_t a, enum op_cond cond, uint64_t b)
{
	switch (cond) {
	case COND_EQ:
		return a == b;
	case COND_NE:
		return a != b;
	case COND_LT:
		return a < b;
	case COND_LE:
		return a <= b;
	case COND_GT:
		return a > b;
	case COND_GE:
		return a >= b;
	}
	BUG();
}

/* Go to operation @target; backwards is a step. */
static void jump(struct guest_thread *g, unsigned target)
{
	unsigned from = g->op;

	g->op = target;
	if (target <= from)
		vcpu_loop(g->task, g->code->ops[target].line);
}

/* Everything but memory, system calls and jumps. */
static void do_register(struct guest_thread *g, const struct op *op)
{
	if (op->kind == OP_SET)
		g->regs[op->reg] = operand(g, &op->value);
	else if (op->kind == OP_ADD)
		g->regs[op->reg] += operand(g, &op->value);
}

static void execute(struct guest_thread *g, const struct op *op,
                    const struct op_code *code)
{
	switch (op->kind) {
	case OP_LOAD:
	case OP_STORE:
	case OP_XCHG:
	case OP_XADD:
	case OP_CMPXCHG:
		do_memory(g, op, code);
		break;
	case OP_STG:
	case OP_LDG:
		do_tag(g, op, code);
		break;
	case OP_IRG:
	case OP_GMI:
	case OP_ADDG:
		do_pointer(g, op);
		break;
	case OP_SYSCALL:
		do_syscall(g, op);
		break;
	case OP_FENCE:
		smp_mb();
		break;
	case OP_SET:
	case OP_ADD:
	case OP_PAUSE:
		do_register(g, op);
		break;
	case OP_JUMP:
		jump(g, op->target);
		return;
	case OP_BRANCH:
		if (condition(g->regs[op->reg], op->cond,
		              operand(g, &op->value))) {
			jump(g, op->target);
			return;
		}
		break;
	case OP_EXIT:
	case OP_KIND_COUNT:
		g->ended = true;
		return;
	}
	if (!g->ended)
		g->op++;
}

static void direct_run(struct guest_thread *g)
{
	while (!g->ended) {
		unsigned op = g->op;
		const struct op_code *code = &g->code->op[op];
		unsigned first = code->access ? code->access : code->nr_insns;

		retire(g, op, 0, first);
		execute(g, &g->code->ops[op], code);
		if (!g->ended)
			retire(g, op, first, code->nr_insns);
	}
}

/* g->regs is where the registers are. */
static void direct_save(struct guest_thread *g)
{
	(void)g;
}

const struct vcpu_ops vcpu_ops_direct = {
	.name = "direct",
	.run = direct_run,
	.save = direct_save,
};
