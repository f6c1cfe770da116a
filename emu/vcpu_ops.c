/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/vcpu_ops.h"

#include <string.h>

#include "base/bug.h"
#include "emu/code.h"
#include "emu/vcpu_arch.h"

const struct vcpu_ops *find_engine(const char *name)
{
	if (!strcmp(name, vcpu_ops_direct.name))
		return &vcpu_ops_direct;
	if (!strcmp(name, vcpu_ops_unicorn.name))
		return &vcpu_ops_unicorn;
	return NULL;
}

static const struct vcpu_arch *arch_of(const struct task *t)
{
	return machine_emu(t->agent->machine)->arch;
}

static size_t guest_thread_size(const struct vcpu_arch *arch)
{
	return ALIGN_UP(offsetof(struct guest_thread, elf) + arch->regs_size,
	                _Alignof(struct guest_thread));
}

static struct task *new_thread(struct machine *m, unsigned cpu,
                               const char *name, void (*fn)(struct task *t))
{
	struct guest_thread *g = kzalloc(
		m, guest_thread_size(machine_emu(m)->arch), "guest_thread");
	struct task *t;

	BUG_ON(!g);
	t = task_new(m, &m->cpus[cpu], AGENT_TASK, name,
	             fn ? fn : guest_thread_run);
	if (!t) {
		kfree(m, g);
		return NULL;
	}
	g->task = t;
	t->hw_data = g;
	return t;
}

struct task *guest_thread_new(struct machine *m, unsigned cpu, const char *name,
                              const struct program *program,
                              void (*fn)(struct task *t))
{
	struct emu *emu = machine_emu(m);
	struct task *t = new_thread(m, cpu, name, fn);
	struct guest_thread *g;

	if (!t)
		return NULL;
	g = task_guest(t);
	g->ops = emu->config.engine;
	g->program = program;
	g->code = code_cache_get(emu->code, program);
	return t;
}

void guest_insn_event(const struct guest_thread *g, uint32_t offset,
                      unsigned size)
{
	emit(g->task->agent->machine, EV_INSN, .addr = CODE_BASE + offset,
	     .a = size, .data = g->code->bytes + offset);
}

struct task *guest_thread_new_elf(struct machine *m, unsigned cpu,
                                  const char *name, void (*fn)(struct task *t))
{
	struct task *t = new_thread(m, cpu, name, fn);

	if (t)
		task_guest(t)->ops = &vcpu_ops_unicorn;
	return t;
}

void guest_thread_start(struct task *t, vaddr_t entry, vaddr_t sp)
{
	arch_of(t)->regs_start(&task_guest(t)->elf, entry, sp);
}

void guest_thread_set_sp(struct task *t, vaddr_t sp)
{
	*arch_of(t)->regs_sp(&task_guest(t)->elf) = sp;
}

uint64_t guest_thread_tls(struct task *t)
{
	struct guest_thread *g = task_guest(t);

	if (g->engine)
		g->ops->save(g);
	return *arch_of(t)->regs_tls(&g->elf);
}

void guest_thread_set_tls(struct task *t, uint64_t base)
{
	struct guest_thread *g = task_guest(t);

	*arch_of(t)->regs_tls(&g->elf) = base;
	if (g->engine)
		g->ops->set_tls(g, base);
}

struct task *guest_thread_fork(struct task *parent, unsigned cpu,
                               const char *name, void (*fn)(struct task *t))
{
	struct guest_thread *from = task_guest(parent), *g;
	struct task *t = new_thread(parent->agent->machine, cpu, name, fn);

	if (!t)
		return NULL;
	from->ops->save(from);
	g = task_guest(t);
	memcpy(g, from, guest_thread_size(arch_of(t)));
	g->task = t;
	g->engine = NULL;
	g->ended = false;
	g->op++;
	g->regs[0] = 0;
	arch_of(t)->regs_return_0(&g->elf);
	t->mte = parent->mte;
	t->mte.async_fault = false;
	return t;
}

void guest_thread_run(struct task *t)
{
	struct guest_thread *g = task_guest(t);

	vcpu_enter_user(t);
	g->ops->run(g);
	vcpu_enter_kernel(t);
}

void guest_thread_end(struct task *t)
{
	task_guest(t)->ended = true;
}
