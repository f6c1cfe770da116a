/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variants of the algorithms, by name: what a scenario's `option` and the
 * command line's --option set, what `mmulator list` prints.  One table
 * (mm/options.c) is the only place that knows the strings.
 */
#ifndef MMULATOR_MM_OPTIONS_H
#define MMULATOR_MM_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

#include "base/machine.h"

enum table_free {
	TABLE_FREE_RCU,      /* MMU_GATHER_RCU_TABLE_FREE + call_rcu for single
	                        tables (6.14) */
	TABLE_FREE_SEMI_RCU, /* <= 6.13: batch by call_rcu, single table: IPI to
	                        all, then free */
	TABLE_FREE_IPI, /* every table: IPI to all CPUs and wait, then free */
	TABLE_FREE_IMMEDIATE, /* freed with the pages, right after the TLB flush
	                       */
	TABLE_FREE_NO_FLUSH,  /* freed before any flush (M16) */
};
enum pt_reclaim {
	PT_RECLAIM_OFF,
	PT_RECLAIM_RFC_V1,        /* 1 Jul 2024 series: seeds 5.2 */
	PT_RECLAIM_MERGED,        /* 6.14 with the Feb 2025 fix: 5.3 */
	PT_RECLAIM_MERGED_6_14_RC /* before that fix: R5.4 */
};
enum flush_before_install {
	FBI_OFF,
	FBI_PTE,
	FBI_HUGE,
	FBI_BOTH,
	FBI_IF_PENDING
};
enum pml_lock {
	PML_TRYLOCK,
	PML_BLOCKING
};
enum pte_update {
	PTE_UPDATE_ATOMIC,
	PTE_UPDATE_PLAIN
}; /* M35 */
enum switch_mm_kind {
	SWITCH_MM_LINUX,
	SWITCH_MM_CLEAR_THEN_SET, /* M13 */
	SWITCH_MM_SKIP_SWITCHING, /* M12 */
	SWITCH_MM_LAZY_MASK
};
enum irqsave_spin {
	IRQSAVE_SPIN_IRQS_OFF,
	IRQSAVE_SPIN_IRQS_ON
}; /* M43 */
enum pmd_free_pte_page {
	PMD_FREE_PTE_PAGE_FLUSH,
	PMD_FREE_PTE_PAGE_NO_FLUSH
}; /* M24 */
enum thp_split {
	THP_SPLIT_INVALIDATE,
	THP_SPLIT_DIRECT
}; /* M29 */
enum thp_split_dirty {
	THP_SPLIT_DIRTY_EXCHANGE,
	THP_SPLIT_DIRTY_PLAIN
}; /* M28 */
enum pmd_update {
	PMD_UPDATE_INVALIDATE,
	PMD_UPDATE_CLEAR
}; /* M26 */
enum mremap_flush {
	MREMAP_FLUSH_LOCKED,
	MREMAP_FLUSH_AFTER
}; /* M01 */
enum vma_lock {
	VMA_LOCK_OFF,
	VMA_LOCK_6_4,
	VMA_LOCK_6_12
}; /* M34 */
enum batched_unmap {
	BATCHED_UNMAP_OFF,
	BATCHED_UNMAP_CHECKED,
	BATCHED_UNMAP_UNCHECKED
}; /* M04 */
enum mte_sync {
	MTE_SYNC_LOCKED,
	MTE_SYNC_FLAG_FIRST,
	MTE_SYNC_FLAG_AFTER,
	MTE_SYNC_PTE_FIRST
}; /* M48 */
enum stack_expand {
	STACK_EXPAND_WRITE,
	STACK_EXPAND_READ,
	STACK_EXPAND_READ_DOWNGRADE
}; /* M20 */
enum thp_enabled {
	THP_ALWAYS,
	THP_MADVISE,
	THP_NEVER
};

enum asid_read {
	ASID_READ_ORDERED,
	ASID_READ_UNORDERED
}; /* M44 */
enum access_flags {
	ACCESS_FLAGS_CMPXCHG,
	ACCESS_FLAGS_PLAIN
}; /* M36 */
enum wrprotect {
	WRPROTECT_KEEP_DIRTY,
	WRPROTECT_DROP_DIRTY
}; /* M36 */
enum contpte_convert {
	CONTPTE_CONVERT_BREAK_BEFORE_MAKE,
	CONTPTE_CONVERT_LIVE,
	CONTPTE_CONVERT_GATHER_EARLY
}; /* M37 */
enum contpte_get {
	CONTPTE_GET_ALL,
	CONTPTE_GET_ONE
}; /* M37 */

enum foll_cow {
	FOLL_COW_EXCLUSIVE,
	FOLL_COW_DIRTY_PTE,
	FOLL_COW_DROP_WRITE
}; /* M30 */
enum gup_read {
	GUP_READ_UNSHARE,
	GUP_READ_BREAK_COW,
	GUP_READ_SHARE
}; /* M32 */
enum collapse_gup {
	COLLAPSE_GUP_BOTH,
	COLLAPSE_GUP_RECHECK,
	COLLAPSE_GUP_IPI,
	COLLAPSE_GUP_NONE
};

enum gup_fast {
	GUP_FAST_FALL_BACK,
	GUP_FAST_ONLY
}; /* M37 */
enum cow_reuse {
	COW_REUSE_EXCLUSIVE,
	COW_REUSE_REFCOUNT,
	COW_REUSE_MAPCOUNT
}; /* M32 */
/* What get_user_pages() makes of a huge entry it followed (M31). */
enum touch_pmd {
	TOUCH_PMD_WRITE,
	TOUCH_PMD_DIRTY
};

/* When mmap() makes the new pages present (M42). */
enum populate_when {
	POPULATE_UNLOCKED,
	POPULATE_LOCKED
};

enum write_copy {
	WRITE_COPY_ATOMIC,
	WRITE_COPY_PREFAULT,
	WRITE_COPY_LOCKED
}; /* M42 */
enum fork_pinned {
	FORK_PINNED_COPY,
	FORK_PINNED_SHARE
}; /* M32 */

struct mm_options {
	enum table_free table_free;
	enum pt_reclaim pt_reclaim;
	enum flush_before_install flush_before_install;
	bool gather_nesting;  /* tlb_finish_mmu() looks at mm_tlb_flush_nested()
	                       */
	bool pmd_recheck;     /* pte_offset_map_lock() re-reads the PMD */
	bool retract_recheck; /* khugepaged retract re-checks the PMD under PML
	                         (R5.7) */
	enum pml_lock pml_lock;
	bool flush_ipi_lazy;        /* every flush reaches lazy CPUs */
	bool freed_tables_ipi_lazy; /* freed_tables flushes reach lazy CPUs
	                               (R5.12) */
	bool ptlock_free_rcu;       /* split ptlock freed after the grace period
	                               (R5.9) */
	enum pte_update pte_update;
	enum switch_mm_kind switch_mm;
	bool lazy_barrier;  /* smp_mb() in switch_mm_irqs_off() (M11) */
	bool flush_barrier; /* the flush's smp_mb(), DSB ISHST (M11) */
	enum irqsave_spin irqsave_spin;
	enum pmd_free_pte_page pmd_free_pte_page;
	enum thp_split thp_split;
	enum thp_split_dirty thp_split_dirty;
	enum pmd_update pmd_update;
	enum mremap_flush mremap_flush;
	enum foll_cow foll_cow;
	enum gup_read gup_read;
	enum gup_fast gup_fast;
	enum collapse_gup collapse_gup;
	enum cow_reuse cow_reuse;
	enum fork_pinned fork_pinned;
	enum touch_pmd touch_pmd;
	enum write_copy write_copy;
	enum populate_when populate;
	enum vma_lock vma_lock;
	enum stack_expand stack_expand;
	enum thp_enabled thp;
	bool zap_resched;      /* zap_pte_range() sees need_resched half way */
	unsigned gather_batch; /* pages per batch; 0 = Linux's 510 */
	unsigned table_batch;  /* tables per batch; 0 = Linux's 509 */
	bool table_batch_fail; /* the batch page can never be allocated */
	unsigned pgtables_base_kb; /* VmPTE shown before anything is mapped */
	/* arm64 */
	unsigned asid_bits; /* how many ASIDs: 1 << asid_bits, more than CPUs */
	bool tlb_range;     /* FEAT_TLBIRANGE */
	bool repeat_tlbi;   /* ARM64_WORKAROUND_REPEAT_TLBI (M46) */
	bool kernel_pte_barrier; /* DSB, ISB behind a valid kernel entry (M47)
	                          */
	bool contpte;            /* CONFIG_ARM64_CONTPTE */
	enum asid_read asid_read;
	enum access_flags access_flags;
	enum wrprotect wrprotect;
	enum contpte_convert contpte_convert;
	enum contpte_get contpte_get;
	bool pcid; /* CR4.PCIDE is set: ASIDs survive a switch (off: nopcid) */
	bool mte;  /* arm64.nomte is not given */
	enum mte_sync mte_sync;
	enum batched_unmap batched_unmap;
	enum mte_tcf mte_tcf_preferred; /* of every CPU */
};

struct mm_option_value {
	const char *name;
	int value;
	const char *help; /* one line */
};
struct mm_option_desc {
	const char *name;
	const char *help; /* one line */
	/* NULL-terminated by name; NULL: a number, or on/off for bools. */
	const struct mm_option_value *values;
	size_t offset;
	unsigned max; /* numbers: largest value allowed */
	bool is_bool;
};

/** mm_options_default - the 6.12 behaviour, pt_reclaim off. */
void mm_options_default(struct mm_options *o);

/**
 * mm_option_set - set one option by its strings.
 *
 * Return: false and @error (MM_OPTION_ERROR) naming what would have been
 * allowed, if @key or @value is unknown.
 */
bool mm_option_set(struct mm_options *o, const char *key, const char *value,
                   GError **error);
/**
 * mm_option_get - the value of an option, as a user writes it.
 * @key: the option
 *
 * Return: text, g_free(); NULL if there is no such option.
 */
char *mm_option_get(const struct mm_options *o, const char *key);
/**
 * mm_option_table - all options, in the order `mmulator list` shows them.
 * @n: set to their number
 *
 * Return: the first, for ever.
 */
const struct mm_option_desc *mm_option_table(unsigned *n);
/** mm_options_record - add a header "option KEY=VALUE" for each to @log. */
void mm_options_record(const struct mm_options *o, struct choice_log *log);

#define MM_OPTION_ERROR mm_option_error_quark()
/** mm_option_error_quark - the domain of enum mm_option_error. Return: it. */
GQuark mm_option_error_quark(void);

#endif
