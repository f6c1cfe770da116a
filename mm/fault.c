/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/fault.h"

#include <errno.h>

#include "mm/arch.h"
#include "mm/expand_stack.h"
#include "mm/memory.h"
#include "mm/mmap_lock.h"
#include "mm/vma.h"

static bool fault_signal(struct task *t, const struct fault_request *req)
{
	t->exit_signal = req->signal;
	t->exit_si_code = req->si_code;
	t->fault_addr = req->addr;
	t->exit_reason = req->why;
	return false;
}

/* No page can help. */
static void deny(struct fault_request *req, int signal, int si_code,
                 const char *why)
{
	req->signal = signal;
	req->si_code = si_code;
	req->why = why;
}

static void deny_right(struct fault_request *req)
{
	deny(req, GUEST_SIGSEGV, GUEST_SEGV_ACCERR,
	     "the mapping does not allow it");
}

/*
 * Linux v6.12 arch/x86/mm/fault.c fault handling of VM_FAULT_ERROR. Without
 * memory Linux wakes the OOM killer and tries again; there is nobody else to
 * kill here.
 */
static bool mm_fault_error(struct task *t, struct fault_request *req,
                           vm_fault_t fault)
{
	if (fault & VM_FAULT_OOM) {
		if (t->mm->kernel->machine->mem.nr_free)
			return true;
		deny(req, GUEST_SIGKILL, GUEST_SI_KERNEL, "out of memory");
	} else if (fault & VM_FAULT_SIGBUS) {
		deny(req, GUEST_SIGBUS, GUEST_BUS_ADRERR,
		     "the mapping has no page there");
	} else {
		deny(req, GUEST_SIGSEGV, GUEST_SEGV_MAPERR, "the fault failed");
	}
	return fault_signal(t, req);
}

/*
 * The first try of a user's fault, with the VMA's lock only.
 * @req: denied if there is no right to the access
 * Return: VM_FAULT_RETRY: take mmap_lock.
 */
static vm_fault_t fault_under_vma_lock(struct mm_struct *mm,
                                       struct fault_request *req)
{
	struct vm_area_struct *vma;
	vm_fault_t fault = 0;

	if (!vma_locks_on(mm) || !(req->flags & FAULT_FLAG_USER))
		return VM_FAULT_RETRY;
	vma = lock_vma_under_rcu(mm, req->addr);
	if (!vma)
		return VM_FAULT_RETRY;
	if (!(vma->vm_flags & req->vm_flags))
		deny_right(req);
	else
		fault = handle_mm_fault(vma, req->addr,
		                        req->flags | FAULT_FLAG_VMA_LOCK);
	if (!(fault & VM_FAULT_RETRY))
		vma_end_read(vma);
	return fault;
}

static vm_fault_t fault_under_mmap_lock(struct mm_struct *mm,
                                        struct fault_request *req)
{
	struct vm_area_struct *vma;
	vm_fault_t fault = 0;

	vma = lock_mm_and_find_vma(mm, req->addr);
	if (!vma) {
		deny(req, GUEST_SIGSEGV, GUEST_SEGV_MAPERR,
		     "nothing is mapped there");
		return 0;
	}
	if (!(vma->vm_flags & req->vm_flags))
		deny_right(req);
	else
		fault = handle_mm_fault(vma, req->addr, req->flags);
	mmap_read_unlock(mm);
	return fault;
}

bool do_user_addr_fault(struct task *t, const struct fault_info *f)
{
	struct mm_struct *mm = t->mm;
	struct fault_request req = { .flags = f->user ? FAULT_FLAG_USER : 0 };
	vm_fault_t fault;

	mm_arch()->decode_fault(f, &req);
	if (!mm || req.addr >= task_size()) {
		deny(&req, GUEST_SIGSEGV, GUEST_SEGV_MAPERR,
		     "no address of user space");
		return fault_signal(t, &req);
	}
	if (req.rule)
		emit(this_machine(), EV_RULE, .addr = f->addr, .a = f->code,
		     .text = req.rule);
	if (req.signal)
		return fault_signal(t, &req);

	count_vm_event(mm->kernel, pgfault);
	fault = fault_under_vma_lock(mm, &req);
	if (fault & VM_FAULT_RETRY)
		fault = fault_under_mmap_lock(mm, &req);
	if (req.signal)
		return fault_signal(t, &req);

	if (fault & VM_FAULT_ERROR)
		return mm_fault_error(t, &req, fault);
	return true;
}

int mm_fault_page(struct mm_struct *mm, vaddr_t addr, bool write)
{
	struct vm_area_struct *vma;
	vm_fault_t fault = VM_FAULT_SIGSEGV;

	vma = lock_mm_and_find_vma(mm, addr);
	if (!vma)
		return -EFAULT;
	if (vma->vm_flags & (write ? VM_WRITE : VM_ACCESS_FLAGS))
		fault = handle_mm_fault(vma, addr,
		                        write ? FAULT_FLAG_WRITE : 0);
	mmap_read_unlock(mm);

	if (fault & VM_FAULT_OOM)
		return -ENOMEM;
	return (fault & VM_FAULT_ERROR) ? -EFAULT : 0;
}
