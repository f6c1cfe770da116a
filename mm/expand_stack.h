/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMAs that a page fault extends (VM_GROWSDOWN), and the gap that is kept free
 * below them: Linux v6.12 mm/mmap.c expand_downwards(), mm/memory.c
 * lock_mm_and_find_vma().
 *
 * The option stack_expand says under which mode of mmap_lock they grow.
 */
#ifndef MMULATOR_MM_EXPAND_STACK_H
#define MMULATOR_MM_EXPAND_STACK_H

#include "mm/mm_types.h"

/* Bytes, Linux's default of 256 pages. */
#define STACK_GUARD_GAP (UINT64_C(256) << PAGE_SHIFT)
/* Bytes a stack may grow to (include/asm-generic/resource.h). */
#define STACK_LIMIT     (UINT64_C(8) << 20)

/**
 * vm_start_gap - where @vma begins if its guard gap belongs to it.
 *
 * Return: vm_start, or for a stack STACK_GUARD_GAP less, but at least 0.
 * Source: Linux v6.12 include/linux/mm.h vm_start_gap()
 */
static inline vaddr_t vm_start_gap(const struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return vma->vm_start;
	if (vma->vm_start < STACK_GUARD_GAP)
		return 0;
	return vma->vm_start - STACK_GUARD_GAP;
}

/**
 * lock_mm_and_find_vma - take mmap_lock and find the VMA of a fault, extending
 * a stack if that is what it takes.
 * @addr: where the fault happened
 *
 * Context: no locks held; takes mmap_lock, for writing too. Steps.
 * Return: the VMA, mmap_lock held for reading; NULL, and not held, if nothing
 * is mapped there and no stack may grow to it.
 */
struct vm_area_struct *lock_mm_and_find_vma(struct mm_struct *mm, vaddr_t addr);

/**
 * stack_is_next - must munmap keep mmap_lock for writing?
 * @next: the VMA above what is unmapped, or NULL
 *
 * Context: mmap_lock for writing.
 * Return: stacks grow under mmap_lock for reading, and @next is one.
 * Source: 246c320a8cfe (Linux 5.8) mm/mmap.c detach_vmas_to_be_unmapped()
 */
bool stack_is_next(const struct mm_struct *mm,
                   const struct vm_area_struct *next);

#endif
