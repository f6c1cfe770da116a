/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code as text, for traces and tests (Intel syntax). */
#ifndef MMULATOR_EMU_DISAS_H
#define MMULATOR_EMU_DISAS_H

#include "base/types.h"

struct code;
struct disas;

/** disas_new - a disassembler for x86_64. */
struct disas *disas_new(void);
void disas_free(struct disas *d);

/**
 * disas_insn - one instruction.
 * @bytes: @len bytes, loaded at @pc
 * @buf: gets the text, "(bad)" if there is none
 *
 * Return: how many bytes it takes; 0: no instruction.
 */
unsigned disas_insn(struct disas *d, const uint8_t *bytes, size_t len,
                    vaddr_t pc, char *buf, size_t size);

/**
 * disas_is_special - is the instruction at @bytes one that cannot be left to
 * Unicorn alone: does it read and write memory in one go (LOCK prefix, XCHG
 * with memory; CMPXCHG8B and 16B are not recognised), or read the time-stamp
 * counter?
 *
 * Return: how many bytes it takes; 0: no instruction.
 */
unsigned disas_is_special(struct disas *d, const uint8_t *bytes, size_t len,
                          bool *special);

/**
 * disas_op - the instructions of operation @op, one a line, indented by a tab.
 * Return: text that the caller frees with g_free().
 */
char *disas_op(struct disas *d, const struct code *code, unsigned op);

#endif
