/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mm/lab.h"

#include <stdlib.h>
#include <string.h>

#include "mm/check.h"
#include "mm/fault.h"
#include "mm/kernel.h"
#include "mm/mm.h"
#include "mm/sys.h"
#include "mm/uapi.h"
#include "tests/mm/arch.h"

static void record(struct machine *m, struct hw_call call)
{
	struct lab *lab = m->user_data;
	unsigned cpu = smp_processor_id();

	step(STEP_TLB, obj_make(OBJ_SPACE_TLB, cpu), 0, "hw", call.addr);
	call.cpu = cpu;
	ck_assert_uint_lt(lab->nr_calls, LAB_CALLS_MAX);
	lab->calls[lab->nr_calls++] = call;
}

static void hw_invlpg(struct machine *m, vaddr_t addr)
{
	record(m, (struct hw_call){ .op = HW_INVLPG, .addr = addr });
}

static void hw_write_cr3(struct machine *m, paddr_t root, unsigned pcid,
                         bool noflush)
{
	record(m, (struct hw_call){ .op = HW_WRITE_CR3,
	                            .root = root,
	                            .pcid = pcid,
	                            .noflush = noflush });
}

static void hw_flush_all(struct machine *m)
{
	record(m, (struct hw_call){ .op = HW_FLUSH_ALL });
}

static void hw_tlbi(struct machine *m, const struct tlbi *t)
{
	record(m, (struct hw_call){ .op = HW_TLBI, .addr = t->va, .tlbi = *t });
}

static void hw_write_ttbr0(struct machine *m, paddr_t root, unsigned asid)
{
	record(m, (struct hw_call){
			  .op = HW_WRITE_TTBR0, .root = root, .pcid = asid });
}

static void hw_dsb(struct machine *m, enum barrier_domain domain)
{
	record(m, (struct hw_call){ .op = domain == BARRIER_ISH ? HW_DSB_ISH
	                                                        : HW_DSB_NSH });
}

static void hw_isb(struct machine *m)
{
	record(m, (struct hw_call){ .op = HW_ISB });
}

static const struct machine_ops lab_hw = {
	.invlpg = hw_invlpg,
	.write_cr3 = hw_write_cr3,
	.flush_all = hw_flush_all,
	.tlbi = hw_tlbi,
	.write_ttbr0 = hw_write_ttbr0,
	.dsb = hw_dsb,
	.isb = hw_isb,
};

static void lab_event(struct observer *o, struct machine *m,
                      const struct event *ev)
{
	struct lab *lab = m->user_data;

	(void)o;
	if (ev->type == EV_RULE) {
		lab->nr_rules++;
		g_strlcpy(lab->rule, ev->text, sizeof(lab->rule));
	} else if (ev->type != EV_STEP) {
		lab->nr_uaf++;
	} else if (lab->watch && !strcmp(ev->agent->next.label, lab->watch)) {
		lab->nr_watched++;
		lab->watched_cpu = ev->agent->cpu->id;
	}
}

struct lab *lab_new_arch(enum arch_id arch, unsigned nr_cpus)
{
	struct machine_config config = { .arch = arch,
		                         .nr_cpus = nr_cpus,
		                         .memory_bytes = UINT64_C(1) << 30 };
	struct lab *lab = g_new0(struct lab, 1);

	lab->m = machine_new(&config);
	lab->m->hw = &lab_hw;
	lab->m->user_data = lab;
	lab->policy = policy_timed_new();
	lab->m->policy = lab->policy;
	lab->observer.name = "lab";
	lab->observer.types = BIT_ULL(EV_RULE) | BIT_ULL(EV_STEP) |
	                      BIT_ULL(EV_OBJ_UAF) | BIT_ULL(EV_FRAME_UAF) |
	                      BIT_ULL(EV_FRAME_BAD_FREE) |
	                      BIT_ULL(EV_OBJ_BAD_FREE);
	lab->observer.event = lab_event;
	observe(lab->m, &lab->observer);
	mm_options_default(&lab->options);
	return lab;
}

struct lab *lab_new(unsigned nr_cpus)
{
	return lab_new_arch(test_arch(), nr_cpus);
}

void lab_boot(struct lab *lab)
{
	lab->nr_calls = 0;
	lab->k = kernel_new(lab->m, &lab->options);
	ck_assert_ptr_nonnull(lab->k);
}

struct lab *lab_start(unsigned nr_cpus)
{
	struct lab *lab = lab_new(nr_cpus);

	lab_boot(lab);
	return lab;
}

void lab_check(struct lab *lab)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);

	mm_check(lab->k, found);
	if (found->len)
		ck_abort_msg("%s (and %u more)", (char *)found->pdata[0],
		             found->len - 1);
	g_ptr_array_unref(found);
	if (lab->nr_rules)
		ck_abort_msg("rule broken: %s", lab->rule);
	ck_assert_uint_eq(lab->nr_uaf, 0);
}

void lab_free(struct lab *lab, bool check)
{
	if (check)
		lab_check(lab);
	policy_free(lab->policy);
	machine_free(lab->m);
	g_free(lab);
}

struct mm_struct *lab_mm(struct lab *lab, const char *name)
{
	struct mm_struct *mm = mm_alloc(lab->k, name);

	ck_assert_ptr_nonnull(mm);
	mm->mm_users.counter = 0; /* lab_task() counts */
	return mm;
}

struct task *lab_task(struct lab *lab, unsigned cpu, struct mm_struct *mm,
                      const char *name, void (*fn)(struct task *t))
{
	struct task *t = task_new(lab->m, &lab->m->cpus[cpu],
	                          mm ? AGENT_TASK : AGENT_KTHREAD, name, fn);

	ck_assert_ptr_nonnull(t);
	if (mm) {
		mm->mm_users.counter++;
		task_set_mm(t, mm);
	}
	return t;
}

void lab_run(struct lab *lab)
{
	ck_assert_int_eq(machine_run(lab->m), RUN_DONE);
}

struct lab *lab_of(const struct task *t)
{
	return t->agent->machine->user_data;
}

void lab_wait(struct lab *lab)
{
	while (!lab->flag) {
		step(STEP_LOCAL, OBJ_NONE, 0, "spin", 0);
		charge(100);
	}
}

unsigned lab_count(const struct lab *lab, enum hw_op op, unsigned cpu)
{
	unsigned i, n = 0;

	for (i = 0; i < lab->nr_calls; i++)
		n += lab->calls[i].op == op && lab->calls[i].cpu == cpu;
	return n;
}

const struct hw_call *lab_last(const struct lab *lab, enum hw_op op,
                               unsigned cpu)
{
	unsigned i;

	for (i = lab->nr_calls; i--;) {
		if (lab->calls[i].op == op && lab->calls[i].cpu == cpu)
			return &lab->calls[i];
	}
	ck_abort_msg("no such call");
	return NULL;
}

void lab_map(struct task *t, vaddr_t addr, uint64_t len)
{
	struct mmap_request req = {
		.addr = addr,
		.len = len,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)addr);
}

void lab_map_file(struct task *t, vaddr_t addr, uint64_t len,
                  struct address_space *file, uint64_t pgoff)
{
	struct mmap_request req = {
		.addr = addr,
		.len = len,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_FIXED,
		.file = file,
		.pgoff = pgoff,
	};

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)addr);
}

void lab_touch(struct task *t, vaddr_t addr, bool write)
{
	ck_assert_int_eq(mm_fault_page(t->mm, addr, write), 0);
}

uint64_t lab_pte(struct mm_struct *mm, vaddr_t addr)
{
	struct pt_walk w = pt_walk(mm->kernel->machine, mm->pgd, addr);

	return w.level == PT_LEVEL_PTE ? w.entry[PT_LEVEL_PTE].value : 0;
}

struct page *lab_page(struct mm_struct *mm, vaddr_t addr)
{
	struct machine *m = mm->kernel->machine;
	struct pt_walk w = pt_walk(m, mm->pgd, addr);

	return w.leaf ? pfn_to_page(&m->mem, w.paddr >> PAGE_SHIFT) : NULL;
}

int lab_main(const char *name, void (*add)(TCase *tc))
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner;
	int failed;

	add(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
