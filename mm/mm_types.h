/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data structures of the mm, after Linux v6.12 include/linux/mm_types.h.
 * Fields are grouped by what protects them; docs/LOCKING.md has the order.
 *
 * Everything here lives in the machine's arena (base/arena.h); shared scalars
 * are read and written through base/once.h only.
 */
#ifndef MMULATOR_MM_MM_TYPES_H
#define MMULATOR_MM_MM_TYPES_H

#include "base/machine.h"
#include "base/once.h"
#include "base/spinlock.h"
#include "mm/options.h"
#include "pagetable/pgtable.h"

struct anon_vma;
struct address_space;
struct mm_arch;
struct mm_struct;
struct vma_tree;

/* vm_flags, Linux's values (include/linux/mm.h). */
#define VM_NONE         0x00000000UL
#define VM_READ         0x00000001UL
#define VM_WRITE        0x00000002UL
#define VM_EXEC         0x00000004UL
#define VM_SHARED       0x00000008UL
#define VM_MAYREAD      0x00000010UL
#define VM_MAYWRITE     0x00000020UL
#define VM_MAYEXEC      0x00000040UL
#define VM_MAYSHARE     0x00000080UL
#define VM_GROWSDOWN    0x00000100UL
#define VM_LOCKED       0x00002000UL
#define VM_SEQ_READ     0x00008000UL
#define VM_RAND_READ    0x00010000UL
#define VM_DONTCOPY     0x00020000UL
#define VM_DONTEXPAND   0x00040000UL
#define VM_ACCOUNT      0x00100000UL /* counted against overcommit */
#define VM_NORESERVE    0x00200000UL /* never counted */
#define VM_WIPEONFORK   0x02000000UL
#define VM_DONTDUMP     0x04000000UL
#define VM_HUGEPAGE     0x20000000UL
#define VM_NOHUGEPAGE   0x40000000UL
#define VM_HIGH_ARCH_5  BIT_ULL(37)
#define VM_ACCESS_FLAGS (VM_READ | VM_WRITE | VM_EXEC)

struct vm_area_struct {
	/* mmap_lock: read to look at, write to change. */
	vaddr_t vm_start; /* [vm_start, vm_end) */
	vaddr_t vm_end;
	struct mm_struct *vm_mm;
	uint64_t vm_flags;
	uint64_t vm_pgoff;             /* in pages; anon: vm_start >> 12 */
	struct address_space *vm_file; /* shmem object or NULL; a reference */

	/* mmap_lock read + page_table_lock to set, never changes after. */
	struct anon_vma *anon_vma;
	/* Came with a fork or from a VMA that did: where Linux's chain of
	 * anon_vmas is not singular, so a merge must not widen it. */
	bool anon_vma_forked;
	/* anon_vma's lock: list of its VMAs. mm/rmap.h. */
	struct vm_area_struct *anon_vma_next;
	/* i_mmap_rwsem: list of the mapping's VMAs. */
	struct vm_area_struct *i_mmap_next;

	/* The next of a run that is being unmapped, off the tree: private to
	 * the unmapper (Linux keeps such a run in a second maple tree). */
	struct vm_area_struct *unmap_next;
	struct rcu_head vm_rcu;

	/* Per-VMA lock, mm/vma_lock.h. */
	struct rw_semaphore vm_lock;
	uint32_t vm_lock_seq; /* mmap_lock write and vm_lock to change */
	bool detached;        /* no longer in the tree; while marked */

	const char *name; /* from the scenario, for reports; may be NULL */
};

/* mm_context_t of asm/mmu.h. */
union mm_context {
	struct { /* x86 */
		uint64_t ctx_id;
		atomic64_t tlb_gen;
	};
	atomic64_t id; /* arm64: generation and ASID */
};

struct mm_struct {
	struct kernel *kernel;
	unsigned id;      /* 1 .. in order of creation; page->pt_owner */
	const char *name; /* process name of the scenario */

	struct rw_semaphore mmap_lock;
	uint32_t mm_lock_seq; /* mmap_lock write to change */
	/* mmap_lock. */
	struct vma_tree *mm_mt;
	unsigned map_count;
	vaddr_t start_brk, brk;
	vaddr_t mmap_base;
	uint64_t total_vm; /* pages */
	uint64_t def_flags;

	spinlock_t page_table_lock; /* pgd, p4d, pud entries; non-split ptl */
	paddr_t pgd;                /* physical address of the root */

	/* Atomics. */
	atomic_t mm_users; /* tasks and temporary users */
	atomic_t mm_count; /* mm_users as one, lazy CPUs */
	atomic_t tlb_flush_pending;
	atomic_t tlb_flush_batched; /* mm/unmap_batch.c */
	atomic64_t pgtables_bytes;
	atomic64_t rss_anon, rss_file, rss_shmem; /* pages */

	union mm_context context;
	uint64_t cpu_bitmap; /* mm_cpumask; bits set and cleared atomically */

	struct mm_struct *next; /* kernel->mms, in order of creation */
};

/* Per machine; machine->kernel_data. */
struct kernel {
	struct machine *machine;
	const struct mm_options *options; /* borrowed, constant during a run */
	struct mm_struct *mms;
	struct mm_struct *init_mm;
	unsigned next_mm_id;
	uint64_t last_ctx_id;
	struct page *zero_page;
	struct page *huge_zero_page; /* NULL until first used */
	struct address_space *files; /* all shmem objects */
	struct xarray *folio_locks;  /* by pfn, made when first used */
	struct xarray *mte_gates;    /* likewise, mm/arm64/mte.c */
	struct kop_locks *kop_locks; /* of kernel operations; likewise */
	struct kop_pins *kop_pins;   /* likewise */
	struct vmalloc *vmalloc;     /* mm/vmalloc.c; likewise */
	struct vmstat *vmstat;
	const struct mm_arch *arch;
	void *arch_data; /* the architecture's own */
};

static inline struct kernel *machine_kernel(const struct machine *m)
{
	return m->kernel_data;
}
static inline const struct mm_options *mm_opt(const struct mm_struct *mm)
{
	return mm->kernel->options;
}

/* /proc/vmstat names. */
#define VMSTAT_ITEMS(X)                 \
	X(pgfault)                      \
	X(pgalloc)                      \
	X(pgfree)                       \
	X(nr_page_table_pages)          \
	X(nr_tlb_local_flush_all)       \
	X(nr_tlb_local_flush_one)       \
	X(nr_tlb_remote_flush)          \
	X(nr_tlb_remote_flush_received) \
	X(flush_before_install)         \
	X(thp_fault_alloc)              \
	X(thp_fault_fallback)           \
	X(thp_zero_page_alloc)          \
	X(thp_split_pmd)                \
	X(thp_collapse_alloc)           \
	X(pt_reclaimed)                 \
	X(pglazyfreed)
struct vmstat {
#define X(name) uint64_t name;
	VMSTAT_ITEMS(X)
#undef X
};
/** count_vm_event - kernel-private statistics: no step, no object. */
#define count_vm_event(k, item)     ((void)(k)->vmstat->item++)
#define count_vm_events(k, item, n) ((void)((k)->vmstat->item += (n)))

#endif
