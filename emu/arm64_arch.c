/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/disas_internal.h"
#include "emu/emitter_internal.h"
#include "emu/guest_regs.h"
#include "emu/unicorn_internal.h"
#include "emu/vcpu_arch.h"

/* Linux v6.12 arch/arm64/include/asm/processor.h start_thread() */
static void regs_start(struct guest_regs *regs, vaddr_t entry, vaddr_t sp)
{
	regs->arm64 = (struct arm64_regs){ .sp = sp, .pc = entry };
}

/* PC is behind the SVC. */
static void regs_return_0(struct guest_regs *regs)
{
	regs->arm64.x[0] = 0;
}

static uint64_t *regs_sp(struct guest_regs *regs)
{
	return &regs->arm64.sp;
}

static uint64_t *regs_tls(struct guest_regs *regs)
{
	return &regs->arm64.tpidr_el0;
}

const struct vcpu_arch vcpu_arch_arm64 = {
	.pc_name = "pc",
	.compile_op = arm64_compile_op,
	.link_jump = arm64_link_jump,
	.disas = &disas_arm64,
	.regs_size = sizeof(struct arm64_regs),
	.regs_start = regs_start,
	.regs_return_0 = regs_return_0,
	.regs_sp = regs_sp,
	.regs_tls = regs_tls,
	.unicorn = &unicorn_arch_arm64,
};
