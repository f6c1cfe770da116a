/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mprotect: Linux v6.12 mm/mprotect.c.
 *
 * VMAs first, then entries, then the flush, all with mmap_lock held for
 * writing.  An entry is changed by taking it out (hardware faults meanwhile),
 * so that no accessed or dirty bit is lost; option pte_update=plain shows what
 * happens otherwise.
 */
#ifndef MMULATOR_MM_MPROTECT_H
#define MMULATOR_MM_MPROTECT_H

#include "mm/mm_types.h"
#include "mm/mmu_gather.h"

/**
 * do_mprotect - mprotect(2).
 * @start: first address
 * @len: bytes
 * @prot: PROT_*
 *
 * Context: takes mmap_lock for writing.
 * Return: 0 or -errno.
 */
int do_mprotect(struct mm_struct *mm, vaddr_t start, uint64_t len,
                uint64_t prot);

/**
 * change_protection - give the entries of a range the rights of their VMA's
 * flags.
 * @vma: contains the range
 * @start: first address
 * @end: first address beyond
 *
 * Context: mmap_lock held for writing; the caller finishes @tlb.
 */
void change_protection(struct mmu_gather *tlb, struct vm_area_struct *vma,
                       vaddr_t start, vaddr_t end);

/**
 * can_change_pte_writable - would a write fault just make an entry writable?
 * @addr: its address
 * @pte: its value
 *
 * Context: the PTL.
 * Return: it would.
 * Source: Linux v6.12 mm/mprotect.c can_change_pte_writable()
 */
bool can_change_pte_writable(struct vm_area_struct *vma, vaddr_t addr,
                             pte_t pte);

#endif
