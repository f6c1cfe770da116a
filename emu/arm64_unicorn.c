/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64 under Unicorn: registers, system calls, exceptions, and instructions
 * that cannot be left to it. */
#include <signal.h>
#include <string.h>

#include "base/bug.h"
#include "emu/arm64_insn_internal.h"
#include "emu/arm64_regs_internal.h"
#include "emu/unicorn_internal.h"

/* Exceptions as Unicorn numbers them. */
enum {
	EXCP_UDEF = 1,
	EXCP_SWI = 2,
	EXCP_PREFETCH_ABORT = 3,
	EXCP_DATA_ABORT = 4,
	EXCP_BKPT = 7
};

#define CPACR_FPEN (UINT64_C(3) << 20)

static int gpr(unsigned reg)
{
	static const int last[] = { UC_ARM64_REG_X29, UC_ARM64_REG_X30 };

	return reg < 29 ? UC_ARM64_REG_X0 + (int)reg : last[reg - 29];
}

/* ---- exceptions ---- */

static int exception_signal(uint32_t number)
{
	switch (number) {
	case EXCP_BKPT:
		return SIGTRAP;
	case EXCP_PREFETCH_ABORT: /* PC not aligned */
	case EXCP_DATA_ABORT:     /* an atomic not aligned */
		return SIGBUS;
	default:
		return SIGILL;
	}
}

static void on_intr(uc_engine *uc, uint32_t number, void *data)
{
	struct engine *e = data;

	(void)uc;
	if (e->stopping)
		return;
	if (number == EXCP_SWI) { /* PC is behind the SVC already */
		engine_syscall(e);
		return;
	}
	BUG_ON(!e->elf);
	elf_die(e, exception_signal(number), engine_reg(e, e->arch->pc));
}

/* ---- instructions with a hook of their own ---- */

static unsigned is_special(struct engine *e, const uint8_t *code, unsigned n,
                           bool *special)
{
	uint32_t insn;

	(void)e;
	if (n < sizeof(insn))
		return 0;
	memcpy(&insn, code, sizeof(insn));
	*special = arm64_insn_class(insn) != ARM64_OTHER;
	return sizeof(insn);
}

static void on_special(struct engine *e, uint64_t pc, const uint8_t *code,
                       unsigned size)
{
	(void)code;
	(void)size;
	e->locked = (struct locked){ .pc = pc };
}

/* ---- registers ---- */

static void save_regs(struct engine *e, struct guest_regs *to)
{
	struct arm64_regs *regs = &to->arm64;

	for (unsigned i = 0; i < ARM64_NR_GPRS; i++)
		regs->x[i] = engine_reg(e, gpr(i));
	regs->sp = engine_reg(e, UC_ARM64_REG_SP);
	regs->pc = engine_reg(e, UC_ARM64_REG_PC);
	regs->nzcv = engine_reg(e, UC_ARM64_REG_NZCV);
	regs->tpidr_el0 = engine_reg(e, UC_ARM64_REG_TPIDR_EL0);
	regs->fpcr = engine_reg(e, UC_ARM64_REG_FPCR);
	regs->fpsr = engine_reg(e, UC_ARM64_REG_FPSR);
	for (int i = 0; i < 32; i++)
		uc_reg_read(e->uc, UC_ARM64_REG_Q0 + i, regs->v[i]);
}

static void load_regs(struct engine *e, const struct guest_regs *from)
{
	const struct arm64_regs *regs = &from->arm64;

	for (unsigned i = 0; i < ARM64_NR_GPRS; i++)
		engine_set_reg(e, gpr(i), regs->x[i]);
	engine_set_reg(e, UC_ARM64_REG_SP, regs->sp);
	engine_set_reg(e, UC_ARM64_REG_PC, regs->pc);
	engine_set_reg(e, UC_ARM64_REG_NZCV, regs->nzcv);
	engine_set_reg(e, UC_ARM64_REG_TPIDR_EL0, regs->tpidr_el0);
	engine_set_reg(e, UC_ARM64_REG_FPCR, regs->fpcr);
	engine_set_reg(e, UC_ARM64_REG_FPSR, regs->fpsr);
	for (int i = 0; i < 32; i++)
		uc_reg_write(e->uc, UC_ARM64_REG_Q0 + i, regs->v[i]);
}

/* EL0, with floating point and vectors. */
static void prepare(struct engine *e)
{
	engine_set_reg(e, UC_ARM64_REG_CPACR_EL1, CPACR_FPEN);
	engine_set_reg(e, UC_ARM64_REG_PSTATE, 0);
	hook_add(e, UC_HOOK_INTR, on_intr);
}

static void prepare_elf(struct engine *e)
{
	(void)e;
}

const struct unicorn_arch unicorn_arch_arm64 = {
	.arch = UC_ARCH_ARM64,
	.mode = UC_MODE_ARM,
	.cpu_model = UC_CPU_ARM64_MAX,
	.pc = UC_ARM64_REG_PC,
	.tls = UC_ARM64_REG_TPIDR_EL0,
	.program_reg = { UC_ARM64_REG_X0, UC_ARM64_REG_X19, UC_ARM64_REG_X20,
	                 UC_ARM64_REG_X21, UC_ARM64_REG_X22, UC_ARM64_REG_X23,
	                 UC_ARM64_REG_X24 },
	.value = UC_ARM64_REG_X0 + (int)ARM64_SCRATCH_VALUE,
	.expected = UC_ARM64_REG_X0 + (int)ARM64_SCRATCH_EXPECTED,
	.saved_r0 = UC_ARM64_REG_X0,
	.syscall_nr = UC_ARM64_REG_X8,
	.syscall_arg = { UC_ARM64_REG_X0, UC_ARM64_REG_X1, UC_ARM64_REG_X2,
	                 UC_ARM64_REG_X3, UC_ARM64_REG_X4, UC_ARM64_REG_X5 },
	.syscall_result = UC_ARM64_REG_X0,
	.prepare = prepare,
	.prepare_elf = prepare_elf,
	.load_regs = load_regs,
	.save_regs = save_regs,
	.insn_max = 4,
	.is_special = is_special,
	.on_special = on_special,
};
