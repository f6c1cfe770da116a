/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mm/world.h"

#include <stdlib.h>
#include <string.h>

#include "mm/check.h"
#include "mm/fault.h"
#include "tests/mm/arch.h"

static void world_event(struct observer *o, struct machine *m,
                        const struct event *ev)
{
	struct world *w = (struct world *)(void *)o;
	unsigned kind = (unsigned)ev->b;

	(void)m;
	switch ((int)ev->type) {
	case EV_RULE:
		w->rules++;
		g_strlcpy(w->rule, ev->text ? ev->text : "", sizeof(w->rule));
		break;
	case EV_FRAME_BAD_FREE:
	case EV_OBJ_BAD_FREE:
		w->bad_free++;
		break;
	case EV_OBJ_UAF:
		w->uaf++;
		break;
	case EV_FRAME_ALLOC:
		w->allocs[kind]++;
		break;
	case EV_FRAME_FREE:
		w->frees[kind]++;
		if (kind == FRAME_PT_PTE)
			w->flushes_before_table_free = w->flushes_since_unhook;
		break;
	case EV_PT_WRITE:
		if (ev->c == PT_LEVEL_PMD && !ev->a)
			w->flushes_since_unhook = 0;
		break;
	default:
		break;
	}
}

static void note_flush(struct machine *m)
{
	struct world *w = m->user_data;

	w->flushes++;
	w->flushes_since_unhook++;
}

static void hw_invlpg(struct machine *m, vaddr_t addr)
{
	(void)addr;
	note_flush(m);
}

static void hw_invpcid(struct machine *m, unsigned type, unsigned pcid,
                       vaddr_t addr)
{
	(void)type;
	(void)pcid;
	(void)addr;
	note_flush(m);
}

static void hw_write_cr3(struct machine *m, paddr_t root, unsigned pcid,
                         bool noflush)
{
	(void)root;
	(void)pcid;
	if (!noflush)
		note_flush(m);
}

static void hw_tlbi(struct machine *m, const struct tlbi *t)
{
	(void)t;
	note_flush(m);
}

static const struct machine_ops world_hw = {
	.write_cr3 = hw_write_cr3,
	.invlpg = hw_invlpg,
	.invpcid = hw_invpcid,
	.flush_all = note_flush,
	.tlbi = hw_tlbi,
};

struct world *world_new(void)
{
	struct machine_config config = { .arch = test_arch(),
		                         .nr_cpus = 2,
		                         .memory_bytes = UINT64_C(2) << 30 };
	struct world *w = g_new0(struct world, 1);

	w->m = machine_new(&config);
	w->m->user_data = w;
	w->m->hw = &world_hw;
	w->base.name = "world";
	w->base.types = BIT_ULL(EV_RULE) | BIT_ULL(EV_FRAME_BAD_FREE) |
	                BIT_ULL(EV_OBJ_BAD_FREE) | BIT_ULL(EV_OBJ_UAF) |
	                BIT_ULL(EV_FRAME_ALLOC) | BIT_ULL(EV_FRAME_FREE) |
	                BIT_ULL(EV_PT_WRITE);
	w->base.event = world_event;
	observe(w->m, &w->base);
	mm_options_default(&w->options);
	w->options.thp = THP_NEVER;
	return w;
}

void world_boot(struct world *w)
{
	machine_reset(w->m);
	w->k = kernel_new(w->m, &w->options);
	w->mm = mm_alloc(w->k, "A");
	w->rules = w->bad_free = w->uaf = w->flushes = 0;
	w->flushes_since_unhook = w->flushes_before_table_free = 0;
	memset(w->allocs, 0, sizeof(w->allocs));
	memset(w->frees, 0, sizeof(w->frees));
}

void world_free(struct world *w)
{
	unobserve(w->m, &w->base);
	machine_free(w->m);
	g_free(w);
}

struct task *world_thread(struct world *w, unsigned cpu, const char *name,
                          void (*fn)(struct task *t))
{
	struct task *t = task_new(w->m, &w->m->cpus[cpu], AGENT_TASK, name, fn);

	ck_assert_ptr_nonnull(t);
	w->mm->mm_users.counter++; /* nobody runs: not a step */
	task_set_mm(t, w->mm);
	return t;
}

static enum run_end run_with(struct world *w, struct policy *p)
{
	enum run_end end;

	w->m->policy = p;
	if (p->begin)
		p->begin(p, w->m);
	end = machine_run(w->m);
	w->m->policy = NULL;
	policy_free(p);
	return end;
}

enum run_end world_run(struct world *w, uint64_t seed)
{
	return run_with(w, policy_random_new(seed));
}

enum run_end world_run_script(struct world *w, const struct script_line *lines,
                              unsigned n)
{
	return run_with(w, policy_script_new(lines, n, false));
}

static void drain_body(struct task *t)
{
	(void)t;
	rcu_barrier();
}

void world_drain(struct world *w)
{
	struct task *t = task_new(w->m, &w->m->cpus[0], AGENT_KTHREAD, "drain",
	                          drain_body);

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(world_run(w, 1), RUN_DONE);
}

unsigned world_findings(struct world *w)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	unsigned n;

	world_drain(w);
	n = mm_check(w->k, out);

	g_ptr_array_free(out, TRUE);
	return n;
}

void world_check(struct world *w)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);

	world_drain(w);
	ck_assert_msg(w->rules == 0, "%s", w->rule);
	ck_assert_uint_eq(w->bad_free, 0);
	ck_assert_uint_eq(w->uaf, 0);
	if (mm_check(w->k, out))
		ck_abort_msg("%s", (const char *)g_ptr_array_index(out, 0));
	g_ptr_array_free(out, TRUE);
}

void world_do(struct world *w, void (*fn)(struct task *t))
{
	world_boot(w);
	world_thread(w, 0, "t", fn);
	ck_assert_int_eq(world_run(w, 1), RUN_DONE);
	world_check(w);
}

struct world *world_of(const struct task *t)
{
	return t->agent->machine->user_data;
}

void map_heap(struct task *t, uint64_t len)
{
	const struct mmap_request req = {
		.addr = HEAP,
		.len = len,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};

	ck_assert_int_eq(do_sys_mmap(t, &req), (long)HEAP);
}

void madvise_ok(struct task *t, vaddr_t addr, uint64_t len, int behavior)
{
	ck_assert_int_eq(do_sys_madvise(t, addr, len, behavior), 0);
}

void touch(struct task *t, vaddr_t addr, unsigned nr_pages)
{
	for (unsigned i = 0; i < nr_pages; i++)
		ck_assert_int_eq(mm_fault_page(t->mm, addr + PAGES(i), true),
		                 0);
}

/* Where @addr is, mapped with the right wanted. */
static paddr_t user_paddr(struct mm_struct *mm, vaddr_t addr, bool write)
{
	for (unsigned tries = 0; tries < 10; tries++) {
		struct pt_walk walk =
			pt_walk(mm->kernel->machine, mm->pgd, addr);

		if (walk.leaf && (walk.write || !write))
			return walk.paddr;
		ck_assert_int_eq(mm_fault_page(mm, addr, write), 0);
	}
	ck_abort_msg("faults without end");
	return 0;
}

void user_store(struct mm_struct *mm, vaddr_t addr, uint64_t value)
{
	paddr_t pa = user_paddr(mm, addr, true);

	phys_write(&mm->kernel->machine->mem, pa, 8, value);
}

uint64_t user_load(struct mm_struct *mm, vaddr_t addr)
{
	paddr_t pa = user_paddr(mm, addr, false);

	return phys_read(&mm->kernel->machine->mem, pa, 8);
}

long table_kb(const struct mm_struct *mm)
{
	return (long)(mm->pgtables_bytes.counter / 1024);
}

int world_suite(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
