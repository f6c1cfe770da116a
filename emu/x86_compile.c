/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From operations to x86_64 instructions (encoding: SDM 2A chapter 2).
 *
 *	r0 .. r6	rax rbx rbp r12 r13 r14 r15
 *	scratch		r8 (saved rax), r10 (values), r11 (addresses), and the
 *			argument registers of a system call
 *
 * An operation touches memory with one instruction at most; what comes before
 * computes its operands, what comes after puts the result in place.
 */
#include <string.h>

#include "base/bug.h"
#include "emu/emitter_internal.h"
#include "emu/guest_regs.h"

static const uint8_t program_reg[NR_PROGRAM_REGS] = { X86_RAX, X86_RBX, X86_RBP,
	                                              X86_R12, X86_R13, X86_R14,
	                                              X86_R15 };

/* Linux: rdi rsi rdx r10 r8 r9. */
static const uint8_t syscall_arg_reg[6] = { X86_RDI, X86_RSI, X86_RDX,
	                                    X86_R10, X86_R8,  X86_R9 };

#define SCRATCH_SAVED X86_R8
#define SCRATCH_VALUE X86_R10
#define SCRATCH_ADDR  X86_R11
#define NO_REG        0xff

struct memory {
	uint8_t base, index; /* NO_REG: none */
	int32_t disp;
};

/* One instruction with a ModRM byte. */
struct insn {
	bool lock, wide;
	uint8_t size;    /* 1: needs REX for the low bytes; 2: prefix 66 */
	uint16_t opcode; /* 0x0fxx: two bytes */
	uint8_t reg;     /* a register, or more of the opcode */
	uint8_t rm;      /* used if mem is NULL */
	const struct memory *mem;
	uint8_t imm_size;
	uint64_t imm;
};

/* ---- encoding ---- */

static void put_rex(struct emitter *e, const struct insn *i)
{
	unsigned rm = i->mem ? i->mem->base : i->rm;
	unsigned rex = 0;

	if (i->wide)
		rex |= 8;
	if (i->reg >= 8)
		rex |= 4;
	if (i->mem && i->mem->index != NO_REG && i->mem->index >= 8)
		rex |= 2;
	if (rm != NO_REG && rm >= 8)
		rex |= 1;
	if (rex || i->size == 1)
		emit_bytes(e, 0x40 | rex, 1);
}

/* ModRM, SIB and a displacement of 32 bits. */
static void put_memory(struct emitter *e, unsigned reg,
                       const struct memory *mem)
{
	unsigned index = mem->index == NO_REG ? 4 : mem->index & 7U;

	if (mem->base == NO_REG) { /* absolute */
		emit_bytes(e, (reg & 7) << 3 | 4, 1);
		emit_bytes(e, 0x25, 1);
	} else if (mem->index == NO_REG && (mem->base & 7) != 4) {
		emit_bytes(e, 0x80 | (reg & 7) << 3 | (mem->base & 7U), 1);
	} else {
		emit_bytes(e, 0x80 | (reg & 7) << 3 | 4, 1);
		emit_bytes(e, index << 3 | (mem->base & 7U), 1);
	}
	emit_bytes(e, (uint32_t)mem->disp, 4);
}

static void encode(struct emitter *e, struct insn i)
{
	emit_insn(e);
	if (i.lock)
		emit_bytes(e, 0xf0, 1);
	if (i.size == 2)
		emit_bytes(e, 0x66, 1);
	put_rex(e, &i);
	if (i.opcode >> 8)
		emit_bytes(e, i.opcode >> 8, 1);
	emit_bytes(e, i.opcode & 0xff, 1);
	if (i.mem)
		put_memory(e, i.reg, i.mem);
	else
		emit_bytes(e, 0xc0U | (i.reg & 7U) << 3 | (i.rm & 7U), 1);
	emit_bytes(e, i.imm, i.imm_size);
}

/* ---- single instructions ---- */

static bool fits_int32(uint64_t value)
{
	return (uint64_t)(int64_t)(int32_t)(uint32_t)value == value;
}

static void mov_imm(struct emitter *e, unsigned reg, uint64_t imm)
{
	bool wide = imm > UINT32_MAX;
	unsigned rex = (wide ? 8U : 0) | (reg >= 8 ? 1U : 0);

	emit_insn(e);
	if (rex)
		emit_bytes(e, 0x40 | rex, 1);
	emit_bytes(e, 0xb8 | (reg & 7), 1);
	emit_bytes(e, imm, wide ? 8 : 4);
}

static void mov_reg(struct emitter *e, unsigned to, unsigned from)
{
	encode(e, (struct insn){ .wide = true,
	                         .opcode = 0x89,
	                         .reg = (uint8_t)from,
	                         .rm = (uint8_t)to });
}

static void mov_operand(struct emitter *e, unsigned to,
                        const struct operand *from)
{
	if (from->is_reg)
		mov_reg(e, to, program_reg[from->reg]);
	else
		mov_imm(e, to, from->imm);
}

/* to = the low @size bytes of from, zero-extended. */
static void mov_zero_extend(struct emitter *e, unsigned to, unsigned from,
                            unsigned size)
{
	static const uint16_t opcode[] = {
		[1] = 0x0fb6, [2] = 0x0fb7, [4] = 0x8b, [8] = 0x8b
	};
	struct insn i = { .wide = size == 8,
		          .opcode = opcode[size],
		          .reg = (uint8_t)to,
		          .rm = (uint8_t)from };

	/* As 1-byte registers 4 .. 7 need REX; 2 would be a prefix here. */
	i.size = size == 1 ? 1 : 4;
	encode(e, i);
}

/* The address of an operation's memory, in r11 if it is too far away. */
static struct memory address(struct emitter *e, const struct op *op)
{
	struct memory mem = { NO_REG, NO_REG, 0 };
	uint64_t disp = (uint64_t)op->disp;

	if (op->base.is_reg)
		mem.base = program_reg[op->base.reg];
	else
		disp += op->base.imm;
	if (fits_int32(disp)) {
		mem.disp = (int32_t)(uint32_t)disp;
		return mem;
	}
	mov_imm(e, SCRATCH_ADDR, disp);
	if (mem.base == NO_REG)
		mem.base = SCRATCH_ADDR;
	else
		mem.index = SCRATCH_ADDR;
	return mem;
}

/* ---- templates ---- */

/* An instruction with a memory operand, in its form for 1 byte or more. */
static void memory_insn(struct emitter *e, const struct op *op, unsigned opcode,
                        unsigned reg, const struct memory *mem)
{
	struct insn i = { .lock = op->kind == OP_XADD || op->kind == OP_CMPXCHG,
		          .wide = op->size == 8,
		          .size = op->size,
		          .opcode = (uint16_t)(opcode | (op->size > 1)),
		          .reg = (uint8_t)reg,
		          .mem = mem };

	encode(e, i);
	emit_access(e);
}

static void compile_load(struct emitter *e, const struct op *op)
{
	struct memory mem = address(e, op);
	struct insn i = { .wide = op->size == 8,
		          .opcode = 0x8b,
		          .reg = program_reg[op->reg],
		          .mem = &mem };

	if (op->size < 4)
		i.opcode = op->size == 1 ? 0x0fb6 : 0x0fb7;
	encode(e, i);
	emit_access(e);
}

static void compile_store(struct emitter *e, const struct op *op)
{
	struct memory mem = address(e, op);
	uint64_t imm = op->value.imm;
	struct insn i = { .wide = op->size == 8,
		          .size = op->size,
		          .opcode = op->size == 1 ? 0xc6 : 0xc7,
		          .mem = &mem,
		          .imm = imm,
		          .imm_size = MIN(op->size, 4) };

	if (!op->value.is_reg && (op->size < 8 || fits_int32(imm))) {
		encode(e, i);
		emit_access(e);
		return;
	}
	if (op->value.is_reg) {
		memory_insn(e, op, 0x88, program_reg[op->value.reg], &mem);
		return;
	}
	mov_imm(e, SCRATCH_VALUE, imm);
	memory_insn(e, op, 0x88, SCRATCH_VALUE, &mem);
}

/* xchg and lock xadd: the old value comes back in the register. */
static void compile_exchange(struct emitter *e, const struct op *op)
{
	struct memory mem = address(e, op);

	mov_operand(e, SCRATCH_VALUE, &op->value);
	memory_insn(e, op, op->kind == OP_XCHG ? 0x86 : 0x0fc0, SCRATCH_VALUE,
	            &mem);
	mov_zero_extend(e, program_reg[op->reg], SCRATCH_VALUE, op->size);
}

static void lea(struct emitter *e, unsigned to, const struct memory *mem)
{
	encode(e, (struct insn){ .wide = true,
	                         .opcode = 0x8d,
	                         .reg = (uint8_t)to,
	                         .mem = mem });
}

/* rax is both r0, which has to survive, and the value expected. */
static void compile_cmpxchg(struct emitter *e, const struct op *op)
{
	struct memory mem = address(e, op);
	struct memory at = { SCRATCH_ADDR, NO_REG, 0 };

	lea(e, SCRATCH_ADDR, &mem);
	mov_operand(e, SCRATCH_VALUE, &op->value);
	mov_reg(e, SCRATCH_SAVED, X86_RAX);
	mov_operand(e, X86_RAX, &op->expected);
	memory_insn(e, op, 0x0fb0, SCRATCH_VALUE, &at);
	mov_zero_extend(e, SCRATCH_VALUE, X86_RAX, op->size);
	mov_reg(e, X86_RAX, SCRATCH_SAVED);
	mov_reg(e, program_reg[op->reg], SCRATCH_VALUE);
}

static void compile_syscall(struct emitter *e, const struct op *op)
{
	for (unsigned i = 0; i < ARRAY_SIZE(syscall_arg_reg); i++) {
		static const struct operand zero;

		mov_operand(e, syscall_arg_reg[i],
		            i < op->nr_args ? &op->args[i] : &zero);
	}
	mov_imm(e, X86_RAX, op->nr[ARCH_X86_64]);
	emit_insn(e);
	emit_bytes(e, 0x050f, 2);
	emit_access(e);
}

/* An arithmetic instruction: by 81 /ext with an immediate, or by opcode. */
static void alu(struct emitter *e, const struct op *op, unsigned ext,
                unsigned opcode)
{
	struct insn i = { .wide = true, .rm = program_reg[op->reg] };

	if (!op->value.is_reg && fits_int32(op->value.imm)) {
		i.opcode = 0x81;
		i.reg = (uint8_t)ext;
		i.imm = op->value.imm;
		i.imm_size = 4;
		encode(e, i);
		return;
	}
	i.opcode = (uint16_t)opcode;
	i.reg = SCRATCH_VALUE;
	if (op->value.is_reg)
		i.reg = program_reg[op->value.reg];
	else
		mov_imm(e, SCRATCH_VALUE, op->value.imm);
	encode(e, i);
}

static void put_jump(struct emitter *e, unsigned opcode, unsigned opcode_size,
                     unsigned target)
{
	emit_insn(e);
	emit_bytes(e, opcode, opcode_size);
	emit_jump(e, target);
	emit_bytes(e, 0, 4);
}

static void compile_branch(struct emitter *e, const struct op *op)
{
	/* 0f 84 .. : e ne b be a ae; little-endian with the 0f first. */
	static const uint8_t jcc[] = {
		[COND_EQ] = 0x84, [COND_NE] = 0x85, [COND_LT] = 0x82,
		[COND_LE] = 0x86, [COND_GT] = 0x87, [COND_GE] = 0x83
	};

	alu(e, op, 7, 0x39);
	put_jump(e, 0x0fU | (unsigned)jcc[op->cond] << 8, 2, op->target);
}

static void compile_memory(struct emitter *e, const struct op *op)
{
	BUG_ON(op->size != 1 && op->size != 2 && op->size != 4 &&
	       op->size != 8);
	if (op->kind == OP_LOAD)
		compile_load(e, op);
	else if (op->kind == OP_STORE)
		compile_store(e, op);
	else if (op->kind == OP_CMPXCHG)
		compile_cmpxchg(e, op);
	else
		compile_exchange(e, op);
}

void x86_compile_op(struct emitter *e, const struct op *op)
{
	switch (op->kind) {
	case OP_LOAD:
	case OP_STORE:
	case OP_XCHG:
	case OP_XADD:
	case OP_CMPXCHG:
		compile_memory(e, op);
		break;
	case OP_FENCE: /* mfence */
		emit_insn(e);
		emit_bytes(e, 0xf0ae0f, 3);
		break;
	case OP_SYSCALL:
		compile_syscall(e, op);
		break;
	case OP_SET:
		mov_operand(e, program_reg[op->reg], &op->value);
		break;
	case OP_ADD:
		alu(e, op, 0, 0x01);
		break;
	case OP_JUMP:
		put_jump(e, 0xe9, 1, op->target);
		break;
	case OP_BRANCH:
		compile_branch(e, op);
		break;
	case OP_PAUSE:
		emit_insn(e);
		emit_bytes(e, 0x90, 1); /* nop */
		break;
	case OP_STG: /* no program for x86 has them */
	case OP_LDG:
	case OP_IRG:
	case OP_GMI:
	case OP_ADDG:
		BUG();
	case OP_EXIT: /* ud2: the engine stops before it */
	case OP_KIND_COUNT:
		emit_bytes(e, 0x0b0f, 2);
		break;
	}
}

/* @jump: of its rel32, which counts from the next instruction. */
void x86_link_jump(uint8_t *jump, int64_t distance)
{
	int32_t rel = (int32_t)(distance - 4);

	memcpy(jump, &rel, sizeof(rel));
}
