/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/fault.h"
#include "mm/arm64/arm64.h"
#include "mm/arm64/mte.h"
#include "mm/memory.h"

/* ESR_EL1, Arm ARM (DDI 0487) D24.2.40. */
#define ESR_EC_SHIFT    26
#define ESR_EC_MASK     0x3fU
#define ESR_EC_IABT_LOW 0x20U
#define ESR_WNR         BIT_ULL(6)
#define ESR_CM          BIT_ULL(8) /* cache maintenance: a read */
#define ESR_FSC         0x3fU
#define FSC_LEVEL       0x03U /* of the first four */
#define FSC_ADDRESS     0x00U
#define FSC_TRANSLATION 0x04U
#define FSC_ACCESS      0x08U
#define FSC_PERMISSION  0x0cU
#define FSC_MTE         0x11U
#define FSC_ALIGNMENT   0x21U
#define FSC_CONFLICT    0x30U

struct fault_end {
	int signal, si_code;
	const char *why;
};

/* fault_info[]: what has no handler. Return: signal 0: it has one. */
static struct fault_end fault_end(unsigned fsc)
{
	switch (fsc < 0x10 ? fsc & ~FSC_LEVEL : fsc) {
	case FSC_TRANSLATION:
	case FSC_ACCESS:
	case FSC_PERMISSION:
		return (struct fault_end){ .signal = 0 };
	case FSC_MTE:
		return (struct fault_end){ GUEST_SIGSEGV, GUEST_SEGV_MTESERR,
			                   "synchronous tag check fault" };
	case FSC_ALIGNMENT:
		return (struct fault_end){ GUEST_SIGBUS, GUEST_BUS_ADRALN,
			                   "alignment fault" };
	case FSC_ADDRESS:
		return (struct fault_end){ GUEST_SIGKILL, GUEST_SI_KERNEL,
			                   "address size fault" };
	case FSC_CONFLICT:
		return (struct fault_end){ GUEST_SIGKILL, GUEST_SI_KERNEL,
			                   "TLB conflict abort" };
	default:
		return (struct fault_end){ GUEST_SIGKILL, GUEST_SI_KERNEL,
			                   "a fault the kernel does not "
			                   "know" };
	}
}

void arm64_decode_fault(const struct fault_info *f, struct fault_request *req)
{
	unsigned fsc = (unsigned)f->code & ESR_FSC;
	const struct fault_end end = fault_end(fsc);

	/* untagged_addr() */
	req->addr = (vaddr_t)((int64_t)(f->addr << 8) >> 8);
	req->signal = end.signal;
	req->si_code = end.si_code;
	req->why = end.why;
	if (fsc <= (FSC_ADDRESS | FSC_LEVEL))
		req->rule = "a descriptor leads out of physical memory";
	else if (fsc == FSC_CONFLICT)
		req->rule = "two TLB entries match one address";

	if ((f->code >> ESR_EC_SHIFT & ESR_EC_MASK) == ESR_EC_IABT_LOW) {
		req->vm_flags = VM_EXEC;
		req->flags |= FAULT_FLAG_INSTRUCTION;
	} else if ((f->code & ESR_WNR) && !(f->code & ESR_CM)) {
		req->vm_flags = VM_WRITE;
		req->flags |= FAULT_FLAG_WRITE;
	} else {
		/* Write implies read; without EPAN, execute does, too. */
		req->vm_flags = VM_READ | VM_WRITE | VM_EXEC;
	}
}

/* Linux v6.12 arch/arm64/include/asm/{processor,elf}.h: mappings below a stack
 * of up to 128 MiB, the heap behind a position-independent program. */
const struct mm_arch arm64_mm_arch = {
	.context = &arm64_context_ops,
	.tlb = &arm64_tlbflush_ops,
	.pgtable = &arm64_pgtable_ops,
	.mman = &arm64_mman_ops,
	.page = &arm64_page_ops,
	.thread = &arm64_thread_ops,
	.decode_fault = arm64_decode_fault,
	.map_window = UINT64_C(1) << 48,
	.mmap_base = (UINT64_C(1) << 48) - (UINT64_C(128) << 20),
	.brk = UINT64_C(0xaaaaaaac0000),
};
