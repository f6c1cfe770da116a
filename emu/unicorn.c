/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Unicorn engine: machine code of scenario threads, and ELF guests. */
#include "base/bug.h"
#include "emu/unicorn_internal.h"

static void unicorn_run(struct guest_thread *g)
{
	struct engine *e =
		engine_get(this_vcpu()->emu->pool, g, g->code);

	if (g->code)
		program_run(e);
	else
		elf_run(e);
	engine_put(e);
}

static void unicorn_get_regs(struct guest_thread *g, struct x86_regs *regs)
{
	struct engine *e = g->engine;

	BUG_ON(!e);
	for (unsigned i = 0; i < X86_NR_GPRS; i++)
		regs->gpr[i] = engine_reg(e, engine_gpr(i));
	regs->rip = engine_reg(e, UC_X86_REG_RIP);
	regs->rflags = engine_reg(e, UC_X86_REG_EFLAGS);
	regs->fs_base = engine_reg(e, UC_X86_REG_FS_BASE);
	regs->gs_base = engine_reg(e, UC_X86_REG_GS_BASE);
	for (int i = 0; i < 16; i++)
		uc_reg_read(e->uc, UC_X86_REG_XMM0 + i, regs->xmm[i]);
}

static void unicorn_set_regs(struct guest_thread *g,
                             const struct x86_regs *regs)
{
	struct engine *e = g->engine;

	BUG_ON(!e);
	for (unsigned i = 0; i < X86_NR_GPRS; i++)
		engine_set_reg(e, engine_gpr(i), regs->gpr[i]);
	engine_set_reg(e, UC_X86_REG_EFLAGS, regs->rflags);
	engine_set_reg(e, UC_X86_REG_FS_BASE, regs->fs_base);
	engine_set_reg(e, UC_X86_REG_GS_BASE, regs->gs_base);
	for (int i = 0; i < 16; i++)
		uc_reg_write(e->uc, UC_X86_REG_XMM0 + i, regs->xmm[i]);
}

const struct vcpu_ops vcpu_ops_unicorn = {
	.name = "unicorn",
	.run = unicorn_run,
	.get_regs = unicorn_get_regs,
	.set_regs = unicorn_set_regs,
};
