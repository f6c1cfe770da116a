/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/disas_internal.h"
#include "emu/emitter_internal.h"
#include "emu/guest_regs.h"
#include "emu/unicorn_internal.h"
#include "emu/vcpu_arch.h"

/* System V ABI, AMD64 supplement, 3.4.1. */
static void regs_start(struct guest_regs *regs, vaddr_t entry, vaddr_t sp)
{
	regs->x86 = (struct x86_regs){ .gpr[X86_RSP] = sp,
		                       .rip = entry,
		                       .rflags = 0x202 };
}

/* RIP is at the SYSCALL. */
static void regs_return_0(struct guest_regs *regs)
{
	regs->x86.rip += 2;
	regs->x86.gpr[X86_RAX] = 0;
}

static uint64_t *regs_sp(struct guest_regs *regs)
{
	return &regs->x86.gpr[X86_RSP];
}

static uint64_t *regs_tls(struct guest_regs *regs)
{
	return &regs->x86.fs_base;
}

const struct vcpu_arch vcpu_arch_x86 = {
	.pc_name = "rip",
	.compile_op = x86_compile_op,
	.link_jump = x86_link_jump,
	.disas = &disas_x86,
	.regs_size = sizeof(struct x86_regs),
	.regs_start = regs_start,
	.regs_return_0 = regs_return_0,
	.regs_sp = regs_sp,
	.regs_tls = regs_tls,
	.unicorn = &unicorn_arch_x86,
};
