/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of mm/x86/ to each other, and its hooks to mm/arch.c. */
#ifndef MMULATOR_MM_X86_X86_H
#define MMULATOR_MM_X86_X86_H

#include "mm/arch.h"

extern const struct mmu_context_ops x86_context_ops;
extern const struct tlbflush_ops x86_tlbflush_ops;
extern const struct pgtable_ops x86_pgtable_ops;
extern const struct mman_ops x86_mman_ops;
extern const struct page_ops x86_page_ops;
extern const struct thread_ops x86_thread_ops;
extern const struct mm_arch x86_mm_arch;

/**
 * x86_decode_fault - the decode_fault of x86_mm_arch.
 * @f: the fault
 * @req: set to what it asks for; all but flags is 0 before
 */
void x86_decode_fault(const struct fault_info *f, struct fault_request *req);

#endif
