/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From operations to A64 instructions (encoding: Arm ARM C4.1, C6.2).
 *
 *	r0		x0: where a system call's result is
 *	r1 .. r6	x19 .. x24
 *	scratch		x9 (values), x10 (addresses), x11 (the value expected),
 *			and what a system call takes: x0 .. x5, x8
 *
 * An operation touches memory with one instruction at most.  Atomics are those
 * of FEAT_LSE with acquire and release, as Linux's fully ordered ones
 * (arch/arm64/include/asm/atomic_lse.h); they take no offset, so their address
 * is computed before.
 */
#include <string.h>

#include "base/bug.h"
#include "base/mtetags.h"
#include "emu/arm64_regs_internal.h"
#include "emu/emitter_internal.h"

static const uint8_t program_reg[NR_PROGRAM_REGS] = ARM64_PROGRAM_REGS;

#define XZR 31U

/* ---- single instructions ---- */

static void put(struct emitter *e, uint32_t insn)
{
	emit_insn(e);
	emit_bytes(e, insn, 4);
}

static void mov_reg(struct emitter *e, unsigned to, unsigned from)
{
	put(e, 0xaa0003e0 | from << 16 | to); /* ORR to, XZR, from */
}

static unsigned halfword(uint64_t value, unsigned i)
{
	return (unsigned)(value >> (16 * i)) & 0xffff;
}

static unsigned count_halfwords(uint64_t value, unsigned wanted)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++)
		n += halfword(value, i) == wanted;
	return n;
}

/* MOVZ or MOVN, whichever leaves less for MOVK. */
static void mov_imm(struct emitter *e, unsigned to, uint64_t imm)
{
	bool negated = count_halfwords(imm, 0xffff) > count_halfwords(imm, 0);
	unsigned skip = negated ? 0xffff : 0, first = 0;

	while (first < 3 && halfword(imm, first) == skip)
		first++;
	if (halfword(imm, first) == skip) /* all of them are */
		first = 0;
	put(e, (negated ? 0x92800000 : 0xd2800000) | first << 21 |
	               (halfword(imm, first) ^ skip) << 5 | to);
	for (unsigned i = first + 1; i < 4; i++)
		if (halfword(imm, i) != skip)
			put(e,
			    0xf2800000 | i << 21 | halfword(imm, i) << 5 | to);
}

static void mov_operand(struct emitter *e, unsigned to,
                        const struct operand *from)
{
	if (from->is_reg)
		mov_reg(e, to, program_reg[from->reg]);
	else
		mov_imm(e, to, from->imm);
}

/* The register an operand is in; @scratch, if it has to be put there. */
static unsigned operand_reg(struct emitter *e, const struct operand *o,
                            unsigned scratch)
{
	if (o->is_reg)
		return program_reg[o->reg];
	if (!o->imm)
		return XZR;
	mov_imm(e, scratch, o->imm);
	return scratch;
}

/* ---- memory ---- */

static unsigned log2_size(unsigned size)
{
	BUG_ON(size != 1 && size != 2 && size != 4 && size != 8);
	return (unsigned)__builtin_ctz(size);
}

/* LDR or STR of @reg, without sign extension, in the shortest form. */
static void put_load_store(struct emitter *e, const struct op *op,
                           unsigned base, int64_t disp, unsigned reg)
{
	unsigned scale = log2_size(op->size);
	uint32_t insn = scale << 30 | (op->kind == OP_LOAD ? 1U << 22 : 0) |
	                base << 5 | reg;

	if (disp >= 0 && disp >> scale < 4096 && IS_ALIGNED(disp, op->size)) {
		insn |= 0x39000000 | (uint32_t)(disp >> scale) << 10;
	} else if (disp >= -256 && disp < 256) { /* LDUR, STUR */
		insn |= 0x38000000 | ((uint32_t)disp & 0x1ff) << 12;
	} else {
		mov_imm(e, ARM64_SCRATCH_ADDR, (uint64_t)disp);
		insn |= 0x38206800 | ARM64_SCRATCH_ADDR << 16;
	}
	put(e, insn);
	emit_access(e);
}

static void compile_load_store(struct emitter *e, const struct op *op)
{
	unsigned reg = program_reg[op->reg];

	if (op->kind == OP_STORE)
		reg = operand_reg(e, &op->value, ARM64_SCRATCH_VALUE);
	if (op->base.is_reg) {
		put_load_store(e, op, program_reg[op->base.reg], op->disp, reg);
		return;
	}
	mov_imm(e, ARM64_SCRATCH_ADDR, op->base.imm + (uint64_t)op->disp);
	put_load_store(e, op, ARM64_SCRATCH_ADDR, 0, reg);
}

/* A register with the address of an atomic's memory. */
static unsigned address(struct emitter *e, const struct op *op)
{
	uint64_t disp = (uint64_t)op->disp;

	if (op->base.is_reg && !disp)
		return program_reg[op->base.reg];
	if (!op->base.is_reg)
		disp += op->base.imm;
	mov_imm(e, ARM64_SCRATCH_ADDR, disp);
	if (op->base.is_reg) /* ADD */
		put(e, 0x8b000000 | ARM64_SCRATCH_ADDR << 16 |
		               (unsigned)program_reg[op->base.reg] << 5 |
		               ARM64_SCRATCH_ADDR);
	return ARM64_SCRATCH_ADDR;
}

/* SWPAL and LDADDAL: the old value, zero-extended, into the register. */
static void compile_exchange(struct emitter *e, const struct op *op)
{
	uint32_t insn = op->kind == OP_XCHG ? 0x38e08000 : 0x38e00000;
	unsigned base = address(e, op);

	mov_operand(e, ARM64_SCRATCH_VALUE, &op->value);
	put(e, insn | log2_size(op->size) << 30 | ARM64_SCRATCH_VALUE << 16 |
	               base << 5 | program_reg[op->reg]);
	emit_access(e);
}

/* CASAL: the old value takes the place of the one expected. */
static void compile_cmpxchg(struct emitter *e, const struct op *op)
{
	unsigned base = address(e, op);

	mov_operand(e, ARM64_SCRATCH_VALUE, &op->value);
	mov_operand(e, ARM64_SCRATCH_EXPECTED, &op->expected);
	put(e, 0x08e0fc00 | log2_size(op->size) << 30 |
	               ARM64_SCRATCH_EXPECTED << 16 | base << 5 |
	               ARM64_SCRATCH_VALUE);
	emit_access(e);
	mov_reg(e, program_reg[op->reg], ARM64_SCRATCH_EXPECTED);
}

/* ---- tags ---- */

#define TAG_SHIFT 56 /* where STG and LDG have a tag: bits 59:56 */

/* STG: the tag of x9, whatever its other bits are. */
static void compile_stg(struct emitter *e, const struct op *op)
{
	unsigned base = address(e, op), from = ARM64_SCRATCH_VALUE;

	if (op->own_tag)
		from = base;
	else if (op->value.is_reg) /* LSL x9, value, #56: a UBFM */
		put(e, 0xd3481c00 | (unsigned)program_reg[op->value.reg] << 5 |
		               ARM64_SCRATCH_VALUE);
	else
		mov_imm(e, ARM64_SCRATCH_VALUE,
		        (op->value.imm & 15) << TAG_SHIFT);
	put(e, 0xd9200800 | base << 5 | from);
	emit_access(e);
}

/* LDG leaves the other bits of its register as they are. */
static void compile_ldg(struct emitter *e, const struct op *op)
{
	unsigned base = address(e, op);

	mov_imm(e, ARM64_SCRATCH_VALUE, 0);
	put(e, 0xd9600000 | base << 5 | ARM64_SCRATCH_VALUE);
	emit_access(e);
	put(e, 0xd340fc00 | TAG_SHIFT << 16 | ARM64_SCRATCH_VALUE << 5 |
	               program_reg[op->reg]); /* LSR */
}

/* IRG, GMI; ADDG, SUBG. */
static void compile_pointer(struct emitter *e, const struct op *op)
{
	uint32_t insn = address(e, op) << 5 | program_reg[op->reg];
	int64_t offset = (int64_t)op->value.imm;

	if (op->kind == OP_ADDG)
		insn |= (offset < 0 ? 0xd1800000 : 0x91800000) |
		        (uint32_t)(ABS(offset) / MTE_GRANULE_SIZE) << 16 |
		        (uint32_t)op->tag << 10;
	else
		insn |= (op->kind == OP_IRG ? 0x9ac01000 : 0x9ac01400) |
		        operand_reg(e, &op->value, ARM64_SCRATCH_VALUE) << 16;
	put(e, insn);
}

/* ---- the rest ---- */

/* From the last argument to the first: x0 may be one of the values. */
static void compile_syscall(struct emitter *e, const struct op *op)
{
	static const struct operand zero;

	for (unsigned i = ARRAY_SIZE(op->args); i-- > 0;)
		mov_operand(e, i, i < op->nr_args ? &op->args[i] : &zero);
	mov_imm(e, 8, op->nr[ARCH_ARM64]);
	put(e, 0xd4000001); /* SVC #0 */
	emit_access(e);
}

/* ADD or SUB of 12 bits, else of a register. */
static void compile_add(struct emitter *e, const struct op *op)
{
	uint32_t reg = program_reg[op->reg];
	int64_t imm = (int64_t)op->value.imm;

	if (!op->value.is_reg && imm >= 0 && imm < 4096)
		put(e, 0x91000000 | (uint32_t)imm << 10 | reg << 5 | reg);
	else if (!op->value.is_reg && imm < 0 && imm > -4096)
		put(e, 0xd1000000 | (uint32_t)-imm << 10 | reg << 5 | reg);
	else
		put(e, 0x8b000000 |
		               operand_reg(e, &op->value, ARM64_SCRATCH_VALUE)
		                       << 16 |
		               reg << 5 | reg);
}

/* CMP is SUBS into XZR. */
static void compile_compare(struct emitter *e, const struct op *op)
{
	uint32_t reg = program_reg[op->reg];

	if (!op->value.is_reg && op->value.imm < 4096)
		put(e, 0xf1000000 | (uint32_t)op->value.imm << 10 | reg << 5 |
		               XZR);
	else
		put(e, 0xeb000000 |
		               operand_reg(e, &op->value, ARM64_SCRATCH_VALUE)
		                       << 16 |
		               reg << 5 | XZR);
}

#define B      0x14000000U
#define B_COND 0x54000000U

static void compile_branch(struct emitter *e, const struct op *op)
{
	static const uint8_t cond[] = {
		[COND_EQ] = 0x0, [COND_NE] = 0x1, [COND_LT] = 0x3, /* LO */
		[COND_LE] = 0x9, [COND_GT] = 0x8, [COND_GE] = 0x2 /* LS HI HS */
	};

	compile_compare(e, op);
	emit_jump(e, op->target);
	put(e, B_COND | cond[op->cond]);
}

/* imm26 of B, imm19 of B.cond: instructions from the jump itself. */
void arm64_link_jump(uint8_t *jump, int64_t distance)
{
	uint32_t insn, words = (uint32_t)(distance / 4);

	memcpy(&insn, jump, sizeof(insn));
	if (insn == B) {
		insn |= words & 0x3ffffff;
	} else {
		BUG_ON(distance < -(1 << 20) || distance >= 1 << 20);
		insn |= (words & 0x7ffff) << 5;
	}
	memcpy(jump, &insn, sizeof(insn));
}

static void compile_memory(struct emitter *e, const struct op *op)
{
	if (op->kind == OP_LOAD || op->kind == OP_STORE)
		compile_load_store(e, op);
	else if (op->kind == OP_CMPXCHG)
		compile_cmpxchg(e, op);
	else
		compile_exchange(e, op);
}

void arm64_compile_op(struct emitter *e, const struct op *op)
{
	switch (op->kind) {
	case OP_LOAD:
	case OP_STORE:
	case OP_XCHG:
	case OP_XADD:
	case OP_CMPXCHG:
		compile_memory(e, op);
		break;
	case OP_STG:
		compile_stg(e, op);
		break;
	case OP_LDG:
		compile_ldg(e, op);
		break;
	case OP_IRG:
	case OP_GMI:
	case OP_ADDG:
		compile_pointer(e, op);
		break;
	case OP_FENCE:
		put(e, 0xd5033bbf); /* DMB ISH */
		break;
	case OP_SYSCALL:
		compile_syscall(e, op);
		break;
	case OP_SET:
		mov_operand(e, program_reg[op->reg], &op->value);
		break;
	case OP_ADD:
		compile_add(e, op);
		break;
	case OP_JUMP:
		emit_jump(e, op->target);
		put(e, B);
		break;
	case OP_BRANCH:
		compile_branch(e, op);
		break;
	case OP_PAUSE:
		put(e, 0xd503201f); /* NOP */
		break;
	case OP_EXIT: /* UDF: the engine stops before it */
	case OP_KIND_COUNT:
		emit_bytes(e, 0, 4);
		break;
	}
}
