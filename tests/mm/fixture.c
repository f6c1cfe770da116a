/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mm/fixture.h"

#include <inttypes.h>
#include <stdlib.h>

#include "mm/check.h"
#include "mm/fault.h"
#include "mm/vma.h"
#include "tests/mm/arch.h"

struct mm_fixture fix;

void fixture_setup(void)
{
	const struct machine_config config = { .arch = test_arch(),
		                               .nr_cpus = TEST_CPUS,
		                               .memory_bytes = 4096 * MB };

	fix.m = machine_new(&config);
	fix.policy = policy_timed_new();
	fix.m->policy = fix.policy;
	mm_options_default(&fix.options);
	fix.options.thp = THP_NEVER;
	fix.k = kernel_new(fix.m, &fix.options);
	ck_assert_ptr_nonnull(fix.k);
}

static void drain(struct task *t)
{
	(void)t;
	rcu_barrier();
}

static void check_everything(void)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new(NULL);

	if (!mm_check(fix.k, found))
		return;
	for (guint i = 0; i < found->len; i++)
		g_string_append_printf(text, "%s\n",
		                       (char *)g_ptr_array_index(found, i));
	ck_abort_msg("the scan found:\n%s", text->str);
}

void fixture_teardown(void)
{
	ck_assert_ptr_nonnull(task_new(fix.m, &fix.m->cpus[0], AGENT_KTHREAD,
	                               "drain", drain));
	fixture_run_tasks();
	check_everything();
	machine_free(fix.m);
	policy_free(fix.policy);
}

static void task_body(struct task *t)
{
	void (*body)(struct task *) = (void (*)(struct task *))t->user_data;

	body(t);
	exit_mm(t);
}

struct task *spawn(struct mm_struct *mm, unsigned cpu, const char *name,
                   void (*body)(struct task *t))
{
	struct task *t =
		task_new(fix.m, &fix.m->cpus[cpu], AGENT_TASK, name, task_body);

	ck_assert_ptr_nonnull(t);
	t->user_data = (void *)body;
	task_set_mm(t, mm);
	return t;
}

void fixture_run_tasks(void)
{
	ck_assert_int_eq(machine_run(fix.m), RUN_DONE);
}

void run_process(void (*body)(struct task *t))
{
	struct mm_struct *mm = mm_alloc(fix.k, "A");

	ck_assert_ptr_nonnull(mm);
	spawn(mm, 0, "A", body);
	fixture_run_tasks();
}

long sys_mmap(struct task *t, vaddr_t addr, uint64_t len, uint64_t prot,
              uint64_t flags)
{
	const struct mmap_request req = {
		.addr = addr, .len = len, .prot = prot, .flags = flags
	};

	return do_sys_mmap(t, &req);
}

vaddr_t mmap_anon(struct task *t, vaddr_t addr, uint64_t len, uint64_t prot)
{
	long ret =
		sys_mmap(t, addr, len, prot,
	                 MAP_PRIVATE | MAP_ANONYMOUS | (addr ? MAP_FIXED : 0));

	ck_assert_msg(!IS_ERR_VALUE(ret), "mmap: %ld", ret);
	return (vaddr_t)ret;
}

/* One walk by the hardware: the entry used, A and D set. */
static bool walk_access(struct task *t, vaddr_t addr, bool write, paddr_t *pa)
{
	struct pt_walk walk = pt_walk(fix.m, t->mm->pgd, addr);
	const struct pt_entry *e = &walk.entry[walk.level];
	pte_t pte;

	if (!walk.leaf || !walk.user || (write && !walk.write))
		return false;
	pte = pte_mkyoung(__pte(e->value));
	if (write)
		pte = pte_mkdirty(pte);
	if (pte_val(pte) != e->value)
		phys_write(&fix.m->mem, e->pa, 8, pte_val(pte));
	*pa = walk.paddr;
	return true;
}

static bool access_memory(struct task *t, vaddr_t addr, bool write, paddr_t *pa)
{
	for (;;) {
		struct pt_walk walk;
		struct fault_info f;

		step(STEP_LOCAL, OBJ_NONE, 0, write ? "store" : "load", addr);
		if (walk_access(t, addr, write, pa))
			return true;
		walk = pt_walk(fix.m, t->mm->pgd, addr);
		f = test_fault(addr, write, walk.leaf);
		if (!do_user_addr_fault(t, &f)) {
			t->exit_signal = 0;
			return false;
		}
	}
}

bool user_access(struct task *t, vaddr_t addr, bool write)
{
	paddr_t pa;

	return access_memory(t, addr, write, &pa);
}

uint64_t load(struct task *t, vaddr_t addr)
{
	paddr_t pa;

	ck_assert_msg(access_memory(t, addr, false, &pa), "load %#" PRIx64,
	              addr);
	return phys_read(&fix.m->mem, pa, 8);
}

void store(struct task *t, vaddr_t addr, uint64_t value)
{
	paddr_t pa;

	ck_assert_msg(access_memory(t, addr, true, &pa), "store %#" PRIx64,
	              addr);
	phys_write(&fix.m->mem, pa, 8, value);
}

bool is_mapped(struct task *t, vaddr_t addr)
{
	return pt_walk(fix.m, t->mm->pgd, addr).leaf;
}

const char *maps(struct mm_struct *mm)
{
	static char buf[4096];
	struct vm_area_struct *vma;
	gulong used = 0;

	buf[0] = 0;
	for_each_vma(mm, vma)
		used += (gulong)g_snprintf(
			buf + used, sizeof(buf) - used,
			"%" PRIx64 "-%" PRIx64 " %c%c%c%c\n", vma->vm_start,
			vma->vm_end, vma->vm_flags & VM_READ ? 'r' : '-',
			vma->vm_flags & VM_WRITE ? 'w' : '-',
			vma->vm_flags & VM_EXEC ? 'x' : '-',
			vma->vm_flags & VM_MAYSHARE ? 's' : 'p');
	return buf;
}

int fixture_suite(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
