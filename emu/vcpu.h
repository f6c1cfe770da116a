/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hardware side of a machine: one vCPU per CPU, with its MMU, and what the
 * kernel can tell it (struct machine_ops).
 *
 * A struct emu belongs to one machine and outlives its runs: emu_reset() after
 * every machine_reset().  Nothing of it lives in the arena, so it can keep
 * what is expensive to make (execution engines, compiled programs).
 *
 * Where guest code enters the kernel is here as well: exceptions, system calls,
 * preemption.  All of them happen between guest instructions, on the agent of
 * the task that runs.
 *
 * Not here: how instructions are executed (emu/vcpu_ops.h).
 */
#ifndef MMULATOR_EMU_VCPU_H
#define MMULATOR_EMU_VCPU_H

#include "base/machine.h"
#include "emu/arm64_mte.h"
#include "mmu/mmu.h"

struct emu;
struct vcpu_arch;
struct vcpu_ops;
struct unicorn_pool;
struct code_cache;

/* What a run of a machine may vary in its hardware. */
struct emu_config {
	const struct vcpu_ops *engine; /* NULL: Unicorn */
	struct mmu_switches switches;
	/* Overlapping entries: SIZE_MIX_COUNT takes the profile's habit. */
	enum size_mix_policy size_mix;
	bool pcid;   /* CR4.PCIDE */
	bool global; /* CR4.PGE */
};

/** emu_config_default - Unicorn, correct hardware, PCID and globals on. */
void emu_config_default(struct emu_config *config);

/*
 * arm64: the exclusive monitor of a CPU, Arm ARM B2.9.  Local and global are
 * one: what a load-exclusive has marked stays so until another CPU stores to
 * the granule, or this one returns from an exception, executes CLREX or a
 * store-exclusive.
 */
#define NO_GRANULE UINT64_MAX
struct exclusive_monitor {
	paddr_t granule; /* of EXCLUSIVE_GRANULE bytes, or NO_GRANULE */
};

struct vcpu {
	struct mmu mmu;
	struct cpu *cpu;
	struct emu *emu;
	uint64_t nr_insns;  /* guest instructions retired */
	uint64_t next_tick; /* of the clock that preempts ELF guests */
	struct exclusive_monitor monitor;
	struct mte_random mte; /* arm64: GCR_EL1, RGSR_EL1 */
};

struct emu {
	struct machine *machine;
	const struct vcpu_arch *arch; /* machine->arch */
	unsigned nr_exclusive;        /* CPUs whose monitor has marked memory */
	struct emu_config config;
	struct vcpu *vcpus; /* one per CPU */
	struct unicorn_pool *pool;
	struct code_cache *code;
};

/**
 * emu_new - give @m hardware: sets m->hw, m->hw_data, cpu->hw_data, and the
 * machine's costs to those of the profile.
 * @profile: borrowed; NULL: profile_default_of()
 * @config: copied; NULL: emu_config_default()
 *
 * Context: before the first run. Return: never NULL.
 */
struct emu *emu_new(struct machine *m, const struct cpu_profile *profile,
                    const struct emu_config *config);
/** emu_reset - registers and TLBs as after power-on; after machine_reset(). */
void emu_reset(struct emu *emu);
/**
 * emu_set_config - @config, which is copied, holds from the next emu_reset()
 * on.
 */
void emu_set_config(struct emu *emu, const struct emu_config *config);
/** emu_free - before machine_free(). NULL is fine. */
void emu_free(struct emu *emu);

static inline struct emu *machine_emu(const struct machine *m)
{
	return m->hw_data;
}
static inline struct vcpu *cpu_vcpu(const struct cpu *cpu)
{
	return cpu->hw_data;
}
static inline struct vcpu *this_vcpu(void)
{
	return cpu_vcpu(this_cpu());
}

extern const struct machine_ops emu_machine_ops;

/**
 * emu_start_walkers - agents that walk page tables speculatively.
 * @cpus: which CPUs get one, a bit for each; others than there are do not count
 * @evict: they may also forget TLB entries
 *
 * How much they do in a run is bounded by machine->caps.spontaneous.
 * Context: each run anew, after emu_reset(). Return: 0 or -ENOSPC.
 */
int emu_start_walkers(struct emu *emu, cpumask_t cpus, bool evict);
/**
 * emu_add_candidate - @va is one more address every walker may walk for.
 *
 * Context: after emu_start_walkers().
 * Return: 0 or -ENOSPC.
 */
int emu_add_candidate(struct emu *emu, vaddr_t va);

/* ---- between user mode and the kernel ---- */

/**
 * vcpu_enter_user - the current task leaves the kernel: gives way first if
 * somebody waits for the CPU (Linux v6.12 exit_to_user_mode_loop()).
 */
void vcpu_enter_user(struct task *t);
/** vcpu_enter_kernel - the instruction is over, the CPU is in kernel mode. */
void vcpu_enter_kernel(struct task *t);
/** vcpu_preempt - an instruction boundary: give way if need_resched. */
static inline void vcpu_preempt(struct task *t)
{
	if (unlikely(t->cpu->need_resched)) {
		vcpu_enter_kernel(t);
		vcpu_enter_user(t);
	}
}

/**
 * vcpu_access - one access of a guest instruction, page faults handled.
 * @t: the current task, in user mode
 * @acc: the access; `user` is set here
 * @pc: of the instruction, for fault_info
 *
 * The access is tried again after every fault that the kernel handled; the
 * guest's instruction ends with it.
 * Return: false if the task was killed (t->exit_signal).
 */
bool must_check vcpu_access(struct task *t, struct mmu_access *acc, vaddr_t pc);

/** monitor_mark - a load-exclusive of this CPU has read at @pa. */
void monitor_mark(struct vcpu *vcpu, paddr_t pa);
/** monitor_clear - this CPU has no exclusive access any more. */
void monitor_clear(struct vcpu *vcpu);
/** monitor_see_store - @acc, done by @vcpu, may have stored to what other CPUs
 * have marked. */
void monitor_see_store(struct vcpu *vcpu, const struct mmu_access *acc);

/**
 * vcpu_kill - a signal nobody handles ends a thread.
 * @t: the thread; it ends before its next instruction
 * @signal: the guest's number, 1 .. 31
 * @si_code: SEGV_MAPERR and the like, of that signal; SI_KERNEL
 * @addr: the access or instruction that brought it
 * @why: for people; a literal
 *
 * Sets t->exit_signal and what belongs to it, unless another signal was first.
 */
void vcpu_kill(struct task *t, int signal, int si_code, vaddr_t addr,
               const char *why);

/**
 * vcpu_syscall - the current task's SYSCALL instruction.
 * @nr: the system call's number
 * @args: its arguments, as the ABI passes them
 *
 * Context: on @t's agent, in user mode; so on return.
 * Return: what the kernel returned.
 */
long vcpu_syscall(struct task *t, long nr, const uint64_t args[6]);

/**
 * vcpu_irg - IRG of a scenario's thread: of the tags that neither GCR_EL1 nor
 * the instruction excludes any one, a choice of the CPU (CHOICE_OTHER "irg").
 * @va: any address
 * @exclude: what the instruction excludes, bit per tag
 *
 * Linux sets GCR_EL1.RRND, with which the way of choosing is the CPU's own:
 * v6.12 arch/arm64/kernel/mte.c mte_update_gcr_excl().
 *
 * Context: on a task's agent, in user mode.
 * Return: @va with another logical tag; 0 if all are excluded.
 */
uint64_t vcpu_irg(uint64_t va, uint16_t exclude);

/**
 * vcpu_loop - the current task jumps backwards. A step, so that no loop is
 * without one.
 * @line: of the scenario, for the trace
 */
void vcpu_loop(struct task *t, unsigned line);

#endif
