// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a thread asks of tag checks and tagged addresses: Linux v6.12
 * arch/arm64/kernel/mte.c and process.c.
 */
#include <errno.h>

#include "mm/arm64/mte.h"
#include "mm/mm.h"
#include "mm/uapi.h"

static bool system_supports_mte(void)
{
	return machine_kernel(this_machine())->options->mte;
}

/* Bit 55 is copied into the top byte: addresses of the kernel stay theirs. */
static vaddr_t arm64_untagged_addr(vaddr_t addr)
{
	return addr & (vaddr_t)((int64_t)(addr << 8) >> 8);
}

/*
 * mte_update_sctlr_user(): of what the program permits, what the CPU prefers
 * (/sys/devices/system/cpu/cpuN/mte_tcf_preferred); if it permits something
 * else, in the order asymmetric, async, sync. Both bits together permit the
 * asymmetric mode as well.
 */
static enum mte_tcf resolve_tcf(uint32_t ctrl)
{
	enum mte_tcf preferred =
		machine_kernel(this_machine())->options->mte_tcf_preferred;
	bool sync = ctrl & PR_MTE_TCF_SYNC, async = ctrl & PR_MTE_TCF_ASYNC;

	if (sync && async)
		return preferred;
	return sync ? MTE_TCF_SYNC : async ? MTE_TCF_ASYNC : MTE_TCF_NONE;
}

/* mte_thread_switch(). */
static void arm64_switch_to(struct task *t)
{
	struct machine *m = this_machine();
	uint32_t ctrl = t->mte.ctrl;

	if (system_supports_mte() && m->hw->write_mte)
		m->hw->write_mte(m, resolve_tcf(ctrl),
		                 (uint16_t) ~(ctrl >> PR_MTE_TAG_SHIFT));
}

static long arm64_set_tagged_addr_ctrl(struct task *t, uint64_t arg)
{
	uint64_t valid_mask = PR_TAGGED_ADDR_ENABLE;

	if (system_supports_mte())
		valid_mask |=
			PR_MTE_TCF_SYNC | PR_MTE_TCF_ASYNC | PR_MTE_TAG_MASK;
	if (arg & ~valid_mask)
		return -EINVAL;
	t->mte.ctrl = (uint32_t)(arg & ~PR_TAGGED_ADDR_ENABLE);
	t->mte.tagged_addr = arg & PR_TAGGED_ADDR_ENABLE;
	arm64_switch_to(t);
	return 0;
}

static long arm64_get_tagged_addr_ctrl(const struct task *t)
{
	return (long)(t->mte.ctrl |
	              (t->mte.tagged_addr ? PR_TAGGED_ADDR_ENABLE : 0));
}

const struct thread_ops arm64_thread_ops = {
	.untagged_addr = arm64_untagged_addr,
	.set_tagged_addr_ctrl = arm64_set_tagged_addr_ctrl,
	.get_tagged_addr_ctrl = arm64_get_tagged_addr_ctrl,
	.switch_to = arm64_switch_to,
};
