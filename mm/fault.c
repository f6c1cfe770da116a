/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/fault.h"

#include <errno.h>

#include "mm/arch.h"
#include "mm/expand_stack.h"
#include "mm/memory.h"
#include "mm/mmap_lock.h"
#include "mm/vma.h"

static bool fault_signal(struct task *t, const struct fault_info *f, int sig,
                         const char *why)
{
	t->exit_signal = sig;
	t->fault_addr = f->addr;
	t->exit_reason = why;
	return false;
}

/*
 * Linux v6.12 arch/x86/mm/fault.c fault handling of VM_FAULT_ERROR. Without
 * memory Linux wakes the OOM killer and tries again; there is nobody else to
 * kill here.
 */
static bool mm_fault_error(struct task *t, const struct fault_info *f,
                           vm_fault_t fault)
{
	if (fault & VM_FAULT_OOM) {
		if (t->mm->kernel->machine->mem.nr_free)
			return true;
		return fault_signal(t, f, GUEST_SIGKILL, "out of memory");
	}
	if (fault & VM_FAULT_SIGBUS)
		return fault_signal(t, f, GUEST_SIGBUS,
		                    "the mapping has no page there");
	return fault_signal(t, f, GUEST_SIGSEGV, "the fault failed");
}

#define NO_RIGHT "the mapping does not allow it"

/*
 * The first try of a user's fault, with the VMA's lock only.
 * @bad_area: set to the reason if there is no right to the access
 * Return: VM_FAULT_RETRY: take mmap_lock.
 */
static vm_fault_t fault_under_vma_lock(struct mm_struct *mm,
                                       const struct fault_request *req,
                                       const char **bad_area)
{
	struct vm_area_struct *vma;
	vm_fault_t fault = 0;

	if (!vma_locks_on(mm) || !(req->flags & FAULT_FLAG_USER))
		return VM_FAULT_RETRY;
	vma = lock_vma_under_rcu(mm, req->addr);
	if (!vma)
		return VM_FAULT_RETRY;
	if (!(vma->vm_flags & req->vm_flags))
		*bad_area = NO_RIGHT;
	else
		fault = handle_mm_fault(vma, req->addr,
		                        req->flags | FAULT_FLAG_VMA_LOCK);
	if (!(fault & VM_FAULT_RETRY))
		vma_end_read(vma);
	return fault;
}

static vm_fault_t fault_under_mmap_lock(struct mm_struct *mm,
                                        const struct fault_request *req,
                                        const char **bad_area)
{
	struct vm_area_struct *vma;
	vm_fault_t fault = 0;

	vma = lock_mm_and_find_vma(mm, req->addr);
	if (!vma) {
		*bad_area = "nothing is mapped there";
		return 0;
	}
	if (!(vma->vm_flags & req->vm_flags))
		*bad_area = NO_RIGHT;
	else
		fault = handle_mm_fault(vma, req->addr, req->flags);
	mmap_read_unlock(mm);
	return fault;
}

bool do_user_addr_fault(struct task *t, const struct fault_info *f)
{
	struct mm_struct *mm = t->mm;
	struct fault_request req = { .flags = f->user ? FAULT_FLAG_USER : 0 };
	const char *bad_area = NULL;
	vm_fault_t fault;

	mm_arch()->decode_fault(f, &req);
	if (!mm || req.addr >= task_size())
		return fault_signal(t, f, GUEST_SIGSEGV,
		                    "no address of user space");
	if (req.rule)
		emit(this_machine(), EV_RULE, .addr = f->addr, .a = f->code,
		     .text = req.rule);
	if (req.signal)
		return fault_signal(t, f, req.signal, req.why);

	count_vm_event(mm->kernel, pgfault);
	fault = fault_under_vma_lock(mm, &req, &bad_area);
	if (fault & VM_FAULT_RETRY)
		fault = fault_under_mmap_lock(mm, &req, &bad_area);
	if (bad_area)
		return fault_signal(t, f, GUEST_SIGSEGV, bad_area);

	if (fault & VM_FAULT_ERROR)
		return mm_fault_error(t, f, fault);
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
