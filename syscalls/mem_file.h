/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/mem: an address space as a file; its rights do not matter.
 *
 * Linux v6.12 fs/proc/base.c mem_rw(), with proc_mem.force_override=always.
 */
#ifndef MMULATOR_SYSCALLS_MEM_FILE_H
#define MMULATOR_SYSCALLS_MEM_FILE_H

#include "base/machine.h"

struct process;

/** mem_open - a descriptor of @p for @mm, of which it keeps the structure.
 * A step. Return: it, -EMFILE, -ENOMEM. */
int mem_open(struct machine *m, struct process *p, struct mm_struct *mm);
/**
 * mem_read - read memory of @mm into the caller's.
 * @pos: address in @mm
 * @to: address of the caller's
 * @n: bytes
 *
 * Context: on the caller's agent, no locks. Steps.
 * Return: bytes moved; 0 if @mm is no more in use; -EIO, -EFAULT.
 */
long mem_read(struct mm_struct *mm, vaddr_t pos, vaddr_t to, uint64_t n);
/**
 * mem_write - write the caller's memory into that of @mm.
 * @pos: address in @mm
 * @from: address of the caller's
 * @n: bytes
 *
 * Context: as mem_read().
 * Return: as mem_read().
 */
long mem_write(struct mm_struct *mm, vaddr_t pos, vaddr_t from, uint64_t n);

#endif
