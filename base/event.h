/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of events: what the hardware did, what happened to objects, which
 * system calls were entered and left.  Oracles, recorders and traces observe
 * it; nothing that acts may.
 *
 * Events are emitted inside steps, in their order.  Observers must not step,
 * choose or change the machine.
 */
#ifndef MMULATOR_BASE_EVENT_H
#define MMULATOR_BASE_EVENT_H

#include "base/sched.h"
#include "base/types.h"

enum event_type {
	/* scheduling */
	EV_STEP,   /* agent made agent->next; a = object, b = kind */
	EV_CHOICE, /* a = kind, b = n, c = pick; text = label */
	EV_AGENT_NEW,
	EV_AGENT_DONE,
	EV_SWITCH, /* cpu: context switch; ptr = next task */

	/* objects */
	EV_FRAME_ALLOC,    /* addr = pfn, a = order, b = kind */
	EV_FRAME_FREE,     /* addr = pfn, a = order, b = kind */
	EV_FRAME_BAD_FREE, /* addr = pfn */
	EV_FRAME_UAF,      /* kernel code touched a free frame through the
	                    * direct map: addr = pa, a = step kind,
	                    * b = the step's addr; text = its label */
	EV_OBJ_ALLOC,      /* addr = arena offset, a = size; text = type */
	EV_OBJ_FREE,       /* likewise */
	EV_OBJ_UAF,        /* addr = arena offset touched; text = type */
	EV_OBJ_BAD_FREE,   /* likewise */

	/* hardware; `data` is documented where emitted (emu/mmu) */
	EV_TLB_FILL,   /* addr = va; data = struct tlb_entry const * */
	EV_TLB_DROP,   /* addr = va, one entry went; data = its tlb_entry,
	                * a = enum of the reason (tlb/tlb.h) */
	EV_TLB_FLUSH,  /* an invalidation ran; a = kind, addr, b = pcid */
	EV_WALK_READ,  /* addr = pa of entry, a = value, b = level, c = va */
	EV_WALK_WRITE, /* A/D update: addr = pa, a = new, b = old, c = va */
	EV_ACCESS,     /* data access retired; data = struct access_record
	                * const * (base/access.h) */
	EV_TAG,        /* an allocation tag was stored, loaded or checked;
	                * data = struct access_record const *, of 1 byte:
	                * the tag; a = the address's logical tag;
	                * text = "stg", "ldg", "tag check" */
	EV_PAGE_TAGS,  /* the kernel set all tags of a frame: addr = pfn,
	                * a = pfn they come from, 0: they are 0 now */
	EV_INSN,       /* an instruction of a scenario's thread begins:
	                * addr = pc, a = size; data = its bytes */
	EV_FAULT, /* exception raised; addr = va, a = code, b = from user mode
	           */

	/* kernel, seen from outside */
	EV_PT_WRITE,      /* kernel wrote an entry: addr = pa, a = new, b = old,
	                   * c = level */
	EV_FLUSH,         /* the kernel decided about a TLB flush: a = enum
	                   * flush_event, [addr, b) the addresses, c = the
	                   * CPU it is about or FLUSH_EVERY_CPU; text = why;
	                   * data = const unsigned *, the mm's id, or NULL */
	EV_MM_NEW,        /* a = mm id, b = root pa, c = parent mm id or 0 */
	EV_MM_EXIT,       /* a = mm id: nobody uses it, its mappings go */
	EV_MM_FREE,       /* a = mm id */
	EV_PIN,           /* a reference to user memory was taken, dropped or
	                   * used by the kernel or a device: data = struct
	                   * pin_record const * (base/access.h) */
	EV_CR3,           /* cpu loaded a root: a = root pa, b = pcid */
	EV_SYSCALL_ENTER, /* a = nr on x86_64, addr = nr on this architecture,
	                   * b = mm id; data = const uint64_t[6];
	                   * text = name */
	EV_SYSCALL_EXIT,  /* likewise, c = result */
	EV_KERNEL_ENTER,  /* work of the kernel a scenario starts by name
	                   * (khugepaged, reclaim): text = name */
	EV_KERNEL_EXIT,
	EV_LOCK,     /* a = enum lock_event (base/lockdep.h),
	              * addr = lock's object; text = class */
	EV_RULE,     /* a rule was broken; text says which; a,b: classes of
	              * locks, data: const char *, the name of one */
	EV_RCU,      /* a = enum rcu_event */
	EV_IRQ,      /* interrupts of the agent's CPU: a = 1 on, 0 off */
	EV_IPI,      /* addr = target cpu, a = 0 sent 1 taken 2 done */
	EV_NOTE,     /* text for the reader of a report; addr */
	EV_DEADLOCK, /* nobody can move; data = NULL */
	EV_TYPE_COUNT
};

enum flush_event {
	FLUSH_DEFERRED, /* it is owed and comes later */
	FLUSH_SKIPPED,  /* it does not come */
	FLUSH_BEGUN     /* it comes, as far as CPUs are not skipped */
};
#define FLUSH_EVERY_CPU UINT64_MAX

struct event {
	enum event_type type;
	struct agent *agent; /* NULL: outside of a run */
	uint64_t step;       /* number of the step it belongs to */
	uint64_t addr;
	uint64_t a, b, c;
	const char *text;
	const void *data;
};

struct observer {
	const char *name;
	uint64_t types; /* bits of enum event_type */
	void (*event)(struct observer *o, struct machine *m,
	              const struct event *ev);
	struct observer *next;
};

/**
 * observe - @o is told of events from now on; borrowed, must outlive the
 * machine or be removed. Its `types` must not change while it is registered.
 */
void observe(struct machine *m, struct observer *o);
/** unobserve - @o is told no longer; what never was is fine. */
void unobserve(struct machine *m, struct observer *o);

/**
 * emit_event - deliver @ev to those who asked, step and agent filled in; use
 * emit() below.
 */
void emit_event(struct machine *m, struct event *ev);

/** event_wanted - is anybody observing @type? */
#define event_wanted(m, type_) (((m)->observed >> (type_)) & 1)

/**
 * emit - say that something happened.
 * Usage: emit(m, EV_PT_WRITE, .addr = pa, .a = new, .b = old, .c = level);
 * step and agent are filled in.
 */
#define emit(m, type_, ...)                                                    \
	do {                                                                   \
		if (unlikely(event_wanted(m, type_))) {                        \
			struct event ev_ = { .type = (type_), ##__VA_ARGS__ }; \
			emit_event(m, &ev_);                                   \
		}                                                              \
	} while (0)

/**
 * event_type_name - what a type of event is called in traces.
 * @type: below EV_TYPE_COUNT
 *
 * Return: a literal.
 */
const char *event_type_name(enum event_type type);

#endif
