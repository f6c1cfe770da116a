/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUs as the kernel sees them: which task runs, whether interrupts are on,
 * the run queue, the call-function queue.  What a CPU's hardware is made of
 * (registers, TLBs) is in emu; it hangs off `hw_data`.
 *
 * Tasks and interrupts:
 *  - each CPU has an idle task and an interrupt agent;
 *  - at most one task of a CPU is not suspended: `curr`, and it is suspended
 *    too while the interrupt agent runs a handler;
 *  - the interrupt agent is enabled iff a vector is pending, IF is set and the
 *    task is not in the middle of a guest instruction (`in_insn`).
 */
#ifndef MMULATOR_BASE_CPU_H
#define MMULATOR_BASE_CPU_H

#include "base/sched.h"
#include "base/types.h"

struct dvm;
struct mm_struct;
struct task;

enum irq_vector {
	IRQ_CALL_FUNCTION, /* smp_call_function_many() */
	IRQ_TIMER,         /* a scenario's preemption */
	IRQ_VECTOR_COUNT
};

/* One entry of a CPU's call-function queue (struct call_single_data). */
struct call_single_data {
	struct call_single_data *next;
	void (*fn)(void *info);
	void *info;
	bool wait; /* the sender waits: csd is its, unlocked when done */
	bool locked;
	struct gate done;
	unsigned sender; /* CPU */
};

struct cpu {
	struct machine *machine;
	unsigned id;
	uint64_t cycles;

	bool irq_enabled; /* IF */
	bool in_insn;     /* set by emu between the steps of one instruction */
	bool user_mode;   /* set by emu */
	unsigned irq_depth; /* 1 while a handler runs */
	/* Not 0: something waits for the end of the instruction. */
	union {
		uint32_t attention;
		struct {
			uint16_t irq_pending; /* bit per enum irq_vector */
			uint16_t dvm_pending; /* arm64: others' TLBIs */
		};
	};
	struct gate dvm_gate; /* class 0 open: they may be performed */
	struct gate irq_gate;
	struct agent *irq_agent;

	/* preempt_disable() depth of curr: spinlocks held, per-CPU sections. */
	unsigned preempt_count;
	unsigned rcu_readers; /* rcu_read_lock() depth of curr */
	bool switching;       /* between two tasks */
	/* Quiescent: class 0 open iff no reader, no spinlock, IF set or in the
	 * middle of a context switch. */
	struct gate qs_gate;
	uint32_t nr_flips; /* of it; a step may open and close it */

	struct task *curr;
	struct task *idle;
	struct task *rq_head, *rq_tail; /* runnable, not running */
	struct gate resched_gate;       /* idle waits here */
	bool need_resched;              /* cond_resched() gives way */

	struct call_single_data *csd_queue; /* newest first, as llist */

	/* Page walks filled a TLB or a paging-structure cache, outside of any
	 * step that names them. */
	uint64_t tlb_fills;

	void *hw_data;        /* emu: struct vcpu */
	void *mm_data;        /* mm: struct tlb_state (cpu_tlbstate) */
	struct dvm *dvm;      /* mmu: what other CPUs' TLBIs go to; or NULL */
	unsigned dvm_awaited; /* DSBs that wait for such */
	/* base/storebuf.h; NULL: stores are in memory at once. */
	struct store_buffer *store_buffer;
};

/**
 * cpu_init - the @id-th CPU of @m as it is when a run starts, with its idle
 * task and interrupt agent.
 */
void cpu_init(struct machine *m, unsigned id);

#define AGENT_NAME_MAX 16
/**
 * cpu_agent_name - the name of an agent that each CPU has one of: "irq/3".
 * @name: gets it
 * @prefix: up to 12 characters
 * @id: the CPU, up to 99
 */
void cpu_agent_name(char name[AGENT_NAME_MAX], const char *prefix, unsigned id);

/* ---- interrupts ---- */

/**
 * local_irq_disable - CLI. A step.
 *
 * Context: on a CPU.
 */
void local_irq_disable(void);
/**
 * local_irq_enable - STI. A step.
 *
 * Context: on a CPU.
 */
void local_irq_enable(void);
static inline bool irqs_disabled(void)
{
	return !current_agent->cpu->irq_enabled;
}
/** local_irq_save - CLI if they are on; a step only then. Return: whether they
 * were on, for local_irq_restore(). */
bool local_irq_save(void);
/**
 * local_irq_restore - STI if @flags, what local_irq_save() returned, is true; a
 * step only then.
 */
void local_irq_restore(bool flags);

/** cpu_raise - make @vector pending on @cpu. Part of the caller's step. */
void cpu_raise(struct cpu *cpu, enum irq_vector vector);

/** cpu_takes_interrupts - would @cpu take a pending one now? */
static inline bool cpu_takes_interrupts(const struct cpu *cpu)
{
	return cpu->irq_enabled && !cpu->in_insn && !cpu->irq_depth;
}

/** cpu_update_gates - recompute irq and quiescent gates after a change of
 * in_insn, user_mode, irq_enabled or preempt_count. */
void cpu_update_gates(struct cpu *cpu);

/**
 * cpu_begin_insn, cpu_end_insn - between the two no interrupt is taken.
 *
 * An instruction begins when its first step is picked, so that interrupts can
 * still come while it waits for that. Part of the caller's step.
 */
static inline void cpu_begin_insn(struct cpu *cpu)
{
	cpu->in_insn = true;
	if (unlikely(cpu->attention))
		cpu_update_gates(cpu);
}
static inline void cpu_end_insn(struct cpu *cpu)
{
	cpu->in_insn = false;
	if (unlikely(cpu->attention))
		cpu_update_gates(cpu);
}

/** preempt_disable - keep this task on its CPU; nests. No step. */
void preempt_disable(void);
/** preempt_enable - the opposite of preempt_disable(). No step. */
void preempt_enable(void);

/* ---- smp_call_function (kernel/smp.c) ---- */

/**
 * smp_call_function_many - run a function on every CPU of a mask but this one.
 * @mask: a bit for each CPU
 * @fn: runs in interrupt context
 * @info: handed on to @fn
 * @wait: return only after all have run it
 *
 * Linux v6.12 kernel/smp.c smp_call_function_many_cond(): queue a csd on each
 * target, send the IPIs, wait for each csd.
 *
 * Context: interrupts on if @wait, else a rule is broken (EV_RULE): two CPUs
 * that wait for each other so deadlock.
 */
void smp_call_function_many(cpumask_t mask, void (*fn)(void *info), void *info,
                            bool wait);
/**
 * on_each_cpu_mask - smp_call_function_many(), and here too if this CPU is in
 * the mask.
 * @mask: a bit for each CPU
 * @fn: runs in interrupt context; here with interrupts off
 * @info: handed on to @fn
 * @wait: return only after all have run it
 *
 * Context: as smp_call_function_many().
 */
void on_each_cpu_mask(cpumask_t mask, void (*fn)(void *info), void *info,
                      bool wait);

/* ---- tasks ---- */

enum task_state {
	TASK_RUNNING,
	TASK_SLEEPING,
	TASK_DEAD
};

/* arm64: a thread's memory tagging, Linux's thread_struct.mte_ctrl and two
 * thread flags. All 0: no checks, IRG chooses tag 0. */
struct task_mte {
	uint32_t ctrl;    /* PR_MTE_* as asked for; mm/arm64/mte.c */
	bool tagged_addr; /* TIF_TAGGED_ADDR */
	bool async_fault; /* TIF_MTE_ASYNC_FAULT */
};

/* The kernel's, Linux's tlbflush_unmap_batch: translations that reclaim took
 * out of page tables and CPUs may still hold. */
struct task_ubc {
	cpumask_t cpumask; /* arch: the CPUs; unused where TLBI is broadcast */
	bool flush_required;
};

struct task {
	struct agent *agent;
	struct cpu *cpu; /* a task stays on one CPU */
	enum task_state state;
	unsigned pid;
	const char *name;
	struct mm_struct *mm;        /* NULL: kernel thread */
	struct mm_struct *active_mm; /* the one loaded while it runs */
	struct task *rq_next;
	struct gate *sleeping_on;
	unsigned sleeping_class;
	struct gate exited;      /* class 0 opens when it is dead */
	int exit_signal;         /* SIGSEGV, SIGBUS ... that ended it, or 0 */
	int exit_si_code;        /* its si_code: SEGV_MAPERR ... */
	uint64_t fault_addr;     /* its si_addr */
	const char *exit_reason; /* why, for people; a literal */
	struct task_mte mte;
	struct task_ubc tlb_ubc;
	void *hw_data;   /* emu: registers, engine */
	void *user_data; /* scenario: thread; syscalls: process */
	void (*fn)(struct task *t);
};

/**
 * task_new - a runnable task.
 * @m: the machine
 * @cpu: where it stays
 * @kind: AGENT_TASK or AGENT_KTHREAD
 * @name: copied
 * @fn: its body; on return the task exits (schedule() away for good)
 *
 * A task counts as essential unless its agent's `daemon` is set afterwards.
 *
 * Return: the task, NULL if there are too many agents.
 */
struct task *task_new(struct machine *m, struct cpu *cpu, enum agent_kind kind,
                      const char *name, void (*fn)(struct task *t));

/**
 * current_task - the task whose agent runs, also from its system calls; in
 * interrupt context, the task that was interrupted.
 *
 * Return: it; NULL on no CPU.
 */
struct task *current_task(void);

/**
 * schedule - give the CPU to the next runnable task, or idle.
 *
 * Linux v6.12 kernel/sched/core.c __schedule(): interrupts off, pick next,
 * kernel->context_switch(), switch. Returns when this task is picked again.
 * Calling it with a spinlock held breaks a rule (EV_RULE).
 */
void schedule(void);
/** cond_resched - schedule() if need_resched; also a place where a scenario
 * can force it (CHOICE_OTHER "cond_resched" is not asked; see need_resched). */
void cond_resched(void);
/** need_resched - is somebody waiting for this CPU? A read without a step.
 * Return: somebody is. */
bool need_resched(void);

/**
 * gate_sleep - gate_step(), but the task gives up its CPU while the gate is
 * closed.
 * @g: the gate
 * @class: which of its classes, 0 or 1
 * @st: is made whenever the task looks, so once more than it sleeps
 *
 * Context: no spinlock held; without a task of its own the agent spins.
 */
void gate_sleep(struct gate *g, unsigned class, const struct step *st);

/** task_wake - make a sleeping task runnable. Part of the caller's step. */
void task_wake(struct task *t);

#endif
