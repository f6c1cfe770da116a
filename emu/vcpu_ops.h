/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Execution engines: who executes a guest thread's instructions.
 *
 * `direct` interprets the operations of a scenario thread; `unicorn` runs the
 * machine code they compile to, and ELF guests.  For a scenario thread both
 * take the same steps and charge the same cycles: same choices, same trace
 * hash.
 *
 * A thread's registers and position live in struct guest_thread, in the arena.
 */
#ifndef MMULATOR_EMU_VCPU_OPS_H
#define MMULATOR_EMU_VCPU_OPS_H

#include "emu/guest_regs.h"
#include "emu/program.h"
#include "emu/vcpu.h"

struct code;
struct engine;

/* A user thread; task->hw_data. */
struct guest_thread {
	struct task *task;
	const struct vcpu_ops *ops;
	const struct program *program;  /* NULL: an ELF guest */
	const struct code *code;        /* what the program compiles to */
	uint64_t regs[NR_PROGRAM_REGS]; /* scenario thread: r0 .. */
	unsigned op;                    /* and the operation it is at */
	struct engine *engine; /* of the Unicorn engine, while it runs */
	bool ended;            /* a system call or signal ended it */
	/* ELF guest: to start from. The last member: an architecture with fewer
	 * registers has less of it. */
	struct guest_regs elf;
};

struct vcpu_ops {
	const char *name;
	/* Execute @g until it ends; the CPU is in user mode on entry and
	 * exit. Returns normally also if a signal ended it. */
	void (*run)(struct guest_thread *g);
	/* The thread is in a system call: bring g->regs or g->elf up to
	 * date. */
	void (*save)(struct guest_thread *g);
	/* ... and change where its TLS is (ELF guests). */
	void (*set_tls)(struct guest_thread *g, uint64_t base);
};

extern const struct vcpu_ops vcpu_ops_direct;
extern const struct vcpu_ops vcpu_ops_unicorn;
/**
 * find_engine - an execution engine.
 * @name: "direct" or "unicorn"
 *
 * Return: the engine, NULL if there is none of that name.
 */
const struct vcpu_ops *find_engine(const char *name);

/**
 * guest_thread_new - a user thread that executes a scenario's program.
 * @m: a machine with hardware (emu_new())
 * @cpu: where it stays
 * @name: of the task
 * @program: borrowed, constant for the life of the emu
 * @fn: body of the task: calls guest_thread_run(), and does before and after
 *	what the kernel does at the start and end of a thread; NULL:
 *	guest_thread_run() alone
 *
 * The caller gives the task its address space. The engine is the machine's.
 * Return: the task, NULL if there are too many agents.
 */
struct task *guest_thread_new(struct machine *m, unsigned cpu, const char *name,
                              const struct program *program,
                              void (*fn)(struct task *t));
/**
 * guest_thread_new_elf - a user thread of a program, under Unicorn; where it
 * starts guest_thread_start() says.
 * @m: a machine with hardware (emu_new())
 * @cpu: where it stays
 * @name: of the task
 * @fn: as for guest_thread_new()
 *
 * Return: the task, without an address space yet; NULL if there are too many
 * agents.
 */
struct task *guest_thread_new_elf(struct machine *m, unsigned cpu,
                                  const char *name, void (*fn)(struct task *t));

/**
 * guest_thread_start - registers of an ELF guest's first instruction.
 * @t: has not run
 * @entry: of the program
 * @sp: its stack pointer
 */
void guest_thread_start(struct task *t, vaddr_t entry, vaddr_t sp);
/**
 * guest_thread_set_sp - move the stack pointer of an ELF guest's thread.
 * @t: has not run (guest_thread_fork())
 * @sp: the new one
 */
void guest_thread_set_sp(struct task *t, vaddr_t sp);
/**
 * guest_thread_tls - where an ELF guest's thread-local storage is: the base of
 * FS, TPIDR_EL0.
 * @t: in a system call, or has not run
 *
 * Return: its address.
 */
uint64_t guest_thread_tls(struct task *t);
/**
 * guest_thread_set_tls - move an ELF guest's thread-local storage.
 * @t: in a system call, or has not run
 * @base: its new address
 */
void guest_thread_set_tls(struct task *t, uint64_t base);

/**
 * guest_thread_fork - a copy of a thread that is in a system call, which
 * returns 0 in the copy.
 * @parent: the thread
 * @cpu: where the copy stays
 * @name: of its task
 * @fn: as for guest_thread_new()
 *
 * Return: the task, without an address space yet; NULL if there are too many
 * agents.
 */
struct task *guest_thread_fork(struct task *parent, unsigned cpu,
                               const char *name, void (*fn)(struct task *t));

/**
 * guest_thread_run - execute the thread of @t until its program ends, a system
 * call ends it (guest_thread_end()) or a signal kills it (t->exit_signal).
 *
 * Context: on @t's agent, in kernel mode; so on return.
 */
void guest_thread_run(struct task *t);
/** guest_thread_end - @t does not go on in user mode: called in its own system
 * call, or for another thread, which ends at its next access or jump back. */
void guest_thread_end(struct task *t);

/** guest_insn_event - for engines: emit EV_INSN for the @size bytes at @offset
 * of @g's code, if anybody wants it. */
void guest_insn_event(const struct guest_thread *g, uint32_t offset,
                      unsigned size);

static inline struct guest_thread *task_guest(const struct task *t)
{
	return t->hw_data;
}
/** guest_thread_reg - r0 .. r6 of a scenario thread, also after its end. */
static inline uint64_t guest_thread_reg(const struct task *t, unsigned reg)
{
	return task_guest(t)->regs[reg];
}

#endif
