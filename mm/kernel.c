/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/kernel.h"

#include "mm/arch.h"
#include "mm/fault.h"
#include "mm/mm.h"
#include "mm/mmap_lock.h"
#include "mm/mmu_context.h"
#include "mm/pgalloc.h"
#include "mm/vma_tree.h"

const struct kernel_ops mm_kernel_ops = {
	.page_fault = do_user_addr_fault,
	.context_switch = mm_context_switch,
};

/* Linux v6.12 mm/init-mm.c: the address space of kernel threads and of idle
 * CPUs that were told to let go. Never freed, id 0. */
static struct mm_struct *init_mm_new(struct kernel *k)
{
	struct mm_struct *mm;

	mm = kzalloc(k->machine, sizeof(*mm), "mm_struct");
	if (!mm)
		return NULL;
	mm->kernel = k;
	mm->name = "init_mm";
	mm->mm_mt = vma_tree_new(k->machine);
	mmap_init_lock(mm);
	spin_lock_init(&mm->page_table_lock, LOCK_PAGE_TABLE);
	mm->mm_users.counter = 2;
	mm->mm_count.counter = 1;
	k->arch->context->init_new_context(mm);
	if (!mm->mm_mt || pgd_alloc(mm))
		return NULL;
	return mm;
}

struct kernel *kernel_new(struct machine *m, const struct mm_options *options)
{
	struct kernel *k = kzalloc(m, sizeof(*k), "kernel");

	if (!k)
		return NULL;
	k->machine = m;
	k->options = options;
	k->arch = mm_arch_of(m->arch);
	k->next_mm_id = 1;
	k->vmstat = kzalloc(m, sizeof(*k->vmstat), "vmstat");
	k->zero_page = alloc_frames(m, 0, FRAME_ZERO, true);
	if (!k->vmstat || !k->zero_page)
		return NULL;

	/* pgd_alloc() and others find the kernel through the machine. */
	m->kernel_data = k;
	m->vmstat = k->vmstat;
	k->init_mm = init_mm_new(k);
	if (!k->init_mm) {
		m->kernel_data = NULL;
		return NULL;
	}
	k->arch->context->init(k);
	if (!m->kernel)
		m->kernel = &mm_kernel_ops;
	return k;
}

struct kernel *kernel_reset(struct kernel *k)
{
	struct machine *m = k->machine;
	const struct mm_options *options = k->options;

	machine_reset(m);
	return kernel_new(m, options);
}

void task_set_mm(struct task *t, struct mm_struct *mm)
{
	t->mm = mm;
	t->active_mm = mm;
}
