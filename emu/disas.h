/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code as text, for traces and tests (x86: Intel syntax). */
#ifndef MMULATOR_EMU_DISAS_H
#define MMULATOR_EMU_DISAS_H

#include "base/arch.h"
#include "base/types.h"

struct code;
struct disas;

/**
 * disas_new - a disassembler.
 * @arch: for code of this architecture
 *
 * Return: never NULL; disas_free().
 */
struct disas *disas_new(enum arch_id arch);
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
 * disas_op - the instructions of an operation, one a line, indented by a tab.
 * @code: compiled
 * @op: number of the operation
 *
 * Return: text; g_free().
 */
char *disas_op(struct disas *d, const struct code *code, unsigned op);

#endif
