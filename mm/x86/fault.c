/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/fault.h"
#include "mm/memory.h"
#include "mm/x86/x86.h"

/* Linux v6.12 arch/x86/mm/fault.c do_user_addr_fault(), access_error() */
void x86_decode_fault(const struct fault_info *f, struct fault_request *req)
{
	req->addr = f->addr;
	if (f->reserved) {
		req->signal = GUEST_SIGSEGV;
		req->si_code = GUEST_SEGV_ACCERR;
		req->why = "a reserved bit is set in the entry";
		req->rule = "reserved bit set in a page-table entry";
		return;
	}

	if (f->write)
		req->flags |= FAULT_FLAG_WRITE;
	if (f->exec)
		req->flags |= FAULT_FLAG_INSTRUCTION;

	if (f->write)
		req->vm_flags = VM_WRITE;
	else if (!f->present)
		req->vm_flags = VM_ACCESS_FLAGS;
	/* A read or fetch of something present: no right will come. */
}

/* Mappings below a stack of up to 128 MiB, the heap behind a position-
 * independent program. */
const struct mm_arch x86_mm_arch = {
	.context = &x86_context_ops,
	.tlb = &x86_tlbflush_ops,
	.pgtable = &x86_pgtable_ops,
	.mman = &x86_mman_ops,
	.page = &x86_page_ops,
	.thread = &x86_thread_ops,
	.decode_fault = x86_decode_fault,
	.map_window = (UINT64_C(1) << 47) - PAGE_SIZE,
	.mmap_base = (UINT64_C(1) << 47) - PAGE_SIZE - (UINT64_C(128) << 20),
	.brk = UINT64_C(0x555555560000),
};
