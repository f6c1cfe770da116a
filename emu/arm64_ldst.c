/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/arm64_ldst.h"

#include "emu/arm64_insn_internal.h"

static const struct a64_ldst none = { 0, true };

static bool bit(uint32_t insn, unsigned n)
{
	return insn >> n & 1;
}

static bool is_sp(uint32_t insn)
{
	return (insn >> 5 & 31) == 31;
}

static struct a64_ldst of(unsigned nr, bool writes_back, uint32_t insn)
{
	return (struct a64_ldst){ (uint8_t)nr, writes_back || !is_sp(insn) };
}

/* LD1 .. LD4, ST1 .. ST4: element by element, but that registers which are not
 * interleaved are taken by 8 bytes. */
static unsigned structures(uint32_t insn)
{
	/* By opcode: registers, and how many are interleaved. */
	static const struct {
		uint8_t regs, interleaved;
	} kinds[16] = {
		[0] = { 4, 4 }, [2] = { 4, 1 }, [4] = { 3, 3 }, [6] = { 3, 1 },
		[7] = { 1, 1 }, [8] = { 2, 2 }, [10] = { 2, 1 }
	};
	unsigned kind = insn >> 12 & 15, size = insn >> 10 & 3;

	if (bit(insn, 24)) /* one element, or the same for all */
		return 1 + (bit(insn, 13) << 1 | bit(insn, 21));
	if (kinds[kind].interleaved == 1)
		size = 3;
	return kinds[kind].regs * (bit(insn, 30) ? 16U : 8U) >> size;
}

/* LDAR, STLR, CAS, CASP. */
static struct a64_ldst ordered(uint32_t insn)
{
	switch ((int)a64_classify(insn)) {
	case A64_EXCLUSIVE:
		return none;
	case A64_CAS: /* CASP has bit 23 clear; of 64 bits it is two */
		return of(!bit(insn, 23) && bit(insn, 30) ? 4 : 2, false, insn);
	default:
		return of(1, false, insn);
	}
}

/* LDR (literal), LDAPUR and STLUR. */
static struct a64_ldst literal(uint32_t insn)
{
	unsigned opc = insn >> 30;

	if (bit(insn, 24)) /* with bit 21: MTE's */
		return bit(insn, 21) ? none : of(1, false, insn);
	if (bit(insn, 26))
		return (struct a64_ldst){ opc == 2 ? 2 : 1, false };
	return opc == 3 ? none /* PRFM */ : (struct a64_ldst){ 1, false };
}

/* LDP, STP, LDNP, STNP. */
static struct a64_ldst pair(uint32_t insn)
{
	bool vector = bit(insn, 26);
	unsigned opc = insn >> 30;

	if (!vector && opc == 1 && !bit(insn, 22)) /* STGP */
		return none;
	return of(vector && opc == 2 ? 4 : 2, bit(insn, 23), insn);
}

static struct a64_ldst single(uint32_t insn)
{
	unsigned nr = bit(insn, 26) && bit(insn, 23) ? 2 : 1;
	bool indexed = bit(insn, 10); /* after or before */

	if ((insn & 0xc4c00000) == 0xc0800000 && /* PRFM */
	    (bit(insn, 24) || !bit(insn, 21) || bit(insn, 11)))
		return none;
	if (bit(insn, 24))
		return of(nr, false, insn);
	if (!bit(insn, 21))
		return of(nr, indexed, insn);
	if (indexed) /* LDRAA */
		return of(1, bit(insn, 11), insn);
	if (bit(insn, 11)) /* an offset in a register */
		return (struct a64_ldst){ (uint8_t)nr, true };
	return of(a64_classify(insn) == A64_ATOMIC ? 2 : 1, false, insn);
}

struct a64_ldst a64_ldst(uint32_t insn)
{
	if ((insn & 0x0a000000) != 0x08000000)
		return none;
	switch (insn >> 28 & 3) {
	case 0:
		return bit(insn, 26) ? of(structures(insn), bit(insn, 23), insn)
		                     : ordered(insn);
	case 1:
		return literal(insn);
	case 2:
		return pair(insn);
	default:
		return single(insn);
	}
}
