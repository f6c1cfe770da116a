/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code as text, for traces and tests (Intel syntax). */
#ifndef MMULATOR_EMU_DISAS_H
#define MMULATOR_EMU_DISAS_H

#include "base/types.h"

struct code;
struct disas;

/** disas_new - a disassembler for x86_64. Return: never NULL; disas_free(). */
struct disas *disas_new(void);
/** disas_free - it is not needed any more; NULL is fine. */
void disas_free(struct disas *d);

/**
 * disas_insn - one instruction as text.
 * @bytes: the code
 * @len: how many bytes there are
 * @pc: where the first is loaded
 * @buf: gets the text, "(bad)" if there is none
 * @size: of @buf in bytes
 *
 * Return: how many bytes it takes; 0: no instruction.
 */
unsigned disas_insn(struct disas *d, const uint8_t *bytes, size_t len,
                    vaddr_t pc, char *buf, size_t size);

/**
 * disas_is_special - is an instruction one that cannot be left to Unicorn
 * alone?
 * @bytes: the code
 * @len: how many bytes there are
 * @special: set: it reads and writes memory in one go (LOCK prefix, XCHG
 *	with memory; CMPXCHG8B and 16B are not recognised), or reads the
 *	time-stamp counter
 *
 * Return: how many bytes it takes; 0: no instruction.
 */
unsigned disas_is_special(struct disas *d, const uint8_t *bytes, size_t len,
                          bool *special);

/**
 * disas_op - the instructions of an operation, one a line, indented by a tab.
 * @code: compiled
 * @op: number of the operation
 *
 * Return: text; g_free().
 */
char *disas_op(struct disas *d, const struct code *code, unsigned op);

#endif
