/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/emu/rig.h"

#include <string.h>

#include "base/policy.h"
#include "pagetable/arm64.h"
#include "pagetable/format.h"

/* On each of them. */
#define VALID     UINT64_C(1)
/* VM_READ, VM_WRITE, VM_SHARED; Tagged, where there are tags. */
#define USER_DATA (0xb | ARM64_VM_MTE)

struct rig rig;

static const uint8_t level_kind[] = { [1] = FRAME_PT_PTE,
	                              [2] = FRAME_PT_PMD,
	                              [3] = FRAME_PT_PUD,
	                              [4] = FRAME_PT_PGD };

static paddr_t new_frame(enum frame_kind kind)
{
	struct page *page = alloc_frames(rig.m, 0, kind, true);

	ck_assert_ptr_nonnull(page);
	return page_to_pfn(&rig.m->mem, page) << PAGE_SHIFT;
}

static const struct pt_format *format(void)
{
	return pt_format_of(rig.m);
}

/* Where the PTE of @va is; makes the tables. */
static paddr_t pte_of(vaddr_t va)
{
	struct physmem *mem = &rig.m->mem;
	paddr_t table = rig.root;

	for (unsigned level = 4; level > 1; level--) {
		paddr_t at = table + (va >> (12 + 9 * (level - 1)) & 511) * 8;
		uint64_t entry = phys_read(mem, at, 8);

		if (!(entry & VALID)) {
			entry = format()->make_table(
				new_frame(level_kind[level - 1]) >> PAGE_SHIFT);
			phys_write(mem, at, 8, entry);
		}
		table = format()->pfn(entry, level) << PAGE_SHIFT;
	}
	return table + (va >> 12 & 511) * 8;
}

static paddr_t map_page(vaddr_t va)
{
	paddr_t at = pte_of(va);
	uint64_t pte = phys_read(&rig.m->mem, at, 8);

	/* A page that was shot down keeps its frame. */
	if (!pte)
		pte = format()->make_leaf(new_frame(FRAME_ANON) >> PAGE_SHIFT,
		                          format()->vm_prot(USER_DATA), 1);
	if (!(phys_read(&rig.m->mem, at, 8) & VALID))
		phys_write(&rig.m->mem, at, 8, pte | VALID);
	return format()->pfn(pte, 1) << PAGE_SHIFT;
}

uint64_t rig_load(vaddr_t va, unsigned size)
{
	return phys_read(&rig.m->mem, map_page(va) | (va & ~PAGE_MASK), size);
}

void rig_store(vaddr_t va, unsigned size, uint64_t value)
{
	phys_write(&rig.m->mem, map_page(va) | (va & ~PAGE_MASK), size, value);
}

/* ---- the kernel ---- */

static bool ours(vaddr_t va)
{
	return va - DATA < DATA_PAGES * PAGE_SIZE ||
	       va - FAR < DATA_PAGES * PAGE_SIZE;
}

static bool rig_page_fault(struct task *t, const struct fault_info *f)
{
	/* FAR_EL1 keeps the tag. */
	vaddr_t va = rig.m->arch == ARCH_ARM64 ? f->addr << 8 >> 8 : f->addr;

	ck_assert(!t->cpu->user_mode);
	ck_assert(!t->cpu->in_insn);
	rig.nr_faults++;
	step(STEP_WRITE, phys_obj(0x1000), 8, "map", f->addr);
	if (!ours(va) || (f->present && !f->write))
		return false;
	map_page(va);
	return true;
}

static void flush_here(void *info)
{
	rig.nr_irqs++;
	ck_assert(!this_cpu()->in_insn);
	this_machine()->hw->invlpg(this_machine(), *(vaddr_t *)info);
}

static long shoot(vaddr_t va)
{
	struct machine *m = this_machine();
	vaddr_t *info = kzalloc(m, sizeof(*info), "flush");

	if (ours(va)) {
		paddr_t at = pte_of(va);

		step(STEP_WRITE, phys_obj(at), 8, "unmap", va);
		phys_write(&m->mem, at, 8, phys_read(&m->mem, at, 8) & ~VALID);
	}
	if (m->hw->tlbi) {
		const struct tlbi t = { .op = TLBI_VAA,
			                .inner_shareable = true,
			                .va = va };

		m->hw->tlbi(m, &t);
		m->hw->dsb(m, BARRIER_ISH);
		rig.nr_irqs += m->nr_cpus;
		return 0;
	}
	*info = va;
	on_each_cpu_mask(BIT_ULL(m->nr_cpus) - 1, flush_here, info, true);
	return 0;
}

static long rig_syscall(struct task *t, long nr, const uint64_t args[6])
{
	rig.nr_syscalls++;
	ck_assert(!t->cpu->user_mode);
	switch (nr) {
	case RIG_ADD:
		return (long)(args[0] + args[1]);
	case RIG_EXIT:
		guest_thread_end(t);
		return 0;
	case RIG_SHOOT:
		return shoot(args[0]);
	case RIG_YIELD:
		schedule();
		return 0;
	case RIG_TIMER:
		if (args[0] >= rig.m->nr_cpus)
			return -22;
		step(STEP_IPI, OBJ_NONE, 0, "timer", args[0]);
		cpu_raise(&rig.m->cpus[args[0]], IRQ_TIMER);
		return 0;
	default:
		return -38;
	}
}

static const struct kernel_ops rig_kernel = {
	.page_fault = rig_page_fault,
	.syscall = rig_syscall,
};

/* ---- life ---- */

static void boot(void)
{
	rig.root = new_frame(FRAME_PT_PGD);
	for (unsigned i = 0; i < rig.m->nr_cpus; i++)
		rig.emu->vcpus[i].mmu.root = rig.root;
	rig.nr_threads = 0;
	rig.nr_faults = rig.nr_syscalls = rig.nr_irqs = 0;
}

void rig_setup(enum arch_id arch, unsigned nr_cpus)
{
	struct machine_config config = { .arch = arch,
		                         .nr_cpus = nr_cpus,
		                         .memory_bytes = 64 << 20 };

	memset(&rig, 0, sizeof(rig));
	rig.m = machine_new(&config);
	rig.emu = emu_new(rig.m, NULL, NULL);
	rig.m->kernel = &rig_kernel;
	boot();
}

void rig_teardown(void)
{
	emu_free(rig.emu);
	machine_free(rig.m);
}

void rig_reset(const struct vcpu_ops *engine)
{
	struct emu_config config;

	emu_config_default(&config);
	config.engine = engine;
	emu_set_config(rig.emu, &config);
	machine_reset(rig.m);
	emu_reset(rig.emu);
	boot();
}

struct task *rig_thread(unsigned cpu, const struct program *p)
{
	struct task *t = guest_thread_new(rig.m, cpu, "thread", p, NULL);

	ck_assert_ptr_nonnull(t);
	rig.thread[rig.nr_threads++] = t;
	return t;
}

enum run_end rig_run(uint64_t seed)
{
	struct policy *policy =
		seed ? policy_random_new(seed) : policy_timed_new();
	enum run_end end;

	rig.m->policy = policy;
	if (policy->begin)
		policy->begin(policy, rig.m);
	end = machine_run(rig.m);
	rig.m->policy = NULL;
	policy_free(policy);
	return end;
}
