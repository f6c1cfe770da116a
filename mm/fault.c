/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/fault.h"

#include <errno.h>

#include "mm/memory.h"
#include "mm/mmap_lock.h"
#include "mm/vma.h"

/* The guest's numbers (asm-generic/signal.h). */
#define GUEST_SIGBUS  7
#define GUEST_SIGKILL 9
#define GUEST_SIGSEGV 11

static bool fault_signal(struct task *t, const struct fault_info *f, int sig,
                         const char *why)
{
	t->exit_signal = sig;
	t->fault_addr = f->addr;
	t->exit_reason = why;
	return false;
}

/* Linux v6.12 arch/x86/mm/fault.c access_error(). */
static bool access_error(const struct vm_area_struct *vma,
                         const struct fault_info *f)
{
	if (f->write)
		return !(vma->vm_flags & VM_WRITE);
	/* A read or fetch of something present: no right will come. */
	if (f->present)
		return true;
	return !(vma->vm_flags & VM_ACCESS_FLAGS);
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

bool do_user_addr_fault(struct task *t, const struct fault_info *f)
{
	struct mm_struct *mm = t->mm;
	unsigned flags = FAULT_FLAG_USER;
	struct vm_area_struct *vma;
	vm_fault_t fault;

	if (!mm || f->addr >= task_size())
		return fault_signal(t, f, GUEST_SIGSEGV,
		                    "no address of user space");
	if (f->reserved) {
		emit(this_machine(), EV_RULE, .addr = f->addr, .a = f->code,
		     .text = "reserved bit set in a page-table entry");
		return fault_signal(t, f, GUEST_SIGSEGV,
		                    "a reserved bit is set in the entry");
	}
	if (f->write)
		flags |= FAULT_FLAG_WRITE;
	if (f->exec)
		flags |= FAULT_FLAG_INSTRUCTION;

	count_vm_event(mm->kernel, pgfault);
	mmap_read_lock(mm);
	vma = vma_lookup(mm, f->addr);
	if (!vma || access_error(vma, f)) {
		mmap_read_unlock(mm);
		return fault_signal(t, f, GUEST_SIGSEGV,
		                    vma ? "the mapping does not allow it"
		                        : "nothing is mapped there");
	}
	fault = handle_mm_fault(vma, f->addr, flags);
	mmap_read_unlock(mm);

	if (fault & VM_FAULT_ERROR)
		return mm_fault_error(t, f, fault);
	return true;
}

int mm_fault_page(struct mm_struct *mm, vaddr_t addr, bool write)
{
	struct vm_area_struct *vma;
	vm_fault_t fault = VM_FAULT_SIGSEGV;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && vma->vm_flags & (write ? VM_WRITE : VM_ACCESS_FLAGS))
		fault = handle_mm_fault(vma, addr,
		                        write ? FAULT_FLAG_WRITE : 0);
	mmap_read_unlock(mm);

	if (fault & VM_FAULT_OOM)
		return -ENOMEM;
	return (fault & VM_FAULT_ERROR) ? -EFAULT : 0;
}
