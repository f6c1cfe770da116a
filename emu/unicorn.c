/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Unicorn engine: machine code of scenario threads, and ELF guests. */
#include "emu/unicorn_internal.h"

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

static void unicorn_set_fs_base(struct guest_thread *g, uint64_t base)
{
	engine_set_reg(g->engine, UC_X86_REG_FS_BASE, base);
}

const struct vcpu_ops vcpu_ops_unicorn = {
	.name = "unicorn",
	.run = unicorn_run,
	.save = unicorn_save,
	.set_fs_base = unicorn_set_fs_base,
};
