/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A64 instructions that need care, by their bits. */
#ifndef MMULATOR_EMU_ARM64_INSN_INTERNAL_H
#define MMULATOR_EMU_ARM64_INSN_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

enum a64_class {
	A64_OTHER,
	A64_ATOMIC,    /* LDADD ..., SWP */
	A64_CAS,       /* CAS, CASP */
	A64_EXCLUSIVE, /* LDXR, STXR, LDXP, STXP and LDAXR ... */
	A64_CLREX,
	A64_DC_ZVA,
	A64_CACHE, /* DC CVAU and others, IC IVAU */
	A64_MRS    /* of a register below, enum a64_sysreg */
};

/* op0 op1 CRn CRm op2, as in MRS. */
enum a64_sysreg {
	A64_CTR_EL0 = 0xd801,
	A64_DCZID_EL0 = 0xd807,
	A64_CNTFRQ_EL0 = 0xdf00,
	A64_CNTVCT_EL0 = 0xdf02
};

static inline uint32_t a64_sysreg(uint32_t insn)
{
	return insn >> 5 & 0xffff;
}

static inline enum a64_class a64_system_class(uint32_t insn)
{
	switch (insn & 0xffffffe0) {
	case 0xd50b7520: /* IC IVAU */
	case 0xd50b7a20: /* DC CVAC */
	case 0xd50b7b20: /* DC CVAU */
	case 0xd50b7c20: /* DC CVAP */
	case 0xd50b7e20: /* DC CIVAC */
		return A64_CACHE;
	default:
		break;
	}
	if ((insn & 0xfff00000) != 0xd5300000)
		return A64_OTHER;
	switch (a64_sysreg(insn)) {
	case A64_CTR_EL0:
	case A64_DCZID_EL0:
	case A64_CNTFRQ_EL0:
	case A64_CNTVCT_EL0:
		return A64_MRS;
	default:
		return A64_OTHER;
	}
}

/**
 * a64_class - which of them an instruction is.
 * @insn: any bits
 *
 * Source: Arm ARM C4.1.66 (loads and stores), C6.2 CLREX.
 */
static inline enum a64_class a64_classify(uint32_t insn)
{
	/* o3 and opc: what is above 8 is LDAPR or newer. */
	if ((insn & 0x3f200c00) == 0x38200000)
		return (insn >> 12 & 15) <= 8 ? A64_ATOMIC : A64_OTHER;
	if ((insn & 0x3fa07c00) == 0x08a07c00 || /* CAS */
	    (insn & 0xbfa07c00) == 0x08207c00)   /* CASP */
		return A64_CAS;
	/* o2 is 0; of a pair the size is 32 or 64 bits. */
	if ((insn & 0x3fa00000) == 0x08000000 ||
	    (insn & 0xbfa00000) == 0x88200000)
		return A64_EXCLUSIVE;
	if ((insn & 0xfffff0ff) == 0xd503305f)
		return A64_CLREX;
	if ((insn & 0xffffffe0) == 0xd50b7420)
		return A64_DC_ZVA;
	return a64_system_class(insn);
}

struct engine;

/* ---- emu/arm64_unicorn.c ---- */

/** arm64_get_x, arm64_get_xsp - a general register; 31: 0, the stack pointer.
 */
uint64_t arm64_get_x(struct engine *e, unsigned reg);
uint64_t arm64_get_xsp(struct engine *e, unsigned reg);
/** arm64_set_x - write it; 31: nothing. */
void arm64_set_x(struct engine *e, unsigned reg, uint64_t value);

/* arm64_set_xsp - write it; 31: the stack pointer. */
void arm64_set_xsp(struct engine *e, unsigned reg, uint64_t value);
/** arm64_set_nzcv - the flags, bits 31:28. */
void arm64_set_nzcv(struct engine *e, uint32_t nzcv);

/* ---- emu/arm64_mte_exec.c ---- */

/** arm64_mte - execute an MTE instruction. @known: set: it is one that EL0 has.
 * Return: false: it is not, or the guest is dead. */
bool arm64_mte(struct engine *e, uint32_t insn, bool *known);

/* ---- emu/arm64_exclusive.c ---- */

/** arm64_exclusive - execute a load- or store-exclusive, instead of the engine.
 * Return: false: the guest is dead. */
bool arm64_exclusive(struct engine *e, uint32_t insn);

/* ---- emu/arm64_disas.c ---- */

/** arm64_x, arm64_xsp - the name of a 64-bit register; 31: xzr, sp. */
const char *arm64_x(unsigned reg);
const char *arm64_xsp(unsigned reg);

#endif
