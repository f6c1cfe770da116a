/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/vcpu_ops.h"

#include <string.h>

#include "base/bug.h"
#include "emu/code.h"

const struct vcpu_ops *find_engine(const char *name)
{
	if (!strcmp(name, vcpu_ops_direct.name))
		return &vcpu_ops_direct;
	if (!strcmp(name, vcpu_ops_unicorn.name))
		return &vcpu_ops_unicorn;
	return NULL;
}

static struct task *new_thread(struct machine *m, unsigned cpu,
                               const char *name, void (*fn)(struct task *t))
{
	struct guest_thread *g = kzalloc(m, sizeof(*g), "guest_thread");
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
                                  const char *name, const struct x86_regs *regs,
                                  void (*fn)(struct task *t))
{
	struct task *t = new_thread(m, cpu, name, fn);
	struct guest_thread *g;

	if (!t)
		return NULL;
	g = task_guest(t);
	g->ops = &vcpu_ops_unicorn;
	g->x86 = *regs;
	return t;
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
	*g = *from;
	g->task = t;
	g->engine = NULL;
	g->ended = false;
	g->op++;
	g->regs[0] = 0;
	g->x86.rip += 2; /* behind SYSCALL */
	g->x86.gpr[X86_RAX] = 0;
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
