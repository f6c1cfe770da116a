/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A64 instructions that need care, by their bits. */
#ifndef MMULATOR_EMU_ARM64_INSN_INTERNAL_H
#define MMULATOR_EMU_ARM64_INSN_INTERNAL_H

#include <stdint.h>

enum arm64_class {
	ARM64_OTHER,
	ARM64_ATOMIC,    /* LDADD ..., SWP, LDAPR */
	ARM64_CAS,       /* CAS, CASP */
	ARM64_EXCLUSIVE, /* LDXR, STXR, LDXP, STXP and LDAXR ... */
	ARM64_CLREX
};

/**
 * arm64_insn_class - which of them an instruction is.
 * @insn: any bits
 *
 * Source: Arm ARM C4.1.66 (loads and stores), C6.2 CLREX.
 */
static inline enum arm64_class arm64_insn_class(uint32_t insn)
{
	if ((insn & 0x3f200c00) == 0x38200000)
		return ARM64_ATOMIC;
	if ((insn & 0x3fa07c00) == 0x08a07c00 || /* CAS */
	    (insn & 0xbfa07c00) == 0x08207c00)   /* CASP */
		return ARM64_CAS;
	/* o2 is 0; of a pair the size is 32 or 64 bits. */
	if ((insn & 0x3fa00000) == 0x08000000 ||
	    (insn & 0xbfa00000) == 0x88200000)
		return ARM64_EXCLUSIVE;
	if ((insn & 0xfffff0ff) == 0xd503305f)
		return ARM64_CLREX;
	return ARM64_OTHER;
}

/** arm64_x, arm64_xsp - the name of a 64-bit register; 31: xzr, sp. */
const char *arm64_x(unsigned reg);
const char *arm64_xsp(unsigned reg);

#endif
