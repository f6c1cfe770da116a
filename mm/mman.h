/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From PROT_ and MAP_ flags to VM_ flags, and new pages of user memory, as far
 * as architectures have a say: Linux v6.12 include/linux/mman.h and
 * asm/page.h.  No steps but for those that set tags (mm/arm64/mte.c).
 */
#ifndef MMULATOR_MM_MMAN_H
#define MMULATOR_MM_MMAN_H

#include "mm/arch.h"

/** arch_calc_vm_prot_bits - VM_ flags for the PROT_ bits @prot other than read,
 * write and execute. Return: them. */
static inline uint64_t arch_calc_vm_prot_bits(uint64_t prot)
{
	return mm_arch()->mman->calc_vm_prot_bits(prot);
}

/** arch_calc_vm_flag_bits - VM_ flags for a mapping with the MAP_ bits @flags
 * of
 * @file, NULL: of none. Return: them. */
static inline uint64_t arch_calc_vm_flag_bits(const struct address_space *file,
                                              uint64_t flags)
{
	return mm_arch()->mman->calc_vm_flag_bits(file, flags);
}

/** arch_validate_prot - does mprotect() know every bit of @prot? Return: it
 * does; if not the call is -EINVAL. */
static inline bool arch_validate_prot(uint64_t prot)
{
	return mm_arch()->mman->validate_prot(prot);
}

/** arch_validate_flags - can a VMA have @vm_flags together? Return: it can; if
 * not the call is -EINVAL. */
static inline bool arch_validate_flags(uint64_t vm_flags)
{
	return mm_arch()->mman->validate_flags(vm_flags);
}

/** untagged_addr - @addr, of user space, without its tag. Return: it. */
static inline vaddr_t untagged_addr(vaddr_t addr)
{
	return mm_arch()->thread->untagged_addr(addr);
}

/** arch_sync_huge_page - before @pmd, which maps a huge page, is written.
 * Context: the PMD's lock. May take steps. */
static inline void arch_sync_huge_page(pmd_t pmd)
{
	mm_arch()->page->sync_huge_page(pmd);
}

/** vm_flags_of_data - VM_DATA_DEFAULT_FLAGS: of brk and of stacks. Return: VM_
 * flags. */
static inline uint64_t vm_flags_of_data(void)
{
	return VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
	       mm_arch()->mman->vm_data_default_flags;
}

/** vm_flags_clear_mask - what mprotect() replaces besides VM_ACCESS_FLAGS.
 * Return: VM_ flags. */
static inline uint64_t vm_flags_clear_mask(void)
{
	return mm_arch()->mman->vm_arch_clear;
}

#endif
