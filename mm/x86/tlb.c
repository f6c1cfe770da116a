/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/x86/tlb.h"

#include <glib.h>
#include <inttypes.h>

#include "base/bug.h"
#include "mm/mm.h"
#include "mm/mmu_context.h"
#include "mm/mmu_gather.h"
#include "mm/x86/x86.h"

/* ---- what the CPU is told ---- */

static void write_cr3(paddr_t root, unsigned pcid, bool noflush)
{
	struct machine *m = this_machine();

	if (m->hw && m->hw->write_cr3)
		m->hw->write_cr3(m, root, pcid, noflush);
}

/* Linux v6.12 arch/x86/mm/tlb.c native_flush_tlb_one_user() */
static void flush_tlb_one_user(vaddr_t addr)
{
	struct machine *m = this_machine();

	if (m->hw && m->hw->invlpg)
		m->hw->invlpg(m, addr);
}

static bool has_pcid(const struct kernel *k)
{
	return k->options->pcid;
}

/* build_cr3(): without PCID every address space is number 0. */
static unsigned cr3_pcid(const struct kernel *k, unsigned asid)
{
	return has_pcid(k) ? kern_pcid(asid) : 0;
}

/* Linux v6.12 arch/x86/mm/tlb.c native_flush_tlb_local() */
void flush_tlb_local(void)
{
	const struct tlb_state *ts = cpu_tlbstate(this_cpu());
	const struct mm_struct *mm = this_cpu_read(ts->loaded_mm);

	BUG_ON(mm == LOADED_MM_SWITCHING);
	write_cr3(mm->pgd, cr3_pcid(mm->kernel, ts->loaded_mm_asid), false);
}

/* ---- mm_cpumask and generation ---- */

static uint64_t read_mm_tlb_gen(struct mm_struct *mm)
{
	return (uint64_t)READ_ONCE_AT(mm->context.tlb_gen.counter,
	                              "read tlb_gen", 0);
}

/* Option flush_barrier=off: nothing orders the stores to the page tables before
 * the read of the CPU mask, as before 71b3c126e611 (v4.5, CVE-2016-2069). */
static uint64_t inc_mm_tlb_gen_plain(struct mm_struct *mm)
{
	uint64_t gen = read_mm_tlb_gen(mm) + 1;

	WRITE_ONCE_AT(mm->context.tlb_gen.counter, (int64_t)gen,
	              "write tlb_gen", 0);
	return gen;
}

/* Linux v6.12 arch/x86/include/asm/tlbflush.h inc_mm_tlb_gen() */
uint64_t inc_mm_tlb_gen(struct mm_struct *mm)
{
	if (!mm_opt(mm)->flush_barrier)
		return inc_mm_tlb_gen_plain(mm);
	return (uint64_t)RMW_ONCE_AT(mm->context.tlb_gen.counter, old + 1,
	                             "inc_mm_tlb_gen", 0) +
	       1;
}

static void set_loaded_mm(struct tlb_state *ts, struct mm_struct *mm)
{
	WRITE_ONCE_AT(ts->loaded_mm, mm, "write loaded_mm", 0);
}

static void set_is_lazy(struct tlb_state *ts, bool lazy)
{
	WRITE_ONCE_AT(ts->is_lazy, lazy, "write is_lazy", lazy);
}

/* ---- starting ---- */

/* Linux v6.12 arch/x86/mm/tlb.c initialize_tlbstate_and_flush() */
static void x86_init_contexts(struct kernel *k)
{
	struct machine *m = k->machine;
	unsigned i;

	for (i = 0; i < m->nr_cpus; i++) {
		struct cpu *cpu = &m->cpus[i];
		struct tlb_state *ts = kzalloc(m, sizeof(*ts), "tlb_state");

		BUG_ON(!ts);
		ts->loaded_mm = k->init_mm;
		ts->next_asid = 1;
		ts->ctxs[0].ctx_id = k->init_mm->context.ctx_id;
		ts->ctxs[0].tlb_gen =
			(uint64_t)k->init_mm->context.tlb_gen.counter;
		cpu->mm_data = ts;
		if (cpu->idle)
			cpu->idle->active_mm = k->init_mm;
	}
}

static void x86_init_new_context(struct mm_struct *mm)
{
	mm->context.ctx_id = ++mm->kernel->last_ctx_id;
}

/* ---- switching ---- */

struct new_asid {
	uint16_t asid;
	bool need_flush;
};

/* Linux v6.12 arch/x86/mm/tlb.c choose_new_asid() */
static struct new_asid choose_new_asid(struct tlb_state *ts,
                                       const struct mm_struct *next,
                                       uint64_t next_tlb_gen)
{
	struct new_asid res = { .asid = 0, .need_flush = true };
	uint16_t asid;

	if (!has_pcid(next->kernel))
		return res;

	for (asid = 0; asid < TLB_NR_DYN_ASIDS; asid++) {
		if (ts->ctxs[asid].ctx_id != next->context.ctx_id)
			continue;
		res.asid = asid;
		res.need_flush = ts->ctxs[asid].tlb_gen < next_tlb_gen;
		return res;
	}

	/* This CPU has no slot for it: take the next one, round robin. */
	res.asid = ts->next_asid++;
	if (res.asid >= TLB_NR_DYN_ASIDS) {
		res.asid = 0;
		ts->next_asid = 1;
	}
	return res;
}

/* Linux v6.12 arch/x86/mm/tlb.c load_new_mm_cr3() */
static void load_new_mm_cr3(const struct mm_struct *next, unsigned asid,
                            bool need_flush)
{
	write_cr3(next->pgd, cr3_pcid(next->kernel, asid), !need_flush);
}

/*
 * The same mm again. Not lazy: one thread follows another and nothing was
 * missed. Lazy: flushes may have passed this CPU by.
 *
 * Option switch_mm=clear_then_set is what OpenBSD's amd64 pmap did: the CPU
 * leaves the mask and joins it again although CR3 stays as it is, and a flush
 * in between does not reach it (its commit 9f1181d59de3 fixed that).
 *
 * Return: the ASID's entries must be flushed, and *@next_tlb_gen is set.
 */
static bool switch_to_same_mm(struct tlb_state *ts, struct mm_struct *next,
                              bool was_lazy, uint64_t *next_tlb_gen)
{
	unsigned cpu = smp_processor_id();

	if (mm_opt(next)->switch_mm == SWITCH_MM_CLEAR_THEN_SET &&
	    next != next->kernel->init_mm) {
		mm_cpumask_clear(next, cpu);
		mm_cpumask_set(next, cpu);
	}
	if (!was_lazy)
		return false;

	/*
	 * No longer lazy, then the generation: whoever bumps it in between
	 * sends an interrupt. Option lazy_barrier=off lets x86 turn them round.
	 */
	if (mm_opt(next)->lazy_barrier)
		smp_mb();
	*next_tlb_gen = read_mm_tlb_gen(next);
	return ts->ctxs[ts->loaded_mm_asid].tlb_gen != *next_tlb_gen;
}

/*
 * Leave @prev's mask, join @next's. Return: @next's generation after that.
 *
 * Until CR3 changes the CPU may still walk @prev's tables on its own, and no
 * flush of @prev reaches it any more. Option switch_mm=lazy_mask is Linux since
 * 209954cbc7d0 (v6.13, "Update mm_cpumask lazily"): it stays in the mask until
 * a flush comes, which waits for the switch.
 */
static uint64_t switch_cpumask(struct tlb_state *ts, struct mm_struct *prev,
                               struct mm_struct *next)
{
	const struct mm_struct *init_mm = next->kernel->init_mm;
	unsigned cpu = smp_processor_id();

	/* From here on should_flush_tlb() takes no chances with this CPU. */
	set_loaded_mm(ts, LOADED_MM_SWITCHING);

	if (prev != init_mm && mm_opt(next)->switch_mm != SWITCH_MM_LAZY_MASK)
		mm_cpumask_clear(prev, cpu);
	/* Start receiving IPIs, and then read tlb_gen. */
	if (next != init_mm)
		mm_cpumask_set(next, cpu);
	return read_mm_tlb_gen(next);
}

/* Linux v6.12 arch/x86/mm/tlb.c switch_mm_irqs_off() */
static void x86_switch_mm(struct mm_struct *unused, struct mm_struct *next,
                          struct task *tsk)
{
	struct tlb_state *ts = cpu_tlbstate(this_cpu());
	struct mm_struct *prev = this_cpu_read(ts->loaded_mm);
	bool was_lazy = this_cpu_read(ts->is_lazy);
	struct new_asid new = { .asid = ts->loaded_mm_asid,
		                .need_flush = true };
	uint64_t next_tlb_gen;

	(void)unused;
	(void)tsk;
	/* flush_tlb_func() must not run concurrently with us. */
	BUG_ON(!irqs_disabled());
	BUG_ON(prev == LOADED_MM_SWITCHING);

	if (was_lazy)
		set_is_lazy(ts, false);

	if (prev == next) {
		if (!switch_to_same_mm(ts, next, was_lazy, &next_tlb_gen))
			return;
	} else {
		next_tlb_gen = switch_cpumask(ts, prev, next);
		new = choose_new_asid(ts, next, next_tlb_gen);
	}

	if (new.need_flush) {
		ts->ctxs[new.asid].ctx_id = next->context.ctx_id;
		ts->ctxs[new.asid].tlb_gen = next_tlb_gen;
	}
	load_new_mm_cr3(next, new.asid, new.need_flush);

	/* CR3 first, then loaded_mm. */
	set_loaded_mm(ts, next);
	ts->loaded_mm_asid = new.asid;
}

/* Linux v6.12 arch/x86/mm/tlb.c enter_lazy_tlb() */
static void x86_enter_lazy_tlb(struct mm_struct *mm, struct task *tsk)
{
	struct tlb_state *ts = cpu_tlbstate(this_cpu());

	(void)tsk;
	if (this_cpu_read(ts->loaded_mm) == mm->kernel->init_mm)
		return;
	set_is_lazy(ts, true);
}

static const struct mm_struct *x86_loaded_mm(const struct cpu *cpu, bool *lazy)
{
	const struct tlb_state *ts = cpu_tlbstate(cpu);

	*lazy = ts->is_lazy;
	return ts->loaded_mm == LOADED_MM_SWITCHING ? NULL : ts->loaded_mm;
}

static char *x86_context_text(const struct mm_struct *mm)
{
	return g_strdup_printf("tlb_gen %" PRId64,
	                       (int64_t)mm->context.tlb_gen.counter);
}

const struct mmu_context_ops x86_context_ops = {
	.init = x86_init_contexts,
	.init_new_context = x86_init_new_context,
	.switch_mm = x86_switch_mm,
	.enter_lazy_tlb = x86_enter_lazy_tlb,
	.loaded_mm = x86_loaded_mm,
	.context_text = x86_context_text,
};

/* ---- flushing: why not, for reports ---- */

#define NOT_IN_CPUMASK "not in mm_cpumask"
#define OTHER_MM       "another mm is loaded"
#define SEEN_TLB_GEN   "its tlb_gen says it has seen this flush"
#define LAZY           "lazy, it flushes when it next switches"
#define LAZY_TABLES    "lazy (freed_tables_ipi_lazy=off)"
#define SWITCHING      "between two mms (switch_mm=skip_switching)"

static void skip_flush(const struct flush_tlb_info *f, unsigned cpu,
                       const char *why)
{
	const struct mm_struct *mm = f->mm;

	emit(this_machine(), EV_FLUSH, .a = FLUSH_SKIPPED, .addr = f->start,
	     .b = f->end, .c = cpu, .text = why, .data = mm ? &mm->id : NULL);
}

static void skip_cpus_outside(const struct flush_tlb_info *f, cpumask_t mask)
{
	struct machine *m = this_machine();

	if (!event_wanted(m, EV_FLUSH))
		return;
	for (unsigned i = 0; i < m->nr_cpus; i++)
		if (!(mask >> i & 1))
			skip_flush(f, i, NOT_IN_CPUMASK);
}

/* ---- flushing: the CPU that is told ---- */

/* Partial, if it takes this CPU exactly from one generation to the newest. */
static void flush_local_to(struct tlb_state *ts, const struct flush_tlb_info *f,
                           uint64_t mm_tlb_gen, bool local)
{
	struct tlb_context *ctx = &ts->ctxs[ts->loaded_mm_asid];
	struct kernel *k = machine_kernel(this_machine());

	if (f->end != TLB_FLUSH_ALL && f->new_tlb_gen == ctx->tlb_gen + 1 &&
	    f->new_tlb_gen == mm_tlb_gen) {
		BUG_ON(f->new_tlb_gen == TLB_GENERATION_INVALID);
		BUG_ON(!f->mm);
		for (vaddr_t addr = f->start; addr < f->end;
		     addr += BIT_ULL(f->stride_shift))
			flush_tlb_one_user(addr);
		if (local)
			count_vm_events(k, nr_tlb_local_flush_one,
			                (f->end - f->start) >> f->stride_shift);
	} else {
		flush_tlb_local();
		if (local)
			count_vm_event(k, nr_tlb_local_flush_all);
	}

	/* Either way everything up to mm_tlb_gen is flushed now. */
	ctx->tlb_gen = mm_tlb_gen;
}

/*
 * Linux v6.12 arch/x86/mm/tlb.c flush_tlb_func(). Three generations: of the mm
 * (the newest request), of this CPU's ASID (what it caught up with), and
 * new_tlb_gen, what the requester wants it to catch up with.
 */
void flush_tlb_func(void *info)
{
	const struct flush_tlb_info *f = info;
	struct kernel *k = machine_kernel(this_machine());
	struct tlb_state *ts = cpu_tlbstate(this_cpu());
	struct mm_struct *loaded_mm = this_cpu_read(ts->loaded_mm);
	bool local = smp_processor_id() == f->initiating_cpu;
	uint64_t local_tlb_gen, mm_tlb_gen;

	BUG_ON(!irqs_disabled());

	if (!local) {
		count_vm_event(k, nr_tlb_remote_flush_received);
		if (f->mm && f->mm != loaded_mm) {
			if (k->options->switch_mm == SWITCH_MM_LAZY_MASK)
				mm_cpumask_clear(f->mm, smp_processor_id());
			skip_flush(f, smp_processor_id(), OTHER_MM);
			return;
		}
	}
	if (loaded_mm == k->init_mm)
		return;

	/*
	 * Lazy: at least the paging-structure caches must be flushed.
	 * Switching to init_mm costs no more and spares the next flush.
	 */
	if (this_cpu_read(ts->is_lazy)) {
		x86_switch_mm(NULL, k->init_mm, NULL);
		return;
	}

	local_tlb_gen = ts->ctxs[ts->loaded_mm_asid].tlb_gen;
	if (f->new_tlb_gen != TLB_GENERATION_INVALID &&
	    f->new_tlb_gen <= local_tlb_gen) {
		skip_flush(f, smp_processor_id(), SEEN_TLB_GEN);
		return;
	}

	mm_tlb_gen = read_mm_tlb_gen(loaded_mm);
	if (local_tlb_gen == mm_tlb_gen) {
		/* A concurrent request's flush did it all. */
		skip_flush(f, smp_processor_id(), SEEN_TLB_GEN);
		return;
	}

	flush_local_to(ts, f, mm_tlb_gen, local);
}

/* ---- flushing: the CPU that asks ---- */

/*
 * Linux v6.12 arch/x86/mm/tlb.c should_flush_tlb(), with "Eliminate window
 * where TLB flushes may be inadvertently skipped" (6.12.29). Here it says why
 * not; NULL: it should.
 */
static const char *shouldnt_flush_tlb(struct cpu *cpu,
                                      const struct flush_tlb_info *info)
{
	struct tlb_state *ts = cpu_tlbstate(cpu);
	const struct mm_struct *loaded_mm;

	loaded_mm = READ_ONCE_AT(ts->loaded_mm, "read loaded_mm", cpu->id);
	smp_rmb();

	/* It will flush when it next switches to the mm. */
	if (READ_ONCE_AT(ts->is_lazy, "read is_lazy", cpu->id))
		return info->freed_tables ? LAZY_TABLES : LAZY;
	if (!info->mm)
		return NULL;
	/* It may have entries of the mm it leaves or of the one it takes.
	 * Option switch_mm=skip_switching: it was not asked (CVE-2025-37964).
	 */
	if (loaded_mm == LOADED_MM_SWITCHING)
		return mm_opt(info->mm)->switch_mm == SWITCH_MM_SKIP_SWITCHING
		               ? SWITCHING
		               : NULL;
	return loaded_mm == info->mm ? NULL : OTHER_MM;
}

/* For reports: of every mm, when the first CPU is about to be told. */
static void note_flush_of_batch(const struct flush_tlb_info *info)
{
	if (!info->mm)
		emit(this_machine(), EV_FLUSH, .a = FLUSH_BEGUN,
		     .addr = info->start, .b = info->end, .c = FLUSH_EVERY_CPU);
}

/*
 * Linux v6.12 arch/x86/mm/tlb.c native_flush_tlb_multi().
 *
 * DIVERGES: Linux asks should_flush_tlb() about each CPU right before it
 * queues that CPU's request; here all are asked first.
 */
static void native_flush_tlb_multi(cpumask_t mask, struct flush_tlb_info *info)
{
	struct machine *m = this_machine();
	struct kernel *k = machine_kernel(m);
	cpumask_t wanted = 0;
	unsigned cpu;

	count_vm_event(k, nr_tlb_remote_flush);

	/*
	 * Tables are freed: also CPUs in lazy mode must stop walking them,
	 * speculatively, before they become something else.  Before
	 * 145f573b89a6 (4.20) they had to be interrupted by every flush:
	 * option flush_ipi_lazy.
	 */
	if (k->options->flush_ipi_lazy ||
	    (info->freed_tables && k->options->freed_tables_ipi_lazy)) {
		on_each_cpu_mask(mask, flush_tlb_func, info, true);
		return;
	}

	for_each_cpu_in(cpu, mask)
	{
		const char *why = NULL;

		if (cpu != smp_processor_id())
			why = shouldnt_flush_tlb(&m->cpus[cpu], info);
		if (why)
			skip_flush(info, cpu, why);
		else
			wanted |= BIT_ULL(cpu);
	}
	note_flush_of_batch(info);
	on_each_cpu_mask(wanted, flush_tlb_func, info, true);
}

/* This CPU's one; lives until put_flush_tlb_info(), with preemption off. */
static struct flush_tlb_info *get_flush_tlb_info(struct mm_struct *mm,
                                                 vaddr_t start, vaddr_t end,
                                                 unsigned stride_shift)
{
	struct tlb_state *ts = cpu_tlbstate(this_cpu());
	struct flush_tlb_info *info = &ts->flush_info;

	ts->flush_info_idx++;
	BUG_ON(ts->flush_info_idx != 1);
	info->mm = mm;
	info->start = start;
	info->end = end;
	info->stride_shift = (uint8_t)stride_shift;
	info->freed_tables = false;
	info->new_tlb_gen = TLB_GENERATION_INVALID;
	info->initiating_cpu = smp_processor_id();
	return info;
}

static void put_flush_tlb_info(void)
{
	cpu_tlbstate(this_cpu())->flush_info_idx--;
}

/* Linux v6.12 arch/x86/mm/tlb.c flush_tlb_mm_range() */
void flush_tlb_mm_range(struct mm_struct *mm, vaddr_t start, vaddr_t end,
                        unsigned stride_shift, bool freed_tables)
{
	struct flush_tlb_info *info;
	uint64_t new_tlb_gen;
	cpumask_t mask;
	bool flags;

	preempt_disable();

	if (end == TLB_FLUSH_ALL ||
	    (end - start) >> stride_shift > TLB_SINGLE_PAGE_FLUSH_CEILING) {
		start = 0;
		end = TLB_FLUSH_ALL;
	}

	/* Also the barrier that pairs with switch_mm_irqs_off(). */
	new_tlb_gen = inc_mm_tlb_gen(mm);
	info = get_flush_tlb_info(mm, start, end, stride_shift);
	info->freed_tables = freed_tables;
	info->new_tlb_gen = new_tlb_gen;
	note_flush(mm, FLUSH_BEGUN, start, end, NULL);

	mask = mm_cpumask(mm);
	skip_cpus_outside(info, mask | BIT_ULL(smp_processor_id()));
	if (mask & ~BIT_ULL(smp_processor_id())) {
		native_flush_tlb_multi(mask, info);
	} else if (mm == this_cpu_read(cpu_tlbstate(this_cpu())->loaded_mm)) {
		flags = local_irq_save();
		flush_tlb_func(info);
		local_irq_restore(flags);
	}

	put_flush_tlb_info();
	preempt_enable();
}

/* Linux v6.12 arch/x86/include/asm/tlbflush.h */
static void x86_flush_tlb_page(struct vm_area_struct *vma, vaddr_t addr)
{
	flush_tlb_mm_range(vma->vm_mm, addr, addr + PAGE_SIZE, PAGE_SHIFT,
	                   false);
}

/*
 * freed_tables: since "x86/mm: Fix flush_tlb_range() when used for zapping
 * normal PMDs" (6.12.22), because callers may have cleared a PMD.
 */
static void x86_flush_tlb_range(struct vm_area_struct *vma, vaddr_t start,
                                vaddr_t end)
{
	flush_tlb_mm_range(vma->vm_mm, start, end, PAGE_SHIFT, true);
}

static void x86_flush_tlb_mm(struct mm_struct *mm)
{
	flush_tlb_mm_range(mm, 0, TLB_FLUSH_ALL, 0, true);
}

/* ---- reclaim's deferred flush ---- */

/* Linux v6.12 arch/x86/include/asm/tlbflush.h: only interrupts are saved. */
static bool x86_tlbbatch_should_defer(struct mm_struct *mm)
{
	return mm_cpumask(mm) & ~BIT_ULL(smp_processor_id());
}

static void x86_tlbbatch_add_pending(struct task_ubc *batch,
                                     struct mm_struct *mm, vaddr_t addr)
{
	(void)addr;
	(void)inc_mm_tlb_gen(mm);
	batch->cpumask |= mm_cpumask(mm);
}

/* Linux v6.12 arch/x86/mm/tlb.c arch_tlbbatch_flush(): each CPU all of what it
 * has loaded. */
static void x86_tlbbatch_flush(struct task_ubc *batch)
{
	struct flush_tlb_info *info;
	bool flags;

	preempt_disable();
	info = get_flush_tlb_info(NULL, 0, TLB_FLUSH_ALL, 0);
	if (batch->cpumask & ~BIT_ULL(smp_processor_id())) {
		native_flush_tlb_multi(batch->cpumask, info);
	} else if (batch->cpumask) {
		flags = local_irq_save();
		flush_tlb_func(info);
		local_irq_restore(flags);
	}
	batch->cpumask = 0;
	put_flush_tlb_info();
	preempt_enable();
}

static void do_flush_tlb_all(void *info)
{
	struct machine *m = this_machine();

	(void)info;
	count_vm_event(machine_kernel(m), nr_tlb_remote_flush_received);
	if (m->hw && m->hw->flush_all)
		m->hw->flush_all(m);
}

/* Linux v6.12 arch/x86/mm/tlb.c flush_tlb_all() */
static void x86_flush_tlb_all(void)
{
	struct machine *m = this_machine();
	cpumask_t all = m->nr_cpus == NR_CPUS_MAX ? ~UINT64_C(0)
	                                          : BIT_ULL(m->nr_cpus) - 1;

	count_vm_event(machine_kernel(m), nr_tlb_remote_flush);
	on_each_cpu_mask(all, do_flush_tlb_all, NULL, true);
}

struct kernel_range {
	vaddr_t start, end;
};

/* Without PTI kernel entries are global: INVLPG is enough. */
static void do_kernel_range_flush(void *info)
{
	const struct kernel_range *r = info;
	struct machine *m = this_machine();

	for (vaddr_t va = r->start; va < r->end; va += PAGE_SIZE) {
		count_vm_event(machine_kernel(m), nr_tlb_local_flush_one);
		if (m->hw && m->hw->invlpg)
			m->hw->invlpg(m, va);
	}
}

/* Linux v6.12 arch/x86/mm/tlb.c flush_tlb_kernel_range() */
static void x86_flush_tlb_kernel_range(vaddr_t start, vaddr_t end)
{
	struct machine *m = this_machine();
	struct kernel_range r = { start, end };
	cpumask_t all = m->nr_cpus == NR_CPUS_MAX ? ~UINT64_C(0)
	                                          : BIT_ULL(m->nr_cpus) - 1;

	if (end - start > TLB_SINGLE_PAGE_FLUSH_CEILING << PAGE_SHIFT)
		on_each_cpu_mask(all, do_flush_tlb_all, NULL, true);
	else
		on_each_cpu_mask(all, do_kernel_range_flush, &r, true);
}

/* Linux v6.12 arch/x86/mm/pgtable.c pmd_free_pte_page(): one INVLPG drops all
 * paging-structure caches. */
static void x86_flush_tlb_kernel_pgtable(vaddr_t addr)
{
	x86_flush_tlb_kernel_range(addr, addr + PAGE_SIZE - 1);
}

/*
 * Linux v6.12 arch/x86/include/asm/pgtable.h: nothing, the fault itself dropped
 * the entry.
 */
static void x86_flush_tlb_fix_spurious_fault(struct vm_area_struct *vma,
                                             vaddr_t addr, pte_t *ptep)
{
	(void)vma;
	(void)addr;
	(void)ptep;
}

static void x86_flush_pmd_tlb_range(struct vm_area_struct *vma, vaddr_t start,
                                    vaddr_t end)
{
	flush_tlb_mm_range(vma->vm_mm, start, end, PMD_SHIFT, false);
}

/* Linux v6.12 arch/x86/include/asm/tlb.h tlb_flush() */
static void x86_tlb_flush(struct mmu_gather *tlb)
{
	vaddr_t start = 0, end = TLB_FLUSH_ALL;

	if (!tlb->fullmm && !tlb->need_flush_all) {
		start = tlb->start;
		end = tlb->end;
	}
	flush_tlb_mm_range(tlb->mm, start, end, tlb_get_unmap_shift(tlb),
	                   tlb->freed_tables);
}

/*
 * Linux v6.12 arch/x86/include/asm/tlbflush.h pte_needs_flush(): what was not
 * present is in no TLB; of what was, a cleared dirty bit and any change of
 * rights counts, a cleared accessed bit does not.
 */
static bool x86_pte_needs_flush(pte_t old, pte_t new)
{
	if (!pte_hw_present(old))
		return false;
	if (!pte_hw_present(new) || pte_pfn(old) != pte_pfn(new))
		return true;
	if (pte_dirty(old) && !pte_dirty(new))
		return true;
	return pte_write(old) != pte_write(new) ||
	       pte_user(old) != pte_user(new) || pte_exec(old) != pte_exec(new);
}

const struct tlbflush_ops x86_tlbflush_ops = {
	.flush_tlb_all = x86_flush_tlb_all,
	.flush_tlb_mm = x86_flush_tlb_mm,
	.flush_tlb_kernel_range = x86_flush_tlb_kernel_range,
	.flush_tlb_kernel_pgtable = x86_flush_tlb_kernel_pgtable,
	.flush_tlb_page = x86_flush_tlb_page,
	.flush_tlb_range = x86_flush_tlb_range,
	.flush_pmd_tlb_range = x86_flush_pmd_tlb_range,
	.flush_tlb_fix_spurious_fault = x86_flush_tlb_fix_spurious_fault,
	.tlb_flush = x86_tlb_flush,
	.arch_tlbbatch_should_defer = x86_tlbbatch_should_defer,
	.arch_tlbbatch_add_pending = x86_tlbbatch_add_pending,
	.arch_tlbbatch_flush = x86_tlbbatch_flush,
	.pte_needs_flush = x86_pte_needs_flush,
};
