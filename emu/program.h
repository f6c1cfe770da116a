/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario thread's program: what the direct engine executes and what the
 * compiler turns into machine code for Unicorn.  One op becomes a fixed short
 * sequence of instructions (emu/ARCH_compile.c); both engines charge the same
 * cycles and take the same steps for it.
 */
#ifndef MMULATOR_EMU_PROGRAM_H
#define MMULATOR_EMU_PROGRAM_H

#include "base/arch.h"
#include "base/types.h"

/* r0 .. r6. r0 is the result of the last system call (x86: rax; arm64: x0); the
 * others survive system calls (x86: rbx rbp r12 r13 r14 r15; arm64: x19 ..
 * x24).
 */
#define NR_PROGRAM_REGS 7

struct operand {
	bool is_reg;
	uint8_t reg;
	uint64_t imm;
};

enum op_kind {
	OP_LOAD,    /* reg = *(size *)addr, zero-extended */
	OP_STORE,   /* *(size *)addr = value */
	OP_XCHG,    /* reg = xchg(addr, value) */
	OP_XADD,    /* reg = xadd(addr, value) */
	OP_CMPXCHG, /* reg = cmpxchg(addr, expected, value): old value */
	OP_STG,     /* arm64: the granule at addr gets tag value, 0 .. 15 */
	OP_LDG,     /* arm64: reg = the tag of the granule at addr */
	OP_IRG,     /* arm64: reg = addr, a tag at random but those of value */
	OP_GMI,     /* arm64: reg = value and a bit for the tag of addr */
	OP_ADDG,    /* arm64: reg = addr + value, its tag moved by tag */
	OP_FENCE,   /* mfence / dmb ish */
	OP_SYSCALL, /* r0 = syscall(nr, args) */
	OP_SET,     /* reg = value */
	OP_ADD,     /* reg += value */
	OP_JUMP,    /* to op number target */
	OP_BRANCH,  /* if (reg cond value) to target; unsigned compare */
	OP_PAUSE,   /* nothing, one instruction */
	OP_EXIT,    /* end of the thread */
	OP_KIND_COUNT
};
enum op_cond {
	COND_EQ,
	COND_NE,
	COND_LT,
	COND_LE,
	COND_GT,
	COND_GE
};

struct op {
	enum op_kind kind;
	uint8_t reg;
	uint8_t size; /* 1 2 4 8 */
	enum op_cond cond;
	struct operand base; /* address = base + disp */
	int64_t disp;
	struct operand value;
	struct operand expected;
	bool own_tag;            /* STG: the tag of the address, no value */
	uint8_t tag;             /* ADDG: 0 .. 15 */
	unsigned target;         /* op number */
	uint32_t nr[ARCH_COUNT]; /* system call number */
	struct operand args[6];
	unsigned nr_args;
	unsigned line;    /* in the scenario file */
	const char *text; /* as written, for reports */
};

struct program {
	const char *name;
	struct op *ops; /* ends with OP_EXIT */
	unsigned nr_ops;
};

#endif
