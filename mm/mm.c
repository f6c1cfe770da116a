/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/mm.h"

#include "base/bug.h"
#include "mm/arch.h"
#include "mm/mmap.h"
#include "mm/mmap_lock.h"
#include "mm/pgalloc.h"
#include "mm/vma_tree.h"

static void mm_list_add(struct kernel *k, struct mm_struct *mm)
{
	struct mm_struct **link = &k->mms;

	while (*link)
		link = &(*link)->next;
	*link = mm;
}

static void mm_list_del(struct kernel *k, struct mm_struct *mm)
{
	struct mm_struct **link = &k->mms;

	while (*link != mm)
		link = &(*link)->next;
	*link = mm->next;
}

/* Linux v6.12 kernel/fork.c mm_init() */
static struct mm_struct *mm_init(struct kernel *k, const char *name,
                                 unsigned parent)
{
	struct machine *m = k->machine;
	struct mm_struct *mm = kzalloc(m, sizeof(*mm), "mm_struct");

	if (!mm)
		return NULL;
	mm->kernel = k;
	mm->name = name;
	mmap_init_lock(mm);
	spin_lock_init(&mm->page_table_lock, LOCK_PAGE_TABLE);
	mm->mm_users.counter = 1;
	mm->mm_count.counter = 1;
	mm->mmap_base = k->arch->mmap_base;
	mm->start_brk = mm->brk = k->arch->brk;
	mm->id = k->next_mm_id;
	mm->mm_mt = vma_tree_new(m);
	if (!mm->mm_mt)
		goto out_free_mm;
	if (pgd_alloc(mm))
		goto out_free_tree;

	k->next_mm_id++;
	k->arch->context->init_new_context(mm);
	mm_list_add(k, mm);
	emit(m, EV_MM_NEW, .a = mm->id, .b = mm->pgd, .c = parent,
	     .text = mm->name);
	return mm;

out_free_tree:
	vma_tree_free(m, mm->mm_mt);
out_free_mm:
	kfree(m, mm);
	return NULL;
}

struct mm_struct *mm_alloc(struct kernel *k, const char *name)
{
	return mm_init(k, kstrdup(k->machine, name), 0);
}

struct mm_struct *mm_alloc_child(struct mm_struct *parent)
{
	struct mm_struct *mm =
		mm_init(parent->kernel, parent->name, parent->id);

	if (!mm)
		return NULL;
	mm->mmap_base = parent->mmap_base;
	mm->start_brk = parent->start_brk;
	mm->brk = parent->brk;
	mm->def_flags = parent->def_flags;
	return mm;
}

void mmgrab(struct mm_struct *mm)
{
	ADD_ONCE_AT(mm->mm_count.counter, 1, "mmgrab", mm->id);
}

/* What Linux's check_mm() complains about: counters that did not come down. */
static void check_mm(const struct mm_struct *mm)
{
	struct machine *m = mm->kernel->machine;

	if (mm->rss_anon.counter || mm->rss_file.counter ||
	    mm->rss_shmem.counter)
		emit(m, EV_RULE, .text = "bad rss-counter state", .a = mm->id);
	if (mm->pgtables_bytes.counter)
		emit(m, EV_RULE,
		     .text = "non-zero pgtables_bytes on freeing mm",
		     .a = mm->id, .b = (uint64_t)mm->pgtables_bytes.counter);
}

/* Linux v6.12 kernel/fork.c __mmdrop() */
static void free_mm(struct mm_struct *mm)
{
	struct machine *m = mm->kernel->machine;

	BUG_ON(mm == mm->kernel->init_mm);
	mm_list_del(mm->kernel, mm);
	vma_tree_free(m, mm->mm_mt);
	pgd_free(mm);
	check_mm(mm);
	emit(m, EV_MM_FREE, .a = mm->id, .text = mm->name);
	kfree(m, mm);
}

void mmdrop(struct mm_struct *mm)
{
	if (RMW_ONCE_AT(mm->mm_count.counter, old - 1, "mmdrop", mm->id) == 1)
		free_mm(mm);
}

void mmget(struct mm_struct *mm)
{
	ADD_ONCE_AT(mm->mm_users.counter, 1, "mmget", mm->id);
}

bool mmget_not_zero(struct mm_struct *mm)
{
	return RMW_ONCE_AT(mm->mm_users.counter, old ? old + 1 : old,
	                   "mmget_not_zero", mm->id) != 0;
}

/* Linux v6.12 kernel/fork.c mmput(), __mmput() */
void mmput(struct mm_struct *mm)
{
	if (RMW_ONCE_AT(mm->mm_users.counter, old - 1, "mmput", mm->id) != 1)
		return;
	emit(mm->kernel->machine, EV_MM_EXIT, .a = mm->id);
	exit_mmap(mm);
	mmdrop(mm);
}

struct mm_struct *find_mm(const struct kernel *k, unsigned id)
{
	struct mm_struct *mm;

	for_each_mm(k, mm) if (mm->id == id) return mm;
	return NULL;
}

uint64_t get_mm_rss(const struct mm_struct *mm)
{
	return (uint64_t)(mm->rss_anon.counter + mm->rss_file.counter +
	                  mm->rss_shmem.counter);
}
