/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arm64 under Unicorn: registers, system calls, exceptions, and instructions
 * that cannot be left to it. */
#include <signal.h>
#include <string.h>

#include "base/bug.h"
#include "emu/arm64_insn_internal.h"
#include "emu/arm64_ldst.h"
#include "emu/arm64_mte.h"
#include "emu/arm64_regs_internal.h"
#include "emu/unicorn_internal.h"

/* Exceptions as Unicorn numbers them. */
enum {
	EXCP_UDEF = 1,
	EXCP_SWI = 2,
	EXCP_DATA_ABORT = 4,
	EXCP_BKPT = 7
};

#define CPACR_FPEN (UINT64_C(3) << 20)
/* Where the way into EL0 begins; gone when the guest runs. */
#define BOOT       UINT64_C(0x200000)

static int gpr(unsigned reg)
{
	static const int last[] = { UC_ARM64_REG_X29, UC_ARM64_REG_X30 };

	return reg < 29 ? UC_ARM64_REG_X0 + (int)reg : last[reg - 29];
}

uint64_t arm64_get_x(struct engine *e, unsigned reg)
{
	return reg == 31 ? 0 : engine_reg(e, gpr(reg));
}

uint64_t arm64_get_xsp(struct engine *e, unsigned reg)
{
	return engine_reg(e, reg == 31 ? UC_ARM64_REG_SP : gpr(reg));
}

void arm64_set_x(struct engine *e, unsigned reg, uint64_t value)
{
	if (reg != 31)
		engine_set_reg(e, gpr(reg), value);
}

void arm64_set_xsp(struct engine *e, unsigned reg, uint64_t value)
{
	engine_set_reg(e, reg == 31 ? UC_ARM64_REG_SP : gpr(reg), value);
}

void arm64_set_nzcv(struct engine *e, uint32_t nzcv)
{
	engine_set_reg(e, UC_ARM64_REG_NZCV, nzcv);
}

/* ---- instructions that are executed here ---- */

/* One of 64 bytes, as Linux lets EL0 do it (SCTLR_EL1.DZE). DIVERGES: it is
 * eight stores. */
static bool dc_zva(struct engine *e, uint32_t insn)
{
	vaddr_t va = ALIGN_DOWN(arm64_get_x(e, insn & 31), 64);

	for (unsigned i = 0; i < 64; i += 8) {
		struct mmu_access acc = { .va = va + i,
			                  .size = 8,
			                  .op = MMU_STORE };

		if (!engine_access(e, &acc))
			return false;
	}
	return true;
}

/* The virtual counter runs at 1 GHz, with this CPU's cycles. */
static uint64_t sysreg(uint32_t reg)
{
	const struct cpu *cpu = this_cpu();
	uint64_t mhz = MAX(this_machine()->costs->mhz, 1);

	switch (reg) {
	case A64_CTR_EL0: /* lines of 64 bytes, ERG and CWG likewise */
		return 0x84448004;
	case A64_DCZID_EL0: /* DC ZVA: 64 bytes */
		return 4;
	case A64_CNTFRQ_EL0:
		return 1000000000;
	default:
		return cpu->cycles / mhz * 1000 +
		       cpu->cycles % mhz * 1000 / mhz;
	}
}

/* Return: false: the guest is dead, or nobody knows the instruction. */
static bool execute(struct engine *e, uint32_t insn, bool *known)
{
	*known = true;
	switch (a64_classify(insn)) {
	case A64_EXCLUSIVE:
		return arm64_exclusive(e, insn);
	case A64_CLREX:
		monitor_clear(this_vcpu());
		return true;
	case A64_DC_ZVA:
		return dc_zva(e, insn);
	case A64_CACHE:
		return true;
	case A64_MRS:
		arm64_set_x(e, insn & 31, sysreg(a64_sysreg(insn)));
		return true;
	case A64_ATOMIC:
	case A64_CAS:
	case A64_OTHER:
	default:
		return arm64_mte(e, insn, known);
	}
}

/* ---- exceptions ---- */

static int exception_signal(uint32_t number, uint64_t pc, int *si_code)
{
	*si_code = BUS_ADRALN;
	if (pc & 3)
		return SIGBUS;
	switch (number) {
	case EXCP_BKPT:
		*si_code = TRAP_BRKPT;
		return SIGTRAP;
	case EXCP_DATA_ABORT: /* an atomic not aligned */
		return SIGBUS;
	default:
		*si_code = ILL_ILLOPC;
		return SIGILL;
	}
}

/* What traps in Unicorn is executed here, if it is known. */
static bool undefined(struct engine *e, uint64_t pc)
{
	uint32_t insn;
	bool known;

	memcpy(&insn, window_bytes(e, pc), sizeof(insn));
	if (execute(e, insn, &known))
		engine_set_reg(e, UC_ARM64_REG_PC, pc + 4);
	return known;
}

static void on_intr(uc_engine *uc, uint32_t number, void *data)
{
	struct engine *e = data;
	uint64_t pc = engine_reg(e, UC_ARM64_REG_PC);
	int si_code, signal = exception_signal(number, pc, &si_code);

	(void)uc;
	if (e->stopping)
		return;
	if (number == EXCP_SWI) { /* PC is behind the SVC already */
		engine_syscall(e);
		return;
	}
	if (number == EXCP_UDEF && !(pc & 3) && undefined(e, pc))
		return;
	BUG_ON(!e->elf);
	engine_die(e, signal, si_code,
	           number == EXCP_DATA_ABORT ? e->locked.va : pc);
}

/* ---- instructions with a hook of their own ---- */

/* Those that Unicorn would execute, but not as they should be. */
static unsigned is_special(struct engine *e, const uint8_t *code, unsigned n,
                           bool *special)
{
	uint32_t insn;

	(void)e;
	if (n < sizeof(insn))
		return 0;
	memcpy(&insn, code, sizeof(insn));
	*special = a64_classify(insn) != A64_OTHER ||
	           mte_decode(insn).op != MTE_NONE;
	return sizeof(insn);
}

/* An atomic is left to Unicorn between its load and its store. */
static void on_special(struct engine *e, uint64_t pc, const uint8_t *code,
                       unsigned size)
{
	uint32_t insn;
	bool known;

	(void)size;
	memcpy(&insn, code, sizeof(insn));
	if (execute(e, insn, &known))
		engine_set_reg(e, UC_ARM64_REG_PC, pc + 4);
	else if (!known)
		e->locked = (struct locked){ .pc = pc };
}

static bool by_sp(struct engine *e)
{
	struct a64_ldst access = { 0 };
	unsigned nr = 0;

	for (uint32_t at = 0; at < e->block_size && nr < e->nth; at += 4) {
		uint32_t insn;

		memcpy(&insn, window_bytes(e, e->last_block + at),
		       sizeof(insn));
		access = a64_ldst(insn);
		nr += access.nr;
	}
	return nr >= e->nth && !access.tag_checked;
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

/* By ERET, as a write of PSTATE leaves the translator at EL1. */
static void enter_el0(struct engine *e)
{
	static const uint32_t code[] = {
		0xd518401f, /* msr spsr_el1, xzr */
		0xd5184020, /* msr elr_el1, x0 */
		0xd69f03e0, /* eret */
		0xd503201f  /* nop */
	};
	uint64_t end = BOOT + 12;

	BUG_ON(uc_mem_map(e->uc, BOOT, PAGE_SIZE, UC_PROT_ALL));
	uc_mem_write(e->uc, BOOT, code, sizeof(code));
	engine_set_reg(e, UC_ARM64_REG_X0, end);
	BUG_ON(uc_emu_start(e->uc, BOOT, end, 0, 0));
	uc_mem_unmap(e->uc, BOOT, PAGE_SIZE);
	engine_set_reg(e, UC_ARM64_REG_X0, 0);
	BUG_ON(engine_reg(e, UC_ARM64_REG_PSTATE) & 0xf);
}

/* EL0, with floating point and vectors. */
static void prepare(struct engine *e)
{
	engine_set_reg(e, UC_ARM64_REG_CPACR_EL1, CPACR_FPEN);
	enter_el0(e);
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
	.by_sp = by_sp,
};
