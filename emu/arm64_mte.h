/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions of the Memory Tagging Extension (FEAT_MTE2, Arm ARM C6.2 and
 * C4.1), decoded: Unicorn 2.0 executes none of them, Capstone 4 prints none.
 */
#ifndef MMULATOR_EMU_ARM64_MTE_H
#define MMULATOR_EMU_ARM64_MTE_H

#include "base/types.h"

enum mte_op {
	MTE_NONE, /* it is not one of them */
	MTE_IRG,
	MTE_GMI,
	MTE_ADDG,
	MTE_SUBG,
	MTE_SUBP,
	MTE_SUBPS,
	MTE_STG, /* and STZG, ST2G, STZ2G */
	MTE_STGP,
	MTE_LDG,
	MTE_LDGM, /* three that EL0 does not have */
	MTE_STGM,
	MTE_STZGM,
	MTE_DC_GVA, /* and DC GZVA */
	MTE_OP_COUNT
};

/* How a base register and an offset make an address. */
enum mte_index {
	MTE_OFFSET,
	MTE_PRE,
	MTE_POST
};

struct mte_insn {
	enum mte_op op;
	const char *name;
	uint8_t rd, rn, rm; /* loads and stores: Rt, Rn, Rt2 */
	bool zero;          /* STZG, STZ2G, DC GZVA: zeroes the data, too */
	uint8_t granules;   /* STG: 1, 2 */
	enum mte_index index;
	int16_t offset;     /* bytes; ADDG, SUBG: of the address */
	uint8_t tag_offset; /* ADDG, SUBG */
};

/**
 * mte_decode - what an instruction is.
 * @insn: any bits
 *
 * Return: it; op MTE_NONE: something else.
 */
struct mte_insn mte_decode(uint32_t insn);

/**
 * mte_text - one of them in the Arm ARM's preferred form.
 * @insn: any bits
 * @buf: gets the text
 * @size: of @buf in bytes
 *
 * Return: false: it is something else.
 */
bool mte_text(uint32_t insn, char *buf, size_t size);

/* ---- tags of addresses, shared/functions/mte of the Arm ARM ---- */

/* RGSR_EL1 and GCR_EL1 as far as IRG uses them. */
struct mte_random {
	uint16_t exclude; /* GCR_EL1.Exclude: tags that IRG does not choose */
	uint16_t seed;    /* RGSR_EL1.SEED */
	uint8_t tag;      /* RGSR_EL1.TAG */
};

/**
 * mte_choose_tag - ChooseNonExcludedTag().
 * @tag: to begin from
 * @offset: how many tags that are not excluded lie between
 * @exclude: bit per tag
 *
 * Return: 0 .. 15; 0 if all are excluded.
 */
unsigned mte_choose_tag(unsigned tag, unsigned offset, uint16_t exclude);
/**
 * mte_irg - the address IRG makes, as with GCR_EL1.RRND clear.
 * @r: goes on
 * @va: any address
 * @exclude: what the instruction excludes, bit per tag
 *
 * Return: @va with another logical tag.
 */
uint64_t mte_irg(struct mte_random *r, uint64_t va, uint16_t exclude);
/**
 * mte_addg - the address ADDG makes.
 * @va: any address
 * @offset: bytes; SUBG's is negative
 * @tag_offset: 0 .. 15
 * @exclude: GCR_EL1.Exclude
 *
 * Return: it.
 */
uint64_t mte_addg(uint64_t va, int64_t offset, unsigned tag_offset,
                  uint16_t exclude);
/**
 * mte_subp - the difference of two addresses without their tags.
 * @a: bits 55:0 are looked at, as a signed number
 * @b: likewise
 * @nzcv: set to the flags SUBPS sets, bits 31:28; NULL is fine
 *
 * Return: @a - @b.
 */
uint64_t mte_subp(uint64_t a, uint64_t b, uint32_t *nzcv);

#endif
