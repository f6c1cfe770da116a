/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What architectures do differently: the hooks that Linux keeps in asm/ and
 * arch/, one table of functions for each of its headers.  mm/x86/ and mm/arm64/
 * fill them; nothing else in mm/ knows which architecture it runs on.
 *
 * Others do not call these members: mm/tlb.h, mm/ptep.h and mm/mmu_context.h
 * have functions with Linux's names and say what each promises.  Hooks that do
 * nothing on every architecture here (update_mmu_cache()) are left out.
 *
 * To add an architecture: a folder with these tables, a line in mm/arch.c.
 */
#ifndef MMULATOR_MM_ARCH_H
#define MMULATOR_MM_ARCH_H

#include "mm/mm_types.h"

struct mmu_gather;

/* asm/mmu_context.h */
struct mmu_context_ops {
	/* Per-CPU state, with init_mm loaded everywhere. Outside of a run. */
	void (*init)(struct kernel *k);
	/* mm->context of a new mm, which nobody else knows yet. */
	void (*init_new_context)(struct mm_struct *mm);
	/* switch_mm_irqs_off(); @prev is what the scheduler took for loaded. */
	void (*switch_mm)(struct mm_struct *prev, struct mm_struct *next,
	                  struct task *tsk);
	void (*enter_lazy_tlb)(struct mm_struct *mm, struct task *tsk);
	/* For people: what @cpu has loaded; NULL between two. No step. */
	const struct mm_struct *(*loaded_mm)(const struct cpu *cpu, bool *lazy);
	/* For people: what is in mm->context; g_free(). */
	char *(*context_text)(const struct mm_struct *mm);
};

/* asm/tlbflush.h, asm/tlb.h */
struct tlbflush_ops {
	void (*flush_tlb_all)(void);
	void (*flush_tlb_mm)(struct mm_struct *mm);
	/* Kernel addresses; what is cached of the tables above may stay. */
	void (*flush_tlb_kernel_range)(vaddr_t start, vaddr_t end);
	/* The way to the table that kernel address @addr was mapped by. */
	void (*flush_tlb_kernel_pgtable)(vaddr_t addr);
	void (*flush_tlb_page)(struct vm_area_struct *vma, vaddr_t addr);
	void (*flush_tlb_range)(struct vm_area_struct *vma, vaddr_t start,
	                        vaddr_t end);
	void (*flush_pmd_tlb_range)(struct vm_area_struct *vma, vaddr_t start,
	                            vaddr_t end);
	/* A write fault found the entry as it should be. */
	void (*flush_tlb_fix_spurious_fault)(struct vm_area_struct *vma,
	                                     vaddr_t addr, pte_t *ptep);
	/* What a gather has unhooked: its range, sizes, freed tables. */
	void (*tlb_flush)(struct mmu_gather *tlb);
	/* Reclaim's deferred flush: is it worth it; one page more; all. */
	bool (*arch_tlbbatch_should_defer)(struct mm_struct *mm);
	void (*arch_tlbbatch_add_pending)(struct task_ubc *batch,
	                                  struct mm_struct *mm, vaddr_t addr);
	void (*arch_tlbbatch_flush)(struct task_ubc *batch);
	/* Must a change from @old to @new be flushed? Pure. */
	bool (*pte_needs_flush)(pte_t old, pte_t new);
};

/* asm/pgtable.h; in order of mm/ptep.h */
struct pgtable_ops {
	pte_t (*ptep_get)(vaddr_t addr, pte_t *ptep);
	pte_t (*ptep_get_lockless)(vaddr_t addr, pte_t *ptep);
	void (*set_ptes)(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
	                 pte_t pte, unsigned nr);
	pte_t (*pte_wrprotect)(pte_t pte);
	/* The value set_ptes() gives @pte if it is one of a whole table's. */
	pte_t (*pte_in_run)(const struct mm_struct *mm, pte_t pte);
	void (*pte_clear)(struct mm_struct *mm, vaddr_t addr, pte_t *ptep);
	pte_t (*ptep_get_and_clear)(struct mm_struct *mm, vaddr_t addr,
	                            pte_t *ptep);
	pte_t (*get_and_clear_full_ptes)(struct mm_struct *mm, vaddr_t addr,
	                                 pte_t *ptep, unsigned nr);
	/* How many entries from @ptep on are as @pte says, at least. Pure. */
	unsigned (*pte_batch_hint)(const pte_t *ptep, pte_t pte);
	void (*ptep_set_wrprotect)(struct mm_struct *mm, vaddr_t addr,
	                           pte_t *ptep);
	pte_t (*ptep_modify_prot_start)(struct vm_area_struct *vma,
	                                vaddr_t addr, pte_t *ptep);
	void (*ptep_modify_prot_commit)(struct vm_area_struct *vma,
	                                vaddr_t addr, pte_t *ptep, pte_t pte);
	bool (*ptep_set_access_flags)(struct vm_area_struct *vma, vaddr_t addr,
	                              pte_t *ptep, pte_t entry, bool dirty);
	/* The root of a new mm. NULL: nothing to do. */
	void (*pgd_ctor)(struct mm_struct *mm);
	/* Kernel address @addr may have a new table below the root. NULL: all
	 * know it. */
	void (*sync_global_pgds)(struct kernel *k, vaddr_t addr);
	bool (*pmdp_set_access_flags)(struct vm_area_struct *vma, vaddr_t addr,
	                              pmd_t *pmdp, pmd_t entry, bool dirty);
};

/* asm/mman.h, asm/page.h; all pure. In order of mm/mman.h. */
struct mman_ops {
	/* VM_ flags for PROT_ bits other than read, write and execute. */
	uint64_t (*calc_vm_prot_bits)(uint64_t prot);
	/* VM_ flags for a mapping of @file (NULL: none) with MAP_ @flags. */
	uint64_t (*calc_vm_flag_bits)(const struct address_space *file,
	                              uint64_t flags);
	bool (*validate_prot)(uint64_t prot);
	bool (*validate_flags)(uint64_t vm_flags);
	uint64_t vm_data_default_flags; /* more than VM_ACCESS_FLAGS and VM_MAY*
	                                 */
	uint64_t vm_arch_clear;         /* mprotect() sets them anew */
};

/* asm/page.h */
struct page_ops {
	/* After the bytes of @from were copied to @to, a new page. */
	void (*copy_highpage)(struct page *to, struct page *from);
	/* @page is new and zero, for @vma and nobody else. */
	void (*clear_user_page)(const struct vm_area_struct *vma,
	                        struct page *page);
	/* Before @pmd, which maps a huge page, is written. */
	void (*sync_huge_page)(pmd_t pmd);
};

/* asm/processor.h, asm/uaccess.h */
struct thread_ops {
	/* An address of user space without its tag. Pure. */
	vaddr_t (*untagged_addr)(vaddr_t addr);
	/* prctl(); NULL: -EINVAL. */
	long (*set_tagged_addr_ctrl)(struct task *t, uint64_t arg);
	long (*get_tagged_addr_ctrl)(const struct task *t);
	/* __switch_to(): @next, a user's, runs on this CPU from now on; NULL
	 * if that is nothing. */
	void (*switch_to)(struct task *next);
};

/* What a page fault asks for. */
struct fault_request {
	vaddr_t addr;      /* without a tag */
	unsigned flags;    /* FAULT_FLAG_*, mm/memory.h */
	uint64_t vm_flags; /* the VMA must have one of these */
	/* No page can help: the signal, and why; 0: go on. */
	int signal, si_code;
	const char *why;
	const char *rule; /* a rule the kernel broke with it, or NULL */
};

struct mm_arch {
	const struct mmu_context_ops *context;
	const struct tlbflush_ops *tlb;
	const struct pgtable_ops *pgtable;
	const struct mman_ops *mman;
	const struct page_ops *page;
	const struct thread_ops *thread;
	/* arch/.../mm/fault.c: read the error code, ESR. Pure. */
	void (*decode_fault)(const struct fault_info *f,
	                     struct fault_request *req);
	vaddr_t map_window; /* end of what mmap() gives without being asked */
	vaddr_t mmap_base;  /* of a new mm, without randomisation */
	vaddr_t brk;
};

/**
 * mm_arch_of - the hooks of an architecture.
 * @arch: one of them
 *
 * Return: a constant.
 */
const struct mm_arch *mm_arch_of(enum arch_id arch);

/** mm_arch - the hooks of the current agent's machine. Return: a constant. */
static inline const struct mm_arch *mm_arch(void)
{
	return machine_kernel(this_machine())->arch;
}

#endif
