/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/event.h"

#include "base/bug.h"
#include "base/machine.h"

static void recompute(struct machine *m)
{
	m->observed = 0;
	for (struct observer *o = m->observers; o; o = o->next)
		m->observed |= o->types;
}

void observe(struct machine *m, struct observer *o)
{
	struct observer **tail = &m->observers;

	while (*tail) {
		BUG_ON(*tail == o);
		tail = &(*tail)->next;
	}
	o->next = NULL;
	*tail = o;
	recompute(m);
}

void unobserve(struct machine *m, struct observer *o)
{
	struct observer **link = &m->observers;

	while (*link && *link != o)
		link = &(*link)->next;
	if (*link)
		*link = o->next;
	recompute(m);
}

void emit_event(struct machine *m, struct event *ev)
{
	ev->agent = current_agent;
	ev->step = m->sched.nr_steps;
	for (struct observer *o = m->observers; o; o = o->next)
		if (o->types >> ev->type & 1)
			o->event(o, m, ev);
}

const char *event_type_name(enum event_type type)
{
	static const char *const names[EV_TYPE_COUNT] = {
		[EV_STEP] = "step",
		[EV_CHOICE] = "choice",
		[EV_AGENT_NEW] = "agent-new",
		[EV_AGENT_DONE] = "agent-done",
		[EV_SWITCH] = "switch",
		[EV_FRAME_ALLOC] = "frame-alloc",
		[EV_FRAME_FREE] = "frame-free",
		[EV_FRAME_BAD_FREE] = "frame-bad-free",
		[EV_FRAME_UAF] = "frame-uaf",
		[EV_OBJ_ALLOC] = "obj-alloc",
		[EV_OBJ_FREE] = "obj-free",
		[EV_OBJ_UAF] = "obj-uaf",
		[EV_OBJ_BAD_FREE] = "obj-bad-free",
		[EV_TLB_FILL] = "tlb-fill",
		[EV_TLB_DROP] = "tlb-drop",
		[EV_TLB_FLUSH] = "tlb-flush",
		[EV_WALK_READ] = "walk-read",
		[EV_WALK_WRITE] = "walk-write",
		[EV_ACCESS] = "access",
		[EV_TAG] = "tag",
		[EV_PAGE_TAGS] = "page-tags",
		[EV_INSN] = "insn",
		[EV_FAULT] = "fault",
		[EV_PT_WRITE] = "pt-write",
		[EV_FLUSH] = "flush",
		[EV_MM_NEW] = "mm-new",
		[EV_MM_EXIT] = "mm-exit",
		[EV_MM_FREE] = "mm-free",
		[EV_PIN] = "pin",
		[EV_CR3] = "cr3",
		[EV_SYSCALL_ENTER] = "syscall-enter",
		[EV_SYSCALL_EXIT] = "syscall-exit",
		[EV_KERNEL_ENTER] = "kernel-enter",
		[EV_KERNEL_EXIT] = "kernel-exit",
		[EV_LOCK] = "lock",
		[EV_RULE] = "rule",
		[EV_RCU] = "rcu",
		[EV_IRQ] = "irq",
		[EV_IPI] = "ipi",
		[EV_NOTE] = "note",
		[EV_DEADLOCK] = "deadlock",
	};

	return type < EV_TYPE_COUNT && names[type] ? names[type] : "?";
}
