/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/kops.h"

#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "mm/huge_memory.h"
#include "mm/khugepaged.h"
#include "mm/kops_internal.h"
#include "mm/mm.h"
#include "mm/mmap_lock.h"
#include "mm/mmu_gather.h"
#include "mm/pgtable_map.h"
#include "mm/rmap.h"
#include "mm/tlb.h"
#include "mm/vma.h"
#include "mm/vmalloc.h"
#include "mm/vmscan.h"
#include "mm/zap.h"

/* ---- operations on an address space ---- */

static long kop_collapse(struct kernel *k, struct mm_struct *mm,
                         const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	return khugepaged_collapse(mm, args[0]);
}

static long kop_retract(struct kernel *k, struct mm_struct *mm,
                        const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	return khugepaged_retract(mm, args[0]);
}

static long kop_reclaim(struct kernel *k, struct mm_struct *mm,
                        const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	return reclaim_range(mm, args[0], args[1]);
}

static long kop_split(struct kernel *k, struct mm_struct *mm,
                      const uint64_t args[KOP_ARGS_MAX])
{
	struct vm_area_struct *vma;

	(void)k;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, args[0]);
	if (vma)
		split_huge_pmd_address(vma, args[0] & HPAGE_PMD_MASK);
	mmap_read_unlock(mm);
	return vma ? 0 : -EFAULT;
}

static long kop_zap(struct kernel *k, struct mm_struct *mm,
                    const uint64_t args[KOP_ARGS_MAX])
{
	vaddr_t start = ALIGN_DOWN(args[0], PAGE_SIZE);
	vaddr_t end = ALIGN_UP(args[0] + args[1], PAGE_SIZE);
	struct vm_area_struct *vma;

	(void)k;
	mmap_read_lock(mm);
	for_each_vma_range(mm, vma, start, end)
	{
		vaddr_t from = MAX(start, vma->vm_start);
		vaddr_t to = MIN(end, vma->vm_end);

		zap_page_range_single(vma, from, to - from, NULL);
	}
	mmap_read_unlock(mm);
	return 0;
}

static long kop_flush_tlb_all(struct kernel *k, struct mm_struct *mm,
                              const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	(void)mm;
	(void)args;
	flush_tlb_all();
	return 0;
}

static long kop_flush_tlb_mm(struct kernel *k, struct mm_struct *mm,
                             const uint64_t args[KOP_ARGS_MAX])
{
	(void)k;
	(void)args;
	flush_tlb_mm(mm);
	return 0;
}

static long kop_flush_tlb_range(struct kernel *k, struct mm_struct *mm,
                                const uint64_t args[KOP_ARGS_MAX])
{
	struct mmu_gather tlb = {
		.mm = mm,
		.start = ALIGN_DOWN(args[0], PAGE_SIZE),
		.end = ALIGN_UP(args[0] + args[1], PAGE_SIZE),
		.cleared_ptes = true,
	};

	(void)k;
	mm_arch()->tlb->tlb_flush(&tlb);
	return 0;
}

/* ---- the table ---- */

#define ARGS_NONE         \
	{ KOP_ARG_NONE }, \
	{                 \
		NULL      \
	}
#define ARGS_ADDR         \
	{ KOP_ARG_ADDR }, \
	{                 \
		"ADDR"    \
	}
#define ARGS_ADDR_LEN                  \
	{ KOP_ARG_ADDR, KOP_ARG_LEN }, \
	{                              \
		"ADDR", "LEN"          \
	}
#define ARGS_ADDR_VALUE                \
	{ KOP_ARG_ADDR, KOP_ARG_NUM }, \
	{                              \
		"ADDR", "VALUE"        \
	}
#define ARGS_LOCK         \
	{ KOP_ARG_LOCK }, \
	{                 \
		"LOCK"    \
	}

#define ARGS_ADDR_SLOT                  \
	{ KOP_ARG_ADDR, KOP_ARG_SLOT }, \
	{                               \
		"ADDR", "SLOT"          \
	}
#define ARGS_SLOT         \
	{ KOP_ARG_SLOT }, \
	{                 \
		"SLOT"    \
	}
#define ARGS_SLOT_VALUE                \
	{ KOP_ARG_SLOT, KOP_ARG_NUM }, \
	{                              \
		"SLOT", "VALUE"        \
	}

#define ARGS_AREA         \
	{ KOP_ARG_AREA }, \
	{                 \
		"AREA"    \
	}
#define ARGS_AREA_PAGES                  \
	{ KOP_ARG_AREA, KOP_ARG_PAGES }, \
	{                                \
		"AREA", "PAGES"          \
	}
#define ARGS_AREA_OFFSET                  \
	{ KOP_ARG_AREA, KOP_ARG_OFFSET }, \
	{                                 \
		"AREA", "OFFSET"          \
	}
#define ARGS_AREA_OFFSET_VALUE                         \
	{ KOP_ARG_AREA, KOP_ARG_OFFSET, KOP_ARG_NUM }, \
	{                                              \
		"AREA", "OFFSET", "VALUE"              \
	}

static const struct kop kops[] = {
	{ "collapse", "khugepaged: make the 2 MiB around ADDR one huge page",
	  true, ARGS_ADDR, kop_collapse },
	{ "retract",
	  "khugepaged: free the empty PTE table of a shared mapping at ADDR",
	  true, ARGS_ADDR, kop_retract },
	{ "reclaim", "kswapd: reclaim clean lazily freed pages of a range",
	  true, ARGS_ADDR_LEN, kop_reclaim },
	{ "split", "split the huge PMD at ADDR into PTEs", true, ARGS_ADDR,
	  kop_split },
	{ "zap",
	  "zap a range as madvise(DONTNEED) does, without freeing tables", true,
	  ARGS_ADDR_LEN, kop_zap },
	{ "walk",
	  "software walk to the PTE of ADDR under RCU: read it, take its lock",
	  true, ARGS_ADDR, kop_walk },
	{ "gup_fast",
	  "walk to the page at ADDR with interrupts off, pin it, "
	  "let it go",
	  true, ARGS_ADDR, kop_gup_fast },
	{ "move_dst",
	  "install a page holding VALUE at ADDR, locking the PTE table late "
	  "(option pmd_recheck: compare the PMD after it)",
	  true, ARGS_ADDR_VALUE, kop_move_dst },
	{ "pin",
	  "pin_user_pages() of the page at ADDR, to write; kept as SLOT 0 - 7",
	  true, ARGS_ADDR_SLOT, kop_pin },
	{ "pin_read", "likewise, to read only", true, ARGS_ADDR_SLOT,
	  kop_pin_read },
	{ "pin_fast", "pin_user_pages_fast(): like pin, without locks at first",
	  true, ARGS_ADDR_SLOT, kop_pin_fast },
	{ "unpin", "unpin_user_page() of a slot", false, ARGS_SLOT, kop_unpin },
	{ "dma_write", "a device writes 8 bytes to the pinned page of a slot",
	  false, ARGS_SLOT_VALUE, kop_dma_write },
	{ "dma_read", "a device reads 8 bytes of it", false, ARGS_SLOT,
	  kop_dma_read },
	{ "vmap", "map PAGES new pages in area 0 - 7 of kernel memory", false,
	  ARGS_AREA_PAGES, kop_vmap },
	{ "vmap_huge", "map 2 MiB there by a block (option pmd_free_pte_page)",
	  false, ARGS_AREA, kop_vmap_huge },
	{ "vunmap", "unmap what is mapped there; its tables stay", false,
	  ARGS_AREA, kop_vunmap },
	{ "kernel_load", "load 8 bytes of an area, if something is mapped",
	  false, ARGS_AREA_OFFSET, kop_kernel_load },
	{ "kernel_store", "store 8 bytes there", false, ARGS_AREA_OFFSET_VALUE,
	  kop_kernel_store },
	{ "flush_tlb_all", "flush every TLB entry of every CPU", false,
	  ARGS_NONE, kop_flush_tlb_all },
	{ "flush_tlb_mm", "flush an address space on the CPUs that use it",
	  true, ARGS_NONE, kop_flush_tlb_mm },
	{ "flush_tlb_range", "flush a range of an address space", true,
	  ARGS_ADDR_LEN, kop_flush_tlb_range },
	{ "lock", "spin_lock() a lock of the scenario", false, ARGS_LOCK,
	  kop_lock },
	{ "unlock", "spin_unlock() it", false, ARGS_LOCK, kop_unlock },
	{ "lock_irqsave",
	  "spin_lock_irqsave() a lock of the scenario (option irqsave_spin)",
	  false, ARGS_LOCK, kop_lock_irqsave },
	{ "unlock_irqrestore", "spin_unlock_irqrestore() it", false, ARGS_LOCK,
	  kop_unlock_irqrestore },
	{ "down_read", "take an rwsem of the scenario for reading", false,
	  ARGS_LOCK, kop_down_read },
	{ "up_read", "release it", false, ARGS_LOCK, kop_up_read },
	{ "down_write", "take an rwsem of the scenario for writing", false,
	  ARGS_LOCK, kop_down_write },
	{ "up_write", "release it", false, ARGS_LOCK, kop_up_write },
	{ "irq_off", "local_irq_disable()", false, ARGS_NONE, kop_irq_off },
	{ "irq_on", "local_irq_enable()", false, ARGS_NONE, kop_irq_on },
	{ "rcu_read_lock", "begin an RCU read section", false, ARGS_NONE,
	  kop_rcu_read_lock },
	{ "rcu_read_unlock", "end it", false, ARGS_NONE, kop_rcu_read_unlock },
	{ "synchronize_rcu", "wait for a grace period", false, ARGS_NONE,
	  kop_synchronize_rcu },
	{ "pause", "nothing, one step", false, ARGS_NONE, kop_pause },
};

const struct kop *kop_table(unsigned *n)
{
	*n = ARRAY_SIZE(kops);
	return kops;
}

const struct kop *kop_find(const char *name)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(kops); i++) {
		if (!strcmp(kops[i].name, name))
			return &kops[i];
	}
	return NULL;
}

/* What is wrong with an argument that is no address. */
static const char *number_error(enum kop_arg_kind kind, uint64_t arg)
{
	if (kind == KOP_ARG_LOCK && arg >= KOP_NR_LOCKS)
		return "there is no such lock";
	if (kind == KOP_ARG_SLOT && arg >= KOP_NR_PINS)
		return "there is no such slot";
	if (kind == KOP_ARG_AREA && arg >= VMALLOC_AREAS)
		return "there is no such area";
	if (kind == KOP_ARG_PAGES && arg - 1 >= PTRS_PER_PTE)
		return "an area has 1 to 512 pages";
	if (kind == KOP_ARG_OFFSET && (arg >= VMALLOC_AREA_SIZE || arg % 8))
		return "not a multiple of 8 below 2M";
	return NULL;
}

const char *kop_args_error(const struct kop *op,
                           const uint64_t args[KOP_ARGS_MAX], vaddr_t user_end,
                           unsigned *which)
{
	for (unsigned i = 0; i < KOP_ARGS_MAX; i++) {
		const char *error = number_error(op->args[i], args[i]);

		*which = i;
		if (error)
			return error;
		if (op->args[i] == KOP_ARG_ADDR && args[i] >= user_end)
			return "the address lies outside of user space";
		if (op->args[i] != KOP_ARG_LEN)
			continue;
		/* Of what begins at the argument before. */
		if (!args[i])
			return "the length is 0";
		if (args[i] > user_end - args[i - 1])
			return "the range ends outside of user space";
	}
	return NULL;
}

/*
 * The first step. The reference is taken in it, so that there is no moment
 * between finding the process alive and holding on to it.
 */
static struct mm_struct *kop_begin(struct kernel *k, const struct kop *op,
                                   struct mm_struct *mm, uint64_t arg)
{
	unsigned id = mm ? mm->id : 0;
	objid_t object = mm ? mem_obj(k->machine, &mm->mm_users) : OBJ_NONE;

	step(mm ? STEP_RMW : STEP_LOCAL, object, 0, op->name, arg);
	charge(k->machine->costs->kernel_op);
	emit(k->machine, EV_KERNEL_ENTER, .text = op->name, .addr = arg,
	     .b = id);
	mm = id ? find_mm(k, id) : NULL;
	if (!mm || mm->mm_users.counter <= 0)
		return NULL;
	mm->mm_users.counter++;
	return mm;
}

long kop_run(struct kernel *k, const struct kop *op, struct mm_struct *mm,
             const uint64_t args[KOP_ARGS_MAX])
{
	long ret = -ESRCH;
	unsigned which;

	if (kop_args_error(op, args, task_size(), &which))
		return -EINVAL;

	mm = kop_begin(k, op, op->needs_mm ? mm : NULL, args[0]);
	if (mm || !op->needs_mm)
		ret = op->run(k, mm, args);
	if (mm)
		mmput(mm);
	emit(k->machine, EV_KERNEL_EXIT, .text = op->name, .addr = args[0],
	     .c = (uint64_t)ret);
	return ret;
}
