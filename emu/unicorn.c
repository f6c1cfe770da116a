/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Unicorn engine: machine code of scenario threads, and ELF guests. */
#include "emu/code.h"
#include "emu/unicorn_internal.h"

static void end(struct engine *e)
{
	if (e->elf)
		engine_stop(e);
	else
		program_stop(e);
}

bool engine_access(struct engine *e, struct mmu_access *acc)
{
	const struct guest_thread *g = e->guest;
	vaddr_t pc = e->elf ? 0 : CODE_BASE + g->code->op[g->op].offset;

	if (likely(vcpu_access(g->task, acc, pc)))
		return true;
	end(e);
	return false;
}

void engine_die(struct engine *e, int signal, int si_code, vaddr_t addr)
{
	vcpu_kill(e->guest->task, signal, si_code, addr, "exception");
	end(e);
}

void engine_syscall(struct engine *e)
{
	const struct unicorn_arch *arch = e->arch;
	uint64_t args[6];
	long result;

	for (unsigned i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = engine_reg(e, arch->syscall_arg[i]);
	result = vcpu_syscall(e->guest->task,
	                      (long)engine_reg(e, arch->syscall_nr), args);
	engine_set_reg(e, arch->syscall_result, (uint64_t)result);
	if (e->guest->ended)
		end(e);
}

static void unicorn_run(struct guest_thread *g)
{
	struct engine *e = engine_get(this_vcpu()->emu->pool, g, g->code);

	if (g->code)
		program_run(e);
	else
		elf_run(e);
	engine_put(e);
}

static void unicorn_save(struct guest_thread *g)
{
	if (g->code)
		program_save(g->engine);
	else
		elf_save(g->engine);
}

static void unicorn_set_tls(struct guest_thread *g, uint64_t base)
{
	engine_set_reg(g->engine, g->engine->arch->tls, base);
}

const struct vcpu_ops vcpu_ops_unicorn = {
	.name = "unicorn",
	.run = unicorn_run,
	.save = unicorn_save,
	.set_tls = unicorn_set_tls,
};
