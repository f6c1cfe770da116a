/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code while it is being made: emu/code.c and the compilers. */
#ifndef MMULATOR_EMU_EMITTER_INTERNAL_H
#define MMULATOR_EMU_EMITTER_INTERNAL_H

#include <glib.h>

#include "emu/code.h"

struct emitter {
	GByteArray *out;
	struct op_code *code; /* of the operation being compiled */
	GArray *insns;        /* uint32_t: where each instruction begins */
	GArray *jumps;        /* of struct jump */
};

struct jump {
	uint32_t at; /* what vcpu_arch.link_jump() gets */
	unsigned target;
};

/** emit_insn - what is put next is an instruction. */
void emit_insn(struct emitter *e);
/** emit_bytes - append the low @size bytes of @value. */
void emit_bytes(struct emitter *e, uint64_t value, unsigned size);
/** emit_access - the instruction put last uses memory or enters the kernel. */
void emit_access(struct emitter *e);
/** emit_jump - what is put next is to be linked with operation @target. */
void emit_jump(struct emitter *e, unsigned target);

/* x86_compile.c, arm64_compile.c: what struct vcpu_arch points to. */
void x86_compile_op(struct emitter *e, const struct op *op);
void x86_link_jump(uint8_t *jump, int64_t distance);
void arm64_compile_op(struct emitter *e, const struct op *op);
void arm64_link_jump(uint8_t *jump, int64_t distance);

#endif
