/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults, from handle_mm_fault() down: Linux v6.12 mm/memory.c.
 *
 * Files in reading order: fault.c (arch entry), memory.c (dispatch, anonymous
 * memory), memory_cow.c (write faults), memory_file.c (shared memory and file
 * mappings), huge_memory.c (PMD-mapped pages).
 */
#ifndef MMULATOR_MM_MEMORY_H
#define MMULATOR_MM_MEMORY_H

#include "mm/mm_types.h"
#include "mm/page.h"
#include "mm/pgalloc.h"

/* include/linux/mm_types.h enum vm_fault_reason, enum fault_flag */
typedef unsigned vm_fault_t;
#define VM_FAULT_OOM      0x000001u
#define VM_FAULT_SIGBUS   0x000002u
#define VM_FAULT_WRITE    0x000008u /* the write was broken out (< v6.0) */
#define VM_FAULT_SIGSEGV  0x000040u
#define VM_FAULT_NOPAGE   0x000100u
#define VM_FAULT_LOCKED   0x000200u
#define VM_FAULT_RETRY    0x000400u
#define VM_FAULT_FALLBACK 0x000800u
#define VM_FAULT_ERROR    (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

#define FAULT_FLAG_WRITE          0x01u
#define FAULT_FLAG_USER           0x40u
#define FAULT_FLAG_INSTRUCTION    0x100u
#define FAULT_FLAG_UNSHARE        0x400u /* a private copy, not writable */
#define FAULT_FLAG_ORIG_PTE_VALID 0x800u
#define FAULT_FLAG_VMA_LOCK       0x1000u /* the VMA's lock, not mmap_lock */

struct vm_fault {
	struct vm_area_struct *vma;
	uint64_t pgoff;
	vaddr_t address; /* page aligned */
	vaddr_t real_address;
	unsigned flags;
	pmd_t *pmd;
	pud_t *pud;
	pte_t orig_pte;
	pmd_t orig_pmd;
	struct page *cow_page;
	struct page *page; /* from the file, referenced */
	pte_t *pte;        /* mapped, or NULL */
	spinlock_t *ptl;
	pgtable_t prealloc_pte;
};

/**
 * handle_mm_fault - make the access possible.
 * @address: faulting address
 * @flags: FAULT_FLAG_*
 *
 * Context: mmap_lock held for reading; kept. With FAULT_FLAG_VMA_LOCK instead
 * @vma's lock: kept unless VM_FAULT_RETRY is returned. Steps, may sleep for the
 * lock of a page.
 * Return: 0 or VM_FAULT_* bits.
 */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, vaddr_t address,
                           unsigned flags);

/**
 * vm_normal_page - the page a present entry maps.
 * @addr: the entry's address
 * @pte: its value
 *
 * Return: it; NULL for the zero page.
 */
struct page *vm_normal_page(struct vm_area_struct *vma, vaddr_t addr,
                            pte_t pte);
/**
 * vm_normal_page_pmd - likewise of a huge PMD.
 * @addr: the entry's address
 * @pmd: its value
 *
 * Return: its head; NULL for the huge zero page.
 */
struct page *vm_normal_page_pmd(struct vm_area_struct *vma, vaddr_t addr,
                                pmd_t pmd);

/**
 * add_mm_counter - @nr pages of the kind of @page more (or less) are resident.
 * A step.
 */
void add_mm_counter(struct mm_struct *mm, const struct page *page, int64_t nr);
/** add_mm_anon - @nr anonymous pages more (or less) are resident. A step. */
void add_mm_anon(struct mm_struct *mm, int64_t nr);

/** vma_is_anonymous - no file behind it. */
static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vma->vm_file;
}
/** linear_page_index - offset of @addr in the VMA's object, in pages. */
static inline uint64_t linear_page_index(const struct vm_area_struct *vma,
                                         vaddr_t addr)
{
	return ((addr - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff;
}

/** maybe_mkwrite - @pte, writable if @vma is. Return: the entry. */
pte_t maybe_mkwrite(pte_t pte, const struct vm_area_struct *vma);
/** maybe_pmd_mkwrite - @pmd, writable if @vma is. Return: the entry. */
pmd_t maybe_pmd_mkwrite(pmd_t pmd, const struct vm_area_struct *vma);

/* Internal to the files named above. */
/**
 * do_wp_page - a write to a write-protected entry.
 *
 * Context: vmf->pte mapped and locked, the same as orig_pte; both end here.
 * Return: 0 or VM_FAULT_* bits.
 * Source: Linux v6.12 mm/memory.c do_wp_page()
 */
vm_fault_t do_wp_page(struct vm_fault *vmf);
/**
 * do_fault - a fault on a mapping of a file.
 *
 * Context: mmap_lock held, no PTE mapped.
 * Return: 0 or VM_FAULT_* bits.
 * Source: Linux v6.12 mm/memory.c do_fault()
 */
vm_fault_t do_fault(struct vm_fault *vmf);
/**
 * vmf_pte_changed - is the entry another than orig_pte, or without
 * FAULT_FLAG_ORIG_PTE_VALID: is there one by now? A step.
 *
 * Context: the PTL.
 * Return: it is so.
 */
bool vmf_pte_changed(struct vm_fault *vmf);
/**
 * vmf_anon_prepare - the VMA gets an anon_vma if it has none.
 *
 * Context: mmap_lock held, or with FAULT_FLAG_VMA_LOCK the VMA's; no PTE
 * mapped. Steps.
 * Return: 0; VM_FAULT_OOM; VM_FAULT_RETRY, with the VMA's lock released, if
 * mmap_lock was wanted too and is held for writing.
 * Source: Linux v6.12 mm/memory.c vmf_anon_prepare()
 */
vm_fault_t vmf_anon_prepare(struct vm_fault *vmf);

#endif
