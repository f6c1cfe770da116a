/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel-fault: a page fault of the kernel at an address of its own.  It has no
 * handler: what is published is mapped, and nobody uses what is not.
 */
#include <inttypes.h>

#include "oracle/set_internal.h"

void kernel_fault_event(struct oracle_set *set, enum oracle_id id,
                        const struct event *ev)
{
	const bool user = ev->b;
	struct hazard *h;

	if (user || !(ev->addr >> 63))
		return;
	h = hazard_begin(set, id, ev, mix_key(ev->addr, ev->c));
	if (!h)
		return;
	hazard_range(h, ev->addr & PAGE_MASK, PAGE_SIZE);
	hazard_link(set, h, HAZARD_USED, event_agent(ev), ev->step);
	hazard_who(set, h, -1, event_agent(ev));
	hazard_text(set, h,
	            "%s faulted on 0x%" PRIx64 ", an address of the kernel",
	            agent_name(set, event_agent(ev)), ev->addr);
}
