/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/uaccess.h"

#include <errno.h>
#include <string.h>

#include "emu/vcpu.h"

/* A fault of the kernel's own is not deadly: it has a fixup. */
static bool fault_in(struct task *t, const struct fault_info *fault)
{
	const struct machine *m = t->agent->machine;
	int exit_signal = t->exit_signal;
	uint64_t fault_addr = t->fault_addr;
	const char *exit_reason = t->exit_reason;
	int exit_si_code = t->exit_si_code;

	if (!m->kernel || !m->kernel->page_fault)
		return false;
	charge(m->costs->fault);
	if (m->kernel->page_fault(t, fault))
		return true;
	t->exit_signal = exit_signal;
	t->exit_si_code = exit_si_code;
	t->fault_addr = fault_addr;
	t->exit_reason = exit_reason;
	return false;
}

/* Linux v6.12 arch/arm64/include/asm/uaccess.h access_ok(): a tag is ignored
 * for who asked for that. The rest of it the MMU sees. */
static bool access_ok(const struct task *t, const struct mmu *mmu, vaddr_t va)
{
	return !(va & ~mmu->user_mask) || t->mte.tagged_addr ||
	       t->agent->kind == AGENT_KTHREAD;
}

/* One access in kernel mode with RFLAGS.AC set; 0 or -EFAULT. @atomic: a fault
 * is not handled. */
static int user_access(struct mmu_access *acc, bool atomic)
{
	struct task *t = current_task();
	struct mmu *mmu = &this_vcpu()->mmu;
	struct fault_info fault = { 0 };
	uint64_t value = acc->value;

	if (!access_ok(t, mmu, acc->va))
		return -EFAULT;
	acc->user = false;
	acc->ac = true;
	for (;;) {
		bool done = mmu_access(mmu, acc, &fault);

		cpu_end_insn(t->cpu);
		if (done) {
			monitor_see_store(this_vcpu(), acc);
			return 0;
		}
		if (acc->outcome != MMU_PAGE_FAULT || atomic ||
		    !fault_in(t, &fault))
			return -EFAULT;
		acc->value = value;
	}
}

/* As large as the rest and alignment allow, so that no part crosses a page. */
static unsigned next_size(vaddr_t addr, size_t n)
{
	unsigned size = 8;

	while (size > n || !IS_ALIGNED(addr, size))
		size >>= 1;
	return size;
}

size_t user_load_bytes(void *to, vaddr_t from, size_t n, bool atomic)
{
	uint8_t *bytes = to;

	while (n) {
		unsigned size = next_size(from, n);
		struct mmu_access acc = { .va = from,
			                  .size = (uint8_t)size,
			                  .op = MMU_LOAD };

		if (user_access(&acc, atomic))
			return n;
		memcpy(bytes, &acc.value, size);
		bytes += size;
		from += size;
		n -= size;
	}
	return 0;
}

int copy_from_user(void *to, vaddr_t from, size_t n)
{
	return user_load_bytes(to, from, n, false) ? -EFAULT : 0;
}

int copy_to_user(vaddr_t to, const void *from, size_t n)
{
	const uint8_t *bytes = from;

	while (n) {
		unsigned size = next_size(to, n);
		struct mmu_access acc = { .va = to,
			                  .size = (uint8_t)size,
			                  .op = MMU_STORE };

		memcpy(&acc.value, bytes, size);
		if (user_access(&acc, false))
			return -EFAULT;
		bytes += size;
		to += size;
		n -= size;
	}
	return 0;
}

long strncpy_from_user(char *to, vaddr_t from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (copy_from_user(&to[i], from + i, 1))
			return -EFAULT;
		if (!to[i])
			return (long)i;
	}
	return -ENAMETOOLONG;
}
