/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps, agents and choices.
 *
 * An agent is anything that acts on its own: a task on a CPU, the interrupt
 * context of a CPU, a speculative walker, the RCU grace period.  Each runs as
 * a coroutine.  Before every action that another agent could notice it
 * announces a step and waits to be picked; picked, it acts atomically up to
 * its next announcement.  Whatever real hardware leaves open - who moves next,
 * which of two TLB entries a lookup uses - is one call of the machine's policy,
 * so one run is one list of choices.
 *
 * Invariants:
 *  - exactly one agent runs at a time; `current_agent` names it (NULL outside
 *    of a run, on the host's own stack);
 *  - an agent is enabled iff it is ready (not waiting at a closed gate) and
 *    not suspended (its CPU is not running something else);
 *  - between two steps an agent must not hold host resources (heap memory,
 *    files): a run may be abandoned at any step, and then its stack is simply
 *    dropped.  Memory from the machine's arena is fine.
 *
 * Not here: locks (base/spinlock.h ...), CPUs (base/cpu.h), policies
 * (base/policy.h).
 */
#ifndef MMULATOR_BASE_SCHED_H
#define MMULATOR_BASE_SCHED_H

#include "base/coro.h"
#include "base/lock_class.h"
#include "base/types.h"

struct agent;
struct cpu;
struct machine;

/* What a step does to its object, as far as others are concerned. */
enum step_kind {
	STEP_LOCAL,   /* private to the agent, but worth showing or pinning */
	STEP_READ,    /* reads object */
	STEP_WRITE,   /* writes object */
	STEP_RMW,     /* atomic read-modify-write */
	STEP_LOCK,    /* acquires; enabled only when the gate lets it */
	STEP_UNLOCK,  /* releases */
	STEP_WAIT,    /* waits for a gate: completion, grace period, ack */
	STEP_SIGNAL,  /* opens a gate for others */
	STEP_TLB,     /* changes or uses a CPU's TLB */
	STEP_IPI,     /* posts an interrupt to a CPU */
	STEP_IRQ,     /* interrupt entry or exit */
	STEP_SWITCH,  /* context switch */
	STEP_SYSCALL, /* entry or exit of a system call */
	STEP_FAULT,   /* entry or exit of an exception */
	STEP_KIND_COUNT
};

/*
 * Identity of what a step touches; the same in every run.  The top byte names
 * the space, the rest is a physical address, an arena offset or a CPU number.
 */
typedef uint64_t objid_t;
#define OBJ_NONE        UINT64_C(0)
#define OBJ_SPACE_SHIFT 56
enum obj_space {
	OBJ_SPACE_PHYS = 1, /* | paddr */
	OBJ_SPACE_KERNEL,   /* | arena offset */
	OBJ_SPACE_TLB,      /* | cpu number: that CPU's translation caches */
	OBJ_SPACE_IRQ,      /* | cpu number: pending interrupts, IF */
	OBJ_SPACE_RCU,      /* | number of a callback; 0: their queue */
	OBJ_SPACE_CPU,      /* | cpu number: which task runs there */
};
static inline objid_t obj_make(enum obj_space space, uint64_t id)
{
	return ((uint64_t)space << OBJ_SPACE_SHIFT) | id;
}

/*
 * Steps that change an object and commute although: neither sees what the other
 * did, and the order does not matter for what becomes of the object.  Two steps
 * of one kind do so, of COMMUTES_BIT only if they are about different bits.
 */
enum step_commutes {
	COMMUTES_NOT,
	COMMUTES_ADDING, /* adds or takes away, without looking at the sum */
	COMMUTES_READER_COMES, /* acquires a lock for reading */
	/* Releases it. The last one lets a writer in, unless another reader
	 * came before: coming and going do not commute. */
	COMMUTES_READER_GOES,
	/* The object says only where: nothing of it is read or changed. */
	COMMUTES_WITH_ALL,
	COMMUTES_BIT = 64 /* + number: sets or clears that bit */
};

/*
 * One announced step.  `label` is a literal: it is what a person reads in a
 * report and what a `schedule` block names; `addr` qualifies it (a virtual
 * address, a CPU number).
 */
struct step {
	enum step_kind kind;
	uint8_t commutes; /* enum step_commutes */
	uint32_t size;    /* bytes touched at object, 0 = all of it */
	objid_t object;
	uint64_t addr;
	const char *label;
};

/* ---- gates: what an agent can wait for ---- */

/*
 * A gate has two classes of waiters (readers and writers of an rwsem; class 0
 * alone for everything else).  Agents that announced a step at a closed class
 * are not enabled.  Zero-initialised = both classes closed, nobody waits.
 */
struct gate {
	uint64_t waiting[2];  /* agent bits: announced a step here */
	uint64_t sleeping[2]; /* agent bits: tasks to wake when it opens */
	bool open[2];
	bool exclusive; /* of a lock that two never hold at once */
};

/**
 * gate_set - open or close one class of a gate.
 * @m: the machine
 * @g: the gate
 * @class: 0 or 1
 * @open: whether waiters of this class may go on
 *
 * Not a step: it is part of the step that changed the state.
 */
void gate_set(struct machine *m, struct gate *g, unsigned class, bool open);

/**
 * gate_step - announce @st at @g and wait until class @class is open and this
 * agent is picked.
 *
 * Context: the agent stays on its CPU (it spins).  To sleep and let other
 * tasks have the CPU, see gate_sleep() in base/cpu.h.
 */
void gate_step(struct gate *g, unsigned class, const struct step *st);

/* ---- agents ---- */

enum agent_kind {
	AGENT_TASK,         /* a user thread */
	AGENT_KTHREAD,      /* khugepaged, ... */
	AGENT_IDLE,         /* idle task of a CPU */
	AGENT_IRQ,          /* interrupt context of a CPU */
	AGENT_WALKER,       /* speculative page walks and evictions of a CPU */
	AGENT_STORE_BUFFER, /* what a CPU stored, on its way to memory */
	AGENT_DVM,          /* arm64: others' TLBIs on a CPU */
	AGENT_RCU,          /* grace period and callbacks */
	AGENT_KIND_COUNT
};

#define NR_AGENTS_MAX 64

struct agent {
	struct machine *machine;
	struct cpu *cpu; /* NULL: on no CPU (RCU) */
	uint64_t bit;    /* 1 << id */
	unsigned id;     /* order of creation, the same in every run */
	enum agent_kind kind;
	const char *name;
	/* Clock used by the timed policy: the CPU's, or own_cycles. */
	uint64_t *cycles;
	uint64_t own_cycles;
	struct step next;  /* announced, not yet picked */
	struct gate *gate; /* where it waits, for reports; or NULL */
	unsigned gate_class;
	uint64_t nr_steps;
	bool daemon; /* does not keep a run alive */
	bool done;
	void (*fn)(void *arg);
	void *arg;
	struct coro coro;
	struct lockdep_held held[LOCKDEP_HELD_MAX]; /* innermost last */
	unsigned nr_held;
	unsigned rcu_nesting;
	uint64_t syscall_id; /* of the system call it is in, 0 = none */
	const char *syscall_name;
	uint64_t scratch[4]; /* for policies */
};

/* The one hidden piece of state: the kernel's `current`. */
/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
extern _Thread_local struct agent *current_agent;

/**
 * agent_new - create an agent; it becomes ready at once.
 * @m: the machine (not NULL)
 * @kind: what it is
 * @cpu: the CPU it acts on, or NULL
 * @name: for reports; copied into the arena
 * @fn: its body; when it returns the agent is done
 * @arg: passed to @fn
 *
 * Return: the agent, or NULL if NR_AGENTS_MAX exist already.
 */
struct agent *agent_new(struct machine *m, enum agent_kind kind,
                        struct cpu *cpu, const char *name,
                        void (*fn)(void *arg), void *arg);

/**
 * agent_suspend - @a does not move until agent_resume(); it may be in the
 * middle of anything. Part of the caller's step.
 */
void agent_suspend(struct agent *a);
/** agent_resume - @a may move again. Part of the caller's step. */
void agent_resume(struct agent *a);

/* ---- announcing steps ---- */

/**
 * step_contended - the part of step() that is out of line: somebody else may
 * move, or somebody watches.
 * @a: the current agent, its step announced
 */
void step_contended(struct agent *a);

/* Hot scheduler state, at the start of struct machine (base/machine.h). */
struct sched {
	uint64_t ready;     /* not waiting at a closed gate */
	uint64_t suspended; /* CPU taken away */
	uint64_t alive;     /* created and not done */
	uint64_t walkers;   /* AGENT_WALKER: moving them is no progress */
	uint64_t nr_opened; /* gates that were closed before */
	uint64_t nr_steps;
	uint64_t hash;      /* running trace hash */
	uint64_t stop_step; /* step() goes the slow way from here on */
	bool observe_steps; /* somebody wants EV_STEP */
};

static inline struct sched *agent_sched(struct agent *a)
{
	return (struct sched *)(void *)a->machine;
}

/** trace_mix - fold a value an agent read or wrote into the trace hash. */
static inline void trace_mix(struct agent *a, uint64_t value)
{
	struct sched *s = agent_sched(a);

	s->hash = (s->hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	s->hash ^= s->hash >> 29;
}

/**
 * step_commuting - as step(), which is the usual form.
 * @kind: what it does
 * @commutes: enum step_commutes
 * @object: to what
 * @size: how many bytes, 0 = the whole object
 * @label: what a person calls it
 * @addr: qualifies the label
 */
static inline void step_commuting(enum step_kind kind, unsigned commutes,
                                  objid_t object, uint32_t size,
                                  const char *label, uint64_t addr)
{
	struct agent *a = current_agent;
	struct sched *s = agent_sched(a);

	a->next.kind = kind;
	a->next.commutes = (uint8_t)commutes;
	a->next.size = size;
	a->next.object = object;
	a->next.addr = addr;
	a->next.label = label;
	if (unlikely((s->ready & ~s->suspended) != a->bit ||
	             s->nr_steps >= s->stop_step || s->observe_steps)) {
		step_contended(a);
		return;
	}
	s->nr_steps++;
	a->nr_steps++;
	trace_mix(a, object + ((uint64_t)kind << 48) + a->id);
}

/**
 * step - announce a step and wait until it is picked.
 * @kind: what it does
 * @object: to what (obj_make(), phys_obj(), mem_obj())
 * @size: how many bytes, 0 = the whole object
 * @label: what a person calls it: a literal, stable, words of the kernel
 * @addr: qualifies the label, 0 = nothing
 *
 * On return the caller acts; everything until its next step is atomic.
 * Context: only on an agent's stack.
 */
static inline void step(enum step_kind kind, objid_t object, uint32_t size,
                        const char *label, uint64_t addr)
{
	step_commuting(kind, COMMUTES_NOT, object, size, label, addr);
}

/** charge - let @cycles pass on the current agent's clock. */
static inline void charge(uint64_t cycles)
{
	*current_agent->cycles += cycles;
}

/* ---- choices ---- */

enum choice_kind {
	CHOICE_AGENT,     /* which enabled agent moves */
	CHOICE_TLB_MATCH, /* which of several matching entries a lookup uses */
	CHOICE_SPECULATE, /* which translation a walker fills, or none */
	CHOICE_EVICT,     /* which entry is dropped, or none */
	CHOICE_FAIL,      /* whether an allocation fails */
	CHOICE_OTHER,
	CHOICE_KIND_COUNT
};

/**
 * choose - let the policy pick one of @n alternatives.
 * @kind: what is being chosen
 * @n: number of alternatives, at least 1; alternative 0 is what happens when
 *     nothing unusual does
 * @object: what the choice is about, for reports and for dependencies
 * @label: what a person calls it (literal)
 *
 * Return: 0 .. n-1.  With n == 1 nobody is asked and nothing is logged.
 */
unsigned choose(enum choice_kind kind, unsigned n, objid_t object,
                const char *label);

/* ---- running ---- */

enum run_end {
	RUN_DONE,     /* every essential agent finished */
	RUN_DEADLOCK, /* essential agents are left and nobody is enabled */
	RUN_STEP_CAP, /* machine->step_cap reached */
	RUN_STOPPED,  /* somebody called run_stop() */
	RUN_PAUSED,   /* the policy said POLICY_LATER */
};

/**
 * machine_run - let agents move until the run ends.
 *
 * May be called again after RUN_DONE: the initial part of a scenario and its
 * threads are two calls.  Daemon agents keep their place.  Called again after
 * RUN_PAUSED it asks the policy again; nothing has moved in between, also if
 * the question came in the middle of a step.
 *
 * Context: on the host's stack (current_agent == NULL).
 * Return: why it ended.
 */
enum run_end machine_run(struct machine *m);

/**
 * run_stop - end the run after the current step; the caller does not return if
 * it is an agent.
 */
void run_stop(struct machine *m);

/** agent_exit - the current agent is done; does not return. */
_Noreturn void agent_exit(void);

/** enabled_agents - bits of the agents that could be picked now. */
static inline uint64_t enabled_agents(const struct sched *s)
{
	return s->ready & ~s->suspended;
}

#endif
