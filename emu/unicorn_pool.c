/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/unicorn_pool.h"

#include <glib.h>

#include "base/bug.h"
#include "emu/disas.h"
#include "emu/unicorn_internal.h"
#include "emu/unicorn_pool_internal.h"
#include "emu/vcpu_arch.h"

/* Idle engines that are kept; one takes 3 MB. */
#define IDLE_MAX      16
/* An engine that dropped more translations than this is closed. */
#define REFRESHES_MAX 1000

struct unicorn_pool *unicorn_pool_new(const struct vcpu_arch *arch)
{
	struct unicorn_pool *pool = g_new0(struct unicorn_pool, 1);

	pool->arch = arch->unicorn;
	pool->engines = g_ptr_array_new();
	return pool;
}

static void engine_free(struct engine *e)
{
	if (e->reset)
		uc_context_free(e->reset);
	disas_free(e->disas);
	if (e->hooked)
		g_array_free(e->hooked, TRUE);
	uc_close(e->uc);
	windows_free(e);
	g_free(e);
}

void unicorn_pool_reset(struct unicorn_pool *pool)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < pool->engines->len; i++) {
		struct engine *e = g_ptr_array_index(pool->engines, i);

		if (e->running || kept == IDLE_MAX ||
		    e->nr_refreshes > REFRESHES_MAX) {
			engine_free(e);
			continue;
		}
		e->busy = false;
		e->guest = NULL;
		pool->engines->pdata[kept++] = e;
	}
	g_ptr_array_set_size(pool->engines, (int)kept);
}

void unicorn_pool_free(struct unicorn_pool *pool)
{
	for (unsigned i = 0; i < pool->engines->len; i++)
		engine_free(g_ptr_array_index(pool->engines, i));
	g_ptr_array_free(pool->engines, TRUE);
	scratch_free(pool->scratch);
	g_free(pool);
}

static struct engine *engine_new(struct unicorn_pool *pool, bool elf)
{
	struct engine *e = g_new0(struct engine, 1);

	if (!pool->scratch)
		pool->scratch = scratch_new();
	e->pool = pool;
	e->elf = elf;
	e->arch = pool->arch;
	BUG_ON(uc_open(e->arch->arch, e->arch->mode, &e->uc));
	if (e->arch->cpu_model >= 0)
		BUG_ON(uc_ctl_set_cpu_model(e->uc, e->arch->cpu_model));
	e->arch->prepare(e);
	windows_add_hooks(e);
	if (elf)
		elf_prepare(e);
	else
		program_add_hooks(e);
	g_ptr_array_add(pool->engines, e);
	return e;
}

/* The one that has @code loaded, else any of the kind. */
static struct engine *find_idle(const struct unicorn_pool *pool,
                                const struct code *code)
{
	struct engine *any = NULL;

	for (unsigned i = 0; i < pool->engines->len; i++) {
		struct engine *e = g_ptr_array_index(pool->engines, i);

		if (e->busy || e->elf != !code)
			continue;
		if (e->code == code)
			return e;
		any = e;
	}
	return pool->engines->len < IDLE_MAX ? NULL : any;
}

struct engine *engine_get(struct unicorn_pool *pool, struct guest_thread *g,
                          const struct code *code)
{
	struct engine *e = find_idle(pool, code);

	if (!e)
		e = engine_new(pool, !code);
	e->busy = true;
	e->guest = g;
	g->engine = e;
	return e;
}

void engine_put(struct engine *e)
{
	e->guest->engine = NULL;
	e->guest = NULL;
	e->busy = false;
}

void engine_stop(struct engine *e)
{
	e->stopping = true;
	uc_emu_stop(e->uc);
}

uint64_t engine_reg(struct engine *e, int reg)
{
	uint64_t value = 0;

	uc_reg_read(e->uc, reg, &value);
	return value;
}

void engine_set_reg(struct engine *e, int reg, uint64_t value)
{
	uc_reg_write(e->uc, reg, &value);
}

void hook_add(struct engine *e, int type, void *callback)
{
	uc_hook hook;

	BUG_ON(uc_hook_add(e->uc, &hook, type, callback, e, 1, 0));
}

void hook_add_insn(struct engine *e, int insn, void *callback)
{
	uc_hook hook;

	BUG_ON(uc_hook_add(e->uc, &hook, UC_HOOK_INSN, callback, e, 1, 0,
	                   insn));
}
