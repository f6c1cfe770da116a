/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine code of scenario threads: one operation becomes a fixed sequence of
 * instructions.  The Unicorn engine runs the bytes; the direct engine charges
 * what they would cost.
 */
#ifndef MMULATOR_EMU_CODE_H
#define MMULATOR_EMU_CODE_H

#include <stddef.h>

#include "emu/program.h"

struct vcpu_arch;

/* Where an engine sees the code: no canonical address, so that it is outside of
 * every address space. Fetches from there are not translated. */
#define CODE_BASE UINT64_C(0x4000000000000000)

/* What one operation became. */
struct op_code {
	uint32_t offset;
	uint32_t first_insn; /* number of its first instruction */
	uint8_t size;
	uint8_t nr_insns;
	/* How many of them have begun when memory is accessed or the kernel
	 * entered: 0 = none does. */
	uint8_t access;
};

struct code {
	struct op *ops; /* a copy of the program's */
	unsigned nr_ops;
	struct op_code *op;    /* [nr_ops] */
	uint32_t *insn_offset; /* of every instruction, for traces */
	uint8_t *bytes;
	size_t size;
};

/**
 * code_compile - machine code of a program.
 * @arch: for what
 * @p: ends with OP_EXIT
 *
 * Pure: the same program gives the same bytes.
 *
 * Return: the code; code_free().
 */
struct code *code_compile(const struct vcpu_arch *arch,
                          const struct program *p);
/** code_free - code of code_compile() is not needed any more; NULL is fine. */
void code_free(struct code *code);
/**
 * code_op_at - which operation a byte belongs to.
 * @offset: of the byte, from the code's first
 *
 * Return: the operation's number; nr_ops if it is beyond the last.
 */
unsigned code_op_at(const struct code *code, size_t offset);

/**
 * code_insn_size - how long an instruction is.
 * @op: number of the operation
 * @insn: number of the instruction in it, from 0
 *
 * Return: bytes, 1 .. 15.
 */
unsigned code_insn_size(const struct code *code, unsigned op, unsigned insn);

/* Programs compiled before, by their content. */
struct code_cache;
/**
 * code_cache_new - an empty cache of compiled programs.
 * @arch: for what
 *
 * Return: never NULL; code_cache_free().
 */
struct code_cache *code_cache_new(const struct vcpu_arch *arch);
/** code_cache_free - the cache goes, with all code it gave out. */
void code_cache_free(struct code_cache *cache);
/**
 * code_cache_get - the code of a program, compiled if it is new.
 * @p: compared by content
 *
 * Return: the code; lives as long as the cache.
 */
const struct code *code_cache_get(struct code_cache *cache,
                                  const struct program *p);

#endif
