/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A64 as text.  Capstone 4 knows neither the atomics of FEAT_LSE nor FEAT_MTE,
 * and no two versions print MOV alike: these are printed here, whichever
 * Capstone there is, in the Arm ARM's preferred forms.
 */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "base/types.h"
#include "emu/arm64_insn_internal.h"
#include "emu/arm64_mte.h"
#include "emu/disas_internal.h"

static const char *const x_name[32] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",
	"x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
	"x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
	"x24", "x25", "x26", "x27", "x28", "x29", "x30", "xzr",
};
static const char *const w_name[32] = {
	"w0",  "w1",  "w2",  "w3",  "w4",  "w5",  "w6",  "w7",
	"w8",  "w9",  "w10", "w11", "w12", "w13", "w14", "w15",
	"w16", "w17", "w18", "w19", "w20", "w21", "w22", "w23",
	"w24", "w25", "w26", "w27", "w28", "w29", "w30", "wzr",
};

const char *arm64_x(unsigned reg)
{
	return x_name[reg];
}

const char *arm64_xsp(unsigned reg)
{
	return reg == 31 ? "sp" : x_name[reg];
}

static const char *sized(unsigned reg, bool wide)
{
	return wide ? x_name[reg] : w_name[reg];
}

static const char *const size_suffix[] = { "b", "h", "", "" };

/* LDADD and its like, SWP, LDAPR: Arm ARM C4.1.66, atomic memory operations.
 * Without A and with Rt = 31 the loading ones are called ST. */
static bool print_atomic(uint32_t insn, char *buf, size_t size)
{
	static const char *const names[] = { "add",  "clr",  "eor",  "set",
		                             "smax", "smin", "umax", "umin" };
	static const char *const order[] = { "", "l", "a", "al" };
	unsigned width = insn >> 30, ar = insn >> 22 & 3, op = insn >> 12 & 15;
	unsigned rs = insn >> 16 & 31, rt = insn & 31;
	const char *base = arm64_xsp(insn >> 5 & 31);
	const char *suffix = size_suffix[width];
	bool wide = width == 3;

	if (op > 8)
		return false;
	if (op == 8)
		g_snprintf(buf, size, "swp%s%s %s, %s, [%s]", order[ar], suffix,
		           sized(rs, wide), sized(rt, wide), base);
	else if (rt == 31 && ar < 2)
		g_snprintf(buf, size, "st%s%s%s %s, [%s]", names[op], order[ar],
		           suffix, sized(rs, wide), base);
	else
		g_snprintf(buf, size, "ld%s%s%s %s, %s, [%s]", names[op],
		           order[ar], suffix, sized(rs, wide), sized(rt, wide),
		           base);
	return true;
}

/* CAS and CASP: Arm ARM C4.1.66, compare and swap (pair). */
static void print_cas(uint32_t insn, char *buf, size_t size)
{
	const char *acquire = insn >> 22 & 1 ? "a" : "";
	const char *release = insn >> 15 & 1 ? "l" : "";
	unsigned width = insn >> 30, rs = insn >> 16 & 31, rt = insn & 31;
	const char *base = arm64_xsp(insn >> 5 & 31);
	bool pair = !(insn >> 23 & 1);

	if (pair)
		g_snprintf(buf, size, "casp%s%s %s, %s, %s, %s, [%s]", acquire,
		           release, sized(rs, width & 1),
		           sized(rs + 1, width & 1), sized(rt, width & 1),
		           sized(rt + 1, width & 1), base);
	else
		g_snprintf(buf, size, "cas%s%s%s %s, %s, [%s]", acquire,
		           release, size_suffix[width], sized(rs, width == 3),
		           sized(rt, width == 3), base);
}

/* MOVZ and MOVN by their alias MOV (Arm ARM C6.2), with the value itself. */
static bool print_mov(uint32_t insn, char *buf, size_t size)
{
	bool wide = insn >> 31, negated = !(insn >> 30 & 1);
	uint64_t imm = insn >> 5 & 0xffff;
	unsigned shift = 16 * (insn >> 21 & 3);

	if ((insn & 0x1f800000) != 0x12800000 || (insn >> 29 & 3) % 2 ||
	    (!imm && shift) || (!wide && shift > 16) ||
	    (!wide && negated && imm == 0xffff))
		return false;
	imm <<= shift;
	if (negated)
		imm = ~imm;
	if (!wide)
		imm = (uint32_t)imm;
	g_snprintf(buf, size,
	           imm < 10 ? "mov %s, #%" PRIu64 : "mov %s, #0x%" PRIx64,
	           sized(insn & 31, wide), imm);
	return true;
}

static unsigned own_text(const uint8_t *bytes, size_t len, char *buf,
                         size_t size)
{
	uint32_t insn;

	if (len < sizeof(insn))
		return 0;
	memcpy(&insn, bytes, sizeof(insn));
	if (mte_text(insn, buf, size))
		return 4;
	switch ((int)a64_classify(insn)) {
	case A64_ATOMIC:
		return print_atomic(insn, buf, size) ? 4 : 0;
	case A64_CAS:
		print_cas(insn, buf, size);
		return 4;
	default:
		return print_mov(insn, buf, size) ? 4 : 0;
	}
}

const struct disas_arch disas_arm64 = {
	.arch = CS_ARCH_ARM64,
	.mode = CS_MODE_ARM,
	.own_text = own_text,
};
