/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the disassembler has to know of an architecture. */
#ifndef MMULATOR_EMU_DISAS_INTERNAL_H
#define MMULATOR_EMU_DISAS_INTERNAL_H

#include <capstone/capstone.h>

#include "emu/disas.h"

struct disas_arch {
	cs_arch arch;
	cs_mode mode;
	/* An instruction that Capstone 4 cannot print; NULL: there is none.
	 * Return: as disas_insn(), 0: Capstone shall. */
	unsigned (*own_text)(const uint8_t *bytes, size_t len, char *buf,
	                     size_t size);
};

struct disas {
	const struct disas_arch *arch;
	csh handle;
	cs_insn *insn;
};

extern const struct disas_arch disas_x86;
extern const struct disas_arch disas_arm64;

/**
 * x86_is_special - is an instruction one that cannot be left to Unicorn alone?
 * @d: for x86_64
 * @bytes: the code
 * @len: how many bytes there are
 * @special: set: it reads and writes memory in one go (LOCK prefix, XCHG with
 *	memory; CMPXCHG8B and 16B are not recognised), or reads the time-stamp
 *	counter
 *
 * Return: how many bytes it takes; 0: no instruction.
 */
unsigned x86_is_special(struct disas *d, const uint8_t *bytes, size_t len,
                        bool *special);

#endif
