/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of an ELF guest's thread, as far as user code has them. */
#ifndef MMULATOR_EMU_GUEST_REGS_H
#define MMULATOR_EMU_GUEST_REGS_H

#include <stdint.h>

/* The order of the general ones is that of the instruction encoding. */
enum x86_gpr {
	X86_RAX,
	X86_RCX,
	X86_RDX,
	X86_RBX,
	X86_RSP,
	X86_RBP,
	X86_RSI,
	X86_RDI,
	X86_R8,
	X86_R9,
	X86_R10,
	X86_R11,
	X86_R12,
	X86_R13,
	X86_R14,
	X86_R15,
	X86_NR_GPRS
};
struct x86_regs {
	uint64_t gpr[X86_NR_GPRS];
	uint64_t rip;
	uint64_t rflags;
	uint64_t fs_base, gs_base;
	uint8_t xmm[16][16];
};

#define ARM64_NR_GPRS 31
struct arm64_regs {
	uint64_t x[ARM64_NR_GPRS];
	uint64_t sp, pc;
	uint64_t nzcv;
	uint64_t tpidr_el0;
	uint64_t fpcr, fpsr;
	uint8_t v[32][16];
};

struct guest_regs {
	union {
		struct x86_regs x86;
		struct arm64_regs arm64;
	};
};

#endif
