/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/vcpu.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>

#include "base/bug.h"
#include "base/mtetags.h"
#include "base/once.h"
#include "emu/code.h"
#include "emu/uaccess.h"
#include "emu/unicorn_pool.h"
#include "emu/vcpu_arch.h"
#include "emu/vcpu_ops.h"
#include "mmu/speculate.h"

/* ---- what the kernel tells the hardware ---- */

static struct mmu *this_mmu(void)
{
	return &this_vcpu()->mmu;
}

static void hw_send_ipi(struct machine *m, unsigned cpu)
{
	cpu_raise(&m->cpus[cpu], IRQ_CALL_FUNCTION);
}

static void hw_invlpg(struct machine *m, vaddr_t addr)
{
	(void)m;
	mmu_invlpg(this_mmu(), addr);
}

/* The kernel asks for nothing that would be #GP. */
static void hw_invpcid(struct machine *m, unsigned type, unsigned pcid,
                       vaddr_t addr)
{
	bool ok = mmu_invpcid(this_mmu(), type, pcid, addr);

	(void)m;
	BUG_ON(!ok);
}

static void hw_write_cr3(struct machine *m, paddr_t root, unsigned pcid,
                         bool noflush)
{
	bool ok = mmu_write_cr3(this_mmu(), root, pcid, noflush);

	(void)m;
	BUG_ON(!ok);
}

static uint64_t hw_read_cr3(struct machine *m, unsigned cpu)
{
	return mmu_read_cr3(&cpu_vcpu(&m->cpus[cpu])->mmu);
}

static void hw_flush_all(struct machine *m)
{
	(void)m;
	mmu_flush_all(this_mmu());
}

static void hw_tlbi(struct machine *m, const struct tlbi *t)
{
	(void)m;
	mmu_tlbi(this_mmu(), t);
}

static void hw_write_ttbr0(struct machine *m, paddr_t root, unsigned asid)
{
	(void)m;
	mmu_write_ttbr0(this_mmu(), root, asid);
}

static void hw_dsb(struct machine *m, enum barrier_domain domain)
{
	(void)m;
	mmu_dsb(this_mmu(), domain);
}

static void hw_isb(struct machine *m)
{
	(void)m;
	mmu_isb(this_mmu());
}

static void hw_write_mte(struct machine *m, enum mte_tcf tcf, uint16_t exclude)
{
	(void)m;
	mmu_write_tcf(this_mmu(), tcf);
	this_vcpu()->mte.exclude = exclude;
}

static void hw_set_kernel_root(struct machine *m, paddr_t root)
{
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		struct mmu *mmu = &cpu_vcpu(&m->cpus[i])->mmu;

		if (m->arch == ARCH_ARM64)
			mmu->arm64.root1 = root;
		else if (!mmu->root)
			mmu->root = root;
	}
}

static bool hw_kernel_access(struct machine *m, vaddr_t va, bool write,
                             uint64_t *value)
{
	struct mmu_access acc = { .va = va,
		                  .value = *value,
		                  .size = 8,
		                  .op = write ? MMU_STORE : MMU_LOAD };
	struct fault_info fault = { 0 };
	bool done = mmu_access(this_mmu(), &acc, &fault);

	(void)m;
	cpu_end_insn(current_task()->cpu);
	if (done)
		*value = acc.value;
	return done;
}

static size_t hw_copy_from_user(struct machine *m, void *to, vaddr_t from,
                                size_t n, bool atomic)
{
	(void)m;
	return user_load_bytes(to, from, n, atomic);
}

const struct machine_ops emu_machine_ops = {
	.send_ipi = hw_send_ipi,
	.invlpg = hw_invlpg,
	.invpcid = hw_invpcid,
	.write_cr3 = hw_write_cr3,
	.read_cr3 = hw_read_cr3,
	.flush_all = hw_flush_all,
	.set_kernel_root = hw_set_kernel_root,
	.kernel_access = hw_kernel_access,
	.copy_from_user = hw_copy_from_user,
};

static const struct machine_ops arm64_machine_ops = {
	.send_ipi = hw_send_ipi,
	.tlbi = hw_tlbi,
	.write_ttbr0 = hw_write_ttbr0,
	.dsb = hw_dsb,
	.isb = hw_isb,
	.write_mte = hw_write_mte,
	.set_kernel_root = hw_set_kernel_root,
	.kernel_access = hw_kernel_access,
	.copy_from_user = hw_copy_from_user,
};

/* ---- life ---- */

void emu_config_default(struct emu_config *config)
{
	*config = (struct emu_config){
		.engine = &vcpu_ops_unicorn,
		.switches = mmu_switches_default,
		.size_mix = SIZE_MIX_COUNT,
		.pcid = true,
		.global = true,
	};
}

/* What a run may vary, on top of what mmu_init() and mmu_reset() set. */
static void configure(struct emu *emu)
{
	const struct emu_config *config = &emu->config;

	for (unsigned i = 0; i < emu->machine->nr_cpus; i++) {
		struct mmu *mmu = &emu->vcpus[i].mmu;

		mmu_set_switches(mmu, &config->switches);
		mmu->size_mix = config->size_mix;
		if (config->size_mix == SIZE_MIX_COUNT)
			mmu->size_mix = mmu->profile->size_mix;
		mmu->cr4_pcide = config->pcid;
		mmu->cr4_pge = config->global;
	}
}

/* IRG of a task that has not asked for anything gives tag 0: Linux v6.12
 * arch/arm64/kernel/mte.c mte_update_gcr_excl(). */
static void reset_arm64(struct vcpu *vcpu)
{
	vcpu->monitor.granule = NO_GRANULE;
	vcpu->mte =
		(struct mte_random){ .exclude = UINT16_MAX,
		                     .seed = (uint16_t)(vcpu->cpu->id + 1) };
}

struct emu *emu_new(struct machine *m, const struct cpu_profile *profile,
                    const struct emu_config *config)
{
	struct emu *emu = g_new0(struct emu, 1);

	if (!profile)
		profile = profile_default_of(m->arch);
	emu->machine = m;
	emu->vcpus = g_new0(struct vcpu, m->nr_cpus);
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		struct vcpu *vcpu = &emu->vcpus[i];

		vcpu->cpu = &m->cpus[i];
		vcpu->emu = emu;
		reset_arm64(vcpu);
		m->cpus[i].hw_data = vcpu;
		mmu_init(&vcpu->mmu, m, &m->cpus[i], profile);
	}
	emu->arch = vcpu_arch_get(m->arch);
	emu->code = code_cache_new(emu->arch);
	emu->pool = unicorn_pool_new(emu->arch);
	m->hw = m->arch == ARCH_ARM64 ? &arm64_machine_ops : &emu_machine_ops;
	m->hw_data = emu;
	m->costs = &profile->costs;
	emu_config_default(&emu->config);
	emu_set_config(emu, config);
	configure(emu);
	return emu;
}

void emu_set_config(struct emu *emu, const struct emu_config *config)
{
	if (config)
		emu->config = *config;
	if (!emu->config.engine)
		emu->config.engine = &vcpu_ops_unicorn;
}

void emu_reset(struct emu *emu)
{
	for (unsigned i = 0; i < emu->machine->nr_cpus; i++) {
		mmu_reset(&emu->vcpus[i].mmu);
		emu->vcpus[i].nr_insns = 0;
		emu->vcpus[i].next_tick = 0;
		reset_arm64(&emu->vcpus[i]);
	}
	emu->nr_exclusive = 0;
	unicorn_pool_reset(emu->pool);
	configure(emu);
}

void emu_free(struct emu *emu)
{
	struct machine *m;

	if (!emu)
		return;
	m = emu->machine;
	unicorn_pool_free(emu->pool);
	code_cache_free(emu->code);
	for (unsigned i = 0; i < m->nr_cpus; i++) {
		mmu_fini(&emu->vcpus[i].mmu);
		m->cpus[i].hw_data = NULL;
	}
	m->hw = NULL;
	m->hw_data = NULL;
	m->costs = &cost_table_default;
	g_free(emu->vcpus);
	g_free(emu);
}

int emu_start_walkers(struct emu *emu, cpumask_t cpus, bool evict)
{
	for (unsigned i = 0; i < emu->machine->nr_cpus; i++) {
		int err = 0;

		if (cpus >> i & 1)
			err = mmu_walker_start(&emu->vcpus[i].mmu, evict);
		if (err)
			return err;
	}
	return 0;
}

int emu_add_candidate(struct emu *emu, vaddr_t va)
{
	for (unsigned i = 0; i < emu->machine->nr_cpus; i++) {
		int err = 0;

		if (emu->vcpus[i].mmu.walker)
			err = mmu_walker_add(&emu->vcpus[i].mmu, va);
		if (err)
			return err;
	}
	return 0;
}

/* ---- between user mode and the kernel ---- */

void vcpu_enter_kernel(struct task *t)
{
	t->cpu->user_mode = false;
	if (unlikely(mmu_take_tfsr(&cpu_vcpu(t->cpu)->mmu)))
		t->mte.async_fault = true;
	cpu_end_insn(t->cpu);
	smp_mb();
}

/* Linux v6.12 arch/arm64/kernel/entry-common.c do_notify_resume(). */
static void mte_async_fault(struct task *t)
{
	t->mte.async_fault = false;
	vcpu_kill(t, SIGSEGV, SEGV_MTEAERR, 0, "asynchronous tag check fault");
}

void vcpu_enter_user(struct task *t)
{
	while (t->cpu->need_resched)
		schedule();
	if (unlikely(t->mte.async_fault && !task_guest(t)->ended))
		mte_async_fault(t);
	smp_mb();
	monitor_clear(cpu_vcpu(t->cpu));
	t->cpu->user_mode = true;
}

void vcpu_kill(struct task *t, int signal, int si_code, vaddr_t addr,
               const char *why)
{
	if (!t->exit_signal) {
		t->exit_signal = signal;
		t->exit_si_code = si_code;
		t->fault_addr = addr;
		t->exit_reason = why;
	}
	task_guest(t)->ended = true;
}

static bool page_fault(struct task *t, struct fault_info *fault)
{
	const struct kernel_ops *kernel = t->agent->machine->kernel;
	bool retry;

	step(STEP_FAULT, OBJ_NONE, 0, "page fault", fault->addr);
	charge(t->agent->machine->costs->fault);
	retry = kernel && kernel->page_fault && kernel->page_fault(t, fault);
	lockdep_exit_check(LOCKDEP_SYS_EXIT);
	return retry;
}

/* Linux v6.12 arch/arm64/mm/fault.c fault_info[]. */
static void abort_signal(struct task *t, const struct mmu_access *acc,
                         const struct fault_info *fault)
{
	if ((fault->code & ESR_FSC) == ESR_FSC_ALIGNMENT)
		vcpu_kill(t, SIGBUS, BUS_ADRALN, acc->va, "alignment fault");
	else
		vcpu_kill(t, SIGKILL, SI_KERNEL, acc->va, "TLB conflict abort");
}

/* Return: true to try the access again. */
static bool exception(struct task *t, const struct mmu_access *acc,
                      struct fault_info *fault)
{
	bool retry = false;

	vcpu_enter_kernel(t);
	switch ((enum mmu_outcome)acc->outcome) {
	case MMU_PAGE_FAULT:
		retry = page_fault(t, fault);
		break;
	case MMU_GP_FAULT:
		emit(t->agent->machine, EV_FAULT, .addr = acc->va,
		     .text = "#GP");
		break;
	case MMU_MACHINE_CHECK:
		emit(t->agent->machine, EV_FAULT, .addr = acc->va,
		     .text = "#MC");
		vcpu_kill(t, SIGBUS, BUS_OBJERR, acc->va, "machine check");
		break;
	case MMU_ABORT:
		abort_signal(t, acc, fault);
		break;
	case MMU_DONE:
		BUG();
	}
	if (!retry)
		vcpu_kill(t, SIGSEGV, SI_KERNEL, acc->va,
		          "general protection fault");
	vcpu_enter_user(t);
	return retry;
}

bool vcpu_access(struct task *t, struct mmu_access *acc, vaddr_t pc)
{
	struct mmu *mmu = &cpu_vcpu(t->cpu)->mmu;
	struct fault_info fault = { 0 };
	uint64_t value = acc->value;

	acc->user = true;
	for (;;) {
		bool done;

		vcpu_preempt(t);
		if (unlikely(task_guest(t)->ended))
			return false;
		done = mmu_access(mmu, acc, &fault);
		cpu_end_insn(t->cpu);
		if (likely(done)) {
			monitor_see_store(cpu_vcpu(t->cpu), acc);
			return true;
		}
		fault.pc = pc;
		if (!exception(t, acc, &fault))
			return false;
		acc->value = value;
	}
}

long vcpu_syscall(struct task *t, long nr, const uint64_t args[6])
{
	struct machine *m = t->agent->machine;
	long result = -ENOSYS;

	vcpu_enter_kernel(t);
	charge(m->costs->syscall);
	if (m->kernel && m->kernel->syscall)
		result = m->kernel->syscall(t, nr, args);
	vcpu_enter_user(t);
	return result;
}

uint64_t vcpu_irg(uint64_t va, uint16_t exclude)
{
	unsigned left = (uint16_t) ~(exclude | this_vcpu()->mte.exclude);
	unsigned pick = 0;

	if (left)
		pick = choose(CHOICE_OTHER, (unsigned)__builtin_popcount(left),
		              OBJ_NONE, "irg");
	while (pick--)
		left &= left - 1;
	return mte_set_ptr_tag(va, left ? (unsigned)__builtin_ctz(left) : 0);
}

void vcpu_loop(struct task *t, unsigned line)
{
	vcpu_preempt(t);
	step(STEP_LOCAL, OBJ_NONE, 0, "loop", line);
}
