/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory system calls as functions of a task: arguments are raw, the
 * result is what the guest gets (a value, or -errno).  The system-call layer
 * decodes registers and file descriptors and calls these; tests call them from
 * a task's agent directly.
 *
 * Each must run on the agent of @t, with @t->mm set.  They take and release
 * their own locks and may sleep.  EV_SYSCALL_ENTER/EXIT are the caller's.
 */
#ifndef MMULATOR_MM_SYS_H
#define MMULATOR_MM_SYS_H

#include "base/machine.h"
#include "mm/mmap.h"

struct address_space;
struct mm_struct;
struct task;

/**
 * do_sys_mmap - mmap(2).
 * @req: its arguments; pgoff in pages
 *
 * Return: the address, or -errno.
 */
long do_sys_mmap(struct task *t, const struct mmap_request *req);
/** do_sys_munmap - munmap(2) of [@addr, @addr + @len). Return: 0 or -errno. */
long do_sys_munmap(struct task *t, vaddr_t addr, uint64_t len);
/** do_sys_mprotect - mprotect(2): [@addr, @addr + @len) gets the rights @prot.
 * Return: 0 or -errno. */
long do_sys_mprotect(struct task *t, vaddr_t addr, uint64_t len, uint64_t prot);
/**
 * do_sys_mremap - mremap(2).
 * @addr: the old address
 * @old_len: bytes there
 * @new_len: bytes wanted
 * @flags: MREMAP_*
 * @new_addr: with MREMAP_FIXED
 *
 * Return: the new address, or -errno.
 */
long do_sys_mremap(struct task *t, vaddr_t addr, uint64_t old_len,
                   uint64_t new_len, uint64_t flags, vaddr_t new_addr);
/** do_sys_brk - brk(2): the heap is to end at @brk. Return: the new break, or
 * the old one on failure. */
long do_sys_brk(struct task *t, vaddr_t brk);
/**
 * do_sys_madvise - madvise(2): the advice @behavior about [@addr, @addr +
 * @len).
 *
 * Return: 0 or -errno.
 */
long do_sys_madvise(struct task *t, vaddr_t addr, uint64_t len, int behavior);
/**
 * do_sys_prctl - prctl(2): PR_SET_TAGGED_ADDR_CTRL, PR_GET_TAGGED_ADDR_CTRL of
 * arm64; it knows nothing else.
 * @args: the option and its four arguments
 *
 * Return: the value asked for, 0, or -EINVAL.
 */
long do_sys_prctl(struct task *t, const uint64_t args[5]);
/**
 * do_sys_ftruncate - ftruncate(2) of a shmem object the caller has a reference
 * to.
 * @file: the object
 * @length_bytes: its new size
 *
 * Return: 0 or -errno.
 */
long do_sys_ftruncate(struct task *t, struct address_space *file,
                      uint64_t length_bytes);

/**
 * dup_mm - the memory half of fork(2): a copy of @oldmm.
 * @t: the task that forks
 *
 * Return: the child's mm (mm_users 1, for the child task), NULL for ENOMEM.
 */
struct mm_struct *dup_mm(struct task *t, struct mm_struct *oldmm);

/** exit_mm - the task gives up its address space (Linux v6.12 kernel/exit.c):
 * it goes on as a lazy user of it until it is switched away. */
void exit_mm(struct task *t);

#endif
