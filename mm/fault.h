/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a page fault enters the mm: Linux v6.12 arch/x86/mm/fault.c
 * do_user_addr_fault().
 */
#ifndef MMULATOR_MM_FAULT_H
#define MMULATOR_MM_FAULT_H

#include "base/machine.h"

/* The guest's numbers (asm-generic/signal.h). */
#define GUEST_SIGBUS       7
#define GUEST_SIGKILL      9
#define GUEST_SIGSEGV      11
/* si_code (asm-generic/siginfo.h). */
#define GUEST_SI_KERNEL    0x80
#define GUEST_SEGV_MAPERR  1
#define GUEST_SEGV_ACCERR  2
#define GUEST_SEGV_MTEAERR 8 /* asynchronous tag check: si_addr is 0 */
#define GUEST_SEGV_MTESERR 9
#define GUEST_BUS_ADRALN   1
#define GUEST_BUS_ADRERR   2

/**
 * do_user_addr_fault - the kernel_ops.page_fault of the mm.
 * @f: the fault
 *
 * Finds the VMA, by its own lock (option vma_lock) or under mmap_lock (read),
 * checks the access, handles the fault.
 *
 * Context: on @t's agent, no locks held.
 * Return: true to try the access again; false after setting exit_signal,
 * exit_si_code, fault_addr and exit_reason of @t (SIGSEGV, SIGBUS, SIGKILL).
 */
bool do_user_addr_fault(struct task *t, const struct fault_info *f);

/**
 * mm_fault_page - fault in one page for the kernel's own access
 * (copy_from_user, tests).
 * @addr: any address of it
 * @write: writable
 *
 * Context: takes mmap_lock.
 * Return: 0, -EFAULT, -ENOMEM.
 */
int mm_fault_page(struct mm_struct *mm, vaddr_t addr, bool write);

#endif
