/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PTEs of an mm, as Linux's code above asm/ sees them: the accessors of
 * pagetable/pgtable.h whose names begin with __, and what an architecture does
 * besides.  arm64 folds and unfolds contiguous entries behind them
 * (mm/arm64/contpte.c), x86 adds nothing.
 *
 * Without any such addition each is the one step its raw form is.  Except for
 * ptep_get_lockless() all are called with the PTL held.
 */
#ifndef MMULATOR_MM_PTEP_H
#define MMULATOR_MM_PTEP_H

#include "mm/arch.h"

/** ptep_get - read the entry at @ptep for @addr. Return: its value, with the A
 * and D of all entries that hardware keeps as one with it. */
static inline pte_t ptep_get(vaddr_t addr, pte_t *ptep)
{
	return mm_arch()->pgtable->ptep_get(addr, ptep);
}

/** ptep_get_lockless - likewise without the PTL: @ptep, for @addr. Return: a
 * value that the entry had at one time. */
static inline pte_t ptep_get_lockless(vaddr_t addr, pte_t *ptep)
{
	return mm_arch()->pgtable->ptep_get_lockless(addr, ptep);
}

/**
 * set_ptes - write entries of consecutive frames.
 * @addr: of the first
 * @ptep: the first
 * @pte: what it becomes; the next gets the next frame
 * @nr: how many, all in one table; if more than 1, none is present yet
 *
 * Context: the PTL.
 */
static inline void set_ptes(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                            pte_t pte, unsigned nr)
{
	mm_arch()->pgtable->set_ptes(mm, addr, ptep, pte, nr);
}

/** pte_in_run - the value set_ptes() gives @pte if it is one of 512 for
 * consecutive frames, in a table that is hooked in nowhere. Return: it. */
static inline pte_t pte_in_run(const struct mm_struct *mm, pte_t pte)
{
	return mm_arch()->pgtable->pte_in_run(mm, pte);
}

/**
 * family: pte_wrprotect, pmd_wrprotect - @pte without the right to write.
 * @pte: a present entry (pmd)
 *
 * Pure.
 *
 * Return: it; what hardware keeps as dirty in the right to write stays.
 */
static inline pte_t pte_wrprotect(pte_t pte)
{
	return mm_arch()->pgtable->pte_wrprotect(pte);
}
static inline pmd_t pmd_wrprotect(pmd_t pmd)
{
	return __pmd(pte_val(pte_wrprotect(__pte(pmd_val(pmd)))));
}

/** set_pte_at - the entry at @ptep for @addr becomes @pte. Context: the PTL. */
static inline void set_pte_at(struct mm_struct *mm, vaddr_t addr, pte_t *ptep,
                              pte_t pte)
{
	set_ptes(mm, addr, ptep, pte, 1);
}

/** pte_clear - the entry at @ptep for @addr becomes none, by a plain store.
 * Context: the PTL. */
static inline void pte_clear(struct mm_struct *mm, vaddr_t addr, pte_t *ptep)
{
	mm_arch()->pgtable->pte_clear(mm, addr, ptep);
}

/** ptep_get_and_clear - exchange the entry at @ptep for @addr with none.
 * Context: the PTL. Return: what was there, with the A and D of hardware. */
static inline pte_t ptep_get_and_clear(struct mm_struct *mm, vaddr_t addr,
                                       pte_t *ptep)
{
	return mm_arch()->pgtable->ptep_get_and_clear(mm, addr, ptep);
}

/**
 * get_and_clear_full_ptes - ptep_get_and_clear() of entries side by side.
 * @addr: of the first
 * @ptep: the first
 * @nr: how many, all present in one table and alike but for the frame, A and D
 *
 * Context: the PTL.
 * Return: the first, with the A and D of all.
 */
static inline pte_t get_and_clear_full_ptes(struct mm_struct *mm, vaddr_t addr,
                                            pte_t *ptep, unsigned nr)
{
	return mm_arch()->pgtable->get_and_clear_full_ptes(mm, addr, ptep, nr);
}

/** pte_batch_hint - how many entries from @ptep on are as @pte, read there, but
 * for the frame. Return: 1, or more if the architecture knows. */
static inline unsigned pte_batch_hint(const pte_t *ptep, pte_t pte)
{
	return mm_arch()->pgtable->pte_batch_hint(ptep, pte);
}

/** ptep_set_wrprotect - take the right to write from the entry at @ptep for
 * @addr, and keep what hardware sets meanwhile. Context: the PTL. */
static inline void ptep_set_wrprotect(struct mm_struct *mm, vaddr_t addr,
                                      pte_t *ptep)
{
	mm_arch()->pgtable->ptep_set_wrprotect(mm, addr, ptep);
}

/** ptep_modify_prot_start - exchange the entry at @ptep for @addr with none
 * until ptep_modify_prot_commit(). Context: the PTL. Return: what was there. */
static inline pte_t ptep_modify_prot_start(struct vm_area_struct *vma,
                                           vaddr_t addr, pte_t *ptep)
{
	return mm_arch()->pgtable->ptep_modify_prot_start(vma, addr, ptep);
}

/** ptep_modify_prot_commit - the entry at @ptep for @addr becomes @pte.
 * Context: the PTL, held since ptep_modify_prot_start(). */
static inline void ptep_modify_prot_commit(struct vm_area_struct *vma,
                                           vaddr_t addr, pte_t *ptep, pte_t pte)
{
	mm_arch()->pgtable->ptep_modify_prot_commit(vma, addr, ptep, pte);
}

/**
 * family: ptep_set_access_flags, pmdp_set_access_flags - give an entry more
 * rights after a fault.
 * @addr: of the entry
 * @ptep: where it is (pmdp)
 * @entry: what it is to be: A, D and the right to write may be added
 * @dirty: the fault was a write
 *
 * Flushes if the architecture may have cached the entry as it was.
 *
 * Context: the lock of the entry's table.
 * Return: it was another.
 */
static inline bool ptep_set_access_flags(struct vm_area_struct *vma,
                                         vaddr_t addr, pte_t *ptep, pte_t entry,
                                         bool dirty)
{
	return mm_arch()->pgtable->ptep_set_access_flags(vma, addr, ptep, entry,
	                                                 dirty);
}
static inline bool pmdp_set_access_flags(struct vm_area_struct *vma,
                                         vaddr_t addr, pmd_t *pmdp, pmd_t entry,
                                         bool dirty)
{
	return mm_arch()->pgtable->pmdp_set_access_flags(vma, addr, pmdp, entry,
	                                                 dirty);
}

#endif
