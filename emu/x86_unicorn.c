/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86_64 under Unicorn: registers, system calls, exceptions, and instructions
 * that cannot be left to it. */
#include <signal.h>
#include <string.h>

#include "base/bug.h"
#include "emu/disas_internal.h"
#include "emu/unicorn_internal.h"

/* Where the way into user mode begins; gone when the guest runs. */
#define BOOT     UINT64_C(0x200000)
#define CR4_TSD  UINT64_C(4)
#define INSN_MAX 15

static const int gpr[X86_NR_GPRS] = {
	UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX,
	UC_X86_REG_RSP, UC_X86_REG_RBP, UC_X86_REG_RSI, UC_X86_REG_RDI,
	UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
	UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15,
};

/* ---- instructions with a hook of their own ---- */

static unsigned is_special(struct engine *e, const uint8_t *code, unsigned n,
                           bool *special)
{
	return x86_is_special(e->disas, code, n, special);
}

/* The second byte of RDTSC, the last of RDTSCP; 0: neither. */
static uint8_t tsc_opcode(const uint8_t *code, uint32_t size)
{
	static const uint8_t rdtsc[] = { 0x0f, 0x31 },
			     rdtscp[] = { 0x0f, 0x01, 0xf9 };

	if (size >= 2 && memcmp(code + size - 2, rdtsc, 2) == 0)
		return 0x31;
	return size >= 3 && memcmp(code + size - 3, rdtscp, 3) == 0 ? 0xf9 : 0;
}

/* Unicorn would show the host's clock; ours is the cycles of this CPU. */
static void read_tsc(struct engine *e, uint8_t opcode, uint64_t next)
{
	const struct cpu *cpu = this_cpu();

	if (opcode == 0xf9) /* IA32_TSC_AUX as Linux sets it */
		engine_set_reg(e, UC_X86_REG_RCX, cpu->id);
	engine_set_reg(e, UC_X86_REG_RAX, (uint32_t)cpu->cycles);
	engine_set_reg(e, UC_X86_REG_RDX, cpu->cycles >> 32);
	engine_set_reg(e, UC_X86_REG_RIP, next);
}

/* Before a locked instruction, or instead of one that reads the clock. */
static void on_special(struct engine *e, uint64_t pc, const uint8_t *code,
                       unsigned size)
{
	uint8_t opcode = tsc_opcode(code, size);

	if (opcode)
		read_tsc(e, opcode, pc + size);
	else
		e->locked = (struct locked){ .pc = pc };
}

/* ---- system calls, exceptions ---- */

static void on_syscall(uc_engine *uc, void *data)
{
	struct engine *e = data;

	(void)uc;
	if (e->stopping)
		return;
	engine_syscall(e);
	engine_set_reg(e, UC_X86_REG_RCX, engine_reg(e, UC_X86_REG_RIP) + 2);
	engine_set_reg(e, UC_X86_REG_R11, engine_reg(e, UC_X86_REG_EFLAGS));
}

/* The signal Linux sends for an exception. */
/* Linux v6.12 arch/x86/kernel/traps.c. */
static int exception_signal(uint32_t vector, int *si_code)
{
	*si_code = SI_KERNEL;
	switch (vector) {
	case 0: /* #DE */
		*si_code = FPE_INTDIV;
		return SIGFPE;
	case 16:              /* #MF */
	case 19:              /* #XM */
		*si_code = 0; /* MXCSR would tell */
		return SIGFPE;
	case 1:
		*si_code = TRAP_TRACE;
		return SIGTRAP;
	case 3: /* #BP */
		return SIGTRAP;
	case 6: /* #UD */
		*si_code = ILL_ILLOPN;
		return SIGILL;
	case 17: /* #AC */
		*si_code = BUS_ADRALN;
		return SIGBUS;
	default:
		return SIGSEGV;
	}
}

static void on_intr(uc_engine *uc, uint32_t vector, void *data)
{
	struct engine *e = data;
	int si_code, signal = exception_signal(vector, &si_code);

	(void)uc;
	if (!e->stopping)
		engine_die(e, signal, si_code, engine_reg(e, UC_X86_REG_RIP));
}

static bool on_invalid(uc_engine *uc, void *data)
{
	on_intr(uc, 6, data);
	return true;
}

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *data)
{
	(void)port;
	(void)size;
	on_intr(uc, 13, data);
	return 0;
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value,
                   void *data)
{
	(void)port;
	(void)size;
	(void)value;
	on_intr(uc, 13, data);
}

/* ---- registers ---- */

/*
 * Enter user mode the only way there is: IRETQ through a GDT.  Both are gone
 * when the guest runs; a later segment load meets an empty GDT and gets #GP.
 */
static void enter_user(struct engine *e)
{
	const uint64_t gdt[8] = {
		[5] = 0x00cff3000000ffff, [6] = 0x00affb000000ffff
	};
	const uint64_t frame[5] = { BOOT + 2, 0x33, 0x202, 0, 0x2b };
	uc_x86_mmr gdtr = { .base = BOOT + 0x100, .limit = sizeof(gdt) - 1 };

	BUG_ON(uc_mem_map(e->uc, BOOT, PAGE_SIZE, UC_PROT_ALL));
	uc_mem_write(e->uc, BOOT, "\x48\xcf\x90", 3); /* iretq; nop */
	uc_mem_write(e->uc, BOOT + 0x100, gdt, sizeof(gdt));
	uc_mem_write(e->uc, BOOT + 0x200, frame, sizeof(frame));
	uc_reg_write(e->uc, UC_X86_REG_GDTR, &gdtr);
	engine_set_reg(e, UC_X86_REG_RSP, BOOT + 0x200);
	/* No clock of the host's, should on_special() be passed over. */
	engine_set_reg(e, UC_X86_REG_CR4,
	               engine_reg(e, UC_X86_REG_CR4) | CR4_TSD);
	BUG_ON(uc_emu_start(e->uc, BOOT, BOOT + 2, 0, 0));
	gdtr.base = 0;
	gdtr.limit = 0;
	uc_reg_write(e->uc, UC_X86_REG_GDTR, &gdtr);
	uc_mem_unmap(e->uc, BOOT, PAGE_SIZE);
	BUG_ON((engine_reg(e, UC_X86_REG_CS) & 3) != 3);
}

static void save_regs(struct engine *e, struct guest_regs *to)
{
	struct x86_regs *regs = &to->x86;

	for (unsigned i = 0; i < X86_NR_GPRS; i++)
		regs->gpr[i] = engine_reg(e, gpr[i]);
	regs->rip = engine_reg(e, UC_X86_REG_RIP);
	regs->rflags = engine_reg(e, UC_X86_REG_EFLAGS);
	regs->fs_base = engine_reg(e, UC_X86_REG_FS_BASE);
	regs->gs_base = engine_reg(e, UC_X86_REG_GS_BASE);
	for (int i = 0; i < 16; i++)
		uc_reg_read(e->uc, UC_X86_REG_XMM0 + i, regs->xmm[i]);
}

static void load_regs(struct engine *e, const struct guest_regs *from)
{
	const struct x86_regs *regs = &from->x86;

	for (unsigned i = 0; i < X86_NR_GPRS; i++)
		engine_set_reg(e, gpr[i], regs->gpr[i]);
	engine_set_reg(e, UC_X86_REG_RIP, regs->rip);
	engine_set_reg(e, UC_X86_REG_EFLAGS, regs->rflags);
	engine_set_reg(e, UC_X86_REG_FS_BASE, regs->fs_base);
	engine_set_reg(e, UC_X86_REG_GS_BASE, regs->gs_base);
	for (int i = 0; i < 16; i++)
		uc_reg_write(e->uc, UC_X86_REG_XMM0 + i, regs->xmm[i]);
}

static void prepare(struct engine *e)
{
	hook_add_insn(e, UC_X86_INS_SYSCALL, on_syscall);
}

static void prepare_elf(struct engine *e)
{
	enter_user(e);
	e->disas = disas_new(ARCH_X86_64);
	hook_add(e, UC_HOOK_INTR, on_intr);
	hook_add(e, UC_HOOK_INSN_INVALID, on_invalid);
	hook_add_insn(e, UC_X86_INS_IN, on_in);
	hook_add_insn(e, UC_X86_INS_OUT, on_out);
}

const struct unicorn_arch unicorn_arch_x86 = {
	.arch = UC_ARCH_X86,
	.mode = UC_MODE_64,
	.cpu_model = -1,
	.pc = UC_X86_REG_RIP,
	.tls = UC_X86_REG_FS_BASE,
	.program_reg = { UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RBP,
	                 UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14,
	                 UC_X86_REG_R15 },
	.value = UC_X86_REG_R10,
	.expected = UC_X86_REG_RAX,
	.saved_r0 = UC_X86_REG_R8,
	.syscall_nr = UC_X86_REG_RAX,
	.syscall_arg = { UC_X86_REG_RDI, UC_X86_REG_RSI, UC_X86_REG_RDX,
	                 UC_X86_REG_R10, UC_X86_REG_R8, UC_X86_REG_R9 },
	.syscall_result = UC_X86_REG_RAX,
	.prepare = prepare,
	.prepare_elf = prepare_elf,
	.load_regs = load_regs,
	.save_regs = save_regs,
	.insn_max = INSN_MAX,
	.is_special = is_special,
	.on_special = on_special,
};
