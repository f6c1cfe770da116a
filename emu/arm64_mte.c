/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/arm64_mte.h"

#include <glib.h>

#include "base/mtetags.h"
#include "emu/arm64_insn_internal.h"

/* ---- decoding ---- */

/* Where the fields of an instruction are. */
enum form {
	FORM_REGS,  /* Rd Rn Rm */
	FORM_ADDG,  /* Rd Rn uimm6 uimm4 */
	FORM_IMM9,  /* Rt Rn simm9 */
	FORM_PLAIN, /* Rt Rn */
	FORM_PAIR,  /* Rt Rt2 Rn simm7 */
	FORM_RT     /* Rt */
};

/* Arm ARM C4.1: data processing with an immediate (tags), with two sources,
 * load/store memory tags, load/store pair, SYS. */
static const struct row {
	uint32_t mask, value;
	const char *name;
	uint8_t op, form, index, granules, zero;
} rows[] = {
	{ 0xffe0fc00, 0x9ac01000, "irg", MTE_IRG, FORM_REGS, 0, 0, 0 },
	{ 0xffe0fc00, 0x9ac01400, "gmi", MTE_GMI, FORM_REGS, 0, 0, 0 },
	{ 0xffe0fc00, 0x9ac00000, "subp", MTE_SUBP, FORM_REGS, 0, 0, 0 },
	{ 0xffe0fc00, 0xbac00000, "subps", MTE_SUBPS, FORM_REGS, 0, 0, 0 },
	{ 0xffc0c000, 0x91800000, "addg", MTE_ADDG, FORM_ADDG, 0, 0, 0 },
	{ 0xffc0c000, 0xd1800000, "subg", MTE_SUBG, FORM_ADDG, 0, 0, 0 },

	{ 0xffe00c00, 0xd9200400, "stg", MTE_STG, FORM_IMM9, MTE_POST, 1, 0 },
	{ 0xffe00c00, 0xd9200800, "stg", MTE_STG, FORM_IMM9, MTE_OFFSET, 1, 0 },
	{ 0xffe00c00, 0xd9200c00, "stg", MTE_STG, FORM_IMM9, MTE_PRE, 1, 0 },
	{ 0xffe00c00, 0xd9600400, "stzg", MTE_STG, FORM_IMM9, MTE_POST, 1, 1 },
	{ 0xffe00c00, 0xd9600800, "stzg", MTE_STG, FORM_IMM9, MTE_OFFSET, 1,
	  1 },
	{ 0xffe00c00, 0xd9600c00, "stzg", MTE_STG, FORM_IMM9, MTE_PRE, 1, 1 },
	{ 0xffe00c00, 0xd9a00400, "st2g", MTE_STG, FORM_IMM9, MTE_POST, 2, 0 },
	{ 0xffe00c00, 0xd9a00800, "st2g", MTE_STG, FORM_IMM9, MTE_OFFSET, 2,
	  0 },
	{ 0xffe00c00, 0xd9a00c00, "st2g", MTE_STG, FORM_IMM9, MTE_PRE, 2, 0 },
	{ 0xffe00c00, 0xd9e00400, "stz2g", MTE_STG, FORM_IMM9, MTE_POST, 2, 1 },
	{ 0xffe00c00, 0xd9e00800, "stz2g", MTE_STG, FORM_IMM9, MTE_OFFSET, 2,
	  1 },
	{ 0xffe00c00, 0xd9e00c00, "stz2g", MTE_STG, FORM_IMM9, MTE_PRE, 2, 1 },
	{ 0xffe00c00, 0xd9600000, "ldg", MTE_LDG, FORM_IMM9, MTE_OFFSET, 1, 0 },
	{ 0xfffffc00, 0xd9200000, "stzgm", MTE_STZGM, FORM_PLAIN, 0, 0, 1 },
	{ 0xfffffc00, 0xd9a00000, "stgm", MTE_STGM, FORM_PLAIN, 0, 0, 0 },
	{ 0xfffffc00, 0xd9e00000, "ldgm", MTE_LDGM, FORM_PLAIN, 0, 0, 0 },

	{ 0xffc00000, 0x68800000, "stgp", MTE_STGP, FORM_PAIR, MTE_POST, 1, 0 },
	{ 0xffc00000, 0x69000000, "stgp", MTE_STGP, FORM_PAIR, MTE_OFFSET, 1,
	  0 },
	{ 0xffc00000, 0x69800000, "stgp", MTE_STGP, FORM_PAIR, MTE_PRE, 1, 0 },

	{ 0xffffffe0, 0xd50b7460, "dc gva", MTE_DC_GVA, FORM_RT, 0, 4, 0 },
	{ 0xffffffe0, 0xd50b7480, "dc gzva", MTE_DC_GVA, FORM_RT, 0, 4, 1 },
};

static const struct row *find_row(uint32_t insn)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if ((insn & rows[i].mask) == rows[i].value)
			return &rows[i];
	return NULL;
}

/* @bits of @insn from @shift on, a signed number of granules, in bytes. */
static int16_t signed_offset(uint32_t insn, unsigned shift, unsigned bits)
{
	int32_t value = (int32_t)(insn << (32 - shift - bits));

	return (int16_t)((value >> (32 - bits)) * MTE_GRANULE_SIZE);
}

static void take_fields(struct mte_insn *i, uint32_t insn, enum form form)
{
	i->rd = insn & 31;
	i->rn = insn >> 5 & 31;
	i->rm = insn >> 16 & 31;
	switch (form) {
	case FORM_ADDG:
		i->offset = (int16_t)((insn >> 16 & 63) * MTE_GRANULE_SIZE);
		i->tag_offset = insn >> 10 & 15;
		break;
	case FORM_IMM9:
		i->offset = signed_offset(insn, 12, 9);
		break;
	case FORM_PAIR:
		i->offset = signed_offset(insn, 15, 7);
		i->rm = insn >> 10 & 31;
		break;
	case FORM_REGS:
	case FORM_PLAIN:
	case FORM_RT:
		break;
	}
}

struct mte_insn mte_decode(uint32_t insn)
{
	const struct row *row = find_row(insn);
	struct mte_insn i = { .op = MTE_NONE };

	if (!row)
		return i;
	i.op = (enum mte_op)row->op;
	i.name = row->name;
	i.index = (enum mte_index)row->index;
	i.granules = row->granules;
	i.zero = row->zero;
	take_fields(&i, insn, (enum form)row->form);
	return i;
}

/* ---- text ---- */

static void print_address(GString *s, const struct mte_insn *i)
{
	const char *base = arm64_xsp(i->rn);

	if (i->index == MTE_POST)
		g_string_append_printf(s, "[%s], #%d", base, i->offset);
	else if (i->index == MTE_PRE)
		g_string_append_printf(s, "[%s, #%d]!", base, i->offset);
	else if (i->offset)
		g_string_append_printf(s, "[%s, #%d]", base, i->offset);
	else
		g_string_append_printf(s, "[%s]", base);
}

/* Register 31 is SP where an address or its tag comes from, else XZR. */
static void print_regs(GString *s, const struct mte_insn *i)
{
	const char *rn = arm64_xsp(i->rn);

	if (i->op == MTE_SUBPS && i->rd == 31)
		g_string_printf(s, "cmpp %s, %s", rn, arm64_xsp(i->rm));
	else if (i->op == MTE_IRG && i->rm == 31)
		g_string_append_printf(s, "%s, %s", arm64_xsp(i->rd), rn);
	else if (i->op == MTE_IRG)
		g_string_append_printf(s, "%s, %s, %s", arm64_xsp(i->rd), rn,
		                       arm64_x(i->rm));
	else
		g_string_append_printf(s, "%s, %s, %s", arm64_x(i->rd), rn,
		                       i->op == MTE_GMI ? arm64_x(i->rm)
		                                        : arm64_xsp(i->rm));
}

static void print_insn(GString *s, const struct mte_insn *i)
{
	g_string_printf(s, "%s%s", i->name, i->op == MTE_DC_GVA ? ", " : " ");
	switch (i->op) {
	case MTE_IRG:
	case MTE_GMI:
	case MTE_SUBP:
	case MTE_SUBPS:
		print_regs(s, i);
		return;
	case MTE_ADDG:
	case MTE_SUBG:
		g_string_append_printf(s, "%s, %s, #%d, #%u", arm64_xsp(i->rd),
		                       arm64_xsp(i->rn), i->offset,
		                       i->tag_offset);
		return;
	case MTE_STGP:
		g_string_append_printf(s, "%s, %s, ", arm64_x(i->rd),
		                       arm64_x(i->rm));
		break;
	case MTE_STG:
		g_string_append_printf(s, "%s, ", arm64_xsp(i->rd));
		break;
	case MTE_DC_GVA:
		g_string_append(s, arm64_x(i->rd));
		return;
	case MTE_LDG:
	case MTE_LDGM:
	case MTE_STGM:
	case MTE_STZGM:
	case MTE_NONE:
	case MTE_OP_COUNT:
		g_string_append_printf(s, "%s, ", arm64_x(i->rd));
		break;
	}
	print_address(s, i);
}

bool mte_text(uint32_t insn, char *buf, size_t size)
{
	struct mte_insn i = mte_decode(insn);
	g_autoptr(GString) s = g_string_new(NULL);

	if (i.op == MTE_NONE)
		return false;
	print_insn(s, &i);
	g_strlcpy(buf, s->str, size);
	return true;
}

/* ---- tags of addresses ---- */

static unsigned next_tag(unsigned tag, uint16_t exclude)
{
	while (exclude >> tag & 1)
		tag = (tag + 1) & 15;
	return tag;
}

unsigned mte_choose_tag(unsigned tag, unsigned offset, uint16_t exclude)
{
	if (exclude == UINT16_MAX)
		return 0;
	if (!offset)
		return next_tag(tag, exclude);
	while (offset--)
		tag = next_tag((tag + 1) & 15, exclude);
	return tag;
}

/* RandomTag(): four times NextRandomTagBit(). */
static unsigned random_tag(struct mte_random *r)
{
	unsigned tag = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned lfsr = r->seed;
		unsigned top = lfsr >> 5 ^ lfsr >> 3 ^ lfsr >> 2 ^ lfsr;

		r->seed = (uint16_t)((top & 1) << 15 | lfsr >> 1);
		tag |= (top & 1) << i;
	}
	return tag;
}

uint64_t mte_irg(struct mte_random *r, uint64_t va, uint16_t exclude)
{
	exclude |= r->exclude;
	r->tag = (uint8_t)mte_choose_tag(r->tag, random_tag(r), exclude);
	return mte_set_ptr_tag(va, r->tag);
}

uint64_t mte_addg(uint64_t va, int64_t offset, unsigned tag_offset,
                  uint16_t exclude)
{
	unsigned tag = mte_choose_tag(mte_ptr_tag(va), tag_offset, exclude);

	return mte_set_ptr_tag(va + (uint64_t)offset, tag);
}

static int64_t untagged(uint64_t va)
{
	return (int64_t)(va << 8) >> 8;
}

uint64_t mte_subp(uint64_t a, uint64_t b, uint32_t *nzcv)
{
	int64_t x = untagged(a), y = untagged(b), result = x - y;

	if (nzcv) /* 56 bits do not overflow */
		*nzcv = (uint32_t)(result < 0) << 31 | (uint32_t)!result << 30 |
		        (uint32_t)((uint64_t)x >= (uint64_t)y) << 29;
	return (uint64_t)result;
}
