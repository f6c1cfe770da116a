/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A64's loads and stores (Arm ARM C4.1.66) as far as tag checks ask: a hook
 * knows the block it is in and which of its accesses this is, not the
 * instruction.
 */
#ifndef MMULATOR_EMU_ARM64_LDST_H
#define MMULATOR_EMU_ARM64_LDST_H

#include <stdbool.h>
#include <stdint.h>

struct a64_ldst {
	uint8_t nr; /* accesses Unicorn makes of it; 0: it is none of them */
	/* Not by way of SP, or PC, and an immediate that leaves SP alone:
	 * SetTagCheckedInstruction(), shared/functions/mte. */
	bool tag_checked;
};

/**
 * a64_ldst - what a load or store does to memory.
 * @insn: any bits
 *
 * Those that are executed here (exclusives, MTE's) are none for Unicorn.
 *
 * Return: it.
 */
struct a64_ldst a64_ldst(uint32_t insn);

#endif
