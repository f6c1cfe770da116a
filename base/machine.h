/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: the root that all state of a run hangs off.
 *
 * base owns scheduling, memory, CPUs as far as the kernel sees them, time and
 * the stream of events.  What lies above is reached through two tables of
 * functions: `hw` (emu: what a CPU's hardware does when told) and `kernel`
 * (mm and syscalls: where hardware enters the kernel).
 */
#ifndef MMULATOR_BASE_MACHINE_H
#define MMULATOR_BASE_MACHINE_H

#include "base/arch.h"
#include "base/arena.h"
#include "base/choicelog.h"
#include "base/cost.h"
#include "base/cpu.h"
#include "base/event.h"
#include "base/lockdep.h"
#include "base/physmem.h"
#include "base/policy.h"
#include "base/rcu.h"
#include "base/sched.h"
#include "base/types.h"

struct pt_format;
struct task;

/* A page fault as the hardware reports it. */
struct fault_info {
	vaddr_t addr;  /* CR2, FAR */
	uint64_t code; /* x86: page-fault error code; arm64: ESR_EL1 */
	bool write;
	bool exec;
	bool user;
	bool present;  /* the entry is there: rights or flags are not */
	bool reserved; /* reserved bit set; arm64: address size */
	bool accessed; /* arm64: the access flag is clear, nothing else */
	bool tag;      /* arm64: tag check */
	vaddr_t pc;
};

/* arm64: SCTLR_EL1.TCF0, what a tag check that fails does at EL0, Arm ARM
 * D10.5. */
enum mte_tcf {
	MTE_TCF_NONE,
	MTE_TCF_SYNC,
	MTE_TCF_ASYNC, /* sets TFSRE0_EL1.TF0 */
	MTE_TCF_ASYMM  /* loads sync, stores async */
};

/* arm64: what a TLBI names, Arm ARM D8.14. */
enum tlbi_op {
	TLBI_VA,   /* address, of the ASID or global */
	TLBI_VAA,  /* address, of every ASID */
	TLBI_ASID, /* what is tagged with it and not global */
	TLBI_ALL   /* VMALLE1 */
};
struct tlbi {
	enum tlbi_op op;
	bool last_level;      /* VALE, VAALE: table entries stay cached */
	bool inner_shareable; /* every CPU's TLBs; else this CPU's */
	uint16_t asid;
	uint8_t level; /* TTL: 1 = PTE .. 3 = PUD that holds it, 0: any */
	vaddr_t va;
	uint64_t size; /* range forms: bytes from va; 0: one address */
};
enum barrier_domain {
	BARRIER_NSH, /* this CPU */
	BARRIER_ISH  /* every CPU */
};

/*
 * What mm tells the CPU it runs on.  All act on the current agent's CPU, except
 * where a CPU is named; each is a step (STEP_TLB or STEP_IPI) of its own.
 * What another architecture has is NULL.
 */
struct machine_ops {
	/* Post a call-function interrupt to @cpu. */
	void (*send_ipi)(struct machine *m, unsigned cpu);
	/* x86, up to flush_all. INVLPG: all sizes, current PCID and global
	 * entries, and the paging-structure caches. */
	void (*invlpg)(struct machine *m, vaddr_t addr);
	/* INVPCID: 0 address, 1 context, 2 all with globals, 3 all without. */
	void (*invpcid)(struct machine *m, unsigned type, unsigned pcid,
	                vaddr_t addr);
	/* MOV CR3: @root is a physical address, @noflush is bit 63. */
	void (*write_cr3)(struct machine *m, paddr_t root, unsigned pcid,
	                  bool noflush);
	uint64_t (*read_cr3)(struct machine *m, unsigned cpu);
	/* Toggle CR4.PGE: everything including globals. */
	void (*flush_all)(struct machine *m);

	/* arm64, up to write_mte. TLBI: begins; another CPU's TLBs forget when
	 * its turn comes, at the latest when a DSB of this CPU is over. */
	void (*tlbi)(struct machine *m, const struct tlbi *t);
	/* MSR TTBR0_EL1: @root is a physical address. Takes effect for certain
	 * at the ISB. */
	void (*write_ttbr0)(struct machine *m, paddr_t root, unsigned asid);
	/* Waits until this CPU's stores, and its TLBIs with every access made
	 * through what they removed, are over in @domain. */
	void (*dsb)(struct machine *m, enum barrier_domain domain);
	void (*isb)(struct machine *m);
	/* MSR SCTLR_EL1.TCF0 and GCR_EL1.Exclude, a bit per tag that IRG does
	 * not choose. */
	void (*write_mte)(struct machine *m, enum mte_tcf tcf,
	                  uint16_t exclude);

	/* The root of the kernel's tables, known since boot: arm64's TTBR1_EL1;
	 * x86: CR3 of CPUs that have none. No step. */
	void (*set_kernel_root)(struct machine *m, paddr_t root);
	/* An instruction in kernel mode loads, or stores, 8 bytes of kernel
	 * memory at @va. Return: false: it faulted. */
	bool (*kernel_access)(struct machine *m, vaddr_t va, bool write,
	                      uint64_t *value);
	/* The kernel loads @n bytes of user memory, as an instruction in kernel
	 * mode would. @atomic: under pagefault_disable(), a fault ends it.
	 * Return: bytes not loaded. */
	size_t (*copy_from_user)(struct machine *m, void *to, vaddr_t from,
	                         size_t n, bool atomic);
};

/*
 * Where hardware enters the kernel. Called on the agent of the task concerned,
 * with its CPU in kernel mode (vcpu_enter_kernel() done).
 */
struct kernel_ops {
	/*
	 * Page fault. Return: true if the access is to be tried again; false
	 * if the task got a signal it cannot survive (it must end).
	 */
	bool (*page_fault)(struct task *t, const struct fault_info *f);
	/* System call, arguments and result as in the architecture's ABI. */
	long (*syscall)(struct task *t, long nr, const uint64_t args[6]);
	/* context_switch(): switch address spaces from prev to next, with
	 * interrupts off, on prev's agent. */
	void (*context_switch)(struct task *prev, struct task *next);
};

/* Values a run may be limited by; 0 = no limit. */
struct run_caps {
	uint64_t steps;
	unsigned spontaneous; /* speculative fills + evictions */
};

struct machine {
	struct sched sched; /* must be first: step() finds it by the agent */
	struct agent *agents[NR_AGENTS_MAX];
	unsigned nr_agents;

	struct policy *policy;  /* borrowed */
	struct choice_log *log; /* what this run chose; owned */
	struct run_caps caps;
	unsigned nr_spontaneous;

	struct arena *arena;
	struct physmem mem;
	const struct cost_table *costs; /* borrowed, never NULL */
	enum arch_id arch;
	/* Of the page tables (pagetable/format.h); NULL: the architecture's
	 * usual one. Stays at machine_reset(). */
	const struct pt_format *pt_format;

	unsigned nr_cpus;
	struct cpu cpus[NR_CPUS_MAX];

	struct rcu_state rcu;
	struct lockdep lockdep;
	/* A plain store of the entry @e at @level was made: what the
	 * architecture does behind one (barriers). NULL: nothing. Stays at
	 * machine_reset(). */
	void (*pt_stored)(struct machine *m, uint64_t e, unsigned level);
	/* What the steps on locks of a scenario are called, by their number;
	 * NULL: by their class. Borrowed; stays at machine_reset(). */
	const struct lock_labels *lock_labels;

	struct observer *observers; /* list, in order of registration */
	uint64_t observed;          /* bit per enum event_type */

	const struct machine_ops *hw; /* NULL members are allowed in tests */
	void *hw_data;
	const struct kernel_ops *kernel;
	void *kernel_data; /* mm's struct kernel */
	void *user_data;   /* of whoever created the machine (scenario) */

	/* Counters that the kernel keeps; names as in /proc/vmstat. */
	struct vmstat *vmstat;

	struct coro host;     /* where machine_run() was called */
	enum run_end end;     /* why the agents gave the host back */
	struct agent *paused; /* RUN_PAUSED: on whose stack; NULL: the host's */
	struct coro_stack stacks[NR_AGENTS_MAX]; /* kept over resets */
	/* Called by BUG_ON() to say how to reproduce; may be NULL. */
	void (*crash)(struct machine *m);
};

struct machine_config {
	enum arch_id arch;
	unsigned nr_cpus;      /* 1 .. NR_CPUS_MAX */
	uint64_t memory_bytes; /* simulated physical memory, <= 1 TiB */
	const struct cost_table *costs; /* NULL: cost_table_default */
};

/**
 * machine_new - a machine with idle CPUs and empty memory.
 *
 * Reserves address space for memory and arena (not memory itself).
 * Return: never NULL; running out of host address space is fatal.
 */
struct machine *machine_new(const struct machine_config *config);

/**
 * machine_reset - back to the state after machine_new(), keeping host memory.
 *
 * Everything a run created is forgotten, whatever state it was in. Observers,
 * ops, policy and caps stay. Object identities of the next run are the same as
 * those of any other run of the same program.
 */
void machine_reset(struct machine *m);
/**
 * machine_free - it is not needed any more, and nothing that was on it; NULL is
 * fine.
 */
void machine_free(struct machine *m);

/** this_machine, this_cpu - of the current agent. */
static inline struct machine *this_machine(void)
{
	return current_agent->machine;
}
static inline struct cpu *this_cpu(void)
{
	return current_agent->cpu;
}
static inline unsigned smp_processor_id(void)
{
	return current_agent->cpu->id;
}

/** phys_obj - identity of a physical address for a step. */
static inline objid_t phys_obj(paddr_t pa)
{
	return obj_make(OBJ_SPACE_PHYS, pa);
}

/* mem_map as an object: addresses beyond any physical memory. */
#define MEM_MAP_PHYS_BASE BIT_ULL(52)

/**
 * mem_obj - identity of any simulated memory a host pointer points to: a
 * kernel object in the arena, a frame in the direct map or a struct page.
 */
static inline objid_t mem_obj(const struct machine *m, const void *p)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)m->mem.direct_map;

	if (off < m->mem.size_bytes)
		return phys_obj(off);
	off = (uintptr_t)p - (uintptr_t)m->mem.mem_map;
	if (off < m->mem.nr_frames * sizeof(struct page))
		return phys_obj(MEM_MAP_PHYS_BASE + off);
	return obj_make(OBJ_SPACE_KERNEL, arena_offset(m->arena, p));
}

#endif
